/* SPDX-License-Identifier: MIT */
/*
 * Logging.  Lines of the host library and of enclaves go to standard output,
 * to the file that OE_LOG_DEVICE names, or to a callback; OE_LOG_LEVEL
 * (NONE, FATAL, ERROR, WARN, INFO, VERBOSE; ERROR if unset) says how many.
 *
 * Values and names are those of the Open Enclave SDK.  For both sides.
 */
#ifndef _OE_LOG_H
#define _OE_LOG_H

#include <openenclave/bits/result.h>
#include <openenclave/bits/types.h>
#include <time.h>

OE_EXTERNC_BEGIN

typedef enum _oe_log_level {
	OE_LOG_LEVEL_NONE = 0,
	OE_LOG_LEVEL_FATAL,
	OE_LOG_LEVEL_ERROR,
	OE_LOG_LEVEL_WARNING,
	OE_LOG_LEVEL_INFO,
	OE_LOG_LEVEL_VERBOSE,
	OE_LOG_LEVEL_MAX,
	__OE_LOG_LEVEL_MAX = OE_ENUM_MAX,
} oe_log_level_t;

/* "NONE", "FATAL", "ERROR", "WARN", "INFO", "VERBOSE". */
extern const char *const oe_log_level_strings[OE_LOG_LEVEL_MAX];

/*
 * Host: takes every line from now on (NULL: back to the default).  Called
 * under a lock, so it must not log.  context is passed through; message is
 * valid during the call, without a newline; time is UTC.
 */
typedef void (*oe_log_callback_t)(void *context, bool is_enclave,
	const struct tm *time, long usecs, oe_log_level_t level,
	uint64_t host_thread_id, const char *message);
oe_result_t oe_log_set_callback(void *context, oe_log_callback_t callback);

/* Host: instead of OE_LOG_LEVEL.  OE_INVALID_PARAMETER for no level. */
oe_result_t oe_set_host_log_level(oe_log_level_t level);

/*
 * Enclave: takes the lines that the enclave would send to its host.
 */
typedef void (*oe_enclave_log_callback_t)(void *context,
	oe_log_level_t level, uint64_t thread_id, const char *message);
oe_result_t oe_enclave_log_set_callback(void *context,
	oe_enclave_log_callback_t callback);

OE_EXTERNC_END

#endif
