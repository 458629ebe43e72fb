/* SPDX-License-Identifier: MIT */
#include "service/hex.h"

#include <stdint.h>

void hex_write(const void *bytes, size_t size, char *text)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *from = bytes;

	while (size--) {
		*text++ = digits[*from >> 4];
		*text++ = digits[*from++ & 15];
	}
	*text = '\0';
}
