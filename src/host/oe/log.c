/* SPDX-License-Identifier: MIT */
/*
 * The host's log, as the Open Enclave SDK's: OE_LOG_LEVEL (NONE .. VERBOSE,
 * ERROR by default) chooses what is written, OE_LOG_DEVICE names a file,
 * oe_log_set_callback takes the lines instead.
 */
#include "enclave.h"

#include "common/why.h"

#include <openenclave/log.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_int most = HOST_ERROR;
static FILE *device; /* NULL: standard output */
static oe_log_callback_t callback;
static void *callback_context;

static void read_environment(void)
{
	const char *level = getenv("OE_LOG_LEVEL");
	const char *path = getenv("OE_LOG_DEVICE");

	for (int i = 0; level && i < OE_LOG_LEVEL_MAX; i++)
		if (!strcasecmp(level, oe_log_level_strings[i]))
			atomic_store(&most, i);
	if (path && *path)
		device = fopen(path, "ae");
}

bool host_log_wanted(int level)
{
	pthread_once(&once, read_environment);
	return level <= atomic_load_explicit(&most, memory_order_relaxed);
}

static void put(bool is_enclave, int level, const char *text, size_t size)
{
	struct timeval now;
	struct tm time;
	char copy[1024];
	uint64_t tid = syscall(SYS_gettid);

	while (size && (text[size - 1] == '\n' || !text[size - 1]))
		size--;
	if (size >= sizeof(copy))
		size = sizeof(copy) - 1;
	memcpy(copy, text, size);
	copy[size] = 0;
	/* What an enclave writes shall not look like another line. */
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)copy[i] < ' ')
			copy[i] = ' ';
	gettimeofday(&now, NULL);
	gmtime_r(&now.tv_sec, &time);
	pthread_mutex_lock(&lock);
	if (callback) {
		callback(callback_context, is_enclave, &time, now.tv_usec,
			(oe_log_level_t)level, tid, copy);
	} else {
		char stamp[64];
		FILE *out = device ? device : stdout;

		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &time);
		fprintf(out, "%s.%06ldZ [(%c)%s] tid(0x%llx) | %s\n", stamp,
			(long)now.tv_usec, is_enclave ? 'E' : 'H',
			oe_log_level_strings[level], (unsigned long long)tid,
			copy);
		fflush(out);
	}
	pthread_mutex_unlock(&lock);
}

void host_log(int level, const char *format, ...)
{
	char text[1024];
	va_list list;
	int length;

	if (!host_log_wanted(level))
		return;
	va_start(list, format);
	length = vsnprintf(text, sizeof(text), why_words(format), list);
	va_end(list);
	if (length > 0)
		put(false, level, text, (size_t)length < sizeof(text)
			? (size_t)length : sizeof(text) - 1);
}

void host_log_enclave(int level, const char *text, size_t size)
{
	if (level > 0 && host_log_wanted(level))
		put(true, level, text, size);
}

oe_result_t oe_log_set_callback(void *context, oe_log_callback_t function)
{
	pthread_mutex_lock(&lock);
	callback_context = context;
	callback = function;
	pthread_mutex_unlock(&lock);
	return OE_OK;
}

oe_result_t oe_set_host_log_level(oe_log_level_t level)
{
	if ((unsigned)level >= OE_LOG_LEVEL_MAX)
		return OE_INVALID_PARAMETER;
	pthread_once(&once, read_environment);
	atomic_store(&most, level);
	return OE_OK;
}

const char *const oe_log_level_strings[OE_LOG_LEVEL_MAX] = {
	"NONE", "FATAL", "ERROR", "WARN", "INFO", "VERBOSE",
};
