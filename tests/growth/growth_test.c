/* SPDX-License-Identifier: MIT */
/*
 * Enclaves that grow: heap, threads and rights of pages, over the machine,
 * and without one, where the machine and the host's part can be chosen.
 * Whatever the host does, the enclave's data is right or the enclave ends.
 */
#include "host/oe/enclave.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "grows_u.h"
#ifdef IN_A_WORLD
#include "support/world.h"
#else
#include "support/inproc_driver.h"
#include "support/inproc_sgx2.h"
#endif

#define MIB ((size_t)1 << 20)
#define LEAST_TCS 2
#define MOST_TCS 12
#define MOST_HEAP (512 * MIB)
#define LEAST_HEAP (64 * 4096)
#define SECONDS 900 /* a case that takes longer hangs */

static oe_enclave_t *enclave;
static const char *image, *blind; /* the second is not told of #PF and #GP */

static pthread_barrier_t all_inside, may_leave;
static bool meddled_enough;

int gr_host_add(int a, int b)
{
	return a + b;
}

void gr_host_hold(void)
{
	pthread_barrier_wait(&all_inside);
	pthread_barrier_wait(&may_leave);
}

static oe_enclave_t *create(const char *path)
{
	oe_enclave_t *made = NULL;

	assert_int_equal(oe_create_grows_enclave(path, OE_ENCLAVE_TYPE_AUTO,
		OE_ENCLAVE_FLAG_DEBUG, NULL, 0, &made), OE_OK);
	return made;
}

static void begin(const char *path)
{
	alarm(SECONDS);
	enclave = create(path);
}

static void end(void)
{
	assert_int_equal(oe_terminate_enclave(enclave), OE_OK);
	alarm(0);
}

static int set_up(void **state)
{
	(void)state;
#ifndef IN_A_WORLD
	memset(&inproc_sgx2, 0, sizeof(inproc_sgx2));
	inproc_sgx2.sgx2 = inproc_sgx2.says_sgx2 = true;
	inproc_sgx2.room = 1 << 20;
#endif
	begin(image);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	end();
	return 0;
}

static uint64_t take(size_t size, uint8_t fill)
{
	uint64_t at = 1;

	assert_int_equal(gr_take(enclave, &at, size, fill), OE_OK);
	return at;
}

static int holds(uint8_t fill)
{
	int good = -1;

	assert_int_equal(gr_check(enclave, &good, fill), OE_OK);
	return good;
}

static void drop(void)
{
	assert_int_equal(gr_drop(enclave), OE_OK);
}

static int works(void)
{
	int sum = 0;

	return gr_add(enclave, &sum, 40, 2) == OE_OK && sum == 42;
}

static int protect(int access, int fault)
{
	int result = -1;

	assert_int_equal(gr_protect(enclave, &result, access, fault), OE_OK);
	return result;
}

/* --- an honest machine with SGX2 ----------------------------------------- */

static void heap_grows_and_shrinks(void **state)
{
	uint64_t sizes[3];

	(void)state;
	assert_int_equal(gr_heap(enclave, sizes), OE_OK);
	assert_int_equal(sizes[0], MOST_HEAP);
	for (unsigned round = 0; round < 3; round++) {
		assert_int_not_equal(take(100 * MIB, 0x5a + round), 0);
		assert_int_equal(holds(0x5a + round), 1);
		drop();
		assert_int_equal(gr_heap(enclave, sizes), OE_OK);
		assert_true(sizes[1] < MIB && sizes[2] >= 100 * MIB);
#ifndef IN_A_WORLD
		/* Nearly all of it went back to the machine. */
		assert_true(inproc_sgx2.augmented >= 95u * 256 * (round + 1));
		assert_true(inproc_sgx2.removed >= 95u * 256 * (round + 1));
		assert_int_equal(inproc_sgx2.trimmed, inproc_sgx2.removed);
#endif
	}
	/* Beyond what was signed there is nothing. */
	assert_int_equal(take(MOST_HEAP, 1), 0);
	assert_int_not_equal(take(300 * MIB, 3), 0);
	assert_int_equal(holds(3), 1);
	drop();
}

struct worker {
	pthread_t thread;
	int number, result;
	oe_result_t called;
};

static void *churn(void *pointer)
{
	struct worker *w = pointer;

	w->called = gr_churn(enclave, &w->result, w->number + 1, 400,
		MIB / 2);
	return NULL;
}

static void run(struct worker *w, int count, void *(*what)(void *))
{
	for (int i = 0; i < count; i++) {
		w[i] = (struct worker){ .number = i, .result = -9,
			.called = OE_FAILURE };
		assert_int_equal(pthread_create(&w[i].thread, NULL, what,
			&w[i]), 0);
	}
	for (int i = 0; i < count; i++)
		pthread_join(w[i].thread, NULL);
}

static void threads_share_a_growing_heap(void **state)
{
	struct worker w[6];

	(void)state;
	for (int round = 0; round < 2; round++) {
		run(w, 6, churn);
		for (int i = 0; i < 6; i++) {
			assert_int_equal(w[i].called, OE_OK);
			assert_true(w[i].result > 100);
		}
		drop();
	}
	assert_true(works());
}

static int expected;

static void *meet(void *pointer)
{
	struct worker *w = pointer;

	w->called = gr_meet(enclave, &w->result, expected);
	return NULL;
}

/* As many threads inside at once as `count`: how many there were. */
static int gather(int count)
{
	struct worker w[MOST_TCS];

	expected = count;
	run(w, count, meet);
	for (int i = 0; i < count; i++)
		assert_int_equal(w[i].called, OE_OK);
	for (int i = 1; i < count; i++)
		assert_int_equal(w[i].result, w[0].result);
	assert_int_equal(gr_leave(enclave), OE_OK);
	return w[0].result;
}

static void threads_are_made_on_demand(void **state)
{
	(void)state;
	for (int count = 1; count <= MOST_TCS; count++)
		assert_int_equal(gather(count), count);
	assert_int_equal(gather(MOST_TCS), MOST_TCS);
#ifndef IN_A_WORLD
	assert_int_equal(inproc_sgx2.tcs, MOST_TCS - LEAST_TCS);
#endif
	assert_true(works());
}

static void *tls(void *pointer)
{
	struct worker *w = pointer;
	uint64_t sum = 0;

	for (int i = 0; i < 50 && (i == 0 || w->result == 0); i++) {
		w->called = gr_tls(enclave, &sum, w->number * 100 + i + 1);
		w->result = sum == 0x1122334455667788ull ? 0 : 1;
	}
	return NULL;
}

static void made_threads_are_as_others(void **state)
{
	struct worker w[MOST_TCS];

	(void)state;
	assert_int_equal(gather(MOST_TCS), MOST_TCS);
	run(w, MOST_TCS, tls);
	for (int i = 0; i < MOST_TCS; i++) {
		assert_int_equal(w[i].called, OE_OK);
		assert_int_equal(w[i].result, 0);
	}
}

static void *hold(void *pointer)
{
	struct worker *w = pointer;

	w->called = gr_hold(enclave);
	return NULL;
}

/* How many threads there can be, by one more than there are. */
static void threads_are_at_most(int most)
{
	struct worker w[MOST_TCS];

	pthread_barrier_init(&all_inside, NULL, most + 1);
	pthread_barrier_init(&may_leave, NULL, most + 1);
	for (int i = 0; i < most; i++) {
		w[i].called = OE_FAILURE;
		assert_int_equal(pthread_create(&w[i].thread, NULL, hold,
			&w[i]), 0);
	}
	pthread_barrier_wait(&all_inside);
	assert_int_equal(gr_leave(enclave), OE_OUT_OF_THREADS);
	pthread_barrier_wait(&may_leave);
	for (int i = 0; i < most; i++) {
		pthread_join(w[i].thread, NULL);
		assert_int_equal(w[i].called, OE_OK);
	}
	pthread_barrier_destroy(&all_inside);
	pthread_barrier_destroy(&may_leave);
	assert_true(works());
}

static void no_more_than_signed(void **state)
{
	(void)state;
	threads_are_at_most(MOST_TCS);
	threads_are_at_most(MOST_TCS);
}

/* A host that asks for threads as it likes gets those, and no more. */
static void threads_that_nobody_needs(void **state)
{
	uint64_t tcs = 0;
	int made = 0;

	(void)state;
	for (int i = 0; i < 3 * MOST_TCS; i++) {
		oe_result_t result = enclave_visit(enclave, CALL_MAKE_THREAD,
			i, &tcs);

		if (!result) {
			assert_int_equal(tcs, enclave->slots[LEAST_TCS
				+ made++].tcs);
		} else {
			assert_int_equal(result, OE_OUT_OF_THREADS);
			assert_int_equal(made, MOST_TCS - LEAST_TCS);
		}
	}
	assert_int_equal(made, MOST_TCS - LEAST_TCS);
	assert_true(works());
}

static void rights_of_pages(void **state)
{
	int wrong = 0;

	(void)state;
	assert_int_equal(protect(1, 0), 0); /* read */
	assert_int_equal(protect(1, 2), 0);
	assert_int_equal(protect(0, 1), 0); /* nothing */
	assert_int_equal(protect(0, 2), 0);
	assert_int_equal(protect(3, 0), 0); /* all */
	assert_int_equal(gr_protect_wrongly(enclave, &wrong), OE_OK);
	assert_int_equal(wrong, 8);
	/* Of pages that were there from the start and of later ones. */
	assert_int_not_equal(take(20 * MIB, 1), 0);
	assert_int_equal(protect(1, 2), 0);
	assert_int_equal(holds(1), 1);
}

/* A host that trims, restricts and removes pages of the heap as it likes,
 * while threads work with them. */
static void *meddle(void *pointer)
{
	const struct drv_ops *drv = enclave->drv;
	const uint64_t heap = *(const uint64_t *)pointer - enclave->base;
	uint64_t state = heap * 2654435761u + 1, done;

	while (!atomic_load(&enclave->lost)
			&& !__atomic_load_n(&meddled_enough, __ATOMIC_ACQUIRE)) {
		uint64_t at, size;

		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		at = heap + (state >> 20) % (24 * 256) * 4096;
		size = ((state >> 50) % 4 + 1) * 4096;
		switch (state % 8) {
		case 0:
			drv->restrict_permissions(enclave->machine, at, size,
				SGX_SECINFO_R, &done);
			break;
		case 1:
			drv->modify_types(enclave->machine, at, size,
				SGX_PT_TRIM, &done);
			break;
		case 2:
			drv->modify_types(enclave->machine, at, 4096,
				SGX_PT_TCS, &done);
			break;
		default:
			drv->remove_pages(enclave->machine, at, size, &done);
		}
		usleep(state % 2000);
	}
	return NULL;
}

static void pages_that_are_meddled_with(void **state)
{
	struct worker w[3];
	pthread_t meddler;
	uint64_t at;
	int ended = 0;

	(void)state;
	for (int round = 0; round < 12 || (!ended && round < 200); round++) {
		at = take(4096, 1);
		assert_int_not_equal(at, 0);
		meddled_enough = false;
		assert_int_equal(pthread_create(&meddler, NULL, meddle, &at),
			0);
		run(w, 3, churn);
		__atomic_store_n(&meddled_enough, true, __ATOMIC_RELEASE);
		pthread_join(meddler, NULL);
		for (int i = 0; i < 3; i++) {
			if (w[i].called == OE_OK)
				assert_true(w[i].result >= 0);
			else
				ended++;
		}
		oe_terminate_enclave(enclave);
		enclave = create(image);
	}
	assert_true(ended > 0);
}

/* --- machines and hosts of another kind ---------------------------------- */

/* What an enclave is that cannot grow. */
static void stays_small(void)
{
	uint64_t sizes[3];

	assert_int_equal(take(MIB, 1), 0);
	assert_int_not_equal(take(LEAST_HEAP / 2, 2), 0);
	assert_int_equal(holds(2), 1);
	assert_int_equal(gr_heap(enclave, sizes), OE_OK);
	assert_int_equal(sizes[0], LEAST_HEAP);
	drop();
	assert_int_equal(gather(LEAST_TCS), LEAST_TCS);
	threads_are_at_most(LEAST_TCS);
	assert_true(protect(1, 0) >= 100);
	assert_true(works());
}

#ifdef IN_A_WORLD

static void a_machine_without_sgx2(void **state)
{
	(void)state;
	stays_small();
}

#else

/* Another machine than the one of set_up; for the enclave at `path`. */
static void machine(bool sgx2, bool says_sgx2, const char *path)
{
	end();
	memset(&inproc_sgx2, 0, sizeof(inproc_sgx2));
	inproc_sgx2.sgx2 = sgx2;
	inproc_sgx2.says_sgx2 = says_sgx2;
	inproc_sgx2.room = 1 << 20;
	begin(path);
}

static void a_machine_without_sgx2(void **state)
{
	(void)state;
	machine(false, false, image);
	stays_small();
	machine(true, false, image);
	stays_small();
	assert_int_equal(inproc_sgx2.augmented, 0);
}

/* EACCEPT is an illegal instruction there, and the enclave tries it. */
static void a_machine_that_claims_sgx2(void **state)
{
	(void)state;
	machine(false, true, image);
	stays_small();
	machine(false, true, blind);
	stays_small();
}

static void not_told_of_faults(void **state)
{
	(void)state;
	machine(true, true, blind);
	inproc_sgx2.room = 5000;
	assert_int_not_equal(take(10 * MIB, 9), 0);
	/* The page that does not come is a #PF that says nothing. */
	assert_int_equal(take(30 * MIB, 9), 0);
	assert_int_not_equal(take(10 * MIB, 8), 0);
	assert_int_equal(holds(8), 1);
	assert_int_equal(gather(LEAST_TCS), LEAST_TCS);
}

static void a_machine_that_is_full(void **state)
{
	(void)state;
	inproc_sgx2.room = 3000;
	assert_int_equal(take(100 * MIB, 1), 0);
	assert_int_not_equal(take(11 * MIB, 2), 0);
	assert_int_equal(holds(2), 1);
	assert_int_equal(gather(LEAST_TCS), LEAST_TCS);
	drop();
	/* What went back can come again, for the heap and for threads. */
	assert_int_equal(gather(LEAST_TCS), LEAST_TCS);
	assert_int_not_equal(take(8 * MIB, 3), 0);
	assert_int_equal(holds(3), 1);
	/* Full in the middle of making a thread, wherever that is. */
	for (int pages = 0; pages < 30; pages++) {
		machine(true, true, image);
		inproc_sgx2.room = pages;
		threads_are_at_most(LEAST_TCS + (pages >= 22 ? 1 : 0));
	}
}

/* Trims and restrictions by a host that does not do what it says. */
static void hosts_that_do_not_trim(void **state)
{
	(void)state;
	for (int play = PLAY_REFUSE; play <= PLAY_WRONG_TYPE; play++) {
		struct worker w[LEAST_TCS];

		machine(true, true, image);
		assert_int_not_equal(take(50 * MIB, 1), 0);
		inproc_sgx2.play = play;
		assert_int_equal(holds(1), 1);
		drop();
		/* It has what it has, or less, and nothing that is wrong. */
		take(40 * MIB, 2);
		holds(2);
		run(w, LEAST_TCS, churn);
		for (int i = 0; i < LEAST_TCS; i++) {
			assert_int_equal(w[i].called, OE_OK);
			assert_true(w[i].result >= 0);
		}
		drop();
		inproc_sgx2.play = PLAY_HONEST;
		if (take(40 * MIB, 3))
			assert_int_equal(holds(3), 1);
		else
			assert_true(play == PLAY_HALF
				|| play == PLAY_WRONG_TYPE);
		drop();
		assert_int_not_equal(take(MIB / 16, 4), 0);
		assert_int_equal(holds(4), 1);
		assert_true(works());
	}
}

static void hosts_that_do_not_restrict(void **state)
{
	(void)state;
	for (int play = PLAY_REFUSE; play <= PLAY_HALF; play++) {
		inproc_sgx2.play = play;
		assert_int_equal(protect(1, 0), 100 + OE_FAILURE);
		assert_int_equal(protect(0, 0), 100 + OE_FAILURE);
		inproc_sgx2.play = PLAY_HONEST;
		assert_int_equal(protect(1, 2), 0);
	}
	assert_true(works());
}

static void hosts_that_make_no_threads(void **state)
{
	(void)state;
	for (int play = PLAY_REFUSE; play <= PLAY_WRONG_TYPE; play++) {
		machine(true, true, image);
		inproc_sgx2.play = play;
		threads_are_at_most(LEAST_TCS);
		inproc_sgx2.play = PLAY_HONEST;
		assert_int_equal(gather(LEAST_TCS), LEAST_TCS);
		assert_int_not_equal(take(10 * MIB, 5), 0);
		assert_int_equal(holds(5), 1);
	}
}

/* Pages that the kernel put where nobody asked for them: they are as good as
 * others when they are asked for, and of no use before. */
static void pages_before_they_are_asked_for(void **state)
{
	uint64_t at = take(MIB, 1);

	(void)state;
	assert_int_not_equal(at, 0);
	for (uint64_t page = at; page < at + 20 * MIB; page += 3 * 4096)
		inproc_augment(inproc_latest(), page & ~4095ull);
	assert_int_equal(holds(1), 1);
	assert_int_not_equal(take(16 * MIB, 2), 0);
	assert_int_equal(holds(2), 1);
	for (uint32_t i = LEAST_TCS; i < MOST_TCS; i++)
		inproc_augment(inproc_latest(), enclave->slots[i].tcs);
	assert_int_equal(gather(MOST_TCS), MOST_TCS);
}

/* A page that goes without leave, and perhaps comes back empty, ends the
 * enclave and is never read as something else. */
static void pages_that_are_stolen(void **state)
{
	(void)state;
	for (int fresh = 0; fresh < 2; fresh++) {
		uint64_t at = take(20 * MIB, 7);
		int good = -1;

		assert_int_not_equal(at, 0);
		inproc_steal(inproc_latest(), at + 5 * MIB);
		if (fresh)
			inproc_augment(inproc_latest(), at + 5 * MIB);
		assert_int_not_equal(gr_check(enclave, &good, 7), OE_OK);
		assert_int_equal(good, -1);
		end();
		begin(image);
	}
}

#endif

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* Beyond the EPC: what grows is evicted while more comes. */
static void heap_grows_beyond_the_epc(void **state)
{
	struct worker w[4];

	(void)state;
	assert_int_not_equal(take(100 * MIB, 0x77), 0);
	run(w, 4, churn);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(w[i].called, OE_OK);
		assert_true(w[i].result > 100);
	}
	assert_int_equal(holds(0x77), 1);
	assert_int_equal(gather(MOST_TCS), MOST_TCS);
	assert_int_equal(protect(1, 2), 0);
	drop();
	assert_int_not_equal(take(80 * MIB, 0x78), 0);
	assert_int_equal(holds(0x78), 1);
}

enum scene { SCENE_SGX1, SCENE_SGX2, SCENE_SMALL_EPC };

static int run_all(enum scene scene)
{
	static const struct CMUnitTest growing[] = {
		CASE(heap_grows_and_shrinks),
		CASE(threads_share_a_growing_heap),
		CASE(threads_are_made_on_demand),
		CASE(made_threads_are_as_others),
		CASE(no_more_than_signed),
		CASE(threads_that_nobody_needs),
		CASE(rights_of_pages),
		CASE(pages_that_are_meddled_with),
#ifndef IN_A_WORLD
		CASE(a_machine_that_claims_sgx2),
		CASE(not_told_of_faults),
		CASE(a_machine_that_is_full),
		CASE(hosts_that_do_not_trim),
		CASE(hosts_that_do_not_restrict),
		CASE(hosts_that_make_no_threads),
		CASE(pages_before_they_are_asked_for),
		CASE(pages_that_are_stolen),
#endif
	};
	static const struct CMUnitTest crowded[] = {
		CASE(heap_grows_beyond_the_epc),
	};
	static const struct CMUnitTest small[] = {
		CASE(a_machine_without_sgx2),
	};

	if (scene == SCENE_SGX2)
		return cmocka_run_group_tests_name("growth", growing, NULL,
			NULL);
	if (scene == SCENE_SMALL_EPC)
		return cmocka_run_group_tests_name("growth beyond the EPC",
			crowded, NULL, NULL);
	return cmocka_run_group_tests_name("no growth", small, NULL, NULL);
}

#ifdef IN_A_WORLD
static int with_sgx2(struct world *world)
{
	return run_all(SCENE_SGX2);
}

static int with_small_epc(struct world *world)
{
	return run_all(SCENE_SMALL_EPC);
}

static int with_sgx1(struct world *world)
{
	return run_all(SCENE_SGX1);
}
#endif

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	image = argv[1];
	blind = argv[2];
#ifdef IN_A_WORLD
	return world_run("size=Standard_DC1s_v2\n", with_sgx1)
		+ world_run("size=Standard_DC1s_v3\n", with_sgx2)
		+ world_run("size=Standard_DC1s_v3\nepc_pages=8192\n",
			with_small_epc);
#else
	return run_all(SCENE_SGX2) + run_all(SCENE_SGX1)
		+ run_all(SCENE_SMALL_EPC);
#endif
}
