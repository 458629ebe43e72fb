/* SPDX-License-Identifier: MIT */
/* Integers of fixed width; limits are OE_*_MAX in bits/types.h. */
#ifndef _OE_STDINT_H
#define _OE_STDINT_H

#include <openenclave/bits/types.h>

#endif
