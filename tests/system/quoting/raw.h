/* SPDX-License-Identifier: MIT */
/* Connections to coffer-quoting that say what no honest client says. */
#ifndef COFFER_TESTS_QUOTING_RAW_H
#define COFFER_TESTS_QUOTING_RAW_H

#include "quoting/quoting.h"
#include <stdbool.h>
#include <stddef.h>

/* A connection of its own, or a negative errno. */
int raw_open(void);

/* A request whose header says size and which has payload bytes of zeroes
 * behind it.  False if it could not be sent without waiting. */
bool raw_send(int fd, uint32_t command, uint64_t tag, uint32_t size,
	size_t payload);

/* The next reply, within 20 s.  False when the connection was closed. */
bool raw_hear(int fd, struct quoting_reply *reply);

#endif
