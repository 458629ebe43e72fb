/* SPDX-License-Identifier: MIT */
/*
 * Texts that carry bytes: PEM, hexadecimal.  Strict: every text that is
 * accepted has one meaning, and every meaning one text but for line breaks
 * and case of hexadecimal digits.
 */
#ifndef COFFER_ATTEST_TEXT_PRIV_H
#define COFFER_ATTEST_TEXT_PRIV_H

#include "attest/collateral.h"

#include <stdbool.h>

/* Without NULs at the end. */
struct attest_bytes attest_text_trim(struct attest_bytes text);

/*
 * The next PEM block with the given label ("CERTIFICATE"), decoded into a
 * new buffer that the caller frees; *text moves behind it and its line end.
 * 0; -ENODATA when only line ends are left; -EINVAL; -ENOMEM.
 */
int attest_text_pem_next(struct attest_bytes *text, const char *label,
	uint8_t **der, size_t *size);

/* Exactly 2 * size hexadecimal digits. */
bool attest_text_hex(const char *digits, size_t count, uint8_t *out,
	size_t size);

/* A whole text of hexadecimal digits, line ends at its end allowed, as a new
 * buffer.  0, -EINVAL, -ENOMEM. */
int attest_text_hex_all(struct attest_bytes text, uint8_t **out, size_t *size);

#endif
