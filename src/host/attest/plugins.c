/* SPDX-License-Identifier: MIT */
/* The formats that hosts verify: those of quotes. */
#include "evidence/sgx.h"

oe_verifier_t *sgx_verifier(size_t index)
{
	switch (index) {
	case 0:
		return &sgx_verifier_raw;
	case 1:
		return &sgx_verifier_legacy;
	case 2:
		return &sgx_verifier_ecdsa;
	default:
		return NULL;
	}
}
