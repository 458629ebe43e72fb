/* SPDX-License-Identifier: MIT */
/* PEM certificates one after the other. */
#ifndef COFFER_EVIDENCE_PEM_H
#define COFFER_EVIDENCE_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pem_piece {
	const uint8_t *data; /* from BEGIN to END, both with their dashes */
	size_t size;
};

/* The next certificate in [*rest, end); afterwards *rest is behind it. */
bool pem_next(const char **rest, const char *end, struct pem_piece *piece);

#endif
