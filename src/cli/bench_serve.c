/* SPDX-License-Identifier: MIT */
/*
 * The attestation service over loopback: many clients at once, each with one
 * connection, ask for tokens for quotes of a machine of the benchmark's own.
 * Beside it the cryptography that no such service can do without: one
 * signature verified, of the quote (what certifies its key is kept), and one
 * made, under the token.
 */
#include "bench.h"
#include "bench_ecdsa.h"
#include "bench_enclave.h"
#include "bench_machine.h"
#include "bench_stat.h"
#include "bench_u.h"
#include "cli.h"
#include "common/spawn.h"
#include "host/quoting.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENTS 200
#define SECONDS 60
#define LATENCIES 4096 /* kept per client: the newest */
#define START_MS 60000
#define RSA_BITS 2048 /* of the service's token key */

struct client {
	pthread_t thread;
	struct load *load;
	uint64_t done, failed;
	double *latencies; /* ns */
};

struct load {
	unsigned port;
	const char *request;
	size_t size;
	atomic_bool stop;
	struct client clients[CLIENTS];
};

/* --- clients ------------------------------------------------------------ */

static int dial(unsigned port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct timeval patience = { 30, 0 };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (!connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return fd;
	close(fd);
	return -1;
}

/* One request and its answer: 200, and all of it. */
static bool ask(int fd, const struct load *load)
{
	char reply[32768], *body, *length;
	size_t used = 0;

	for (size_t sent = 0; sent < load->size; ) {
		ssize_t n = send(fd, load->request + sent, load->size - sent,
			MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		sent += (size_t)n;
	}
	while (used < sizeof(reply) - 1) {
		ssize_t n = recv(fd, reply + used, sizeof(reply) - 1 - used,
			0);

		if (n <= 0)
			return false;
		used += (size_t)n;
		reply[used] = '\0';
		body = strstr(reply, "\r\n\r\n");
		length = strcasestr(reply, "\r\nContent-Length: ");
		if (body && length && used >= (size_t)(body + 4 - reply) +
		    strtoul(length + 18, NULL, 10))
			return !strncmp(reply, "HTTP/1.1 200", 12) &&
				strstr(body, "\"token\"");
	}
	return false;
}

static void *run_client(void *context)
{
	struct client *c = context;
	int fd = dial(c->load->port);

	while (!atomic_load(&c->load->stop)) {
		uint64_t begin = bench_now();

		if (fd < 0 || !ask(fd, c->load)) {
			c->failed++;
			close(fd);
			usleep(100000);
			fd = dial(c->load->port);
			continue;
		}
		c->latencies[c->done++ % LATENCIES] =
			(double)(bench_now() - begin);
	}
	close(fd);
	return NULL;
}

/* --- the service -------------------------------------------------------- */

static bool read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool ok = file && fgets(line, (int)size, file);

	if (file)
		fclose(file);
	return ok;
}

static pid_t service_start(unsigned *port)
{
	char path[4096], url[4096], line[256] = "";
	char *argv[] = { path, (char *)"--http", (char *)"--port",
		(char *)"0", (char *)"--quiet", NULL };
	struct why why = { "" };
	pid_t pid;

	if (spawn_find("coffer-serve", path, sizeof(path), &why)) {
		cli_error("%s", why.text);
		return -1;
	}
	snprintf(url, sizeof(url), "%s/serve/url", getenv("COFFER_STATE_DIR"));
	pid = spawn_child(path, argv, NULL, 0, STDERR_FILENO);
	for (int ms = 0; pid > 0 && ms < START_MS; ms += 50) {
		if (read_line(url, line, sizeof(line)) &&
		    strrchr(line, ':')) {
			*port = (unsigned)atoi(strrchr(line, ':') + 1);
			return pid;
		}
		if (waitpid(pid, NULL, WNOHANG) == pid)
			pid = -1;
		usleep(50000);
	}
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	cli_error("coffer-serve does not start");
	return -1;
}

/* Processor time of a process, ns. */
static double cpu_of(pid_t pid)
{
	unsigned long user, system;
	char path[64], line[1024], *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (!read_line(path, line, sizeof(line)) || !(at = strrchr(line, ')')) ||
	    sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
	    "%lu %lu", &user, &system) != 2)
		return 0;
	return (double)(user + system) * 1e9 / (double)sysconf(_SC_CLK_TCK);
}

/* --- the request -------------------------------------------------------- */

static char *request_new(size_t *size)
{
	oe_enclave_t *enclave = bench_enclave_new(BENCH_IMAGE_CALLS);
	uint8_t data[64] = { 0 }, report[QUOTING_REPORT_SIZE], *quote = NULL;
	uint8_t target[QUOTING_TARGET_SIZE];
	oe_result_t result = OE_FAILURE;
	struct why why = { "" };
	size_t quote_size = 0;
	char *body, *request = NULL;
	int n;

	if (!enclave)
		return NULL;
	if (quoting_target_info(target, &why) ||
	    bench_report(enclave, &result, 1, target, data, report) ||
	    result || quoting_quote(report, &quote, &quote_size, &why)) {
		cli_error("no quote: %s", why.text);
		oe_terminate_enclave(enclave);
		return NULL;
	}
	oe_terminate_enclave(enclave);
	body = calloc(1, 4 * quote_size / 3 + 16);
	if (body) {
		EVP_EncodeBlock((uint8_t *)body, quote, (int)quote_size);
		n = asprintf(&request, "POST /attest/SgxEnclave?api-version="
			"2022-08-01 HTTP/1.1\r\nHost: localhost\r\n"
			"Content-Type: application/json\r\n"
			"Content-Length: %zu\r\n\r\n{\"quote\":\"%s\"}",
			strlen(body) + 12, body);
		if (n < 0)
			request = NULL;
		else
			*size = (size_t)n;
	}
	free(body);
	free(quote);
	return request;
}

/* --- the floor ---------------------------------------------------------- */

static bool run_verify(void *context, uint64_t count)
{
	return bench_ecdsa_verify(context, count);
}

static bool run_rsa(void *context, uint64_t count)
{
	static const uint8_t digest[32] = { 1 };
	uint8_t signature[RSA_BITS / 8];
	bool ok = true;

	while (count-- && ok) {
		size_t size = sizeof(signature);
		EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(context, NULL);

		ok = c && EVP_PKEY_sign_init(c) == 1 &&
			EVP_PKEY_CTX_set_signature_md(c, EVP_sha256()) == 1 &&
			EVP_PKEY_sign(c, signature, &size, digest,
				sizeof(digest)) == 1;
		EVP_PKEY_CTX_free(c);
	}
	return ok;
}

/* The service keeps every processor busy, and two of them may share a core:
 * the floor is taken while the others do the same. */
struct neighbour {
	pthread_t thread;
	EVP_PKEY *rsa;
	atomic_bool *stop;
};

static void *run_neighbour(void *argument)
{
	const struct neighbour *n = argument;

	while (!atomic_load(n->stop) && run_rsa(n->rsa, 1))
		;
	return NULL;
}

#define NEIGHBOURS_MAX 255

static size_t start_neighbours(struct neighbour *n, atomic_bool *stop)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t count = 0;

	while (count < NEIGHBOURS_MAX && (long)count + 1 < processors) {
		n[count].stop = stop;
		n[count].rsa = EVP_RSA_gen(RSA_BITS);
		if (!n[count].rsa || pthread_create(&n[count].thread, NULL,
		    run_neighbour, &n[count])) {
			EVP_PKEY_free(n[count].rsa);
			break;
		}
		count++;
	}
	return count;
}

static void stop_neighbours(struct neighbour *n, size_t count,
	atomic_bool *stop)
{
	atomic_store(stop, true);
	for (size_t i = 0; i < count; i++) {
		pthread_join(n[i].thread, NULL);
		EVP_PKEY_free(n[i].rsa);
	}
}

/* Nanoseconds of both; negative after a message. */
static double time_floor(struct bench_report *report)
{
	static struct bench_measure m[2];
	static struct neighbour neighbours[NEIGHBOURS_MAX];
	static atomic_bool stop;
	size_t busy = start_neighbours(neighbours, &stop);
	struct bench_ecdsa *ecdsa = bench_ecdsa_new();
	EVP_PKEY *rsa = EVP_RSA_gen(RSA_BITS);
	double sum = -1;

	m[0] = (struct bench_measure){ .name = "ecdsa_verify_ns",
		.batch = run_verify, .context = ecdsa, .warm = 3, .cpu = -1 };
	m[1] = (struct bench_measure){ .name = "rsa_sign_ns",
		.batch = run_rsa, .context = rsa, .warm = 1, .cpu = -1 };
	if (ecdsa && rsa && bench_run(m, 2, 101)) {
		bench_report_figure(report, m[0].name, m[0].median, "ns",
			"OpenSSL, P-256: of the quote");
		bench_report_figure(report, m[1].name, m[1].median, "ns",
			"OpenSSL, 2048 bits: under the token");
		sum = m[0].median + m[1].median;
	}
	stop_neighbours(neighbours, busy, &stop);
	EVP_PKEY_free(rsa);
	bench_ecdsa_free(ecdsa);
	return sum;
}

/* --- all of it ---------------------------------------------------------- */

static bool drive(struct bench_report *report, struct load *load, pid_t pid,
	double floor_ns)
{
	static const struct { const char *name; double part; } points[] = {
		{ "latency_p50_ms", .5 }, { "latency_p90_ms", .9 },
		{ "latency_p99_ms", .99 }, { "latency_max_ms", 1 } };
	double *all = calloc(CLIENTS * LATENCIES, sizeof(*all)), cpu, seconds;
	uint64_t done = 0, failed = 0, begin = bench_now();
	size_t kept = 0, started = 0;

	if (!all)
		return cli_error("out of memory"), false;
	cpu = cpu_of(pid);
	for (; started < CLIENTS; started++) {
		struct client *c = &load->clients[started];

		c->load = load;
		c->latencies = calloc(LATENCIES, sizeof(*c->latencies));
		if (!c->latencies || pthread_create(&c->thread, NULL,
		    run_client, c)) {
			free(c->latencies);
			break;
		}
	}
	if (started == CLIENTS)
		sleep(SECONDS);
	atomic_store(&load->stop, true);
	for (size_t i = 0; i < started; i++) {
		struct client *c = &load->clients[i];
		size_t n;

		pthread_join(c->thread, NULL);
		n = c->done < LATENCIES ? (size_t)c->done : LATENCIES;
		memcpy(all + kept, c->latencies, n * sizeof(*all));
		kept += n;
		done += c->done;
		failed += c->failed;
		free(c->latencies);
	}
	cpu = cpu_of(pid) - cpu;
	seconds = (double)(bench_now() - begin) * 1e-9;
	if (started < CLIENTS || !done) {
		free(all);
		cli_error(started < CLIENTS ? N_("too few threads") :
			N_("no request was answered"));
		return false;
	}
	bench_report_figure(report, "clients", CLIENTS, "",
		"at once, a connection each");
	bench_report_figure(report, "requests_per_s", (double)done / seconds,
		"/s", "tokens for quotes");
	bench_median(all, kept); /* sorts */
	for (size_t i = 0; i < sizeof(points) / sizeof(*points); i++)
		bench_report_figure(report, points[i].name, all[(size_t)(
			points[i].part * (double)(kept - 1))] * 1e-6, "ms",
			"as a client sees it");
	bench_report_figure(report, "cpu_per_request_ns", cpu / (double)done,
		"ns", "of the service, kernel included");
	bench_report_at_most(report, "cpu_per_request_ns / cryptography",
		cpu / (double)done / floor_ns, 2);
	bench_report_at_most(report, "errors", (double)failed, 0);
	free(all);
	return true;
}

int bench_serve(bool json)
{
	static struct load load;
	struct bench_machine machine = { "" };
	struct bench_report report;
	double floor_ns;
	char *request;
	pid_t pid = -1;
	bool ok = false;

	/* Until the architectural enclaves have been signed. */
	setenv("COFFER_IDLE_SECONDS", "10", 0);
	if (!bench_machine_open(&machine, "Standard_DC1s_v3"))
		return CLI_FAILED;
	bench_report_begin(&report, json);
	request = request_new(&load.size);
	load.request = request;
	if (request)
		pid = service_start(&load.port);
	if (pid > 0) {
		floor_ns = time_floor(&report);
		ok = floor_ns > 0 && drive(&report, &load, pid, floor_ns);
		kill(pid, SIGTERM);
		waitpid(pid, NULL, 0);
	}
	free(request);
	bench_machine_close(&machine);
	return ok ? bench_report_end(&report) : CLI_FAILED;
}
