/* SPDX-License-Identifier: MIT */
/*
 * Functions that GCC and glibc's headers call in place of the plain ones
 * under _FORTIFY_SOURCE, so that libraries which were compiled for glibc
 * (Debian's mbedTLS) can be linked. A size that does not fit ends the
 * enclave, as there it ends the program.
 */
#include <openenclave/enclave.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>

void *__memcpy_chk(void *to, const void *from, size_t n, size_t room);
void *__memmove_chk(void *to, const void *from, size_t n, size_t room);
void *__memset_chk(void *to, int c, size_t n, size_t room);
char *__strcpy_chk(char *to, const char *from, size_t room);
char *__strncpy_chk(char *to, const char *from, size_t n, size_t room);
char *__strcat_chk(char *to, const char *from, size_t room);
char *__strncat_chk(char *to, const char *from, size_t n, size_t room);
int __printf_chk(int flag, const char *format, ...);
int __fprintf_chk(FILE *file, int flag, const char *format, ...);
int __vfprintf_chk(FILE *file, int flag, const char *format, va_list list);
int __sprintf_chk(char *to, int flag, size_t room, const char *format, ...);
int __snprintf_chk(char *to, size_t n, int flag, size_t room,
	const char *format, ...);
int __vsnprintf_chk(char *to, size_t n, int flag, size_t room,
	const char *format, va_list list);
long __fdelt_chk(long fd);
void __chk_fail(void) __attribute__((noreturn));

void __chk_fail(void)
{
	oe_abort();
}

void *__memcpy_chk(void *to, const void *from, size_t n, size_t room)
{
	if (n > room)
		__chk_fail();
	return memcpy(to, from, n);
}

void *__memmove_chk(void *to, const void *from, size_t n, size_t room)
{
	if (n > room)
		__chk_fail();
	return memmove(to, from, n);
}

void *__memset_chk(void *to, int c, size_t n, size_t room)
{
	if (n > room)
		__chk_fail();
	return memset(to, c, n);
}

char *__strcpy_chk(char *to, const char *from, size_t room)
{
	return __memcpy_chk(to, from, strlen(from) + 1, room);
}

char *__strncpy_chk(char *to, const char *from, size_t n, size_t room)
{
	if (n > room)
		__chk_fail();
	return strncpy(to, from, n);
}

char *__strcat_chk(char *to, const char *from, size_t room)
{
	size_t have = strnlen(to, room);

	if (have == room)
		__chk_fail();
	__memcpy_chk(to + have, from, strlen(from) + 1, room - have);
	return to;
}

char *__strncat_chk(char *to, const char *from, size_t n, size_t room)
{
	size_t have = strnlen(to, room), more = strnlen(from, n);

	if (have == room || more >= room - have)
		__chk_fail();
	memcpy(to + have, from, more);
	to[have + more] = 0;
	return to;
}

int __vfprintf_chk(FILE *file, int flag, const char *format, va_list list)
{
	return vfprintf(file, format, list);
}

int __fprintf_chk(FILE *file, int flag, const char *format, ...)
{
	va_list list;
	int n;

	va_start(list, format);
	n = vfprintf(file, format, list);
	va_end(list);
	return n;
}

int __printf_chk(int flag, const char *format, ...)
{
	va_list list;
	int n;

	va_start(list, format);
	n = vprintf(format, list);
	va_end(list);
	return n;
}

int __vsnprintf_chk(char *to, size_t n, int flag, size_t room,
	const char *format, va_list list)
{
	if (n > room)
		__chk_fail();
	return vsnprintf(to, n, format, list);
}

int __snprintf_chk(char *to, size_t n, int flag, size_t room,
	const char *format, ...)
{
	va_list list;
	int length;

	va_start(list, format);
	length = __vsnprintf_chk(to, n, flag, room, format, list);
	va_end(list);
	return length;
}

int __sprintf_chk(char *to, int flag, size_t room, const char *format, ...)
{
	size_t n = room > 0x7fffffff ? 0x7fffffff : room;
	va_list list;
	int length;

	va_start(list, format);
	length = vsnprintf(to, n, format, list);
	va_end(list);
	if (length >= 0 && (size_t)length >= n)
		__chk_fail();
	return length;
}

long __fdelt_chk(long fd)
{
	if (fd < 0 || fd >= FD_SETSIZE)
		__chk_fail();
	return fd / (long)(8 * sizeof(long));
}
