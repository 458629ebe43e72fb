// SPDX-License-Identifier: MIT
// A quote, decoded field by field and verified.
import * as api from './api.js';
import { code, el, facts, table, time } from './dom.js';
import * as explain from './explain.js';
import { _, number } from './i18n.js';
import { failed, say } from './notice.js';
import * as words from './words.js';

function verdict(answer) {
	const { verdict: v } = answer;
	const { says, advice, remarks } = explain.verdict(answer);

	return el('section', { class: `verdict ${v.severity}`,
		'aria-labelledby': 'verdict' },
	el('h2', { id: 'verdict', tabindex: '-1' },
		words.severity(v.severity)),
	el('p', {}, code(v.status), ' ', says ?? el('span', { lang: 'en' },
		v.words)),
	advice ? el('p', {}, advice) : null,
	remarks.length ? el('ul', {}, remarks.map((r) => el('li', {}, r))) :
		null,
	facts([[_('Rooted in'), words.root(v.root)]]),
	el('details', {}, el('summary', {}, _('As the service says it')),
		el('ul', { class: 'reasons', lang: 'en' }, v.reasons.map((r) =>
			el('li', {}, r)))));
}

// From the machine up to the root, each signed by the next.
function chain(certificates) {
	return el('ol', { class: 'chain' }, certificates.map((c) => el('li', {
		class: c.software ? 'software' : undefined },
	el('strong', {}, words.role(c.role)), el('span', {}, c.subject),
	el('small', {}, time(c.not_before), ' – ', time(c.not_after)),
	c.software ? el('small', {}, _('software')) : null)));
}

function identity(e) {
	return facts([['MRENCLAVE', code(e.mrenclave)],
		['MRSIGNER', code(e.mrsigner)],
		[_('Product, SVN'), `${e.isv_prod_id}, ${e.isv_svn}`],
		[_('Debug'), e.debug ? el('strong', { class: 'tampered' },
			_('yes: a debugger may look into it')) : _('no')],
		[_('Report data'), code(e.report_data)]]);
}

function platform(m) {
	return facts([['FMSPC', code(m.fmspc)], ['PPID', code(m.ppid)],
		[_('TCB'), m.tcb_status], m.tcb_date ? [_('TCB date'), time(m.tcb_date)] : null,
		m.advisories?.length ? [_('Advisories'),
			m.advisories.join(', ')] : null].filter(Boolean));
}

function fields(list) {
	const shown = table(_('Fields'), [_('Part'), _('Field'), _('Offset'),
		_('Size'), _('Bytes'), _('Value')], [_('Offset'), _('Size')]);

	shown.body.append(...list.map((f) => el('tr', {},
		el('td', {}, words.part(f.part)),
		el('th', { scope: 'row' }, f.name),
		el('td', { class: 'number' }, number(f.offset)),
		el('td', { class: 'number' }, number(f.size)),
		el('td', {}, code(f.hex)), el('td', {}, f.text ?? ''))));
	return shown.element;
}

function result(r) {
	return [verdict(r),
		...(r.chain.length ? [el('h2', {}, _('Certificates')),
			chain(r.chain)] : []),
		...(r.enclave ? [el('h2', {}, _('Enclave')),
			identity(r.enclave)] : []),
		...(r.machine ? [el('h2', {}, _('Machine')),
			platform(r.machine)] : []),
		el('h2', {}, _('Fields')), fields(r.fields)];
}

async function base64(file) {
	const bytes = new Uint8Array(await file.arrayBuffer());
	let binary = '';

	for (const byte of bytes)
		binary += String.fromCharCode(byte);
	return btoa(binary);
}

export async function open() {
	const input = el('textarea', { id: 'quote', rows: '6', required: true,
		spellcheck: 'false', 'aria-describedby': 'quote-hint' });
	const file = el('input', { type: 'file', id: 'file' });
	const option = (name, label) => {
		const box = el('input', { type: 'checkbox', id: name });

		return [box, el('label', { class: 'option' }, box, ' ', label)];
	};
	const [expired, allowExpired] = option('allow_expired',
		_('accept stale collateral'));
	const [debug, refuseDebug] = option('refuse_debug',
		_('refuse debug enclaves'));
	const [intel, trustIntel] = option('intel_root',
		_('trust Intel\'s root as well'));
	const place = el('div', { id: 'result' });

	async function verify() {
		try {
			say('');
			place.replaceChildren(...result(await api.postJson(
				'/portal/quote', { quote: input.value.trim(),
					allow_expired: expired.checked,
					refuse_debug: debug.checked,
					intel_root: intel.checked })));
			document.getElementById('verdict')?.focus();
		} catch (error) {
			place.replaceChildren();
			failed(error);
		}
	}

	async function take(taken) {
		if (!taken)
			return;
		if (taken.size > 1 << 20) {
			say(_('That file is too large for a quote.'), true);
			return;
		}
		input.value = await base64(taken);
		verify();
	}

	file.addEventListener('change', () => take(file.files[0]));
	return { title: _('Attestation'), elements: [
		el('h1', {}, _('Attestation')),
		el('form', { class: 'drop',
			submit: (event) => {
				event.preventDefault();
				verify();
			},
			dragover: (event) => event.preventDefault(),
			drop: (event) => {
				event.preventDefault();
				take(event.dataTransfer.files[0]);
			} },
		el('label', { for: 'quote' }, _('Quote')), input,
		el('p', { class: 'hint', id: 'quote-hint' },
			_('Base64 or hexadecimal; or drop a file here. A report ' +
				'or evidence of Open Enclave may be around it.')),
		el('label', { for: 'file' }, _('File')), file,
		el('div', { class: 'bar' }, allowExpired, refuseDebug,
			trustIntel),
		el('button', { type: 'submit' }, _('Verify'))), place] };
}
