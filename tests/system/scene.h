/* SPDX-License-Identifier: MIT */
/*
 * A scene of a system test: a world, hosts in it, and the wish that nothing
 * stays when it ends.
 */
#ifndef COFFER_TESTS_SCENE_H
#define COFFER_TESTS_SCENE_H

#include "support/peer.h"
#include "support/world.h"

#define SCENE_WAIT WORLD_PATIENCE

struct scene {
	struct world world;
	bool open;
};

/* cmocka's setup and teardown; *state becomes the scene.  The teardown ends
 * everything that a failed case left. */
int scene_setup(void **state);
int scene_teardown(void **state);

/* Ends the world; fails the case if anything is left. */
void scene_end(struct scene *);

/* Starts a host with an enclave and waits for its "loaded". */
void scene_host(struct scene *, struct peer *, const char *program,
	const char *enclave);

/* Ends a host that must end well. */
void scene_host_end(struct peer *);

/* Sends a command, takes the answer that begins with this word; the rest of
 * the line is put in rest. */
void scene_ask(struct peer *, const char *word, char *rest, size_t size,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The pid of the scene's only process of this name (NULL: of its only cell);
 * fails the case if there is none. */
pid_t scene_pid(const char *name);

/* Waits until a process is gone; how long it took, or -1 after the time. */
int scene_gone(pid_t, unsigned milliseconds);

#endif
