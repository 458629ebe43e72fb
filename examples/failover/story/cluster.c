/* SPDX-License-Identifier: MIT */
#include "cluster.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEY "ledger"
#define SET "svc"
#define SIZE "Standard_DC1s_v3"
#define PATIENCE 90000u /* milliseconds, for what should take a second */
#define PAUSE 300u /* between two starts of one program */
#define PIN_SECTION ".failover.pin"

const char *const cluster_victim_name[VICTIMS] = { "application", "driver",
	"processor", "enclave", "store member" };

static bool fail(const char *what, const char *said)
{
	fprintf(stderr, "%s failed: %s\n", what, said);
	return false;
}

/* "%s/NAME" of a folder, in one of a few static buffers. */
static char *in(const char *folder, const char *name)
{
	static char path[12][512];
	static unsigned next;

	next = (next + 1) % 12;
	snprintf(path[next], sizeof(path[next]), "%s/%s", folder, name);
	return path[next];
}

static char *program(const struct cluster *c, const char *name)
{
	return in(c->bin, name);
}

/* --- ports ---------------------------------------------------------------- */

static int open_socket(uint16_t port, bool listener)
{
	const struct timeval wait = { .tv_sec = 5 };
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (fd >= 0 && (listener ? bind(fd, (struct sockaddr *)&a, sizeof(a))
			: connect(fd, (struct sockaddr *)&a, sizeof(a)))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool is_free(uint16_t port)
{
	int fd = open_socket(port, true);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* So many ports in a row that differ in their last digit alone and are free,
 * of those that the kernel does not give away by itself. */
static uint16_t pick_ports(unsigned count)
{
	static unsigned at;
	unsigned found = 0;
	uint16_t first = 0;

	if (!at)
		at = (unsigned)getpid() * 37u;
	while (found < count) {
		first = (uint16_t)(18000 + 10 * (++at % 1400));
		for (found = 0; found < count &&
			is_free((uint16_t)(first + found));)
			found++;
	}
	return first;
}

/* Does it answer GET /health as one that is well does? */
static bool healthy(uint16_t port, const char *word)
{
	static const char ask[] = "GET /health HTTP/1.0\r\n\r\n";
	char text[1024] = "";
	size_t size = 0;
	ssize_t n = 1;
	int fd = open_socket(port, false);

	if (fd < 0)
		return false;
	if (send(fd, ask, sizeof(ask) - 1, MSG_NOSIGNAL) > 0)
		while (n > 0 && size < sizeof(text) - 1) {
			n = recv(fd, text + size, sizeof(text) - 1 - size, 0);
			size += n > 0 ? (size_t)n : 0;
		}
	close(fd);
	text[size] = 0;
	return strstr(text, " 200 OK") && strstr(text, word);
}

bool cluster_serves(const struct cluster *c, unsigned member)
{
	return healthy(c->member[member].port, "serves");
}

/* --- the owner: services, key, image -------------------------------------- */

static bool start_services(struct cluster *c)
{
	char *argv[] = { program(c, "coffer-serve"), "--port", "0", "--quiet",
		NULL };
	char *said = in(c->world.folder, "services");
	unsigned long long end = world_clock() + PATIENCE;
	FILE *f;

	if (!process_start(&c->services, argv, said, said))
		return false;
	while (!c->url[0] && process_runs(&c->services) &&
		world_clock() < end) {
		char line[128];

		f = fopen(said, "re");
		while (f && fgets(line, sizeof(line), f))
			if (!strncmp(line, "https://", 8) && strchr(line, '\n'))
				snprintf(c->url, sizeof(c->url), "%.*s",
					(int)strcspn(line, "\n"), line);
		if (f)
			fclose(f);
		world_nap(20);
	}
	setenv("COFFER_COLLATERAL_URL", c->url, 1);
	setenv("COFFER_COLLATERAL_CA", in(c->world.state, "serve/tls/ca.pem"),
		1);
	return c->url[0] || fail("coffer-serve", "no address");
}

static bool read_hex(const char *text, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (sscanf(text + 2 * i, "%2hhx", &bytes[i]) != 1)
			return false;
	return true;
}

/* Whom the enclaves believe, into the image. */
static bool put_pins(struct cluster *c)
{
	static const char *const names[] = { "service_pin", "attest_pin" };
	char *pin = in(c->world.folder, "pin"), section[600], said[4096];
	char *ask[] = { program(c, "coffer"), "key", "pin", NULL };
	char *put[] = { "/usr/bin/objcopy", "--update-section", section,
		(char *)c->image, in(c->world.folder, "pinned"), NULL };
	uint8_t pins[2][32];
	bool good;
	FILE *f;

	if (process_run(ask, said, sizeof(said), NULL, NULL))
		return fail("coffer key pin", said);
	for (int i = 0; i < 2; i++) {
		const char *at = strstr(said, names[i]);

		at = at ? at + strlen(names[i]) : "";
		if (!read_hex(at + strspn(at, " "), pins[i], 32))
			return fail("coffer key pin", said);
	}
	f = fopen(pin, "wbe");
	good = f && fwrite(pins, sizeof(pins), 1, f) == 1;
	if (!f || fclose(f) || !good)
		return fail("writing", pin);
	snprintf(section, sizeof(section), PIN_SECTION "=%s", pin);
	return !process_run(put, said, sizeof(said), NULL, NULL) ||
		fail("objcopy", said);
}

bool cluster_sign(struct cluster *c, const char *conf, const char *signer,
	const char *out)
{
	char said[2048];
	char *argv[] = { program(c, "oesign"), "sign", "-e",
		in(c->world.folder, "pinned"), "-c", in(c->configs, conf), "-k",
		(char *)signer, "-o", (char *)out, NULL };

	return !process_run(argv, said, sizeof(said), NULL, NULL) ||
		fail("oesign sign", said);
}

static bool find_signer(struct cluster *c)
{
	char said[8192], *at;
	char *argv[] = { program(c, "oesign"), "dump", "-e", c->signed_image,
		NULL };

	if (process_run(argv, said, sizeof(said), NULL, NULL))
		return fail("oesign dump", said);
	at = strstr(said, "mrsigner=");
	snprintf(c->mrsigner, sizeof(c->mrsigner), "%.64s", at ? at + 9 : "");
	return strlen(c->mrsigner) == 64 || fail("oesign dump", said);
}

/* Made in the key service, and known to nobody who is not given it. */
static bool make_key(struct cluster *c)
{
	char said[4096];
	char *argv[] = { program(c, "coffer"), "key", "create", KEY, "--type",
		"oct-HSM", "--size", "256", "--mrsigner", c->mrsigner,
		"--product", "3", "--svn", "2", NULL };

	return !process_run(argv, said, sizeof(said), NULL, NULL) ||
		fail("coffer key create", said);
}

/* --- the store ------------------------------------------------------------ */

static char *store_url(uint16_t port)
{
	static char url[8][64];
	static unsigned next;

	next = (next + 1) % 8;
	snprintf(url[next], sizeof(url[next]), "http://127.0.0.1:%u", port);
	return url[next];
}

static bool start_store(struct cluster *c, unsigned i)
{
	char name[16], log[32], all[256];
	char *client = store_url(c->store[i].port);
	char *peer = store_url(c->store[i].peer_port);
	char *argv[] = { "/usr/bin/etcd", "--name", name, "--data-dir",
		in(c->world.folder, name), "--listen-client-urls", client,
		"--advertise-client-urls", client, "--listen-peer-urls", peer,
		"--initial-advertise-peer-urls", peer, "--initial-cluster",
		all, "--initial-cluster-state", "new", "--logger", "zap",
		"--log-level", "warn", "--heartbeat-interval", "100",
		"--election-timeout", "1000", "--auto-compaction-mode",
		"revision", "--auto-compaction-retention", "1000", NULL };

	snprintf(name, sizeof(name), "store-%u", i);
	snprintf(log, sizeof(log), "store-%u.log", i);
	snprintf(all, sizeof(all), "store-0=%s,store-1=%s,store-2=%s",
		store_url(c->store[0].peer_port),
		store_url(c->store[1].peer_port),
		store_url(c->store[2].peer_port));
	argv[4] = in(c->world.folder, name);
	return process_start(&c->store[i].process, argv,
		in(c->world.folder, log), in(c->world.folder, log));
}

bool cluster_start_stores(struct cluster *c)
{
	unsigned long long end = world_clock() + PATIENCE;
	bool good = false;

	for (unsigned i = 0; i < CLUSTER_STORES; i++)
		c->store[i].held = false;
	while (!good && world_clock() < end) {
		cluster_tend(c);
		world_nap(50);
		good = true;
		for (unsigned i = 0; i < CLUSTER_STORES; i++)
			good = good && healthy(c->store[i].port, "true");
	}
	return good || fail("etcd", "its members do not find each other");
}

/* A store member that cannot find the others any more takes long to end in
 * good order, and need not. */
void cluster_stop_stores(struct cluster *c)
{
	for (unsigned i = 0; i < CLUSTER_STORES; i++) {
		c->store[i].held = true;
		if (process_runs(&c->store[i].process))
			kill(c->store[i].process.pid, SIGKILL);
		process_wait(&c->store[i].process, PATIENCE);
	}
}

/* --- the members ---------------------------------------------------------- */

bool cluster_make_machines(struct cluster *c)
{
	char probe[64], count[8], said[4096];
	char *argv[] = { program(c, "coffer"), "vm", "create", SET, "--size",
		SIZE, "--count", count, "--zones", "1,2,3", "--probe", probe,
		NULL };

	snprintf(count, sizeof(count), "%u", CLUSTER_MEMBERS);
	snprintf(probe, sizeof(probe), "http://127.0.0.1:%u{n}/health",
		c->member[0].port / 10);
	return !process_run(argv, said, sizeof(said), NULL, NULL) ||
		fail("coffer vm create", said);
}

void cluster_member_arguments(struct cluster *c, unsigned member,
	const char *image, bool debug, char *argv[CLUSTER_ARGUMENTS])
{
	static char name[16], port[8];
	size_t n = 0;

	snprintf(name, sizeof(name), SET "-%u", member);
	snprintf(port, sizeof(port), "%u", c->member[member].port);
	argv[n++] = program(c, "coffer");
	argv[n++] = "run";
	argv[n++] = "--vm";
	argv[n++] = name;
	argv[n++] = "--";
	argv[n++] = c->host ? (char *)c->host : program(c, "failover-member");
	argv[n++] = "--store";
	argv[n++] = c->stores;
	argv[n++] = "--attest";
	argv[n++] = c->url;
	argv[n++] = "--vault";
	argv[n++] = c->url;
	argv[n++] = "--port";
	argv[n++] = port;
	if (debug)
		argv[n++] = "--debug";
	argv[n++] = (char *)image;
	argv[n] = NULL;
}

static bool start_member(struct cluster *c, unsigned i)
{
	char *argv[CLUSTER_ARGUMENTS], log[16];

	snprintf(log, sizeof(log), SET "-%u.log", i);
	cluster_member_arguments(c, i, c->signed_image, false, argv);
	return process_start(&c->member[i].process, argv,
		in(c->world.folder, log), in(c->world.folder, log));
}

void cluster_hold_members(struct cluster *c, bool hold)
{
	for (unsigned i = 0; i < CLUSTER_MEMBERS; i++) {
		c->member[i].held = hold;
		if (hold && process_runs(&c->member[i].process))
			kill(c->member[i].process.pid, SIGTERM);
	}
	for (unsigned i = 0; hold && i < CLUSTER_MEMBERS; i++)
		process_stop(&c->member[i].process, 10000);
}

static void tend(struct cluster *c, struct part *p, unsigned i,
	bool (*start)(struct cluster *, unsigned))
{
	if (p->held || process_runs(&p->process) || world_clock() < p->again)
		return;
	p->again = world_clock() + PAUSE;
	p->starts++;
	start(c, i);
}

void cluster_tend(struct cluster *c)
{
	for (unsigned i = 0; i < CLUSTER_STORES; i++)
		tend(c, &c->store[i], i, start_store);
	for (unsigned i = 0; i < CLUSTER_MEMBERS; i++)
		tend(c, &c->member[i], i, start_member);
}

void cluster_let(struct cluster *c, unsigned milliseconds)
{
	unsigned long long end = world_clock() + milliseconds;

	do {
		cluster_tend(c);
		world_nap(20);
	} while (world_clock() < end);
}

bool cluster_wait(struct cluster *c, unsigned milliseconds)
{
	unsigned long long end = world_clock() + milliseconds;
	bool good = false;

	while (!good && world_clock() < end) {
		cluster_let(c, 50);
		good = true;
		for (unsigned i = 0; good && i < CLUSTER_STORES; i++)
			good = c->store[i].held ||
				healthy(c->store[i].port, "true");
		for (unsigned i = 0; good && i < CLUSTER_MEMBERS; i++)
			good = c->member[i].held || cluster_serves(c, i);
	}
	return good;
}

/* --- who belongs to what -------------------------------------------------- */

/* Is it the driver of that machine? */
static bool drives(pid_t pid, const char *machine)
{
	char path[64], line[1024];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	f = fopen(path, "re");
	if (f) {
		n = fread(line, 1, sizeof(line) - 1, f);
		fclose(f);
	}
	line[n] = 0;
	for (size_t i = 0; i < n; i += strlen(line + i) + 1)
		if (!strcmp(line + i, machine))
			return true;
	return false;
}

/* The first child of that name, or of any but that. */
static pid_t child(const struct world_process *list, size_t n, pid_t parent,
	const char *name, bool other)
{
	pid_t found = 0;

	for (size_t i = 0; i < n; i++)
		if (list[i].parent == parent &&
			!strcmp(list[i].name, name) != other &&
			(!found || list[i].pid < found))
			found = list[i].pid;
	return found;
}

pid_t cluster_find(struct cluster *c, enum cluster_victim victim,
	unsigned which)
{
	struct part *part = victim == VICTIM_STORE ? &c->store[which]
		: &c->member[which];
	struct world_process list[256];
	char machine[16];
	pid_t driver = 0, processor;
	size_t n;

	if (victim == VICTIM_STORE || victim == VICTIM_APPLICATION)
		return process_runs(&part->process) ? part->process.pid : 0;
	n = world_processes(list, 256);
	snprintf(machine, sizeof(machine), SET "-%u", which);
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i].name, "cofferd") &&
			drives(list[i].pid, machine))
			driver = list[i].pid;
	if (!driver || victim == VICTIM_DRIVER)
		return driver;
	processor = child(list, n, driver, "coffer-cpu", false);
	if (!processor || victim == VICTIM_PROCESSOR)
		return processor;
	return child(list, n, processor, "coffer-cpu", true);
}

/* --- clients -------------------------------------------------------------- */

void cluster_client_arguments(struct cluster *c, const char *memory,
	const char *command, char *argv[CLUSTER_ARGUMENTS])
{
	static char words[128];
	size_t n = 0;

	argv[n++] = program(c, "failover-client");
	argv[n++] = "--members";
	argv[n++] = c->members;
	argv[n++] = "--signer";
	argv[n++] = c->mrsigner;
	argv[n++] = "--history";
	argv[n++] = in(c->world.folder, "history");
	if (memory) {
		argv[n++] = "--memory";
		argv[n++] = in(c->world.folder, memory);
	}
	snprintf(words, sizeof(words), "%s", command);
	for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
		argv[n++] = word;
	argv[n] = NULL;
}

static void go_on(void *context)
{
	cluster_tend(context);
}

int cluster_ask(struct cluster *c, const char *memory, const char *command,
	char *said, size_t size)
{
	char *argv[CLUSTER_ARGUMENTS];

	cluster_client_arguments(c, memory, command, argv);
	return process_run(argv, said, size, go_on, c);
}

/* --- all of it ------------------------------------------------------------ */

bool cluster_open(struct cluster *c)
{
	size_t n = 0, m = 0;
	uint16_t stores = pick_ports(2 * CLUSTER_STORES);
	uint16_t members = pick_ports(CLUSTER_MEMBERS);

	setenv("COFFER_BINDIR", c->bin, 1);
	if (world_open(&c->world, (uid_t)-1))
		return fail("a temporary folder", "");
	for (uint16_t i = 0; i < CLUSTER_STORES; i++) {
		c->store[i] = (struct part){ .held = true,
			.port = (uint16_t)(stores + 2 * i),
			.peer_port = (uint16_t)(stores + 2 * i + 1) };
		n += (size_t)snprintf(c->stores + n, sizeof(c->stores) - n,
			"%shttp://127.0.0.1:%u", i ? "," : "", c->store[i].port);
	}
	for (uint16_t i = 0; i < CLUSTER_MEMBERS; i++) {
		c->member[i] = (struct part){ .held = true,
			.port = (uint16_t)(members + i) };
		m += (size_t)snprintf(c->members + m, sizeof(c->members) - m,
			"%s%u", i ? "," : "", c->member[i].port);
	}
	snprintf(c->signed_image, sizeof(c->signed_image), "%s/ledger.signed",
		c->world.folder);
	return start_services(c) && put_pins(c) &&
		cluster_sign(c, "member.conf", c->signer, c->signed_image) &&
		find_signer(c) && make_key(c);
}

size_t cluster_close(struct cluster *c)
{
	char *argv[] = { program(c, "coffer"), "vm", "delete", "--set", SET,
		"--force", NULL };
	char said[4096];

	cluster_hold_members(c, true);
	cluster_stop_stores(c);
	if (process_run(argv, said, sizeof(said), NULL, NULL))
		fail("coffer vm delete", said);
	process_stop(&c->services, 10000);
	return world_close(&c->world);
}
