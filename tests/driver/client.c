/* SPDX-License-Identifier: MIT */
#include "client.h"

#include "common/vmstart.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct world g_world;

/* --- world -------------------------------------------------------------- */

int world_set_up(void **state)
{
	static const char *const programs[][2] = {
		{ "COFFERD", "cofferd" }, { "FAKE_CPU", "coffer-cpu" } };
	char folder[96], path[128];

	if (world_open(&g_world, (uid_t)-1))
		return -1;
	snprintf(folder, sizeof(folder), "%s/bin", g_world.folder);
	if (mkdir(folder, 0700))
		return -1;
	for (int i = 0; i < 2; i++) {
		const char *target = getenv(programs[i][0]);

		snprintf(path, sizeof(path), "%s/%s", folder, programs[i][1]);
		if (!target || symlink(target, path))
			return -1;
	}
	setenv("COFFER_BINDIR", folder, 1);
	setenv("COFFER_EPC_PAGES", "4096", 1);
	setenv("COFFER_IDLE_SECONDS", "0", 1);
	return 0;
}

int world_tear_down(void **state)
{
	unsetenv("COFFER_EPC_PAGES");
	return world_close(&g_world) ? -1 : 0;
}

/* --- the fake processor ------------------------------------------------- */

static FILE *state_file(const char *name, const char *mode)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/vm/default/%s", g_world.state, name);
	return fopen(path, mode);
}

void cpu_script(const char *line)
{
	FILE *f = state_file("script", "w");

	assert_non_null(f);
	fprintf(f, "%s\n", line);
	fclose(f);
}

void cpu_held(void)
{
	unsigned long long end = world_clock() + WORLD_PATIENCE;
	char path[160];

	snprintf(path, sizeof(path), "%s/vm/default/script", g_world.state);
	while (!access(path, F_OK)) {
		if (world_clock() > end)
			fail_msg("the processor was not asked");
		world_nap(1);
	}
}

void cpu_go(void)
{
	FILE *f = state_file("go", "w");

	assert_non_null(f);
	fclose(f);
}

long cpu_used(void)
{
	FILE *f = state_file("used", "r");
	long used = -1;

	if (f && fscanf(f, "%ld", &used) != 1)
		used = -1;
	if (f)
		fclose(f);
	return used;
}

bool cpu_was_asked(const char *text)
{
	char line[512];
	bool found = false;
	FILE *f = state_file("calls", "r");

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, text) != NULL;
	if (f)
		fclose(f);
	return found;
}

void cpu_forget(void)
{
	FILE *f = state_file("calls", "w");

	if (f)
		fclose(f);
}

/* --- messages ----------------------------------------------------------- */

int client_connect_only(void)
{
	struct why why = { "" };
	int fd = vmstart_connect("default", &why);

	if (fd < 0)
		fail_msg("%s", why.text);
	return fd;
}

void client_send(struct client *c, uint32_t command, uint64_t handle,
	uint64_t tag, const void *a, size_t a_size, const void *b,
	size_t b_size)
{
	uint8_t message[WIRE_MESSAGE_MAX];
	struct wire_header h = { (uint32_t)(sizeof(h) + a_size + b_size),
		command, handle, tag };

	memcpy(message, &h, sizeof(h));
	if (a_size)
		memcpy(message + sizeof(h), a, a_size);
	if (b_size)
		memcpy(message + sizeof(h) + a_size, b, b_size);
	assert_int_equal(send(c->fd, message, h.size, MSG_NOSIGNAL), h.size);
}

size_t client_receive(struct client *c, struct wire_reply *reply, void *out,
	size_t size)
{
	uint8_t message[WIRE_MESSAGE_MAX];
	struct pollfd wait = { c->fd, POLLIN, 0 };
	ssize_t n;

	assert_int_equal(poll(&wait, 1, WORLD_PATIENCE), 1);
	n = recv(c->fd, message, sizeof(message), 0);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return 0;
	assert_true(n >= (ssize_t)sizeof(*reply));
	memcpy(reply, message, sizeof(*reply));
	assert_int_equal(reply->size, n);
	assert_non_null(memchr(reply->text, 0, sizeof(reply->text)));
	memcpy(c->text, reply->text, sizeof(c->text));
	if (out && (size_t)n - sizeof(*reply) <= size)
		memcpy(out, message + sizeof(*reply),
			(size_t)n - sizeof(*reply));
	return (size_t)n;
}

int client_ask(struct client *c, uint32_t command, uint64_t *handle,
	const void *a, size_t a_size, const void *b, size_t b_size, void *out,
	size_t out_size)
{
	static uint64_t tag;
	struct wire_reply reply;

	client_send(c, command, handle ? *handle : 0, ++tag, a, a_size, b,
		b_size);
	assert_true(client_receive(c, &reply, out, out_size) > 0);
	assert_int_equal(reply.command, command);
	assert_int_equal(reply.tag, tag);
	/* A failure says why, a success has nothing to say. */
	assert_int_equal(reply.text[0] != 0, reply.result != 0);
	if (handle)
		*handle = reply.handle;
	return reply.result;
}

static void greet(struct client *c)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct {
		struct wire_header h;
		struct wire_hello hello;
	} message = { { sizeof(message), WIRE_HELLO, 0, 77 },
		{ WIRE_ABI, 0, c->arena_va, ARENA_BYTES } };
	struct iovec part = { &message, sizeof(message) };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&m);
	struct wire_reply reply;

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &c->arena_fd, sizeof(int));
	assert_int_equal(sendmsg(c->fd, &m, MSG_NOSIGNAL), sizeof(message));
	assert_true(client_receive(c, &reply, &c->info, sizeof(c->info)) > 0);
	if (reply.result)
		fail_msg("hello: %s", reply.text);
}

void client_open(struct client *c)
{
	memset(c, 0, sizeof(*c));
	c->fd = client_connect_only();
	c->arena_va = 0x700000000000ull;
	c->arena_fd = memfd_create("arena", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_true(c->arena_fd >= 0);
	assert_int_equal(ftruncate(c->arena_fd, ARENA_BYTES), 0);
	assert_int_equal(fcntl(c->arena_fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	greet(c);
}

void client_close(struct client *c)
{
	close(c->fd);
	close(c->arena_fd);
}

/* --- verbs -------------------------------------------------------------- */

uint64_t client_new(struct client *c)
{
	uint64_t handle = 0;

	assert_int_equal(client_ask(c, WIRE_OPEN, &handle, NULL, 0, NULL, 0,
		NULL, 0), 0);
	assert_int_not_equal(handle, 0);
	return handle;
}

int client_create(struct client *c, uint64_t handle, uint64_t size)
{
	struct sgx_enclave_create arg = { 0x1234 };
	struct sgx_secs secs;

	memset(&secs, 0, sizeof(secs));
	secs.size = size;
	secs.base = 0x600000000000ull;
	secs.attributes.flags = SGX_ATTR_MODE64BIT | SGX_ATTR_DEBUG;
	return client_ask(c, SGX_IOC_ENCLAVE_CREATE, &handle, &arg,
		sizeof(arg), &secs, sizeof(secs), NULL, 0);
}

int client_add(struct client *c, uint64_t handle,
	struct sgx_enclave_add_pages *add, uint64_t secinfo_flags)
{
	struct sgx_secinfo secinfo;

	memset(&secinfo, 0, sizeof(secinfo));
	secinfo.flags = secinfo_flags;
	return client_ask(c, SGX_IOC_ENCLAVE_ADD_PAGES, &handle, add,
		sizeof(*add), &secinfo, sizeof(secinfo), add, sizeof(*add));
}

int client_gate(struct client *c, uint64_t handle, uint64_t count)
{
	struct wire_gate gate = { c->arena_va, count, 0x700100000000ull };

	return client_ask(c, WIRE_GATE, &handle, &gate, sizeof(gate), NULL, 0,
		NULL, 0);
}

int client_init(struct client *c, uint64_t handle)
{
	struct sgx_enclave_init arg = { 0x1234 };
	struct sgx_sigstruct sig;

	memset(&sig, 0, sizeof(sig));
	return client_ask(c, SGX_IOC_ENCLAVE_INIT, &handle, &arg, sizeof(arg),
		&sig, sizeof(sig), NULL, 0);
}

int client_simple(struct client *c, uint32_t command, uint64_t handle)
{
	return client_ask(c, command, &handle, NULL, 0, NULL, 0, NULL, 0);
}

uint64_t client_whole(struct client *c)
{
	struct sgx_enclave_add_pages page = { .src = c->arena_va,
		.length = 4096, .flags = SGX_PAGE_MEASURE };
	struct sgx_enclave_add_pages tcs = { .src = c->arena_va,
		.offset = 4096, .length = 4096, .flags = SGX_PAGE_MEASURE };
	uint64_t handle = client_new(c);

	assert_int_equal(client_create(c, handle, 1 << 20), 0);
	assert_int_equal(client_add(c, handle, &page, SGX_SECINFO_REG |
		SGX_SECINFO_R), 0);
	assert_int_equal(client_add(c, handle, &tcs, SGX_SECINFO_TCS), 0);
	assert_int_equal(client_gate(c, handle, 1), 0);
	assert_int_equal(client_init(c, handle), 0);
	return handle;
}

uint64_t epc_used(struct client *c)
{
	struct wire_info info;

	assert_int_equal(client_ask(c, WIRE_INFO, NULL, NULL, 0, NULL, 0,
		&info, sizeof(info)), 0);
	return info.epc_used;
}

void wait_epc(struct client *c, uint64_t pages)
{
	unsigned long long end = world_clock() + WORLD_PATIENCE;

	while (epc_used(c) != pages) {
		if (world_clock() > end)
			fail_msg("%llu EPC pages in use, not %llu",
				(unsigned long long)epc_used(c),
				(unsigned long long)pages);
		world_nap(5);
	}
}
