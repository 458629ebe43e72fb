/* SPDX-License-Identifier: MIT */
/*
 * The untrusted side of a member: loads the enclave, carries bytes between
 * clients and the enclave, and sealed records between the enclave and etcd.
 *
 *   failover-member --store URL,... --attest URL --vault URL --port N
 *                   [--debug] ENCLAVE
 *
 * When it serves it says "ready" on standard output; when the enclave got no
 * key it says why, on standard error, and ends with status 1.  Status 3: the
 * enclave is lost.  Start it again then.
 *
 * One port, on the loopback address, has two uses: TLS, which ends in the
 * enclave, and for whoever watches over members GET /health in plain HTTP,
 * which says that the enclave answers.
 */
#include "store.h"

#include <arpa/inet.h>
#include <coffer/key_release_host.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <openenclave/host.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ledger_u.h"

#define CONNECTIONS_MAX 16 /* and two threads of the enclave's for others */
#define IDLE_SECONDS 60
#define WATCH_SECONDS 1

static oe_enclave_t *g_enclave;
static struct store *g_store;
static atomic_int g_connections;

/* --- what the enclave asks for -------------------------------------------- */

static enum store_outcome outcome_of(int error)
{
	switch (error) {
	case 0: return STORE_OK;
	case -ENOENT: return STORE_ABSENT;
	case -ESTALE: return STORE_CHANGED;
	default: return STORE_UNKNOWN;
	}
}

enum store_outcome store_read(const char *name, uint8_t *record,
	size_t capacity, size_t *size)
{
	return outcome_of(store_get(g_store, name, record, capacity, size));
}

enum store_outcome store_write(const char *name, const uint8_t *expected,
	const uint8_t *record, size_t size, const uint8_t *digest)
{
	return outcome_of(store_put(g_store, name, expected, record, size,
		digest));
}

int64_t carry_out(int connection, const uint8_t *bytes, size_t size)
{
	return send(connection, bytes, size, MSG_NOSIGNAL);
}

int64_t carry_in(int connection, uint8_t *bytes, size_t size)
{
	return recv(connection, bytes, size, 0);
}

/* --- connections ---------------------------------------------------------- */

static void lost(oe_result_t result)
{
	fprintf(stderr, "the enclave is lost: %s\n", oe_result_str(result));
	_exit(3);
}

static void tell_health(int connection)
{
	char text[256];
	uint64_t version;
	oe_result_t result = member_version(g_enclave, &version);
	int n;

	if (result != OE_OK)
		lost(result);
	/* What was asked is read, so that closing does not reset. */
	n = (int)recv(connection, text, sizeof(text), 0);
	n = snprintf(text, sizeof(text), "HTTP/1.0 200 OK\r\n"
		"Content-Type: text/plain\r\n\r\nserves, version %llu\n",
		(unsigned long long)version);
	send(connection, text, (size_t)n, MSG_NOSIGNAL);
}

static void *serve(void *argument)
{
	const struct timeval idle = { .tv_sec = IDLE_SECONDS };
	int connection = (int)(intptr_t)argument, yes = 1;
	oe_result_t result = OE_OK;
	char first = 0;

	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof(idle));
	setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	if (recv(connection, &first, 1, MSG_PEEK) == 1) {
		if (first == 'G')
			tell_health(connection);
		else
			result = member_serve(g_enclave, connection);
	}
	close(connection);
	atomic_fetch_sub(&g_connections, 1);
	if (result != OE_OK)
		lost(result);
	return NULL;
}

static void *watch(void *unused)
{
	uint64_t version;
	oe_result_t result;

	do {
		sleep(WATCH_SECONDS);
		result = member_version(g_enclave, &version);
	} while (result == OE_OK);
	lost(result);
	return NULL;
}

static int listen_at(uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes,
			sizeof(yes)) || bind(fd, (struct sockaddr *)&address,
			sizeof(address)) || listen(fd, 64)) {
		fprintf(stderr, "port %u: %s\n", port, strerror(errno));
		exit(1);
	}
	return fd;
}

static void accept_all(int listener)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		pthread_t thread;

		if (fd < 0)
			continue;
		/* Too many: the client tries another member. */
		if (atomic_fetch_add(&g_connections, 1) < CONNECTIONS_MAX &&
			!pthread_create(&thread, NULL, serve,
				(void *)(intptr_t)fd)) {
			pthread_detach(thread);
			continue;
		}
		atomic_fetch_sub(&g_connections, 1);
		close(fd);
	}
}

/* --- start ---------------------------------------------------------------- */

struct options {
	const char *store, *attest, *vault, *image;
	uint16_t port;
	uint32_t flags;
};

static void usage(void)
{
	fprintf(stderr, "usage: failover-member --store URL,... --attest URL "
		"--vault URL --port N\n\t[--debug] ENCLAVE\n");
	exit(2);
}

static struct options read_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "store", required_argument, NULL, 's' },
		{ "attest", required_argument, NULL, 'a' },
		{ "vault", required_argument, NULL, 'v' },
		{ "port", required_argument, NULL, 'p' },
		{ "debug", no_argument, NULL, 'd' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 's': o.store = optarg; break;
		case 'a': o.attest = optarg; break;
		case 'v': o.vault = optarg; break;
		case 'p': o.port = (uint16_t)atoi(optarg); break;
		case 'd': o.flags = OE_ENCLAVE_FLAG_DEBUG; break;
		default: usage();
		}
	}
	if (optind + 1 != argc || !o.store || !o.attest || !o.vault ||
		!o.port)
		usage();
	o.image = argv[optind];
	return o;
}

static void open_member(const struct options *o)
{
	char reason[512] = "";
	int error = -1;
	oe_result_t result = oe_create_ledger_enclave(o->image,
		OE_ENCLAVE_TYPE_SGX, o->flags, NULL, 0, &g_enclave);

	if (result == OE_OK)
		result = member_open(g_enclave, &error, o->attest, o->vault,
			reason, sizeof(reason));
	if (result == OE_OK && !error)
		return;
	fprintf(stderr, "not opened: %.*s\n", (int)sizeof(reason) - 1,
		result ? oe_result_str(result) : reason);
	exit(1);
}

int main(int argc, char **argv)
{
	struct options o = read_options(argc, argv);
	pthread_t watcher;
	int listener;

	signal(SIGPIPE, SIG_IGN);
	g_store = store_open(o.store);
	if (!g_store)
		return 1;
	open_member(&o);
	listener = listen_at(o.port);
	if (pthread_create(&watcher, NULL, watch, NULL))
		return 1;
	printf("ready\n");
	fflush(stdout);
	accept_all(listener);
}
