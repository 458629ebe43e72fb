/* SPDX-License-Identifier: MIT */
/*
 * The portal's interface: what it costs to show 100 running machines live to
 * one viewer, and how long a list of 1,000 machines takes, over loopback and
 * without TLS.
 */
#include "bench.h"
#include "bench_machine.h"
#include "bench_stat.h"
#include "cli.h"
#include "common/paths.h"
#include "common/spawn.h"
#include "vm/vm.h"
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUNNING 100u
#define LISTED 1000u
#define WATCH_SECONDS 20u
#define LISTS 21u
#define START_MS 60000
#define REPLY_MAX (4u << 20)

struct portal {
	pid_t pid;
	unsigned port;
	char token[64], subscription[64];
	char *reply; /* REPLY_MAX */
	int fd;
};

/* --- the service -------------------------------------------------------- */

/* The word behind a first one, of the first such line ("": any). */
static bool read_word(const char *file, const char *first, char *word,
	size_t size)
{
	char path[PATH_MAX], line[512];
	bool found = false;
	FILE *in;

	snprintf(path, sizeof(path), "%s/serve/%s",
		getenv("COFFER_STATE_DIR"), file);
	in = fopen(path, "re");
	while (in && !found && fgets(line, sizeof(line), in)) {
		size_t skip = strlen(first);

		if (strncmp(line, first, skip))
			continue;
		line[strcspn(line, "\r\n")] = '\0';
		found = strlen(line + skip) && strlen(line + skip) < size;
		if (found)
			strcpy(word, line + skip);
	}
	if (in)
		fclose(in);
	return found;
}

static bool service_start(struct portal *p)
{
	char path[4096], url[256];
	char *argv[] = { path, (char *)"--http", (char *)"--port",
		(char *)"0", (char *)"--quiet", NULL };
	struct why why = { "" };

	if (spawn_find("coffer-serve", path, sizeof(path), &why))
		return cli_error("%s", why.text), false;
	p->pid = spawn_child(path, argv, NULL, 0, STDERR_FILENO);
	for (int ms = 0; p->pid > 0 && ms < START_MS; ms += 50) {
		if (read_word("url", "http", url, sizeof(url)) &&
		    read_word("tokens", "read-write ", p->token,
			sizeof(p->token)) &&
		    read_word("subscription", "", p->subscription,
			sizeof(p->subscription))) {
			p->port = (unsigned)atoi(strrchr(url, ':') + 1);
			return true;
		}
		if (waitpid(p->pid, NULL, WNOHANG) == p->pid)
			p->pid = -1;
		usleep(50000);
	}
	return cli_error("coffer-serve does not start"), false;
}

static bool dial(struct portal *p)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)p->port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct timeval patience = { 30, 0 };
	int one = 1;

	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (p->fd < 0)
		return false;
	setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		sizeof(patience));
	return !connect(p->fd, (struct sockaddr *)&to, sizeof(to));
}

/* The body of a 200 to a GET; NULL: anything else. */
static const char *ask(struct portal *p, const char *path)
{
	char request[1024], *body, *length;
	size_t used = 0;
	int n = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n"
		"Host: localhost:%u\r\nAuthorization: Bearer %s\r\n\r\n", path,
		p->port, p->token);

	if (send(p->fd, request, (size_t)n, MSG_NOSIGNAL) != n)
		return NULL;
	for (;;) {
		ssize_t got = recv(p->fd, p->reply + used, REPLY_MAX - 1 -
			used, 0);

		if (got <= 0)
			return NULL;
		used += (size_t)got;
		p->reply[used] = '\0';
		body = strstr(p->reply, "\r\n\r\n");
		length = strcasestr(p->reply, "\r\nContent-Length: ");
		if (body && length && used >= (size_t)(body + 4 - p->reply) +
		    strtoul(length + 18, NULL, 10))
			return strncmp(p->reply, "HTTP/1.1 200", 12) ? NULL :
				body + 4;
	}
}

/* --- machines ----------------------------------------------------------- */

static size_t count_of(const char *text, const char *word)
{
	size_t count = 0;

	for (; text && (text = strstr(text, word)); text += strlen(word))
		count++;
	return count;
}

static bool machines_start(struct vms *vms)
{
	struct vm_order order = { .name = "live", .count = RUNNING };
	struct vm_refusal refusal = { NULL, { "" } };

	for (int family = 0; family < VMCONF_FAMILIES; family++)
		if (vm_set_quota(vms, (enum vmconf_family)family, 100000,
		    &refusal.why))
			return cli_error("%s", refusal.why.text), false;
	if (vm_create(vms, &order, NULL, NULL, &refusal))
		return cli_error("%s", refusal.why.text), false;
	return true;
}

static void machines_end(struct vms *vms)
{
	struct vm_list list;

	if (vm_list(vms, NULL, false, &list, NULL))
		return;
	for (size_t i = 0; i < list.count; i++)
		if (list.items[i].power == VM_POWER_RUNNING)
			vm_stop(vms, list.items[i].name,
				VM_DEALLOCATE, NULL);
	vm_list_free(&list);
}

/* Those that a list only reads: as vm_create() would have written them, but
 * without certificates. */
static bool machines_add(unsigned from, unsigned to)
{
	char folder[PATH_MAX], path[PATH_MAX], name[64];
	struct why why = { "" };
	int r = 0;

	for (unsigned i = from; !r && i < to; i++) {
		struct vmconf conf;

		vmconf_default(&conf);
		conf.power = VMCONF_OFF;
		conf.zone = (uint16_t)(1 + i % 3);
		conf.update_domain = (int16_t)(i % 10);
		conf.host = 0;
		conf.created = 1700000000;
		snprintf(name, sizeof(name), "listed-%u", i);
		r = vmconf_set_tag(&conf, "owner", "bench", &why);
		if (!r)
			r = paths_vm_state(name, folder, sizeof(folder), &why);
		if (!r)
			r = paths_make(folder, true, &why);
		if (!r)
			r = paths_join(path, sizeof(path), folder, "vm.conf",
				&why);
		if (!r)
			r = vmconf_write(path, &conf, &why);
		vmconf_free(&conf);
	}
	return !r || (cli_error("%s", why.text), false);
}

/* --- what is timed ------------------------------------------------------ */

/* Processor time, ns; 0 for a process that is gone. */
static double cpu_of(pid_t pid)
{
	unsigned long user, system;
	char path[64], line[1024], *at;
	FILE *file;
	bool ok;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	ok = file && fgets(line, sizeof(line), file);
	if (file)
		fclose(file);
	if (!ok || !(at = strrchr(line, ')')) ||
	    sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
	    "%lu %lu", &user, &system) != 2)
		return 0;
	return (double)(user + system) * 1e9 / (double)sysconf(_SC_CLK_TCK);
}

static double cpu_of_all(pid_t service, const struct vm_list *machines)
{
	double sum = cpu_of(service);

	for (size_t i = 0; i < machines->count; i++)
		sum += cpu_of((pid_t)machines->items[i].driver_pid) +
			cpu_of((pid_t)machines->items[i].processor_pid);
	return sum;
}

/* A second's looks for a while; share of a core, also of what machines do
 * without a viewer. */
static bool watch(struct bench_report *report, struct portal *p,
	struct vms *vms)
{
	struct vm_list machines;
	struct why why = { "" };
	double quiet, busy, service, begin;
	const char *body = NULL;
	bool ok = true;

	if (vm_list(vms, NULL, true, &machines, &why))
		return cli_error("%s", why.text), false;
	quiet = cpu_of_all(p->pid, &machines);
	begin = (double)bench_now();
	sleep(WATCH_SECONDS);
	quiet = (cpu_of_all(p->pid, &machines) - quiet) /
		((double)bench_now() - begin);
	for (unsigned i = 0; ok && i < 2; i++) { /* all are connected then */
		ok = ask(p, "/portal/live") != NULL;
		sleep(1);
	}
	service = cpu_of(p->pid);
	busy = cpu_of_all(p->pid, &machines);
	begin = (double)bench_now();
	for (unsigned i = 0; ok && i < WATCH_SECONDS; i++) {
		body = ask(p, "/portal/live");
		ok = body != NULL;
		sleep(1);
	}
	begin = (double)bench_now() - begin;
	service = (cpu_of(p->pid) - service) / begin;
	busy = (cpu_of_all(p->pid, &machines) - busy) / begin;
	vm_list_free(&machines);
	if (!ok || count_of(body, "\"power\":\"running\"") != RUNNING)
		return cli_error("the service does not show %u machines "
			"running", RUNNING), false;
	bench_report_figure(report, "machines_running", RUNNING, "",
		"each with a driver and a processor");
	bench_report_figure(report, "live_service_percent", 100 * service,
		"%", "of a core: the service, one viewer");
	bench_report_figure(report, "unwatched_percent", 100 * quiet, "%",
		"of a core: service and machines, nobody looks");
	bench_report_at_most(report, "live_percent_of_a_core", 100 * (busy -
		(quiet < busy ? quiet : busy)), 5);
	return true;
}

static bool list(struct bench_report *report, struct portal *p)
{
	double times[LISTS], cpu = cpu_of(p->pid);
	char path[256];

	snprintf(path, sizeof(path), "/subscriptions/%s/providers/"
		"Microsoft.Compute/virtualMachines?api-version=2024-07-01",
		p->subscription);
	for (unsigned i = 0; i < LISTS; i++) {
		double begin = (double)bench_now();
		const char *body = ask(p, path);

		times[i] = ((double)bench_now() - begin) * 1e-6;
		if (!body || count_of(body, "\"vmId\"") != LISTED ||
		    strstr(body, "nextLink"))
			return cli_error("the list has not %u machines",
				LISTED), false;
	}
	bench_report_figure(report, "machines_listed", LISTED, "",
		"in one answer");
	cpu = (cpu_of(p->pid) - cpu) * 1e-6 / LISTS;
	bench_report_figure(report, "list_cpu_ms", cpu, "ms",
		"of the service, kernel included");
	bench_report_at_most(report, "list_ms", bench_median(times, LISTS),
		50);
	return true;
}

int bench_portal(bool json)
{
	struct portal p = { .pid = -1, .fd = -1 };
	struct bench_machine place = { "" };
	struct bench_report report;
	struct vms *vms = NULL;
	struct why why = { "" };
	char path[PATH_MAX];
	bool ok;

	if (!bench_machine_open(&place, "Standard_DC1s_v3"))
		return CLI_FAILED;
	/* The place's own machine would be one too many. */
	ok = !paths_vm_state(PATHS_VM_DEFAULT, path, sizeof(path) - 16, &why);
	if (ok) {
		strcat(path, "/vm.conf");
		unlink(path);
		*strrchr(path, '/') = '\0';
		rmdir(path);
	}
	bench_report_begin(&report, json);
	p.reply = malloc(REPLY_MAX);
	ok = ok && p.reply && !vms_open(NULL, &vms, &why);
	if (!ok)
		cli_error("%s", *why.text ? why.text :
			_("out of memory"));
	ok = ok && machines_start(vms) && service_start(&p) && dial(&p) &&
		watch(&report, &p, vms) && machines_add(RUNNING, LISTED) &&
		list(&report, &p);
	if (p.fd >= 0)
		close(p.fd);
	if (p.pid > 0) {
		kill(p.pid, SIGTERM);
		waitpid(p.pid, NULL, 0);
	}
	if (vms) {
		machines_end(vms);
		vms_close(vms);
	}
	free(p.reply);
	bench_machine_close(&place);
	return ok ? bench_report_end(&report) : CLI_FAILED;
}
