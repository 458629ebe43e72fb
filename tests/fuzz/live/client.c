/* SPDX-License-Identifier: MIT */
/*
 * Hostile clients of the driver: right sequences of requests made wrong in
 * sizes, commands, handles, order and descriptors, on several connections
 * that close in the middle.  After every round an honest host on the same
 * machine must work on and make new enclaves.
 */
#include "chance.h"
#include "common/crypto_openssl.h"
#include "common/msg.h"
#include "common/vmstart.h"
#include "image/signer.h"
#include "measure.h"
#include "platform/wire.h"
#include "scene.h"
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define CONNECTIONS 6u
#define HANDLES 8u /* remembered, of one connection */
#define PAGE 4096ull
#define SIZE 0x10000ull /* of an enclave */
#define ARENA_VA 0x700000000000ull
#define ARENA_SIZE (4ull << 20)

struct connection {
	int fd; /* -1: none */
	uint64_t handle[HANDLES];
	unsigned handles;
	uint64_t base;
};

union message {
	struct wire_header h;
	uint8_t bytes[WIRE_MESSAGE_MAX + 512];
};

static struct chance chance;
static struct connection connection[CONNECTIONS];
static int arena;
static struct sgx_sigstruct signature; /* of the enclave that whole() makes */
static uint64_t rounds, sent, replies, granted, initialised;

static uint64_t below(uint64_t n)
{
	return chance_below(&chance, n);
}

static bool one_in(uint64_t n)
{
	return chance_one_in(&chance, n);
}

/* --- an enclave that is right ------------------------------------------- */

static struct sgx_secs secs_at(uint64_t base)
{
	return (struct sgx_secs){
		.size = SIZE, .base = base, .ssa_frame_size = 1,
		.attributes = { SGX_ATTR_MODE64BIT, 3 },
	};
}

static void sign(void)
{
	static const uint8_t header[16] = SGX_SIGSTRUCT_HEADER;
	static const uint8_t header2[16] = SGX_SIGSTRUCT_HEADER2;
	const struct sgx_sha256_ops *sha = crypto_openssl_sha256();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
	BIGNUM *three = BN_new();
	struct image_error error;
	EVP_PKEY *key = NULL;
	struct sgx_measure m;

	BN_set_word(three, 3);
	EVP_PKEY_keygen_init(context);
	EVP_PKEY_CTX_set_rsa_keygen_bits(context, 3072);
	EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, three);
	assert_int_equal(EVP_PKEY_keygen(context, &key), 1);
	sgx_measure_ecreate(&m, sha, 1, SIZE);
	sgx_measure_eadd(&m, sha, 0, SGX_SECINFO_REG | SGX_SECINFO_R
		| SGX_SECINFO_W, 4);
	memcpy(signature.header, header, 16);
	memcpy(signature.header2, header2, 16);
	signature.date = 0x20260101;
	signature.attributes = secs_at(0).attributes;
	sgx_measure_final(&m, sha, signature.enclave_hash);
	assert_int_equal(sigstruct_sign(&signature, key, &error), IMAGE_OK);
	EVP_PKEY_free(key);
	EVP_PKEY_CTX_free(context);
	BN_free(three);
}

/* --- requests ------------------------------------------------------------ */

static void put(union message *m, const void *part, size_t size)
{
	memcpy(m->bytes + m->h.size, part, size);
	m->h.size += (uint32_t)size;
}

static void put_add(union message *m)
{
	struct sgx_enclave_add_pages add = {
		.src = ARENA_VA + below(16) * PAGE,
		.offset = one_in(2) ? 0 : below(SIZE / PAGE) * PAGE,
		.length = one_in(2) ? 4 * PAGE : below(20) * PAGE,
		.flags = one_in(2) ? WIRE_PAGE_ZERO : one_in(2)
			? SGX_PAGE_MEASURE : SGX_PAGE_MEASURE | WIRE_PAGE_ZERO,
	};
	struct sgx_secinfo secinfo = { .flags = one_in(4) ? SGX_SECINFO_TCS
		: SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_W };

	put(m, &add, sizeof(add));
	put(m, &secinfo, sizeof(secinfo));
}

static void put_sgx2(union message *m)
{
	/* The three structs begin alike. */
	struct sgx_enclave_restrict_permissions pages = {
		.offset = below(SIZE / PAGE) * PAGE,
		.length = (1 + below(4)) * PAGE, .permissions = below(8),
	};
	size_t size = m->h.command
		== (uint32_t)SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS
		? sizeof(pages) : m->h.command
		== (uint32_t)SGX_IOC_ENCLAVE_MODIFY_TYPES
		? sizeof(struct sgx_enclave_modify_types)
		: sizeof(struct sgx_enclave_remove_pages);

	if (m->h.command == (uint32_t)SGX_IOC_ENCLAVE_MODIFY_TYPES)
		pages.permissions = 4;
	put(m, &pages, size);
}

static void put_body(union message *m, struct connection *c)
{
	const struct wire_gate gate = { ARENA_VA, below(4),
		c->base + 0x100000 };
	const struct sgx_enclave_create create = { 0x1000 };
	const struct sgx_enclave_init init = { 0x1000 };
	const struct sgx_enclave_provision provision = { WIRE_PROVISION_FD };
	const struct wire_hello hello = { WIRE_ABI, 0, ARENA_VA, ARENA_SIZE };
	const struct wire_list list = { below(8) };
	struct sgx_secs secs = secs_at(c->base);

	switch (m->h.command) {
	case WIRE_HELLO:
		put(m, &hello, sizeof(hello));
		break;
	case (uint32_t)SGX_IOC_ENCLAVE_CREATE:
		put(m, &create, sizeof(create));
		put(m, &secs, sizeof(secs));
		break;
	case (uint32_t)SGX_IOC_ENCLAVE_ADD_PAGES:
		put_add(m);
		break;
	case (uint32_t)SGX_IOC_ENCLAVE_PROVISION:
		put(m, &provision, sizeof(provision));
		break;
	case WIRE_GATE:
		put(m, &gate, sizeof(gate));
		break;
	case (uint32_t)SGX_IOC_ENCLAVE_INIT:
		put(m, &init, sizeof(init));
		put(m, &signature, sizeof(signature));
		break;
	case (uint32_t)SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS:
	case (uint32_t)SGX_IOC_ENCLAVE_MODIFY_TYPES:
	case (uint32_t)SGX_IOC_ENCLAVE_REMOVE_PAGES:
		put_sgx2(m);
		break;
	case WIRE_LIST:
		put(m, &list, sizeof(list));
		break;
	default:
		break;
	}
}

static void make(union message *m, struct connection *c)
{
	static const uint32_t commands[] = {
		WIRE_OPEN, WIRE_OPEN, SGX_IOC_ENCLAVE_CREATE,
		SGX_IOC_ENCLAVE_CREATE, SGX_IOC_ENCLAVE_ADD_PAGES,
		SGX_IOC_ENCLAVE_ADD_PAGES, SGX_IOC_ENCLAVE_ADD_PAGES,
		SGX_IOC_ENCLAVE_PROVISION, WIRE_GATE, SGX_IOC_ENCLAVE_INIT,
		SGX_IOC_ENCLAVE_INIT, SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS,
		SGX_IOC_ENCLAVE_MODIFY_TYPES, SGX_IOC_ENCLAVE_REMOVE_PAGES,
		WIRE_INTERRUPT, WIRE_CLOSE, WIRE_LIST, WIRE_INFO, WIRE_SWAP,
		WIRE_HELLO, WIRE_EVENT,
	};

	memset(m, 0, sizeof(*m));
	m->h.size = sizeof(m->h);
	m->h.command = commands[below(sizeof(commands) / sizeof(*commands))];
	m->h.tag = chance_next(&chance);
	m->h.handle = c->handles > 0 && !one_in(12)
		? c->handle[below(c->handles)] : one_in(2) ? below(16)
		: chance_odd(&chance);
	put_body(m, c);
}

/* The size of what is sent. */
static size_t spoil(union message *m)
{
	size_t size = m->h.size;
	unsigned fields = one_in(2) ? 0 : 1 + (unsigned)below(3);

	for (unsigned i = 0; i < fields && size > sizeof(m->h); i++) {
		uint64_t value = chance_odd(&chance);
		size_t at = sizeof(m->h)
			+ below((size - sizeof(m->h)) / 4) * 4;

		memcpy(m->bytes + at, &value, 4);
	}
	if (one_in(60))
		m->h.command = (uint32_t)chance_odd(&chance);
	if (one_in(60))
		m->h.size = (uint32_t)chance_odd(&chance);
	if (one_in(60)) {
		size = 1 + below(sizeof(*m));
		if (one_in(2))
			m->h.size = (uint32_t)size;
	}
	/* Whoever may use the machine may end it; this would tell nothing. */
	if (m->h.command == WIRE_SHUTDOWN)
		m->h.command = WIRE_INFO;
	return size;
}

static int some_descriptor(void)
{
	int pair[2] = { -1, -1 }, fd = -1;

	switch (below(6)) {
	case 0:
		if (pipe2(pair, O_CLOEXEC) == 0)
			fd = pair[0];
		break;
	case 1:
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			pair) == 0)
			fd = pair[0];
		break;
	case 2:
		fd = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		break;
	case 3:
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		break;
	case 4:
		fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		break;
	default:
		fd = memfd_create("small", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
	}
	if (pair[1] >= 0)
		close(pair[1]);
	return fd;
}

/* --- connections --------------------------------------------------------- */

static void hang_up(struct connection *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->handles = 0;
}

/* Takes the replies that have come, waiting for the first.  False when the
 * driver has hung up. */
static bool listen_for(struct connection *c, int milliseconds)
{
	uint8_t bytes[WIRE_MESSAGE_MAX];
	struct pollfd wait = { c->fd, POLLIN, 0 };
	struct wire_reply r;
	int fds[MSG_FDS_MAX];

	while (poll(&wait, 1, milliseconds) == 1) {
		unsigned count = MSG_FDS_MAX;
		ssize_t n = msg_recv(c->fd, bytes, sizeof(bytes), fds, &count,
			MSG_DONTWAIT);

		if (n <= 0)
			return false;
		for (unsigned i = 0; i < count; i++)
			close(fds[i]);
		assert_true(n >= (ssize_t)sizeof(r));
		memcpy(&r, bytes, sizeof(r));
		assert_int_equal(r.size, n);
		assert_non_null(memchr(r.text, 0, sizeof(r.text)));
		replies++;
		granted += r.result == 0;
		initialised += r.result == 0
			&& r.command == (uint32_t)SGX_IOC_ENCLAVE_INIT;
		if (r.command == WIRE_OPEN && r.result == 0)
			c->handle[c->handles < HANDLES ? c->handles++
				: below(HANDLES)] = r.handle;
		milliseconds = 0;
	}
	return true;
}

static bool say(struct connection *c, union message *m, size_t size,
	const int *fds, unsigned count)
{
	sent++;
	return msg_send(c->fd, m, size, fds, count, MSG_DONTWAIT) == 0;
}

static bool say_right(struct connection *c, uint32_t command, uint64_t handle)
{
	union message m;

	memset(&m, 0, sizeof(m));
	m.h = (struct wire_header){ sizeof(m.h), command, handle, 1 };
	if (command == (uint32_t)SGX_IOC_ENCLAVE_ADD_PAGES) {
		struct sgx_enclave_add_pages add = { .length = 4 * PAGE,
			.flags = WIRE_PAGE_ZERO };
		struct sgx_secinfo secinfo = { .flags = SGX_SECINFO_REG
			| SGX_SECINFO_R | SGX_SECINFO_W };

		put(&m, &add, sizeof(add));
		put(&m, &secinfo, sizeof(secinfo));
	} else {
		put_body(&m, c);
	}
	return say(c, &m, m.h.size, &arena, command == WIRE_HELLO)
		&& listen_for(c, 5000);
}

static bool greet(struct connection *c)
{
	struct why why = { "" };

	c->handles = 0;
	c->base = (1 + below(256)) << 32;
	c->fd = vmstart_connect("default", &why);
	if (c->fd < 0)
		fail_msg("%s", why.text);
	return one_in(12) || say_right(c, WIRE_HELLO, 0);
}

/* An enclave that is initialised; what the storm then makes of it is wrong. */
static bool whole(struct connection *c)
{
	static const uint32_t steps[] = {
		SGX_IOC_ENCLAVE_CREATE, SGX_IOC_ENCLAVE_ADD_PAGES, WIRE_GATE,
		SGX_IOC_ENCLAVE_INIT,
	};

	if (!say_right(c, WIRE_OPEN, 0))
		return false;
	for (unsigned i = 0; i < 4 && c->handles > 0; i++)
		if (!say_right(c, steps[i], c->handle[c->handles - 1]))
			return false;
	return true;
}

static bool act(struct connection *c)
{
	union message m;
	unsigned count = 0;
	int fds[MSG_FDS_MAX];
	size_t size;
	bool good;

	if (c->fd < 0)
		return greet(c);
	if (one_in(60))
		return false; /* in the middle, replies unread */
	if (one_in(20))
		return whole(c);
	make(&m, c);
	size = spoil(&m);
	if (one_in(6)) {
		fds[0] = some_descriptor();
		for (count = 1; count < MSG_FDS_MAX && one_in(2); count++)
			fds[count] = fds[0];
		if (fds[0] < 0)
			count = 0;
	}
	good = say(c, &m, size, fds, count);
	if (count > 0)
		close(fds[0]);
	return good && (one_in(5) || listen_for(c, 200));
}

/* --- the storm ------------------------------------------------------------ */

static void honest_works(struct peer *p)
{
	char rest[256];

	scene_ask(p, "work", rest, sizeof(rest), "work 41");
	assert_string_equal(rest, "OE_OK 42");
	scene_ask(p, "cycled", rest, sizeof(rest), "cycles 1");
	assert_string_equal(rest, "1 OE_OK");
}

static void storm(void **state)
{
	struct scene *s = *state;
	long descriptors[2], resident[2];
	pid_t driver, cpu;
	struct peer honest;

	chance_open("client", &chance);
	sign();
	arena = memfd_create("arena", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(arena, (off_t)ARENA_SIZE), 0);
	assert_int_equal(fcntl(arena, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	for (unsigned i = 0; i < CONNECTIONS; i++)
		connection[i].fd = -1;
	scene_host(s, &honest, HOSTILE_HOST, HOSTILE_ENCLAVE);
	honest_works(&honest);
	driver = scene_pid("cofferd");
	cpu = scene_pid("coffer-cpu");
	descriptors[0] = world_descriptors(driver);
	resident[0] = world_resident(driver);
	resident[1] = world_resident(cpu);
	do {
		for (unsigned i = 0; i < 300; i++) {
			struct connection *c = &connection[below(CONNECTIONS)];

			if (!act(c))
				hang_up(c);
		}
		rounds++;
		honest_works(&honest);
		assert_int_equal(scene_pid("cofferd"), driver);
		assert_int_equal(scene_pid("coffer-cpu"), cpu);
	} while (chance_going());
	for (unsigned i = 0; i < CONNECTIONS; i++)
		hang_up(&connection[i]);
	for (unsigned i = 0; i < 200 && (world_descriptors(driver)
		!= descriptors[0] || world_find_cell() <= 0); i++)
		world_nap(50);
	descriptors[1] = world_descriptors(driver);
	printf("client: %llu rounds, %llu messages, %llu replies, %llu granted, "
		"%llu enclaves initialised; descriptors %ld, later %ld; resident "
		"driver %ld, later %ld KiB, processor %ld, later %ld KiB\n",
		(unsigned long long)rounds, (unsigned long long)sent,
		(unsigned long long)replies, (unsigned long long)granted,
		(unsigned long long)initialised, descriptors[0], descriptors[1],
		resident[0], world_resident(driver), resident[1],
		world_resident(cpu));
	assert_int_equal(descriptors[1], descriptors[0]);
	assert_true(world_find_cell() > 0); /* the honest one, alone */
	assert_true(world_resident(driver) < resident[0] + (32 << 10));
	assert_true(world_resident(cpu) < resident[1] + (64 << 10));
	assert_true(granted > 0 && initialised > 0);
	honest_works(&honest);
	scene_host_end(&honest);
	close(arena);
	scene_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(storm, scene_setup,
			scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
