// SPDX-License-Identifier: MIT
// Words in the reader's language.  English is in the code; the others are
// made from po/page/*.po.
export const languages = { en: 'English', fr: 'Français', nl: 'Nederlands' };

let catalogue = {};
let current = 'en';

const known = (tag) => typeof tag === 'string' &&
	Object.hasOwn(languages, tag.toLowerCase().split('-')[0]);

export function preferred() {
	const chosen = localStorage.getItem('language');

	if (known(chosen))
		return chosen;
	return (navigator.languages.find(known) ?? 'en').toLowerCase()
		.split('-')[0];
}

// Without an answer it stays as it was.
export async function speak(language) {
	if (language === 'en') {
		catalogue = {};
	} else {
		const answer = await fetch(`/page/${language}.json`)
			.then((a) => a.json()).catch(() => null);

		if (!answer)
			return;
		catalogue = answer;
	}
	current = language;
	document.documentElement.lang = language;
}

export const language = () => current;

// A message; {name} in it becomes values.name.
export const _ = (message, values = {}) =>
	(catalogue[message] ?? message).replace(/\{(\w+)\}/g,
		(all, name) => name in values ? String(values[name]) : all);

// ---- numbers ----

// To make one takes longer than to use it a hundred times.
const formats = new Map();

// As in the reader's country, if the browser has it with this language.
const locale = () => navigator.languages.find((tag) =>
	tag.toLowerCase().split('-')[0] === current) ?? current;

function format(kind, options) {
	const key = `${locale()} ${JSON.stringify(options)}`;

	if (!formats.has(key))
		formats.set(key, new kind(locale(), options));
	return formats.get(key);
}

export const number = (value, digits = 0) => format(Intl.NumberFormat,
	{ maximumFractionDigits: digits }).format(value);

// Pages of 4 KiB as memory.
export function memory(pages) {
	const mib = pages / 256;

	if (mib >= 1024)
		return `${number(mib / 1024, 1)} GiB`;
	return pages < 256 ? `${number(4 * pages)} KiB` :
		`${number(mib, mib < 10 ? 1 : 0)} MiB`;
}

export const rate = (value) => number(value, value < 10 ? 1 : 0);

// Times are those of the reader's zone, which the page's foot says.
export const moment = (value) => format(Intl.DateTimeFormat,
	{ dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(value));

export const clock = (value) => format(Intl.DateTimeFormat,
	{ timeStyle: 'medium' }).format(value);

export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;
