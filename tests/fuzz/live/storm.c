/* SPDX-License-Identifier: MIT */
#include "storm.h"
#include "common/msg.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define PAGE 4096ull
enum { OP_READ = 3, OP_WRITE = 4 };

/* --- the processor, from outside ---------------------------------------- */

void storm_host(struct bare_cpu *host, const struct bare_cpu *machine)
{
	*host = *machine;
	host->arena_used = 0;
	host->arena_fd = memfd_create("arena", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(host->arena_fd, (off_t)host->arena_size), 0);
	assert_int_equal(fcntl(host->arena_fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	host->arena = mmap(NULL, host->arena_size, PROT_READ | PROT_WRITE,
		MAP_SHARED, host->arena_fd, 0);
	assert_ptr_not_equal(host->arena, MAP_FAILED);
}

void storm_host_end(struct bare_cpu *host)
{
	munmap(host->arena, host->arena_size);
	close(host->arena_fd);
}

void storm_alive(struct bare_cpu *c)
{
	int status = 0;

	if (waitpid(c->pid, &status, WNOHANG) != 0)
		fail_msg("%s: the processor has ended (status 0x%x), seed %llu",
			chance_name, status, (unsigned long long)chance_seed);
}

unsigned storm_events(struct bare_cpu *c, uint32_t *enclaves, unsigned max)
{
	struct door_event event;
	unsigned n = 0;

	while (msg_recv(c->events, &event, sizeof(event), NULL, NULL,
		       MSG_DONTWAIT) == sizeof(event))
		if (n < max)
			enclaves[n++] = event.enclave;
	return n;
}

long storm_descriptors(pid_t pid)
{
	char path[64];
	long n = 0;

	for (int i = 0; i < 4096; i++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, i);
		n += faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	}
	return n;
}

long storm_resident(pid_t pid)
{
	char path[64];
	long pages = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	f = fopen(path, "re");
	if (f != NULL && fscanf(f, "%*d %ld", &pages) != 1)
		pages = -1;
	if (f != NULL)
		fclose(f);
	return pages * 4;
}

/* --- work --------------------------------------------------------------- */

/* False when the work has to end. */
static bool visit(struct work *w, uint64_t op, uint64_t at, uint64_t value,
	uint64_t *answer)
{
	struct drv_call c = {
		.rdi = op, .rsi = at, .rdx = value, .function = SGX_EENTER,
	};
	int r = bare_enter(&w->enclave, 0, &c);

	*answer = c.rsi;
	if (r == 0 && c.function == SGX_EEXIT)
		return true;
	w->ended = true;
	if (!w->may_end)
		snprintf(w->wrong, sizeof(w->wrong), "operation %llu at %llx: "
			"%d, vector %u code 0x%x address 0x%llx",
			(unsigned long long)op, (unsigned long long)at, r,
			c.vector, c.error_code, (unsigned long long)c.address);
	return false;
}

static bool one(struct work *w)
{
	uint64_t i = chance_below(&w->chance, w->pages * WORK_WORDS);
	uint64_t at = w->enclave.base + BARE_MORE_OFFSET + i / WORK_WORDS * PAGE
		+ i % WORK_WORDS * 1000, got;

	if (chance_one_in(&w->chance, 3)) {
		uint64_t value = chance_next(&w->chance);

		if (!visit(w, OP_WRITE, at, value, &got))
			return false;
		w->expected[i] = value;
	} else {
		if (!visit(w, OP_READ, at, 0, &got))
			return false;
		if (got != w->expected[i]) {
			snprintf(w->wrong, sizeof(w->wrong), "word %llu is "
				"%llx, not %llx", (unsigned long long)i,
				(unsigned long long)got,
				(unsigned long long)w->expected[i]);
			return false;
		}
	}
	return true;
}

static void *work_thread(void *argument)
{
	struct work *w = argument;

	while (!__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE)) {
		if (__atomic_load_n(&w->pause, __ATOMIC_ACQUIRE)) {
			__atomic_store_n(&w->paused, 1, __ATOMIC_RELEASE);
			chance_nap(200);
			continue;
		}
		__atomic_store_n(&w->paused, 0, __ATOMIC_RELEASE);
		if (!one(w))
			break;
		/* Now and then the others get a turn. */
		if (__atomic_fetch_add(&w->rounds, 1, __ATOMIC_RELAXED) % 16 == 0)
			chance_nap(1000);
	}
	__atomic_store_n(&w->paused, 2, __ATOMIC_RELEASE);
	return NULL;
}

void work_start(struct work *w, struct bare_cpu *machine, unsigned pages,
	bool may_end, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	storm_host(&w->cpu, machine);
	w->pages = pages;
	w->may_end = may_end;
	w->chance.state = seed;
	w->expected = calloc(pages * WORK_WORDS, sizeof(uint64_t));
	assert_non_null(w->expected);
	bare_more_pages = pages;
	bare_build(&w->cpu, &w->enclave, 1);
	assert_int_equal(pthread_create(&w->thread, NULL, work_thread, w), 0);
}

void work_pause(struct work *w, bool pause)
{
	__atomic_store_n(&w->pause, pause, __ATOMIC_RELEASE);
	while (pause && !__atomic_load_n(&w->paused, __ATOMIC_ACQUIRE))
		chance_nap(100);
	if (!pause)
		while (__atomic_load_n(&w->paused, __ATOMIC_ACQUIRE) == 1)
			chance_nap(100);
}

void work_check(const struct work *w)
{
	if (w->wrong[0] != 0)
		fail_msg("%s, seed %llu: %s", chance_name,
			(unsigned long long)chance_seed, w->wrong);
}

void work_end(struct work *w)
{
	struct door_enclave stop = {
		.h = { DOOR_STOP, sizeof(stop) }, .enclave = w->enclave.number,
	};
	struct door_reply r;

	__atomic_store_n(&w->stop, 1, __ATOMIC_RELEASE);
	if (w->may_end) {
		/* It may wait for an answer that never comes. */
		bare_ask(&w->cpu, &stop, sizeof(stop), -1, &r, sizeof(r));
		gate_host_dead(w->enclave.gate);
	}
	pthread_join(w->thread, NULL);
	work_check(w);
	bare_remove(&w->enclave);
	storm_host_end(&w->cpu);
	free(w->expected);
}

/* --- a storm ------------------------------------------------------------ */

static void live(struct storm *s)
{
	uint32_t lost[16];
	unsigned n;

	s->host.arena_used = 0;
	bare_more_pages = 300;
	s->live(s);
	s->lives++;
	n = storm_events(&s->cpu, lost, 16);
	for (unsigned i = 0; i < n; i++)
		assert_int_not_equal(lost[i], s->honest.enclave.number);
	storm_alive(&s->cpu);
	work_check(&s->honest);
}

void storm_run(struct storm *s)
{
	struct door_machine_reply m;
	long descriptors, resident;
	uint64_t worked;

	chance_open(s->name, &s->chance);
	bare_epc_pages = "768";
	bare_start(&s->cpu, NULL);
	descriptors = storm_descriptors(s->cpu.pid);
	storm_host(&s->host, &s->cpu);
	work_start(&s->honest, &s->cpu, 600, false, chance_next(&s->chance));
	live(s);
	resident = storm_resident(s->cpu.pid);
	while (chance_going())
		live(s);
	worked = s->honest.rounds;
	assert_true(worked > 0);
	work_end(&s->honest);
	m = bare_machine(&s->cpu);
	printf("%s: %llu ", s->name, (unsigned long long)s->lives);
	s->tell(s);
	printf("; %llu right answers beside them, %llu pages in, %llu out; "
		"resident %ld, later %ld KiB\n", (unsigned long long)worked,
		(unsigned long long)m.page_ins,
		(unsigned long long)m.page_outs, resident,
		storm_resident(s->cpu.pid));
	assert_int_equal(m.enclaves, 0);
	assert_int_equal(m.epc_used, 0);
	assert_int_equal(m.swap_pages, 0);
	assert_int_equal(storm_descriptors(s->cpu.pid), descriptors);
	assert_true(storm_resident(s->cpu.pid) < resident + (64 << 10));
	storm_alive(&s->cpu);
	storm_host_end(&s->host);
	bare_stop(&s->cpu);
}
