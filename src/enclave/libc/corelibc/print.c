/* SPDX-License-Identifier: MIT */
/* openenclave/corelibc/stdio.h and internal/print.h. */
#include "../libc.h"

#include <stdio.h>
#include <string.h>

#include <openenclave/corelibc/stdio.h>
#include <openenclave/internal/print.h>

int oe_snprintf(char *to, size_t size, const char *format, ...)
{
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf(to, size, format, list);
	va_end(list);
	return n;
}

int oe_vsnprintf(char *to, size_t size, const char *format, va_list list)
{
	return vsnprintf(to, size, format, list);
}

int oe_vprintf(const char *format, va_list list)
{
	return vprintf(format, list);
}

int oe_printf(const char *format, ...)
{
	va_list list;
	int n;

	va_start(list, format);
	n = vprintf(format, list);
	va_end(list);
	return n;
}

int oe_host_write(int device, const char *text, size_t len)
{
	if (!text || (device != 0 && device != 1))
		return -1;
	if (len == (size_t)-1)
		len = strlen(text);
	return oe_host_write_all(device + 1, text, len) == OE_OK ? 0 : -1;
}

int oe_host_vfprintf(int device, const char *format, va_list list)
{
	char text[2048];
	int n = vsnprintf(text, sizeof(text), format, list);

	if (n < 0)
		return -1;
	if ((size_t)n >= sizeof(text))
		n = sizeof(text) - 1;
	return oe_host_write(device, text, (size_t)n) ? -1 : n;
}

int oe_host_fprintf(int device, const char *format, ...)
{
	va_list list;
	int n;

	va_start(list, format);
	n = oe_host_vfprintf(device, format, list);
	va_end(list);
	return n;
}

int oe_host_printf(const char *format, ...)
{
	va_list list;
	int n;

	va_start(list, format);
	n = oe_host_vfprintf(0, format, list);
	va_end(list);
	return n;
}
