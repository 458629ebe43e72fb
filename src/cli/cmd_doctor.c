/* SPDX-License-Identifier: MIT */
#include "bench_enclave.h"
#include "bench_u.h"
#include "cli.h"
#include "common/paths.h"
#include "doctor.h"
#include "vm/machine.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const state_names[] = {
	[DOCTOR_ON] = NC_("doctor", "on"), [DOCTOR_OFF] = NC_("doctor", "off"),
	[DOCTOR_PARTLY] = NC_("doctor", "partly"),
	[DOCTOR_UNKNOWN] = NC_("doctor", "unknown"),
	[DOCTOR_INFO] = NC_("doctor", "info"),
};

/* What no attempt changes, said every time. */
static const char *const always[] = {
	N_("The root of trust is software: Coffer's processor holds the keys, "
	"not silicon. A verifier that trusts Intel's root alone refuses its "
	"quotes."),
	N_("Root who only reads sees no enclave data that is on secret memory, "
	"but sees code pages, and everything that is on ordinary memory."),
	N_("Root who acts wins: single-stepping a cell (unless the ptrace slot "
	"is held), sampling registers with perf, loading kernel code, replacing "
	"Coffer's programs or reading the fuses from the state directory."),
	N_("Nothing here protects against side channels or against whoever can "
	"read or change the machine's RAM."),
};

static void say(struct doctor *doctor, const char *id, enum doctor_state state,
	const char *format, va_list args)
{
	char text[512];

	vsnprintf(text, sizeof(text), _(format), args);
	json_array_append_new(doctor->checks, json_pack("{s:s, s:s, s:s, s:s}",
		"id", id, "group", doctor->group, "state", state_names[state],
		"why", text));
	if (!doctor->json)
		printf("  %-*s %-20s %s\n", CLI_CELL(8, cli_word_of(
			"doctor", state_names[state])), id, text);
}

void doctor_group(struct doctor *doctor, const char *id, const char *title)
{
	doctor->group = id;
	if (!doctor->json)
		printf("%s\n", _(title));
}

void doctor_say(struct doctor *doctor, const char *id, enum doctor_state state,
	const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(doctor, id, state, format, args);
	va_end(args);
}

void doctor_promise(struct doctor *doctor, const char *id,
	enum doctor_state state, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(doctor, id, state, format, args);
	va_end(args);
	if (state == DOCTOR_OFF)
		doctor->broken++;
}

/* The enclave to pry at: its processes, its secret.  False after a message
 * in why. */
static bool find_target(oe_enclave_t *enclave, const char *vm,
	struct doctor_target *target, struct why *why)
{
	struct wire_enclave item;
	struct machine machine;
	oe_result_t hidden = OE_FAILURE, result;
	bool ok;

	/* The complement comes out; see bench.edl. */
	result = bench_hide(enclave, &hidden, &target->address, target->secret,
		sizeof(target->secret));
	if (result != OE_OK || hidden != OE_OK) {
		why_set(why, -1, "the enclave could not make a secret: %s",
			oe_result_str(result != OE_OK ? result : hidden));
		return false;
	}
	for (size_t i = 0; i < sizeof(target->secret); i++)
		target->secret[i] = (uint8_t)~target->secret[i];
	if (machine_open(vm, &machine, why))
		return false;
	ok = !machine_find(&machine, (uint32_t)getpid(), &item, why);
	if (ok && !item.cell_pid) {
		why_set(why, -1, "the machine does not say which process runs "
			"the enclave");
		ok = false;
	}
	if (ok)
		target->cell = (pid_t)item.cell_pid;
	target->processor = (pid_t)machine.info.cpu_pid;
	target->driver = (pid_t)machine.info.cofferd_pid;
	target->cpu_flags = machine.info.cpu_flags;
	target->machine = machine.info;
	machine_close(&machine);
	return ok;
}

static void look_at_enclave(struct doctor *doctor, const char *vm)
{
	struct doctor_target target = { 0 };
	struct why why = { "" };
	oe_enclave_t *enclave = bench_enclave_new(BENCH_IMAGE_1M);

	if (!enclave) {
		doctor_group(doctor, "enclave", "A live enclave");
		doctor_promise(doctor, "start", DOCTOR_OFF,
			"no enclave could be started, so nothing was tried; the "
			"message above says why");
		return;
	}
	if (find_target(enclave, vm, &target, &why)) {
		doctor_cpuid(doctor, &target.machine);
		doctor_pry(doctor, &target);
	} else {
		doctor_group(doctor, "enclave", "A live enclave");
		doctor_say(doctor, "start", DOCTOR_UNKNOWN, "the enclave runs, "
			"but could not be pried at: %s", why.text);
	}
	/* The same enclave still answers: prying has broken nothing. */
	if (bench_empty(enclave) != OE_OK)
		doctor_promise(doctor, "alive", DOCTOR_OFF,
			"the enclave does not answer any more");
	oe_terminate_enclave(enclave);
	doctor_forge(doctor);
}

static json_t *say_always(bool json)
{
	json_t *list = json_array();

	if (!json)
		puts(_("Always true"));
	for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++) {
		json_array_append_new(list, json_string(always[i]));
		if (!json)
			printf("  %s\n", _(always[i]));
	}
	return list;
}

static int run(int argc, char **argv)
{
	struct doctor doctor = { .group = "box" };
	struct why why = { "" };
	const char *vm = NULL;
	json_t *list;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			doctor.json = true;
		else if (!strcmp(argv[i], "--vm") && i + 1 < argc)
			vm = argv[++i];
		else
			return cli_usage(&cli_doctor, "what is \"%s\"?", argv[i]);
	}
	if (vm ? !paths_name_ok(vm) : paths_vm_name(&vm, &why) != 0)
		return cli_usage(&cli_doctor, "no such name of a machine: %s",
			vm ? vm : why.text);
	if (setenv("COFFER_VM", vm, 1))
		return cli_error("out of memory");
	doctor.checks = json_array();
	doctor_host(&doctor);
	look_at_enclave(&doctor, vm);
	list = say_always(doctor.json);
	if (doctor.json) {
		int status = cli_print_json(json_pack(
			"{s:s, s:s, s:s, s:i, s:o, s:o}", "vm", vm,
			"tried_as", geteuid() ? "user" : "root",
			"root_of_trust", "software",
			"broken", doctor.broken, "checks", doctor.checks,
			"always", list));

		return status ? status : doctor.broken ? CLI_FAILED : CLI_OK;
	}
	json_decref(doctor.checks);
	json_decref(list);
	if (doctor.broken)
		printf(ngettext("\n%u promised protection is off.\n",
			"\n%u promised protections are off.\n",
			doctor.broken), doctor.broken);
	return doctor.broken ? CLI_FAILED : CLI_OK;
}

const struct cli_command cli_doctor = {
	.name = "doctor",
	.summary = N_("try each protection on this box and say what holds"),
	.usage = N_(
"usage: coffer doctor [--vm NAME] [--json]\n"
"\n"
"Starts a small enclave on the machine NAME (default: COFFER_VM, else\n"
"\"default\"), hides a random secret in it and tries to get at it with the\n"
"rights of whoever calls: /proc/PID/mem, process_vm_readv, ptrace, descriptors,\n"
"memory maps, its code.  Says of each protection whether it is on, and why;\n"
"\"on\" only where getting around it was tried and failed, \"unknown\" where it\n"
"could not be tried.  Run it as a user and as root: the answers differ.\n"
"\n"
"The exit status is 1 if a protection that Coffer promises is off.\n"),
	.run = run,
};
