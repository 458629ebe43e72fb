/* SPDX-License-Identifier: MIT */
/*
 * What travels between the data owner and the enclave.  The host carries all
 * of it and can read none of it; it may change any byte, and is found out.
 *
 * Keys.  The owner makes one random 32-byte box key.  Each direction has its
 * own AES-256-GCM key, HKDF-SHA-256(box key, no salt, info = the label
 * below), so that nonces made by the owner and nonces made by the enclave can
 * never meet under one key.  Nonces are 12 random bytes.
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
 * The wrapped box key (ECIES over P-256): the owner makes a key pair for this
 * one message; the AES-256-GCM key is HKDF-SHA-256(ECDH x coordinate, salt =
 * both public points, message's first, info = the label below).
 *
 *   offset size  wrapped key
 *        0    8  magic
 *        8   65  the message's public point, uncompressed
 *       73    3  zero
 *       76   12  nonce
 *       88   32  encrypted box key
 *      120   16  tag; bytes 0 to 87 are authenticated with it
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
#define BOX_POINT_SIZE 65u
#define BOX_MAGIC_SIZE 8u
#define BOX_SEALED_MAGIC "CoffBox1"
#define BOX_WRAPPED_MAGIC "CoffKey1"

#define BOX_LABEL_RECORDS "sealed-box records 1"
#define BOX_LABEL_RESULT "sealed-box result 1"
#define BOX_LABEL_WRAP "sealed-box key wrap 1"

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

struct box_wrapped_key {
	uint8_t magic[BOX_MAGIC_SIZE];
	uint8_t point[BOX_POINT_SIZE];
	uint8_t zero[3];
	uint8_t nonce[BOX_NONCE_SIZE];
	uint8_t key[BOX_KEY_SIZE];
	uint8_t tag[BOX_TAG_SIZE];
};
_Static_assert(sizeof(struct box_wrapped_key) == 136, "wire format");
#define BOX_WRAPPED_AUTHENTICATED 88u

/* Bytes of a sealed message beyond its plaintext. */
#define BOX_OVERHEAD (sizeof(struct box_header) + BOX_TAG_SIZE)
#define BOX_PLAINTEXT_MAX (32u << 20)

#endif
