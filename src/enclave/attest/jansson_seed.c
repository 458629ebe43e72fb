/* SPDX-License-Identifier: MIT */
/*
 * The number that makes jansson's hash tables hard to foresee.  Its own asks
 * the operating system, then the clock; an enclave asks its processor.
 */
#include <openenclave/enclave.h>

/* jansson's names. */
extern volatile uint32_t hashtable_seed;
void json_object_seed(size_t seed);

volatile uint32_t hashtable_seed;

void json_object_seed(size_t seed)
{
	uint32_t wanted = (uint32_t)seed, none = 0;

	while (!wanted)
		if (oe_random(&wanted, sizeof(wanted)))
			oe_abort();
	/* The first one stays: tables were made with it. */
	__atomic_compare_exchange_n(&hashtable_seed, &none, wanted, false,
		__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}
