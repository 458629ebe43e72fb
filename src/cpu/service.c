/* SPDX-License-Identifier: MIT */
/*
 * Leaves and pages for a running cell: its threads ring a doorbell, a thread
 * here per cell answers, and gives the cell the storage that it was offered.
 * Everything in the control region is the cell's word: each value is read
 * once, and the identity that a leaf works for is the space's, whatever the
 * cell says.
 */
#include "secret_heap.h"
#include "space.h"
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STACK_SIZE (64u * 1024u)
#define TAKE_LOOK_MS 10u

struct service_arg {
	struct engine_cell *e;
	struct space *s;
};

static void ask_machine(struct engine_cell *e, struct engine_request *q)
{
	const struct engine_events *on = &e->config.events;

	if (q->leaf == CELL_ASK_PAGE) {
		q->leaf = ENGINE_ASK_PAGE;
		on->page(on->ctx, q);
	} else if (q->leaf == CELL_ASK_TCS) {
		on->tcs(on->ctx, q);
	} else {
		on->enclu(on->ctx, q);
	}
}

static uint32_t kind_of(enum engine_answer answer)
{
	switch (answer) {
	case ENGINE_RESULT: return CELL_SERVICE_RESULT;
	case ENGINE_FAULT: return CELL_SERVICE_FAULT;
	default: return CELL_SERVICE_RETRY;
	}
}

static void write_maps(struct cell_service *slot,
	const struct engine_request *q)
{
	slot->maps = q->maps;
	for (uint32_t i = 0; i < q->maps; i++)
		slot->map[i] = (struct cell_order){
			.action = CELL_MAP, .va = q->map[i].va,
			.length = q->map[i].count * (uint64_t)SGX_PAGE_SIZE,
			.home = q->map[i].where,
			.prot = (uint32_t)prot_of_rwx(q->map[i].rwx),
		};
}

static void answer(struct engine_cell *e, struct space *s, uint32_t thread)
{
	struct cell_service *slot = &s->control->service[thread];
	volatile struct cell_service *in = slot;
	struct engine_request q = {
		.space = s->number, .thread = thread,
		.serial = __atomic_add_fetch(&s->serial[thread], 1,
			__ATOMIC_SEQ_CST),
		.leaf = in->leaf, .rax = in->rax, .rbx = in->rbx,
		.rcx = in->rcx, .rdx = in->rdx,
	};

	ask_machine(e, &q);
	slot->rax = q.rax;
	slot->kind = kind_of(q.answer);
	slot->flags_changed = q.writes_flags;
	slot->zf = q.zf;
	slot->vector = q.vector;
	slot->error_code = q.error_code;
	slot->address = q.address;
	write_maps(slot, &q);
	__atomic_store_n(&slot->state, CELL_SERVICE_DONE, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&slot->cell_naps, __ATOMIC_SEQ_CST))
		futex_op(&slot->state, FUTEX_WAKE, 1, 0);
}

/* Answers whoever has asked; false: nobody had. */
static bool answer_all(struct engine_cell *e, struct space *s)
{
	bool found = false;

	for (uint32_t i = 0; i < s->tcs_slots; i++) {
		if (__atomic_load_n(&s->control->service[i].state,
			    __ATOMIC_ACQUIRE) != CELL_SERVICE_ASKED)
			continue;
		answer(e, s, i);
		found = true;
	}
	return found;
}

static bool rang(const struct cell_control *c, uint32_t bell)
{
	return __atomic_load_n(&c->doorbell, __ATOMIC_ACQUIRE) != bell;
}

/* As gate.h: awake for a moment, then asleep; not for long while the cell may
 * be on its way from the bell to the call that takes storage. */
static void await_bell(struct space *s, uint32_t bell)
{
	struct cell_control *c = s->control;
	unsigned ms = store_is_taken(&s->store) ? 0 : TAKE_LOOK_MS;

	for (int i = 0; i < GATE_SPIN_PAUSES; i++) {
		if (rang(c, bell))
			return;
		__builtin_ia32_pause();
	}
	for (int i = 0; i < GATE_SPIN_YIELDS; i++) {
		if (rang(c, bell))
			return;
		sched_yield();
	}
	__atomic_store_n(&c->cpu_naps, 1, __ATOMIC_SEQ_CST);
	futex_op(&c->doorbell, FUTEX_WAIT, bell, ms);
	__atomic_store_n(&c->cpu_naps, 0, __ATOMIC_SEQ_CST);
}

static void *serve(void *arg)
{
	struct service_arg *a = arg;
	struct engine_cell *e = a->e;
	struct space *s = a->s;

	__atomic_store_n(&s->service_tid, gettid(), __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&s->stopping, __ATOMIC_ACQUIRE)) {
		uint32_t bell = __atomic_load_n(&s->control->doorbell,
			__ATOMIC_SEQ_CST);

		if (answer_all(e, s)) {
			e->config.events.idle(e->config.events.ctx,
				s->number);
			continue;
		}
		/* Whoever rang and asks for nothing takes storage. */
		store_deliver(&s->store, s->listener, 1);
		await_bell(s, bell);
	}
	return NULL;
}

int service_start(struct engine_cell *e, struct space *s)
{
	struct service_arg *a = aligned_alloc(4096, STACK_SIZE);
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	if (a == NULL)
		return -ENOMEM;
	/* The argument lies at the far end of the thread's own stack. */
	*a = (struct service_arg){ .e = e, .s = s };
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, (char *)a + 4096, STACK_SIZE - 4096);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	r = pthread_create(&thread, &attr, serve, a);
	pthread_attr_destroy(&attr);
	if (r != 0) {
		free(a);
		return -r;
	}
	s->service_stack = a;
	s->has_service = true;
	return 0;
}

/* Not pthread_join: it sleeps on a shared futex in the thread's stack, and the
 * kernel has none on secret memory.  Soon over: the thread is on its way. */
static void await_exit(struct space *s)
{
	const struct timespec nap = { .tv_nsec = 50000 };
	pid_t tid;

	while ((tid = __atomic_load_n(&s->service_tid, __ATOMIC_SEQ_CST)) == 0
	       || tgkill(getpid(), tid, 0) == 0)
		nanosleep(&nap, NULL);
}

void service_stop(struct space *s)
{
	if (!s->has_service)
		return;
	__atomic_store_n(&s->stopping, true, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&s->control->doorbell, 1, __ATOMIC_SEQ_CST);
	futex_op(&s->control->doorbell, FUTEX_WAKE, INT_MAX, 0);
	await_exit(s);
	s->has_service = false;
	free(s->service_stack);
}
