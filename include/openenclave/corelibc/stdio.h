/* SPDX-License-Identifier: MIT */
/* Formatted text: as the C functions without the oe_. */
#ifndef _OE_STDIO_H
#define _OE_STDIO_H

#include <openenclave/bits/types.h>
#include <stdarg.h>

OE_EXTERNC_BEGIN

int oe_snprintf(char *to, size_t size, const char *format, ...)
	OE_PRINTF_FORMAT(3, 4);
int oe_vsnprintf(char *to, size_t size, const char *format, va_list list)
	OE_PRINTF_FORMAT(3, 0);
/* To the host's stdout. */
int oe_printf(const char *format, ...) OE_PRINTF_FORMAT(1, 2);
int oe_vprintf(const char *format, va_list list) OE_PRINTF_FORMAT(1, 0);

OE_EXTERNC_END

#endif
