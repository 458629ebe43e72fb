/* SPDX-License-Identifier: MIT */
/*
 * Code and data that are encrypted in the image and readable in no place but
 * the running enclave, once it has been given the key.
 *
 * What is to be protected goes into sections whose names begin with
 * COFFER_PROTECTED_PREFIX: single functions and objects by the two macros
 * below, whole object files by
 *     objcopy --prefix-alloc-sections=.protected FILE.o
 * (which takes their strings and tables along).  `oesign protect` encrypts
 * these sections in the linked image, AES-256-GCM, and writes the table below;
 * `oesign sign` comes after it, so that MRENCLAVE is that of the encrypted
 * image.  Until coffer_unlock_code() has returned OE_OK nothing in them may be
 * called or read.
 *
 * The pages are writable as well as executable until they are decrypted; after
 * that their rights are taken back to the linked ones where the processor has
 * SGX2.  Without SGX2 they stay writable by the enclave.
 */
#ifndef COFFER_PROTECTED_CODE_H
#define COFFER_PROTECTED_CODE_H

#include <openenclave/bits/result.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COFFER_PROTECTED_PREFIX ".protected"

/* A function: its instructions.  Constants that the compiler keeps elsewhere
 * (strings, tables of numbers) stay in the clear: see above for whole files. */
#define COFFER_PROTECTED_CODE                                                  \
	__attribute__((section(".protected.text"), noinline))
/* An initialised object. */
#define COFFER_PROTECTED_DATA __attribute__((section(".protected.data")))

/* The section of the table, which the runtime brings and oesign fills. */
#define COFFER_PROTECTED_SECTION ".coffer.protected"
#define COFFER_PROTECTED_VERSION 1u
#define COFFER_PROTECTED_RANGES 128u
#define COFFER_PROTECTED_KEY_SIZE 32u

enum { COFFER_PROTECTED_R = 1, COFFER_PROTECTED_W = 2, COFFER_PROTECTED_X = 4 };

struct coffer_protected_range {
	uint64_t rva; /* from the image's start */
	uint64_t size; /* bytes */
	uint8_t iv[12]; /* random */
	uint32_t rights; /* COFFER_PROTECTED_*: those that were linked */
	uint8_t tag[16];
};

struct coffer_protected_table {
	uint32_t size; /* bytes, of this object */
	uint32_t version;
	uint32_t count; /* of ranges; 0: nothing is protected */
	uint32_t reserved;
	/* SHA-256 of COFFER_PROTECTED_CHECK and the key: tells a wrong key
	 * from a changed image. */
	uint8_t key_check[32];
	struct coffer_protected_range range[COFFER_PROTECTED_RANGES];
};

/* What the tag of a range covers besides its bytes. */
struct coffer_protected_place {
	uint8_t label[16]; /* COFFER_PROTECTED_LABEL, zero padded */
	uint64_t rva, size;
	uint32_t index, count;
};

#define COFFER_PROTECTED_LABEL "coffer range 1"
#define COFFER_PROTECTED_CHECK "coffer protected code, key check 1"

/*
 * COMPILE ONLY IN ENCLAVE.  Decrypts everything, in place.  key, of
 * COFFER_PROTECTED_KEY_SIZE bytes, is the caller's to wipe.  One call
 * does it; a second with the same key changes nothing and returns OE_OK.
 *
 *   OE_INVALID_PARAMETER  no such key, or the wrong size
 *   OE_NOT_FOUND          the image has nothing protected
 *   OE_VERIFY_FAILED      another key: nothing was changed; or the image was
 *                         changed before it was signed: it stays unusable
 *   OE_FAILURE            decrypted, but the host did not take back the right
 *                         to write
 */
oe_result_t coffer_unlock_code(const uint8_t *key, size_t key_size);

#ifdef __cplusplus
}
#endif

#endif
