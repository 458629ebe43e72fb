/* SPDX-License-Identifier: MIT */
/*
 *   sealed-box-demo --image LINKED --configs DIR --signer PEM
 *                   --other-signer PEM --data CSV --bin DIR [--quiet]
 *
 * DIR of --configs has box.conf, big.conf, debug.conf and old.conf; DIR of
 * --bin holds sealed-box-owner, sealed-box-host and Coffer's own programs.
 * Exit status: 0 when every step went as told, else 1.
 */
#include "story.h"
#include "common/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool set_up(struct story *s, const char *bin)
{
	int error;

	setenv("COFFER_BINDIR", bin, 1);
	snprintf(s->owner, sizeof(s->owner), "%s/sealed-box-owner", bin);
	snprintf(s->host, sizeof(s->host), "%s/sealed-box-host", bin);
	snprintf(s->sign, sizeof(s->sign), "%s/oesign", bin);
	snprintf(s->coffer, sizeof(s->coffer), "%s/coffer", bin);
	error = world_open(&s->world, (uid_t)-1);
	if (error) {
		fprintf(stderr, "no temporary folder: %s\n", strerror(-error));
		return false;
	}
	snprintf(s->private, sizeof(s->private), "%s/owner", s->world.folder);
	snprintf(s->post, sizeof(s->post), "%s/post", s->world.folder);
	return mkdir(s->private, 0700) == 0 && mkdir(s->post, 0700) == 0;
}

/* A record whose figures are rare enough to look for: few zeros. */
static bool pick_record(const char *path, char *record, size_t size, size_t *count)
{
	FILE *f = fopen(path, "r");
	char line[512];

	*count = 0;
	record[0] = 0;
	while (f && fgets(line, sizeof(line), f)) {
		double v[7] = { 0 };

		line[strcspn(line, "\r\n")] = 0;
		if (++*count < 5000 || record[0])
			continue;
		if (sscanf(line, "%lf,%lf,%lf,%lf,%lf,%lf,%lf", &v[0], &v[1],
			&v[2], &v[3], &v[4], &v[5], &v[6]) == 7 && v[0] > 3 &&
			v[1] > 0 && v[3] > 0 && v[4] > 0 && v[6] > 0)
			snprintf(record, size, "%s", line);
	}
	if (f)
		fclose(f);
	*count -= *count > 0;
	return record[0];
}

static void show_identity(struct story *s)
{
	char *argv[] = { s->sign, "dump", "-e", s->enclave, NULL };
	char line[2048], mrenclave[80] = "";
	struct peer p;

	if (peer_start(&p, argv, (uid_t)-1, NULL, -1) == 0) {
		while (peer_hear(&p, line, sizeof(line), 10000))
			if (!strncmp(line, "mrenclave=", 10))
				snprintf(mrenclave, sizeof(mrenclave), "%.64s", line + 10);
		peer_end(&p, 10000);
	}
	judge(s, strlen(mrenclave) == 64, "signed image, MRENCLAVE %.16s...",
		mrenclave);
}

#define MACHINE "clinic"
#define SIZE "Standard_DC2s_v3"

static bool step_load(struct story *s)
{
	char recorded[200], text[512], *argv[HOST_ARGUMENTS];
	char *options[] = { "--record", recorded, NULL };
	int error;

	heading(s, "Somebody else's machine: a virtual machine of size " SIZE);
	snprintf(recorded, sizeof(recorded), "%s/recorded.json",
		s->world.folder);
	show_identity(s);
	host_arguments(s, MACHINE, SIZE, s->enclave, s->post, options, argv);
	error = peer_start(&s->application, argv, (uid_t)-1, NULL, -1);
	if (!judge(s, !error && peer_expect(&s->application, "ok", text,
			sizeof(text), 20000), "the host application has it "
		"measured page by page and started"))
		return false;
	s->cell = world_find_cell();
	say(s, "           host application %d, driver cofferd %d, processor "
		"coffer-cpu %d,\n           the cell that runs the enclave %d: four "
		"processes\n", s->application.pid, world_find("cofferd"),
		world_find("coffer-cpu"), s->cell);
	return true;
}

static bool step_fetch(struct story *s)
{
	char text[512];

	heading(s, "The enclave proves what it is, and is given the key");
	say(s, "   Before that it has no key, and half of its code is noise: it "
		"cannot even try.\n");
	judge(s, !ask(s, "open", text, sizeof(text)),
		"asked to open the records, it refuses: %s", text);
	if (!judge(s, ask(s, "fetch", text, sizeof(text)),
		"quote, token, key: %s", text))
		return false;
	say(s, "           the enclave made a key pair; the quoting enclave a "
		"quote of both (DCAP,\n           ECDSA P-256); the attestation "
		"service a token of the quote; the key service\n           held "
		"the token against the policy, and wrapped the key for that pair."
		"\n           What the host carried is of no use to it. The root "
		"of trust of this quote\n           is software: Coffer's own "
		"CA.\n");
	return true;
}

static void flip_copy(struct story *s)
{
	char command[512];
	FILE *f;
	int c;

	snprintf(command, sizeof(command), "%s/records.sealed", s->post);
	f = fopen(command, "rb");
	snprintf(command, sizeof(command), "%s/records.changed", s->post);
	if (f) {
		FILE *to = fopen(command, "wb");
		long at = 0;

		while (to && (c = getc(f)) != EOF)
			putc(at++ == 300000 ? c ^ 4 : c, to);
		fclose(f);
		if (to)
			fclose(to);
	}
}

static bool step_open(struct story *s, size_t count)
{
	char text[512], expected[32];
	bool good;

	heading(s, "The host hands the records to the enclave");
	flip_copy(s);
	good = !ask(s, "open records.changed", text, sizeof(text)) &&
		!strcmp(text, "not authentic");
	judge(s, good, "with one bit changed on the way: %s", text);
	good = ask(s, "open", text, sizeof(text));
	snprintf(expected, sizeof(expected), "%zu", count);
	return judge(s, good && !strcmp(text, expected),
		"unchanged: %s records now lie decrypted inside, and only there", text);
}

static void step_result(struct story *s)
{
	char result[256], evidence[256], text[512], errors[1024];
	char *argv[] = { s->owner, "open", "--private", s->private, "--result",
		result, "--check", (char *)s->data, "--evidence", evidence,
		"--signer", s->mrsigner, "--product", "1", "--svn", "2", NULL };

	heading(s, "The enclave computes; the owner opens the result");
	snprintf(result, sizeof(result), "%s/result.sealed", s->post);
	snprintf(evidence, sizeof(evidence), "%s/result.evidence", s->post);
	if (!judge(s, ask(s, "compute", text, sizeof(text)),
		"the host gets %s", text))
		return;
	say(s, "\n");
	judge(s, run(s, argv, true, errors, sizeof(errors)) == 0,
		"only the owner's key opens it, bound to these records; the "
		"evidence verifies %s", errors);
	judge(s, ask(s, "close", text, sizeof(text)),
		"the enclave has wiped records and keys");
}

static void step_end(struct story *s)
{
	int status = peer_end(&s->application, 20000);
	size_t left;

	judge(s, status == 0, "the enclave is gone, the host has ended");
	story_key_end(s);
	story_search(s);
	left = world_close(&s->world);
	judge(s, left == 0, "no process and no file is left behind");
}

static void tell(struct story *s)
{
	char record[512];
	size_t count;
	bool good;

	say(s, "The sealed box\n"
		"==============\n"
		"A data owner has health records and wants statistics of them, "
		"computed by a host\napplication on somebody else's machine. The "
		"host must not see a single record, nor\nhow they are computed. So "
		"the sums are done in an SGX enclave, which proves what it\nis "
		"before it is given the key; the SGX machine is Coffer, in "
		"software.\n");
	good = pick_record(s->data, record, sizeof(record), &count);
	if (!judge(s, good, "the owner has %zu records", count)) {
		world_close(&s->world);
		return;
	}
	if (story_key(s) && story_seal(s, record, count) && step_load(s) &&
		step_fetch(s) && step_open(s, count)) {
		heading(s, "While they lie there: who can look in?");
		story_pry(s, record);
		step_result(s);
		heading(s, "What must fail, fails");
		story_refusals(s);
	}
	heading(s, "A changed image does not run");
	story_wrong_images(s);
	heading(s, "More pages than there is room for, and somebody meddles");
	story_tamper(s);
	heading(s, "The end");
	step_end(s);
	say(s, "\nThe isolation was real on this machine, and its root of trust is "
		"software: whoever\ncontrols the kernel controls Coffer. On a machine "
		"with SGX the same image runs with\nthe same MRENCLAVE. `coffer doctor` "
		"says what holds here.\n");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "image", required_argument, NULL, 'i' },
		{ "configs", required_argument, NULL, 'c' },
		{ "signer", required_argument, NULL, 's' },
		{ "other-signer", required_argument, NULL, 'o' },
		{ "data", required_argument, NULL, 'd' },
		{ "bin", required_argument, NULL, 'b' },
		{ "quiet", no_argument, NULL, 'q' },
		{ NULL, 0, NULL, 0 },
	};
	struct story s = { .application = { .pid = -1, .to = -1, .from = -1 },
		.services = { .pid = -1, .to = -1, .from = -1 } };
	const char *bin = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "q", options, NULL)) != -1) {
		switch (option) {
		case 'i': s.image = optarg; break;
		case 'c': s.folder = optarg; break;
		case 's': s.signer = optarg; break;
		case 'o': s.other_signer = optarg; break;
		case 'd': s.data = optarg; break;
		case 'b': bin = optarg; break;
		case 'q': s.quiet = true; break;
		default: return 2;
		}
	}
	if (!s.image || !s.folder || !s.signer || !s.other_signer || !s.data ||
		!bin || optind != argc) {
		fprintf(stderr, "usage: sealed-box-demo --image LINKED --configs "
			"DIR --signer PEM\n\t--other-signer PEM --data CSV --bin "
			"DIR [--quiet]\n");
		return 2;
	}
	if (!set_up(&s, bin))
		return 1;
	tell(&s);
	say(&s, "\n");
	if (s.failed)
		printf("The demo failed: %u steps went wrong.\n", s.failed);
	else
		printf("Every step went as told.\n");
	return s.failed ? 1 : 0;
}
