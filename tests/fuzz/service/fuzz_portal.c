/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a request to the portal and to Azure Resource Manager's paths:
 * the routes, handlers and operations of coffer-serve, on a state directory
 * with three machines that do not run, without a network.  Method, target and
 * headers, a line each, an empty line, the body.
 *
 * Whatever comes in, the answer is none of an internal error, an error says
 * what it is, and nobody gets anything who has no token, has the wrong one for
 * it, calls the service by a foreign name or comes from another site.
 */
#include "common/log.h"
#include "service/arm.h"
#include "service/portal.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 43 characters each; the corpus has them too. */
#define WRITE "Write-Write-Write-Write-Write-Write-Write-W"
#define READ "Read-Read-Read-Read-Read-Read-Read-Read-Rea"
#define SUBSCRIPTION "00000000-0000-4000-8000-000000000001"
#define WAIT_MS 30000

static struct {
	char state[64];
	struct config *config;
	struct service service;
	struct http_server *server;
	struct portal *portal;
} w;

static void die(const char *what)
{
	fprintf(stderr, "fuzz_portal: %s\n", what);
	abort();
}

/* --- the world ---------------------------------------------------------- */

static void write_file(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/serve/%s", w.state, name);
	file = fopen(path, "w");
	if (!file || fputs(text, file) < 0 || fclose(file) ||
			chmod(path, 0600))
		die(path);
}

static void machine(const char *path)
{
	struct why why = { "" };
	struct vmconf conf;

	vmconf_default(&conf);
	conf.power = VMCONF_OFF;
	conf.zone = 1;
	conf.update_domain = 1;
	conf.host = 1;
	conf.created = 1767225600;
	if (vmconf_set_tag(&conf, ARM_GROUP_TAG, "Web", &why) ||
			vmconf_set_tag(&conf, "owner", "tests", &why))
		die(why.text);
	if (vmconf_write(path, &conf, &why))
		die(why.text);
	vmconf_free(&conf);
}

/* Machines as they were, whatever the last request has done to them. */
static void machines(void)
{
	static const char *const names[] = { "one", "two", "vm-3" };
	static struct stat kept[3];

	for (size_t i = 0; i < 3; i++) {
		struct stat now;
		char path[256];

		snprintf(path, sizeof(path), "%s/vm/%s", w.state, names[i]);
		mkdir(path, 0700);
		strcat(path, "/vm.conf");
		if (!stat(path, &now) && now.st_ino == kept[i].st_ino &&
				now.st_mtime == kept[i].st_mtime &&
				now.st_mtim.tv_nsec == kept[i].st_mtim.tv_nsec)
			continue;
		machine(path);
		if (stat(path, &kept[i]))
			die(path);
	}
}

/* Nothing can be made, so that there is always the same. */
static void no_quota(void)
{
	struct why why = { "" };
	struct vms *vms;

	if (vms_open(NULL, &vms, &why))
		die(why.text);
	for (int i = 0; i < VMCONF_FAMILIES; i++)
		if (vm_set_quota(vms, (enum vmconf_family)i, 0, &why))
			die(why.text);
	vms_close(vms);
}

static int drop(const char *path, const struct stat *status, int type,
	struct FTW *place)
{
	return remove(path);
}

static void clean(void)
{
	portal_free(w.portal);
	http_server_free(w.server);
	db_close(w.service.db);
	seal_at_rest_close(w.service.seal);
	config_free(w.config);
	nftw(w.state, drop, 16, FTW_DEPTH | FTW_PHYS);
}

static void folder(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", w.state, name);
	if (mkdir(path, 0700))
		die(path);
}

static void begin(void)
{
	struct why why = { "" };
	char path[96];

	log_open("fuzz", -1, LOG_LEVEL_ERROR);
	strcpy(w.state, "/tmp/coffer-fuzz-XXXXXX");
	if (!mkdtemp(w.state))
		die("no temporary folder");
	folder("run");
	folder("serve");
	folder("vm");
	folder("bin"); /* empty: no program is started */
	setenv("COFFER_STATE_DIR", w.state, 1);
	snprintf(path, sizeof(path), "%s/run", w.state);
	setenv("COFFER_RUNTIME_DIR", path, 1);
	snprintf(path, sizeof(path), "%s/bin", w.state);
	setenv("COFFER_BINDIR", path, 1);
	write_file("tokens", "read-write " WRITE "\nread-only " READ "\n");
	write_file("subscription", SUBSCRIPTION "\n");
	snprintf(w.service.folder, sizeof(w.service.folder), "%s/serve",
		w.state);
	strcpy(w.service.url, "https://localhost:8081");
	w.config = config_new();
	w.service.config = w.config;
	w.service.time = 1767225600;
	w.server = http_server_new();
	if (db_open(&w.service.db, ":memory:", &why) ||
			service_master_key(&w.service, &w.service.seal,
				&why) ||
			portal_open(w.server, &w.service, &w.portal, &why))
		die(why.text);
	no_quota();
	machines();
	atexit(clean);
}

/* Until what was begun has ended. */
static void settle(void)
{
	for (unsigned ms = 0; ms < WAIT_MS; ms++) {
		struct arm_op *list;
		size_t count;

		if (arm_op_list(w.portal->arm->ops, &list, &count))
			die("out of memory");
		free(list);
		if (!count)
			return;
		usleep(1000);
	}
	die("an operation does not end");
}

/* --- the answer --------------------------------------------------------- */

static void check_error(const struct http_view *view)
{
	json_t *body = json_loadb((const char *)view->body, view->body_size,
		0, NULL);
	json_t *error = json_object_get(body, "error");

	if (!json_is_string(json_object_get(error, "code")) ||
			!json_is_string(json_object_get(error, "message")))
		die("an error that does not say what it is");
	json_decref(body);
}

static void check_caller(const struct http_request *request)
{
	const char *bearer = http_bearer(request);
	const char *host = http_header(request, "Host");
	const char *site = http_header(request, "Sec-Fetch-Site");
	bool change = strcmp(request->method, "GET") &&
		strcmp(request->path, "/portal/quote");

	if (!bearer || (strcmp(bearer, WRITE) && strcmp(bearer, READ)))
		die("somebody without a token was let in");
	if (change && strcmp(bearer, WRITE))
		die("somebody who may only read has changed something");
	if (!host || strcasestr(host, "evil"))
		die("a foreign name was let in");
	if (site && strcasecmp(site, "none") &&
			strcasecmp(site, "same-origin"))
		die("another site was let in");
}

static void check(const struct http_exchange *exchange)
{
	const struct http_request *request = http_exchange_request(exchange);
	const struct http_answer *answer = http_exchange_answer(exchange);
	const char *name = request->interface ? request->interface->name : "";
	struct http_view view;

	if (!answer)
		die("no answer");
	http_answer_view(answer, &view);
	if (view.status < 200 || view.status > 599 || view.status == 500)
		die("an internal error");
	if (http_answer_header_value(answer, "Access-Control-Allow-Origin") ||
			http_answer_header_value(answer, "Set-Cookie"))
		die("another site may see the answer");
	if (view.status >= 400)
		check_error(&view);
	else if (!strcmp(name, "portal") || !strcmp(name, "arm"))
		check_caller(request);
}

/* --- the request -------------------------------------------------------- */

/* The next line of a text that is cut into lines. */
static char *take(char **at)
{
	char *line = *at, *end = strchr(line, '\n');

	*at = end ? end + 1 : line + strlen(line);
	if (end)
		*end = '\0';
	return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[65537];
	struct http_field headers[HTTP_FIELDS_MAX + 8];
	struct http_exchange *exchange;
	char *at = text, *line, *colon;
	const char *method, *target;
	size_t count = 0, left;

	if (!w.portal)
		begin();
	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	method = take(&at);
	target = take(&at);
	while (count < sizeof(headers) / sizeof(*headers) &&
	       *(line = take(&at))) {
		colon = strchr(line, ':');
		if (colon)
			*colon++ = '\0';
		headers[count].name = line;
		headers[count++].value = !colon ? "" : colon + strspn(colon,
			" ");
	}
	exchange = http_exchange_begin(w.server, method, target, headers,
		count, NULL);
	if (!exchange)
		die("out of memory");
	left = (size_t)(text + size - at);
	http_exchange_body(exchange, at, left / 2);
	http_exchange_body(exchange, at + left / 2, left - left / 2);
	http_exchange_finish(exchange);
	check(exchange);
	if (strcmp(http_exchange_request(exchange)->method, "GET")) {
		settle();
		machines();
	}
	http_exchange_end(exchange);
	return 0;
}
