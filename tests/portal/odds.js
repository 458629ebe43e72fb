// SPDX-License-Identifier: MIT
// What does not go well, or is a lot: the service away, another token, a
// reader who may only look, texts that are hostile, a thousand machines,
// narrow windows.  Where a machine would take long to get into such a state,
// the service's answer is made up here.
'use strict';
const assert = require('node:assert');
const services = require('../stock/service');

const HOSTILE = '<img src=x onerror="globalThis.ran=1"><b>&amp;';
const LONG = 'n'.repeat(63);

const notice = (page, words) => page.locator('#notice.bad',
	{ hasText: words });

// ---- the service goes, and comes back ----

async function away(world, browser, seen) {
	const { page } = browser;
	const { port } = new URL(world.service.url);

	await browser.go('#/', 'Overview');
	await page.locator('tbody tr').first().waitFor();
	browser.foresee('ERR_CONNECTION', /./);
	browser.foresee('ERR_EMPTY_RESPONSE', /./);
	browser.foresee('ERR_SOCKET', /./);
	await world.service.end();
	await notice(page, 'Is `coffer serve` running?').waitFor();
	assert.strictEqual(await page.locator('#notice').getAttribute('role'),
		'alert');
	await browser.look('away');
	await browser.go('#/keys', 'That cannot be shown');
	await notice(page, 'does not answer').waitFor();
	world.service = await services.start(['--quiet', '--port', port]);
	assert.strictEqual(world.service.url, browser.url);
	await browser.title('Keys');
	await page.locator('#notice:empty').waitFor({ state: 'attached' });
	await browser.go('#/', 'Overview');
	await page.locator('tbody tr').first().waitFor();
	seen('without the service the page says so; when it is back, it goes on');
}

// ---- tokens ----

async function readOnlyMachine(world, browser, seen) {
	const page = await browser.context.newPage();

	await page.goto(world.coffer('portal', '--read-only'));
	await page.locator('h1', { hasText: 'Overview' }).waitFor();
	await page.getByRole('link', { name: 'small' }).click();
	await page.locator('h1', { hasText: 'small' }).waitFor();
	await page.getByText('This token may only look').waitFor();
	assert.strictEqual(await page.locator('main button, main select')
		.count(), 0);
	await page.locator('.events li').first().waitFor();
	await page.close();
	seen('who may only look is shown a machine, and no buttons');
}

async function newToken(world, browser, seen) {
	const { page } = browser;

	browser.foresee(401, /\/portal\//);
	await browser.go('#/', 'Overview');
	world.coffer('serve', 'token', '--new');
	await page.locator('#token').waitFor();
	await notice(page, 'there may be a new one').waitFor();
	assert.strictEqual(await page.locator('#notice [lang=en]').count(), 1);
	assert.strictEqual(await page.evaluate(() =>
		document.activeElement.id), 'token');
	await page.fill('#token', world.coffer('serve', 'token'));
	await page.keyboard.press('Enter');
	await browser.title('Overview');
	assert.strictEqual(await page.evaluate(() =>
		document.activeElement.textContent), 'Overview');
	assert.strictEqual(await page.locator('#notice').textContent(), '');
	seen('a token that was replaced leads to signing in, with the reason');
}

// ---- refusals ----

async function refusals(browser, seen) {
	const { page } = browser;

	browser.foresee(404, /\/portal\/machines\/(none|%25)/);
	await browser.go('#/machine/none', 'That cannot be shown');
	await notice(page, 'There is no such thing').waitFor();
	await browser.go('#/machine/%', 'That cannot be shown');
	await notice(page, /./).waitFor();
	browser.foresee(400, /\/portal\/machines\//);
	browser.foresee(409, /virtualMachines/);
	await browser.go('#/create', 'Create a machine');
	await page.fill('#name', 'small');
	await page.fill('#group', 'other');
	await page.click('button[type=submit]');
	await notice(page, 'its name is taken').waitFor();
	assert.match(await page.locator('#notice [lang=en]').textContent(),
		/names are unique/);
	await page.waitForFunction(() => document.activeElement.type ===
		'submit');
	seen('what is refused is explained, above the service\'s own words');
}

// ---- machines that are made up ----

const machine = (name, more = {}) => ({ name, group: 'web', set: '',
	size: 'Standard_DC2s_v3', power: 'running', zone: 1, update_domain: 0,
	host: 0, epc_pages: 2097152, epc_used: 5000, swap_pages: 0,
	enclaves: 2, clients: 3, tampered: 0, lost: 0, page_ins: 1.5,
	page_outs: 0, calls: 1200.5, aex: 3, ...more });

function look(machines) {
	const sum = (what) => machines.reduce((all, m) => all + m[what], 0);
	const total = { machines: machines.length, running: machines.length };

	for (const what of ['epc_pages', 'epc_used', 'swap_pages', 'enclaves',
		'tampered', 'page_ins', 'page_outs', 'calls', 'aex'])
		total[what] = sum(what);
	return { look: 1, time: Date.now(), seconds: 1, total, machines,
		operations: [] };
}

async function made(page, path, answer) {
	await page.route(path, (route) => route.fulfill({ json: answer() }));
	return () => page.unroute(path);
}

// How long the browser is at work for one look, in ms.
async function cost(browser, looks) {
	const cdp = await browser.context.newCDPSession(browser.page);
	const task = async () => (await cdp.send('Performance.getMetrics'))
		.metrics.find((m) => m.name === 'TaskDuration').value;
	let left = looks;

	await cdp.send('Performance.enable');
	const begin = await task();
	await new Promise((done) => {
		browser.page.on('response', function count(r) {
			if (!r.url().endsWith('/portal/live') || --left > 0)
				return;
			browser.page.off('response', count);
			done();
		});
	});
	const spent = await task() - begin;
	await cdp.detach();
	return 1000 * spent / looks;
}

async function many(browser, seen) {
	const { page } = browser;
	const machines = Array.from({ length: 1000 }, (_, i) =>
		machine(`web-${String(i).padStart(3, '0')}`));
	machines[999].tampered = 1;
	await browser.go('#/keys', 'Keys');
	const stop = await made(page, '**/portal/live', () => look(machines));
	const begin = Date.now();
	await browser.go('#/', 'Overview');
	await page.locator('tbody tr').nth(199).waitFor();
	browser.figure('ms until 1,000 machines are there', Date.now() - begin);
	assert.strictEqual(await page.locator('tbody tr').count(), 200);
	assert.match(await page.locator('tbody tr').first().textContent(),
		/^web-999.*tampered with: 1/);
	await page.getByText('200 of 1,000 machines').waitFor();
	browser.figure('ms of the browser for a look at 1,000 machines',
		Math.round(await cost(browser, 5)));
	await page.fill('#search', 'web-99');
	await page.waitForFunction(() => document.querySelectorAll('tbody tr')
		.length === 10);
	await page.fill('#search', '');
	await page.getByRole('button', { name: 'Show all' }).click();
	await page.locator('tbody tr').nth(999).waitFor();
	assert.strictEqual(await page.evaluate(() =>
		document.activeElement.id), 'search');
	browser.figure('ms of the browser for a look at 1,000 shown machines',
		Math.round(await cost(browser, 5)));
	await stop();
	seen('a thousand machines: those in trouble first, 200 shown, all found');
}

async function hostile(browser, seen) {
	const { page } = browser;
	const one = { ...machine(HOSTILE, { tags: {}, swap: '', probe: HOSTILE,
		vcpus: 2, memory_gib: 16, created: 1795330000, va_pages: 1,
		driver_pid: 1, processor_pid: 2, enclave_list: [] }),
	time: Date.now(), look: 1 };
	const key = { name: HOSTILE, version: HOSTILE, type: HOSTILE,
		enabled: true, exportable: true, operations: [HOSTILE],
		policy: { immutable: false, text: HOSTILE } };
	const use = { id: 1, time: 1795330000, operation: HOSTILE, key: HOSTILE,
		verdict: HOSTILE, reason: HOSTILE, client: HOSTILE };
	const stops = [
		await made(page, '**/portal/live', () => look([one])),
		await made(page, '**/portal/machines/*', () => one),
		await made(page, '**/portal/machines/*/events', () => ({
			after: '1-1', events: [{ time: '2026-11-22T08:00:00.123Z',
				event: HOSTILE, text: HOSTILE }] })),
		await made(page, '**/portal/keys', () => ({ next: null,
			keys: [key] })),
		await made(page, '**/portal/keys/*', () => ({ next: null,
			keys: [key] })),
		await made(page, '**/portal/audit', () => ({ before: null,
			records: [use] })),
		await made(page, '**/portal/keys/*/audit', () => ({
			before: null, records: [use] })),
	];
	const name = encodeURIComponent(HOSTILE);

	for (const [hash, title, where] of [['#/keys', 'Keys', 'tbody tr'],
		[`#/keys/${name}`, HOSTILE, 'pre'], ['#/', 'Overview', 'tbody tr'],
		[`#/machine/${name}`, HOSTILE, '.events li']]) {
		await browser.go(hash, title);
		await page.locator(where, { hasText: HOSTILE }).first().waitFor();
		assert.strictEqual(await page.locator('img, main b').count(), 0);
	}
	assert.strictEqual(await page.evaluate(() => globalThis.ran), undefined);
	// A view that asks for nothing: the service has no such machine.
	await browser.go('#/quote', 'Attestation');
	for (const stop of stops)
		await stop();
	seen('texts with elements in them are shown as the texts that they are');
}

// ---- windows, pages of lists ----

async function narrow(browser, seen) {
	const { page } = browser;
	const stop = await made(page, '**/portal/live', () => look([
		machine(LONG, { tampered: 1, set: LONG })]));

	await page.setViewportSize({ width: 320, height: 700 });
	for (const [hash, title] of [['#/quote', 'Attestation'],
		['#/create', 'Create a machine'], ['#/keys', 'Keys'],
		['#/keys/data-key', 'data-key'], ['#/machine/small', 'small'],
		['#/', 'Overview']]) {
		await browser.go(hash, title);
		if (hash === '#/')
			await page.getByText(LONG).first().waitFor();
		const wide = await page.evaluate(() => [...document
			.querySelectorAll('body, body *:not(.scroll *, pre *)')]
			.filter((e) => e.getBoundingClientRect().right > 320 &&
				e.checkVisibility() && !e.closest('.skip'))
			.map((e) => e.outerHTML.slice(0, 200)));
		assert.deepStrictEqual(wide, [], hash);
		assert.ok(await page.evaluate(() =>
			document.documentElement.scrollWidth) <= 320, hash);
	}
	await browser.look('narrow');
	await page.setViewportSize({ width: 1280, height: 900 });
	await stop();
	seen('no view is wider than a window of 320 pixels');
}

async function pages(browser, seen) {
	const { page } = browser;
	const key = (name) => ({ name, version: '1', type: 'RSA', enabled: true,
		exportable: true, operations: [], policy: null });
	const stop = await made(page, /\/portal\/keys(\?after=\d+)?$/, () => ({
		next: 7, keys: [key('first')] }));
	const stopAfter = await made(page, /\/portal\/keys\?after=7$/, () => ({
		next: null, keys: [key('last')] }));

	await browser.go('#/', 'Overview');
	await browser.go('#/keys', 'Keys');
	await page.getByRole('link', { name: 'first' }).waitFor();
	await page.getByRole('button', { name: 'More' }).click();
	await page.getByRole('link', { name: 'last' }).waitFor();
	assert.strictEqual(await page.getByRole('link', { name: 'first' })
		.count(), 1);
	await stopAfter();
	await stop();
	seen('long lists go on');
}

// ---- reading ----

async function reads(browser, seen) {
	const { page } = browser;
	const focused = () => page.evaluate(() =>
		document.activeElement.textContent);

	await browser.go('#/', 'Overview');
	await page.getByRole('link', { name: 'small' }).click();
	await browser.title('small');
	assert.match(await focused(), /^small/);
	assert.match(await page.title(), /^small/);
	await page.getByText('Times are those of Europe/Brussels.').waitFor();
	const time = page.locator('.events time').first();
	assert.match(await time.getAttribute('title'),
		/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
	await page.emulateMedia({ reducedMotion: 'reduce' });
	assert.strictEqual(await page.evaluate(() =>
		document.getAnimations().length), 0);
	await page.emulateMedia({ reducedMotion: null });
	seen('who follows a link reads on at its heading; times have a zone; ' +
		'nothing moves');
}

// From the address that signs in to the machines, nothing of it cached, by a
// browser that runs.
async function usable(world, browser, seen) {
	const address = world.coffer('portal');
	const times = [];

	for (let i = 0; i < 5; i++) {
		const context = await browser.browser.newContext({
			ignoreHTTPSErrors: true });
		const page = await context.newPage();
		const begin = Date.now();

		await page.goto(address);
		await page.locator('tbody tr').first().waitFor();
		times.push(Date.now() - begin);
		await context.close();
	}
	times.sort((a, b) => a - b);
	browser.figure('ms from the address to the machines, least', times[0]);
	browser.figure('ms from the address to the machines, median', times[2]);
	seen('a browser that has never been here shows the machines');
}

async function all(world, browser, seen) {
	await reads(browser, seen);
	await readOnlyMachine(world, browser, seen);
	await refusals(browser, seen);
	await many(browser, seen);
	await hostile(browser, seen);
	await narrow(browser, seen);
	await pages(browser, seen);
	await usable(world, browser, seen);
	await newToken(world, browser, seen);
	await away(world, browser, seen);
}

module.exports = { all };
