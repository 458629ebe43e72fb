/* SPDX-License-Identifier: MIT */
/*
 * Where a virtual machine keeps what.
 *
 *   <state>/vm/<name>/      fuses, vm.conf, log; survives the machine
 *   <runtime>/<name>/       driver.sock, metrics.sock, lock; only while it
 *                           runs
 *
 * <state> is $COFFER_STATE_DIR, else $XDG_STATE_HOME/coffer, else
 * ~/.local/state/coffer.  <runtime> is $COFFER_RUNTIME_DIR, else
 * $XDG_RUNTIME_DIR/coffer where that directory exists, else
 * /tmp/coffer-<uid>.
 *
 * Functions return 0 or a negative errno with the reason in why (may be
 * NULL).  Paths are written to the caller's buffer; -ENAMETOOLONG when they
 * do not fit.
 */
#ifndef COFFER_COMMON_PATHS_H
#define COFFER_COMMON_PATHS_H

#include "common/why.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PATHS_NAME_MAX 63 /* characters of a virtual machine's name */
#define PATHS_VM_DEFAULT "default"

/* Is this a name of a virtual machine: 1 to 63 of a-z, 0-9 and '-'? */
bool paths_name_ok(const char *name);

/* $COFFER_VM or the default; -EINVAL when it is no name. */
int paths_vm_name(const char **name, struct why *why);

int paths_state(char *path, size_t size, struct why *why);
int paths_runtime(char *path, size_t size, struct why *why);

/* The directories of one machine; name as by paths_name_ok(). */
int paths_vm_state(const char *name, char *path, size_t size, struct why *why);
int paths_vm_runtime(const char *name, char *path, size_t size,
	struct why *why);

/* A file in a directory: path = directory/name. */
int paths_join(char *path, size_t size, const char *directory,
	const char *name, struct why *why);

/* The address of the driver's socket in a runtime directory. */
int paths_socket(const char *runtime, struct sockaddr_un *address,
	struct why *why);

/* Makes a directory (0700) and, with the same mode, what is missing above
 * it; then checks that it is a directory, no symbolic link, ours (effective
 * uid) and not writable by others; with private set, closed to them
 * altogether.  A directory that fails the check is left as it is: -EPERM. */
int paths_make(const char *path, bool private, struct why *why);

#endif
