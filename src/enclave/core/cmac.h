/* SPDX-License-Identifier: MIT */
/* AES-128-CMAC (NIST SP 800-38B) with the processor's AES instructions. */
#ifndef COFFER_ENCLAVE_CMAC_H
#define COFFER_ENCLAVE_CMAC_H

#include <stddef.h>
#include <stdint.h>

/* size is a positive multiple of 16 bytes. */
void cmac_aes128(const uint8_t key[16], const void *data, size_t size,
	uint8_t mac[16]);

#endif
