/* SPDX-License-Identifier: MIT */
/* The body of an attest request, of every version of the interface. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "service/maa.h"

#define NONCE_MAX 1024 /* bytes */

/* A member that is base64; *bytes stays NULL where it is not there. */
static int read_bytes(const json_t *object, const char *name,
	uint8_t **bytes, size_t *size, struct why *why)
{
	const json_t *text = json_object_get(object, name);
	int r;

	if (!text || json_is_null(text))
		return 0;
	if (!json_is_string(text))
		return why_set(why, -EINVAL, "\"%s\" is no string", name);
	r = base64_decode_any(json_string_value(text),
		json_string_length(text), bytes, size);
	return r ? why_set(why, r, r == -ENOMEM ? "out of memory" :
		"\"%s\" is not base64url", name) : 0;
}

/* {"data": …, "dataType": "Binary" or "JSON"} */
static int read_data(const json_t *body, const char *name, uint8_t **bytes,
	size_t *size, json_t **json, struct why *why)
{
	const json_t *object = json_object_get(body, name), *type;
	const char *reason = "it is no object";
	int r;

	if (!object || json_is_null(object))
		return 0;
	if (!json_is_object(object))
		return why_set(why, -EINVAL, "\"%s\" is no object", name);
	r = read_bytes(object, "data", bytes, size, why);
	if (r)
		return r;
	if (!*bytes)
		return why_set(why, -EINVAL, "\"%s\" has no \"data\"", name);
	type = json_object_get(object, "dataType");
	if (!type || (json_is_string(type) &&
			!strcasecmp(json_string_value(type), "Binary")))
		return 0;
	if (!json_is_string(type) ||
			strcasecmp(json_string_value(type), "JSON"))
		return why_set(why, -EINVAL, "the dataType of \"%s\" is "
			"neither Binary nor JSON", name);
	*json = http_json_parse((const char *)*bytes, *size, &reason);
	if (!json_is_object(*json))
		return why_set(why, -EINVAL, "the data of \"%s\" is no JSON "
			"object as its dataType says: %.120s", name, reason);
	return 0;
}

static int read_draft(const json_t *body, const char *name,
	struct maa_asked *asked, struct why *why)
{
	const json_t *text = json_object_get(body, name);

	if (!text || json_is_null(text))
		return 0;
	if (!json_is_string(text))
		return why_set(why, -EINVAL, "\"%s\" is no string", name);
	asked->draft = json_string_value(text);
	asked->draft_size = json_string_length(text);
	return 0;
}

static int read_nonce(const json_t *body, struct maa_asked *asked,
	struct why *why)
{
	const json_t *nonce = json_object_get(body, "nonce");

	if (!nonce || json_is_null(nonce))
		return 0;
	if (!(json_is_string(nonce) &&
			json_string_length(nonce) <= NONCE_MAX) &&
			!json_is_integer(nonce))
		return why_set(why, -EINVAL, "\"nonce\" is neither a string "
			"of at most %d bytes nor an integer", NONCE_MAX);
	asked->nonce = nonce;
	return 0;
}

int maa_asked_read(struct http_request *request, const json_t *body,
	enum maa_type type, const char *version, struct maa_asked *asked,
	struct why *why)
{
	bool old = !strcmp(version, "2018-09-01-preview");
	const char *evidence = old ? "Quote" :
		type == MAA_SGX_ENCLAVE ? "quote" : "report";
	int r;

	memset(asked, 0, sizeof(*asked));
	asked->type = type;
	if (!json_is_object(body))
		return why_set(why, -EINVAL, "the body is no JSON object");
	r = read_bytes(body, evidence, &asked->evidence,
		&asked->evidence_size, why);
	if (!r && !asked->evidence)
		r = why_set(why, -EINVAL, "the body has no \"%s\"", evidence);
	if (!r && old) {
		r = read_bytes(body, "EnclaveHeldData", &asked->runtime,
			&asked->runtime_size, why);
	} else if (!r) {
		r = read_data(body, "runtimeData", &asked->runtime,
			&asked->runtime_size, &asked->runtime_json, why);
		if (!r)
			r = read_data(body, "initTimeData", &asked->init,
				&asked->init_size, &asked->init_json, why);
	}
	if (!r)
		r = read_draft(body, old ? "DraftPolicyForAttestation" :
			"draftPolicyForAttestation", asked, why);
	if (!r)
		r = read_nonce(body, asked, why);
	if (r)
		maa_asked_free(asked);
	return r;
}

void maa_asked_free(struct maa_asked *asked)
{
	free(asked->evidence);
	free(asked->runtime);
	free(asked->init);
	json_decref(asked->runtime_json);
	json_decref(asked->init_json);
	memset(asked, 0, sizeof(*asked));
}
