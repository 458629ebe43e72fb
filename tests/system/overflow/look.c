/* SPDX-License-Identifier: MIT */
#include "look.h"
#include "support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool look_machine(struct wire_info *info, struct wire_enclave **items,
	size_t *count)
{
	struct machine machine;
	struct why why = { "" };
	bool ok;

	if (machine_open("default", &machine, &why))
		return false;
	*info = machine.info;
	ok = !items || !machine_list(&machine, items, count, &why);
	machine_close(&machine);
	return ok;
}

static long kib_line(const char *path, const char *name)
{
	size_t length = strlen(name);
	char line[256];
	long kib = -1;
	FILE *f = fopen(path, "re");

	while (f && kib < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, length) && line[length] == ':')
			kib = atol(line + length + 1);
	if (f)
		fclose(f);
	return kib;
}

long look_meminfo(const char *name)
{
	return kib_line("/proc/meminfo", name);
}

long look_status(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return kib_line(path, name);
}

const char *look_empty(unsigned milliseconds)
{
	static char text[160];
	unsigned long long end = world_clock() + milliseconds;
	struct wire_info info;

	do {
		/* One that has ended holds nothing either. */
		if (!look_machine(&info, NULL, NULL))
			return NULL;
		if (!info.enclaves && !info.epc_used && !info.swap_pages &&
		    !info.storage)
			return NULL;
		snprintf(text, sizeof(text), "%u enclaves, %llu EPC pages, "
			"%llu pages of memory, %llu evicted pages",
			info.enclaves, (unsigned long long)info.epc_used,
			(unsigned long long)info.storage,
			(unsigned long long)info.swap_pages);
		world_nap(5);
	} while (world_clock() < end);
	return text;
}
