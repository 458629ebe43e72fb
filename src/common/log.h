/* SPDX-License-Identifier: MIT */
/*
 * One line of text per event, with time, program and process, to one
 * descriptor.  Every line is one write(2), so that the lines of several
 * processes in one O_APPEND file do not mix.
 */
#ifndef COFFER_COMMON_LOG_H
#define COFFER_COMMON_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Where lines go from now on.  program is kept, not copied.  fd -1: nowhere.
 * Until the first call lines go nowhere. */
void log_open(const char *program, int fd, enum log_level most);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As log_info, for what other processes can cause as often as they like: some
 * lines a minute, so that nobody fills the disk.  One thread's. */
void log_peer(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
