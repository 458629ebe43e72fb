/* SPDX-License-Identifier: MIT */
/* Machines as Azure shows them: lists, one, its instance view.  Written as
 * text: a list of a thousand as JSON objects takes three times as long. */
#include "service/arm.h"

#include "attest/dates.h"
#include <errno.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PAGE 1000 /* machines of a list; more by nextLink */

/* --- names -------------------------------------------------------------- */

bool arm_group_ok(const char *group)
{
	size_t size = strspn(group, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM"
		"NOPQRSTUVWXYZ0123456789-_.()");

	return size && size <= ARM_GROUP_MAX && !group[size] &&
		group[size - 1] != '.';
}

const char *arm_group(const struct vm *vm)
{
	const char *group = vmconf_tag(&vm->conf, ARM_GROUP_TAG);

	return group && arm_group_ok(group) ? group : ARM_GROUP_DEFAULT;
}

/* A UUID that belongs to this machine alone: a later one of its name was
 * created at another time. */
static void write_id(FILE *out, const struct arm *arm, const struct vm *vm)
{
	uint8_t d[SHA256_DIGEST_LENGTH];
	char text[160];
	int n = snprintf(text, sizeof(text), "%s/%s/%lld", arm->subscription,
		vm->name, (long long)vm->created);

	SHA256((const uint8_t *)text, (size_t)n, d);
	fprintf(out, "%02x%02x%02x%02x-%02x%02x-8%01x%02x-a%01x%02x-"
		"%02x%02x%02x%02x%02x%02x", d[0], d[1], d[2], d[3], d[4],
		d[5], d[6] & 15, d[7], d[8] & 15, d[9], d[10], d[11], d[12],
		d[13], d[14], d[15]);
}

void arm_etag(const struct vm *vm, char etag[ARM_ETAG_SIZE])
{
	const struct vmconf *conf = &vm->conf;
	uint8_t d[SHA256_DIGEST_LENGTH];
	char text[sizeof(d) + sizeof(struct vmconf_tag)];
	int n = snprintf(text, sizeof(text), "%s %lld %s %u", vm->name,
		(long long)vm->created, conf->size->name,
		(unsigned)conf->zone);

	SHA256((const uint8_t *)text, (size_t)n, d);
	/* A hash of hashes: one tag fits into the text, all do not. */
	for (size_t i = 0; i < conf->tag_count; i++) {
		const struct vmconf_tag *tag = &conf->tags[i];

		memcpy(text, d, sizeof(d));
		n = snprintf(text + sizeof(d), sizeof(text) - sizeof(d),
			"%s%c%s", tag->key, '\0', tag->value);
		SHA256((const uint8_t *)text, sizeof(d) + (size_t)n, d);
	}
	etag[0] = '"';
	for (size_t i = 0; i < 16; i++) {
		etag[1 + 2 * i] = "0123456789abcdef"[d[i] >> 4];
		etag[2 + 2 * i] = "0123456789abcdef"[d[i] & 15];
	}
	etag[33] = '"';
	etag[34] = '\0';
}

/* --- one ---------------------------------------------------------------- */

struct state {
	const char *code, *level, *words;
};

static struct state state_of(const struct vm *vm, const struct arm_op *op)
{
	static const struct state states[] = {
		[VM_POWER_RUNNING] = { "PowerState/running", "Info",
			"VM running" },
		[VM_POWER_IDLE] = { "PowerState/running", "Info",
			"VM idle: its first application starts it" },
		[VM_POWER_STOPPED] = { "PowerState/stopped", "Info",
			"VM stopped" },
		[VM_POWER_DEALLOCATED] = { "PowerState/deallocated", "Info",
			"VM deallocated" },
		[VM_POWER_FAILED] = { "PowerState/unknown", "Error",
			"VM failed: it should run, and does not" },
	};

	if (op && (op->kind == ARM_START || op->kind == ARM_RESTART))
		return (struct state){ "PowerState/starting", "Info",
			"VM starting" };
	if (op && op->kind == ARM_STOP)
		return (struct state){ "PowerState/stopping", "Info",
			"VM stopping" };
	if (op && op->kind == ARM_DEALLOCATE)
		return (struct state){ "PowerState/deallocating", "Info",
			"VM deallocating" };
	return states[vm->power];
}

static void write_status(FILE *out, const char *code, const char *level,
	const char *words)
{
	fprintf(out, "{\"code\":\"%s\",\"level\":\"%s\","
		"\"displayStatus\":\"%s\"}", code, level, words);
}

/* Text that is somebody's. */
static void write_text(FILE *out, const char *text)
{
	json_t *value = json_string(text);

	if (!value || json_dumpf(value, out, JSON_ENCODE_ANY))
		fputs("\"\"", out);
	json_decref(value);
}

static void write_damage(FILE *out, const struct vm *vm)
{
	fputs("{\"code\":\"ProvisioningState/failed\",\"level\":\"Error\","
		"\"displayStatus\":\"Provisioning failed\",\"message\":", out);
	write_text(out, vm->damage.text);
	fputc('}', out);
}

static void write_view(FILE *out, const struct vm *vm,
	const struct arm_op *op)
{
	struct state state = state_of(vm, op);

	fprintf(out, "{\"computerName\":\"%s\",", vm->name);
	if (vm->conf.update_domain >= 0)
		fprintf(out, "\"platformUpdateDomain\":%d,",
			vm->conf.update_domain);
	fputs("\"statuses\":[", out);
	if (op)
		write_status(out, "ProvisioningState/updating", "Info",
			"Updating");
	else if (vm_is_damaged(vm))
		write_damage(out, vm);
	else
		write_status(out, "ProvisioningState/succeeded", "Info",
			"Provisioning succeeded");
	fputc(',', out);
	write_status(out, state.code, state.level, state.words);
	fputs("]}", out);
}

static void write_tags(FILE *out, const struct vm *vm)
{
	bool any = false;

	for (size_t i = 0; i < vm->conf.tag_count; i++) {
		const struct vmconf_tag *tag = &vm->conf.tags[i];

		if (!strcasecmp(tag->key, ARM_GROUP_TAG))
			continue;
		fputs(any ? "," : ",\"tags\":{", out);
		any = true;
		write_text(out, tag->key);
		fputc(':', out);
		write_text(out, tag->value);
	}
	if (any)
		fputc('}', out);
}

/* Up to the middle of its properties.  size: NULL when it is not known. */
static void write_begin(FILE *out, const struct arm *arm, const char *group,
	const char *name, const char *size, unsigned zone, const char *state)
{
	fprintf(out, "{\"name\":\"%s\",\"id\":\"/subscriptions/%s/"
		"resourceGroups/%s/providers/Microsoft.Compute/"
		"virtualMachines/%s\",\"type\":\"Microsoft.Compute/"
		"virtualMachines\",\"location\":\"" ARM_LOCATION "\"", name,
		arm->subscription, group, name);
	if (zone)
		fprintf(out, ",\"zones\":[\"%u\"]", zone);
	fputs(",\"properties\":{\"hardwareProfile\":{", out);
	if (size)
		fprintf(out, "\"vmSize\":\"%s\"", size);
	fprintf(out, "},\"provisioningState\":\"%s\"", state);
}

void arm_vm_write(FILE *out, const struct arm *arm, const struct vm *vm,
	bool view, const struct arm_op *op)
{
	char time[ATTEST_DATE_SIZE], etag[ARM_ETAG_SIZE];
	bool whole = !vm_is_damaged(vm);

	write_begin(out, arm, arm_group(vm), vm->name, whole ?
		vm->conf.size->name : NULL, vm->conf.zone, op ?
		arm_kind_state(op->kind) : whole ? "Succeeded" : "Failed");
	fputs(",\"vmId\":\"", out);
	write_id(out, arm, vm);
	fputc('"', out);
	if (vm->created && !attest_date_print(vm->created, time))
		fprintf(out, ",\"timeCreated\":\"%.19s+00:00\"", time);
	if (view) {
		fputs(",\"instanceView\":", out);
		write_view(out, vm, op);
	}
	fputc('}', out);
	arm_etag(vm, etag);
	fprintf(out, ",\"etag\":\"\\%.33s\\\"\"", etag);
	write_tags(out, vm);
	fputc('}', out);
}

void arm_new_write(FILE *out, const struct arm *arm, const struct arm_op *op)
{
	const struct vmconf_size *size = op->size ? op->size :
		vmconf_size_find(VMCONF_SIZE_DEFAULT);

	write_begin(out, arm, op->group, op->name, size->name, op->zone,
		arm_kind_state(op->kind));
	fputs("}}", out);
}

/* --- answers of text ---------------------------------------------------- */

FILE *arm_text_begin(struct arm_text *text)
{
	text->bytes = NULL;
	text->size = 0;
	text->out = open_memstream(&text->bytes, &text->size);
	return text->out;
}

void arm_text_answer(struct portal_call *call, unsigned status,
	struct arm_text *text)
{
	bool ok = text->out && !ferror(text->out);

	ok = text->out && !fclose(text->out) && ok;
	if (ok)
		http_answer_bytes(call->answer, status,
			"application/json; charset=utf-8", text->bytes,
			text->size);
	else
		http_answer_error(call->answer, 500, "InternalServerError",
			"out of memory");
	free(text->bytes);
}

static void answer_vm(struct portal_call *call, const struct vm *vm,
	bool view, const struct arm_op *op)
{
	char etag[ARM_ETAG_SIZE];
	struct arm_text text;

	if (arm_text_begin(&text))
		arm_vm_write(text.out, call->portal->arm, vm, view, op);
	arm_text_answer(call, 200, &text);
	arm_etag(vm, etag);
	http_answer_header(call->answer, "ETag", etag);
}

int arm_vm_find(struct portal_call *call, struct vms *vms, struct vm *vm)
{
	const char *name = http_parameter(call->request, "name");
	const char *group = http_parameter(call->request, "group");
	struct vm_refusal refusal;
	int r = vm_look(vms, name, vm, &refusal);

	if (!r && !strcasecmp(arm_group(vm), group))
		return 0;
	if (!r)
		vm_free(vm);
	if (!r || r == -ENOENT)
		http_answer_error(call->answer, 404, "ResourceNotFound",
			"The Resource 'Microsoft.Compute/virtualMachines/%s' "
			"under resource group '%s' was not found.", name,
			group);
	else
		arm_refuse(call, &refusal);
	return r ? r : -ENOENT;
}

/* What a client that asks with $expand or statusOnly wants to see. */
static bool wants_view(struct portal_call *call, bool *view)
{
	const char *expand = http_query_any_case(call->request, "$expand");
	const char *only = http_query_any_case(call->request, "statusOnly");

	*view = (only && !strcasecmp(only, "true")) || (expand &&
		!strcasecmp(expand, "instanceView"));
	if (!expand || !*expand || *view || !strcasecmp(expand, "userData"))
		return true;
	arm_refuse_code(call, "InvalidParameter", "$expand takes instanceView");
	return false;
}

static int get(struct portal_call *call)
{
	struct arm *arm = call->portal->arm;
	const char *name = http_parameter(call->request, "name");
	struct arm_op op;
	struct vms *vms;
	struct vm vm;
	bool view, at = arm_op_on(arm->ops, name, &op);
	int r;

	if (!arm_place_ok(call) || !wants_view(call, &view))
		return 0;
	if (at && op.kind == ARM_CREATE && !strcasecmp(op.group,
			http_parameter(call->request, "group"))) {
		struct arm_text text;

		if (arm_text_begin(&text))
			arm_new_write(text.out, arm, &op);
		arm_text_answer(call, 200, &text);
		return 0;
	}
	r = arm_vms_take(arm, &vms, &call->why);
	if (r)
		return r;
	if (!arm_vm_find(call, vms, &vm)) {
		answer_vm(call, &vm, view, at ? &op : NULL);
		vm_free(&vm);
	}
	arm_vms_give(arm, vms);
	return 0;
}

static int instance_view(struct portal_call *call)
{
	struct arm *arm = call->portal->arm;
	struct arm_op op;
	struct vms *vms;
	struct vm vm;
	bool at = arm_op_on(arm->ops, http_parameter(call->request, "name"),
		&op);
	int r;

	if (!arm_place_ok(call))
		return 0;
	if (at && op.kind == ARM_CREATE && !strcasecmp(op.group,
			http_parameter(call->request, "group"))) {
		http_answer_text(call->answer, 200,
			"application/json; charset=utf-8", "{\"statuses\":"
			"[{\"code\":\"ProvisioningState/creating\","
			"\"level\":\"Info\",\"displayStatus\":"
			"\"Creating\"}]}");
		return 0;
	}
	r = arm_vms_take(arm, &vms, &call->why);
	if (r)
		return r;
	if (!arm_vm_find(call, vms, &vm)) {
		struct arm_text text;

		if (arm_text_begin(&text))
			write_view(text.out, &vm, at ? &op : NULL);
		arm_text_answer(call, 200, &text);
		vm_free(&vm);
	}
	arm_vms_give(arm, vms);
	return 0;
}

/* --- lists -------------------------------------------------------------- */

struct page {
	const char *group; /* NULL: any */
	const char *after; /* begin behind this name; NULL: at the first */
	size_t count;
	bool view;
};

static bool read_page(struct portal_call *call, struct page *page)
{
	const struct http_request *request = call->request;
	const char *filter = http_query_any_case(request, "$filter");
	int64_t count = PAGE;

	page->group = http_parameter(request, "group");
	page->after = http_query_any_case(request, "$skipToken");
	if (!wants_view(call, &page->view))
		return false;
	if (filter && *filter) {
		arm_refuse_code(call, "InvalidParameter", "$filter is not "
			"taken: all machines are listed");
		return false;
	}
	if (!portal_number(request, "$top", 1, PAGE, &count)) {
		arm_refuse_code(call, "InvalidParameter", "$top is a number "
			"from 1 to 1000");
		return false;
	}
	page->count = (size_t)count;
	return true;
}

static const struct arm_op *op_at(const struct arm_op *ops, size_t count,
	const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(ops[i].name, name))
			return &ops[i];
	return NULL;
}

/* The address of what follows the machine of this name. */
static void write_next(FILE *out, struct portal_call *call,
	const struct page *page, const char *name)
{
	fprintf(out, ",\"nextLink\":\"%s%s?api-version=%s&$top=%zu&"
		"$skipToken=%s%s\"", call->url, call->request->path,
		http_query_any_case(call->request, "api-version"),
		page->count, name, page->view ? "&$expand=instanceView" : "");
}

/* Those that are being made come last, on the last page. */
static void write_new(FILE *out, const struct arm *arm,
	const struct page *page, const struct vm_list *vms,
	const struct arm_op *ops, size_t count, bool any)
{
	for (size_t i = 0; i < count; i++) {
		bool known = ops[i].kind != ARM_CREATE || (page->group &&
			strcasecmp(page->group, ops[i].group));

		for (size_t k = 0; !known && k < vms->count; k++)
			known = !strcmp(vms->items[k].name, ops[i].name);
		if (known)
			continue;
		fputs(any ? "," : "", out);
		any = true;
		arm_new_write(out, arm, &ops[i]);
	}
}

static void write_list(FILE *out, struct portal_call *call,
	const struct page *page, const struct vm_list *vms,
	const struct arm_op *ops, size_t count)
{
	const struct arm *arm = call->portal->arm;
	const char *last = "";
	size_t i, written = 0;

	fputs("{\"value\":[", out);
	for (i = 0; i < vms->count; i++) {
		const struct vm *vm = &vms->items[i];

		if ((page->after && strverscmp(vm->name, page->after) <= 0) ||
				(page->group && strcasecmp(page->group,
				arm_group(vm))))
			continue;
		if (written == page->count)
			break;
		fputs(written++ ? "," : "", out);
		arm_vm_write(out, arm, vm, page->view, op_at(ops, count,
			vm->name));
		last = vm->name;
	}
	if (i == vms->count)
		write_new(out, arm, page, vms, ops, count, written > 0);
	fputc(']', out);
	if (i < vms->count)
		write_next(out, call, page, last);
	fputc('}', out);
}

static int list(struct portal_call *call)
{
	struct arm *arm = call->portal->arm;
	struct arm_op *ops = NULL;
	struct vm_list vms;
	struct vms *inventory;
	struct page page;
	size_t count;
	int r;

	if (!arm_place_ok(call) || !read_page(call, &page))
		return 0;
	r = arm_vms_take(arm, &inventory, &call->why);
	if (r)
		return r;
	r = vm_list(inventory, NULL, false, &vms, &call->why);
	arm_vms_give(arm, inventory);
	if (r)
		return r;
	r = arm_op_list(arm->ops, &ops, &count);
	if (r)
		why_set(&call->why, r, "out of memory");
	if (!r) {
		struct arm_text text;

		if (arm_text_begin(&text))
			write_list(text.out, call, &page, &vms, ops, count);
		arm_text_answer(call, 200, &text);
	}
	free(ops);
	vm_list_free(&vms);
	return r;
}

#define MACHINES "/subscriptions/{subscription}/resourceGroups/{group}" \
	"/providers/Microsoft.Compute/virtualMachines"

static const struct portal_verb verbs[] = {
	{ "GET", "/subscriptions/{subscription}/providers/Microsoft.Compute/"
		"virtualMachines", PORTAL_READ, 0, list },
	{ "GET", "/subscriptions/{subscription}/providers/Microsoft.Compute/"
		"locations/{location}/virtualMachines", PORTAL_READ, 0,
		list },
	{ "GET", MACHINES, PORTAL_READ, 0, list },
	{ "GET", MACHINES "/{name}", PORTAL_READ, 0, get },
	{ "GET", MACHINES "/{name}/instanceView", PORTAL_READ, 0,
		instance_view },
};

int arm_vm_verbs(struct portal *portal)
{
	return portal_verbs(portal, verbs, sizeof(verbs) / sizeof(*verbs));
}
