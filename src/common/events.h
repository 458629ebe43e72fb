/* SPDX-License-Identifier: MIT */
/*
 * What happened to a virtual machine: the file "events" in its state
 * directory, a JSON object a line.
 *
 *   {"time":"2026-11-22T07:30:00.123Z","event":"started","text":"..."}
 *
 * When it has grown to EVENTS_MAX bytes it becomes "events.1", which is
 * replaced, and a new one begins.
 */
#ifndef COFFER_COMMON_EVENTS_H
#define COFFER_COMMON_EVENTS_H

#define EVENTS_MAX (256 << 10)
#define EVENTS_LINE_MAX 1024 /* bytes of a line, with its end */

#define EVENTS_CREATED "created"
#define EVENTS_STARTED "started"
#define EVENTS_STOPPED "stopped"
#define EVENTS_DEALLOCATED "deallocated"
#define EVENTS_RESIZED "resized"
#define EVENTS_FAILED "failed"
#define EVENTS_MAINTENANCE "maintenance"
#define EVENTS_TAMPERING "tampering"
#define EVENTS_LOST "enclave lost"

/* Appends one; from any process, and at the same time.  folder: the machine's
 * state directory.  Best effort: what cannot be written is left out. */
void events_add(const char *folder, const char *event, const char *format,
	...) __attribute__((format(printf, 3, 4)));

#endif
