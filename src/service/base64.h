/* SPDX-License-Identifier: MIT */
/*
 * Base64 in the two alphabets of RFC 4648: the standard one, padded, for
 * certificates in "x5c"; the one for URLs, unpadded, for everything else in
 * tokens and requests (RFC 7515, section 2).
 */
#ifndef COFFER_SERVICE_BASE64_H
#define COFFER_SERVICE_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Both return a text of the caller's to free(), or NULL without memory. */
char *base64url_encode(const void *bytes, size_t size);
char *base64_encode(const void *bytes, size_t size);

/*
 * The bytes of a text: *bytes is the caller's to free(), and holds a NUL
 * (not counted) after *size bytes.  Returns 0, -EINVAL if the text is not
 * base64, -ENOMEM.
 *
 * base64url_decode takes the alphabet for URLs alone, no padding, and
 * unused bits that are zero, so that a text has one spelling: for tokens.
 * base64_decode_any takes either alphabet, padded or not, for members of
 * requests that clients in use spell differently.
 */
int base64url_decode(const char *text, size_t text_size, uint8_t **bytes,
		     size_t *size);
int base64_decode_any(const char *text, size_t text_size, uint8_t **bytes,
		      size_t *size);

#endif
