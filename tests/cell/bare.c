/* SPDX-License-Identifier: MIT */
#include "bare.h"
#include "common/crypto_openssl.h"
#include "common/msg.h"
#include "image/signer.h"
#include "measure.h"
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
/* cmocka wants these before it */
#include <cmocka.h>

#define PAGE 4096ull
#define ARENA_SIZE (64ull << 20)
#define ENCLAVE_SIZE 0x80000ull
#define TCS_OFFSET 0x20000ull /* per TCS: TCS, two SSA frames, GS page */
#define TCS_STRIDE 0x8000ull

extern const uint8_t bare_code[], bare_code_end[];

/* Page slots for fetched host pages: a list, from one arena. */
struct sgx_attributes bare_attributes = { SGX_ATTR_MODE64BIT, 7 };
uint64_t bare_tcs_flags;
unsigned bare_more_pages;

static struct bare_cpu *slot_cpu;
static void *slots[256];
static unsigned slot_count;

static void *slot_alloc(void)
{
	return slot_count > 0 ? slots[--slot_count]
			      : bare_arena(slot_cpu, PAGE);
}

static void slot_free(void *slot)
{
	if (slot_count < sizeof(slots) / sizeof(slots[0]))
		slots[slot_count++] = slot;
}

static bool cpu_alive(void *context)
{
	const struct bare_cpu *c = context;

	return kill(c->pid, 0) == 0;
}

const char *bare_epc_pages = "65536", *bare_profile = "dcsv3";

static void hello(struct bare_cpu *c)
{
	struct door_header q = { DOOR_HELLO, sizeof(q) };
	struct door_hello_reply r;
	unsigned fds = 1;

	c->swap_fd = -1;
	assert_int_equal(msg_send(c->door, &q, sizeof(q), NULL, 0, 0), 0);
	assert_int_equal(msg_recv(c->door, &r, sizeof(r), &c->swap_fd, &fds,
		0), sizeof(r));
	assert_int_equal(r.abi, DOOR_ABI);
}

void bare_start(struct bare_cpu *c, const char *option)
{
	int door[2], events[2];
	char door_text[16], events_text[16];

	memset(c, 0, sizeof(*c));
	strcpy(c->state, "/tmp/coffer-cell-test-XXXXXX");
	assert_non_null(mkdtemp(c->state));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
		door), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
		events), 0);
	snprintf(door_text, sizeof(door_text), "%d", door[1]);
	snprintf(events_text, sizeof(events_text), "%d", events[1]);
	c->pid = fork();
	if (c->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fcntl(door[1], F_SETFD, 0);
		fcntl(events[1], F_SETFD, 0);
		execl(COFFER_CPU, "coffer-cpu", "--door", door_text,
			"--events", events_text, "--state", c->state,
			"--epc-pages", bare_epc_pages, "--profile",
			bare_profile, option, NULL);
		_exit(127);
	}
	assert_true(c->pid > 0);
	close(door[1]);
	close(events[1]);
	c->door = door[0];
	c->events = events[0];
	c->arena_size = ARENA_SIZE;
	c->arena_fd = memfd_create("arena", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(c->arena_fd, ARENA_SIZE), 0);
	assert_int_equal(fcntl(c->arena_fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	c->arena = mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		c->arena_fd, 0);
	assert_ptr_not_equal(c->arena, MAP_FAILED);
	hello(c);
}

void bare_stop(struct bare_cpu *c)
{
	char fuses[96];
	int status;

	close(c->door);
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	close(c->events);
	if (c->swap_fd >= 0)
		close(c->swap_fd);
	munmap(c->arena, c->arena_size);
	close(c->arena_fd);
	snprintf(fuses, sizeof(fuses), "%s/fuses", c->state);
	unlink(fuses);
	rmdir(c->state);
}

void *bare_arena(struct bare_cpu *c, size_t size)
{
	void *p = c->arena + c->arena_used;

	c->arena_used += (size + PAGE - 1) & ~(PAGE - 1);
	assert_true(c->arena_used <= c->arena_size);
	return p;
}

void bare_ask(struct bare_cpu *c, const void *request, size_t request_size,
	int fd, void *reply, size_t size)
{
	struct pollfd answer = { .fd = c->door, .events = POLLIN };
	ssize_t n;

	assert_int_equal(msg_send(c->door, request, request_size, &fd,
		fd >= 0, 0), 0);
	/* Twice as long as the driver waits. */
	assert_int_equal(poll(&answer, 1, 60000), 1);
	n = msg_recv(c->door, reply, size, NULL, NULL, 0);
	assert_true(n >= (ssize_t)sizeof(struct door_reply));
}

static void must_ok(const struct door_reply *r)
{
	if (r->status != DOOR_OK)
		fail_msg("request %u: %s", r->op, r->text);
}

static void add(struct bare_enclave *e, struct sgx_measure *m,
	uint64_t offset, uint64_t flags, const void *page)
{
	const struct sgx_sha256_ops *sha = crypto_openssl_sha256();
	void *stage = bare_arena(e->cpu, PAGE);
	struct door_add q = {
		.h = { DOOR_ADD, sizeof(q) }, .enclave = e->number,
		.count = 1, .measure = 1,
		.linaddr = e->base + offset, .secinfo_flags = flags,
		.source = (uint64_t)((uint8_t *)stage - e->cpu->arena),
	};
	struct door_reply r;

	memcpy(stage, page, PAGE);
	sgx_measure_page(m, sha, offset, flags, page);
	bare_ask(e->cpu, &q, sizeof(q), -1, &r, sizeof(r));
	must_ok(&r);
}

static EVP_PKEY *key(void)
{
	static EVP_PKEY *pkey;
	EVP_PKEY_CTX *ctx;
	BIGNUM *three;

	if (pkey != NULL)
		return pkey;
	ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
	three = BN_new();
	BN_set_word(three, 3);
	EVP_PKEY_keygen_init(ctx);
	EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 3072);
	EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, three);
	assert_int_equal(EVP_PKEY_keygen(ctx, &pkey), 1);
	BN_free(three);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static struct door_reply init(struct bare_enclave *e, uint64_t gate_offset)
{
	static const uint8_t header[16] = SGX_SIGSTRUCT_HEADER;
	static const uint8_t header2[16] = SGX_SIGSTRUCT_HEADER2;
	struct door_init q = { .h = { DOOR_INIT, sizeof(q) } };
	struct door_lepubkeyhash w = {
		.h = { DOOR_WRMSR_LEPUBKEYHASH, sizeof(w) },
	};
	struct image_error error;
	struct door_reply r;

	memcpy(q.sigstruct.header, header, 16);
	memcpy(q.sigstruct.header2, header2, 16);
	q.sigstruct.date = 0x20260101;
	q.sigstruct.attributes = bare_attributes;
	memcpy(q.sigstruct.enclave_hash, e->mrenclave, 32);
	assert_int_equal(sigstruct_sign(&q.sigstruct, key(), &error),
		IMAGE_OK);
	sigstruct_mrsigner(&q.sigstruct, w.hash);
	bare_ask(e->cpu, &w, sizeof(w), -1, &r, sizeof(r));
	must_ok(&r);
	q.enclave = e->number;
	q.gate_offset = gate_offset;
	q.gate_count = e->tcs_count;
	q.trampoline_va = e->trampoline;
	bare_ask(e->cpu, &q, sizeof(q), -1, &r, sizeof(r));
	return r;
}

static void create(struct bare_enclave *e)
{
	struct door_create q = {
		.h = { DOOR_CREATE, sizeof(q) },
		.arena_va = (uintptr_t)e->cpu->arena,
		.arena_size = e->cpu->arena_size,
		.secs = {
			.size = e->size, .base = e->base,
			.ssa_frame_size = 1, .misc_select = SGX_MISC_EXINFO,
			.attributes = bare_attributes,
		},
	};
	struct door_reply r;

	bare_ask(e->cpu, &q, sizeof(q), e->cpu->arena_fd, &r, sizeof(r));
	must_ok(&r);
	e->number = (uint32_t)r.count;
}

static void reserve(struct bare_enclave *e)
{
	uint64_t p;

	e->size = ENCLAVE_SIZE;
	while (e->size < BARE_MORE_OFFSET + bare_more_pages * PAGE)
		e->size *= 2;
	e->reserved_size = e->size * 3;
	e->reserved = mmap(NULL, e->reserved_size, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(e->reserved, MAP_FAILED);
	p = (uint64_t)(uintptr_t)e->reserved;
	e->base = (p + e->size - 1) & ~(e->size - 1);
	e->trampoline = e->base + e->size;
}

/* Pages of zeroes, none of them extended. */
static void add_more(struct bare_enclave *e, struct sgx_measure *m)
{
	struct door_add q = {
		.h = { DOOR_ADD, sizeof(q) }, .enclave = e->number,
		.count = bare_more_pages,
		.linaddr = e->base + BARE_MORE_OFFSET,
		.secinfo_flags = SGX_SECINFO_REG | SGX_SECINFO_R
			| SGX_SECINFO_W,
		.source = DOOR_SOURCE_ZERO,
	};
	struct door_reply r;

	if (bare_more_pages == 0)
		return;
	sgx_measure_eadd(m, crypto_openssl_sha256(), BARE_MORE_OFFSET,
		q.secinfo_flags, q.count);
	bare_ask(e->cpu, &q, sizeof(q), -1, &r, sizeof(r));
	must_ok(&r);
}

static void add_thread(struct bare_enclave *e, struct sgx_measure *m,
	uint32_t i)
{
	static const uint8_t zero[PAGE];
	uint64_t at = TCS_OFFSET + i * TCS_STRIDE;
	struct sgx_tcs tcs = {
		.flags = bare_tcs_flags, .ossa = at + PAGE, .nssa = 2, .oentry = BARE_CODE_OFFSET,
		.ofsbase = at + 3 * PAGE, .ogsbase = at + 3 * PAGE,
		.fslimit = 0xffffffff, .gslimit = 0xffffffff,
	};
	const uint64_t rw = SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_W;

	add(e, m, at, SGX_SECINFO_TCS, &tcs);
	for (unsigned k = 1; k <= 3; k++)
		add(e, m, at + k * PAGE, rw, zero);
	e->tcs[i] = e->base + at;
}

struct door_reply bare_try(struct bare_cpu *c, struct bare_enclave *e,
	uint32_t tcs_count, void (*before)(struct bare_enclave *))
{
	const struct sgx_sha256_ops *sha = crypto_openssl_sha256();
	uint8_t code[PAGE] = { 0 };
	static const uint8_t zero[PAGE];
	struct sgx_measure m;

	memset(e, 0, sizeof(*e));
	e->cpu = c;
	e->tcs_count = tcs_count;
	reserve(e);
	create(e);
	sgx_measure_ecreate(&m, sha, 1, e->size);
	memcpy(code, bare_code, (size_t)(bare_code_end - bare_code));
	add(e, &m, BARE_CODE_OFFSET, SGX_SECINFO_REG | SGX_SECINFO_R
		| SGX_SECINFO_X, code);
	for (unsigned i = 0; i < 4; i++)
		add(e, &m, BARE_DATA_OFFSET + i * PAGE, SGX_SECINFO_REG
			| SGX_SECINFO_R | SGX_SECINFO_W, zero);
	for (uint32_t i = 0; i < tcs_count; i++)
		add_thread(e, &m, i);
	add_more(e, &m);
	sgx_measure_final(&m, sha, e->mrenclave);
	e->boxes = bare_arena(c, tcs_count * GATE_STRIDE);
	memset(e->boxes, 0, tcs_count * GATE_STRIDE);
	if (before != NULL)
		before(e);
	return init(e, (uint64_t)((uint8_t *)e->boxes - c->arena));
}

void bare_build(struct bare_cpu *c, struct bare_enclave *e, uint32_t tcs_count)
{
	struct door_reply r = bare_try(c, e, tcs_count, NULL);
	struct gate_host_config config = { 0 };

	must_ok(&r);
	config.boxes = e->boxes;
	config.count = tcs_count;
	config.tcs = e->tcs;
	config.el_base = e->base;
	config.el_size = e->size;
	config.arena_va = (uintptr_t)c->arena;
	config.arena_size = c->arena_size;
	config.trampoline_va = e->trampoline;
	config.slot_alloc = slot_alloc;
	config.slot_free = slot_free;
	config.alive = cpu_alive;
	config.context = c;
	if (slot_cpu != c)
		slot_count = 0;
	slot_cpu = c;
	e->gate = gate_host_new(&config);
	assert_non_null(e->gate);
}

void bare_simple(struct bare_enclave *e, enum door_op op)
{
	struct door_enclave q = {
		.h = { op, sizeof(q) }, .enclave = e->number,
	};
	struct door_reply r;

	bare_ask(e->cpu, &q, sizeof(q), -1, &r, sizeof(r));
	must_ok(&r);
}

struct door_stat_reply bare_stat(struct bare_enclave *e)
{
	struct door_enclave q = {
		.h = { DOOR_STAT, sizeof(q) }, .enclave = e->number,
	};
	struct door_stat_reply r;

	bare_ask(e->cpu, &q, sizeof(q), -1, &r, sizeof(r));
	must_ok(&r.r);
	return r;
}

struct door_machine_reply bare_machine(struct bare_cpu *c)
{
	struct door_header q = { DOOR_MACHINE, sizeof(q) };
	struct door_machine_reply r;

	bare_ask(c, &q, sizeof(q), -1, &r, sizeof(r));
	must_ok(&r.r);
	return r;
}

void bare_remove(struct bare_enclave *e)
{
	struct door_enclave q = {
		.h = { DOOR_DESTROY, sizeof(q) }, .enclave = e->number,
	};
	struct door_reply r;

	bare_simple(e, DOOR_STOP);
	if (e->gate != NULL)
		gate_host_free(e->gate);
	do {
		bare_ask(e->cpu, &q, sizeof(q), -1, &r, sizeof(r));
		must_ok(&r);
	} while (r.count > 0);
	munmap(e->reserved, e->reserved_size);
}

int bare_enter(struct bare_enclave *e, uint32_t tcs, struct drv_call *c)
{
	c->tcs = e->tcs[tcs];
	c->tcs_index = tcs;
	return gate_host_enter(e->gate, c);
}

uint64_t bare_call(struct bare_enclave *e, uint32_t tcs, uint64_t rdi,
	uint64_t rsi, uint64_t rdx)
{
	struct drv_call c = {
		.rdi = rdi, .rsi = rsi, .rdx = rdx, .function = SGX_EENTER,
	};

	assert_int_equal(bare_enter(e, tcs, &c), 0);
	if (c.function != SGX_EEXIT)
		fail_msg("operation %llu: vector %u code 0x%x address 0x%llx",
			(unsigned long long)rdi, c.vector, c.error_code,
			(unsigned long long)c.address);
	return c.rsi;
}

uint64_t bare_gpr(const struct bare_enclave *e, uint32_t tcs)
{
	return e->tcs[tcs] + 2 * PAGE - sizeof(struct sgx_gprsgx);
}
