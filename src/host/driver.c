/* SPDX-License-Identifier: MIT */
#include "driver.h"

#include "common/why.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static __thread char t_error[320];
static pthread_mutex_t g_lock = PTHREAD_MUTEX_INITIALIZER;
static const struct drv_ops *g_driver; /* under g_lock */

const char *drv_error(void)
{
	return t_error;
}

void drv_set_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(t_error, sizeof(t_error), why_words(format), arguments);
	va_end(arguments);
}

static const struct drv_ops *choose(void)
{
	const char *wanted = getenv("COFFER_DRIVER");
	int fd;

	if (wanted && !*wanted)
		wanted = NULL;
	if (wanted && strcmp(wanted, "kernel") && strcmp(wanted, "cofferd")) {
		drv_set_error("COFFER_DRIVER is \"%.40s\": it must be "
			"\"kernel\" or \"cofferd\"", wanted);
		return NULL;
	}
	if (!wanted || !strcmp(wanted, "kernel")) {
		fd = open("/dev/sgx_enclave", O_RDWR | O_CLOEXEC);
		if (fd >= 0) {
			close(fd);
			return &drv_kernel;
		}
		if (wanted) {
			drv_set_error("COFFER_DRIVER is \"kernel\", but "
				"/dev/sgx_enclave cannot be opened: %s",
				strerror(errno));
			return NULL;
		}
	}
	return &drv_cofferd;
}

const struct drv_ops *drv_get(void)
{
	const struct drv_ops *driver;

	pthread_mutex_lock(&g_lock);
	if (!g_driver)
		g_driver = choose();
	driver = g_driver;
	pthread_mutex_unlock(&g_lock);
	return driver;
}
