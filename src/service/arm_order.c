/* SPDX-License-Identifier: MIT */
/*
 * PUT makes a machine or changes one, PATCH changes one, DELETE removes one.
 *
 * Of a body counts what a state directory has: size, zone, tags.  What Azure
 * needs for machines with disks and networks (imageReference, osProfile,
 * networkProfile ...) is read past: programs of a Coffer machine are its
 * host's.  Anything else is refused, lest somebody believes that he has got it.
 */
#include "service/arm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct body {
	const struct vmconf_size *size; /* NULL: not said */
	bool has_zones, has_tags;
	unsigned zone; /* 0: none */
	json_t *tags; /* new; the group's is among them */
};

static int wrong(struct portal_call *call, const char *format,
	const char *name)
{
	return why_set(&call->why, -EINVAL, format, name);
}

static bool is_one_of(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

/* --- reading ------------------------------------------------------------ */

static int read_size(struct portal_call *call, const json_t *profile,
	struct body *body)
{
	const char *name, *text;
	json_t *value;

	if (!json_is_object(profile))
		return wrong(call, "%s must be an object", "hardwareProfile");
	json_object_foreach((json_t *)(uintptr_t)profile, name, value) {
		if (json_is_null(value))
			continue;
		if (strcmp(name, "vmSize"))
			return wrong(call, "hardwareProfile.%.40s has no "
				"meaning here: sizes are as they are", name);
		text = json_string_value(value);
		body->size = text ? vmconf_size_find(text) : NULL;
		if (!body->size)
			return wrong(call, "there is no size \"%.60s\": `coffer "
				"vm sizes` lists them", text ? text : "");
	}
	return 0;
}

static int read_zones(struct portal_call *call, const json_t *zones,
	struct body *body)
{
	const char *text = json_string_value(json_array_get(zones, 0));

	if (!json_is_array(zones) || json_array_size(zones) > 1)
		return wrong(call, "%s must be an array of at most one",
			"zones");
	body->has_zones = true;
	if (!json_array_size(zones))
		return 0;
	if (!text || text[0] < '1' || text[0] > '9' || text[1])
		return wrong(call, "there is no zone \"%.20s\": `coffer vm "
			"sizes` says where a size is", text ? text : "");
	body->zone = (unsigned)(text[0] - '0');
	return 0;
}

static int read_tags(struct portal_call *call, const json_t *tags,
	struct body *body)
{
	const char *key;
	json_t *value;

	if (!json_is_object(tags))
		return wrong(call, "%s must be an object of texts", "tags");
	body->has_tags = true;
	json_object_foreach((json_t *)(uintptr_t)tags, key, value) {
		if (!json_is_string(value))
			return wrong(call, "the tag \"%.60s\" must be a text",
				key);
		if (!strcasecmp(key, ARM_GROUP_TAG))
			return wrong(call, "the tag %s is what the resource "
				"group is kept in", ARM_GROUP_TAG);
		json_object_set(body->tags, key, value);
	}
	return 0;
}

static int read_properties(struct portal_call *call, const json_t *properties,
	struct body *body)
{
	/* The last four come back from who sends what he was shown. */
	static const char *const read_past[] = { "osProfile",
		"storageProfile", "networkProfile", "diagnosticsProfile",
		"provisioningState", "vmId", "timeCreated", "instanceView",
		NULL };
	const char *name;
	json_t *value;
	int r = 0;

	if (!json_is_object(properties))
		return wrong(call, "%s must be an object", "properties");
	json_object_foreach((json_t *)(uintptr_t)properties, name, value) {
		if (json_is_null(value) || is_one_of(read_past, name))
			continue;
		if (strcmp(name, "hardwareProfile"))
			return wrong(call, "properties.%.60s has no meaning "
				"here: leave it out", name);
		r = read_size(call, value, body);
		if (r)
			return r;
	}
	return 0;
}

static int read_member(struct portal_call *call, const char *name,
	const json_t *value, struct body *body)
{
	static const char *const read_past[] = { "id", "name", "type", "etag",
		NULL };

	if (json_is_null(value) || is_one_of(read_past, name))
		return 0;
	if (!strcmp(name, "properties"))
		return read_properties(call, value, body);
	if (!strcmp(name, "zones"))
		return read_zones(call, value, body);
	if (!strcmp(name, "tags"))
		return read_tags(call, value, body);
	if (strcmp(name, "location"))
		return wrong(call, "\"%.60s\" has no meaning here: leave it "
			"out", name);
	return json_is_string(value) ? 0 : wrong(call, "%s must be a text",
		"location");
}

/* 1: answered.  body->tags is the caller's in every case. */
static int read_body(struct portal_call *call, struct body *body)
{
	json_t *root = http_body_json(call->request, call->answer), *value;
	const char *name, *location;
	int r = 0;

	memset(body, 0, sizeof(*body));
	if (!root) {
		if (http_answer_status(call->answer) == 400)
			http_answer_error(call->answer, 400,
				"InvalidRequestContent", "The body must be "
				"JSON as RFC 8259 has it, in UTF-8, with no "
				"name twice in an object");
		return 1;
	}
	if (!json_is_object(root))
		return wrong(call, "%s must be a JSON object", "the body");
	body->tags = json_pack("{s:s}", ARM_GROUP_TAG,
		http_parameter(call->request, "group"));
	json_object_foreach(root, name, value) {
		r = read_member(call, name, value, body);
		if (r)
			return r;
	}
	location = json_string_value(json_object_get(root, "location"));
	if (!location && !strcmp(call->request->method, "PUT"))
		return wrong(call, "location is missing: it is %s",
			ARM_LOCATION);
	if (location && !arm_location_ok(location)) {
		arm_refuse_code(call, "LocationNotAvailableForResourceType",
			"The only location here is " ARM_LOCATION);
		return 1;
	}
	return 0;
}

/* --- making and changing ------------------------------------------------ */

/* vm: the machine that it is about, NULL: one to be made. */
static void name_it(struct portal_call *call, const struct vm *vm,
	struct arm_work *work)
{
	const char *match = http_header(call->request, "If-Match");

	if (match && vm && strcmp(match, "*"))
		arm_etag(vm, work->etag);
	snprintf(work->name, sizeof(work->name), "%s",
		http_parameter(call->request, "name"));
	snprintf(work->group, sizeof(work->group), "%s",
		http_parameter(call->request, "group"));
}

static int create(struct portal_call *call, const struct body *body)
{
	struct arm_work work = { .kind = ARM_CREATE, .size = body->size,
		.zone = body->zone, .tags = body->tags };

	if (!arm_condition_ok(call, NULL))
		return 0;
	name_it(call, NULL, &work);
	if (!body->size)
		return wrong(call, "%s is missing", "properties."
			"hardwareProfile.vmSize");
	return arm_begin(call, &work);
}

/* Does it have the tags that it shall have? */
static bool tags_are(const struct vm *vm, const json_t *tags)
{
	size_t count = json_object_size(tags);
	const char *key;
	json_t *value;

	/* Without one for its group it is in the default's all the same. */
	if (!vmconf_tag(&vm->conf, ARM_GROUP_TAG))
		return false;
	if (vm->conf.tag_count != count)
		return false;
	json_object_foreach((json_t *)(uintptr_t)tags, key, value) {
		const char *has = vmconf_tag(&vm->conf, key);

		if (!has || strcmp(has, json_string_value(value)))
			return false;
	}
	return true;
}

static int change(struct portal_call *call, const struct body *body,
	const struct vm *vm)
{
	struct arm_work work = { .kind = ARM_UPDATE, .tags = body->tags };
	bool whole = !strcmp(call->request->method, "PUT");
	struct arm_text text;

	if (vm_is_damaged(vm)) {
		arm_refuse_code(call, "OperationNotAllowed", vm->damage.text);
		return 0;
	}
	if (!arm_condition_ok(call, vm))
		return 0;
	name_it(call, vm, &work);
	/* The group's name as the machine has it. */
	snprintf(work.group, sizeof(work.group), "%s", arm_group(vm));
	json_object_set_new(body->tags, ARM_GROUP_TAG,
		json_string(work.group));
	if (body->has_zones && body->zone != vm->conf.zone) {
		arm_refuse_code(call, "PropertyChangeNotAllowed", "A machine "
			"stays in its zone: delete it and make another");
		return 0;
	}
	if (body->size && body->size != vm->conf.size)
		work.size = body->size;
	/* What a PUT does not name it removes. */
	work.set_tags = (whole || body->has_tags) &&
		!tags_are(vm, body->tags);
	if (work.size || work.set_tags)
		return arm_begin(call, &work);
	if (arm_text_begin(&text))
		arm_vm_write(text.out, call->portal->arm, vm, false, NULL);
	arm_text_answer(call, 200, &text);
	return 0;
}

/* The machine itself, whatever its group; -ENOENT: there is none. */
static int look(struct portal_call *call, struct vm *vm)
{
	struct vm_refusal refusal;
	struct vms *vms;
	int r = arm_vms_take(call->portal->arm, &vms, &call->why);

	if (r)
		return r;
	r = vm_look(vms, http_parameter(call->request, "name"), vm, &refusal);
	arm_vms_give(call->portal->arm, vms);
	if (r && r != -ENOENT)
		memcpy(&call->why, &refusal.why, sizeof(call->why));
	return r;
}

static int put(struct portal_call *call)
{
	const char *group = http_parameter(call->request, "group");
	struct body body;
	struct vm vm;
	int r;

	if (!arm_place_ok(call))
		return 0;
	r = read_body(call, &body);
	if (!r && (r = look(call, &vm)) == -ENOENT) {
		r = create(call, &body);
	} else if (!r) {
		if (strcasecmp(arm_group(&vm), group))
			arm_refuse_code(call, "Conflict", "A machine of this "
				"name is in another resource group: names are "
				"unique in all of them");
		else
			r = change(call, &body, &vm);
		vm_free(&vm);
	}
	json_decref(body.tags);
	return r > 0 ? 0 : r;
}

static int patch(struct portal_call *call)
{
	struct body body;
	struct vms *vms;
	struct vm vm;
	int r;

	if (!arm_place_ok(call))
		return 0;
	r = read_body(call, &body);
	if (!r && !(r = arm_vms_take(call->portal->arm, &vms, &call->why))) {
		int found = arm_vm_find(call, vms, &vm);

		arm_vms_give(call->portal->arm, vms);
		if (!found) {
			r = change(call, &body, &vm);
			vm_free(&vm);
		}
	}
	json_decref(body.tags);
	return r > 0 ? 0 : r;
}

static int delete(struct portal_call *call)
{
	struct arm_work work = { .kind = ARM_DELETE };
	struct vm vm;
	bool here, allowed;
	int r;

	if (!arm_place_ok(call))
		return 0;
	r = look(call, &vm);
	if (r && r != -ENOENT)
		return r;
	here = !r && !strcasecmp(arm_group(&vm),
		http_parameter(call->request, "group"));
	allowed = arm_condition_ok(call, here ? &vm : NULL);
	name_it(call, here ? &vm : NULL, &work);
	if (!r)
		vm_free(&vm);
	if (here && allowed)
		return arm_begin(call, &work);
	if (allowed)
		http_answer_empty(call->answer, 204);
	return 0;
}

#define MACHINE "/subscriptions/{subscription}/resourceGroups/{group}" \
	"/providers/Microsoft.Compute/virtualMachines/{name}"

static const struct portal_verb verbs[] = {
	{ "PUT", MACHINE, PORTAL_WRITE, ARM_BODY_MAX, put },
	{ "PATCH", MACHINE, PORTAL_WRITE, ARM_BODY_MAX, patch },
	{ "DELETE", MACHINE, PORTAL_WRITE, 0, delete },
};

int arm_order_verbs(struct portal *portal)
{
	return portal_verbs(portal, verbs, sizeof(verbs) / sizeof(*verbs));
}
