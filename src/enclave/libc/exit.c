/* SPDX-License-Identifier: MIT */
/*
 * The ends: an enclave has no process to leave, so all of them abort it.
 */
#include "libc.h"

#include <openenclave/enclave.h>
#include <stdio.h>
#include <stdlib.h>

void abort(void)
{
	oe_abort();
}

void _Exit(int code)
{
	oe_abort();
}

void exit(int code)
{
	oe_libc_run_atexit();
	oe_abort();
}

/* A function found its stack canary changed. */
void __stack_chk_fail(void) __attribute__((noreturn));
void __stack_chk_fail(void)
{
	oe_abort();
}

void __stack_chk_fail_local(void)
	__attribute__((noreturn, alias("__stack_chk_fail")));
