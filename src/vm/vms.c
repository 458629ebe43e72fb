/* SPDX-License-Identifier: MIT */
/* Opening the inventory; its locks and paths. */
#include "vm/vms_priv.h"

#include "common/paths.h"
#include "vm/cgroup.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_NAP_US 5000

int vm_refuse(struct vm_refusal *refusal, const char *code, int error,
	const char *format, ...)
{
	va_list args;

	if (!refusal)
		return error;
	refusal->code = code;
	va_start(args, format);
	vsnprintf(refusal->why.text, sizeof(refusal->why.text),
		why_words(format), args);
	va_end(args);
	return error;
}

int vm_refuse_missing(struct vm_refusal *refusal, const char *name)
{
	return vm_refuse(refusal, "ResourceNotFound", -ENOENT, "there is no "
		"virtual machine %s; `coffer vm create %s` makes it", name,
		name);
}

int vm_refuse_why(struct vm_refusal *refusal, int error,
	const struct why *why)
{
	return vm_refuse(refusal, "InternalError", error, "%s", why->text);
}

/* ---- opened ---- */

int vms_open(const char *state, struct vms **out, struct why *why)
{
	struct vms *vms = calloc(1, sizeof(*vms));
	int r = 0;

	*out = NULL;
	if (!vms)
		return why_set(why, -ENOMEM, "out of memory");
	if (!state)
		r = paths_state(vms->state, sizeof(vms->state), why);
	else if ((size_t)snprintf(vms->state, sizeof(vms->state), "%s",
			state) >= sizeof(vms->state))
		r = why_set(why, -ENAMETOOLONG, "path too long");
	if (!r)
		r = paths_make(vms->state, false, why);
	if (!r)
		r = paths_join(vms->machines, sizeof(vms->machines),
			vms->state, "vm", why);
	if (!r)
		r = paths_make(vms->machines, false, why);
	if (!r)
		r = paths_runtime(vms->runtime, sizeof(vms->runtime), why);
	if (!r)
		r = cgroup_use(vms->state, why);
	if (!r)
		r = vms_sweep(vms, why);
	if (r)
		vms_close(vms);
	else
		*out = vms;
	return r;
}

void vms_watch(struct vms *vms, const struct vms_watch *watch)
{
	vms->watch = *watch;
}

void vms_close(struct vms *vms)
{
	if (!vms)
		return;
	pki_close(vms->pki);
	free(vms);
}

int vms_pki(struct vms *vms, struct pki **pki, struct why *why)
{
	int r = vms->pki ? 0 : pki_open(vms->state, &vms->pki, why);

	*pki = vms->pki;
	return r;
}

/* ---- paths ---- */

int vms_folder(struct vms *vms, const char *name, char path[PATH_MAX],
	struct why *why)
{
	if (!paths_name_ok(name))
		return why_set(why, -EINVAL, "\"%.80s\" is no name of a "
			"virtual machine: 1 to %d of a-z, 0-9 and '-'", name,
			PATHS_NAME_MAX);
	return paths_join(path, PATH_MAX, vms->machines, name, why);
}

int vms_file(struct vms *vms, const char *name, const char *file,
	char path[PATH_MAX], struct why *why)
{
	char folder[PATH_MAX];
	int r = vms_folder(vms, name, folder, why);

	return r ? r : paths_join(path, PATH_MAX, folder, file, why);
}

/* ---- locks ---- */

static int lock(int fd, int how)
{
	int r;

	do
		r = flock(fd, how) ? -errno : 0;
	while (r == -EINTR);
	return r;
}

int vms_lock(struct vms *vms, struct why *why)
{
	char path[PATH_MAX];
	int fd, r = paths_join(path, sizeof(path), vms->machines, ".lock",
		why);

	if (r)
		return r;
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return why_set(why, -errno, "cannot open %s: %s", path,
			strerror(errno));
	r = lock(fd, LOCK_EX);
	if (!r)
		return fd;
	close(fd);
	return why_set(why, r, "cannot lock %s: %s", path, strerror(-r));
}

/* Another command may hold it for as long as a machine takes to end. */
static int wait_for_lock(struct vms *vms, int fd)
{
	int r;

	if (!vms->watch.cancel)
		return lock(fd, LOCK_EX);
	while ((r = lock(fd, LOCK_EX | LOCK_NB)) == -EWOULDBLOCK) {
		if (vms_cancelled(vms))
			return -EINTR;
		usleep(LOCK_NAP_US);
	}
	return r;
}

/* A file that was removed while we waited for it locks nothing. */
static bool still_named(int fd, const char *path)
{
	struct stat ours, named;

	return !fstat(fd, &ours) && !stat(path, &named) &&
		ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

int vm_hold(struct vms *vms, const char *name, struct vm_refusal *refusal)
{
	char path[PATH_MAX];
	struct why why;
	int fd, r;

	if (!paths_name_ok(name))
		return vm_refuse(refusal, "InvalidParameter", -EINVAL,
			"\"%.80s\" is no name of a virtual machine: 1 to %d "
			"of a-z, 0-9 and '-'", name, PATHS_NAME_MAX);
	r = vms_file(vms, name, "lock", path, &why);
	if (r)
		return vm_refuse_why(refusal, r, &why);
	for (;;) {
		if (!vm_is_there(vms, name))
			return vm_refuse_missing(refusal, name);
		fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
			0600);
		if (fd < 0 && errno == ENOENT)
			return vm_refuse_missing(refusal, name);
		r = fd < 0 ? -errno : wait_for_lock(vms, fd);
		if (!r && still_named(fd, path))
			return fd;
		if (fd >= 0)
			close(fd);
		if (r == -EINTR)
			return vm_refuse(refusal, "Conflict", r, "interrupted "
				"while another command was at work on %s; it "
				"is left to that", name);
		if (r)
			return vm_refuse(refusal, "InternalError", r,
				"cannot lock %s: %s", path, strerror(-r));
	}
}

void vm_release(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* Is somebody's flock on it? */
static bool is_locked(const char *path, int flags)
{
	int r, fd = open(path, flags | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return false;
	r = lock(fd, LOCK_SH | LOCK_NB);
	close(fd);
	return r == -EWOULDBLOCK;
}

bool vm_is_held(struct vms *vms, const char *name)
{
	char path[PATH_MAX];

	return !vms_file(vms, name, "lock", path, NULL) &&
		is_locked(path, O_RDWR);
}

int vm_keep_out(struct vms *vms, const char *name, int wait_ms,
	struct why *why)
{
	char folder[PATH_MAX];
	int fd, r = vms_folder(vms, name, folder, why);

	if (r)
		return r;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return why_set(why, -errno, "cannot open %s: %s", folder,
			strerror(errno));
	for (int ms = 0;; ms += 5) {
		r = lock(fd, LOCK_EX | LOCK_NB);
		if (r == -EWOULDBLOCK && vms_cancelled(vms)) {
			close(fd);
			return why_set(why, -EINTR, "interrupted");
		}
		if (r != -EWOULDBLOCK || ms >= wait_ms)
			break;
		usleep(5000);
	}
	if (!r)
		return fd;
	close(fd);
	return why_set(why, -EBUSY, "the driver of %s does not end", name);
}

bool vm_is_alive(struct vms *vms, const char *name)
{
	char path[PATH_MAX];

	return !vms_folder(vms, name, path, NULL) &&
		is_locked(path, O_RDONLY | O_DIRECTORY);
}
