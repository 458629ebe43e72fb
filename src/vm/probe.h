/* SPDX-License-Identifier: MIT */
/*
 * Is a machine healthy?  Its driver and its processor must answer, no enclave
 * may be locked because an evicted page was changed, and its own probe
 * (vm.conf's probe=), where it has one, must be content:
 *
 *   tcp://HOST:PORT           a connection is accepted
 *   http://HOST:PORT/PATH     GET answers with a status from 200 to 399;
 *   https://HOST:PORT/PATH    and the server's certificate is good
 *   exec:/PATH                the program, with the machine's name as its
 *                             argument, ends with status 0
 */
#ifndef COFFER_VM_PROBE_H
#define COFFER_VM_PROBE_H

#include "vm/vm.h"
#include <signal.h>

enum vm_health {
	VM_HEALTHY,
	VM_DEGRADED, /* it works, but an enclave of it is locked */
	VM_UNHEALTHY,
	VM_OFF, /* stopped, deallocated, or idle: not asked */
};

struct vm_probe {
	enum vm_health health;
	struct why why; /* unless it is healthy */
	double ms; /* how long it took */
};

/* Asks once, for at most timeout_ms.  0 with what was found, or a refusal. */
int vm_probe(struct vms *, const char *name, unsigned timeout_ms,
	struct vm_probe *, struct vm_refusal *);

/* Asks again and again until it is healthy or wait_ms have passed, or
 * *cancel (may be NULL) is not zero. */
int vm_probe_wait(struct vms *, const char *name, unsigned wait_ms,
	const volatile sig_atomic_t *cancel, struct vm_probe *,
	struct vm_refusal *);

/* Could this be a probe?  0, or -EINVAL with what one looks like. */
int vm_probe_check(const char *probe, struct why *);

const char *vm_health_name(enum vm_health);

#endif
