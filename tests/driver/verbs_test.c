/* SPDX-License-Identifier: MIT */
/*
 * cofferd's verbs, over a processor that accepts all that a driver may do:
 * the Linux driver's errors in its order, protocol abuse.
 */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define RW (SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_W)
#define MEASURE SGX_PAGE_MEASURE

static void starts_on_demand_and_tells_about_itself(void **state)
{
	struct client c;

	client_open(&c);
	assert_int_equal(c.info.abi, WIRE_ABI);
	assert_string_equal(c.info.vm, "default");
	assert_string_equal(c.info.vm_size, "Standard_DC1s_v3");
	assert_int_equal(c.info.epc_pages, 4096);
	assert_int_equal(c.info.epc_used, 0);
	assert_int_equal(c.info.cofferd_pid, world_await("cofferd"));
	assert_int_equal(c.info.cpu_pid, world_await("coffer-cpu"));
	assert_int_equal(c.info.clients, 1);
	assert_int_equal(c.info.cpuid_12_0[0], 3);
	assert_int_equal(c.info.cpuid_12_2[0], 1);
	/* The processor's own numbers. */
	assert_int_equal(c.info.va_pages, 1);
	assert_int_equal(c.info.storage, 99);
	assert_int_equal(c.info.swap_pages, 5);
	assert_int_equal(c.info.page_ins, 111);
	assert_int_equal(c.info.page_outs, 116);
	assert_int_equal(c.info.tampered, 0);
	assert_int_equal(c.info.lost, 0);
	client_close(&c);
}

static void a_whole_life(void **state)
{
	struct client c;
	uint64_t handle;

	client_open(&c);
	handle = client_whole(&c);
	assert_int_equal(epc_used(&c), 3);
	assert_int_equal(cpu_used(), 3);
	assert_true(cpu_was_asked("CREATE number=1 size=0x100000 fd=1"));
	assert_true(cpu_was_asked("ADD enclave=1 "
		"linaddr=0x600000000000 count=1 measure=1 flags=0x201 "
		"source=0"));
	assert_true(cpu_was_asked("WRMSR"));
	assert_int_equal(client_simple(&c, WIRE_INTERRUPT, handle), 0);
	assert_true(cpu_was_asked("KICK enclave=1"));
	assert_int_equal(client_simple(&c, WIRE_CLOSE, handle), 0);
	assert_true(cpu_was_asked("DESTROY enclave=1"));
	assert_int_equal(epc_used(&c), 0);
	assert_int_equal(cpu_used(), 0);
	assert_int_equal(client_simple(&c, WIRE_CLOSE, handle), -EBADF);
	client_close(&c);
}

/* --- the kernel's checks ------------------------------------------------ */

static void create_checks(void **state)
{
	struct client c;
	uint64_t handle;

	client_open(&c);
	handle = client_new(&c);
	assert_int_equal(client_create(&c, handle, 0), -EINVAL);
	assert_int_equal(client_create(&c, handle, 12288), -EINVAL);
	assert_non_null(strstr(c.text, "power of two"));
	cpu_script("CREATE 0 reply 2 0 13 0");
	assert_int_equal(client_create(&c, handle, 65536), -EIO);
	assert_non_null(strstr(c.text, "ECREATE: #GP"));
	assert_int_equal(epc_used(&c), 0);
	assert_int_equal(client_create(&c, handle, 65536), 0);
	/* Twice comes before everything else that is wrong. */
	assert_int_equal(client_create(&c, handle, 12288), -EINVAL);
	assert_non_null(strstr(c.text, "before"));
	assert_int_equal(client_create(&c, 999, 65536), -EBADF);
	client_close(&c);
}

static int add(struct client *c, uint64_t handle, uint64_t src,
	uint64_t offset, uint64_t length, uint64_t secinfo_flags)
{
	struct sgx_enclave_add_pages a = { .src = src, .offset = offset,
		.length = length, .flags = MEASURE };

	return client_add(c, handle, &a, secinfo_flags);
}

static void add_pages_checks(void **state)
{
	struct client c;
	uint64_t handle, src;

	client_open(&c);
	handle = client_new(&c);
	src = c.arena_va;
	assert_int_equal(add(&c, handle, src, 0, 4096, RW), -EINVAL);
	assert_non_null(strstr(c.text, "not been created"));
	assert_int_equal(client_create(&c, handle, 65536), 0);
	/* Each with all that comes later wrong, too. */
	assert_int_equal(add(&c, handle, src + 1, 1, 0, 0), -EINVAL);
	assert_non_null(strstr(c.text, "source"));
	assert_int_equal(add(&c, handle, src, 1, 4096, 0), -EINVAL);
	assert_non_null(strstr(c.text, "offset"));
	assert_int_equal(add(&c, handle, src, 0, 0, 0), -EINVAL);
	assert_int_equal(add(&c, handle, src, 0, 100, 0), -EINVAL);
	assert_int_equal(add(&c, handle, src, 65536, 4096, 0), -EINVAL);
	assert_int_equal(add(&c, handle, src, 61440, 8192, 0), -EINVAL);
	assert_int_equal(add(&c, handle, src, UINT64_MAX - 4095, 8192, 0),
		-EINVAL);
	assert_non_null(strstr(c.text, "offset"));
	assert_int_equal(add(&c, handle, 0, 0, 4096, 0), -EINVAL);
	assert_non_null(strstr(c.text, "SECINFO"));
	assert_int_equal(add(&c, handle, 0, 0, 4096, 0x300), -EINVAL);
	assert_int_equal(add(&c, handle, 0, 0, 4096, 0x400), -EINVAL);
	assert_int_equal(add(&c, handle, 0, 0, 4096, SGX_SECINFO_REG |
		SGX_SECINFO_W), -EINVAL);
	assert_int_equal(add(&c, handle, 0, 0, 4096, SGX_SECINFO_TCS |
		SGX_SECINFO_R), -EINVAL);
	assert_int_equal(add(&c, handle, 0, 0, 4096, RW |
		SGX_SECINFO_PENDING), -EINVAL);
	assert_int_equal(add(&c, handle, 0, 0, 4096, RW), -EFAULT);
	assert_int_equal(add(&c, handle, src + ARENA_BYTES, 0, 4096, RW),
		-EFAULT);
	assert_int_equal(add(&c, handle, src, 0, 4096, RW), 0);
	/* There already: before the source is looked at. */
	assert_int_equal(add(&c, handle, 0, 0, 4096, RW), -EBUSY);
	assert_int_equal(add(&c, handle, src, 61440, 4096, RW), 0);
	assert_int_equal(epc_used(&c), 3);
	client_close(&c);
}

static void secinfo_reserved_bytes_must_be_zero(void **state)
{
	struct sgx_enclave_add_pages a = { .length = 4096 };
	struct sgx_secinfo secinfo;
	struct client c;
	uint64_t handle;

	client_open(&c);
	handle = client_new(&c);
	a.src = c.arena_va;
	assert_int_equal(client_create(&c, handle, 65536), 0);
	for (size_t i = 0; i < sizeof(secinfo.reserved); i++) {
		memset(&secinfo, 0, sizeof(secinfo));
		secinfo.flags = RW;
		secinfo.reserved[i] = 1;
		assert_int_equal(client_ask(&c, SGX_IOC_ENCLAVE_ADD_PAGES,
			&handle, &a, sizeof(a), &secinfo, sizeof(secinfo),
			&a, sizeof(a)), -EINVAL);
	}
	client_close(&c);
}

static void count_says_how_far_it_came(void **state)
{
	struct sgx_enclave_add_pages a = { .length = 16 * 4096 };
	struct client c;
	uint64_t handle;

	client_open(&c);
	handle = client_new(&c);
	assert_int_equal(client_create(&c, handle, 1 << 20), 0);
	/* Into a page that is there. */
	assert_int_equal(add(&c, handle, c.arena_va, 5 * 4096, 4096, RW), 0);
	a.src = c.arena_va;
	assert_int_equal(client_add(&c, handle, &a, RW), -EBUSY);
	assert_int_equal(a.count, 5 * 4096);
	/* Over the arena's end. */
	a = (struct sgx_enclave_add_pages){ .length = 16 * 4096,
		.offset = 32 * 4096, .src = c.arena_va + ARENA_BYTES -
		3 * 4096 };
	assert_int_equal(client_add(&c, handle, &a, RW), -EFAULT);
	assert_int_equal(a.count, 3 * 4096);
	/* The processor refuses the third. */
	a = (struct sgx_enclave_add_pages){ .length = 16 * 4096,
		.offset = 64 * 4096, .src = c.arena_va };
	cpu_script("ADD 0 reply 2 0 14 2");
	assert_int_equal(client_add(&c, handle, &a, RW), -EIO);
	assert_int_equal(a.count, 2 * 4096);
	assert_non_null(strstr(c.text, "EADD: #PF"));
	/* A count on input means nothing. */
	a = (struct sgx_enclave_add_pages){ .length = 4096, .count = 77,
		.offset = 128 * 4096, .src = c.arena_va };
	assert_int_equal(client_add(&c, handle, &a, RW), 0);
	assert_int_equal(a.count, 4096);
	assert_int_equal(epc_used(&c), 1 + 1 + 5 + 3 + 2 + 1);
	assert_int_equal(cpu_used(), 13);
	assert_int_equal(client_simple(&c, WIRE_CLOSE, handle), 0);
	assert_int_equal(epc_used(&c), 0);
	assert_int_equal(cpu_used(), 0);
	client_close(&c);
}

static void init_with(struct client *c, uint64_t handle,
	const struct sgx_sigstruct *sig, int want)
{
	struct sgx_enclave_init arg = { 0 };

	assert_int_equal(client_ask(c, SGX_IOC_ENCLAVE_INIT, &handle, &arg,
		sizeof(arg), sig, sizeof(*sig), NULL, 0), want);
}

static void init_checks(void **state)
{
	struct sgx_sigstruct sig;
	struct client c;
	uint64_t handle;

	client_open(&c);
	handle = client_new(&c);
	memset(&sig, 0, sizeof(sig));
	sig.vendor = 5;
	init_with(&c, handle, &sig, -EINVAL);
	assert_non_null(strstr(c.text, "not been created"));
	assert_int_equal(client_create(&c, handle, 65536), 0);
	init_with(&c, handle, &sig, -EINVAL);
	assert_non_null(strstr(c.text, "VENDOR"));
	sig.vendor = 0x8086;
	sig.attributes.flags = sig.attributes_mask.flags = 1ull << 50;
	init_with(&c, handle, &sig, -EINVAL);
	assert_non_null(strstr(c.text, "ATTRIBUTES"));
	/* What the mask hides is not demanded. */
	sig.attributes_mask.flags = 0;
	sig.misc_select = sig.misc_mask = 2;
	init_with(&c, handle, &sig, -EINVAL);
	assert_non_null(strstr(c.text, "MISCSELECT"));
	sig.misc_mask = 1;
	sig.attributes.xfrm = sig.attributes_mask.xfrm = 0x200;
	init_with(&c, handle, &sig, -EINVAL);
	assert_non_null(strstr(c.text, "XFRM"));
	sig.attributes_mask.xfrm = 0;
	init_with(&c, handle, &sig, -EINVAL);
	assert_non_null(strstr(c.text, "mailboxes"));
	assert_int_equal(add(&c, handle, c.arena_va, 0, 4096,
		SGX_SECINFO_TCS), 0);
	assert_int_equal(client_gate(&c, handle, 0), 0);
	init_with(&c, handle, &sig, -EINVAL); /* none, but a TCS */
	/* More are for TCS pages that come later. */
	assert_int_equal(client_gate(&c, handle, 3), 0);
	cpu_script("INIT 0 reply 1 8 0 0");
	init_with(&c, handle, &sig, -EPERM);
	assert_string_equal(c.text, "EINIT: SGX_INVALID_SIGNATURE (8)");
	cpu_script("INIT 0 reply 1 4 0 0");
	init_with(&c, handle, &sig, -EPERM);
	assert_string_equal(c.text, "EINIT: SGX_INVALID_MEASUREMENT (4)");
	cpu_script("INIT 0 reply 2 0 13 0");
	init_with(&c, handle, &sig, -EIO);
	cpu_script("INIT 0 reply 3 12 0 0");
	init_with(&c, handle, &sig, -ENOMEM);
	/* An event that is pending is waited for. */
	cpu_script("INIT 0 reply 1 128 0 0");
	init_with(&c, handle, &sig, 0);
	init_with(&c, handle, &sig, -EINVAL);
	assert_non_null(strstr(c.text, "before"));
	assert_int_equal(add(&c, handle, c.arena_va, 0, 4096, RW), -EINVAL);
	assert_non_null(strstr(c.text, "after INIT"));
	assert_int_equal(client_gate(&c, handle, 0), -EINVAL);
	client_close(&c);
}

static void provisioning_is_a_right(void **state)
{
	struct sgx_enclave_create create = { 0 };
	struct sgx_enclave_provision provision = { 5 };
	struct sgx_sigstruct sig;
	struct sgx_secs secs;
	struct client c;
	uint64_t handle;

	client_open(&c);
	handle = client_new(&c);
	memset(&sig, 0, sizeof(sig));
	memset(&secs, 0, sizeof(secs));
	secs.size = 65536;
	secs.attributes.flags = SGX_ATTR_PROVISIONKEY;
	assert_int_equal(client_ask(&c, SGX_IOC_ENCLAVE_CREATE, &handle,
		&create, sizeof(create), &secs, sizeof(secs), NULL, 0), 0);
	assert_int_equal(client_gate(&c, handle, 0), 0);
	init_with(&c, handle, &sig, -EACCES);
	assert_int_equal(client_ask(&c, SGX_IOC_ENCLAVE_PROVISION, &handle,
		&provision, sizeof(provision), NULL, 0, NULL, 0), -EINVAL);
	init_with(&c, handle, &sig, -EACCES);
	provision.fd = WIRE_PROVISION_FD;
	assert_int_equal(client_ask(&c, SGX_IOC_ENCLAVE_PROVISION, &handle,
		&provision, sizeof(provision), NULL, 0, NULL, 0), 0);
	init_with(&c, handle, &sig, 0);
	client_close(&c);
}

static void gate_must_lie_in_the_arena(void **state)
{
	struct wire_gate gate;
	struct client c;
	uint64_t handle;

	client_open(&c);
	handle = client_new(&c);
	assert_int_equal(client_gate(&c, handle, 1), -EINVAL);
	assert_int_equal(client_create(&c, handle, 65536), 0);
	const struct wire_gate bad[] = {
		{ c.arena_va - 4096, 1, 0 }, { c.arena_va + 8, 1, 0 },
		{ c.arena_va + ARENA_BYTES, 1, 0 }, { 0, 1, 0 },
		{ c.arena_va, 1025, 0 }, { c.arena_va, UINT64_MAX, 0 },
		{ c.arena_va, 1, 77 } };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		gate = bad[i];
		assert_int_equal(client_ask(&c, WIRE_GATE, &handle, &gate,
			sizeof(gate), NULL, 0, NULL, 0), -EINVAL);
	}
	client_close(&c);
}

/* --- the EPC ------------------------------------------------------------ */

static void full_epc_is_enomem(void **state)
{
	struct sgx_enclave_add_pages a = { .length = 100 * 4096,
		.flags = WIRE_PAGE_ZERO };
	struct client c, d;
	uint64_t handle, other;

	setenv("COFFER_EPC_PAGES", "64", 1);
	client_open(&c);
	client_open(&d);
	handle = client_new(&c);
	assert_int_equal(client_create(&c, handle, 1 << 20), 0);
	assert_int_equal(client_add(&c, handle, &a, RW), -ENOMEM);
	assert_int_equal(a.count, 63 * 4096);
	assert_non_null(strstr(c.text, "37 pages (148 KiB) are missing"));
	assert_int_equal(epc_used(&c), 64);
	assert_int_equal(cpu_used(), 64);
	/* Everybody's EPC. */
	other = client_new(&d);
	assert_int_equal(client_create(&d, other, 65536), -ENOMEM);
	assert_non_null(strstr(d.text, "1 page is missing"));
	assert_int_equal(client_simple(&c, WIRE_CLOSE, handle), 0);
	assert_int_equal(cpu_used(), 0);
	assert_int_equal(client_create(&d, other, 65536), 0);
	assert_int_equal(epc_used(&c), 1);
	client_close(&c);
	client_close(&d);
}

/* Pages that the processor will not give back are lost, like a kernel's,
 * and nothing else is. */
static void stuck_pages_are_lost_alone(void **state)
{
	struct client c;
	uint64_t handle;

	client_open(&c);
	handle = client_whole(&c);
	cpu_script("DESTROY 0 reply 1 14 0 0");
	assert_int_equal(client_simple(&c, WIRE_CLOSE, handle), 0);
	assert_int_equal(epc_used(&c), 3);
	handle = client_whole(&c);
	assert_int_equal(client_simple(&c, WIRE_CLOSE, handle), 0);
	assert_int_equal(epc_used(&c), 3);
	client_close(&c);
}

static void large_enclaves_go_in_turns(void **state)
{
	struct sgx_enclave_add_pages a = { .length = 3500 * 4096,
		.flags = WIRE_PAGE_ZERO };
	struct client c;
	uint64_t handle;

	client_open(&c);
	handle = client_new(&c);
	assert_int_equal(client_create(&c, handle, 16 << 20), 0);
	assert_int_equal(client_add(&c, handle, &a, RW), 0);
	assert_true(cpu_was_asked("count=2048"));
	assert_true(cpu_was_asked("count=1452"));
	assert_int_equal(epc_used(&c), 3501);
	assert_int_equal(client_simple(&c, WIRE_CLOSE, handle), 0);
	assert_int_equal(epc_used(&c), 0);
	client_close(&c);
}

/* --- one verb at a time ------------------------------------------------- */

static void second_verb_is_busy(void **state)
{
	struct sgx_enclave_add_pages a = { .length = 1000 * 4096,
		.flags = MEASURE };
	struct sgx_secinfo secinfo;
	struct wire_reply reply;
	struct client c;
	uint64_t handle;

	client_open(&c);
	handle = client_new(&c);
	a.src = c.arena_va;
	memset(&secinfo, 0, sizeof(secinfo));
	secinfo.flags = RW;
	assert_int_equal(client_create(&c, handle, 8 << 20), 0);
	cpu_script("ADD 0 hold");
	client_send(&c, SGX_IOC_ENCLAVE_ADD_PAGES, handle, 1001, &a,
		sizeof(a), &secinfo, sizeof(secinfo));
	cpu_held();
	client_send(&c, WIRE_CLOSE, handle, 1002, NULL, 0, NULL, 0);
	client_send(&c, WIRE_OPEN, 0, 1003, NULL, 0, NULL, 0);
	cpu_go();
	assert_true(client_receive(&c, &reply, NULL, 0) > 0);
	assert_int_equal(reply.tag, 1002);
	assert_int_equal(reply.result, -EBUSY);
	assert_true(client_receive(&c, &reply, NULL, 0) > 0);
	assert_int_equal(reply.tag, 1003);
	assert_int_equal(reply.result, 0);
	assert_true(client_receive(&c, &reply, &a, sizeof(a)) > 0);
	assert_int_equal(reply.tag, 1001);
	assert_int_equal(reply.result, 0);
	assert_int_equal(a.count, 1000 * 4096);
	assert_int_equal(client_simple(&c, WIRE_CLOSE, handle), 0);
	client_close(&c);
}

/* A small verb does not wait for all of somebody's large one. */
static void others_get_their_turn(void **state)
{
	struct sgx_enclave_add_pages a = { .length = 1000 * 4096,
		.flags = MEASURE };
	struct sgx_secinfo secinfo;
	struct wire_reply reply;
	struct client c, d;
	uint64_t handle;

	client_open(&c);
	client_open(&d);
	handle = client_new(&c);
	a.src = c.arena_va;
	memset(&secinfo, 0, sizeof(secinfo));
	secinfo.flags = RW;
	assert_int_equal(client_create(&c, handle, 8 << 20), 0);
	cpu_script("ADD 0 hold");
	client_send(&c, SGX_IOC_ENCLAVE_ADD_PAGES, handle, 1, &a, sizeof(a),
		&secinfo, sizeof(secinfo));
	cpu_held();
	client_send(&d, WIRE_OPEN, 0, 1, NULL, 0, NULL, 0);
	cpu_script("ADD 0 hold");
	cpu_go();
	assert_true(client_receive(&d, &reply, NULL, 0) > 0);
	/* c's is still running. */
	assert_int_equal(recv(c.fd, &reply, sizeof(reply), MSG_DONTWAIT |
		MSG_PEEK), -1);
	cpu_go();
	assert_true(client_receive(&c, &reply, NULL, 0) > 0);
	assert_int_equal(reply.result, 0);
	client_close(&c);
	client_close(&d);
}

/* --- listings ----------------------------------------------------------- */

static void listing(void **state)
{
	struct listing_page page;
	struct wire_list list = { 0 };
	struct client c, d;
	uint64_t last = 0, seen = 0;

	client_open(&c);
	client_open(&d);
	client_whole(&c);
	for (int i = 0; i < 69; i++)
		client_new(&c);
	do {
		assert_int_equal(client_ask(&d, WIRE_LIST, NULL, &list,
			sizeof(list), NULL, 0, &page, sizeof(page)), 0);
		for (uint32_t i = 0; i < page.count; i++) {
			assert_true(page.item[i].id > last);
			last = page.item[i].id;
			assert_int_equal(page.item[i].pid, getpid());
			if (seen++)
				assert_int_equal(page.item[i].state,
					WIRE_STATE_OPEN);
		}
		if (seen == WIRE_LIST_MAX) {
			const struct wire_enclave *e = &page.item[0];

			assert_int_equal(e->state, WIRE_STATE_INITIALIZED);
			assert_int_equal(e->resident, 3);
			assert_int_equal(e->evicted, 5);
			assert_int_equal(e->page_ins, 11);
			assert_int_equal(e->page_outs, 16);
			assert_int_equal(e->faults, 13);
			assert_int_equal(e->added, 2);
			assert_int_equal(e->number, 1);
			assert_int_equal(e->threads, 1);
			assert_int_equal(e->size, 1 << 20);
			assert_int_equal(e->debug, 1);
			assert_int_equal(e->mrenclave[0], 0xab);
			assert_int_equal(e->mrsigner[31], 0xcd);
			assert_int_equal(e->isv_prod_id, 3);
			assert_int_equal(e->isv_svn, 9);
			assert_int_equal(e->cell_pid, 4242);
			assert_int_equal(e->entries, 7);
		}
		list.after = last;
	} while (page.more);
	assert_int_equal(seen, 70);
	client_close(&c);
	client_close(&d);
}

/* --- protocol ----------------------------------------------------------- */

static void hello_comes_first(void **state)
{
	struct wire_hello hello = { .abi = WIRE_ABI + 1 };
	struct client c = { .fd = client_connect_only(), .arena_fd = -1 };
	uint64_t handle = 0;

	assert_int_equal(client_simple(&c, WIRE_OPEN, 0), -EPROTO);
	assert_int_equal(client_ask(&c, WIRE_HELLO, NULL, &hello,
		sizeof(hello), NULL, 0, NULL, 0), -EPROTO);
	assert_non_null(strstr(c.text, "version"));
	hello.abi = WIRE_ABI;
	hello.arena_va = 4096;
	assert_int_equal(client_ask(&c, WIRE_HELLO, NULL, &hello,
		sizeof(hello), NULL, 0, NULL, 0), -EINVAL);
	hello.arena_va = 0;
	assert_int_equal(client_ask(&c, WIRE_HELLO, NULL, &hello,
		sizeof(hello), NULL, 0, &c.info, sizeof(c.info)), 0);
	assert_int_equal(client_ask(&c, WIRE_HELLO, NULL, &hello,
		sizeof(hello), NULL, 0, NULL, 0), -EINVAL);
	/* Who has no arena can look but not create. */
	handle = client_new(&c);
	assert_int_equal(client_create(&c, handle, 65536), -EFAULT);
	close(c.fd);
}

static int hello_with(int fd, uint64_t va, uint64_t size)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct {
		struct wire_header h;
		struct wire_hello hello;
	} message = { { sizeof(message), WIRE_HELLO, 0, 1 },
		{ WIRE_ABI, 0, va, size } };
	struct iovec part = { &message, sizeof(message) };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&m);
	struct client c = { .fd = client_connect_only() };
	struct wire_reply reply;

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	assert_int_equal(sendmsg(c.fd, &m, 0), sizeof(message));
	assert_true(client_receive(&c, &reply, NULL, 0) > 0);
	close(c.fd);
	return reply.result;
}

static void arena_must_be_sealed_and_as_large_as_said(void **state)
{
	const uint64_t va = 0x700000000000ull, size = 1 << 20;
	int fd = memfd_create("a", MFD_ALLOW_SEALING);
	struct client keeper; /* or the machine would end between two tries */

	client_open(&keeper);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	assert_int_equal(hello_with(fd, va, size), -EINVAL);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	assert_int_equal(hello_with(fd, va, size), 0);
	assert_int_equal(hello_with(fd, va, size + 4096), -EINVAL);
	assert_int_equal(hello_with(fd, va, 0), -EINVAL);
	assert_int_equal(hello_with(fd, va, 100), -EINVAL);
	assert_int_equal(hello_with(fd, va + 1, size), -EINVAL);
	assert_int_equal(hello_with(fd, 0, size), -EINVAL);
	assert_int_equal(hello_with(fd, UINT64_MAX - 4095, size), -EINVAL);
	assert_int_equal(hello_with(0, va, size), -EINVAL);
	close(fd);
	client_close(&keeper);
}

static void bad_messages_get_an_error(void **state)
{
	struct sgx_enclave_add_pages a = { .length = 4096 };
	struct client c;
	uint64_t handle;

	client_open(&c);
	assert_int_equal(client_simple(&c, 0, 0), -ENOTTY);
	assert_int_equal(client_simple(&c, WIRE_EVENT, 0), -ENOTTY);
	assert_int_equal(client_simple(&c, SGX_IOC_VEPC_REMOVE_ALL, 0),
		-ENOTTY);
	handle = client_new(&c);
	/* Too short, too long. */
	assert_int_equal(client_ask(&c, SGX_IOC_ENCLAVE_ADD_PAGES, &handle,
		&a, sizeof(a), NULL, 0, NULL, 0), -EINVAL);
	assert_int_equal(client_ask(&c, WIRE_OPEN, &handle, "x", 1, NULL, 0,
		NULL, 0), -EINVAL);
	assert_int_equal(client_simple(&c, WIRE_CLOSE, handle), 0);
	client_close(&c);
}

static void breaking_the_protocol_ends_the_client(void **state)
{
	static uint8_t big[WIRE_MESSAGE_MAX + 1];
	struct wire_header h = { sizeof(h), WIRE_OPEN, 0, 0 };
	struct wire_reply reply;
	struct client c, other;

	client_open(&other);
	for (int kind = 0; kind < 5; kind++) {
		client_open(&c);
		client_whole(&c);
		switch (kind) {
		case 0: /* shorter than a header */
			assert_int_equal(send(c.fd, &h, 10, 0), 10);
			break;
		case 1: /* says another size than it has */
			h.size = sizeof(h) + 1;
			assert_int_equal(send(c.fd, &h, sizeof(h), 0),
				sizeof(h));
			break;
		case 2: /* longer than any message */
			h.size = sizeof(big);
			memcpy(big, &h, sizeof(h));
			assert_int_equal(send(c.fd, big, sizeof(big), 0),
				sizeof(big));
			break;
		case 3:
			h.size = 0;
			assert_int_equal(send(c.fd, &h, sizeof(h), 0),
				sizeof(h));
			break;
		case 4: /* an empty message */
			assert_int_equal(send(c.fd, &h, 0, 0), 0);
			break;
		}
		assert_int_equal(client_receive(&c, &reply, NULL, 0), 0);
		client_close(&c);
	}
	wait_epc(&other, 0);
	assert_int_equal(cpu_used(), 0);
	client_close(&other);
}

static void who_does_not_read_is_dropped(void **state)
{
	struct wire_header h = { sizeof(h), WIRE_INFO, 0, 0 };
	struct client c, other;
	bool dropped = false;

	client_open(&other);
	client_open(&c);
	for (int i = 0; i < 100000 && !dropped; i++)
		dropped = send(c.fd, &h, sizeof(h), MSG_NOSIGNAL) < 0;
	assert_true(dropped);
	epc_used(&other); /* still served */
	client_close(&c);
	client_close(&other);
}

static void limits_hold(void **state)
{
	struct wire_reply reply;
	struct client c, d = { .fd = -1 };
	int fds[260], n;

	client_open(&c);
	for (int i = 0; i < 1024; i++)
		client_new(&c);
	assert_int_equal(client_simple(&c, WIRE_OPEN, 0), -EMFILE);
	for (n = 0; n < 255; n++)
		fds[n] = client_connect_only();
	d.fd = client_connect_only();
	assert_true(client_receive(&d, &reply, NULL, 0) > 0);
	assert_int_equal(reply.command, WIRE_EVENT);
	assert_int_equal(reply.result, -EUSERS);
	assert_int_equal(client_receive(&d, &reply, NULL, 0), 0);
	close(d.fd);
	while (n)
		close(fds[--n]);
	epc_used(&c);
	client_close(&c);
}

/* Messages of chance: cofferd answers or hangs up, and lives. */
static void noise(void **state)
{
	static const uint32_t commands[] = { WIRE_OPEN, WIRE_GATE, WIRE_CLOSE,
		WIRE_INTERRUPT, WIRE_LIST, WIRE_INFO, WIRE_HELLO,
		SGX_IOC_ENCLAVE_CREATE, SGX_IOC_ENCLAVE_ADD_PAGES,
		SGX_IOC_ENCLAVE_INIT, SGX_IOC_ENCLAVE_PROVISION,
		SGX_IOC_ENCLAVE_MODIFY_TYPES,
		SGX_IOC_ENCLAVE_REMOVE_PAGES, WIRE_SWAP };
	static const uint16_t sizes[] = { 0, 8, 24, 40, 112, 1816, 4104 };
	uint8_t payload[WIRE_MESSAGE_MAX];
	struct client c, watcher;
	unsigned seed = 11;
	uint8_t sink[WIRE_MESSAGE_MAX];

	client_open(&watcher);
	client_open(&c);
	for (int i = 0; i < 20000; i++) {
		struct wire_header h;
		size_t size = sizes[(unsigned)rand_r(&seed) % 7];

		for (size_t n = 0; n < size; n++)
			payload[sizeof(h) + n] = rand_r(&seed) % 3 ? 0 :
				(uint8_t)rand_r(&seed);
		h = (struct wire_header){ (uint32_t)(sizeof(h) + size),
			commands[(unsigned)rand_r(&seed) % 14],
			(uint64_t)rand_r(&seed) % 8, (uint64_t)i };
		if (rand_r(&seed) % 200 == 0)
			h.size ^= 1u << rand_r(&seed) % 20;
		memcpy(payload, &h, sizeof(h));
		if (send(c.fd, payload, sizeof(h) + size, MSG_NOSIGNAL) < 0) {
			client_close(&c);
			client_open(&c);
		}
		while (recv(c.fd, sink, sizeof(sink), MSG_DONTWAIT) > 0)
			;
	}
	client_close(&c);
	wait_epc(&watcher, 0);
	assert_int_equal(cpu_used(), 0);
	assert_int_equal(watcher.info.cofferd_pid, world_await("cofferd"));
	client_close(&watcher);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, \
	world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(starts_on_demand_and_tells_about_itself),
		IN_WORLD(a_whole_life),
		IN_WORLD(create_checks),
		IN_WORLD(add_pages_checks),
		IN_WORLD(secinfo_reserved_bytes_must_be_zero),
		IN_WORLD(count_says_how_far_it_came),
		IN_WORLD(init_checks),
		IN_WORLD(provisioning_is_a_right),
		IN_WORLD(gate_must_lie_in_the_arena),
		IN_WORLD(full_epc_is_enomem),
		IN_WORLD(stuck_pages_are_lost_alone),
		IN_WORLD(large_enclaves_go_in_turns),
		IN_WORLD(second_verb_is_busy),
		IN_WORLD(others_get_their_turn),
		IN_WORLD(listing),
		IN_WORLD(hello_comes_first),
		IN_WORLD(arena_must_be_sealed_and_as_large_as_said),
		IN_WORLD(bad_messages_get_an_error),
		IN_WORLD(breaking_the_protocol_ends_the_client),
		IN_WORLD(who_does_not_read_is_dropped),
		IN_WORLD(limits_hold),
		IN_WORLD(noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
