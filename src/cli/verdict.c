/* SPDX-License-Identifier: MIT */
#include "verdict.h"

#include "attest/dates.h"
#include "cli.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

static void read_cert(const X509 *x509, struct verdict_cert *cert)
{
	BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509),
		NULL);
	char *hex = serial ? BN_bn2hex(serial) : NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	int size;

	memset(cert, 0, sizeof(*cert));
	if (bio) {
		X509_NAME_print_ex(bio, X509_get_subject_name(x509), 0,
			XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
		size = BIO_read(bio, cert->subject, sizeof(cert->subject) - 1);
		cert->subject[size > 0 ? size : 0] = '\0';
		BIO_reset(bio);
		ASN1_TIME_print(bio, X509_get0_notAfter(x509));
		size = BIO_read(bio, cert->until, sizeof(cert->until) - 1);
		cert->until[size > 0 ? size : 0] = '\0';
	}
	snprintf(cert->serial, sizeof(cert->serial), "%s", hex ? hex : "");
	cert->software = strstr(cert->subject, "Coffer") != NULL;
	BIO_free(bio);
	OPENSSL_free(hex);
	BN_free(serial);
}

void verdict_read_chain(const struct attest_quote *quote,
	struct verdict_chain *chain)
{
	BIO *bio;
	X509 *x509;

	chain->count = 0;
	if (quote->cert_type != ATTEST_CERT_PCK_CHAIN &&
			quote->cert_type != ATTEST_CERT_PCK_LEAF)
		return;
	bio = BIO_new_mem_buf(quote->cert, (int)quote->cert_size);
	while (bio && chain->count < 3 && (x509 = PEM_read_bio_X509(bio, NULL,
			NULL, NULL))) {
		read_cert(x509, &chain->cert[chain->count++]);
		X509_free(x509);
	}
	BIO_free(bio);
}

const char *verdict_root(const struct attest_verdict *verdict,
	const struct verdict_chain *chain)
{
	static const uint8_t none[64];

	if (!memcmp(verdict->root_key, none, sizeof(none)))
		return N_("not known");
	if (!verdict->software_root)
		return "Intel";
	return chain->count == 3 && chain->cert[2].software ?
		N_("software (Coffer)") : N_("software, not Intel's");
}

static const char *date(int64_t time, char out[ATTEST_DATE_SIZE])
{
	attest_date_print(time, out);
	return out;
}

static void hex_row(const char *name, const uint8_t *bytes, size_t size)
{
	printf("  %-*s ", CLI_CELL(14, name));
	for (size_t i = 0; i < size; i++)
		printf("%02x", bytes[i]);
	putchar('\n');
}

static void print_enclave(const struct attest_verdict *v)
{
	puts(_("enclave"));
	hex_row("MRENCLAVE", v->body.mrenclave, 32);
	hex_row("MRSIGNER", v->body.mrsigner, 32);
	cli_row(_("product"), "%u, SVN %u", v->body.isv_prod_id,
		v->body.isv_svn);
	cli_row("ATTRIBUTES", "%016llx, XFRM %llx%s",
		(unsigned long long)v->body.attributes.flags,
		(unsigned long long)v->body.attributes.xfrm,
		v->debug ? _("  DEBUG: its host can read and change it") : "");
	hex_row(_("report data"), v->body.report_data, 64);
}

static void print_machine(const struct attest_verdict *v)
{
	char text[ATTEST_DATE_SIZE];

	puts(_("machine"));
	hex_row("FMSPC", v->pck.fmspc, sizeof(v->pck.fmspc));
	hex_row("PPID", v->pck.ppid, sizeof(v->pck.ppid));
	hex_row("TCB", v->pck.components, sizeof(v->pck.components));
	cli_row("PCESVN", "%u", v->pck.pcesvn);
	if (v->valid_until)
		cli_row(_("level"), _("%s (%s of %s, quoting enclave %s)"),
			attest_level_name(v->tcb_status),
			attest_level_name(v->platform_status),
			date(v->tcb_date, text),
			attest_level_name(v->qe_status));
	for (size_t i = 0; i < v->advisory_count; i++)
		cli_row(i ? "" : _("advisories"), "%s", v->advisory[i]);
}

void verdict_print(const struct attest_verdict *v,
	const struct verdict_chain *chain)
{
	char from[ATTEST_DATE_SIZE], until[ATTEST_DATE_SIZE];

	printf(_("verdict: %s\n"), attest_status_name(v->status));
	for (size_t i = 0; i < v->reason_count; i++)
		printf("  %s\n", v->reason[i]);
	printf(_("root of trust: %s\n"), _(verdict_root(v, chain)));
	if (v->header.version)
		print_enclave(v);
	if (chain->count) {
		print_machine(v);
		puts(_("certificates"));
		for (size_t i = 0; i < chain->count; i++)
			printf(_("  %s\n    serial %s, until %s\n"),
				chain->cert[i].subject, chain->cert[i].serial,
				chain->cert[i].until);
	}
	if (v->valid_until)
		printf(_("collateral\n  valid from %s until %s, evaluation "
			"number %u\n"), date(v->valid_from, from),
			date(v->valid_until, until), v->tcb_evaluation_number);
	if (!attest_verdict_genuine(v))
		puts(_("Nothing above about the enclave may be believed."));
}

static void set_hex(json_t *object, const char *name, const uint8_t *bytes,
	size_t size)
{
	char hex[129];

	cli_hex(bytes, size, hex);
	json_object_set_new(object, name, json_string(hex));
}

static json_t *enclave_json(const struct attest_verdict *v)
{
	json_t *out = json_pack("{s:i, s:i, s:b}", "isv_prod_id",
		v->body.isv_prod_id, "isv_svn", v->body.isv_svn, "debug",
		v->debug);

	set_hex(out, "mrenclave", v->body.mrenclave, 32);
	set_hex(out, "mrsigner", v->body.mrsigner, 32);
	set_hex(out, "attributes", (const uint8_t *)&v->body.attributes, 16);
	set_hex(out, "report_data", v->body.report_data, 64);
	return out;
}

static json_t *machine_json(const struct attest_verdict *v)
{
	char text[ATTEST_DATE_SIZE];
	json_t *list = json_array();
	json_t *out = json_pack("{s:s, s:s, s:s, s:s, s:i, s:s}",
		"tcb_status", attest_level_name(v->tcb_status),
		"platform_status", attest_level_name(v->platform_status),
		"qe_status", attest_level_name(v->qe_status),
		"tcb_date", date(v->tcb_date, text), "pcesvn", v->pck.pcesvn,
		"ca", attest_ca_name(v->pck.ca));

	set_hex(out, "fmspc", v->pck.fmspc, sizeof(v->pck.fmspc));
	set_hex(out, "ppid", v->pck.ppid, sizeof(v->pck.ppid));
	set_hex(out, "tcb_components", v->pck.components, 16);
	for (size_t i = 0; i < v->advisory_count; i++)
		json_array_append_new(list, json_string(v->advisory[i]));
	json_object_set_new(out, "advisories", list);
	return out;
}

static json_t *chain_json(const struct verdict_chain *chain)
{
	json_t *list = json_array();

	for (size_t i = 0; i < chain->count; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}",
			"subject", chain->cert[i].subject, "serial",
			chain->cert[i].serial, "not_after",
			chain->cert[i].until));
	return list;
}

json_t *verdict_json(const struct attest_verdict *v,
	const struct verdict_chain *chain)
{
	char from[ATTEST_DATE_SIZE], until[ATTEST_DATE_SIZE];
	json_t *reasons = json_array(), *out;

	for (size_t i = 0; i < v->reason_count; i++)
		json_array_append_new(reasons, json_string(v->reason[i]));
	out = json_pack("{s:s, s:b, s:o, s:s, s:b, s:i}",
		"status", attest_status_name(v->status),
		"genuine", attest_verdict_genuine(v), "reasons", reasons,
		"root_of_trust", verdict_root(v, chain),
		"software_root", v->software_root, "quote_version",
		v->header.version);
	if (v->header.version)
		json_object_set_new(out, "enclave", enclave_json(v));
	if (chain->count) {
		json_object_set_new(out, "machine", machine_json(v));
		json_object_set_new(out, "certificates", chain_json(chain));
	}
	if (v->valid_until)
		json_object_set_new(out, "collateral", json_pack(
			"{s:s, s:s, s:I}", "valid_from",
			date(v->valid_from, from), "valid_until",
			date(v->valid_until, until),
			"tcb_evaluation_data_number",
			(json_int_t)v->tcb_evaluation_number));
	return out;
}
