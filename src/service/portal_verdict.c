/* SPDX-License-Identifier: MIT */
/* A verdict and a chain of certificates as JSON. */
#include "service/portal_quote.h"

#include "attest/dates.h"
#include "service/portal.h"
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

/* --- certificates ------------------------------------------------------- */

static json_t *text_of(BIO *bio)
{
	char *data;
	long size = BIO_get_mem_data(bio, &data);
	json_t *text = size > 0 ? json_stringn(data, (size_t)size) : NULL;

	(void)BIO_reset(bio);
	return text ? text : json_string("");
}

static json_t *name_of(BIO *bio, const X509_NAME *name)
{
	X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE &
		~ASN1_STRFLGS_ESC_MSB);
	return text_of(bio);
}

static json_t *date_of(const ASN1_TIME *time)
{
	struct tm tm;
	char text[ATTEST_DATE_SIZE] = "";
	int64_t at;

	if (ASN1_TIME_to_tm(time, &tm) && !attest_date_make(tm.tm_year + 1900,
			tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
			tm.tm_sec, &at))
		attest_date_print(at, text);
	return json_string(text);
}

static json_t *cert_json(BIO *bio, X509 *cert, size_t index)
{
	static const char *const roles[] = { "machine", "intermediate",
		"root" };
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert),
		NULL);
	char *serial = number ? BN_bn2hex(number) : NULL;
	json_t *subject = name_of(bio, X509_get_subject_name(cert));
	const char *text = json_string_value(subject);
	json_t *out = json_pack("{s:s, s:b, s:s, s:o, s:o, s:o, s:o}",
		"role", roles[index], "software", text && strstr(text,
		"Coffer") != NULL, "serial", serial ? serial : "", "subject",
		subject, "issuer", name_of(bio, X509_get_issuer_name(cert)),
		"not_before", date_of(X509_get0_notBefore(cert)),
		"not_after", date_of(X509_get0_notAfter(cert)));

	OPENSSL_free(serial);
	BN_free(number);
	return out;
}

json_t *portal_quote_chain(const struct attest_quote *quote)
{
	json_t *list = json_array();
	BIO *pem, *bio;
	X509 *cert;

	if (quote->cert_type != ATTEST_CERT_PCK_CHAIN &&
			quote->cert_type != ATTEST_CERT_PCK_LEAF)
		return list;
	pem = BIO_new_mem_buf(quote->cert, (int)quote->cert_size);
	bio = BIO_new(BIO_s_mem());
	for (size_t i = 0; pem && bio && i < 3 &&
			(cert = PEM_read_bio_X509(pem, NULL, NULL, NULL));
			i++) {
		json_array_append_new(list, cert_json(bio, cert, i));
		X509_free(cert);
	}
	BIO_free(pem);
	BIO_free(bio);
	return list;
}

/* --- the verdict -------------------------------------------------------- */

static void set_date(json_t *object, const char *name, int64_t time)
{
	char text[ATTEST_DATE_SIZE];

	attest_date_print(time, text);
	json_object_set_new(object, name, json_string(text));
}

/* Whose dates: enum attest_dated as names. */
static json_t *dated_json(uint32_t parts)
{
	static const char *const names[] = { "pck_chain", "tcb_info_chain",
		"qe_identity_chain", "pck_crl_chain", "pck_crl", "root_crl",
		"tcb_info", "qe_identity" };
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (parts & 1u << i)
			json_array_append_new(list, json_string(names[i]));
	return list;
}

static json_t *verdict_json(const struct attest_verdict *v)
{
	static const char *const severities[] = {
		[ATTEST_GOOD] = "good", [ATTEST_WARNING] = "warning",
		[ATTEST_EXPIRY] = "expiry", [ATTEST_REFUSED] = "refused",
	};
	static const uint8_t none[64];
	bool rooted = memcmp(v->root_key, none, sizeof(none)) != 0;
	json_t *reasons = json_array();

	for (size_t i = 0; i < v->reason_count; i++)
		json_array_append_new(reasons, json_string(v->reason[i]));
	return json_pack("{s:s, s:s, s:s, s:b, s:o, s:s}", "status",
		attest_status_name(v->status), "severity",
		severities[attest_status_severity(v->status)], "words",
		attest_status_words(v->status), "genuine",
		attest_verdict_genuine(v), "reasons", reasons, "root",
		!rooted ? "unknown" : v->software_root ? "software" :
		"intel");
}

static json_t *enclave_json(const struct attest_verdict *v)
{
	const struct sgx_report_body *b = &v->body;

	return json_pack("{s:o, s:o, s:i, s:i, s:b, s:o, s:o, s:o}",
		"mrenclave", portal_hex(b->mrenclave, 32), "mrsigner",
		portal_hex(b->mrsigner, 32), "isv_prod_id", b->isv_prod_id,
		"isv_svn", b->isv_svn, "debug", v->debug, "attributes",
		portal_hex((const uint8_t *)&b->attributes, 16),
		"report_data", portal_hex(b->report_data, 64), "config_id",
		portal_hex(b->config_id, 64));
}

static json_t *machine_json(const struct attest_verdict *v)
{
	json_t *advisories = json_array(), *out;

	for (size_t i = 0; i < v->advisory_count; i++)
		json_array_append_new(advisories, json_string(v->advisory[i]));
	out = json_pack("{s:o, s:o, s:o, s:i, s:s, s:s, s:s, s:s, s:o}",
		"fmspc", portal_hex(v->pck.fmspc, sizeof(v->pck.fmspc)),
		"ppid", portal_hex(v->pck.ppid, sizeof(v->pck.ppid)),
		"tcb_components", portal_hex(v->pck.components, 16),
		"pcesvn", v->pck.pcesvn, "ca", attest_ca_name(v->pck.ca),
		"tcb_status", attest_level_name(v->tcb_status),
		"platform_status", attest_level_name(v->platform_status),
		"qe_status", attest_level_name(v->qe_status), "advisories",
		advisories);
	if (out && v->valid_until)
		set_date(out, "tcb_date", v->tcb_date);
	return out;
}

void portal_verdict(json_t *out, const struct attest_verdict *v)
{
	static const uint8_t none[64];

	json_object_set_new(out, "verdict", verdict_json(v));
	if (v->header.version)
		json_object_set_new(out, "enclave", enclave_json(v));
	if (memcmp(v->pck.key, none, sizeof(none)))
		json_object_set_new(out, "machine", machine_json(v));
	if (v->valid_until) {
		json_t *dates = json_pack("{s:I, s:o, s:o}",
			"tcb_evaluation_data_number",
			(json_int_t)v->tcb_evaluation_number, "expired",
			dated_json(v->expired), "not_yet_valid",
			dated_json(v->not_yet_valid));

		set_date(dates, "valid_from", v->valid_from);
		set_date(dates, "valid_until", v->valid_until);
		json_object_set_new(out, "collateral", dates);
	}
}
