/* SPDX-License-Identifier: MIT */
#include "bench_machine.h"
#include "cli.h"
#include "common/paths.h"
#include "common/vmconf.h"
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define END_MS 5000 /* how long a machine may take to end */

static bool set_paths(const struct bench_machine *m)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/state", m->folder);
	if (setenv("COFFER_STATE_DIR", path, 1))
		return false;
	snprintf(path, sizeof(path), "%s/run", m->folder);
	return !setenv("COFFER_RUNTIME_DIR", path, 1) &&
		!setenv("COFFER_DRIVER", "cofferd", 1) &&
		!unsetenv("COFFER_VM") && !unsetenv("COFFER_EPC_PAGES");
}

static int settle(const char *size, struct why *why)
{
	char directory[PATH_MAX], path[PATH_MAX];
	struct vmconf conf;
	int ret;

	vmconf_default(&conf);
	conf.size = vmconf_size_find(size);
	if (!conf.size)
		return why_set(why, -EINVAL, "there is no size %s", size);
	conf.epc_pages = conf.size->epc_pages;
	ret = paths_vm_state(PATHS_VM_DEFAULT, directory, sizeof(directory),
		why);
	if (!ret)
		ret = paths_make(directory, true, why);
	if (!ret)
		ret = paths_join(path, sizeof(path), directory, "vm.conf", why);
	return ret ? ret : vmconf_write(path, &conf, why);
}

bool bench_machine_open(struct bench_machine *m, const char *size)
{
	const char *above = getenv("TMPDIR");
	struct why why = { "" };
	int n = snprintf(m->folder, sizeof(m->folder), "%s/coffer-bench-XXXXXX",
		above && *above ? above : "/tmp");

	if (n < 0 || (size_t)n >= sizeof(m->folder) || !mkdtemp(m->folder)) {
		cli_error("no temporary folder %s: %s", m->folder,
			strerror(errno));
		m->folder[0] = 0;
		return false;
	}
	if (!set_paths(m)) {
		cli_error("out of memory");
	} else if (settle(size, &why)) {
		cli_error("%s", why.text);
	} else {
		return true;
	}
	bench_machine_close(m);
	return false;
}

bool bench_machine_look(struct wire_info *info, struct wire_enclave *enclave)
{
	struct machine machine;
	struct why why = { "" };
	int ret = machine_open(PATHS_VM_DEFAULT, &machine, &why);

	if (!ret) {
		*info = machine.info;
		if (enclave)
			ret = machine_find(&machine, (uint32_t)getpid(),
				enclave, &why);
		machine_close(&machine);
	}
	if (ret)
		cli_error("%s", why.text);
	return !ret;
}

static int remove_one(const char *path, const struct stat *s, int type,
	struct FTW *walk)
{
	(void)s, (void)type, (void)walk;
	return remove(path);
}

static void await_end(pid_t pid)
{
	const struct timespec nap = { 0, 5000000 };

	for (int ms = 0; ms < END_MS && !kill(pid, 0); ms += 5)
		nanosleep(&nap, NULL);
}

void bench_machine_close(struct bench_machine *m)
{
	struct machine machine;
	struct why why = { "" };

	if (!m->folder[0])
		return;
	if (!machine_open(PATHS_VM_DEFAULT, &machine, &why)) {
		machine_shutdown(&machine, &why);
		await_end((pid_t)machine.info.cofferd_pid);
		await_end((pid_t)machine.info.cpu_pid);
		machine_close(&machine);
	}
	nftw(m->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	m->folder[0] = 0;
}
