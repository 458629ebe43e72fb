/* SPDX-License-Identifier: MIT */
/*
 * What the data owner does at home: services that give out keys, a key with a
 * policy, records and code that are encrypted under it.
 */
#include "story.h"
#include "../box_format.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY_NAME "clinic-records"

static void owner_path(const struct story *s, const char *name, char *path,
	size_t size)
{
	snprintf(path, size, "%s/%s", s->private, name);
}

static bool start_services(struct story *s)
{
	char *argv[] = { s->coffer, "serve", "--port", "0", "--quiet", NULL };
	char line[128], ca[160];

	if (peer_start(&s->services, argv, (uid_t)-1, NULL, -1) ||
		!peer_hear(&s->services, line, sizeof(line), 20000) ||
		strncmp(line, "https://", 8))
		return judge(s, false, "coffer serve has started");
	snprintf(s->url, sizeof(s->url), "%s", line);
	/* For the owner's program, which verifies evidence. */
	snprintf(ca, sizeof(ca), "%s/serve/tls/ca.pem", s->world.state);
	setenv("COFFER_COLLATERAL_URL", s->url, 1);
	setenv("COFFER_COLLATERAL_CA", ca, 1);
	return judge(s, true, "coffer serve: collateral, attestation and keys at "
		"%s", s->url);
}

/* MRSIGNER of what the owner signs: any image of theirs says it. */
static bool find_signer(struct story *s, const char *image)
{
	char *argv[] = { s->sign, "dump", "-e", (char *)image, NULL };
	char line[2048];
	struct peer p;

	s->mrsigner[0] = 0;
	if (peer_start(&p, argv, (uid_t)-1, NULL, -1))
		return false;
	while (peer_hear(&p, line, sizeof(line), 10000))
		if (!strncmp(line, "mrsigner=", 9))
			snprintf(s->mrsigner, sizeof(s->mrsigner), "%.64s",
				line + 9);
	peer_end(&p, 10000);
	return strlen(s->mrsigner) == 64;
}

static bool import_key(struct story *s)
{
	char key[256], said[2048];
	char *make[] = { s->owner, "key", "--private", s->private, NULL };
	char *import[] = { s->coffer, "key", "import", KEY_NAME, "--file", key,
		"--mrsigner", s->mrsigner, "--product", "1", "--svn", "2",
		NULL };

	owner_path(s, "box.key", key, sizeof(key));
	if (!judge(s, !run(s, make, false, said, sizeof(said)),
		"a key of 256 bits %s", said))
		return false;
	if (!judge(s, !run(s, import, false, said, sizeof(said)),
		"in the key service, to be released to nobody but"))
		return say_lines(s, said), false;
	say(s, "             an enclave of the owner's signature (MRSIGNER "
		"%.16s...),\n             product 1, version 2 or later, not "
		"debuggable,\n             as a token of the attestation service "
		"has to say\n", s->mrsigner);
	return true;
}

/* A first signature, only to learn MRSIGNER. */
static bool know_signer(struct story *s)
{
	char out[200], said[1024], conf[256];
	char *argv[] = { s->sign, "sign", "-e", (char *)s->image, "-c", conf, "-k",
		(char *)s->signer, "-o", out, NULL };

	owner_path(s, "first.signed", out, sizeof(out));
	snprintf(conf, sizeof(conf), "%s/box.conf", s->folder);
	return !run(s, argv, false, said, sizeof(said)) && find_signer(s, out);
}

bool story_key(struct story *s)
{
	heading(s, "The data owner, at home, puts a key under a policy");
	return judge(s, know_signer(s), "the owner signs enclaves with a key "
			"of RSA-3072") && start_services(s) && import_key(s);
}

void story_key_end(struct story *s)
{
	if (s->services.pid > 0) {
		kill(s->services.pid, SIGTERM);
		judge(s, !peer_end(&s->services, 10000),
			"the services have ended");
	}
}

/* --- what is encrypted ------------------------------------------------------ */

static bool read_hex(const char *text, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (sscanf(text + 2 * i, "%2hhx", &bytes[i]) != 1)
			return false;
	return true;
}

/* What `coffer key pin` says, as the bytes of the section. */
static bool write_pins(const struct story *s, const char *said, const char *path)
{
	static const char *const names[] = { "service_pin", "attest_pin" };
	uint8_t pins[2][32];
	FILE *f;

	for (int i = 0; i < 2; i++) {
		const char *at = strstr(said, names[i]);

		if (!at)
			return false;
		at += strlen(names[i]);
		if (!read_hex(at + strspn(at, " "), pins[i], 32))
			return false;
	}
	f = fopen(path, "wbe");
	if (!f || fwrite(pins, sizeof(pins), 1, f) != 1)
		return false;
	return !fclose(f);
}

/* Whom the enclave believes, into the image; then the code under the key. */
static bool protect(struct story *s)
{
	char pin[200], pinned[200], code[200], locked[200], section[256];
	char said[2048];
	char *ask_pin[] = { s->coffer, "key", "pin", NULL };
	char *put_pin[] = { "/usr/bin/objcopy", "--update-section", section,
		(char *)s->image, pinned, NULL };
	char *lock[] = { s->sign, "protect", "-e", pinned, "-k", code, "-o",
		locked, NULL };

	owner_path(s, "pin", pin, sizeof(pin));
	owner_path(s, "box.pinned", pinned, sizeof(pinned));
	owner_path(s, "code.key", code, sizeof(code));
	owner_path(s, "box.locked", locked, sizeof(locked));
	snprintf(section, sizeof(section), BOX_PIN_SECTION "=%s", pin);
	if (!judge(s, !run(s, ask_pin, false, said, sizeof(said)) &&
			write_pins(s, said, pin) &&
			!run(s, put_pin, false, said, sizeof(said)),
		"the enclave is told whom to believe: the owner's services"))
		return say_lines(s, said), false;
	if (!judge(s, !run(s, lock, false, said, sizeof(said)),
		"the half of its code that computes is encrypted:"))
		return say_lines(s, said), false;
	say_lines(s, strchr(said, '\n') ? strchr(said, '\n') + 1 : said);
	return true;
}

bool make_image(struct story *s, const char *conf, const char *signer,
	const char *out)
{
	char locked[200], path[256], said[1024];
	char *argv[] = { s->sign, "sign", "-e", locked, "-c", path, "-k",
		(char *)signer, "-o", (char *)out, NULL };

	owner_path(s, "box.locked", locked, sizeof(locked));
	snprintf(path, sizeof(path), "%s/%s", s->folder, conf);
	return !run(s, argv, false, said, sizeof(said));
}

static void show_bytes(struct story *s)
{
	unsigned char bytes[20];
	char path[256];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/records.sealed", s->post);
	f = fopen(path, "rbe");
	if (f && fseek(f, 100, SEEK_SET) == 0)
		n = fread(bytes, 1, sizeof(bytes), f);
	if (f)
		fclose(f);
	for (size_t i = 0; i < n; i++)
		say(s, " %02x", bytes[i]);
	say(s, " ...\n");
}

bool story_seal(struct story *s, const char *record, size_t count)
{
	char said[1024];
	char *seal[] = { s->owner, "seal", "--data", (char *)s->data, "--private",
		s->private, "--out", s->post, NULL };

	heading(s, "Records and code are encrypted under that key");
	if (!judge(s, !run(s, seal, false, said, sizeof(said)),
		"%zu records %s", count, said))
		return false;
	say(s, "           one record:  %s\n           as it leaves:", record);
	show_bytes(s);
	snprintf(s->enclave, sizeof(s->enclave), "%s/box.signed", s->post);
	return protect(s) && judge(s, make_image(s, "box.conf", s->signer,
		s->enclave), "signed after that: what is measured is the encrypted "
		"image");
}
