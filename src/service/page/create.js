// SPDX-License-Identifier: MIT
// Quick create: a name, a size, a zone.
import * as api from './api.js';
import { el } from './dom.js';
import { _, memory, number } from './i18n.js';
import { failed, say } from './notice.js';
import * as words from './words.js';

const capability = (sku, name) =>
	sku.capabilities.find((c) => c.name === name)?.value;

// What a family's processor has; the API says only which family it is.
const features = (family) => family === 'standardDCSv2Family' ?
	_('SGX1 with flexible launch control') :
	_('SGX2 with key separation and sharing');

// The sizes as rows of radio buttons, by family; free: vCPUs of the quota.
function picker(skus, free) {
	const families = Map.groupBy ? Map.groupBy(skus, (s) => s.family) :
		new Map([...new Set(skus.map((s) => s.family))].map((f) =>
			[f, skus.filter((s) => s.family === f)]));

	return [...families].map(([family, sizes]) => el('fieldset', {},
		el('legend', {}, `${family}: ${features(family)}. ${
			_('{n} vCPUs of the quota are free.',
				{ n: number(free.get(family) ?? 0) })}`),
		el('div', { class: 'sizes' }, sizes.map((sku) => {
			const vcpus = capability(sku, 'vCPUs');
			const whole = capability(sku, 'WholeHost') === 'True';

			return el('label', { class: 'size' }, el('input', {
				type: 'radio', name: 'size', value: sku.name,
				required: true,
				checked: sku.name === 'Standard_DC1s_v3' }),
			el('strong', {}, sku.name), el('span', {}, _(
				'{vcpus} vCPUs, {memory} GiB, EPC {epc}', {
					vcpus, memory: capability(sku, 'MemoryGB'),
					epc: memory(256 *
						capability(sku, 'EpcMiB')) })),
			whole ? el('em', {}, _('takes a whole host')) : null);
		}))));
}

export async function open() {
	const [skus, usages, info] = await Promise.all([api.skus(),
		api.usages(), api.info()]);
	const free = new Map(usages.map((u) => [u.name.value,
		u.limit - u.currentValue]));
	const zones = [...new Set(skus.flatMap((sku) =>
		sku.locationInfo[0].zones))].sort();
	const name = el('input', { id: 'name', name: 'name', required: true,
		pattern: '[a-z0-9\\-]{1,63}', maxlength: '63',
		autocomplete: 'off', 'aria-describedby': 'name-hint' });
	const group = el('input', { id: 'group', name: 'group',
		required: true, value: 'coffer', autocomplete: 'off' });
	const zone = el('select', { id: 'zone', name: 'zone' },
		el('option', { value: '' }, _('any')),
		zones.map((z) => el('option', { value: z }, z)));
	const make = el('button', { type: 'submit' }, _('Create'));
	const progress = el('progress', { hidden: true, id: 'progress',
		'aria-label': _('Progress') });
	const doing = el('p', { role: 'status' });

	function told(operation) {
		progress.hidden = false;
		if (operation.total) {
			progress.max = operation.total;
			progress.value = operation.done;
		}
		doing.textContent = words.doing(operation.doing ?? '');
	}

	const form = el('form', { submit: async (event) => {
		event.preventDefault();
		make.disabled = true;
		say('');
		try {
			await api.create({ name: name.value,
				group: group.value, zone: zone.value,
				size: new FormData(form).get('size') }, told);
			if (form.isConnected) // nobody has gone elsewhere
				location.hash = `#/machine/${name.value}`;
			else
				say(_('{name} is made.', { name: name.value }));
		} catch (error) {
			failed(error);
			doing.textContent = '';
			progress.hidden = true;
		}
		make.disabled = false;
		if (form.isConnected && document.activeElement === document.body)
			make.focus();
	} }, el('div', { class: 'narrow' },
		el('label', { for: 'name' }, _('Name')), name,
		el('p', { class: 'hint', id: 'name-hint' },
			_('1 to 63 of a-z, 0-9 and -')),
		el('label', { for: 'group' }, _('Resource group')), group,
		el('label', { for: 'zone' }, _('Zone')), zone),
	el('h2', {}, _('Size')), picker(skus, free),
	info.right === 'read-write' ? make : el('p', {},
		_('This token may only look: sign in with the other one ' +
			'to create a machine.')), progress, doing);

	return { title: _('Create a machine'),
		elements: [el('h1', {}, _('Create a machine')), form] };
}
