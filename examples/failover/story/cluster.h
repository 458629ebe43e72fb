/* SPDX-License-Identifier: MIT */
/*
 * The whole service on one box: the owner's services and key, a store of
 * three members, three virtual machines with a member of the service each,
 * and the one who starts again what has ended.
 */
#ifndef FAILOVER_CLUSTER_H
#define FAILOVER_CLUSTER_H

#include "process.h"
#include "support/world.h"

#include <stdint.h>

#define CLUSTER_MEMBERS 3
#define CLUSTER_STORES 3

/* A member of the service, or of the store. */
struct part {
	struct process process;
	uint16_t port, peer_port;
	unsigned long long again; /* not before this time (world_clock) */
	unsigned starts;
	bool held; /* not to be started again */
};

struct cluster {
	/* Given: the folder of programs, the image as it was linked, the
	 * folder of configurations, keys of two signers. */
	const char *bin, *image, *configs, *signer, *other_signer;
	/* The host program of the service's members; NULL: failover-member. */
	const char *host;
	struct world world;
	struct process services;
	char url[128], mrsigner[65], signed_image[160];
	char stores[160], members[64]; /* for command lines */
	struct part store[CLUSTER_STORES], member[CLUSTER_MEMBERS];
};

/* These are false, with a line on standard error, when something failed. */
bool cluster_open(struct cluster *); /* world, services, key, image, ports */
bool cluster_start_stores(struct cluster *);
bool cluster_make_machines(struct cluster *); /* a set of them, started */
/* How many processes and files were left. */
size_t cluster_close(struct cluster *);

/* Starts again whatever has ended and is not held; call it often. */
void cluster_tend(struct cluster *);
/* Tends until all members that are not held serve, and the store answers. */
bool cluster_wait(struct cluster *, unsigned milliseconds);
/* Tends for so long. */
void cluster_let(struct cluster *, unsigned milliseconds);
/* Does the member answer its health probe? */
bool cluster_serves(const struct cluster *, unsigned member);

/* Ends all members of the service and holds them, or lets them start; the same
 * of the store's, whose start is above. */
void cluster_hold_members(struct cluster *, bool hold);
void cluster_stop_stores(struct cluster *);

/* What belongs to a member's machine; 0: not there now. */
enum cluster_victim {
	VICTIM_APPLICATION, VICTIM_DRIVER, VICTIM_PROCESSOR, VICTIM_ENCLAVE,
	VICTIM_STORE, VICTIMS
};
pid_t cluster_find(struct cluster *, enum cluster_victim, unsigned which);
extern const char *const cluster_victim_name[VICTIMS];

/* Signs the image (with the pins in it) by a configuration and a key. */
bool cluster_sign(struct cluster *, const char *conf, const char *signer,
	const char *out);
/* The command line of a member of the service with this image; some of it
 * lies in static memory. */
#define CLUSTER_ARGUMENTS 24
void cluster_member_arguments(struct cluster *, unsigned member,
	const char *image, bool debug, char *argv[CLUSTER_ARGUMENTS]);
/* Runs failover-client with this command ("read 3"), with its memory in a
 * file of the world, or without (NULL).  Its exit status.  What clients were
 * answered is in the world's file "history". */
int cluster_ask(struct cluster *, const char *memory, const char *command,
	char *said, size_t size);
/* The command line for that. */
void cluster_client_arguments(struct cluster *, const char *memory,
	const char *command, char *argv[CLUSTER_ARGUMENTS]);

#endif
