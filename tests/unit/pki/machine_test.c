/* SPDX-License-Identifier: MIT */
/* Machines: what is fused, whose keys are certified, which certificate is
 * given out, and what a verifier says of each status. */
#include "scene.h"

#include "attest/pck.h"
#include "common/fuses.h"
#include "common/vmconf.h"
#include "pki/architectural.h"
#include "pki/extension.h"
#include "pki/files.h"
#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define V2 "Standard_DC2s_v2"
#define V3 "Standard_DC1s_v3"

static struct pki_machine certified(struct scene *s, const char *vm)
{
	struct pki_machine m;

	assert_int_equal(pki_certify(s->pki, vm, false, NULL), 0);
	assert_int_equal(pki_machine_get(s->pki, vm, &m, NULL), 0);
	return m;
}

/* ---- the extension ---- */

static void extension_bytes(void **state)
{
	/* PPID, TCB (with 255, 128 and 127), PCE-ID, FMSPC, SGX Type: written
	 * by hand from Intel's description. */
	static const char expected[] =
		"308201c3"
		"301e060a2a864886f84d010d0101"
		"0410101112131415161718191a1b1c1d1e1f"
		"30820166060a2a864886f84d010d010230820156"
		"3011060b2a864886f84d010d010201020200ff"
		"3011060b2a864886f84d010d01020202020080"
		"3010060b2a864886f84d010d0102030201" "7f"
		"3010060b2a864886f84d010d0102040201" "00"
		"3010060b2a864886f84d010d0102050201" "01"
		"3010060b2a864886f84d010d0102060201" "00"
		"3010060b2a864886f84d010d0102070201" "00"
		"3010060b2a864886f84d010d0102080201" "00"
		"3010060b2a864886f84d010d0102090201" "00"
		"3010060b2a864886f84d010d01020a0201" "00"
		"3010060b2a864886f84d010d01020b0201" "00"
		"3010060b2a864886f84d010d01020c0201" "00"
		"3010060b2a864886f84d010d01020d0201" "00"
		"3010060b2a864886f84d010d01020e0201" "00"
		"3010060b2a864886f84d010d01020f0201" "00"
		"3010060b2a864886f84d010d0102100201" "00"
		"3011060b2a864886f84d010d010211" "02021234"
		"301f060b2a864886f84d010d010212"
		"0410ff807f00010000000000000000000000"
		"3010060a2a864886f84d010d010304020000"
		"3014060a2a864886f84d010d0104040600c0fe020000"
		"300f060a2a864886f84d010d01050a0100";
	struct pki_machine m = { .ca = PKI_CA_PROCESSOR,
		.fmspc = { 0, 0xc0, 0xfe, 2, 0, 0 } };
	uint8_t cpusvn[16] = { 255, 128, 127, 0, 1 }, buffer[EXTENSION_MAX];
	char hex[2 * EXTENSION_MAX + 1];
	const uint8_t *der;
	size_t size;

	for (int i = 0; i < 16; i++)
		m.ppid[i] = (uint8_t)(0x10 + i);
	der = extension_make(&m, cpusvn, 0x1234, buffer, &size);
	files_hex(der, size, false, hex);
	assert_string_equal(hex, expected);
	/* and two elements more */
	m.ca = PKI_CA_PLATFORM;
	memset(m.platform_instance_id, 0xab, 16);
	der = extension_make(&m, cpusvn, 0x1234, buffer, &size);
	files_hex(der, size, false, hex);
	assert_non_null(strstr(hex, "300f060a2a864886f84d010d01050a0101"
		"301e060a2a864886f84d010d01060410"
		"abababababababababababababababab"
		"3044060a2a864886f84d010d01073036"
		"3010060b2a864886f84d010d010701010100"
		"3010060b2a864886f84d010d010702010100"
		"3010060b2a864886f84d010d0107030101ff"));
}

/* What is written is read again, by the verifier's own reader. */
static void extension_is_read_again(void **state)
{
	struct pki_machine m = { .ca = PKI_CA_PLATFORM,
		.fmspc = { 1, 2, 3, 4, 5, 6 } };
	uint8_t cpusvn[16], buffer[EXTENSION_MAX];
	struct attest_pck pck;
	const uint8_t *der;
	size_t size;

	for (unsigned svn = 0; svn < 65536; svn += svn < 260 ? 1 : 777) {
		for (int i = 0; i < 16; i++)
			cpusvn[i] = (uint8_t)(svn + 17 * (unsigned)i);
		m.ppid[3] = (uint8_t)svn;
		der = extension_make(&m, cpusvn, (uint16_t)svn, buffer, &size);
		assert_int_equal(attest_pck_parse_extension(der, size, &pck,
			NULL), 0);
		assert_memory_equal(pck.components, cpusvn, 16);
		assert_memory_equal(pck.cpusvn, cpusvn, 16);
		assert_int_equal(pck.pcesvn, svn);
		assert_memory_equal(pck.ppid, m.ppid, 16);
		assert_memory_equal(pck.fmspc, m.fmspc, 6);
		assert_true(pck.has_platform);
	}
}

/* ---- fuses ---- */

static void fusing(void **state)
{
	struct scene *s = *state;
	struct sgx_fuses before, after;
	struct pki_machine m;
	uint8_t root[32];

	assert_int_equal(pki_fuse(s->pki, "none", false, NULL), -ENOENT);
	assert_int_equal(pki_fuse(s->pki, "../ca", false, NULL), -EINVAL);
	scene_machine(s, "a", V3);
	assert_int_equal(fuses_load(scene_path(s, "vm/a"), &before, NULL), 0);
	assert_int_equal(pki_fuse(s->pki, "a", false, NULL), 0);
	assert_int_equal(pki_machine_look(s->pki, "a", &m, NULL), -ENODATA);
	assert_int_equal(fuses_load(scene_path(s, "vm/a"), &after, NULL), 0);
	assert_memory_equal(&before, &after, 64);
	pki_root_hash(s->pki, root);
	assert_memory_equal(after.ca_root_hash, root, 32);
	/* certifying takes a second for the key of enclaves, fusing does not */
	assert_int_equal(access(scene_path(s, "ca/enclaves.key"), F_OK), -1);
}

/* ---- identity ---- */

static void identity(void **state)
{
	static const uint8_t zero[16];
	struct scene *s = *state;
	struct pki_machine a, b, found;
	struct scene_keys keys;

	scene_machine(s, "a", V2);
	scene_machine(s, "b", V3);
	a = certified(s, "a");
	b = certified(s, "b");
	assert_int_equal(a.ca, PKI_CA_PROCESSOR);
	assert_int_equal(b.ca, PKI_CA_PLATFORM);
	assert_memory_equal(a.platform_instance_id, zero, 16);
	assert_memory_not_equal(b.platform_instance_id, zero, 16);
	assert_memory_not_equal(a.ppid, b.ppid, 16);
	assert_memory_not_equal(a.fmspc, b.fmspc, 6);
	scene_keys(s, "a", a.cpusvn, ARCH_PCE_SVN, &keys);
	EVP_PKEY_free(keys.pck);
	assert_memory_equal(a.ppid, keys.ppid, 16);
	assert_memory_equal(a.qe_id, keys.qe_id, 16);
	assert_int_equal(pki_machine_find(s->pki, b.qe_id, &found, NULL), 0);
	assert_string_equal(found.name, "b");
	assert_memory_equal(&found, &b, sizeof(b));
	assert_int_equal(pki_machine_find(s->pki, a.ppid, &found, NULL), 0);
	assert_string_equal(found.name, "a");
	assert_int_equal(pki_machine_find(s->pki, zero, &found, NULL),
		-ENOENT);
	assert_int_equal(pki_machine_get(s->pki, "none", &found, NULL),
		-ENOENT);
}

/* ---- certificates ---- */

static X509_CRL *crl(struct pki_bytes *der)
{
	const unsigned char *p = der->data;
	X509_CRL *list = d2i_X509_CRL(NULL, &p, (long)der->size);

	assert_non_null(list);
	pki_bytes_free(der);
	return list;
}

/* As openssl verify -crl_check_all: an error of X509_V_ERR_*. */
static int openssl_verify(struct scene *s, const struct pki_machine *m,
	const struct pki_bytes *leaf)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *between = sk_X509_new_null();
	X509 *cert = scene_x509(leaf), *root = scene_cert(s, PKI_CERT_ROOT);
	struct pki_bytes der;
	X509_CRL *lists[2];
	int error;

	assert_int_equal(pki_root_crl_get(s->pki, &der, NULL), 0);
	lists[0] = crl(&der);
	assert_int_equal(pki_crl_get(s->pki, m->ca, &der, NULL), 0);
	lists[1] = crl(&der);
	X509_STORE_add_cert(store, root);
	X509_STORE_add_crl(store, lists[0]);
	X509_STORE_add_crl(store, lists[1]);
	X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK |
		X509_V_FLAG_CRL_CHECK_ALL | X509_V_FLAG_X509_STRICT);
	sk_X509_push(between, scene_cert(s, m->ca == PKI_CA_PLATFORM ?
		PKI_CERT_PLATFORM : PKI_CERT_PROCESSOR));
	assert_int_equal(X509_STORE_CTX_init(ctx, store, cert, between), 1);
	X509_verify_cert(ctx);
	error = X509_STORE_CTX_get_error(ctx);
	sk_X509_pop_free(between, X509_free);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	X509_CRL_free(lists[0]);
	X509_CRL_free(lists[1]);
	X509_free(cert);
	X509_free(root);
	return error;
}

/* Every certificate is for the key that the PCE gets. */
static void certificates(void **state)
{
	static const char *const sizes[] = { V2, V3 };
	struct scene *s = *state;

	for (int i = 0; i < 2; i++) {
		const char *vm = i ? "b" : "a";
		struct pki_pck_list list;
		struct pki_machine m;

		scene_machine(s, vm, sizes[i]);
		m = certified(s, vm);
		assert_int_equal(pki_pck_all(s->pki, &m, &list, NULL), 0);
		assert_int_equal(list.count, 8);
		for (size_t k = 0; k < list.count; k++) {
			const struct pki_pck *p = &list.items[k];
			X509 *cert = scene_x509(&p->leaf);
			struct scene_keys keys;
			struct attest_pck pck;

			scene_keys(s, vm, p->tcbm_cpusvn, p->tcbm_pcesvn,
				&keys);
			assert_int_equal(EVP_PKEY_eq(keys.pck,
				X509_get0_pubkey(cert)), 1);
			EVP_PKEY_free(keys.pck);
			X509_free(cert);
			assert_int_equal(openssl_verify(s, &m, &p->leaf),
				X509_V_OK);
			assert_int_equal(attest_pck_parse(p->chain.data,
				p->chain.size, &pck, NULL), 0);
			assert_memory_equal(pck.ppid, m.ppid, 16);
			assert_memory_equal(pck.fmspc, m.fmspc, 6);
			assert_memory_equal(pck.components, p->tcbm_cpusvn,
				16);
			assert_int_equal(pck.pcesvn, p->tcbm_pcesvn);
			assert_int_equal(pck.has_platform, i);
			assert_int_equal(pck.sgx_type, i);
			assert_int_equal(pck.ca, i ? ATTEST_CA_PLATFORM :
				ATTEST_CA_PROCESSOR);
		}
		pki_pck_list_free(&list);
	}
}

static void second_time_changes_nothing(void **state)
{
	struct scene *s = *state;
	struct pki_machine m, again;
	struct pki_pck a, b;

	scene_machine(s, "a", V3);
	m = certified(s, "a");
	assert_int_equal(pki_pck_get(s->pki, &m, m.cpusvn, 16, &a, NULL), 0);
	again = certified(s, "a");
	assert_memory_equal(&m, &again, sizeof(m));
	assert_int_equal(pki_pck_get(s->pki, &m, m.cpusvn, 16, &b, NULL), 0);
	assert_string_equal((char *)a.leaf.data, (char *)b.leaf.data);
	pki_pck_free(&a);
	pki_pck_free(&b);
}

static void expect_tcbm(struct scene *s, const struct pki_machine *m,
	const char *cpusvn, uint16_t pcesvn, const char *tcbm,
	uint16_t tcbm_pcesvn)
{
	struct pki_pck pck;
	uint8_t raw[16], expected[16];
	int r;

	assert_true(files_unhex(cpusvn, raw, 16));
	r = pki_pck_get(s->pki, m, raw, pcesvn, &pck, NULL);
	if (!tcbm) {
		assert_int_equal(r, -ENOENT);
		return;
	}
	assert_int_equal(r, 0);
	assert_true(files_unhex(tcbm, expected, 16));
	assert_memory_equal(pck.tcbm_cpusvn, expected, 16);
	assert_int_equal(pck.tcbm_pcesvn, tcbm_pcesvn);
	pki_pck_free(&pck);
}

/* The highest that is not above what was asked for. */
static void which_certificate(void **state)
{
	struct scene *s = *state;
	struct pki_machine m;

	scene_machine(s, "a", V3);
	m = certified(s, "a");
	expect_tcbm(s, &m, "08080202010101010101010101010101", 16,
		"08080202010101010101010101010101", 16);
	expect_tcbm(s, &m, "ffffffffffffffffffffffffffffffff", 0xffff,
		"08080202010101010101010101010101", 16);
	expect_tcbm(s, &m, "08080202010100010101010101010101", 16,
		"08080202010100000000000000000000", 16);
	expect_tcbm(s, &m, "08080202000101010101010101010101", 16,
		"08080202000100000000000000000000", 16);
	/* an older PCE */
	expect_tcbm(s, &m, "08080202010101010101010101010101", 15,
		"07070202000100000000000000000000", 13);
	expect_tcbm(s, &m, "08080202010101010101010101010101", 12,
		"04040101000000000000000000000000", 5);
	expect_tcbm(s, &m, "04040101000000000000000000000000", 16,
		"04040101000000000000000000000000", 5);
	expect_tcbm(s, &m, "03040101000000000000000000000000", 16, NULL, 0);
	expect_tcbm(s, &m, "08080202010101010101010101010101", 4, NULL, 0);
}

/* ---- statuses ---- */

static void statuses_and_names(void **state)
{
	static const uint8_t best[16] = VMCONF_CPUSVN_DEFAULT;

	for (int status = 0; status <= PKI_TCB_NONE; status++) {
		const struct pki_tcb_level *level;
		uint8_t cpusvn[16];

		pki_tcb_cpusvn(status, cpusvn);
		level = pki_tcb_match(cpusvn, ARCH_PCE_SVN);
		assert_int_equal(level ? level->status : PKI_TCB_NONE, status);
		assert_int_equal(pki_tcb_status_find(
			pki_tcb_status_name(status)), status);
		if (status == PKI_TCB_UP_TO_DATE)
			assert_memory_equal(cpusvn, best, 16);
	}
	assert_int_equal(pki_tcb_status_find("outofdate"),
		PKI_TCB_OUT_OF_DATE);
	assert_int_equal(pki_tcb_status_find("fine"), -1);
}

/* From the chip to the verdict: each status that there is. */
static void every_verdict(void **state)
{
	static const enum attest_status expected[] = {
		[PKI_TCB_UP_TO_DATE] = ATTEST_OK,
		[PKI_TCB_SW_HARDENING_NEEDED] = ATTEST_TCB_SW_HARDENING_NEEDED,
		[PKI_TCB_CONFIGURATION_NEEDED] =
			ATTEST_TCB_CONFIGURATION_NEEDED,
		[PKI_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED] =
			ATTEST_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED,
		[PKI_TCB_OUT_OF_DATE] = ATTEST_TCB_OUT_OF_DATE,
		[PKI_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED] =
			ATTEST_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
		[PKI_TCB_REVOKED] = ATTEST_TCB_REVOKED,
		[PKI_TCB_NONE] = ATTEST_TCB_NOT_SUPPORTED,
	};
	struct scene *s = *state;
	struct attest_verdict v;
	uint8_t cpusvn[16];

	scene_machine(s, "a", V3);
	scene_machine(s, "b", V2);
	for (int i = 0; i < 2 * (PKI_TCB_NONE + 1); i++) {
		const char *vm = i % 2 ? "b" : "a";
		enum pki_tcb_status status = (enum pki_tcb_status)(i / 2);

		pki_tcb_cpusvn(status, cpusvn);
		assert_int_equal(pki_tcb_set(s->pki, vm, cpusvn, 16, NULL), 0);
		scene_verify(s, vm, time(NULL), &v);
		if (v.status != expected[status])
			print_error("%s: %s\n", pki_tcb_status_name(status),
				v.reason[0]);
		assert_int_equal(v.status, expected[status]);
		assert_true(v.software_root);
	}
}

static void lower_pcesvn(void **state)
{
	static const uint8_t best[16] = VMCONF_CPUSVN_DEFAULT;
	struct scene *s = *state;
	struct attest_verdict v;
	struct pki_machine m;
	struct why why;

	scene_machine(s, "a", V3);
	assert_int_equal(pki_tcb_set(s->pki, "a", best, 13, NULL), 0);
	scene_verify(s, "a", time(NULL), &v);
	assert_int_equal(v.status, ATTEST_TCB_OUT_OF_DATE);
	assert_int_equal(v.pck.pcesvn, 13);
	m = certified(s, "a");
	assert_int_equal(m.pcesvn, 13);
	assert_int_equal(pki_tcb_set(s->pki, "a", best, 17, &why), -EINVAL);
	assert_int_equal(pki_tcb_set(s->pki, "a", best, 16, NULL), 0);
	scene_verify(s, "a", time(NULL), &v);
	assert_int_equal(v.status, ATTEST_OK);
}

static void expiry(void **state)
{
	struct scene *s = *state;
	struct attest_verdict v;

	scene_machine(s, "a", V3);
	certified(s, "a");
	scene_verify(s, "a", time(NULL), &v);
	assert_int_equal(v.status, ATTEST_OK);
	scene_verify(s, "a", time(NULL) + 31 * 86400, &v);
	assert_true(v.expired & ATTEST_DATED_TCB_INFO);
	assert_true(v.expired & ATTEST_DATED_PCK_CRL);
	assert_false(v.expired & ATTEST_DATED_ROOT_CRL);
	/* who asks then gets lists of then */
	pki_set_time(s->pki, time(NULL) + 31 * 86400);
	scene_verify(s, "a", time(NULL) + 31 * 86400, &v);
	assert_int_equal(v.status, ATTEST_OK);
}

/* ---- revocation ---- */

static void revoking(void **state)
{
	struct scene *s = *state;
	struct pki_machine m, other;
	struct attest_verdict v;
	struct pki_pck pck;
	unsigned count;
	uint8_t cpusvn[16];
	bool revoked;

	scene_machine(s, "a", V3);
	scene_machine(s, "b", V3);
	m = certified(s, "a");
	other = certified(s, "b");
	assert_int_equal(pki_pck_get(s->pki, &m, m.cpusvn, 16, &pck, NULL), 0);
	assert_int_equal(openssl_verify(s, &m, &pck.leaf), X509_V_OK);
	assert_int_equal(pki_revoke(s->pki, "none", &count, NULL), -ENOENT);
	assert_int_equal(pki_revoke(s->pki, "a", &count, NULL), 0);
	assert_int_equal(count, 8);
	assert_int_equal(openssl_verify(s, &m, &pck.leaf),
		X509_V_ERR_CERT_REVOKED);
	scene_verify(s, "a", time(NULL), &v);
	assert_int_equal(v.status, ATTEST_PCK_REVOKED);
	pki_pck_free(&pck);
	assert_int_equal(pki_revoke(s->pki, "a", &count, NULL), 0);
	assert_int_equal(count, 0);
	/* nobody else */
	assert_int_equal(pki_pck_get(s->pki, &other, m.cpusvn, 16, &pck, NULL),
		0);
	assert_int_equal(openssl_verify(s, &other, &pck.leaf), X509_V_OK);
	pki_pck_free(&pck);
	/* a new certificate is no way out */
	memset(cpusvn, 9, 16);
	assert_int_equal(pki_tcb_set(s->pki, "a", cpusvn, 16, NULL), 0);
	assert_int_equal(pki_pck_get(s->pki, &m, cpusvn, 16, &pck, NULL), 0);
	assert_memory_equal(pck.tcbm_cpusvn, cpusvn, 16);
	assert_int_equal(openssl_verify(s, &m, &pck.leaf),
		X509_V_ERR_CERT_REVOKED);
	assert_int_equal(pki_is_revoked(s->pki, "a", &revoked, NULL), 0);
	assert_true(revoked);
	assert_int_equal(pki_restore(s->pki, "a", &count, NULL), 0);
	assert_int_equal(count, 9);
	assert_int_equal(openssl_verify(s, &m, &pck.leaf), X509_V_OK);
	scene_verify(s, "a", time(NULL), &v);
	assert_int_equal(v.status, ATTEST_OK);
	assert_int_equal(pki_is_revoked(s->pki, "a", &revoked, NULL), 0);
	assert_false(revoked);
	pki_pck_free(&pck);
}

/* ---- another CA ---- */

static void made_under_another_ca(void **state)
{
	struct scene *s = *state;
	struct sgx_fuses before, after;
	struct pki_machine old, m;
	struct attest_verdict v;
	struct pki_pck pck;
	uint8_t root[32];
	struct why why;

	scene_machine(s, "a", V3);
	scene_machine(s, "fused", V3);
	old = certified(s, "a");
	assert_int_equal(pki_fuse(s->pki, "fused", false, NULL), 0);
	assert_int_equal(fuses_load(scene_path(s, "vm/a"), &before, NULL), 0);
	assert_int_equal(rename(scene_path(s, "ca"), scene_path(s, "ca.old")),
		0);
	assert_int_equal(pki_create(s->state, NULL, NULL), 0);

	assert_int_equal(pki_machine_get(s->pki, "a", &m, &why), -EXDEV);
	assert_non_null(strstr(why.text, "coffer vm manufacture a"));
	assert_int_equal(pki_machine_look(s->pki, "a", &m, &why), -EXDEV);
	assert_int_equal(pki_machine_look(s->pki, "fused", &m, &why), -EXDEV);
	assert_int_equal(pki_certify(s->pki, "a", false, &why), -EXDEV);
	assert_int_equal(pki_certify(s->pki, "fused", false, &why), -EXDEV);
	assert_int_equal(pki_fuse(s->pki, "fused", false, &why), -EXDEV);
	assert_int_equal(pki_machine_find(s->pki, old.qe_id, &m, NULL),
		-ENOENT);
	/* refusing has changed nothing */
	assert_int_equal(fuses_load(scene_path(s, "vm/a"), &after, NULL), 0);
	assert_memory_equal(&before, &after, sizeof(before));

	assert_int_equal(pki_certify(s->pki, "a", true, NULL), 0);
	assert_int_equal(fuses_load(scene_path(s, "vm/a"), &after, NULL), 0);
	assert_memory_equal(&before, &after, 64);
	pki_root_hash(s->pki, root);
	assert_memory_equal(after.ca_root_hash, root, 32);
	assert_int_equal(pki_machine_get(s->pki, "a", &m, NULL), 0);
	assert_memory_not_equal(m.ppid, old.ppid, 16); /* another signer */
	assert_int_equal(pki_pck_get(s->pki, &m, m.cpusvn, 16, &pck, NULL), 0);
	assert_int_equal(openssl_verify(s, &m, &pck.leaf), X509_V_OK);
	pki_pck_free(&pck);
	scene_verify(s, "a", time(NULL), &v);
	assert_int_equal(v.status, ATTEST_OK);
}

const struct CMUnitTest machine_tests[] = {
	cmocka_unit_test(extension_bytes),
	cmocka_unit_test(extension_is_read_again), SCENE(fusing),
	QUICK(identity), QUICK(certificates),
	QUICK(second_time_changes_nothing), QUICK(which_certificate),
	cmocka_unit_test(statuses_and_names), QUICK(every_verdict),
	QUICK(lower_pcesvn), QUICK(expiry), QUICK(revoking),
	QUICK(made_under_another_ca),
};
const size_t machine_tests_count = sizeof(machine_tests) /
	sizeof(*machine_tests);
