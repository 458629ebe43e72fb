// SPDX-License-Identifier: MIT
// The page in other languages: what is seen is compared with English.
'use strict';
const assert = require('node:assert');

const views = [['', 'Overview'], ['create', 'Create a machine'],
	['machine/small', null], ['quote', 'Attestation'], ['keys', 'Keys'],
	['keys/data-key', null]];

// All texts that are seen or read aloud, data or words.
const texts = (page) => page.evaluate(() => {
	const found = new Set();
	const walk = document.createTreeWalker(document.body,
		NodeFilter.SHOW_TEXT);

	for (let node = walk.nextNode(); node; node = walk.nextNode())
		if (node.parentElement.checkVisibility() &&
			!node.parentElement.closest('#language, .chart'))
			found.add(node.textContent.trim());
	for (const e of document.querySelectorAll('[aria-label]'))
		if (e.checkVisibility())
			found.add(e.getAttribute('aria-label'));
	return [...found].filter((text) => /\p{L}{2}/u.test(text));
});

// Sentences of the service are English, and say so.
const english = (page) => page.evaluate(() => {
	const walk = document.createTreeWalker(document.body,
		NodeFilter.SHOW_TEXT);
	const found = [];

	for (let node = walk.nextNode(); node; node = walk.nextNode())
		if (/\b(the|its|and|has|by|which)\b/i.test(node.textContent) &&
			!node.parentElement.closest('[lang=en], code, pre'))
			found.push(node.textContent);
	return found;
});

async function collect(browser, quote, word, foreign) {
	const { page } = browser;
	const all = {};

	for (const [view, title] of views) {
		await browser.go(`#/${view}`, title ? word(title) :
			view.split('/')[1]);
		if (view === 'quote') {
			await page.setInputFiles('#file', quote);
			await page.locator('.verdict').waitFor();
		}
		if (view === '' || view.startsWith('machine'))
			await page.locator(view ? '.events li' : 'tbody tr').first()
				.waitFor();
		all[view] = await texts(page);
		if (foreign)
			assert.deepStrictEqual(await english(page), [], view);
	}
	return all;
}

// A verdict, a refusal and an event: in this language, and beneath as the
// service said it.
async function explained(browser, words) {
	const { page } = browser;

	await browser.go('#/quote', words.Attestation);
	await page.fill('#quote', '00');
	await page.locator('form button[type=submit]').click();
	const verdict = page.locator('.verdict.refused');
	await verdict.getByText(words['This is no quote of a kind that can be ' +
		'verified.']).waitFor();
	await verdict.getByText(words['Is it a quote, and all of it? `coffer ' +
		'quote` makes one.']).waitFor();
	assert.ok(await verdict.locator('details [lang=en] li').count() > 0);
	await page.fill('#quote', '§');
	await page.locator('form button[type=submit]').click();
	const notice = page.locator('#notice.bad');
	await notice.getByText(words['That is not possible as it was entered.'])
		.waitFor();
	assert.ok((await notice.locator('[lang=en]').textContent()).length > 9);
	await browser.go('#/machine/small', 'small');
	const tampering = page.locator('.events li.tampered');
	const said = words['Enclave {enclave} of process {process}: memory of ' +
		'it was changed while it was evicted. It is locked.'];
	const pattern = said.replace(/[.*+?^$()|[\]\\]/g, '\\$&')
		.replace(/\{\w+\}/g, '\\d+');
	await tampering.getByText(new RegExp(pattern)).waitFor();
	assert.match(await tampering.locator('small[lang=en]').textContent(),
		/tampered with|locked/);
}

// What is the same in every language: names, identities, values of the API,
// and sentences of the service, which are English.
async function spoken(browser, quote, seen) {
	const { page } = browser;
	const english = await collect(browser, quote, (text) => text);

	for (const language of ['fr', 'nl']) {
		await page.selectOption('#language', language);
		await page.locator(`html[lang=${language}]`).waitFor();
		const words = await page.evaluate(async (l) =>
			(await fetch(`/page/${l}.json`)).json(), language);
		const here = await collect(browser, quote,
			(text) => words[text], true);
		let changed = 0;

		for (const [view] of views) {
			const left = here[view].filter((text) =>
				text in words && words[text] !== text &&
				!Object.values(words).includes(text));
			assert.deepStrictEqual(left, [], `${language}: ${view}`);
			const same = english[view].filter((text) =>
				here[view].includes(text));
			if (process.env.SHOW)
				console.log(`# ${language} ${view}: ${same.join(' | ')}`);
			changed += english[view].length - same.length;
		}
		assert.ok(changed > 60, `${language}: ${changed}`);
		await explained(browser, words);
		await browser.go('#/', words.Overview);
		await browser.look(`overview-${language}`);
		if (language === 'fr') {
			await browser.looks(6);
			await browser.picture('overview-fr');
		}
		seen(`${language}: every word of the page, ${changed} of them`);
	}
	await page.selectOption('#language', 'en');
	await browser.title('Overview');
}

module.exports = { spoken };
