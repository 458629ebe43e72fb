/* SPDX-License-Identifier: MIT */
/* openenclave/corelibc/string.h and wchar.h. */
#include <string.h>
#include <strings.h>
#include <wchar.h>

#include <openenclave/bits/result.h>
#include <openenclave/corelibc/string.h>
#include <openenclave/corelibc/wchar.h>

void *oe_memcpy(void *to, const void *from, size_t n)
{
	return memcpy(to, from, n);
}

void *oe_memmove(void *to, const void *from, size_t n)
{
	return memmove(to, from, n);
}

void *oe_memset(void *to, int c, size_t n)
{
	return memset(to, c, n);
}

int oe_memcmp(const void *a, const void *b, size_t n)
{
	return memcmp(a, b, n);
}

void *oe_memchr(const void *s, int c, size_t n)
{
	return memchr(s, c, n);
}

size_t oe_strlen(const char *s)
{
	return strlen(s);
}

size_t oe_strnlen(const char *s, size_t n)
{
	return strnlen(s, n);
}

int oe_strcmp(const char *a, const char *b)
{
	return strcmp(a, b);
}

int oe_strncmp(const char *a, const char *b, size_t n)
{
	return strncmp(a, b, n);
}

int oe_strcasecmp(const char *a, const char *b)
{
	return strcasecmp(a, b);
}

char *oe_strstr(const char *s, const char *what)
{
	return strstr(s, what);
}

char *oe_strchr(const char *s, int c)
{
	return strchr(s, c);
}

char *oe_strrchr(const char *s, int c)
{
	return strrchr(s, c);
}

char *oe_strdup(const char *s)
{
	return strdup(s);
}

char *oe_strndup(const char *s, size_t n)
{
	return strndup(s, n);
}

char *oe_strtok_r(char *s, const char *between, char **state)
{
	return strtok_r(s, between, state);
}

size_t oe_strlcpy(char *to, const char *from, size_t size)
{
	return strlcpy(to, from, size);
}

size_t oe_strlcat(char *to, const char *from, size_t size)
{
	return strlcat(to, from, size);
}

char *oe_strerror(int error)
{
	return strerror(error);
}

int oe_memset_s(void *to, size_t to_size, int c, size_t n)
{
	if (!to || n > to_size)
		return OE_INVALID_PARAMETER;
	memset(to, c, n);
	__asm__ volatile("" : : "r"(to) : "memory");
	return OE_OK;
}

int oe_memmove_s(void *to, size_t to_size, const void *from, size_t n)
{
	if (!to || !from || n > to_size)
		return OE_INVALID_PARAMETER;
	memmove(to, from, n);
	return OE_OK;
}

int oe_memcpy_s(void *to, size_t to_size, const void *from, size_t n)
{
	const char *a = to, *b = from;

	if (!to || !from || n > to_size)
		return OE_INVALID_PARAMETER;
	if (a < b ? (size_t)(b - a) < n : (size_t)(a - b) < n)
		return OE_OVERLAPPED_COPY;
	memcpy(to, from, n);
	return OE_OK;
}

size_t oe_wcslen(const wchar_t *s)
{
	return wcslen(s);
}
