/* SPDX-License-Identifier: MIT */
#include "hosting.h"

#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u

void answer(const char *format, ...)
{
	char line[1024];
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf(line, sizeof(line) - 1, format, list);
	va_end(list);
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n] = '\n';
	if (write(1, line, (size_t)n + 1) < 0)
		_exit(3);
}

bool loaded(oe_result_t result)
{
	if (result == OE_OK)
		answer("loaded");
	else
		answer("failed %s", oe_result_str(result));
	return result == OE_OK;
}

void answer_who(bool good, const uint8_t enclave[32], const uint8_t signer[32])
{
	char text[130] = "";

	for (size_t i = 0; good && i < 64; i++)
		snprintf(text + 2 * i + (i >= 32), 4, "%02x%s",
			i < 32 ? enclave[i] : signer[i - 32], i == 31 ? " " : "");
	answer("who %s", text);
}

void serve(bool (*command)(const char *line))
{
	char line[1024];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (!command(line))
			answer("failed %s", line);
	}
}

uint8_t *pages(size_t count)
{
	void *p = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void protect(void *start, size_t count, int rights)
{
	mprotect(start, count * PAGE, rights == PAGES_NONE ? PROT_NONE :
		rights == PAGES_READ ? PROT_READ : PROT_READ | PROT_WRITE);
}

void drop(void *start, size_t count)
{
	munmap(start, count * PAGE);
}

unsigned long long milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long long)t.tv_sec * 1000u +
		(unsigned long long)t.tv_nsec / 1000000u;
}
