// SPDX-License-Identifier: MIT
// @azure/keyvault-keys as published: keys are made, imported, listed, used,
// deleted, and released to whom an attestation token names.  The token's
// issuer is a small one of this script's, trusted by configuration; that of
// the services themselves is tried with an enclave (tests/key_release).
'use strict';
const assert = require('node:assert');
const crypto = require('node:crypto');
const http = require('node:http');
const { CryptographyClient, KeyClient } = require('@azure/keyvault-keys');
const services = require('./service');

let number = 0;
const seen = (what) => console.log(`ok ${++number} - ${what}`);
const base64url = (bytes) => Buffer.from(bytes).toString('base64url');

// An attestation service that says what it is told.
class Issuer {
	constructor() {
		this.pair = crypto.generateKeyPairSync('rsa',
			{ modulusLength: 2048 });
		this.kid = 'issuer';
	}

	async listen() {
		this.server = http.createServer((request, response) => {
			const jwk = this.pair.publicKey.export({ format: 'jwk' });
			const answers = {
				'/.well-known/openid-configuration': {
					issuer: this.url,
					jwks_uri: `${this.url}/certs`,
				},
				'/certs': { keys: [{ ...jwk, kid: this.kid }] },
			};
			response.setHeader('content-type', 'application/json');
			response.end(JSON.stringify(answers[request.url] || {}));
		});
		await new Promise((r) => this.server.listen(0, '127.0.0.1', r));
		this.url = `http://127.0.0.1:${this.server.address().port}`;
	}

	token(claims, runtime) {
		const now = Math.floor(Date.now() / 1000);
		const parts = [{ alg: 'RS256', typ: 'JWT', kid: this.kid },
			{ iss: this.url, iat: now, nbf: now, exp: now + 600,
				'x-ms-runtime': runtime, ...claims }];
		const text = parts.map((p) => base64url(JSON.stringify(p)))
			.join('.');
		return `${text}.${base64url(crypto.sign('sha256',
			Buffer.from(text), this.pair.privateKey))}`;
	}
}

// What the enclave would do with the answer.
function open(jws, ca, privateKey, hash) {
	const [head, body, signature] = jws.split('.');
	const header = JSON.parse(Buffer.from(head, 'base64url'));
	const chain = header.x5c.map((c) => new crypto.X509Certificate(
		Buffer.from(c, 'base64')));
	assert.strictEqual(header.alg, 'RS256');
	assert.ok(crypto.verify('sha256', Buffer.from(`${head}.${body}`),
		chain[0].publicKey, Buffer.from(signature, 'base64url')));
	assert.ok(chain[0].verify(new crypto.X509Certificate(ca).publicKey));
	const payload = JSON.parse(Buffer.from(body, 'base64url'));
	const { key } = payload.response.key;
	const wrapped = Buffer.from(JSON.parse(Buffer.from(key.key_hsm,
		'base64url')).ciphertext, 'base64url');
	const aes = crypto.privateDecrypt({ key: privateKey, oaepHash: hash,
		padding: crypto.constants.RSA_PKCS1_OAEP_PADDING },
		wrapped.subarray(0, 256));
	const opened = crypto.createDecipheriv('id-aes256-wrap-pad', aes,
		Buffer.from('A65959A6', 'hex'));
	return { payload, key, material: Buffer.concat([
		opened.update(wrapped.subarray(256)), opened.final()]) };
}

const refused = (promise, status, code, text) =>
	assert.rejects(promise, (error) => {
		assert.strictEqual(error.statusCode, status, error.message);
		assert.strictEqual(error.code, code);
		assert.match(error.message, text);
		return true;
	});

async function manage(client) {
	const rsa = await client.createRsaKey('first', { keySize: 2048,
		tags: { owner: 'tests' } });
	assert.strictEqual(rsa.keyType, 'RSA');
	assert.strictEqual(rsa.properties.tags.owner, 'tests');
	assert.match(rsa.id, /\/keys\/first\/[0-9a-f]{32}$/);
	const second = await client.createKey('first', 'RSA');
	assert.notStrictEqual(second.id, rsa.id);
	assert.strictEqual((await client.getKey('first')).id, second.id);
	assert.strictEqual((await client.getKey('first',
		{ version: rsa.properties.version })).id, rsa.id);
	seen('keys are made, and have versions');

	const changed = await client.updateKeyProperties('first',
		second.properties.version, { enabled: false, tags: { a: 'b' } });
	assert.strictEqual(changed.properties.enabled, false);
	assert.deepStrictEqual(changed.properties.tags, { a: 'b' });
	seen('properties are changed');

	for (let i = 0; i < 30; i++)
		await client.createEcKey(`ec-${i}`, { curve: 'P-256' });
	const names = [], versions = [];
	for await (const one of client.listPropertiesOfKeys())
		names.push(one.name);
	for await (const one of client.listPropertiesOfKeyVersions('first'))
		versions.push(one.version);
	assert.strictEqual(new Set(names).size, 31);
	assert.strictEqual(names.length, 31);
	assert.deepStrictEqual(versions, [rsa.properties.version,
		second.properties.version]);
	seen('more keys than a page has are listed, and versions');

	const deleting = await client.beginDeleteKey('ec-0');
	assert.strictEqual((await deleting.pollUntilDone()).name, 'ec-0');
	await refused(client.getKey('ec-0'), 404, 'KeyNotFound', /no key/);
	await refused(client.createEcKey('ec-0'), 409, 'Conflict', /recover/);
	await (await client.beginRecoverDeletedKey('ec-0')).pollUntilDone();
	await client.getKey('ec-0');
	await (await client.beginDeleteKey('ec-0')).pollUntilDone();
	await client.purgeDeletedKey('ec-0');
	await refused(client.getDeletedKey('ec-0'), 404, 'KeyNotFound', /no/);
	seen('a key is deleted, recovered, deleted and purged');

	const rotated = await client.rotateKey('ec-1');
	assert.strictEqual(rotated.key.crv, 'P-256');
	assert.strictEqual((await client.getRandomBytes(16)).length, 16);
	seen('a key is rotated; random bytes are given');
}

async function use(client, make) {
	const pair = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
	const jwk = pair.privateKey.export({ format: 'jwk' });
	const bytes = Object.fromEntries(Object.entries(jwk).map(([name, v]) =>
		[name, name === 'kty' ? v : Buffer.from(v, 'base64url')]));
	const imported = await client.importKey('imported', bytes);
	const mine = make(imported);
	const secret = Buffer.from('a secret of thirty-two bytes ...');
	const wrapped = await mine.wrapKey('RSA-OAEP-256', secret);
	const unwrapped = await mine.unwrapKey('RSA-OAEP-256', wrapped.result);
	assert.deepStrictEqual(Buffer.from(unwrapped.result), secret);
	assert.deepStrictEqual(crypto.privateDecrypt({ key: pair.privateKey,
		oaepHash: 'sha256' }, Buffer.from(wrapped.result)), secret);
	const locked = await mine.encrypt('RSA-OAEP', secret);
	assert.deepStrictEqual(Buffer.from((await mine.decrypt('RSA-OAEP',
		locked.result)).result), secret);
	seen('an imported RSA key wraps and unwraps, encrypts and decrypts');

	for (const [name, curve, algorithm, hash] of [
		['ec-1', 'P-256', 'ES256', 'sha256'],
		['ec-384', 'P-384', 'ES384', 'sha384'],
		['imported', null, 'PS256', 'sha256']]) {
		if (name === 'ec-384')
			await client.createEcKey(name, { curve });
		const key = await client.getKey(name);
		const digest = crypto.createHash(hash).update('text').digest();
		const signed = await make(key).sign(algorithm, digest);
		assert.ok((await make(key.id).verify(algorithm, digest,
			signed.result)).result);
		digest[0] ^= 1;
		assert.ok(!(await make(key.id).verify(algorithm, digest,
			signed.result)).result);
	}
	seen('RSA and EC keys sign, and verify');

	const oct = make((await client.createOctKey('oct', { hsm: true,
		keySize: 256 })).id);
	const gcm = await oct.encrypt({ algorithm: 'A256GCM',
		plaintext: secret, additionalAuthenticatedData: Buffer.from('x') });
	assert.deepStrictEqual(Buffer.from((await oct.decrypt({
		algorithm: 'A256GCM', ciphertext: gcm.result, iv: gcm.iv,
		authenticationTag: gcm.authenticationTag,
		additionalAuthenticatedData: Buffer.from('x') })).result),
		secret);
	await refused(oct.decrypt({ algorithm: 'A256GCM',
		ciphertext: gcm.result, iv: gcm.iv,
		authenticationTag: gcm.authenticationTag,
		additionalAuthenticatedData: Buffer.from('y') }), 400,
		'BadParameter', /does not take/);
	seen('a symmetric key encrypts with GCM, and knows what it encrypted');
}

async function release(client, service, issuer) {
	const claims = { 'x-ms-attestation-type': 'sgx',
		'x-ms-sgx-is-debuggable': false, 'x-ms-sgx-svn': 3,
		'x-ms-sgx-mrsigner': 'ab'.repeat(32) };
	const policy = (immutable) => ({ immutable,
		encodedPolicy: Buffer.from(JSON.stringify({ version: '1.0.0',
			anyOf: [{ authority: issuer.url, allOf: [
				{ claim: 'x-ms-attestation-type', equals: 'sgx' },
				{ claim: 'x-ms-sgx-is-debuggable', equals: false },
				{ claim: 'x-ms-sgx-svn', greaterOrEquals: 3 },
				{ claim: 'x-ms-sgx-mrsigner',
					equals: 'ab'.repeat(32) }] }] })) });
	const enclave = crypto.generateKeyPairSync('rsa',
		{ modulusLength: 2048 });
	const runtime = { keys: [{ ...enclave.publicKey.export(
		{ format: 'jwk' }), kid: 'mine', key_ops: ['encrypt'] }] };

	await refused(client.createKey('soft', 'RSA', { exportable: true,
		releasePolicy: policy(false) }), 400, 'BadParameter', /HSM/);
	await refused(client.createKey('bare', 'oct-HSM',
		{ exportable: true }), 400, 'BadParameter', /release_policy/);
	await refused(client.createKey('bad', 'oct-HSM', { exportable: true,
		releasePolicy: { encodedPolicy: Buffer.from('{"version":1}') } }),
		400, 'BadParameter', /version/);
	seen('keys that could not be released rightly are not made');

	const secret = crypto.randomBytes(32);
	const made = await client.importKey('released', { kty: 'oct-HSM',
		k: secret }, { hardwareProtected: true, exportable: true,
		releasePolicy: policy(true) });
	assert.strictEqual(made.properties.exportable, true);
	assert.strictEqual(made.properties.releasePolicy.immutable, true);
	assert.ok(made.keyOperations.includes('export'));
	for (const [algorithm, hash] of [['CKM_RSA_AES_KEY_WRAP', 'sha1'],
		['RSA_AES_KEY_WRAP_256', 'sha256'],
		['RSA_AES_KEY_WRAP_384', 'sha384']]) {
		const answer = await client.releaseKey('released',
			issuer.token(claims, runtime), { algorithm, nonce: 'n-1',
				version: made.properties.version });
		const { payload, key, material } = open(answer.value,
			service.ca, enclave.privateKey, hash);
		assert.strictEqual(payload.request.nonce, 'n-1');
		assert.strictEqual(payload.request.enc, algorithm);
		assert.strictEqual(key.kid, made.id);
		assert.deepStrictEqual(material, secret);
	}
	seen('a symmetric key is released, wrapped in each of three ways');

	const pair = await client.createKey('pair', 'EC-HSM', { curve: 'P-256',
		exportable: true, releasePolicy: policy(false) });
	const { material } = open((await client.releaseKey('pair',
		issuer.token(claims, runtime))).value, service.ca,
		enclave.privateKey, 'sha1');
	const private_key = crypto.createPrivateKey({ key: material,
		format: 'der', type: 'pkcs8' });
	assert.strictEqual(crypto.createPublicKey(private_key).export(
		{ format: 'jwk' }).x, base64url(pair.key.x));
	seen('an EC key is released as PKCS #8, the newest version');

	const no = (change, text, made_runtime = runtime) => refused(
		client.releaseKey('released', issuer.token({ ...claims, ...change },
			made_runtime)), 403, 'Forbidden', text);
	await no({ 'x-ms-sgx-is-debuggable': true }, /is-debuggable is true/);
	await no({ 'x-ms-sgx-svn': 2 }, /svn is 2/);
	await no({ 'x-ms-sgx-mrsigner': 'cd'.repeat(32) }, /mrsigner/);
	await no({ exp: 1 }, /ended/);
	await no({ iss: 'https://other.example' }, /not trusted/);
	await no({}, /none of the token's keys/, { keys: [] });
	const token = issuer.token(claims, runtime);
	await refused(client.releaseKey('released', token.slice(0, -8) +
		'AAAAAAAA'), 403, 'Forbidden', /./);
	await refused(client.releaseKey('released', 'no.token'), 403,
		'Forbidden', /./);
	await refused(client.releaseKey('oct', token), 403, 'Forbidden',
		/not exportable/);
	seen('wrong claims, old and foreign and altered tokens are refused');

	await refused(client.updateKeyProperties('released', '',
		{ releasePolicy: policy(false) }), 403, 'Forbidden', /immutable/);
	await client.updateKeyProperties('pair', '', { releasePolicy: {
		encodedPolicy: Buffer.from(JSON.stringify({ version: '1.0.0',
			anyOf: [{ authority: 'https://nobody.example', allOf: [
				{ claim: 'a', exists: true }] }] })) } });
	await refused(client.releaseKey('pair', token), 403, 'Forbidden',
		/does not name/);
	seen('policies are changed, immutable ones are not');
}

async function main() {
	const issuer = new Issuer();
	await issuer.listen();
	const service = await services.start(['-o',
		`akv.issuers=${issuer.url}`]);
	services.trust(service.ca);
	const credential = (token) => ({ getToken: async () => ({ token,
		expiresOnTimestamp: Date.now() + 3600e3 }) });
	const options = { disableChallengeResourceVerification: true,
		retryOptions: { maxRetries: 0 } };
	const client = new KeyClient(service.url, credential(service.token),
		options);

	await manage(client);
	await use(client, (key) => new CryptographyClient(key,
		credential(service.token), options));
	await release(client, service, issuer);

	const read = (name) => require('node:fs').readFileSync(
		`${service.folder}/${name}`, 'utf8').trim();
	const guest = new KeyClient(service.url,
		credential(read('release.token')), options);
	await guest.getKey('released');
	await refused(guest.createRsaKey('x'), 403, 'Forbidden', /only/);
	await refused(new KeyClient(service.url, credential('wrong'), options)
		.getKey('released'), 401, 'Unauthorized', /token/);
	seen('who may have keys released may do no more');
	issuer.server.close();
	await service.end();
}

main();
