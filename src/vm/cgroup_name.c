/* SPDX-License-Identifier: MIT */
#include "vm/cgroup_priv.h"

#include "common/paths.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "coffer-"

void cgroup_id(const char *state, char id[9])
{
	char real[PATH_MAX];
	uint32_t hash = 2166136261u; /* FNV-1a */

	/* Not made yet: what it will be called has to do. */
	if (realpath(state, real))
		state = real;
	for (; *state; state++)
		hash = (hash ^ (unsigned char)*state) * 16777619u;
	snprintf(id, 9, "%08x", hash);
}

static void swap(char *text, char from, char to)
{
	for (; *text; text++)
		if (*text == from)
			*text = to;
}

void cgroup_name(const char *id, const char *vm, char *name, size_t size)
{
	int n = snprintf(name, size, PREFIX "%s-", id);

	snprintf(name + n, size - (size_t)n, "%s", vm);
	swap(name + n, '-', '_');
}

bool cgroup_name_vm(const char *id, const char *name, size_t length,
	char vm[64])
{
	size_t head = strlen(PREFIX) + 9;

	if (length <= head || length - head > 63 || name[head - 1] != '-' ||
	    strncmp(name, PREFIX, strlen(PREFIX)) ||
	    strncmp(name + strlen(PREFIX), id, 8))
		return false;
	memcpy(vm, name + head, length - head);
	vm[length - head] = '\0';
	if (strchr(vm, '-'))
		return false;
	swap(vm, '_', '-');
	return paths_name_ok(vm);
}

bool cgroup_name_any(const char *name)
{
	const char *id = name + strlen(PREFIX);
	char vm[64];

	return !strncmp(name, PREFIX, strlen(PREFIX)) &&
		strspn(id, "0123456789abcdef") == 8 &&
		cgroup_name_vm(id, name, strlen(name), vm);
}
