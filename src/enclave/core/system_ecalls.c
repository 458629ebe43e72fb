/* SPDX-License-Identifier: MIT */
/*
 * The ecalls that programs import from openenclave/edl: what the host's own
 * library asks of an enclave.
 */
#include "core.h"
#include "report.h"

#include <openenclave/enclave.h>
#include <string.h>

#include "system_t.h"

/* Quotes are verified by enclaves that have that code, which every enclave
 * has that verifies any on its own. */
__attribute__((weak)) oe_result_t report_verify_remote(const uint8_t *report,
	size_t size, const uint8_t *endorsements, size_t endorsements_size,
	oe_report_t *parsed);

oe_result_t oe_verify_report_ecall(const void *report, size_t report_size)
{
	oe_result_t result = report_verify_local(report, report_size, NULL);

	if (result == OE_UNSUPPORTED && report_verify_remote)
		result = report_verify_remote(report, report_size, NULL, 0,
			NULL);
	return result;
}

oe_result_t oe_get_sgx_report_ecall(const void *opt_params,
	size_t opt_params_size, sgx_report_t *report)
{
	struct sgx_targetinfo target;
	struct sgx_report made;

	_Static_assert(sizeof(*report) == sizeof(made), "sgx_report_t");
	if (!report || (opt_params && opt_params_size != sizeof(target)))
		return OE_INVALID_PARAMETER;
	if (opt_params)
		memcpy(&target, opt_params, sizeof(target));
	core_ereport(opt_params ? &target : NULL, NULL, &made);
	memcpy(report, &made, sizeof(made));
	return OE_OK;
}

/* The report goes to memory of the host, which frees it. */
oe_result_t oe_get_report_v2_ecall(uint32_t flags, const void *opt_params,
	size_t opt_params_size, uint8_t **report_buffer,
	size_t *report_buffer_size)
{
	uint8_t *inside, *outside;
	oe_result_t result;
	size_t size;

	if (!report_buffer || !report_buffer_size)
		return OE_INVALID_PARAMETER;
	result = oe_get_report(flags, NULL, 0, opt_params, opt_params_size,
		&inside, &size);
	if (result)
		return result;
	outside = oe_host_malloc(size);
	if (outside)
		memcpy(outside, inside, size);
	oe_free_report(inside);
	if (!outside)
		return OE_OUT_OF_MEMORY;
	*report_buffer = outside;
	*report_buffer_size = size;
	return OE_OK;
}

/* Pointers in a parsed report lead into the enclave's copy: none go out. */
oe_result_t oe_verify_local_report_ecall(const uint8_t *report,
	size_t report_size, oe_report_t *parsed_report)
{
	oe_result_t result = report_verify_local(report, report_size,
		parsed_report);

	if (parsed_report) {
		parsed_report->report_data = NULL;
		parsed_report->enclave_report = NULL;
	}
	return result;
}

/* No thread of the enclave polls for calls: hosts make them directly. */
oe_result_t oe_sgx_init_context_switchless_ecall(
	oe_host_worker_context_t *host_worker_contexts,
	uint64_t num_host_workers)
{
	(void)host_worker_contexts;
	(void)num_host_workers;
	return OE_UNSUPPORTED;
}

void oe_sgx_switchless_enclave_worker_thread_ecall(
	oe_enclave_worker_context_t *context)
{
	(void)context;
}
