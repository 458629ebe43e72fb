/* SPDX-License-Identifier: MIT */
#include "quoting/arch.h"

#include "common/arch_result.h"
#include "common/log.h"
#include "common/paths.h"
#include "pki/architectural.h"
#include "pki/manufacture.h"
#include "quoting/images.h"
#include <errno.h>
#include <limits.h>
#include <openenclave/host.h>
#include <openenclave/log.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pce_u.h"
#include "qe_u.h"

/* Threads inside the QE at a time: its TCS. */
#define QE_THREADS 8

struct arch {
	struct pki *pki;
	oe_enclave_t *qe;
	struct quoting_target target;
	sem_t inside;
};

/* --- saying why --------------------------------------------------------- */

/* What liboehost said last, for people; while one thread starts the
 * enclaves. */
static char g_said[256];

static void overhear(void *context, bool is_enclave, const struct tm *when,
	long usecs, oe_log_level_t level, uint64_t thread, const char *text)
{
	if (level > OE_LOG_LEVEL_ERROR)
		return;
	snprintf(g_said, sizeof(g_said), "%s", text);
	log_error("%s%s", is_enclave ? "enclave: " : "", text);
}

static const char *arch_text(int result)
{
	switch (result) {
	case ARCH_PARAMETER:
		return "it does not take these parameters";
	case ARCH_BAD_REPORT:
		return "the REPORT was not made for it on this machine";
	case ARCH_PRIVILEGE:
		return "the other enclave has not the right attributes";
	case ARCH_TCB:
		return "the certificate's TCB is above this machine's";
	case ARCH_CRYPTO:
		return "its cryptography failed";
	case ARCH_STATE:
		return "not at this time";
	default:
		return "an answer that is none";
	}
}

/* An ecall's two results as one; *result is looked at after the call. */
static int failed(const char *who, const char *what, oe_result_t call,
	const int *result, struct why *why)
{
	if (call)
		return why_set(why, -ENODEV, "%s: %s: %s", who, what,
			oe_result_str(call));
	if (*result)
		return why_set(why, -EIO, "%s: %s: %s", who, what,
			arch_text(*result));
	return 0;
}

/* --- loading ------------------------------------------------------------ */

typedef oe_result_t create_enclave(const char *path, oe_enclave_type_t type,
	uint32_t flags, const oe_enclave_setting_t *settings,
	uint32_t setting_count, oe_enclave_t **enclave);

static int load(struct pki *pki, const char *vm, enum quoting_image which,
	const char *name, create_enclave *create, oe_enclave_t **enclave,
	struct why *why)
{
	char directory[PATH_MAX], path[PATH_MAX];
	oe_result_t result;
	int r = paths_vm_state(vm, directory, sizeof(directory), why);

	if (!r)
		r = paths_join(path, sizeof(path), directory, name, why);
	if (!r)
		r = images_write(pki, which, path, why);
	if (r)
		return r;
	g_said[0] = '\0';
	result = create(path, OE_ENCLAVE_TYPE_SGX, 0, NULL, 0, enclave);
	if (result)
		return why_set(why, -ENODEV, "%s does not start: %s (%s)",
			path, g_said[0] ? g_said : "no reason",
			oe_result_str(result));
	return 0;
}

/* --- certifying --------------------------------------------------------- */

/* Is this certificate's key the one with these coordinates? */
static bool same_key(const struct pki_bytes *leaf, const uint8_t xy[64])
{
	BIO *bio = BIO_new_mem_buf(leaf->data, (int)leaf->size);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	uint8_t point[65] = { 0 };
	size_t size = 0;
	bool same = cert && EVP_PKEY_get_octet_string_param(
			X509_get0_pubkey(cert), "pub", point, sizeof(point),
			&size) == 1 && size == sizeof(point) &&
		!memcmp(point + 1, xy, 64);

	X509_free(cert);
	BIO_free(bio);
	return same;
}

/* The QE's REPORT, signed by the PCE with the key of the machine's
 * certificate; both into the QE, with the certificate's chain and a NUL. */
static int certify(struct arch *a, oe_enclave_t *pce,
	const struct pki_pck *pck, const uint8_t report[QUOTING_REPORT_SIZE],
	struct why *why)
{
	uint8_t signature[64], key[64];
	size_t quote_size = 0;
	int result = -1, r;

	r = failed("PCE", "certifying", pce_certify(pce, &result,
			pck->tcbm_cpusvn, pck->tcbm_pcesvn, report, signature,
			key), &result, why);
	if (r)
		return r;
	if (!same_key(&pck->leaf, key))
		return why_set(why, -EINVAL, "the certificate of this machine "
			"is not for the key that its fuses give; `coffer vm "
			"manufacture` makes its certificates again");
	r = failed("QE", "taking certificates", qe_certify(a->qe, &result,
			signature, a->target.pce_svn, pck->chain.data,
			pck->chain.size + 1, &quote_size), &result, why);
	if (!r && quote_size > QUOTING_REPLY_MAX - sizeof(struct quoting_reply))
		r = why_set(why, -EIO, "quotes would have %zu bytes",
			quote_size);
	a->target.quote_size = (uint32_t)quote_size;
	return r;
}

static int find_certificate(struct arch *a, const char *vm,
	const struct sgx_report_body *raw, struct pki_pck *pck,
	struct why *why)
{
	struct pki_machine machine;
	int r = pki_machine_get(a->pki, vm, &machine, why);

	if (!r)
		r = pki_pck_get(a->pki, &machine, raw->cpusvn,
			a->target.pce_svn, pck, why);
	if (r)
		return r;
	memcpy(a->target.fmspc, machine.fmspc, sizeof(a->target.fmspc));
	a->target.ca = machine.ca == PKI_CA_PLATFORM ? QUOTING_CA_PLATFORM :
		QUOTING_CA_PROCESSOR;
	memcpy(a->target.cpusvn, pck->tcbm_cpusvn, sizeof(a->target.cpusvn));
	return 0;
}

static int introduce(struct arch *a, const char *vm, oe_enclave_t *pce,
	struct why *why)
{
	uint8_t pce_info[QUOTING_TARGET_SIZE];
	struct pki_pck pck = { .leaf.data = NULL };
	struct sgx_report report;
	int result = -1, r;

	r = failed("PCE", "its target", pce_target(pce, &result, pce_info,
			&a->target.pce_svn), &result, why);
	if (!r)
		r = failed("QE", "its target", qe_target(a->qe, &result,
				a->target.target_info, &a->target.qe_svn,
				a->target.qe_id), &result, why);
	if (!r)
		r = failed("QE", "attestation key", qe_attestation_key(a->qe,
				&result, pce_info, (uint8_t *)&report), &result,
			why);
	if (!r)
		r = find_certificate(a, vm, &report.body, &pck, why);
	if (!r)
		r = certify(a, pce, &pck, (const uint8_t *)&report, why);
	pki_pck_free(&pck);
	return r;
}

/* The key that signs the images is not kept. */
static int load_both(struct arch *a, const char *vm, oe_enclave_t **pce,
	struct why *why)
{
	struct pki *pki;
	int r = pki_open(NULL, &pki, why);

	if (r)
		return r;
	r = load(pki, vm, QUOTING_PCE, "pce.signed", oe_create_pce_enclave,
		pce, why);
	if (!r)
		r = load(pki, vm, QUOTING_QE, "qe.signed",
			oe_create_qe_enclave, &a->qe, why);
	pki_close(pki);
	return r;
}

/* The PCE is needed once, and ends. */
static int start(struct arch *a, const char *vm, struct why *why)
{
	oe_enclave_t *pce = NULL;
	int r = load_both(a, vm, &pce, why);

	if (!r)
		r = pki_open(NULL, &a->pki, why);
	if (!r)
		r = introduce(a, vm, pce, why);
	if (pce)
		oe_terminate_enclave(pce);
	return r;
}

int arch_start(const char *vm, struct arch **out, struct why *why)
{
	struct arch *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return why_set(why, -ENOMEM, "out of memory");
	oe_log_set_callback(NULL, overhear);
	sem_init(&a->inside, 0, QE_THREADS);
	r = start(a, vm, why);
	if (r)
		arch_stop(a);
	else
		*out = a;
	return r;
}

void arch_stop(struct arch *a)
{
	if (a->qe)
		oe_terminate_enclave(a->qe);
	pki_close(a->pki);
	sem_destroy(&a->inside);
	free(a);
}

/* --- use ---------------------------------------------------------------- */

const struct quoting_target *arch_target_of(const struct arch *a)
{
	return &a->target;
}

int arch_quote(struct arch *a, const uint8_t report[QUOTING_REPORT_SIZE],
	uint8_t *quote, struct why *why)
{
	size_t size = 0;
	oe_result_t call;
	int result = -1;

	while (sem_wait(&a->inside))
		;
	call = qe_quote(a->qe, &result, report, quote, a->target.quote_size,
		&size);
	sem_post(&a->inside);
	if (!call && result == ARCH_BAD_REPORT)
		return why_set(why, -EBADMSG, "this REPORT was not made for "
			"the quoting enclave by an enclave of this machine");
	if (!call && !result && size != a->target.quote_size)
		result = -1;
	return failed("QE", "quoting", call, &result, why);
}

int arch_collateral(struct arch *a, const struct quoting_which *which,
	struct pki_collateral *out, struct why *why)
{
	if (which->ca > QUOTING_CA_PLATFORM)
		return why_set(why, -EINVAL, "there is no CA %u", which->ca);
	return pki_collateral_get(a->pki, which->fmspc,
		which->ca == QUOTING_CA_PLATFORM ? PKI_CA_PLATFORM :
		PKI_CA_PROCESSOR, which->api_version, out, why);
}
