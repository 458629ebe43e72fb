/* SPDX-License-Identifier: MIT */
/*
 * Telling a service manager how it goes, by the protocol of sd_notify(3): one
 * datagram to the socket that NOTIFY_SOCKET names.
 */
#ifndef COFFER_COMMON_NOTIFY_H
#define COFFER_COMMON_NOTIFY_H

/* Remembers the socket and takes the variable out of the environment, so that
 * nobody whom we start speaks in our name.  To be called once, early, by a
 * single thread. */
void notify_take(void);

/* Sends lines such as "READY=1\nSTATUS=...".  Nothing happens when nobody
 * asked; that nobody listens is no failure of ours. */
void notify_say(const char *lines);

#endif
