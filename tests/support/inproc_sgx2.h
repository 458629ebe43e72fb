/* SPDX-License-Identifier: MIT */
/*
 * Pages that change while an enclave runs, for the driver of inproc_driver.c:
 * EACCEPT, EMODPE and the kernel's three verbs over mprotect.  A test chooses
 * what machine it is, and how the host's part is played.
 */
#ifndef COFFER_TESTS_INPROC_SGX2_H
#define COFFER_TESTS_INPROC_SGX2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum inproc_play {
	PLAY_HONEST = 0,
	PLAY_REFUSE, /* each verb fails and does nothing */
	PLAY_PRETEND, /* each verb does nothing and says that it did */
	PLAY_HALF, /* does the first half and says that it did it all */
	PLAY_WRONG_TYPE, /* TRIM where TCS was asked for, and the other way */
};

struct inproc_sgx2 {
	bool sgx2; /* false: EACCEPT is an illegal instruction */
	bool says_sgx2; /* what CPUID is said to show */
	enum inproc_play play;
	uint64_t room; /* pages that may still be augmented */
	/* Counted by the machine. */
	uint64_t augmented, trimmed, removed, restricted, tcs;
};
extern struct inproc_sgx2 inproc_sgx2;

struct inproc_pages;
struct inproc_pages *inproc_pages_new(uint64_t base, uint64_t size);
void inproc_pages_free(struct inproc_pages *);
void inproc_pages_add(struct inproc_pages *, uint64_t offset, uint64_t length,
	uint64_t secinfo_flags);

/* RAX, or -1 for a fault.  *tcs: the page became a TCS. */
int64_t inproc_eaccept(struct inproc_pages *, uint64_t secinfo_flags,
	uint64_t page, bool *tcs);
int64_t inproc_emodpe(struct inproc_pages *, uint64_t secinfo_flags,
	uint64_t page);

/* The verbs: 0 or a negative errno. */
int inproc_restrict(struct inproc_pages *, uint64_t offset, uint64_t length,
	uint64_t value, uint64_t *done);
int inproc_modify(struct inproc_pages *, uint64_t offset, uint64_t length,
	uint64_t value, uint64_t *done);
int inproc_remove(struct inproc_pages *, uint64_t offset, uint64_t length,
	uint64_t *done);

/* A host that takes a page away without leave, and one that puts a fresh one
 * there. */
void inproc_steal(struct inproc_pages *, uint64_t page);
void inproc_augment(struct inproc_pages *, uint64_t page);

#endif
