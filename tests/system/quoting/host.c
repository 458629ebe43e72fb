/* SPDX-License-Identifier: MIT */
/* An application that asks for quotes, honestly and otherwise. */
#include "../hosting.h"
#include "arch.h"
#include "attest/verify.h"
#include "host/quoting.h"
#include "pki/ca.h"
#include "quoted_u.h"
#include "raw.h"

#include <errno.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FLOOD_MAX 64

static oe_enclave_t *g_enclave;

/* ---- honest ---- */

/* A REPORT for the QE, with random data in it; 0 or a negative errno. */
static int make_report(uint8_t report[QUOTING_REPORT_SIZE], struct why *why)
{
	uint8_t target[QUOTING_TARGET_SIZE], data[64];
	int result = -1, r = quoting_target_info(target, why);

	if (r)
		return r;
	if (RAND_bytes(data, sizeof(data)) != 1 ||
	    quoted_report(g_enclave, &result, target, data, report) || result)
		return -EIO;
	return 0;
}

static int make_quote(uint8_t **quote, size_t *size, struct why *why)
{
	uint8_t report[QUOTING_REPORT_SIZE];
	int r = make_report(report, why);

	if (!r)
		r = quoting_quote(report, quote, size, why);
	if (!r && (*size < 1052 || memcmp(*quote + 48, report, 384))) {
		free(*quote);
		r = -EBADMSG;
	}
	return r;
}

static void do_quote(const char *path)
{
	struct why why = { "" };
	uint8_t *quote;
	size_t size;
	int r = make_quote(&quote, &size, &why);
	FILE *out;

	if (r) {
		answer("quote %d %s", r, why.text);
		return;
	}
	out = fopen(path, "wb");
	if (!out || fwrite(quote, 1, size, out) != size || fclose(out))
		r = -errno;
	free(quote);
	answer("quote %d %zu", r, size);
}

static size_t read_quote(const char *path, uint8_t *bytes, size_t room)
{
	FILE *in = fopen(path, "rb");
	size_t size = in ? fread(bytes, 1, room, in) : 0;

	if (in)
		fclose(in);
	return size;
}

static int trust_ca(struct attest_roots *roots)
{
	uint8_t hash[32];
	struct pki *pki;

	if (pki_open(NULL, &pki, NULL))
		return -1;
	pki_root_hash(pki, hash);
	pki_close(pki);
	memset(roots, 0, sizeof(*roots));
	return attest_roots_add_digest(roots, hash, sizeof(hash));
}

/* With collateral as an application gets it. */
static void do_verify(const char *path)
{
	static struct attest_verdict verdict;
	static uint8_t bytes[16384];
	size_t size = read_quote(path, bytes, sizeof(bytes));
	struct quoting_collateral collateral;
	struct quoting_target target;
	struct attest_roots roots;
	struct attest_policy policy = { .time = time(NULL), .roots = &roots };
	struct why why = { "" };
	int r = quoting_target(&target, &why);

	if (!r && size != target.quote_size)
		r = why_set(&why, -EINVAL, "%zu bytes", size);
	if (!r)
		r = quoting_collateral(target.fmspc,
			(enum quoting_ca)target.ca, 4, &collateral, &why);
	if (!r)
		r = trust_ca(&roots);
	if (r) {
		answer("verdict none %d %s", r, why.text);
		return;
	}
	r = attest_verify(bytes, size, &collateral.view, &policy, NULL,
		&verdict);
	answer("verdict %s %s %s", attest_status_name(verdict.status),
		verdict.software_root ? "software" : "silicon",
		verdict.reason[0]);
	quoting_collateral_free(&collateral);
}

static void *quotes(void *argument)
{
	size_t count = *(size_t *)argument, good = 0, size;
	uint8_t *quote;

	for (size_t i = 0; i < count; i++) {
		if (make_quote(&quote, &size, NULL))
			continue;
		free(quote);
		good++;
	}
	*(size_t *)argument = good;
	return NULL;
}

static void do_many(unsigned threads, size_t each)
{
	pthread_t id[32];
	size_t count[32], good = 0;

	for (unsigned i = 0; i < threads && i < 32; i++) {
		count[i] = each;
		pthread_create(&id[i], NULL, quotes, &count[i]);
	}
	for (unsigned i = 0; i < threads && i < 32; i++) {
		pthread_join(id[i], NULL);
		good += count[i];
	}
	answer("many %zu", good);
}

/* ---- not honest ---- */

static void do_flip(unsigned bit)
{
	uint8_t report[QUOTING_REPORT_SIZE], *quote;
	struct why why = { "" };
	size_t size;
	int r = make_report(report, &why);

	if (!r) {
		report[bit / 8 % sizeof(report)] ^= (uint8_t)(1u << bit % 8);
		r = quoting_quote(report, &quote, &size, &why);
	}
	answer("flip %d %s", r, why.text);
}

/* A good REPORT, but for somebody else. */
static void do_elsewhere(void)
{
	uint8_t report[QUOTING_REPORT_SIZE], target[512], *quote;
	const uint8_t data[64] = { 0 };
	struct why why = { "" };
	int result = -1, r = -EIO;
	size_t size;

	if (!quoted_target(g_enclave, &result, target) && !result &&
	    !quoted_report(g_enclave, &result, target, data, report) &&
	    !result)
		r = quoting_quote(report, &quote, &size, &why);
	answer("elsewhere %d %s", r, why.text);
}

static void do_raw(unsigned command, unsigned tag, unsigned size,
	unsigned payload)
{
	struct quoting_reply reply;
	int fd = raw_open();

	if (fd < 0)
		answer("raw unreached %d", fd);
	else if (!raw_send(fd, command, tag, size, payload) ||
		!raw_hear(fd, &reply))
		answer("raw closed");
	else
		answer("raw %d %s", reply.result, reply.text);
	if (fd >= 0)
		close(fd);
}

static void do_flood(unsigned count)
{
	int fd[FLOOD_MAX];
	unsigned served = 0, refused = 0, lost = 0;

	for (unsigned i = 0; i < count && i < FLOOD_MAX; i++)
		fd[i] = raw_open();
	for (unsigned i = 0; i < count && i < FLOOD_MAX; i++) {
		struct quoting_reply reply;

		if (fd[i] >= 0)
			raw_send(fd[i], QUOTING_TARGET_INFO, 1, 16, 0);
		if (fd[i] < 0 || !raw_hear(fd[i], &reply))
			lost++;
		else if (!reply.result)
			served++;
		else
			refused += reply.result == -EUSERS && !reply.tag;
	}
	for (unsigned i = 0; i < count && i < FLOOD_MAX; i++)
		close(fd[i]);
	answer("flood %u %u %u", served, refused, lost);
}

/* Asks and asks and never listens, while somebody else wants a quote. */
static void do_deaf(void)
{
	struct why why = { "" };
	uint8_t *quote = NULL;
	unsigned sent = 0;
	size_t size = 0;
	int fd = raw_open(), r;

	while (fd >= 0 && raw_send(fd, QUOTING_COLLATERAL, 1, 24, 8))
		sent++;
	r = make_quote(&quote, &size, &why);
	free(quote);
	answer("deaf %d %d %s", r, sent > 0, why.text);
	if (fd >= 0)
		close(fd);
}

static bool command(const char *line)
{
	unsigned a, b, c, d;
	const char *wrong;

	if (!strncmp(line, "quote ", 6)) {
		do_quote(line + 6);
	} else if (!strncmp(line, "verify ", 7)) {
		do_verify(line + 7);
	} else if (sscanf(line, "many %u %u", &a, &b) == 2) {
		do_many(a, b);
	} else if (sscanf(line, "flip %u", &a) == 1) {
		do_flip(a);
	} else if (!strcmp(line, "elsewhere")) {
		do_elsewhere();
	} else if (sscanf(line, "raw %u %u %u %u", &a, &b, &c, &d) == 4) {
		do_raw(a, b, c, d);
	} else if (sscanf(line, "flood %u", &a) == 1) {
		do_flood(a);
	} else if (!strcmp(line, "deaf")) {
		do_deaf();
	} else if (!strcmp(line, "abuse")) {
		wrong = arch_abuse(g_enclave);
		answer("abuse %s", wrong ? wrong : "nothing");
	} else {
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	if (argc != 2 || !loaded(oe_create_quoted_enclave(argv[1],
		OE_ENCLAVE_TYPE_SGX, 0, NULL, 0, &g_enclave)))
		return 1;
	serve(command);
	oe_terminate_enclave(g_enclave);
	return 0;
}
