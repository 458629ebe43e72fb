/* SPDX-License-Identifier: MIT */
/* Start, stop, deallocate, restart; and operations, to ask after them. */
#include "service/arm.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* How long a request waits for its operation to be checked, so that most
 * refusals are its own answer; and for one that is quick to end. */
#define CHECK_MS 1500
#define QUICK_MS 5000

static const char *op_url(struct portal_call *call, const char *id,
	bool monitor)
{
	const char *url = http_printf(call->request, "%s/subscriptions/%s/"
		"providers/Microsoft.Compute/locations/" ARM_LOCATION
		"/operations/%s?%sapi-version=%s", call->url,
		call->portal->arm->subscription, id, monitor ?
		"monitor=true&" : "", http_query_any_case(call->request,
		"api-version"));

	return url ? url : "";
}

static void say_where(struct portal_call *call, const char *id,
	enum arm_kind kind)
{
	http_answer_header(call->answer, "Azure-AsyncOperation",
		op_url(call, id, false));
	if (kind != ARM_CREATE && kind != ARM_UPDATE)
		http_answer_header(call->answer, "Location",
			op_url(call, id, true));
	http_answer_header(call->answer, "Retry-After", "1");
}

/* The machine as it is now, with what is at it; 404 when it is gone. */
static int answer_machine(struct portal_call *call, unsigned status,
	const struct arm_op *op)
{
	struct arm *arm = call->portal->arm;
	struct arm_text text;
	struct vms *vms;
	struct vm vm;
	int r;

	if (op && op->kind == ARM_CREATE) {
		if (arm_text_begin(&text))
			arm_new_write(text.out, arm, op);
		arm_text_answer(call, status, &text);
		return 0;
	}
	r = arm_vms_take(arm, &vms, &call->why);
	if (r)
		return r;
	if (!arm_vm_find(call, vms, &vm)) {
		if (arm_text_begin(&text))
			arm_vm_write(text.out, arm, &vm, false, op);
		arm_text_answer(call, status, &text);
		vm_free(&vm);
	}
	arm_vms_give(arm, vms);
	return 0;
}

int arm_begin(struct portal_call *call, const struct arm_work *work)
{
	struct arm_ops *ops = call->portal->arm->ops;
	bool body = work->kind == ARM_CREATE || work->kind == ARM_UPDATE;
	struct arm_op op = { .ended = false };
	char id[33];
	int r = arm_op_begin(ops, work, id, &call->why);

	if (r == -EALREADY) {
		arm_refuse_code(call, "Conflict", call->why.text);
		return 0;
	}
	if (r)
		return r;
	if (body)
		r = arm_op_wait(ops, id, work->kind == ARM_UPDATE,
			work->kind == ARM_UPDATE ? QUICK_MS : CHECK_MS, &op);
	if (r)
		return why_set(&call->why, r, "the operation is lost");
	if (op.ended && op.code) {
		arm_refuse_code(call, op.code, op.message);
		return 0;
	}
	if (!body)
		http_answer_empty(call->answer, 202);
	else if (op.ended)
		return answer_machine(call, work->kind == ARM_CREATE ? 201 :
			200, NULL);
	else
		/* Azure's clients take nothing else of a PUT or PATCH. */
		r = answer_machine(call, work->kind == ARM_CREATE ? 201 : 200,
			&op);
	if (!r)
		say_where(call, id, work->kind);
	return r;
}

/* --- verbs -------------------------------------------------------------- */

static int power(struct portal_call *call, enum arm_kind kind)
{
	struct arm_work work = { .kind = kind };
	struct vms *vms;
	struct vm vm;
	int r;

	if (!arm_place_ok(call))
		return 0;
	r = arm_vms_take(call->portal->arm, &vms, &call->why);
	if (r)
		return r;
	r = arm_vm_find(call, vms, &vm);
	arm_vms_give(call->portal->arm, vms);
	if (r)
		return 0; /* answered */
	strcpy(work.name, vm.name);
	snprintf(work.group, sizeof(work.group), "%s", arm_group(&vm));
	vm_free(&vm);
	return arm_begin(call, &work);
}

static int start(struct portal_call *call)
{
	return power(call, ARM_START);
}

static int stop(struct portal_call *call)
{
	return power(call, ARM_STOP);
}

static int deallocate(struct portal_call *call)
{
	const char *hibernate = http_query_any_case(call->request,
		"hibernate");

	if (!hibernate || strcasecmp(hibernate, "true"))
		return power(call, ARM_DEALLOCATE);
	return why_set(&call->why, -EINVAL, "machines here do not hibernate");
}

static int restart(struct portal_call *call)
{
	return power(call, ARM_RESTART);
}

/* What is behind Location: 202 until it has ended, then what became of it. */
static int monitor(struct portal_call *call, const struct arm_op *op)
{
	if (op->ended && op->code) {
		arm_refuse_code(call, op->code, op->message);
	} else if (op->ended) {
		http_answer_json(call->answer, 200, json_object());
	} else {
		http_answer_empty(call->answer, 202);
		http_answer_header(call->answer, "Location",
			op_url(call, op->id, true));
		http_answer_header(call->answer, "Retry-After", "1");
	}
	return 0;
}

static int operation(struct portal_call *call)
{
	const char *id = http_parameter(call->request, "id");
	const char *wants = http_query(call->request, "monitor");
	struct arm_op op;
	json_t *out;

	if (!arm_place_ok(call))
		return 0;
	if (arm_op_look(call->portal->arm->ops, id, &op))
		return why_set(&call->why, -ENOENT, "there is no such "
			"operation, or it ended long ago");
	if (wants && !strcmp(wants, "true"))
		return monitor(call, &op);
	out = json_pack("{s:s, s:s, s:o, s:{s:s, s:s, s:s, s:I, s:I}}",
		"name", op.id, "status", !op.ended ? "InProgress" : op.code ?
		"Failed" : "Succeeded", "startTime", arm_time(op.began),
		"properties", "operation", arm_kind_name(op.kind), "machine",
		op.name, "doing", op.what, "done", (json_int_t)op.done,
		"total", (json_int_t)op.total);
	if (op.ended)
		json_object_set_new(out, "endTime", arm_time(op.end));
	if (op.code)
		json_object_set_new(out, "error", json_pack("{s:s, s:s}",
			"code", op.code, "message", op.message));
	http_answer_json(call->answer, 200, out);
	if (!op.ended)
		http_answer_header(call->answer, "Retry-After", "1");
	return 0;
}

#define MACHINE "/subscriptions/{subscription}/resourceGroups/{group}" \
	"/providers/Microsoft.Compute/virtualMachines/{name}"

/* Bodies are empty, or {} from some clients. */
static const struct portal_verb verbs[] = {
	{ "POST", MACHINE "/start", PORTAL_WRITE, 1024, start },
	{ "POST", MACHINE "/powerOff", PORTAL_WRITE, 1024, stop },
	{ "POST", MACHINE "/deallocate", PORTAL_WRITE, 1024, deallocate },
	{ "POST", MACHINE "/restart", PORTAL_WRITE, 1024, restart },
	{ "GET", "/subscriptions/{subscription}/providers/Microsoft.Compute/"
		"locations/{location}/operations/{id}", PORTAL_READ, 0,
		operation },
};

int arm_power_verbs(struct portal *portal)
{
	return portal_verbs(portal, verbs, sizeof(verbs) / sizeof(*verbs));
}
