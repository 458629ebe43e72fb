/* SPDX-License-Identifier: MIT */
/* An enclave with code and data that are encrypted in its image. */
#include <coffer/protected_code.h>
#include <openenclave/enclave.h>
#include <string.h>

#include "locked_t.h"

/* Text that a reader of the image would find. */
COFFER_PROTECTED_DATA static char first[] = "the marker of what is hidden";
COFFER_PROTECTED_DATA static char second[] = "another one, by a pointer";
/* Holds addresses, which are relocated after it is decrypted. */
COFFER_PROTECTED_DATA static const char *words[] = { first, second };

static uint8_t *volatile fault_at;

COFFER_PROTECTED_CODE static int secret_rule(int x)
{
	int sum = 0;

	for (int i = 1; i <= x; i++)
		sum += i * i ^ 0x5a5a;
	return sum;
}

int lk_unlock(const uint8_t *key, size_t size)
{
	return (int)coffer_unlock_code(key, size);
}

int lk_clear(int x)
{
	return x + 1;
}

int lk_secret(int x)
{
	return secret_rule(x);
}

void lk_words(char *text, int which)
{
	strncpy(text, words[which & 1], 63);
	text[63] = 0;
}

uint64_t lk_where(void)
{
	return (uint64_t)secret_rule;
}

/* What may be written is skipped over by one that could not: `mov [rdi], al`
 * has two bytes. */
static uint64_t on_fault(oe_exception_record_t *record)
{
	if (record->code != OE_EXCEPTION_PAGE_FAULT
			&& record->code != OE_EXCEPTION_ACCESS_VIOLATION)
		return OE_EXCEPTION_CONTINUE_SEARCH;
	fault_at = (uint8_t *)record->context->rdi;
	record->context->rip += 2;
	return OE_EXCEPTION_CONTINUE_EXECUTION;
}

/* 1 if the first byte of the protected function can be written, 0 if that is
 * a fault. */
int lk_write(void)
{
	uint8_t *at = (uint8_t *)secret_rule;
	uint8_t is = *at;

	fault_at = NULL;
	oe_add_vectored_exception_handler(false, on_fault);
	__asm__ volatile("movb %%al, (%%rdi)" : : "a"(is), "D"(at) : "memory");
	oe_remove_vectored_exception_handler(on_fault);
	return fault_at != at;
}
