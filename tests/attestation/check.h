/* SPDX-License-Identifier: MIT */
/* Checks inside the enclave: 0, or the line that failed. */
#ifndef PROVER_CHECK_H
#define PROVER_CHECK_H

#define CHECK(CONDITION)                 \
	do {                             \
		if (!(CONDITION))        \
			return __LINE__; \
	} while (0)
#define CODE(CALL, WANTED) CHECK((CALL) == (WANTED))

#endif
