/* SPDX-License-Identifier: MIT */
#include "pki/collateral.h"

#include "common/vmconf.h"
#include "pki/files.h"
#include "pki/issued.h"
#include "pki/json.h"
#include <errno.h>
#include <openssl/ecdsa.h>
#include <stdlib.h>
#include <string.h>

#define JSON_DAYS 30

/* By vmconf_family; numbers of our own, no chip of Intel's has them. */
static const struct pki_fmspc fmspcs[] = {
	[VMCONF_DCSV2] = { { 0x00, 0xc0, 0xfe, 0x02, 0x00, 0x00 },
		PKI_CA_PROCESSOR, "E3", "DCsv2" },
	[VMCONF_DCSV3] = { { 0x00, 0xc0, 0xfe, 0x03, 0x00, 0x00 },
		PKI_CA_PLATFORM, "E5", "DCsv3" },
	[VMCONF_DCDSV3] = { { 0x00, 0xc0, 0xfe, 0x13, 0x00, 0x00 },
		PKI_CA_PLATFORM, "E5", "DCdsv3" },
};

const struct pki_fmspc *pki_fmspcs(size_t *count)
{
	*count = sizeof(fmspcs) / sizeof(*fmspcs);
	return fmspcs;
}

static bool known(const uint8_t fmspc[PKI_FMSPC_SIZE])
{
	for (size_t i = 0; i < sizeof(fmspcs) / sizeof(*fmspcs); i++)
		if (!memcmp(fmspcs[i].fmspc, fmspc, PKI_FMSPC_SIZE))
			return true;
	return false;
}

/* ---- signing ---- */

/* r and s of a DER signature, 32 bytes each. */
static bool raw_signature(const uint8_t *der, size_t size, uint8_t rs[64])
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)size);
	bool ok = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), rs, 32) == 32 &&
		BN_bn2binpad(ECDSA_SIG_get0_s(sig), rs + 32, 32) == 32;

	ECDSA_SIG_free(sig);
	return ok;
}

static int sign(struct pki *pki, const char *json, size_t size,
	char signature[129], struct why *why)
{
	EVP_PKEY *key = ca_key(pki, PKI_CERT_TCB, why);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[80], rs[64];
	size_t der_size = sizeof(der);
	bool ok;

	if (!key) {
		EVP_MD_CTX_free(ctx);
		return -EINVAL;
	}
	ok = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) > 0
		&& EVP_DigestSign(ctx, der, &der_size, (const uint8_t *)json,
			size) > 0 && raw_signature(der, der_size, rs);
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return ca_failed(why, "cannot sign");
	files_hex(rs, sizeof(rs), false, signature);
	return 0;
}

int pki_sign_json(struct pki *pki, const char *json, size_t size,
	char signature[129], struct why *why)
{
	int r = ca_enter(pki, why);

	if (r)
		return r;
	r = sign(pki, json, size, signature, why);
	ca_leave(pki);
	return r;
}

/* ---- JSON ---- */

struct document {
	enum { TCB_INFO, QE_IDENTITY, NUMBERS } kind;
	uint8_t fmspc[PKI_FMSPC_SIZE];
	unsigned version, evaluation;
};

static int body(struct pki *pki, const struct document *d, int64_t from,
	int64_t until, char **text, size_t *size, struct why *why)
{
	uint8_t mrsigner[32];
	FILE *f;
	int r;

	if (d->kind == QE_IDENTITY) {
		r = ca_mrsigner(pki, mrsigner, why);
		if (r)
			return r;
	}
	f = open_memstream(text, size);
	if (!f)
		return why_set(why, -ENOMEM, "out of memory");
	if (d->kind == TCB_INFO)
		json_tcb_info(f, d->fmspc, d->version, d->evaluation, from,
			until);
	else if (d->kind == QE_IDENTITY)
		json_qe_identity(f, mrsigner, d->evaluation, from, until);
	else
		json_evaluation_numbers(f, from, until);
	return fclose(f) ? why_set(why, -ENOMEM, "out of memory") : 0;
}

static int make(struct pki *pki, const void *ctx, int64_t from, int64_t until,
	struct pki_bytes *out, struct why *why)
{
	static const char *const members[] = { "tcbInfo", "enclaveIdentity",
		"tcbEvaluationDataNumbers" };
	const struct document *d = ctx;
	char signature[129], *text = NULL, *whole = NULL;
	size_t size = 0;
	int n, r;

	r = body(pki, d, from, until, &text, &size, why);
	if (!r)
		r = sign(pki, text, size, signature, why);
	if (!r) {
		n = asprintf(&whole, "{\"%s\":%s,\"signature\":\"%s\"}",
			members[d->kind], text, signature);
		if (n < 0)
			r = why_set(why, -ENOMEM, "out of memory");
		else
			*out = (struct pki_bytes){ (uint8_t *)whole,
				(size_t)n };
	}
	free(text);
	return r;
}

static int64_t issue_time(const struct pki_bytes *json)
{
	static const char member[] = "\"issueDate\":\"";
	const char *at = strstr((const char *)json->data, member);

	return at ? json_parse_date(at + sizeof(member) - 1) : 0;
}

static int get(struct pki *pki, const char *name, const struct document *d,
	struct pki_bytes *out, struct why *why)
{
	const struct issued what = {
		.name = name, .life = JSON_DAYS * ISSUED_DAY,
		.time = issue_time, .make = make, .ctx = d,
	};
	int r = ca_enter(pki, why);

	if (r)
		return r;
	r = issued_get(pki, &what, out, why);
	ca_leave(pki);
	return r;
}

static int check(unsigned api_version, unsigned *evaluation, struct why *why)
{
	if (api_version != 3 && api_version != 4)
		return why_set(why, -EINVAL, "there is no version %u of the "
			"interface: 3 or 4", api_version);
	if (!*evaluation)
		*evaluation = JSON_EVALUATION;
	if (*evaluation < JSON_EVALUATION_OLDEST)
		return why_set(why, -ESTALE, "TCB evaluation data number %u "
			"is too old: %u is the oldest", *evaluation,
			JSON_EVALUATION_OLDEST);
	if (*evaluation > JSON_EVALUATION_EARLY)
		return why_set(why, -ENOENT, "there is no TCB evaluation data "
			"number %u yet", *evaluation);
	return 0;
}

int pki_tcb_info_get(struct pki *pki, const uint8_t fmspc[PKI_FMSPC_SIZE],
	unsigned api_version, unsigned evaluation, struct pki_bytes *out,
	struct why *why)
{
	struct document d = { .kind = TCB_INFO, .version = api_version - 1 };
	char name[64], hex[2 * PKI_FMSPC_SIZE + 1];
	int r;

	*out = (struct pki_bytes){ NULL, 0 };
	r = check(api_version, &evaluation, why);
	if (r)
		return r;
	files_hex(fmspc, PKI_FMSPC_SIZE, true, hex);
	if (!known(fmspc))
		return why_set(why, -ENOENT, "no machine has the FMSPC %s",
			hex);
	memcpy(d.fmspc, fmspc, PKI_FMSPC_SIZE);
	d.evaluation = evaluation;
	snprintf(name, sizeof(name), "tcb-%s-v%u-%u.json", hex, d.version,
		evaluation);
	return get(pki, name, &d, out, why);
}

int pki_qe_identity_get(struct pki *pki, unsigned api_version,
	unsigned evaluation, struct pki_bytes *out, struct why *why)
{
	struct document d = { .kind = QE_IDENTITY, .version = 2 };
	char name[64];
	int r;

	*out = (struct pki_bytes){ NULL, 0 };
	r = check(api_version, &evaluation, why);
	if (r)
		return r;
	d.evaluation = evaluation;
	snprintf(name, sizeof(name), "qe-identity-%u.json", evaluation);
	return get(pki, name, &d, out, why);
}

int pki_evaluation_numbers_get(struct pki *pki, struct pki_bytes *out,
	struct why *why)
{
	const struct document d = { .kind = NUMBERS };

	*out = (struct pki_bytes){ NULL, 0 };
	return get(pki, "evaluation-numbers.json", &d, out, why);
}

/* ---- all of it ---- */

struct parts {
	struct pki_bytes tcb_info, tcb_chain, pck_crl, pck_chain, root_crl,
		identity;
};

static void free_parts(struct parts *p)
{
	pki_bytes_free(&p->tcb_info);
	pki_bytes_free(&p->tcb_chain);
	pki_bytes_free(&p->pck_crl);
	pki_bytes_free(&p->pck_chain);
	pki_bytes_free(&p->root_crl);
	pki_bytes_free(&p->identity);
	free(p);
}

static struct attest_bytes view(const struct pki_bytes *b)
{
	return (struct attest_bytes){ b->data, b->size };
}

int pki_collateral_get(struct pki *pki, const uint8_t fmspc[PKI_FMSPC_SIZE],
	enum pki_ca ca, unsigned api_version, struct pki_collateral *out,
	struct why *why)
{
	struct parts *p = calloc(1, sizeof(*p));
	int r;

	memset(out, 0, sizeof(*out));
	if (!p)
		return why_set(why, -ENOMEM, "out of memory");
	r = pki_tcb_info_get(pki, fmspc, api_version, 0, &p->tcb_info, why);
	if (!r)
		r = pki_chain_pem(pki, PKI_CERT_TCB, &p->tcb_chain, why);
	if (!r)
		r = pki_crl_get(pki, ca, &p->pck_crl, why);
	if (!r)
		r = pki_chain_pem(pki, ca_cert(ca), &p->pck_chain, why);
	if (!r)
		r = pki_root_crl_get(pki, &p->root_crl, why);
	if (!r)
		r = pki_qe_identity_get(pki, api_version, 0, &p->identity,
			why);
	if (r) {
		free_parts(p);
		return r;
	}
	out->view = (struct attest_collateral){
		.tcb_info = view(&p->tcb_info),
		.tcb_info_chain = view(&p->tcb_chain),
		.pck_crl = view(&p->pck_crl),
		.pck_crl_chain = view(&p->pck_chain),
		.root_crl = view(&p->root_crl),
		.qe_identity = view(&p->identity),
		.qe_identity_chain = view(&p->tcb_chain),
	};
	out->owned = p;
	return 0;
}

void pki_collateral_free(struct pki_collateral *c)
{
	if (c->owned)
		free_parts(c->owned);
	memset(c, 0, sizeof(*c));
}
