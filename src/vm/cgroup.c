/* SPDX-License-Identifier: MIT */
#include "vm/cgroup_priv.h"

#include "common/paths.h"
#include "common/spawn.h"
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *cgroup_kind_name(enum cgroup_kind kind)
{
	return kind == CGROUP_SYSTEMD ? "systemd" :
		kind == CGROUP_FOLDER ? "folder" : "none";
}

static bool find(struct cgroup_world *world)
{
	const char *given = getenv("COFFER_CGROUP");
	FILE *mountinfo = fopen("/proc/self/mountinfo", "re");
	struct why *why = &world->place.why, systemd, own;
	int r = mountinfo ? cgroup_mount_find(mountinfo, &world->mount) :
		-errno;

	if (mountinfo)
		fclose(mountinfo);
	if (given && !strcmp(given, "none")) {
		why_set(why, 0, "COFFER_CGROUP is \"none\"");
		return false;
	}
	if (r) {
		why_set(why, 0, "cgroup v2 is not mounted here");
		return false;
	}
	if (given && *given) {
		world->ops = &cgroup_folder_ops;
		return cgroup_folder_where(world, given);
	}
	world->ops = &cgroup_systemd_ops;
	if (cgroup_systemd_where(world))
		return true;
	systemd = *why;
	*why = (struct why){ "" };
	world->ops = &cgroup_folder_ops;
	if (cgroup_folder_where(world, NULL))
		return true;
	own = *why;
	why_set(why, 0, "%s; %s", systemd.text, own.text);
	return false;
}

/* Filled in once, under the lock, and only read then. */
static struct cgroup_world the_world;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int use(const char *state, struct why *why)
{
	char path[PATH_MAX], id[9];
	int r = 0;

	if (!state)
		r = paths_state(path, sizeof(path), why);
	if (r)
		return r;
	cgroup_id(state ? state : path, id);
	if (!strcmp(id, the_world.id))
		return 0;
	memset(&the_world, 0, sizeof(the_world));
	strcpy(the_world.id, id);
	return 0;
}

int cgroup_use(const char *state, struct why *why)
{
	int r;

	pthread_mutex_lock(&lock);
	r = use(state, why);
	pthread_mutex_unlock(&lock);
	return r;
}

static void look_around(struct cgroup_world *world)
{
	if ((*world->id || !use(NULL, &world->place.why)) && find(world))
		return;
	world->ops = NULL;
	world->place.kind = CGROUP_NONE;
	world->place.cpu = world->place.memory = false;
	world->place.path[0] = '\0';
}

struct cgroup_world *cgroup_world(void)
{
	pthread_mutex_lock(&lock);
	if (!the_world.looked) {
		look_around(&the_world);
		the_world.looked = true;
	}
	pthread_mutex_unlock(&lock);
	return &the_world;
}

const struct cgroup_place *cgroup_where(void)
{
	return &cgroup_world()->place;
}

/* The machine's group, there or not; 1: no place. */
static int group_of(const char *vm, char *folder, struct why *why)
{
	struct cgroup_world *world = cgroup_world();
	char name[128];
	int n;

	if (!paths_name_ok(vm))
		return why_set(why, -EINVAL, "\"%.80s\" is no name of a "
			"machine", vm);
	if (!world->ops)
		return 1;
	cgroup_name(world->id, vm, name, sizeof(name));
	n = snprintf(folder, CGROUP_PATH_MAX, "%s/%s%s", world->place.path,
		name, world->ops->suffix);
	return n < CGROUP_PATH_MAX ? 0 : why_set(why, -ENAMETOOLONG, "the "
		"path of the group of %s is too long: %d bytes", vm, n);
}

int cgroup_make(const char *vm, const struct cgroup_limits *limits,
	struct cgroup_place *applied, struct why *why)
{
	struct cgroup_world *world = cgroup_world();
	char folder[CGROUP_PATH_MAX];
	struct cgroup_place result = world->place;
	int r = group_of(vm, folder, why);

	if (!r)
		r = world->ops->make(vm, folder, limits, &result, why);
	if (applied)
		*applied = result;
	return r < 0 ? r : 0;
}

int cgroup_join(const char *vm, pid_t pid, struct why *why)
{
	char folder[CGROUP_PATH_MAX];
	int r = group_of(vm, folder, why);

	if (r)
		return r < 0 ? r : 0;
	if (cgroup_has(vm, pid))
		return 0;
	return cgroup_world()->ops->join(vm, folder, pid, why);
}

int cgroup_spawn(const char *vm, const char *path, char *const argv[],
	const int *fds, unsigned count, struct why *outside, struct why *why)
{
	pid_t pid;
	int go, r;

	*outside = (struct why){ "" };
	if (!cgroup_world()->ops) {
		r = spawn_detached(path, argv, fds, count);
	} else {
		r = spawn_held(path, argv, fds, count, &pid, &go);
		if (!r) {
			cgroup_join(vm, pid, outside);
			r = spawn_go(go);
		}
	}
	return r ? why_set(why, r, "cannot start %s: %s", path, strerror(-r)) :
		0;
}

bool cgroup_has(const char *vm, pid_t pid)
{
	char folder[CGROUP_PATH_MAX], path[CGROUP_PATH_MAX];
	size_t length;

	if (group_of(vm, folder, NULL) ||
	    cgroup_of(&cgroup_world()->mount, pid, path, NULL))
		return false;
	length = strlen(folder);
	return !strncmp(path, folder, length) &&
		(!path[length] || path[length] == '/');
}

static int look(const char *folder, struct cgroup_state *state)
{
	pid_t *pids = NULL;
	size_t count;
	int r = cgroup_limits_read(folder, &state->limits);

	if (!r)
		r = cgroup_pids(folder, &pids, &count);
	if (r)
		return r;
	free(pids);
	snprintf(state->path, sizeof(state->path), "%s", folder);
	state->processes = (unsigned)count;
	cgroup_number(folder, "memory.current", NULL, &state->memory_used);
	cgroup_number(folder, "memory.events", "oom_kill", &state->oom_kills);
	cgroup_number(folder, "cpu.stat", "usage_usec", &state->cpu_usec);
	return 0;
}

int cgroup_look(const char *vm, struct cgroup_state *state, struct why *why)
{
	char folder[CGROUP_PATH_MAX];
	int r = group_of(vm, folder, why);

	memset(state, 0, sizeof(*state));
	if (!r)
		r = look(folder, state);
	if (r == 1 || r == -ENOENT)
		return why_set(why, -ENOENT, "the machine %s has no group", vm);
	return r ? why_set(why, r, "cannot read %s: %s", folder,
		strerror(-r)) : 0;
}

int cgroup_look_up(pid_t pid, struct cgroup_state *state, struct why *why)
{
	const struct cgroup_mount *mount = &cgroup_world()->mount;
	char folder[CGROUP_PATH_MAX], *slash;
	int r = *mount->mount ? cgroup_of(mount, pid, folder, why) :
		why_set(why, -ENOENT, "cgroup v2 is not mounted here");

	memset(state, 0, sizeof(*state));
	if (r)
		return r;
	while (strlen(folder) > strlen(mount->mount)) {
		r = cgroup_limits_read(folder, &state->limits);
		if (!r && (state->limits.vcpus || state->limits.memory))
			return look(folder, state);
		slash = strrchr(folder, '/');
		*slash = '\0';
	}
	return why_set(why, -ENOENT, "no group that process %d is in has "
		"limits", (int)pid);
}

int cgroup_end(const char *vm, int grace_ms, struct why *why)
{
	struct cgroup_world *world = cgroup_world();
	char folder[CGROUP_PATH_MAX];
	bool self;
	int r = group_of(vm, folder, why);

	if (r)
		return r < 0 ? r : 0;
	if (access(folder, F_OK))
		return 0;
	r = cgroup_empty(&world->mount, folder, grace_ms, &self, why);
	return r || self ? r : world->ops->remove(vm, folder, why);
}

struct each {
	void (*found)(void *ctx, const char *vm);
	void *ctx;
	const struct cgroup_world *world;
};

static void is_ours(void *ctx, const char *name)
{
	const struct each *each = ctx;
	size_t length = strlen(name);
	size_t tail = strlen(each->world->ops->suffix);
	char vm[64];

	if (length > tail &&
	    !strcmp(name + length - tail, each->world->ops->suffix) &&
	    cgroup_name_vm(each->world->id, name, length - tail, vm))
		each->found(each->ctx, vm);
}

int cgroup_each(void (*found)(void *ctx, const char *vm), void *ctx,
	struct why *why)
{
	const struct cgroup_world *world = cgroup_world();
	struct each each = { found, ctx, world };
	int r;

	if (!world->ops)
		return 0;
	r = cgroup_children(world->place.path, is_ours, &each);
	return !r || r == -ENOENT ? 0 : why_set(why, r, "cannot read %s: %s",
		world->place.path, strerror(-r));
}
