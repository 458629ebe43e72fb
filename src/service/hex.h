/* SPDX-License-Identifier: MIT */
#ifndef COFFER_SERVICE_HEX_H
#define COFFER_SERVICE_HEX_H

#include <stddef.h>

/* Bytes in lower-case hexadecimal: 2 * size digits and a NUL at text. */
void hex_write(const void *bytes, size_t size, char *text);

#endif
