/* SPDX-License-Identifier: MIT */
/*
 * The configuration of coffer-serve: lines "key = value", # for comments.
 * Every key stands in the table of config.c with its type, limits, default
 * and a sentence; a key that is not there is an error with its line.
 */
#ifndef COFFER_SERVICE_CONFIG_H
#define COFFER_SERVICE_CONFIG_H

#include "common/why.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define CONFIG_FILE_MAX 65536u /* bytes */
#define CONFIG_VALUE_MAX 1023u

struct config;

/* All defaults; NULL: out of memory. */
struct config *config_new(void);
void config_free(struct config *);

/* Reads a file over what is there.  -ENOENT when it is not there, -EINVAL
 * with "file:line: …" in why. */
int config_read(struct config *, const char *path, struct why *why);
/* One setting; text as in a file. */
int config_set(struct config *, const char *key, const char *text,
	struct why *why);
/* "key=value", as after -o. */
int config_assign(struct config *, const char *assignment, struct why *why);

/* A key that is not in the table, or of another type, ends the program: the
 * names are ours. */
int64_t config_number(const struct config *, const char *key);
bool config_yes(const struct config *, const char *key);
const char *config_text(const struct config *, const char *key);

/* All keys with their sentence and value, as a file that reads back. */
void config_print(const struct config *, FILE *);

#endif
