/* SPDX-License-Identifier: MIT */
#include "platform/owner.h"

#include "common/log.h"
#include "common/paths.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define NAP_MS 10
#define LOOK_MS 500 /* between two looks at whether somebody serves */
#define SERVES_MS 5000 /* then it is no predecessor that ends */
/* A driver that was told to end is killed long before, and a busy kernel has
 * ended what was killed. */
#define ENDS_MS 60000

/* ---- who it is ---- */

static void read_runtime(const struct platform *p, char runtime[PATH_MAX])
{
	char path[PATH_MAX];
	ssize_t n = -1;
	int fd = -1;

	if (!paths_join(path, sizeof(path), p->state, "runtime", NULL))
		fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, runtime, PATH_MAX - 1);
		close(fd);
	}
	if (n <= 0) /* from before there was such a file */
		n = snprintf(runtime, PATH_MAX, "%s", p->runtime);
	runtime[n] = '\0';
}

/* Without it others wait a while longer for a driver that does not end. */
static void write_runtime(const struct platform *p)
{
	char path[PATH_MAX];
	size_t size = strlen(p->runtime);
	int fd;

	if (paths_join(path, sizeof(path), p->state, "runtime", NULL))
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		0600);
	if (fd < 0 || write(fd, p->runtime, size) != (ssize_t)size)
		log_debug("%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static bool serves(const char *runtime)
{
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
		SOCK_NONBLOCK, 0);
	/* Full up is there, too. */
	bool there = fd >= 0 && !paths_socket(runtime, &address, NULL) &&
		(!connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
		errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return there;
}

/* ---- taken ---- */

static int in_use(const struct platform *p, const char *runtime,
	bool there, struct why *why)
{
	if (there)
		return why_set(why, -EWOULDBLOCK, "the virtual machine %s "
			"(%.80s) is in use by another cofferd, whose runtime "
			"directory is %.80s, ours %.80s", p->vm, p->state,
			runtime, p->runtime);
	return why_set(why, -EWOULDBLOCK, "the virtual machine %s (%.100s) is "
		"in use by another cofferd or its processor, which do not "
		"serve it and have not ended in %d s", p->vm, p->state,
		ENDS_MS / 1000);
}

static int wait_for_lock(const struct platform *p, int fd, struct why *why)
{
	int r, waited = 0, served = 0;
	char runtime[PATH_MAX];

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		r = -errno;
		if (r == -EINTR)
			continue;
		if (r != -EWOULDBLOCK)
			return why_set(why, r, "cannot lock %s: %s", p->state,
				strerror(-r));
		if (waited % LOOK_MS == 0) {
			read_runtime(p, runtime);
			served = serves(runtime) ? served + LOOK_MS : 0;
		}
		if (served > SERVES_MS || waited >= ENDS_MS)
			return in_use(p, runtime, served, why);
		usleep(NAP_MS * 1000);
		waited += NAP_MS;
	}
	return 0;
}

/* 1: the folder went while we waited. */
static int lock_state(struct platform *p, bool *was_machine, struct why *why)
{
	struct stat st, named;
	int fd, r;

	fd = open(p->state, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return why_set(why, r, "cannot open %s: %s", p->state,
			strerror(-r));
	}
	*was_machine = !faccessat(fd, "vm.conf", F_OK, 0);
	r = wait_for_lock(p, fd, why);
	if (!r && (stat(p->state, &named) || named.st_ino != st.st_ino ||
			named.st_dev != st.st_dev))
		r = 1;
	if (r) {
		close(fd);
		return r;
	}
	p->state_dev = st.st_dev;
	p->state_ino = st.st_ino;
	p->held = fd;
	return 0;
}

int owner_take(struct platform *p, struct why *why)
{
	bool was_machine;
	int r;

	while ((r = lock_state(p, &was_machine, why)) > 0) {
		if (was_machine)
			return why_set(why, -ENOENT, "the virtual machine %s "
				"has just been removed", p->vm);
		/* A new folder, taken for one that nobody would fill. */
		r = paths_make(p->state, true, why);
		if (r)
			break;
	}
	if (!r)
		write_runtime(p);
	return r;
}
