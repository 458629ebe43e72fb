/* SPDX-License-Identifier: MIT */
/*
 * Evidence is a quote, or one in Open Enclave's wrappings:
 *
 *   report     u32 1, u32 2 (remote), u64 size, quote
 *   evidence   u32 3, format UUID, u32 0, u64 size, data: by its format a
 *              quote with custom claims behind it, a report, or a quote
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "attest/crypto.h"
#include "service/hex.h"
#include "service/maa.h"

#define REPORT_HEADER 16u
#define EVIDENCE_HEADER 32u

static const uint8_t format_ecdsa[16] = { 0xa3, 0xa2, 0x1e, 0x87, 0x1b, 0x4d,
	0x40, 0x14, 0xb7, 0x0a, 0xa1, 0x25, 0xd2, 0xfb, 0xcd, 0x8c };
static const uint8_t format_report[16] = { 0xc8, 0x30, 0x34, 0x54, 0xd9, 0x23,
	0x4c, 0x2c, 0xa6, 0x91, 0xdf, 0x7d, 0xef, 0x46, 0x0a, 0x76 };
static const uint8_t format_quote[16] = { 0x19, 0x23, 0xd9, 0x1e, 0x12, 0xd2,
	0x4c, 0x72, 0xb2, 0x20, 0x25, 0xcd, 0x8c, 0xae, 0xe8, 0x71 };

const char *const maa_hash_names[MAA_HASHES] = { "qeidcertshash", "qeidcrlhash",
	"qeidhash", "quotehash", "tcbinfocertshash", "tcbinfocrlhash",
	"tcbinfohash" };

struct bytes {
	const uint8_t *at;
	size_t size;
};

static uint64_t little(const uint8_t *bytes, size_t size)
{
	uint64_t value = 0;

	while (size--)
		value = value << 8 | bytes[size];
	return value;
}

/* Takes off a report's header. */
static int unwrap_report(struct bytes *bytes, struct why *why)
{
	if (bytes->size < REPORT_HEADER || little(bytes->at, 4) != 1 ||
			little(bytes->at + 4, 4) != 2 ||
			little(bytes->at + 8, 8) != bytes->size -
				REPORT_HEADER)
		return why_set(why, -EINVAL, "this is no report of Open "
			"Enclave's: version 1, type 2 (remote), its size");
	bytes->at += REPORT_HEADER;
	bytes->size -= REPORT_HEADER;
	return 0;
}

static int unwrap_evidence(struct bytes *bytes, struct why *why)
{
	const uint8_t *format = bytes->at + 4;

	if (bytes->size < EVIDENCE_HEADER ||
			little(bytes->at + 24, 8) != bytes->size -
				EVIDENCE_HEADER)
		return why_set(why, -EINVAL, "the evidence has another size "
			"than its header says");
	bytes->at += EVIDENCE_HEADER;
	bytes->size -= EVIDENCE_HEADER;
	if (!memcmp(format, format_report, 16))
		return unwrap_report(bytes, why);
	if (!memcmp(format, format_ecdsa, 16) ||
			!memcmp(format, format_quote, 16))
		return 0;
	return why_set(why, -EINVAL, "the evidence is of a format that is "
		"not attested here: SGX ECDSA in its three forms is");
}

static int find_quote(const struct maa_asked *asked, struct bytes *bytes,
	struct why *why)
{
	uint64_t first;
	int r = 0;

	bytes->at = asked->evidence;
	bytes->size = asked->evidence_size;
	if (bytes->size < 8)
		return why_set(why, -EINVAL, "%zu bytes are no evidence",
			bytes->size);
	first = little(bytes->at, 4);
	if (first == 1)
		r = unwrap_report(bytes, why);
	else if (asked->type == MAA_OPEN_ENCLAVE && first == 3)
		r = unwrap_evidence(bytes, why);
	else if (asked->type == MAA_OPEN_ENCLAVE)
		r = why_set(why, -EINVAL, "this is neither a report nor "
			"evidence of Open Enclave's; a quote by itself goes "
			"to SgxEnclave");
	return r;
}

int maa_unwrap(const uint8_t **at, size_t *size, struct why *why)
{
	struct bytes bytes = { *at, *size };
	uint64_t first = bytes.size < 8 ? 0 : little(bytes.at, 4);
	int r = 0;

	/* A quote begins with its version and, not zero, its key's type. */
	if (first == 1)
		r = unwrap_report(&bytes, why);
	else if (first == 3)
		r = unwrap_evidence(&bytes, why);
	*at = bytes.at;
	*size = bytes.size;
	return r;
}

static int hash_hex(const void *bytes, size_t size, char text[65])
{
	uint8_t digest[32];

	if (attest_sha256(bytes, size, digest))
		return -EIO;
	hex_write(digest, sizeof(digest), text);
	return 0;
}

/* Texts without a NUL that may end them. */
static int hash_part(const struct attest_bytes *part, char text[65])
{
	size_t size = part->size;

	if (size && !part->data[size - 1])
		size--;
	return hash_hex(part->data, size, text);
}

int maa_hash_collateral(const struct attest_collateral *c,
	struct maa_hashes *hashes)
{
	const struct attest_bytes *const parts[] = { &c->qe_identity_chain,
		&c->root_crl, &c->qe_identity, NULL, &c->tcb_info_chain,
		&c->root_crl, &c->tcb_info };

	for (size_t i = 0; i < MAA_HASHES; i++)
		if (parts[i] && hash_part(parts[i], hashes->hex[i]))
			return -EIO;
	return 0;
}

/* Good enough for a token: Azure refuses machines below its baseline, and
 * leaves what needs configuring or hardening to the relying party. */
static int check_verdict(const struct service *service,
	const struct attest_verdict *verdict, struct why *why)
{
	const char *words = attest_status_words(verdict->status);
	const char *reason = verdict->reason_count ? verdict->reason[0] : "";
	bool old = verdict->status == ATTEST_TCB_OUT_OF_DATE ||
		verdict->status ==
			ATTEST_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;

	switch (attest_status_severity(verdict->status)) {
	case ATTEST_GOOD:
		return 0;
	case ATTEST_WARNING:
		if (!old || config_yes(service->config,
				"maa.accept_out_of_date"))
			return 0;
		return why_set(why, -EINVAL, "the device is below the "
			"baseline: %s", words);
	case ATTEST_EXPIRY:
	case ATTEST_REFUSED:
		break;
	}
	/* The first reason often begins with the status itself. */
	if (!strncmp(reason, words, strlen(words)))
		words = "";
	return why_set(why, -EINVAL, "the quote is refused: %s%s%.200s", words,
		*words && *reason ? ": " : "", reason);
}

/* Is data what the enclave vouched for with the first half of a field? */
static int check_bound(const uint8_t *data, size_t size,
	const uint8_t field[32], const char *what, const char *where,
	struct why *why)
{
	uint8_t digest[32];

	if (!data)
		return 0;
	if (attest_sha256(data, size, digest))
		return why_set(why, -EIO, "SHA-256 failed");
	if (CRYPTO_memcmp(digest, field, 32))
		return why_set(why, -EINVAL, "the SHA-256 of %s is not what "
			"the quote's %s begins with", what, where);
	return 0;
}

static int verify(const struct service *service,
	const struct maa_source *source, struct attest_cache *cache,
	unsigned evaluation, struct maa_evidence *evidence, struct why *why)
{
	struct attest_policy policy = { .time = service_now(service),
		.roots = &source->roots };
	struct maa_collateral collateral = { .owned = NULL };
	struct attest_pck machine;
	struct attest_quote quote;
	int r = attest_quote_parse(evidence->quote, evidence->quote_size,
		&quote, why);

	if (!r)
		r = attest_pck_cached(cache, &quote, &machine, why);
	if (r)
		return r == -ENOTSUP ? -EINVAL : r;
	r = source->get(source->context, &machine, evaluation, &collateral,
		why);
	if (r == -ENOENT)
		return why_set(why, -EINVAL, evaluation ? "there is no "
			"collateral of TCB evaluation %u for this machine" :
			"there is no collateral for this machine: it is none "
			"of this service's CA", evaluation);
	if (r)
		return r;
	evidence->quote_size = quote.size;
	r = attest_verify(evidence->quote, evidence->quote_size,
		&collateral.view, &policy, cache, &evidence->verdict);
	if (r)
		why_set(why, r, "the quote could not be verified");
	evidence->hashes = collateral.hashes;
	if (!r && hash_hex(evidence->quote, evidence->quote_size,
			evidence->hashes.hex[MAA_HASH_QUOTE]))
		r = why_set(why, -EIO, "SHA-256 failed");
	source->put(source->context, &collateral);
	return r;
}

int maa_evidence_check(const struct service *service,
	const struct maa_source *source, struct attest_cache *cache,
	const struct maa_asked *asked, unsigned evaluation,
	struct maa_evidence *evidence, struct why *why)
{
	const struct sgx_report_body *body = &evidence->verdict.body;
	struct bytes bytes;
	int r;

	memset(evidence, 0, sizeof(*evidence));
	r = find_quote(asked, &bytes, why);
	if (r)
		return r;
	evidence->quote = bytes.at;
	evidence->quote_size = bytes.size;
	r = verify(service, source, cache, evaluation, evidence, why);
	if (!r)
		r = check_verdict(service, &evidence->verdict, why);
	if (!r)
		r = check_bound(asked->runtime, asked->runtime_size,
			body->report_data, "runtimeData", "REPORTDATA", why);
	if (!r && asked->init && !(body->attributes.flags &
			SGX_ATTR_KSS))
		r = why_set(why, -EINVAL, "initTimeData goes with enclaves "
			"that use key separation and sharing (KSS), and this "
			"one does not");
	if (!r)
		r = check_bound(asked->init, asked->init_size,
			body->config_id, "initTimeData", "CONFIGID", why);
	return r;
}
