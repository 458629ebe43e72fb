/* SPDX-License-Identifier: MIT */
/* Classes of characters in the C locale; c is an unsigned char or -1. */
#ifndef _OE_CTYPE_H
#define _OE_CTYPE_H

#include <openenclave/bits/defs.h>

OE_INLINE int oe_isupper(int c)
{
	return c >= 'A' && c <= 'Z';
}

OE_INLINE int oe_islower(int c)
{
	return c >= 'a' && c <= 'z';
}

OE_INLINE int oe_isalpha(int c)
{
	return oe_isupper(c) || oe_islower(c);
}

OE_INLINE int oe_isdigit(int c)
{
	return c >= '0' && c <= '9';
}

OE_INLINE int oe_isalnum(int c)
{
	return oe_isalpha(c) || oe_isdigit(c);
}

OE_INLINE int oe_isxdigit(int c)
{
	return oe_isdigit(c) || (c >= 'A' && c <= 'F') ||
		(c >= 'a' && c <= 'f');
}

OE_INLINE int oe_isspace(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

OE_INLINE int oe_isgraph(int c)
{
	return c > ' ' && c < 127;
}

OE_INLINE int oe_isprint(int c)
{
	return c >= ' ' && c < 127;
}

OE_INLINE int oe_ispunct(int c)
{
	return oe_isgraph(c) && !oe_isalnum(c);
}

OE_INLINE int oe_iscntrl(int c)
{
	return (c >= 0 && c < ' ') || c == 127;
}

OE_INLINE int oe_tolower(int c)
{
	return oe_isupper(c) ? c + ('a' - 'A') : c;
}

OE_INLINE int oe_toupper(int c)
{
	return oe_islower(c) ? c - ('a' - 'A') : c;
}

#endif
