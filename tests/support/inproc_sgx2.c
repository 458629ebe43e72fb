/* SPDX-License-Identifier: MIT */
#include "inproc_sgx2.h"

#include <coffer/sgx_arch.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE ((uint64_t)SGX_PAGE_SIZE)
#define RIGHTS SGX_SECINFO_RWX
/* What EACCEPT compares. */
#define COMPARED (RIGHTS | SGX_SECINFO_PENDING | SGX_SECINFO_MODIFIED | 0xff00)

struct inproc_sgx2 inproc_sgx2;

/* flags as in SECINFO; 0: no page. */
struct inproc_pages {
	uint64_t base, size;
	volatile uint32_t lock;
	uint16_t flags[];
};

/* Called in signal handlers, so no lock of the C library's. */
static void lock(struct inproc_pages *p)
{
	while (__atomic_exchange_n(&p->lock, 1, __ATOMIC_ACQUIRE))
		;
}

static void unlock(struct inproc_pages *p)
{
	__atomic_store_n(&p->lock, 0, __ATOMIC_RELEASE);
}

struct inproc_pages *inproc_pages_new(uint64_t base, uint64_t size)
{
	struct inproc_pages *p = calloc(1, sizeof(*p)
		+ size / PAGE * sizeof(p->flags[0]));

	p->base = base;
	p->size = size;
	return p;
}

void inproc_pages_free(struct inproc_pages *p)
{
	free(p);
}

void inproc_pages_add(struct inproc_pages *p, uint64_t offset, uint64_t length,
	uint64_t flags)
{
	for (uint64_t at = 0; at < length; at += PAGE)
		p->flags[(offset + at) / PAGE] = (uint16_t)flags;
}

static uint16_t *page_at(struct inproc_pages *p, uint64_t address)
{
	return address % PAGE || address - p->base >= p->size ? NULL
		: &p->flags[(address - p->base) / PAGE];
}

/* What the page tables have for it. */
static void apply(uint64_t page, uint16_t flags)
{
	int prot = PROT_NONE;

	if ((flags & 0xff00) == SGX_SECINFO_REG && !(flags
			& (SGX_SECINFO_PENDING | SGX_SECINFO_MODIFIED))) {
		prot |= flags & SGX_SECINFO_R ? PROT_READ : 0;
		prot |= flags & SGX_SECINFO_W ? PROT_WRITE : 0;
		prot |= flags & SGX_SECINFO_X ? PROT_EXEC : 0;
	}
	mprotect((void *)page, PAGE, prot);
}

static void vanish(uint64_t page, uint16_t *flags)
{
	*flags = 0;
	madvise((void *)page, PAGE, MADV_DONTNEED);
	apply(page, 0);
}

/* EAUG, by the kernel's choice. */
static bool augment(uint16_t *flags)
{
	if (!inproc_sgx2.room)
		return false;
	inproc_sgx2.room--;
	inproc_sgx2.augmented++;
	*flags = SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_W
		| SGX_SECINFO_PENDING;
	return true;
}

static bool good_tcs(uint64_t page)
{
	const struct sgx_tcs *tcs = (const void *)page;
	bool good;

	mprotect((void *)page, PAGE, PROT_READ);
	good = !tcs->state && !tcs->flags && !tcs->aep && tcs->cssa < tcs->nssa
		&& (tcs->fslimit & 0xfff) == 0xfff
		&& (tcs->gslimit & 0xfff) == 0xfff;
	for (size_t i = 0; i < sizeof(tcs->reserved); i++)
		good = good && !tcs->reserved[i];
	return good;
}

static int64_t accept(uint16_t *flags, uint64_t request, uint64_t page,
	bool *tcs)
{
	const uint64_t type = request & 0xff00;
	const bool modified = request & SGX_SECINFO_MODIFIED;

	if (type == SGX_SECINFO_REG ? modified || !(request
			& (SGX_SECINFO_PENDING | SGX_SECINFO_PR))
		: !modified || (type != SGX_SECINFO_TCS
			&& type != SGX_SECINFO_TRIM))
		return -1;
	if (!*flags && !augment(flags))
		return -1;
	if ((*flags ^ request) & COMPARED)
		return SGX_PAGE_ATTRIBUTES_MISMATCH;
	if (type == SGX_SECINFO_TCS) {
		if (!good_tcs(page))
			return -1;
		*tcs = true;
		inproc_sgx2.tcs++;
	}
	*flags &= (uint16_t)~(SGX_SECINFO_PENDING | SGX_SECINFO_MODIFIED
		| SGX_SECINFO_PR);
	if (type != SGX_SECINFO_TCS)
		apply(page, *flags);
	return 0;
}

int64_t inproc_eaccept(struct inproc_pages *p, uint64_t request,
	uint64_t page, bool *tcs)
{
	uint16_t *flags = page_at(p, page);
	int64_t r = -1;

	*tcs = false;
	if (!flags)
		return -1;
	lock(p);
	r = accept(flags, request, page, tcs);
	unlock(p);
	return r;
}

int64_t inproc_emodpe(struct inproc_pages *p, uint64_t request, uint64_t page)
{
	uint16_t *flags = page_at(p, page);
	int64_t r = -1;

	if (!flags)
		return -1;
	lock(p);
	if ((*flags & 0xff00) == SGX_SECINFO_REG && !(*flags
			& (SGX_SECINFO_PENDING | SGX_SECINFO_MODIFIED))) {
		*flags |= (uint16_t)(request & RIGHTS);
		apply(page, *flags);
		r = SGX_EMODPE;
	}
	unlock(p);
	return r;
}

typedef int (*one_page)(uint16_t *flags, uint64_t page, uint64_t value);

static int restrict_page(uint16_t *flags, uint64_t page, uint64_t value)
{
	if ((*flags & 0xff00) != SGX_SECINFO_REG
			|| *flags & SGX_SECINFO_PENDING)
		return -EFAULT;
	*flags &= (uint16_t)(value | ~RIGHTS);
	*flags |= SGX_SECINFO_PR;
	apply(page, *flags);
	inproc_sgx2.restricted++;
	return 0;
}

static int modify_page(uint16_t *flags, uint64_t page, uint64_t value)
{
	if ((*flags & 0xff00) != SGX_SECINFO_REG
			|| *flags & SGX_SECINFO_PENDING
			|| (value != SGX_PT_TCS && value != SGX_PT_TRIM))
		return -EFAULT;
	*flags = (uint16_t)(value << 8 | SGX_SECINFO_MODIFIED);
	apply(page, *flags);
	inproc_sgx2.trimmed += value == SGX_PT_TRIM;
	return 0;
}

static int remove_page(uint16_t *flags, uint64_t page, uint64_t value)
{
	(void)value;
	if ((*flags & 0xff00) != SGX_SECINFO_TRIM
			|| *flags & SGX_SECINFO_MODIFIED)
		return -EPERM;
	vanish(page, flags);
	inproc_sgx2.removed++;
	inproc_sgx2.room++;
	return 0;
}

static int verb(struct inproc_pages *p, uint64_t offset, uint64_t length,
	uint64_t value, uint64_t *done, one_page one)
{
	const uint64_t all = length;
	int r = 0;

	*done = 0;
	if (inproc_sgx2.play == PLAY_REFUSE || !inproc_sgx2.sgx2)
		return -EPERM;
	if (inproc_sgx2.play == PLAY_WRONG_TYPE)
		value = value == SGX_PT_TCS ? SGX_PT_TRIM : SGX_PT_TCS;
	if (inproc_sgx2.play == PLAY_PRETEND)
		length = 0;
	if (inproc_sgx2.play == PLAY_HALF)
		length = length / PAGE / 2 * PAGE;
	lock(p);
	for (; !r && *done < length; *done += r ? 0 : PAGE)
		r = one(&p->flags[(offset + *done) / PAGE],
			p->base + offset + *done, value);
	unlock(p);
	if (inproc_sgx2.play != PLAY_HONEST)
		*done = all;
	return r;
}

int inproc_restrict(struct inproc_pages *p, uint64_t offset, uint64_t length,
	uint64_t value, uint64_t *done)
{
	return verb(p, offset, length, value, done, restrict_page);
}

int inproc_modify(struct inproc_pages *p, uint64_t offset, uint64_t length,
	uint64_t value, uint64_t *done)
{
	return verb(p, offset, length, value, done, modify_page);
}

int inproc_remove(struct inproc_pages *p, uint64_t offset, uint64_t length,
	uint64_t *done)
{
	return verb(p, offset, length, 0, done, remove_page);
}

void inproc_steal(struct inproc_pages *p, uint64_t page)
{
	uint16_t *flags = page_at(p, page);

	lock(p);
	vanish(page, flags);
	unlock(p);
}

void inproc_augment(struct inproc_pages *p, uint64_t page)
{
	uint16_t *flags = page_at(p, page);

	lock(p);
	if (!*flags)
		augment(flags);
	apply(page, *flags);
	unlock(p);
}
