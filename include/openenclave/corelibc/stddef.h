/* SPDX-License-Identifier: MIT */
/* size_t, NULL, ptrdiff_t, wchar_t. */
#ifndef _OE_STDDEF_H
#define _OE_STDDEF_H

#include <stddef.h>

#endif
