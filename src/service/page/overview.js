// SPDX-License-Identifier: MIT
// All machines at one look.
import * as api from './api.js';
import { el, facts, rows, table, text } from './dom.js';
import { _, memory, number, rate } from './i18n.js';
import { Chart } from './chart.js';
import * as words from './words.js';

const MOST = 200; // rows that are renewed each second

// What somebody should look at comes first.
const trouble = (machine) => (machine.tampered ? 2 : 0) +
	(machine.power === 'failed' ? 1 : 0);

const place = (machine) => machine.zone ? `${machine.zone} / ${
	machine.update_domain < 0 ? '–' : machine.update_domain}` : '–';

function row(machine) {
	const cell = (kind) => el('td', { class: kind });
	const made = el('tr', {}, el('th', { scope: 'row' },
		el('a', { href: `#/machine/${machine.name}` }, machine.name)),
	cell('size'), cell('place'), cell('power'),
	el('td', { class: 'epc' }, el('meter', { min: '0', 'aria-label':
		_('EPC of {name}', { name: machine.name }) }), el('span')),
	cell('number enclaves'), cell('number ins'), cell('number outs'),
	cell('number calls'));

	const cells = new Map([...made.querySelectorAll('td, meter')].map(
		(e) => [e.className.split(' ').at(-1) || 'meter', e]));

	made.cell = (name) => cells.get(name);
	return made;
}

function renew(line, machine) {
	const running = machine.power === 'running';
	const meter = line.cell('meter');
	const power = line.cell('power');

	text(line.cell('size'), machine.size);
	text(line.cell('place'), place(machine));
	text(power, machine.tampered ? `${words.power(machine.power)}, ${
		_('tampered with: {n}', { n: number(machine.tampered) })}` :
		words.power(machine.power));
	power.className = `power ${machine.tampered ? 'tampered' :
		machine.power}`;
	if (meter.max !== machine.epc_pages)
		meter.max = machine.epc_pages;
	if (meter.value !== machine.epc_used)
		meter.value = machine.epc_used;
	text(line.cell('epc').lastElementChild, `${memory(machine.epc_used)} / ${
		memory(machine.epc_pages)}`);
	text(line.cell('enclaves'), number(machine.enclaves));
	text(line.cell('ins'), running ? rate(machine.page_ins) : '');
	text(line.cell('outs'), running ? rate(machine.page_outs) : '');
	text(line.cell('calls'), running ? rate(machine.calls) : '');
}

function summary() {
	const one = (term) => [term, el('span')];
	const list = [_('Machines'), _('Running'), _('EPC in use'),
		_('Enclaves'), _('Evicted'), _('Tampered with')].map(one);
	const element = facts(list);

	list[5][1].setAttribute('role', 'status');
	element.classList.add('summary');
	return { element, renew: (total) => {
		const values = [number(total.machines), number(total.running),
			`${memory(total.epc_used)} / ${memory(total.epc_pages)}`,
			number(total.enclaves), memory(total.swap_pages),
			number(total.tampered)];

		list.forEach(([, output], i) => text(output, values[i]));
		list[5][1].className = total.tampered ? 'tampered' : '';
	} };
}

function operation(o) {
	return el('li', {}, el('span'), el('progress', { max: o.total || 1,
		'aria-label': o.machine }));
}

function renewOperation(line, o) {
	text(line.firstElementChild, `${o.machine}: ${words.doing(o.doing)}`);
	line.lastElementChild.value = o.done;
}

export async function open() {
	const head = summary();
	const ins = _('Page-ins/s'), outs = _('Page-outs/s');
	const calls = _('Calls/s');
	const list = table(_('Machines'), [_('Name'), _('Size'),
		_('Zone / domain'), _('State'), _('EPC'), _('Enclaves'), ins,
		outs, calls], [_('Enclaves'), ins, outs, calls]);
	const empty = el('p', { hidden: true },
		_('There are no machines yet.'), ' ',
		el('a', { href: '#/create' }, _('Create one')));
	const going = el('ul', { class: 'going', 'aria-live': 'polite' });
	const search = el('input', { type: 'search', id: 'search' });
	const charts = [new Chart(_('EPC in use'), [_('EPC in use')], memory),
		new Chart(_('Pages per second'), [ins, outs], rate)];
	const more = el('p', { hidden: true }, el('span'), ' ',
		el('button', { type: 'button', click: () => {
			most = Infinity;
			fill(last);
			search.focus();
		} }, _('Show all')));
	let last = null, most = MOST;

	function fill(live) {
		const wanted = search.value.trim().toLowerCase();

		head.renew(live.total);
		charts[0].add(live.time, [live.total.epc_used]);
		charts[1].add(live.time, [live.total.page_ins,
			live.total.page_outs]);
		const found = live.machines.filter((machine) =>
			machine.name.includes(wanted) ||
			machine.size.toLowerCase().includes(wanted))
			.sort((a, b) => trouble(b) - trouble(a));

		rows(list.body, found.slice(0, most),
			(machine) => machine.name, row, renew);
		more.hidden = found.length <= most;
		text(more.firstElementChild, _('{n} of {all} machines are ' +
			'shown. What you look for narrows the list.',
		{ n: number(Math.min(most, found.length)),
			all: number(found.length) }));
		rows(going, live.operations, (o) => o.id, operation,
			renewOperation);
		empty.hidden = live.machines.length > 0;
		list.element.hidden = !empty.hidden;
	}

	async function tick() {
		last = await api.get('/portal/live');
		fill(last);
	}

	search.addEventListener('input', () => last && fill(last));
	return { title: _('Overview'), tick,
		end: () => charts.forEach((chart) => chart.end()),
		elements: [el('h1', {}, _('Overview')), head.element,
			el('div', { class: 'charts' },
				charts.map((chart) => chart.element)),
			el('div', { class: 'bar' },
				el('label', { for: 'search' }, _('Find')), search,
				el('a', { class: 'button', href: '#/create' },
					_('Create a machine'))),
			going, empty, list.element, more] };
}
