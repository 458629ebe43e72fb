// SPDX-License-Identifier: MIT
// @azure/attestation as published: an enclave of this machine is attested,
// its token validated by the client; policies are shown, set and reset;
// policy signers are added and removed.
'use strict';
const assert = require('node:assert');
const crypto = require('node:crypto');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { AttestationAdministrationClient, AttestationClient,
	createAttestationPolicyToken } = require('@azure/attestation');
const services = require('./service');

let number = 0;
const seen = (what) => console.log(`ok ${++number} - ${what}`);
const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest();

const permit = 'version=1.0;authorizationrules{=>permit();};';
const refused = (promise, code, text) =>
	assert.rejects(promise, (error) => {
		assert.strictEqual(error.statusCode, 400, error.message);
		assert.strictEqual(error.code, code);
		assert.match(error.message, text);
		return true;
	});

// A quote of a small enclave by this machine's quoting enclave, with the
// hash of data in REPORTDATA.
function quoteOf(data) {
	const file = path.join(process.env.COFFER_STATE_DIR, 'quote');
	execFileSync(path.join(process.env.COFFER_BINDIR, 'coffer'), ['quote',
		'--data', sha256(data).toString('hex'), '--out', file]);
	return fs.readFileSync(file);
}

// Open Enclave's report: a header before the quote.
function reportOf(quote) {
	const header = Buffer.alloc(16);
	header.writeUInt32LE(1, 0);
	header.writeUInt32LE(2, 4);
	header.writeBigUInt64LE(BigInt(quote.length), 8);
	return Buffer.concat([header, quote]);
}

async function attest(url) {
	const client = new AttestationClient(url);
	const held = Buffer.from('what the enclave holds');
	const runtime = Buffer.from('{"keys": [], "who": "an enclave"}');
	const ofHeld = quoteOf(held), ofRuntime = quoteOf(runtime);

	const { token, body } = await client.attestSgxEnclave(ofHeld,
		{ runTimeData: held, validationOptions: { validateToken: true,
			validateExpirationTime: true, validateNotBeforeTime: true,
			validateIssuer: true, expectedIssuer: url } });
	assert.strictEqual(body.issuer, url);
	assert.strictEqual(body.version, '1.0');
	assert.strictEqual(body.verifierType, 'sgx');
	assert.deepStrictEqual(Buffer.from(body.enclaveHeldData), held);
	assert.strictEqual(body.mrEnclave,
		ofHeld.subarray(112, 144).toString('hex'));
	assert.strictEqual(body.mrSigner,
		ofHeld.subarray(176, 208).toString('hex'));
	assert.strictEqual(body.isDebuggable, (ofHeld[96] & 2) !== 0);
	assert.strictEqual(body.productId, ofHeld.readUInt16LE(304));
	assert.strictEqual(body.svn, ofHeld.readUInt16LE(306));
	assert.strictEqual(body.sgxCollateral.quotehash,
		sha256(ofHeld).toString('hex'));
	assert.strictEqual(token.expiresOn - token.issuedAt, 28800000);
	assert.strictEqual(token.getBody()['x-coffer-root'], 'software');
	assert.strictEqual(token.getBody()['x-coffer-tcb-status'], 'UpToDate');
	seen('a quote is attested, and the client validates the token');

	const json = await client.attestOpenEnclave(reportOf(ofRuntime),
		{ runTimeJson: runtime });
	assert.deepStrictEqual(json.body.runTimeClaims,
		JSON.parse(runtime.toString()));
	assert.strictEqual(json.body.enclaveHeldData, undefined);
	seen("Open Enclave's report is attested, with JSON");

	const draft = await client.attestSgxEnclave(ofHeld, {
		draftPolicyForAttestation: `${permit}issuancerules{
			c:[type=="x-ms-sgx-svn"]=>issue(type="v", value=c.value);
		};` });
	assert.strictEqual(draft.token.algorithm, 'none');
	assert.strictEqual(draft.token.getBody().v, body.svn);
	seen('a draft policy gives an unsecured token');

	await refused(client.attestSgxEnclave(ofHeld, { runTimeData: runtime }),
		'InvalidParameter', /REPORTDATA/);
	await refused(client.attestSgxEnclave(ofHeld,
		{ draftPolicyForAttestation: 'version=1.0;' }),
		'InvalidParameter', /authorizationrules is missing/);
	ofHeld[200] ^= 1;
	await refused(client.attestSgxEnclave(ofHeld), 'InvalidParameter',
		/signature/);
	ofHeld[200] ^= 1;
	seen('data that is not bound, a bad draft, a changed quote are refused');

	const signers = await client.getAttestationSigners();
	assert.strictEqual(signers.length, 1);
	assert.strictEqual(signers[0].keyId, token.keyId);
	const cert = new crypto.X509Certificate(signers[0].certificates[0]);
	const [head, payload, signature] = token.serialize().split('.');
	assert.ok(crypto.verify('sha256', Buffer.from(`${head}.${payload}`),
		cert.publicKey, Buffer.from(signature, 'base64url')));
	const metadata = await client.getOpenIdMetadata();
	assert.strictEqual(metadata.jwks_uri ?? metadata.jwksUri,
		`${url}/certs`);
	seen('signers and metadata are published');
	return ofHeld;
}

// The machine is revoked, and put out of date, and made good again.
async function condemn(url, quote) {
	const client = new AttestationClient(url);
	const vm = (...words) => execFileSync(path.join(
		process.env.COFFER_BINDIR, 'coffer'), ['vm', 'tcb', ...words]);
	// The service looks at the CA again after two seconds.
	const soon = () => new Promise((r) => setTimeout(r, 2500));
	const data = Buffer.from('another quote');

	vm('revoke', 'default');
	await soon();
	await refused(client.attestSgxEnclave(quote), 'InvalidParameter',
		/revoked/);
	vm('restore', 'default');
	await soon();
	await client.attestSgxEnclave(quote);
	seen('a revoked machine gets no token, until it is restored');

	services.settle();
	vm('set', 'default', 'SWHardeningNeeded');
	const { token } = await client.attestSgxEnclave(quoteOf(data),
		{ runTimeData: data });
	assert.strictEqual(token.getBody()['x-coffer-tcb-status'],
		'SWHardeningNeeded');
	services.settle();
	vm('set', 'default', 'OutOfDate');
	await refused(client.attestSgxEnclave(quoteOf(data)),
		'InvalidParameter', /below the baseline/);
	seen("tokens tell the machine's status; one out of date gets none");
}

const bearer = (token) => ({ getToken: async () =>
	({ token, expiresOnTimestamp: Date.now() + 3600e3 }) });

// A key and a self-signed certificate, by openssl.
function signerNew(folder, name) {
	const [key, cert] = ['key', 'pem'].map((kind) =>
		path.join(folder, `${name}.${kind}`));
	execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes',
		'-keyout', key, '-out', cert, '-subj', `/CN=${name}`, '-days', '2',
		'-addext', 'basicConstraints=critical,CA:TRUE'],
		{ stdio: 'ignore' });
	// The client's library reads the older encoding of keys.
	return { privateKey: crypto.createPrivateKey(fs.readFileSync(key))
		.export({ type: 'pkcs1', format: 'pem' }),
		certificate: fs.readFileSync(cert, 'utf8'), file: cert };
}

async function administer(service, quote, signer) {
	const client = new AttestationAdministrationClient(service.url,
		bearer(service.token));
	const attestation = new AttestationClient(service.url);
	const before = await client.getPolicy('SgxEnclave');
	assert.match(before.body, /authorizationrules/);

	const denying = 'version=1.0;authorizationrules{=>deny();};';
	const set = await client.setPolicy('SgxEnclave', denying);
	assert.strictEqual(set.body.policyResolution, 'Updated');
	const hash = sha256(createAttestationPolicyToken(denying).serialize());
	assert.deepStrictEqual(Buffer.from(set.body.policyTokenHash), hash);
	assert.strictEqual((await client.getPolicy('SgxEnclave')).body, denying);
	assert.strictEqual((await client.getPolicy('OpenEnclave')).body,
		before.body);
	await refused(attestation.attestSgxEnclave(quote),
		'PolicyEvaluationError', /denies/);
	const reset = await client.resetPolicy('SgxEnclave');
	assert.strictEqual(reset.body.policyResolution, 'Removed');
	assert.strictEqual((await client.getPolicy('SgxEnclave')).body,
		before.body);
	await attestation.attestSgxEnclave(quote);
	seen('a policy is set, takes effect, and is reset');

	const own = await client.setPolicy('SgxEnclave', permit, signer);
	assert.strictEqual(own.body.policySigner.certificates.length, 1);
	await client.resetPolicy('SgxEnclave', signer);
	seen('a signed policy is set');

	await refused(client.setPolicy('SgxEnclave', 'version=1.0;\nrules{}'),
		'InvalidParameter', /line 2, column 1/);
	await assert.rejects(new AttestationAdministrationClient(service.url,
		bearer('another')).getPolicy('SgxEnclave'),
		{ statusCode: 401, code: 'Unauthorized' });
	seen('a bad policy and a stranger are refused');
}

async function isolated(url, token, first, second) {
	const client = new AttestationAdministrationClient(url, bearer(token));
	const count = async () =>
		(await client.getPolicyManagementCertificates()).body.length;

	assert.strictEqual(await count(), 1);
	await refused(client.setPolicy('SgxEnclave', permit),
		'InvalidOperation', /signature/);
	await refused(client.setPolicy('SgxEnclave', permit, second),
		'InvalidOperation', /none of the policy signers/);
	await client.setPolicy('SgxEnclave', permit, first);
	assert.strictEqual((await client.getPolicy('SgxEnclave')).body, permit);
	const added = await client.addPolicyManagementCertificate(
		second.certificate, first.privateKey, first.certificate);
	assert.strictEqual(added.body.certificateResolution, 'IsPresent');
	assert.strictEqual(await count(), 2);
	await client.resetPolicy('SgxEnclave', second);
	const removed = await client.removePolicyManagementCertificate(
		second.certificate, first.privateKey, first.certificate);
	assert.strictEqual(removed.body.certificateResolution, 'IsAbsent');
	await refused(client.removePolicyManagementCertificate(
		first.certificate, first.privateKey, first.certificate),
		'InvalidParameter', /last/);
	assert.strictEqual(await count(), 1);
	seen('policy signers sign, are added and removed');
}

async function main() {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'coffer-stock-'));
	process.once('exit', () => fs.rmSync(folder,
		{ recursive: true, force: true }));
	process.env.COFFER_STATE_DIR = path.join(folder, 'state');
	process.env.COFFER_RUNTIME_DIR = path.join(folder, 'run');
	// Longer than the quoting enclaves take to be made.
	process.env.COFFER_IDLE_SECONDS = '4';
	for (const name of ['state', 'run'])
		fs.mkdirSync(path.join(folder, name), { mode: 0o700 });
	const first = signerNew(folder, 'first');
	const second = signerNew(folder, 'second');

	let service = await services.start();
	services.trust(service.ca);
	const quote = await attest(service.url);
	await administer(service, quote, first);
	await condemn(service.url, quote);
	await service.end();

	service = await services.start(['-o',
		`maa.policy_signers=${first.file}`]);
	await isolated(service.url, service.token, first, second);
	await service.end();
	services.settle();
}

main().catch((error) => {
	console.error(error);
	process.exit(1);
});
