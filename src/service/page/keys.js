// SPDX-License-Identifier: MIT
// Keys of the key service: policies, versions, releases.
import * as api from './api.js';
import { code, el, facts, table, time } from './dom.js';
import { _ } from './i18n.js';
import { failed } from './notice.js';

const at = (seconds) => seconds ? time(1000 * seconds) : '–';

const verdict = (value) => ({ done: _('done'), refused: _('refused'),
	failed: _('failed') }[value] ?? value);

// A table that goes on: page is its first part, next(page) the address of the
// part behind it or null, lines(page) its rows.
function going(shown, page, next, lines) {
	const more = el('button', { type: 'button', click: async () => {
		try {
			add(await api.get(more.dataset.next));
			if (more.hidden)
				shown.element.focus();
		} catch (error) {
			failed(error);
		}
	} }, _('More'));

	function add(part) {
		const address = next(part);

		shown.body.append(...lines(part));
		more.hidden = !address;
		more.dataset.next = address ?? '';
	}

	add(page);
	return [shown.element, more];
}

const use = (r) => el('tr', {}, el('td', {}, at(r.time)),
	el('td', {}, r.operation), el('td', {}, r.key ?? ''),
	el('td', { class: r.verdict === 'refused' ? 'warning' : undefined },
		verdict(r.verdict)),
	el('td', {}, r.reason ? el('span', { lang: 'en' }, r.reason) : ''),
	el('td', {}, r.client ?? ''));

function audit(path, page) {
	const shown = table(_('Releases and other uses'), [_('Time'),
		_('Operation'), _('Key'), _('Verdict'), _('Reason'),
		_('Client')]);

	return page.records.length ? going(shown, page, (part) =>
		part.before ? `${path}?before=${part.before}` : null,
	(part) => part.records.map(use)) :
		[el('p', {}, _('Nothing so far.'))];
}

function policy(p) {
	return p ? el('pre', { tabindex: '0', 'aria-label': _('Policy') },
		p.rules ? JSON.stringify(p.rules, null, 2) : p.text) :
		el('p', {}, _('No release policy: this key is never released.'));
}

async function one(name) {
	const path = `/portal/keys/${encodeURIComponent(name)}`;
	const [{ keys }, uses] = await Promise.all([api.get(path),
		api.get(`${path}/audit`)]);

	return { title: name, elements: [el('h1', {}, name),
		keys.map((key) => el('section', {},
			el('h2', {}, _('Version'), ' ', code(key.version)),
			facts([[_('Type'), key.type],
				[_('Enabled'), key.enabled ? _('yes') : _('no')],
				[_('Exportable'), key.exportable ? _('yes') :
					_('no')],
				[_('Operations'), key.operations.join(', ')],
				[_('Created'), at(key.created)],
				[_('Expires'), at(key.expires)]]),
			el('h3', {}, _('Release policy')), policy(key.policy))),
		el('h2', {}, _('Releases and other uses')),
		audit(`${path}/audit`, uses)].flat() };
}

const line = (key) => el('tr', {},
	el('th', { scope: 'row' }, el('a', {
		href: `#/keys/${encodeURIComponent(key.name)}` }, key.name)),
	el('td', {}, key.type),
	el('td', {}, key.enabled ? _('yes') : _('no')),
	el('td', {}, key.policy ? _('yes') : _('none')),
	el('td', {}, at(key.updated)));

async function all() {
	const [first, uses] = await Promise.all([api.get('/portal/keys'),
		api.get('/portal/audit')]);
	const shown = table(_('Keys'), [_('Name'), _('Type'), _('Enabled'),
		_('Release policy'), _('Updated')]);

	return { title: _('Keys'), elements: [el('h1', {}, _('Keys')),
		el('p', { class: 'hint' }, _('`coffer key` makes, changes and ' +
			'releases keys; here they are only shown.')),
		first.keys.length ? going(shown, first, (part) => part.next ?
			`/portal/keys?after=${encodeURIComponent(part.next)}` :
			null, (part) => part.keys.map(line)) :
			el('p', {}, _('There are no keys yet.')),
		el('h2', {}, _('Releases and other uses')),
		audit('/portal/audit', uses)].flat() };
}

export const open = (name) => name ? one(name) : all();
