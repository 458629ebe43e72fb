/* SPDX-License-Identifier: MIT */
/* The host's clock, log, and roots: those of the certificate authority of the
 * machine in use and of the file that COFFER_TRUSTED_ROOTS names. */
#include "evidence/world.h"

#include "common/paths.h"
#include "common/place.h"
#include "evidence/pem.h"
#include "evidence/roots.h"
#include "oe/enclave.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ROOTS_FILE_MAX 65536 /* bytes */

/* Read until there are some: the first machine makes the authority. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct attest_roots known;

int64_t world_time(void)
{
	return time(NULL);
}

static void add_file(const char *path, bool wanted)
{
	const char *rest;
	struct pem_piece piece;
	struct why why = { "" };
	char *text = NULL;
	ssize_t size = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), count = 0;

	if (fd >= 0) {
		text = malloc(ROOTS_FILE_MAX);
		if (text)
			size = read(fd, text, ROOTS_FILE_MAX);
		close(fd);
	}
	rest = text;
	while (size > 0 && pem_next(&rest, text + size, &piece)) {
		count++;
		if (attest_roots_add_cert(&known, piece.data, piece.size,
				&why))
			host_log(HOST_ERROR, "%s: a root is not taken: %s",
				path, why.text);
	}
	if (wanted && !count)
		host_log(HOST_ERROR, "COFFER_TRUSTED_ROOTS: %s has no "
			"certificate in PEM that can be read", path);
	free(text);
}

static void read_roots(void)
{
	const char *named = getenv("COFFER_TRUSTED_ROOTS");
	char path[PATH_MAX];
	struct place place;
	const char *vm;

	if (!paths_vm_name(&vm, NULL) && !place_find(vm, &place, NULL) &&
	    !place_root(&place, path, sizeof(path), NULL))
		add_file(path, false);
	if (named && *named)
		add_file(named, true);
}

void world_default_roots(struct attest_roots *roots)
{
	pthread_mutex_lock(&lock);
	if (!known.count)
		read_roots();
	for (size_t i = 0; i < known.count; i++)
		attest_roots_add_digest(roots, known.root[i].digest,
			known.root[i].size);
	pthread_mutex_unlock(&lock);
}

void world_log(int level, const char *format, ...)
{
	char text[400];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	host_log(level, "%s", text);
}
