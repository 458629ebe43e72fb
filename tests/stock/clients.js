// SPDX-License-Identifier: MIT
// The clients are there, in the versions that package.json names.
'use strict';
const assert = require('node:assert');
const wanted = require('./package.json').dependencies;

let number = 0;
for (const [name, version] of Object.entries(wanted)) {
	assert.ok(Object.keys(require(name)).length > 0);
	const found = require('node:fs').readFileSync(
		`${process.env.NODE_PATH}/${name}/package.json`, 'utf8');
	assert.strictEqual(JSON.parse(found).version, version);
	console.log(`ok ${++number} - ${name} ${version}`);
}
