/* SPDX-License-Identifier: MIT */
/*
 * The verbs of SGX2: the Linux driver's errors in its order, and what the
 * processor is asked.
 */
#include "client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RW (SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_W)

static int restrict_pages(struct client *c, uint64_t handle,
	struct sgx_enclave_restrict_permissions *r)
{
	return client_ask(c, SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS, &handle, r,
		sizeof(*r), NULL, 0, r, sizeof(*r));
}

static int modify_pages(struct client *c, uint64_t handle,
	struct sgx_enclave_modify_types *m)
{
	return client_ask(c, SGX_IOC_ENCLAVE_MODIFY_TYPES, &handle, m,
		sizeof(*m), NULL, 0, m, sizeof(*m));
}

static int remove_pages(struct client *c, uint64_t handle,
	struct sgx_enclave_remove_pages *m)
{
	return client_ask(c, SGX_IOC_ENCLAVE_REMOVE_PAGES, &handle, m,
		sizeof(*m), NULL, 0, m, sizeof(*m));
}

static void a_dcsv2_machine_has_no_sgx2(void **state)
{
	/* Wrong in every way, which comes later. */
	struct sgx_enclave_restrict_permissions r = { 1, 2, 3, 4, 5 }, was = r;
	struct sgx_enclave_modify_types t = { 1, 2, 3, 4, 5 };
	struct sgx_enclave_remove_pages m = { 0, 4096, 0 };
	struct client c;
	uint64_t handle;

	unsetenv("COFFER_EPC_PAGES");
	assert_int_equal(world_configure(&g_world, (uid_t)-1,
		"size=Standard_DC1s_v2\n"), 0);
	client_open(&c);
	assert_string_equal(c.info.vm_size, "Standard_DC1s_v2");
	assert_int_equal(c.info.epc_pages, 28 * 256);
	assert_int_equal(c.info.cpuid_12_0[0], 1);
	handle = client_new(&c);
	assert_int_equal(restrict_pages(&c, handle, &r), -ENODEV);
	assert_memory_equal(&r, &was, sizeof(r));
	assert_int_equal(modify_pages(&c, handle, &t), -ENODEV);
	assert_int_equal(remove_pages(&c, handle, &m), -ENODEV);
	client_close(&c);
}

/* Each with all that comes later wrong, too. */
static void sgx2_checks(void **state)
{
	static const struct {
		uint64_t offset, length, value, result, count;
		const char *says;
	} cases[] = {
		{ 1, 4096, 9, 1, 1, "offset" },
		{ 0, 0, 9, 1, 1, "offset" },
		{ 0, 2 << 20, 9, 1, 1, "offset" },
		{ 0, 4096, 0x108, 1, 1, "permissions" },
		{ 0, 4096, 2, 1, 1, "permissions" },
		{ 0, 4096, 1, 1, 0, "must be zero" },
		{ 0, 4096, 1, 0, 1, "must be zero" },
	};
	struct sgx_enclave_restrict_permissions r = { 0, 4096, 1, 0, 0 };
	struct sgx_enclave_modify_types t;
	struct sgx_enclave_remove_pages m;
	struct client c;
	uint64_t handle;

	client_open(&c);
	handle = client_new(&c);
	assert_int_equal(client_create(&c, handle, 1 << 20), 0);
	r.offset = 1;
	assert_int_equal(restrict_pages(&c, handle, &r), -EINVAL);
	assert_non_null(strstr(c.text, "not been initialized"));
	handle = client_whole(&c);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		r = (struct sgx_enclave_restrict_permissions){
			cases[i].offset, cases[i].length, cases[i].value,
			cases[i].result, cases[i].count };
		assert_int_equal(restrict_pages(&c, handle, &r), -EINVAL);
		assert_non_null(strstr(c.text, cases[i].says));
		/* Nothing was started, nothing is written. */
		assert_int_equal(r.result, cases[i].result);
		assert_int_equal(r.count, cases[i].count);
	}
	t = (struct sgx_enclave_modify_types){ 0, 4096, 0x101, 0, 0 };
	assert_int_equal(modify_pages(&c, handle, &t), -EINVAL);
	for (uint64_t type = 0; type < 8; type++) {
		if (type == SGX_PT_TCS || type == SGX_PT_TRIM)
			continue;
		t = (struct sgx_enclave_modify_types){ 0, 4096, type, 0, 0 };
		assert_int_equal(modify_pages(&c, handle, &t), -EINVAL);
	}
	t = (struct sgx_enclave_modify_types){ 0, 4096, 1, 0, 7 };
	assert_int_equal(modify_pages(&c, handle, &t), -EINVAL);
	m = (struct sgx_enclave_remove_pages){ 0, 4096, 1 };
	assert_int_equal(remove_pages(&c, handle, &m), -EINVAL);
	m = (struct sgx_enclave_remove_pages){ 0, 100, 0 };
	assert_int_equal(remove_pages(&c, handle, &m), -EINVAL);
	assert_false(cpu_was_asked("PAGES"));
	client_close(&c);
}

static void sgx2_verbs_reach_the_processor(void **state)
{
	struct sgx_enclave_restrict_permissions r = { 0, 4096, 1, 0, 0 };
	struct sgx_enclave_modify_types t = { 0, 8192, SGX_PT_TRIM, 0, 0 };
	struct sgx_enclave_remove_pages m = { 0, 8192, 0 };
	struct client c;
	uint64_t handle;

	client_open(&c);
	handle = client_whole(&c);
	assert_int_equal(restrict_pages(&c, handle, &r), 0);
	assert_int_equal(r.count, 4096);
	assert_int_equal(r.result, 0);
	assert_true(cpu_was_asked("PAGES op=11 enclave=1 "
		"linaddr=0x600000000000 count=1 value=0x1"));
	/* Not accepted yet: no TRIM page. */
	assert_int_equal(remove_pages(&c, handle, &m), -EPERM);
	assert_int_equal(m.count, 0);
	assert_int_equal(modify_pages(&c, handle, &t), 0);
	assert_int_equal(t.count, 8192);
	m = (struct sgx_enclave_remove_pages){ 0, 8192, 0 };
	assert_int_equal(remove_pages(&c, handle, &m), 0);
	assert_int_equal(m.count, 8192);
	assert_int_equal(epc_used(&c), 1);
	m = (struct sgx_enclave_remove_pages){ 0, 8192, 0 };
	assert_int_equal(remove_pages(&c, handle, &m), -EFAULT);
	client_close(&c);
}

static void sgx2_failures_say_how_far_they_came(void **state)
{
	struct sgx_enclave_restrict_permissions r = { 0, 8192, 1, 0, 0 };
	struct sgx_enclave_modify_types t = { 0, 8192, SGX_PT_TRIM, 0, 0 };
	struct sgx_enclave_remove_pages m = { 0, 4096, 0 };
	struct client c;
	uint64_t handle;

	client_open(&c);
	handle = client_whole(&c);
	/* The second page is a TCS. */
	assert_int_equal(restrict_pages(&c, handle, &r), -EINVAL);
	assert_int_equal(r.count, 4096);
	/* Error codes come back in result. */
	r = (struct sgx_enclave_restrict_permissions){ 0, 4096, 1, 0, 0 };
	cpu_script("RESTRICT 0 reply 1 20 0 0");
	assert_int_equal(restrict_pages(&c, handle, &r), -EFAULT);
	assert_int_equal(r.result, SGX_PAGE_NOT_MODIFIABLE);
	assert_int_equal(r.count, 0);
	assert_non_null(strstr(c.text, "EMODPR: SGX_PAGE_NOT_MODIFIABLE"));
	cpu_script("MODIFY 0 reply 1 7 0 1");
	assert_int_equal(modify_pages(&c, handle, &t), -EFAULT);
	assert_int_equal(t.result, SGX_EPC_PAGE_CONFLICT);
	assert_int_equal(t.count, 4096);
	/* Faults are EFAULT here, not EIO. */
	t = (struct sgx_enclave_modify_types){ 4096, 4096, SGX_PT_TRIM, 0,
		0 };
	cpu_script("MODIFY 0 reply 2 0 14 0");
	assert_int_equal(modify_pages(&c, handle, &t), -EFAULT);
	assert_int_equal(t.result, 0);
	/* REMOVE_PAGES has no result: what is not accepted is EPERM. */
	cpu_script("REMOVE 0 reply 1 20 0 0");
	assert_int_equal(remove_pages(&c, handle, &m), -EPERM);
	assert_int_equal(m.count, 0);
	client_close(&c);
}

/* A long range is done in turns; the enclave is busy meanwhile. */
static void long_sgx2_ranges_let_others_in(void **state)
{
	struct sgx_enclave_add_pages a = { .length = 1000 * 4096,
		.flags = WIRE_PAGE_ZERO };
	struct sgx_enclave_modify_types t = { 0, 1000 * 4096, SGX_PT_TRIM, 0,
		0 };
	struct wire_reply reply;
	struct client c;
	uint64_t handle;

	client_open(&c);
	handle = client_new(&c);
	assert_int_equal(client_create(&c, handle, 8 << 20), 0);
	assert_int_equal(client_add(&c, handle, &a, RW), 0);
	assert_int_equal(client_gate(&c, handle, 0), 0);
	assert_int_equal(client_init(&c, handle), 0);
	cpu_script("MODIFY 1 hold");
	client_send(&c, SGX_IOC_ENCLAVE_MODIFY_TYPES, handle, 1001, &t,
		sizeof(t), NULL, 0);
	cpu_held();
	client_send(&c, WIRE_CLOSE, handle, 1002, NULL, 0, NULL, 0);
	client_send(&c, WIRE_OPEN, 0, 1003, NULL, 0, NULL, 0);
	cpu_go();
	for (uint64_t tag = 1002; tag < 1004; tag++) {
		assert_true(client_receive(&c, &reply, NULL, 0) > 0);
		assert_int_equal(reply.tag, tag);
		assert_int_equal(reply.result, tag == 1002 ? -EBUSY : 0);
	}
	assert_true(client_receive(&c, &reply, &t, sizeof(t)) > 0);
	assert_int_equal(reply.tag, 1001);
	assert_int_equal(reply.result, 0);
	assert_int_equal(t.count, 1000 * 4096);
	assert_true(cpu_was_asked("linaddr=0x600000300000 count=232 "));
	client_close(&c);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, \
	world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_dcsv2_machine_has_no_sgx2),
		IN_WORLD(sgx2_checks),
		IN_WORLD(sgx2_verbs_reach_the_processor),
		IN_WORLD(sgx2_failures_say_how_far_they_came),
		IN_WORLD(long_sgx2_ranges_let_others_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
