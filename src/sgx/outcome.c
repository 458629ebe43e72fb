/* SPDX-License-Identifier: MIT */
/* SDM 3D: Error codes */
#include "outcome.h"

#define STATUS_FLAGS (SGX_RFLAGS_CF | SGX_RFLAGS_PF | SGX_RFLAGS_AF | \
	SGX_RFLAGS_ZF | SGX_RFLAGS_SF | SGX_RFLAGS_OF)

struct sgx_outcome outcome_ok(void)
{
	return (struct sgx_outcome){ .kind = SGX_OUTCOME_OK };
}

struct sgx_outcome outcome_success(void)
{
	return (struct sgx_outcome){ .kind = SGX_OUTCOME_OK,
		.writes_flags = true, .writes_rax = true };
}

struct sgx_outcome outcome_error(enum sgx_error error)
{
	return (struct sgx_outcome){ .kind = SGX_OUTCOME_ERROR,
		.writes_flags = true, .writes_rax = true, .zf = true,
		.rax = error };
}

struct sgx_outcome outcome_notice(enum sgx_error error)
{
	return (struct sgx_outcome){ .kind = SGX_OUTCOME_ERROR,
		.writes_flags = true, .writes_rax = true, .cf = true,
		.rax = error };
}

struct sgx_outcome outcome_gp(void)
{
	return (struct sgx_outcome){ .kind = SGX_OUTCOME_FAULT,
		.vector = SGX_VECTOR_GP };
}

static struct sgx_outcome page_fault(uint64_t address, uint32_t error_code)
{
	return (struct sgx_outcome){ .kind = SGX_OUTCOME_FAULT,
		.vector = SGX_VECTOR_PF, .error_code = error_code,
		.address = address };
}

struct sgx_outcome outcome_pf_encls(uint64_t address)
{
	return page_fault(address, SGX_PF_P | SGX_PF_SGX);
}

struct sgx_outcome outcome_pf_epcm(uint64_t address, bool write)
{
	return page_fault(address,
		SGX_PF_P | SGX_PF_U | SGX_PF_SGX | (write ? SGX_PF_W : 0));
}

struct sgx_outcome outcome_pf_paging(uint64_t address, bool write)
{
	return page_fault(address, SGX_PF_U | (write ? SGX_PF_W : 0));
}

struct sgx_outcome outcome_machine(void)
{
	return (struct sgx_outcome){ .kind = SGX_OUTCOME_MACHINE };
}

void sgx_outcome_apply(const struct sgx_outcome *o, uint64_t *rax,
	uint64_t *rflags)
{
	if (o->writes_rax)
		*rax = o->rax;
	if (o->writes_flags)
		*rflags = (*rflags & ~STATUS_FLAGS) |
			(o->zf ? SGX_RFLAGS_ZF : 0) |
			(o->cf ? SGX_RFLAGS_CF : 0);
}

/* Arrays instead of pointers: no relocation, so no writable section. */
static const struct {
	uint16_t error;
	char name[34];
} error_names[] = {
	{ SGX_SUCCESS, "SGX_SUCCESS" },
	{ SGX_INVALID_SIG_STRUCT, "SGX_INVALID_SIG_STRUCT" },
	{ SGX_INVALID_ATTRIBUTE, "SGX_INVALID_ATTRIBUTE" },
	{ SGX_BLKSTATE, "SGX_BLKSTATE" },
	{ SGX_INVALID_MEASUREMENT, "SGX_INVALID_MEASUREMENT" },
	{ SGX_NOTBLOCKABLE, "SGX_NOTBLOCKABLE" },
	{ SGX_PG_INVLD, "SGX_PG_INVLD" },
	{ SGX_EPC_PAGE_CONFLICT, "SGX_EPC_PAGE_CONFLICT" },
	{ SGX_INVALID_SIGNATURE, "SGX_INVALID_SIGNATURE" },
	{ SGX_MAC_COMPARE_FAIL, "SGX_MAC_COMPARE_FAIL" },
	{ SGX_PAGE_NOT_BLOCKED, "SGX_PAGE_NOT_BLOCKED" },
	{ SGX_NOT_TRACKED, "SGX_NOT_TRACKED" },
	{ SGX_VA_SLOT_OCCUPIED, "SGX_VA_SLOT_OCCUPIED" },
	{ SGX_CHILD_PRESENT, "SGX_CHILD_PRESENT" },
	{ SGX_ENCLAVE_ACT, "SGX_ENCLAVE_ACT" },
	{ SGX_ENTRYEPOCH_LOCKED, "SGX_ENTRYEPOCH_LOCKED" },
	{ SGX_INVALID_EINITTOKEN, "SGX_INVALID_EINITTOKEN" },
	{ SGX_PREV_TRK_INCMPL, "SGX_PREV_TRK_INCMPL" },
	{ SGX_PG_IS_SECS, "SGX_PG_IS_SECS" },
	{ SGX_PAGE_ATTRIBUTES_MISMATCH, "SGX_PAGE_ATTRIBUTES_MISMATCH" },
	{ SGX_PAGE_NOT_MODIFIABLE, "SGX_PAGE_NOT_MODIFIABLE" },
	{ SGX_PAGE_NOT_DEBUGGABLE, "SGX_PAGE_NOT_DEBUGGABLE" },
	{ SGX_INVALID_COUNTER, "SGX_INVALID_COUNTER" },
	{ SGX_PG_NONEPC, "SGX_PG_NONEPC" },
	{ SGX_TRACK_NOT_REQUIRED, "SGX_TRACK_NOT_REQUIRED" },
	{ SGX_INVALID_REPORTMACSTRUCT, "SGX_INVALID_REPORTMACSTRUCT" },
	{ SGX_INSUFFICIENT_ENTROPY, "SGX_INSUFFICIENT_ENTROPY" },
	{ SGX_EPC_NOT_READY, "SGX_EPC_NOT_READY" },
	{ SGX_NO_UPDATE, "SGX_NO_UPDATE" },
	{ SGX_INVALID_CPUSVN, "SGX_INVALID_CPUSVN" },
	{ SGX_INVALID_ISVSVN, "SGX_INVALID_ISVSVN" },
	{ SGX_UNMASKED_EVENT, "SGX_UNMASKED_EVENT" },
	{ SGX_INVALID_KEYNAME, "SGX_INVALID_KEYNAME" },
};

const char *sgx_error_name(uint32_t error)
{
	for (size_t i = 0; i < sizeof(error_names) / sizeof(*error_names); i++)
		if (error_names[i].error == error)
			return error_names[i].name;
	return "?";
}
