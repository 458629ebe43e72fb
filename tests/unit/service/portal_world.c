/* SPDX-License-Identifier: MIT */
#include "portal_world.h"

#include "service/arm.h"
#include "service/portal_quote.h"
#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int get(void *context, const struct attest_pck *machine,
	unsigned evaluation, struct maa_collateral *collateral,
	struct why *why)
{
	struct portal_world *world = context;

	if (evaluation || memcmp(machine->fmspc, world->mint.machine.fmspc,
			6))
		return -ENOENT;
	collateral->view = world->mint.collateral;
	collateral->owned = world;
	return 0;
}

static void put(void *context, struct maa_collateral *collateral)
{
	assert_ptr_equal(collateral->owned, context);
	memset(collateral, 0, sizeof(*collateral));
}

/* Quotes are the mint's, which this state's CA has nothing to do with. */
static void use_mint(struct portal_world *world)
{
	struct maa_source *source = &world->portal->quotes->source;

	maa_source_close(source);
	mint_init(&world->mint);
	mint_make(&world->mint);
	*source = (struct maa_source){ .get = get, .put = put,
		.context = world, .roots = world->mint.roots };
}

int world_begin(void **state)
{
	struct portal_world *w = calloc(1, sizeof(*w));
	struct why why = { "" };
	char run[96];

	if (!w)
		return -1;
	strcpy(w->state, "/tmp/coffer-portal-XXXXXX");
	assert_non_null(mkdtemp(w->state));
	snprintf(run, sizeof(run), "%s/run", w->state);
	assert_int_equal(mkdir(run, 0700), 0);
	setenv("COFFER_STATE_DIR", w->state, 1);
	setenv("COFFER_RUNTIME_DIR", run, 1);
	snprintf(w->service.folder, sizeof(w->service.folder), "%s/serve",
		w->state);
	assert_int_equal(mkdir(w->service.folder, 0700), 0);
	w->config = config_new();
	w->service.config = w->config;
	w->service.time = MINT_NOW;
	strcpy(w->service.url, "https://" WORLD_HOST);
	w->server = http_server_new();
	if (db_open(&w->service.db, ":memory:", &why) ||
			service_master_key(&w->service, &w->service.seal,
				&why) ||
			portal_open(w->server, &w->service, &w->portal,
				&why) ||
			portal_token_read(w->service.folder, &w->token, &why))
		fail_msg("%s", why.text);
	use_mint(w);
	*state = w;
	return 0;
}

static int drop(const char *path, const struct stat *status, int type,
	struct FTW *place)
{
	return remove(path);
}

int world_end(void **state)
{
	struct portal_world *w = *state;

	portal_free(w->portal);
	http_server_free(w->server);
	mint_free(&w->mint);
	db_close(w->service.db);
	seal_at_rest_close(w->service.seal);
	config_free(w->config);
	nftw(w->state, drop, 16, FTW_DEPTH | FTW_PHYS);
	free(w);
	return 0;
}

struct http_exchange *world_send(struct portal_world *world,
	const struct world_request *request)
{
	struct sockaddr_in client = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct http_field fields[8 + WORLD_EXTRA_MAX];
	struct http_exchange *exchange;
	char bearer[512];
	size_t count = 0;
	const struct http_field wanted[] = {
		{ "Host", request->host ? request->host : WORLD_HOST },
		{ "Origin", request->origin },
		{ "Sec-Fetch-Site", request->site },
		{ "Content-Type", request->type },
		{ "Accept-Encoding", request->encoding },
		{ "If-None-Match", request->etag },
		{ "Authorization", request->token ? bearer : NULL },
	};

	if (request->token)
		snprintf(bearer, sizeof(bearer), "Bearer %s", request->token);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		if (wanted[i].value && *wanted[i].value)
			fields[count++] = wanted[i];
	for (size_t i = 0; i < WORLD_EXTRA_MAX && request->extra[i].name; i++)
		fields[count++] = request->extra[i];
	exchange = http_dispatch(world->server, request->method,
		request->target, fields, count, request->body, request->size,
		(const struct sockaddr *)&client);
	assert_non_null(exchange);
	assert_non_null(http_exchange_answer(exchange));
	return exchange;
}

unsigned world_ask(struct portal_world *world, const char *token,
	const char *method, const char *target, json_t *body, json_t **answer)
{
	char *text = body ? json_dumps(body, 0) : NULL;
	struct world_request request = { .method = method, .target = target,
		.token = token, .type = body ? "application/json" : NULL,
		.body = text ? text : "", .size = text ? strlen(text) : 0 };
	struct http_exchange *exchange = world_send(world, &request);
	struct http_view view;
	unsigned status;

	http_answer_view(http_exchange_answer(exchange), &view);
	status = view.status;
	if (answer)
		*answer = json_loadb((const char *)view.body, view.body_size,
			0, NULL);
	http_exchange_end(exchange);
	free(text);
	json_decref(body);
	return status;
}

void world_expect_code(json_t *answer, const char *code)
{
	const char *found = json_string_value(json_object_get(json_object_get(
		answer, "error"), "code"));

	assert_non_null(found);
	assert_string_equal(found, code);
	json_decref(answer);
}

void world_add(struct portal_world *world, const char *name,
	const char *group, unsigned zone)
{
	struct vmconf conf;
	struct why why = { "" };
	char path[256];

	snprintf(path, sizeof(path), "%s/vm", world->state);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/vm/%s", world->state, name);
	assert_int_equal(mkdir(path, 0700), 0);
	vmconf_default(&conf);
	conf.power = VMCONF_OFF;
	conf.zone = (uint16_t)zone;
	conf.update_domain = 3;
	conf.host = 1;
	conf.created = MINT_NOW;
	if (group)
		assert_int_equal(vmconf_set_tag(&conf, ARM_GROUP_TAG, group,
			&why), 0);
	assert_int_equal(vmconf_set_tag(&conf, "owner", "tests", &why), 0);
	snprintf(path, sizeof(path), "%s/vm/%s/vm.conf", world->state, name);
	if (vmconf_write(path, &conf, &why))
		fail_msg("%s", why.text);
	vmconf_free(&conf);
}

const char *world_target(struct portal_world *world, const char *group,
	const char *rest)
{
	static char text[512];

	snprintf(text, sizeof(text), "/subscriptions/%s%s%s/providers/"
		"Microsoft.Compute/%s", world->portal->arm->subscription,
		group ? "/resourceGroups/" : "", group ? group : "", rest);
	return text;
}
