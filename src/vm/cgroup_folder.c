/* SPDX-License-Identifier: MIT */
/*
 * Machines' groups as folders that we make ourselves, in a folder that was
 * given to us or that we are in.
 *
 * cgroup v2 lets a group have processes or children with controllers, not
 * both (the root excepted).  Where this process is the only one in the
 * folder it goes to a child of its own, MAIN; others are never moved.
 */
#include "vm/cgroup_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAIN "coffer.main"

static bool is_root(const char *folder)
{
	char text[CGROUP_TEXT_MAX];

	return cgroup_read(folder, "cgroup.type", text, sizeof(text)) ==
		-ENOENT;
}

/* How many processes are directly in it; *self: we are one of them. */
static size_t occupants(const char *folder, bool *self)
{
	char text[CGROUP_TEXT_MAX], *one, *rest = text;
	int r = cgroup_read(folder, "cgroup.procs", text, sizeof(text));
	size_t count = 0;

	*self = false;
	if (r)
		return r == -EFBIG ? SIZE_MAX : 0;
	while ((one = strsep(&rest, "\n"))) {
		count += *one != '\0';
		*self |= atoi(one) == getpid();
	}
	return count;
}

/* May controllers be given to children of the folder? */
static bool divisible(const char *folder)
{
	bool self;
	size_t count = occupants(folder, &self);

	return is_root(folder) || count == self;
}

/* What there is of a controller, and why not. */
static bool controller(const struct cgroup_mount *mount, const char *folder,
	const char *name, struct why *why)
{
	char path[CGROUP_PATH_MAX];

	if (cgroup_lists(folder, "cgroup.subtree_control", name))
		return true;
	if (!cgroup_lists(folder, "cgroup.controllers", name)) {
		if (!strcmp(mount->root, "/") && !cgroup_lists(mount->mount,
				"cgroup.controllers", name))
			why_set(why, 0, "this box has no %s controller in "
				"cgroup v2 (it may be in v1: boot with "
				"systemd.unified_cgroup_hierarchy=1 or "
				"cgroup_no_v1=all)", name);
		else
			why_set(why, 0, "%s does not have the controller %s: "
				"whoever made it has to write \"+%s\" to "
				"cgroup.subtree_control above it", folder,
				name, name);
		return false;
	}
	snprintf(path, sizeof(path), "%.*s/cgroup.subtree_control",
		CGROUP_PATH_MAX - 32, folder);
	if (!divisible(folder)) {
		why_set(why, 0, "%s has processes in it, so %s cannot be "
			"given to groups below it; delegate a folder without "
			"any, and name it in COFFER_CGROUP", folder, name);
		return false;
	}
	if (access(path, W_OK)) {
		why_set(why, 0, "%s: %s", path, strerror(errno));
		return false;
	}
	return true;
}

/* The folder above machines' groups and MAIN, when we are in one of them. */
static void climb(char *path)
{
	char *name = strrchr(path, '/');

	if (name && (!strcmp(name + 1, MAIN) || cgroup_name_any(name + 1)))
		*name = '\0';
}

int cgroup_folder_where(struct cgroup_world *world, const char *given)
{
	struct cgroup_place *place = &world->place;

	if (given) {
		if (strlen(given) >= sizeof(place->path) || *given != '/' ||
		    !cgroup_is_v2(given)) {
			why_set(&place->why, 0, "COFFER_CGROUP is \"%.150s\", "
				"which is no folder of cgroup v2", given);
			return 0;
		}
		strcpy(place->path, given);
	} else if (cgroup_of(&world->mount, 0, place->path, &place->why)) {
		return 0;
	} else {
		climb(place->path);
	}
	return cgroup_folder_look(world, given != NULL);
}

int cgroup_folder_look(struct cgroup_world *world, bool given)
{
	struct cgroup_place *place = &world->place;
	struct why cpu = { "" }, memory = { "" };

	if (access(place->path, W_OK | X_OK)) {
		why_set(&place->why, 0, "no group can be made in %s: %s%s",
			place->path, strerror(errno), given ? "" :
			why_words("; COFFER_CGROUP can name a folder that is "
			"delegated to you"));
		return 0;
	}
	place->cpu = controller(&world->mount, place->path, "cpu", &cpu);
	place->memory = controller(&world->mount, place->path, "memory",
		&memory);
	if (!place->cpu && !place->memory)
		why_set(&place->why, 0, "neither vCPUs nor memory can be "
			"limited: %s", cpu.text);
	else if (!place->cpu || !place->memory)
		why_set(&place->why, 0, "%s cannot be limited: %s",
			why_words(place->cpu ? N_("memory") : N_("vCPUs")),
			place->cpu ? memory.text : cpu.text);
	if (!given && !place->cpu && !place->memory)
		return 0;
	place->kind = CGROUP_FOLDER;
	return 1;
}

static int make_folder(const char *folder, struct why *why)
{
	return !mkdir(folder, 0755) || errno == EEXIST ? 0 :
		why_set(why, -errno, "cannot make the group %s: %s", folder,
			strerror(errno));
}

/* Our own process only, and only when it is alone. */
static void step_aside(const char *folder)
{
	char path[CGROUP_PATH_MAX + 32];
	bool self;

	if (occupants(folder, &self) != 1 || !self || is_root(folder))
		return;
	snprintf(path, sizeof(path), "%s/%s", folder, MAIN);
	if (!make_folder(path, NULL))
		cgroup_write(path, "cgroup.procs", "0");
}

static void enable(const char *above, const char *name,
	struct cgroup_place *applied)
{
	char text[16];
	int r;

	if (cgroup_lists(above, "cgroup.subtree_control", name) ||
	    !cgroup_lists(above, "cgroup.controllers", name))
		return;
	snprintf(text, sizeof(text), "+%s", name);
	r = cgroup_write(above, "cgroup.subtree_control", text);
	if (r && !*applied->why.text)
		why_set(&applied->why, 0, "%s/cgroup.subtree_control does not "
			"take \"%s\": %s%s", above, text, strerror(-r),
			r == -EBUSY ?
			why_words(" (processes are in that group)") : "");
}

static int make(const char *vm, const char *folder,
	const struct cgroup_limits *limits, struct cgroup_place *applied,
	struct why *why)
{
	char above[CGROUP_PATH_MAX];
	int r;

	snprintf(above, sizeof(above), "%.*s", (int)(strrchr(folder, '/') -
		folder), folder);
	step_aside(above);
	enable(above, "cpu", applied);
	enable(above, "memory", applied);
	r = make_folder(folder, why);
	return r ? r : cgroup_limits_write(folder, limits, applied);
}

static int join(const char *vm, const char *folder, pid_t pid,
	struct why *why)
{
	char text[16];
	int r = make_folder(folder, why);

	if (r)
		return r;
	snprintf(text, sizeof(text), "%d", (int)pid);
	r = cgroup_write(folder, "cgroup.procs", text);
	if (r == -EACCES || r == -EPERM)
		return why_set(why, r, "process %d cannot be moved to %s: %s; "
			"the group that it is in has to be delegated together "
			"with that one", (int)pid, folder, strerror(-r));
	return r ? why_set(why, r, "process %d cannot be moved to %s: %s",
		(int)pid, folder, strerror(-r)) : 0;
}

static int take_away(const char *vm, const char *folder, struct why *why)
{
	return cgroup_remove(folder, why);
}

const struct cgroup_ops cgroup_folder_ops = {
	.make = make,
	.join = join,
	.remove = take_away,
	.suffix = "",
};
