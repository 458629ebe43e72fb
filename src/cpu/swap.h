/* SPDX-License-Identifier: MIT */
/*
 * The swap store: where evicted pages are.  Ordinary memory (a memfd) or a
 * file: what lies here is encrypted and authenticated by EWB, and nobody has
 * to keep it safe.  The driver, and `coffer tamper` through it, may read and
 * write all of it at any time; the processor copies each byte once.
 *
 * The store is a row of groups of SWAP_GROUP slots, each one page of records
 * and then the pages:
 *
 *   group g at g * SWAP_GROUP_SIZE: record[SWAP_GROUP], page[SWAP_GROUP]
 *
 * Of a record the processor reads the PCMD; the rest tells people and tools
 * what lies there.
 */
#ifndef COFFER_CPU_SWAP_H
#define COFFER_CPU_SWAP_H

#include <coffer/sgx_arch.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SWAP_GROUP 16u
#define SWAP_GROUP_SIZE ((SWAP_GROUP + 1) * 4096ull)

enum swap_state { SWAP_FREE = 0, SWAP_USED = 1 };

struct swap_record {
	struct sgx_pcmd pcmd; /* 128 bytes, as EWB wrote it */
	uint64_t linaddr; /* of the page in its enclave; 0 for SECS and VA */
	uint32_t state; /* enum swap_state */
	uint32_t enclave; /* number of the enclave at the door */
	uint64_t version; /* grows by one with each page written */
	uint8_t reserved[104];
};
_Static_assert(sizeof(struct swap_record) == 256, "a group's records");

static inline uint64_t swap_record_at(uint32_t slot)
{
	return slot / SWAP_GROUP * SWAP_GROUP_SIZE
		+ slot % SWAP_GROUP * sizeof(struct swap_record);
}

static inline uint64_t swap_page_at(uint32_t slot)
{
	return slot / SWAP_GROUP * SWAP_GROUP_SIZE
		+ (slot % SWAP_GROUP + 1) * 4096ull;
}

struct swap;

/* A store in memory (fd -1) or in a file, whose descriptor is taken over and
 * whose content is discarded.  NULL with errno. */
struct swap *swap_new(int fd);
/* The memory's descriptor, for the driver; -1 for a file. */
int swap_fd(const struct swap *);

/* A free slot; -1: no memory.  put: what was there is forgotten. */
int64_t swap_take(struct swap *);
void swap_put(struct swap *, uint32_t slot);
uint64_t swap_used(const struct swap *);

/* 4096 bytes and a record.  0, or -errno; reading beyond a file's end gives
 * -EIO. */
int swap_write(struct swap *, uint32_t slot, const void *page,
	const struct swap_record *);
int swap_read(struct swap *, uint32_t slot, void *page, struct sgx_pcmd *);

#endif
