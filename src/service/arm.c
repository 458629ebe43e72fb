/* SPDX-License-Identifier: MIT */
/* Opening; what every request is asked first; errors. */
#include "service/arm.h"

#include "attest/dates.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- the subscription --------------------------------------------------- */

/* A random UUID, version 4. */
static int make_id(void *context, uint8_t **bytes, size_t *size,
	struct why *why)
{
	uint8_t r[16];
	char *text = malloc(ARM_ID_SIZE + 1);

	if (!text || RAND_bytes(r, sizeof(r)) != 1) {
		free(text);
		return why_set(why, -EIO, "no random bytes");
	}
	r[6] = (uint8_t)((r[6] & 0x0f) | 0x40);
	r[8] = (uint8_t)((r[8] & 0x3f) | 0x80);
	*size = (size_t)snprintf(text, ARM_ID_SIZE + 1, "%02x%02x%02x%02x-"
		"%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x\n", r[0],
		r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10],
		r[11], r[12], r[13], r[14], r[15]);
	*bytes = (uint8_t *)text;
	return 0;
}

static int read_id(const char *folder, char id[ARM_ID_SIZE], struct why *why)
{
	uint8_t *bytes;
	size_t size;
	int r = service_secret_file(folder, "subscription", make_id, NULL,
		&bytes, &size, why);

	if (r)
		return r;
	size = strcspn((char *)bytes, "\r\n");
	if (size != ARM_ID_SIZE - 1 || strspn((char *)bytes,
			"0123456789abcdefABCDEF-") != size)
		r = why_set(why, -EINVAL, "%s/subscription is no UUID: remove "
			"it, then another is made", folder);
	else
		snprintf(id, ARM_ID_SIZE, "%.*s", (int)size, (char *)bytes);
	free(bytes);
	return r;
}

/* --- inventories -------------------------------------------------------- */

#define SPARE_MAX 8

struct arm_vms {
	struct vms *vms[SPARE_MAX];
	size_t count;
};

int arm_vms_take(struct arm *arm, struct vms **vms, struct why *why)
{
	*vms = NULL;
	pthread_mutex_lock(&arm->lock);
	if (arm->spare->count)
		*vms = arm->spare->vms[--arm->spare->count];
	pthread_mutex_unlock(&arm->lock);
	return *vms ? 0 : vms_open(NULL, vms, why);
}

void arm_vms_give(struct arm *arm, struct vms *vms)
{
	pthread_mutex_lock(&arm->lock);
	if (vms && arm->spare->count < SPARE_MAX) {
		arm->spare->vms[arm->spare->count++] = vms;
		vms = NULL;
	}
	pthread_mutex_unlock(&arm->lock);
	vms_close(vms);
}

/* --- what every request is asked ---------------------------------------- */

/* A date, with or without what says how far that version has come. */
static bool version_ok(const char *version)
{
	static const char form[] = "0000-00-00";
	static const char *const stages[] = { "", "-preview", "-alpha",
		"-beta", "-rc", "-privatepreview" };

	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (form[i] == '-' ? version[i] != '-' : version[i] < '0' ||
				version[i] > '9')
			return false;
	version += sizeof(form) - 1;
	for (size_t i = 0; i < sizeof(stages) / sizeof(*stages); i++)
		if (!strcasecmp(version, stages[i]))
			return true;
	return false;
}

bool arm_location_ok(const char *location)
{
	char plain[sizeof(ARM_LOCATION)];
	size_t size = 0;

	/* As Azure: "Coffer Local" is the same; so is what has no hyphen. */
	for (; *location; location++)
		if (*location != ' ' && *location != '-') {
			if (size == sizeof(plain) - 1)
				return false;
			plain[size++] = *location;
		}
	plain[size] = '\0';
	return !strcasecmp(plain, "cofferlocal");
}

bool arm_place_ok(struct portal_call *call)
{
	const struct http_request *request = call->request;
	const char *version = http_query_any_case(request, "api-version");
	const char *subscription = http_parameter(request, "subscription");
	const char *group = http_parameter(request, "group");
	const char *location = http_parameter(request, "location");

	if (!version || !version_ok(version))
		http_answer_error(call->answer, 400, version ?
			"InvalidApiVersionParameter" :
			"MissingApiVersionParameter", "The api-version query "
			"parameter is a date, as in ?api-version=2024-07-01");
	else if (subscription && strcasecmp(subscription,
			call->portal->arm->subscription))
		http_answer_error(call->answer, 404, "SubscriptionNotFound",
			"The only subscription here is %s",
			call->portal->arm->subscription);
	else if (group && !arm_group_ok(group))
		http_answer_error(call->answer, 400,
			"InvalidResourceGroup", "A resource group's name is "
			"1 to %u letters, digits and -_.(), with no dot at "
			"its end", ARM_GROUP_MAX);
	else if (location && !arm_location_ok(location))
		http_answer_error(call->answer, 404, "LocationNotFound",
			"The only location here is " ARM_LOCATION);
	else
		return true;
	return false;
}

/* --- conditions --------------------------------------------------------- */

/* Is it one of a list of tags, in quotes or not? */
static bool etag_listed(const char *list, const char *etag)
{
	size_t size;

	for (; *list; list += size) {
		list += strspn(list, ", \t");
		size = strcspn(list, ", \t");
		if ((size == ARM_ETAG_SIZE - 1 && !memcmp(list, etag, size)) ||
				(size == ARM_ETAG_SIZE - 3 && !memcmp(list,
				etag + 1, size)))
			return true;
	}
	return false;
}

bool arm_condition_ok(struct portal_call *call, const struct vm *vm)
{
	const char *match = http_header(call->request, "If-Match");
	const char *none = http_header(call->request, "If-None-Match");
	char etag[ARM_ETAG_SIZE] = "";

	if (vm)
		arm_etag(vm, etag);
	if (none && strcmp(none, "*"))
		arm_refuse_code(call, "InvalidParameter", "If-None-Match takes "
			"* alone: only if there is none");
	else if (none && vm)
		arm_refuse_code(call, "PreconditionFailed", "If-None-Match: "
			"there is a machine of this name");
	else if (match && !vm)
		arm_refuse_code(call, "PreconditionFailed", "If-Match: there "
			"is no machine of this name");
	else if (match && strcmp(match, "*") && !etag_listed(match, etag))
		arm_refuse_code(call, "PreconditionFailed", "If-Match: the "
			"machine has changed meanwhile: look at it again");
	else
		return true;
	return false;
}

/* --- errors ------------------------------------------------------------- */

void arm_refuse_code(struct portal_call *call, const char *code,
	const char *message)
{
	static const struct {
		const char *code;
		unsigned status;
	} rows[] = {
		{ "InvalidParameter", 400 }, { "ResourceNotFound", 404 },
		{ "QuotaExceeded", 409 }, { "SkuNotAvailable", 409 },
		{ "AllocationFailed", 409 }, { "OperationNotAllowed", 409 },
		{ "Conflict", 409 }, { "PropertyChangeNotAllowed", 409 },
		{ "TooManyRequests", 429 }, { "PreconditionFailed", 412 },
		{ "LocationNotAvailableForResourceType", 400 },
	};
	unsigned status = 500;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!strcmp(rows[i].code, code))
			status = rows[i].status;
	http_answer_error(call->answer, status, code, "%s", message);
}

void arm_refuse(struct portal_call *call, const struct vm_refusal *refusal)
{
	arm_refuse_code(call, refusal->code ? refusal->code : "InternalError",
		refusal->why.text);
}

json_t *arm_time(int64_t time)
{
	char text[ATTEST_DATE_SIZE];

	if (attest_date_print(time, text))
		return json_null();
	return json_sprintf("%.19s+00:00", text);
}

/* --- opening ------------------------------------------------------------ */

int arm_open(struct portal *portal, struct why *why)
{
	struct arm *arm = calloc(1, sizeof(*arm));
	int r;

	portal->arm = arm;
	if (!arm)
		return why_set(why, -ENOMEM, "out of memory");
	arm->portal = portal;
	pthread_mutex_init(&arm->lock, NULL);
	arm->spare = calloc(1, sizeof(*arm->spare));
	r = arm->spare ? read_id(portal->service->folder, arm->subscription,
		why) : why_set(why, -ENOMEM, "out of memory");
	if (!r)
		r = arm_ops_open(portal->service, &arm->ops, why);
	if (!r && ((r = arm_vm_verbs(portal)) || (r = arm_order_verbs(portal)) ||
			(r = arm_power_verbs(portal)) ||
			(r = arm_size_verbs(portal))))
		why_set(why, r, "the routes of machines do not fit in");
	return r;
}

void arm_close(struct portal *portal)
{
	struct arm *arm = portal->arm;

	if (!arm)
		return;
	arm_ops_close(arm->ops);
	for (size_t i = 0; arm->spare && i < arm->spare->count; i++)
		vms_close(arm->spare->vms[i]);
	free(arm->spare);
	pthread_mutex_destroy(&arm->lock);
	free(arm);
	portal->arm = NULL;
}
