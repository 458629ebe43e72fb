/* SPDX-License-Identifier: MIT */
/*
 * What must fail: the same box where something is not as the owner's policy
 * wants it, and a host that does not carry what it was given.  Each time the
 * enclave runs, asks for the key, and is told why it gets none.
 */
#include "story.h"

#include <stdio.h>
#include <string.h>

#define KEY_NAME "clinic-records"
#define SIZE "Standard_DC2s_v3"

void host_arguments(struct story *s, const char *vm, const char *size,
	const char *image, const char *post, char *const options[],
	char *argv[HOST_ARGUMENTS])
{
	size_t n = 0;

	argv[n++] = s->coffer;
	argv[n++] = "run";
	argv[n++] = "--vm";
	argv[n++] = (char *)vm;
	argv[n++] = "--size";
	argv[n++] = (char *)size;
	argv[n++] = "--";
	argv[n++] = s->host;
	argv[n++] = "--attest";
	argv[n++] = s->url;
	argv[n++] = "--vault";
	argv[n++] = s->url;
	argv[n++] = "--key";
	argv[n++] = KEY_NAME;
	for (size_t i = 0; options && options[i]; i++)
		argv[n++] = options[i];
	argv[n++] = (char *)image;
	argv[n++] = (char *)post;
	argv[n] = NULL;
}

bool attempt_fetch(struct story *s, const struct attempt *a, char *answer,
	size_t size)
{
	struct peer host = { .pid = -1, .to = -1, .from = -1 };
	char *argv[HOST_ARGUMENTS], text[1024];
	bool given = false;

	host_arguments(s, a->vm, SIZE, a->image, s->post, a->options, argv);
	snprintf(answer, size, "the host did not start");
	if (peer_start(&host, argv, (uid_t)-1, NULL, -1))
		return false;
	if (peer_expect(&host, "ok", text, sizeof(text), 30000))
		given = ask_host(&host, "fetch", answer, size, NULL);
	peer_end(&host, 20000);
	return given;
}

/* Refused, with words that say this. */
static void refused(struct story *s, const struct attempt *a, const char *what,
	const char *word)
{
	char answer[1024];
	bool given = attempt_fetch(s, a, answer, sizeof(answer));

	judge(s, !given && strstr(answer, word), "%s: %s", what,
		given ? "it was given the key" : "refused");
	say_lines(s, answer);
}

static void other_images(struct story *s)
{
	static const struct {
		const char *conf, *what, *word;
		bool debug, other;
	} list[] = {
		{ "debug.conf", "a debug build", "x-ms-sgx-is-debuggable", true,
			false },
		{ "box.conf", "an enclave that somebody else signed",
			"x-ms-sgx-mrsigner", false, true },
		{ "old.conf", "version 1, whose faults are known", "x-ms-sgx-svn",
			false, false },
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
		char image[200];
		struct attempt a = { .vm = "clinic", .image = image };

		snprintf(image, sizeof(image), "%s/other.signed",
			s->world.folder);
		if (list[i].debug)
			a.options[0] = "--debug";
		if (!make_image(s, list[i].conf,
			list[i].other ? s->other_signer : s->signer, image)) {
			judge(s, false, "%s: cannot be signed", list[i].what);
			continue;
		}
		refused(s, &a, list[i].what, list[i].word);
	}
}

static bool tcb(struct story *s, char *verb, char *vm, char *status)
{
	char said[1024];
	char *argv[] = { s->coffer, "vm", "tcb", verb, vm, status, NULL };
	bool good = !run(s, argv, false, said, sizeof(said));

	if (!good)
		say_lines(s, said);
	return good;
}

static bool make_machine(struct story *s, char *vm)
{
	char said[1024];
	char *argv[] = { s->coffer, "vm", "create", vm, "--size", SIZE,
		"--on-demand", NULL };

	return !run(s, argv, false, said, sizeof(said));
}

static void other_machines(struct story *s)
{
	struct attempt old = { .vm = "old", .image = s->enclave };
	struct attempt lost = { .vm = "lost", .image = s->enclave };

	if (judge(s, make_machine(s, "old") && tcb(s, "set", "old", "OutOfDate"),
		"a machine whose microcode is older than it may be"))
		refused(s, &old, "the enclave on the out-of-date machine",
			"out of date");
	if (judge(s, make_machine(s, "lost") && tcb(s, "revoke", "lost", NULL),
		"a machine whose certificate is revoked"))
		refused(s, &lost, "the enclave on the revoked machine",
			"evoked");
}

static void other_messages(struct story *s, const char *recorded)
{
	struct attempt replay = { .vm = "clinic", .image = s->enclave,
		.options = { "--replay", (char *)recorded } };
	struct attempt flip = { .vm = "clinic", .image = s->enclave,
		.options = { "--flip" } };

	refused(s, &replay, "the host sends an older quote in place of the new "
		"one", "not the answer");
	refused(s, &flip, "the host flips one bit of the quote",
		"signature");
}

void story_refusals(struct story *s)
{
	char recorded[200];

	snprintf(recorded, sizeof(recorded), "%s/recorded.json",
		s->world.folder);
	other_images(s);
	other_messages(s, recorded);
	other_machines(s);
}
