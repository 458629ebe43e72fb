/* SPDX-License-Identifier: MIT */
/* The CA: its files, and each of its certificates against what stock
 * verifiers demand. */
#include "scene.h"

#include "pki/bundle.h"
#include "pki/files.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DAY 86400

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 0777;
}

static void files_are_private(void **state)
{
	static const char *const keys[] = { "root", "processor", "platform",
		"tcb" };
	struct scene *s = *state;
	void *key;

	assert_int_equal(pki_enclave_key(s->pki, &key, NULL), 0);
	assert_int_equal(mode_of(scene_path(s, "ca")), 0700);
	assert_int_equal(mode_of(scene_path(s, "ca/enclaves.key")), 0600);
	for (int i = 0; i < 4; i++)
		assert_int_equal(mode_of(scene_path(s, "ca/%s.key", keys[i])),
			0600);
}

static void same_ca_when_opened_again(void **state)
{
	struct scene *s = *state;
	struct pki *again;
	uint8_t a[64], b[64], signer_a[32], signer_b[32];

	pki_root_key(s->pki, a);
	assert_int_equal(pki_mrsigner(s->pki, signer_a, NULL), 0);
	assert_int_equal(pki_open(s->state, &again, NULL), 0);
	pki_root_key(again, b);
	assert_memory_equal(a, b, 64);
	assert_int_equal(pki_mrsigner(again, signer_b, NULL), 0);
	assert_memory_equal(signer_a, signer_b, 32);
	pki_close(again);
	assert_int_equal(pki_create(s->state, NULL, NULL), -EEXIST);
}

/* All who come at the same time get the same one. */
static void made_once(void **state)
{
	struct scene *s = *state;
	char other[200];
	uint8_t hash[8][32];
	int fds[2];

	snprintf(other, sizeof(other), "%s/other", s->state);
	assert_int_equal(pipe(fds), 0);
	for (int i = 0; i < 8; i++) {
		if (!fork()) {
			struct pki *pki;
			uint8_t mine[32];

			if (pki_open(other, &pki, NULL) ||
			    pki_mrsigner(pki, mine, NULL))
				_exit(1);
			pki_root_hash(pki, mine);
			_exit(write(fds[1], mine, 32) != 32);
		}
	}
	close(fds[1]);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(read(fds[0], hash[i], 32), 32);
		assert_memory_equal(hash[0], hash[i], 32);
	}
	close(fds[0]);
	while (wait(NULL) > 0)
		;
}

static void refuses_what_others_can_read(void **state)
{
	struct scene *s = *state;
	struct pki_bytes crl;
	struct pki *pki;
	struct why why;

	assert_int_equal(chmod(scene_path(s, "ca"), 0750), 0);
	assert_int_equal(pki_find(s->state, &pki, &why), -EPERM);
	assert_null(pki);
	assert_non_null(strstr(why.text, "700"));
	assert_int_equal(chmod(scene_path(s, "ca"), 0700), 0);
	assert_int_equal(chmod(scene_path(s, "ca/root.key"), 0644), 0);
	assert_int_equal(pki_find(s->state, &pki, &why), 0);
	assert_true(pki_root_crl_get(pki, &crl, &why) < 0);
	assert_non_null(strstr(why.text, "root.key"));
	pki_close(pki);
}

static void refuses_what_does_not_fit(void **state)
{
	struct scene *s = *state;
	struct pki_bytes crl;
	struct pki *pki, *other;
	struct why why;

	assert_int_equal(pki_create(scene_path(s, "other"), NULL, NULL), 0);
	/* another's certificate */
	assert_int_equal(rename(scene_path(s, "other/ca/platform.pem"),
		scene_path(s, "ca/platform.pem")), 0);
	assert_int_equal(pki_find(s->state, &pki, &why), -EINVAL);
	assert_non_null(strstr(why.text, "platform.pem"));
	/* one that is not there is an error, and nothing is made over it */
	assert_int_equal(unlink(scene_path(s, "ca/platform.pem")), 0);
	assert_int_equal(pki_open(s->state, &pki, &why), -EINVAL);
	/* another's key */
	assert_int_equal(pki_create(scene_path(s, "third"), NULL, NULL), 0);
	assert_int_equal(rename(scene_path(s, "other/ca/root.key"),
		scene_path(s, "third/ca/root.key")), 0);
	assert_int_equal(pki_find(scene_path(s, "third"), &other, &why), 0);
	assert_int_equal(pki_root_crl_get(other, &crl, &why), -EINVAL);
	assert_non_null(strstr(why.text, "does not belong"));
	pki_close(other);
	assert_int_equal(pki_find(scene_path(s, "none"), &pki, &why), -ENOENT);
	assert_non_null(strstr(why.text, "coffer ca init"));
}

static void urls(void **state)
{
	static const char *const bad[] = { "", "localhost", "ftp://a", "https://",
		"https://a.b/", "https://a b", "https://a,URI:x", "https://a\n" };
	struct scene *s = *state;
	struct pki *pki;
	char url[PKI_URL_MAX + 80];
	struct why why;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(pki_create(scene_path(s, "bad"), bad[i],
			&why), -EINVAL);
	assert_int_equal(pki_create(scene_path(s, "good"),
		"http://10.0.0.1:99", NULL), 0);
	assert_int_equal(pki_find(scene_path(s, "good"), &pki, NULL), 0);
	assert_string_equal(pki_url(pki), "http://10.0.0.1:99");
	pki_crl_url(pki, PKI_CERT_PLATFORM, url);
	assert_string_equal(url, "http://10.0.0.1:99/sgx/certification/v4/"
		"pckcrl?ca=platform&encoding=der");
	pki_close(pki);
	pki_crl_url(s->pki, PKI_CERT_ROOT, url);
	assert_string_equal(url, "https://localhost:8081/CofferRootCA.der");
}

/* ---- certificates ---- */

static void has_name(const X509_NAME *name, const char *cn)
{
	char text[300], expected[300];
	BIO *bio = BIO_new(BIO_s_mem());
	int n;

	X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
	n = BIO_read(bio, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	BIO_free(bio);
	snprintf(expected, sizeof(expected), "CN = %s, O = Intel Corporation, "
		"L = Santa Clara, ST = CA, C = US, OU = \"Coffer software "
		"root of trust, not Intel\"", cn);
	assert_string_equal(text, expected);
}

static void has_extensions(X509 *cert, bool sgx)
{
	static const int nids[] = { NID_authority_key_identifier,
		NID_crl_distribution_points, NID_subject_key_identifier,
		NID_key_usage, NID_basic_constraints };
	char oid[64];

	assert_int_equal(X509_get_ext_count(cert), sgx ? 6 : 5);
	for (int i = 0; i < X509_get_ext_count(cert); i++) {
		X509_EXTENSION *e = X509_get_ext(cert, i);

		if (i < 5)
			assert_int_equal(OBJ_obj2nid(
				X509_EXTENSION_get_object(e)), nids[i]);
		else
			OBJ_obj2txt(oid, sizeof(oid),
				X509_EXTENSION_get_object(e), 1);
		assert_int_equal(X509_EXTENSION_get_critical(e),
			i == 3 || i == 4);
	}
	if (sgx)
		assert_string_equal(oid, "1.2.840.113741.1.13.1");
}

static void has_url(X509 *cert, const char *url)
{
	CRL_DIST_POINTS *points = X509_get_ext_d2i(cert,
		NID_crl_distribution_points, NULL, NULL);
	const GENERAL_NAME *name;
	int type;

	assert_non_null(points);
	assert_int_equal(sk_DIST_POINT_num(points), 1);
	name = sk_GENERAL_NAME_value(sk_DIST_POINT_value(points, 0)->distpoint->
		name.fullname, 0);
	assert_string_equal((char *)ASN1_STRING_get0_data(
		GENERAL_NAME_get0_value(name, &type)), url);
	CRL_DIST_POINTS_free(points);
}

static void has_shape(X509 *cert, X509 *issuer, const char *cn, bool sgx)
{
	const ASN1_OCTET_STRING *own = X509_get0_subject_key_id(cert);
	EVP_PKEY *key = X509_get0_pubkey(cert);
	uint8_t digest[20];
	unsigned size;
	char group[32];

	has_name(X509_get_subject_name(cert), cn);
	assert_int_equal(X509_NAME_cmp(X509_get_issuer_name(cert),
		X509_get_subject_name(issuer)), 0);
	has_extensions(cert, sgx);
	assert_int_equal(X509_get_version(cert), X509_VERSION_3);
	assert_int_equal(X509_get_signature_nid(cert), NID_ecdsa_with_SHA256);
	assert_int_equal(EVP_PKEY_get_utf8_string_param(key,
		OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group), NULL), 1);
	assert_string_equal(group, "prime256v1");
	assert_int_equal(X509_pubkey_digest(cert, EVP_sha1(), digest, &size), 1);
	assert_int_equal(ASN1_STRING_length(own), 20);
	assert_memory_equal(ASN1_STRING_get0_data(own), digest, 20);
	assert_int_equal(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(cert),
		X509_get0_subject_key_id(issuer)), 0);
	assert_int_equal(ASN1_STRING_length(X509_get0_serialNumber(cert)), 20);
}

static int64_t date(const ASN1_TIME *t)
{
	struct tm tm;

	assert_int_equal(ASN1_TIME_to_tm(t, &tm), 1);
	return timegm(&tm);
}

static void certificates(void **state)
{
	static const struct {
		const char *cn;
		int path;
		uint32_t usage;
		int years;
	} want[] = {
		[PKI_CERT_ROOT] = { "Intel SGX Root CA", 1,
			KU_KEY_CERT_SIGN | KU_CRL_SIGN, 0 },
		[PKI_CERT_PROCESSOR] = { "Intel SGX PCK Processor CA", 0,
			KU_KEY_CERT_SIGN | KU_CRL_SIGN, 15 },
		[PKI_CERT_PLATFORM] = { "Intel SGX PCK Platform CA", 0,
			KU_KEY_CERT_SIGN | KU_CRL_SIGN, 15 },
		[PKI_CERT_TCB] = { "Intel SGX TCB Signing", -1,
			KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION, 7 },
	};
	struct scene *s = *state;
	X509 *root = scene_cert(s, PKI_CERT_ROOT);
	int64_t now = time(NULL);

	for (int i = 0; i < PKI_CERTS; i++) {
		X509 *cert = scene_cert(s, i);
		int64_t from = date(X509_get0_notBefore(cert));
		int64_t until = date(X509_get0_notAfter(cert));

		has_shape(cert, root, want[i].cn, false);
		assert_int_equal(X509_verify(cert, X509_get0_pubkey(root)), 1);
		assert_int_equal(X509_get_key_usage(cert), want[i].usage);
		assert_int_equal(X509_check_ca(cert), want[i].path >= 0);
		assert_int_equal(X509_get_pathlen(cert), want[i].path);
		has_url(cert, "https://localhost:8081/CofferRootCA.der");
		assert_true(from <= now && from > now - DAY);
		if (i == PKI_CERT_ROOT)
			assert_int_equal(until, 2524607999);
		else
			assert_true(llabs((until - from) / DAY -
				want[i].years * 365) < 6);
		X509_free(cert);
	}
	X509_free(root);
}

static void chains(void **state)
{
	struct scene *s = *state;
	struct pki_bytes pem, der, root, leaf;

	assert_int_equal(pki_chain_pem(s->pki, PKI_CERT_TCB, &pem, NULL), 0);
	assert_int_equal(pki_cert_pem(s->pki, PKI_CERT_TCB, &leaf, NULL), 0);
	assert_int_equal(pki_chain_pem(s->pki, PKI_CERT_ROOT, &root, NULL), 0);
	assert_int_equal(pem.size, leaf.size + root.size);
	assert_memory_equal(pem.data, leaf.data, leaf.size);
	assert_memory_equal(pem.data + leaf.size, root.data, root.size);
	assert_null(strchr((char *)pem.data, '\r'));
	assert_int_equal(pem.data[pem.size - 1], '\n');
	assert_int_equal(pki_cert_der(s->pki, PKI_CERT_ROOT, &der, NULL), 0);
	assert_int_equal(der.data[0], 0x30);
	assert_int_equal(der.size, 4u + der.data[2] * 256u + der.data[3]);
	pki_bytes_free(&pem);
	pki_bytes_free(&der);
	pki_bytes_free(&root);
	pki_bytes_free(&leaf);
}

static void root_hash(void **state)
{
	struct scene *s = *state;
	X509 *root = scene_cert(s, PKI_CERT_ROOT);
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(root);
	uint8_t xy[64], hash[32], digest[32];
	unsigned size;

	pki_root_key(s->pki, xy);
	pki_root_hash(s->pki, hash);
	assert_int_equal(ASN1_STRING_length(bits), 65);
	assert_memory_equal(ASN1_STRING_get0_data(bits) + 1, xy, 64);
	EVP_Digest(xy, 64, digest, &size, EVP_sha256(), NULL);
	assert_memory_equal(hash, digest, 32);
	X509_free(root);
}

static void key_of_enclaves(void **state)
{
	struct scene *s = *state;
	BIGNUM *e = NULL, *n = NULL;
	uint8_t modulus[384], digest[32], mrsigner[32];
	unsigned size;
	void *key;

	assert_int_equal(access(scene_path(s, "ca/enclaves.key"), F_OK), -1);
	assert_int_equal(pki_enclave_key(s->pki, &key, NULL), 0);
	assert_int_equal(EVP_PKEY_get_bits(key), 3072);
	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e),
		1);
	assert_true(BN_is_word(e, 3));
	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n),
		1);
	BN_bn2lebinpad(n, modulus, 384);
	EVP_Digest(modulus, 384, digest, &size, EVP_sha256(), NULL);
	assert_int_equal(pki_mrsigner(s->pki, mrsigner, NULL), 0);
	assert_memory_equal(mrsigner, digest, 32);
	BN_free(e);
	BN_free(n);
}

/* Another CA in its place is noticed by who has it open. */
static void replaced_under_way(void **state)
{
	struct scene *s = *state;
	struct pki_bytes pem;
	uint8_t before[32], after[32];

	pki_root_hash(s->pki, before);
	assert_int_equal(rename(scene_path(s, "ca"), scene_path(s, "ca.old")),
		0);
	assert_int_equal(pki_cert_pem(s->pki, PKI_CERT_ROOT, &pem, NULL),
		-ENOENT);
	assert_int_equal(pki_create(s->state, NULL, NULL), 0);
	assert_int_equal(pki_cert_pem(s->pki, PKI_CERT_ROOT, &pem, NULL), 0);
	pki_bytes_free(&pem);
	pki_root_hash(s->pki, after);
	assert_memory_not_equal(before, after, 32);
}

/* ---- export and import ---- */

static char *slurp(const char *path)
{
	struct pki_bytes text;

	assert_int_equal(files_read("/", path, true, &text, NULL), 0);
	return (char *)text.data;
}

static void spill(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void round_trip(struct scene *s, const char *passphrase)
{
	char bundle[256], other[256];
	struct pki_bytes crl;
	struct pki *pki;
	uint8_t a[64], b[64], signer_a[32], signer_b[32];
	unsigned count;
	struct why why;
	bool revoked;

	strcpy(bundle, scene_path(s, "bundle-%d", passphrase != NULL));
	strcpy(other, scene_path(s, "other-%d", passphrase != NULL));
	assert_int_equal(pki_export(s->pki, bundle, passphrase, NULL), 0);
	assert_int_equal(mode_of(bundle), 0600);
	assert_int_equal(pki_export(s->pki, bundle, passphrase, NULL),
		-EEXIST);
	if (passphrase) {
		assert_int_equal(pki_import(other, bundle, NULL, false, &why),
			-EACCES);
		assert_int_equal(pki_import(other, bundle, "wrong", false,
			&why), -EACCES);
		assert_int_equal(access(other, F_OK), -1);
	}
	assert_int_equal(pki_import(other, bundle, passphrase, false, NULL),
		0);
	assert_int_equal(pki_find(other, &pki, NULL), 0);
	pki_root_key(s->pki, a);
	pki_root_key(pki, b);
	assert_memory_equal(a, b, 64);
	assert_int_equal(pki_mrsigner(s->pki, signer_a, NULL), 0);
	assert_int_equal(pki_mrsigner(pki, signer_b, NULL), 0);
	assert_memory_equal(signer_a, signer_b, 32);
	assert_string_equal(pki_url(pki), pki_url(s->pki));
	/* it can sign, and knows what was revoked */
	assert_int_equal(pki_root_crl_get(pki, &crl, NULL), 0);
	pki_bytes_free(&crl);
	assert_int_equal(pki_is_revoked(pki, "a", &revoked, NULL), 0);
	assert_true(revoked);
	assert_int_equal(pki_restore(s->pki, "none", &count, NULL), -ENOENT);
	pki_close(pki);
	assert_int_equal(pki_import(other, bundle, passphrase, false, NULL),
		-EEXIST);
	assert_int_equal(pki_import(other, bundle, passphrase, true, NULL), 0);
}

static void exported_and_imported(void **state)
{
	struct scene *s = *state;
	unsigned count;

	scene_machine(s, "a", "Standard_DC1s_v3");
	assert_int_equal(pki_certify(s->pki, "a", false, NULL), 0);
	assert_int_equal(pki_revoke(s->pki, "a", &count, NULL), 0);
	round_trip(s, NULL);
	round_trip(s, "correct horse");
}

/* The old one stays beside it. */
static void import_replaces(void **state)
{
	struct scene *s = *state;
	char bundle[256], command[600];
	uint8_t before[32], after[32], third[32];
	struct pki *pki;

	strcpy(bundle, scene_path(s, "bundle"));
	assert_int_equal(pki_create(scene_path(s, "other"), NULL, NULL), 0);
	assert_int_equal(pki_find(scene_path(s, "other"), &pki, NULL), 0);
	assert_int_equal(pki_export(pki, bundle, NULL, NULL), 0);
	pki_root_hash(pki, third);
	pki_close(pki);
	pki_root_hash(s->pki, before);
	assert_int_equal(pki_import(s->state, bundle, NULL, true, NULL), 0);
	assert_int_equal(pki_find(s->state, &pki, NULL), 0);
	pki_root_hash(pki, after);
	pki_close(pki);
	assert_memory_equal(after, third, 32);
	assert_memory_not_equal(after, before, 32);
	snprintf(command, sizeof(command), "ls -d '%s'/ca.old-*/root.key "
		">/dev/null && ! ls -d '%s'/ca.new-* 2>/dev/null", s->state,
		s->state);
	assert_int_equal(system(command), 0);
}

/* Also when the name that it would get there is somebody else's. */
static void import_keeps_the_old_one(void **state)
{
	struct scene *s = *state;
	time_t now = time(NULL);
	char bundle[256], path[300];

	strcpy(bundle, scene_path(s, "bundle"));
	assert_int_equal(pki_export(s->pki, bundle, NULL, NULL), 0);
	for (int i = 0; i < 600; i++) {
		snprintf(path, sizeof(path), "%s/ca.old-%lld", s->state,
			(long long)now + i);
		assert_int_equal(mkdir(path, 0700), 0);
		strcat(path, "/root.key");
		spill(path, "theirs");
	}
	assert_int_equal(pki_import(s->state, bundle, NULL, true, NULL), 0);
	snprintf(path, sizeof(path), "grep -l PRIVATE '%s'/ca.old-*/root.key "
		">/dev/null && ! ls -d '%s'/ca.new-* 2>/dev/null", s->state,
		s->state);
	assert_int_equal(system(path), 0);
}

/* A CA that, exported, is this text; and away with it. */
static void same_again(struct scene *s, const char *name, const char *text)
{
	char command[300], *again;
	struct pki *pki;

	assert_int_equal(pki_find(scene_path(s, "%s", name), &pki, NULL), 0);
	assert_int_equal(pki_export(pki, scene_path(s, "again"), NULL, NULL),
		0);
	pki_close(pki);
	again = slurp(scene_path(s, "again"));
	assert_string_equal(strstr(again, "-----BEGIN"),
		strstr(text, "-----BEGIN"));
	free(again);
	snprintf(command, sizeof(command), "rm -r '%s' '%s'",
		scene_path(s, "%s", name), scene_path(s, "again"));
	assert_int_equal(system(command), 0);
}

/* Each part damaged, left out, or somebody else's. */
static void bad_bundles(void **state)
{
	struct scene *s = *state;
	char bundle[256], bad[256], *text, *at, *copy;
	struct why why;
	size_t size;
	int r;

	strcpy(bundle, scene_path(s, "bundle"));
	strcpy(bad, scene_path(s, "bad"));
	assert_int_equal(pki_export(s->pki, bundle, NULL, NULL), 0);
	text = slurp(bundle);
	size = strlen(text);
	for (size_t cut = 0; cut < size - 60; cut += 97) {
		copy = strndup(text, cut);
		spill(bad, copy);
		free(copy);
		r = pki_import(scene_path(s, "new"), bad, NULL, false, &why);
		assert_true(r == -EINVAL || r == -EACCES);
	}
	/* a byte changed: in base64, refused or the same to the last bit */
	for (size_t i = strstr(text, "-----BEGIN") - text; i < size;
	     i += 211) {
		if (text[i] == '-' || text[i] == '\n')
			continue;
		copy = strdup(text);
		copy[i] = copy[i] == 'Q' ? 'R' : 'Q';
		spill(bad, copy);
		free(copy);
		r = pki_import(scene_path(s, "new"), bad, NULL, false, &why);
		if (!r)
			same_again(s, "new", text);
		else
			assert_true(r == -EINVAL || r == -EACCES);
	}
	/* the root's certificate twice */
	copy = strdup(text);
	at = strstr(copy, "-----BEGIN CERT");
	for (int i = 0; i < 2; i++)
		at = strstr(at + 1, "-----BEGIN");
	*at = '\0';
	spill(bad, copy);
	{
		FILE *f = fopen(bad, "a");

		fputs(strstr(text, "-----BEGIN CERT"), f);
		fclose(f);
	}
	free(copy);
	assert_int_equal(pki_import(scene_path(s, "new"), bad, NULL, false,
		&why), -EINVAL);
	assert_int_equal(access(scene_path(s, "new/ca"), F_OK), -1);
	assert_int_equal(pki_import(scene_path(s, "new"), bundle, NULL, false,
		&why), 0);
	assert_int_equal(pki_import(s->state, scene_path(s, "none"), NULL,
		true, &why), -ENOENT);
	free(text);
}

/* What a CA could not be opened with, or could make no lists with. */
static void bad_heads(void **state)
{
	static const char *const lines[] = {
		"crl-number=abc", "crl-number=18446744073709551615",
		"crl-number=-1", "crl-number=",
		"crl-number=000000000000000000000000000007", "revoked=nonsense",
		"revoked=root 01 17 a b", "revoked=tcb 01 17 a",
		"revoked=root xy 17 a", "revoked=",
	};
	struct scene *s = *state;
	char bundle[256], bad[256], *text, *blocks;
	struct why why;
	FILE *f;

	strcpy(bundle, scene_path(s, "bundle"));
	strcpy(bad, scene_path(s, "bad"));
	assert_int_equal(pki_export(s->pki, bundle, NULL, NULL), 0);
	text = slurp(bundle);
	blocks = strstr(text, "-----BEGIN");
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		f = fopen(bad, "w");
		assert_non_null(f);
		fprintf(f, "%.*s%s\n%s", (int)(blocks - text), text,
			lines[i], blocks);
		fclose(f);
		assert_int_equal(pki_import(scene_path(s, "new"), bad, NULL,
			false, &why), -EINVAL);
		assert_int_equal(access(scene_path(s, "new/ca"), F_OK), -1);
	}
	free(text);
}

static X509 *by_root(const char *cn, EVP_PKEY *key, X509 *root,
	EVP_PKEY *root_key)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);

	X509_set_version(cert, X509_VERSION_3);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
		(const uint8_t *)cn, -1, -1, 0);
	X509_set_issuer_name(cert, root ? X509_get_subject_name(root) : name);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_set_pubkey(cert, key);
	assert_true(X509_sign(cert, root_key, EVP_sha256()) > 0);
	return cert;
}

/* Everything fits together, but machines and verifiers know P-256 only. */
static void keys_of_another_curve(void **state)
{
	static const char *const names[] = {
		"Intel SGX Root CA", "Intel SGX PCK Processor CA",
		"Intel SGX PCK Platform CA", "Intel SGX TCB Signing",
	};
	struct scene *s = *state;
	char bundle[256], bad[256], *text, *last = NULL;
	EVP_PKEY *key[4];
	X509 *cert[4];
	struct why why;
	FILE *f;

	strcpy(bundle, scene_path(s, "bundle"));
	strcpy(bad, scene_path(s, "bad"));
	assert_int_equal(pki_export(s->pki, bundle, NULL, NULL), 0);
	text = slurp(bundle);
	for (char *at = text; (at = strstr(at, "-----BEGIN")); at++)
		last = at;
	f = fopen(bad, "w");
	assert_non_null(f);
	fprintf(f, "%.*s", (int)(strstr(text, "-----BEGIN") - text), text);
	for (int i = 0; i < 4; i++) {
		key[i] = EVP_EC_gen("P-384");
		cert[i] = by_root(names[i], key[i], i ? cert[0] : NULL,
			key[0]);
		assert_true(PEM_write_X509(f, cert[i]));
		assert_true(PEM_write_PKCS8PrivateKey(f, key[i], NULL, NULL,
			0, NULL, NULL));
	}
	fputs(last, f);
	fclose(f);
	assert_int_equal(pki_import(scene_path(s, "new"), bad, NULL, false,
		&why), -EINVAL);
	assert_non_null(strstr(why.text, "P-256"));
	assert_int_equal(access(scene_path(s, "new/ca"), F_OK), -1);
	for (int i = 0; i < 4; i++) {
		X509_free(cert[i]);
		EVP_PKEY_free(key[i]);
	}
	free(text);
}

const struct CMUnitTest ca_tests[] = {
	SCENE(files_are_private), SCENE(same_ca_when_opened_again),
	SCENE(made_once), SCENE(refuses_what_others_can_read),
	SCENE(refuses_what_does_not_fit), SCENE(urls), SCENE(certificates),
	SCENE(chains), SCENE(root_hash), SCENE(key_of_enclaves),
	SCENE(replaced_under_way), QUICK(exported_and_imported),
	QUICK(import_replaces), QUICK(import_keeps_the_old_one),
	QUICK(bad_bundles), QUICK(bad_heads), QUICK(keys_of_another_curve),
};
const size_t ca_tests_count = sizeof(ca_tests) / sizeof(*ca_tests);
