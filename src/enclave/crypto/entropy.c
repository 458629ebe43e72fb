/* SPDX-License-Identifier: MIT */
/*
 * mbedTLS's sources of entropy, all of them the processor's generator. Its
 * own ones read the time stamp counter, which enclaves of the first
 * generation of SGX may not, and ask the operating system, which an enclave
 * does not believe.
 */
#include <openenclave/enclave.h>
#include <string.h>

#include <mbedtls/entropy.h>
#include <mbedtls/entropy_poll.h>
#include <mbedtls/havege.h>

static int poll(unsigned char *output, size_t size, size_t *filled)
{
	*filled = 0;
	if (oe_random(output, size) != OE_OK)
		return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
	*filled = size;
	return 0;
}

int mbedtls_platform_entropy_poll(void *data, unsigned char *output,
	size_t len, size_t *olen)
{
	return poll(output, len, olen);
}

int mbedtls_havege_poll(void *data, unsigned char *output, size_t len,
	size_t *olen)
{
	return poll(output, len, olen);
}

int mbedtls_hardclock_poll(void *data, unsigned char *output, size_t len,
	size_t *olen)
{
	return poll(output, len, olen);
}

void mbedtls_havege_init(mbedtls_havege_state *state)
{
	memset(state, 0, sizeof(*state));
}

void mbedtls_havege_free(mbedtls_havege_state *state)
{
}

int mbedtls_havege_random(void *state, unsigned char *output, size_t size)
{
	size_t filled;

	return poll(output, size, &filled);
}
