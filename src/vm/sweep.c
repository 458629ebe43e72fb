/* SPDX-License-Identifier: MIT */
/*
 * What dead commands and drivers left: orders that were not finished, machines
 * that were being made or removed, sockets that nobody serves.
 */
#include "vm/vms_priv.h"

#include "common/paths.h"
#include "pki/files.h"
#include "pki/manufacture.h"
#include "vm/cgroup.h"
#include "vm/order.h"
#include "vm/remove.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* How long a directory without vm.conf may be one that an application is
 * about to fill. */
#define YOUNG_SECONDS 2

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* A directory that was made on demand, by who died before there was a machine
 * in it.  One with fuses is a machine whose vm.conf somebody took away. */
static void look_at_machine(struct vms *vms, const char *name)
{
	char folder[PATH_MAX], path[PATH_MAX];
	struct stat st;
	int out;

	if (vms_file(vms, name, "vm.conf", path, NULL) || !access(path, F_OK))
		return;
	if (vms_file(vms, name, "fuses", path, NULL) || !access(path, F_OK) ||
	    vms_folder(vms, name, folder, NULL) || lstat(folder, &st) ||
	    !S_ISDIR(st.st_mode) || st.st_mtime + YOUNG_SECONDS > time(NULL))
		return;
	/* A driver that has the folder fills it; one that comes too late makes
	 * it again (platform/owner.c). */
	out = vm_keep_out(vms, name, 0, NULL);
	if (out < 0)
		return;
	if (!vms_file(vms, name, "vm.conf", path, NULL) && access(path, F_OK))
		files_remove_tree(folder);
	close(out);
}

/* Takes back what nobody makes any more. */
static int finish_order(struct vms *vms, const char *id, struct why *why)
{
	struct order order;
	int r, lock;

	if (strlen(id) != ORDER_ID - 1)
		return 0;
	lock = vms_lock(vms, why);
	if (lock < 0)
		return lock;
	r = order_take(vms, id, &order, why);
	close(lock);
	if (r)
		return r == -EBUSY ? 0 : r;
	return order_undo(vms, &order, why);
}

/* A directory of an order that there is not: it was removed before the
 * directory was. */
static void finish_new(struct vms *vms, const char *directory)
{
	char path[PATH_MAX], file[ORDER_ID + sizeof(ORDER_PREFIX)];
	size_t n = strlen(directory);

	if (n <= ORDER_ID)
		return;
	snprintf(file, sizeof(file), ORDER_PREFIX "%s",
		directory + n - (ORDER_ID - 1));
	if (!paths_join(path, sizeof(path), vms->machines, file, NULL) &&
	    access(path, F_OK) && errno == ENOENT &&
	    !paths_join(path, sizeof(path), vms->machines, directory, NULL))
		files_remove_tree(path);
}

static int look_at(struct vms *vms, const char *name, struct why *why)
{
	if (paths_name_ok(name))
		look_at_machine(vms, name);
	else if (begins(name, ORDER_PREFIX))
		return finish_order(vms, name + strlen(ORDER_PREFIX), why);
	else if (begins(name, PKI_MACHINE_NEW))
		finish_new(vms, name);
	else if (begins(name, REMOVE_PREFIX))
		remove_rest(vms, name);
	return 0;
}

static void sweep_runtime(struct vms *vms)
{
	char path[2 * PATH_MAX], folder[PATH_MAX];
	struct dirent *e;
	DIR *dir = opendir(vms->runtime);

	while (dir && (e = readdir(dir))) {
		if (!paths_name_ok(e->d_name) ||
		    vms_folder(vms, e->d_name, folder, NULL))
			continue;
		snprintf(path, sizeof(path), "%s/%s/driver.sock",
			vms->runtime, e->d_name);
		if ((access(path, F_OK) && !access(folder, F_OK)) ||
		    vm_is_alive(vms, e->d_name) ||
		    !remove_is_runtime(vms, e->d_name))
			continue;
		remove_runtime(vms, e->d_name);
	}
	if (dir)
		closedir(dir);
}

/* A group of a machine that is gone. */
static void look_at_group(void *ctx, const char *name)
{
	char folder[PATH_MAX];

	if (!vms_folder(ctx, name, folder, NULL) && access(folder, F_OK) &&
	    errno == ENOENT)
		cgroup_end(name, 0, NULL);
}

int vms_sweep(struct vms *vms, struct why *why)
{
	struct dirent **names;
	int r = 0, count = scandir(vms->machines, &names, NULL, alphasort);

	if (count < 0)
		return why_set(why, -errno, "cannot read %s: %s",
			vms->machines, strerror(errno));
	for (int i = 0; i < count; i++) {
		if (!r)
			r = look_at(vms, names[i]->d_name, why);
		free(names[i]);
	}
	free(names);
	sweep_runtime(vms);
	cgroup_each(look_at_group, vms, NULL);
	return r;
}
