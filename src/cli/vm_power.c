/* SPDX-License-Identifier: MIT */
/* `coffer vm start`, `coffer vm stop` and `coffer vm restart`. */
#include "vm_cli.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct order {
	const char *verb, *done; /* "start", "%s is running\n" */
	int (*run)(struct vms *, const char *name, const struct order *,
		struct vm_refusal *);
	bool deallocate, json;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	interrupted = 1;
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* ---- one ---- */

static int start(struct vms *vms, const char *name, const struct order *order,
	struct vm_refusal *refusal)
{
	return vm_start(vms, name, refusal);
}

static int stop(struct vms *vms, const char *name, const struct order *order,
	struct vm_refusal *refusal)
{
	return vm_stop(vms, name, order->deallocate, refusal);
}

static int restart(struct vms *vms, const char *name,
	const struct order *order, struct vm_refusal *refusal)
{
	return vm_restart(vms, name, refusal);
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

/* array: where results go with --json, else NULL. */
static int one(struct vms *vms, const char *name, const struct order *order,
	json_t *array)
{
	struct vm_refusal refusal = { NULL, { "" } };
	double from = now_ms();
	int r = order->run(vms, name, order, &refusal);

	if (array)
		json_array_append_new(array, r ? vm_refusal_json(name,
			&refusal) : result(vms, name, now_ms() - from));
	else if (r)
		vm_refused(&refusal);
	else
		printf(_(order->done), name);
	return r ? CLI_FAILED : CLI_OK;
}

/* ---- all that were named ---- */

static int run_all(struct vms *vms, const struct vm_targets *targets,
	const struct order *order)
{
	/* After the machine that is being worked at; a second one ends us at
	 * once, and no harm comes of that either. */
	struct sigaction act = { .sa_handler = interrupt,
		.sa_flags = SA_RESETHAND };
	json_t *array = order->json ? json_array() : NULL;
	int r = CLI_OK;
	size_t i;

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	for (i = 0; i < targets->count && !interrupted; i++) {
		r |= one(vms, targets->names[i], order, array);
		fflush(stdout);
	}
	if (i < targets->count)
		r |= cli_error("interrupted: %zu of %zu machines are left as "
			"they were, the first of them %s", targets->count - i,
			targets->count, targets->names[i]);
	if (array)
		r |= cli_print_json(json_pack("{s:o}", "machines", array));
	return r;
}

static int run(int argc, char **argv, struct order *order)
{
	struct vm_targets targets;
	const struct vm_option options[] = {
		{ "--json", .flag = &order->json },
		{ "--set", .text = &targets.set },
		{ "--all", .flag = &targets.all },
		/* Last: only `stop` has it. */
		{ strcmp(order->verb, "stop") ? NULL : "--deallocate",
			.flag = &order->deallocate },
		{ .name = NULL },
	};
	struct vms *vms;
	int r = vm_targets_parse(argc, argv, options, false, &targets);

	if (r)
		return r;
	if (order->deallocate)
		order->done = N_("%s is deallocated\n");
	vms = vm_inventory();
	if (!vms)
		return CLI_FAILED;
	r = vm_targets_load(vms, &targets);
	if (!r)
		r = run_all(vms, &targets, order);
	vm_targets_free(&targets);
	vms_close(vms);
	return r;
}

int vm_cmd_start(int argc, char **argv)
{
	return run(argc, argv, &(struct order){ .verb = "start",
		.done = N_("%s is running\n"), .run = start });
}

int vm_cmd_stop(int argc, char **argv)
{
	return run(argc, argv, &(struct order){ .verb = "stop",
		.done = N_("%s is stopped\n"), .run = stop });
}

int vm_cmd_restart(int argc, char **argv)
{
	return run(argc, argv, &(struct order){ .verb = "restart",
		.done = N_("%s is running again\n"), .run = restart });
}
