/* SPDX-License-Identifier: MIT */
/* Printing through the host, without stdio's buffers. Enclaves only. */
#ifndef _OE_INTERNAL_PRINT_H
#define _OE_INTERNAL_PRINT_H

#include <openenclave/bits/types.h>
#include <stdarg.h>

OE_EXTERNC_BEGIN

/* To the host's stdout; the number of bytes, or -1. At most 2,047 of them
 * are printed. */
int oe_host_printf(const char *format, ...) OE_PRINTF_FORMAT(1, 2);
int oe_host_vfprintf(int device, const char *format, va_list list)
	OE_PRINTF_FORMAT(2, 0);

/* device 0: the host's stdout, 1: its stderr. */
int oe_host_fprintf(int device, const char *format, ...)
	OE_PRINTF_FORMAT(2, 3);

/* len bytes of text, or all of it for (size_t)-1. 0 or -1. */
int oe_host_write(int device, const char *text, size_t len);

OE_EXTERNC_END

#endif
