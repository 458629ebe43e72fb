/* SPDX-License-Identifier: MIT */
/* A quote field by field, as attest/quote.h draws it. */
#include "service/portal_quote.h"

#include "service/portal.h"
#include <stdio.h>
#include <string.h>

#define QE_REPORT_3 564u /* where the quoting enclave's report begins */
#define QE_REPORT_4 570u /* behind type and size of the outer record */

struct field {
	const char *name;
	unsigned offset, size; /* within its part */
	/* How its bytes read: 'n' a number, little endian; 'x' bytes; 'f'
	 * ATTRIBUTES.FLAGS, by name. */
	char kind;
};

static const struct field header_3[] = {
	{ "version", 0, 2, 'n' }, { "key_type", 2, 2, 'n' },
	{ "reserved", 4, 4, 'x' }, { "qe_svn", 8, 2, 'n' },
	{ "pce_svn", 10, 2, 'n' }, { "qe_vendor", 12, 16, 'x' },
	{ "qe_id", 28, 16, 'x' }, { "user_data", 44, 4, 'x' },
};
static const struct field header_4[] = {
	{ "version", 0, 2, 'n' }, { "key_type", 2, 2, 'n' },
	{ "tee_type", 4, 4, 'n' }, { "reserved", 8, 4, 'x' },
	{ "qe_vendor", 12, 16, 'x' }, { "user_data", 28, 20, 'x' },
};
static const struct field report[] = {
	{ "cpusvn", 0, 16, 'x' }, { "misc_select", 16, 4, 'n' },
	{ "cet_attributes", 20, 1, 'n' }, { "reserved", 21, 11, 'x' },
	{ "isv_ext_prod_id", 32, 16, 'x' },
	{ "attributes_flags", 48, 8, 'f' },
	{ "attributes_xfrm", 56, 8, 'n' }, { "mrenclave", 64, 32, 'x' },
	{ "reserved", 96, 32, 'x' }, { "mrsigner", 128, 32, 'x' },
	{ "reserved", 160, 32, 'x' }, { "config_id", 192, 64, 'x' },
	{ "isv_prod_id", 256, 2, 'n' }, { "isv_svn", 258, 2, 'n' },
	{ "config_svn", 260, 2, 'n' }, { "reserved", 262, 42, 'x' },
	{ "isv_family_id", 304, 16, 'x' }, { "report_data", 320, 64, 'x' },
};
#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static uint64_t little(const uint8_t *bytes, size_t size)
{
	uint64_t value = 0;

	while (size--)
		value = value << 8 | bytes[size];
	return value;
}

static json_t *flags(uint64_t value)
{
	static const struct {
		uint64_t bit;
		const char *name;
	} names[] = {
		{ SGX_ATTR_INIT, "INIT" }, { SGX_ATTR_DEBUG, "DEBUG" },
		{ SGX_ATTR_MODE64BIT, "MODE64BIT" },
		{ SGX_ATTR_PROVISIONKEY, "PROVISIONKEY" },
		{ SGX_ATTR_EINITTOKENKEY, "EINITTOKENKEY" },
		{ SGX_ATTR_KSS, "KSS" },
	};
	char text[128] = "";
	size_t used = 0;

	for (size_t i = 0; i < COUNT(names); i++)
		if (value & names[i].bit)
			used += (size_t)snprintf(text + used,
				sizeof(text) - used, "%s%s", used ? " " : "",
				names[i].name);
	return json_string(text);
}

static void add(json_t *list, const char *part, const char *name,
	const uint8_t *bytes, size_t offset, size_t size, char kind)
{
	json_t *field = json_pack("{s:s, s:s, s:I, s:I, s:o}", "part", part,
		"name", name, "offset", (json_int_t)offset, "size",
		(json_int_t)size, "hex", portal_hex(bytes + offset, size));

	if (kind == 'n')
		json_object_set_new(field, "text", json_sprintf("%llu",
			(unsigned long long)little(bytes + offset, size)));
	else if (kind == 'f')
		json_object_set_new(field, "text",
			flags(little(bytes + offset, size)));
	json_array_append_new(list, field);
}

static void add_all(json_t *list, const char *part, const uint8_t *bytes,
	size_t base, const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add(list, part, fields[i].name, bytes, base +
			fields[i].offset, fields[i].size, fields[i].kind);
}

json_t *portal_quote_fields(const uint8_t *bytes,
	const struct attest_quote *quote)
{
	bool four = quote->header.version == 4;
	size_t qe = four ? QE_REPORT_4 : QE_REPORT_3;
	size_t auth = (size_t)(quote->auth - bytes);
	size_t cert = (size_t)(quote->cert - bytes);
	json_t *list = json_array();

	add_all(list, "header", bytes, 0, four ? header_4 : header_3,
		four ? COUNT(header_4) : COUNT(header_3));
	add_all(list, "enclave", bytes, ATTEST_QUOTE_HEADER_SIZE, report,
		COUNT(report));
	add(list, "signature", "signature_size", bytes, 432, 4, 'n');
	add(list, "signature", "quote_signature", bytes, 436, 64, 'x');
	add(list, "signature", "attestation_key", bytes, 500, 64, 'x');
	if (four)
		add(list, "signature", "outer_certification_type", bytes, 564,
			2, 'n');
	add_all(list, "quoting_enclave", bytes, qe, report, COUNT(report));
	add(list, "certification", "qe_report_signature", bytes, qe + 384, 64,
		'x');
	add(list, "certification", "auth_size", bytes, auth - 2, 2, 'n');
	add(list, "certification", "auth", bytes, auth, quote->auth_size,
		'x');
	add(list, "certification", "certification_type", bytes, cert - 6, 2,
		'n');
	add(list, "certification", "certification_size", bytes, cert - 4, 4,
		'n');
	return list;
}
