/* SPDX-License-Identifier: MIT */
/*
 * coffer-cpu as cofferd sees it: a child process behind the door
 * (cpu/door.h).  Requests are answered in order, one at a time; the caller
 * keeps each one small, since nothing else happens meanwhile.
 */
#ifndef COFFER_PLATFORM_PROCESSOR_H
#define COFFER_PLATFORM_PROCESSOR_H

#include "common/vmconf.h"
#include "common/why.h"
#include "cpu/door.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct processor {
	pid_t pid; /* 0: none */
	int door, events, pidfd; /* -1: none */
	bool dead;
	struct why why; /* of its death */
	struct door_hello_reply hello;
	int swap; /* the swap store, for reading and writing; -1: none */
	bool swap_file; /* it is a file that we gave */
};

/* Finds and starts coffer-cpu on a state directory and greets it.  swap: the
 * file for evicted pages, which is the callee's, or -1: they go to memory.
 * lock: a lock that it shall hold, with us, as long as it lives.  log_fd
 * becomes its standard error (-1: none).  0 or a negative errno; then
 * nothing is left. */
int processor_start(struct processor *cpu, const char *state,
	const struct vmconf *conf, int swap, int lock, int log_fd,
	struct why *why);

/* One request and its reply; fd is a descriptor to pass, or -1.  reply has
 * reply_size bytes, a struct door_reply first; more than that is valid only
 * with status DOOR_OK.  0: answered, whatever the answer.  -ENODEV: the
 * processor is dead (cpu->dead, cpu->why): it went away, did not answer in
 * time, or answered nonsense, in which case it has been killed. */
int processor_ask(struct processor *cpu, const void *request, size_t size,
	int fd, struct door_reply *reply, size_t reply_size);

/* The next event, without waiting.  1, 0 when there is none, -ENODEV. */
int processor_event(struct processor *cpu, struct door_event *event);

/* Marks the processor dead because its door was seen to hang up. */
void processor_lost(struct processor *cpu);

/* Ends a processor whose answer cannot be right. */
void processor_wrong(struct processor *cpu);

/* Closes the door, waits for the end, kills what does not end. */
void processor_end(struct processor *cpu);

/* A request's failure as the Linux driver tells it, with the reason in why:
 * "EADD: #GP(0)", "EINIT: SGX_INVALID_SIGNATURE (8)".  0 for DOOR_OK, -EIO
 * for faults, error_code for error codes, else the processor's errno. */
int processor_result(const struct door_reply *reply, const char *leaf,
	int error_code, struct why *why);

#endif
