/* SPDX-License-Identifier: MIT */
/* What the architectural enclaves' ecalls return. */
#ifndef COFFER_ARCH_RESULT_H
#define COFFER_ARCH_RESULT_H

enum arch_result {
	ARCH_OK = 0,
	ARCH_PARAMETER, /* NULL, or a size that is wrong */
	ARCH_BAD_REPORT, /* not for this enclave, or not of this machine */
	ARCH_PRIVILEGE, /* the other enclave is not what it must be */
	ARCH_TCB, /* a TCB that this processor has not reached */
	ARCH_CRYPTO, /* the library failed */
	ARCH_STATE, /* too early, or done before */
};

#endif
