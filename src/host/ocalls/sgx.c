/* SPDX-License-Identifier: MIT */
/*
 * Logging, and what the SGX parts of an enclave ask for; quotes are in
 * sgx_quote.c. The host has no quote verification of its own to offer and no
 * symbols of enclaves, and says so.
 */
#include "ocalls.h"

#include <stdio.h>
#include <string.h>

#include "oe/enclave.h"

#define LOG_LINE 4096

void oe_log_is_supported_ocall(void)
{
}

void oe_log_ocall(uint32_t log_level, const char *message)
{
	if (message && log_level <= HOST_VERBOSE)
		host_log_enclave((int)log_level, message,
				 strnlen(message, LOG_LINE));
}

void oe_write_ocall(int device, const char *str, size_t maxlen)
{
	FILE *to = device == 0 ? stdout : device == 1 ? stderr : NULL;

	if (!to || !str)
		return;
	fwrite(str, 1, strnlen(str, maxlen), to);
	fflush(to);
}

oe_result_t oe_sgx_backtrace_symbols_ocall(oe_enclave_t *oe_enclave,
					   const uint64_t *buffer,
					   size_t size,
					   oe_symbols_t *symbols)
{
	return OE_UNSUPPORTED;
}

oe_result_t oe_sgx_log_backtrace_ocall(oe_enclave_t *oe_enclave,
				       const uint64_t *buffer, size_t size)
{
	if (size && !buffer)
		return OE_INVALID_PARAMETER;
	host_log(HOST_ERROR, "Backtrace of an enclave, %zu addresses:", size);
	for (size_t i = 0; i < size && i < 256; i++)
		host_log(HOST_ERROR, "#%zu 0x%016llx", i,
			 (unsigned long long)buffer[i]);
	return OE_OK;
}

/* No worker is ever started, so none sleeps and none is woken. */
void oe_sgx_wake_switchless_worker_ocall(oe_host_worker_context_t *context)
{
}

void oe_sgx_sleep_switchless_worker_ocall(
	oe_enclave_worker_context_t *context)
{
}

oe_result_t oe_verify_quote_ocall(
	const oe_uuid_t *format_id, const void *opt_params,
	size_t opt_params_size, const void *p_quote, uint32_t quote_size,
	const time_t expiration_check_date,
	uint32_t *p_collateral_expiration_status,
	uint32_t *p_quote_verification_result, void *p_qve_report_info,
	uint32_t qve_report_info_size, void *p_supplemental_data,
	uint32_t supplemental_data_size,
	uint32_t *p_supplemental_data_size_out, uint32_t collateral_version,
	const void *p_tcb_info, uint32_t tcb_info_size,
	const void *p_tcb_info_issuer_chain,
	uint32_t tcb_info_issuer_chain_size, const void *p_pck_crl,
	uint32_t pck_crl_size, const void *p_root_ca_crl,
	uint32_t root_ca_crl_size, const void *p_pck_crl_issuer_chain,
	uint32_t pck_crl_issuer_chain_size, const void *p_qe_identity,
	uint32_t qe_identity_size, const void *p_qe_identity_issuer_chain,
	uint32_t qe_identity_issuer_chain_size)
{
	return OE_QUOTE_PROVIDER_LOAD_ERROR;
}

oe_result_t oe_get_tdx_quote_verification_collateral_ocall(
	const void *p_quote, uint32_t quote_size,
	tdx_quote_collateral_t *collateral)
{
	return OE_QUOTE_PROVIDER_LOAD_ERROR;
}

oe_result_t oe_verify_tdx_quote_ocall(
	const oe_uuid_t *format_id, const void *opt_params,
	size_t opt_params_size, const void *p_quote, uint32_t quote_size,
	const void *p_endorsements, uint32_t endorsements_size,
	const time_t expiration_check_date,
	uint32_t *p_collateral_expiration_status,
	uint32_t *p_quote_verification_result, void *p_qve_report_info,
	uint32_t qve_report_info_size, void *p_supplemental_data,
	uint32_t supplemental_data_size,
	uint32_t *p_supplemental_data_size_out)
{
	return OE_QUOTE_PROVIDER_LOAD_ERROR;
}
