/* SPDX-License-Identifier: MIT */
#include "vm_look.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char last[65536]; /* what the last listing was */
static char group[128]; /* a folder of our own; "": none */

/* ---- asked ---- */

static json_t *ask(const char *command)
{
	FILE *f = popen(command, "r");
	json_t *answer;
	size_t n;

	if (!f)
		return NULL;
	n = fread(last, 1, sizeof(last) - 1, f);
	last[n] = '\0';
	if (pclose(f))
		return NULL;
	answer = json_loads(last, 0, NULL);
	return answer;
}

static int number(json_t *object, const char *key)
{
	return (int)json_integer_value(json_object_get(object, key));
}

bool look_list(struct look *look)
{
	json_t *answer = ask(COFFER " vm list --json"), *item;
	json_t *machines = json_object_get(answer, "machines");
	size_t i;

	look->count = 0;
	json_array_foreach(machines, i, item) {
		if (look->count == LOOK_MAX)
			break;
		snprintf(look->item[i].name, sizeof(look->item[i].name), "%s",
			json_string_value(json_object_get(item, "name")));
		snprintf(look->item[i].power, sizeof(look->item[i].power),
			"%s", json_string_value(json_object_get(item,
			"power")));
		look->item[i].driver = number(item, "driver_pid");
		look->item[i].processor = number(item, "processor_pid");
		look->count++;
	}
	json_decref(answer);
	return machines != NULL;
}

void look_one(const char *name, const char *power)
{
	char command[256];
	const char *now;
	json_t *answer;

	snprintf(command, sizeof(command), COFFER " vm show %s --json", name);
	answer = ask(command);
	now = json_string_value(json_object_get(answer, "power"));
	if (!now || strcmp(now, power)) {
		fprintf(stderr, "%s should be %s:\n%s\n", name, power, last);
		exit(1);
	}
	json_decref(answer);
}

void look_tell(const struct world *world)
{
	char command[256];

	fprintf(stderr, "%s\n", last);
	snprintf(command, sizeof(command), "ls -laR --time-style=full-iso %s "
		"%s/vm 1>&2", world->runtime, world->state);
	if (system(command))
		fprintf(stderr, "no listing of %s\n", world->folder);
}

/* ---- compared ---- */

static bool is(const struct world_process *list, size_t n, int pid,
	const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].pid == pid)
			return !strcmp(list[i].name, name);
	return false;
}

const char *look_judge(const struct look *look)
{
	static char text[256];
	struct world_process list[256];
	size_t n = world_processes(list, 256), drivers = 0, known = 0;

	for (size_t i = 0; i < look->count; i++) {
		const char *name = look->item[i].name,
			*power = look->item[i].power;
		bool lives = is(list, n, look->item[i].driver, "cofferd") &&
			is(list, n, look->item[i].processor, "coffer-cpu");

		snprintf(text, sizeof(text), "%s is said to be %s; its driver "
			"is %d, its processor %d", name, power,
			look->item[i].driver, look->item[i].processor);
		if (!strcmp(power, "running") ? !lives :
		    look->item[i].driver != 0)
			return text;
		known += !strcmp(power, "running");
	}
	for (size_t i = 0; i < n; i++)
		drivers += !strcmp(list[i].name, "cofferd");
	if (drivers == known)
		return NULL;
	snprintf(text, sizeof(text), "%zu machines are said to run, and there "
		"are %zu drivers", known, drivers);
	return text;
}

/* ---- what is left ---- */

/* An entry that is none of those allowed. */
static const char *entry(const char *folder, const char *const *allowed)
{
	static char text[512];
	const char *found = NULL;
	struct dirent *e;
	DIR *dir = opendir(folder);

	while (dir && !found && (e = readdir(dir))) {
		const char *const *a = allowed;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		while (*a && strcmp(*a, e->d_name))
			a++;
		if (*a)
			continue;
		snprintf(text, sizeof(text), "left behind: %.200s/%.200s",
			folder, e->d_name);
		found = text;
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Groups are folders in ours. */
static const char *groups(void)
{
	static char text[512];
	const char *found = NULL;
	struct dirent *e;
	DIR *dir = *group ? opendir(group) : NULL;

	while (dir && !found && (e = readdir(dir)))
		if (e->d_type == DT_DIR && e->d_name[0] != '.') {
			snprintf(text, sizeof(text), "left behind: %.200s in "
				"%.200s", e->d_name, group);
			found = text;
		}
	if (dir)
		closedir(dir);
	return found;
}

const char *look_left(const struct world *world)
{
	static const char *const none[] = { NULL };
	static const char *const machines[] = { ".lock", ".maintenance",
		NULL };
	static const char *const state[] = { "ca", "vm", "inventory.conf",
		NULL };
	char path[128];
	const char *found = entry(world->runtime, none);

	snprintf(path, sizeof(path), "%s/vm", world->state);
	if (!found)
		found = entry(path, machines);
	if (!found)
		found = entry(world->state, state);
	return found ? found : groups();
}

/* ---- groups ---- */

void look_group(void)
{
	static const char *const roots[] = { "/sys/fs/cgroup/unified",
		"/sys/fs/cgroup" };
	char path[128];

	for (size_t i = 0; i < 2 && !*group; i++) {
		snprintf(path, sizeof(path), "%s/cgroup.controllers",
			roots[i]);
		if (access(path, F_OK))
			continue;
		snprintf(path, sizeof(path), "%s/coffer-test-%d", roots[i],
			(int)getpid());
		if (!mkdir(path, 0755))
			strcpy(group, path);
	}
	setenv("COFFER_CGROUP", *group ? group : "none", 1);
	printf("groups: %s\n", *group ? group : "none, there can be no folder "
		"for them here");
}

void look_group_end(void)
{
	if (*group && rmdir(group)) {
		fprintf(stderr, "left behind: %s: %s\n", group,
			strerror(errno));
		exit(1);
	}
	*group = '\0';
}
