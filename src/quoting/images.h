/* SPDX-License-Identifier: MIT */
#ifndef COFFER_QUOTING_IMAGES_H
#define COFFER_QUOTING_IMAGES_H

#include "pki/ca.h"

enum quoting_image { QUOTING_PCE, QUOTING_QE };

/* Writes an architectural enclave, signed with the CA's key for them, to a
 * file.  0 or a negative errno with the reason. */
int images_write(struct pki *pki, enum quoting_image which, const char *path,
	struct why *why);

#endif
