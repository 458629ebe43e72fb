/* SPDX-License-Identifier: MIT */
#include "service/portal_cli.h"

#include "common/paths.h"
#include "common/words.h"
#include "service/portal_browser.h"
#include "service/portal_token.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Of those who call coffer-serve itself; `coffer` has its own. */
static const char token_help[] =
"Usage: coffer serve token [--read-write|--read-only] [--new] [--state DIR]\n"
"Prints the token that clients of the portal and of its API show as\n"
"`Authorization: Bearer TOKEN`.\n"
"\n"
"  --read-write   the one that may do everything (the default)\n"
"  --read-only    the one that may only look\n"
"  --new          make another first: the old one is worth nothing from now\n"
"                 on; without --read-write or --read-only both are made anew\n"
"  --state DIR    base of the state directories (COFFER_STATE_DIR)\n"
"\n"
"The tokens are in STATE/serve/tokens, which only its owner can read.\n";

static const char portal_help[] =
"Usage: coffer portal [--read-only] [--open] [--state DIR]\n"
"Prints the address of the portal of the running `coffer serve`, with the token\n"
"that signs in behind '#': a browser does not send that part to anybody, and\n"
"the page removes it from its history at once.\n"
"\n"
"  --read-only    with the token that may only look\n"
"  --open         open it in the browser ($BROWSER, else xdg-open) instead\n"
"  --state DIR    base of the state directories (COFFER_STATE_DIR)\n";

struct wish {
	bool read_only, read_write, fresh, open;
};

static int fail(const char *text)
{
	fprintf(stderr, "coffer: %s\n", text);
	return 1;
}

static int usage(bool token)
{
	fprintf(stderr, why_words("Try 'coffer %s --help'.\n"),
		token ? "serve token" : "portal");
	return 2;
}

/* -1: go on. */
static int parse(int argc, char **argv, bool token, struct wish *wish)
{
	static const struct option longs[] = {
		{ "read-only", 0, NULL, 'r' }, { "read-write", 0, NULL, 'w' },
		{ "new", 0, NULL, 'n' }, { "open", 0, NULL, 'o' },
		{ "state", 1, NULL, 's' }, { "help", 0, NULL, 'h' },
		{ NULL, 0, NULL, 0 } };
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) >= 0) {
		if (c == 'h')
			return fputs(token ? token_help : portal_help,
				stdout) == EOF;
		if (c == 'r')
			wish->read_only = true;
		else if (c == 'w' && token)
			wish->read_write = true;
		else if (c == 'n' && token)
			wish->fresh = true;
		else if (c == 'o' && !token)
			wish->open = true;
		else if (c != 's')
			return usage(token);
		else if (setenv("COFFER_STATE_DIR", optarg, 1))
			return fail(why_words("out of memory"));
	}
	if (optind < argc || (wish->read_only && wish->read_write))
		return usage(token);
	return -1;
}

static int folder_of(char folder[PATH_MAX], struct why *why)
{
	char state[PATH_MAX];
	int r = paths_state(state, sizeof(state), why);

	if (!r)
		r = paths_join(folder, PATH_MAX, state, "serve", why);
	return r ? r : paths_make(folder, true, why);
}

static int print_token(const char *folder, const struct wish *wish,
	struct why *why)
{
	bool both = !wish->read_only && !wish->read_write;
	struct portal_token_pair pair;
	int r = wish->fresh ? portal_token_renew(folder, both ||
		wish->read_write, both || wish->read_only, &pair, why) :
		portal_token_read(folder, &pair, why);

	if (r)
		return r;
	printf("%s\n", wish->read_only ? pair.read : pair.write);
	OPENSSL_cleanse(&pair, sizeof(pair));
	return fflush(stdout) ? why_set(why, -errno, "standard output: %s",
		strerror(errno)) : 0;
}

/* --- the address -------------------------------------------------------- */

/* Does a service run?  One that was killed has left its address behind, where
 * by now somebody else may listen. */
static bool serving(const char *folder)
{
	char path[PATH_MAX];
	bool held;
	int fd = paths_join(path, sizeof(path), folder, "lock", NULL) ? -1 :
		open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) && errno ==
		EWOULDBLOCK;
	if (fd >= 0)
		close(fd);
	return held;
}

static int read_url(const char *folder, char url[256], struct why *why)
{
	char path[PATH_MAX];
	FILE *file;
	int r = paths_join(path, sizeof(path), folder, "url", why);

	if (r)
		return r;
	file = serving(folder) ? fopen(path, "re") : NULL;
	if (!file || !fgets(url, 256, file))
		r = why_set(why, -ENOENT, "the services do not run: start "
			"them with `coffer serve`");
	else
		url[strcspn(url, "\r\n")] = '\0';
	if (file)
		fclose(file);
	return r;
}

static int print_address(const char *folder, const struct wish *wish,
	struct why *why)
{
	struct portal_token_pair pair;
	char url[256], address[sizeof(url) + 64];
	const char *token = wish->read_only ? pair.read : pair.write;
	int r = read_url(folder, url, why);

	if (!r)
		r = portal_token_read(folder, &pair, why);
	if (r)
		return r;
	snprintf(address, sizeof(address), "%s/#token=%s", url, token);
	if (wish->open)
		r = portal_browse(folder, address, why);
	else if (printf("%s\n", address) < 0 || fflush(stdout))
		r = why_set(why, -EIO, "standard output cannot take it");
	OPENSSL_cleanse(address, sizeof(address));
	OPENSSL_cleanse(&pair, sizeof(pair));
	return r;
}

int portal_cli(int argc, char **argv)
{
	bool token = !strcmp(argv[0], "token");
	struct wish wish = { .open = false };
	char folder[PATH_MAX];
	struct why why = { "" };
	int r;

	if (!token && strcmp(argv[0], "portal"))
		return -1;
	words_speak();
	r = parse(argc, argv, token, &wish);
	if (r >= 0)
		return r;
	r = folder_of(folder, &why);
	if (!r)
		r = token ? print_token(folder, &wish, &why) :
			print_address(folder, &wish, &why);
	return r ? fail(why.text) : 0;
}
