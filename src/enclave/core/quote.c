/* SPDX-License-Identifier: MIT */
#include "quote.h"

#include "core.h"

#include <coffer/sgx_arch.h>
#include <openenclave/enclave.h>
#include <string.h>

#include "system_t.h"

#define QUOTE_BODY 48 /* bytes before the report body */
#define QUOTE_LEAST 436 /* header, body, size of the signature */

/* The quoting enclave seldom becomes another one: what it is called is
 * asked once, and again when it took no REPORT. */
static core_spinlock lock;
static bool known;
static oe_uuid_t known_format;
static sgx_target_info_t known_target;

static bool cached(const oe_uuid_t *format, sgx_target_info_t *target)
{
	bool hit;

	core_spin_lock(&lock);
	hit = known && !memcmp(&known_format, format, sizeof(*format));
	if (hit)
		*target = known_target;
	core_spin_unlock(&lock);
	return hit;
}

static void remember(const oe_uuid_t *format, const sgx_target_info_t *target)
{
	core_spin_lock(&lock);
	known = target;
	if (target) {
		known_format = *format;
		known_target = *target;
	}
	core_spin_unlock(&lock);
}

static oe_result_t ask_target(const oe_uuid_t *format,
	sgx_target_info_t *target)
{
	oe_result_t result, answer = OE_UNEXPECTED;

	result = oe_get_qetarget_info_ocall(&answer, format, NULL, 0, target);
	return result ? result : answer;
}

static oe_result_t ask_quote(const oe_uuid_t *format,
	const sgx_target_info_t *target, const uint8_t data[64],
	uint8_t *out, size_t room, size_t *size)
{
	oe_result_t result, answer = OE_UNEXPECTED;
	struct sgx_targetinfo for_whom;
	struct sgx_report report;
	sgx_report_t given;

	_Static_assert(sizeof(for_whom) == sizeof(*target), "TARGETINFO");
	_Static_assert(sizeof(report) == sizeof(given), "REPORT");
	memcpy(&for_whom, target, sizeof(for_whom));
	core_ereport(&for_whom, data, &report);
	memcpy(&given, &report, sizeof(given));
	result = oe_get_quote_ocall(&answer, format, NULL, 0, &given, out,
		room, size);
	if (!result)
		result = answer;
	if (result)
		return result;
	if (*size < QUOTE_LEAST || *size > room || memcmp(out + QUOTE_BODY,
			&report.body, sizeof(report.body)))
		return OE_UNEXPECTED;
	return OE_OK;
}

oe_result_t core_quote(const oe_uuid_t *format, const uint8_t data[64],
	uint8_t *out, size_t room, size_t *size)
{
	sgx_target_info_t target;
	oe_result_t result;

	if (cached(format, &target)) {
		result = ask_quote(format, &target, data, out, room, size);
		if (!result || result == OE_BUFFER_TOO_SMALL)
			return result;
		remember(format, NULL);
	}
	result = ask_target(format, &target);
	if (result)
		return result;
	result = ask_quote(format, &target, data, out, room, size);
	if (!result)
		remember(format, &target);
	return result;
}
