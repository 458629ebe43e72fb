/* SPDX-License-Identifier: MIT */
#include "pki/machine.h"

#include "common/fuses.h"
#include "common/paths.h"
#include "common/spawn.h"
#include "pki/architectural.h"
#include "pki/files.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Exit status of coffer-manufacture, besides 0 and 1. */
#define STATUS_OF_ANOTHER 3

int machine_of_another(const char *vm, struct why *why)
{
	return why_set(why, -EXDEV, "the virtual machine %s was made under "
		"another CA; `coffer vm manufacture %s` makes it again under "
		"this one", vm, vm);
}

static bool is_name(const char *vm)
{
	size_t n = strlen(PKI_MACHINE_NEW);

	if (!strncmp(vm, PKI_MACHINE_NEW, n))
		return strlen(vm) < PKI_MACHINE_NAME && vm[n] &&
			!vm[n + strspn(vm + n,
				"abcdefghijklmnopqrstuvwxyz0123456789-")];
	return paths_name_ok(vm);
}

int machine_folder(struct pki *pki, const char *vm, char path[PATH_MAX],
	struct why *why)
{
	struct stat st;
	int n;

	if (!is_name(vm))
		return why_set(why, -EINVAL, "\"%.80s\" is no name of a "
			"virtual machine", vm);
	n = snprintf(path, PATH_MAX, "%s/vm/%s", pki->state, vm);
	if (n >= PATH_MAX)
		return why_set(why, -ENAMETOOLONG, "path too long");
	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return why_set(why, -ENOENT, "there is no virtual machine %s "
			"(no directory %s)", vm, path);
	return 0;
}

int machine_conf(struct pki *pki, const char *vm, struct vmconf *conf,
	struct why *why)
{
	char folder[PATH_MAX], path[PATH_MAX];
	int r = machine_folder(pki, vm, folder, why);

	if (!r)
		r = paths_join(path, sizeof(path), folder, "vm.conf", why);
	if (!r)
		r = vmconf_read(path, conf, why);
	return r;
}

/* ---- identity ---- */

static bool value(const char *text, const char *key, uint8_t *bytes,
	size_t size)
{
	char hex[80];

	return files_value(text, key, hex, sizeof(hex)) &&
		files_unhex(hex, bytes, size);
}

static bool parse(const char *text, struct pki_machine *m)
{
	uint8_t number[2];
	char ca[16];

	if (!files_value(text, "ca", ca, sizeof(ca)) ||
	    !value(text, "fmspc", m->fmspc, sizeof(m->fmspc)) ||
	    !value(text, "ppid", m->ppid, 16) ||
	    !value(text, "qe_id", m->qe_id, 16) ||
	    !value(text, "platform_instance_id", m->platform_instance_id,
		16) || !value(text, "root", m->root_hash, 32) ||
	    !value(text, "pcesvn", number, 2))
		return false;
	m->pcesvn = (uint16_t)(number[0] << 8 | number[1]);
	m->pce_id = ARCH_PCE_ID;
	m->ca = strcmp(ca, "processor") ? PKI_CA_PLATFORM : PKI_CA_PROCESSOR;
	return !strcmp(ca, ca_name(m->ca));
}

int machine_read(struct pki *pki, const char *vm, struct pki_machine *m,
	struct why *why)
{
	char folder[PATH_MAX];
	struct pki_bytes text;
	struct vmconf conf;
	int r;

	memset(m, 0, sizeof(*m));
	r = machine_folder(pki, vm, folder, why);
	if (!r)
		r = files_read(folder, "identity", false, &text, why);
	if (r)
		return r;
	snprintf(m->name, sizeof(m->name), "%s", vm);
	if (!parse((char *)text.data, m))
		r = why_set(why, -EINVAL, "%s/identity is damaged; `coffer vm "
			"manufacture %s` makes it again", folder, vm);
	pki_bytes_free(&text);
	if (!r)
		r = machine_conf(pki, vm, &conf, why);
	if (!r) {
		memcpy(m->cpusvn, conf.cpusvn, 16);
		vmconf_free(&conf);
	}
	return r;
}

int machine_write(struct pki *pki, const struct pki_machine *m,
	struct why *why)
{
	char folder[PATH_MAX], text[512], fmspc[13], ppid[33], qe_id[33],
		instance[33], root[65];
	int n, r = machine_folder(pki, m->name, folder, why);

	if (r)
		return r;
	files_hex(m->fmspc, 6, true, fmspc);
	files_hex(m->ppid, 16, false, ppid);
	files_hex(m->qe_id, 16, false, qe_id);
	files_hex(m->platform_instance_id, 16, false, instance);
	files_hex(m->root_hash, 32, false, root);
	n = snprintf(text, sizeof(text), "ca=%s\nfmspc=%s\nppid=%s\nqe_id=%s\n"
		"platform_instance_id=%s\npcesvn=%04x\nroot=%s\n",
		ca_name(m->ca), fmspc, ppid, qe_id, instance, m->pcesvn, root);
	return files_write(folder, "identity", text, (size_t)n, why);
}

/* ---- from any process ---- */

/* What the child said, without the program's name. */
static void hear(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);
	char *colon;

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	colon = strstr(text, ": ");
	if (colon)
		memmove(text, colon + 2, strlen(colon + 2) + 1);
}

/* option, value, ...: what is given besides state and name, up to a NULL. */
static int run(struct pki *pki, const char *vm, char *const *options,
	struct why *why)
{
	char path[PATH_MAX], said[300];
	char *argv[12] = { path, "--state", pki->state, "--vm", (char *)vm };
	int status = 0, fd, r = spawn_find("coffer-manufacture", path,
		sizeof(path), why);
	pid_t pid;

	if (r)
		return r;
	for (int i = 0; options[i]; i++)
		argv[5 + i] = options[i];
	fd = memfd_create("manufacture", MFD_CLOEXEC);
	if (fd < 0)
		return why_set(why, -errno, "no memory: %s", strerror(errno));
	pid = spawn_child(path, argv, NULL, 0, fd);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	hear(fd, said, sizeof(said));
	close(fd);
	if (pid < 0)
		return why_set(why, (int)pid, "cannot start %s: %s", path,
			strerror(-(int)pid));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_OF_ANOTHER)
		return machine_of_another(vm, why);
	return why_set(why, -EIO, "the virtual machine %s cannot be "
		"manufactured: %s", vm, said[0] ? said :
		why_words("coffer-manufacture died"));
}

/* 0 unless another root is fused in, or there is no such machine. */
static int is_fused(struct pki *pki, const char *vm, struct why *why)
{
	char folder[PATH_MAX];
	uint8_t root[32];
	int r = machine_folder(pki, vm, folder, why);

	if (!r && fuses_root(folder, root) &&
	    memcmp(root, pki->root_hash, 32))
		r = machine_of_another(vm, why);
	return r;
}

/* 1: certified, for the TCB that it has; 0: not yet. */
static int is_certified(struct pki *pki, const char *vm,
	struct pki_machine *m, struct why *why)
{
	struct tcb tcb;
	int r = ca_enter(pki, why);

	if (r)
		return r;
	r = machine_read(pki, vm, m, why);
	if (r == -ENOENT) {
		r = is_fused(pki, vm, why);
	} else if (!r && memcmp(m->root_hash, pki->root_hash, 32)) {
		r = machine_of_another(vm, why);
	} else if (!r) {
		memcpy(tcb.cpusvn, m->cpusvn, 16);
		tcb.pcesvn = m->pcesvn;
		r = pck_exists(pki, vm, &tcb);
	}
	ca_leave(pki);
	return r;
}

int pki_machine_get(struct pki *pki, const char *vm, struct pki_machine *m,
	struct why *why)
{
	int r = is_certified(pki, vm, m, why);

	if (r)
		return r < 0 ? r : 0;
	r = run(pki, vm, (char *[]){ NULL }, why);
	if (r)
		return r;
	r = is_certified(pki, vm, m, why);
	if (!r)
		r = why_set(why, -EIO, "the virtual machine %s has no "
			"certificate", vm);
	return r < 0 ? r : 0;
}

int pki_machine_look(struct pki *pki, const char *vm, struct pki_machine *m,
	struct why *why)
{
	int r = is_certified(pki, vm, m, why);

	if (r < 0)
		return r;
	return r ? 0 : why_set(why, -ENODATA, "the virtual machine %s has not "
		"been certified", vm);
}

int pki_machine_ensure(struct pki *pki, const char *vm, struct why *why)
{
	struct pki_machine machine;

	return pki_machine_get(pki, vm, &machine, why);
}

int pki_machine_again(struct pki *pki, const char *vm, struct why *why)
{
	return run(pki, vm, (char *[]){ "--again", NULL }, why);
}

int pki_machine_set_tcb(struct pki *pki, const char *vm,
	const uint8_t cpusvn[16], uint16_t pcesvn, struct why *why)
{
	char hex[33], number[8];

	files_hex(cpusvn, 16, false, hex);
	snprintf(number, sizeof(number), "%u", pcesvn);
	return run(pki, vm, (char *[]){ "--cpusvn", hex, "--pcesvn", number,
		NULL }, why);
}

int pki_machine_find(struct pki *pki, const uint8_t id[16],
	struct pki_machine *m, struct why *why)
{
	char path[PATH_MAX];
	struct dirent *e;
	bool found = false;
	DIR *dir;
	int r = ca_enter(pki, why);

	if (r)
		return r;
	r = paths_join(path, sizeof(path), pki->state, "vm", why);
	dir = r ? NULL : opendir(path);
	while (dir && !found && (e = readdir(dir))) {
		if (!paths_name_ok(e->d_name) ||
		    machine_read(pki, e->d_name, m, NULL))
			continue;
		found = !memcmp(m->root_hash, pki->root_hash, 32) &&
			(!memcmp(m->qe_id, id, 16) ||
				!memcmp(m->ppid, id, 16));
	}
	if (dir)
		closedir(dir);
	ca_leave(pki);
	return r || found ? r : why_set(why, -ENOENT, "no machine of this CA "
		"has this identifier");
}
