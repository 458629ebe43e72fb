/* SPDX-License-Identifier: MIT */
/*
 * Prying at a live enclave with the rights of whoever asks: at the process
 * that runs it and at the processor.  The same attempts on a child of our
 * own, where they must succeed, show that a refusal means something.
 */
#include "cpu/door.h"
#include "doctor.h"
#include "pry.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char *who(void)
{
	return geteuid() ? "this user" : "root";
}

/* One way of reading, tried on the control, the host itself, the cell. */
static void read_by(struct doctor *doctor, const char *id, const char *way,
	bool (*pry)(pid_t, uint64_t, void *, size_t),
	const struct doctor_target *target, const struct pry_control *control)
{
	uint8_t got[sizeof(target->secret)] = { 0 };
	bool self, other;
	int error;

	if (!pry(control->pid, control->address, got, sizeof(got)) ||
			memcmp(got, control->secret, sizeof(got))) {
		doctor_promise(doctor, id, DOCTOR_UNKNOWN,
			"%s does not even read an ordinary child process here (%s)",
			way, strerror(errno));
		return;
	}
	self = pry(getpid(), target->address, got, sizeof(got)) &&
		!memcmp(got, target->secret, sizeof(got));
	errno = 0;
	memset(got, 0, sizeof(got));
	other = pry(target->cell, target->address, got, sizeof(got)) &&
		!memcmp(got, target->secret, sizeof(got));
	error = errno;
	if (self)
		doctor_promise(doctor, id, DOCTOR_OFF,
			"%s finds the enclave's secret in its host", way);
	else if (other && geteuid())
		doctor_promise(doctor, id, DOCTOR_OFF,
			"%s by %s reads the enclave's secret", way, who());
	else if (other)
		doctor_say(doctor, id, DOCTOR_PARTLY, "%s by root reads the "
			"enclave's secret: it is not on secret memory", way);
	else
		doctor_promise(doctor, id, DOCTOR_ON, "%s by %s is refused (%s); "
			"the same reads an ordinary process", way, who(),
			error ? strerror(error) : "other bytes");
}

static void attach(struct doctor *doctor, const char *id, const char *what,
	pid_t pid, const struct doctor_target *target, bool is_cell)
{
	uint8_t got[sizeof(target->secret)];
	int read_error = 0;
	enum pry_attach result;

	result = pry_attach(pid, target->address, got, sizeof(got),
		&read_error);
	if (result == PRY_ATTACH_REFUSED)
		doctor_promise(doctor, id, DOCTOR_ON,
			"attaching a debugger to %s by %s is refused (%s)", what,
			who(), strerror(read_error));
	else if (geteuid())
		doctor_promise(doctor, id, DOCTOR_OFF,
			"this user can attach a debugger to %s", what);
	else if (is_cell && result == PRY_ATTACH_READ &&
			!memcmp(got, target->secret, sizeof(got)))
		doctor_say(doctor, id, DOCTOR_OFF,
			"root can attach a debugger to %s, and PEEK reads the "
			"secret", what);
	else
		doctor_say(doctor, id, DOCTOR_PARTLY,
			"root can attach a debugger to %s%s; machines made with "
			"`coffer run --ptrace-slot` keep it out of cells", what,
			is_cell ? "; PEEK does not show the secret, but who "
			"steps it sees registers" : "");
}

static void descriptors(struct doctor *doctor, const char *id,
	const char *what, pid_t pid)
{
	char name[128] = "";
	int memory, count;

	count = pry_descriptors(pid, &memory, name, sizeof(name));
	if (count < 0)
		doctor_promise(doctor, id, DOCTOR_ON,
			"the descriptors of %s are closed to %s (%s)", what, who(),
			strerror(-count));
	else if (geteuid())
		doctor_promise(doctor, id, DOCTOR_OFF,
			"this user can list the %d descriptors of %s", count,
			what);
	else if (memory)
		doctor_promise(doctor, id, DOCTOR_OFF,
			"%s holds %d descriptors of memory that root can take, "
			"such as %s", what, memory, name);
	else
		doctor_promise(doctor, id, DOCTOR_ON,
			"root lists %d descriptors of %s, none of which is memory",
			count, what);
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
	pry_id(id, sizeof(id), prefix, "seccomp");
	doctor_promise(doctor, id, status.seccomp == 2 ? DOCTOR_ON : DOCTOR_OFF,
		"%s runs %s", what, status.seccomp == 2 ?
		"under a system-call filter" : "without a system-call filter");
	pry_id(id, sizeof(id), prefix, "core-dumps");
	if (geteuid())
		doctor_promise(doctor, id, status.owned_by_root ? DOCTOR_ON :
			DOCTOR_OFF, "%s is %s, its core limit is %s", what,
			status.owned_by_root ? "non-dumpable" : "dumpable",
			status.core_limit ? "not 0" : "0");
	else
		doctor_say(doctor, id, status.core_limit ? DOCTOR_UNKNOWN :
			DOCTOR_ON, "the core limit of %s is %s (whether it is "
			"dumpable does not show to root)", what,
			status.core_limit ? "not 0" : "0");
	if (pid != target->cell)
		return;
	pry_id(id, sizeof(id), prefix, "ptrace-slot");
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
			strstr(name, "secretmem") ? "" : ", not as secret memory");
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
		{ "state-secret", "the processor says that its state and stacks "
			"are on secret memory", "the processor says that its state "
			"and stacks are on ordinary memory",
			DOOR_CPU_SECRET_STATE },
		{ "epc-secret", "the processor says that EPC pages are on secret "
			"memory, as far as RLIMIT_MEMLOCK allows", "the processor "
			"says that EPC pages are on ordinary memory",
			DOOR_CPU_SECRET_EPC },
		{ "text-sealed", "the processor says that its code is sealed",
			"the processor says that its code is not sealed",
			DOOR_CPU_SEALED_TEXT },
	};

	for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++)
		doctor_say(doctor, facts[i].id, DOCTOR_INFO, "%s",
			flags & facts[i].flag ? facts[i].on : facts[i].off);
}

void doctor_pry(struct doctor *doctor, const struct doctor_target *target)
{
	struct pry_control control;

	doctor_group(doctor, "enclave", geteuid() ?
		"A live enclave, pried at by this user (not root)" :
		"A live enclave, pried at with root's rights");
	if (!pry_control_start(&control)) {
		doctor_promise(doctor, "control", DOCTOR_UNKNOWN,
			"no process to compare with: %s", strerror(errno));
		return;
	}
	read_by(doctor, "proc-mem", "/proc/PID/mem", pry_proc_mem, target,
		&control);
	read_by(doctor, "vm-readv", "process_vm_readv", pry_vm_readv, target,
		&control);
	attach(doctor, "cell-ptrace", "the cell", target->cell, target, true);
	attach(doctor, "processor-ptrace", "the processor", target->processor,
		target, false);
	pry_control_stop(&control);
	descriptors(doctor, "cell-fds", "the cell", target->cell);
	descriptors(doctor, "processor-fds", "the processor",
		target->processor);
	mapping(doctor, target);
	text(doctor, target);
	status_of(doctor, "the cell", "cell", target->cell, target);
	status_of(doctor, "the processor", "processor", target->processor,
		target);
	said_by_processor(doctor, target->cpu_flags);
}
