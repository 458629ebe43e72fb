/* SPDX-License-Identifier: MIT */
/* Built without stack protector: the first canary comes from here. */
#include "libc/libc.h"
#include "priv.h"

#include <openenclave/enclave.h>
#include <string.h>

/* Intel's advice is 10 tries; a machine under load may need more. */
#define TRIES 128

bool core_random64(uint64_t *value)
{
	for (int i = 0; i < TRIES; i++) {
		unsigned char ok;

		__asm__ volatile("rdrand %0; setc %1"
			: "=r"(*value), "=qm"(ok) : : "cc");
		if (ok)
			return true;
		__builtin_ia32_pause();
	}
	*value = 0;
	return false;
}

bool oe_rdrand64(uint64_t *value)
{
	return core_random64(value);
}

oe_result_t oe_random(void *data, size_t size)
{
	uint8_t *to = data;
	uint64_t value;

	if (!data && size)
		return OE_INVALID_PARAMETER;
	while (size) {
		size_t part = size < sizeof(value) ? size : sizeof(value);

		if (!core_random64(&value))
			return OE_FAILURE;
		memcpy(to, &value, part);
		to += part;
		size -= part;
	}
	return OE_OK;
}
