/* SPDX-License-Identifier: MIT */
/* A key that nobody knows, a store that nobody trusts, three members. */
#include "story.h"
#include "../host/store.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define PATIENCE 120000u

bool story_begin(struct story *s)
{
	struct cluster *c = &s->cluster;

	heading(s, "The owner has a key made, and nobody has it");
	if (!judge(s, cluster_open(c), "the key service makes a key; it will "
			"give it to nobody but"))
		return false;
	say(s, "           enclaves of this signature (MRSIGNER %.16s...),\n"
		"           product 3, version 2 or later, not debuggable, that "
		"prove it by attestation\n", c->mrsigner);
	judge(s, true, "the enclave's image has the services' pins in it, and "
		"is signed");

	heading(s, "A store of three members, which is not trusted");
	if (!judge(s, cluster_start_stores(c), "etcd, three members: %s",
		c->stores))
		return false;

	heading(s, "Three virtual machines, an attested enclave on each");
	if (!judge(s, cluster_make_machines(c), "coffer vm create svc --count "
			"3 --zones 1,2,3: a machine in each zone"))
		return false;
	cluster_hold_members(c, false);
	if (!judge(s, cluster_wait(c, PATIENCE), "svc-0, svc-1 and svc-2 serve "
		"on the ports %s", c->members))
		return false;
	say(s, "           each made its quote, and was given the key, alone: "
		"they do not know each other\n");
	return true;
}

bool story_pay(struct story *s)
{
	static uint8_t record[1u << 17];
	struct store *store;
	size_t size = 0;

	heading(s, "Ann has an account");
	if (!story_ask(s, "ann", "deposit 1 100", 0, "balance 100 ") ||
		!story_ask(s, "ann", "transfer 1 2 30", 0, "balance 70 "))
		return false;
	store = store_open(s->cluster.stores);
	if (store && store_get(store, "ledger/state", record, sizeof(record),
			&size))
		size = 0;
	if (store)
		store_close(store);
	judge(s, size > 128, "what the store sees of it: %zu bytes, of which",
		size);
	say(s, "          ");
	for (size_t i = 0; i < 20 && size > 128; i++)
		say(s, " %02x", record[104 + i]);
	say(s, " ...\n");
	return true;
}
