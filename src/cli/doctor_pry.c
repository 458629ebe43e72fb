/* SPDX-License-Identifier: MIT */
/*
 * Prying at a live enclave with the rights of whoever asks: at the process
 * that runs it and at the processor.  The same attempts on a child of our
 * own, where they must succeed, show that a refusal means something.
 */
#include "common/probe.h"
#include "cpu/door.h"
#include "cli.h"
#include "doctor.h"
#include "pry.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROBE_SECONDS 30

static const char *const way_ids[PROBE_WAYS] = {
	[PROBE_MEM] = "proc-mem", [PROBE_READV] = "vm-readv",
	[PROBE_PEEK] = "ptrace-peek", [PROBE_REGISTERS] = "ptrace-attach",
	[PROBE_FDS] = "proc-fd", [PROBE_STEAL] = "pidfd-getfd",
	[PROBE_MAP_FILES] = "map-files",
};

static const char *who(void)
{
	return geteuid() ? _("this user") : "root";
}

struct subject {
	const char *id, *name;
	pid_t pid;
};

static void attach_says(struct doctor *doctor, const char *id,
	const struct subject *subject, const struct probe_report *report)
{
	bool cell = !strcmp(subject->id, "cell");

	if (report->refused)
		doctor_promise(doctor, id, DOCTOR_ON, "a debugger attached to %s "
			"by %s is refused (%s)", subject->name, who(),
			strerror(report->refused));
	else if (geteuid())
		doctor_promise(doctor, id, DOCTOR_OFF, "this user can attach a "
			"debugger to %s and read registers", subject->name);
	else
		doctor_say(doctor, id, DOCTOR_OFF, "root can attach a debugger to "
			"%s and read registers%s", subject->name, cell ?
			_("; machines made with `coffer run --ptrace-slot` keep "
			"it out of cells") : "");
}

static void look_says(struct doctor *doctor, const char *id, const char *way,
	const struct subject *subject, const struct probe_report *report)
{
	if (report->found && geteuid())
		doctor_promise(doctor, id, DOCTOR_OFF, "%s by this user finds the "
			"secret in %s (%s)", way, subject->name, report->where);
	else if (report->found)
		doctor_say(doctor, id, DOCTOR_OFF, "%s by root finds the secret "
			"in %s (%s): it is not on secret memory", way,
			subject->name, report->where);
	else if (report->refused)
		doctor_promise(doctor, id, DOCTOR_ON, "%s into %s by %s is "
			"refused (%s)", way, subject->name, who(),
			strerror(report->refused));
	else if (report->cut)
		doctor_say(doctor, id, DOCTOR_PARTLY, "%s into %s by %s found "
			"nothing in the %llu KiB that time allowed", way,
			subject->name, who(),
			(unsigned long long)report->seen >> 10);
	else
		doctor_promise(doctor, id, DOCTOR_ON, "%s into %s by %s does not "
			"find the secret (%llu KiB read, %llu KiB and %u objects "
			"refused)", way, subject->name, who(),
			(unsigned long long)report->seen >> 10,
			(unsigned long long)report->closed >> 10,
			report->closed_objects);
}

/* Each way on each process, after it has been seen to work on the control. */
static void look(struct doctor *doctor, const struct doctor_target *target,
	const struct pry_control *control)
{
	const struct subject subjects[] = {
		{ "cell", _("the cell"), target->cell },
		{ "processor", _("the processor"), target->processor },
		{ "driver", _("the driver"), target->driver },
	};
	const struct probe_needle needle = { "secret", target->secret,
		sizeof(target->secret) };
	const struct probe_needle known = { "control", control->secret,
		sizeof(control->secret) };
	struct probe_report report;
	char id[64];

	for (int way = 0; way < PROBE_WAYS; way++) {
		bool descriptors = way == PROBE_FDS || way == PROBE_STEAL;
		const char *name = probe_way_name(way);

		if (probe_process(control->pid, way, &known, 1, PROBE_SECONDS,
				&report) || report.refused ||
				(way != PROBE_REGISTERS && !report.found)) {
			snprintf(id, sizeof(id), "%s", way_ids[way]);
			doctor_say(doctor, id, DOCTOR_UNKNOWN, "%s does not work "
				"here even on an ordinary child process (%s)",
				name, strerror(report.refused));
			continue;
		}
		for (size_t i = 0; i < 3; i++) {
			/* The driver is not sealed: what counts is that it has
			 * nothing, not that nobody may look. */
			if (i == 2 && (way == PROBE_REGISTERS || descriptors))
				continue;
			snprintf(id, sizeof(id), "%s-%s", subjects[i].id,
				way_ids[way]);
			if (probe_process(subjects[i].pid, way, &needle, 1,
					PROBE_SECONDS, &report))
				doctor_say(doctor, id, DOCTOR_UNKNOWN,
					"%s is gone", subjects[i].name);
			else if (way == PROBE_REGISTERS)
				attach_says(doctor, id, &subjects[i], &report);
			else
				look_says(doctor, id, name, &subjects[i],
					&report);
		}
	}
}

/* The host itself, at the very address of the secret. */
static void host_reads(struct doctor *doctor,
	const struct doctor_target *target)
{
	uint8_t got[sizeof(target->secret)];
	bool read = pry_vm_readv(getpid(), target->address, got, sizeof(got));

	if (read && !memcmp(got, target->secret, sizeof(got)))
		doctor_promise(doctor, "host-read", DOCTOR_OFF,
			"the host finds the secret at its address");
	else
		doctor_promise(doctor, "host-read", DOCTOR_ON,
			"the host reads nothing at the secret's address (%s)",
			read ? _("other bytes") : strerror(errno));
}

static void status_of(struct doctor *doctor, const char *what,
	const char *prefix, pid_t pid, const struct doctor_target *target)
{
	struct pry_status status;
	char id[64];

	if (!pry_status(pid, &status)) {
		doctor_say(doctor, prefix, DOCTOR_UNKNOWN,
			"/proc hides the status of %s", what);
		return;
	}
	snprintf(id, sizeof(id), "%s-seccomp", prefix);
	/* The processor's first thread starts cells and touches no secret. */
	if (pid == target->cell)
		doctor_promise(doctor, id, status.threads > 0
			&& status.filtered == status.threads ? DOCTOR_ON :
			DOCTOR_OFF, "%u of %u threads of %s run under a "
			"system-call filter", status.filtered, status.threads,
			what);
	else
		doctor_say(doctor, id, status.filtered + 1 >= status.threads
			&& status.filtered > 0 ? DOCTOR_ON : DOCTOR_OFF,
			"%u of %u threads of %s run under a system-call "
			"filter", status.filtered, status.threads, what);
	snprintf(id, sizeof(id), "%s-core-dumps", prefix);
	if (geteuid())
		doctor_promise(doctor, id, status.owned_by_root ? DOCTOR_ON :
			DOCTOR_OFF, "%s is %s, its core limit is %s", what,
			status.owned_by_root ? _("non-dumpable") :
			_("dumpable"),
			status.core_limit ? _("not 0") : "0");
	else
		doctor_say(doctor, id, status.core_limit ? DOCTOR_UNKNOWN :
			DOCTOR_ON, "the core limit of %s is %s (whether it is "
			"dumpable does not show to root)", what,
			status.core_limit ? _("not 0") : "0");
	if (pid != target->cell)
		return;
	snprintf(id, sizeof(id), "%s-ptrace-slot", prefix);
	if (!status.tracer)
		doctor_say(doctor, id, DOCTOR_OFF, "free: root can attach a "
			"debugger; machines made with `coffer run --ptrace-slot` "
			"hold it");
	else if (status.tracer == target->processor)
		doctor_say(doctor, id, DOCTOR_ON,
			"held by the processor: nobody else can attach");
	else
		doctor_say(doctor, id, DOCTOR_UNKNOWN,
			"held by a process that is not the processor (%d)",
			(int)status.tracer);
}

static void mapping(struct doctor *doctor, const struct doctor_target *target)
{
	char name[256];
	int ret = pry_mapping(target->cell, target->address, name,
		sizeof(name));

	if (ret)
		doctor_promise(doctor, "cell-maps", geteuid() ? DOCTOR_ON :
			DOCTOR_UNKNOWN, "the memory map of the cell is closed to "
			"%s (%s)", who(), strerror(-ret));
	else if (geteuid())
		doctor_promise(doctor, "cell-maps", DOCTOR_OFF,
			"this user can read the memory map of the cell");
	else
		doctor_say(doctor, "cell-maps", strstr(name, "secretmem") ?
			DOCTOR_ON : DOCTOR_PARTLY,
			"to root the secret's page shows as \"%s\"%s", name,
			strstr(name, "secretmem") ? "" :
			_(", not as secret memory"));
}

static void text(struct doctor *doctor, const struct doctor_target *target)
{
	int ret = pry_write_text(target->cell);

	if (ret == 0)
		doctor_promise(doctor, "cell-text", DOCTOR_OFF,
			"%s can change the cell's own code", who());
	else if (ret == -ENOENT)
		doctor_promise(doctor, "cell-text", DOCTOR_UNKNOWN,
			"no executable page of the cell was found to try");
	else
		doctor_promise(doctor, "cell-text", DOCTOR_ON,
			"writing to the cell's code by %s is refused (%s)", who(),
			strerror(-ret));
}

static void said_by_processor(struct doctor *doctor, uint32_t flags)
{
	static const struct {
		const char *id, *on, *off;
		uint32_t flag;
	} facts[] = {
		{ "state-secret", N_("the processor says that its state and "
			"stacks are on secret memory"), N_("the processor says "
			"that its state and stacks are on ordinary memory"),
			DOOR_CPU_SECRET_STATE },
		{ "epc-secret", N_("the processor says that EPC pages are on "
			"secret memory, as far as RLIMIT_MEMLOCK allows"),
			N_("the processor says that EPC pages are on ordinary "
			"memory"),
			DOOR_CPU_SECRET_EPC },
		{ "text-sealed", N_("the processor says that its code is "
			"sealed"), N_("the processor says that its code is not "
			"sealed"),
			DOOR_CPU_SEALED_TEXT },
		{ "cpuid-trapped", N_("the processor says that CPUID in an "
			"enclave is #UD, as on silicon"), N_("the processor "
			"says that CPUID in an enclave is executed: this box "
			"cannot trap it"),
			DOOR_CPU_TRAPS_CPUID },
		{ "rdtsc-trapped", N_("the processor says that RDTSC in an "
			"enclave is #UD, as on a machine without SGX2"),
			N_("RDTSC in an enclave is executed, as on a machine "
			"with SGX2"),
			DOOR_CPU_TRAPS_RDTSC },
	};

	for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++)
		doctor_say(doctor, facts[i].id, DOCTOR_INFO, "%s",
			_(flags & facts[i].flag ? facts[i].on : facts[i].off));
}

void doctor_pry(struct doctor *doctor, const struct doctor_target *target)
{
	struct pry_control control;

	doctor_group(doctor, "enclave", geteuid() ?
		N_("A live enclave, pried at by this user (not root)") :
		N_("A live enclave, pried at with root's rights"));
	if (!pry_control_start(&control)) {
		doctor_promise(doctor, "control", DOCTOR_UNKNOWN,
			"no process to compare with: %s", strerror(errno));
		return;
	}
	look(doctor, target, &control);
	pry_control_stop(&control);
	host_reads(doctor, target);
	mapping(doctor, target);
	text(doctor, target);
	status_of(doctor, _("the cell"), "cell", target->cell, target);
	status_of(doctor, _("the processor"), "processor",
		target->processor, target);
	said_by_processor(doctor, target->cpu_flags);
}
