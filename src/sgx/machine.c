/* SPDX-License-Identifier: MIT */
/* SDM 3D: Enumeration */
#include "model.h"
#include "paging.h"
#include <string.h>

/* Coffee Lake: x87, SSE, AVX, MPX. */
#define DCSV2_FEATURES SGX_FEATURE_SGX1
#define DCSV2_ATTRIBUTES (SGX_ATTR_DEBUG | SGX_ATTR_MODE64BIT | \
	SGX_ATTR_PROVISIONKEY | SGX_ATTR_EINITTOKENKEY)
#define DCSV2_XFRM 0x1full

/* Ice Lake with the microcode that brought AEX-Notify; of what its leaves
 * could do, oversubscription and CET are hidden from virtual machines. */
#define DCSV3_FEATURES (SGX_FEATURE_SGX1 | SGX_FEATURE_SGX2 | \
	SGX_FEATURE_EDECCSSA)
#define DCSV3_ATTRIBUTES (DCSV2_ATTRIBUTES | SGX_ATTR_KSS | \
	SGX_ATTR_AEXNOTIFY)
#define DCSV3_XFRM 0xe7ull

#define PROPERTY_INTEGRITY 1u /* confidentiality as well */
#define PROPERTY_CONFIDENTIALITY 2u

/* Leave out of mask what only makes sense with a part that is missing. */
static uint64_t legal_part(uint64_t mask, const struct sgx_xsave_table *xsave)
{
	for (uint32_t i = 2; i < 64; i++) {
		uint64_t bit = 1ull << i;

		if (i >= SGX_XSAVE_COMPONENTS ||
		    !sgx_xsave_size(xsave, SGX_XFRM_LEGACY | bit))
			mask &= ~bit;
	}
	if ((mask & SGX_XFRM_AVX512) != SGX_XFRM_AVX512 ||
	    !(mask & SGX_XFRM_AVX))
		mask &= ~SGX_XFRM_AVX512;
	if ((mask & SGX_XFRM_MPX) != SGX_XFRM_MPX)
		mask &= ~SGX_XFRM_MPX;
	return mask;
}

void sgx_profile_dcsv2(struct sgx_profile *profile, uint64_t xcr0,
	const struct sgx_xsave_table *xsave)
{
	*profile = (struct sgx_profile){
		.features = DCSV2_FEATURES,
		.size_log2_32 = 0x1f, .size_log2_64 = 0x24,
		.attributes = {
			.flags = DCSV2_ATTRIBUTES,
			.xfrm = legal_part(DCSV2_XFRM & (xcr0 |
				SGX_XFRM_LEGACY), xsave),
		},
		.xsave = *xsave,
		.epc_property = PROPERTY_INTEGRITY,
	};
}

void sgx_profile_dcsv3(struct sgx_profile *profile, uint64_t xcr0,
	const struct sgx_xsave_table *xsave)
{
	*profile = (struct sgx_profile){
		.features = DCSV3_FEATURES,
		.misc_select = SGX_MISC_EXINFO,
		.size_log2_32 = 0x1f, .size_log2_64 = 0x38,
		.attributes = {
			.flags = DCSV3_ATTRIBUTES,
			.xfrm = legal_part(DCSV3_XFRM & (xcr0 |
				SGX_XFRM_LEGACY), xsave),
		},
		.xsave = *xsave,
		.epc_property = PROPERTY_CONFIDENTIALITY,
	};
}

int sgx_machine_init(struct sgx_machine *m, const struct sgx_profile *profile,
	const struct sgx_fuses *fuses, const uint8_t cpusvn[16],
	struct sgx_epcm_entry *epcm, uint32_t epc_pages,
	const struct sgx_memory_ops *memory, void *memory_ctx,
	const struct sgx_crypto_ops *crypto)
{
	uint32_t xsave_size = sgx_xsave_size(&profile->xsave,
		profile->attributes.xfrm);

	/* A frame touches one page more than its XSAVE area fills. */
	if (!xsave_size ||
	    xsave_size > (SGX_FRAME_PAGES_MAX - 1) * SGX_PAGE_SIZE)
		return -1;
	if (!epc_pages || profile->size_log2_32 > 63 ||
	    profile->size_log2_64 > 63)
		return -1;
	memset(m, 0, sizeof *m);
	if (crypto->random(m->report_key_id, sizeof m->report_key_id) ||
	    crypto->random(m->paging_key, sizeof m->paging_key))
		return -1;
	m->profile = *profile;
	m->fuses = *fuses;
	memcpy(m->cpusvn, cpusvn, sizeof m->cpusvn);
	m->next_version = VERSION_FIRST;
	m->next_eid = 1;
	m->epcm = epcm;
	m->epc_pages = epc_pages;
	m->memory = memory;
	m->memory_ctx = memory_ctx;
	m->crypto = crypto;
	return 0;
}

void sgx_wrmsr_lepubkeyhash(struct sgx_machine *m, const uint8_t hash[32])
{
	memcpy(m->lepubkeyhash, hash, sizeof m->lepubkeyhash);
}

void sgx_cpuid_12(const struct sgx_machine *m, uint32_t subleaf,
	uint32_t regs[4])
{
	const struct sgx_profile *p = &m->profile;
	uint64_t bytes = (uint64_t)m->epc_pages << SGX_PAGE_SHIFT;

	memset(regs, 0, 4 * sizeof *regs);
	switch (subleaf) {
	case 0:
		regs[0] = p->features;
		regs[1] = p->misc_select;
		regs[3] = (uint32_t)p->size_log2_64 << 8 | p->size_log2_32;
		break;
	case 1:
		regs[0] = (uint32_t)p->attributes.flags;
		regs[1] = (uint32_t)(p->attributes.flags >> 32);
		regs[2] = (uint32_t)p->attributes.xfrm;
		regs[3] = (uint32_t)(p->attributes.xfrm >> 32);
		break;
	case 2:
		regs[0] = 1; /* an EPC section, here at address 0 */
		regs[2] = (uint32_t)(bytes & 0xfffff000) | p->epc_property;
		regs[3] = (uint32_t)(bytes >> 32) & 0xfffff;
		break;
	default:
		break;
	}
}
