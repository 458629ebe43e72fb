/* SPDX-License-Identifier: MIT */
/* The enclave's log: to a callback of its own, else to the host. */
#include "priv.h"

#include <openenclave/log.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "system_t.h"

static volatile uint32_t most = OE_LOG_LEVEL_VERBOSE;
static core_spinlock lock;
static oe_enclave_log_callback_t callback;
static void *callback_context;

const char *const oe_log_level_strings[OE_LOG_LEVEL_MAX] = {
	"NONE", "FATAL", "ERROR", "WARN", "INFO", "VERBOSE",
};

oe_result_t oe_enclave_log_set_callback(void *context,
	oe_enclave_log_callback_t function)
{
	core_spin_lock(&lock);
	callback_context = context;
	callback = function;
	core_spin_unlock(&lock);
	return OE_OK;
}

/* The host decides how much it wants to hear. */
void oe_log_init_ecall(const char *enclave_path, uint32_t log_level)
{
	(void)enclave_path;
	if (log_level < OE_LOG_LEVEL_MAX)
		most = log_level;
}

static void to_host(int level, const char *text, size_t size)
{
	struct call_log *shared = core_ocall_buffer(sizeof(*shared) + size);

	if (!shared)
		return;
	shared->level = level;
	shared->size = size;
	memcpy(shared->text, text, size);
	core_ocall(CALL_LOG, (uint64_t)shared, NULL);
	core_ocall_buffer_free(shared);
}

void core_log(int level, const char *format, ...)
{
	char text[501];
	oe_enclave_log_callback_t function;
	void *context;
	va_list list;
	int length;

	if (level <= 0 || (uint32_t)level > most)
		return;
	va_start(list, format);
	length = vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	if (length < 0)
		return;
	if (length >= (int)sizeof(text))
		length = sizeof(text) - 1;
	core_spin_lock(&lock);
	function = callback;
	context = callback_context;
	core_spin_unlock(&lock);
	if (function)
		function(context, (oe_log_level_t)level, core_thread_id(),
			text);
	else
		to_host(level, text, length);
}
