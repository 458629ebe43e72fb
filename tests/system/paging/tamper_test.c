/* SPDX-License-Identifier: MIT */
/*
 * Evicted pages that somebody changes: each kind of change is found, ends the
 * one enclave, and harms no other.  And what the views show meanwhile.
 */
#include "scene.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define EPC_PAGES 2048 /* 8 MiB for three enclaves that work in 8 MiB each */
#define WORK_PAGES 2048
#define FOUND_MS 300000u

/* Runs coffer with arguments; what it prints is in text.  Its status. */
static int coffer(char *text, size_t size, const char *arguments)
{
	char line[512];
	size_t n;
	FILE *f;
	int status;

	snprintf(line, sizeof(line), "timeout 300 %s %s 2>&1", COFFER,
		arguments);
	f = popen(line, "r");
	assert_non_null(f);
	n = fread(text, 1, size - 1, f);
	text[n] = '\0';
	status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The number behind "name": in JSON, of the enclave of a process (0: the
 * first such number). */
static double number(const char *json, pid_t pid, const char *name)
{
	char key[64];
	const char *at = json, *found;

	if (pid) {
		snprintf(key, sizeof(key), "\"pid\": %d,", (int)pid);
		at = strstr(json, key);
		if (!at)
			fail_msg("no enclave of process %d in %s", (int)pid,
				json);
		/* Back to the beginning of the object: "id" comes first. */
		while (at > json && *at != '{')
			at--;
	}
	snprintf(key, sizeof(key), "\"%s\": ", name);
	found = strstr(at, key);
	if (!found)
		fail_msg("no %s in %s", key, at);
	return strtod(found + strlen(key), NULL);
}

static unsigned long long id_of(struct peer *p)
{
	static char text[65536];

	assert_int_equal(coffer(text, sizeof(text), "enclaves --json"), 0);
	return (unsigned long long)number(text, p->pid, "id");
}

static void start(struct scene *s, struct peer *p, unsigned seed)
{
	char rest[128];

	scene_host(s, p, PAGING_HOST, PAGING_ENCLAVE);
	peer_say(p, "fill %u %u", WORK_PAGES, seed);
	assert_true(peer_expect(p, "filled", rest, sizeof(rest), FOUND_MS));
	assert_string_equal(rest, "OE_OK 0");
	scene_ask(p, "running", NULL, 0, "run");
}

/* Stops a host's sweeps: no word was wrong, nor is one in another sweep. */
static void unharmed(struct peer *p)
{
	unsigned long long sweeps, wrong = 1;
	char rest[128];

	peer_say(p, "stop");
	assert_true(peer_expect(p, "stopped", rest, sizeof(rest), FOUND_MS));
	assert_int_equal(sscanf(rest, "%llu %llu", &sweeps, &wrong), 2);
	assert_int_equal(wrong, 0);
	peer_say(p, "sweep");
	assert_true(peer_expect(p, "swept", rest, sizeof(rest), FOUND_MS));
	assert_string_equal(rest, "OE_OK 0");
}

static void configure(struct scene *s, const char *more)
{
	char lines[512];

	snprintf(lines, sizeof(lines), "size=Standard_DC1s_v2\nepc_pages=%d\n"
		"%s", EPC_PAGES, more);
	assert_int_equal(world_configure(&s->world, (uid_t)-1, lines), 0);
}

static bool logged(struct scene *s, const char *what)
{
	char path[256], line[1024];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/vm/default/log", s->world.state);
	f = fopen(path, "r");
	assert_non_null(f);
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, what) != NULL;
	fclose(f);
	return found;
}

static void tampered(struct scene *s, const char *conf, const char *kind)
{
	static char text[65536];
	struct peer victim, other[2];
	unsigned long long began;
	char rest[128], line[128];

	configure(s, conf);
	start(s, &victim, 1);
	for (unsigned i = 0; i < 2; i++)
		start(s, &other[i], 10 + i);
	snprintf(line, sizeof(line), "tamper --wait 200 --json --enclave %llu "
		"%s", id_of(&victim), kind);
	began = world_clock();
	if (coffer(text, sizeof(text), line))
		fail_msg("%s", text);
	assert_true(number(text, 0, "pages") > 0);
	/* Its running call ends. */
	assert_true(peer_expect(&victim, "ended", rest, sizeof(rest),
		FOUND_MS));
	print_message("  %s: %.0f pages, call ended with %s after %llu ms\n",
		kind, number(text, 0, "pages"), rest, world_clock() - began);
	assert_string_not_equal(rest, "OE_OK");
	/* So do all later ones. */
	peer_say(&victim, "sweep");
	assert_true(peer_expect(&victim, "swept", rest, sizeof(rest), FOUND_MS));
	assert_null(strstr(rest, "OE_OK"));
	/* It is listed, counted, logged. */
	assert_int_equal(coffer(text, sizeof(text), "enclaves"), 0);
	assert_non_null(strstr(text, "tampered"));
	assert_int_equal(coffer(text, sizeof(text), "enclaves --json"), 0);
	assert_int_equal(number(text, 0, "tampered"), 1);
	assert_true(logged(s, "is lost: the enclave is locked"));
	for (int i = 0; i < 2; i++)
		unharmed(&other[i]);
	/* The machine goes on, for new enclaves too. */
	peer_end(&victim, SCENE_WAIT);
	start(s, &victim, 99);
	unharmed(&victim);
	scene_host_end(&victim);
	for (int i = 0; i < 2; i++)
		scene_host_end(&other[i]);
	scene_end(s);
}

static void a_flipped_bit_is_found(void **state)
{
	tampered(*state, "", "flip");
}

static void flipped_metadata_are_found(void **state)
{
	tampered(*state, "", "flip-meta");
}

static void swapped_pages_are_found(void **state)
{
	tampered(*state, "", "swap");
}

static void an_older_version_is_found(void **state)
{
	tampered(*state, "", "replay");
}

static void a_foreign_page_is_found(void **state)
{
	tampered(*state, "", "foreign");
}

static void zeroed_memory_is_found(void **state)
{
	tampered(*state, "", "cut");
}

static void a_cut_swap_file_is_found(void **state)
{
	struct scene *s = *state;
	char conf[128];

	snprintf(conf, sizeof(conf), "swap=%s/swap\n", s->world.folder);
	tampered(s, conf, "cut");
}

/* A whole machine on a swap file, of which one page of one enclave is hit. */
static void a_bit_in_a_swap_file_is_found(void **state)
{
	struct scene *s = *state;
	char conf[128];

	snprintf(conf, sizeof(conf), "swap=%s/swap\n", s->world.folder);
	tampered(s, conf, "flip");
}

static void nothing_evicted_is_said(void **state)
{
	struct scene *s = *state;
	struct peer p;
	char line[64], text[1024];

	scene_host(s, &p, PAGING_HOST, PAGING_ENCLAVE);
	snprintf(line, sizeof(line), "tamper --enclave %llu flip", id_of(&p));
	assert_int_equal(coffer(text, sizeof(text), line), 3);
	assert_non_null(strstr(text, "no page of the enclave is evicted"));
	scene_host_end(&p);
	scene_end(s);
}

static void top_shows_pages_going_both_ways(void **state)
{
	static char text[65536];
	struct scene *s = *state;
	struct peer p[2];

	configure(s, "");
	for (unsigned i = 0; i < 2; i++)
		start(s, &p[i], i);
	assert_int_equal(coffer(text, sizeof(text), "top --once --json "
		"--interval 2"), 0);
	assert_int_equal(number(text, 0, "epc_pages"), EPC_PAGES);
	assert_true(number(text, 0, "epc_used") <= EPC_PAGES);
	assert_true(number(text, 0, "swap_pages") > 0);
	for (int i = 0; i < 2; i++) {
		double resident = number(text, p[i].pid, "resident");
		double evicted = number(text, p[i].pid, "evicted");

		assert_true(resident > 0 && resident <= EPC_PAGES);
		assert_true(resident + evicted > WORK_PAGES);
		assert_true(number(text, p[i].pid, "page_ins_per_s") > 0);
		assert_true(number(text, p[i].pid, "page_outs_per_s") > 0);
	}
	assert_true(number(text, p[0].pid, "resident") +
		number(text, p[1].pid, "resident") <= EPC_PAGES);
	assert_int_equal(coffer(text, sizeof(text), "top --once"), 0);
	print_message("%s", text);
	for (int i = 0; i < 2; i++) {
		unharmed(&p[i]);
		scene_host_end(&p[i]);
	}
	scene_end(s);
}

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, \
	scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(a_flipped_bit_is_found),
		IN_SCENE(flipped_metadata_are_found),
		IN_SCENE(swapped_pages_are_found),
		IN_SCENE(an_older_version_is_found),
		IN_SCENE(a_foreign_page_is_found),
		IN_SCENE(zeroed_memory_is_found),
		IN_SCENE(a_cut_swap_file_is_found),
		IN_SCENE(a_bit_in_a_swap_file_is_found),
		IN_SCENE(nothing_evicted_is_said),
		IN_SCENE(top_shows_pages_going_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
