/* SPDX-License-Identifier: MIT */
/*
 * The box once more, on a machine whose processor has room for 28 MiB
 * of enclaves, with more records than that: pages have to leave the processor,
 * encrypted, for ordinary memory.  There somebody flips a bit.
 */
#include "story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MACHINE "small"
#define SIZE "Standard_DC1s_v2"
#define COPIES 22 /* of the owner's table */

struct scene {
	struct peer host;
	char private[160], post[160], data[200];
	char id[32]; /* of the enclave, as the machine lists it */
};

/* The table's lines so many times, under one heading. */
static bool write_data(const struct story *s, const struct scene *scene,
	size_t *count)
{
	FILE *from = fopen(s->data, "r"), *to = fopen(scene->data, "w");
	char line[512];

	*count = 0;
	for (int copy = 0; from && to && copy < COPIES; copy++) {
		rewind(from);
		for (size_t n = 0; fgets(line, sizeof(line), from); n++) {
			if (n || !copy)
				fputs(line, to);
			*count += n != 0;
		}
	}
	if (from)
		fclose(from);
	return to && !fclose(to) && *count;
}

static bool set_up(struct story *s, struct scene *scene, size_t *count)
{
	char from[200], to[200];

	/* The same key, other records. */
	snprintf(scene->private, sizeof(scene->private), "%s/many",
		s->private);
	snprintf(scene->post, sizeof(scene->post), "%s/post2", s->world.folder);
	snprintf(scene->data, sizeof(scene->data), "%s/many.csv",
		scene->private);
	snprintf(from, sizeof(from), "%s/box.key", s->private);
	snprintf(to, sizeof(to), "%s/box.key", scene->private);
	return !mkdir(scene->private, 0700) && !link(from, to) &&
		!mkdir(scene->post, 0700) && write_data(s, scene, count);
}

static bool load(struct story *s, struct scene *scene)
{
	char image[200], text[512], *argv[HOST_ARGUMENTS];

	snprintf(image, sizeof(image), "%s/big.signed", s->world.folder);
	host_arguments(s, MACHINE, SIZE, image, scene->post, NULL, argv);
	return judge(s, make_image(s, "big.conf", s->signer, image) &&
		!peer_start(&scene->host, argv, (uid_t)-1, NULL, -1) &&
		peer_expect(&scene->host, "ok", text, sizeof(text), 20000) &&
		ask_host(&scene->host, "fetch", text, sizeof(text), NULL),
		"the box, signed for 72 MiB, on a machine of size " SIZE ":\n"
		"           28 MiB for all its enclaves; it too is given the key");
}

static bool work(struct story *s, struct scene *scene, size_t count)
{
	char result[200], text[512], said[1024], expected[32];
	char *seal[] = { s->owner, "seal", "--data", scene->data,
		"--private", scene->private, "--out", scene->post, NULL };
	char *open[] = { s->owner, "open", "--private", scene->private,
		"--result", result, "--check", scene->data, NULL };
	bool good;

	snprintf(result, sizeof(result), "%s/result.sealed", scene->post);
	snprintf(expected, sizeof(expected), "%zu", count);
	good = !run(s, seal, false, said, sizeof(said)) &&
		ask_host(&scene->host, "open", text, sizeof(text), NULL) &&
		!strcmp(text, expected) &&
		ask_host(&scene->host, "compute", text, sizeof(text), NULL) &&
		!run(s, open, false, said, sizeof(said));
	return judge(s, good, "it opens %zu records, 34 MiB, computes, and its "
		"figures are right", count);
}

/* A number in the machine's listing. */
static bool listed(const char *listing, const char *name, char *out, size_t size)
{
	char quoted[32];
	const char *at;

	snprintf(quoted, sizeof(quoted), "\"%s\":", name);
	at = strstr(listing, quoted);
	if (!at)
		return false;
	at += strlen(quoted);
	at += strspn(at, " ");
	snprintf(out, size, "%.*s", (int)strspn(at, "0123456789"), at);
	return *out;
}

static bool list(struct story *s, struct scene *scene)
{
	char *argv[] = { s->coffer, "enclaves", "--vm", MACHINE, "--json", NULL };
	char resident[32] = "", evicted[32] = "", ins[32], outs[32], said[4096];
	bool good = !run(s, argv, false, said, sizeof(said)) &&
		listed(said, "id", scene->id, sizeof(scene->id)) &&
		listed(said, "resident", resident, sizeof(resident)) &&
		listed(said, "evicted", evicted, sizeof(evicted)) &&
		listed(said, "page_ins", ins, sizeof(ins)) &&
		listed(said, "page_outs", outs, sizeof(outs)) &&
		atol(resident) <= 7168 && atol(evicted) > 0;

	judge(s, good, "%s of its pages are in the processor, %s outside, "
		"encrypted", resident, evicted);
	if (good)
		say(s, "           so far %s pages went out and %s came back; who "
			"looks at them there\n           sees noise, and a page "
			"that comes back is checked: is it this page of\n"
			"           this enclave, unchanged, and its latest "
			"version?\n", outs, ins);
	return good;
}

/* What the library told its user about the enclave's end. */
static void tell_why(struct story *s, const char *message)
{
	const char *text = strstr(message, "the enclave is lost");

	while (text && *text) {
		int width = (int)strlen(text);

		if (width > 66) {
			width = 66;
			while (width > 1 && text[width] != ' ')
				width--;
		}
		say(s, "           %.*s\n", width, text);
		text += width + (text[width] == ' ');
	}
}

static void meddle(struct story *s, struct scene *scene)
{
	char *argv[] = { s->coffer, "tamper", "--vm", MACHINE, "--enclave",
		scene->id, "flip", NULL };
	char text[512], said[1024], message[MESSAGE_MAX] = "";

	if (!judge(s, !run(s, argv, false, said, sizeof(said)),
			"now we play the operating system, which holds those pages:"
			"\n           coffer tamper --vm " MACHINE
			" --enclave %s flip", scene->id))
		say(s, "           %s", said);
	judge(s, !ask_host(&scene->host, "compute", text, sizeof(text),
			message) && *message,
		"the next time that it computes it is stopped: %s", text);
	tell_why(s, message);
	judge(s, !ask_host(&scene->host, "compute", text, sizeof(text), NULL),
		"and disabled: every later call is refused (%s)", text);
}

void story_tamper(struct story *s)
{
	struct scene scene = { .host = { .pid = -1, .to = -1, .from = -1 } };
	size_t count = 0;

	if (judge(s, set_up(s, &scene, &count), "%d times the records", COPIES) &&
	    load(s, &scene) && work(s, &scene, count) && list(s, &scene))
		meddle(s, &scene);
	if (scene.host.pid > 0)
		peer_end(&scene.host, 20000);
}
