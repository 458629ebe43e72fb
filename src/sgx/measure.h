/* SPDX-License-Identifier: MIT */
/*
 * MRENCLAVE: SHA-256 over 64-byte blocks that ECREATE, EADD and EEXTEND
 * append, closed by EINIT (SDM 3D, pseudo-code of these leaves).  The one
 * measurement: the model, the loader, the signer and `coffer measure` all
 * use it, over any SHA-256.
 *
 * A struct sgx_measure is free of pointers and may be copied, for example
 * to look at the value reached so far without ending it.
 */
#ifndef COFFER_SGX_MEASURE_H
#define COFFER_SGX_MEASURE_H

#include "crypto.h"
#include <coffer/sgx_arch.h>

#define SGX_CHUNK_SIZE 256u /* what one EEXTEND measures */
#define SGX_CHUNKS_PER_PAGE (SGX_PAGE_SIZE / SGX_CHUNK_SIZE)

struct sgx_measure {
	struct sgx_sha256 sha256;
	uint64_t blocks; /* of 64 bytes, so far */
};

/* ECREATE: starts anew.  size in bytes, ssa_frame_size in pages. */
void sgx_measure_ecreate(struct sgx_measure *m, const struct sgx_sha256_ops *,
	uint32_t ssa_frame_size, uint64_t size);

/* EADD of count pages with the same SECINFO.FLAGS, page after page, none of
 * them extended.  offset is that of the first page from BASEADDR.  For a TCS
 * page R, W and X do not count, as EADD clears them. */
void sgx_measure_eadd(struct sgx_measure *m, const struct sgx_sha256_ops *,
	uint64_t offset, uint64_t secinfo_flags, uint64_t count);

/* EEXTEND of one 256-byte chunk; offset is the chunk's from BASEADDR. */
void sgx_measure_eextend(struct sgx_measure *m, const struct sgx_sha256_ops *,
	uint64_t offset, const void *chunk);

/* EADD of one page, then EEXTEND of its 16 chunks in ascending order: the
 * same value as with the functions above, in one pass.  page has 4096 bytes
 * and, for a TCS, what EADD leaves (sgx_tcs_normalise). */
void sgx_measure_page(struct sgx_measure *m, const struct sgx_sha256_ops *,
	uint64_t offset, uint64_t secinfo_flags, const void *page);

/* EINIT: the value.  *m is spent afterwards. */
void sgx_measure_final(struct sgx_measure *m, const struct sgx_sha256_ops *,
	uint8_t mrenclave[32]);

/* What EADD makes of a TCS page before it can be measured: STATE, CSSA, AEP
 * and FLAGS.DBGOPTIN cleared. */
void sgx_tcs_normalise(struct sgx_tcs *tcs);

#endif
