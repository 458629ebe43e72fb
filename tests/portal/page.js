// SPDX-License-Identifier: MIT
// page.js FOLDER HOST ENCLAVE ASKS-HOST ASKS-GOOD ASKS-OLD: the portal's page
// as a person uses it, in a browser, on machines that run.  Pictures go to
// FOLDER; HOST and ENCLAVE are those of tests/system/paging, the others of
// tests/key_release.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const browsers = require('./browser');
const worlds = require('./world');
const languages = require('./languages');
const odds = require('./odds');

const [folder, host, enclave, asksHost, asksGood, asksOld] =
	process.argv.slice(2);
let number = 0;
const seen = (what) => console.log(`ok ${++number} - ${what}`);

// ---- signing in ----

async function signIn(page, token) {
	await page.fill('#token', token);
	await page.keyboard.press('Enter');
}

async function signsIn(world, browser) {
	const { page } = browser;

	await page.goto(`${world.service.url}/`);
	await page.locator('#token').waitFor();
	await browser.look('sign-in');
	browser.foresee(401, /\/portal\/live$/);
	await signIn(page, 'wrong');
	await page.locator('#notice.bad').waitFor();
	await page.locator('#token').waitFor();
	assert.strictEqual(await page.evaluate(() =>
		sessionStorage.getItem('token')), null);
	assert.strictEqual(await page.locator('nav').isVisible(), false);
	await browser.look('sign-in-refused');
	seen('a wrong token is refused, and forgotten');
}

async function readOnly(world, browser) {
	const { page } = browser;

	await signIn(page, world.coffer('serve', 'token', '--read-only'));
	await browser.title('Overview');
	await page.getByText('There are no machines yet.').waitFor();
	await browser.look('overview-empty');
	await browser.go('#/create', 'Create a machine');
	await page.getByText('This token may only look').waitFor();
	assert.strictEqual(await page.locator('main button').count(), 0);
	await browser.look('create-read-only');

	browser.foresee(403, /virtualMachines\/no\?/);
	const { status, code } = await page.evaluate(async () => {
		const headers = { 'Content-Type': 'application/json',
			Authorization: `Bearer ${sessionStorage.token}` };
		const { subscription } = await (await fetch('/portal/info',
			{ headers })).json();
		const answer = await fetch(`/subscriptions/${subscription
			}/resourceGroups/coffer/providers/Microsoft.Compute` +
			'/virtualMachines/no?api-version=2024-07-01', {
			method: 'PUT', headers, body: JSON.stringify({
				location: 'coffer-local', properties: {
					hardwareProfile: {
						vmSize: 'Standard_DC1s_v3' } } }) });
		return { status: answer.status,
			code: (await answer.json()).error.code };
	});
	assert.deepStrictEqual([status, code], [403, 'AuthorizationFailed']);
	assert.deepStrictEqual(world.machines(), []);
	await page.click('#leave');
	await page.locator('#token').waitFor();
	seen('the read-only token looks, and makes nothing');
}

async function handed(world, browser) {
	const { page } = browser;
	const address = world.coffer('portal');
	const [, token] = address.split('#token=');

	assert.ok(token);
	await page.goto('about:blank');
	await page.goto(address);
	await browser.title('Overview');
	const cdp = await browser.context.newCDPSession(page);
	const { entries } = await cdp.send('Page.getNavigationHistory');
	assert.deepStrictEqual(entries.filter((e) => e.url.includes(token)), []);
	assert.strictEqual(page.url(), `${world.service.url}/`);
	assert.deepStrictEqual(await browser.context.cookies(), []);
	assert.strictEqual(await page.evaluate(() => document.cookie +
		JSON.stringify(localStorage)), '{}');
	seen('the address of `coffer portal` signs in, and leaves no token ' +
		'in history, cookies or on the disk');
}

// ---- machines ----

async function creates(world, browser) {
	const { page } = browser;

	await browser.go('#/create', 'Create a machine');
	await page.fill('#name', 'web');
	await page.check('input[value=Standard_DC2s_v3]');
	await page.selectOption('#zone', '1');
	await browser.look('create');
	await browser.picture('create');
	await page.evaluate(() => {
		const doing = document.querySelector('main [role=status]');
		const bar = document.getElementById('progress');

		globalThis.told = [];
		new MutationObserver(() => globalThis.told.push(
			[doing.textContent, bar.hidden, bar.max])).observe(doing,
			{ childList: true });
	});
	await page.click('button[type=submit]');
	await page.locator('h1 .power.running').waitFor();
	assert.ok(page.url().endsWith('#/machine/web'));
	const told = await page.evaluate(() => globalThis.told);
	assert.ok(told.some(([words, hidden, max]) => words && !hidden &&
		max > 1), JSON.stringify(told));
	const shown = JSON.parse(world.coffer('vm', 'show', 'web', '--json'));
	assert.strictEqual(shown.size, 'Standard_DC2s_v3');
	await page.locator('.events strong', { hasText: 'created' }).waitFor();
	seen('a machine is made, its making watched, and it runs');
}

const digits = (text) => Number(text.replace(/[^\d.]/g, ''));

async function watches(world, browser) {
	const { page } = browser;
	const measured = world.run(world.program('oesign'),
		['dump', '-e', enclave]).match(/^mrenclave=(\w+)/m)[1];

	world.coffer('vm', 'create', 'small', '--epc-pages', '1024');
	const application = world.application(host, [enclave], 'small');
	await application.expect('loaded');
	assert.strictEqual(await application.say('fill 2000 1', 'filled'),
		'OE_OK 0');
	await application.say('run', 'running');
	await browser.go('#/machine/small', 'small');
	const row = page.locator('tbody tr').filter({ hasText: measured });
	await row.waitFor();
	const threads = await row.locator('td').nth(2).textContent();
	assert.match(threads, /^\d+ \/ [1-9]\d*$/);
	const cell = (n) => row.locator('td').nth(n).textContent();
	for (const n of [3, 4]) // resident, evicted
		assert.ok(digits(await cell(n)) > 0, await cell(n));
	await page.waitForFunction(() => [...document.querySelectorAll(
		'.words')].some((p) => /Page-ins\/s: [1-9]/.test(p.textContent)));
	seen('an enclave: who it is, its threads, resident and evicted memory');

	// In each chart there is something of its first line's colour.
	await page.waitForFunction(() => {
		const style = getComputedStyle(document.documentElement);
		const colour = style.getPropertyValue('--line-1').trim();
		const want = [1, 3, 5].map((i) =>
			parseInt(colour.slice(i, i + 2), 16));
		const drawn = (canvas) => {
			const { data } = canvas.getContext('2d').getImageData(0,
				0, canvas.width, canvas.height);
			let count = 0;

			for (let i = 0; i < data.length; i += 4)
				count += data[i + 3] > 200 && want.every((c, k) =>
					Math.abs(data[i + k] - c) < 24);
			return count > 50;
		};
		const charts = [...document.querySelectorAll('.chart')];

		return charts.length === 2 && charts.every((chart) =>
			[...chart.querySelectorAll('canvas')].some(drawn));
	});
	await browser.look('machine');
	await browser.looks(6);
	await browser.picture('machine');
	seen('its charts have lines');
	return { application, row };
}

async function tampered(world, browser, { application, row }) {
	const { page } = browser;
	const id = await row.locator('th').textContent();

	assert.strictEqual(await page.locator('[role=alert]').isVisible(),
		false);
	await world.running(world.program('coffer'), ['tamper', 'flip', '--vm',
		'small', '--wait', '60', '--enclave', id]);
	const alarm = page.locator('main [role=alert]:visible');
	await alarm.waitFor();
	assert.match(await alarm.textContent(), /changed memory of 1 /);
	const red = (element) => element.evaluate((e) => {
		const [r, g, b] = getComputedStyle(e).color.match(/\d+/g)
			.map(Number);
		return r > 1.5 * g && r > 1.5 * b;
	});
	assert.ok(await red(alarm));
	const event = page.locator('.events .tampered');
	await event.waitFor();
	assert.ok(await red(event));
	await page.locator('td.tampered').waitFor();
	await browser.look('tampering');
	await browser.picture('tampering');
	await browser.go('#/', 'Overview');
	const power = page.locator('tr').filter({ hasText: 'small' })
		.locator('.power.tampered');
	await power.waitFor();
	assert.ok(await red(power));
	await page.locator('.summary .tampered').waitFor();
	await browser.look('overview', 'both');
	await browser.looks(6);
	await browser.picture('overview');
	await application.end();
	seen('tampering is said at once, in red, to screen readers as well');
}

// ---- attestation ----

const verdict = (page, severity) => page.locator(`.verdict.${severity}`);

async function verifies(world, browser) {
	const { page } = browser;
	const file = path.join(world.folder, 'quote');

	await world.running(world.program('coffer'), ['quote', '--out', file],
		'web');
	const bytes = fs.readFileSync(file);
	await browser.go('#/quote', 'Attestation');
	await page.setInputFiles('#file', file);
	await verdict(page, 'good').waitFor();
	assert.match(await verdict(page, 'good').textContent(),
		/Genuine.*OK.*software, not a processor/);
	assert.deepStrictEqual(await page.locator('.chain strong')
		.allTextContents(), ['Machine', 'Intermediate', 'Root']);
	const measured = bytes.subarray(112, 144).toString('hex');
	await page.locator('.facts code', { hasText: measured }).first()
		.waitFor();
	const rows = page.locator('#result tbody tr');
	const field = rows.filter({ hasText: measured });
	assert.strictEqual(await field.locator('td').nth(1).textContent(),
		'112');
	const sizes = await rows.evaluateAll((list) => list.map((r) =>
		[2, 3].map((n) => Number(r.children[n].textContent
			.replace(/\D/g, '')))));
	let at = 0;
	for (const [offset, size] of sizes) {
		assert.strictEqual(offset, at);
		at += size;
	}
	assert.ok(sizes.length > 20 && at > 1000 && at <= bytes.length);
	await browser.look('quote');
	await browser.picture('quote', rows.nth(4));
	seen('a quote: decoded without a gap, its chain, genuine in software');

	const changed = Buffer.from(bytes);
	changed[112] ^= 1;
	await page.fill('#quote', changed.toString('base64'));
	await page.getByRole('button', { name: 'Verify' }).click();
	await verdict(page, 'refused').waitFor();
	assert.strictEqual(await verdict(page, 'good').count(), 0);
	const reasons = await page.locator('.verdict.refused li')
		.allTextContents();
	assert.ok(reasons.length && reasons[0].length > 10, String(reasons));
	await browser.look('quote-refused');
	await browser.picture('quote-refused',
		page.locator('.verdict.refused'));
	await page.evaluate((text) => {
		const data = new DataTransfer();
		const raw = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

		data.items.add(new File([raw], 'quote'));
		document.querySelector('.drop').dispatchEvent(new DragEvent(
			'drop', { dataTransfer: data, bubbles: true,
				cancelable: true }));
	}, bytes.toString('base64'));
	await verdict(page, 'good').waitFor();
	await page.fill('#quote', '§§§');
	browser.foresee(400, /\/portal\/quote$/);
	await page.getByRole('button', { name: 'Verify' }).click();
	await page.locator('#notice.bad').waitFor();
	assert.strictEqual(await page.locator('.verdict').count(), 0);
	seen('one bit changed: refused, with the reason; no quote: said so');
	return file;
}

// ---- keys ----

async function releases(world, browser) {
	const { page } = browser;
	const signer = world.run(world.program('oesign'),
		['dump', '-e', asksGood]).match(/^mrsigner=(\w+)/m)[1];

	await browser.go('#/keys', 'Keys');
	await page.getByText('There are no keys yet.').waitFor();
	world.coffer('key', 'create', 'data-key', '--mrsigner', signer,
		'--product', '7', '--svn', '3');
	const pins = JSON.parse(world.coffer('key', 'pin', '--json'));
	const ask = (image) => world.running(asksHost, [image,
		world.service.url, 'data-key', pins.service_pin +
			pins.attest_pin], 'web', [0, 1]); // 1: refused

	assert.match(await ask(asksOld), /^refused .*svn is 2/);
	assert.match(await ask(asksGood), /^released 32$/);
	await browser.go('#/', 'Overview');
	await browser.go('#/keys', 'Keys');
	await browser.look('keys');
	await page.getByRole('link', { name: 'data-key' }).click();
	await browser.title('data-key');
	const policy = JSON.parse(await page.locator('main pre').textContent());
	assert.ok(JSON.stringify(policy).includes(signer));
	const rows = page.locator('main tbody tr').filter({
		hasText: 'release' });
	const said = await rows.allTextContents();
	assert.strictEqual(said.length, 2, String(said));
	assert.match(said[0], /done/); // newest first
	assert.match(said[1], /refused.*svn/);
	await browser.look('key');
	await browser.picture('key');
	seen('a key is released to the enclave that its policy means; both ' +
		'answers are in its audit list');
}

// ---- by the keyboard alone ----

// Tab until something is reached that is called so.
async function reach(page, name) {
	for (let i = 0; i < 60; i++) {
		await page.keyboard.press('Tab');
		const is = await page.evaluate(() => {
			const e = document.activeElement;

			return e.labels?.[0]?.textContent || e.textContent;
		});
		if (is === name)
			return;
	}
	throw new Error(`the keyboard does not reach "${name}"`);
}

// The question comes up with its harmless answer chosen.
async function ask(page, name) {
	await reach(page, name);
	await page.keyboard.press('Enter');
	await page.locator('dialog[open]').waitFor();
	assert.strictEqual(await page.evaluate(() =>
		document.activeElement.textContent), 'Cancel');
}

async function keyboard(world, browser) {
	const { page } = browser;
	const gone = () => page.locator('dialog').waitFor(
		{ state: 'detached' });
	const show = () => JSON.parse(world.coffer('vm', 'show', 'web',
		'--json'));

	await browser.go('#/machine/web', 'web');
	await page.locator('h1 .power.running').waitFor();
	await ask(page, 'Stop');
	await browser.look('question');
	await page.keyboard.press('Enter');
	await gone();
	await ask(page, 'Stop');
	await page.keyboard.press('Escape');
	await gone();
	assert.strictEqual(show().power, 'running');
	await ask(page, 'Stop');
	await page.keyboard.press('Tab');
	await page.keyboard.press('Enter');
	await page.locator('h1 .power.stopped').waitFor();
	assert.strictEqual(show().power, 'stopped');
	seen('stopped by the keyboard, not before the question is answered');

	await reach(page, 'Size');
	await page.keyboard.press('ArrowDown');
	const size = await page.locator('#size').inputValue();
	assert.notStrictEqual(size, 'Standard_DC2s_v3');
	await reach(page, 'Resize');
	await page.keyboard.press('Enter');
	await page.locator('#notice', { hasText: `is a ${size} now` }).waitFor();
	assert.strictEqual(show().size, size);
	seen('resized by the keyboard');

	// A look that is under way when it goes.
	browser.foresee(404, /\/portal\/machines\/web/);
	await ask(page, 'Delete');
	await page.keyboard.press('Tab');
	await page.keyboard.press('Enter');
	await browser.title('Overview');
	await page.locator('tr', { hasText: 'small' }).waitFor();
	await page.locator('tr', { hasText: 'web' }).waitFor(
		{ state: 'detached' });
	assert.ok(!world.machines().includes('web'));
	assert.strictEqual(await page.locator('#notice').textContent(), '');
	seen('deleted by the keyboard');
}

// ---- what the page may load ----

async function contained(browser) {
	const page = await browser.context.newPage();
	const answer = await page.goto(`${browser.url}/`);
	const policy = answer.headers()['content-security-policy'];

	assert.match(policy, /default-src 'none'/);
	assert.doesNotMatch(policy, /unsafe|http|\*|data:|blob:/);
	assert.deepStrictEqual(await page.evaluate(async () => {
		const script = document.createElement('script');
		const refused = [];

		addEventListener('securitypolicyviolation', (e) =>
			refused.push(e.effectiveDirective));
		script.textContent = 'globalThis.ran = true';
		document.body.append(script);
		document.body.setAttribute('style', 'color: red');
		await fetch('https://localhost:1/').catch(() => null);
		while (refused.length < 3)
			await new Promise((r) => setTimeout(r, 50));
		return [globalThis.ran, ...refused.sort()];
	}), [undefined, 'connect-src', 'script-src-elem', 'style-src-attr']);
	await page.close();
	seen('nothing inline and nothing foreign would run');
}

function small(browser) {
	const sum = (files, what) => files.reduce((all, [, file]) =>
		all + file[what], 0);
	const all = [...browser.files];
	const english = all.filter(([name]) => !name.endsWith('.json'));

	for (const name of ['/', '/page/app.js', '/page/fr.json',
		'/page/nl.json', '/page/dygraph.min.js'])
		assert.ok(browser.files.has(name), name);
	assert.ok(sum(all, 'sent') < 200 * 1024, `${sum(all, 'sent')} bytes`);
	assert.ok(sum(english, 'size') < 200 * 1024,
		`${sum(english, 'size')} bytes`);
	browser.figure('files', all.length);
	browser.figure('bytes sent, all languages', sum(all, 'sent'));
	browser.figure('bytes unpacked, English', sum(english, 'size'));
	browser.figure('bytes unpacked, all languages', sum(all, 'size'));
	seen('the page with all of its languages sends less than 200 KiB');
}

async function main() {
	const world = await worlds.make();
	const browser = await browsers.start(world.service.url, folder);

	try {
		await signsIn(world, browser);
		await readOnly(world, browser);
		await handed(world, browser);
		await creates(world, browser);
		await tampered(world, browser, await watches(world, browser));
		const quote = await verifies(world, browser);
		await releases(world, browser);
		await languages.spoken(browser, quote, seen);
		await keyboard(world, browser);
		await odds.all(world, browser, seen);
		await contained(browser);
		small(browser);
	} catch (error) {
		await browser.page.screenshot({ fullPage: true, path:
			path.join(folder, 'failed.png') }).catch(() => null);
		console.log(`# ${browser.wrong.join('\n# ')}`);
		throw error;
	}
	await browser.end();
	seen('no message on the console, nothing loaded from elsewhere');
	seen(`${browser.checked} looks, light and dark, without a serious ` +
		'finding');
	await world.service.end();
	world.clean();
}

main().catch((error) => {
	console.error(error);
	process.exit(1);
});
