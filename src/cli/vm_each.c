/* SPDX-License-Identifier: MIT */
#include "vm_each.h"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define AT_A_TIME 8

struct item {
	const char *name;
	char set[64]; /* that is to be spared; "": none */
	enum { WAITS, UNDER_WAY, DONE, SAID } state;
	int r;
	struct vm_refusal refusal; /* when r */
	json_t *object; /* with --json */
};

struct work {
	const struct vm_each *each;
	bool json;
	struct item *items;
	size_t count;
	pthread_mutex_t lock; /* of what follows, of states and of the output */
	pthread_cond_t changed;
	size_t said; /* all before this one are said */
	bool in_order;
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

static void say(struct work *work, struct item *item)
{
	item->state = SAID;
	if (work->json)
		return;
	if (item->r)
		vm_refused(&item->refusal);
	else
		printf(_(work->each->done), item->name);
	fflush(stdout);
}

/* Under the lock: of those that are done. */
static void say_all(struct work *work)
{
	for (size_t i = work->said; i < work->count; i++) {
		if (work->items[i].state == DONE)
			say(work, &work->items[i]);
		if (work->items[i].state == SAID && work->said == i)
			work->said++;
		else if (work->in_order)
			return;
	}
}

/* Of a driver that takes long to end. */
static void slow(void *ctx, const char *name, unsigned left_ms)
{
	struct work *work = ctx;

	pthread_mutex_lock(&work->lock);
	cli_error("%s takes long to end; its driver is killed in %u s, and "
		"with --force at once", name, (left_ms + 999) / 1000);
	work->in_order = false;
	say_all(work);
	pthread_mutex_unlock(&work->lock);
}

/* Is one of its set away? */
static bool must_wait(const struct work *work, const struct item *item)
{
	for (size_t i = 0; *item->set && i < work->count; i++)
		if (work->items[i].state == UNDER_WAY &&
				!strcmp(work->items[i].set, item->set))
			return true;
	return false;
}

/* The next one, or NULL when there is none any more. */
static struct item *take(struct work *work)
{
	struct item *found = NULL;
	bool wait = true;

	pthread_mutex_lock(&work->lock);
	while (!found && wait && !interrupted) {
		wait = false;
		for (size_t i = work->said; !found && i < work->count; i++) {
			if (work->items[i].state != WAITS)
				continue;
			wait = true;
			if (!must_wait(work, &work->items[i]))
				found = &work->items[i];
		}
		if (!found && wait)
			pthread_cond_wait(&work->changed, &work->lock);
	}
	if (found)
		found->state = UNDER_WAY;
	pthread_mutex_unlock(&work->lock);
	return found;
}

static void one(struct work *work, struct vms *vms, struct item *item)
{
	const struct vm_each *each = work->each;
	double from = now_ms();

	item->r = each->run(vms, item->name, each->ctx, &item->refusal);
	if (work->json)
		item->object = item->r ? vm_refusal_json(item->name,
			&item->refusal) : each->json(vms, item->name,
			now_ms() - from);
	pthread_mutex_lock(&work->lock);
	item->state = DONE;
	say_all(work);
	pthread_cond_broadcast(&work->changed);
	pthread_mutex_unlock(&work->lock);
}

static void run(struct work *work, struct vms *vms)
{
	struct vms_watch watch = { &interrupted, slow, work };
	struct item *item;

	vms_watch(vms, &watch);
	while ((item = take(work)))
		one(work, vms, item);
}

static void *helper(void *ctx)
{
	struct vms *vms;

	/* The others do its part where it cannot. */
	if (vms_open(NULL, &vms, NULL))
		return NULL;
	run(ctx, vms);
	vms_close(vms);
	return NULL;
}

static void run_all(struct work *work, struct vms *vms)
{
	pthread_t helpers[AT_A_TIME - 1];
	size_t count = 0;

	while (count < AT_A_TIME - 1 && count + 1 < work->count &&
			!pthread_create(&helpers[count], NULL, helper, work))
		count++;
	run(work, vms);
	while (count)
		pthread_join(helpers[--count], NULL);
}

/* What was left out is not among them. */
static json_t *report(const struct work *work, double ms)
{
	json_t *array = json_array();

	for (size_t i = 0; i < work->count; i++)
		if (work->items[i].object)
			json_array_append_new(array, work->items[i].object);
	return json_pack("{s:o, s:f}", "machines", array, "ms", ms);
}

static struct item *list(struct vms *vms, const char *const *names,
	size_t count, bool spare_sets)
{
	struct item *items = calloc(count + 1, sizeof(*items));
	struct vm vm;

	for (size_t i = 0; items && i < count; i++) {
		items[i].name = names[i];
		if (!spare_sets || vm_look(vms, names[i], &vm, NULL))
			continue;
		strcpy(items[i].set, vm.conf.set);
		vm_free(&vm);
	}
	return items;
}

/* The status of it all, after a message about what was left out. */
static int judge(const struct work *work)
{
	const char *first = NULL;
	size_t left = 0;
	int status = CLI_OK;

	for (size_t i = 0; i < work->count; i++) {
		const struct item *item = &work->items[i];

		if (item->state == WAITS && !left++)
			first = item->name;
		if (item->state != WAITS && item->r)
			status = CLI_FAILED;
	}
	return left ? cli_error("interrupted: %zu of %zu machines are left as "
		"they were, the first of them %s", left, work->count, first) :
		status;
}

int vm_each(struct vms *vms, const char *const *names, size_t count,
	bool json, const struct vm_each *each)
{
	struct sigaction act = { .sa_handler = interrupt,
		.sa_flags = SA_RESETHAND };
	struct work work = { .each = each, .json = json, .count = count,
		.lock = PTHREAD_MUTEX_INITIALIZER, .in_order = true,
		.changed = PTHREAD_COND_INITIALIZER,
		.items = list(vms, names, count, each->spare_sets) };
	double from = now_ms();
	int status;

	if (!work.items)
		return cli_error("out of memory");
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	run_all(&work, vms);
	status = judge(&work);
	if (json)
		status |= cli_print_json(report(&work, now_ms() - from));
	free(work.items);
	return status;
}
