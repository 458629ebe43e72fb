/* SPDX-License-Identifier: MIT */
/*
 * The host's part in an enclave's memory that changes while it runs.  What
 * the enclave asks for concerns its own pages only, and the processor checks
 * it; here it must be within the enclave's range.
 */
#include "enclave.h"

#include <errno.h>

#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))

static int change(struct _oe_enclave *enclave, uint32_t what, uint64_t address,
	uint64_t size, uint64_t value, uint64_t *done)
{
	const struct drv_ops *drv = enclave->drv;
	uint64_t offset = address - enclave->base;

	if (!drv->modify_types)
		return -ENODEV;
	if ((address | size) % SGX_PAGE_SIZE || !size
			|| address < enclave->base || offset >= enclave->size
			|| size > enclave->size - offset)
		return -EINVAL;
	switch (what) {
	case CALL_PAGES_RESTRICT:
		return drv->restrict_permissions(enclave->machine, offset,
			size, value, done);
	case CALL_PAGES_MODIFY:
		return drv->modify_types(enclave->machine, offset, size, value,
			done);
	case CALL_PAGES_REMOVE:
		return drv->remove_pages(enclave->machine, offset, size, done);
	default:
		return -EINVAL;
	}
}

oe_result_t ocall_pages(struct _oe_enclave *enclave, uint64_t argument)
{
	struct call_pages *shared = (struct call_pages *)argument;
	uint64_t value = 0;
	uint32_t what;

	if (argument % 8
			|| !shared_reachable(enclave, argument, sizeof(*shared)))
		return OE_INVALID_PARAMETER;
	what = READ_ONCE(shared->what);
	if (what == CALL_PAGES_FEATURES) {
		if (enclave->drv->features)
			value = enclave->drv->features(enclave->machine);
		shared->result = 0;
	} else {
		shared->result = change(enclave, what,
			READ_ONCE(shared->address), READ_ONCE(shared->size),
			READ_ONCE(shared->value), &value);
	}
	shared->value = value;
	return OE_OK;
}
