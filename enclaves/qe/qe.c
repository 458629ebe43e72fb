/* SPDX-License-Identifier: MIT */
/*
 * States: NEW, then KEYED (attestation key and REPORT are there), then READY
 * (everything that quotes are made of is, and never changes again).  Changes
 * happen under the lock; READY is read without.
 */
#include "common/arch.h"
#include "core/cmac.h"
#include "core/core.h"
#include "quote_v3.h"

#include <openenclave/enclave.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "qe_t.h"

enum state { NEW, KEYED, READY };

static pthread_mutex_t g_lock = PTHREAD_MUTEX_INITIALIZER;
static enum state g_state;
static struct curve_key *g_key;
static struct qe_quote g_quote; /* a pattern for all quotes */
static uint8_t *g_certification;

static enum arch_result qe_id(uint8_t id[16])
{
	struct sgx_keyrequest request;
	uint8_t key[16], block[16];
	enum arch_result result;

	arch_qe_id_request(&request);
	result = arch_key(&request, key);
	if (!result) {
		arch_block(block, 0, ARCH_LABEL_QE_ID, 128);
		cmac_aes128(key, block, sizeof(block), id);
	}
	arch_wipe(key, sizeof(key));
	return result;
}

int qe_target(uint8_t *target, uint16_t *svn, uint8_t *id)
{
	struct sgx_targetinfo info;

	if (!target || !svn || !id)
		return ARCH_PARAMETER;
	arch_target(&info);
	memcpy(target, &info, sizeof(info));
	*svn = arch_self()->isv_svn;
	return qe_id(id);
}

/* ---- the attestation key ---- */

/* Depends on this processor, its TCB, the signer and the QE's version. */
static enum arch_result derive(struct curve_key **key)
{
	const struct sgx_report_body *self = arch_self();
	struct sgx_keyrequest request = {
		.key_name = SGX_KEYNAME_SEAL,
		.key_policy = SGX_KEYPOLICY_MRSIGNER,
		.isv_svn = self->isv_svn,
		.attributes_mask = { .flags = ARCH_KEY_FLAGS },
		.misc_mask = UINT32_MAX,
	};

	memcpy(request.cpusvn, self->cpusvn, sizeof(request.cpusvn));
	return arch_private_key(&request, ARCH_LABEL_ATTESTATION, key);
}

/* Everything but the PCE's part. */
static enum arch_result fill(struct qe_quote *quote,
	const struct curve_key *key)
{
	static const uint8_t vendor[16] = ARCH_QE_VENDOR;

	memset(quote, 0, sizeof(*quote));
	quote->header.version = 3;
	quote->header.key_type = 2;
	quote->header.qe_svn = arch_self()->isv_svn;
	memcpy(quote->header.vendor, vendor, sizeof(vendor));
	curve_key_public(key, quote->key);
	quote->authentication_size = QE_AUTHENTICATION_SIZE;
	for (uint8_t i = 0; i < QE_AUTHENTICATION_SIZE; i++)
		quote->authentication[i] = i;
	quote->certification_type = QE_CERTIFICATION_PEM;
	return qe_id(quote->header.user_data);
}

static enum arch_result bind(const struct sgx_targetinfo *pce,
	const struct qe_quote *quote, struct sgx_report *report)
{
	uint8_t data[64] = { 0 };

	if (!curve_sha256(quote->key, sizeof(quote->key),
		quote->authentication, sizeof(quote->authentication), data))
		return ARCH_CRYPTO;
	core_ereport(pce, data, report);
	return ARCH_OK;
}

static enum arch_result make_key(const struct sgx_targetinfo *pce,
	struct sgx_report *report)
{
	enum arch_result result;

	if (g_state == READY)
		return ARCH_STATE;
	if (!g_key) {
		result = derive(&g_key);
		if (result)
			return result;
	}
	result = fill(&g_quote, g_key);
	if (!result)
		result = bind(pce, &g_quote, report);
	if (!result) {
		g_quote.qe_body = report->body;
		g_state = KEYED;
	}
	return result;
}

int qe_attestation_key(const uint8_t *pce_target, uint8_t *bytes)
{
	struct sgx_targetinfo pce;
	struct sgx_report report;
	enum arch_result result;

	if (!pce_target || !bytes)
		return ARCH_PARAMETER;
	memcpy(&pce, pce_target, sizeof(pce));
	if (!(pce.attributes.flags & SGX_ATTR_PROVISIONKEY) ||
	    pce.attributes.flags & SGX_ATTR_DEBUG)
		return ARCH_PRIVILEGE;
	pthread_mutex_lock(&g_lock);
	result = make_key(&pce, &report);
	pthread_mutex_unlock(&g_lock);
	if (!result)
		memcpy(bytes, &report, sizeof(report));
	return result;
}

static enum arch_result take(const uint8_t *signature, uint16_t pce_svn,
	const uint8_t *certification, size_t size)
{
	if (g_state != KEYED)
		return ARCH_STATE;
	g_certification = malloc(size);
	if (!g_certification)
		return ARCH_CRYPTO;
	memcpy(g_certification, certification, size);
	memcpy(g_quote.qe_signature, signature, sizeof(g_quote.qe_signature));
	g_quote.header.pce_svn = pce_svn;
	g_quote.certification_size = (uint32_t)size;
	g_quote.signature_size = (uint32_t)(sizeof(g_quote) + size -
		offsetof(struct qe_quote, signature));
	__atomic_store_n(&g_state, READY, __ATOMIC_RELEASE);
	return ARCH_OK;
}

int qe_certify(const uint8_t *signature, uint16_t pce_svn,
	const uint8_t *certification, size_t size, size_t *quote_size)
{
	enum arch_result result;

	if (!signature || !certification || !quote_size ||
	    size < QE_CERTIFICATION_MIN || size > QE_CERTIFICATION_MAX)
		return ARCH_PARAMETER;
	pthread_mutex_lock(&g_lock);
	result = take(signature, pce_svn, certification, size);
	pthread_mutex_unlock(&g_lock);
	if (!result)
		*quote_size = sizeof(g_quote) + size;
	return result;
}

/* ---- quotes ---- */

int qe_quote(const uint8_t *bytes, uint8_t *out, size_t size,
	size_t *quote_size)
{
	struct sgx_report report;
	struct qe_quote quote;
	enum arch_result result;

	if (!bytes || !out || !quote_size)
		return ARCH_PARAMETER;
	if (__atomic_load_n(&g_state, __ATOMIC_ACQUIRE) != READY)
		return ARCH_STATE;
	*quote_size = sizeof(quote) + g_quote.certification_size;
	if (size < *quote_size)
		return ARCH_PARAMETER;
	memcpy(&report, bytes, sizeof(report));
	result = arch_check_report(&report);
	if (result)
		return result;
	quote = g_quote;
	quote.body = report.body;
	if (!curve_sign(g_key, &quote, QE_SIGNED_SIZE, quote.signature))
		return ARCH_CRYPTO;
	memcpy(out, &quote, sizeof(quote));
	memcpy(out + sizeof(quote), g_certification,
		g_quote.certification_size);
	return ARCH_OK;
}

OE_SET_ENCLAVE_SGX(ARCH_QE_PROD_ID, ARCH_QE_SVN, false, 256, 16, 8);
