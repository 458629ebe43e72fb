// SPDX-License-Identifier: MIT
// @phala/dcap-qvl as published: it fetches collateral from our service and
// verifies a quote of an enclave of this machine against our root.  Then what
// it must refuse: another root, flipped bits, other times; and machines that
// are out of date or revoked.
'use strict';
const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const { X509Certificate } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const qvl = require('@phala/dcap-qvl');
const services = require('./service');

let number = 0;
const seen = (what) => console.log(`ok ${++number} - ${what}`);
const now = () => Math.floor(Date.now() / 1000);

const coffer = (...words) => execFileSync(
	path.join(process.env.COFFER_BINDIR, 'coffer'), words,
	{ stdio: ['ignore', 'pipe', 'inherit'] });

// A quote of a small enclave by a machine's quoting enclave.
function quoteOf(vm, data) {
	const file = path.join(process.env.COFFER_STATE_DIR, 'quote');
	process.env.COFFER_VM = vm;
	coffer('quote', '--data', data, '--out', file);
	return fs.readFileSync(file);
}

function refused(verifier, quote, collateral, when, what) {
	assert.throws(() => verifier.verify(quote, collateral, when),
		undefined, what);
}

async function verifies(url, root) {
	const quote = quoteOf('default', 'c0ffee');
	const verifier = qvl.QuoteVerifier.newWithRootCa(root);
	const collateral = await qvl.getCollateral(url, quote);
	const report = verifier.verify(quote, collateral, now());

	assert.strictEqual(report.status, 'UpToDate');
	seen('a quote of this machine, with collateral of the service');

	refused(qvl.QuoteVerifier.newProd(), quote, collateral, now(),
		'Intel\'s root');
	seen('refused by whoever trusts Intel\'s root alone');

	// Header, report, signature, key, QE's report, its signature,
	// authentication data.  (The chain is taken from the collateral.)
	let flips = 0;
	for (const at of [0, 2, 8, 12, 28, 48, 96, 112, 176, 304, 306, 368,
		431, 436, 499, 500, 563, 564, 612, 628, 692, 884, 947, 948,
		1011, 1014]) {
		const wrong = Buffer.from(quote);
		wrong[at] ^= 1 << (at % 8);
		refused(verifier, wrong, collateral, now(), `byte ${at}`);
		flips++;
	}
	for (const size of [0, 47, 432, 1000, quote.length - 1])
		refused(verifier, quote.subarray(0, size), collateral, now(),
			`${size} bytes`);
	seen(`${flips} flipped bits and shortened quotes are refused`);

	refused(verifier, quote, collateral, now() - 10 * 86400 * 365,
		'before');
	refused(verifier, quote, collateral, now() + 10 * 86400 * 365,
		'after');
	for (const part of ['tcb_info', 'qe_identity']) {
		const wrong = { ...collateral,
			[part]: collateral[part].replace(/UpToDate/,
				'Revoked') };
		assert.notStrictEqual(wrong[part], collateral[part]);
		refused(verifier, quote, wrong, now(), part);
	}
	seen('collateral of other times, and changed collateral, is refused');
	return verifier;
}

// Both CAs: a DCsv2 machine is certified by the other one.
async function otherFamily(url, verifier) {
	coffer('vm', 'create', 'small', '--size', 'Standard_DC1s_v2',
		'--on-demand');
	const quote = quoteOf('small', '01');
	const report = verifier.verify(quote,
		await qvl.getCollateral(url, quote), now());
	assert.strictEqual(report.status, 'UpToDate');
	seen('a machine of the other family, by the other CA');
	return quote;
}

async function outOfDate(url, verifier) {
	services.settle();
	coffer('vm', 'tcb', 'set', 'default', 'OutOfDate');
	const old = quoteOf('default', '02');
	const report = verifier.verify(old,
		await qvl.getCollateral(url, old), now());
	assert.strictEqual(report.status, 'OutOfDate');
	assert.ok(report.advisory_ids.length > 0);
	seen(`out of date, with ${report.advisory_ids.join(', ')}`);
}

// This client looks for nothing but the root in revocation lists, and always
// fetches that of the processor CA; so its list is looked at here, for the
// machine of that CA.
async function revoked(url, quote) {
	const listed = async () => {
		const { pck_crl, pck_certificate_chain } =
			await qvl.getCollateral(url, quote);
		const leaf = new X509Certificate(pck_certificate_chain);
		assert.match(leaf.issuer, /Intel SGX PCK Processor CA/);
		return Buffer.from(pck_crl).includes(
			Buffer.from(leaf.serialNumber, 'hex'));
	};
	assert.ok(!await listed());
	coffer('vm', 'tcb', 'revoke', 'small');
	assert.ok(await listed());
	coffer('vm', 'tcb', 'restore', 'small');
	assert.ok(!await listed());
	seen('revoked: in the list that it fetches, until restored');
}

async function main() {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'coffer-stock-'));
	process.once('exit', () => fs.rmSync(folder,
		{ recursive: true, force: true }));
	process.env.COFFER_STATE_DIR = path.join(folder, 'state');
	process.env.COFFER_RUNTIME_DIR = path.join(folder, 'run');
	process.env.COFFER_IDLE_SECONDS = '5';
	for (const name of ['state', 'run'])
		fs.mkdirSync(path.join(folder, name), { mode: 0o700 });

	const service = await services.start(['--quiet']);
	services.trust(service.ca);
	const root = new X509Certificate(fs.readFileSync(path.join(
		service.state, 'ca', 'root.pem'))).raw;
	const verifier = await verifies(service.url, root);
	const small = await otherFamily(service.url, verifier);
	await revoked(service.url, small);
	await outOfDate(service.url, verifier);
	await service.end();
	services.settle();
}

main().catch((error) => {
	console.error(error);
	process.exit(1);
});
