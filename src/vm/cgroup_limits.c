/* SPDX-License-Identifier: MIT */
#include "vm/cgroup_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PERIOD_USEC 100000u

void cgroup_size(const struct vmconf_size *size, struct cgroup_limits *limits)
{
	limits->vcpus = size->vcpus;
	limits->memory = (uint64_t)size->memory_gib << 30;
}

void cgroup_box(struct cgroup_limits *box)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

	box->vcpus = processors > 0 ? (unsigned)processors : 1;
	box->memory = pages > 0 && size > 0 ?
		(uint64_t)pages * (uint64_t)size : 0;
}

/* Whole pages, as the kernel keeps it. */
static uint64_t whole(uint64_t memory)
{
	return memory & ~((uint64_t)sysconf(_SC_PAGESIZE) - 1);
}

static void add(struct why *why, const char *text)
{
	size_t used = strlen(why->text);

	snprintf(why->text + used, sizeof(why->text) - used, "%s%s",
		used ? "; " : "", text);
}

int cgroup_limits_write(const char *folder, const struct cgroup_limits *limits,
	struct cgroup_place *applied)
{
	struct cgroup_limits box;
	struct why reason;
	char text[64];
	int r;

	applied->cpu = applied->memory = false;
	if (limits->vcpus)
		snprintf(text, sizeof(text), "%u %u",
			limits->vcpus * PERIOD_USEC, PERIOD_USEC);
	else
		snprintf(text, sizeof(text), "max %u", PERIOD_USEC);
	r = cgroup_write(folder, "cpu.max", text);
	if (r && r != -ENOENT) {
		why_set(&reason, r, "vCPUs are not limited: cpu.max does not "
			"take \"%s\": %s", text, strerror(-r));
		add(&applied->why, reason.text);
	}
	if (limits->memory)
		snprintf(text, sizeof(text), "%" PRIu64,
			whole(limits->memory));
	else
		strcpy(text, "max");
	r = cgroup_write(folder, "memory.max", text);
	if (r && r != -ENOENT) {
		why_set(&reason, r, "memory is not limited: memory.max does "
			"not take \"%s\": %s", text, strerror(-r));
		add(&applied->why, reason.text);
	}
	/* What a machine has is memory: it does not grow into the box's swap.
	 * Where the box has less than the machine, swap is all there is. */
	cgroup_box(&box);
	cgroup_write(folder, "memory.swap.max", limits->memory &&
		limits->memory <= box.memory ? "0" : "max");
	cgroup_limits_check(folder, limits, applied);
	return 0;
}

int cgroup_limits_read(const char *folder, struct cgroup_limits *limits)
{
	char text[64];
	uint64_t quota, period = PERIOD_USEC, memory;
	char *end;

	memset(limits, 0, sizeof(*limits));
	if (access(folder, F_OK))
		return -ENOENT;
	if (!cgroup_read(folder, "cpu.max", text, sizeof(text)) &&
	    strncmp(text, "max", 3)) {
		quota = strtoull(text, &end, 10);
		if (*end == ' ')
			period = strtoull(end + 1, NULL, 10);
		/* Somebody else may have written a part of a processor. */
		if (period)
			limits->vcpus = (unsigned)((quota + period - 1) /
				period);
	}
	if (!cgroup_number(folder, "memory.max", NULL, &memory) &&
	    memory != UINT64_MAX)
		limits->memory = memory;
	return 0;
}

void cgroup_limits_check(const char *folder,
	const struct cgroup_limits *limits, struct cgroup_place *applied)
{
	struct cgroup_limits have;

	cgroup_limits_read(folder, &have);
	applied->cpu = limits->vcpus && have.vcpus == limits->vcpus;
	applied->memory = limits->memory &&
		have.memory == whole(limits->memory);
	snprintf(applied->path, sizeof(applied->path), "%s", folder);
}
