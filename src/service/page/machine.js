// SPDX-License-Identifier: MIT
// One machine: its enclaves, its page cache, what happened to it.
import * as api from './api.js';
import { code, confirm, el, facts, rows, table, text, time } from './dom.js';
import { event } from './explain.js';
import { _, memory, moment, number, rate } from './i18n.js';
import { failed, say } from './notice.js';
import { Chart } from './chart.js';
import * as words from './words.js';

// ---- what can be done with it ----

const actions = () => [
	{ path: 'start', title: _('Start'), when: ['stopped', 'deallocated',
		'failed', 'idle'] },
	{ path: 'restart', title: _('Restart'), when: ['running'],
		question: _('Restart it? Its enclaves are lost.') },
	{ path: 'powerOff', title: _('Stop'), when: ['running', 'idle',
		'failed'], question: _('Stop it? Its enclaves are lost.') },
	{ path: 'deallocate', title: _('Deallocate'), when: ['running',
		'idle', 'stopped', 'failed'],
	question: _('Stop it and give up its host? Its enclaves are lost.') },
];

// A button that was pressed and cannot be pressed any more has lost the focus.
function refocus(element) {
	if (document.activeElement !== document.body)
		return;
	element.focus();
	if (document.activeElement === document.body)
		document.querySelector('h1').focus();
}

// busy(true) while something is done, busy(false) then; leaving() before it is
// deleted: nobody asks for it any more.
function buttons(machine, busy, leaving) {
	const run = async (question, yes, work) => {
		if (question && !await confirm(question, yes, _('Cancel')))
			return;
		const back = document.activeElement;

		busy(true);
		try {
			say('');
			await work();
		} catch (error) {
			failed(error);
		}
		busy(false);
		refocus(back);
	};
	const made = actions().map((action) => [action, el('button', {
		type: 'button', click: () => run(action.question, action.title,
			() => api.act(machine, action.path)) }, action.title)]);
	const remove = el('button', { type: 'button', class: 'danger',
		click: () => run(_('Delete {name}? What its enclaves sealed is ' +
			'lost for ever.', { name: machine.name }), _('Delete'),
		async () => {
			leaving(true);
			try {
				await api.remove(machine);
				location.hash = '#/';
			} catch (error) {
				leaving(false);
				throw error;
			}
		}) }, _('Delete'));

	return { element: el('div', { class: 'bar' },
		made.map(([, button]) => button), remove),
	renew: (power, working) => {
		for (const [action, button] of made)
			button.disabled = working ||
				!action.when.includes(power);
		remove.disabled = working;
	} };
}

function resizer(machine, skus, busy) {
	const family = skus.find((s) => s.name === machine.size)?.family;
	const size = el('select', { id: 'size' }, skus.filter((s) =>
		s.family === family).map((s) => el('option', { value: s.name,
		selected: s.name === machine.size }, s.name)));
	const change = el('button', { type: 'submit' }, _('Resize'));

	return { element: el('form', { class: 'bar', submit: async (event) => {
		event.preventDefault();
		const back = document.activeElement;

		busy(true);
		try {
			say('');
			await api.resize(machine, size.value);
			say(_('{name} is a {size} now.', { name: machine.name,
				size: size.value }));
		} catch (error) {
			failed(error);
		}
		busy(false);
		refocus(back);
	} }, el('label', { for: 'size' }, _('Size')), size, change),
	renew: (power, working) => {
		change.disabled = working ||
			!['stopped', 'deallocated'].includes(power);
	} };
}

// ---- enclaves ----

function enclaveRow() {
	return el('tr', {}, el('th', { scope: 'row', class: 'number' }), el('td'),
		el('td', {}, facts([['MRENCLAVE', code('')],
			['MRSIGNER', code('')], [_('Product, SVN'),
				el('span')]])),
		...Array.from({ length: 5 }, () =>
			el('td', { class: 'number' })));
}

function renewEnclave(line, e) {
	const cells = line.children;
	const [mrenclave, mrsigner] = line.querySelectorAll('code');

	text(cells[0], e.id);
	text(cells[1], words.state(e.state) + (e.debug ? `, ${_('debug')}` :
		''));
	cells[1].className = e.state === 'tampered' ? 'tampered' : '';
	text(mrenclave, e.mrenclave);
	text(mrsigner, e.mrsigner);
	text(line.querySelector('span'), `${e.isv_prod_id}, ${e.isv_svn}`);
	text(cells[3], `${number(e.inside)} / ${number(e.threads)}`);
	text(cells[4], memory(e.resident));
	text(cells[5], memory(e.evicted));
	text(cells[6], rate(e.calls));
	text(cells[7], rate(e.aex));
}

// ---- events ----

const KEEP = 200; // that are shown

const bad = (e) => ['tampering', 'failed', 'enclave lost'].includes(e.event);

// The newest first.
function prepend(log, list) {
	log.prepend(...list.slice(-KEEP).reverse().map((e) => el('li', {
		class: e.event === 'tampering' ? 'tampered' :
			bad(e) ? 'warning' : undefined },
	time(e.time), ' ', el('strong', {}, words.event(e.event)), ' ',
	event(e))));
	while (log.children.length > KEEP)
		log.lastElementChild.remove();
}

// ---- the view ----

const dash = (value) => value || '–';

function about(machine) {
	if (machine.damage) // nobody knows what it was
		return facts([[_('Damaged'), machine.damage],
			[_('Resource group'), machine.group]]);
	return facts([[_('Size'), machine.size],
		[_('vCPUs'), number(machine.vcpus)],
		[_('Memory'), `${number(machine.memory_gib)} GiB`],
		[_('EPC'), memory(machine.epc_pages)],
		[_('Zone'), dash(machine.zone)],
		[_('Update domain'), machine.update_domain < 0 ? '–' :
			machine.update_domain],
		[_('Set'), dash(machine.set)],
		[_('Resource group'), machine.group],
		machine.created ? [_('Created'), moment(1000 *
			machine.created)] : null,
		machine.driver_pid ? [_('Driver, processor'), `${
			machine.driver_pid}, ${machine.processor_pid}`] : null,
		machine.probe ? [_('Health probe'), code(machine.probe)] : null,
	].filter(Boolean));
}

export async function open(name) {
	const path = `/portal/machines/${encodeURIComponent(name)}`;
	const [first, skus, { right }] = await Promise.all([api.get(path),
		api.skus(), api.info()]);
	const power = el('span', { class: 'power' });
	const alarm = el('p', { class: 'alarm', role: 'alert', hidden: true });
	const details = el('div');
	const titles = [_('Id'), _('State'), _('Identity'), _('Threads inside'),
		_('Resident'), _('Evicted'), _('Calls/s'), _('AEX/s')];
	const enclaves = table(_('Enclaves'), titles, titles.slice(3));
	const none = el('p', {}, _('No enclave.'));
	const log = el('ol', { class: 'events' });
	const resident = _('Resident'), evicted = _('Evicted');
	const charts = [new Chart(_('Page cache'), [resident, evicted], memory),
		new Chart(_('Per second'), [_('Calls/s'), _('Page-ins/s'),
			_('Page-outs/s')], rate)];
	let working = false, left = false, after = '', last = first, known = '';
	const busy = (on) => {
		working = on;
		bar.renew(last.power, on);
		size.renew(last.power, on);
		if (!on)
			tick().catch(failed);
	};
	const bar = buttons(first, busy, (on) => { left = on; });
	const size = resizer(first, skus, busy);

	function renew(machine) {
		const facet = JSON.stringify([machine.size, machine.zone,
			machine.driver_pid, machine.processor_pid]);

		last = machine;
		text(power, words.power(machine.power));
		power.className = `power ${machine.power}`;
		alarm.hidden = !machine.tampered;
		if (machine.tampered)
			text(alarm, _('Somebody changed memory of {n} of its ' +
				'enclaves. They are locked.',
			{ n: number(machine.tampered) }));
		if (facet !== known)
			details.replaceChildren(about(machine));
		known = facet;
		charts[0].add(machine.time, [machine.epc_used,
			machine.swap_pages]);
		charts[1].add(machine.time, [machine.calls, machine.page_ins,
			machine.page_outs]);
		rows(enclaves.body, machine.enclave_list, (e) => e.id,
			enclaveRow, renewEnclave);
		none.hidden = machine.enclave_list.length > 0;
		enclaves.element.hidden = !none.hidden;
		bar.renew(machine.power, working);
		size.renew(machine.power, working);
	}

	async function tick() {
		if (left)
			return;
		const [machine, news] = await Promise.all([api.get(path),
			api.get(`${path}/events${after && `?after=${
				encodeURIComponent(after)}`}`)])
			.catch((error) => {
				if (left) // gone meanwhile, as was asked for
					return [null, null];
				throw error;
			});

		if (!machine)
			return;
		renew(machine);
		after = news.after;
		prepend(log, news.events);
	}

	return { title: name, tick,
		end: () => charts.forEach((chart) => chart.end()),
		elements: [el('h1', {}, name, ' ', power), alarm,
			...(right === 'read-write' ? [bar.element, size.element] :
				[el('p', { class: 'hint' }, _('This token may only ' +
					'look: sign in with the other one to ' +
					'change the machine.'))]), details,
			el('div', { class: 'charts' },
				charts.map((chart) => chart.element)),
			el('h2', {}, _('Enclaves')), none, enclaves.element,
			el('h2', {}, _('Events')), log] };
}
