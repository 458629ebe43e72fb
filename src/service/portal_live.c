/* SPDX-License-Identifier: MIT */
#include "service/portal_live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PERIOD_MS 1000
#define LINGER_MS 5000 /* looks go on so long after the last question */
#define FIRST_MS 3000 /* how long the first one waits for a look */
#define ANSWER_MS 300 /* what a driver has to answer in */
#define RETRY_MS 10000 /* until a silent one is asked again */

/* The thread that looks writes what it has learnt under the lock, and reads it
 * without; others read under the lock.  It never waits for a driver with the
 * lock held. */
struct portal_live {
	struct portal *portal;
	pthread_t thread;
	bool running;
	struct vms *vms; /* the thread's */
	int64_t last; /* its last look, ms, monotonic; 0: none */

	pthread_mutex_t lock;
	pthread_cond_t wake, looked;
	bool stop;
	int64_t asked; /* ms, monotonic; 0: never */
	uint64_t number; /* of looks */
	int64_t time, period; /* of the newest: Unix ms; ms since the last */
	bool fresh; /* there is a look at all */
	struct live_machine **machines; /* as vm_list() orders them */
	size_t count;
	struct why why; /* why the newest look failed; "": it did not */
};

static int64_t now_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- one machine -------------------------------------------------------- */

static void let_go(struct portal_live *live, struct live_machine *m)
{
	pthread_mutex_lock(&live->lock);
	if (m->open)
		machine_close(&m->machine);
	m->open = false;
	free(m->enclaves);
	free(m->rates);
	m->enclaves = NULL;
	m->rates = NULL;
	m->count = 0;
	m->page_ins = m->page_outs = m->calls = m->aex = 0;
	memset(&m->info, 0, sizeof(m->info));
	pthread_mutex_unlock(&live->lock);
}

static double rate(uint64_t before, uint64_t now, double seconds)
{
	return now > before ? (double)(now - before) / seconds : 0;
}

/* Its numbers, and what they became since the look before. */
static int measure(struct portal_live *live, struct live_machine *m,
	double seconds)
{
	const struct wire_info *info = &m->machine.info;
	struct wire_enclave *enclaves, *old;
	struct rates *rates, *old_rates = m->rates;
	bool compare = !m->fresh && seconds > 0;
	double calls = 0, aex = 0;
	size_t count;
	int r = machine_list(&m->machine, &enclaves, &count, NULL);

	if (r)
		return r;
	rates = calloc(count + 1, sizeof(*rates));
	if (!rates) {
		free(enclaves);
		return -ENOMEM;
	}
	if (compare)
		rates_between(m->enclaves, m->count, enclaves, count, seconds,
			rates);
	for (size_t i = 0; i < count; i++) {
		calls += rates[i].calls;
		aex += rates[i].aex;
	}
	pthread_mutex_lock(&live->lock);
	m->page_ins = compare ? rate(m->info.page_ins, info->page_ins,
		seconds) : 0;
	m->page_outs = compare ? rate(m->info.page_outs, info->page_outs,
		seconds) : 0;
	m->calls = calls;
	m->aex = aex;
	m->info = *info;
	old = m->enclaves;
	m->enclaves = enclaves;
	m->rates = rates;
	m->count = count;
	m->fresh = m->silent = false;
	pthread_mutex_unlock(&live->lock);
	free(old);
	free(old_rates);
	return 0;
}

static void look_at(struct portal_live *live, struct live_machine *m,
	int64_t now, double seconds)
{
	bool runs = m->vm.power == VM_POWER_RUNNING;
	int r = 0;

	if (!runs || now < m->retry) {
		let_go(live, m);
		m->silent = m->silent && runs;
		return;
	}
	if (m->open) {
		r = machine_refresh(&m->machine, NULL);
	} else {
		r = machine_open_within(m->vm.name, ANSWER_MS, &m->machine,
			NULL);
		m->open = m->fresh = !r;
	}
	if (!r)
		r = measure(live, m, seconds);
	if (!r)
		return;
	let_go(live, m);
	/* Without a socket it is starting or ending; closed, it has ended. */
	m->silent = r != -ENOENT && r != -ECONNRESET && r != -EPIPE;
	if (m->silent)
		m->retry = now + RETRY_MS;
}

/* --- all of them -------------------------------------------------------- */

static void live_free(struct portal_live *live, struct live_machine *m)
{
	let_go(live, m);
	vm_free(&m->vm);
	free(m);
}

/* By the names' order, which is the list's. */
static struct live_machine *known(const struct portal_live *live,
	const char *name)
{
	size_t low = 0, high = live->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strverscmp(live->machines[middle]->vm.name, name);

		if (!order)
			return live->machines[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Under the lock, except at the end: these machines instead of those. */
static void publish(struct portal_live *live, struct live_machine **machines,
	size_t count, uint64_t number)
{
	struct live_machine **old = live->machines;
	size_t old_count = live->count;

	live->machines = machines;
	live->count = count;
	pthread_mutex_unlock(&live->lock);
	for (size_t i = 0; i < old_count; i++)
		if (old[i]->seen != number)
			live_free(live, old[i]);
	free(old);
	pthread_mutex_lock(&live->lock);
}

static int look(struct portal_live *live, struct why *why)
{
	int64_t now = now_ms(CLOCK_MONOTONIC);
	int64_t period = live->last ? now - live->last : 0;
	uint64_t number = live->number + 1;
	struct live_machine **machines;
	struct vm_list list;
	size_t count = 0;
	int r = live->vms ? 0 : vms_open(NULL, &live->vms, why);

	if (!r)
		r = vm_list(live->vms, NULL, false, &list, why);
	if (r)
		return r;
	machines = calloc(list.count + 1, sizeof(*machines));
	for (size_t i = 0; machines && i < list.count; i++) {
		struct live_machine *m = known(live, list.items[i].name);

		if (!m)
			m = calloc(1, sizeof(*m));
		if (!m)
			break; /* the rest is seen when there is memory */
		pthread_mutex_lock(&live->lock);
		vm_free(&m->vm);
		m->vm = list.items[i];
		pthread_mutex_unlock(&live->lock);
		memset(&list.items[i].conf, 0, sizeof(list.items[i].conf));
		m->seen = number;
		look_at(live, m, now, (double)period / 1000);
		machines[count++] = m;
	}
	vm_list_free(&list);
	if (!machines)
		return why_set(why, -ENOMEM, "out of memory");
	live->last = now;
	pthread_mutex_lock(&live->lock);
	live->number = number;
	live->time = now_ms(CLOCK_REALTIME);
	live->period = period;
	publish(live, machines, count, number);
	pthread_mutex_unlock(&live->lock);
	return 0;
}

/* Nobody looks any more. */
static void rest(struct portal_live *live)
{
	pthread_mutex_lock(&live->lock);
	live->fresh = false;
	publish(live, NULL, 0, live->number + 1);
	pthread_mutex_unlock(&live->lock);
	vms_close(live->vms);
	live->vms = NULL;
	live->last = 0;
}

/* Under the lock: until somebody asks, or another look is due. */
static void wait_for_look(struct portal_live *live)
{
	int64_t due = live->last ? live->last + PERIOD_MS : 0, now;
	struct timespec until;

	while (!live->stop) {
		now = now_ms(CLOCK_MONOTONIC);
		if (live->asked && now - live->asked <= LINGER_MS &&
				now >= due)
			return;
		if (live->last && (!live->asked || now - live->asked >
				LINGER_MS)) {
			pthread_mutex_unlock(&live->lock);
			rest(live);
			pthread_mutex_lock(&live->lock);
			due = 0;
			continue;
		}
		if (!live->last) {
			pthread_cond_wait(&live->wake, &live->lock);
			continue;
		}
		until = (struct timespec){ due / 1000, due % 1000 * 1000000 };
		pthread_cond_timedwait(&live->looked, &live->lock, &until);
	}
}

static void *watch(void *context)
{
	struct portal_live *live = context;

	pthread_mutex_lock(&live->lock);
	for (;;) {
		struct why why = { "" };
		int r;

		wait_for_look(live);
		if (live->stop)
			break;
		pthread_mutex_unlock(&live->lock);
		r = look(live, &why);
		if (r)
			live->last = now_ms(CLOCK_MONOTONIC);
		pthread_mutex_lock(&live->lock);
		live->why = why;
		live->fresh = true;
		pthread_cond_broadcast(&live->looked);
	}
	pthread_mutex_unlock(&live->lock);
	rest(live);
	return NULL;
}

/* --- answers ------------------------------------------------------------ */

/* Takes the lock, and keeps it when there is a look to show. */
static int await(struct portal_live *live, struct why *why)
{
	struct timespec until;
	int64_t end = now_ms(CLOCK_MONOTONIC) + FIRST_MS;
	int r = 0;

	until = (struct timespec){ end / 1000, end % 1000 * 1000000 };
	pthread_mutex_lock(&live->lock);
	live->asked = now_ms(CLOCK_MONOTONIC);
	pthread_cond_signal(&live->wake);
	while (!live->fresh && !r)
		r = pthread_cond_timedwait(&live->looked, &live->lock,
			&until);
	if (live->fresh && !*live->why.text)
		return 0;
	if (!live->fresh)
		r = why_set(why, -EBUSY, "looking at the machines takes long: "
			"ask again");
	else
		r = why_set(why, -EIO, "%s", live->why.text);
	pthread_mutex_unlock(&live->lock);
	return r;
}

static json_t *operations(const struct arm *arm)
{
	json_t *list = json_array();
	struct arm_op *ops;
	size_t count;

	if (arm_op_list(arm->ops, &ops, &count))
		return list;
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, "
			"s:s, s:I, s:I}", "id", ops[i].id, "machine",
			ops[i].name, "group", ops[i].group, "operation",
			arm_kind_name(ops[i].kind), "doing", ops[i].what,
			"done", (json_int_t)ops[i].done, "total",
			(json_int_t)ops[i].total));
	free(ops);
	return list;
}

static int all(struct portal_call *call)
{
	struct portal_live *live = call->portal->live;
	json_t *machines, *out;
	int r = await(live, &call->why);

	if (r)
		return r;
	machines = json_array();
	for (size_t i = 0; i < live->count; i++)
		json_array_append_new(machines,
			live_machine_json(live->machines[i]));
	out = json_pack("{s:I, s:I, s:f, s:o, s:o}", "look",
		(json_int_t)live->number, "time", (json_int_t)live->time,
		"seconds", (double)live->period / 1000, "total",
		live_total_json(live->machines, live->count), "machines",
		machines);
	pthread_mutex_unlock(&live->lock);
	json_object_set_new(out, "operations",
		operations(call->portal->arm));
	http_answer_json(call->answer, 200, out);
	return 0;
}

/* Under the lock.  What was made since the look is in the next. */
static struct live_machine *await_machine(struct portal_live *live,
	const char *name)
{
	int64_t end = now_ms(CLOCK_MONOTONIC) + FIRST_MS;
	struct timespec until = { end / 1000, end % 1000 * 1000000 };
	struct live_machine *m = known(live, name);
	uint64_t seen = live->number;
	int r = 0;

	while (!m && live->number == seen && !r)
		r = pthread_cond_timedwait(&live->looked, &live->lock,
			&until);
	return m ? m : known(live, name);
}

static int one(struct portal_call *call)
{
	struct portal_live *live = call->portal->live;
	const char *name = http_parameter(call->request, "name");
	struct live_machine *m;
	json_t *out = NULL;
	int r = await(live, &call->why);

	if (r)
		return r;
	m = await_machine(live, name);
	if (m)
		out = live_detail_json(m);
	if (out) {
		json_object_set_new(out, "time", json_integer(live->time));
		json_object_set_new(out, "look", json_integer(
			(json_int_t)live->number));
	}
	pthread_mutex_unlock(&live->lock);
	if (!out)
		return why_set(&call->why, -ENOENT, "there is no virtual "
			"machine %.80s", name);
	http_answer_json(call->answer, 200, out);
	return 0;
}

static int info(struct portal_call *call)
{
	http_answer_json(call->answer, 200, json_pack("{s:s, s:s, s:s, s:s, "
		"s:s, s:s}", "version", COFFER_VERSION, "subscription",
		call->portal->arm->subscription, "location", ARM_LOCATION,
		"right", call->right == PORTAL_WRITE ? "read-write" :
		"read-only", "url", call->url, "root", "software"));
	return 0;
}

static const struct portal_verb verbs[] = {
	{ "GET", "/portal/info", PORTAL_READ, 0, info },
	{ "GET", "/portal/live", PORTAL_READ, 0, all },
	{ "GET", "/portal/machines/{name}", PORTAL_READ, 0, one },
};

/* --- opening ------------------------------------------------------------ */

int portal_live_open(struct portal *portal, struct why *why)
{
	struct portal_live *live = calloc(1, sizeof(*live));
	pthread_condattr_t kind;
	int r;

	portal->live = live;
	if (!live)
		return why_set(why, -ENOMEM, "out of memory");
	live->portal = portal;
	pthread_mutex_init(&live->lock, NULL);
	pthread_condattr_init(&kind);
	pthread_condattr_setclock(&kind, CLOCK_MONOTONIC);
	pthread_cond_init(&live->wake, &kind);
	pthread_cond_init(&live->looked, &kind);
	pthread_condattr_destroy(&kind);
	r = pthread_create(&live->thread, NULL, watch, live);
	if (r)
		return why_set(why, -r, "no thread could be made");
	live->running = true;
	r = portal_verbs(portal, verbs, sizeof(verbs) / sizeof(*verbs));
	if (!r)
		r = portal_machine_verbs(portal);
	return r ? why_set(why, r, "the portal's routes do not fit in") : 0;
}

void portal_live_close(struct portal *portal)
{
	struct portal_live *live = portal->live;

	if (!live)
		return;
	pthread_mutex_lock(&live->lock);
	live->stop = true;
	pthread_cond_broadcast(&live->wake);
	pthread_cond_broadcast(&live->looked);
	pthread_mutex_unlock(&live->lock);
	if (live->running)
		pthread_join(live->thread, NULL);
	pthread_cond_destroy(&live->wake);
	pthread_cond_destroy(&live->looked);
	pthread_mutex_destroy(&live->lock);
	free(live);
	portal->live = NULL;
}
