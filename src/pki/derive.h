/* SPDX-License-Identifier: MIT */
/*
 * The keys that PCE and QE derive on a machine, from its fuses: what
 * manufacturing certifies without running the machine.  See architectural.h.
 * Private to src/pki.
 */
#ifndef COFFER_PKI_DERIVE_H
#define COFFER_PKI_DERIVE_H

#include "sgx/model.h"
#include <stdint.h>

struct derive {
	struct sgx_machine machine; /* fuses and cryptography only */
	uint8_t mrsigner[32]; /* of PCE and QE */
};

/* 0, or -1 when there is no cryptography.  Wipe *d afterwards. */
int derive_init(struct derive *d, const struct sgx_fuses *fuses,
	const uint8_t mrsigner[32]);

/* Each 0, or -1 when the cryptography fails. */
int derive_ppid(const struct derive *d, uint8_t ppid[16]);
int derive_platform_instance_id(const struct derive *d, uint8_t id[16]);
int derive_qe_id(const struct derive *d, uint8_t id[16]);
/* The public key of the PCK of a TCB, x and y big endian. */
int derive_pck(const struct derive *d, const uint8_t cpusvn[16],
	uint16_t pcesvn, uint8_t xy[64]);

#endif
