// SPDX-License-Identifier: MIT
// Signing in, and the machines.
const version = '2026-03-01';
const by = (id) => document.getElementById(id);

// The address that `coffer portal` prints brings the token behind '#'.
const handed = new URLSearchParams(location.hash.slice(1)).get('token');
if (handed) {
	sessionStorage.setItem('token', handed);
	history.replaceState(null, '', location.pathname);
}

async function ask(path, options = {}) {
	const answer = await fetch(path, { ...options, headers: {
		...options.headers,
		Authorization: `Bearer ${sessionStorage.getItem('token')}` } });
	const body = await answer.json();
	if (answer.ok)
		return body;
	if (answer.status === 401)
		sessionStorage.removeItem('token');
	throw new Error(body.error.message);
}

function row(machine) {
	const line = document.createElement('tr');
	for (const text of [machine.name, machine.size, machine.zone || '',
		machine.power]) {
		const cell = document.createElement('td');
		cell.textContent = text;
		line.append(cell);
	}
	return line;
}

async function show() {
	const signed = sessionStorage.getItem('token') !== null;
	by('enter').hidden = signed;
	by('machines').hidden = by('leave').hidden = !signed;
	if (!signed)
		return;
	try {
		const { machines } = await ask('/portal/live');
		by('machines').tBodies[0].replaceChildren(...machines.map(row));
		by('notice').textContent = machines.length ? '' :
			'There are no machines yet.';
	} catch (error) {
		by('notice').textContent = error.message;
		if (sessionStorage.getItem('token') === null)
			show();
	}
}

by('enter').addEventListener('submit', (event) => {
	event.preventDefault();
	sessionStorage.setItem('token', by('token').value.trim());
	by('token').value = '';
	by('notice').textContent = '';
	show();
});
by('leave').addEventListener('click', () => {
	sessionStorage.removeItem('token');
	show();
});
show();
setInterval(() => {
	if (!document.hidden && sessionStorage.getItem('token') !== null)
		show();
}, 1000);
