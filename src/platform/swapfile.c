/* SPDX-License-Identifier: MIT */
#include "platform/swapfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int check(int fd, const char *path, struct why *why)
{
	const char *wrong = NULL;
	struct stat st;

	if (fstat(fd, &st))
		return why_set(why, -errno, "cannot look at %s: %s", path,
			strerror(errno));
	if (!S_ISREG(st.st_mode))
		wrong = "is no regular file";
	else if (st.st_uid != geteuid())
		wrong = "belongs to another user";
	else if (st.st_mode & 077)
		wrong = "is open to others; chmod 600";
	else if (st.st_nlink != 1)
		wrong = "has more than one name";
	if (wrong)
		return why_set(why, -EPERM, "the swap file %s %s", path,
			wrong);
	if (flock(fd, LOCK_EX | LOCK_NB))
		return why_set(why, -EBUSY, "the swap file %s is in use by "
			"another virtual machine", path);
	if (ftruncate(fd, 0))
		return why_set(why, -errno, "cannot empty the swap file %s: "
			"%s", path, strerror(errno));
	return 0;
}

int swapfile_open(const char *path, int *fd, struct why *why)
{
	/* Without O_NONBLOCK a FIFO would hold us. */
	int r, file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
		O_NONBLOCK | O_NOCTTY, 0600);

	if (file < 0)
		return why_set(why, -errno, "cannot open the swap file %s: %s",
			path, strerror(errno));
	r = check(file, path, why);
	if (r)
		close(file);
	else
		*fd = file;
	return r;
}

void swapfile_empty(int fd)
{
	/* It is emptied again at the next start. */
	if (ftruncate(fd, 0))
		return;
}
