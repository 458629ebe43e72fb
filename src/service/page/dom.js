// SPDX-License-Identifier: MIT
// Elements out of values.  Text is only ever set as text.
import { moment } from './i18n.js';

// el('td', { class: 'number' }, 'text', other elements): properties whose
// value is a function are listeners, true and false switch attributes.
export function el(name, properties = {}, ...children) {
	const made = document.createElement(name);

	for (const [key, value] of Object.entries(properties)) {
		if (typeof value === 'function')
			made.addEventListener(key, value);
		else if (typeof value === 'boolean')
			made.toggleAttribute(key, value);
		else if (value !== undefined)
			made.setAttribute(key, value);
	}
	made.append(...children.flat().filter((child) => child !== null));
	return made;
}

// Only when it is another: the browser lays out what changes.
export function text(element, value) {
	const wanted = String(value);

	if (element.textContent !== wanted)
		element.textContent = wanted;
}

// Rows of a table's body, one per item, kept by key: fresh(item) makes one,
// renew(row, item) brings it up to date.
export function rows(body, items, keyOf, fresh, renew) {
	const old = new Map([...body.children].map((row) =>
		[row.dataset.key, row]));
	let at = body.firstElementChild;

	for (const item of items) {
		const key = String(keyOf(item));
		let row = old.get(key);

		if (!row) {
			row = fresh(item);
			row.dataset.key = key;
		}
		old.delete(key);
		renew(row, item);
		if (row === at)
			at = at.nextElementSibling;
		else
			body.insertBefore(row, at);
	}
	for (const row of old.values())
		row.remove();
}

// A table with a caption and column titles; number: titles of columns that
// hold numbers.  Wide ones scroll in a box that the keyboard reaches.
export function table(caption, titles, numbers = []) {
	const body = el('tbody');
	const made = el('table', {}, el('caption', {}, caption),
		el('thead', {}, el('tr', {}, titles.map((title) => el('th', {
			scope: 'col',
			class: numbers.includes(title) ? 'number' : undefined,
		}, title)))), body);

	return { body, element: el('div', { class: 'scroll', tabindex: '0',
		role: 'region', 'aria-label': caption }, made) };
}

// A list of terms and what they are.
export const facts = (pairs) => el('dl', { class: 'facts' },
	pairs.filter(Boolean).map(([term, ...what]) => el('div', {},
		el('dt', {}, term), el('dd', {}, ...what))));

// A time, to the second; with UTC for who points at it.
export function time(value) {
	const utc = new Date(value).toISOString();

	return el('time', { datetime: utc, title: utc }, moment(value));
}

export const code = (value) => el('code', {}, value);

// Asks; true or false.  yes is the label of the button that does it.
export function confirm(question, yes, no) {
	return new Promise((answered) => {
		const heading = el('h2', { id: 'question' }, question);
		const dialog = el('dialog', { 'aria-labelledby': 'question' },
			heading, el('form', { method: 'dialog' },
				el('button', { value: 'no' }, no),
				el('button', { value: 'yes', class: 'danger' },
					yes)));

		dialog.addEventListener('close', () => {
			dialog.remove();
			answered(dialog.returnValue === 'yes');
		});
		document.body.append(dialog);
		dialog.showModal();
	});
}
