/* SPDX-License-Identifier: MIT */
/*
 * coffer-serve: collateral, attestation and key release over HTTP, one
 * process with one database.
 */
#include "service/service.h"

#include "common/log.h"
#include "common/notify.h"
#include "common/paths.h"
#include "service/listen.h"
#include "service/portal_cli.h"
#include "service/tls.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
"Usage: coffer serve [OPTION]...\n"
"Collateral, attestation and key release over HTTPS.\n"
"\n"
"  --config FILE     configuration (default: STATE/serve/serve.conf, if there)\n"
"  -o KEY=VALUE      one setting over the file's; may be repeated\n"
"  --port N          as -o port=N; 0: any that is free\n"
"  --listen ADDRESS  as -o listen=ADDRESS (default 127.0.0.1)\n"
"  --http            plain HTTP; only on a loopback address\n"
"  --state DIR       base of the state directories (COFFER_STATE_DIR)\n"
"  --quiet           no line per request in the log\n"
"  --new-passphrase FILE  encrypt the master key under the first line of FILE,\n"
"                    - for no passphrase, and end; the old one is that of the\n"
"                    configuration (master_passphrase_file)\n"
"  --print-config    print the configuration in force, and end\n"
"  --print-routes    print every method and path, and end\n"
"  --help, --version\n"
"\n"
"When it serves it prints one line, its URL.  The log goes to standard error.\n"
"Clients trust STATE/serve/tls/ca.pem; administrators show the token in\n"
"STATE/serve/admin.token, users of the portal that of `coffer serve token`.\n"
"SIGINT and SIGTERM end it.\n";

#define LOCK_TRIES 20

struct options {
	const char *file; /* NULL: the default */
	const char *new_passphrase; /* of the master key, then end; or NULL */
	bool print_config, print_routes;
};

/* --- options ------------------------------------------------------------ */

static int usage(const char *text)
{
	fprintf(stderr, "coffer-serve: %s\nTry 'coffer serve --help'.\n",
		text);
	return 2;
}

/* Twice: first for the file, then for what goes over the file's settings.
 * -1: go on. */
static int parse(int argc, char **argv, struct options *o,
	struct config *config)
{
	static const struct option longs[] = {
		{ "config", 1, NULL, 'c' }, { "port", 1, NULL, 'p' },
		{ "listen", 1, NULL, 'l' }, { "http", 0, NULL, 'h' },
		{ "new-passphrase", 1, NULL, 'n' },
		{ "state", 1, NULL, 's' }, { "quiet", 0, NULL, 'q' },
		{ "print-config", 0, NULL, 'P' },
		{ "print-routes", 0, NULL, 'R' }, { "help", 0, NULL, 'H' },
		{ "version", 0, NULL, 'V' }, { NULL, 0, NULL, 0 } };
	struct why why = { "" };
	int c, r = 0;

	optind = 0;
	while ((c = getopt_long(argc, argv, "+o:", longs, NULL)) >= 0) {
		if (c == 'c')
			o->file = optarg;
		else if (c == 's' && setenv("COFFER_STATE_DIR", optarg, 1))
			return usage("out of memory");
		else if (c == 'n')
			o->new_passphrase = optarg;
		else if (c == 'P')
			o->print_config = true;
		else if (c == 'R')
			o->print_routes = true;
		else if (c == 'H')
			return fputs(help, stdout) == EOF;
		else if (c == 'V')
			return printf("coffer-serve %s\n", COFFER_VERSION) < 0;
		else if (c == '?')
			return usage("what is meant is not clear");
		if (!config)
			continue;
		if (c == 'o')
			r = config_assign(config, optarg, &why);
		else if (c == 'p')
			r = config_set(config, "port", optarg, &why);
		else if (c == 'l')
			r = config_set(config, "listen", optarg, &why);
		else if (c == 'h')
			r = config_set(config, "http", "yes", &why);
		else if (c == 'q')
			r = config_set(config, "log_requests", "no", &why);
		if (r)
			return usage(why.text);
	}
	return optind < argc ? usage("there are no arguments") : -1;
}

/* --- the state ---------------------------------------------------------- */

static int prepare_folder(struct service *service, struct why *why)
{
	char state[PATH_MAX];
	int r = paths_state(state, sizeof(state), why);

	if (!r)
		r = paths_join(service->folder, sizeof(service->folder),
			state, "serve", why);
	return r ? r : paths_make(service->folder, true, why);
}

/* One service per folder: its descriptor, kept open, or a negative errno. */
static int lock_folder(const struct service *service, struct why *why)
{
	char path[PATH_MAX];
	int fd, r = paths_join(path, sizeof(path), service->folder, "lock",
		why);

	if (r)
		return r;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return why_set(why, -errno, "%s: %s", path, strerror(errno));
	/* `coffer portal` has it for a moment, to see whether we are here. */
	for (unsigned tries = 0; tries < LOCK_TRIES; tries++) {
		if (!flock(fd, LOCK_EX | LOCK_NB))
			return fd;
		usleep(50000);
	}
	close(fd);
	return why_set(why, -EBUSY, "another coffer-serve uses %s: end it, or "
		"give this one a state of its own (--state)",
		service->folder);
}

static int read_config(const struct service *service, const char *file,
	struct config *config, struct why *why)
{
	char path[PATH_MAX];
	int r;

	if (file)
		return config_read(config, file, why);
	r = paths_join(path, sizeof(path), service->folder, "serve.conf",
		why);
	if (!r)
		r = config_read(config, path, why);
	return r == -ENOENT ? 0 : r;
}

static int open_state(struct service *service, struct why *why)
{
	char path[PATH_MAX];
	int r = paths_join(path, sizeof(path), service->folder, "serve.db",
		why);

	if (!r)
		r = db_open(&service->db, path, why);
	if (!r)
		r = service_token(service->folder, "admin.token",
			service->admin_token, why);
	if (!r)
		r = service_token(service->folder, "user.token",
			service->user_token, why);
	if (!r)
		r = service_master_key(service, &service->seal, why);
	return r;
}

/* The file url says where we are; empty url: it goes. */
static void announce(const struct service *service, const char *url)
{
	char path[PATH_MAX], fresh[PATH_MAX];
	FILE *file;

	if (paths_join(path, sizeof(path), service->folder, "url", NULL) ||
	    paths_join(fresh, sizeof(fresh), service->folder, "url.new",
		NULL))
		return;
	if (!*url) {
		unlink(path);
		return;
	}
	file = fopen(fresh, "we");
	if (!file)
		return;
	fprintf(file, "%s\n", url);
	if (!fclose(file))
		rename(fresh, path);
}

/* --- serving ------------------------------------------------------------ */

static int open_modules(struct http_server *server, struct service *service,
	struct why *why)
{
	for (size_t i = 0; i < service_module_count; i++) {
		int r = service_modules[i].routes(server, service, why);

		if (r)
			return r;
	}
	return 0;
}

static void close_modules(void)
{
	for (size_t i = 0; i < service_module_count; i++)
		if (service_modules[i].close)
			service_modules[i].close();
}

static int print_routes(const struct http_server *server)
{
	const char *method, *pattern;
	size_t most;

	for (size_t i = 0; http_route_at(server, i, &method, &pattern, &most);
	     i++)
		printf("%-7s %-7zu %s\n", method, most, pattern);
	return fflush(stdout) ? 1 : 0;
}

static void set_url(struct service *service, bool http, unsigned port)
{
	const char *given = config_text(service->config, "url");
	size_t size = strlen(given);

	if (*given)
		snprintf(service->url, sizeof(service->url), "%.*s",
			(int)(size - (given[size - 1] == '/')), given);
	else
		snprintf(service->url, sizeof(service->url),
			"http%s://localhost:%u", http ? "" : "s", port);
}

static int serve(struct service *service, struct listener *listener,
	const sigset_t *ends, struct why *why)
{
	int number, r = listener_start(listener, why);

	if (r)
		return r;
	announce(service, service->url);
	log_info("serving %s, state in %s", service->url, service->folder);
	printf("%s\n", service->url);
	fflush(stdout);
	notify_say("READY=1");
	while (sigwait(ends, &number))
		;
	log_info("signal %d: ending", number);
	announce(service, "");
	return 0;
}

static int run(struct service *service, const struct options *o,
	const sigset_t *ends, struct why *why)
{
	bool http = config_yes(service->config, "http");
	struct http_server *server = http_server_new();
	struct listener *listener = NULL;
	char *key = NULL, *chain = NULL;
	unsigned port = 0;
	int r = server ? 0 : why_set(why, -ENOMEM, "out of memory");

	if (!r && !http)
		r = tls_prepare(service->folder, config_text(service->config,
			"tls_names"), service_now(service), why);
	if (!r && !http)
		r = tls_load(service->folder, &key, &chain, why);
	if (!r && !o->print_routes)
		r = listener_open(&listener, server, service->config, key,
			chain, &port, why);
	set_url(service, http, port);
	if (!r)
		r = open_modules(server, service, why);
	if (!r && o->print_routes)
		r = print_routes(server);
	else if (!r)
		r = serve(service, listener, ends, why);
	listener_close(listener);
	close_modules();
	http_server_free(server);
	if (key)
		OPENSSL_clear_free(key, strlen(key));
	free(chain);
	return r;
}

/* No core dump and no debugger of the same user: keys are in memory. */
static void harden(void)
{
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
}

/* What only who serves wants, and no browser. */
static void settle_in(void)
{
	struct rlimit files;

	umask(077);
	signal(SIGPIPE, SIG_IGN);
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

int main(int argc, char **argv)
{
	struct config *config = config_new();
	struct service service = { .config = config };
	struct options o = { NULL, NULL, false, false };
	struct why why = { "" };
	sigset_t ends;
	int r, lock = -1, status = -1;

	harden();
	notify_take();
	if (argc > 1)
		status = portal_cli(argc - 1, argv + 1);
	if (status < 0) {
		settle_in();
		status = parse(argc, argv, &o, NULL);
	}
	if (status >= 0) {
		config_free(config);
		return status;
	}
	log_open("coffer-serve", STDERR_FILENO, LOG_LEVEL_INFO);
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	r = config ? prepare_folder(&service, &why) :
		why_set(&why, -ENOMEM, "out of memory");
	if (!r)
		r = read_config(&service, o.file, config, &why);
	if (!r) {
		status = parse(argc, argv, &o, config);
		if (status >= 0)
			return status;
		if (o.print_config) {
			config_print(config, stdout);
			return fflush(stdout) ? 1 : 0;
		}
		lock = lock_folder(&service, &why);
		r = lock < 0 ? lock : 0;
		if (!r)
			announce(&service, ""); /* of one that was killed */
	}
	if (!r && o.new_passphrase)
		r = service_new_passphrase(&service, o.new_passphrase, &why);
	else if (!r)
		r = open_state(&service, &why);
	if (!r && !o.new_passphrase)
		r = run(&service, &o, &ends, &why);
	if (r)
		fprintf(stderr, "coffer-serve: %s\n", why.text);
	db_close(service.db);
	seal_at_rest_close(service.seal);
	OPENSSL_cleanse(&service, sizeof(service));
	config_free(config);
	if (lock >= 0)
		close(lock);
	return r ? 1 : 0;
}
