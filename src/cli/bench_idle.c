/* SPDX-License-Identifier: MIT */
#include "bench_idle.h"
#include "bench_stat.h"
#include "bench_u.h"
#include "cli.h"
#include "common/paths.h"
#include "vm/machine.h"
#include <time.h>
#include <unistd.h>

#define SETTLE_MS 300 /* for spinning threads to go to sleep */
#define WATCH_MS 1000

static void nap(unsigned int ms)
{
	const struct timespec time = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

static bool cpu_ns(pid_t pid, uint64_t *ns)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &used))
		return false;
	*ns += (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
	return true;
}

static bool all_ns(const struct machine *machine,
	const struct wire_enclave *enclave, uint64_t *ns)
{
	*ns = 0;
	return cpu_ns((pid_t)enclave->cell_pid, ns) &&
		cpu_ns((pid_t)machine->info.cpu_pid, ns) &&
		cpu_ns((pid_t)machine->info.cofferd_pid, ns);
}

bool bench_idle(oe_enclave_t *enclave, double *percent)
{
	struct wire_enclave item;
	struct machine machine;
	struct why why = { "" };
	uint64_t before, after, start;
	const char *vm;
	bool ok;

	if (paths_vm_name(&vm, &why) || machine_open(vm, &machine, &why)) {
		cli_error("idle use is not measured: %s", why.text);
		return false;
	}
	ok = !machine_find(&machine, (uint32_t)getpid(), &item, &why);
	if (!ok)
		cli_error("idle use is not measured: %s", why.text);
	/* A last call, so that it is seen to go to sleep after one. */
	ok = ok && bench_empty(enclave) == OE_OK;
	if (ok) {
		nap(SETTLE_MS);
		start = bench_now();
		ok = all_ns(&machine, &item, &before);
		nap(WATCH_MS);
		ok = ok && all_ns(&machine, &item, &after);
		if (ok)
			*percent = 100.0 * (double)(after - before) /
				(double)(bench_now() - start);
		else
			cli_error("idle use is not measured: the processor "
				"times of the machine's processes are hidden");
	}
	machine_close(&machine);
	return ok;
}
