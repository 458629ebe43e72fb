/* SPDX-License-Identifier: MIT */
/*
 * The host of the tests of hostile enclaves and of identity: does what it is
 * told by lines on standard input, and answers by lines.
 *
 *   who                          who MRENCLAVE MRSIGNER
 *   work N                       work RESULT VALUE
 *   try ACT A B                  tried RESULT EXCEPTIONS CODE RIP ADDRESS VALUE
 *   find FROM TO                 found RESULT ADDRESS PAGES
 *   jump AT RAX RDI ... R9       tried ...
 *   scribble FROM TO             scribbled RESULT PAGES
 *   storm SERVICE BELL AT ROUNDS SEED     stormed RESULT ANSWERED
 *   hang AT RAX RDI ... R9       as jump, on a thread: hanging, and later:
 *                                hang-ended RESULT
 *   loop                         looping, and later: loop-ended RESULT
 *   calls                        calling, and later: calls-ended RESULT
 *   memory                       memory ok, or memory WHAT-IS-WRONG
 *   fork                         forked RESULT-IN-CHILD RESULT-IN-PARENT
 *   cycles N                     cycled DONE RESULT
 *   terminate                    terminated RESULT MILLISECONDS
 *   text WORDS                   text ADDRESS, where the host keeps WORDS
 *
 * Numbers are hexadecimal but for N and MILLISECONDS.
 */
#include "../hosting.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile_u.h"

static oe_enclave_t *g_enclave;
static const char *g_path;
static uint64_t g_words[8192]; /* bss, for the memory test */
static uint64_t *g_shared;
static char g_text[512];

void hostile_pause(void)
{
	if (g_shared)
		g_shared[1] = 2;
}

static oe_result_t create(oe_enclave_t **enclave)
{
	return oe_create_hostile_enclave(g_path, OE_ENCLAVE_TYPE_SGX, 0, NULL, 0,
		enclave);
}

static void tell_tried(oe_result_t result, const struct hostile_outcome *o)
{
	answer("tried %s %x %x %" PRIx64 " %" PRIx64 " %" PRIx64,
		oe_result_str(result), o->exceptions, o->code, o->rip,
		o->address, o->value);
}

static void *loop_thread(void *unused)
{
	oe_result_t result = hostile_loop(g_enclave);

	answer("loop-ended %s", oe_result_str(result));
	return NULL;
}

static void *calls_thread(void *unused)
{
	oe_result_t result;
	uint64_t value = 0;

	do
		result = hostile_work(g_enclave, &value, 1);
	while (result == OE_OK && value == 2);
	answer("calls-ended %s", oe_result_str(result));
	return NULL;
}

static uint64_t g_hang[8];

static void *hang_thread(void *unused)
{
	struct hostile_outcome o;
	oe_result_t result = hostile_jump(g_enclave, g_hang + 1, g_hang[0], &o);

	answer("hang-ended %s", oe_result_str(result));
	return NULL;
}

static void start_thread(void *(*run)(void *), const char *word)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, NULL)) {
		answer("failed no thread");
		return;
	}
	pthread_detach(thread);
	usleep(100000);
	answer("%s", word);
}

/* Sum and inversion of words at some place. */
static bool sum_at(uint64_t *words, size_t count)
{
	uint64_t sum = 0, got = 0;
	bool good;

	for (size_t i = 0; i < count; i++) {
		words[i] = (uint64_t)rand() * 2654435761u + i;
		sum += words[i];
	}
	good = hostile_sum(g_enclave, &got, words, count) == OE_OK && got == sum;
	for (size_t i = 0; i < count; i++)
		sum += words[i];
	/* x + ~x is -1 for every word. */
	return good && sum == (uint64_t)0 - count;
}

static bool fault_at(uint64_t address, enum hostile_act act)
{
	struct hostile_outcome o;
	oe_result_t result = hostile_try(g_enclave, act, address, 0x5a5a, &o);

	/* Fetching code from outside is #GP by the manual; where the page
	 * cannot be executed anyhow, #PF is what one sees. */
	if (result == OE_OK && o.exceptions == 1 && (o.code == OE_FAULT_PAGE ||
		(o.code == OE_FAULT_ACCESS && act == HOSTILE_EXECUTE)))
		return true;
	tell_tried(result, &o);
	return false;
}

/* A thread of the host that writes a word over and over; it must never find
 * an older one there. */
static volatile uint64_t *g_own;
static volatile bool g_stop, g_set_back;

static void *write_thread(void *unused)
{
	uint64_t n = 0;

	while (!g_stop) {
		if (*g_own != n)
			g_set_back = true;
		*g_own = ++n;
	}
	return NULL;
}

/* The enclave changes words beside one that the host goes on writing: what is
 * merged back are the bytes that the enclave changed, nothing else. */
static bool merges_its_own(uint64_t *words)
{
	pthread_t thread;
	bool good = true;

	g_own = words + 64;
	*g_own = 0;
	g_stop = g_set_back = false;
	if (pthread_create(&thread, NULL, write_thread, NULL))
		return false;
	for (int i = 0; i < 300 && good; i++)
		good = sum_at(words, 64) && sum_at(words + 65, 100);
	g_stop = true;
	pthread_join(thread, NULL);
	return good && !g_set_back;
}

static const char *try_memory(void)
{
	uint64_t stack[3000], *heap = malloc(100000), value = 0;
	struct hostile_outcome o;
	uint8_t *page = pages(3);
	const char *wrong = NULL;

	if (!heap || !page)
		return "out of memory";
	for (int i = 0; i < 3 && !wrong; i++) {
		if (!sum_at(stack, 3000))
			wrong = "sum of words on the stack";
		else if (!sum_at(heap + 1, 12000))
			wrong = "sum of words on the heap";
		else if (!sum_at(g_words, 8192))
			wrong = "sum of words in bss";
	}
	if (!wrong && !merges_its_own(heap))
		wrong = "a word beside those that the enclave writes";
	g_shared = heap;
	memset(heap, 0, 64);
	if (!wrong && (hostile_share(g_enclave, &value, heap) != OE_OK ||
		value != 1 || heap[0] != 1 || heap[1] != 2 || heap[2] != 3))
		wrong = "words that both sides write around an ocall";
	g_shared = NULL;

	memset(page, 0x11, 3 * 4096);
	protect(page, 1, PAGES_READ);
	protect(page + 4096, 1, PAGES_NONE);
	if (!wrong && (hostile_try(g_enclave, HOSTILE_READ, (uint64_t)page, 0, &o) !=
		OE_OK || o.exceptions || o.value != 0x1111111111111111u))
		wrong = "reading a read-only page";
	if (!wrong && !fault_at((uint64_t)page, HOSTILE_WRITE))
		wrong = "writing a read-only page";
	if (!wrong && page[0] != 0x11)
		wrong = "a read-only page was changed";
	if (!wrong && (!fault_at((uint64_t)page + 4096, HOSTILE_READ) ||
		!fault_at((uint64_t)page + 4096, HOSTILE_WRITE)))
		wrong = "touching a page without rights";
	if (!wrong && !fault_at((uint64_t)page + 8192, HOSTILE_EXECUTE))
		wrong = "executing host memory";
	drop(page + 8192, 1);
	if (!wrong && !fault_at((uint64_t)page + 8192, HOSTILE_READ))
		wrong = "reading a page that is no longer mapped";
	if (!wrong && (!fault_at(8, HOSTILE_READ) || !fault_at(8, HOSTILE_WRITE)))
		wrong = "touching an address that was never mapped";
	drop(page, 2);
	free(heap);
	return wrong;
}

/* The child has the parent's memory and descriptors, but no enclave. */
static void try_fork(void)
{
	uint64_t value = 0;
	int status = 0;
	oe_result_t result;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(10);
		result = hostile_work(g_enclave, &value, 41);
		_exit(result == OE_OK && value == 42 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	result = hostile_work(g_enclave, &value, 41);
	answer("forked %s %s", WIFEXITED(status) ?
		WEXITSTATUS(status) ? "refused" : "WORKED" : "killed",
		result == OE_OK && value == 42 ? "OE_OK" : oe_result_str(result));
}

static void cycles(unsigned count)
{
	oe_result_t result = OE_OK;
	unsigned done = 0;

	while (done < count && result == OE_OK) {
		oe_enclave_t *enclave = NULL;
		uint64_t value = 0;

		result = create(&enclave);
		if (result == OE_OK && done % 10 == 0)
			result = hostile_work(enclave, &value, 1);
		if (enclave && oe_terminate_enclave(enclave) != OE_OK)
			result = OE_FAILURE;
		done += result == OE_OK;
	}
	answer("cycled %u %s", done, oe_result_str(result));
}

static void terminate(void)
{
	unsigned long long start = milliseconds();
	oe_result_t result = g_enclave ? oe_terminate_enclave(g_enclave) : OE_OK;

	g_enclave = NULL;
	answer("terminated %s %llu", oe_result_str(result), milliseconds() - start);
}

/* Hexadecimal numbers behind a word.  True if there are that many. */
static bool numbers(const char *line, const char *word, uint64_t *out, size_t count)
{
	size_t length = strlen(word);

	if (strncmp(line, word, length) || line[length] != ' ')
		return false;
	line += length;
	for (size_t i = 0; i < count; i++) {
		char *end;

		out[i] = strtoull(line, &end, 16);
		if (end == line)
			return false;
		line = end;
	}
	return true;
}

static bool command_try(const char *line)
{
	struct hostile_outcome o = { 0 };
	uint64_t a, b, r[8], value = 0, found = 0;
	unsigned act;

	if (sscanf(line, "try %x %" SCNx64 " %" SCNx64, &act, &a, &b) == 3) {
		tell_tried(hostile_try(g_enclave, (enum hostile_act)act, a, b, &o), &o);
	} else if (numbers(line, "jump", r, 8)) {
		tell_tried(hostile_jump(g_enclave, r + 1, r[0], &o), &o);
	} else if (numbers(line, "hang", g_hang, 8)) {
		start_thread(hang_thread, "hanging");
	} else if (numbers(line, "storm", r, 5)) {
		oe_result_t result = hostile_storm(g_enclave, &value, r[0], r[1],
			r[2], r[3], r[4]);

		answer("stormed %s %" PRIx64, oe_result_str(result), value);
	} else if (sscanf(line, "find %" SCNx64 " %" SCNx64, &a, &b) == 2) {
		oe_result_t result = hostile_find_syscall(g_enclave, &found, a, b,
			&value);

		answer("found %s %" PRIx64 " %" PRIx64, oe_result_str(result),
			found, value);
	} else if (sscanf(line, "scribble %" SCNx64 " %" SCNx64, &a, &b) == 2) {
		oe_result_t result = hostile_scribble(g_enclave, &value, a, b);

		answer("scribbled %s %" PRIx64, oe_result_str(result), value);
	} else {
		return false;
	}
	return true;
}

static bool command(const char *line)
{
	uint8_t enclave[32], signer[32];
	uint64_t value = 0;
	int status = -1;
	oe_result_t result;
	unsigned n;

	if (!strcmp(line, "who")) {
		result = test_who(g_enclave, &status, enclave, signer);
		answer_who(result == OE_OK && !status, enclave, signer);
	} else if (sscanf(line, "work %u", &n) == 1) {
		result = hostile_work(g_enclave, &value, n);
		answer("work %s %" PRIu64, oe_result_str(result), value);
	} else if (!strcmp(line, "loop")) {
		start_thread(loop_thread, "looping");
	} else if (!strcmp(line, "calls")) {
		start_thread(calls_thread, "calling");
	} else if (!strcmp(line, "memory")) {
		const char *wrong = try_memory();

		answer("memory %s", wrong ? wrong : "ok");
	} else if (!strcmp(line, "fork")) {
		try_fork();
	} else if (sscanf(line, "cycles %u", &n) == 1) {
		cycles(n);
	} else if (!strcmp(line, "terminate")) {
		terminate();
	} else if (sscanf(line, "text %511s", g_text) == 1) {
		answer("text %" PRIx64, (uint64_t)g_text);
	} else {
		return command_try(line);
	}
	return true;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	g_path = argv[1];
	if (!loaded(create(&g_enclave)))
		return 1;
	serve(command);
	if (g_enclave && oe_terminate_enclave(g_enclave) != OE_OK)
		return 1;
	return 0;
}
