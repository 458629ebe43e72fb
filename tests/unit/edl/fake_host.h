/* SPDX-License-Identifier: MIT */
/* The host's half of the border; see fake_border.h. */
#ifndef FAKE_HOST_H
#define FAKE_HOST_H

#include "fake_border.h"

/* Load the enclave's library; NULL, after a message, if that fails. */
const struct fake_enclave *fake_load(const char *path);

/* Blocks of shared memory that are not freed. */
extern size_t fake_shared_blocks;

/*
 * Called, unless NULL, with the output of each ocall before the enclave sees
 * it: a place to lie to it.
 */
extern void (*fake_tamper)(void *out, size_t out_size);

#endif
