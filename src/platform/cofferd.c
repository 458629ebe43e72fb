/* SPDX-License-Identifier: MIT */
/*
 * cofferd: the SGX driver of one virtual machine.  Makes the machine if it
 * is new, starts its processor, listens, serves, cleans up.
 */
#include "platform/owner.h"
#include "platform/platform.h"
#include "platform/root.h"
#include "platform/swapfile.h"

#include "common/events.h"
#include "common/fuses.h"
#include "common/log.h"
#include "common/msg.h"
#include "common/notify.h"
#include "common/paths.h"
#include "common/spawn.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define IDLE_DEFAULT_MS 10000
#define LOG_KEEP_BYTES (1 << 20)

struct options {
	const char *vm, *size;
	uint32_t epc_pages; /* 0: not given */
	bool epc_given; /* by option, so it must hold for an old machine too */
	const char *swap, *group;
	bool ptrace_slot, foreground, debug, start;
	int ready, lock; /* descriptors of who started us, or -1 */
	int idle_ms;
};

static const char help[] =
"Usage: cofferd [OPTION]...\n"
"The SGX driver of one Coffer virtual machine.  Applications start it on\n"
"demand; it ends when none is left.\n"
"\n"
"  --vm NAME         the virtual machine (default: $COFFER_VM or \"default\")\n"
"  --state DIR       base of the state directories (COFFER_STATE_DIR)\n"
"  --runtime DIR     base of the runtime directories (COFFER_RUNTIME_DIR)\n"
"  --idle SECONDS    end after so long without an application, 0 to 86400,\n"
"                    or \"never\" (COFFER_IDLE_SECONDS; default 10)\n"
"  --group GROUP     members of this group may use the machine, too; others'\n"
"                    enclaves and its end are not theirs (COFFER_GROUP)\n"
"  --foreground      log to standard error\n"
"  --start           also when it was stopped; it is then one that was started,\n"
"                    until cofferd is ended by a signal: then it is stopped\n"
"  --debug           log every failed verb and every application\n"
"When the virtual machine is made:\n"
"  --size NAME       Standard_DC1s_v3 and so on\n"
"  --epc-pages N     size of its EPC in pages (COFFER_EPC_PAGES)\n"
"  --ptrace-slot     its processor holds the ptrace slot of its cells\n"
"  --swap FILE       evicted pages go to this file, not to memory\n"
"\n"
"  --help, --version\n";

/* --- options ------------------------------------------------------------ */

static int usage(const char *format, const char *what)
{
	fprintf(stderr, "cofferd: ");
	fprintf(stderr, format, what);
	fprintf(stderr, "\nTry 'cofferd --help'.\n");
	return 2;
}

static bool parse_number(const char *text, long most, int *value)
{
	char *end = NULL;
	long n = 0;

	if (*text >= '0' && *text <= '9')
		n = strtol(text, &end, 10);
	if (!end || *end || n > most)
		return false;
	*value = (int)n;
	return true;
}

static bool parse_idle(const char *text, int *ms)
{
	int seconds;

	if (!strcmp(text, "never")) {
		*ms = -1;
		return true;
	}
	if (!parse_number(text, 86400, &seconds))
		return false;
	*ms = seconds * 1000;
	return true;
}

/* -1: go on; else the exit status. */
static int environment(struct options *o)
{
	const char *text = getenv("COFFER_IDLE_SECONDS");
	struct why why;

	if (text && *text && !parse_idle(text, &o->idle_ms))
		return usage("COFFER_IDLE_SECONDS is \"%s\"", text);
	text = getenv("COFFER_GROUP");
	if (text && *text)
		o->group = text;
	text = getenv("COFFER_EPC_PAGES");
	if (text && *text && vmconf_parse_pages(text, &o->epc_pages, &why))
		return usage("COFFER_EPC_PAGES: %s", why.text);
	return -1;
}

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option list[] = {
		{ "vm", required_argument, NULL, 'v' },
		{ "state", required_argument, NULL, 's' },
		{ "runtime", required_argument, NULL, 'r' },
		{ "idle", required_argument, NULL, 'i' },
		{ "size", required_argument, NULL, 'S' },
		{ "epc-pages", required_argument, NULL, 'e' },
		{ "ptrace-slot", no_argument, NULL, 'p' },
		{ "swap", required_argument, NULL, 'w' },
		{ "group", required_argument, NULL, 'g' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "start", no_argument, NULL, 'o' },
		{ "debug", no_argument, NULL, 'd' },
		{ "ready", required_argument, NULL, 'R' },
		{ "lock", required_argument, NULL, 'L' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	struct why why;
	int c, r = environment(o);

	while (r < 0 && (c = getopt_long(argc, argv, "", list, NULL)) != -1) {
		switch (c) {
		case 'v': o->vm = optarg; break;
		case 's': setenv("COFFER_STATE_DIR", optarg, 1); break;
		case 'r': setenv("COFFER_RUNTIME_DIR", optarg, 1); break;
		case 'i':
			if (!parse_idle(optarg, &o->idle_ms))
				r = usage("--idle \"%s\"", optarg);
			break;
		case 'S':
			if (!vmconf_size_find(optarg))
				r = usage("no size is called \"%s\"", optarg);
			o->size = optarg;
			break;
		case 'e':
			if (vmconf_parse_pages(optarg, &o->epc_pages, &why))
				r = usage("--epc-pages: %s", why.text);
			o->epc_given = true;
			break;
		case 'p': o->ptrace_slot = true; break;
		case 'w': o->swap = optarg; break;
		case 'g': o->group = optarg; break;
		case 'f': o->foreground = true; break;
		case 'o': o->start = true; break;
		case 'd': o->debug = true; break;
		case 'R':
			if (!parse_number(optarg, 1 << 20, &o->ready))
				r = usage("--ready \"%s\"", optarg);
			break;
		case 'L':
			if (!parse_number(optarg, 1 << 20, &o->lock))
				r = usage("--lock \"%s\"", optarg);
			break;
		case 'h':
			fputs(help, stdout);
			r = 0;
			break;
		case 'V':
			puts("cofferd (Coffer) " COFFER_VERSION);
			r = 0;
			break;
		default:
			r = 2;
		}
	}
	if (r < 0 && optind < argc)
		r = usage("what is \"%s\"?", argv[optind]);
	if (r < 0 && !o->vm && paths_vm_name(&o->vm, &why))
		r = usage("%s", why.text);
	if (r < 0 && !paths_name_ok(o->vm))
		r = usage("\"%s\" is no name of a virtual machine: 1 to 63 of "
			"a-z, 0-9 and '-'", o->vm);
	return r;
}

/* --- start -------------------------------------------------------------- */

static void harden(void)
{
	const struct rlimit none = { 0, 0 };
	struct rlimit files;

	umask(077);
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	/* Three descriptors a client. */
	if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur < 4096) {
		files.rlim_cur = files.rlim_max < 4096 ? files.rlim_max : 4096;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

static int configure(struct platform *p, const struct options *o,
	struct why *why)
{
	char path[PATH_MAX];
	int r;

	r = paths_join(path, sizeof(path), p->state, "vm.conf", why);
	if (r)
		return r;
	r = vmconf_read(path, &p->conf, why);
	if (!r && o->start && (p->conf.power == VMCONF_OFF ||
	    p->conf.power == VMCONF_DEMAND))
		r = power_record_on(p, why);
	if (!r && !platform_wanted(&p->conf))
		return why_set(why, -EHOSTDOWN, "the virtual machine %s is "
			"stopped; `coffer vm start %s` starts it", p->vm,
			p->vm);
	if (r == -ENOENT && vmconf_is_lost(p->state))
		return why_set(why, -EINVAL, "%s is missing: put it back, or "
			"`coffer vm delete %s`", path, p->vm);
	if (r == -ENOENT) {
		vmconf_default(&p->conf);
		if (o->size) {
			p->conf.size = vmconf_size_find(o->size);
			p->conf.epc_pages = p->conf.size->epc_pages;
		}
		if (o->epc_pages)
			p->conf.epc_pages = o->epc_pages;
		p->conf.ptrace_slot = o->ptrace_slot;
		p->conf.created = time(NULL);
		if (o->start)
			p->conf.power = VMCONF_ON;
		if (o->swap && vmconf_set_swap(&p->conf, o->swap, why))
			return -EINVAL;
		return vmconf_write(path, &p->conf, why);
	}
	if (r)
		return r;
	if (o->size && vmconf_size_find(o->size) != p->conf.size)
		return why_set(why, -EEXIST, "the virtual machine %s exists "
			"and is a %s", p->vm, p->conf.size->name);
	if (o->epc_given && o->epc_pages != p->conf.epc_pages)
		return why_set(why, -EEXIST, "the virtual machine %s exists "
			"and has %u EPC pages", p->vm, p->conf.epc_pages);
	if (o->ptrace_slot && !p->conf.ptrace_slot)
		return why_set(why, -EEXIST, "the virtual machine %s exists "
			"and was made without --ptrace-slot", p->vm);
	if (o->swap && strcmp(o->swap, p->conf.swap))
		return why_set(why, -EEXIST, "the virtual machine %s exists "
			"and its evicted pages go to %s", p->vm,
			p->conf.swap[0] ? p->conf.swap : "memory");
	return 0;
}

static int open_log(struct platform *p, const struct options *o, int *fd,
	struct why *why)
{
	char path[PATH_MAX], old[PATH_MAX];
	struct stat st;
	int r;

	*fd = STDERR_FILENO;
	if (!o->foreground) {
		r = paths_join(path, sizeof(path), p->state, "log", why);
		if (!r)
			r = paths_join(old, sizeof(old), p->state, "log.1",
				why);
		if (r)
			return r;
		if (!lstat(path, &st) && st.st_size > LOG_KEEP_BYTES)
			rename(path, old);
		*fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC |
			O_NOFOLLOW, 0600);
		if (*fd < 0)
			return why_set(why, -errno, "cannot open %s: %s",
				path, strerror(errno));
	}
	log_open("cofferd", *fd, o->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	return 0;
}

/* The lock of the runtime directory: taken by whoever starts cofferd and
 * handed over, or, started by hand, taken here. */
static int runtime_lock(struct platform *p, const struct options *o, int *fd,
	struct why *why)
{
	char path[PATH_MAX];
	int r;

	if (o->lock >= 0) {
		fcntl(o->lock, F_SETFD, FD_CLOEXEC);
		*fd = o->lock;
		return 0;
	}
	r = paths_join(path, sizeof(path), p->runtime, "lock", why);
	if (r)
		return r;
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0 || flock(*fd, LOCK_EX)) {
		r = -errno;
		return why_set(why, r, "cannot lock %s: %s", path,
			strerror(-r));
	}
	return 0;
}

/* Under the lock: a socket that nobody serves is from a dead cofferd, and is
 * removed. */
static int claim_socket(struct platform *p, struct sockaddr_un *address,
	struct why *why)
{
	int fd, r;

	r = paths_socket(p->runtime, address, why);
	if (r)
		return r;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return why_set(why, -errno, "no socket: %s", strerror(errno));
	if (!connect(fd, (struct sockaddr *)address, sizeof(*address)))
		r = why_set(why, -EADDRINUSE,
			"the virtual machine %s runs already", p->vm);
	else
		unlink(address->sun_path);
	close(fd);
	return r;
}

static int listen_at(const struct sockaddr_un *address, int *listener,
	struct why *why)
{
	int r, fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
		SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)address,
		sizeof(*address)) || listen(fd, 64)) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return why_set(why, r, "cannot listen at %s: %s",
			address->sun_path, strerror(-r));
	}
	*listener = fd;
	return 0;
}

static int prepare(struct platform *p, const struct options *o, int *lock,
	int *log_fd, struct why *why)
{
	char base[PATH_MAX];
	int r = 0;

	if (o->group)
		r = access_share(&p->access, o->group, why);
	if (!r)
		r = paths_state(base, sizeof(base), why);
	if (!r)
		r = paths_make(base, false, why);
	if (!r)
		r = paths_vm_state(p->vm, p->state, sizeof(p->state), why);
	if (!r)
		r = paths_make(p->state, true, why);
	if (!r)
		r = paths_runtime(base, sizeof(base), why);
	if (!r)
		r = paths_make(base, false, why);
	if (!r)
		r = paths_vm_runtime(p->vm, p->runtime, sizeof(p->runtime),
			why);
	if (!r)
		r = access_open(&p->access, base, 0750, why);
	if (!r) /* one that was shared, and is a dead cofferd's */
		r = paths_make(p->runtime, !p->access.shared, why);
	if (!r)
		r = access_open(&p->access, p->runtime, 0750, why);
	if (!r)
		r = runtime_lock(p, o, lock, why);
	if (!r)
		r = owner_take(p, why);
	if (!r)
		r = open_log(p, o, log_fd, why);
	if (!r)
		r = configure(p, o, why);
	return r;
}

/* Before its first start a machine is given the root of its certificates; one
 * that has none works, but nobody believes what it attests. */
static void manufacture(struct platform *p, int log_fd)
{
	char base[PATH_MAX], path[PATH_MAX];
	char *argv[] = { path, "--state", base, "--vm", (char *)p->vm,
		"--fuse-only", NULL };
	uint8_t root[32];
	struct why why;
	int status, r;
	pid_t pid;

	if (fuses_root(p->state, root))
		return;
	r = paths_state(base, sizeof(base), &why);
	if (!r)
		r = spawn_find("coffer-manufacture", path, sizeof(path), &why);
	if (r) {
		log_error("not manufactured: %s", why.text);
		return;
	}
	pid = spawn_child(path, argv, NULL, 0, log_fd);
	while (pid > 0 && (r = waitpid(pid, &status, 0)) < 0 &&
		errno == EINTR)
		;
	if (pid < 0 || r < 0 || status)
		log_error("not manufactured: quotes of this machine will not "
			"be possible");
}

static void publish_root(struct why *why)
{
	char state[PATH_MAX], runtime[PATH_MAX];

	if (paths_state(state, sizeof(state), why) ||
	    paths_runtime(runtime, sizeof(runtime), why) ||
	    root_publish(state, runtime, why))
		log_error("members of the group find no root certificate: %s",
			why->text);
}

/* The machine itself, once the directories are ours. */
static int power_on(struct platform *p, int log_fd,
	const struct sockaddr_un *address, int *listener, struct why *why)
{
	int r, swap = -1;

	if (p->conf.swap[0]) {
		r = swapfile_open(p->conf.swap, &swap, why);
		if (r)
			return r;
	}
	manufacture(p, log_fd);
	if (p->access.shared)
		publish_root(why);
	r = processor_start(&p->cpu, p->state, &p->conf, swap, p->held, log_fd,
		why);
	if (r)
		return r;
	r = listen_at(address, listener, why);
	if (!r)
		r = access_open(&p->access, address->sun_path, 0660, why);
	if (r) {
		processor_end(&p->cpu);
		return r;
	}
	quoting_init(&p->quoting, p->vm, log_fd);
	p->metrics = metrics_open(p, why);
	if (!p->metrics)
		log_error("no metrics: %s", why->text);
	return 0;
}

static void tell_start(const struct platform *p, int r, const struct why *why)
{
	bool stays = p->conf.power == VMCONF_ON;
	const struct event_detail started[] = {
		{ "power", stays ? "on" : "demand", 0 },
		{ "driver", NULL, getpid() },
		{ "processor", NULL, p->cpu.pid }, { NULL, NULL, 0 } };
	const struct event_detail failed[] = { { "cause", "start", 0 },
		{ "reason", why->text, 0 }, { NULL, NULL, 0 } };

	if (!r)
		events_add(p->state, EVENTS_STARTED, started, "%s, driver %d, "
			"processor %d", stays ? "to stay" : "on demand",
			(int)getpid(), (int)p->cpu.pid);
	else if (r != -EHOSTDOWN && p->held > 0)
		events_add(p->state, EVENTS_FAILED, failed, "does not start: "
			"%s", why->text);
}

static int start(struct platform *p, const struct options *o, int *lock,
	int *listener, struct why *why)
{
	struct sockaddr_un address;
	struct why ignored;
	int log_fd, r, claimed = 0;

	r = prepare(p, o, lock, &log_fd, why);
	if (*lock >= 0)
		claimed = claim_socket(p, &address, r ? &ignored : why);
	if (!r)
		r = claimed;
	if (!r)
		r = power_on(p, log_fd, &address, listener, why);
	/* Where another cofferd serves, the files are its. */
	if (r && claimed != -EADDRINUSE && *lock >= 0)
		server_remove_files(p);
	if (r == -EHOSTDOWN)
		log_debug("not started: %s", why->text);
	else if (r)
		log_error("does not start: %s", why->text);
	else
		log_info("virtual machine %s, %s, %u EPC pages, coffer-cpu "
			"%d", p->vm, p->conf.size->name, p->conf.epc_pages,
			(int)p->cpu.pid);
	tell_start(p, r, why);
	return r;
}

/* Tells who started us how it went: "ready\n" or a sentence. */
static void tell(int fd, const char *text)
{
	ssize_t ignored;

	if (fd < 0)
		return;
	ignored = write(fd, text, strlen(text));
	(void)ignored;
	close(fd);
}

/* Cells whose processor is gone are ours (PR_SET_CHILD_SUBREAPER), and are
 * ending: when we are gone, all are. */
static void await_others(void)
{
	while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR)
		;
}

int main(int argc, char **argv)
{
	static struct platform p;
	struct options o = { .ready = -1, .lock = -1,
		.idle_ms = IDLE_DEFAULT_MS };
	int lock = -1, listener = -1, signals, r;
	struct why why = { "" };
	sigset_t set;

	r = parse(argc, argv, &o);
	if (r >= 0)
		return r;
	harden();
	notify_take();
	if (o.ready >= 0)
		fcntl(o.ready, F_SETFD, FD_CLOEXEC);
	p.vm = o.vm;
	p.start = o.start;
	p.jobs_end = &p.jobs;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGIO); /* server.c: vm.conf */
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	signal(SIGPIPE, SIG_IGN);

	r = start(&p, &o, &lock, &listener, &why);
	if (r) {
		fprintf(stderr, "cofferd: %s\n", why.text);
		tell(o.ready, r == -EHOSTDOWN ? "stopped\n" : why.text);
		return 1;
	}
	/* Whoever waits for the lock finds the socket listening. */
	flock(lock, LOCK_UN);
	tell(o.ready, "ready\n");
	notify_say("READY=1");
	r = server_run(&p, listener, signals, lock, o.idle_ms);
	notify_say("STOPPING=1");
	if (r)
		events_add(p.state, EVENTS_FAILED, (struct event_detail[]){
			{ "cause", "processor", 0 }, { NULL, NULL, 0 } },
			"the processor has died");
	else
		events_add(p.state, EVENTS_STOPPED, NULL, "its driver has "
			"ended");
	quoting_stop(&p.quoting);
	metrics_close(p.metrics);
	processor_end(&p.cpu);
	await_others();
	return r ? 1 : 0;
}
