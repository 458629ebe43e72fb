/* SPDX-License-Identifier: MIT */
/* Any bytes as the three structures that EINIT takes from software, with the
 * real signature check: nothing but faults and codes comes out. */
#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world_saved *stage;
	static struct world *w;
	static struct sgx_sigstruct good;
	struct sgx_einittoken token = { 0 };
	struct sgx_sigstruct sig;
	struct world_enclave e = world_default();
	size_t at = 0;

	if (!stage) {
		w = world_new(16, 1);
		world_build(w, 2, &e);
		world_sigstruct(w, 2, 0, &good);
		stage = world_save(w);
	}
	world_restore(w, stage);
	/* patches: two bytes of offset, one of content */
	sig = good;
	for (; at + 3 <= size; at += 3) {
		size_t offset = (data[at] << 8 | data[at + 1]) %
			(sizeof sig + sizeof token);
		uint8_t *to = offset < sizeof sig ? (uint8_t *)&sig + offset :
			(uint8_t *)&token + offset - sizeof sig;

		*to ^= data[at + 2];
	}
	world_einit(w, 2, &sig, &token);
	world_check(w);
	return 0;
}
