/* SPDX-License-Identifier: MIT */
/*
 * TCB info, versions 2 and 3: the levels of a kind of machine.
 */
#ifndef COFFER_ATTEST_TCB_INFO_PRIV_H
#define COFFER_ATTEST_TCB_INFO_PRIV_H

#include "attest/pck.h"
#include "signed_json_priv.h"

struct tcb_level {
	uint8_t components[16];
	uint16_t pcesvn;
	int64_t date;
	enum attest_tcb_status status; /* unknown: a name nobody knows */
	json_t *advisories; /* borrowed from the document; may be NULL */
};

struct tcb_info {
	json_t *document; /* owned */
	int64_t from, until;
	uint8_t fmspc[6];
	uint16_t pceid;
	uint32_t evaluation_number;
	struct tcb_level *level; /* owned; highest first */
	size_t count;
};

enum { TCB_LEVELS_MAX = 1024 };

/* Reads the signed object.  0, -EINVAL and why, -ENOMEM; release with
 * attest_tcb_info_free in each case. */
int attest_tcb_info_read(const struct signed_json *json, struct tcb_info *info,
	struct why *why);
void attest_tcb_info_free(struct tcb_info *info);

/* The highest level that a machine reaches, or NULL. */
const struct tcb_level *attest_tcb_info_match(const struct tcb_info *info,
	const struct attest_pck *pck);

#endif
