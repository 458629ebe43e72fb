/* SPDX-License-Identifier: MIT */
/*
 * coffer-quoting: the architectural enclaves of one virtual machine, in a
 * process.  cofferd starts it, and hands connections to it over descriptor
 * --control; it ends with cofferd, or when nobody has used it for a while.
 */
#include "quoting/arch.h"
#include "quoting/connection.h"

#include "common/log.h"
#include "common/msg.h"
#include "common/paths.h"
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define IDLE_MS 30000
#define LOOK_MS 5000
/* How long those who wait are told why there are no enclaves. */
#define EXPLAIN_MS 1200

static const char help[] =
"Usage: coffer-quoting --vm NAME --control FD\n"
"Makes quotes for the applications of one Coffer virtual machine.  cofferd\n"
"starts it when an application asks; it is of no use by hand.\n"
"\n"
"  --vm NAME      the virtual machine\n"
"  --control FD   where cofferd hands over connections\n"
"  --help, --version\n";

static int parse(int argc, char **argv, const char **vm, int *control)
{
	static const struct option list[] = {
		{ "vm", required_argument, NULL, 'v' },
		{ "control", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", list, NULL)) != -1) {
		switch (c) {
		case 'v': *vm = optarg; break;
		case 'c': *control = atoi(optarg); break;
		case 'h':
			fputs(help, stdout);
			return 0;
		case 'V':
			puts("coffer-quoting (Coffer) " COFFER_VERSION);
			return 0;
		default:
			return 2;
		}
	}
	if (!*vm || !paths_name_ok(*vm) || *control < 3 || optind < argc) {
		fprintf(stderr, "coffer-quoting: cofferd starts this program; "
			"see coffer-quoting --help\n");
		return 2;
	}
	return -1;
}

static void harden(void)
{
	const struct rlimit none = { 0, 0 };

	umask(077);
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* A machine of the same name must not be started by an orphan. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
}

/* Whoever started us may have died before we asked to die with it. */
static bool orphan(int control)
{
	struct pollfd wait = { .fd = control };

	return poll(&wait, 1, 0) < 0 || wait.revents & (POLLHUP | POLLNVAL);
}

/* The next connection: 1; 0 when there was none in time; -1 at the end. */
static int next(int control, int ms, int *fd, uint32_t *pid)
{
	struct pollfd wait = { .fd = control, .events = POLLIN };
	struct quoting_client client;
	unsigned fds = 1;
	ssize_t n;
	int r = poll(&wait, 1, ms);

	if (r < 0)
		return errno == EINTR ? 0 : -1;
	if (!r)
		return 0;
	n = msg_recv(control, &client, sizeof(client), fd, &fds, 0);
	if (n <= 0)
		return -1;
	if (n != sizeof(client) || fds != 1) {
		if (fds)
			close(*fd);
		return -1;
	}
	*pid = client.pid;
	return 1;
}

static void serve(struct arch *arch, int control)
{
	int idle = 0, fd = -1, r;
	uint32_t pid;

	while ((r = next(control, LOOK_MS, &fd, &pid)) >= 0) {
		if (r)
			connection_serve(arch, fd, pid);
		idle = connection_count() ? 0 : idle + LOOK_MS;
		if (idle >= IDLE_MS) {
			log_info("ends: nobody has asked for a quote for %d s",
				IDLE_MS / 1000);
			return;
		}
	}
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

static void explain(int control, const struct why *why)
{
	int64_t until = now_ms() + EXPLAIN_MS, left;
	int fd = -1, r = 0;
	uint32_t pid;

	while (r >= 0 && (left = until - now_ms()) > 0) {
		r = next(control, (int)left, &fd, &pid);
		if (r > 0)
			connection_refuse(fd, -ENODEV, why->text);
	}
}

int main(int argc, char **argv)
{
	struct why why = { "" }, whole;
	const char *vm = NULL;
	struct arch *arch;
	int control = -1, r = parse(argc, argv, &vm, &control);

	if (r >= 0)
		return r;
	harden();
	if (orphan(control))
		return 1;
	setenv("COFFER_VM", vm, 1);
	log_open("coffer-quoting", STDERR_FILENO, LOG_LEVEL_INFO);
	r = arch_start(vm, &arch, &why);
	if (r) {
		log_error("does not start: %s", why.text);
		why_set(&whole, 0, "the quoting enclave of the virtual machine "
			"%s does not start: %s", vm, why.text);
		explain(control, &whole);
		return 0;
	}
	serve(arch, control);
	/* Threads may be in the enclave: it ends with us. */
	_exit(0);
}
