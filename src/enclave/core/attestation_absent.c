/* SPDX-License-Identifier: MIT */
/*
 * The ocalls of openenclave/edl/sgx/attestation.edl for enclaves that do not
 * import them: the generated ones take the place of these.
 */
#include <openenclave/enclave.h>

#include "system_t.h"

OE_WEAK oe_result_t oe_get_supported_attester_format_ids_ocall(
	oe_result_t *_retval, void *format_ids, size_t format_ids_size,
	size_t *format_ids_size_out)
{
	(void)_retval;
	(void)format_ids;
	(void)format_ids_size;
	(void)format_ids_size_out;
	return OE_UNSUPPORTED;
}

OE_WEAK oe_result_t oe_get_qetarget_info_ocall(oe_result_t *_retval,
	const oe_uuid_t *format_id, const void *opt_params,
	size_t opt_params_size, sgx_target_info_t *target_info)
{
	(void)_retval;
	(void)format_id;
	(void)opt_params;
	(void)opt_params_size;
	(void)target_info;
	return OE_UNSUPPORTED;
}

OE_WEAK oe_result_t oe_get_quote_ocall(oe_result_t *_retval,
	const oe_uuid_t *format_id, const void *opt_params,
	size_t opt_params_size, const sgx_report_t *sgx_report, void *quote,
	size_t quote_size, size_t *quote_size_out)
{
	(void)_retval;
	(void)format_id;
	(void)opt_params;
	(void)opt_params_size;
	(void)sgx_report;
	(void)quote;
	(void)quote_size;
	(void)quote_size_out;
	return OE_UNSUPPORTED;
}

#define COLLATERAL_OUT                                                     \
	void *tcb_info, size_t tcb_info_size, size_t *tcb_info_size_out,   \
	void *tcb_info_issuer_chain, size_t tcb_info_issuer_chain_size,    \
	size_t *tcb_info_issuer_chain_size_out, void *pck_crl,             \
	size_t pck_crl_size, size_t *pck_crl_size_out, void *root_ca_crl,  \
	size_t root_ca_crl_size, size_t *root_ca_crl_size_out,             \
	void *pck_crl_issuer_chain, size_t pck_crl_issuer_chain_size,      \
	size_t *pck_crl_issuer_chain_size_out, void *qe_identity,          \
	size_t qe_identity_size, size_t *qe_identity_size_out,             \
	void *qe_identity_issuer_chain,                                    \
	size_t qe_identity_issuer_chain_size,                              \
	size_t *qe_identity_issuer_chain_size_out

OE_WEAK oe_result_t oe_get_quote_verification_collateral_ocall(
	oe_result_t *_retval, uint8_t fmspc[6], uint8_t collateral_provider,
	COLLATERAL_OUT)
{
	return OE_UNSUPPORTED;
}

OE_WEAK oe_result_t oe_get_quote_verification_collateral_with_baseline_ocall(
	oe_result_t *_retval, uint8_t fmspc[6], uint8_t collateral_provider,
	void *baseline, size_t baseline_size, COLLATERAL_OUT)
{
	return OE_UNSUPPORTED;
}
