/* SPDX-License-Identifier: MIT */
#include "evidence/pem.h"

#include <string.h>

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"

static const char *find(const char *from, const char *end, const char *what)
{
	return memmem(from, (size_t)(end - from), what, strlen(what));
}

bool pem_next(const char **rest, const char *end, struct pem_piece *piece)
{
	const char *first = find(*rest, end, BEGIN), *last;

	if (!first)
		return false;
	last = find(first, end, END);
	if (!last)
		return false;
	last += strlen(END);
	piece->data = (const uint8_t *)first;
	piece->size = (size_t)(last - first);
	*rest = last;
	return true;
}
