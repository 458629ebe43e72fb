/* SPDX-License-Identifier: MIT */
/*
 * What enclaves did between two looks at the machine, per second.
 */
#ifndef COFFER_VM_RATES_H
#define COFFER_VM_RATES_H

#include "platform/wire.h"
#include <stddef.h>

struct rates {
	double page_ins, page_outs;
	double faults; /* page faults that the processor answered */
	/* Entries that do not go on after an asynchronous exit: calls, and
	 * returns from calls out. */
	double calls;
	double aex;
};

/* One per enclave of now, in rates[now_count].  Both lists ascend by id; an
 * enclave that was not there before began at zero.  seconds > 0. */
void rates_between(const struct wire_enclave *before, size_t before_count,
	const struct wire_enclave *now, size_t now_count, double seconds,
	struct rates *rates);

#endif
