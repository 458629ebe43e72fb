/* SPDX-License-Identifier: MIT */
#include "vm/cgroup_bus.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#define LIBRARY "libsystemd.so.0"
#define SYSTEMD "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER SYSTEMD ".Manager"
#define JOB_SECONDS 30

#define FUNCTIONS(X) X(bus_call) X(bus_call_method) X(bus_error_free) \
	X(bus_error_has_name) X(bus_get_property_string) \
	X(bus_match_signal) X(bus_message_append) \
	X(bus_message_close_container) X(bus_message_new_method_call) \
	X(bus_message_open_container) X(bus_message_read) \
	X(bus_message_unref) X(bus_new) X(bus_open_system) X(bus_process) \
	X(bus_set_address) X(bus_set_bus_client) X(bus_start) X(bus_unref) \
	X(bus_wait)

#define POINTER(name) __typeof__(&sd_##name) name;
static struct { FUNCTIONS(POINTER) } sd;
#undef POINTER

/* Held from when a message is begun until it is answered, and its job done:
 * a bus is for one thread at a time. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static sd_bus *bus;
static pid_t bus_pid; /* who opened it: it is no use after a fork */

/* The job that is waited for, and how it ended. */
static struct {
	char path[128];
	char result[32];
} job;

static int load(struct why *why)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return why_set(why, -ENOSYS, "systemd cannot be asked: %s",
			dlerror());
#define FIND(name) \
	*(void **)&sd.name = dlsym(library, "sd_" #name); \
	if (!sd.name) \
		return why_set(why, -ENOSYS, "systemd cannot be asked: %s " \
			"has no %s", LIBRARY, "sd_" #name);
	FUNCTIONS(FIND)
#undef FIND
	return 0;
}

/* ---- connection ---- */

static int connect_to(const char *address, bool daemon, struct why *why)
{
	int r = sd.bus_new(&bus);

	if (r >= 0)
		r = sd.bus_set_address(bus, address);
	if (r >= 0 && daemon)
		r = sd.bus_set_bus_client(bus, 1);
	if (r >= 0)
		r = sd.bus_start(bus);
	if (r < 0) {
		sd.bus_unref(bus);
		bus = NULL;
		return why_set(why, r, "%s: %s", address, strerror(-r));
	}
	return 0;
}

/* The user's bus, else the manager itself, which needs no bus. */
static int connect_user(struct why *why)
{
	const char *folder = getenv("XDG_RUNTIME_DIR");
	char standard[64], address[PATH_MAX + 32];
	int r;

	snprintf(standard, sizeof(standard), "/run/user/%u",
		(unsigned)geteuid());
	if (!folder || *folder != '/')
		folder = standard;
	snprintf(address, sizeof(address), "unix:path=%s/systemd/private",
		folder);
	r = connect_to(address, false, why);
	if (r) {
		snprintf(address, sizeof(address), "unix:path=%s/bus", folder);
		r = connect_to(address, true, why);
	}
	return r ? why_set(why, r, "no systemd user manager is reached in %s "
		"(%s): log in, or have root run `loginctl enable-linger`",
		folder, strerror(-r)) : 0;
}

static int on_removed(sd_bus_message *message, void *data,
	sd_bus_error *error)
{
	const char *path, *unit, *result;
	uint32_t id;

	if (sd.bus_message_read(message, "uoss", &id, &path, &unit,
			&result) >= 0 && !strcmp(path, job.path))
		snprintf(job.result, sizeof(job.result), "%s", result);
	return 0;
}

/* Under the lock. */
static int open_bus(struct why *why)
{
	int r;

	if (bus && bus_pid == getpid())
		return 0;
	bus = NULL;
	r = sd.bus_new ? 0 : load(why);
	if (r)
		return r;
	if (geteuid()) {
		r = connect_user(why);
		if (r)
			return r;
	} else {
		r = sd.bus_open_system(&bus);
		if (r < 0 && connect_to("unix:path=/run/systemd/private",
				false, NULL))
			return why_set(why, r, "systemd cannot be reached: %s",
				strerror(-r));
	}
	bus_pid = getpid();
	r = sd.bus_match_signal(bus, NULL, NULL, MANAGER_PATH, MANAGER,
		"JobRemoved", on_removed, NULL);
	if (r >= 0)
		r = sd.bus_call_method(bus, SYSTEMD, MANAGER_PATH, MANAGER,
			"Subscribe", NULL, NULL, "");
	if (r >= 0)
		return 0;
	sd.bus_unref(bus);
	bus = NULL;
	return why_set(why, r, "systemd does not answer: %s", strerror(-r));
}

int bus_open(struct why *why)
{
	int r;

	pthread_mutex_lock(&lock);
	r = open_bus(why);
	pthread_mutex_unlock(&lock);
	return r;
}

static int control_group(char *group, size_t size, struct why *why)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	char *text = NULL;
	int r = open_bus(why);

	if (r)
		return r;
	r = sd.bus_get_property_string(bus, SYSTEMD, MANAGER_PATH, MANAGER,
		"ControlGroup", &error, &text);
	if (r < 0)
		why_set(why, r, "systemd does not say where its groups are: "
			"%s", error.message ? error.message : strerror(-r));
	else if ((size_t)snprintf(group, size, "%s", text) >= size)
		r = why_set(why, -ENAMETOOLONG, "the path of systemd's group "
			"is too long");
	sd.bus_error_free(&error);
	free(text);
	return r < 0 ? r : 0;
}

int bus_control_group(char *group, size_t size, struct why *why)
{
	int r;

	pthread_mutex_lock(&lock);
	r = control_group(group, size, why);
	pthread_mutex_unlock(&lock);
	return r;
}

/* ---- jobs ---- */

static int wait_for_job(const char *unit, struct why *why)
{
	struct timespec now, until;
	int r;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += JOB_SECONDS;
	while (!*job.result) {
		r = sd.bus_process(bus, NULL);
		if (!r)
			r = sd.bus_wait(bus, 1000000);
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (r < 0 && r != -EINTR)
			return why_set(why, r, "systemd went away: %s",
				strerror(-r));
		if (now.tv_sec > until.tv_sec)
			return why_set(why, -ETIMEDOUT, "systemd was not done "
				"with %s in %d s", unit, JOB_SECONDS);
	}
	return strcmp(job.result, "done") ? why_set(why, -EIO, "systemd's job "
		"for %s ended as \"%s\"", unit, job.result) : 0;
}

/* Sends it and gives it back, and the lock; with job: waits for the job it
 * answers with. */
static int call(sd_bus_message *message, const char *unit, bool has_job,
	struct why *why)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	const char *path;
	int r = sd.bus_call(bus, message, 0, &error, &reply);

	if (r >= 0 && has_job) {
		r = sd.bus_message_read(reply, "o", &path);
		if (r >= 0) {
			/* Signals come after the reply that they are about. */
			snprintf(job.path, sizeof(job.path), "%s", path);
			job.result[0] = '\0';
		}
	}
	if (sd.bus_error_has_name(&error, SYSTEMD ".NoSuchUnit"))
		r = -ENOENT;
	else if (sd.bus_error_has_name(&error, SYSTEMD ".UnitExists"))
		r = -EEXIST;
	if (r < 0)
		why_set(why, r, "systemd refuses %s: %s", unit,
			error.message ? error.message : strerror(-r));
	else
		r = has_job ? wait_for_job(unit, why) : 0;
	sd.bus_error_free(&error);
	sd.bus_message_unref(reply);
	sd.bus_message_unref(message);
	pthread_mutex_unlock(&lock);
	return r;
}

/* With 0 the lock is held, until call() or broken(). */
static int begin(sd_bus_message **message, const char *method, struct why *why)
{
	int r;

	*message = NULL;
	pthread_mutex_lock(&lock);
	r = open_bus(why);
	if (!r) {
		r = sd.bus_message_new_method_call(bus, message, SYSTEMD,
			MANAGER_PATH, MANAGER, method);
		r = r < 0 ? why_set(why, r, "no message: %s", strerror(-r)) :
			0;
	}
	if (r)
		pthread_mutex_unlock(&lock);
	return r;
}

/* What could not be put together is a want of memory. */
static int broken(sd_bus_message *message, struct why *why)
{
	sd.bus_message_unref(message);
	pthread_mutex_unlock(&lock);
	return why_set(why, -ENOMEM, "out of memory");
}

static int append_limits(sd_bus_message *m, const struct cgroup_limits *limits,
	bool swap)
{
	uint64_t quota = limits->vcpus ? limits->vcpus * UINT64_C(1000000) :
		UINT64_MAX;

	return sd.bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)",
		"CPUAccounting", "b", 1, "MemoryAccounting", "b", 1,
		"CPUQuotaPerSecUSec", "t", quota,
		"MemoryMax", "t", limits->memory ? limits->memory : UINT64_MAX,
		"MemorySwapMax", "t", swap ? UINT64_MAX : UINT64_C(0));
}

int bus_start_slice(const char *unit, const char *description,
	const struct cgroup_limits *limits, bool swap, struct why *why)
{
	sd_bus_message *m;
	int r = begin(&m, "StartTransientUnit", why);

	if (r)
		return r;
	if (sd.bus_message_append(m, "ss", unit, "fail") < 0 ||
	    sd.bus_message_open_container(m, 'a', "(sv)") < 0 ||
	    sd.bus_message_append(m, "(sv)", "Description", "s",
		description) < 0 ||
	    append_limits(m, limits, swap) < 0 ||
	    sd.bus_message_close_container(m) < 0 ||
	    sd.bus_message_append(m, "a(sa(sv))", 0) < 0)
		return broken(m, why);
	return call(m, unit, true, why);
}

int bus_limit_unit(const char *unit, const struct cgroup_limits *limits,
	bool swap, struct why *why)
{
	sd_bus_message *m;
	int r = begin(&m, "SetUnitProperties", why);

	if (r)
		return r;
	if (sd.bus_message_append(m, "sb", unit, 1) < 0 ||
	    sd.bus_message_open_container(m, 'a', "(sv)") < 0 ||
	    append_limits(m, limits, swap) < 0 ||
	    sd.bus_message_close_container(m) < 0)
		return broken(m, why);
	return call(m, unit, false, why);
}

int bus_start_scope(const char *unit, const char *description,
	const char *slice, pid_t pid, struct why *why)
{
	sd_bus_message *m;
	int r = begin(&m, "StartTransientUnit", why);

	if (r)
		return r;
	/* Memory is accounted for in the slice, which has the limit.  Of a
	 * scope with an account systemd ends all when the kernel ends one
	 * process for want of memory. */
	if (sd.bus_message_append(m, "ss", unit, "fail") < 0 ||
	    sd.bus_message_append(m, "a(sv)", 5,
		"Description", "s", description,
		"Slice", "s", slice, "MemoryAccounting", "b", 0,
		"CollectMode", "s", "inactive-or-failed",
		"PIDs", "au", 1, (uint32_t)pid) < 0 ||
	    sd.bus_message_append(m, "a(sa(sv))", 0) < 0)
		return broken(m, why);
	return call(m, unit, true, why);
}

int bus_stop(const char *unit, struct why *why)
{
	sd_bus_message *m;
	int r = begin(&m, "StopUnit", why);

	if (r)
		return r;
	if (sd.bus_message_append(m, "ss", unit, "replace") < 0)
		return broken(m, why);
	r = call(m, unit, true, why);
	return r == -ENOENT ? 0 : r;
}
