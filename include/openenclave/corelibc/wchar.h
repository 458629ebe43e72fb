/* SPDX-License-Identifier: MIT */
/* Wide texts. */
#ifndef _OE_WCHAR_H
#define _OE_WCHAR_H

#include <openenclave/bits/types.h>

OE_EXTERNC_BEGIN

size_t oe_wcslen(const wchar_t *s);

OE_EXTERNC_END

#endif
