/* SPDX-License-Identifier: MIT */
/* What the commands of oesign share.  Private to the program. */
#ifndef COFFER_OESIGN_H
#define COFFER_OESIGN_H

#include "image/signer.h"
#include <stdbool.h>
#include <stddef.h>

/* argv[0], for messages and usage texts. */
extern const char *program_name;

/* "<program> ERROR: <text>" on stderr. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Where a signature comes from: exactly one group is set. */
struct sign_options {
	const char *image, *conf, *output; /* conf, output may be NULL */
	const char *key_file;
	const char *digest_signature, *certificate;
	const char *engine, *key_id, *engine_path; /* the last may be NULL */
};

#define PROTECT_PREFIXES_MAX 32u

struct protect_command {
	const char *image, *output; /* output may be NULL */
	const char *key, *new_key; /* one of them */
	const char *prefix[PROTECT_PREFIXES_MAX]; /* of sections */
	size_t prefix_count;
	bool keep_debug;
};

/* The commands: exit statuses, 0 or 1. */
int command_protect(const struct protect_command *options);
int command_sign(const struct sign_options *options);
int command_digest(const char *image, const char *conf, const char *output);
int command_dump(const char *image);

/* Opens an image, applies a configuration (conf may be NULL) and lays it
 * out; complains on failure.  The image is the caller's. */
bool open_configured(const char *path, const char *conf, struct image **image);

/* A prepared, unsigned SIGSTRUCT of the image. */
bool prepare(const struct image *image, struct sgx_sigstruct *out);

/* Signs through an OpenSSL engine. */
enum image_result sign_with_engine(struct sgx_sigstruct *sigstruct,
	const char *engine, const char *engine_path, const char *key_id,
	struct image_error *error);

/* Whole file, malloc; NULL with errno. */
void *read_file(const char *path, size_t *size);

#endif
