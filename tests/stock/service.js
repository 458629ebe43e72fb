// SPDX-License-Identifier: MIT
// A coffer-serve of a script's own.  COFFER_BINDIR and COFFER_STATE_DIR say
// which programs and whose state; without the latter a folder is made and
// removed.
//
//	const service = await require('./service').start();
//	... service.url, service.token, service.ca ...
//	await service.end();
'use strict';
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

// options: further arguments of coffer-serve.
async function start(options = []) {
	const own = !process.env.COFFER_STATE_DIR;
	const state = process.env.COFFER_STATE_DIR ||
		fs.mkdtempSync(path.join(os.tmpdir(), 'coffer-stock-'));
	const child = spawn(path.join(process.env.COFFER_BINDIR,
		'coffer-serve'), ['--port', '0', '--state', state, ...options],
		{ stdio: ['ignore', 'pipe', 'inherit'] });
	const ended = new Promise((resolve) => child.once('exit', resolve));
	// A script that dies takes its service along.
	process.once('exit', () => child.kill('SIGKILL'));
	const url = await new Promise((resolve, reject) => {
		let text = '';
		child.stdout.on('data', (chunk) => {
			text += chunk;
			if (text.includes('\n'))
				resolve(text.trim());
		});
		ended.then((status) => reject(
			new Error(`coffer-serve has ended: ${status}`)));
		child.once('error', reject);
	});
	const folder = path.join(state, 'serve');
	const read = (name) =>
		fs.readFileSync(path.join(folder, name), 'utf8').trim();
	const ca = url.startsWith('https:') ? read('tls/ca.pem') : null;
	return {
		url, state, folder, ca,
		token: read('admin.token'),
		pid: child.pid,
		async end() {
			child.kill('SIGTERM');
			const status = await ended;
			if (own)
				fs.rmSync(state, { recursive: true });
			if (status)
				throw new Error(`coffer-serve: ${status}`);
		},
	};
}

// Makes this process trust a CA, also in clients that ask nobody: their
// sockets are made by tls.connect().
function trust(ca) {
	const tls = require('node:tls');
	const plain = tls.createSecureContext;
	tls.createSecureContext = (options) => {
		const context = plain(options);
		context.context.addCACert(ca);
		return context;
	};
}

// Waits until the machines of COFFER_RUNTIME_DIR are down, so that the next
// one to start has its new TCB.
function settle() {
	const run = process.env.COFFER_RUNTIME_DIR;
	const end = Date.now() + 90000;
	while (fs.readdirSync(run).some((name) =>
		fs.existsSync(path.join(run, name, 'driver.sock')))) {
		if (Date.now() > end)
			throw new Error('the machine does not end');
		Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0,
			100);
	}
}

module.exports = { settle, start, trust };
