/* SPDX-License-Identifier: MIT */
/*
 * What enclaves ask for quotes and their collateral: answered by the
 * machine's quoting service. Enclaves check quotes and verify collateral;
 * nothing here does.
 */
#include "ocalls.h"

#include <errno.h>
#include <openenclave/attestation/sgx/evidence.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "driver.h"
#include "oe/enclave.h"
#include "quoting.h"

/* Collateral is asked for twice, for its sizes and for itself, and often by
 * many enclaves: what was fetched is given again for so long. */
#define KEEP_SECONDS 5
#define API_VERSION 4 /* TCB info of version 3 */

_Static_assert(sizeof(sgx_target_info_t) == QUOTING_TARGET_SIZE, "TARGETINFO");
_Static_assert(sizeof(sgx_report_t) == QUOTING_REPORT_SIZE, "REPORT");

static oe_result_t failed(const char *what, int error, const struct why *why)
{
	host_log(HOST_ERROR, "%s: %s", why_words(what), why->text);
	switch (error) {
	case -ENOTSUP:
		return OE_QUOTE_PROVIDER_LOAD_ERROR;
	case -ENODEV:
	case -ENOENT:
		return OE_SERVICE_UNAVAILABLE;
	case -ENOMEM:
		return OE_OUT_OF_MEMORY;
	default:
		return OE_QUOTE_PROVIDER_CALL_ERROR;
	}
}

/* ---- formats ---- */

static bool is_ours(const oe_uuid_t *format)
{
	static const oe_uuid_t ours[] = { { OE_FORMAT_UUID_SGX_ECDSA },
		{ OE_FORMAT_UUID_RAW_SGX_QUOTE_ECDSA },
		{ OE_FORMAT_UUID_LEGACY_REPORT_REMOTE } };

	for (size_t i = 0; format && i < sizeof(ours) / sizeof(ours[0]); i++)
		if (!memcmp(format, &ours[i], sizeof(ours[i])))
			return true;
	return false;
}

oe_result_t oe_get_supported_attester_format_ids_ocall(
	void *format_ids, size_t format_ids_size,
	size_t *format_ids_size_out)
{
	static const oe_uuid_t ecdsa = { OE_FORMAT_UUID_SGX_ECDSA };
	const struct drv_ops *drv = drv_get();

	if (!format_ids_size_out)
		return OE_INVALID_PARAMETER;
	*format_ids_size_out = 0;
	if (!drv || strcmp(drv->name, "cofferd"))
		return OE_OK;
	*format_ids_size_out = sizeof(ecdsa);
	if (!format_ids || format_ids_size < sizeof(ecdsa))
		return OE_BUFFER_TOO_SMALL;
	memcpy(format_ids, &ecdsa, sizeof(ecdsa));
	return OE_OK;
}

/* ---- quotes ---- */

oe_result_t oe_get_qetarget_info_ocall(const oe_uuid_t *format_id,
				       const void *opt_params,
				       size_t opt_params_size,
				       sgx_target_info_t *target_info)
{
	struct why why = { "" };
	int r;

	if (!format_id || !target_info)
		return OE_INVALID_PARAMETER;
	if (!is_ours(format_id))
		return OE_UNSUPPORTED;
	r = quoting_target_info((uint8_t *)target_info, &why);
	return r ? failed(N_("target of quotes"), r, &why) : OE_OK;
}

oe_result_t oe_get_quote_ocall(const oe_uuid_t *format_id,
			       const void *opt_params, size_t opt_params_size,
			       const sgx_report_t *sgx_report, void *quote,
			       size_t quote_size, size_t *quote_size_out)
{
	struct why why = { "" };
	uint8_t *made = NULL;
	size_t size = 0;
	int r;

	if (!format_id || !sgx_report || !quote_size_out ||
	    (!quote && quote_size))
		return OE_INVALID_PARAMETER;
	if (!is_ours(format_id))
		return OE_UNSUPPORTED;
	*quote_size_out = 0;
	if (!quote) {
		struct quoting_target target;

		r = quoting_target(&target, &why);
		if (r)
			return failed(N_("size of quotes"), r, &why);
		*quote_size_out = target.quote_size;
		return OE_BUFFER_TOO_SMALL;
	}
	r = quoting_quote((const uint8_t *)sgx_report, &made, &size, &why);
	if (r)
		return failed("quote", r, &why);
	*quote_size_out = size;
	if (size <= quote_size)
		memcpy(quote, made, size);
	free(made);
	return size <= quote_size ? OE_OK : OE_BUFFER_TOO_SMALL;
}

/* ---- collateral ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	bool filled;
	uint8_t fmspc[6], ca;
	time_t until; /* CLOCK_MONOTONIC */
	struct quoting_collateral collateral;
} kept; /* under lock */

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/* Under lock. */
static oe_result_t fetch(const uint8_t fmspc[6], uint8_t ca)
{
	struct quoting_collateral fresh;
	struct why why = { "" };
	int r;

	if (kept.filled && kept.ca == ca && !memcmp(kept.fmspc, fmspc, 6) &&
	    now() < kept.until)
		return OE_OK;
	r = quoting_collateral(fmspc, (enum quoting_ca)ca, API_VERSION,
		&fresh, &why);
	if (r)
		return failed("collateral", r, &why);
	if (kept.filled)
		quoting_collateral_free(&kept.collateral);
	kept.collateral = fresh;
	kept.ca = ca;
	memcpy(kept.fmspc, fmspc, 6);
	kept.until = now() + KEEP_SECONDS;
	kept.filled = true;
	return OE_OK;
}

/* One part for the enclave: with a NUL that counts, as quote providers give
 * it, unless it is binary. */
struct part {
	const struct attest_bytes *from;
	bool text;
	void *to;
	size_t room;
	size_t *size;
};

static oe_result_t give(const struct part *part, size_t count)
{
	oe_result_t result = OE_OK;

	for (size_t i = 0; i < count; i++) {
		const struct attest_bytes *from = part[i].from;
		bool nul = part[i].text && (!from->size ||
			from->data[from->size - 1]);

		*part[i].size = from->size + nul;
		if (!part[i].to || part[i].room < *part[i].size)
			result = OE_BUFFER_TOO_SMALL;
	}
	for (size_t i = 0; !result && i < count; i++) {
		memcpy(part[i].to, part[i].from->data, part[i].from->size);
		if (*part[i].size > part[i].from->size)
			((char *)part[i].to)[part[i].from->size] = '\0';
	}
	return result;
}

oe_result_t oe_get_quote_verification_collateral_ocall(
	uint8_t fmspc[6], uint8_t collateral_provider, void *tcb_info,
	size_t tcb_info_size, size_t *tcb_info_size_out,
	void *tcb_info_issuer_chain, size_t tcb_info_issuer_chain_size,
	size_t *tcb_info_issuer_chain_size_out, void *pck_crl,
	size_t pck_crl_size, size_t *pck_crl_size_out, void *root_ca_crl,
	size_t root_ca_crl_size, size_t *root_ca_crl_size_out,
	void *pck_crl_issuer_chain, size_t pck_crl_issuer_chain_size,
	size_t *pck_crl_issuer_chain_size_out, void *qe_identity,
	size_t qe_identity_size, size_t *qe_identity_size_out,
	void *qe_identity_issuer_chain, size_t qe_identity_issuer_chain_size,
	size_t *qe_identity_issuer_chain_size_out)
{
	const struct attest_collateral *c = &kept.collateral.view;
	const struct part parts[] = {
		{ &c->tcb_info, true, tcb_info, tcb_info_size,
			tcb_info_size_out },
		{ &c->tcb_info_chain, true, tcb_info_issuer_chain,
			tcb_info_issuer_chain_size,
			tcb_info_issuer_chain_size_out },
		{ &c->pck_crl, false, pck_crl, pck_crl_size,
			pck_crl_size_out },
		{ &c->root_crl, false, root_ca_crl, root_ca_crl_size,
			root_ca_crl_size_out },
		{ &c->pck_crl_chain, true, pck_crl_issuer_chain,
			pck_crl_issuer_chain_size,
			pck_crl_issuer_chain_size_out },
		{ &c->qe_identity, true, qe_identity, qe_identity_size,
			qe_identity_size_out },
		{ &c->qe_identity_chain, true, qe_identity_issuer_chain,
			qe_identity_issuer_chain_size,
			qe_identity_issuer_chain_size_out },
	};
	const size_t count = sizeof(parts) / sizeof(parts[0]);
	oe_result_t result;

	if (!fmspc || collateral_provider > QUOTING_CA_PLATFORM)
		return OE_INVALID_PARAMETER;
	for (size_t i = 0; i < count; i++)
		if (!parts[i].size)
			return OE_INVALID_PARAMETER;
	pthread_mutex_lock(&lock);
	result = fetch(fmspc, collateral_provider);
	if (!result)
		result = give(parts, count);
	pthread_mutex_unlock(&lock);
	return result;
}

/* There is one set of collateral, whatever the baseline. */
oe_result_t oe_get_quote_verification_collateral_with_baseline_ocall(
	uint8_t fmspc[6], uint8_t collateral_provider, void *baseline,
	size_t baseline_size, void *tcb_info, size_t tcb_info_size,
	size_t *tcb_info_size_out, void *tcb_info_issuer_chain,
	size_t tcb_info_issuer_chain_size,
	size_t *tcb_info_issuer_chain_size_out, void *pck_crl,
	size_t pck_crl_size, size_t *pck_crl_size_out, void *root_ca_crl,
	size_t root_ca_crl_size, size_t *root_ca_crl_size_out,
	void *pck_crl_issuer_chain, size_t pck_crl_issuer_chain_size,
	size_t *pck_crl_issuer_chain_size_out, void *qe_identity,
	size_t qe_identity_size, size_t *qe_identity_size_out,
	void *qe_identity_issuer_chain, size_t qe_identity_issuer_chain_size,
	size_t *qe_identity_issuer_chain_size_out)
{
	return oe_get_quote_verification_collateral_ocall(fmspc,
		collateral_provider, tcb_info, tcb_info_size,
		tcb_info_size_out, tcb_info_issuer_chain,
		tcb_info_issuer_chain_size, tcb_info_issuer_chain_size_out,
		pck_crl, pck_crl_size, pck_crl_size_out, root_ca_crl,
		root_ca_crl_size, root_ca_crl_size_out, pck_crl_issuer_chain,
		pck_crl_issuer_chain_size, pck_crl_issuer_chain_size_out,
		qe_identity, qe_identity_size, qe_identity_size_out,
		qe_identity_issuer_chain, qe_identity_issuer_chain_size,
		qe_identity_issuer_chain_size_out);
}
