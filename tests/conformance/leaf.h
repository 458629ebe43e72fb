/* SPDX-License-Identifier: MIT */
/*
 * One leaf of SGX against the manual: a call that is legal, and every way to
 * spoil it, in the order in which the manual's pseudo-code checks.  Each
 * single defect must give its fault or code and change nothing; of any two,
 * the earlier must be the one that is told.
 *
 * The stage, the same for all leaves:
 *
 *   A   an enclave that runs: debug, KSS, EXINFO; its pages are
 *       A + WORLD_CODE and so on, at world_linaddr(WORLD_CODE) and so on
 *   B   an enclave like it that is not initialised
 *   E   a SECS without pages
 *   V   two version arrays, the first with one slot in use
 *   F   free pages to the end
 *
 * The page tables of A stay as they are, whatever is done to the EPC map.
 */
#ifndef COFFER_TESTS_CONFORMANCE_LEAF_H
#define COFFER_TESTS_CONFORMANCE_LEAF_H

#include "sgx/secs.h"
#include "world.h"

#define STAGE_PAGES 64u
#define STAGE_A 2u
#define STAGE_B 16u
#define STAGE_E 29u
#define STAGE_V 30u
#define STAGE_F 40u

/* All operands that a leaf can have; what a leaf does not take is zero. */
struct call {
	struct world *w; /* stays first: offset 0 names no operand */
	uint64_t rbx, rcx, rdx;
	struct sgx_pageinfo pageinfo;
	struct sgx_secinfo secinfo;
	struct sgx_pcmd pcmd;
	struct sgx_rdinfo rdinfo;
	uint64_t data; /* EDBGRD, EDBGWR; what PAGEINFO.LINADDR becomes */
	bool event, spoil_signature;
	struct sgx_sigstruct sig;
	struct sgx_einittoken token;
	struct sgx_secs secs;
	uint8_t page[SGX_PAGE_SIZE];
};

/* How a leaf must end. */
struct answer {
	enum { ANSWER_GP, ANSWER_PF, ANSWER_ZF, ANSWER_CF } kind;
	uint32_t code; /* RAX, or the error code of #PF */
	size_t at; /* the operand in struct call whose value #PF tells ... */
	uint64_t address; /* ... or this address, if at is 0 */
	/* The defect takes the place of others: pairs with it say nothing. */
	bool alone;
};
#define GP { .kind = ANSWER_GP }
#define PF(error_code, operand) { .kind = ANSWER_PF, .code = (error_code), \
	.at = offsetof(struct call, operand) }
#define PF_TO(error_code, linaddr) { .kind = ANSWER_PF, \
	.code = (error_code), .address = (linaddr) }
#define ZF(error) { .kind = ANSWER_ZF, .code = (error) }
#define CF(error) { .kind = ANSWER_CF, .code = (error) }
#define CF_ALONE(error) { .kind = ANSWER_CF, .code = (error), .alone = true }
#define ZF_ALONE(error) { .kind = ANSWER_ZF, .code = (error), .alone = true }

struct defect {
	const char *what;
	void (*spoil)(struct call *);
	struct answer answer;
};

struct leaf {
	const char *name;
	/* Make the call legal; the stage is as described above. */
	void (*prepare)(struct call *);
	/* Anything to be done after the last defect, or NULL. */
	void (*finish)(struct call *);
	struct sgx_outcome (*run)(struct call *);
	bool writes_rax; /* and flags, on success */
	const struct defect *defects;
	size_t count;
};

/* The stage, with a legal call of this leaf. */
void leaf_stage(const struct leaf *leaf, struct call *c);

/* What leaf.h says at the top, and that the legal call succeeds and leaves
 * every invariant whole. */
void leaf_refuses(const struct leaf *leaf);
void leaf_order(const struct leaf *leaf);
void leaf_succeeds(const struct leaf *leaf);

/* Run the legal call: it succeeds, every invariant holds afterwards. */
void leaf_run_legal(const struct leaf *leaf, struct call *c);

/* Three tests for leaf_NAME, and their lines in the list of tests. */
#define LEAF_TESTS(name) \
	static void name##_each_defect(void **state) \
	{ \
		leaf_refuses(&leaf_##name); \
	} \
	static void name##_order(void **state) \
	{ \
		leaf_order(&leaf_##name); \
	} \
	static void name##_succeeds(void **state) \
	{ \
		leaf_succeeds(&leaf_##name); \
	}
#define LEAF_LIST(name) \
	cmocka_unit_test(name##_each_defect), \
	cmocka_unit_test(name##_order), \
	cmocka_unit_test(name##_succeeds)

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- What many leaves' tests do ---- */

/* A page of an enclave, made without any leaf: storage full of fill, an entry
 * in the EPC map, counted by its SECS, and in the page tables if owner is A. */
void stage_page(struct world *w, uint32_t secs, uint32_t epc,
	uint64_t linaddr, enum sgx_page_type type, uint8_t rwx, uint8_t flags,
	uint8_t fill);

/* The SECS of an enclave, to look at and to change. */
struct secs *stage_secs(struct world *w, uint32_t epc);

/* Processor i is inside enclave secs, on its TCS, since this epoch. */
void stage_inside(struct world *w, int i, uint32_t secs, uint64_t epoch);

/* An EPC address beyond the end. */
#define OUTSIDE_EPC sgx_epc_address(STAGE_PAGES + 7)

/* Ways to spoil the page that an operand of ENCLU lies on. */
#define PAGE_SPOILS(name, epc) \
	__attribute__((unused)) static void name##_unmapped(struct call *c) \
	{ \
		c->w->unmapped[epc] = true; \
	} \
	__attribute__((unused)) static void name##_ordinary(struct call *c) \
	{ \
		c->w->ordinary[epc] = true; \
	} \
	__attribute__((unused)) static void name##_free(struct call *c) \
	{ \
		c->w->epcm[epc].flags &= (uint8_t)~SGX_EPCM_VALID; \
	} \
	__attribute__((unused)) static void name##_blocked(struct call *c) \
	{ \
		c->w->epcm[epc].flags |= SGX_EPCM_BLOCKED; \
	} \
	__attribute__((unused)) static void name##_pending(struct call *c) \
	{ \
		c->w->epcm[epc].flags |= SGX_EPCM_PENDING; \
	} \
	__attribute__((unused)) static void name##_modified(struct call *c) \
	{ \
		c->w->epcm[epc].flags |= SGX_EPCM_MODIFIED; \
	} \
	__attribute__((unused)) static void name##_is_trim(struct call *c) \
	{ \
		c->w->epcm[epc].type = SGX_PT_TRIM; \
	} \
	__attribute__((unused)) static void name##_is_tcs(struct call *c) \
	{ \
		c->w->epcm[epc].type = SGX_PT_TCS; \
	} \
	__attribute__((unused)) static void name##_of_other(struct call *c) \
	{ \
		c->w->epcm[epc].secs = STAGE_B; \
	} \
	__attribute__((unused)) static void name##_elsewhere(struct call *c) \
	{ \
		c->w->epcm[epc].linaddr += 0x100000; \
	} \
	__attribute__((unused)) static void name##_no_read(struct call *c) \
	{ \
		c->w->epcm[epc].rwx &= (uint8_t)~SGX_SECINFO_R; \
	} \
	__attribute__((unused)) static void name##_no_write(struct call *c) \
	{ \
		c->w->epcm[epc].rwx &= (uint8_t)~SGX_SECINFO_W; \
	}

/* Their rows for an operand that is read, or (w = SGX_PF_W) written. */
#define PAGE_ROWS_COMMON(name, operand, w) \
	{ #name " not mapped", name##_unmapped, PF(SGX_PF_U | (w), operand) }, \
	{ #name " not EPC", name##_ordinary, PF(ENCLU_PF | (w), operand) }, \
	{ #name " not valid", name##_free, PF(ENCLU_PF | (w), operand) }, \
	{ #name " blocked", name##_blocked, PF(ENCLU_PF | (w), operand) }, \
	{ #name " pending", name##_pending, PF(ENCLU_PF | (w), operand) }, \
	{ #name " modified", name##_modified, PF(ENCLU_PF | (w), operand) }, \
	{ #name " a TCS", name##_is_tcs, PF(ENCLU_PF | (w), operand) }, \
	{ #name " a TRIM", name##_is_trim, PF(ENCLU_PF | (w), operand) }, \
	{ #name " another's", name##_of_other, PF(ENCLU_PF | (w), operand) }, \
	{ #name " elsewhere", name##_elsewhere, PF(ENCLU_PF | (w), operand) }
#define PAGE_ROWS_READ(name, operand) \
	PAGE_ROWS_COMMON(name, operand, 0), \
	{ #name " unreadable", name##_no_read, PF(ENCLU_PF, operand) }
#define PAGE_ROWS_WRITE(name, operand) \
	PAGE_ROWS_COMMON(name, operand, SGX_PF_W), \
	{ #name " unwritable", name##_no_write, \
		PF(ENCLU_PF | SGX_PF_W, operand) }

#endif
