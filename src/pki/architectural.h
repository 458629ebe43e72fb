/* SPDX-License-Identifier: MIT */
/*
 * The two architectural enclaves, provisioning certification (PCE) and
 * quoting (QE), as far as their identity decides which keys a processor gives
 * them.  Read by the enclaves, which ask EGETKEY, and by manufacturing, which
 * knows the fuses and derives the same keys outside; so both sides take their
 * requests and blocks from here.  Freestanding.
 *
 * Both are signed with the CA's key for enclaves (pki_enclave_key), their
 * numbers are those of Intel's reference enclaves.
 */
#ifndef COFFER_PKI_ARCHITECTURAL_H
#define COFFER_PKI_ARCHITECTURAL_H

#include <coffer/sgx_arch.h>
#include <string.h>

#define ARCH_PCE_PROD_ID 1
#define ARCH_PCE_SVN 16
#define ARCH_PCE_ID 0 /* PCEID; four hexadecimal zeroes in JSON */

#define ARCH_QE_PROD_ID 1
#define ARCH_QE_SVN 11

/* ATTRIBUTES.FLAGS of both; never DEBUG. */
#define ARCH_FLAGS (SGX_ATTR_INIT | SGX_ATTR_MODE64BIT | \
	SGX_ATTR_PROVISIONKEY)

/* Which flags enter a key; with it XFRM and MISCSELECT do not, so that keys
 * are the same whatever vector state and size family a machine has. */
#define ARCH_KEY_FLAGS (ARCH_FLAGS | SGX_ATTR_DEBUG)

/* Header of quotes, QE vendor: Intel's identifier, which verifiers demand. */
#define ARCH_QE_VENDOR { 0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, \
	0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07 }

/* The PCE's request for the provisioning key of a TCB.  The PCK's private key
 * comes from that of the certificate's CPUSVN and PCESVN, the PPID from the
 * key of both zero. */
static inline void arch_provision_request(struct sgx_keyrequest *request,
	const uint8_t cpusvn[16], uint16_t pcesvn)
{
	memset(request, 0, sizeof(*request));
	request->key_name = SGX_KEYNAME_PROVISION;
	memcpy(request->cpusvn, cpusvn, 16);
	request->isv_svn = pcesvn;
	request->attributes_mask.flags = ARCH_KEY_FLAGS;
}

/* The QE's request for the key behind its QE_ID: of no version. */
static inline void arch_qe_id_request(struct sgx_keyrequest *request)
{
	memset(request, 0, sizeof(*request));
	request->key_name = SGX_KEYNAME_SEAL;
	request->key_policy = SGX_KEYPOLICY_MRSIGNER;
	request->attributes_mask.flags = ARCH_KEY_FLAGS;
}

/* Blocks for AES-128-CMAC under those keys: a counter, a label, and in the
 * last two bytes, big endian, how many bits the whole derivation gives.
 *
 *   QE_ID = CMAC(key, block(0, ARCH_LABEL_QE_ID, 128))
 *   PPID  = CMAC(key, 16 zero bytes)
 *   PCK   = the first 320 bits of CMAC(key, block(i, ARCH_LABEL_PCK, 320)),
 *           i = 1, 2, 3, as a big-endian number v; the private key of P-256
 *           is v mod (n - 1) + 1, n being the group's order
 *   attestation key: as PCK with ARCH_LABEL_ATTESTATION
 */
#define ARCH_LABEL_QE_ID "QE_ID_DER"
#define ARCH_LABEL_PCK "PAK_KEY_DER"
#define ARCH_LABEL_ATTESTATION "QE_ATT_DER"
#define ARCH_PRIVATE_BITS 320

static inline void arch_block(uint8_t block[16], uint8_t counter,
	const char *label, uint16_t bits)
{
	memset(block, 0, 16);
	block[0] = counter;
	for (int i = 0; i < 13 && label[i]; i++)
		block[1 + i] = (uint8_t)label[i];
	block[14] = (uint8_t)(bits >> 8);
	block[15] = (uint8_t)bits;
}

#endif
