/* SPDX-License-Identifier: MIT */
/*
 * What happened to a virtual machine: the file "events" in its state
 * directory, a JSON object a line.
 *
 *   {"time":"2026-11-22T07:30:00.123Z","event":"started","text":"...",
 *    "details":{"driver":4242,"processor":4243,"power":"on"}}
 *
 * text is a sentence in English; event and details say the same to programs,
 * so that they can say it in other languages.  docs/portal-api.md has all of
 * them.
 *
 * When it has grown to EVENTS_MAX bytes it becomes "events.1", which is
 * replaced, and a new one begins.
 */
#ifndef COFFER_COMMON_EVENTS_H
#define COFFER_COMMON_EVENTS_H

#define EVENTS_MAX (256 << 10)
#define EVENTS_LINE_MAX 2048 /* bytes of a line, with its end */

#define EVENTS_CREATED "created"
#define EVENTS_STARTED "started"
#define EVENTS_STOPPED "stopped"
#define EVENTS_DEALLOCATED "deallocated"
#define EVENTS_RESIZED "resized"
#define EVENTS_FAILED "failed"
#define EVENTS_MAINTENANCE "maintenance"
#define EVENTS_TAMPERING "tampering"
#define EVENTS_LOST "enclave lost"

/* A value with a name; of a text that is "" nothing is written. */
struct event_detail {
	const char *name; /* NULL: behind the last one */
	const char *text; /* NULL: a number */
	long long number;
};

/* Appends one; from any process, and at the same time.  folder: the machine's
 * state directory; details may be NULL.  Best effort: what cannot be written
 * is left out. */
void events_add(const char *folder, const char *event,
	const struct event_detail *details, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
