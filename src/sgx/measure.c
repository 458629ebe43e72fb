/* SPDX-License-Identifier: MIT */
/* SDM 3D: Measurement */
/*
 * The blocks are put together in a buffer and hashed in one piece: SHA-256
 * is fast over kilobytes, and slow when it is called block by block.
 */
#include "measure.h"
#include <string.h>

#define BLOCK 64u
#define EADD_BATCH 64u /* blocks hashed at once: one page of the stack */

static void put_u32(uint8_t *to, uint32_t value)
{
	memcpy(to, &value, sizeof value);
}

static void put_u64(uint8_t *to, uint64_t value)
{
	memcpy(to, &value, sizeof value);
}

static void hash(struct sgx_measure *m, const struct sgx_sha256_ops *ops,
	const uint8_t *data, uint32_t blocks)
{
	ops->update(&m->sha256, data, (size_t)blocks * BLOCK);
	m->blocks += blocks;
}

/* The 48 measured bytes of SECINFO are FLAGS and zeroes. */
static void eadd_block(uint8_t block[BLOCK], uint64_t offset, uint64_t flags)
{
	memset(block, 0, BLOCK);
	memcpy(block, "EADD", 4);
	put_u64(block + 8, offset);
	put_u64(block + 16, flags);
}

static void eextend_blocks(uint8_t to[BLOCK + SGX_CHUNK_SIZE],
	uint64_t offset, const uint8_t *chunk)
{
	memset(to, 0, BLOCK);
	memcpy(to, "EEXTEND", 7);
	put_u64(to + 8, offset);
	memcpy(to + BLOCK, chunk, SGX_CHUNK_SIZE);
}

static uint64_t recorded_flags(uint64_t flags)
{
	uint64_t type = flags >> SGX_SECINFO_PT_SHIFT & 0xff;

	return type == SGX_PT_TCS ? flags & ~SGX_SECINFO_RWX : flags;
}

void sgx_measure_ecreate(struct sgx_measure *m,
	const struct sgx_sha256_ops *ops, uint32_t ssa_frame_size,
	uint64_t size)
{
	uint8_t block[BLOCK] = { 0 };

	memcpy(block, "ECREATE", 7);
	put_u32(block + 8, ssa_frame_size);
	put_u64(block + 12, size);
	memset(m, 0, sizeof *m);
	ops->init(&m->sha256);
	hash(m, ops, block, 1);
}

void sgx_measure_eadd(struct sgx_measure *m, const struct sgx_sha256_ops *ops,
	uint64_t offset, uint64_t secinfo_flags, uint64_t count)
{
	uint8_t blocks[EADD_BATCH * BLOCK];
	uint64_t flags = recorded_flags(secinfo_flags);
	uint32_t prepared = 0;

	while (count) {
		uint32_t n = count < EADD_BATCH ? (uint32_t)count : EADD_BATCH;

		for (uint32_t i = 0; i < n; i++) {
			uint8_t *block = blocks + i * BLOCK;

			if (i >= prepared)
				eadd_block(block, offset, flags);
			else
				put_u64(block + 8, offset);
			offset += SGX_PAGE_SIZE;
		}
		if (n > prepared)
			prepared = n;
		hash(m, ops, blocks, n);
		count -= n;
	}
}

void sgx_measure_eextend(struct sgx_measure *m,
	const struct sgx_sha256_ops *ops, uint64_t offset, const void *chunk)
{
	uint8_t blocks[BLOCK + SGX_CHUNK_SIZE];

	eextend_blocks(blocks, offset, chunk);
	hash(m, ops, blocks, sizeof blocks / BLOCK);
}

void sgx_measure_page(struct sgx_measure *m, const struct sgx_sha256_ops *ops,
	uint64_t offset, uint64_t secinfo_flags, const void *page)
{
	uint8_t blocks[BLOCK + SGX_CHUNKS_PER_PAGE * (BLOCK + SGX_CHUNK_SIZE)];
	uint8_t *at = blocks;

	eadd_block(at, offset, recorded_flags(secinfo_flags));
	at += BLOCK;
	for (uint32_t i = 0; i < SGX_CHUNKS_PER_PAGE; i++) {
		eextend_blocks(at, offset + i * SGX_CHUNK_SIZE,
			(const uint8_t *)page + i * SGX_CHUNK_SIZE);
		at += BLOCK + SGX_CHUNK_SIZE;
	}
	hash(m, ops, blocks, sizeof blocks / BLOCK);
}

void sgx_measure_final(struct sgx_measure *m,
	const struct sgx_sha256_ops *ops, uint8_t mrenclave[32])
{
	ops->final(&m->sha256, mrenclave);
}

void sgx_tcs_normalise(struct sgx_tcs *tcs)
{
	tcs->state = 0;
	tcs->flags &= ~SGX_TCS_DBGOPTIN;
	tcs->cssa = 0;
	tcs->aep = 0;
}
