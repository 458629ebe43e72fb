/* SPDX-License-Identifier: MIT */
#include "tcb_info_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_component(const json_t *tcb, const json_t *list,
	unsigned int i, uint64_t *svn)
{
	char name[24];

	if (list)
		return attest_json_get_number(json_array_get(list, i), "svn",
		255,
			svn);
	snprintf(name, sizeof(name), "sgxtcbcomp%02usvn", i + 1);
	return attest_json_get_number(tcb, name, 255, svn);
}

static bool read_level(const json_t *json, bool version3,
	struct tcb_level *level)
{
	const json_t *tcb = json_object_get(json, "tcb"), *list = NULL;
	uint64_t number;

	if (!json_is_object(tcb))
		return false;
	if (version3) {
		list = json_object_get(tcb, "sgxtcbcomponents");
		if (!json_is_array(list) || json_array_size(list) != 16)
			return false;
	}
	for (unsigned int i = 0; i < 16; i++) {
		if (!read_component(tcb, list, i, &number))
			return false;
		level->components[i] = (uint8_t)number;
	}
	if (!attest_json_get_number(tcb, "pcesvn", 65535, &number))
		return false;
	level->pcesvn = (uint16_t)number;
	return attest_json_get_level(json, &level->date, &level->status) &&
		attest_json_get_advisories(json, &level->advisories);
}

/* Higher ones first: by component 1, then 2 ..., then PCESVN. */
static int compare(const void *a, const void *b)
{
	const struct tcb_level *one = a, *two = b;
	int order = memcmp(two->components, one->components, 16);

	return order ? order : (int)two->pcesvn - one->pcesvn;
}

static int read_levels(const json_t *document, bool version3,
	struct tcb_info *info, struct why *why)
{
	json_t *list = json_object_get(document, "tcbLevels");
	size_t count = json_array_size(list);

	if (!count || count > TCB_LEVELS_MAX)
		return why_set(why, -EINVAL,
			"the TCB info has no levels, or too many");
	info->level = calloc(count, sizeof(*info->level));
	if (!info->level)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (!read_level(json_array_get(list, i), version3,
				&info->level[i]))
			return why_set(why, -EINVAL, "level %zu of the TCB "
				"info cannot be read", i);
	info->count = count;
	qsort(info->level, count, sizeof(*info->level), compare);
	for (size_t i = 1; i < count; i++)
		if (!compare(&info->level[i - 1], &info->level[i]))
			return why_set(why, -EINVAL,
				"the TCB info has a level twice");
	return 0;
}

int attest_tcb_info_read(const struct signed_json *json, struct tcb_info *info,
	struct why *why)
{
	uint64_t version, type, number;
	uint8_t pceid[2];
	const char *id;
	json_t *document;

	memset(info, 0, sizeof(*info));
	document = info->document = attest_signed_json_parse(json);
	if (!document)
		return why_set(why, -EINVAL, "the TCB info is no JSON");
	if (!attest_json_get_number(document, "version", UINT32_MAX,
		&version) ||
			(version != 2 && version != 3))
		return why_set(why, -EINVAL,
			"TCB info of another version than 2 and 3");
	id = attest_json_get_text(document, "id");
	if (version == 3 ? !id || strcmp(id, "SGX") != 0 :
			json_object_get(document, "id") != NULL)
		return why_set(why, -EINVAL, "TCB info that is not for SGX");
	if (!attest_json_get_date(document, "issueDate", &info->from) ||
			!attest_json_get_date(document, "nextUpdate",
			&info->until) ||
			!attest_json_get_hex(document, "fmspc", info->fmspc,
				sizeof(info->fmspc)) ||
			!attest_json_get_hex(document, "pceId", pceid,
				sizeof(pceid)) ||
			!attest_json_get_number(document, "tcbType", 0,
			&type) ||
			!attest_json_get_number(document,
			"tcbEvaluationDataNumber",
				UINT32_MAX, &number))
		return why_set(why, -EINVAL,
			"the TCB info lacks a member, or has a wrong one");
	info->pceid = (uint16_t)(pceid[0] << 8 | pceid[1]);
	info->evaluation_number = (uint32_t)number;
	return read_levels(document, version == 3, info, why);
}

void attest_tcb_info_free(struct tcb_info *info)
{
	free(info->level);
	json_decref(info->document);
}

static bool reaches(const struct attest_pck *pck,
	const struct tcb_level *level)
{
	for (int i = 0; i < 16; i++)
		if (pck->components[i] < level->components[i])
			return false;
	return pck->pcesvn >= level->pcesvn;
}

const struct tcb_level *attest_tcb_info_match(const struct tcb_info *info,
	const struct attest_pck *pck)
{
	for (size_t i = 0; i < info->count; i++)
		if (reaches(pck, &info->level[i]))
			return &info->level[i];
	return NULL;
}
