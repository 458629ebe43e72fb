/* SPDX-License-Identifier: MIT */
/*
 * The files of src/service/page as they are served; page/embed writes the
 * table.
 */
#ifndef COFFER_SERVICE_PORTAL_STATIC_H
#define COFFER_SERVICE_PORTAL_STATIC_H

#include <stddef.h>
#include <stdint.h>

struct portal_file {
	const char *path; /* "/", "/page/app.js" */
	const char *type; /* its media type */
	const char *etag; /* in quotation marks, of its bytes */
	const uint8_t *bytes;
	size_t size;
	const uint8_t *gzip; /* the same, compressed */
	size_t gzip_size; /* 0: not smaller that way */
};

extern const struct portal_file portal_files[];
extern const size_t portal_file_count;

#endif
