/* SPDX-License-Identifier: MIT */
#ifndef COFFER_QUOTING_CONNECTION_H
#define COFFER_QUOTING_CONNECTION_H

#include "quoting/arch.h"
#include <sys/types.h>

/* Serves a connection of the client pid in a thread of its own; fd is the
 * callee's.  Refused with a word to the client when there are too many. */
void connection_serve(struct arch *, int fd, uint32_t pid);

/* Tells a client why it is not served, and closes. */
void connection_refuse(int fd, int result, const char *text);

/* How many there are. */
unsigned connection_count(void);

#endif
