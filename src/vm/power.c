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
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define START_ATTEMPTS 5
#define STOP_ROUNDS 5
#define STOP_MS 15000 /* for a driver that was told to end */
#define KILL_MS 15000
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
	int r = vm_load(vms, name, false, &vm, &why);

	if (r)
		return vm_refuse_why(refusal, r, &why);
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

/* The driver that listens, whether it answers or not; -1: none does. */
static int driver_of(struct vms *vms, const char *name)
{
	char runtime[PATH_MAX];
	struct sockaddr_un address;
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int fd, pidfd = -1;

	if (paths_join(runtime, sizeof(runtime), vms->runtime, name, NULL) ||
	    paths_socket(runtime, &address, NULL))
		return -1;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)) &&
	    !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) &&
	    peer.uid == geteuid())
		pidfd = (int)syscall(SYS_pidfd_open, peer.pid, 0);
	close(fd);
	return pidfd;
}

static bool ended(int pidfd, int ms)
{
	struct pollfd wait = { .fd = pidfd, .events = POLLIN };
	int r;

	do
		r = poll(&wait, 1, ms);
	while (r < 0 && errno == EINTR);
	return r > 0;
}

/* A driver takes its processor, its cells and coffer-quoting along, and is
 * gone when they are.  One that is killed takes them along, too, but does not
 * wait for them; the folder's lock is the processor's until it is gone. */
static int end_driver(struct vms *vms, const char *name, struct why *why)
{
	struct machine machine;
	int out, pidfd = driver_of(vms, name);

	if (pidfd >= 0) {
		if (!machine_open(name, &machine, NULL)) {
			machine_shutdown(&machine, NULL);
			machine_close(&machine);
		}
		if (!ended(pidfd, STOP_MS)) {
			syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL,
				0);
			tell(vms, name, EVENTS_FAILED, "killed", "its driver "
				"did not end when it was told to, and was "
				"killed");
			ended(pidfd, KILL_MS);
		}
		close(pidfd);
	}
	out = vm_keep_out(vms, name, STOP_MS, why);
	if (out < 0)
		return out;
	close(out);
	return 0;
}

/* The machine's lock is held, its vm.conf says that it is off. */
static int end_all(struct vms *vms, const char *name, struct why *why)
{
	int r = 0;

	/* One that was just being started may have read the old vm.conf. */
	for (int i = 0; vm_is_alive(vms, name) && i < STOP_ROUNDS; i++)
		r = end_driver(vms, name, why);
	if (!r)
		r = cgroup_end(name, GRACE_MS, why);
	if (!r)
		remove_runtime(vms, name);
	return r;
}

static int turn_off(struct vms *vms, const char *name,
	enum vmconf_power power, struct vm_refusal *refusal)
{
	struct why why = { "" };
	struct vm vm;
	bool change;
	int r = vm_load(vms, name, false, &vm, &why);

	if (r)
		return vm_refuse_why(refusal, r, &why);
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
		r = end_all(vms, name, &why);
		if (r)
			vm_refuse_why(refusal, r, &why);
		else if (change && power == VMCONF_DEALLOCATED)
			tell(vms, name, EVENTS_DEALLOCATED, "", "it has no "
				"host now");
	}
	vm_free(&vm);
	return r;
}

int vm_stop(struct vms *vms, const char *name, bool deallocate,
	struct vm_refusal *refusal)
{
	int r, lock = vm_hold(vms, name, refusal);

	if (lock < 0)
		return lock;
	r = turn_off(vms, name, deallocate ? VMCONF_DEALLOCATED : VMCONF_OFF,
		refusal);
	vm_release(lock);
	return r;
}

int vm_restart(struct vms *vms, const char *name, struct vm_refusal *refusal)
{
	int r, lock = vm_hold(vms, name, refusal);

	if (lock < 0)
		return lock;
	r = turn_off(vms, name, VMCONF_OFF, refusal);
	if (!r)
		r = turn_on(vms, name, refusal);
	vm_release(lock);
	return r;
}
