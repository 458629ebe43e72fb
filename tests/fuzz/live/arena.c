/* SPDX-License-Identifier: MIT */
/*
 * A host whose arena changes under it and its enclave: call buffers,
 * mailboxes, fetched pages, everything that is in use, while threads call.
 * Host and enclave may end as they like; driver, processor and another host
 * go on.
 */
#include "chance.h"
#include "scene.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define PIECES 64u
#define WORDS_AT_ONCE 16u

struct piece {
	uint64_t *words;
	size_t size;
};

static struct chance chance;
static uint64_t hosts, written, survived, ended;

/* The memory file of a process that is called so. */
static int open_arena(pid_t pid)
{
	char path[64], name[128];

	for (int i = 0; i < 256; i++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, i);
		n = readlink(path, name, sizeof(name) - 1);
		if (n <= 0)
			continue;
		name[n] = 0;
		if (strstr(name, "memfd:") != NULL
			&& strstr(name, "arena") != NULL)
			return open(path, O_RDWR | O_CLOEXEC);
	}
	return -1;
}

/* The parts that have memory. */
static unsigned map_pieces(int fd, struct piece *piece)
{
	off_t from = 0, to;
	unsigned n = 0;

	while (n < PIECES && (from = lseek(fd, from, SEEK_DATA)) >= 0
		&& (to = lseek(fd, from, SEEK_HOLE)) > from) {
		size_t size = to - from > 4 << 20 ? 4 << 20 : (size_t)(to - from);
		void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			fd, from);

		if (p != MAP_FAILED)
			piece[n++] = (struct piece){ p, size };
		from += (off_t)size;
	}
	return n;
}

static void scribble(const struct piece *piece, unsigned pieces)
{
	const struct piece *p = &piece[chance_below(&chance, pieces)];
	uint64_t at = chance_below(&chance, p->size / 8);

	for (unsigned i = 0; i < WORDS_AT_ONCE && at + i < p->size / 8; i++) {
		if (chance_one_in(&chance, 4)) {
			p->words[at + i] = chance_odd(&chance);
			written++;
		} else if (chance_one_in(&chance, 4)) {
			p->words[at + i] ^= 1ull << chance_below(&chance, 64);
			written++;
		}
	}
}

static void works(struct peer *p)
{
	char rest[256];

	scene_ask(p, "work", rest, sizeof(rest), "work 41");
	assert_string_equal(rest, "OE_OK 42");
}

static void one_host(struct scene *s)
{
	char *argv[] = { (char *)HOSTILE_HOST, (char *)HOSTILE_ENCLAVE, NULL };
	struct piece piece[PIECES];
	unsigned pieces;
	struct peer p;
	uint64_t end;
	int status, arena, quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);

	assert_int_equal(peer_start(&p, argv, (uid_t)-1, s->world.folder,
		quiet), 0);
	close(quiet);
	assert_true(peer_expect(&p, "loaded", NULL, 0, SCENE_WAIT));
	peer_say(&p, "calls");
	assert_true(peer_expect(&p, "calling", NULL, 0, SCENE_WAIT));
	arena = open_arena(p.pid);
	assert_true(arena >= 0);
	pieces = map_pieces(arena, piece);
	close(arena);
	assert_true(pieces > 0);
	end = chance_nap(0) + 2000 + chance_below(&chance, 100000);
	while (chance_nap((unsigned)chance_below(&chance, 60)) < end)
		scribble(piece, pieces);
	for (unsigned i = 0; i < pieces; i++)
		munmap(piece[i].words, piece[i].size);
	ended += peer_expect(&p, "calls-ended", NULL, 0, 20);
	kill(p.pid, SIGKILL);
	status = peer_end(&p, SCENE_WAIT);
	survived += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	hosts++;
}

static void storm(void **state)
{
	struct scene *s = *state;
	struct peer honest;
	long descriptors;
	pid_t driver, cpu;

	chance_open("arena", &chance);
	scene_host(s, &honest, HOSTILE_HOST, HOSTILE_ENCLAVE);
	works(&honest);
	driver = scene_pid("cofferd");
	cpu = scene_pid("coffer-cpu");
	descriptors = world_descriptors(driver);
	do {
		one_host(s);
		works(&honest);
		assert_int_equal(scene_pid("cofferd"), driver);
		assert_int_equal(scene_pid("coffer-cpu"), cpu);
	} while (chance_going());
	for (unsigned i = 0; i < 200 && (world_descriptors(driver)
		!= descriptors || world_find_cell() <= 0); i++)
		world_nap(50);
	printf("arena: %llu hostile hosts, %llu words changed; %llu had their "
		"calls ended, %llu lived until they were killed\n",
		(unsigned long long)hosts, (unsigned long long)written,
		(unsigned long long)ended, (unsigned long long)survived);
	assert_true(written > 0);
	assert_int_equal(world_descriptors(driver), descriptors);
	assert_true(world_find_cell() > 0); /* the honest one, alone */
	works(&honest);
	scene_host_end(&honest);
	scene_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(storm, scene_setup,
			scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
