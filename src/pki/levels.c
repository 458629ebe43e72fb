/* SPDX-License-Identifier: MIT */
#include "pki/tcb.h"

#include "common/vmconf.h"
#include "pki/architectural.h"
#include <string.h>
#include <strings.h>

#define ADVISORY_HARDEN "COFFER-SA-00001" /* enclaves must be compiled anew */
#define ADVISORY_SETTING "COFFER-SA-00002" /* a setting of the firmware */
#define ADVISORY_OLD "COFFER-SA-00003" /* microcode of last year */
#define ADVISORY_BROKEN "COFFER-SA-00004" /* keys may be known */

/* Microcode 7 and the PCE of SVN 13 are of last year, 4 and 5 are broken.
 * Descending by components, as verifiers take the first that is reached. */
static const struct pki_tcb_level levels[] = {
	{ { 8, 8, 2, 2, 1, 1 }, ARCH_PCE_SVN, PKI_TCB_UP_TO_DATE,
		"2025-08-13T00:00:00Z", { NULL } },
	{ { 8, 8, 2, 2, 1, 0 }, ARCH_PCE_SVN, PKI_TCB_CONFIGURATION_NEEDED,
		"2025-08-13T00:00:00Z", { ADVISORY_SETTING } },
	{ { 8, 8, 2, 2, 0, 1 }, ARCH_PCE_SVN, PKI_TCB_SW_HARDENING_NEEDED,
		"2025-08-13T00:00:00Z", { ADVISORY_HARDEN } },
	{ { 8, 8, 2, 2, 0, 0 }, ARCH_PCE_SVN,
		PKI_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED,
		"2025-08-13T00:00:00Z", { ADVISORY_HARDEN, ADVISORY_SETTING } },
	{ { 7, 7, 2, 2, 0, 1 }, 13, PKI_TCB_OUT_OF_DATE,
		"2024-11-13T00:00:00Z", { ADVISORY_HARDEN, ADVISORY_OLD } },
	{ { 7, 7, 2, 2, 0, 0 }, 13, PKI_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
		"2024-11-13T00:00:00Z",
		{ ADVISORY_HARDEN, ADVISORY_SETTING, ADVISORY_OLD } },
	{ { 4, 4, 1, 1, 0, 0 }, 5, PKI_TCB_REVOKED,
		"2019-05-15T00:00:00Z",
		{ ADVISORY_OLD, ADVISORY_BROKEN } },
};
_Static_assert(PKI_PCESVN == ARCH_PCE_SVN, "one PCE");
#define LEVELS (sizeof(levels) / sizeof(*levels))

static const char *const names[] = {
	[PKI_TCB_UP_TO_DATE] = "UpToDate",
	[PKI_TCB_SW_HARDENING_NEEDED] = "SWHardeningNeeded",
	[PKI_TCB_CONFIGURATION_NEEDED] = "ConfigurationNeeded",
	[PKI_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED] =
		"ConfigurationAndSWHardeningNeeded",
	[PKI_TCB_OUT_OF_DATE] = "OutOfDate",
	[PKI_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED] =
		"OutOfDateConfigurationNeeded",
	[PKI_TCB_REVOKED] = "Revoked",
	[PKI_TCB_NONE] = "NotSupported",
};

const char *pki_tcb_status_name(enum pki_tcb_status status)
{
	return names[status];
}

int pki_tcb_status_find(const char *name)
{
	for (int i = 0; i <= PKI_TCB_NONE; i++)
		if (!strcasecmp(names[i], name))
			return i;
	return -1;
}

const struct pki_tcb_level *pki_tcb_levels(size_t *count)
{
	*count = LEVELS;
	return levels;
}

static bool reaches(const uint8_t cpusvn[16], uint16_t pcesvn,
	const struct pki_tcb_level *level)
{
	for (int i = 0; i < 16; i++)
		if (cpusvn[i] < level->components[i])
			return false;
	return pcesvn >= level->pcesvn;
}

const struct pki_tcb_level *pki_tcb_match(const uint8_t cpusvn[16],
	uint16_t pcesvn)
{
	for (size_t i = 0; i < LEVELS; i++)
		if (reaches(cpusvn, pcesvn, &levels[i]))
			return &levels[i];
	return NULL;
}

/* That of the default machine, lowered where the level is lower. */
void pki_tcb_cpusvn(enum pki_tcb_status status, uint8_t cpusvn[16])
{
	static const uint8_t best[16] = VMCONF_CPUSVN_DEFAULT;
	static const uint8_t below[6] = { 1, 1, 1, 1, 0, 0 };
	const uint8_t *components = below;

	memcpy(cpusvn, best, 16);
	for (size_t i = 0; i < LEVELS; i++)
		if (levels[i].status == status)
			components = levels[i].components;
	memcpy(cpusvn, components, sizeof(below));
}
