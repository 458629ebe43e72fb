/* SPDX-License-Identifier: MIT */
#include "bench_enclave.h"
#include "bench_u.h"
#include "cli.h"
#include <libgen.h>
#include <limits.h>
#include <openenclave/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The enclave's ocall. */
void bench_nothing(void)
{
}

static bool readable(char *path, size_t size, const char *directory,
	const char *below, const char *image)
{
	int n = snprintf(path, size, "%s%s/bench_%s.signed", directory, below,
		image);

	return n > 0 && (size_t)n < size && !access(path, R_OK);
}

/* $COFFER_DATADIR, the build tree that this program stands in, then where
 * it is installed. */
bool bench_enclave_path(const char *image, char *path, size_t size)
{
	const char *given = getenv("COFFER_DATADIR");
	char exe[PATH_MAX];
	ssize_t length;
	char *folder;

	if (given)
		return readable(path, size, given, "", image);
	length = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (length > 0) {
		exe[length] = 0;
		folder = dirname(exe);
		if (readable(path, size, folder, "/bench_enclave", image) ||
				readable(path, size, folder,
					"/../src/cli/bench_enclave", image) ||
				readable(path, size, folder,
					"/../" COFFER_DATA_BELOW_PREFIX, image))
			return true;
	}
	return readable(path, size, COFFER_DATADIR, "", image);
}

static void to_stderr(void *context, bool is_enclave, const struct tm *time,
	long usec, oe_log_level_t level, uint64_t thread, const char *message)
{
	if (!context)
		fprintf(stderr, "coffer: %s\n", message);
}

void bench_enclave_quiet(bool quiet)
{
	static char nobody;

	/* Its default is stdout, where answers belong. */
	oe_log_set_callback(quiet ? &nobody : NULL, to_stderr);
}

oe_enclave_t *bench_enclave_new(const char *image)
{
	oe_enclave_t *enclave = NULL;
	char path[PATH_MAX];
	oe_result_t result;

	if (!bench_enclave_path(image, path, sizeof(path))) {
		cli_error("the bench enclave bench_%s.signed is missing; it is "
			"looked for beside this program, in %s and, if set, in "
			"COFFER_DATADIR alone", image, COFFER_DATADIR);
		return NULL;
	}
	bench_enclave_quiet(false);
	result = oe_create_bench_enclave(path, OE_ENCLAVE_TYPE_SGX, 0, NULL, 0,
		&enclave);
	if (result != OE_OK) {
		cli_error("cannot start %s: %s", path, oe_result_str(result));
		return NULL;
	}
	return enclave;
}
