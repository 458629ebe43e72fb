/* SPDX-License-Identifier: MIT */
/* Memory and texts: as the C functions without the oe_. */
#ifndef _OE_STRING_H
#define _OE_STRING_H

#include <openenclave/bits/types.h>

OE_EXTERNC_BEGIN

void *oe_memcpy(void *to, const void *from, size_t n);
void *oe_memmove(void *to, const void *from, size_t n);
void *oe_memset(void *to, int c, size_t n);
int oe_memcmp(const void *a, const void *b, size_t n);
void *oe_memchr(const void *s, int c, size_t n);

size_t oe_strlen(const char *s);
size_t oe_strnlen(const char *s, size_t n);
int oe_strcmp(const char *a, const char *b);
int oe_strncmp(const char *a, const char *b, size_t n);
int oe_strcasecmp(const char *a, const char *b);
char *oe_strstr(const char *s, const char *what);
char *oe_strchr(const char *s, int c);
char *oe_strrchr(const char *s, int c);
/* Freed with oe_free; NULL without memory. */
char *oe_strdup(const char *s);
char *oe_strndup(const char *s, size_t n);
char *oe_strtok_r(char *s, const char *between, char **state);
/* Copy or append to a text of at most size bytes with its NUL; the length
 * that was wanted. */
size_t oe_strlcpy(char *to, const char *from, size_t size);
size_t oe_strlcat(char *to, const char *from, size_t size);
/* The text of an error number; constant. */
char *oe_strerror(int error);

/* Overwrite n bytes in a way that the compiler keeps: OE_OK's value 0, or 3
 * (invalid parameter) when n is more than to_size. */
int oe_memset_s(void *to, size_t to_size, int c, size_t n);
int oe_memcpy_s(void *to, size_t to_size, const void *from, size_t n);
int oe_memmove_s(void *to, size_t to_size, const void *from, size_t n);

OE_EXTERNC_END

#endif
