/* SPDX-License-Identifier: MIT */
/*
 * Intel's extension of PCK certificates, 1.2.840.113741.1.13.1, in DER.
 * Private to src/pki.
 */
#ifndef COFFER_PKI_EXTENSION_H
#define COFFER_PKI_EXTENSION_H

#include "pki/manufacture.h"
#include <stddef.h>
#include <stdint.h>

#define EXTENSION_MAX 1024u

/* The extension's value for a machine at a TCB: five elements under the
 * processor CA, seven under the platform CA.  Writes to the end of buffer and
 * returns where it begins; its size goes to *size. */
const uint8_t *extension_make(const struct pki_machine *machine,
	const uint8_t cpusvn[16], uint16_t pcesvn,
	uint8_t buffer[EXTENSION_MAX], size_t *size);

#endif
