/* SPDX-License-Identifier: MIT */
/* The certificates of a machine, as files, and which of them to give out. */
#include "pki/machine.h"

#include "common/paths.h"
#include "pki/files.h"
#include "pki/tcb.h"
#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_SIZE 48

static void file_name(const struct tcb *tcb, char name[NAME_SIZE])
{
	files_hex(tcb->cpusvn, 16, false, name);
	snprintf(name + 32, NAME_SIZE - 32, "-%04x.pem", tcb->pcesvn);
}

static bool parse_name(const char *name, struct tcb *tcb)
{
	char text[NAME_SIZE];
	uint8_t number[2];

	if (strlen(name) != 41 || name[32] != '-' || strcmp(name + 37, ".pem"))
		return false;
	memcpy(text, name, 42);
	text[32] = text[37] = '\0';
	if (!files_unhex(text, tcb->cpusvn, 16) ||
	    !files_unhex(text + 33, number, 2))
		return false;
	tcb->pcesvn = (uint16_t)(number[0] << 8 | number[1]);
	return true;
}

static int folder(struct pki *pki, const char *vm, char path[PATH_MAX],
	struct why *why)
{
	char machine[PATH_MAX];
	int r = machine_folder(pki, vm, machine, why);

	return r ? r : paths_join(path, PATH_MAX, machine, "pck", why);
}

bool pck_exists(struct pki *pki, const char *vm, const struct tcb *tcb)
{
	char path[PATH_MAX], file[PATH_MAX], name[NAME_SIZE];

	file_name(tcb, name);
	return !folder(pki, vm, path, NULL) &&
		!paths_join(file, sizeof(file), path, name, NULL) &&
		!access(file, R_OK);
}

int pck_batch_begin(struct pki *pki, const char *vm,
	struct files_batch *batch, struct why *why)
{
	char path[PATH_MAX];
	int r = folder(pki, vm, path, why);

	if (!r)
		r = paths_make(path, true, why);
	return r ? r : files_batch_begin(batch, path, why);
}

int pck_batch_add(struct files_batch *batch, const struct tcb *tcb,
	X509 *cert, struct why *why)
{
	char name[NAME_SIZE];
	struct pki_bytes pem = { NULL, 0 };
	int r = 0;

	file_name(tcb, name);
	if (x509_pem(cert, &pem))
		r = why_set(why, -ENOMEM, "out of memory");
	if (!r)
		r = files_batch_add(batch, name, pem.data, pem.size, why);
	pki_bytes_free(&pem);
	return r;
}

static int read_pem(struct pki *pki, const char *vm, const struct tcb *tcb,
	struct pki_bytes *pem, struct why *why)
{
	char path[PATH_MAX], name[NAME_SIZE];
	int r = folder(pki, vm, path, why);

	*pem = (struct pki_bytes){ NULL, 0 };
	file_name(tcb, name);
	return r ? r : files_read(path, name, false, pem, why);
}

X509 *pck_read(struct pki *pki, const char *vm, const struct tcb *tcb,
	struct why *why)
{
	struct pki_bytes pem;
	X509 *cert;
	BIO *bio;

	if (read_pem(pki, vm, tcb, &pem, why))
		return NULL;
	bio = BIO_new_mem_buf(pem.data, (int)pem.size);
	cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	pki_bytes_free(&pem);
	ERR_clear_error();
	if (!cert)
		why_set(why, -EINVAL, "a certificate of the virtual machine "
			"%s is damaged", vm);
	return cert;
}

int pck_remove_all(struct pki *pki, const char *vm, struct why *why)
{
	char path[PATH_MAX];
	int r = folder(pki, vm, path, why);

	if (!r)
		files_remove_tree(path);
	return r;
}

/* ---- order ---- */

bool tcb_is_within(const struct tcb *tcb, const struct tcb *limit)
{
	for (int i = 0; i < 16; i++)
		if (tcb->cpusvn[i] > limit->cpusvn[i])
			return false;
	return tcb->pcesvn <= limit->pcesvn;
}

/* Which level of the TCB information: the highest first, none last.  In a
 * level, higher TCBs first. */
static int compare(const void *a, const void *b)
{
	const struct tcb *x = a, *y = b;
	const struct pki_tcb_level *of_x = pki_tcb_match(x->cpusvn, x->pcesvn);
	const struct pki_tcb_level *of_y = pki_tcb_match(y->cpusvn, y->pcesvn);
	int order;

	if (of_x != of_y)
		return !of_x ? 1 : !of_y ? -1 : of_x < of_y ? -1 : 1;
	order = memcmp(y->cpusvn, x->cpusvn, 16);
	return order ? order : (int)y->pcesvn - (int)x->pcesvn;
}

int pck_list(struct pki *pki, const char *vm, struct tcb **out, size_t *count,
	struct why *why)
{
	struct tcb *list = NULL, *more, tcb;
	char path[PATH_MAX];
	struct dirent *e;
	int r = folder(pki, vm, path, why);
	DIR *dir = r ? NULL : opendir(path);

	*out = NULL;
	*count = 0;
	while (dir && !r && (e = readdir(dir))) {
		if (!parse_name(e->d_name, &tcb))
			continue;
		more = realloc(list, (*count + 1) * sizeof(*list));
		if (!more) {
			r = why_set(why, -ENOMEM, "out of memory");
		} else {
			list = more;
			list[(*count)++] = tcb;
		}
	}
	if (dir)
		closedir(dir);
	if (r)
		free(list);
	else
		*out = list;
	if (!r && *count)
		qsort(list, *count, sizeof(*list), compare);
	return r;
}

/* ---- giving out ---- */

void pki_pck_free(struct pki_pck *pck)
{
	pki_bytes_free(&pck->leaf);
	pki_bytes_free(&pck->chain);
	memset(pck, 0, sizeof(*pck));
}

void pki_pck_list_free(struct pki_pck_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		pki_pck_free(&list->items[i]);
	free(list->items);
	*list = (struct pki_pck_list){ NULL, 0 };
}

/* Leaf, its CA, the root. */
static int fill(struct pki *pki, const struct pki_machine *m,
	const struct tcb *tcb, struct pki_pck *pck, struct why *why)
{
	int r = read_pem(pki, m->name, tcb, &pck->leaf, why);

	if (r)
		return r;
	memcpy(pck->tcbm_cpusvn, tcb->cpusvn, 16);
	pck->tcbm_pcesvn = tcb->pcesvn;
	pck->chain.data = malloc(pck->leaf.size + 1);
	if (!pck->chain.data)
		return why_set(why, -ENOMEM, "out of memory");
	memcpy(pck->chain.data, pck->leaf.data, pck->leaf.size + 1);
	pck->chain.size = pck->leaf.size;
	if (x509_pem(pki->cert[ca_cert(m->ca)], &pck->chain) ||
	    x509_pem(pki->cert[PKI_CERT_ROOT], &pck->chain))
		return why_set(why, -ENOMEM, "out of memory");
	return 0;
}

int pki_pck_get(struct pki *pki, const struct pki_machine *m,
	const uint8_t cpusvn[16], uint16_t pcesvn, struct pki_pck *pck,
	struct why *why)
{
	struct tcb raw = { .pcesvn = pcesvn < m->pcesvn ? pcesvn : m->pcesvn };
	struct tcb *list;
	size_t count, i = 0;
	int r;

	memset(pck, 0, sizeof(*pck));
	memcpy(raw.cpusvn, cpusvn, 16);
	r = ca_enter(pki, why);
	if (r)
		return r;
	r = pck_list(pki, m->name, &list, &count, why);
	while (!r && i < count && !tcb_is_within(&list[i], &raw))
		i++;
	if (!r && !count)
		r = why_set(why, -ESRCH, "the virtual machine %s has no "
			"certificates", m->name);
	else if (!r && i == count)
		r = why_set(why, -ENOENT, "the virtual machine %s has no "
			"certificate for a TCB this low", m->name);
	else if (!r)
		r = fill(pki, m, &list[i], pck, why);
	if (r)
		pki_pck_free(pck);
	free(list);
	ca_leave(pki);
	return r;
}

int pki_pck_all(struct pki *pki, const struct pki_machine *m,
	struct pki_pck_list *out, struct why *why)
{
	struct tcb *list;
	size_t count;
	int r;

	*out = (struct pki_pck_list){ NULL, 0 };
	r = ca_enter(pki, why);
	if (r)
		return r;
	r = pck_list(pki, m->name, &list, &count, why);
	if (!r) {
		out->items = calloc(count + 1, sizeof(*out->items));
		if (!out->items)
			r = why_set(why, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; !r && i < count; i++) {
		if (list[i].pcesvn > m->pcesvn)
			continue;
		r = fill(pki, m, &list[i], &out->items[out->count++], why);
	}
	if (r)
		pki_pck_list_free(out);
	free(list);
	ca_leave(pki);
	return r;
}
