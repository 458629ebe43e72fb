/* SPDX-License-Identifier: MIT */
/* bool, true and false, without a C library. */
#ifndef _OE_STDBOOL_H
#define _OE_STDBOOL_H

#include <stdbool.h>

#endif
