/* SPDX-License-Identifier: MIT */
/*
 *   failover-demo --bin DIR --image LINKED --configs DIR --signer PEM
 *                 --other-signer PEM [--quiet]
 *
 * Exit status: 0 when every step went as told, else 1.
 */
#include "story.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void say(const struct story *s, const char *format, ...)
{
	va_list list;

	if (s->quiet)
		return;
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	fflush(stdout);
}

void heading(struct story *s, const char *text)
{
	say(s, "\n%u. %s\n", ++s->step, text);
}

bool judge(struct story *s, bool good, const char *format, ...)
{
	va_list list;

	if (good && s->quiet)
		return good;
	printf(good ? "   [ok]    " : "   [WRONG] ");
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	printf("\n");
	fflush(stdout);
	s->failed += !good;
	return good;
}

bool story_ask(struct story *s, const char *who, const char *command,
	int status, const char *word)
{
	char said[2048], memory[64] = "";
	int got;

	if (who)
		snprintf(memory, sizeof(memory), "client-%s", who);
	got = cluster_ask(&s->cluster, who ? memory : NULL, command, said,
		sizeof(said));
	said[strcspn(said, "\n")] = 0;
	judge(s, got == status && strstr(said, word), "%s: %s",
		who ? who : "a new client", command);
	say(s, "           %s\n", said);
	return got == status;
}

static bool tell(struct story *s)
{
	bool good = story_begin(s) && story_pay(s) && story_kill(s);

	if (good) {
		story_rollback(s);
		story_strangers(s);
	}
	return good;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "bin", required_argument, NULL, 'b' },
		{ "image", required_argument, NULL, 'i' },
		{ "configs", required_argument, NULL, 'c' },
		{ "signer", required_argument, NULL, 's' },
		{ "other-signer", required_argument, NULL, 'o' },
		{ "quiet", no_argument, NULL, 'q' },
		{ NULL, 0, NULL, 0 },
	};
	static struct story s;
	struct cluster *c = &s.cluster;
	unsigned long long begin = world_clock();
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'b': c->bin = optarg; break;
		case 'i': c->image = optarg; break;
		case 'c': c->configs = optarg; break;
		case 's': c->signer = optarg; break;
		case 'o': c->other_signer = optarg; break;
		case 'q': s.quiet = true; break;
		default: return 2;
		}
	}
	if (!c->bin || !c->image || !c->configs || !c->signer ||
		!c->other_signer)
		return 2;
	if (!tell(&s))
		s.failed++;
	if (s.failed)
		world_tell_logs(&c->world);
	judge(&s, !cluster_close(c), "everything is ended and removed");
	say(&s, "\n%s (%.0f seconds)\n", s.failed ? "NOT AS TOLD" :
		"Everything went as told.",
		(double)(world_clock() - begin) / 1000);
	return s.failed ? 1 : 0;
}
