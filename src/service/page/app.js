// SPDX-License-Identifier: MIT
// The page's frame: signing in, languages, which view is shown, its clock.
import * as api from './api.js';
import { el } from './dom.js';
import { _, language, languages, preferred, speak, zone } from './i18n.js';
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
let turn = 0; // counts what was asked to be shown
let again = false; // the service did not answer: show it when it does
let lost = false; // the notice says that it does not answer
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
	by('footer').textContent = `${_('Machines, quotes and certificates ' +
		'here are Coffer\'s: the root of trust is software.')} ${
		_('Times are those of {zone}.', { zone: zone() })}`;
}

function signInForm() {
	const token = el('input', { id: 'token', type: 'password',
		autocomplete: 'off', required: true });

	document.title = 'Coffer';
	return el('form', { class: 'narrow', submit: (event) => {
		event.preventDefault();
		say('');
		api.signIn(token.value.trim());
		show(true);
	} }, el('h1', {}, _('Sign in')),
	el('label', { for: 'token' }, _('Token')), token,
	el('p', { class: 'hint' }, _('`coffer serve token` prints it; ' +
		'`coffer portal` opens this page signed in.')),
	el('button', { type: 'submit' }, _('Sign in')));
}

// What cannot be shown says why above, and leads on.
const nothing = () => ({ title: _('Not shown'), elements: [
	el('h1', {}, _('That cannot be shown')),
	el('p', {}, el('a', { href: '#/' }, _('Overview')))] });

function part(text) {
	try {
		return decodeURIComponent(text);
	} catch {
		return text; // nobody is called so
	}
}

function put(made, focus) {
	const content = by('content');

	content.replaceChildren(...made.elements);
	document.title = `${made.title} – Coffer`;
	shown = made;
	const heading = content.querySelector('h1');
	heading.tabIndex = -1;
	if (focus) {
		scrollTo(0, 0);
		heading.focus();
	}
}

// focus: somebody has gone there, and reads on at its heading.
async function show(focus = false) {
	const [, name = '', about = ''] = location.hash.split('/');
	const mine = ++turn;

	shown?.end?.();
	shown = null;
	again = false;
	frame();
	if (!api.signedIn()) {
		by('content').replaceChildren(signInForm());
		by('token').focus();
		return;
	}
	try {
		const view = Object.hasOwn(views, name) ? views[name] : overview;
		const made = await view.open(part(about));

		if (mine !== turn) { // another is asked for by now
			made.end?.();
			return;
		}
		put(made, focus);
		await tick();
	} catch (error) {
		if (mine !== turn)
			return;
		if (error.status !== 401)
			put(nothing(), focus);
		again = error.status === 0;
		lost ||= again;
		failed(error);
	}
}

async function tick() {
	const view = shown;

	if (ticking || document.hidden)
		return;
	ticking = true;
	try {
		if (again)
			await api.get('/portal/info');
		else
			await view?.tick?.();
		if (lost)
			say('');
		lost = false;
	} catch (error) {
		if (view === shown || error.status === 401) {
			failed(error);
			lost = error.status !== 401; // what comes next is a form
		}
	}
	ticking = false;
	if (again && !lost)
		await show();
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
	choice.value = language();
	choice.addEventListener('change', async () => {
		localStorage.setItem('language', choice.value);
		await speak(choice.value);
		choice.value = language();
		show();
	});
	by('leave').addEventListener('click', () => {
		api.signOut();
		say('');
		show();
	});
	addEventListener('signedout', () => show());
	by('skip').addEventListener('click', (event) => {
		event.preventDefault();
		by('content').focus();
	});
	addEventListener('hashchange', () => {
		handed();
		say('');
		show(true);
	});
	document.addEventListener('visibilitychange', tick);
	await show();
	setInterval(tick, 1000);
}

begin();
