/* SPDX-License-Identifier: MIT */
/*
 * What travels between the data owner and the enclave.  The host carries all
 * of it and can read none of it; it may change any byte, and is found out.
 *
 * Keys.  The owner makes one random 32-byte box key and puts it into a key
 * service, which releases it to the enclave that the owner named.  Records,
 * results and the enclave's protected code each have an AES-256-GCM key of
 * their own, HKDF-SHA-256(box key, no salt, info = the label below), so that
 * nonces made by the owner and nonces made by the enclave can never meet under
 * one key.  Nonces are 12 random bytes.
 *
 * A sealed message: header, ciphertext, 16-byte tag.  The whole header is the
 * additional authenticated data.
 *
 *   offset size  header
 *        0    8  magic
 *        8    4  kind
 *       12    4  zero
 *       16    8  size of the plaintext in bytes
 *       24   12  nonce
 *       36    4  zero
 *       40   32  bound: with kind RESULT the SHA-256 of the sealed message
 *                that was computed on, so that an old result cannot be passed
 *                off as a new one; else zero
 *
 * The evidence that comes with a result is an Open Enclave evidence whose
 * custom claims are BOX_LABEL_EVIDENCE, without its NUL, and the SHA-256 of the
 * sealed result.
 *
 * Numbers are little endian.
 */
#ifndef SEALED_BOX_FORMAT_H
#define SEALED_BOX_FORMAT_H

#include <stdint.h>

#define BOX_KEY_SIZE 32u
#define BOX_NONCE_SIZE 12u
#define BOX_TAG_SIZE 16u
#define BOX_HASH_SIZE 32u
#define BOX_MAGIC_SIZE 8u
#define BOX_SEALED_MAGIC "CoffBox1"

#define BOX_LABEL_RECORDS "sealed-box records 1"
#define BOX_LABEL_RESULT "sealed-box result 1"
#define BOX_LABEL_CODE "sealed-box code 1"
#define BOX_LABEL_EVIDENCE "sealed-box evidence 1"

enum box_kind { BOX_KIND_RECORDS = 1, BOX_KIND_RESULT = 2 };

struct box_header {
	uint8_t magic[BOX_MAGIC_SIZE];
	uint32_t kind;
	uint32_t zero;
	uint64_t size;
	uint8_t nonce[BOX_NONCE_SIZE];
	uint8_t zero2[4];
	uint8_t bound[BOX_HASH_SIZE];
};
_Static_assert(sizeof(struct box_header) == 72, "wire format");

/* Section of the enclave with two pins of coffer/key_release.h: whom the owner
 * trusts with releasing keys, and with tokens.  The owner puts them there before
 * signing. */
#define BOX_PIN_SECTION ".box.pin"
#define BOX_EVIDENCE_MAX (64u << 10)

/* Bytes of a sealed message beyond its plaintext. */
#define BOX_OVERHEAD (sizeof(struct box_header) + BOX_TAG_SIZE)
#define BOX_PLAINTEXT_MAX (32u << 20)

#endif
