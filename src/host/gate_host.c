/* SPDX-License-Identifier: MIT */
#include "gate_host.h"
#include "fetch.h"
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct gate_host {
	struct gate_host_config config;
	struct fetch *fetch;
	uint32_t dead;
	uint64_t tcs[];
};

static long futex(uint32_t *word, int op, uint32_t value,
	const struct timespec *timeout)
{
	return syscall(SYS_futex, word, op, value, timeout, NULL, 0);
}

struct gate_host *gate_host_new(const struct gate_host_config *config)
{
	struct gate_host *g;

	g = calloc(1, sizeof(*g) + config->count * sizeof(g->tcs[0]));
	if (g == NULL)
		return NULL;
	g->config = *config;
	memcpy(g->tcs, config->tcs, config->count * sizeof(g->tcs[0]));
	g->fetch = fetch_new(config->slot_alloc, config->slot_free);
	if (g->fetch == NULL) {
		free(g);
		return NULL;
	}
	return g;
}

void gate_host_free(struct gate_host *g)
{
	if (g == NULL)
		return;
	fetch_free(g->fetch);
	free(g);
}

void gate_host_dead(struct gate_host *g)
{
	__atomic_store_n(&g->dead, 1, __ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < g->config.count; i++) {
		struct gate_mailbox *box = &g->config.boxes[i];

		__atomic_store_n(&box->dead, 1, __ATOMIC_SEQ_CST);
		futex(&box->word, FUTEX_WAKE, INT_MAX, NULL);
	}
}

static bool is_answered(const struct gate_mailbox *box)
{
	return __atomic_load_n(&box->word, __ATOMIC_ACQUIRE) == GATE_HOST;
}

static bool is_dead(const struct gate_mailbox *box)
{
	return __atomic_load_n(&box->dead, __ATOMIC_ACQUIRE) != 0;
}

/* Sleep until the answer is there or a second has passed. */
static void sleep_on(struct gate_host *g, struct gate_mailbox *box)
{
	const struct timespec second = { .tv_sec = 1 };

	__atomic_store_n(&box->host_sleeps, 1, __ATOMIC_RELAXED);
	gate_fence();
	if (!is_answered(box) && !is_dead(box)
	    && futex(&box->word, FUTEX_WAIT, GATE_CELL, &second) != 0
	    && errno == ETIMEDOUT && !g->config.alive(g->config.context))
		gate_host_dead(g);
	__atomic_store_n(&box->host_sleeps, 0, __ATOMIC_RELAXED);
}

/* Wait until the cell has answered.  0, or -ENODEV. */
static int wait_for_answer(struct gate_host *g, struct gate_mailbox *box)
{
	for (int i = 0; i < GATE_SPIN_PAUSES; i++) {
		if (is_answered(box))
			return 0;
		__builtin_ia32_pause();
	}
	for (int i = 0; i < GATE_SPIN_YIELDS; i++) {
		if (is_answered(box))
			return 0;
		sched_yield();
	}
	while (!is_answered(box)) {
		if (is_dead(box))
			return -ENODEV;
		sleep_on(g, box);
	}
	return 0;
}

/* Hand the mailbox to the cell and wait.  0, or -ENODEV. */
static int post(struct gate_host *g, struct gate_mailbox *box, uint32_t what)
{
	box->what = what;
	gate_pass(box, GATE_CELL);
	if (__builtin_expect(box->cell_sleeps | box->dead, 0)) {
		if (is_dead(box))
			return -ENODEV;
		futex(&box->word, FUTEX_WAKE, 1, NULL);
	}
	return wait_for_answer(g, box);
}

struct unmap_context {
	struct gate_host *g;
	struct gate_mailbox *box;
};

static void unmap_page(void *context, uint64_t page)
{
	struct unmap_context *c = context;

	c->box->reg[0] = page;
	/* A dead machine shows at the entry that follows. */
	if (post(c->g, c->box, GATE_DO_UNMAP) != 0)
		return;
}

/* The fault that entering a page that is no free TCS gives. */
static int refuse_entry(struct gate_host *g, struct drv_call *c, bool busy)
{
	bool aligned = (c->tcs & (SGX_PAGE_SIZE - 1)) == 0;

	c->vector = aligned && !busy ? SGX_VECTOR_PF : SGX_VECTOR_GP;
	c->error_code = c->vector == SGX_VECTOR_PF
		? SGX_PF_U | (c->tcs - g->config.el_base < g->config.el_size
				? SGX_PF_P | SGX_PF_SGX : 0)
		: 0;
	c->address = c->vector == SGX_VECTOR_PF ? c->tcs : 0;
	return 0;
}

static struct gate_mailbox *box_of(struct gate_host *g,
	const struct drv_call *c)
{
	uint32_t i = c->tcs_index;

	if (__builtin_expect(i < g->config.count && g->tcs[i] == c->tcs, 1))
		return &g->config.boxes[i];
	for (i = 0; i < g->config.count; i++)
		if (g->tcs[i] == c->tcs)
			return &g->config.boxes[i];
	return NULL;
}

/* Memory of the host that a fault may have meant, and the arena is not. */
static bool is_host_memory(const struct gate_host *g, uint64_t address)
{
	const struct gate_host_config *k = &g->config;

	return address - k->el_base >= k->el_size
		&& address - k->arena_va >= k->arena_size;
}

/* A fault: true if a page of host memory was fetched for it and the request
 * that maps it and resumes is in the box. */
static bool serve_fault(struct gate_host *g, struct gate_mailbox *box,
	const struct drv_call *c)
{
	uint64_t slot;
	bool writable;

	if (c->vector != SGX_VECTOR_PF || !is_host_memory(g, c->address))
		return false;
	if (fetch_page(g->fetch, c->address, (c->error_code & SGX_PF_W) != 0,
		    &slot, &writable) != 0)
		return false;
	box->reg[0] = c->address & ~(uint64_t)(SGX_PAGE_SIZE - 1);
	box->reg[1] = slot;
	box->reg[2] = writable;
	return true;
}

static void take_fault(struct drv_call *c, const struct gate_mailbox *box)
{
	c->vector = (uint16_t)box->reg[0];
	c->error_code = (uint16_t)box->reg[1];
	c->address = box->reg[2];
}

/* From a posted request to the end of the visit. */
static int visit(struct gate_host *g, struct gate_mailbox *box,
	struct drv_call *c, uint32_t request)
{
	uint32_t leaf = c->function;

	for (;;) {
		int r = post(g, box, request);

		if (__builtin_expect(r != 0, 0))
			return r;
		switch (box->what) {
		case GATE_DID_EEXIT:
			c->rdi = box->reg[0];
			c->rsi = box->reg[1];
			c->rdx = box->reg[2];
			c->r8 = box->reg[3];
			c->r9 = box->reg[4];
			c->function = SGX_EEXIT;
			return 0;
		case GATE_DID_INTERRUPT:
			leaf = SGX_ERESUME;
			request = GATE_DO_ERESUME;
			continue;
		case GATE_DID_FAULT:
			take_fault(c, box);
			leaf = SGX_ERESUME;
			request = GATE_DO_MAP;
			if (serve_fault(g, box, c))
				continue;
			c->function = SGX_ERESUME;
			return 0;
		case GATE_DID_NOT_ENTER:
			take_fault(c, box);
			c->function = leaf;
			return 0;
		case GATE_DID_REFUSE:
			/* The page cannot be mapped there: the fault stands. */
			if (request == GATE_DO_MAP) {
				c->function = SGX_ERESUME;
				return 0;
			}
			return -ENODEV;
		default:
			return -ENODEV; /* scribbled over by an enclave */
		}
	}
}

int gate_host_enter(struct gate_host *g, struct drv_call *c)
{
	struct gate_mailbox *box = box_of(g, c);
	int r;

	if (c->function != SGX_EENTER && c->function != SGX_ERESUME)
		return -EINVAL;
	if (__atomic_load_n(&g->dead, __ATOMIC_ACQUIRE))
		return -ENODEV;
	if (box == NULL)
		return refuse_entry(g, c, false);
	if (__builtin_expect(!is_answered(box), 0))
		return refuse_entry(g, c, true);
	if (__builtin_expect(fetch_any(g->fetch), 0)) {
		struct unmap_context context = { g, box };

		fetch_refresh(g->fetch, unmap_page, &context);
	}
	box->reg[0] = c->rdi;
	box->reg[1] = c->rsi;
	box->reg[2] = c->rdx;
	box->reg[3] = c->r8;
	box->reg[4] = c->r9;
	box->reg[5] = (uintptr_t)__builtin_frame_address(0);
	box->reg[6] = 0;
	r = visit(g, box, c, c->function == SGX_EENTER
		? GATE_DO_EENTER : GATE_DO_ERESUME);
	if (__builtin_expect(fetch_any(g->fetch), 0))
		fetch_merge(g->fetch);
	return r;
}
