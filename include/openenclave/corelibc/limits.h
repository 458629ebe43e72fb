/* SPDX-License-Identifier: MIT */
/* Limits of the basic types: OE_INT_MAX and so on. */
#ifndef _OE_LIMITS_H
#define _OE_LIMITS_H

#include <openenclave/bits/types.h>

#define OE_PATH_MAX 4096
#define OE_IOV_MAX 1024

#endif
