/* SPDX-License-Identifier: MIT */
/*
 * A client of cofferd that says exactly what a test wants said, right or
 * wrong.  Functions that cannot do their part fail the test.
 */
#ifndef COFFER_TESTS_DRIVER_CLIENT_H
#define COFFER_TESTS_DRIVER_CLIENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above. */
#include <cmocka.h>

#include "platform/wire.h"
#include "support/world.h"
#include <stdbool.h>
#include <sys/types.h>

#define ARENA_BYTES (4u << 20)

struct client {
	int fd;
	int arena_fd;
	uint64_t arena_va; /* of no mapping: cofferd must not care */
	struct wire_info info;
	char text[WIRE_TEXT_MAX]; /* of the last reply */
};

/* struct wire_listing with room for as many as there may be. */
struct listing_page {
	uint32_t count, more;
	struct wire_enclave item[WIRE_LIST_MAX];
};

/* A world whose coffer-cpu is the fake one. */
extern struct world g_world;
int world_set_up(void **state);
int world_tear_down(void **state);

/* The fake processor's files in the default machine's state directory. */
void cpu_script(const char *line);
/* Of a script that says hold: waits for the request; lets it be answered. */
void cpu_held(void);
void cpu_go(void);
long cpu_used(void);
bool cpu_was_asked(const char *text);
void cpu_forget(void);

void client_open(struct client *c); /* starts the machine if need be */
int client_connect_only(void);
void client_close(struct client *c);

/* Sends a request and does not wait. */
void client_send(struct client *c, uint32_t command, uint64_t handle,
	uint64_t tag, const void *a, size_t a_size, const void *b,
	size_t b_size);
/* The next message; 0 at end of file.  Waits WORLD_PATIENCE. */
size_t client_receive(struct client *c, struct wire_reply *reply, void *out,
	size_t size);
/* Both; the result. */
int client_ask(struct client *c, uint32_t command, uint64_t *handle,
	const void *a, size_t a_size, const void *b, size_t b_size, void *out,
	size_t out_size);

uint64_t client_new(struct client *c); /* OPEN */
int client_create(struct client *c, uint64_t handle, uint64_t size);
/* add: src, offset, length, flags; count out. */
int client_add(struct client *c, uint64_t handle,
	struct sgx_enclave_add_pages *add, uint64_t secinfo_flags);
int client_gate(struct client *c, uint64_t handle, uint64_t count);
int client_init(struct client *c, uint64_t handle);
int client_simple(struct client *c, uint32_t command, uint64_t handle);
/* An enclave with a page and a TCS, initialized. */
uint64_t client_whole(struct client *c);

uint64_t epc_used(struct client *c);
/* Waits until so many EPC pages are in use; 20 s. */
void wait_epc(struct client *c, uint64_t pages);

#endif
