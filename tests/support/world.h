/* SPDX-License-Identifier: MIT */
/*
 * A world of its own for a test: a temporary folder with the state and
 * runtime directories of its own virtual machines, and the list of every
 * process that comes of it.  A test that leaves a process behind fails.
 *
 * One world at a time per process, which becomes the reaper of all that it
 * starts, detached daemons included.
 */
#ifndef COFFER_TESTS_WORLD_H
#define COFFER_TESTS_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Milliseconds until something that takes a few has not happened: enough for
 * a machine with a lot else to do. */
#define WORLD_PATIENCE 90000u

struct world {
	char folder[64];
	char state[80], runtime[80]; /* COFFER_STATE_DIR, COFFER_RUNTIME_DIR */
};

struct world_process {
	pid_t pid, parent;
	char name[32]; /* as the kernel knows it: "cofferd", "coffer-cpu" */
	bool zombie;
};

/* Makes the folder (mode 0700, owned by uid, or by us if uid is -1), sets
 * the environment of programs started from now on (cofferd as driver, one
 * second of idling), and becomes the reaper.  0 or a negative errno. */
int world_open(struct world *, uid_t uid);

/* Settings of the virtual machine "default", before its first start: lines
 * of vm.conf that replace the file. */
int world_configure(const struct world *, uid_t uid, const char *lines);

/* Every process that descends from this one, but this one; zombies that are
 * ours are reaped and left out.  How many, at most max. */
size_t world_processes(struct world_process *, size_t max);

/* The process of this name that descends from this one; the cell, which is a
 * child of coffer-cpu.  0 if there is none, -1 if there are several. */
pid_t world_find(const char *name);
pid_t world_find_cell(void);

/* The same, once there is exactly one; 0 when WORLD_PATIENCE is over.  The
 * second looks for a cell that is not this one (0: for any). */
pid_t world_await(const char *name);
pid_t world_await_cell(pid_t);

/* Waits until no process of this pid is left, WORLD_PATIENCE at most; whether
 * it is so. */
bool world_await_end(pid_t);

/* Waits until no process is left (milliseconds at most).  How many are. */
size_t world_wait_empty(unsigned milliseconds);

/* Ends what is left by its pid, says so on stderr, removes the folder.  How
 * many processes had to be ended, plus files in the runtime directory that
 * nobody removed. */
size_t world_close(struct world *);

/* Runs a part of a test in a child, whose end is its machine's too; its
 * result, or 1 when it died or left something running. */
int world_child(struct world *, int (*run)(struct world *));

/* A whole test in a world of its own, where the machine "default" has these
 * settings (NULL: none): opened, run in a child, closed.  What main returns:
 * 0 when run returned that and nothing was left behind; else 1, after the
 * machines' logs; 2 when there is no world. */
int world_run(const char *settings, int (*run)(struct world *));

/* Copies the machines' logs to stderr, for a test that has failed. */
void world_tell_logs(const struct world *);

/* What a process holds now: open descriptors, resident memory in KiB,
 * mappings; -1 where it cannot be told. */
long world_descriptors(pid_t);
long world_resident(pid_t);
long world_mappings(pid_t);

/* Sleep. */
void world_nap(unsigned milliseconds);
/* Milliseconds since some moment. */
unsigned long long world_clock(void);

#endif
