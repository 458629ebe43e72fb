// SPDX-License-Identifier: MIT
// Keys of the key service: policies, versions, releases.
import * as api from './api.js';
import { code, el, facts, table } from './dom.js';
import { _, moment } from './i18n.js';

const time = (seconds) => seconds ? moment(1000 * seconds) : '–';

const verdict = (value) => ({ done: _('done'), refused: _('refused'),
	failed: _('failed') }[value] ?? value);

function audit(records) {
	const shown = table(_('Releases and other uses'), [_('Time'),
		_('Operation'), _('Key'), _('Verdict'), _('Reason'),
		_('Client')]);

	shown.body.append(...records.map((r) => el('tr', {},
		el('td', {}, el('time', { datetime:
			new Date(1000 * r.time).toISOString() }, time(r.time))),
		el('td', {}, r.operation), el('td', {}, r.key ?? ''),
		el('td', { class: r.verdict === 'refused' ? 'warning' :
			undefined }, verdict(r.verdict)),
		el('td', {}, r.reason ?? ''), el('td', {}, r.client ?? ''))));
	return records.length ? shown.element :
		el('p', {}, _('Nothing so far.'));
}

function policy(p) {
	return p ? el('pre', { tabindex: '0', 'aria-label': _('Policy') },
		p.rules ? JSON.stringify(p.rules, null, 2) : p.text) :
		el('p', {}, _('No release policy: this key is never released.'));
}

async function one(name) {
	const path = `/portal/keys/${encodeURIComponent(name)}`;
	const [{ keys }, { records }] = await Promise.all([api.get(path),
		api.get(`${path}/audit`)]);

	return { title: name, elements: [el('h1', {}, name),
		keys.map((key) => el('section', {},
			el('h2', {}, _('Version'), ' ', code(key.version)),
			facts([[_('Type'), key.type],
				[_('Enabled'), key.enabled ? _('yes') : _('no')],
				[_('Exportable'), key.exportable ? _('yes') :
					_('no')],
				[_('Operations'), key.operations.join(', ')],
				[_('Created'), time(key.created)],
				[_('Expires'), time(key.expires)]]),
			el('h3', {}, _('Release policy')), policy(key.policy))),
		el('h2', {}, _('Releases and other uses')), audit(records),
	].flat() };
}

async function all() {
	const [{ keys }, { records }] = await Promise.all([
		api.get('/portal/keys'), api.get('/portal/audit')]);
	const shown = table(_('Keys'), [_('Name'), _('Type'), _('Enabled'),
		_('Release policy'), _('Updated')]);

	shown.body.append(...keys.map((key) => el('tr', {},
		el('th', { scope: 'row' }, el('a', {
			href: `#/keys/${encodeURIComponent(key.name)}` },
		key.name)),
		el('td', {}, key.type),
		el('td', {}, key.enabled ? _('yes') : _('no')),
		el('td', {}, key.policy ? _('yes') : _('none')),
		el('td', {}, time(key.updated)))));
	return { title: _('Keys'), elements: [el('h1', {}, _('Keys')),
		el('p', { class: 'hint' }, _('`coffer key` makes, changes and ' +
			'releases keys; here they are only shown.')),
		keys.length ? shown.element :
			el('p', {}, _('There are no keys yet.')),
		el('h2', {}, _('Releases and other uses')), audit(records)] };
}

export const open = (name) => name ? one(name) : all();
