/* SPDX-License-Identifier: MIT */
/*
 * A connection to cofferd (platform/wire.h): one request at a time, by any
 * thread.  What cofferd says unasked is handed to a callback.
 */
#ifndef COFFER_HOST_VMLINK_H
#define COFFER_HOST_VMLINK_H

#include "arena.h"
#include "common/why.h"
#include "platform/wire.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vmlink;

/* An enclave (handle), or with handle 0 the whole machine, is lost.  Called
 * with the connection locked, from whatever thread noticed: it must not use
 * the connection.  After handle 0 there are no more calls. */
typedef void vmlink_lost(void *context, uint64_t handle, const char *text);

/* Connects to a virtual machine, which is started if it does not run, and
 * greets it.  0 or a negative errno. */
int vmlink_open(const char *vm, const struct arena_info *arena,
	vmlink_lost *lost, void *context, struct vmlink **link,
	struct why *why);
/* No call may be running. */
void vmlink_close(struct vmlink *link);
/* In the child of a fork: gives up the parent's connection. */
void vmlink_orphan(struct vmlink *link);

struct vmlink_call {
	uint32_t command;
	uint64_t handle; /* in; out: of the reply */
	const void *part[2]; /* of the payload */
	size_t size[2];
	void *out; /* payload of the reply, which must have out_size bytes */
	size_t out_size; /* unless it failed and has none */
	bool shorter; /* it may have fewer; out_size becomes how many */
	int *fd; /* a descriptor of the reply, the caller's; NULL: none */
};

/* 0 or a negative errno, cofferd's or, with the connection lost, -ENODEV. */
int vmlink_do(struct vmlink *link, struct vmlink_call *call,
	struct why *why);

/* Looks, without waiting, whether cofferd said something or went away. */
void vmlink_look(struct vmlink *link);
bool vmlink_alive(const struct vmlink *link);

/* CPUID.12H.0:EAX of the machine. */
uint32_t vmlink_features(const struct vmlink *link);
/* CPUID.12H.0:EBX. */
uint32_t vmlink_misc_select(const struct vmlink *link);

#endif
