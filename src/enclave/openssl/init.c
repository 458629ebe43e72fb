/* SPDX-License-Identifier: MIT */
/* OpenSSL starts by constructors of its own archive: cpu.c, entropy.c. */
#include "../libc/libc.h"

oe_result_t oe_crypto_initialize(void)
{
	return OE_OK;
}
