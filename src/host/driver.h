/* SPDX-License-Identifier: MIT */
/*
 * What liboehost needs from an SGX driver, and the two that it has: cofferd
 * (a software machine, over a local socket) and the kernel's
 * /dev/sgx_enclave.  The verbs are the Linux SGX driver's (ioctls of
 * <asm/sgx.h>), the entry is __vdso_sgx_enter_enclave's contract.  Nothing
 * above this interface knows which driver is behind it.
 *
 * All functions return 0 or a negative errno; drv_error() then has a text
 * for people (thread local, valid until the thread's next call here).
 */
#ifndef COFFER_HOST_DRIVER_H
#define COFFER_HOST_DRIVER_H

#include <coffer/sgx_arch.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct drv_enclave;

/* Registers that cross the boundary, and how the visit ended. */
struct drv_call {
	uint64_t rdi, rsi, rdx, r8, r9; /* in; out after EEXIT */
	uint64_t tcs; /* linear address */
	uint32_t tcs_index; /* position among the TCS pages in EADD order */
	/* in: SGX_EENTER or SGX_ERESUME.  out: SGX_EEXIT after a normal exit;
	 * SGX_ERESUME when enclave code faulted (the fields below say how and
	 * ERESUME would retry); SGX_EENTER when the entry itself faulted. */
	uint32_t function;
	uint16_t vector, error_code; /* out, after a fault */
	uint64_t address; /* out, after #PF */
};

struct drv_ops {
	const char *name; /* "cofferd" or "kernel" */

	/* Reserve an address range for ELRANGE: PROT_NONE, aligned to size
	 * (bytes, power of two).  Kept until drv destroy or unreserve. */
	int (*reserve)(uint64_t size, uint64_t *base);
	void (*unreserve)(uint64_t base, uint64_t size);

	/* MISCSELECT bits that the machine offers (CPUID.12H.0:EBX); none if
	 * there is no machine, which create will say. */
	uint32_t (*misc_select)(void);

	/* SGX_IOC_ENCLAVE_CREATE.  On success the enclave owns the range. */
	int (*create)(const struct sgx_secs *secs, struct drv_enclave **out);

	/* SGX_IOC_ENCLAVE_ADD_PAGES.  source NULL: zero pages, without any
	 * memory being touched.  Otherwise any host memory, page aligned. */
	int (*add_pages)(struct drv_enclave *, const void *source,
		uint64_t offset, uint64_t length, uint64_t secinfo_flags,
		bool measure);

	/* Before INIT: the enclave may make pages at [offset, offset + length)
	 * while it runs.  tcs: one page, which may become a TCS; its tcs_index
	 * is the next behind those of the pages added, so these calls come
	 * after the last add_pages, in the order in which the enclave will
	 * accept them. */
	int (*may_grow)(struct drv_enclave *, uint64_t offset, uint64_t length,
		bool tcs);

	/* SGX_IOC_ENCLAVE_PROVISION, then SGX_IOC_ENCLAVE_INIT. */
	int (*provision)(struct drv_enclave *);
	int (*init)(struct drv_enclave *, const struct sgx_sigstruct *);

	/* One visit, with the contract of the vDSO.  0, or -EINVAL for a bad
	 * function, or -ENODEV when the machine under the enclave is gone
	 * (cell, processor or driver died, or the enclave was destroyed). */
	int (*enter)(struct drv_enclave *, struct drv_call *);

	/* CPUID.12H.0:EAX of the machine, SGX_FEATURE_*. */
	uint32_t (*features)(struct drv_enclave *);

	/* SGX2, after INIT: SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS (value:
	 * SGX_SECINFO_R, _W, _X), _MODIFY_TYPES (value: SGX_PT_TCS or _TRIM)
	 * and _REMOVE_PAGES (no value).  In bytes, page aligned; *done is what
	 * was completed, from the start, also on failure. */
	int (*restrict_permissions)(struct drv_enclave *, uint64_t offset,
		uint64_t length, uint64_t value, uint64_t *done);
	int (*modify_types)(struct drv_enclave *, uint64_t offset,
		uint64_t length, uint64_t value, uint64_t *done);
	int (*remove_pages)(struct drv_enclave *, uint64_t offset,
		uint64_t length, uint64_t *done);

	/* Ends every visit (they return -ENODEV), removes the enclave, frees
	 * the range.  No other thread may start a visit any more. */
	void (*destroy)(struct drv_enclave *);

	/* The process that executes the enclave's code, for debuggers; 0 if
	 * there is none.  NULL: enclaves run in the host's own process. */
	pid_t (*cell)(struct drv_enclave *);

	/* Memory that enclaves reach as fast as their own.  Never NULL pointer
	 * arithmetic: shared_alloc gives 64-byte aligned memory or NULL. */
	void *(*shared_alloc)(size_t size);
	void (*shared_free)(void *);
};

/* The driver of this process, chosen at the first call: the kernel's when
 * /dev/sgx_enclave can be opened and COFFER_DRIVER is unset or "kernel";
 * else cofferd, whose virtual machine is COFFER_VM (default "default") and
 * which is started if it does not run.  NULL with drv_error() set: another
 * value of COFFER_DRIVER, or "kernel" without the device. */
const struct drv_ops *drv_get(void);

const char *drv_error(void);
void drv_set_error(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

extern const struct drv_ops drv_cofferd, drv_kernel;

#endif
