/* SPDX-License-Identifier: MIT */
/*
 * The fuses of a virtual machine, the file "fuses" in its state directory: 64
 * secret random bytes, from which every key of its enclaves derives, and, once
 * the machine has been manufactured, SHA-256 of the public key of the root
 * that its certificates go back to.  Only coffer-cpu and coffer-manufacture
 * read the file.
 *
 * Functions return 0 or a negative errno with the reason in why.
 */
#ifndef COFFER_COMMON_FUSES_H
#define COFFER_COMMON_FUSES_H

#include "common/why.h"
#include "sgx/model.h"

/* Reads DIRECTORY/fuses, or makes it (0600, complete or not at all), without
 * a root.  -EINVAL: a wrong size; -EPERM: readable by others, or not ours.
 * The caller wipes *fuses. */
int fuses_load(const char *directory, struct sgx_fuses *fuses,
	struct why *why);

/* Sees to it that there are fuses and that this root is in them; secrets that
 * are there stay as they are.  *changed (may be NULL): the root was not in
 * them before. */
int fuses_set_root(const char *directory, const uint8_t root_hash[32],
	bool *changed, struct why *why);

/* The root that is fused in, without reading the secrets; false when there is
 * none. */
bool fuses_root(const char *directory, uint8_t root_hash[32]);

#endif
