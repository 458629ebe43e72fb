/* SPDX-License-Identifier: MIT */
#include "pki/issued.h"

#include "common/paths.h"
#include "pki/files.h"
#include <errno.h>
#include <unistd.h>

#define BACKDATED 300 /* seconds, for verifiers whose clocks are behind */

static int folder(struct pki *pki, char path[PATH_MAX], struct why *why)
{
	return paths_join(path, PATH_MAX, pki->directory, "issued", why);
}

static bool is_fresh(struct pki *pki, const struct issued *what,
	const struct pki_bytes *bytes)
{
	int64_t when = what->time(bytes), now = ca_now(pki);

	return when && when <= now && now < when + what->life / 3;
}

static bool read_fresh(struct pki *pki, const char *path,
	const struct issued *what, struct pki_bytes *out)
{
	if (files_read(path, what->name, false, out, NULL))
		return false;
	if (is_fresh(pki, what, out))
		return true;
	pki_bytes_free(out);
	return false;
}

int issued_get(struct pki *pki, const struct issued *what,
	struct pki_bytes *out, struct why *why)
{
	int64_t from = ca_now(pki) - BACKDATED;
	char path[PATH_MAX];
	int lock, r;

	*out = (struct pki_bytes){ NULL, 0 };
	r = folder(pki, path, why);
	if (r || read_fresh(pki, path, what, out))
		return r;
	lock = files_lock(pki->directory, why);
	if (lock < 0)
		return lock;
	if (!read_fresh(pki, path, what, out)) {
		r = paths_make(path, true, why);
		if (!r)
			r = what->make(pki, what->ctx, from, from + what->life,
				out, why);
		if (!r)
			r = files_write(path, what->name, out->data, out->size,
				why);
		if (r)
			pki_bytes_free(out);
	}
	close(lock);
	return r;
}

int issued_forget(struct pki *pki, const char *name, struct why *why)
{
	char path[PATH_MAX];
	int r = folder(pki, path, why);

	return r ? r : files_remove(path, name, why);
}
