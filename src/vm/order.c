/* SPDX-License-Identifier: MIT */
#include "vm/order.h"

#include "common/events.h"
#include "common/paths.h"
#include "pki/files.h"
#include "pki/manufacture.h"
#include "vm/remove.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

void order_id(char id[ORDER_ID])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
	uint8_t bytes[ORDER_ID - 1];

	while (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		;
	for (size_t i = 0; i < sizeof(bytes); i++)
		id[i] = letters[bytes[i] % 32];
	id[ORDER_ID - 1] = '\0';
}

void order_new_name(const struct order *order, const char *name,
	char text[NAME_MAX + 1])
{
	snprintf(text, NAME_MAX + 1, "%s%s-%s", PKI_MACHINE_NEW, name,
		order->id);
}

static int order_path(struct vms *vms, const struct order *order,
	char path[PATH_MAX], struct why *why)
{
	char file[32];

	snprintf(file, sizeof(file), ORDER_PREFIX "%s", order->id);
	return paths_join(path, PATH_MAX, vms->machines, file, why);
}

static int append(struct order *order, const char *line, struct why *why)
{
	size_t size = strlen(line);

	if (write(order->fd, line, size) == (ssize_t)size)
		return 0;
	return why_set(why, errno ? -errno : -EIO, "cannot write the order: "
		"%s", strerror(errno));
}

/* ---- made ---- */

int order_begin(struct vms *vms, struct order *order, struct why *why)
{
	char path[PATH_MAX];
	int r;

	order_id(order->id);
	order->fd = -1;
	r = order_path(vms, order, path, why);
	if (r)
		return r;
	order->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND |
		O_CLOEXEC, 0600);
	if (order->fd < 0 || flock(order->fd, LOCK_EX | LOCK_NB))
		r = why_set(why, -errno, "cannot make %s: %s", path,
			strerror(errno));
	if (r && order->fd >= 0) {
		unlink(path);
		close(order->fd);
	}
	return r;
}

int order_add(struct vms *vms, struct order *order, const char *name,
	const struct vmconf *conf, struct why *why)
{
	char folder[PATH_MAX], path[PATH_MAX], file[NAME_MAX + 1], line[80];
	int r;

	order_new_name(order, name, file);
	r = paths_join(folder, sizeof(folder), vms->machines, file, why);
	if (!r)
		r = paths_join(path, sizeof(path), folder, "vm.conf", why);
	if (r)
		return r;
	if (mkdir(folder, 0700))
		return why_set(why, -errno, "cannot make %s: %s", folder,
			strerror(errno));
	snprintf(line, sizeof(line), "%s\n", name);
	r = append(order, line, why);
	if (!r)
		r = files_write(folder, "order", order->id, ORDER_ID - 1, why);
	if (!r)
		r = vmconf_write(path, conf, why);
	if (!r)
		events_add(folder, EVENTS_CREATED, (struct event_detail[]){
			{ "size", conf->size->name, 0 },
			{ "set", conf->set, 0 }, { NULL, NULL, 0 } },
			"%s%s%s", conf->size->name,
			conf->set[0] ? ", of set " : "", conf->set);
	return r;
}

int order_put(struct vms *vms, const struct order *order, const char *name,
	struct why *why)
{
	char from[PATH_MAX], to[PATH_MAX], file[NAME_MAX + 1];
	int r = vms_folder(vms, name, to, why);

	order_new_name(order, name, file);
	if (!r)
		r = paths_join(from, sizeof(from), vms->machines, file, why);
	if (r)
		return r;
	if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
		return 0;
	if (errno == EEXIST)
		return why_set(why, -EEXIST, "an application has just made a "
			"virtual machine %s", name);
	return why_set(why, -errno, "cannot put %s into place: %s", name,
		strerror(errno));
}

void order_end(struct vms *vms, struct order *order)
{
	char path[PATH_MAX];

	if (!order_path(vms, order, path, NULL))
		unlink(path);
	close(order->fd);
	order->fd = -1;
}

/* ---- taken back ---- */

/* Directories .new-*-ID. */
static void remove_new(struct vms *vms, const struct order *order)
{
	char end[ORDER_ID + 1], path[PATH_MAX];
	struct dirent *e;
	DIR *dir = opendir(vms->machines);

	snprintf(end, sizeof(end), "-%s", order->id);
	while (dir && (e = readdir(dir))) {
		size_t n = strlen(e->d_name);

		if (strncmp(e->d_name, PKI_MACHINE_NEW,
				strlen(PKI_MACHINE_NEW)) || n <= ORDER_ID ||
		    strcmp(e->d_name + n - ORDER_ID, end))
			continue;
		if (!paths_join(path, sizeof(path), vms->machines, e->d_name,
				NULL))
			files_remove_tree(path);
	}
	if (dir)
		closedir(dir);
}

int order_undo(struct vms *vms, struct order *order, struct why *why)
{
	char *text, *line, *rest;
	struct stat st;
	ssize_t n = -1;
	int r = 0;

	remove_new(vms, order);
	text = fstat(order->fd, &st) ? NULL : malloc((size_t)st.st_size + 1);
	if (text)
		n = pread(order->fd, text, (size_t)st.st_size, 0);
	if (n < 0) {
		free(text);
		return why_set(why, -EIO, "cannot read an order that was not "
			"finished: %s", strerror(errno));
	}
	text[n] = '\0';
	rest = text;
	/* What has no end of line was cut off, and nothing made of it. */
	while ((line = strsep(&rest, "\n")) && rest && !r)
		r = remove_machine(vms, line, order->id, why);
	free(text);
	if (!r)
		order_end(vms, order);
	else
		close(order->fd);
	return r;
}

int order_take(struct vms *vms, const char *id, struct order *order,
	struct why *why)
{
	char path[PATH_MAX];
	int r;

	snprintf(order->id, sizeof(order->id), "%s", id);
	r = order_path(vms, order, path, why);
	if (r)
		return r;
	order->fd = open(path, O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (order->fd < 0)
		return errno == ENOENT ? -EBUSY : why_set(why, -errno,
			"cannot open %s: %s", path, strerror(errno));
	if (flock(order->fd, LOCK_EX | LOCK_NB)) {
		close(order->fd);
		return -EBUSY;
	}
	return 0;
}
