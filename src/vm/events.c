/* SPDX-License-Identifier: MIT */
/* Reading what happened to a machine; common/events.h writes it. */
#include "vm/vms_priv.h"

#include "common/paths.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_MAX (1 << 20) /* a file is rotated long before */

struct lines {
	char *text;
	size_t size;
};

/* Appends what a file has from an offset on, whole lines only; the offset
 * behind them. */
static int add(struct lines *lines, int fd, uint64_t *offset)
{
	struct stat st;
	char *more, *end;
	ssize_t n;
	size_t room;

	if (fstat(fd, &st) || st.st_size > READ_MAX)
		return -EINVAL;
	if ((uint64_t)st.st_size <= *offset)
		return 0;
	room = (size_t)((uint64_t)st.st_size - *offset);
	more = realloc(lines->text, lines->size + room + 1);
	if (!more)
		return -ENOMEM;
	lines->text = more;
	n = pread(fd, more + lines->size, room, (off_t)*offset);
	if (n < 0)
		return -errno;
	end = memrchr(more + lines->size, '\n', (size_t)n);
	n = end ? end + 1 - (more + lines->size) : 0;
	lines->size += (size_t)n;
	*offset += (uint64_t)n;
	return 0;
}

static int open_events(struct vms *vms, const char *name, const char *file,
	uint64_t *inode)
{
	char path[PATH_MAX];
	struct stat st;
	int fd = -1;

	if (!vms_file(vms, name, file, path, NULL))
		fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	*inode = fd >= 0 && !fstat(fd, &st) ? st.st_ino : 0;
	return fd;
}

int vm_events(struct vms *vms, const char *name, struct vm_events_at *at,
	char **text, struct vm_refusal *refusal)
{
	struct lines lines = { NULL, 0 };
	uint64_t old_inode, inode, offset;
	char conf[PATH_MAX];
	struct why why;
	int old, now, r = vms_file(vms, name, "vm.conf", conf, &why);

	*text = NULL;
	if (r)
		return vm_refuse(refusal, "InvalidParameter", r, "%s",
			why.text);
	if (access(conf, F_OK))
		return vm_refuse(refusal, "ResourceNotFound", -ENOENT,
			"there is no virtual machine %s; `coffer vm list` has "
			"those that there are", name);
	/* The new one first: what becomes the old one in between is then read
	 * to its end. */
	now = open_events(vms, name, "events", &inode);
	old = open_events(vms, name, "events.1", &old_inode);
	if (now >= 0 && inode == at->inode) {
		offset = at->offset;
	} else {
		offset = at->inode && old_inode == at->inode ? at->offset : 0;
		if (old >= 0 && old_inode != inode)
			r = add(&lines, old, &offset);
		offset = 0;
	}
	if (!r && now >= 0)
		r = add(&lines, now, &offset);
	if (now >= 0)
		*at = (struct vm_events_at){ inode, offset };
	if (old >= 0)
		close(old);
	if (now >= 0)
		close(now);
	if (!r && !lines.text)
		r = (lines.text = malloc(1)) ? 0 : -ENOMEM;
	if (r) {
		free(lines.text);
		return vm_refuse(refusal, "InternalError", r, "cannot read "
			"the events of %s: %s", name, strerror(-r));
	}
	lines.text[lines.size] = '\0';
	*text = lines.text;
	return 0;
}
