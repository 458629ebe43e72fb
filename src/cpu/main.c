/* SPDX-License-Identifier: MIT */
/*
 * coffer-cpu: one virtual machine's processor.  Seals itself, loads the fuses,
 * then serves the driver's door on a thread whose stack is secret memory; the
 * main thread, whose stack the kernel made, keeps the cells and no secret.
 */
#include "cpu_filter.h"
#include "door.h"
#include "door_serve.h"
#include "common/vmconf.h"
#include "harden.h"
#include "secret_heap.h"
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define EPC_PAGES_DEFAULT (1u << 20) /* 4 GiB: Standard_DC1s_v3 */
#define EPC_PAGES_MAX (1u << 26) /* 256 GiB */
#define DOOR_STACK (256u * 1024u)

struct options {
	int door, events;
	const char *state;
	unsigned long epc_pages;
	enum machine_profile profile;
	uint8_t cpusvn[16];
	int swap; /* -1: in memory */
	int lock; /* -1: none; held, not used */
	bool ptrace_slot;
};

static struct machine machine;
static struct door door = { .machine = &machine };
static char door_stack[DOOR_STACK] __attribute__((aligned(4096)));
static struct options options;
static struct engine *engine;

static void usage(FILE *to)
{
	fprintf(to, "usage: coffer-cpu --door FD --events FD --state DIR "
		"[--epc-pages N] [--profile dcsv2|dcsv3] "
		"[--cpusvn HEX] [--lock FD] [--swap FD] [--ptrace-slot]\n"
		"\n"
		"The processor of one Coffer virtual machine.  cofferd starts "
		"it; see coffer-cpu(8).\n");
}

static bool number(const char *text, unsigned long max, unsigned long *out)
{
	char *end;

	*out = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == '\0' && *out <= max;
}

static bool parse(int argc, char **argv, struct options *o)
{
	static const struct option list[] = {
		{ "door", required_argument, NULL, 'd' },
		{ "events", required_argument, NULL, 'e' },
		{ "state", required_argument, NULL, 's' },
		{ "epc-pages", required_argument, NULL, 'p' },
		{ "profile", required_argument, NULL, 'g' },
		{ "cpusvn", required_argument, NULL, 'c' },
		{ "lock", required_argument, NULL, 'l' },
		{ "swap", required_argument, NULL, 'w' },
		{ "ptrace-slot", no_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	unsigned long value;
	int c;

	*o = (struct options){ .door = -1, .events = -1, .swap = -1,
		.lock = -1,
		.epc_pages = EPC_PAGES_DEFAULT, .profile = MACHINE_DCSV3,
		.cpusvn = VMCONF_CPUSVN_DEFAULT };
	while ((c = getopt_long(argc, argv, "", list, NULL)) != -1) {
		switch (c) {
		case 'd':
		case 'e':
			if (!number(optarg, 1 << 20, &value))
				return false;
			*(c == 'd' ? &o->door : &o->events) = (int)value;
			break;
		case 's':
			o->state = optarg;
			break;
		case 'p':
			if (!number(optarg, EPC_PAGES_MAX, &o->epc_pages)
			    || o->epc_pages == 0)
				return false;
			break;
		case 'g':
			if (strcmp(optarg, "dcsv2") != 0
			    && strcmp(optarg, "dcsv3") != 0)
				return false;
			o->profile = optarg[4] == '2' ? MACHINE_DCSV2
						      : MACHINE_DCSV3;
			break;
		case 'c':
			if (vmconf_parse_cpusvn(optarg, o->cpusvn, NULL))
				return false;
			break;
		case 'l':
		case 'w':
			if (!number(optarg, 1 << 20, &value))
				return false;
			*(c == 'l' ? &o->lock : &o->swap) = (int)value;
			break;
		case 't':
			o->ptrace_slot = true;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		case 'v':
			puts("coffer-cpu " COFFER_VERSION);
			exit(0);
		default:
			return false;
		}
	}
	return optind == argc && o->door >= 0 && o->events >= 0
		&& o->state != NULL;
}

static void cell_died(void *ctx, uint32_t number, uint32_t wait_status)
{
	door_cell_died(&door, number, wait_status);
}

static void tampered(void *ctx, uint32_t number, uint64_t linaddr,
	const char *why)
{
	fprintf(stderr, "coffer-cpu: enclave %u: %s\n", number, why);
	door_tampered(&door, number, linaddr, why);
}

static void *serve(void *unused)
{
	char why[256] = "";

	machine.pager.tampered = tampered;
	if (machine_init(&machine, engine, options.state,
		    (uint32_t)options.epc_pages, options.profile,
		    options.cpusvn, options.swap, why, sizeof(why)) != 0) {
		fprintf(stderr, "coffer-cpu: %s\n", why);
		_exit(1);
	}
	/* A kernel without seccomp cannot run cells, and says so then. */
	if (cpu_filter_install() != 0)
		fprintf(stderr, "coffer-cpu: no system-call filter here\n");
	door_serve(&door);
	_exit(0); /* cells follow: the kernel ends them with their parent */
}

static void start_door_thread(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, door_stack, sizeof(door_stack));
	if (pthread_create(&thread, &attr, serve, NULL) != 0) {
		fprintf(stderr, "coffer-cpu: cannot start a thread\n");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	struct harden_result hardened;
	struct engine_config config;
	char why[256] = "";
	sigset_t all;

	if (!parse(argc, argv, &options)) {
		usage(stderr);
		return 2;
	}
	/* A processor without its driver is of no use, whatever it is doing. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (options.lock >= 0)
		fcntl(options.lock, F_SETFD, FD_CLOEXEC);
	if (harden_self(&hardened, why, sizeof(why)) != 0)
		goto fail;
	sigfillset(&all);
	sigdelset(&all, SIGTERM);
	sigdelset(&all, SIGINT);
	sigprocmask(SIG_SETMASK, &all, NULL);
	door.fd = options.door;
	door.events_fd = options.events;
	door.flags = (hardened.secret_state ? DOOR_CPU_SECRET_STATE : 0)
		| (hardened.sealed_text ? DOOR_CPU_SEALED_TEXT : 0);
	config = (struct engine_config){
		.epc_pages = (uint32_t)options.epc_pages,
		.hold_ptrace_slot = options.ptrace_slot,
		.spaces_max = DOOR_ENCLAVES_MAX,
		.events = { machine_enclu, machine_page, machine_tcs,
			machine_idle, cell_died, &machine },
	};
	engine = engine_cell_new(&config, why, sizeof(why));
	if (engine == NULL)
		goto fail;
	start_door_thread();
	engine_cell_keep(engine);
fail:
	fprintf(stderr, "coffer-cpu: %s\n", why);
	return 1;
}
