/* SPDX-License-Identifier: MIT */
/* Variable arguments: oe_va_list and its macros. */
#ifndef _OE_STDARG_H
#define _OE_STDARG_H

#include <stdarg.h>

typedef va_list oe_va_list;
#define oe_va_start(LIST, LAST) va_start(LIST, LAST)
#define oe_va_arg(LIST, TYPE) va_arg(LIST, TYPE)
#define oe_va_end(LIST) va_end(LIST)
#define oe_va_copy(TO, FROM) va_copy(TO, FROM)

#endif
