/* SPDX-License-Identifier: MIT */
#include "qe_identity_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	const struct qe_level *one = a, *two = b;

	return (int)two->isv_svn - one->isv_svn;
}

static bool read_level(const json_t *json, struct qe_level *level)
{
	uint64_t number;

	if (!attest_json_get_number(json_object_get(json, "tcb"), "isvsvn",
		65535,
			&number))
		return false;
	level->isv_svn = (uint16_t)number;
	return attest_json_get_level(json, &level->date, &level->status) &&
		attest_json_get_advisories(json, &level->advisories);
}

static int read_levels(const json_t *document, struct qe_identity *identity,
	struct why *why)
{
	json_t *list = json_object_get(document, "tcbLevels");
	size_t count = json_array_size(list);

	if (!count || count > 65536)
		return why_set(why, -EINVAL,
			"the QE identity has no levels, or too many");
	identity->level = calloc(count, sizeof(*identity->level));
	if (!identity->level)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (!read_level(json_array_get(list, i), &identity->level[i]))
			return why_set(why, -EINVAL, "level %zu of the QE "
				"identity cannot be read", i);
	identity->count = count;
	qsort(identity->level, count, sizeof(*identity->level), compare);
	for (size_t i = 1; i < count; i++)
		if (!compare(&identity->level[i - 1], &identity->level[i]))
			return why_set(why, -EINVAL,
				"the QE identity has a level twice");
	return 0;
}

int attest_qe_identity_read(const struct signed_json *json,
	struct qe_identity *identity, struct why *why)
{
	uint64_t version, product, number;
	const char *id;
	json_t *document;

	memset(identity, 0, sizeof(*identity));
	document = identity->document = attest_signed_json_parse(json);
	if (!document)
		return why_set(why, -EINVAL, "the QE identity is no JSON");
	id = attest_json_get_text(document, "id");
	if (!id || strcmp(id, "QE") != 0 || !attest_json_get_number(document,
				"version", UINT32_MAX, &version) ||
			version != 2)
		return why_set(why, -EINVAL, "an enclave identity that is "
			"not version 2 of the QE's");
	/* Hexadecimal digits give the bytes in memory. */
	if (!attest_json_get_date(document, "issueDate", &identity->from) ||
			!attest_json_get_date(document, "nextUpdate",
				&identity->until) ||
			!attest_json_get_number(document,
			"tcbEvaluationDataNumber",
				UINT32_MAX, &number) ||
			!attest_json_get_hex(document, "miscselect",
				(uint8_t *)&identity->misc_select, 4) ||
			!attest_json_get_hex(document, "miscselectMask",
				(uint8_t *)&identity->misc_select_mask, 4) ||
			!attest_json_get_hex(document, "attributes",
				identity->attributes, 16) ||
			!attest_json_get_hex(document, "attributesMask",
				identity->attributes_mask, 16) ||
			!attest_json_get_hex(document, "mrsigner",
				identity->mrsigner, 32) ||
			!attest_json_get_number(document, "isvprodid", 65535,
				&product))
		return why_set(why, -EINVAL,
			"the QE identity lacks a member, or has a wrong one");
	identity->evaluation_number = (uint32_t)number;
	identity->isv_prod_id = (uint16_t)product;
	return read_levels(document, identity, why);
}

void attest_qe_identity_free(struct qe_identity *identity)
{
	free(identity->level);
	json_decref(identity->document);
}

int attest_qe_identity_check(const struct qe_identity *identity,
	const struct sgx_report_body *report, struct why *why)
{
	uint8_t attributes[16];

	if ((report->misc_select & identity->misc_select_mask) !=
			identity->misc_select)
		return why_set(why, -EINVAL, "the quoting enclave's "
			"MISCSELECT is %#x", report->misc_select);
	memcpy(attributes, &report->attributes, sizeof(attributes));
	for (int i = 0; i < 16; i++)
		if ((attributes[i] & identity->attributes_mask[i]) !=
				identity->attributes[i])
			return why_set(why, -EINVAL, "the quoting enclave's "
				"ATTRIBUTES differ in byte %d", i);
	if (memcmp(report->mrsigner, identity->mrsigner, 32))
		return why_set(why, -EINVAL, "the quoting enclave has "
			"another signer (MRSIGNER)");
	if (report->isv_prod_id != identity->isv_prod_id)
		return why_set(why, -EINVAL, "the quoting enclave's product "
			"is %u, not %u", report->isv_prod_id,
			identity->isv_prod_id);
	return 0;
}

const struct qe_level *attest_qe_identity_match(
	const struct qe_identity *identity,
	const struct sgx_report_body *report)
{
	for (size_t i = 0; i < identity->count; i++)
		if (report->isv_svn >= identity->level[i].isv_svn)
			return &identity->level[i];
	return NULL;
}
