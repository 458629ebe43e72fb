/* SPDX-License-Identifier: MIT */
#include "pki/manufacture.h"

#include "common/fuses.h"
#include "pki/architectural.h"
#include "pki/derive.h"
#include "pki/extension.h"
#include "pki/files.h"
#include "pki/machine.h"
#include "pki/tcb.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PCK_LIFE (7 * 365 * 86400ll)
#define BACKDATED 3600

/* ---- fuses ---- */

/* The fuses with this CA's root in them. */
static int fuse(struct pki *pki, const char *vm, bool again,
	struct sgx_fuses *fuses, struct why *why)
{
	static const uint8_t none[32];
	char folder[PATH_MAX];
	uint8_t root[32];
	int r = machine_folder(pki, vm, folder, why);

	if (!r && !again && fuses_root(folder, root) &&
	    memcmp(root, none, 32) && memcmp(root, pki->root_hash, 32))
		r = machine_of_another(vm, why);
	if (!r)
		r = fuses_set_root(folder, pki->root_hash, NULL, why);
	if (!r)
		r = fuses_load(folder, fuses, why);
	return r;
}

int pki_fuse(struct pki *pki, const char *vm, bool again, struct why *why)
{
	struct sgx_fuses fuses;
	int r = ca_enter(pki, why);

	if (r)
		return r;
	r = fuse(pki, vm, again, &fuses, why);
	explicit_bzero(&fuses, sizeof(fuses));
	ca_leave(pki);
	return r;
}

/* ---- who it is ---- */

/* Fills in what follows from fuses and size; what depends on the past stays
 * as it was when the machine was this one before. */
static int identify(struct pki *pki, const char *vm, const struct derive *d,
	const struct vmconf *conf, struct pki_machine *m, struct why *why)
{
	const struct pki_fmspc *kind;
	struct pki_machine before;
	size_t count;
	int r;

	memset(m, 0, sizeof(*m));
	kind = &pki_fmspcs(&count)[conf->size->family];
	snprintf(m->name, sizeof(m->name), "%s", vm);
	m->ca = kind->ca;
	memcpy(m->fmspc, kind->fmspc, sizeof(m->fmspc));
	memcpy(m->cpusvn, conf->cpusvn, 16);
	memcpy(m->root_hash, pki->root_hash, 32);
	m->pce_id = ARCH_PCE_ID;
	m->pcesvn = ARCH_PCE_SVN;
	if (derive_ppid(d, m->ppid) || derive_qe_id(d, m->qe_id) ||
	    (m->ca == PKI_CA_PLATFORM &&
		derive_platform_instance_id(d, m->platform_instance_id)))
		return ca_failed(why, "cannot derive the machine's keys");
	r = machine_read(pki, vm, &before, NULL);
	if (!r && !memcmp(before.root_hash, m->root_hash, 32) &&
	    !memcmp(before.ppid, m->ppid, 16) && before.ca == m->ca &&
	    !memcmp(before.fmspc, m->fmspc, sizeof(m->fmspc)))
		m->pcesvn = before.pcesvn;
	else
		r = pck_remove_all(pki, vm, why);
	return r;
}

/* ---- certificates ---- */

static int issue(struct pki *pki, const struct pki_machine *m,
	const struct derive *d, const struct tcb *tcb,
	struct files_batch *batch, struct why *why)
{
	uint8_t buffer[EXTENSION_MAX], xy[64];
	char url[PKI_URL_MAX + 80];
	struct x509_order order = {
		.role = PKI_CERTS, .issuer = pki->cert[ca_cert(m->ca)],
		.issuer_key = ca_key(pki, ca_cert(m->ca), why),
		.from = ca_now(pki) - BACKDATED, .crl_url = url,
	};
	X509 *cert = NULL;
	int r = 0;

	if (!order.issuer_key)
		return -EINVAL;
	order.until = order.from + PCK_LIFE;
	pki_crl_url(pki, ca_cert(m->ca), url);
	if (!derive_pck(d, tcb->cpusvn, tcb->pcesvn, xy))
		order.subject_key = x509_key_public(xy);
	if (!order.subject_key)
		r = ca_failed(why, "cannot derive a PCK");
	order.extension = extension_make(m, tcb->cpusvn, tcb->pcesvn, buffer,
		&order.extension_size);
	if (!r) {
		cert = x509_make(&order, why);
		r = cert ? pck_batch_add(batch, tcb, cert, why) : -EIO;
	}
	EVP_PKEY_free(order.subject_key);
	X509_free(cert);
	return r;
}

static int issue_missing(struct pki *pki, const struct pki_machine *m,
	const struct derive *d, struct why *why)
{
	const struct pki_tcb_level *levels;
	struct tcb own = { .pcesvn = m->pcesvn }, tcb;
	struct files_batch batch;
	bool is_level = false;
	size_t count;
	int r = pck_batch_begin(pki, m->name, &batch, why);

	if (r)
		return r;
	memcpy(own.cpusvn, m->cpusvn, 16);
	levels = pki_tcb_levels(&count);
	for (size_t i = 0; !r && i <= count; i++) {
		tcb = own;
		if (i < count) {
			memcpy(tcb.cpusvn, levels[i].components, 16);
			tcb.pcesvn = levels[i].pcesvn;
			is_level |= tcb.pcesvn == own.pcesvn &&
				!memcmp(tcb.cpusvn, own.cpusvn, 16);
		} else if (is_level) {
			break;
		}
		if (tcb_is_within(&tcb, &own) &&
		    !pck_exists(pki, m->name, &tcb))
			r = issue(pki, m, d, &tcb, &batch, why);
	}
	return files_batch_end(&batch, r, why);
}

static int certify(struct pki *pki, const char *vm,
	const struct sgx_fuses *fuses, struct why *why)
{
	struct pki_machine m;
	struct vmconf conf;
	struct derive d;
	uint8_t mrsigner[32];
	int r = ca_mrsigner(pki, mrsigner, why);

	if (!r)
		r = machine_conf(pki, vm, &conf, why);
	if (r)
		return r;
	if (derive_init(&d, fuses, mrsigner))
		r = ca_failed(why, "no cryptography");
	if (!r)
		r = identify(pki, vm, &d, &conf, &m, why);
	if (!r)
		r = issue_missing(pki, &m, &d, why);
	if (!r)
		r = revoke_rest(pki, vm, why);
	if (!r)
		r = machine_write(pki, &m, why);
	explicit_bzero(&d, sizeof(d));
	vmconf_free(&conf);
	return r;
}

int pki_certify(struct pki *pki, const char *vm, bool again, struct why *why)
{
	struct sgx_fuses fuses;
	int lock, r = ca_enter(pki, why);

	if (r)
		return r;
	lock = files_lock(pki->directory, why);
	r = lock < 0 ? lock : fuse(pki, vm, again, &fuses, why);
	if (!r)
		r = certify(pki, vm, &fuses, why);
	explicit_bzero(&fuses, sizeof(fuses));
	if (lock >= 0)
		close(lock);
	ca_leave(pki);
	return r;
}

int pki_tcb_set(struct pki *pki, const char *vm, const uint8_t cpusvn[16],
	uint16_t pcesvn, struct why *why)
{
	char folder[PATH_MAX], path[PATH_MAX + 16];
	struct pki_machine m;
	struct vmconf conf = { .tags = NULL };
	int r;

	if (pcesvn > ARCH_PCE_SVN)
		return why_set(why, -EINVAL, "PCESVN %u is above the PCE's "
			"own, %u", pcesvn, ARCH_PCE_SVN);
	r = pki_certify(pki, vm, false, why);
	if (!r)
		r = ca_enter(pki, why);
	if (r)
		return r;
	r = machine_read(pki, vm, &m, why);
	if (!r)
		r = machine_conf(pki, vm, &conf, why);
	if (!r)
		r = machine_folder(pki, vm, folder, why);
	if (!r) {
		m.pcesvn = pcesvn;
		r = machine_write(pki, &m, why);
	}
	if (!r) {
		memcpy(conf.cpusvn, cpusvn, 16);
		snprintf(path, sizeof(path), "%s/vm.conf", folder);
		r = vmconf_write(path, &conf, why);
	}
	vmconf_free(&conf);
	ca_leave(pki);
	return r ? r : pki_certify(pki, vm, false, why);
}
