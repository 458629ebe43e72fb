/* SPDX-License-Identifier: MIT */
#include "pki/tcb.h"

#include "pki/files.h"
#include "pki/lists.h"
#include "pki/machine.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Adds what is missing of a machine's certificates; how many. */
static int add_all(struct pki *pki, const struct pki_machine *m,
	struct revocations *list, unsigned *added, struct why *why)
{
	struct revocation what = { .issuer = ca_cert(m->ca),
		.entry.when = ca_now(pki) };
	struct tcb *tcbs;
	size_t count;
	X509 *cert;
	int r = pck_list(pki, m->name, &tcbs, &count, why);

	snprintf(what.machine, sizeof(what.machine), "%s", m->name);
	for (size_t i = 0; !r && i < count; i++) {
		cert = pck_read(pki, m->name, &tcbs[i], why);
		if (!cert) {
			r = -EINVAL;
			break;
		}
		x509_serial(cert, what.entry.serial);
		X509_free(cert);
		if (revocations_have(list, what.entry.serial))
			continue;
		if (revocations_add(list, &what))
			r = why_set(why, -ENOMEM, "out of memory");
		++*added;
	}
	free(tcbs);
	return r;
}

static bool names(const struct revocations *list, const char *vm)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->items[i].machine, vm))
			return true;
	return false;
}

int revoke_rest(struct pki *pki, const char *vm, struct why *why)
{
	struct revocations list;
	struct pki_machine m;
	unsigned added = 0;
	int r = revocations_load(pki, &list, why);

	if (r)
		return r;
	if (names(&list, vm) && !machine_read(pki, vm, &m, NULL)) {
		r = add_all(pki, &m, &list, &added, why);
		if (!r && added)
			r = revocations_save(pki, &list, why);
	}
	revocations_free(&list);
	return r;
}

static int change(struct pki *pki, const char *vm, bool revoke,
	unsigned *count, struct why *why)
{
	struct revocations list = { NULL, 0 };
	struct pki_machine m;
	int lock, r = ca_enter(pki, why);

	*count = 0;
	if (r)
		return r;
	lock = files_lock(pki->directory, why);
	r = lock < 0 ? lock : machine_read(pki, vm, &m, why);
	if (!r)
		r = revocations_load(pki, &list, why);
	if (!r && revoke)
		r = add_all(pki, &m, &list, count, why);
	else if (!r)
		*count = revocations_drop(&list, vm);
	if (!r && *count)
		r = revocations_save(pki, &list, why);
	revocations_free(&list);
	if (lock >= 0)
		close(lock);
	ca_leave(pki);
	return r;
}

int pki_revoke(struct pki *pki, const char *vm, unsigned *count,
	struct why *why)
{
	return change(pki, vm, true, count, why);
}

int pki_restore(struct pki *pki, const char *vm, unsigned *count,
	struct why *why)
{
	return change(pki, vm, false, count, why);
}

int pki_machine_forget(struct pki *pki, const char *vm, struct why *why)
{
	struct revocations list = { NULL, 0 };
	int lock, r = ca_enter(pki, why);

	if (r)
		return r;
	lock = files_lock(pki->directory, why);
	r = lock < 0 ? lock : revocations_load(pki, &list, why);
	if (!r && revocations_forget(&list, vm))
		r = revocations_save(pki, &list, why);
	revocations_free(&list);
	if (lock >= 0)
		close(lock);
	ca_leave(pki);
	return r;
}

int pki_is_revoked(struct pki *pki, const char *vm, bool *revoked,
	struct why *why)
{
	struct revocations list;
	int r = ca_enter(pki, why);

	*revoked = false;
	if (r)
		return r;
	r = revocations_load(pki, &list, why);
	if (!r)
		*revoked = names(&list, vm);
	revocations_free(&list);
	ca_leave(pki);
	return r;
}
