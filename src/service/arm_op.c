/* SPDX-License-Identifier: MIT */
/*
 * Operations: a queue, threads that work on it, and what became of each.
 * One is at a machine at a time.  What has ended is remembered for an hour,
 * unless too many others have ended since.
 */
#include "service/arm.h"

#include "common/log.h"
#include "service/hex.h"
#include <errno.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define WORKERS 4
#define WAITING_MAX 256u /* that have not ended */
#define KEPT_MAX 1024u /* that have */
#define KEPT_SECONDS 3600
#define WATCHING_MAX 2u /* callers that wait for one; threads are four or more */

struct item {
	struct item *next;
	struct arm_op op;
	json_t *tags;
	char etag[ARM_ETAG_SIZE]; /* "": any */
	bool set_tags, begun;
	struct arm_ops *ops;
};

struct arm_ops {
	struct service *service;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct item *items; /* oldest first */
	unsigned waiting, kept, watching;
	bool stop;
	volatile sig_atomic_t cancel; /* the same, for vm_create() */
	pthread_t workers[WORKERS];
	unsigned worker_count;
};

static const char *const names[] = { "create", "update", "delete", "start",
	"stop", "deallocate", "restart" };
static const char *const states[] = { "Creating", "Updating", "Deleting",
	"Updating", "Updating", "Updating", "Updating" };

const char *arm_kind_name(enum arm_kind kind)
{
	return names[kind];
}

const char *arm_kind_state(enum arm_kind kind)
{
	return states[kind];
}

/* --- the work ----------------------------------------------------------- */

static void progress(void *context, const char *name, const char *what,
	size_t done, size_t total)
{
	struct item *item = context;

	pthread_mutex_lock(&item->ops->lock);
	item->op.checked = true;
	snprintf(item->op.what, sizeof(item->op.what), "%s", what);
	item->op.done = done;
	item->op.total = total;
	pthread_cond_broadcast(&item->ops->changed);
	pthread_mutex_unlock(&item->ops->lock);
}

/* With room for so many more. */
static struct vm_tag *tags_of(const json_t *object, size_t more,
	size_t *count)
{
	size_t size = json_object_size(object);
	struct vm_tag *tags = calloc(size + more + 1, sizeof(*tags));
	const char *key;
	json_t *value;

	*count = 0;
	json_object_foreach((json_t *)(uintptr_t)object, key, value)
		if (tags && *count < size)
			tags[(*count)++] = (struct vm_tag){ key,
				json_string_value(value) };
	return tags;
}

static int out_of_memory(struct vm_refusal *refusal)
{
	refusal->code = "InternalError";
	return why_set(&refusal->why, -ENOMEM, "out of memory");
}

static int create(struct vms *vms, struct item *item,
	struct vm_refusal *refusal)
{
	struct vm_order order = { .name = item->op.name,
		.size = item->op.size, .zones = &item->op.zone,
		.zone_count = item->op.zone != 0,
		.cancel = &item->ops->cancel };
	struct vm_tag *tags = tags_of(item->tags, 0,
		&order.tag_count);
	int r;

	if (!tags)
		return out_of_memory(refusal);
	order.tags = tags;
	r = vm_create(vms, &order, progress, item, refusal);
	free(tags);
	return r;
}

/* Sets those of the list, removes what it has besides. */
static int set_tags(struct vms *vms, struct item *item,
	struct vm_refusal *refusal)
{
	size_t count, all;
	struct vm_tag *tags;
	struct vm vm;
	int r = vm_look(vms, item->op.name, &vm, refusal);

	if (r)
		return r;
	tags = tags_of(item->tags, vm.conf.tag_count, &count);
	if (!tags) {
		vm_free(&vm);
		return out_of_memory(refusal);
	}
	all = count;
	for (size_t i = 0; i < vm.conf.tag_count; i++) {
		bool kept = false;

		for (size_t k = 0; k < count; k++)
			kept = kept || !strcasecmp(tags[k].key,
				vm.conf.tags[i].key);
		if (!kept)
			tags[all++] = (struct vm_tag){ vm.conf.tags[i].key,
				NULL };
	}
	r = all ? vm_set_tags(vms, item->op.name, tags, all, refusal) : 0;
	free(tags);
	vm_free(&vm);
	return r;
}

static int update(struct vms *vms, struct item *item,
	struct vm_refusal *refusal)
{
	int r = item->op.size ? vm_resize(vms, item->op.name, item->op.size,
		VM_EPC_SAME, refusal) : 0;

	return r || !item->set_tags ? r : set_tags(vms, item, refusal);
}

/* Is the machine still the one that was asked about?  It may have changed
 * since, by another command. */
static int check_etag(struct vms *vms, struct item *item,
	struct vm_refusal *refusal)
{
	char etag[ARM_ETAG_SIZE];
	struct vm vm;
	int r = vm_look(vms, item->op.name, &vm, refusal);

	if (r)
		return r;
	arm_etag(&vm, etag);
	vm_free(&vm);
	if (!strcmp(etag, item->etag))
		return 0;
	refusal->code = "PreconditionFailed";
	return why_set(&refusal->why, -ESTALE, "If-Match: the machine has "
		"changed meanwhile: look at it again");
}

static int carry_out(struct item *item, struct vm_refusal *refusal)
{
	const char *name = item->op.name;
	struct vms *vms;
	int r = vms_open(NULL, &vms, &refusal->why);

	if (r) {
		refusal->code = "InternalError";
		return r;
	}
	if (*item->etag && (r = check_etag(vms, item, refusal))) {
		vms_close(vms);
		return r;
	}
	switch (item->op.kind) {
	case ARM_CREATE:
		r = create(vms, item, refusal);
		break;
	case ARM_UPDATE:
		r = update(vms, item, refusal);
		break;
	case ARM_DELETE:
		r = vm_delete(vms, name, true, refusal);
		break;
	case ARM_START:
		r = vm_start(vms, name, refusal);
		break;
	case ARM_STOP:
	case ARM_DEALLOCATE:
		r = vm_stop(vms, name, item->op.kind == ARM_DEALLOCATE ?
			VM_DEALLOCATE : 0, refusal);
		break;
	case ARM_RESTART:
		r = vm_restart(vms, name, 0, refusal);
		break;
	}
	vms_close(vms);
	return r;
}

/* --- the queue ---------------------------------------------------------- */

static void item_free(struct item *item)
{
	json_decref(item->tags);
	free(item);
}

/* Under the lock: forgets what ended long ago. */
static void forget(struct arm_ops *ops)
{
	int64_t now = service_now(ops->service);
	struct item **link = &ops->items, *item;

	while ((item = *link)) {
		if (!item->op.ended || (ops->kept <= KEPT_MAX &&
				now - item->op.end < KEPT_SECONDS)) {
			link = &item->next;
			continue;
		}
		*link = item->next;
		ops->kept--;
		item_free(item);
	}
}

static struct item *next_item(struct arm_ops *ops)
{
	for (struct item *item = ops->items; item; item = item->next)
		if (!item->begun)
			return item;
	return NULL;
}

static void finish(struct arm_ops *ops, struct item *item, int r,
	const struct vm_refusal *refusal)
{
	struct arm_op *op = &item->op;

	if (r) {
		op->code = refusal->code ? refusal->code : "InternalError";
		snprintf(op->message, sizeof(op->message), "%s",
			refusal->why.text);
	}
	op->what[0] = '\0';
	op->end = service_now(ops->service);
	op->checked = op->ended = true;
	ops->waiting--;
	ops->kept++;
	forget(ops);
	pthread_cond_broadcast(&ops->changed);
}

static void *work(void *context)
{
	struct arm_ops *ops = context;
	struct item *item;

	pthread_mutex_lock(&ops->lock);
	while (!ops->stop) {
		struct vm_refusal refusal = { NULL, { "" } };
		int r;

		item = next_item(ops);
		if (!item) {
			pthread_cond_wait(&ops->changed, &ops->lock);
			continue;
		}
		item->begun = true;
		pthread_mutex_unlock(&ops->lock);
		r = carry_out(item, &refusal);
		/* The reason may hold what a client has sent. */
		log_info("operation %s: %s", arm_kind_name(item->op.kind),
			r ? refusal.code ? refusal.code : "failed" : "done");
		pthread_mutex_lock(&ops->lock);
		finish(ops, item, r, &refusal);
	}
	pthread_mutex_unlock(&ops->lock);
	return NULL;
}

int arm_ops_open(struct service *service, struct arm_ops **out,
	struct why *why)
{
	struct arm_ops *ops = calloc(1, sizeof(*ops));
	pthread_condattr_t kind;

	*out = NULL;
	if (!ops)
		return why_set(why, -ENOMEM, "out of memory");
	ops->service = service;
	pthread_mutex_init(&ops->lock, NULL);
	pthread_condattr_init(&kind);
	pthread_condattr_setclock(&kind, CLOCK_MONOTONIC);
	pthread_cond_init(&ops->changed, &kind);
	pthread_condattr_destroy(&kind);
	while (ops->worker_count < WORKERS && !pthread_create(
			&ops->workers[ops->worker_count], NULL, work, ops))
		ops->worker_count++;
	if (!ops->worker_count) {
		arm_ops_close(ops);
		return why_set(why, -EAGAIN, "no thread could be made");
	}
	*out = ops;
	return 0;
}

void arm_ops_close(struct arm_ops *ops)
{
	struct item *next;

	if (!ops)
		return;
	pthread_mutex_lock(&ops->lock);
	ops->stop = true;
	ops->cancel = 1;
	pthread_cond_broadcast(&ops->changed);
	pthread_mutex_unlock(&ops->lock);
	for (unsigned i = 0; i < ops->worker_count; i++)
		pthread_join(ops->workers[i], NULL);
	for (struct item *item = ops->items; item; item = next) {
		next = item->next;
		item_free(item);
	}
	pthread_cond_destroy(&ops->changed);
	pthread_mutex_destroy(&ops->lock);
	free(ops);
}

/* --- asked for ---------------------------------------------------------- */

static struct item *item_new(struct arm_ops *ops,
	const struct arm_work *what)
{
	struct item *item = calloc(1, sizeof(*item));
	uint8_t random[16];

	if (!item || RAND_bytes(random, sizeof(random)) != 1) {
		free(item);
		return NULL;
	}
	hex_write(random, sizeof(random), item->op.id);
	item->ops = ops;
	item->op.kind = what->kind;
	item->op.size = what->size;
	item->op.zone = what->zone;
	item->op.began = service_now(ops->service);
	snprintf(item->op.name, sizeof(item->op.name), "%s", what->name);
	snprintf(item->op.group, sizeof(item->op.group), "%s", what->group);
	item->set_tags = what->set_tags;
	memcpy(item->etag, what->etag, sizeof(item->etag));
	/* Counts of references are not for two threads: a copy. */
	item->tags = what->tags ? json_deep_copy(what->tags) : NULL;
	if (what->tags && !item->tags) {
		free(item);
		return NULL;
	}
	return item;
}

/* Under the lock. */
static struct item *item_at(struct arm_ops *ops, const char *name)
{
	for (struct item *item = ops->items; item; item = item->next)
		if (!item->op.ended && !strcmp(item->op.name, name))
			return item;
	return NULL;
}

static struct item *item_of(struct arm_ops *ops, const char *id)
{
	for (struct item *item = ops->items; item; item = item->next)
		if (!strcmp(item->op.id, id))
			return item;
	return NULL;
}

int arm_op_begin(struct arm_ops *ops, const struct arm_work *what,
	char id[33], struct why *why)
{
	struct item *item = item_new(ops, what), *other, **link;
	int r = 0;

	if (!item)
		return why_set(why, -ENOMEM, "out of memory");
	pthread_mutex_lock(&ops->lock);
	forget(ops);
	other = item_at(ops, what->name);
	if (other)
		r = why_set(why, -EALREADY, "another operation (%s) is at the "
			"machine %s: wait until it has ended",
			arm_kind_name(other->op.kind), what->name);
	else if (ops->waiting >= WAITING_MAX)
		r = why_set(why, -EBUSY, "%u operations wait already: try "
			"again when some have ended", WAITING_MAX);
	if (!r) {
		for (link = &ops->items; *link; link = &(*link)->next)
			;
		*link = item;
		ops->waiting++;
		memcpy(id, item->op.id, sizeof(item->op.id));
		pthread_cond_broadcast(&ops->changed);
	}
	pthread_mutex_unlock(&ops->lock);
	if (r)
		item_free(item);
	return r;
}

int arm_op_look(struct arm_ops *ops, const char *id, struct arm_op *op)
{
	struct item *item;

	pthread_mutex_lock(&ops->lock);
	forget(ops);
	item = item_of(ops, id);
	if (item)
		*op = item->op;
	pthread_mutex_unlock(&ops->lock);
	return item ? 0 : -ENOENT;
}

bool arm_op_on(struct arm_ops *ops, const char *name, struct arm_op *op)
{
	struct item *item;

	pthread_mutex_lock(&ops->lock);
	item = item_at(ops, name);
	if (item)
		*op = item->op;
	pthread_mutex_unlock(&ops->lock);
	return item != NULL;
}

int arm_op_wait(struct arm_ops *ops, const char *id, bool ended, unsigned ms,
	struct arm_op *op)
{
	struct timespec until;
	struct item *item;
	bool worth;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&ops->lock);
	worth = ops->waiting <= WORKERS && ops->watching < WATCHING_MAX;
	ops->watching += worth;
	while ((item = item_of(ops, id)) && !r && worth &&
			!(ended ? item->op.ended : item->op.checked))
		r = pthread_cond_timedwait(&ops->changed, &ops->lock, &until);
	ops->watching -= worth;
	if (item)
		*op = item->op;
	pthread_mutex_unlock(&ops->lock);
	return item ? 0 : -ENOENT;
}

int arm_op_list(struct arm_ops *ops, struct arm_op **list, size_t *count)
{
	*count = 0;
	pthread_mutex_lock(&ops->lock);
	*list = calloc(ops->waiting + 1, sizeof(**list));
	for (struct item *item = ops->items; *list && item; item = item->next)
		if (!item->op.ended)
			(*list)[(*count)++] = item->op;
	pthread_mutex_unlock(&ops->lock);
	return *list ? 0 : -ENOMEM;
}
