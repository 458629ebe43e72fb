// SPDX-License-Identifier: MIT
// A browser that looks at the portal's page: Debian's Chromium, headless.
// Whatever the page says on its console, every violation of its policy and
// every request to somewhere else is kept and is an error in the end.
//
//	const browser = await require('./browser').start(url, folder);
//	await browser.go('#/create');        the view is there, or an error
//	await browser.look('create');        a picture; accessible, light and dark
//	await browser.picture('create');     portal-create.png, for docs/images
//	browser.foresee(401, /live$/);       a refusal that the test provokes
//	browser.figure('bytes', 17);         measured, kept in figures.json
//	await browser.end();                 throws if anything was kept
'use strict';
const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const NAMES = ['chromium', 'chromium-browser', 'google-chrome',
	'google-chrome-stable'];
const LIMIT = 90000; // ms that anything may take on a slow machine

// CHROMIUM, or any of the names in PATH.
function find() {
	if (process.env.CHROMIUM)
		return process.env.CHROMIUM;
	for (const folder of process.env.PATH.split(':'))
		for (const name of NAMES)
			if (fs.existsSync(path.join(folder, name)))
				return path.join(folder, name);
	return null;
}

const PROGRAM = find();

if (!PROGRAM) {
	console.log(`skip: there is no ${NAMES.join(', ')} here ` +
		'(tools/check-packages --test installs one)');
	process.exit(77);
}

// Chromium keeps its pages in a sandbox, which it does not have as root and
// cannot make where users may not make namespaces.  Why there is none; null.
function noSandbox() {
	if (process.getuid() === 0)
		return 'this is root';
	if (fs.existsSync(path.join(path.dirname(fs.realpathSync(PROGRAM)),
		'chrome-sandbox')) ||
		fs.existsSync('/usr/lib/chromium/chrome-sandbox'))
		return null;
	return spawnSync('unshare', ['--user', '--map-root-user', '--net',
		'true'], { stdio: 'ignore' }).status === 0 ? null :
		'users cannot make namespaces here';
}

const { chromium } = require('playwright-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

// What is against the guidelines and serious, as lines.
async function findings(page) {
	await page.evaluate(axe);
	const { violations } = await page.evaluate(() => globalThis.axe.run());

	return violations.filter((v) => ['serious', 'critical']
		.includes(v.impact)).map((v) =>
		`${v.impact} ${v.id}: ${v.nodes[0].html.slice(0, 200)}`);
}

class Browser {
	constructor(url, folder) {
		this.url = url;
		this.folder = folder;
		this.wrong = [];
		this.figures = {};
		this.foreseen = [];
		this.files = new Map(); // path: { size, sent: compressed }
		this.checked = 0;
	}

	async launch() {
		const open = noSandbox();

		this.browser = await chromium.launch({ executablePath: PROGRAM,
			chromiumSandbox: !open, timeout: LIMIT });
		console.log(`# ${PROGRAM} ${this.browser.version()}, ${open ?
			`without its sandbox: ${open}` : 'in its sandbox'}`);
		this.context = await this.browser.newContext({ locale: 'en-GB',
			ignoreHTTPSErrors: true, colorScheme: 'light',
			timezoneId: 'Europe/Brussels',
			viewport: { width: 1280, height: 900 } });
		this.context.setDefaultTimeout(LIMIT);
		this.page = await this.context.newPage();
		await this.page.addInitScript(() => addEventListener(
			'securitypolicyviolation', (e) => console.error(
				`policy: ${e.violatedDirective} ${e.blockedURI} ${
					e.sourceFile}:${e.lineNumber}`)));
		this.page.on('console', (m) => this.said(m));
		this.page.on('pageerror', (e) => this.wrong.push(e.stack));
		this.page.on('request', (r) => {
			if (!r.url().startsWith(`${this.url}/`))
				this.wrong.push(`request to ${r.url()}`);
		});
		this.page.on('response', (r) => this.kept(r));
	}

	said(message) {
		const text = message.text();
		const [, status] = text.match(/status of (\d+)/) ?? [];
		const where = message.location().url;

		if (!['error', 'warning'].includes(message.type()) ||
			this.foreseen.some((f) => (f.what === Number(status) ||
				text.includes(f.what)) && f.where.test(where)))
			return;
		this.wrong.push(`console: ${text} ${where}`);
	}

	async kept(response) {
		const { pathname } = new URL(response.url());

		if (response.status() !== 200 ||
			!(pathname === '/' || pathname.startsWith('/page/')))
			return;
		const body = await response.body().catch(() => null);
		const sizes = await response.request().sizes().catch(() => null);

		if (body && sizes)
			this.files.set(pathname, { size: body.length,
				sent: sizes.responseBodySize });
	}

	// what: a status, or a word of what the console says.
	foresee(what, where) {
		this.foreseen.push({ what, where });
	}

	// Something measured: for people, no test depends on it.
	figure(name, value) {
		console.log(`# ${name}: ${value}`);
		this.figures[name] = value;
		fs.writeFileSync(path.join(this.folder, 'figures.json'),
			`${JSON.stringify(this.figures, null, '\t')}\n`);
	}

	// The view whose title is said; as if a link had been followed.
	async go(hash, title) {
		await this.page.evaluate((h) => { location.hash = h; }, hash);
		await this.title(title);
	}

	async title(title) {
		await this.page.locator('h1', { hasText: title }).waitFor();
	}

	async look(name, pictures = 'light') {
		for (const scheme of ['dark', 'light']) {
			await this.page.emulateMedia({ colorScheme: scheme });
			if ([scheme, 'both'].includes(pictures))
				await this.page.screenshot({ fullPage: true,
					path: path.join(this.folder, `${name}-${
						scheme}.png`) });
			this.wrong.push(...(await findings(this.page)).map((f) =>
				`${name}, ${scheme}: ${f}`));
			this.checked++;
		}
	}

	// A picture for docs/images, from the top down to the end of an element.
	async picture(name, last) {
		const end = last && await last.evaluate((e) =>
			e.getBoundingClientRect().bottom + scrollY);

		await this.page.screenshot({ fullPage: true,
			path: path.join(this.folder, `portal-${name}.png`),
			clip: last && { x: 0, y: 0, width: 1280,
				height: end + 16 } });
	}

	// Until charts have something to show, when pictures are for people.
	async looks(count) {
		let left = process.env.PICTURES ? count : 0;

		while (left-- > 0)
			await this.page.waitForResponse((r) =>
				/\/portal\/(live|machines\/[^/]*)$/.test(r.url()));
	}

	fine() {
		assert.deepStrictEqual(this.wrong, []);
	}

	async end() {
		await this.browser.close();
		this.fine();
	}
}

async function start(url, folder) {
	const made = new Browser(url, folder);

	fs.mkdirSync(folder, { recursive: true });
	await made.launch();
	return made;
}

module.exports = { LIMIT, start };
