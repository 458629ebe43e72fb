/* SPDX-License-Identifier: MIT */
/* Lists and JSON: signatures over the exact bytes, members in order, numbers
 * that grow, and when they are made anew. */
#include "scene.h"

#include "pki/architectural.h"
#include "pki/collateral.h"
#include "pki/files.h"
#include "pki/json.h"
#include <errno.h>
#include <jansson.h>
#include <openssl/ecdsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW 1800000000ll /* 2027-01-15T08:00:00Z */
#define DAY 86400

static const uint8_t dcsv3[6] = { 0, 0xc0, 0xfe, 3, 0, 0 };

/* ---- revocation lists ---- */

static X509_CRL *list(struct scene *s, enum pki_ca ca, struct pki_bytes *der)
{
	const unsigned char *p;
	X509_CRL *crl;

	assert_int_equal(pki_crl_get(s->pki, ca, der, NULL), 0);
	p = der->data;
	crl = d2i_X509_CRL(NULL, &p, (long)der->size);
	assert_non_null(crl);
	assert_ptr_equal(p, der->data + der->size);
	return crl;
}

static int64_t date(const ASN1_TIME *t)
{
	struct tm tm;

	assert_int_equal(ASN1_TIME_to_tm(t, &tm), 1);
	return timegm(&tm);
}

static uint64_t number_of(X509_CRL *crl)
{
	ASN1_INTEGER *number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL,
		NULL);
	uint64_t value;

	assert_non_null(number);
	assert_int_equal(ASN1_INTEGER_get_uint64(&value, number), 1);
	ASN1_INTEGER_free(number);
	return value;
}

static void list_has_shape(X509_CRL *crl, X509 *issuer, int days)
{
	AUTHORITY_KEYID *authority = X509_CRL_get_ext_d2i(crl,
		NID_authority_key_identifier, NULL, NULL);
	unsigned char *a = NULL, *b = NULL;
	int a_size, b_size;

	assert_int_equal(X509_CRL_verify(crl, X509_get0_pubkey(issuer)), 1);
	assert_int_equal(X509_CRL_get_version(crl), X509_CRL_VERSION_2);
	assert_int_equal(X509_CRL_get_signature_nid(crl),
		NID_ecdsa_with_SHA256);
	/* the very bytes of the name */
	a_size = i2d_X509_NAME(X509_CRL_get_issuer(crl), &a);
	b_size = i2d_X509_NAME(X509_get_subject_name(issuer), &b);
	assert_int_equal(a_size, b_size);
	assert_memory_equal(a, b, (size_t)a_size);
	OPENSSL_free(a);
	OPENSSL_free(b);
	assert_non_null(authority);
	assert_int_equal(ASN1_OCTET_STRING_cmp(authority->keyid,
		X509_get0_subject_key_id(issuer)), 0);
	AUTHORITY_KEYID_free(authority);
	assert_int_equal(date(X509_CRL_get0_nextUpdate(crl)) -
		date(X509_CRL_get0_lastUpdate(crl)), days * DAY);
	number_of(crl);
}

static void empty_lists(void **state)
{
	struct scene *s = *state;
	X509 *root = scene_cert(s, PKI_CERT_ROOT);
	struct pki_bytes der;
	const unsigned char *p;
	X509_CRL *crl;

	pki_set_time(s->pki, NOW);
	for (int ca = 0; ca < 2; ca++) {
		X509 *issuer = scene_cert(s, ca ? PKI_CERT_PLATFORM :
			PKI_CERT_PROCESSOR);

		crl = list(s, ca ? PKI_CA_PLATFORM : PKI_CA_PROCESSOR, &der);
		list_has_shape(crl, issuer, 30);
		assert_true(date(X509_CRL_get0_lastUpdate(crl)) <= NOW);
		assert_null(X509_CRL_get_REVOKED(crl));
		X509_CRL_free(crl);
		pki_bytes_free(&der);
		X509_free(issuer);
	}
	assert_int_equal(pki_root_crl_get(s->pki, &der, NULL), 0);
	p = der.data;
	crl = d2i_X509_CRL(NULL, &p, (long)der.size);
	list_has_shape(crl, root, 365);
	X509_CRL_free(crl);
	pki_bytes_free(&der);
	X509_free(root);
}

/* Kept for a third of their time, then made anew with a higher number. */
static void lists_get_old(void **state)
{
	struct scene *s = *state;
	struct pki_bytes a, b;
	X509_CRL *first, *second;

	pki_set_time(s->pki, NOW);
	first = list(s, PKI_CA_PLATFORM, &a);
	pki_set_time(s->pki, NOW + 9 * DAY);
	X509_CRL_free(list(s, PKI_CA_PLATFORM, &b));
	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.data, b.data, a.size);
	pki_bytes_free(&b);
	pki_set_time(s->pki, NOW + 11 * DAY);
	second = list(s, PKI_CA_PLATFORM, &b);
	assert_true(number_of(second) > number_of(first));
	assert_true(date(X509_CRL_get0_nextUpdate(second)) >
		NOW + 40 * DAY);
	pki_bytes_free(&b);
	X509_CRL_free(second);
	/* a clock that was turned back: nothing from the future */
	pki_set_time(s->pki, NOW - DAY);
	second = list(s, PKI_CA_PLATFORM, &b);
	assert_true(date(X509_CRL_get0_lastUpdate(second)) < NOW);
	assert_true(number_of(second) > number_of(first));
	pki_bytes_free(&b);
	X509_CRL_free(second);
	pki_bytes_free(&a);
	X509_CRL_free(first);
}

static void damaged_list_is_made_anew(void **state)
{
	struct scene *s = *state;
	struct pki_bytes der;
	X509 *issuer = scene_cert(s, PKI_CERT_PLATFORM);
	X509_CRL *crl;

	X509_CRL_free(list(s, PKI_CA_PLATFORM, &der));
	pki_bytes_free(&der);
	assert_int_equal(truncate(scene_path(s, "ca/issued/crl-platform.der"),
		40), 0);
	crl = list(s, PKI_CA_PLATFORM, &der);
	list_has_shape(crl, issuer, 30);
	X509_CRL_free(crl);
	pki_bytes_free(&der);
	X509_free(issuer);
}

/* ---- JSON ---- */

/* Verifies the signature over the bytes of the member, which must be the
 * first, and gives its text back. */
static char *signed_member(struct scene *s, const struct pki_bytes *json,
	const char *member)
{
	const char *text = (const char *)json->data;
	const char *end = strstr(text, ",\"signature\":\"");
	X509 *signer = scene_cert(s, PKI_CERT_TCB);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t rs[64], *der = NULL;
	char head[64], hex[129];
	ECDSA_SIG *sig = ECDSA_SIG_new();
	size_t size;
	char *body;
	int der_size;

	assert_non_null(end);
	assert_int_equal(json->size, strlen(text));
	snprintf(head, sizeof(head), "{\"%s\":", member);
	assert_int_equal(strncmp(text, head, strlen(head)), 0);
	assert_int_equal(strlen(end), 14 + 128 + 2);
	assert_string_equal(end + 14 + 128, "\"}");
	memcpy(hex, end + 14, 128);
	hex[128] = '\0';
	assert_true(files_unhex(hex, rs, 64));
	size = (size_t)(end - text) - strlen(head);
	body = strndup(text + strlen(head), size);
	ECDSA_SIG_set0(sig, BN_bin2bn(rs, 32, NULL), BN_bin2bn(rs + 32, 32,
		NULL));
	der_size = i2d_ECDSA_SIG(sig, &der);
	assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL,
		X509_get0_pubkey(signer)), 1);
	assert_int_equal(EVP_DigestVerify(ctx, der, (size_t)der_size,
		(uint8_t *)body, size), 1);
	OPENSSL_free(der);
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(ctx);
	X509_free(signer);
	return body;
}

/* Byte for byte, with the dates of NOW. */
static void tcb_info_v2(void **state)
{
	static const char expected[] =
		"{\"version\":2,\"issueDate\":\"2027-01-15T07:55:00Z\","
		"\"nextUpdate\":\"2027-02-14T07:55:00Z\","
		"\"fmspc\":\"00C0FE030000\",\"pceId\":\"0000\",\"tcbType\":0,"
		"\"tcbEvaluationDataNumber\":17,\"tcbLevels\":[{\"tcb\":{"
		"\"sgxtcbcomp01svn\":8,\"sgxtcbcomp02svn\":8,"
		"\"sgxtcbcomp03svn\":2,\"sgxtcbcomp04svn\":2,"
		"\"sgxtcbcomp05svn\":1,\"sgxtcbcomp06svn\":1,"
		"\"sgxtcbcomp07svn\":0,\"sgxtcbcomp08svn\":0,"
		"\"sgxtcbcomp09svn\":0,\"sgxtcbcomp10svn\":0,"
		"\"sgxtcbcomp11svn\":0,\"sgxtcbcomp12svn\":0,"
		"\"sgxtcbcomp13svn\":0,\"sgxtcbcomp14svn\":0,"
		"\"sgxtcbcomp15svn\":0,\"sgxtcbcomp16svn\":0,\"pcesvn\":16},"
		"\"tcbDate\":\"2025-08-13T00:00:00Z\","
		"\"tcbStatus\":\"UpToDate\"},{\"tcb\":{";
	struct scene *s = *state;
	struct pki_bytes json;
	char *body;

	pki_set_time(s->pki, NOW);
	assert_int_equal(pki_tcb_info_get(s->pki, dcsv3, 3, 0, &json, NULL), 0);
	body = signed_member(s, &json, "tcbInfo");
	assert_int_equal(strncmp(body, expected, sizeof(expected) - 1), 0);
	assert_null(strchr(body, ' '));
	free(body);
	pki_bytes_free(&json);
}

static void tcb_info_v3(void **state)
{
	static const char head[] =
		"{\"id\":\"SGX\",\"version\":3,"
		"\"issueDate\":\"2027-01-15T07:55:00Z\","
		"\"nextUpdate\":\"2027-02-14T07:55:00Z\","
		"\"fmspc\":\"00C0FE030000\",\"pceId\":\"0000\",\"tcbType\":0,"
		"\"tcbEvaluationDataNumber\":17,\"tcbLevels\":[{\"tcb\":{"
		"\"sgxtcbcomponents\":[{\"svn\":8,\"category\":\"BIOS\","
		"\"type\":\"Early Microcode Update\"},{\"svn\":8,"
		"\"category\":\"OS/VMM\",\"type\":\"SGX Late Microcode Update\"}"
		",{\"svn\":2,\"category\":\"OS/VMM\",\"type\":\"TXT SINIT\"},"
		"{\"svn\":2,\"category\":\"BIOS\"},{\"svn\":1,"
		"\"category\":\"OS/VMM\"},{\"svn\":1,\"category\":\"BIOS\"},"
		"{\"svn\":0},";
	static const char middle[] =
		"{\"svn\":0}],\"pcesvn\":16},"
		"\"tcbDate\":\"2025-08-13T00:00:00Z\","
		"\"tcbStatus\":\"ConfigurationNeeded\","
		"\"advisoryIDs\":[\"COFFER-SA-00002\"]},{\"tcb\":{";
	struct scene *s = *state;
	struct pki_bytes json;
	char *body;

	pki_set_time(s->pki, NOW);
	assert_int_equal(pki_tcb_info_get(s->pki, dcsv3, 4, 0, &json, NULL), 0);
	body = signed_member(s, &json, "tcbInfo");
	assert_int_equal(strncmp(body, head, sizeof(head) - 1), 0);
	assert_non_null(strstr(body, middle));
	free(body);
	pki_bytes_free(&json);
}

/* Levels descend, none twice, and are those that machines are held to. */
static void levels(void **state)
{
	struct scene *s = *state;
	const struct pki_tcb_level *all;
	struct pki_bytes json;
	size_t count, i, c;
	json_t *root, *list_, *level, *component;

	assert_int_equal(pki_tcb_info_get(s->pki, dcsv3, 4, 0, &json, NULL), 0);
	root = json_loads((char *)json.data, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	list_ = json_object_get(json_object_get(root, "tcbInfo"), "tcbLevels");
	all = pki_tcb_levels(&count);
	assert_int_equal(json_array_size(list_), count);
	json_array_foreach(list_, i, level) {
		json_t *tcb = json_object_get(level, "tcb");
		json_t *svns = json_object_get(tcb, "sgxtcbcomponents");

		assert_int_equal(json_array_size(svns), 16);
		json_array_foreach(svns, c, component)
			assert_int_equal(json_integer_value(json_object_get(
				component, "svn")), all[i].components[c]);
		assert_string_equal(json_string_value(json_object_get(level,
			"tcbStatus")), pki_tcb_status_name(all[i].status));
		if (i > 0)
			assert_true(memcmp(all[i].components,
				all[i - 1].components, 16) < 0);
	}
	json_decref(root);
	pki_bytes_free(&json);
}

static void qe_identity(void **state)
{
	struct scene *s = *state;
	struct pki_bytes json;
	uint8_t mrsigner[32];
	char expected[600], hex[65];
	char *body;

	pki_set_time(s->pki, NOW);
	assert_int_equal(pki_mrsigner(s->pki, mrsigner, NULL), 0);
	files_hex(mrsigner, 32, true, hex);
	snprintf(expected, sizeof(expected),
		"{\"id\":\"QE\",\"version\":2,"
		"\"issueDate\":\"2027-01-15T07:55:00Z\","
		"\"nextUpdate\":\"2027-02-14T07:55:00Z\","
		"\"tcbEvaluationDataNumber\":17,\"miscselect\":\"00000000\","
		"\"miscselectMask\":\"FFFFFFFF\","
		"\"attributes\":\"11000000000000000000000000000000\","
		"\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\","
		"\"mrsigner\":\"%s\",\"isvprodid\":1,\"tcbLevels\":["
		"{\"tcb\":{\"isvsvn\":11},\"tcbDate\":\"2025-08-13T00:00:00Z\","
		"\"tcbStatus\":\"UpToDate\"},{\"tcb\":{\"isvsvn\":8},", hex);
	assert_int_equal(pki_qe_identity_get(s->pki, 4, 0, &json, NULL), 0);
	body = signed_member(s, &json, "enclaveIdentity");
	assert_int_equal(strncmp(body, expected, strlen(expected)), 0);
	free(body);
	pki_bytes_free(&json);
}

static void evaluation_numbers(void **state)
{
	struct scene *s = *state;
	struct pki_bytes json;
	json_t *root;
	char *body;

	assert_int_equal(pki_evaluation_numbers_get(s->pki, &json, NULL), 0);
	body = signed_member(s, &json, "tcbEvaluationDataNumbers");
	root = json_loads(body, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(root, "id")),
		"SGX");
	assert_int_equal(json_array_size(json_object_get(root,
		"tcbEvalNumbers")), 3);
	json_decref(root);
	free(body);
	pki_bytes_free(&json);
	/* each of them can be asked for */
	for (unsigned n = JSON_EVALUATION_OLDEST; n <= JSON_EVALUATION_EARLY;
	     n++) {
		char text[48];

		snprintf(text, sizeof(text), "\"tcbEvaluationDataNumber\":%u,",
			n);
		assert_int_equal(pki_tcb_info_get(s->pki, dcsv3, 4, n, &json,
			NULL), 0);
		assert_non_null(strstr((char *)json.data, text));
		pki_bytes_free(&json);
		assert_int_equal(pki_qe_identity_get(s->pki, 3, n, &json,
			NULL), 0);
		assert_non_null(strstr((char *)json.data, text));
		pki_bytes_free(&json);
	}
}

static void what_there_is_not(void **state)
{
	static const uint8_t intel[6] = { 0, 0xa0, 0x67, 0x11, 0, 0 };
	struct scene *s = *state;
	struct pki_collateral all;
	struct pki_bytes json;
	struct why why;

	assert_int_equal(pki_tcb_info_get(s->pki, intel, 4, 0, &json, &why),
		-ENOENT);
	assert_non_null(strstr(why.text, "00A067110000"));
	assert_int_equal(pki_tcb_info_get(s->pki, dcsv3, 5, 0, &json, &why),
		-EINVAL);
	assert_int_equal(pki_tcb_info_get(s->pki, dcsv3, 4, 15, &json, &why),
		-ESTALE);
	assert_int_equal(pki_qe_identity_get(s->pki, 4, 19, &json, &why),
		-ENOENT);
	assert_int_equal(pki_collateral_get(s->pki, intel, PKI_CA_PLATFORM, 4,
		&all, &why), -ENOENT);
	assert_null(all.owned);
}

static void json_gets_old(void **state)
{
	struct scene *s = *state;
	struct pki_bytes a, b;

	pki_set_time(s->pki, NOW);
	assert_int_equal(pki_tcb_info_get(s->pki, dcsv3, 4, 0, &a, NULL), 0);
	pki_set_time(s->pki, NOW + 9 * DAY);
	assert_int_equal(pki_tcb_info_get(s->pki, dcsv3, 4, 0, &b, NULL), 0);
	assert_string_equal((char *)a.data, (char *)b.data);
	pki_bytes_free(&b);
	pki_set_time(s->pki, NOW + 10 * DAY);
	assert_int_equal(pki_tcb_info_get(s->pki, dcsv3, 4, 0, &b, NULL), 0);
	assert_non_null(strstr((char *)b.data,
		"\"issueDate\":\"2027-01-25T07:55:00Z\""));
	pki_bytes_free(&a);
	pki_bytes_free(&b);
}

static void everything_at_once(void **state)
{
	struct scene *s = *state;
	const struct pki_fmspc *kinds;
	struct pki_collateral c;
	size_t count;

	kinds = pki_fmspcs(&count);
	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++) {
		for (unsigned version = 3; version <= 4; version++) {
			int64_t from, until;

			assert_int_equal(pki_collateral_get(s->pki,
				kinds[i].fmspc, kinds[i].ca, version, &c,
				NULL), 0);
			assert_int_equal(attest_collateral_window(&c.view,
				&from, &until, NULL), 0);
			assert_true(from <= time(NULL));
			assert_true(until > time(NULL) + 19 * DAY);
			pki_collateral_free(&c);
		}
	}
}

const struct CMUnitTest collateral_tests[] = {
	SCENE(empty_lists), SCENE(lists_get_old),
	SCENE(damaged_list_is_made_anew), SCENE(tcb_info_v2),
	SCENE(tcb_info_v3), SCENE(levels), SCENE(qe_identity),
	SCENE(evaluation_numbers), SCENE(what_there_is_not),
	SCENE(json_gets_old), SCENE(everything_at_once),
};
const size_t collateral_tests_count = sizeof(collateral_tests) /
	sizeof(*collateral_tests);
