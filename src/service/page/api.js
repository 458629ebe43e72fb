// SPDX-License-Identifier: MIT
// The service, as docs/portal-api.md describes it.

const VERSION = '2024-07-01';

let about = null; // what the service says of itself and of the token

export const signedIn = () => sessionStorage.getItem('token') !== null;

export function signIn(token) {
	sessionStorage.setItem('token', token);
	about = null;
}

export function signOut() {
	sessionStorage.removeItem('token');
	about = null;
}

// What the service refused: its code and its sentence.
export class Refused extends Error {
	constructor(status, code, message) {
		super(message);
		this.status = status;
		this.code = code;
	}
}

function lost() {
	throw new Refused(0, 'NoAnswer', '');
}

async function send(path, options = {}) {
	const answer = await fetch(path, { ...options, headers: {
		...options.headers,
		Authorization: `Bearer ${sessionStorage.getItem('token')}` },
	}).catch(lost);
	const text = await answer.text().catch(lost);
	let body = null;

	try {
		body = text ? JSON.parse(text) : null;
	} catch {
		throw new Refused(answer.status, 'InternalError',
			`${answer.status}: ${text.slice(0, 200)}`);
	}
	if (!answer.ok)
		throw new Refused(answer.status, body?.error?.code ?? '',
			body?.error?.message ?? String(answer.status));
	return { answer, body };
}

// Nothing that is only looked at takes long.
export const get = async (path) => (await send(path, {
	signal: AbortSignal.timeout(30000) })).body;

export const postJson = async (path, value) => (await send(path, {
	method: 'POST', headers: { 'Content-Type': 'application/json' },
	body: JSON.stringify(value) })).body;

// ---- machines, by Azure Resource Manager's paths ----

export async function info() {
	about ??= await get('/portal/info');
	return about;
}

const compute = 'providers/Microsoft.Compute';

async function arm(path) {
	const { subscription } = await info();

	return `/subscriptions/${subscription}/${path}?api-version=${VERSION}`;
}

const machinePath = (group, name, more = '') => arm(`resourceGroups/${
	encodeURIComponent(group)}/${compute}/virtualMachines/${
	encodeURIComponent(name)}${more}`);

export const skus = async () =>
	(await get(await arm(`${compute}/skus`))).value;

export const usages = async () => (await get(await arm(
	`${compute}/locations/coffer-local/usages`))).value;

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

// Follows an operation to its end; told(operation) as it goes on.
async function finished(answer, told) {
	const url = answer.headers.get('Azure-AsyncOperation');

	if (!url)
		return;
	const path = new URL(url, location.href);
	for (let wait = 100; ; wait = Math.min(2 * wait, 1000)) {
		const state = await get(path.pathname + path.search);

		told?.(state.properties ?? {});
		if (state.status === 'Failed')
			throw new Refused(409, state.error.code,
				state.error.message);
		if (state.status !== 'InProgress')
			return;
		await pause(wait);
	}
}

async function change(path, method, value, told) {
	const { answer } = await send(path, { method,
		headers: value ? { 'Content-Type': 'application/json' } : {},
		body: value ? JSON.stringify(value) : undefined });

	await finished(answer, told);
}

export const create = async (order, told) => change(
	await machinePath(order.group, order.name), 'PUT', {
		location: 'coffer-local',
		...(order.zone ? { zones: [order.zone] } : {}),
		properties: { hardwareProfile: { vmSize: order.size } },
	}, told);

export const act = async (machine, action, told) => change(
	await machinePath(machine.group, machine.name, `/${action}`), 'POST',
	null, told);

export const resize = async (machine, size) => change(
	await machinePath(machine.group, machine.name), 'PATCH',
	{ properties: { hardwareProfile: { vmSize: size } } });

export const remove = async (machine, told) => change(
	await machinePath(machine.group, machine.name), 'DELETE', null, told);
