/* SPDX-License-Identifier: MIT */
#include "vm_each.h"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define AT_A_TIME 8

struct work {
	const struct vm_each *each;
	const char *const *names;
	size_t count;
	json_t **objects; /* one for each; NULL without --json */
	pthread_mutex_t lock; /* of what follows, and of the output */
	size_t next;
	int status;
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

/* Of a driver that takes long to end. */
static void slow(void *ctx, const char *name, unsigned left_ms)
{
	struct work *work = ctx;

	pthread_mutex_lock(&work->lock);
	cli_error("%s takes long to end; its driver is killed in %u s, and "
		"with --force at once", name, (left_ms + 999) / 1000);
	pthread_mutex_unlock(&work->lock);
}

/* The next one's number, or count. */
static size_t take(struct work *work)
{
	size_t i = work->count;

	pthread_mutex_lock(&work->lock);
	if (work->next < work->count && !interrupted)
		i = work->next++;
	pthread_mutex_unlock(&work->lock);
	return i;
}

static void one(struct work *work, struct vms *vms, size_t i)
{
	struct vm_refusal refusal = { NULL, { "" } };
	const char *name = work->names[i];
	double from = now_ms();
	int r = work->each->run(vms, name, work->each->ctx, &refusal);
	json_t *object = NULL;

	if (work->objects)
		object = r ? vm_refusal_json(name, &refusal) :
			work->each->json(vms, name, now_ms() - from);
	pthread_mutex_lock(&work->lock);
	if (r)
		work->status = CLI_FAILED;
	if (work->objects)
		work->objects[i] = object;
	else if (r)
		vm_refused(&refusal);
	else
		printf(_(work->each->done), name);
	fflush(stdout);
	pthread_mutex_unlock(&work->lock);
}

static void run(struct work *work, struct vms *vms)
{
	struct vms_watch watch = { &interrupted, slow, work };
	size_t i;

	vms_watch(vms, &watch);
	while ((i = take(work)) < work->count)
		one(work, vms, i);
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

static json_t *report(struct work *work, double ms)
{
	json_t *array = json_array();

	for (size_t i = 0; i < work->next; i++)
		json_array_append_new(array, work->objects[i]);
	return json_pack("{s:o, s:f}", "machines", array, "ms", ms);
}

int vm_each(struct vms *vms, const char *const *names, size_t count,
	bool json, const struct vm_each *each)
{
	struct sigaction act = { .sa_handler = interrupt,
		.sa_flags = SA_RESETHAND };
	struct work work = { .each = each, .names = names, .count = count,
		.lock = PTHREAD_MUTEX_INITIALIZER };
	double from = now_ms();

	if (json)
		work.objects = calloc(count + 1, sizeof(*work.objects));
	if (json && !work.objects)
		return cli_error("out of memory");
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	run_all(&work, vms);
	if (work.next < count)
		work.status |= cli_error("interrupted: %zu of %zu machines "
			"are left as they were, the first of them %s",
			count - work.next, count, names[work.next]);
	if (json)
		work.status |= cli_print_json(report(&work, now_ms() - from));
	free(work.objects);
	return work.status;
}
