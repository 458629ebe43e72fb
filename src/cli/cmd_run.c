/* SPDX-License-Identifier: MIT */
#include "cli.h"
#include "common/paths.h"
#include "common/place.h"
#include "common/vmconf.h"
#include "common/vmstart.h"
#include "vm_limits.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NOT_FOUND 127 /* as shells say it */
#define NOT_EXECUTABLE 126

struct options {
	const char *vm;
	const struct vmconf_size *size; /* NULL: not given */
	char swap[VMCONF_SWAP_MAX]; /* absolute; "": not given */
	bool ptrace_slot;
	bool have_pages;
	uint32_t pages;
};

/* A new machine's swap file must be free: the machine will empty it. */
static int check_swap(const char *path)
{
	struct stat st;

	if (!lstat(path, &st) && (!S_ISREG(st.st_mode) || st.st_size))
		return cli_error("%s is there and not an empty file; it would "
			"be overwritten", path);
	return CLI_OK;
}

static int check_same(const struct options *options, const struct vmconf *have)
{
	const char *vm = options->vm;

	if (options->size && options->size != have->size)
		return cli_error("machine \"%s\" is a %s, not a %s; choose "
			"another --vm", vm, have->size->name,
			options->size->name);
	if (options->ptrace_slot && !have->ptrace_slot)
		return cli_error("machine \"%s\" was made without "
			"--ptrace-slot; choose another --vm", vm);
	if (options->have_pages && options->pages != have->epc_pages)
		return cli_error("machine \"%s\" has %u EPC pages, not %u; "
			"choose another --vm", vm, have->epc_pages,
			options->pages);
	if (*options->swap && strcmp(options->swap, have->swap))
		return cli_error("machine \"%s\" evicts to %s; choose "
			"another --vm", vm, *have->swap ? have->swap :
			_("memory"));
	return CLI_OK;
}

/* Programs of a stopped machine would find no driver. */
static int check_power(const char *vm, const struct vmconf *have)
{
	struct why why;

	if (have->power != VMCONF_OFF && have->power != VMCONF_DEALLOCATED)
		return CLI_OK;
	/* Or is it just being restarted? */
	return vmstart_settle(vm, &why) ? cli_error("%s", why.text) : CLI_OK;
}

/* A machine that is another user's: what it is, is not for us to say. */
static int check_plain(const struct options *options,
	const struct place *place)
{
	if (options->size || options->have_pages || options->ptrace_slot ||
	    *options->swap)
		return cli_error("machine \"%s\" is the system's (%s); what "
			"it is made with its administrator decides; for one "
			"of your own choose another name with `coffer vm "
			"create`", options->vm, place->base);
	return CLI_OK;
}

/* The machine's vm.conf: there already and as asked for, or made now.  *size
 * of machines that are ours, else NULL. */
static int settle_machine(const struct options *options,
	const struct vmconf_size **size)
{
	char directory[PATH_MAX], path[PATH_MAX];
	struct vmconf have, want;
	struct why why = { "" };
	struct place place;
	int ret;

	*size = NULL;
	ret = place_find(options->vm, &place, &why);
	if (ret)
		return cli_error("%s", why.text);
	if (!place.ours)
		return check_plain(options, &place);
	ret = paths_vm_state(options->vm, directory, sizeof(directory), &why);
	if (!ret)
		ret = paths_make(directory, true, &why);
	if (!ret)
		ret = paths_join(path, sizeof(path), directory, "vm.conf", &why);
	if (ret)
		return cli_error("%s", why.text);
	ret = vmconf_read(path, &have, &why);
	if (ret && ret != -ENOENT)
		return cli_error("%s", why.text);
	if (!ret) {
		*size = have.size;
		ret = check_same(options, &have);
		if (!ret)
			ret = check_power(options->vm, &have);
		vmconf_free(&have);
		return ret;
	}
	if (vmconf_is_lost(directory))
		return cli_error("%s is missing: put it back, or `coffer vm "
			"delete %s`", path, options->vm);
	vmconf_default(&want);
	want.created = time(NULL);
	if (options->size) {
		want.size = options->size;
		want.epc_pages = options->size->epc_pages;
	}
	want.ptrace_slot = options->ptrace_slot;
	if (*options->swap && check_swap(options->swap))
		return CLI_FAILED;
	if (*options->swap && vmconf_set_swap(&want, options->swap, &why))
		return cli_error("%s", why.text);
	if (options->have_pages)
		want.epc_pages = options->pages;
	else if (getenv("COFFER_EPC_PAGES") &&
			vmconf_parse_pages(getenv("COFFER_EPC_PAGES"),
				&want.epc_pages, &why))
		return cli_error("COFFER_EPC_PAGES: %s", why.text);
	if (vmconf_write(path, &want, &why))
		return cli_error("%s", why.text);
	*size = want.size;
	return CLI_OK;
}

static int run(int argc, char **argv)
{
	struct options options = { 0 };
	const struct vmconf_size *size;
	struct cgroup_place applied;
	struct why why = { "" };
	int i, status, error;

	if (paths_vm_name(&options.vm, &why) && !getenv("COFFER_VM"))
		return cli_error("%s", why.text);
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--")) {
			i++;
			break;
		}
		if (!strcmp(argv[i], "--ptrace-slot")) {
			options.ptrace_slot = true;
		} else if (!strcmp(argv[i], "--vm") && i + 1 < argc) {
			options.vm = argv[++i];
		} else if (!strcmp(argv[i], "--size") && i + 1 < argc) {
			options.size = vmconf_size_find(argv[++i]);
			if (!options.size)
				return cli_usage(&cli_run, "no size is called "
					"\"%s\"", argv[i]);
		} else if (!strcmp(argv[i], "--swap") && i + 1 < argc) {
			status = cli_absolute(argv[++i], options.swap,
				sizeof(options.swap));
			if (status)
				return status;
		} else if (!strcmp(argv[i], "--epc-pages") && i + 1 < argc) {
			options.have_pages = true;
			if (vmconf_parse_pages(argv[++i], &options.pages, &why))
				return cli_usage(&cli_run, "%s", why.text);
		} else {
			return cli_usage(&cli_run, "what is \"%s\"?", argv[i]);
		}
	}
	if (i >= argc)
		return cli_usage(&cli_run, "which program shall run?");
	if (!options.vm || !paths_name_ok(options.vm))
		return cli_usage(&cli_run, "\"%s\" is no name of a machine: 1 to "
			"%d of a-z, 0-9 and -", options.vm ? options.vm :
			getenv("COFFER_VM"), PATHS_NAME_MAX);
	status = settle_machine(&options, &size);
	if (status)
		return status;
	if (size)
		limits_enter(options.vm, size, &applied);
	if (setenv("COFFER_VM", options.vm, 1))
		return cli_error("out of memory");
	/* The program takes this process's place: its exit status, signals
	 * and terminal are its own. */
	fflush(stdout);
	execvp(argv[i], argv + i);
	error = errno;
	cli_error("%s: %s", argv[i], strerror(error));
	return error == ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
}

const struct cli_command cli_run = {
	.name = "run",
	.summary = N_("run a program on a virtual machine with SGX"),
	.usage = N_(
"usage: coffer run [--vm NAME] [--size SIZE] [--epc-pages N] [--swap FILE]\n"
"                  [--ptrace-slot] [--] APP [ARGS]\n"
"\n"
"Runs APP, whose enclaves then live on the virtual machine NAME (default:\n"
"COFFER_VM, else \"default\").  A machine that does not exist is made; it\n"
"starts with its first enclave and ends when nobody uses it.  Where cgroup v2\n"
"allows it, APP and the machine share the vCPUs and memory of its size.\n"
"\n"
"  --vm NAME        1 to 63 of a-z, 0-9 and -\n"
"  --size SIZE      make it of this size: Standard_DC1s_v3 and so on; without\n"
"                   it Standard_DC1s_v3.  DCsv2 sizes have SGX1, the others SGX2\n"
"  --epc-pages N    make it with N pages of 4 KiB for enclaves\n"
"  --swap FILE      make it so that evicted pages go to FILE, which is made, or\n"
"                   is empty, and not to memory\n"
"  --ptrace-slot    make it so that the processor holds the ptrace slot of\n"
"                   what runs enclaves: no debugger can attach, faults are\n"
"                   slower\n"
"\n"
"The exit status is APP's; 127 if there is no such program, 126 if it cannot\n"
"be run.\n"),
	.run = run,
};
