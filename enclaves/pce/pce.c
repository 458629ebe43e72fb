/* SPDX-License-Identifier: MIT */
#include "common/arch.h"

#include <openenclave/enclave.h>
#include <string.h>

#include "pce_t.h"

int pce_target(uint8_t *target, uint16_t *svn)
{
	struct sgx_targetinfo info;

	if (!target || !svn)
		return ARCH_PARAMETER;
	arch_target(&info);
	memcpy(target, &info, sizeof(info));
	*svn = arch_self()->isv_svn;
	return ARCH_OK;
}

int pce_certify(const uint8_t *cpusvn, uint16_t pcesvn, const uint8_t *bytes,
	uint8_t *signature, uint8_t *public)
{
	struct sgx_keyrequest request;
	struct sgx_report report;
	struct curve_key *key;
	enum arch_result result;

	if (!cpusvn || !bytes || !signature || !public)
		return ARCH_PARAMETER;
	memcpy(&report, bytes, sizeof(report));
	result = arch_check_report(&report);
	if (result)
		return result;
	if (!(report.body.attributes.flags & SGX_ATTR_PROVISIONKEY))
		return ARCH_PRIVILEGE;
	arch_provision_request(&request, cpusvn, pcesvn);
	result = arch_private_key(&request, ARCH_LABEL_PCK, &key);
	if (result)
		return result;
	curve_key_public(key, public);
	if (!curve_sign(key, &report.body, sizeof(report.body), signature))
		result = ARCH_CRYPTO;
	curve_key_free(key);
	return result;
}

OE_SET_ENCLAVE_SGX(ARCH_PCE_PROD_ID, ARCH_PCE_SVN, false, 256, 16, 2);
