/* SPDX-License-Identifier: MIT */
/*
 * The file that a virtual machine was given for its evicted pages.  It is the
 * machine's own: emptied when the machine starts and when it ends, since
 * what was evicted in one run cannot be loaded in another.
 */
#ifndef COFFER_PLATFORM_SWAPFILE_H
#define COFFER_PLATFORM_SWAPFILE_H

#include "common/why.h"

/* Opens a swap file, which is made (0600) if it is not there, and empties it.
 * *fd, for reading and writing, is the caller's; it holds a lock that keeps
 * other machines off.  0; -EPERM for what is not a regular file of the
 * effective user, closed to others, under one name; -EBUSY when another
 * machine has it; or the errno.  What was refused is left as it is. */
int swapfile_open(const char *path, int *fd, struct why *why);

/* Gives its blocks back to the file system. */
void swapfile_empty(int fd);

#endif
