/* SPDX-License-Identifier: MIT */
/*
 * Who may use a machine, and for what.  It is for its user's processes alone,
 * unless it was started with --group: then for members of that group too, as
 * /dev/sgx_enclave has a group.  Root, who could become either, then counts
 * as an owner.
 *
 * Decided by the credentials that the kernel noted when the peer connected;
 * modes of files only keep others away earlier.
 */
#ifndef COFFER_PLATFORM_ACCESS_H
#define COFFER_PLATFORM_ACCESS_H

#include "common/why.h"
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

struct access {
	bool shared; /* with group */
	gid_t group;
};

enum access_role {
	ACCESS_NONE = 0, /* turned away */
	ACCESS_MEMBER, /* enclaves of its own, quotes of them */
	ACCESS_OWNER, /* everything */
};

/* group: a name or a number.  -ENOENT when there is no such group, -EPERM
 * when this process is not in it. */
int access_share(struct access *access, const char *group, struct why *why);

/* The peer of a connected socket.  peer is filled as far as known. */
enum access_role access_of(const struct access *access, int fd,
	struct ucred *peer);

/* Opens a path of ours to the group, where there is one: a directory to be
 * passed through and listed, a socket to be connected to. */
int access_open(const struct access *access, const char *path, mode_t mode,
	struct why *why);

#endif
