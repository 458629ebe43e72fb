/* SPDX-License-Identifier: MIT */
/* Jumps out of calls: setjmp and longjmp of the C library. */
#ifndef _OE_SETJMP_H
#define _OE_SETJMP_H

#include <setjmp.h>

typedef jmp_buf oe_jmp_buf;
#define oe_setjmp(BUF) setjmp(BUF)
#define oe_longjmp(BUF, VALUE) longjmp(BUF, VALUE)

#endif
