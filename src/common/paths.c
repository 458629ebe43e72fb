/* SPDX-License-Identifier: MIT */
#include "common/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool paths_name_ok(const char *name)
{
	size_t n = 0;

	if (!name)
		return false;
	for (; name[n]; n++) {
		char c = name[n];

		if (n >= PATHS_NAME_MAX)
			return false;
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      c == '-'))
			return false;
	}
	return n > 0;
}

int paths_vm_name(const char **name, struct why *why)
{
	const char *vm = getenv("COFFER_VM");

	if (!vm || !*vm)
		vm = PATHS_VM_DEFAULT;
	if (!paths_name_ok(vm))
		return why_set(why, -EINVAL, "\"%.70s\" is no name of a "
			"virtual machine: 1 to %d of a-z, 0-9 and '-'", vm,
			PATHS_NAME_MAX);
	*name = vm;
	return 0;
}

static int print(char *path, size_t size, struct why *why, const char *a,
	const char *b)
{
	int n = snprintf(path, size, "%s%s", a, b);

	if (n < 0 || (size_t)n >= size)
		return why_set(why, -ENAMETOOLONG, "path too long: %s%s", a,
			b);
	return 0;
}

/* An environment variable that names a directory, or NULL. */
static int directory_variable(const char *name, const char **value,
	struct why *why)
{
	*value = getenv(name);
	if (!*value || !**value) {
		*value = NULL;
		return 0;
	}
	if (**value != '/')
		return why_set(why, -EINVAL,
			"%s is \"%s\": it must be an absolute path", name,
			*value);
	return 0;
}

int paths_state(char *path, size_t size, struct why *why)
{
	const char *directory;
	struct passwd *user;
	int r;

	r = directory_variable("COFFER_STATE_DIR", &directory, why);
	if (r || directory)
		return r ? r : print(path, size, why, directory, "");
	directory = getenv("XDG_STATE_HOME");
	if (directory && *directory == '/')
		return print(path, size, why, directory, "/coffer");
	directory = getenv("HOME");
	if (!directory || *directory != '/') {
		user = getpwuid(geteuid());
		directory = user ? user->pw_dir : NULL;
	}
	if (!directory || *directory != '/')
		return why_set(why, -ENOENT, "no home directory; "
			"set COFFER_STATE_DIR");
	return print(path, size, why, directory, "/.local/state/coffer");
}

int paths_runtime(char *path, size_t size, struct why *why)
{
	const char *directory;
	char uid[32];
	struct stat st;
	int r;

	r = directory_variable("COFFER_RUNTIME_DIR", &directory, why);
	if (r || directory)
		return r ? r : print(path, size, why, directory, "");
	directory = getenv("XDG_RUNTIME_DIR");
	if (directory && *directory == '/' && !stat(directory, &st) &&
	    S_ISDIR(st.st_mode) && st.st_uid == geteuid())
		return print(path, size, why, directory, "/coffer");
	snprintf(uid, sizeof(uid), "%u", (unsigned)geteuid());
	return print(path, size, why, "/tmp/coffer-", uid);
}

int paths_join(char *path, size_t size, const char *directory,
	const char *name, struct why *why)
{
	int n = snprintf(path, size, "%s/%s", directory, name);

	if (n < 0 || (size_t)n >= size)
		return why_set(why, -ENAMETOOLONG, "path too long: %s/%s",
			directory, name);
	return 0;
}

int paths_vm_state(const char *name, char *path, size_t size, struct why *why)
{
	char base[PATH_MAX], machines[PATH_MAX];
	int r;

	if (!paths_name_ok(name))
		return why_set(why, -EINVAL,
			"not a name of a virtual machine");
	r = paths_state(base, sizeof(base), why);
	if (!r)
		r = paths_join(machines, sizeof(machines), base, "vm", why);
	if (!r)
		r = paths_join(path, size, machines, name, why);
	return r;
}

int paths_vm_runtime(const char *name, char *path, size_t size,
	struct why *why)
{
	char base[PATH_MAX];
	int r;

	if (!paths_name_ok(name))
		return why_set(why, -EINVAL,
			"not a name of a virtual machine");
	r = paths_runtime(base, sizeof(base), why);
	if (!r)
		r = paths_join(path, size, base, name, why);
	return r;
}

int paths_socket(const char *runtime, struct sockaddr_un *address,
	struct why *why)
{
	int n;

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	n = snprintf(address->sun_path, sizeof(address->sun_path),
		"%s/driver.sock", runtime);
	if (n < 0 || (size_t)n >= sizeof(address->sun_path))
		return why_set(why, -ENAMETOOLONG, "the socket's path "
			"%s/driver.sock is longer than %zu bytes; set "
			"COFFER_RUNTIME_DIR to a shorter directory", runtime,
			sizeof(address->sun_path) - 1);
	return 0;
}

static int check(const char *path, bool private, struct why *why)
{
	mode_t closed = private ? 077 : 022;
	struct stat st;
	int fd, r;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		r = -errno;
		if (r == -ENOTDIR || r == -ELOOP)
			return why_set(why, -EPERM,
				"%s is not a directory of its own", path);
		return why_set(why, r, "cannot open %s: %s", path,
			strerror(-r));
	}
	r = fstat(fd, &st) ? -errno : 0;
	close(fd);
	if (r)
		return why_set(why, r, "cannot look at %s: %s", path,
			strerror(-r));
	if (st.st_uid != geteuid())
		return why_set(why, -EPERM, "%s belongs to user %u, not to "
			"user %u who is running this", path,
			(unsigned)st.st_uid, (unsigned)geteuid());
	if (st.st_mode & closed)
		return why_set(why, -EPERM, "%s is open to others "
			"(mode %04o); expected 0700", path,
			(unsigned)(st.st_mode & 07777));
	return 0;
}

int paths_make(const char *path, bool private, struct why *why)
{
	char part[PATH_MAX];
	size_t size;
	char *slash;
	int r;

	if (*path != '/')
		return why_set(why, -EINVAL, "%s is not an absolute path",
			path);
	r = print(part, sizeof(part), why, path, "");
	if (r)
		return r;
	/* With a slash at its end a link's name would be the directory. */
	for (size = strlen(part); size > 1 && part[size - 1] == '/';)
		part[--size] = '\0';
	for (slash = strchr(part + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = '\0';
		if (mkdir(part, 0700) && errno != EEXIST &&
		    /* A parent that exists may sit on what we cannot write. */
		    access(part, F_OK)) {
			r = -errno;
			return why_set(why, r, "cannot make directory %s: %s",
				part, strerror(-r));
		}
		if (!slash)
			break;
		*slash = '/';
	}
	return check(part, private, why);
}
