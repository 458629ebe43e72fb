/* SPDX-License-Identifier: MIT */
#include "attest/verify.h"

#include "attest/crypto.h"
#include "attest/dates.h"
#include "cache_priv.h"
#include "cert_priv.h"
#include "crl_priv.h"

#include "common/why.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FLAG_DEBUG 0x2u /* ATTRIBUTES.FLAGS */

bool attest_verdict_genuine(const struct attest_verdict *verdict)
{
	return attest_status_severity(verdict->status) != ATTEST_REFUSED;
}

__attribute__((format(printf, 2, 3)))
static void remark(struct attest_verdict *verdict, const char *format, ...)
{
	va_list arguments;

	if (verdict->reason_count >= ATTEST_REASONS_MAX)
		return;
	va_start(arguments, format);
	vsnprintf(verdict->reason[verdict->reason_count++],
		ATTEST_REASON_SIZE, why_words(format), arguments);
	va_end(arguments);
}

/* The status, with its sentence in front of the others; more may be "". */
static void conclude(struct attest_verdict *verdict,
	enum attest_status status, const char *more)
{
	size_t count = verdict->reason_count;

	if (count == ATTEST_REASONS_MAX)
		count--;
	memmove(verdict->reason[1], verdict->reason[0],
		count * sizeof(verdict->reason[0]));
	verdict->reason_count = 0;
	verdict->status = status;
	if (*more)
		remark(verdict, "%s: %.150s",
			why_words(attest_status_words(status)), more);
	else
		remark(verdict, "%s", why_words(attest_status_words(status)));
	verdict->reason_count = count + 1;
}

/* What was found about the machine, as far as it got. */
static void take_machine(struct attest_verdict *verdict,
	const struct machine *machine)
{
	verdict->pck = machine->pck;
	memcpy(verdict->root_key, machine->root_key, 64);
	verdict->software_root = !attest_root_is_intel(machine->root_key);
	if (machine->status != ATTEST_OK)
		return;
	verdict->tcb_evaluation_number = machine->tcb_evaluation_number;
	verdict->pck_crl_number = machine->pck_crl_number;
	verdict->root_crl_number = machine->root_crl_number;
	verdict->platform_status = machine->level;
	verdict->tcb_date = machine->tcb_date;
	memcpy(verdict->advisory, machine->advisory,
		sizeof(verdict->advisory));
	verdict->advisory_count = machine->advisory_count;
}

static void take_dates(struct attest_verdict *verdict,
	const struct machine *machine, int64_t time)
{
	char date[ATTEST_DATE_SIZE];

	verdict->issued_first = verdict->valid_from = machine->dated[0].from;
	verdict->valid_until = machine->dated[0].until;
	for (unsigned int i = 0; i < DATED_COUNT; i++) {
		const struct dated *dated = &machine->dated[i];

		if (dated->from < verdict->issued_first)
			verdict->issued_first = dated->from;
		if (dated->from > verdict->valid_from)
			verdict->valid_from = dated->from;
		if (dated->until < verdict->valid_until)
			verdict->valid_until = dated->until;
		if (time > dated->until) {
			verdict->expired |= 1u << i;
			attest_date_print(dated->until, date);
			remark(verdict, "%s expired on %s",
				why_words(attest_dated_name(i)), date);
		}
		if (time < dated->from) {
			verdict->not_yet_valid |= 1u << i;
			attest_date_print(dated->from, date);
			remark(verdict, "%s was issued later, on %s",
				why_words(attest_dated_name(i)), date);
		}
	}
}

/* The status that dates give: in the order in which Intel's library looks. */
static enum attest_status date_status(const struct attest_verdict *verdict)
{
	static const struct {
		uint32_t parts;
		enum attest_status status;
	} order[] = {
		{ ATTEST_DATED_PCK_CHAIN | ATTEST_DATED_PCK_CRL_CHAIN,
			ATTEST_PCK_CERT_CHAIN_EXPIRED },
		{ ATTEST_DATED_PCK_CRL | ATTEST_DATED_ROOT_CRL,
			ATTEST_CRL_EXPIRED },
		{ ATTEST_DATED_TCB_INFO_CHAIN | ATTEST_DATED_QE_IDENTITY_CHAIN,
			ATTEST_SIGNING_CERT_CHAIN_EXPIRED },
		{ ATTEST_DATED_TCB_INFO, ATTEST_TCB_INFO_EXPIRED },
		{ ATTEST_DATED_QE_IDENTITY, ATTEST_QE_IDENTITY_EXPIRED },
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		if (verdict->expired & order[i].parts)
			return order[i].status;
	return verdict->not_yet_valid ? ATTEST_NOT_YET_VALID : ATTEST_OK;
}

/* A signature by key over the SHA-256 of bytes: 0, -EBADMSG, -EIO. */
static int check_signature(const uint8_t key[64], const void *bytes,
	size_t size, const uint8_t signature[64])
{
	uint8_t digest[32];
	int error = attest_sha256(bytes, size, digest);

	return error ? error : attest_p256_verify(key, digest, signature);
}

/* Does the quoting enclave's report speak for the attestation key? */
static int check_binding(const struct attest_quote *quote)
{
	static const uint8_t zero[32];
	const uint8_t *data = quote->qe_report.report_data;
	uint8_t digest[32];
	int error = attest_sha256_two(quote->key, sizeof(quote->key),
		quote->auth, quote->auth_size, digest);

	if (error)
		return error;
	return memcmp(data, digest, 32) || memcmp(data + 32, zero, 32) ?
		-EBADMSG : 0;
}

/* A finding about the quote: becomes the verdict and ends the checks. */
static int refuse(struct attest_verdict *verdict, int error,
	enum attest_status status, const char *more)
{
	if (error == -EBADMSG || error == -EINVAL) {
		conclude(verdict, status, more);
		return 1;
	}
	return error;
}

/* Did the machine's PCK sign the quoting enclave's report?  Signatures that
 * have been found good are remembered by all of their bytes. */
static int check_report(const struct attest_quote *quote,
	struct machine *machine)
{
	int error;

	if (machine->report_known && !memcmp(&machine->report,
				&quote->qe_report, sizeof(quote->qe_report)) &&
			!memcmp(machine->report_signature,
				quote->qe_report_signature, 64))
		return 0;
	error = check_signature(machine->pck.key, &quote->qe_report,
		sizeof(quote->qe_report), quote->qe_report_signature);
	if (error)
		return error;
	machine->report = quote->qe_report;
	memcpy(machine->report_signature, quote->qe_report_signature, 64);
	machine->report_known = true;
	return 0;
}

/* Did the attestation key sign the quote?  Its report is genuine and bound to
 * it, so that quotes of one machine bring the same key for long. */
static int check_quote(const struct attest_quote *quote,
	struct machine *machine)
{
	struct attest_key *key;
	uint8_t digest[32];
	int error = attest_sha256(quote->signed_bytes,
		ATTEST_QUOTE_SIGNED_SIZE, digest);

	if (error)
		return error;
	if (!machine->key || memcmp(machine->key_bytes, quote->key, 64)) {
		key = attest_key_new(quote->key, &error);
		if (!key)
			return error;
		attest_key_free(machine->key);
		machine->key = key;
		memcpy(machine->key_bytes, quote->key, 64);
	}
	return attest_key_verify(machine->key, digest, quote->signature);
}

static int judge_quote(const struct attest_quote *quote,
	struct machine *machine, struct attest_verdict *verdict)
{
	const struct qe_level *level;
	struct why why = { "" };
	int error;

	error = refuse(verdict, check_report(quote, machine),
		ATTEST_QE_REPORT_INVALID_SIGNATURE, "");
	if (!error)
		error = refuse(verdict, check_binding(quote),
			ATTEST_QE_REPORT_INVALID_DATA, "");
	if (!error)
		error = refuse(verdict,
		attest_qe_identity_check(&machine->identity,
			&quote->qe_report, &why),
			ATTEST_QE_IDENTITY_MISMATCH, why.text);
	if (error)
		return error;
	level = attest_qe_identity_match(&machine->identity, &quote->qe_report);
	if (!level)
		return refuse(verdict, -EINVAL, ATTEST_QE_SVN_NOT_SUPPORTED,
			"");
	verdict->qe_status = level->status;
	attest_advisories_add(level->advisories, verdict->advisory,
		&verdict->advisory_count);
	return refuse(verdict, check_quote(quote, machine),
		ATTEST_QUOTE_INVALID_SIGNATURE, "");
}

/* Everything is genuine; what do levels, policy and dates say? */
static void judge_level(const struct machine *machine,
	const struct attest_policy *policy, struct attest_verdict *verdict)
{
	enum attest_status status, dates = date_status(verdict);

	if (!machine->level_found) {
		conclude(verdict, ATTEST_TCB_NOT_SUPPORTED, "");
		return;
	}
	verdict->tcb_status = attest_level_converge(machine->level,
		verdict->qe_status);
	status = attest_level_status(verdict->tcb_status);
	if (attest_status_severity(status) != ATTEST_REFUSED) {
		if (verdict->debug && (policy->flags & ATTEST_REFUSE_DEBUG)) {
			status = ATTEST_DEBUG_REFUSED;
		} else if (dates != ATTEST_OK &&
				!(policy->flags & ATTEST_ALLOW_EXPIRED)) {
			if (status != ATTEST_OK)
				remark(verdict, "%s", why_words(
					attest_status_words(status)));
			status = dates;
		}
	}
	if (verdict->qe_status == ATTEST_LEVEL_OUT_OF_DATE ||
			verdict->qe_status == ATTEST_LEVEL_REVOKED)
		remark(verdict, "the quoting enclave is %s",
			attest_level_name(verdict->qe_status));
	if (verdict->debug)
		remark(verdict, "a debug enclave: its host can read and "
			"change it");
	if (verdict->software_root)
		remark(verdict, "the root of trust is software");
	conclude(verdict, status, "");
}

static bool too_large(const struct attest_collateral *collateral)
{
	for (unsigned int i = 0; i < ATTEST_COLLATERAL_PARTS; i++) {
		const struct attest_bytes *part =
			attest_collateral_part(collateral, i);

		if (part->size > ATTEST_COLLATERAL_PART_MAX ||
				(part->size && !part->data))
			return true;
	}
	return false;
}

static void verdict_clear(struct attest_verdict *verdict)
{
	memset(verdict, 0, sizeof(*verdict));
	verdict->status = ATTEST_UNSUPPORTED_QUOTE_FORMAT;
	verdict->software_root = true;
	verdict->platform_status = verdict->qe_status = verdict->tcb_status =
		ATTEST_LEVEL_UNKNOWN;
}

/* With a machine, from the cache or judged. */
static int verify_on(const struct attest_quote *quote,
	struct machine *machine, const struct attest_policy *policy,
	struct attest_verdict *verdict)
{
	int error;

	take_machine(verdict, machine);
	if (machine->status != ATTEST_OK) {
		conclude(verdict, machine->status, machine->why.text);
		return 0;
	}
	take_dates(verdict, machine, policy->time);
	error = judge_quote(quote, machine, verdict);
	if (!error)
		judge_level(machine, policy, verdict);
	return error < 0 ? error : 0;
}

static int verify(const uint8_t *bytes, size_t size,
	const struct attest_collateral *collateral,
	const struct attest_policy *policy, struct attest_cache *cache,
	struct attest_verdict *verdict)
{
	struct why why = { "" };
	struct attest_quote quote;
	struct machine judged;
	struct machine *machine = NULL, *kept;
	struct cache_key key;
	int error = attest_quote_parse(bytes, size, &quote, &why);

	if (error) {
		conclude(verdict, ATTEST_UNSUPPORTED_QUOTE_FORMAT, why.text);
		return 0;
	}
	verdict->header = quote.header;
	verdict->body = quote.body;
	verdict->qe_report = quote.qe_report;
	verdict->debug = quote.body.attributes.flags & FLAG_DEBUG;
	if (quote.cert_type != ATTEST_CERT_PCK_CHAIN) {
		conclude(verdict, ATTEST_UNSUPPORTED_CERT_DATA, "");
		return 0;
	}
	key = (struct cache_key){ { quote.cert, quote.cert_size }, collateral,
		policy->roots };
	if (cache)
		machine = attest_cache_find(cache, &key);
	if (machine)
		return verify_on(&quote, machine, policy, verdict);
	error = attest_machine_judge(key.chain, collateral, policy->roots,
		&judged);
	if (!error && cache && judged.status == ATTEST_OK) {
		kept = attest_cache_put(cache, &key, &judged);
		if (kept)
			return verify_on(&quote, kept, policy, verdict);
	}
	if (!error)
		error = verify_on(&quote, &judged, policy, verdict);
	attest_machine_free(&judged);
	return error;
}

int attest_verify(const uint8_t *quote, size_t size,
	const struct attest_collateral *collateral,
	const struct attest_policy *policy, struct attest_cache *cache,
	struct attest_verdict *verdict)
{
	int error;

	if (!verdict)
		return -EINVAL;
	verdict_clear(verdict);
	if (!quote || !collateral || !policy || !policy->roots ||
			too_large(collateral))
		return -EINVAL;
	error = verify(quote, size, collateral, policy, cache, verdict);
	if (error)
		verdict_clear(verdict);
	return error;
}

int attest_pck_cached(const struct attest_cache *cache,
	const struct attest_quote *quote, struct attest_pck *pck,
	struct why *why)
{
	const struct machine *machine = NULL;

	if (cache && quote->cert_type == ATTEST_CERT_PCK_CHAIN)
		machine = attest_cache_chain(cache, (struct attest_bytes){
			quote->cert, quote->cert_size });
	if (!machine)
		return attest_pck_of_quote(quote, pck, why);
	*pck = machine->pck;
	return 0;
}

static void widen(int64_t *from, int64_t *until, int64_t part_from,
	int64_t part_until)
{
	if (part_from > *from)
		*from = part_from;
	if (part_until < *until)
		*until = part_until;
}

static int chain_window(struct attest_bytes pem, int64_t *from,
	int64_t *until, struct why *why)
{
	struct chain chain;
	int error = attest_chain_read(pem, 2, &chain, why);

	for (size_t i = 0; !error && i < chain.count; i++)
		widen(from, until, chain.cert[i].from, chain.cert[i].until);
	attest_chain_free(&chain);
	return error;
}

static int crl_window(struct attest_bytes bytes, int64_t *from,
	int64_t *until, struct why *why)
{
	struct crl crl;
	int error = attest_crl_read(bytes, &crl, why);

	if (!error)
		widen(from, until, crl.from, crl.until);
	attest_crl_free(&crl);
	return error;
}

static int json_window(struct attest_bytes text, const char *name,
	int64_t *from, int64_t *until, struct why *why)
{
	struct signed_json json;
	int64_t issued, next;
	json_t *object;
	int error = attest_signed_json_split(text, name, &json, why);

	if (error)
		return error;
	object = attest_signed_json_parse(&json);
	if (!object || !attest_json_get_date(object, "issueDate", &issued) ||
			!attest_json_get_date(object, "nextUpdate", &next))
		error = why_set(why, -EINVAL, "\"%s\" has no dates", name);
	else
		widen(from, until, issued, next);
	json_decref(object);
	return error;
}

int attest_collateral_window(const struct attest_collateral *collateral,
	int64_t *from, int64_t *until, struct why *why)
{
	int error;

	*from = 0;
	*until = INT64_MAX;
	if (too_large(collateral))
		return why_set(why, -EINVAL, "a part larger than 1 MiB");
	error = chain_window(collateral->tcb_info_chain, from, until, why);
	if (!error)
		error = chain_window(collateral->pck_crl_chain, from, until,
			why);
	if (!error)
		error = chain_window(collateral->qe_identity_chain, from,
			until, why);
	if (!error)
		error = crl_window(collateral->pck_crl, from, until, why);
	if (!error)
		error = crl_window(collateral->root_crl, from, until, why);
	if (!error)
		error = json_window(collateral->tcb_info, "tcbInfo", from,
			until, why);
	if (!error)
		error = json_window(collateral->qe_identity,
			"enclaveIdentity", from, until, why);
	return error;
}
