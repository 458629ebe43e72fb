/* SPDX-License-Identifier: MIT */
#include "client.h"
#include "evidence.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SILENCE_SECONDS 5 /* so long a member may be silent */
#define PAUSE_MILLISECONDS 50 /* after all members in vain */

struct client {
	uint16_t port[CLIENT_MEMBERS];
	size_t count, at;
	struct client_wanted wanted;
	SSL_CTX *context;
	SSL *ssl; /* NULL: not connected */
	char *memory;
	struct ledger_request next;
	bool pending; /* next has been sent, and was not answered */
	unsigned failovers;
	char why[256];
};

/* --- memory --------------------------------------------------------------- */

struct kept {
	char magic[8];
	struct ledger_request next;
	uint64_t pending;
};
#define MAGIC "CoffCli1"

/* Before a request is sent, and when it was answered. */
static bool keep(struct client *c)
{
	struct kept kept = { .magic = MAGIC, .next = c->next,
		.pending = c->pending };
	char fresh[4096];
	bool good;
	FILE *f;

	if (!c->memory)
		return true;
	snprintf(fresh, sizeof(fresh), "%s.new", c->memory);
	f = fopen(fresh, "wbe");
	good = f && fwrite(&kept, sizeof(kept), 1, f) == 1;
	good = f && !fclose(f) && good && !rename(fresh, c->memory);
	if (!good)
		snprintf(c->why, sizeof(c->why), "%s: %s", c->memory,
			strerror(errno));
	return good;
}

static bool remember(struct client *c)
{
	struct kept kept = { 0 };
	FILE *f = c->memory ? fopen(c->memory, "rbe") : NULL;
	bool good;

	if (!f) {
		c->next.sequence = 1;
		return (!c->memory || errno == ENOENT) &&
			RAND_bytes(c->next.client, LEDGER_ID) == 1;
	}
	good = fread(&kept, sizeof(kept), 1, f) == 1 &&
		!memcmp(kept.magic, MAGIC, sizeof(kept.magic));
	fclose(f);
	c->next = kept.next;
	c->pending = kept.pending;
	return good;
}

/* --- connections ---------------------------------------------------------- */

static int accept_any(X509_STORE_CTX *context, void *argument)
{
	/* The evidence decides, after the handshake and before a word. */
	return 1;
}

static void part(struct client *c)
{
	int fd = c->ssl ? SSL_get_fd(c->ssl) : -1;

	SSL_free(c->ssl);
	c->ssl = NULL;
	if (fd >= 0)
		close(fd);
}

static int reach(uint16_t port)
{
	const struct timeval silence = { .tv_sec = SILENCE_SECONDS };
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &silence, sizeof(silence));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address,
			sizeof(address))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool meet(struct client *c)
{
	const char *why = "no connection";
	int fd;

	if (c->ssl)
		return true;
	fd = reach(c->port[c->at]);
	if (fd >= 0) {
		c->ssl = SSL_new(c->context);
		if (!c->ssl || SSL_set_fd(c->ssl, fd) != 1) {
			close(fd);
			why = "out of memory";
		} else if (SSL_connect(c->ssl) != 1) {
			why = "no handshake";
		} else {
			why = evidence_check(c->ssl, &c->wanted);
		}
	}
	if (why) {
		snprintf(c->why, sizeof(c->why), "member %zu: %s", c->at, why);
		part(c);
	}
	return !why;
}

static bool exchange(struct client *c, struct ledger_answer *answer)
{
	uint8_t *at = (uint8_t *)answer;
	size_t left = sizeof(*answer);
	int n = SSL_write(c->ssl, &c->next, sizeof(c->next));

	while (n > 0 && left) {
		n = SSL_read(c->ssl, at, (int)left);
		if (n > 0) {
			at += n;
			left -= (size_t)n;
		}
	}
	if (n > 0 && answer->sequence == c->next.sequence &&
		(answer->verdict != LEDGER_DONE ||
		answer->point.version > c->next.last.version))
		return true;
	snprintf(c->why, sizeof(c->why), "member %zu: no answer", c->at);
	return false;
}

/* --- requests ------------------------------------------------------------- */

static const char *verdict_text(uint32_t verdict)
{
	static const char *const texts[] = { "no answer", "done",
		"the store has an older ledger than was seen before",
		"the store has a ledger of another history",
		"the client's numbers make no sense",
		"there is no room for another client",
		"what the store has was not sealed by an enclave as this record",
		"the store does not answer" };

	return verdict < sizeof(texts) / sizeof(*texts) ? texts[verdict]
		: "an unknown verdict";
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

/* One member's answer, or LEDGER_UNAVAILABLE. */
static enum ledger_verdict try(struct client *c, struct ledger_answer *answer)
{
	if (!meet(c) || !exchange(c, answer))
		return LEDGER_UNAVAILABLE;
	if (answer->verdict != LEDGER_DONE)
		snprintf(c->why, sizeof(c->why), "member %zu: %s (mine is of "
			"version %llu)", c->at,
			verdict_text(answer->verdict),
			(unsigned long long)c->next.last.version);
	return (enum ledger_verdict)answer->verdict;
}

/* Sends next until a member has done it. */
static enum ledger_verdict insist(struct client *c, uint64_t end,
	struct ledger_answer *answer)
{
	enum ledger_verdict verdict, most = LEDGER_UNAVAILABLE;
	char why[sizeof(c->why)] = "";
	size_t tried = 0, refused = 0;

	for (;;) {
		verdict = try(c, answer);
		if (verdict == LEDGER_DONE)
			return verdict;
		if (verdict != LEDGER_UNAVAILABLE || !*why) {
			memcpy(why, c->why, sizeof(why));
			most = verdict;
		}
		refused += verdict != LEDGER_UNAVAILABLE;
		part(c);
		c->at = (c->at + 1) % c->count;
		c->failovers++;
		if (++tried % c->count)
			continue;
		if (refused == c->count || now() >= end)
			break;
		refused = 0;
		poll(NULL, 0, PAUSE_MILLISECONDS);
	}
	memcpy(c->why, why, sizeof(why));
	return most;
}

static enum ledger_verdict finish(struct client *c, uint64_t end,
	struct ledger_answer *answer)
{
	enum ledger_verdict verdict = insist(c, end, answer);

	if (verdict != LEDGER_DONE)
		return verdict;
	c->next.sequence++;
	c->next.last = answer->point;
	c->pending = false;
	return keep(c) ? LEDGER_DONE : LEDGER_UNAVAILABLE;
}

enum ledger_verdict client_do(struct client *c,
	const struct ledger_operation *operation, unsigned milliseconds,
	struct ledger_answer *answer)
{
	uint64_t end = now() + milliseconds;
	enum ledger_verdict verdict = LEDGER_DONE;

	c->why[0] = 0;
	if (c->pending)
		verdict = finish(c, end, answer);
	if (verdict != LEDGER_DONE)
		return verdict;
	c->next.operation = *operation;
	c->pending = true;
	return keep(c) ? finish(c, end, answer) : LEDGER_UNAVAILABLE;
}

/* --- a client ------------------------------------------------------------- */

struct client *client_open(const uint16_t *ports, size_t count,
	const struct client_wanted *wanted, const char *memory)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c || !count || count > CLIENT_MEMBERS)
		goto fail;
	memcpy(c->port, ports, count * sizeof(*ports));
	c->count = count;
	c->wanted = *wanted;
	c->memory = memory ? strdup(memory) : NULL;
	c->context = SSL_CTX_new(TLS_client_method());
	if (!c->context || (memory && !c->memory))
		goto fail;
	SSL_CTX_set_cert_verify_callback(c->context, accept_any, NULL);
	if (remember(c))
		return c;
	fprintf(stderr, "%s: not a client's memory\n", memory);
fail:
	client_close(c);
	return NULL;
}

void client_close(struct client *c)
{
	if (!c)
		return;
	part(c);
	SSL_CTX_free(c->context);
	free(c->memory);
	free(c);
}

const char *client_why(const struct client *c)
{
	return c->why;
}

size_t client_member(const struct client *c)
{
	return c->at;
}

unsigned client_failovers(const struct client *c)
{
	return c->failovers;
}

const struct ledger_request *client_next(const struct client *c)
{
	return &c->next;
}

bool client_signer(const char *hex, uint8_t signer[32])
{
	for (size_t i = 0; i < 32; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &signer[i]) != 1)
			return false;
	return strlen(hex) == 64;
}
