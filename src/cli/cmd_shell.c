/* SPDX-License-Identifier: MIT */
#include "cli.h"
#include "common/place.h"
#include "vm_limits.h"
#include "vm_cli.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOT_FOUND 127 /* as shells say it */
#define NOT_EXECUTABLE 126

/* The machine is there and may be used. */
static int find(const char *name, struct vm *vm)
{
	struct vms *vms = vm_inventory();
	struct vm_refusal refusal;
	int r;

	if (!vms)
		return CLI_FAILED;
	r = vm_get(vms, name, vm, &refusal) ? vm_refused(&refusal) : CLI_OK;
	vms_close(vms);
	if (r)
		return r;
	if (vm_is_damaged(vm)) {
		r = cli_error("%s", vm->damage.text);
		vm_free(vm);
	} else if (vm->conf.power == VMCONF_OFF || vm->conf.power ==
			VMCONF_DEALLOCATED) {
		r = cli_error("machine %s is %s; `coffer vm start %s` starts "
			"it", name, _(vm_power_name(vm->power)), name);
		vm_free(vm);
	}
	return r;
}

/* Shells that take their prompt from the environment, and bash on Debian,
 * which shows this variable before its own. */
static int set_prompt(const char *name)
{
	char text[96];

	snprintf(text, sizeof(text), "coffer:%s", name);
	if (setenv("debian_chroot", text, 1))
		return -1;
	snprintf(text, sizeof(text), "(coffer:%s) %c ", name,
		geteuid() ? '$' : '#');
	return setenv("PS1", text, 1);
}

static void greet(const char *name, const struct vmconf_size *size,
	const struct cgroup_place *applied)
{
	char text[256];

	limits_line(size, applied, text, sizeof(text));
	fprintf(stderr, _("On virtual machine %s, a %s: %s.\n"), name,
		size->name, text);
	if (*applied->why.text)
		fprintf(stderr, "%s.\n", applied->why.text);
	fputs(_("Enclaves of programs that are started here live on it; `exit` "
		"leaves.\n"), stderr);
}

/* Another user's machine cannot be entered: its group is his. */
static int check_place(const char *name)
{
	struct place place;
	struct why why;

	if (place_find(name, &place, &why))
		return cli_error("%s", why.text);
	return place.ours ? CLI_OK : cli_error("machine %s is the system's "
		"(%s): programs use it from where they are, with COFFER_VM=%s; "
		"a shell can be opened in machines of your own", name,
		place.base, name);
}

static int run(int argc, char **argv)
{
	const char *name = NULL, *shell = getenv("SHELL");
	char *alone[2] = { NULL, NULL }, **command = alone;
	struct cgroup_place applied;
	const struct vmconf_size *size;
	struct vm vm;
	int i, r, error;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (*argv[i] == '-' || name)
			return cli_usage(&cli_shell, "what is \"%s\"?",
				argv[i]);
		name = argv[i];
	}
	if (!name)
		return cli_usage(&cli_shell, "on which machine?");
	if (i + 1 < argc)
		command = argv + i + 1;
	else
		alone[0] = (char *)(shell && *shell == '/' ? shell :
			"/bin/sh");
	r = check_place(name);
	if (!r)
		r = find(name, &vm);
	if (r)
		return r;
	size = vm.conf.size;
	vm_free(&vm);
	limits_enter(name, size, &applied);
	if (setenv("COFFER_VM", name, 1) ||
	    (command == alone && set_prompt(name)))
		return cli_error("out of memory");
	if (command == alone && isatty(STDIN_FILENO))
		greet(name, size, &applied);
	fflush(stdout);
	execvp(command[0], command);
	error = errno;
	cli_error("%s: %s", command[0], strerror(error));
	return error == ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
}

const struct cli_command cli_shell = {
	.name = "shell",
	.summary = N_("open a shell in a virtual machine"),
	.usage = N_(
"usage: coffer shell NAME [-- COMMAND [ARGS]]\n"
"\n"
"Opens $SHELL, or executes COMMAND, in the virtual machine NAME: enclaves of\n"
"programs that are started there live on it, and where cgroup v2 allows it\n"
"they share its vCPUs and memory (`coffer vm show NAME` says whether).  When\n"
"the machine is stopped, what runs in it ends.\n"
"\n"
"A machine that does not exist is not made: `coffer vm create NAME` makes it,\n"
"and `coffer vm start NAME` starts one that is stopped.\n"
"\n"
"The exit status is that of the shell or COMMAND; 127 if there is no such\n"
"program, 126 if it cannot be executed.\n"),
	.run = run,
};
