/* SPDX-License-Identifier: MIT */
/*
 * Host memory outside the arena, as enclave code sees it.
 *
 * A page that enclave code touches faults; the host copies it into a slot of
 * the arena (fetch) and the cell maps the slot at the page's address.  At
 * each exit the bytes that changed in the slot, found against a twin of the
 * page, are written back (merge); at each entry the bytes that changed in the
 * host are brought to the slot (refresh).  Pages are kept for FETCH_KEEP
 * entries, then given up.
 *
 * Pages are read and written through the kernel, so an address that is not
 * mapped, or not writable, is an error here and a fault in the enclave, never
 * a crash of the host.
 */
#ifndef COFFER_HOST_FETCH_H
#define COFFER_HOST_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#define FETCH_KEEP 64u
#define FETCH_PAGES_MAX 16384u /* 64 MiB of host memory at a time */

struct fetch;

struct fetch *fetch_new(void *(*slot_alloc)(void), void (*slot_free)(void *));
void fetch_free(struct fetch *);

/* Any pages at the moment?  Cheap; for the hot path. */
bool fetch_any(const struct fetch *);

/* The page of address was touched.  On success *slot is the page to map and
 * *writable how.  -EFAULT: the host has no such page, or may not write it;
 * -ENOMEM. */
int fetch_page(struct fetch *, uint64_t address, bool write, uint64_t *slot,
	bool *writable);

/* Before an entry.  For each page to be given up, unmap is called with its
 * address first. */
void fetch_refresh(struct fetch *, void (*unmap)(void *, uint64_t page),
	void *context);

/* After an exit. */
void fetch_merge(struct fetch *);

#endif
