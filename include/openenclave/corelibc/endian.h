/* SPDX-License-Identifier: MIT */
/* The byte order, and changing it. */
#ifndef _OE_ENDIAN_H
#define _OE_ENDIAN_H

#include <openenclave/bits/types.h>

#define OE_LITTLE_ENDIAN 1234
#define OE_BIG_ENDIAN 4321
#define OE_BYTE_ORDER OE_LITTLE_ENDIAN

#define oe_bswap_16(X) __builtin_bswap16(X)
#define oe_bswap_32(X) __builtin_bswap32(X)
#define oe_bswap_64(X) __builtin_bswap64(X)
#define oe_htons(X) __builtin_bswap16(X)
#define oe_ntohs(X) __builtin_bswap16(X)
#define oe_htonl(X) __builtin_bswap32(X)
#define oe_ntohl(X) __builtin_bswap32(X)

#endif
