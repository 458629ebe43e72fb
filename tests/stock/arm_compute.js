// SPDX-License-Identifier: MIT
// @azure/arm-compute as published: machines are created, listed, looked at,
// resized, stopped, started, restarted, deallocated and deleted; what may not
// be is refused with Azure's codes.
'use strict';
const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { ComputeManagementClient } = require('@azure/arm-compute');
const services = require('./service');

let number = 0;
const seen = (what) => console.log(`ok ${++number} - ${what}`);
const coffer = (...words) => execFileSync(path.join(
	process.env.COFFER_BINDIR, 'coffer'), words, { encoding: 'utf8' });

const small = 'Standard_DC1s_v3', larger = 'Standard_DC2s_v3';
const order = (vmSize, more = {}) => ({ location: 'coffer-local',
	hardwareProfile: { vmSize }, ...more });
// What clients write for Azure, and Coffer reads past.
const usual = {
	osProfile: { computerName: 'one', adminUsername: 'azureuser' },
	storageProfile: { imageReference: { publisher: 'Canonical',
		offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts-gen2',
		version: 'latest' } },
	networkProfile: { networkInterfaces: [{ id: '/nothing' }] },
};
const fast = { updateIntervalInMs: 50 };

const refused = (promise, status, code, text = /./) =>
	assert.rejects(promise, (error) => {
		assert.strictEqual(error.statusCode, status, error.message);
		assert.strictEqual(error.code, code);
		assert.match(error.message, text);
		return true;
	});

const names = async (pages) => {
	const list = [];
	for await (const machine of pages)
		list.push(machine.name);
	return list;
};
const powerOf = async (vms, group, name) => (await vms.instanceView(group,
	name)).statuses.map((s) => s.code).find((c) =>
	c.startsWith('PowerState/'));

async function create({ virtualMachines: vms }) {
	const made = await vms.createOrUpdate('web', 'one', order(small,
		{ ...usual, zones: ['1'], tags: { owner: 'tests' } }), fast);
	assert.strictEqual(made.name, 'one');
	assert.strictEqual(made.provisioningState, 'Succeeded');
	assert.strictEqual(made.hardwareProfile.vmSize, small);
	assert.deepStrictEqual(made.zones, ['1']);
	assert.deepStrictEqual(made.tags, { owner: 'tests' });
	assert.match(made.id, /\/resourceGroups\/web\/providers\/Microsoft\.Compute\/virtualMachines\/one$/);
	assert.match(made.vmId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
	assert.ok(Math.abs(made.timeCreated - new Date()) < 600e3);
	const listed = JSON.parse(coffer('vm', 'list', '--json'));
	assert.match(JSON.stringify(listed), /"one"/);
	seen('a machine is created, and the command line has it too');

	const same = await vms.createOrUpdate('web', 'one', made, fast);
	assert.strictEqual(same.vmId, made.vmId);
	seen('what was shown can be sent back');
}

async function look({ virtualMachines: vms }) {
	const one = await vms.get('web', 'one', { expand: 'instanceView' });
	const codes = one.instanceView.statuses.map((s) => s.code);
	assert.deepStrictEqual(codes, ['ProvisioningState/succeeded',
		'PowerState/running']);
	assert.strictEqual(one.instanceView.platformUpdateDomain, 0);
	assert.strictEqual((await vms.get('WEB', 'one')).vmId, one.vmId);
	seen('it runs, says its instance view');
	await refused(vms.get('web', 'none'), 404, 'ResourceNotFound');
	await refused(vms.get('other', 'one'), 404, 'ResourceNotFound');
	seen('machines that are not there, or in another group, are not found');
}

async function list({ virtualMachines: vms }, service) {
	for (const name of ['two', 'three', 'ten-10', 'ten-9'])
		coffer('vm', 'create', name, '--stopped');
	assert.deepStrictEqual((await names(vms.listAll())).sort(),
		['one', 'ten-10', 'ten-9', 'three', 'two']);
	assert.deepStrictEqual(await names(vms.list('web')), ['one']);
	assert.deepStrictEqual((await names(vms.list('coffer'))).sort(),
		['ten-10', 'ten-9', 'three', 'two']);
	assert.deepStrictEqual(await names(vms.list('none')), []);
	assert.deepStrictEqual((await names(vms.listByLocation(
		'coffer-local'))).length, 5);
	seen('machines are listed: all, by group, by location');

	// As the client follows links, from a first page of two.
	const first = await service.ask('GET', `/subscriptions/${service.id}/` +
		'providers/Microsoft.Compute/virtualMachines?$top=2');
	const all = first.body.value.map((m) => m.name);
	let next = first.body.nextLink, pages = 1;
	for (; next; pages++) {
		const { pathname, search } = new URL(next);
		const page = await service.ask('GET', pathname + search);
		assert.strictEqual(page.status, 200);
		all.push(...page.body.value.map((m) => m.name));
		next = page.body.nextLink;
	}
	assert.deepStrictEqual([pages, all.length, new Set(all).size],
		[3, 5, 5]);
	seen('pages lead to the next one');
	for (const name of ['two', 'three', 'ten-10', 'ten-9'])
		await vms.delete('coffer', name, fast);
}

async function sizes(client) {
	const vms = client.virtualMachines;
	const all = [], of = [], skus = [];
	for await (const size of client.virtualMachineSizes.list(
		'coffer-local'))
		all.push(size);
	for await (const size of vms.listAvailableSizes('web', 'one'))
		of.push(size.name);
	for await (const sku of client.resourceSkus.list())
		skus.push(sku);
	assert.strictEqual(all.length, 20);
	const dc48 = all.find((s) => s.name === 'Standard_DC48s_v3');
	assert.deepStrictEqual([dc48.numberOfCores, dc48.memoryInMB],
		[48, 384 * 1024]);
	assert.ok(of.length === 8 && of.every((n) => /^Standard_DC\d+s_v3$/
		.test(n)));
	const sku = skus.find((s) => s.name === small);
	const epc = sku.capabilities.find((c) => c.name === 'EpcMiB');
	assert.strictEqual(epc.value, '4096');
	assert.deepStrictEqual(sku.locationInfo[0].zones, ['1', '2', '3']);
	seen('sizes: all, those of a family, what each has and where');
}

async function resize({ virtualMachines: vms }) {
	await refused(vms.createOrUpdate('web', 'one', order(larger), fast), 409,
		'OperationNotAllowed');
	await refused(vms.update('web', 'one', { hardwareProfile:
		{ vmSize: larger } }, fast), 409, 'OperationNotAllowed');
	seen('a running machine is not resized');
	await vms.deallocate('web', 'one', fast);
	assert.strictEqual(await powerOf(vms, 'web', 'one'),
		'PowerState/deallocated');
	seen('it is deallocated');
	await refused(vms.update('web', 'one', { hardwareProfile:
		{ vmSize: 'Standard_DC1s_v2' } }, fast), 409,
		'OperationNotAllowed', /family|DCsv/);
	seen('nor to another family');
	const changed = await vms.update('web', 'one', { hardwareProfile:
		{ vmSize: larger }, tags: { owner: 'others', more: 'x' } }, fast);
	assert.strictEqual(changed.hardwareProfile.vmSize, larger);
	assert.deepStrictEqual(changed.tags, { owner: 'others', more: 'x' });
	const again = await vms.createOrUpdate('web', 'one', order(small,
		{ tags: { more: 'y' } }), fast);
	assert.strictEqual(again.hardwareProfile.vmSize, small);
	assert.deepStrictEqual(again.tags, { more: 'y' });
	seen('deallocated it is resized by PATCH and by PUT, with its tags');
}

async function conditions({ virtualMachines: vms }, service) {
	const one = await vms.get('web', 'one');
	assert.match(one.etag, /^"[0-9a-f]{32}"$/);
	const changed = await vms.update('web', 'one', { tags: { more: 'z' } },
		{ ...fast, ifMatch: one.etag });
	assert.notStrictEqual(changed.etag, one.etag);
	await refused(vms.update('web', 'one', { tags: {} },
		{ ...fast, ifMatch: one.etag }), 412, 'PreconditionFailed');
	await refused(vms.createOrUpdate('web', 'one', order(small),
		{ ...fast, ifNoneMatch: '*' }), 412, 'PreconditionFailed');
	assert.deepStrictEqual((await vms.get('web', 'one')).tags,
		{ more: 'z' });
	seen('what has changed meanwhile is not changed again unseen');
	const path = `/subscriptions/${service.id}/resourceGroups/web/` +
		'providers/Microsoft.Compute/virtualMachines/one';
	for (const same of [path.toLowerCase(), path.replace('resourceGroups',
		'RESOURCEGROUPS').replace('web', 'Web')])
		assert.strictEqual((await service.ask('GET', same)).body
			.properties.vmId, one.vmId);
	seen('paths are the same in any case');
}

async function power({ virtualMachines: vms }) {
	await vms.start('web', 'one', fast);
	assert.strictEqual(await powerOf(vms, 'web', 'one'),
		'PowerState/running');
	const before = JSON.parse(coffer('enclaves', '--vm', 'one', '--json'));
	assert.strictEqual(before.running, true);
	seen('it is started');
	await vms.restart('web', 'one', fast);
	assert.strictEqual(await powerOf(vms, 'web', 'one'),
		'PowerState/running');
	seen('it is restarted');
	await vms.powerOff('web', 'one', fast);
	assert.strictEqual(await powerOf(vms, 'web', 'one'),
		'PowerState/stopped');
	assert.strictEqual(JSON.parse(coffer('enclaves', '--vm', 'one',
		'--json')).running, false);
	seen('it is stopped, and its driver is gone');
	await vms.start('web', 'one', fast);
	await refused(vms.start('web', 'none', fast), 404, 'ResourceNotFound');
	await refused(vms.deallocate('web', 'one', { hibernate: true }), 400,
		'InvalidParameter', /hibernate/);
	seen('what is not there is not started; nothing hibernates');
}

async function quota(client) {
	const usage = async () => {
		for await (const one of client.usage.list(
			'coffer-local'))
			if (one.name.value === 'standardDCSv3Family')
				return one;
	};
	const vms = client.virtualMachines;
	assert.strictEqual((await usage()).currentValue, 1);
	coffer('vm', 'quota', 'standardDCSv3Family', '2');
	assert.strictEqual((await usage()).limit, 2);
	await refused(vms.createOrUpdate('web', 'much', order(larger), fast),
		409, 'QuotaExceeded', /standardDCSv3Family/);
	await refused(vms.get('web', 'much'), 404, 'ResourceNotFound');
	assert.strictEqual((await usage()).currentValue, 1);
	coffer('vm', 'quota', 'standardDCSv3Family', '350');
	seen('what the quota does not allow is not created');
}

async function wrong({ virtualMachines: vms }) {
	const no = (name, body, code = 'InvalidParameter', status = 400) =>
		refused(vms.createOrUpdate('web', name, body, fast), status,
			code);
	await no('Two', order(small));
	await no('two', order('Standard_D2s_v3'));
	await no('two', order(small, { location: 'westeurope' }),
		'LocationNotAvailableForResourceType');
	await no('two', order(small, { zones: ['9'] }));
	await no('two', order(small, { zones: ['1', '2'] }));
	await no('two', order(small, { tags: { 'resource-group': 'x' } }));
	await no('two', { location: 'coffer-local' });
	await no('two', order(small, { securityProfile:
		{ securityType: 'ConfidentialVM' } }));
	await no('two', order(small, { priority: 'Spot' }));
	await no('one', order(small, { zones: ['2'] }),
		'PropertyChangeNotAllowed', 409);
	await refused(vms.createOrUpdate('other', 'one', order(small), fast),
		409, 'Conflict');
	assert.deepStrictEqual(await names(vms.listAll()), ['one']);
	seen('what there is not, or would mean more than there is, is refused');
}

async function tokens(service) {
	const client = service.client(service.readOnly).virtualMachines;
	assert.deepStrictEqual(await names(client.listAll()), ['one']);
	for (const attempt of [() => client.createOrUpdate('web', 'no',
		order(small), fast), () => client.delete('web', 'one', fast),
		() => client.update('web', 'one', { tags: {} }, fast),
		() => client.powerOff('web', 'one', fast)])
		await refused(attempt(), 403, 'AuthorizationFailed');
	for (const token of ['wrong', service.token, service.readOnly + 'x'])
		await refused(names(service.client(token).virtualMachines
			.listAll()), 401, 'AuthenticationFailed');
	seen('a token that may read does not write, a wrong one does nothing');
}

async function remove({ virtualMachines: vms }) {
	await vms.delete('web', 'one', fast);
	await refused(vms.get('web', 'one'), 404, 'ResourceNotFound');
	await vms.delete('web', 'one', fast);
	assert.deepStrictEqual(JSON.parse(coffer('enclaves', '--vm', 'one',
		'--json')).running, false);
	assert.deepStrictEqual(await names(vms.listAll()), []);
	seen('a running machine is deleted, once');
}

async function main() {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'coffer-stock-'));
	process.once('exit', () => fs.rmSync(folder,
		{ recursive: true, force: true }));
	process.env.COFFER_STATE_DIR = path.join(folder, 'state');
	process.env.COFFER_RUNTIME_DIR = path.join(folder, 'run');
	for (const name of ['state', 'run'])
		fs.mkdirSync(path.join(folder, name), { mode: 0o700 });

	const service = await services.start(['--quiet']);
	services.trust(service.ca);
	const token = (kind) => coffer('serve', 'token', kind).trim();
	const write = token('--read-write');
	service.readOnly = token('--read-only');
	service.ask = async (method, target) => {
		const mark = target.includes('?') ? '&' : '?';
		const answer = await new Promise((resolve, reject) => {
			const request = require('node:https').request(
				service.url + target + (target.includes(
				'api-version') ? '' : `${mark}api-version=` +
				'2024-07-01'), { method, ca: service.ca,
				headers: { Authorization: `Bearer ${write}` } },
				resolve);
			request.on('error', reject);
			request.end();
		});
		let text = '';
		for await (const part of answer)
			text += part;
		return { status: answer.statusCode, body: JSON.parse(text) };
	};
	service.id = (await service.ask('GET', '/subscriptions')).body.value[0]
		.subscriptionId;
	service.client = (t) => new ComputeManagementClient({
		getToken: async () => ({ token: t,
			expiresOnTimestamp: Date.now() + 3600e3 }) },
		service.id, { endpoint: service.url });
	const client = service.client(write);

	try {
		await create(client);
		await look(client);
		await list(client, service);
		await sizes(client);
		await resize(client);
		await conditions(client, service);
		await power(client);
		await quota(client);
		await wrong(client);
		await tokens(service);
		await remove(client);
	} finally {
		for (const machine of JSON.parse(coffer('vm', 'list', '--json'))
			.machines ?? [])
			coffer('vm', 'delete', machine.name, '--force');
	}
	await service.end();
}

main().catch((error) => {
	console.error(error);
	process.exit(1);
});
