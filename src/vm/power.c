/* SPDX-License-Identifier: MIT */
/*
 * Machines on and off.  vm.conf has what is wanted, and is written first: a
 * driver that runs follows it, one that does not run is not started against
 * it.  So whoever dies in between leaves a machine that is on its way, or one
 * of which `coffer vm show` says that it has failed.
 */
#include "vm/vms_priv.h"

#include "common/events.h"
#include "common/paths.h"
#include "common/vmstart.h"
#include "vm/cgroup.h"
#include "vm/machine.h"
#include "vm/place.h"
#include "vm/remove.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define START_ATTEMPTS 5
#define STOP_ROUNDS 5
#define ANSWER_MS 1000u /* for a driver to take the request to end */
#define SLOW_MS 2000 /* after which whoever waits is told */
#define STOP_MS 20000 /* for a driver that was told to end */
#define KILL_MS 60000 /* for the kernel to end what was killed */
#define SLICE_MS 100 /* between two looks at whoever waits */
#define GRACE_MS 3000 /* for the other processes of its group */

#define GIB (1ull << 30)

/* ---- on ---- */

static int spawn_placed(void *ctx, const char *path, char *const argv[],
	const int *fds, unsigned count, struct why *why)
{
	struct why outside = { "" };

	return cgroup_spawn(ctx, path, argv, fds, count, &outside, why);
}

/* The group is made first, so that the driver is in it from its start.  What
 * cannot be limited runs all the same; `coffer vm show` says so. */
static void make_group(const char *name, const struct vmconf *conf)
{
	const struct cgroup_limits limits = {
		.vcpus = conf->size->vcpus,
		.memory = conf->size->memory_gib * GIB,
	};

	cgroup_make(name, &limits, NULL, NULL);
}

/* Of its own starts and ends a driver tells itself. */
static void tell(struct vms *vms, const char *name, const char *event,
	const char *cause, const char *text)
{
	char folder[PATH_MAX];

	if (!vms_folder(vms, name, folder, NULL))
		events_add(folder, event, (struct event_detail[]){
			{ "cause", cause, 0 }, { NULL, NULL, 0 } }, "%s",
			text);
}

/* Until it has said what it is: one that was just ending is tried again. */
static int await_answer(const char *name, struct why *why)
{
	struct machine machine;
	int fd, r = -ENODEV;

	for (int i = 0; i < START_ATTEMPTS; i++) {
		fd = vmstart_connect_by(name, spawn_placed, (void *)name, why);
		if (fd < 0)
			return fd;
		close(fd);
		r = machine_open(name, &machine, why);
		if (!r) {
			machine_close(&machine);
			return 0;
		}
	}
	return r;
}

/* The machine's lock is held. */
static int turn_on(struct vms *vms, const char *name,
	struct vm_refusal *refusal)
{
	struct why why = { "" };
	struct vm vm;
	int r = vm_load_whole(vms, name, &vm, refusal);

	if (r)
		return r;
	if (vm.conf.power != VMCONF_ON) {
		vm.conf.power = VMCONF_ON;
		if (vm.conf.zone && vm.conf.host < 0)
			r = vm_place(vms, name, &vm.conf, refusal);
		else if ((r = vm_save(vms, name, &vm.conf, &why)))
			vm_refuse_why(refusal, r, &why);
	}
	if (!r) {
		make_group(name, &vm.conf);
		r = await_answer(name, &why);
		if (r)
			vm_refuse_why(refusal, r, &why);
	}
	vm_free(&vm);
	return r;
}

int vm_start(struct vms *vms, const char *name, struct vm_refusal *refusal)
{
	int r, lock = vm_hold(vms, name, refusal);

	if (lock < 0)
		return lock;
	r = turn_on(vms, name, refusal);
	vm_release(lock);
	return r;
}

/* ---- off ---- */

/* The driver that listens, whether it answers or not; -1: none does, or so
 * many wait for it that nobody else can. */
static pid_t who_listens(struct vms *vms, const char *name)
{
	char runtime[PATH_MAX];
	struct sockaddr_un address;
	struct ucred peer;
	socklen_t size = sizeof(peer);
	pid_t pid = -1;
	int fd;

	if (paths_join(runtime, sizeof(runtime), vms->runtime, name, NULL) ||
	    paths_socket(runtime, &address, NULL))
		return -1;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)) &&
	    !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) &&
	    peer.uid == geteuid())
		pid = peer.pid;
	close(fd);
	return pid;
}

/* Who has taken the lock of a machine's folder, which a driver does when it
 * starts; -1: nobody that can be seen. */
static pid_t who_locks(struct vms *vms, const char *name)
{
	unsigned major_, minor_;
	unsigned long long inode;
	char folder[PATH_MAX], line[256];
	struct stat st;
	long pid, found = -1;
	FILE *f;

	if (vms_folder(vms, name, folder, NULL) || stat(folder, &st))
		return -1;
	f = fopen("/proc/locks", "re");
	while (f && found < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*u: FLOCK %*s WRITE %ld %x:%x:%llu ", &pid,
				&major_, &minor_, &inode) == 4 &&
				pid > 0 && inode == st.st_ino &&
				makedev(major_, minor_) == st.st_dev)
			found = pid;
	if (f)
		fclose(f);
	return (pid_t)found;
}

/* A pidfd of the driver, or -1. */
static int driver_of(struct vms *vms, const char *name)
{
	pid_t pid = who_listens(vms, name);
	bool listens = pid > 0;
	int fd;

	if (!listens)
		pid = who_locks(vms, name);
	fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	/* The number may have become another process's in between. */
	if (fd < 0 || pid == (listens ? who_listens(vms, name) :
			who_locks(vms, name)))
		return fd;
	close(fd);
	return -1;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool ended(int pidfd, int ms)
{
	struct pollfd wait = { .fd = pidfd, .events = POLLIN };

	return poll(&wait, 1, ms) > 0;
}

/* Until it is, or until: 0, -ETIMEDOUT, or -EINTR when the watch cancels.
 * slow: whether the watch is told when it takes long. */
static int await_end(struct vms *vms, const char *name, int pidfd,
	int64_t until, bool slow)
{
	int64_t from = now_ms(), now = from;

	for (; !ended(pidfd, SLICE_MS); now = now_ms()) {
		if (vms_cancelled(vms))
			return -EINTR;
		if (now >= until)
			return -ETIMEDOUT;
		if (slow && vms->watch.slow && now - from >= SLOW_MS) {
			vms->watch.slow(vms->watch.ctx, name,
				(unsigned)(until - now));
			slow = false;
		}
	}
	return 0;
}

/* By its socket; one that does not answer there soon gets a signal, which it
 * will see when it can. */
static void ask_to_end(const char *name, int pidfd)
{
	struct machine machine;
	int r = machine_open_within(name, ANSWER_MS, &machine, NULL);

	if (!r) {
		r = machine_shutdown(&machine, NULL);
		machine_close(&machine);
	}
	if (r)
		syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0);
}

static void kill_driver(struct vms *vms, const char *name, int pidfd,
	bool forced)
{
	syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	if (forced)
		tell(vms, name, EVENTS_STOPPED, "killed", "its driver was "
			"killed, as somebody wished");
	else
		tell(vms, name, EVENTS_FAILED, "killed", "its driver did not "
			"end when it was told to, and was killed");
}

/* How a machine is ended. */
struct ending {
	int stop_ms; /* for a driver that is told to; 0: killed at once */
	int grace_ms;
};

static const struct ending gently = { STOP_MS, GRACE_MS };
static const struct ending at_once = { 0, 0 };
/* Before it is removed: nobody will miss it. */
static const struct ending finally = { STOP_MS / 4, GRACE_MS };

/* A driver takes its processor, its cells and coffer-quoting along, and is
 * gone when they are.  One that is killed takes them along, too, but does not
 * wait for them; the folder's lock is the processor's until it is gone. */
static int end_driver(struct vms *vms, const char *name,
	const struct ending *how, struct why *why)
{
	int64_t until = now_ms() + how->stop_ms;
	int out, r = -ETIMEDOUT, pidfd = driver_of(vms, name);

	if (pidfd >= 0 && how->stop_ms) {
		ask_to_end(name, pidfd);
		r = await_end(vms, name, pidfd, until, true);
	}
	if (pidfd >= 0 && r == -ETIMEDOUT) {
		kill_driver(vms, name, pidfd, !how->stop_ms);
		r = await_end(vms, name, pidfd, now_ms() + KILL_MS, false);
	}
	if (pidfd >= 0)
		close(pidfd);
	if (r == -EINTR)
		return why_set(why, r, "interrupted; %s was told to end, and "
			"has not so far: `coffer vm stop %s` waits for it, "
			"with --force it is killed", name, name);
	out = vm_keep_out(vms, name, KILL_MS, why);
	if (out < 0)
		return out;
	close(out);
	return 0;
}

/* The machine's lock is held, its vm.conf says that it is off. */
static int end_all(struct vms *vms, const char *name,
	const struct ending *how, struct why *why)
{
	int r = 0;

	/* One that was just being started may have read the old vm.conf. */
	for (int i = 0; vm_is_alive(vms, name) && i < STOP_ROUNDS; i++)
		if ((r = end_driver(vms, name, how, why)) == -EINTR)
			return r;
	if (!r)
		r = cgroup_end(name, how->grace_ms, why);
	if (!r)
		remove_runtime(vms, name);
	return r;
}

static int end_refused(struct vm_refusal *refusal, int r,
	const struct why *why)
{
	return r == -EINTR ? vm_refuse(refusal, "Conflict", r, "%s",
		why->text) : vm_refuse_why(refusal, r, why);
}

static int turn_off(struct vms *vms, const char *name,
	enum vmconf_power power, const struct ending *how,
	struct vm_refusal *refusal)
{
	struct why why = { "" };
	struct vm vm;
	bool change;
	int r = vm_load_whole(vms, name, &vm, refusal);

	if (r)
		return r;
	/* A deallocated machine is not given its host back by a stop. */
	if (vm.conf.power == VMCONF_DEALLOCATED)
		power = VMCONF_DEALLOCATED;
	change = vm.conf.power != power || vm.power == VM_POWER_RUNNING;
	if (vm.conf.power != power) {
		vm.conf.power = power;
		if (power == VMCONF_DEALLOCATED)
			r = vm_unplace(vms, name, &vm.conf, refusal);
		else if ((r = vm_save(vms, name, &vm.conf, &why)))
			vm_refuse_why(refusal, r, &why);
	}
	if (!r) {
		r = end_all(vms, name, how, &why);
		if (r)
			end_refused(refusal, r, &why);
		else if (change && power == VMCONF_DEALLOCATED)
			tell(vms, name, EVENTS_DEALLOCATED, "", "it has no "
				"host now");
	}
	vm_free(&vm);
	return r;
}

int vm_end(struct vms *vms, const char *name, struct vm_refusal *refusal)
{
	struct why why = { "" };
	struct vm vm;
	int r = vm_load(vms, name, false, &vm, &why);

	if (r)
		return vm_refuse_why(refusal, r, &why);
	if (!vm_is_damaged(&vm)) {
		r = turn_off(vms, name, VMCONF_OFF, &finally, refusal);
	} else {
		/* No driver starts from a vm.conf like this. */
		r = end_all(vms, name, &finally, &why);
		if (r)
			end_refused(refusal, r, &why);
	}
	vm_free(&vm);
	return r;
}

int vm_stop(struct vms *vms, const char *name, unsigned flags,
	struct vm_refusal *refusal)
{
	int r, lock = vm_hold(vms, name, refusal);

	if (lock < 0)
		return lock;
	r = turn_off(vms, name, flags & VM_DEALLOCATE ? VMCONF_DEALLOCATED :
		VMCONF_OFF, flags & VM_FORCE ? &at_once : &gently, refusal);
	vm_release(lock);
	return r;
}

int vm_restart(struct vms *vms, const char *name, unsigned flags,
	struct vm_refusal *refusal)
{
	int r, lock = vm_hold(vms, name, refusal);

	if (lock < 0)
		return lock;
	r = turn_off(vms, name, VMCONF_OFF, flags & VM_FORCE ? &at_once :
		&gently, refusal);
	if (!r)
		r = turn_on(vms, name, refusal);
	vm_release(lock);
	return r;
}
