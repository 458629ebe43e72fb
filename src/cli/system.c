/* SPDX-License-Identifier: MIT */
#include "system.h"

#include "common/place.h"
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int settings(const struct passwd *user, struct why *why)
{
	const char *const pairs[][2] = {
		{ "COFFER_STATE_DIR", PLACE_SYSTEM_STATE },
		{ "COFFER_RUNTIME_DIR", PLACE_SYSTEM_RUNTIME },
		{ "COFFER_GROUP", PLACE_SYSTEM_USER },
		{ "HOME", user->pw_dir }, { "USER", user->pw_name },
		{ "LOGNAME", user->pw_name },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (setenv(pairs[i][0], pairs[i][1], 1))
			return why_set(why, -ENOMEM, "out of memory");
	/* What these name is the caller's. */
	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("XDG_STATE_HOME");
	umask(077);
	return 0;
}

int system_become(struct why *why)
{
	struct passwd *user = getpwnam(PLACE_SYSTEM_USER);

	if (!user)
		return why_set(why, -ENOENT, "this system has no user \"%s\": "
			"its machines come with the Debian package, or with "
			"the units that coffer-systemd(7) lists",
			PLACE_SYSTEM_USER);
	if (geteuid() == user->pw_uid)
		return settings(user, why);
	if (geteuid())
		return why_set(why, -EPERM, "the system's machines are "
			"administered by root: sudo coffer --system ...; to "
			"use them be a member of the group \"%s\"",
			PLACE_SYSTEM_USER);
	if (initgroups(user->pw_name, user->pw_gid) || setgid(user->pw_gid) ||
	    setuid(user->pw_uid))
		return why_set(why, -errno, "cannot become the user \"%s\": "
			"%s", PLACE_SYSTEM_USER, strerror(errno));
	return settings(user, why);
}
