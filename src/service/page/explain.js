// SPDX-License-Identifier: MIT
// What the service says by codes, in the reader's language, and what to do
// about it.  docs/portal-api.md has the codes.
import { el } from './dom.js';
import { _, language, number } from './i18n.js';

// The service's own sentence, which is English, beneath; null: none.
export const original = (text) => text ? el('small', { lang: 'en',
	class: 'original' }, text) : null;

// ---- quotes ----

const things = () => ({
	quote: _('Quote'),
	qe_report: _('Report of the quoting enclave'),
	pck: _('PCK certificate of the machine'),
	intermediate: _('Intermediate certificate'),
	root: _('Root certificate'),
	signers: _('Certificates that sign the collateral'),
	crl: _('Revocation list'),
	pck_chain: _('PCK certificate chain'),
	tcb_info_chain: _('Certificate chain of the TCB info'),
	qe_identity_chain: _('Certificate chain of the QE identity'),
	pck_crl_chain: _('Certificate chain of the revocation list'),
	pck_crl: _('PCK revocation list'),
	root_crl: _('Revocation list of the root'),
	tcb_info: _('TCB info'),
	qe_identity: _('QE identity'),
});

const thing = (name) => things()[name] ?? name;
const over = (name) => _('{thing}: out of date', { thing: thing(name) });
const early = (name) => _('{thing}: issued after the time of the check',
	{ thing: thing(name) });
const wrong = (name) => _('{thing}: not what it should be',
	{ thing: thing(name) });
const forged = (name) => _('{thing}: its signature is wrong',
	{ thing: thing(name) });
const revoked = (name) => _('{thing}: revoked', { thing: thing(name) });

const advice = {
	right: () => _('That says which enclave it is, not whether it is the ' +
		'right one: compare its identity with what you expect.'),
	level: () => _('Whether that is enough is for you to decide. `coffer ' +
		'vm tcb show` says what level a machine has.'),
	fresh: () => _('Get a quote with fresh collateral, or accept stale ' +
		'collateral above if its age does not matter.'),
	clock: () => _('Is the clock of the computer right on which the ' +
		'service runs?'),
	distrust: () => _('Do not rely on this machine any more.'),
	debug: () => _('Take an enclave that was signed without Debug, or ' +
		'allow debug enclaves above.'),
	whole: () => _('Is it a quote, and all of it? `coffer quote` makes one.'),
	changed: () => _('Believe nothing of it: it was changed, or is not by ' +
		'a machine at all.'),
	root: () => _('Another certificate authority made that machine. Is it ' +
		'one of yours? Then verify with `coffer verify --root`.'),
	collateral: () => _('Not the quote but its collateral is wrong: get it ' +
		'again.'),
};

// By status: what it says, what to do.
const statuses = {
	OK: [() => _('The quote is genuine and its machine is up to date.'),
		'right'],
	TCB_SW_HARDENING_NEEDED: [() => _('The enclaves of the machine need ' +
		'hardening in software.'), 'level'],
	TCB_CONFIGURATION_NEEDED: [() => _('The machine needs another ' +
		'configuration.'), 'level'],
	TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED: [() => _('The machine needs ' +
		'another configuration, its enclaves hardening in software.'),
	'level'],
	TCB_OUT_OF_DATE: [() => _('The machine is out of date.'), 'level'],
	TCB_OUT_OF_DATE_CONFIGURATION_NEEDED: [() => _('The machine is out of ' +
		'date and needs another configuration.'), 'level'],
	PCK_CERT_CHAIN_EXPIRED: [() => over('pck_chain'), 'fresh'],
	SIGNING_CERT_CHAIN_EXPIRED: [() => over('signers'), 'fresh'],
	CRL_EXPIRED: [() => over('crl'), 'fresh'],
	TCB_INFO_EXPIRED: [() => over('tcb_info'), 'fresh'],
	QE_IDENTITY_EXPIRED: [() => over('qe_identity'), 'fresh'],
	NOT_YET_VALID: [() => _('Something was issued after the time of the ' +
		'check.'), 'clock'],
	TCB_REVOKED: [() => _('The level of the machine is revoked.'),
		'distrust'],
	TCB_NOT_SUPPORTED: [() => _('The machine is below every level of the ' +
		'TCB info.'), 'distrust'],
	TCB_UNRECOGNIZED_STATUS: [() => wrong('tcb_info'), 'collateral'],
	DEBUG_REFUSED: [() => _('A debug enclave, which was to be refused.'),
		'debug'],
	UNSUPPORTED_QUOTE_FORMAT: [() => _('This is no quote of a kind that ' +
		'can be verified.'), 'whole'],
	UNSUPPORTED_CERT_DATA: [() => _('The quote brings no certificate chain ' +
		'of its machine.'), 'whole'],
	PCK_CERT_CHAIN_INVALID: [() => wrong('pck_chain'), 'changed'],
	ROOT_CA_INVALID: [() => wrong('root'), 'changed'],
	INTERMEDIATE_CA_INVALID: [() => wrong('intermediate'), 'changed'],
	INTERMEDIATE_CA_REVOKED: [() => revoked('intermediate'), 'distrust'],
	PCK_CERT_INVALID: [() => wrong('pck'), 'changed'],
	PCK_REVOKED: [() => revoked('pck'), 'distrust'],
	ROOT_UNTRUSTED: [() => _('The root certificate is none that is trusted ' +
		'here.'), 'root'],
	CRL_INVALID: [() => wrong('crl'), 'collateral'],
	CRL_UNKNOWN_ISSUER: [() => wrong('crl'), 'collateral'],
	CRL_INVALID_SIGNATURE: [() => forged('crl'), 'collateral'],
	SIGNING_CERT_CHAIN_INVALID: [() => wrong('signers'), 'collateral'],
	SIGNING_CERT_REVOKED: [() => revoked('signers'), 'collateral'],
	TCB_INFO_INVALID: [() => wrong('tcb_info'), 'collateral'],
	TCB_INFO_INVALID_SIGNATURE: [() => forged('tcb_info'), 'collateral'],
	TCB_INFO_MISMATCH: [() => _('The TCB info is for another kind of ' +
		'machine.'), 'collateral'],
	QE_IDENTITY_INVALID: [() => wrong('qe_identity'), 'collateral'],
	QE_IDENTITY_INVALID_SIGNATURE: [() => forged('qe_identity'),
		'collateral'],
	QE_REPORT_INVALID_SIGNATURE: [() => forged('qe_report'), 'changed'],
	QE_REPORT_INVALID_DATA: [() => wrong('qe_report'), 'changed'],
	QE_IDENTITY_MISMATCH: [() => _('Another enclave than the quoting ' +
		'enclave made it.'), 'changed'],
	QE_SVN_NOT_SUPPORTED: [() => _('The quoting enclave is below every ' +
		'level of its identity.'), 'distrust'],
	QUOTE_INVALID_SIGNATURE: [() => forged('quote'), 'changed'],
};

// { says, advice, remarks } for an answer of POST /portal/quote.
export function verdict(answer) {
	const { verdict: v, enclave, machine, collateral } = answer;
	const known = Object.hasOwn(statuses, v.status) ?
		statuses[v.status] : null;
	const qe = machine?.qe_status ?? 'Unknown';
	const remarks = [...(collateral?.expired ?? []).map(over),
		...(collateral?.not_yet_valid ?? []).map(early)];

	if (!['UpToDate', 'Unknown'].includes(qe))
		remarks.push(_('The level of the quoting enclave: {status}',
			{ status: qe }));
	if (v.genuine && enclave?.debug)
		remarks.push(_('A debug enclave: its host can read and change ' +
			'it.'));
	if (v.root === 'software')
		remarks.push(_('The root of trust is software.'));
	return { says: known?.[0]() ?? null,
		advice: known ? advice[known[1]]() : null, remarks };
}

// ---- events ----

const causes = () => ({
	start: _('It does not start.'),
	processor: _('Its processor has died.'),
	killed: _('Its driver did not end by itself and was killed.'),
});

const steps = (d) => ({
	restart: _('Update domain {domain} is maintained: the machine is ' +
		'restarted, its enclaves are lost.', { domain: d.update_domain }),
	healthy: _('Healthy again after {ms} ms.', { ms: number(d.ms) }),
	unhealthy: _('Not healthy after {ms} ms.', { ms: number(d.ms) }),
});

const which = (d) => ({ enclave: d.enclave, process: d.process });

const kinds = {
	created: (d) => d.set ? _('{size}, of the set {set}', d) : d.size,
	started: (d) => d.power === 'on' ?
		_('to stay; driver {driver}, processor {processor}', d) :
		_('while it is used; driver {driver}, processor {processor}', d),
	stopped: () => _('Its driver has ended.'),
	deallocated: () => _('It has no host now.'),
	resized: (d) => _('from {from} to {to}', d),
	failed: (d) => causes()[d.cause],
	maintenance: (d) => steps(d)[d.step],
	tampering: (d) => _('Enclave {enclave} of process {process}: memory of ' +
		'it was changed while it was evicted. It is locked.', which(d)),
	'enclave lost': (d) => _('Enclave {enclave} of process {process} has ' +
		'died.', which(d)),
};

// What happened, and beneath what the service said, where that is more or in
// another language.
export function event(e) {
	const kind = Object.hasOwn(kinds, e.event) ? kinds[e.event] : null;
	const says = (e.details || !kind?.length) && kind?.(e.details ?? {});

	if (!says || language() === 'en')
		return [el('span', { lang: 'en' }, e.text)];
	return [says, original(e.text)];
}

// ---- refusals ----

const refusals = {
	NoAnswer: () => _('The service does not answer. Is `coffer serve` ' +
		'running? This page goes on by itself as soon as it answers.'),
	AuthenticationFailed: () => _('The service does not know this token; ' +
		'there may be a new one. `coffer serve token` prints it.'),
	AuthorizationFailed: () => _('This token may only look: sign in with ' +
		'the other one to change something.'),
	CrossSiteRequest: () => refusals.MisdirectedRequest(),
	MisdirectedRequest: () => _('The service has another name: open this ' +
		'page under the address that `coffer portal` prints.'),
	InvalidParameter: () => _('That is not possible as it was entered.'),
	BadRequest: () => refusals.InvalidParameter(),
	NotImplemented: () => refusals.InvalidParameter(),
	InvalidRequestContent: () => refusals.InvalidParameter(),
	PreconditionFailed: () => _('Somebody else has changed it: look at it ' +
		'again.'),
	RequestEntityTooLarge: () => _('That is too much for one request.'),
	ResourceNotFound: () => _('There is no such thing, or no longer.'),
	QuotaExceeded: () => _('The quota of this family of sizes is used up: ' +
		'take a smaller size, deallocate a machine, or raise it with ' +
		'`coffer vm quota`.'),
	SkuNotAvailable: () => _('The zone does not have this size: take ' +
		'another zone, or any.'),
	AllocationFailed: () => _('The hosts are full: take another zone or ' +
		'size, or deallocate a machine.'),
	OperationNotAllowed: () => _('Not as the machine is: stop it first. ' +
		'Its family of sizes cannot be changed.'),
	PropertyChangeNotAllowed: () => _('A machine stays in its zone: delete ' +
		'it and make another one.'),
	Conflict: () => _('Something else is being done to this machine, or ' +
		'its name is taken: wait, or take another name.'),
	TooManyRequests: () => _('The service has too much to do: try again in ' +
		'a moment.'),
	InternalError: () => _('The service itself has failed. What it wrote to ' +
		'its log says more; `coffer doctor` looks at the computer.'),
	InternalServerError: () => refusals.InternalError(),
};

// What a refusal means and what to do; null: only the service's words do.
export const refusal = (error) => Object.hasOwn(refusals, error.code) ?
	refusals[error.code]() : null;

