/* SPDX-License-Identifier: MIT */
#include "evidence/claims.h"

#include "attest/dates.h"

#include <openenclave/attestation/sgx/evidence.h>
#include <stdlib.h>
#include <string.h>

const char *OE_REQUIRED_CLAIMS[OE_REQUIRED_CLAIMS_COUNT] = {
	OE_CLAIM_ID_VERSION, OE_CLAIM_SECURITY_VERSION, OE_CLAIM_ATTRIBUTES,
	OE_CLAIM_UNIQUE_ID, OE_CLAIM_SIGNER_ID, OE_CLAIM_PRODUCT_ID,
	OE_CLAIM_FORMAT_UUID,
};
const char *OE_OPTIONAL_CLAIMS[OE_OPTIONAL_CLAIMS_COUNT] = {
	OE_CLAIM_TCB_STATUS, OE_CLAIM_TCB_DATE, OE_CLAIM_VALIDITY_FROM,
	OE_CLAIM_VALIDITY_UNTIL, OE_CLAIM_UEID, OE_CLAIM_HARDWARE_MODEL,
};
const char *OE_SGX_REQUIRED_CLAIMS[OE_SGX_REQUIRED_CLAIMS_COUNT] = {
	OE_CLAIM_SGX_PF_GP_EXINFO_ENABLED,
	OE_CLAIM_SGX_ISV_EXTENDED_PRODUCT_ID, OE_CLAIM_SGX_IS_MODE64BIT,
	OE_CLAIM_SGX_HAS_PROVISION_KEY, OE_CLAIM_SGX_HAS_EINITTOKEN_KEY,
	OE_CLAIM_SGX_USES_KSS, OE_CLAIM_SGX_CONFIG_ID,
	OE_CLAIM_SGX_CONFIG_SVN, OE_CLAIM_SGX_ISV_FAMILY_ID,
	OE_CLAIM_SGX_CPU_SVN,
};
const char *OE_SGX_OPTIONAL_CLAIMS[OE_SGX_OPTIONAL_CLAIMS_COUNT] = {
	OE_CLAIM_SGX_TCB_INFO, OE_CLAIM_SGX_TCB_ISSUER_CHAIN,
	OE_CLAIM_SGX_PCK_CRL, OE_CLAIM_SGX_ROOT_CA_CRL,
	OE_CLAIM_SGX_CRL_ISSUER_CHAIN, OE_CLAIM_SGX_QE_ID_INFO,
	OE_CLAIM_SGX_QE_ID_ISSUER_CHAIN, OE_CLAIM_SGX_PCE_SVN,
};

const char *oe_sgx_tcb_status_str(oe_sgx_tcb_status_t tcb_status)
{
	switch (tcb_status) {
	case OE_SGX_TCB_STATUS_UP_TO_DATE:
		return "UpToDate";
	case OE_SGX_TCB_STATUS_OUT_OF_DATE:
		return "OutOfDate";
	case OE_SGX_TCB_STATUS_REVOKED:
		return "Revoked";
	case OE_SGX_TCB_STATUS_CONFIGURATION_NEEDED:
		return "ConfigurationNeeded";
	case OE_SGX_TCB_STATUS_OUT_OF_DATE_CONFIGURATION_NEEDED:
		return "OutOfDateConfigurationNeeded";
	case OE_SGX_TCB_STATUS_SW_HARDENING_NEEDED:
		return "SWHardeningNeeded";
	case OE_SGX_TCB_STATUS_CONFIGURATION_AND_SW_HARDENING_NEEDED:
		return "ConfigurationAndSWHardeningNeeded";
	case OE_SGX_TCB_STATUS_TD_RELAUNCH_ADVISED:
		return "TDRelaunchAdvised";
	case OE_SGX_TCB_STATUS_TD_RELAUNCH_ADVISED_CONFIG_NEEDED:
		return "TDRelaunchAdvisedConfigurationNeeded";
	default:
		return "INVALID";
	}
}

static void *copy(const void *from, size_t size)
{
	/* A value of no bytes has an address as well. */
	void *to = malloc(size ? size : 1);

	if (to && size)
		memcpy(to, from, size);
	return to;
}

oe_result_t claims_add(struct claims *claims, const char *name,
	const void *value, size_t value_size)
{
	oe_claim_t claim = { .value_size = value_size };

	if (claims->count == claims->room) {
		size_t room = claims->room ? 2 * claims->room : 40;
		oe_claim_t *list = realloc(claims->list,
			room * sizeof(*list));

		if (!list)
			return OE_OUT_OF_MEMORY;
		claims->list = list;
		claims->room = room;
	}
	claim.name = copy(name, strlen(name) + 1);
	claim.value = copy(value, value_size);
	if (!claim.name || !claim.value) {
		free(claim.name);
		free(claim.value);
		return OE_OUT_OF_MEMORY;
	}
	claims->list[claims->count++] = claim;
	return OE_OK;
}

void claims_free(oe_claim_t *list, size_t count)
{
	for (size_t i = 0; list && i < count; i++) {
		free(list[i].name);
		free(list[i].value);
	}
	free(list);
}

const oe_claim_t *claims_find(const oe_claim_t *list, size_t count,
	const char *name)
{
	for (size_t i = 0; list && i < count; i++)
		if (list[i].name && !strcmp(list[i].name, name))
			return &list[i];
	return NULL;
}

struct wanted {
	const char *name;
	const void *value;
	size_t size;
};

static oe_result_t add_all(struct claims *claims, const struct wanted *wanted,
	size_t count)
{
	oe_result_t result = OE_OK;

	for (size_t i = 0; !result && i < count; i++)
		result = claims_add(claims, wanted[i].name, wanted[i].value,
			wanted[i].size);
	return result;
}

#define ONE(name, variable) { name, &(variable), sizeof(variable) }

oe_result_t claims_add_body(struct claims *claims, const oe_uuid_t *format,
	const struct sgx_report_body *body, bool remote)
{
	const uint64_t flags = body->attributes.flags;
	uint32_t id_version = 0, security_version = body->isv_svn;
	uint64_t attributes = 0;
	uint8_t product_id[OE_PRODUCT_ID_SIZE] = {
		(uint8_t)body->isv_prod_id, (uint8_t)(body->isv_prod_id >> 8),
	};
	bool exinfo = body->misc_select & SGX_MISC_EXINFO;
	bool mode64 = flags & SGX_ATTR_MODE64BIT;
	bool provision = flags & SGX_ATTR_PROVISIONKEY;
	bool token = flags & SGX_ATTR_EINITTOKENKEY;
	bool kss = flags & SGX_ATTR_KSS;
	uint16_t config_svn = body->config_svn;
	const struct wanted wanted[] = {
		ONE(OE_CLAIM_ID_VERSION, id_version),
		ONE(OE_CLAIM_SECURITY_VERSION, security_version),
		ONE(OE_CLAIM_ATTRIBUTES, attributes),
		ONE(OE_CLAIM_UNIQUE_ID, body->mrenclave),
		ONE(OE_CLAIM_SIGNER_ID, body->mrsigner),
		ONE(OE_CLAIM_PRODUCT_ID, product_id),
		ONE(OE_CLAIM_FORMAT_UUID, *format),
		ONE(OE_CLAIM_SGX_PF_GP_EXINFO_ENABLED, exinfo),
		ONE(OE_CLAIM_SGX_ISV_EXTENDED_PRODUCT_ID,
			body->isv_ext_prod_id),
		ONE(OE_CLAIM_SGX_IS_MODE64BIT, mode64),
		ONE(OE_CLAIM_SGX_HAS_PROVISION_KEY, provision),
		ONE(OE_CLAIM_SGX_HAS_EINITTOKEN_KEY, token),
		ONE(OE_CLAIM_SGX_USES_KSS, kss),
		ONE(OE_CLAIM_SGX_CONFIG_ID, body->config_id),
		ONE(OE_CLAIM_SGX_CONFIG_SVN, config_svn),
		ONE(OE_CLAIM_SGX_ISV_FAMILY_ID, body->isv_family_id),
		ONE(OE_CLAIM_SGX_CPU_SVN, body->cpusvn),
	};

	_Static_assert(sizeof(bool) == 1, "claims of one byte");
	if (flags & SGX_ATTR_DEBUG)
		attributes |= OE_EVIDENCE_ATTRIBUTES_SGX_DEBUG;
	if (remote)
		attributes |= OE_EVIDENCE_ATTRIBUTES_SGX_REMOTE;
	return add_all(claims, wanted, OE_COUNTOF(wanted));
}

oe_result_t claims_add_verdict(struct claims *claims,
	const struct attest_verdict *verdict,
	const struct attest_collateral *collateral)
{
	uint32_t tcb_status = (uint32_t)verdict->tcb_status;
	oe_datetime_t date, from, until;
	uint8_t ueid[33] = { OE_UEID_TYPE_RAND };
	uint16_t pce_svn = verdict->header.pce_svn;
	const struct wanted wanted[] = {
		ONE(OE_CLAIM_TCB_STATUS, tcb_status),
		ONE(OE_CLAIM_TCB_DATE, date),
		ONE(OE_CLAIM_VALIDITY_FROM, from),
		ONE(OE_CLAIM_VALIDITY_UNTIL, until),
		ONE(OE_CLAIM_UEID, ueid),
		ONE(OE_CLAIM_HARDWARE_MODEL, verdict->pck.fmspc),
		{ OE_CLAIM_SGX_TCB_INFO, collateral->tcb_info.data,
			collateral->tcb_info.size },
		{ OE_CLAIM_SGX_TCB_ISSUER_CHAIN,
			collateral->tcb_info_chain.data,
			collateral->tcb_info_chain.size },
		{ OE_CLAIM_SGX_PCK_CRL, collateral->pck_crl.data,
			collateral->pck_crl.size },
		{ OE_CLAIM_SGX_ROOT_CA_CRL, collateral->root_crl.data,
			collateral->root_crl.size },
		{ OE_CLAIM_SGX_CRL_ISSUER_CHAIN,
			collateral->pck_crl_chain.data,
			collateral->pck_crl_chain.size },
		{ OE_CLAIM_SGX_QE_ID_INFO, collateral->qe_identity.data,
			collateral->qe_identity.size },
		{ OE_CLAIM_SGX_QE_ID_ISSUER_CHAIN,
			collateral->qe_identity_chain.data,
			collateral->qe_identity_chain.size },
		ONE(OE_CLAIM_SGX_PCE_SVN, pce_svn),
	};

	/* A level that none is has no date. */
	memset(&date, 0, sizeof(date));
	if (verdict->tcb_date && !claims_datetime(verdict->tcb_date, &date))
		return OE_INVALID_UTC_DATE_TIME;
	if (!claims_datetime(verdict->valid_from, &from)
			|| !claims_datetime(verdict->valid_until, &until))
		return OE_INVALID_UTC_DATE_TIME;
	memcpy(ueid + 1, verdict->header.user_data,
		sizeof(verdict->header.user_data));
	return add_all(claims, wanted, OE_COUNTOF(wanted));
}

static uint32_t number(const char *text, size_t digits)
{
	uint32_t value = 0;

	while (digits--)
		value = 10 * value + (uint32_t)(*text++ - '0');
	return value;
}

bool claims_datetime(int64_t time, oe_datetime_t *out)
{
	char text[ATTEST_DATE_SIZE];

	memset(out, 0, sizeof(*out));
	if (attest_date_print(time, text))
		return false;
	out->year = number(text, 4);
	out->month = number(text + 5, 2);
	out->day = number(text + 8, 2);
	out->hours = number(text + 11, 2);
	out->minutes = number(text + 14, 2);
	out->seconds = number(text + 17, 2);
	return true;
}

bool claims_time(const oe_datetime_t *date, int64_t *out)
{
	if (date->year > 9999 || date->month > 12 || date->day > 31
			|| date->hours > 23 || date->minutes > 59
			|| date->seconds > 60)
		return false;
	return !attest_date_make((int)date->year, (int)date->month,
		(int)date->day, (int)date->hours, (int)date->minutes,
		(int)date->seconds, out);
}
