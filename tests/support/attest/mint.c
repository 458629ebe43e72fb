/* SPDX-License-Identifier: MIT */
#include "mint_priv.h"

#include "attest/crypto.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mint_check(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "mint: %s\n", what);
	abort();
}

void mint_scalar(enum mint_key key, uint8_t scalar[32])
{
	char name[32];

	snprintf(name, sizeof(name), "mint key %d", key);
	mint_check(!attest_sha256(name, strlen(name), scalar), "SHA-256");
}

void mint_public(enum mint_key key, uint8_t public[64])
{
	uint8_t scalar[32];

	mint_scalar(key, scalar);
	mint_check(!attest_p256_public(scalar, public), "public key");
}

EVP_PKEY *mint_pkey(enum mint_key key)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params;
	EVP_PKEY *pkey = NULL;
	uint8_t scalar[32], point[65] = { 4 };
	BIGNUM *number;

	mint_scalar(key, scalar);
	mint_public(key, point + 1);
	number = BN_bin2bn(scalar, 32, NULL);
	OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
		"prime256v1", 0);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number);
	OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
		point, sizeof(point));
	params = OSSL_PARAM_BLD_to_param(build);
	mint_check(EVP_PKEY_fromdata_init(context) > 0 &&
		EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_KEYPAIR,
			params) > 0, "key");
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(context);
	BN_free(number);
	return pkey;
}

static const struct mint_cert authority = {
	.issuer = "Intel SGX Root CA", .unit = "Mint",
	.from = MINT_NOW - MINT_DAY, .until = MINT_NOW + 3650L * MINT_DAY,
	.constraints = "critical,CA:TRUE,pathlen:1",
	.usage = "critical,keyCertSign,cRLSign",
	.crl_points = "URI:https://certificates.example/IntelSGXRootCA.der",
	.subject_key = "hash", .authority_key = "keyid:always",
	.signer = MINT_KEY_ROOT,
};

static void init_certs(struct mint *mint)
{
	mint->root = mint->ca = mint->pck = mint->tcb = authority;
	mint->root.name = "Intel SGX Root CA";
	mint->root.key = MINT_KEY_ROOT;
	mint->root.serial = 100;
	mint->ca.name = "Intel SGX PCK Platform CA";
	mint->ca.constraints = "critical,CA:TRUE,pathlen:0";
	mint->ca.key = MINT_KEY_CA;
	mint->ca.serial = 101;
	mint->pck.name = "Intel SGX PCK Certificate";
	mint->pck.issuer = mint->ca.name;
	mint->pck.constraints = "critical,CA:FALSE";
	mint->pck.usage = "critical,digitalSignature,nonRepudiation";
	mint->pck.key = MINT_KEY_PCK;
	mint->pck.signer = MINT_KEY_CA;
	mint->pck.serial = 0xa2bc; /* a first bit that is set */
	mint->pck.sgx = true;
	mint->tcb.name = "Intel SGX TCB Signing";
	mint->tcb.constraints = "critical,CA:FALSE";
	mint->tcb.usage = "critical,digitalSignature,nonRepudiation";
	mint->tcb.key = MINT_KEY_TCB;
	mint->tcb.serial = 103;
	mint->crl_root = mint->qe_root = mint->tcb_root = mint->root;
	mint->crl_ca = mint->ca;
	mint->qe_tcb = mint->tcb;
	mint->root_crl = (struct mint_crl){ .issuer = mint->root.name,
		.unit = "Mint", .from = MINT_NOW - MINT_DAY,
		.until = MINT_NOW + 300 * MINT_DAY,
		.signer = MINT_KEY_ROOT, .encoding = MINT_HEX };
	mint->pck_crl = mint->root_crl;
	mint->pck_crl.issuer = mint->ca.name;
	mint->pck_crl.until = MINT_NOW + 30 * MINT_DAY;
	mint->pck_crl.signer = MINT_KEY_CA;
	mint->pck_crl.encoding = MINT_DER;
}

static void init_machine(struct attest_pck *machine)
{
	static const uint8_t components[16] = { 11, 11, 2, 2, 255, 1, 12 };
	static const uint8_t fmspc[6] = { 0xc0, 0xff, 0xe0, 0, 0, 1 };

	memcpy(machine->components, components, 16);
	memcpy(machine->cpusvn, components, 16);
	memcpy(machine->fmspc, fmspc, 6);
	memset(machine->ppid, 0x50, 16);
	memset(machine->platform_instance_id, 0x1d, 16);
	machine->pcesvn = 13;
	machine->sgx_type = 1;
	machine->has_platform = true;
	machine->dynamic_platform = 1;
	machine->cached_keys = 0;
	machine->smt_enabled = 1;
	machine->ca = ATTEST_CA_PLATFORM;
}

static void init_json(struct mint *mint)
{
	struct mint_level *level = mint->tcb_info.level;

	mint->tcb_version = 3;
	mint->tcb_info.from = mint->qe_identity.from = "2025-12-31T00:00:00Z";
	mint->tcb_info.until = "2026-01-31T00:00:00Z";
	mint->qe_identity.until = "2026-01-11T00:00:00Z";
	mint->tcb_info.signer = mint->qe_identity.signer = MINT_KEY_TCB;
	mint->tcb_info.levels = 2;
	memcpy(level[0].components, mint->machine.components, 16);
	level[0].pcesvn = 13;
	level[0].date = "2025-11-12T00:00:00Z";
	level[0].status = "UpToDate";
	level[1] = level[0];
	level[1].components[0] = 5;
	level[1].pcesvn = 5;
	level[1].date = "2020-11-12T00:00:00Z";
	level[1].status = "OutOfDate";
	level[1].advisories = "\"INTEL-SA-00001\",\"INTEL-SA-00002\"";
	level = mint->qe_identity.level;
	mint->qe_identity.levels = 2;
	level[0] = (struct mint_level){ .pcesvn = 8, .status = "UpToDate",
		.date = "2025-11-12T00:00:00Z" };
	level[1] = (struct mint_level){ .pcesvn = 4, .status = "OutOfDate",
		.date = "2020-11-12T00:00:00Z",
		.advisories = "\"INTEL-SA-00002\",\"INTEL-SA-00003\"" };
}

static void init_reports(struct mint *mint)
{
	struct sgx_report_body *body = &mint->body, *qe = &mint->qe_report;

	memset(body->cpusvn, 0x0b, 16);
	body->attributes.flags = 0x5; /* INIT, MODE64BIT */
	body->attributes.xfrm = 0xe7;
	memset(body->mrenclave, 0xe1, 32);
	memset(body->mrsigner, 0x51, 32);
	body->isv_prod_id = 7;
	body->isv_svn = 3;
	memset(body->report_data, 0xda, 64);
	memset(qe->cpusvn, 0x0b, 16);
	qe->attributes.flags = 0x15; /* INIT, MODE64BIT, PROVISIONKEY */
	qe->attributes.xfrm = 0xe7;
	memset(qe->mrenclave, 0x9e, 32);
	memset(qe->mrsigner, 0x8c, 32);
	qe->isv_prod_id = 1;
	qe->isv_svn = 8;
}

void mint_init(struct mint *mint)
{
	memset(mint, 0, sizeof(*mint));
	init_certs(mint);
	init_machine(&mint->machine);
	init_json(mint);
	init_reports(mint);
	mint->quote_version = 3;
	mint->header = (struct attest_quote_header){ .version = 3,
		.key_type = ATTEST_KEY_ECDSA_P256, .qe_svn = 8,
		.pce_svn = 13 };
	memcpy(mint->header.qe_vendor, attest_qe_vendor, 16);
	memset(mint->header.user_data, 0x1d, 16);
	mint->auth_size = 32;
	for (uint8_t i = 0; i < 32; i++)
		mint->auth[i] = i;
	mint->attestation_key = mint->quote_signer = MINT_KEY_ATTESTATION;
	mint->qe_report_signer = MINT_KEY_PCK;
	mint->certificates = 3;
}

/* Texts one after the other; each is given back.  NULLs count for none. */
static char *join(char *a, char *b, char *c)
{
	char *out;

	mint_check(asprintf(&out, "%s%s%s", a ? a : "", b ? b : "",
		c ? c : "") >= 0, "memory");
	free(a);
	free(b);
	free(c);
	return out;
}

/* The NUL is not counted, as in HTTP; quotes count it. */
static struct attest_bytes text_bytes(char *text)
{
	return (struct attest_bytes){ (uint8_t *)text, strlen(text) };
}

/* A certificate, the same text when it is set as another that was made. */
static char *cert_like(const struct mint *mint, const struct mint_cert *cert,
	const struct mint_cert *like, const char *text)
{
	return memcmp(cert, like, sizeof(*cert)) ?
		mint_make_cert(mint, cert) : strdup(text);
}

/* Signer (or authority) and root, of collateral. */
static struct attest_bytes pair_chain(const struct mint *mint,
	const struct mint_cert *first, const struct mint_cert *like,
	const char *text, const struct mint_cert *root)
{
	return text_bytes(join(cert_like(mint, first, like, text),
		cert_like(mint, root, &mint->root, mint->root_pem), NULL));
}

static char *quote_chain(const struct mint *mint)
{
	char *leaf = mint_make_cert(mint, &mint->pck), *ca = NULL, *root = NULL;
	char *chain;

	if (mint->certificates > 1)
		ca = strdup(mint->ca_pem);
	if (mint->certificates > 2)
		root = strdup(mint->root_pem);
	chain = join(leaf, ca, root);
	if (mint->certificates > 3)
		chain = join(chain, strdup(mint->root_pem), NULL);
	return join(mint->before_chain ? strdup(mint->before_chain) : NULL,
		chain, mint->after_chain ? strdup(mint->after_chain) : NULL);
}

static void sign(enum mint_key key, const void *bytes, size_t size,
	uint8_t signature[64])
{
	uint8_t scalar[32], digest[32];

	mint_scalar(key, scalar);
	mint_check(!attest_sha256(bytes, size, digest) &&
		!attest_p256_sign(scalar, digest, signature), "signature");
}

static void put(uint8_t **at, const void *bytes, size_t size)
{
	if (size)
		memcpy(*at, bytes, size);
	*at += size;
}

static void put_u16(uint8_t **at, size_t value)
{
	uint16_t number = (uint16_t)value;

	put(at, &number, sizeof(number));
}

static void put_u32(uint8_t **at, size_t value)
{
	uint32_t number = (uint32_t)value;

	put(at, &number, sizeof(number));
}

static void make_quote(struct mint *mint)
{
	char *chain = quote_chain(mint);
	size_t chain_size = strlen(chain) + !mint->no_nul;
	size_t inner = 384 + 64 + 2 + mint->auth_size + 6 + chain_size;
	size_t tail = 128 + inner + (mint->quote_version == 4 ? 6 : 0);
	uint8_t *at, key[64], signature[64];

	mint->header.version = (uint16_t)mint->quote_version;
	if (mint->quote_version == 4)
		mint->header.qe_svn = mint->header.pce_svn = 0;
	mint_public(mint->attestation_key, key);
	if (!mint->unbound) {
		mint_check(!attest_sha256_two(key, 64, mint->auth,
			mint->auth_size, mint->qe_report.report_data),
			"SHA-256");
		memset(mint->qe_report.report_data + 32, 0, 32);
	}
	mint->quote_size = 436 + tail;
	at = mint->quote = malloc(mint->quote_size);
	put(&at, &mint->header, 48);
	put(&at, &mint->body, 384);
	put_u32(&at, tail);
	sign(mint->quote_signer, mint->quote, 432, signature);
	put(&at, signature, 64);
	put(&at, key, 64);
	if (mint->quote_version == 4) {
		put_u16(&at, 6);
		put_u32(&at, inner);
	}
	put(&at, &mint->qe_report, 384);
	sign(mint->qe_report_signer, &mint->qe_report, 384, signature);
	put(&at, signature, 64);
	put_u16(&at, mint->auth_size);
	put(&at, mint->auth, mint->auth_size);
	put_u16(&at, 5);
	put_u32(&at, chain_size);
	put(&at, chain, chain_size);
	mint_check(at == mint->quote + mint->quote_size, "quote size");
	free(chain);
}

void mint_make(struct mint *mint)
{
	struct attest_collateral *c = &mint->collateral;
	uint8_t key[64];

	char *tcb;

	mint_free(mint);
	mint->root_pem = mint_make_cert(mint, &mint->root);
	mint->ca_pem = mint_make_cert(mint, &mint->ca);
	tcb = mint_make_cert(mint, &mint->tcb);
	make_quote(mint);
	c->tcb_info = text_bytes(mint_make_tcb_info(mint));
	c->tcb_info_chain = pair_chain(mint, &mint->tcb, &mint->tcb, tcb,
		&mint->tcb_root);
	c->pck_crl = mint_make_crl(&mint->pck_crl);
	c->pck_crl_chain = pair_chain(mint, &mint->crl_ca, &mint->ca,
		mint->ca_pem, &mint->crl_root);
	c->root_crl = mint_make_crl(&mint->root_crl);
	c->qe_identity = text_bytes(mint_make_qe_identity(mint));
	c->qe_identity_chain = pair_chain(mint, &mint->qe_tcb, &mint->tcb,
		tcb, &mint->qe_root);
	free(tcb);
	memset(&mint->roots, 0, sizeof(mint->roots));
	mint_public(MINT_KEY_ROOT, key);
	mint_check(!attest_roots_add_key(&mint->roots, key), "root");
}

void mint_free(struct mint *mint)
{
	free(mint->quote);
	mint->quote = NULL;
	free(mint->root_pem);
	free(mint->ca_pem);
	mint->root_pem = mint->ca_pem = NULL;
	for (unsigned int i = 0; i < ATTEST_COLLATERAL_PARTS; i++)
		free((void *)attest_collateral_part(&mint->collateral,
			i)->data);
	memset(&mint->collateral, 0, sizeof(mint->collateral));
}
