/* SPDX-License-Identifier: MIT */
/* Formats of fixed-width integers for oe_snprintf. */
#ifndef _OE_INTTYPES_H
#define _OE_INTTYPES_H

#include <openenclave/bits/types.h>

#define OE_PRId32 "d"
#define OE_PRIi32 "i"
#define OE_PRIu32 "u"
#define OE_PRIx32 "x"
#define OE_PRIX32 "X"
#define OE_PRId64 "ld"
#define OE_PRIi64 "li"
#define OE_PRIu64 "lu"
#define OE_PRIx64 "lx"
#define OE_PRIX64 "lX"

#endif
