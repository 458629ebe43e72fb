/* SPDX-License-Identifier: MIT */
/* The parts of liboehost's upper half that need no enclave: slots, names,
 * memory that enclaves asked for, and the call ABI's small helpers. */
#include "host/oe/enclave.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SLOTS 3

static struct _oe_enclave enclave, other;

static void make(struct _oe_enclave *e)
{
	static uint64_t serial = 1000;

	memset(e, 0, sizeof(*e));
	e->serial = ++serial;
	e->slot_count = SLOTS;
	e->slots = aligned_alloc(64, SLOTS * sizeof(struct slot));
	memset(e->slots, 0, SLOTS * sizeof(struct slot));
	for (unsigned i = 0; i < SLOTS; i++) {
		e->slots[i].index = i;
		e->slots[i].tcs = 0x10000 * serial + i * 0x1000;
	}
	pthread_mutex_init(&e->owned.lock, NULL);
}

static int set_up(void **state)
{
	(void)state;
	make(&enclave);
	make(&other);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(enclave.slots);
	free(other.slots);
	return 0;
}

static void a_thread_keeps_its_slot(void **state)
{
	struct frame first, nested, elsewhere, again;

	(void)state;
	assert_int_equal(slot_take(&enclave, &first), OE_OK);
	assert_int_equal(slot_take(&other, &elsewhere), OE_OK);
	assert_int_equal(slot_take(&enclave, &nested), OE_OK);
	assert_ptr_equal(nested.slot, first.slot);
	assert_int_equal(first.slot->depth, 2);
	slot_give(&nested);
	assert_int_equal(atomic_load(&first.slot->busy), 1);
	slot_give(&elsewhere);
	slot_give(&first);
	assert_int_equal(atomic_load(&first.slot->busy), 0);
	/* And comes back to it. */
	assert_int_equal(slot_take(&enclave, &again), OE_OK);
	assert_ptr_equal(again.slot, first.slot);
	slot_give(&again);
	assert_ptr_equal(slot_find(&enclave, enclave.slots[2].tcs),
		&enclave.slots[2]);
	assert_null(slot_find(&enclave, 0));
}

static pthread_barrier_t together;

static void *take_one(void *argument)
{
	struct frame frame;
	oe_result_t *result = argument;

	*result = slot_take(&enclave, &frame);
	pthread_barrier_wait(&together);
	pthread_barrier_wait(&together);
	if (*result == OE_OK)
		slot_give(&frame);
	return NULL;
}

static void no_slot_twice(void **state)
{
	oe_result_t results[SLOTS + 2];
	pthread_t threads[SLOTS + 2];
	unsigned good = 0, refused = 0, busy = 0;

	(void)state;
	pthread_barrier_init(&together, NULL, SLOTS + 3);
	for (unsigned i = 0; i < SLOTS + 2; i++)
		pthread_create(&threads[i], NULL, take_one, &results[i]);
	pthread_barrier_wait(&together);
	for (unsigned i = 0; i < SLOTS + 2; i++) {
		good += results[i] == OE_OK;
		refused += results[i] == OE_OUT_OF_THREADS;
	}
	for (unsigned i = 0; i < SLOTS; i++)
		busy += atomic_load(&enclave.slots[i].busy);
	pthread_barrier_wait(&together);
	for (unsigned i = 0; i < SLOTS + 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(good, SLOTS);
	assert_int_equal(refused, 2);
	assert_int_equal(busy, SLOTS);
}

static void a_dead_slot_stays_taken(void **state)
{
	struct frame frame, next;

	(void)state;
	assert_int_equal(slot_take(&enclave, &frame), OE_OK);
	frame.slot->dead = 1;
	slot_give(&frame);
	assert_int_equal(slot_take(&enclave, &next), OE_OK);
	assert_ptr_not_equal(next.slot, frame.slot);
	slot_give(&next);
}

static void names(void **state)
{
	static const oe_ecall_info_t one[] = { { "a" }, { "b" }, { "c" } };
	static const oe_ecall_info_t two[] = { { "c" }, { "a" } };
	uint64_t a = UINT64_MAX, c = UINT64_MAX, z = UINT64_MAX, a2 = UINT64_MAX;

	(void)state;
	assert_true(names_register(&enclave, one, 3));
	assert_true(names_register(&other, two, 2));
	assert_int_equal(names_global(&a, "a"), OE_OK);
	assert_int_equal(names_global(&c, "c"), OE_OK);
	assert_int_equal(names_global(&z, "nobody's"), OE_OK);
	assert_int_equal(names_global(&a2, "a"), OE_OK);
	assert_int_equal(a, a2);
	assert_int_equal(enclave.local_ids[a], 0);
	assert_int_equal(enclave.local_ids[c], 2);
	assert_int_equal(other.local_ids[a], 1);
	assert_int_equal(other.local_ids[c], 0);
	/* Known to the process after both: beyond their tables. */
	assert_true(z >= enclave.name_count);
	free(enclave.local_ids);
	free(other.local_ids);
}

static void owned_memory(void **state)
{
	struct owned *owned = &enclave.owned;
	uint64_t size;

	(void)state;
	owned_begin(owned);
	assert_false(owned_remove(owned, 16, &size));
	for (uint64_t i = 1; i <= 5000; i++)
		assert_true(owned_add(owned, i * 64, i));
	assert_false(owned_remove(owned, 0, &size));
	assert_false(owned_remove(owned, 33, &size));
	/* In an order that leaves holes in the middle of runs. */
	for (uint64_t i = 1; i <= 5000; i += 3) {
		assert_true(owned_remove(owned, i * 64, &size));
		assert_int_equal(size, i);
		assert_false(owned_remove(owned, i * 64, &size));
	}
	for (uint64_t i = 2; i <= 5000; i += 3) {
		assert_true(owned_remove(owned, i * 64, &size));
		assert_int_equal(size, i);
	}
	/* What is left outlives the table, and is found once. */
	assert_true(owned_forget(3 * 64));
	owned_end(owned);
	assert_false(owned_forget(3 * 64));
	assert_false(owned_forget(2 * 64));
	for (uint64_t i = 6; i <= 5000; i += 3)
		assert_true(owned_forget(i * 64));
	assert_false(owned_forget(6 * 64));
}

static void abi(void **state)
{
	uint64_t words[8] = { 0 };
	uint64_t arg = CALL_ARG1(CALL_OCALL, CALL_LOG, OE_BUSY);

	(void)state;
	assert_int_equal(CALL_CODE(arg), CALL_OCALL);
	assert_int_equal(CALL_FUNCTION(arg), CALL_LOG);
	assert_int_equal(CALL_RESULT(arg), OE_BUSY);
	assert_true(call_all_zero(words, sizeof(words)));
	words[7] = 1ull << 63;
	assert_false(call_all_zero(words, sizeof(words)));
	assert_true(call_all_zero(words, 48));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_thread_keeps_its_slot), CASE(no_slot_twice),
		CASE(a_dead_slot_stays_taken), CASE(names), CASE(owned_memory),
		CASE(abi),
	};

	return cmocka_run_group_tests_name("host_oe", tests, NULL, NULL);
}
