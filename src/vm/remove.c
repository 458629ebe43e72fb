/* SPDX-License-Identifier: MIT */
#include "vm/remove.h"

#include "common/paths.h"
#include "pki/files.h"
#include "pki/manufacture.h"
#include "vm/cgroup.h"
#include "vm/order.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define DRIVER_END_MS 60000 /* for one that is ending, or was killed */

/* ---- what a driver leaves ---- */

static bool answers(const char *runtime)
{
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
		SOCK_NONBLOCK, 0);
	/* What cannot be tried is not removed. */
	bool dead = fd >= 0 && !paths_socket(runtime, &address, NULL) &&
		connect(fd, (struct sockaddr *)&address, sizeof(address)) &&
		(errno == ECONNREFUSED || errno == ENOENT);

	if (fd >= 0)
		close(fd);
	return !dead;
}

/* How many of a driver's files a directory has; -1 if it has others too, and
 * so is not a driver's. */
static int driver_files(const char *folder)
{
	struct dirent *e;
	DIR *dir = opendir(folder);
	int count = 0;

	while (dir && count >= 0 && (e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (!strcmp(e->d_name, "driver.sock") ||
		    !strcmp(e->d_name, "metrics.sock") ||
		    !strcmp(e->d_name, "lock"))
			count++;
		else
			count = -1;
	}
	if (dir)
		closedir(dir);
	return dir ? count : -1;
}

bool remove_is_runtime(struct vms *vms, const char *name)
{
	char runtime[PATH_MAX];

	return !paths_join(runtime, sizeof(runtime), vms->runtime, name,
		NULL) && driver_files(runtime) > 0;
}

void remove_runtime(struct vms *vms, const char *name)
{
	char runtime[PATH_MAX], lock[PATH_MAX], path[PATH_MAX];
	struct stat st;
	int fd;

	if (paths_join(runtime, sizeof(runtime), vms->runtime, name, NULL) ||
	    paths_join(lock, sizeof(lock), runtime, "lock", NULL) ||
	    lstat(runtime, &st) || !S_ISDIR(st.st_mode) ||
	    st.st_uid != geteuid() || driver_files(runtime) < 0)
		return;
	/* Who starts a driver holds it until the driver listens. */
	fd = open(lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (!flock(fd, LOCK_EX | LOCK_NB) && !answers(runtime)) {
		if (!paths_join(path, sizeof(path), runtime, "driver.sock",
				NULL))
			unlink(path);
		if (!paths_join(path, sizeof(path), runtime, "metrics.sock",
				NULL))
			unlink(path);
		unlink(lock);
		rmdir(runtime);
	}
	close(fd);
}

/* ---- what a machine leaves ---- */

/* Its swap file, which was nobody else's. */
static void remove_swap(const char *folder)
{
	char path[PATH_MAX];
	struct vmconf conf;
	struct stat st;

	/* Of a damaged one the path may be cut off, and another file's. */
	if (paths_join(path, sizeof(path), folder, "vm.conf", NULL) ||
	    vmconf_read(path, &conf, NULL))
		return;
	if (conf.swap[0] && !lstat(conf.swap, &st) && S_ISREG(st.st_mode) &&
	    st.st_uid == geteuid())
		unlink(conf.swap);
	vmconf_free(&conf);
}

/* All but the lock, then the lock. */
static void remove_tree(const char *folder)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *dir = opendir(folder);

	while (dir && (e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		    !strcmp(e->d_name, "lock") ||
		    paths_join(path, sizeof(path), folder, e->d_name, NULL))
			continue;
		if (unlink(path))
			files_remove_tree(path);
	}
	if (dir)
		closedir(dir);
	files_remove_tree(folder);
}

/* The lock is held, or there is none any more. */
static void finish(struct vms *vms, const char *directory)
{
	char folder[PATH_MAX], name[NAME_MAX + 1];
	size_t n;

	if (paths_join(folder, sizeof(folder), vms->machines, directory, NULL))
		return;
	snprintf(name, sizeof(name), "%s", directory +
		strlen(REMOVE_PREFIX));
	n = strlen(name);
	if (n > ORDER_ID)
		name[n - ORDER_ID] = '\0';
	remove_swap(folder);
	if (paths_name_ok(name)) {
		remove_runtime(vms, name);
		cgroup_end(name, 0, NULL);
	}
	remove_tree(folder);
}

void remove_rest(struct vms *vms, const char *directory)
{
	char folder[PATH_MAX], path[PATH_MAX];
	int fd;

	if (paths_join(folder, sizeof(folder), vms->machines, directory, NULL)
	    || paths_join(path, sizeof(path), folder, "lock", NULL))
		return;
	fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 ? errno == ENOENT : !flock(fd, LOCK_EX | LOCK_NB))
		finish(vms, directory);
	if (fd >= 0)
		close(fd);
}

/* ---- removing ---- */

/* The machine's lock is held and no driver runs: the moment at which it is
 * gone. */
static int vanish(struct vms *vms, const char *name, char gone[NAME_MAX + 1],
	struct why *why)
{
	char from[PATH_MAX], to[PATH_MAX], id[ORDER_ID];
	struct pki *pki = NULL;
	int lock, r;

	order_id(id);
	snprintf(gone, NAME_MAX + 1, REMOVE_PREFIX "%s-%s", name, id);
	r = vms_folder(vms, name, from, why);
	if (!r)
		r = paths_join(to, sizeof(to), vms->machines, gone, why);
	if (r)
		return r;
	lock = vms_lock(vms, why);
	if (lock < 0)
		return lock;
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
		r = why_set(why, -errno, "cannot remove %s: %s", name,
			strerror(errno));
	/* Before the name can be another machine's. */
	if (!r && !pki_find(vms->state, &pki, NULL)) {
		r = pki_machine_forget(pki, name, why);
		pki_close(pki);
	}
	close(lock);
	return r;
}

/* Machine's lock held. */
static int remove_held(struct vms *vms, const char *name, struct why *why)
{
	int r, out = vm_keep_out(vms, name, DRIVER_END_MS, why);
	char gone[NAME_MAX + 1];

	if (out < 0)
		return out;
	r = vanish(vms, name, gone, why);
	close(out);
	if (!r)
		finish(vms, gone);
	return r;
}

/* Machine's lock held, which who renames its folder holds, too. */
static int remove_stopped(struct vms *vms, const char *name, bool force,
	struct vm_refusal *refusal)
{
	struct why why;
	int r = 0;

	if (vm_is_alive(vms, name) && !force)
		r = vm_refuse(refusal, "OperationNotAllowed", -EBUSY, "the "
			"virtual machine %s runs; stop it first with `coffer "
			"vm stop %s`, or delete it with --force", name, name);
	else if (vm_is_alive(vms, name))
		r = vm_end(vms, name, refusal);
	if (!r && (r = remove_held(vms, name, &why)))
		vm_refuse_why(refusal, r, &why);
	return r;
}

int vm_delete(struct vms *vms, const char *name, bool force,
	struct vm_refusal *refusal)
{
	int r, lock = vm_hold(vms, name, refusal);

	if (lock < 0)
		return lock;
	r = remove_stopped(vms, name, force, refusal);
	vm_release(lock);
	return r;
}

static bool is_of(struct vms *vms, const char *name, const char *order)
{
	struct pki_bytes text;
	char folder[PATH_MAX];
	bool is;

	if (vms_folder(vms, name, folder, NULL) ||
	    files_read(folder, "order", false, &text, NULL))
		return false;
	is = !strcmp((char *)text.data, order);
	pki_bytes_free(&text);
	return is;
}

int remove_machine(struct vms *vms, const char *name, const char *order,
	struct why *why)
{
	struct vm_refusal refusal;
	int r = 0, lock;

	/* Most have not come so far: no lock is made in their places. */
	if (!is_of(vms, name, order))
		return 0;
	lock = vm_hold(vms, name, &refusal);
	if (lock >= 0 && is_of(vms, name, order))
		r = remove_stopped(vms, name, true, &refusal);
	else if (lock < 0 && lock != -ENOENT)
		r = lock;
	vm_release(lock);
	return r ? why_set(why, r, "%s", refusal.why.text) : 0;
}
