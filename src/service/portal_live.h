/* SPDX-License-Identifier: MIT */
/*
 * What machines do now.  One thread looks at all of them once a second, while
 * somebody asks, and everybody is shown the same look; when nobody has asked
 * for a few seconds it lets go of the machines and sleeps.  Looking keeps no
 * machine running.
 */
#ifndef COFFER_SERVICE_PORTAL_LIVE_H
#define COFFER_SERVICE_PORTAL_LIVE_H

#include "service/arm.h"
#include "vm/machine.h"
#include "vm/rates.h"

/* A machine between two looks. */
struct live_machine {
	struct vm vm;
	struct machine machine; /* where open */
	bool open, fresh; /* fresh: connected at this look, no rates yet */
	bool silent; /* runs, and did not answer */
	int64_t retry; /* ms, monotonic: not asked again before */
	struct wire_info before, info;
	struct wire_enclave *enclaves; /* count of them, ascending by id */
	struct rates *rates; /* of each */
	size_t count;
	double page_ins, page_outs, calls, aex; /* a second */
	uint64_t seen; /* at which look */
};

/* What a list shows of it, and all that is known. */
json_t *live_machine_json(const struct live_machine *);
json_t *live_detail_json(const struct live_machine *);
int portal_machine_verbs(struct portal *); /* portal_machine.c */
/* Sums of all of them. */
json_t *live_total_json(struct live_machine *const *machines, size_t count);

#endif
