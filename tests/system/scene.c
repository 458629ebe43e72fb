/* SPDX-License-Identifier: MIT */
#include "scene.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

int scene_setup(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	if (!s || world_open(&s->world, (uid_t)-1))
		return -1;
	s->open = true;
	*state = s;
	return 0;
}

int scene_teardown(void **state)
{
	struct scene *s = *state;
	struct world_process left[256];
	size_t n = world_processes(left, 256);

	if (s->open)
		world_tell_logs(&s->world);
	for (size_t i = 0; i < n; i++)
		kill(left[i].pid, SIGKILL);
	for (int i = 0; i < 200 && world_processes(left, 256); i++) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		world_nap(10);
	}
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	if (s->open)
		world_close(&s->world);
	free(s);
	return 0;
}

void scene_end(struct scene *s)
{
	s->open = false;
	assert_int_equal(world_close(&s->world), 0);
}

void scene_host(struct scene *s, struct peer *p, const char *program,
	const char *enclave)
{
	char *argv[] = { (char *)program, (char *)enclave, NULL };

	assert_int_equal(peer_start(p, argv, (uid_t)-1, s->world.folder, -1), 0);
	assert_true(peer_expect(p, "loaded", NULL, 0, SCENE_WAIT));
}

void scene_host_end(struct peer *p)
{
	assert_int_equal(peer_end(p, SCENE_WAIT), 0);
}

void scene_ask(struct peer *p, const char *word, char *rest, size_t size,
	const char *format, ...)
{
	char line[1024];
	va_list list;

	va_start(list, format);
	vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	peer_say(p, "%s", line);
	if (!peer_expect(p, word, rest, size, SCENE_WAIT))
		fail_msg("no \"%s\" after \"%s\"", word, line);
}

pid_t scene_pid(const char *name)
{
	pid_t pid = name ? world_await(name) : world_await_cell(0);

	if (!pid)
		fail_msg("which %s?", name ? name : "cell");
	return pid;
}

int scene_gone(pid_t pid, unsigned milliseconds)
{
	unsigned long long start = world_clock();
	struct world_process all[256];

	for (;;) {
		size_t n = world_processes(all, 256), i = 0;

		while (i < n && all[i].pid != pid)
			i++;
		if (i == n)
			return (int)(world_clock() - start);
		if (world_clock() - start > milliseconds)
			return -1;
		world_nap(5);
	}
}
