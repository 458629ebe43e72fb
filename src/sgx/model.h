/* SPDX-License-Identifier: MIT */
/*
 * The processor model: SGX's state machine behind one door.
 *
 * Each leaf is a function that checks in the manual's order and returns what
 * the instruction would have done: success, an error code in RAX, or a fault.
 * These are values, not failures of the program.  A leaf changes nothing
 * unless it succeeds, except where the manual says otherwise.
 *
 * Pure: no system call, no global variable, nothing from libc but memcpy,
 * memset and memcmp.  EPC pages are named by index; the model never holds a
 * pointer to one, it asks struct sgx_memory_ops.  Contents of structures and
 * pages outside the EPC come as the caller's private copies, except where a
 * function says that it copies itself.
 *
 * Addresses.  An EPC operand of an ENCLS leaf (RCX, PAGEINFO.SECS, ...) is
 * index * 4096 + offset, see sgx_epc_address(); anything at or beyond
 * epc_pages * 4096 is "not in the EPC".  Operands of ENCLU leaves are linear
 * addresses of the running enclave.
 *
 * Threads.  Calls on one struct sgx_machine must not overlap: the caller
 * locks.  Leaves are therefore atomic, and the outcomes that the manual gives
 * to a conflict between two leaves at work do not arise.
 *
 * Source of all rules: Intel SDM volume 3D.
 */
#ifndef COFFER_SGX_MODEL_H
#define COFFER_SGX_MODEL_H

#include "crypto.h"
#include "measure.h"
#include "ssa.h"
#include <coffer/sgx_arch.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- How a leaf ends ---- */

enum sgx_outcome_kind {
	SGX_OUTCOME_OK = 0,
	/* ZF = 1 (or CF = 1) and a code in RAX.  Of these only EWB's
	 * SGX_VA_SLOT_OCCUPIED has changed something. */
	SGX_OUTCOME_ERROR,
	SGX_OUTCOME_FAULT, /* vector, error_code, address */
	/* Not architectural: the engine had no storage for a page, or the
	 * crypto backend failed.  Nothing has changed. */
	SGX_OUTCOME_MACHINE,
};

struct sgx_outcome {
	enum sgx_outcome_kind kind;
	bool writes_flags; /* the leaf clears CF PF AF OF SF and sets ZF, CF */
	bool writes_rax;
	bool zf, cf;
	uint8_t vector; /* SGX_VECTOR_GP or SGX_VECTOR_PF */
	uint32_t rax; /* enum sgx_error */
	uint32_t error_code; /* of the fault; SGX_PF_* for a #PF */
	uint64_t address; /* of a #PF */
};

/* Apply RAX and flags of a leaf that did not fault to a register state. */
void sgx_outcome_apply(const struct sgx_outcome *o, uint64_t *rax,
	uint64_t *rflags);

/* The name of an error code, "SGX_INVALID_SIGNATURE" for 8; a static
 * string; "?" if there is none of this number. */
const char *sgx_error_name(uint32_t error);

/* ---- The EPC map ---- */

enum sgx_epcm_flags {
	SGX_EPCM_VALID = 1, SGX_EPCM_BLOCKED = 2, SGX_EPCM_PENDING = 4,
	SGX_EPCM_MODIFIED = 8, SGX_EPCM_PR = 16,
};

/* One entry for each EPC page; all zero is a free page.  The caller gives
 * the array and may read it, only the model writes it. */
struct sgx_epcm_entry {
	uint64_t linaddr; /* ENCLAVEADDRESS */
	uint32_t secs; /* EPC index of the owner; its own for a SECS */
	uint8_t flags; /* enum sgx_epcm_flags */
	uint8_t type; /* enum sgx_page_type */
	uint8_t rwx; /* SGX_SECINFO_R, _W, _X */
	uint8_t reserved;
	uint64_t epoch; /* tracking epoch at EBLOCK, EMODPR, EMODT */
};

/* ---- What the engine provides ---- */

#define SGX_TRANSLATE_NONE (-1) /* no page there, or access not allowed */
#define SGX_TRANSLATE_NOT_EPC (-2) /* a page, but of ordinary memory */

/* ctx is the pointer given at set-up.  off + size <= 4096 always. */
struct sgx_memory_ops {
	void (*read)(void *ctx, uint32_t epc, uint32_t off, void *to,
		uint32_t size);
	void (*write)(void *ctx, uint32_t epc, uint32_t off, const void *from,
		uint32_t size);
	void (*zero)(void *ctx, uint32_t epc, uint32_t count);

	/* Called before pages epc .. epc + count - 1 get their content, so
	 * that the engine can find storage and, in the enclave's address
	 * space, a place for them at linaddr and up.  secs is the owner's EPC
	 * index (its own for a SECS or VA page).  0, or -1 with nothing kept:
	 * the leaf ends as SGX_OUTCOME_MACHINE.  What place() was asked for
	 * is kept: no leaf fails after it. */
	int (*place)(void *ctx, uint32_t epc, uint32_t count, uint32_t secs,
		uint64_t linaddr, enum sgx_page_type type, uint8_t rwx);
	/* The pages are free again; the engine wipes and reclaims them.
	 * Their EPCM entries still say whose they were. */
	void (*release)(void *ctx, uint32_t epc, uint32_t count);

	/* The page tables of an enclave's process, for an address in its
	 * ELRANGE: EPC index, or one of SGX_TRANSLATE_*. */
	int64_t (*translate)(void *ctx, uint32_t secs, uint64_t linaddr,
		bool write);

	/* Logical processors inside the enclave now. */
	uint32_t (*threads_inside)(void *ctx, uint32_t secs);

	/* Logical processors inside enclave secs that entered in this tracking
	 * epoch or in an earlier one and have kept translations since.  Asked
	 * by ETRACK, EWB and EACCEPT. */
	uint32_t (*threads_in_epoch)(void *ctx, uint32_t secs, uint64_t epoch);
	/* ETRACK succeeded: epoch is the new current epoch of secs; whoever
	 * enters from now on enters in it.  An enclave starts in epoch 1.
	 * Also after ELD* of a SECS, which goes on in the epoch that it was
	 * evicted in. */
	void (*track)(void *ctx, uint32_t secs, uint64_t epoch);
	/* What software may do with a page of an enclave has changed (BLOCKED,
	 * PENDING, MODIFIED, R, W, X or type): after EBLOCK, EAUG, EMODPR,
	 * EMODT, EMODPE, EACCEPT, EACCEPTCOPY, after an ELD* that brought a
	 * page back with one of these three bits set, and after EDBGWR has
	 * written FLAGS of a TCS.  The EPCM entry has the new state. */
	void (*changed)(void *ctx, uint32_t epc);
};

/* ---- The machine ---- */

/* What a package is born with.  The first 64 bytes random, secret,
 * constant. */
struct sgx_fuses {
	uint8_t root[32]; /* root of every derived key */
	uint8_t seal[16]; /* SEAL_KEY_FUSES */
	uint8_t owner_epoch[16]; /* OWNEREPOCH */
	/* No silicon has this: SHA-256 of the public key (x and y, big endian)
	 * of the certificate authority that made the machine; zero: nobody. */
	uint8_t ca_root_hash[32];
};

/* What CPUID shows, and what leaves therefore accept. */
struct sgx_profile {
	uint32_t features; /* CPUID.12H.0:EAX; bit 0 SGX1 */
	uint32_t misc_select; /* CPUID.12H.0:EBX: allowed MISCSELECT */
	uint8_t size_log2_32, size_log2_64; /* CPUID.12H.0:EDX */
	struct sgx_attributes attributes; /* CPUID.12H.1: allowed */
	struct sgx_xsave_table xsave; /* CPUID.0DH of the host */
	uint32_t mxcsr_mask; /* of the host; 0 means 0xffbf */
	/* How CPUID.12H.2 calls the EPC's protection: 1 confidentiality and
	 * integrity, 2 confidentiality only. */
	uint8_t epc_property;
};

/* A DCsv2: SGX1 without EXINFO and KSS, enclaves below 2^36 bytes, XFRM 1Fh
 * cut to the host, as below. */
void sgx_profile_dcsv2(struct sgx_profile *profile, uint64_t xcr0,
	const struct sgx_xsave_table *xsave);

/* The default machine, a DCsv3: SGX1, SGX2, EDECCSSA, EXINFO, KSS, AEX-Notify,
 * enclaves below 2^56 bytes.  XFRM is E7h cut to what the host's XCR0 has; xsave is copied. */
void sgx_profile_dcsv3(struct sgx_profile *profile, uint64_t xcr0,
	const struct sgx_xsave_table *xsave);

/* Allocated by the caller, best in secret memory: it holds the fuses. */
struct sgx_machine {
	struct sgx_profile profile;
	struct sgx_fuses fuses;
	uint8_t cpusvn[16];
	uint8_t report_key_id[32]; /* CR_REPORT_KEYID, random per boot */
	uint8_t lepubkeyhash[32]; /* IA32_SGXLEPUBKEYHASH0-3 */
	uint8_t paging_key[16]; /* CR_BASE_PK, random per boot */
	uint64_t next_version; /* of an evicted page; never given twice */
	uint64_t next_eid;
	uint32_t epc_pages;
	struct sgx_epcm_entry *epcm; /* epc_pages entries, the caller's */
	const struct sgx_memory_ops *memory;
	void *memory_ctx;
	const struct sgx_crypto_ops *crypto;
};

/* Power on.  Sets everything; epcm (zeroed by the caller), ops and ctx stay
 * the caller's and must outlive the machine.  LEPUBKEYHASH is zero until
 * written.  0, or -1: no random bytes, no pages, a table whose XSAVE area is
 * beyond 28 KiB, or a profile whose XFRM the XSAVE table does not cover. */
int sgx_machine_init(struct sgx_machine *m, const struct sgx_profile *profile,
	const struct sgx_fuses *fuses, const uint8_t cpusvn[16],
	struct sgx_epcm_entry *epcm, uint32_t epc_pages,
	const struct sgx_memory_ops *memory, void *memory_ctx,
	const struct sgx_crypto_ops *crypto);

/* WRMSR of IA32_SGXLEPUBKEYHASH0 to 3 together. */
void sgx_wrmsr_lepubkeyhash(struct sgx_machine *m, const uint8_t hash[32]);

/* CPUID leaf 12H: EAX EBX ECX EDX of sub-leaf 0, 1, and 2 (the EPC section,
 * whose base this model puts at 0).  Zeroes for others. */
void sgx_cpuid_12(const struct sgx_machine *m, uint32_t subleaf,
	uint32_t regs[4]);

static inline uint64_t sgx_epc_address(uint32_t epc)
{
	return (uint64_t)epc << SGX_PAGE_SHIFT;
}

/* ---- ENCLS ---- */

/* rbx and rcx are the registers; pageinfo is what RBX points at, secinfo and
 * source what PAGEINFO points at.  rbx, PAGEINFO.SRCPGE and .SECINFO are
 * checked for alignment only. */
struct sgx_outcome sgx_ecreate(struct sgx_machine *m, uint64_t rbx,
	uint64_t rcx, const struct sgx_pageinfo *pageinfo,
	const struct sgx_secinfo *secinfo, const struct sgx_secs *source);

/* source: 4096 bytes; each is read once, so memory shared with others will
 * do. */
struct sgx_outcome sgx_eadd(struct sgx_machine *m, uint64_t rbx, uint64_t rcx,
	const struct sgx_pageinfo *pageinfo, const struct sgx_secinfo *secinfo,
	const void *source);

struct sgx_outcome sgx_eextend(struct sgx_machine *m, uint64_t rbx,
	uint64_t rcx);

/* A run of EADDs: count EPC pages from epc, linear addresses from linaddr,
 * sources from source (count * 4096 bytes, each byte read once; NULL: zero
 * pages), all with the same SECINFO.FLAGS; with measure, each page is
 * extended, chunk by chunk, right after it was added.  Exactly the outcome of
 * the single leaves up to the first that does not succeed, whose outcome is
 * returned; *done is the number of pages that are completely added. */
struct sgx_eadd_run {
	uint32_t secs, epc, count;
	bool measure;
	uint64_t linaddr, secinfo_flags;
	const void *source;
};
struct sgx_outcome sgx_eadd_run(struct sgx_machine *m,
	const struct sgx_eadd_run *run, uint32_t *done);

/* rbx and rdx for alignment only.  event_pending: an interrupt waits, EINIT
 * gives up with SGX_UNMASKED_EVENT. */
struct sgx_outcome sgx_einit(struct sgx_machine *m, uint64_t rbx, uint64_t rcx,
	uint64_t rdx, const struct sgx_sigstruct *sigstruct,
	const struct sgx_einittoken *token, bool event_pending);

struct sgx_outcome sgx_eremove(struct sgx_machine *m, uint64_t rcx);

/* EREMOVE of count pages from epc; as sgx_eadd_run for outcome and *done. */
struct sgx_outcome sgx_eremove_run(struct sgx_machine *m, uint32_t epc,
	uint32_t count, uint32_t *done);

/* ---- ENCLS: paging ---- */

/* A free page becomes a version array; rbx must be SGX_PT_VA. */
struct sgx_outcome sgx_epa(struct sgx_machine *m, uint64_t rbx, uint64_t rcx);

struct sgx_outcome sgx_eblock(struct sgx_machine *m, uint64_t rcx);

/* A new tracking epoch of the enclave whose SECS (ETRACK), or whose SECS or
 * any page (ETRACKC), is at rcx. */
struct sgx_outcome sgx_etrack(struct sgx_machine *m, uint64_t rcx);
struct sgx_outcome sgx_etrackc(struct sgx_machine *m, uint64_t rcx);

/* The page at rcx goes out, encrypted, its version into the VA slot at rdx.
 * page (4096 bytes) and *pcmd are written once each, at the end, and never
 * read, so memory shared with others will do; *linaddr is what
 * PAGEINFO.LINADDR becomes.  All three are untouched unless the leaf
 * succeeds or ends with SGX_VA_SLOT_OCCUPIED. */
struct sgx_outcome sgx_ewb(struct sgx_machine *m, uint64_t rbx, uint64_t rcx,
	uint64_t rdx, const struct sgx_pageinfo *pageinfo, void *page,
	struct sgx_pcmd *pcmd, uint64_t *linaddr);

/* The page comes back into the free page at rcx, if it is the one that the VA
 * slot at rdx knows.  page (4096 bytes) is read once. */
enum sgx_eld_kind { SGX_ELD_U, SGX_ELD_B, SGX_ELD_UC, SGX_ELD_BC };
struct sgx_outcome sgx_eld(struct sgx_machine *m, enum sgx_eld_kind kind,
	uint64_t rbx, uint64_t rcx, uint64_t rdx,
	const struct sgx_pageinfo *pageinfo, const struct sgx_pcmd *pcmd,
	const void *page);

/* *info is written only on success. */
struct sgx_outcome sgx_erdinfo(struct sgx_machine *m, uint64_t rbx,
	uint64_t rcx, struct sgx_rdinfo *info);

/* ---- ENCLS: debugging ---- */

/* Eight bytes of a debug enclave's page, or whether a VA slot is in use.
 * *data (RBX) is written only on success. */
struct sgx_outcome sgx_edbgrd(struct sgx_machine *m, uint64_t rcx,
	uint64_t *data);
struct sgx_outcome sgx_edbgwr(struct sgx_machine *m, uint64_t rcx,
	uint64_t data);

/* ---- ENCLS: dynamic memory ---- */

struct sgx_outcome sgx_eaug(struct sgx_machine *m, uint64_t rbx, uint64_t rcx,
	const struct sgx_pageinfo *pageinfo);
struct sgx_outcome sgx_emodpr(struct sgx_machine *m, uint64_t rbx,
	uint64_t rcx, const struct sgx_secinfo *secinfo);
struct sgx_outcome sgx_emodt(struct sgx_machine *m, uint64_t rbx,
	uint64_t rcx, const struct sgx_secinfo *secinfo);

/* ---- ENCLU that a running enclave executes ---- */

/* secs: EPC index of the running enclave's SECS, which the engine knows;
 * rbx, rcx, rdx: its registers. */
struct sgx_outcome sgx_eaccept(struct sgx_machine *m, uint32_t secs,
	uint64_t rbx, uint64_t rcx);
struct sgx_outcome sgx_emodpe(struct sgx_machine *m, uint32_t secs,
	uint64_t rbx, uint64_t rcx);
struct sgx_outcome sgx_eacceptcopy(struct sgx_machine *m, uint32_t secs,
	uint64_t rbx, uint64_t rcx, uint64_t rdx);
struct sgx_outcome sgx_ereport(struct sgx_machine *m, uint32_t secs,
	uint64_t rbx, uint64_t rcx, uint64_t rdx);
struct sgx_outcome sgx_egetkey(struct sgx_machine *m, uint32_t secs,
	uint64_t rbx, uint64_t rcx);

/* ---- Entry and exit ---- */

/* A logical processor, in 64-bit mode at CPL 3.  The caller owns it; outside
 * an enclave all but regs and xcr0 may be zero. */
#define SGX_FRAME_PAGES_MAX 8u
struct sgx_lp {
	struct sgx_regs regs;
	uint64_t xcr0;
	bool inside;
	bool opt_in; /* the visit is a debug opt-in */
	bool notified; /* it began with an ERESUME that notified */
	uint32_t secs, tcs; /* EPC indexes, while inside */
	uint64_t epoch; /* the enclave's tracking epoch at entry */
	uint64_t tcs_linaddr, aep;
	/* As they were at entry. */
	uint64_t outer_fsbase, outer_gsbase, outer_xcr0, outer_tf;
	/* The frame that AEX will use: the pages of its XSAVE area, and the
	 * one that ends with EXINFO and GPRSGX. */
	uint32_t frame_count;
	uint32_t frame[SGX_FRAME_PAGES_MAX];
	uint32_t gpr_page;
};

/* Each is executed at regs.rip: three bytes long, so that the return address
 * is rip + 3.  On success *lp is the state after the instruction; on a fault
 * *lp is unchanged.  secs names the enclave whose address space the thread
 * is in. */
struct sgx_outcome sgx_eenter(struct sgx_machine *m, struct sgx_lp *lp,
	uint32_t secs);
struct sgx_outcome sgx_eexit(struct sgx_machine *m, struct sgx_lp *lp);

/* xsave: the image to restore, size bytes of room (at least the XSAVE size
 * of the enclave's XFRM); written only on success, and not when lp->notified
 * says that the enclave was entered at its entry point instead, as by EENTER
 * (AEX-Notify). */
struct sgx_outcome sgx_eresume(struct sgx_machine *m, struct sgx_lp *lp,
	uint32_t secs, void *xsave, uint32_t size);

/* The frame below becomes the one that AEX will use. */
struct sgx_outcome sgx_edeccssa(struct sgx_machine *m, struct sgx_lp *lp);

/* What EENTER would say to this TCS, were its CSSA as given and the TCS not
 * busy: every check of EENTER that depends on TCS, SECS and EPCM, none on
 * AEP.  For an engine that performs entries by itself: as long as no page of
 * the enclave changes, the answer stays.  xcr0: of the entering processor. */
struct sgx_outcome sgx_entry_probe(struct sgx_machine *m, uint32_t secs,
	uint64_t tcs_linaddr, uint32_t cssa, uint64_t xcr0);

/* The architectural part of a SECS (offsets 0 to 261; the rest is zeroed),
 * for listings and for the engine.  0, or -1 if epc is not a valid SECS. */
int sgx_secs_read(struct sgx_machine *m, uint32_t epc, struct sgx_secs *secs);

/* The processor leaves the enclave because of event.  xsave, in standard
 * format and of size bytes, is the enclave's vector state; the caller then
 * sets the state of sgx_aex_fp_control.  Afterwards lp->regs is the synthetic
 * state.  Cannot fail: lp->inside must hold. */
void sgx_aex(struct sgx_machine *m, struct sgx_lp *lp,
	const struct sgx_event *event, const void *xsave, uint32_t size);

#endif
