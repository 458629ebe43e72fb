/* SPDX-License-Identifier: MIT */
/*
 * coffer-cpu seals itself before it reads a secret: not dumpable, no core
 * files, not traced, text mapped from a write-sealed file, data and bss (and
 * with it the heap, secret_heap.c) on secret memory.
 */
#ifndef COFFER_CPU_HARDEN_H
#define COFFER_CPU_HARDEN_H

#include <stdbool.h>
#include <stddef.h>

struct harden_result {
	bool secret_state; /* data and bss are on memfd_secret */
	bool sealed_text;
};

/* To be called first, with one thread.  0, or -1 with a reason in why: the
 * process is being traced, or a step failed that nothing can replace. */
int harden_self(struct harden_result *result, char *why, size_t size);

/* A memfd with these bytes (size, rounded up to pages with zeros), sealed
 * against every change.  Descriptor (close-on-exec) or -errno. */
int sealed_file(const char *name, const void *data, size_t size);

#endif
