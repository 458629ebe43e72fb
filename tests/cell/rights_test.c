/* SPDX-License-Identifier: MIT */
/*
 * SGX2 on a running enclave, leaf by leaf: what the driver changes holds for
 * entries and mappings in the cell, and a cell that lets the driver wait does
 * not keep the processor from the others.
 */
#include "bare.h"
#include "cell/control.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define PAGE 4096ull

enum { OP_ADD = 0, OP_READ = 3, OP_WRITE = 4, OP_ENCLU = 13 }; /* enclave.S */

static struct bare_cpu cpu;
static struct bare_enclave enclave;

static int setup(void **state)
{
	bare_start(&cpu, NULL);
	return 0;
}

static int teardown(void **state)
{
	bare_stop(&cpu);
	return 0;
}

static struct door_reply pages(enum door_op op, uint64_t linaddr,
	uint64_t value)
{
	struct door_pages q = {
		.h = { op, sizeof(q) }, .enclave = enclave.number, .count = 1,
		.linaddr = linaddr, .value = value,
	};
	struct door_reply r;

	bare_ask(&cpu, &q, sizeof(q), -1, &r, sizeof(r));
	return r;
}

static void must(struct door_reply r)
{
	if (r.status != DOOR_OK)
		fail_msg("request %u: %s", r.op, r.text);
}

/* A leaf of thread 0 on a page, with this SECINFO.FLAGS: its RAX. */
static uint64_t enclu(uint32_t leaf, uint64_t flags, uint64_t page)
{
	const uint64_t secinfo = enclave.base + BARE_DATA_OFFSET;
	struct drv_call c = {
		.rdi = OP_ENCLU, .rsi = leaf, .rdx = secinfo, .r8 = page,
		.function = SGX_EENTER,
	};

	bare_call(&enclave, 0, OP_WRITE, secinfo, flags);
	assert_int_equal(bare_enter(&enclave, 0, &c), 0);
	if (c.function != SGX_EEXIT)
		fail_msg("leaf %u: vector %u code 0x%x", leaf, c.vector,
			c.error_code);
	return c.rsi;
}

static void write_tcs(uint64_t at)
{
	const uint64_t offset = at - enclave.base;
	const struct sgx_tcs tcs = {
		.ossa = offset + PAGE, .nssa = 1, .oentry = BARE_CODE_OFFSET,
		.ofsbase = offset + 3 * PAGE, .ogsbase = offset + 3 * PAGE,
		.fslimit = 0xffffffff, .gslimit = 0xffffffff,
	};
	uint64_t word[9];

	memcpy(word, &tcs, sizeof(word));
	for (unsigned i = 0; i < 9; i++)
		bare_call(&enclave, 0, OP_WRITE, at + i * 8, word[i]);
}

static uint32_t enter(uint32_t tcs)
{
	struct drv_call c = { .rdi = OP_ADD, .rsi = 1,
		.function = SGX_EENTER };

	assert_int_equal(bare_enter(&enclave, tcs, &c), 0);
	return c.function == SGX_EEXIT ? 0 : c.vector;
}

static void a_tcs_that_goes_is_entered_no_more(void **state)
{
	uint64_t tcs;

	bare_build(&cpu, &enclave, 2);
	tcs = enclave.tcs[1];
	assert_int_equal(enter(1), 0);
	must(pages(DOOR_MODIFY, tcs, SGX_PT_TRIM));
	assert_int_equal(enter(1), SGX_VECTOR_PF);
	assert_int_equal(enclu(SGX_EACCEPT, (uint64_t)SGX_PT_TRIM
		<< SGX_SECINFO_PT_SHIFT | SGX_SECINFO_MODIFIED, tcs), 0);
	must(pages(DOOR_REMOVE, tcs, 0));
	assert_int_equal(enter(1), SGX_VECTOR_PF);
	/* The same address as ordinary memory, then as a TCS again. */
	assert_int_equal(enclu(SGX_EACCEPT, SGX_SECINFO_REG | SGX_SECINFO_R
		| SGX_SECINFO_W | SGX_SECINFO_PENDING, tcs), 0);
	write_tcs(tcs);
	assert_int_equal(enter(1), SGX_VECTOR_PF);
	must(pages(DOOR_MODIFY, tcs, SGX_PT_TCS));
	assert_int_equal(enter(1), SGX_VECTOR_PF);
	assert_int_equal(enclu(SGX_EACCEPT, SGX_SECINFO_TCS
		| SGX_SECINFO_MODIFIED, tcs), 0);
	assert_int_equal(enter(1), 0);
	bare_remove(&enclave);
}

static void a_page_that_got_rights_stays(void **state)
{
	uint64_t data;

	bare_build(&cpu, &enclave, 1);
	data = enclave.base + BARE_DATA_OFFSET;
	bare_call(&enclave, 0, OP_WRITE, data + PAGE, 4711);
	bare_call(&enclave, 0, OP_WRITE, data + 2 * PAGE, 4712);
	enclu(SGX_EMODPE, SGX_SECINFO_R | SGX_SECINFO_W | SGX_SECINFO_X,
		data + PAGE);
	assert_int_equal(bare_call(&enclave, 0, OP_READ, data + PAGE, 0),
		4711);
	/* Orders that were gathered for the cell go with these. */
	must(pages(DOOR_RESTRICT, data + 2 * PAGE, SGX_SECINFO_R));
	alarm(120); /* else it faults for ever */
	assert_int_equal(bare_call(&enclave, 0, OP_READ, data + PAGE, 0),
		4711);
	bare_call(&enclave, 0, OP_WRITE, data + PAGE, 4713);
	assert_int_equal(bare_call(&enclave, 0, OP_READ, data + PAGE, 0),
		4713);
	alarm(0);
	assert_int_equal(enclu(SGX_EACCEPT, SGX_SECINFO_REG | SGX_SECINFO_R
		| SGX_SECINFO_PR, data + 2 * PAGE), 0);
	assert_int_equal(bare_call(&enclave, 0, OP_READ, data + 2 * PAGE, 0),
		4712);
	bare_remove(&enclave);
}

/* The cell says for ever that thread 1 has not yet made the mappings of the
 * last answer, and the driver wants to change one of these pages. */
static void a_cell_that_lets_the_driver_wait(void **state)
{
	const uint64_t state_at = CELL_CONTROL + offsetof(struct cell_control,
		service) + sizeof(struct cell_service);
	struct bare_enclave other;
	uint64_t page = 0;

	bare_build(&cpu, &other, 1);
	bare_more_pages = 600;
	bare_build(&cpu, &enclave, 2);
	bare_more_pages = 0;
	for (unsigned i = 0; i < 600; i++) {
		page = enclave.base + BARE_MORE_OFFSET + i * PAGE;
		/* What thread 0 needs is at hand from here on. */
		if (i == 599)
			bare_call(&enclave, 0, OP_ADD, 1, 0);
		bare_call(&enclave, 1, OP_WRITE, page, i);
	}
	bare_call(&enclave, 0, OP_WRITE, state_at, CELL_SERVICE_DONE);
	assert_int_equal(pages(DOOR_RESTRICT, page, SGX_SECINFO_R).status,
		DOOR_FAILED);
	assert_int_equal(bare_call(&other, 0, OP_ADD, 1, 0), 2);
	bare_remove(&enclave);
	bare_remove(&other);
}

static int small(void **state)
{
	bare_epc_pages = "256";
	return setup(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_tcs_that_goes_is_entered_no_more, setup, teardown),
		cmocka_unit_test_setup_teardown(a_page_that_got_rights_stays,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_cell_that_lets_the_driver_wait, small, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
