// SPDX-License-Identifier: MIT
// A state directory with its service, the command line and applications on it.
//
//	const world = await require('./world').make();
//	world.coffer('vm', 'list')           its standard output
//	await world.end()
'use strict';
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');
const services = require('../stock/service');

const LIMIT = 90000; // ms

// An application that reads commands and answers with lines.
class Application {
	constructor(program, words, env) {
		this.child = spawn(program, words, { env,
			stdio: ['pipe', 'pipe', 'inherit'] });
		this.lines = readline.createInterface({
			input: this.child.stdout })[Symbol.asyncIterator]();
		process.once('exit', () => this.child.kill('SIGKILL'));
	}

	// The rest of the next line that begins with a word.
	async expect(word) {
		for (;;) {
			const { value, done } = await this.lines.next();

			if (done)
				throw new Error(`ended without "${word}"`);
			if (value.startsWith(word))
				return value.slice(word.length).trim();
		}
	}

	say(line, word) {
		this.child.stdin.write(`${line}\n`);
		return this.expect(word);
	}

	async end() {
		const ended = new Promise((r) => this.child.once('exit', r));

		this.child.stdin.end();
		await ended;
	}
}

class World {
	constructor() {
		this.folder = fs.mkdtempSync(path.join(os.tmpdir(),
			'coffer-page-'));
		for (const name of ['state', 'run'])
			fs.mkdirSync(path.join(this.folder, name),
				{ mode: 0o700 });
		Object.assign(process.env, {
			COFFER_STATE_DIR: path.join(this.folder, 'state'),
			COFFER_RUNTIME_DIR: path.join(this.folder, 'run'),
			COFFER_IDLE_SECONDS: '1' });
		process.once('exit', () => this.clean());
	}

	program(name) {
		return path.join(process.env.COFFER_BINDIR, name);
	}

	env(machine) {
		return { ...process.env, ...(machine ? { COFFER_VM: machine } :
			{}) };
	}

	run(program, words, machine) {
		return execFileSync(program, words, { encoding: 'utf8',
			env: this.env(machine), timeout: LIMIT,
			stdio: ['ignore', 'pipe', 'inherit'] });
	}

	// Without waiting for its end: the service answers others meanwhile.
	// statuses: those that are right.
	async running(program, words, machine, statuses = [0]) {
		const child = spawn(program, words, { env: this.env(machine),
			stdio: ['ignore', 'pipe', 'inherit'] });
		let text = '';

		child.stdout.on('data', (chunk) => { text += chunk; });
		const status = await new Promise((r) => child.once('close', r));

		if (!statuses.includes(status))
			throw new Error(`${program} ${words.join(' ')}: ${status}`);
		return text.trim();
	}

	coffer(...words) {
		return this.run(this.program('coffer'), words).trim();
	}

	machines() {
		const folder = path.join(this.folder, 'state/vm');

		return fs.existsSync(folder) ? fs.readdirSync(folder)
			.filter((name) => !name.startsWith('.')) : [];
	}

	application(program, words, machine) {
		return new Application(program, words, this.env(machine));
	}

	clean() {
		spawnSync(this.program('coffer'), ['vm', 'delete', '--force',
			...this.machines()], { stdio: 'ignore', timeout: LIMIT });
		fs.rmSync(this.folder, { recursive: true, force: true });
	}
}

async function make() {
	const world = new World();

	world.service = await services.start(['--quiet']);
	return world;
}

module.exports = { make };
