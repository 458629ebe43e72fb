/* SPDX-License-Identifier: MIT */
/* `coffer vm start`, `coffer vm stop` and `coffer vm restart`. */
#include "vm_each.h"
#include <string.h>

struct order {
	const char *verb;
	struct vm_each each;
	bool deallocate, force, json;
};

/* ---- one ---- */

static int start(struct vms *vms, const char *name, void *ctx,
	struct vm_refusal *refusal)
{
	return vm_start(vms, name, refusal);
}

static unsigned flags(const struct order *order)
{
	return (order->deallocate ? VM_DEALLOCATE : 0) |
		(order->force ? VM_FORCE : 0);
}

static int stop(struct vms *vms, const char *name, void *ctx,
	struct vm_refusal *refusal)
{
	return vm_stop(vms, name, flags(ctx), refusal);
}

static int restart(struct vms *vms, const char *name, void *ctx,
	struct vm_refusal *refusal)
{
	return vm_restart(vms, name, flags(ctx), refusal);
}

/* The state is the one that it has now, not the one that was asked for. */
static json_t *result(struct vms *vms, const char *name, double ms)
{
	struct vm_refusal refusal;
	json_t *object;
	struct vm vm;

	if (vm_get(vms, name, &vm, &refusal))
		return vm_refusal_json(name, &refusal);
	object = json_pack("{s:s, s:s, s:f}", "name", name, "power",
		vm_power_name(vm.power), "ms", ms);
	vm_free(&vm);
	return object;
}

/* ---- all that were named ---- */

static int run(int argc, char **argv, struct order *order)
{
	struct vm_targets targets;
	const struct vm_option options[] = {
		{ "--json", .flag = &order->json },
		{ "--set", .text = &targets.set },
		{ "--all", .flag = &targets.all },
		/* The first that a command does not have ends them. */
		{ strcmp(order->verb, "start") ? "--force" : NULL,
			.flag = &order->force },
		{ strcmp(order->verb, "stop") ? NULL : "--deallocate",
			.flag = &order->deallocate },
		{ .name = NULL },
	};
	struct vms *vms;
	int r = vm_targets_parse(argc, argv, options, false, &targets);

	if (r)
		return r;
	order->each.ctx = order;
	order->each.json = result;
	if (order->deallocate)
		order->each.done = N_("%s is deallocated\n");
	vms = vm_inventory();
	if (!vms) {
		vm_targets_free(&targets);
		return CLI_FAILED;
	}
	r = vm_targets_load(vms, &targets);
	if (!r)
		r = vm_each(vms, targets.names, targets.count, order->json,
			&order->each);
	vm_targets_free(&targets);
	vms_close(vms);
	return r;
}

int vm_cmd_start(int argc, char **argv)
{
	return run(argc, argv, &(struct order){ .verb = "start",
		.each = { .done = N_("%s is running\n"), .run = start } });
}

int vm_cmd_stop(int argc, char **argv)
{
	return run(argc, argv, &(struct order){ .verb = "stop",
		.each = { .done = N_("%s is stopped\n"), .run = stop } });
}

int vm_cmd_restart(int argc, char **argv)
{
	return run(argc, argv, &(struct order){ .verb = "restart",
		.each = { .done = N_("%s is running again\n"),
			.run = restart, .spare_sets = true } });
}
