/* SPDX-License-Identifier: MIT */
/*
 * What `coffer tamper` changes in a store of pages, and what it leaves.  That
 * the processor finds it is for other tests.
 */
#include "cpu/swap.h"
#include "freeze.h"
#include "vm/rates.h"
#include "tamper.h"
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#define GROUPS 3u
#define SLOTS (GROUPS * SWAP_GROUP)
#define SIZE (GROUPS * SWAP_GROUP_SIZE)
#define MINE 7u
#define OTHER 8u

static int g_fd;
static uint8_t g_before[SIZE], g_after[SIZE];

/* --- the store ---------------------------------------------------------- */

static struct swap_record *record(uint8_t *store, uint32_t slot)
{
	return (struct swap_record *)(void *)(store + swap_record_at(slot));
}

static uint8_t *page(uint8_t *store, uint32_t slot)
{
	return store + swap_page_at(slot);
}

static void fill(uint32_t slot, uint32_t enclave, uint64_t linaddr,
	uint64_t version)
{
	struct swap_record *r = record(g_before, slot);

	memset(r, 0, sizeof(*r));
	memset(page(g_before, slot), (int)(0x40 + slot + 37 * version), 4096);
	memset(r->pcmd.mac, (int)(0x80 + slot), sizeof(r->pcmd.mac));
	r->linaddr = linaddr;
	r->state = enclave ? SWAP_USED : SWAP_FREE;
	r->enclave = enclave;
	r->version = version;
}

static void save(void)
{
	assert_int_equal(pwrite(g_fd, g_before, SIZE, 0), SIZE);
}

static void load(void)
{
	struct stat st;

	assert_int_equal(fstat(g_fd, &st), 0);
	memset(g_after, 0, sizeof(g_after));
	assert_int_equal(pread(g_fd, g_after, SIZE, 0), st.st_size);
}

static uint64_t address(uint32_t slot)
{
	return 0x7f0000000000ull + slot * 4096ull;
}

/* Slots by turns: mine, the other's, free; from 36 on only mine and free. */
static int set_up(void **state)
{
	g_fd = memfd_create("store", MFD_CLOEXEC);
	memset(g_before, 0, sizeof(g_before));
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		uint32_t enclave = slot % 3 == 0 ? MINE : slot % 3 == 1 &&
			slot < 36 ? OTHER : 0;

		fill(slot, enclave, enclave ? address(slot) : 0, slot + 1);
	}
	save();
	return g_fd < 0;
}

static int tear_down(void **state)
{
	close(g_fd);
	return 0;
}

static bool is_mine(uint32_t slot)
{
	return record(g_before, slot)->enclave == MINE;
}

static struct tamper job(enum tamper_kind kind)
{
	return (struct tamper){ .kind = kind, .fd = g_fd, .enclave = MINE };
}

static int run(struct tamper t, struct tamper_result *result)
{
	struct why why = { "" };
	int r = tamper_do(&t, result, &why);

	assert_int_equal(why.text[0] != 0, r != 0);
	load();
	return r;
}

static unsigned bits(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;
	unsigned n = 0;

	for (size_t i = 0; i < size; i++)
		n += (unsigned)__builtin_popcount(x[i] ^ y[i]);
	return n;
}

static unsigned record_bits(uint32_t slot)
{
	return bits(record(g_before, slot), record(g_after, slot),
		sizeof(struct swap_record));
}

static unsigned page_bits(uint32_t slot)
{
	return bits(page(g_before, slot), page(g_after, slot), 4096);
}

static void nothing_changed(void)
{
	load();
	assert_memory_equal(g_before, g_after, SIZE);
}

/* --- flips -------------------------------------------------------------- */

static void flip_changes_one_bit_of_each_page(void **state)
{
	struct tamper_result result;

	assert_int_equal(run(job(TAMPER_FLIP), &result), 0);
	assert_int_equal(result.pages, SLOTS / 3);
	assert_int_equal(result.linaddr, address(0));
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		assert_int_equal(page_bits(slot), is_mine(slot));
		assert_int_equal(record_bits(slot), 0);
	}
}

/* Only what the MAC covers: a change elsewhere would be found by nobody. */
static void flip_meta_changes_one_bit_of_each_pcmd(void **state)
{
	struct tamper_result result;

	for (int round = 0; round < 50; round++) {
		save();
		assert_int_equal(run(job(TAMPER_FLIP_META), &result), 0);
		assert_int_equal(result.pages, SLOTS / 3);
		for (uint32_t slot = 0; slot < SLOTS; slot++) {
			const struct sgx_pcmd *a = &record(g_before,
				slot)->pcmd, *b = &record(g_after, slot)->pcmd;

			assert_int_equal(page_bits(slot), 0);
			assert_int_equal(record_bits(slot), is_mine(slot));
			assert_int_equal(bits(&a->secinfo, &b->secinfo, 2) +
				bits(a->mac, b->mac, sizeof(a->mac)),
				is_mine(slot));
		}
	}
}

static void one_page_alone(void **state)
{
	struct tamper t = job(TAMPER_FLIP);
	struct tamper_result result;

	t.one = true;
	t.linaddr = address(9);
	assert_int_equal(run(t, &result), 0);
	assert_int_equal(result.pages, 1);
	assert_int_equal(result.linaddr, address(9));
	assert_int_equal(bits(g_before, g_after, SIZE), 1);
	assert_int_equal(page_bits(9), 1);
	/* Not evicted; evicted, but another enclave's. */
	save();
	t.linaddr = address(2);
	assert_int_equal(run(t, &result), -ENOENT);
	t.linaddr = address(1);
	assert_int_equal(run(t, &result), -ENOENT);
	nothing_changed();
}

static void nothing_evicted(void **state)
{
	struct tamper_result result;

	for (unsigned kind = 0; kind < TAMPER_KINDS; kind++) {
		struct tamper t = job((enum tamper_kind)kind);

		t.enclave = 99;
		assert_int_equal(run(t, &result), -ENOENT);
		nothing_changed();
	}
	assert_int_equal(ftruncate(g_fd, 0), 0);
	for (unsigned kind = 0; kind < TAMPER_KINDS; kind++)
		assert_int_equal(run(job((enum tamper_kind)kind), &result),
			-ENOENT);
}

/* --- pages in wrong places ---------------------------------------------- */

/* Of which slot before is the content of this slot now?  SLOTS: of none. */
static uint32_t content(uint32_t slot)
{
	for (uint32_t k = 0; k < SLOTS; k++)
		if (!memcmp(page(g_before, k), page(g_after, slot), 4096) &&
		    !memcmp(&record(g_before, k)->pcmd,
			&record(g_after, slot)->pcmd,
			sizeof(struct sgx_pcmd)))
			return k;
	return SLOTS;
}

/* Of its record only the PCMD moves: the name stays. */
static void names_stay(void)
{
	for (uint32_t slot = 0; slot < SLOTS; slot++)
		assert_memory_equal(&record(g_before, slot)->linaddr,
			&record(g_after, slot)->linaddr,
			sizeof(struct swap_record) - sizeof(struct sgx_pcmd));
}

static void swap_moves_each_page(void **state)
{
	struct tamper_result result;
	bool seen[SLOTS + 1] = { false };

	assert_int_equal(run(job(TAMPER_SWAP), &result), 0);
	assert_int_equal(result.pages, SLOTS / 3);
	names_stay();
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		uint32_t from = content(slot);

		assert_true(from < SLOTS && !seen[from]);
		seen[from] = true;
		assert_int_equal(from != slot, is_mine(slot));
		assert_int_equal(is_mine(from), is_mine(slot));
	}
}

static void swap_of_one_page_moves_two(void **state)
{
	static const uint32_t chosen[] = { 0, 21, 45 };
	struct tamper t = job(TAMPER_SWAP);
	struct tamper_result result;

	t.one = true;
	for (int i = 0; i < 3; i++) {
		unsigned moved = 0;

		save();
		t.linaddr = address(chosen[i]);
		assert_int_equal(run(t, &result), 0);
		assert_int_equal(result.pages, 2);
		assert_int_not_equal(content(chosen[i]), chosen[i]);
		for (uint32_t slot = 0; slot < SLOTS; slot++)
			moved += content(slot) != slot;
		assert_int_equal(moved, 2);
	}
	/* With nobody to change places with. */
	for (uint32_t slot = 1; slot < SLOTS; slot++)
		fill(slot, 0, 0, 0);
	save();
	assert_int_equal(run(job(TAMPER_SWAP), &result), -ENOENT);
	nothing_changed();
}

static void foreign_pages_come_from_another_enclave(void **state)
{
	struct tamper_result result;

	assert_int_equal(run(job(TAMPER_FOREIGN), &result), 0);
	assert_int_equal(result.pages, SLOTS / 3);
	assert_int_equal(result.others, 12);
	names_stay();
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		uint32_t from = content(slot);

		assert_true(from < SLOTS);
		if (is_mine(slot))
			assert_int_equal(record(g_before, from)->enclave,
				OTHER);
		else
			assert_int_equal(from, slot);
	}
}

static void foreign_needs_another_enclave(void **state)
{
	struct tamper_result result;

	for (uint32_t slot = 0; slot < SLOTS; slot++)
		if (!is_mine(slot))
			fill(slot, 0, 0, 0);
	save();
	assert_int_equal(run(job(TAMPER_FOREIGN), &result), -ENOENT);
	nothing_changed();
}

/* --- cuts --------------------------------------------------------------- */

static void is_gone_from(uint32_t slot)
{
	uint64_t at = swap_page_at(slot);

	assert_memory_equal(g_before, g_after, at);
	for (uint64_t i = at; i < SIZE; i++)
		assert_int_equal(g_after[i], 0);
}

static void cut_spares_the_others(void **state)
{
	struct tamper_result result;

	/* The other's last page is at 34. */
	assert_int_equal(run(job(TAMPER_CUT), &result), 0);
	assert_int_equal(result.pages, 4);
	assert_int_equal(result.others, 0);
	assert_int_equal(result.linaddr, address(36));
	is_gone_from(36);
}

static void cut_of_a_file_makes_it_shorter(void **state)
{
	struct tamper t = job(TAMPER_CUT);
	struct tamper_result result;
	struct stat st;

	t.file = true;
	t.one = true;
	t.linaddr = address(45);
	assert_int_equal(run(t, &result), 0);
	assert_int_equal(result.pages, 1);
	assert_int_equal(fstat(g_fd, &st), 0);
	assert_int_equal(st.st_size, swap_page_at(45));
	is_gone_from(45);
}

static void cut_hits_others_only_if_it_may(void **state)
{
	struct tamper t = job(TAMPER_CUT);
	struct tamper_result result;

	t.one = true;
	t.linaddr = address(30);
	assert_int_equal(run(t, &result), -EEXIST);
	nothing_changed();
	t.others = true;
	assert_int_equal(run(t, &result), 0);
	assert_int_equal(result.pages, 6);
	assert_int_equal(result.others, 2);
	is_gone_from(30);
	save();
	t.one = false;
	assert_int_equal(run(t, &result), 0);
	assert_int_equal(result.pages, SLOTS / 3);
	assert_int_equal(result.others, 12);
	is_gone_from(0);
}

/* --- replay ------------------------------------------------------------- */

/* The processor: page 3 is loaded, then evicted to another slot. */
static void *evict_again(void *unused)
{
	sleep(1); /* until it waits */
	fill(3, 0, 0, 0);
	fill(2, MINE, address(3), 100);
	save();
	return NULL;
}

static void replay_puts_the_older_page_back(void **state)
{
	struct tamper t = job(TAMPER_REPLAY);
	struct tamper_result result;
	struct swap_record old;
	uint8_t old_page[4096];
	pthread_t thread;

	old = *record(g_before, 3);
	memcpy(old_page, page(g_before, 3), sizeof(old_page));
	t.wait_ms = 100000;
	assert_int_equal(pthread_create(&thread, NULL, evict_again, NULL), 0);
	assert_int_equal(run(t, &result), 0);
	pthread_join(thread, NULL);
	assert_int_equal(result.pages, 1);
	assert_int_equal(result.linaddr, address(3));
	assert_memory_equal(page(g_after, 2), old_page, sizeof(old_page));
	assert_memory_equal(&record(g_after, 2)->pcmd, &old.pcmd,
		sizeof(old.pcmd));
	/* The rest, the newer version's number too, is as it was. */
	names_stay();
	for (uint32_t slot = 0; slot < SLOTS; slot++)
		if (slot != 2)
			assert_int_equal(content(slot), slot);
}

static void replay_needs_a_newer_version(void **state)
{
	struct tamper t = job(TAMPER_REPLAY);
	struct tamper_result result;

	t.wait_ms = 60;
	assert_int_equal(run(t, &result), -ENOENT);
	nothing_changed();
}

/* --- stopping ----------------------------------------------------------- */

static volatile uint64_t *g_count;

static void *count(void *which)
{
	for (;;)
		g_count[(uintptr_t)which]++;
	return NULL;
}

static void frozen_process_does_nothing(void **state)
{
	struct why why = { "" };
	uint64_t seen[2];
	pid_t pid;

	g_count = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED |
		MAP_ANONYMOUS, -1, 0);
	pid = fork();
	if (!pid) {
		pthread_t thread;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pthread_create(&thread, NULL, count, (void *)1);
		count(NULL);
	}
	while (!g_count[0] || !g_count[1])
		usleep(1000);
	for (int round = 0; round < 20; round++) {
		assert_int_equal(freeze(pid, &why), 0);
		seen[0] = g_count[0];
		seen[1] = g_count[1];
		usleep(2000);
		assert_int_equal(g_count[0], seen[0]);
		assert_int_equal(g_count[1], seen[1]);
		thaw(pid);
		while (g_count[0] == seen[0] || g_count[1] == seen[1])
			usleep(1000);
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(freeze(pid, &why), -ESRCH);
	munmap((void *)g_count, 4096);
}

/* --- names and rates ---------------------------------------------------- */

static void names(void **state)
{
	for (unsigned kind = 0; kind < TAMPER_KINDS; kind++)
		assert_int_equal(tamper_find(tamper_name(
			(enum tamper_kind)kind)), kind);
	assert_int_equal(tamper_find("melt"), TAMPER_KINDS);
}

static void rates(void **state)
{
	const struct wire_enclave before[] = {
		{ .id = 2, .page_ins = 10, .page_outs = 20, .entries = 100,
			.aex = 10 },
		{ .id = 5, .page_ins = 50 },
		{ .id = 6, .entries = 1000 } };
	const struct wire_enclave now[] = {
		{ .id = 2, .page_ins = 110, .page_outs = 40, .entries = 200,
			.aex = 30, .faults = 8 },
		{ .id = 6, .entries = 0 }, /* its cell died */
		{ .id = 9, .page_ins = 4 } };
	struct rates r[3];

	rates_between(before, 3, now, 3, 2, r);
	assert_true(r[0].page_ins == 50);
	assert_true(r[0].page_outs == 10);
	assert_true(r[0].faults == 4);
	assert_true(r[0].aex == 10);
	assert_true(r[0].calls == 40);
	assert_true(r[1].calls == 0);
	assert_true(r[2].page_ins == 2);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, \
	tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(flip_changes_one_bit_of_each_page),
		WITH_STORE(flip_meta_changes_one_bit_of_each_pcmd),
		WITH_STORE(one_page_alone),
		WITH_STORE(nothing_evicted),
		WITH_STORE(swap_moves_each_page),
		WITH_STORE(swap_of_one_page_moves_two),
		WITH_STORE(foreign_pages_come_from_another_enclave),
		WITH_STORE(foreign_needs_another_enclave),
		WITH_STORE(cut_spares_the_others),
		WITH_STORE(cut_of_a_file_makes_it_shorter),
		WITH_STORE(cut_hits_others_only_if_it_may),
		WITH_STORE(replay_puts_the_older_page_back),
		WITH_STORE(replay_needs_a_newer_version),
		cmocka_unit_test(frozen_process_does_nothing),
		cmocka_unit_test(names),
		cmocka_unit_test(rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
