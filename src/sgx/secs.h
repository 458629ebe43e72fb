/* SPDX-License-Identifier: MIT */
/*
 * A SECS as the model keeps it: in its EPC page, as silicon does.  The
 * architectural fields are at their places, the hidden ones (the running
 * measurement, the enclave's number, its count of pages, its tracking epoch)
 * in the part that software must leave zero and can never read.  They go out
 * and come back with the page.
 *
 *   0     architectural fields, see <coffer/sgx_arch.h>
 *   262   zero
 *   512   hidden fields
 *   704   unused to the end of the page
 */
#ifndef COFFER_SGX_SECS_H
#define COFFER_SGX_SECS_H

#include "model.h"

struct secs {
	uint64_t size, base;
	uint32_t ssa_frame_size, misc_select;
	uint64_t cet_leg_bitmap_offset;
	uint8_t cet_attributes;
	uint8_t zero1[15];
	struct sgx_attributes attributes;
	uint8_t mrenclave[32];
	uint8_t zero2[32];
	uint8_t mrsigner[32];
	uint8_t zero3[32];
	uint8_t config_id[64];
	uint16_t isv_prod_id, isv_svn, config_svn;
	uint8_t zero4[250];
	/* hidden */
	uint64_t eid;
	uint64_t children; /* valid EPC pages that this enclave owns */
	uint64_t epoch; /* current tracking epoch, from 1 */
	struct sgx_measure measure; /* spent after EINIT */
	uint8_t isv_ext_prod_id[16];
	uint8_t isv_family_id[16];
};
_Static_assert(offsetof(struct secs, attributes) ==
	offsetof(struct sgx_secs, attributes), "SECS layout");
_Static_assert(offsetof(struct secs, config_svn) ==
	offsetof(struct sgx_secs, config_svn), "SECS layout");
_Static_assert(offsetof(struct secs, eid) == 512, "SECS layout");
_Static_assert(sizeof(struct secs) == 704, "SECS layout");

#define SECS_ARCHITECTURAL 262u

/* What paging looks at, without the rest. */
struct secs_account {
	uint64_t eid, children, epoch;
};
_Static_assert(offsetof(struct secs, epoch) - offsetof(struct secs, eid) ==
	offsetof(struct secs_account, epoch), "SECS layout");

/* The page at epc must be a valid SECS. */
void secs_load(struct sgx_machine *m, uint32_t epc, struct secs *s);
void secs_store(struct sgx_machine *m, uint32_t epc, const struct secs *s);
void secs_account_load(struct sgx_machine *m, uint32_t epc,
	struct secs_account *a);
void secs_account_store(struct sgx_machine *m, uint32_t epc,
	const struct secs_account *a);

static inline bool secs_is_initialised(const struct secs *s)
{
	return s->attributes.flags & SGX_ATTR_INIT;
}

/* Are all of size bytes at address in ELRANGE? */
static inline bool secs_contains(const struct secs *s, uint64_t address,
	uint64_t size)
{
	uint64_t offset = address - s->base;

	return address >= s->base && offset < s->size &&
		size <= s->size - offset;
}

#endif
