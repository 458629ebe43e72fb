// SPDX-License-Identifier: MIT
// Words in the reader's language.  English is in the code; the others are
// made from po/page/*.po.
export const languages = { en: 'English', fr: 'Français', nl: 'Nederlands' };

let catalogue = {};
let current = 'en';

const known = (tag) => tag?.toLowerCase().split('-')[0] in languages;

export function preferred() {
	const chosen = localStorage.getItem('language');

	if (known(chosen))
		return chosen;
	return (navigator.languages.find(known) ?? 'en').toLowerCase()
		.split('-')[0];
}

export async function speak(language) {
	if (language === 'en')
		catalogue = {};
	else
		catalogue = await (await fetch(`/page/${language}.json`)).json();
	current = language;
	document.documentElement.lang = language;
}

export const language = () => current;

// A message; {name} in it becomes values.name.
export const _ = (message, values = {}) =>
	(catalogue[message] ?? message).replace(/\{(\w+)\}/g,
		(all, name) => name in values ? String(values[name]) : all);

// For texts that the service says: known words only, others as they are.
export const word = (message) => catalogue[message] ?? message;

// ---- numbers ----

export const number = (value, digits = 0) => new Intl.NumberFormat(current,
	{ maximumFractionDigits: digits }).format(value);

// Pages of 4 KiB as memory.
export function memory(pages) {
	const mib = pages / 256;

	if (mib >= 1024)
		return `${number(mib / 1024, 1)} GiB`;
	return pages < 256 ? `${number(4 * pages)} KiB` :
		`${number(mib, mib < 10 ? 1 : 0)} MiB`;
}

export const percent = (part, whole) => new Intl.NumberFormat(current,
	{ style: 'percent', maximumFractionDigits: 1 })
	.format(whole ? part / whole : 0);

export const rate = (value) => number(value, value < 10 ? 1 : 0);

export const moment = (value) => new Intl.DateTimeFormat(current,
	{ dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(value));
