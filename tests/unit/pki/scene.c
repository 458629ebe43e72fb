/* SPDX-License-Identifier: MIT */
#include "scene.h"

#include "common/fuses.h"
#include "common/vmconf.h"
#include "pki/architectural.h"
#include "pki/files.h"
#include "sgx/secs.h"
#include "support/sgx/world.h"
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define ENCLAVE 10u /* EPC page of the SECS */

int scene_open(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	strcpy(s->state, "/tmp/coffer-pki-XXXXXX");
	assert_non_null(mkdtemp(s->state));
	assert_int_equal(pki_open(s->state, &s->pki, NULL), 0);
	*state = s;
	return 0;
}

int scene_open_quick(void **state)
{
	static struct pki_bytes key;
	struct scene *s;
	void *made;

	scene_open(state);
	s = *state;
	if (key.size) {
		assert_int_equal(files_write(scene_path(s, "ca"),
			"enclaves.key", key.data, key.size, NULL), 0);
		return 0;
	}
	assert_int_equal(pki_enclave_key(s->pki, &made, NULL), 0);
	return files_read(scene_path(s, "ca"), "enclaves.key", true, &key,
		NULL);
}

int scene_close(void **state)
{
	struct scene *s = *state;
	char command[128];

	pki_close(s->pki);
	snprintf(command, sizeof(command), "rm -rf '%s'", s->state);
	free(s);
	return system(command);
}

const char *scene_path(const struct scene *s, const char *format, ...)
{
	static char paths[4][256];
	static int next;
	char *path = paths[next++ % 4];
	va_list args;
	int n = snprintf(path, 256, "%s/", s->state);

	va_start(args, format);
	vsnprintf(path + n, 256 - (size_t)n, format, args);
	va_end(args);
	return path;
}

void scene_machine(struct scene *s, const char *name, const char *size)
{
	FILE *f;

	mkdir(scene_path(s, "vm"), 0700);
	assert_int_equal(mkdir(scene_path(s, "vm/%s", name), 0700), 0);
	f = fopen(scene_path(s, "vm/%s/vm.conf", name), "w");
	assert_non_null(f);
	fprintf(f, "size=%s\n", size);
	fclose(f);
}

X509 *scene_x509(const struct pki_bytes *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->size);
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	assert_non_null(cert);
	return cert;
}

X509 *scene_cert(struct scene *s, enum pki_cert role)
{
	struct pki_bytes pem;
	X509 *cert;

	assert_int_equal(pki_cert_pem(s->pki, role, &pem, NULL), 0);
	cert = scene_x509(&pem);
	pki_bytes_free(&pem);
	return cert;
}

/* ---- PCE and QE in the model ---- */

static void egetkey(struct world *w, const struct sgx_keyrequest *request,
	uint8_t key[16])
{
	const uint64_t at = world_linaddr(WORLD_DATA);

	memcpy(world_at(w, ENCLAVE, at), request, sizeof(*request));
	expect_ok(sgx_egetkey(&w->m, ENCLAVE, at, at + 0x800));
	memcpy(key, world_at(w, ENCLAVE, at + 0x800), 16);
}

/* A world with this machine's fuses in which an enclave of the architectural
 * signer runs. */
static struct world *run(struct scene *s, const char *vm,
	const uint8_t cpusvn[16], uint16_t prod_id, uint16_t svn)
{
	struct world_enclave e = world_default();
	struct world *w = world_new(64, 1);
	struct secs secs;

	assert_int_equal(fuses_load(scene_path(s, "vm/%s", vm), &w->m.fuses,
		NULL), 0);
	memcpy(w->m.cpusvn, cpusvn, 16);
	e.secs.attributes.flags = SGX_ATTR_MODE64BIT | SGX_ATTR_PROVISIONKEY |
		SGX_ATTR_KSS; /* must make no difference */
	e.isv_prod_id = prod_id;
	e.isv_svn = svn;
	world_build_init(w, ENCLAVE, &e);
	secs_load(&w->m, ENCLAVE, &secs);
	assert_int_equal(pki_mrsigner(s->pki, secs.mrsigner, NULL), 0);
	secs_store(&w->m, ENCLAVE, &secs);
	return w;
}

static EVP_PKEY *private_key(const uint8_t v[40])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BN_CTX *bn = BN_CTX_new();
	BIGNUM *d = BN_bin2bn(v, 40, NULL), *n = BN_dup(
		EC_GROUP_get0_order(group));
	EC_POINT *q = EC_POINT_new(group);
	uint8_t point[65];
	OSSL_PARAM *params;
	EVP_PKEY *key = NULL;

	BN_sub_word(n, 1);
	BN_mod(d, d, n, bn);
	BN_add_word(d, 1);
	EC_POINT_mul(group, q, d, NULL, NULL, bn);
	assert_int_equal(EC_POINT_point2oct(group, q,
		POINT_CONVERSION_UNCOMPRESSED, point, 65, bn), 65);
	OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
		"P-256", 0);
	OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
		point, 65);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, d);
	params = OSSL_PARAM_BLD_to_param(build);
	assert_true(EVP_PKEY_fromdata_init(ctx) > 0);
	assert_true(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) >
		0);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	EC_POINT_free(q);
	BN_free(d);
	BN_free(n);
	BN_CTX_free(bn);
	EC_GROUP_free(group);
	return key;
}

void scene_keys(struct scene *s, const char *vm, const uint8_t cpusvn[16],
	uint16_t pcesvn, struct scene_keys *keys)
{
	struct world *w = run(s, vm, cpusvn, ARCH_PCE_PROD_ID, ARCH_PCE_SVN);
	uint8_t zero[16] = { 0 }, key[16], block[16], v[48];
	struct sgx_keyrequest request;

	arch_provision_request(&request, cpusvn, pcesvn);
	egetkey(w, &request, key);
	for (int i = 0; i < 3; i++) {
		arch_block(block, (uint8_t)(i + 1), ARCH_LABEL_PCK, 320);
		w->crypto.aes128_cmac(key, block, 16, v + 16 * i);
	}
	keys->pck = private_key(v);
	arch_provision_request(&request, zero, 0);
	egetkey(w, &request, key);
	w->crypto.aes128_cmac(key, zero, 16, keys->ppid);
	world_free(w);
	w = run(s, vm, cpusvn, ARCH_QE_PROD_ID, ARCH_QE_SVN);
	arch_qe_id_request(&request);
	egetkey(w, &request, key);
	arch_block(block, 0, ARCH_LABEL_QE_ID, 128);
	w->crypto.aes128_cmac(key, block, 16, keys->qe_id);
	world_free(w);
}

/* ---- a quote ---- */

static void sign(EVP_PKEY *key, const uint8_t *data, size_t size,
	uint8_t rs[64])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[80];
	const uint8_t *p = der;
	size_t der_size = sizeof(der);
	ECDSA_SIG *sig;

	assert_true(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) > 0);
	assert_true(EVP_DigestSign(ctx, der, &der_size, data, size) > 0);
	sig = d2i_ECDSA_SIG(NULL, &p, (long)der_size);
	BN_bn2binpad(ECDSA_SIG_get0_r(sig), rs, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(sig), rs + 32, 32);
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(ctx);
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

/* Offsets of a version 3 quote with 32 bytes of authentication data. */
void scene_quote(struct scene *s, const char *vm, uint8_t quote[8192],
	size_t *size)
{
	static const uint8_t vendor[16] = ARCH_QE_VENDOR;
	struct sgx_report_body qe = { .attributes.flags = ARCH_FLAGS,
		.isv_prod_id = ARCH_QE_PROD_ID, .isv_svn = ARCH_QE_SVN };
	EVP_PKEY *attestation = EVP_EC_gen("P-256");
	struct pki_machine m;
	struct scene_keys keys;
	struct pki_pck pck;
	uint8_t point[65], bound[96];
	size_t point_size;
	unsigned digest_size;

	assert_int_equal(pki_machine_get(s->pki, vm, &m, NULL), 0);
	assert_int_equal(pki_pck_get(s->pki, &m, m.cpusvn, ARCH_PCE_SVN, &pck,
		NULL), 0);
	scene_keys(s, vm, pck.tcbm_cpusvn, pck.tcbm_pcesvn, &keys);
	memset(quote, 0, 8192);
	put16(quote, 3);
	put16(quote + 2, 2);
	put16(quote + 8, ARCH_QE_SVN);
	put16(quote + 10, ARCH_PCE_SVN);
	memcpy(quote + 12, vendor, 16);
	memcpy(quote + 28, keys.qe_id, 16);
	memcpy(quote + 48, m.cpusvn, 16);
	quote[48 + 48] = 0x05; /* INIT, MODE64BIT */
	EVP_PKEY_get_octet_string_param(attestation, OSSL_PKEY_PARAM_PUB_KEY,
		point, sizeof(point), &point_size);
	assert_int_equal(point_size, 65);
	memcpy(quote + 500, point + 1, 64);
	put16(quote + 1012, 32);
	for (int i = 0; i < 32; i++)
		quote[1014 + i] = (uint8_t)i;
	memcpy(qe.cpusvn, m.cpusvn, 16);
	assert_int_equal(pki_mrsigner(s->pki, qe.mrsigner, NULL), 0);
	/* attestation key and authentication data */
	memcpy(bound, quote + 500, 64);
	memcpy(bound + 64, quote + 1014, 32);
	EVP_Digest(bound, sizeof(bound), qe.report_data, &digest_size,
		EVP_sha256(), NULL);
	memcpy(quote + 564, &qe, sizeof(qe));
	sign(keys.pck, quote + 564, 384, quote + 948);
	sign(attestation, quote, 432, quote + 436);
	put16(quote + 1046, 5);
	put16(quote + 1048, (unsigned)pck.chain.size);
	assert_true(pck.chain.size < 8192 - 1052);
	memcpy(quote + 1052, pck.chain.data, pck.chain.size);
	put16(quote + 432, (unsigned)(616 + pck.chain.size));
	*size = 1052 + pck.chain.size;
	EVP_PKEY_free(keys.pck);
	EVP_PKEY_free(attestation);
	pki_pck_free(&pck);
}

void scene_verify(struct scene *s, const char *vm, int64_t when,
	struct attest_verdict *verdict)
{
	struct attest_roots roots = { 0 };
	struct attest_policy policy = { .time = when, .roots = &roots };
	struct pki_collateral collateral;
	struct pki_machine m;
	uint8_t quote[8192], root[32];
	size_t size;

	scene_quote(s, vm, quote, &size);
	assert_int_equal(pki_machine_get(s->pki, vm, &m, NULL), 0);
	assert_int_equal(pki_collateral_get(s->pki, m.fmspc, m.ca, 4,
		&collateral, NULL), 0);
	pki_root_hash(s->pki, root);
	assert_int_equal(attest_roots_add_digest(&roots, root, 32), 0);
	assert_int_equal(attest_verify(quote, size, &collateral.view, &policy,
		NULL, verdict), 0);
	pki_collateral_free(&collateral);
}
