/* SPDX-License-Identifier: MIT */
/*
 * A world for the processor model to run in: EPC pages in an array, page
 * tables that map what was added, logical processors, two signers, and the
 * means to let the engine fail.
 */
#ifndef COFFER_TESTS_SGX_WORLD_H
#define COFFER_TESTS_SGX_WORLD_H

#include "sgx/model.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka wants the four before it */
#include <cmocka.h>

#define WORLD_PAGES_MAX 17000u
#define WORLD_LPS 4u
#define WORLD_MAPS_MAX 32u
#define WORLD_XFRM 0xe7ull
#define WORLD_BASE 0x10000000000ull
#define WORLD_SIZE 0x100000ull

struct world {
	struct sgx_machine m;
	uint32_t epc_pages;
	struct sgx_epcm_entry *epcm;
	uint8_t (*epc)[SGX_PAGE_SIZE];
	/* What the engine was told: */
	bool *placed; /* page has storage */
	bool *unmapped; /* page tables say not present */
	bool *ordinary; /* page tables lead to ordinary memory */
	/* Page tables that stay as they are whatever becomes of the EPC map;
	 * looked at first. */
	struct {
		uint64_t linaddr;
		uint32_t secs, epc;
	} map[WORLD_MAPS_MAX];
	uint32_t maps;
	uint32_t place_left; /* pages until place() fails; UINT32_MAX: never */
	uint64_t places, releases; /* pages placed and released so far */
	uint64_t writes; /* calls that wrote or zeroed pages */
	uint64_t *tracked; /* epoch of the last ETRACK, by SECS; 0: none */
	uint32_t *changed; /* times that the page changed its state */
	bool cmac_fails, gcm_fails, random_fails;
	struct sgx_crypto_ops crypto;
	struct sgx_lp lp[WORLD_LPS];
};

/* A machine of this many EPC pages with fuses made from seed. */
struct world *world_new(uint32_t epc_pages, uint8_t seed);
void world_free(struct world *w);

/* Let the page tables of this enclave lead where they lead at this moment,
 * even when its pages are others later. */
void world_map(struct world *w, uint32_t secs);

/* All that a world is, to go back to. */
struct world_saved;
struct world_saved *world_save(const struct world *w);
void world_restore(struct world *w, const struct world_saved *saved);
void world_saved_free(struct world_saved *saved);

/* The table for CPUID.0DH of an Ice Lake server. */
extern const struct sgx_xsave_table world_xsave;

/* ---- Enclaves ---- */

/* A legal 64-bit debug enclave of WORLD_SIZE bytes at WORLD_BASE with KSS and
 * EXINFO, SSA frames of one page. */
struct sgx_secs world_secs(void);

struct sgx_outcome world_ecreate(struct world *w, uint32_t epc,
	const struct sgx_secs *secs);
struct sgx_outcome world_eadd(struct world *w, uint32_t secs, uint32_t epc,
	uint64_t linaddr, uint64_t flags, const void *source);

/* EADD and EEXTEND of the whole page, leaf by leaf; asserts success. */
void world_add_measured(struct world *w, uint32_t secs, uint32_t epc,
	uint64_t linaddr, uint64_t flags, const void *source);

/* The value that EINIT would compute now. */
void world_mrenclave(struct world *w, uint32_t secs, uint8_t mrenclave[32]);

/* A SIGSTRUCT that fits the enclave as it is, signed by signer 0 or 1. */
void world_sigstruct(struct world *w, uint32_t secs, int signer,
	struct sgx_sigstruct *sig);
void world_sign(struct sgx_sigstruct *sig, int signer);
void world_mrsigner(int signer, uint8_t mrsigner[32]);

struct sgx_outcome world_einit(struct world *w, uint32_t secs,
	const struct sgx_sigstruct *sig, const struct sgx_einittoken *token);

/* Where the pages of a complete enclave lie. */
enum world_layout {
	/* EPC index after that of the SECS; page of ELRANGE is one less. */
	WORLD_CODE = 1, /* RX */
	WORLD_DATA = 2, /* two RW pages */
	WORLD_SSA = 4, /* three RW pages: NSSA is 3 */
	WORLD_TCS = 7,
	WORLD_TCS2 = 8, /* shares the SSA pages; enter one at a time */
	WORLD_GUARD = 9, /* no access */
	WORLD_ENCLAVE_PAGES = 10, /* with the SECS */
};

/* Linear address of one of these pages. */
static inline uint64_t world_linaddr(enum world_layout page)
{
	return WORLD_BASE + (uint64_t)(page - 1) * SGX_PAGE_SIZE;
}

struct sgx_tcs world_tcs(void);

/* Build, sign and initialise an enclave whose SECS is at EPC page epc and
 * whose other pages follow; code is the byte that fills its code page. */
struct world_enclave {
	struct sgx_secs secs;
	uint8_t code;
	int signer;
	uint16_t isv_prod_id, isv_svn;
	uint8_t family, ext_prod; /* first byte of the two identifiers */
};
struct world_enclave world_default(void);
void world_build(struct world *w, uint32_t epc, const struct world_enclave *e);
void world_build_init(struct world *w, uint32_t epc,
	const struct world_enclave *e);

/* Memory of an enclave at a linear address, through its page tables. */
void *world_at(struct world *w, uint32_t secs, uint64_t linaddr);

/* ---- Outcomes ---- */

void expect_ok(struct sgx_outcome o);
void expect_gp(struct sgx_outcome o);
void expect_pf(struct sgx_outcome o, uint64_t address, uint32_t error_code);
void expect_error(struct sgx_outcome o, uint32_t error);
void expect_machine(struct sgx_outcome o);

#define ENCLS_PF (SGX_PF_P | SGX_PF_SGX)
#define ENCLU_PF (SGX_PF_P | SGX_PF_U | SGX_PF_SGX)

/* ---- Invariants ---- */

/* Assert everything that must hold between two leaves. */
void world_check(struct world *w);

/* A digest of EPC, EPCM, machine and processors: equal before and after a
 * leaf that did not succeed. */
uint64_t world_state(const struct world *w);

/* The same at a fraction of the cost: instead of the contents of pages, how
 * often the model has written any.  What a test writes itself does not
 * count. */
uint64_t world_marks(const struct world *w);

#endif
