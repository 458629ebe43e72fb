// SPDX-License-Identifier: MIT
// The page's frame: signing in, languages, which view is shown, its clock.
import * as api from './api.js';
import { el } from './dom.js';
import { _, languages, preferred, speak } from './i18n.js';
import { failed, say } from './notice.js';
import * as overview from './overview.js';
import * as create from './create.js';
import * as machine from './machine.js';
import * as quote from './quote.js';
import * as keys from './keys.js';

const by = (id) => document.getElementById(id);

// #/machine/web-0: the view, and what it is about.
const views = { '': overview, create, machine, quote, keys };

let shown = null; // { tick, end } of the view
let ticking = false;

// ---- frame ----

function frame() {
	const here = location.hash.split('/')[1] ?? '';
	const signed = api.signedIn();
	const link = (view, title) => el('a', { href: `#/${view}`,
		'aria-current': here === view ||
			(view === '' && here === 'machine') ? 'page' :
			undefined }, title);

	by('skip').textContent = _('Skip to content');
	by('nav').setAttribute('aria-label', _('Pages'));
	by('nav').hidden = by('leave').hidden = !signed;
	by('nav').replaceChildren(link('', _('Overview')),
		link('create', _('Create')), link('quote', _('Attestation')),
		link('keys', _('Keys')));
	by('leave').textContent = _('Sign out');
	by('language').setAttribute('aria-label', _('Language'));
	by('footer').textContent = _('Machines, quotes and certificates here ' +
		'are Coffer\'s: the root of trust is software.');
}

function signInForm() {
	const token = el('input', { id: 'token', type: 'password',
		autocomplete: 'off', required: true });

	document.title = 'Coffer';
	return el('form', { class: 'narrow', submit: (event) => {
		event.preventDefault();
		say('');
		api.signIn(token.value.trim());
		show();
	} }, el('h1', {}, _('Sign in')),
	el('label', { for: 'token' }, _('Token')), token,
	el('p', { class: 'hint' }, _('`coffer serve token` prints it; ' +
		'`coffer portal` opens this page signed in.')),
	el('button', { type: 'submit' }, _('Sign in')));
}

async function show() {
	const asked = location.hash;
	const [, name = '', about = ''] = asked.split('/');
	const content = by('content');

	shown?.end?.();
	shown = null;
	frame();
	if (!api.signedIn()) {
		content.replaceChildren(signInForm());
		by('token').focus();
		return;
	}
	try {
		const view = Object.hasOwn(views, name) ? views[name] : overview;
		const made = await view.open(decodeURIComponent(about));

		if (location.hash !== asked) { // another is asked for by now
			made.end?.();
			return;
		}
		content.replaceChildren(...made.elements);
		document.title = `${made.title} – Coffer`;
		shown = made;
		await tick();
	} catch (error) {
		failed(error);
	}
}

async function tick() {
	if (ticking || document.hidden || !shown?.tick)
		return;
	ticking = true;
	try {
		await shown.tick();
		if (by('notice').dataset.lost) {
			delete by('notice').dataset.lost;
			say('');
		}
	} catch (error) {
		failed(error);
		by('notice').dataset.lost = 'yes';
	}
	ticking = false;
}

// ---- begin ----

// The address that `coffer portal` prints brings the token behind '#'.
function handed() {
	const token = new URLSearchParams(location.hash.slice(1)).get('token');

	if (!token)
		return;
	api.signIn(token);
	history.replaceState(null, '', location.pathname);
}

async function begin() {
	const choice = by('language');

	handed();
	choice.append(...Object.entries(languages).map(([tag, title]) =>
		el('option', { value: tag, lang: tag }, title)));
	choice.value = preferred();
	await speak(choice.value);
	choice.addEventListener('change', async () => {
		localStorage.setItem('language', choice.value);
		await speak(choice.value);
		show();
	});
	by('leave').addEventListener('click', () => {
		api.signOut();
		say('');
		show();
	});
	addEventListener('signedout', show);
	by('skip').addEventListener('click', (event) => {
		event.preventDefault();
		by('content').focus();
	});
	addEventListener('hashchange', () => {
		handed();
		say('');
		show();
	});
	document.addEventListener('visibilitychange', tick);
	await show();
	setInterval(tick, 1000);
}

begin();
