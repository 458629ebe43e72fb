/* SPDX-License-Identifier: MIT */
#include "attest/status.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	enum attest_severity severity;
	const char *words;
} statuses[ATTEST_STATUSES] = {
#define STATUS_ROW(name, severity, words) { #name, ATTEST_##severity, words },
	ATTEST_STATUS_LIST(STATUS_ROW)
};

/* What is no status of ours is refused. */
static enum attest_status known(enum attest_status status)
{
	return (unsigned int)status < ATTEST_STATUSES ? status :
		ATTEST_UNSUPPORTED_QUOTE_FORMAT;
}

const char *attest_status_name(enum attest_status status)
{
	return statuses[known(status)].name;
}

const char *attest_status_words(enum attest_status status)
{
	return statuses[known(status)].words;
}

enum attest_severity attest_status_severity(enum attest_status status)
{
	return statuses[known(status)].severity;
}

static const struct {
	enum attest_tcb_status level;
	enum attest_status status;
	/* With a quoting enclave that is out of date. */
	enum attest_tcb_status worse;
	const char *name;
} levels[] = {
	{ ATTEST_LEVEL_UP_TO_DATE, ATTEST_OK, ATTEST_LEVEL_OUT_OF_DATE,
		"UpToDate" },
	{ ATTEST_LEVEL_OUT_OF_DATE, ATTEST_TCB_OUT_OF_DATE,
		ATTEST_LEVEL_OUT_OF_DATE, "OutOfDate" },
	{ ATTEST_LEVEL_REVOKED, ATTEST_TCB_REVOKED, ATTEST_LEVEL_REVOKED,
		"Revoked" },
	{ ATTEST_LEVEL_CONFIGURATION_NEEDED, ATTEST_TCB_CONFIGURATION_NEEDED,
		ATTEST_LEVEL_OUT_OF_DATE_CONFIGURATION_NEEDED,
		"ConfigurationNeeded" },
	{ ATTEST_LEVEL_OUT_OF_DATE_CONFIGURATION_NEEDED,
		ATTEST_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
		ATTEST_LEVEL_OUT_OF_DATE_CONFIGURATION_NEEDED,
		"OutOfDateConfigurationNeeded" },
	{ ATTEST_LEVEL_SW_HARDENING_NEEDED, ATTEST_TCB_SW_HARDENING_NEEDED,
		ATTEST_LEVEL_OUT_OF_DATE, "SWHardeningNeeded" },
	{ ATTEST_LEVEL_CONFIGURATION_AND_SW_HARDENING_NEEDED,
		ATTEST_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED,
		ATTEST_LEVEL_OUT_OF_DATE_CONFIGURATION_NEEDED,
		"ConfigurationAndSWHardeningNeeded" },
};
#define LEVELS ((int)(sizeof(levels) / sizeof(*levels)))

static bool level_known(enum attest_tcb_status level)
{
	return (int)level >= 0 && (int)level < LEVELS;
}

const char *attest_level_name(enum attest_tcb_status level)
{
	return level_known(level) ? levels[level].name : "Unknown";
}

enum attest_tcb_status attest_level_parse(const char *name)
{
	for (int i = 0; i < LEVELS; i++)
		if (!strcmp(levels[i].name, name))
			return levels[i].level;
	return ATTEST_LEVEL_UNKNOWN;
}

enum attest_tcb_status attest_level_converge(enum attest_tcb_status platform,
	enum attest_tcb_status qe)
{
	if (!level_known(platform))
		return ATTEST_LEVEL_UNKNOWN;
	switch (qe) {
	case ATTEST_LEVEL_UP_TO_DATE:
		return platform;
	case ATTEST_LEVEL_OUT_OF_DATE:
		return levels[platform].worse;
	case ATTEST_LEVEL_REVOKED:
		return ATTEST_LEVEL_REVOKED;
	default: /* no status that a quoting enclave can have */
		return ATTEST_LEVEL_UNKNOWN;
	}
}

enum attest_status attest_level_status(enum attest_tcb_status level)
{
	return level_known(level) ? levels[level].status :
		ATTEST_TCB_UNRECOGNIZED_STATUS;
}
