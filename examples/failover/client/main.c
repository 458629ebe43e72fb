/* SPDX-License-Identifier: MIT */
/*
 *   failover-client --members PORT,... --signer MRSIGNER [--svn N]
 *                   [--memory FILE] [--history FILE] [--patience SECONDS]
 *                   COMMAND
 *
 *   read ACCOUNT
 *   deposit ACCOUNT AMOUNT
 *   transfer FROM TO AMOUNT
 *   audit        reads every account
 *   load SEED    at random, until SIGTERM
 *
 * FILE of --history gets a line for each request that was answered.
 * The services that give collateral are in COFFER_COLLATERAL_URL and
 * COFFER_COLLATERAL_CA.  Exit status: 0, 1 when nobody would or could do it,
 * 2 for a wrong command line, 3 when members had to refuse, because the store
 * went back or parted from what this client has seen.
 */
#include "client.h"
#include "history.h"

#include <getopt.h>
#include <openenclave/host_verify.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATIENCE_SECONDS 90u

static volatile sig_atomic_t g_stop;
static FILE *g_history; /* NULL: none is kept */
static unsigned g_patience = PATIENCE_SECONDS;

static void stop(int number)
{
	g_stop = 1;
}

static int usage(void)
{
	fprintf(stderr, "usage: failover-client --members PORT,... --signer "
		"MRSIGNER [--svn N] [--memory FILE] [--history FILE]\n\t"
		"[--patience SECONDS] read ACCOUNT | deposit "
		"ACCOUNT AMOUNT | transfer FROM TO AMOUNT | audit | load SEED\n");
	return 2;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int failed(const struct client *c, enum ledger_verdict verdict)
{
	fprintf(stderr, "refused: %s\n", client_why(c));
	return verdict == LEDGER_OLD || verdict == LEDGER_FORKED ||
		verdict == LEDGER_FORGED ? 3 : 1;
}

/* Has it performed, and writes down how that went. */
static enum ledger_verdict perform(struct client *c,
	const struct ledger_operation *operation,
	struct ledger_answer *answer)
{
	const struct ledger_request *next = client_next(c);
	unsigned before = client_failovers(c);
	struct history_entry e = { .sequence = next->sequence,
		.operation = *operation, .asked = now() };
	enum ledger_verdict verdict = client_do(c, operation,
		g_patience * 1000, answer);

	if (verdict != LEDGER_DONE || !g_history)
		return verdict;
	e.answered = now();
	e.result = answer->result;
	e.version = answer->point.version;
	e.failovers = client_failovers(c) - before;
	memcpy(&e.client, next->client, sizeof(e.client));
	history_write(g_history, &e);
	return verdict;
}

/* --- load ----------------------------------------------------------------- */

/* Accounts 0 to 7 are left to others. */
static uint32_t random_account(unsigned *seed)
{
	return 8 + (uint32_t)rand_r(seed) % (LEDGER_ACCOUNTS - 8);
}

static struct ledger_operation random_operation(unsigned *seed)
{
	unsigned kind = (unsigned)rand_r(seed) % 8;

	return (struct ledger_operation){
		.kind = kind < 2 ? LEDGER_READ : kind < 4 ? LEDGER_DEPOSIT
			: LEDGER_TRANSFER,
		.from = random_account(seed),
		.to = random_account(seed),
		.amount = (uint32_t)rand_r(seed) % 100,
	};
}

static int load(struct client *c, unsigned seed)
{
	enum ledger_verdict verdict = LEDGER_DONE;
	struct ledger_answer answer;

	while (!g_stop && verdict == LEDGER_DONE) {
		struct ledger_operation o = random_operation(&seed);

		verdict = perform(c, &o, &answer);
	}
	return verdict == LEDGER_DONE ? 0 : failed(c, verdict);
}

static int audit(struct client *c)
{
	struct ledger_operation o = { .kind = LEDGER_READ };
	enum ledger_verdict verdict = LEDGER_DONE;
	struct ledger_answer answer;

	for (; o.from < LEDGER_ACCOUNTS && verdict == LEDGER_DONE; o.from++)
		verdict = perform(c, &o, &answer);
	return verdict == LEDGER_DONE ? 0 : failed(c, verdict);
}

/* --- one operation -------------------------------------------------------- */

static int once(struct client *c, const struct ledger_operation *o)
{
	static const char *const outcomes[] = { "?", "done", "not enough money",
		"no such account, or amount" };
	struct ledger_answer answer;
	enum ledger_verdict verdict = perform(c, o, &answer);

	if (verdict != LEDGER_DONE)
		return failed(c, verdict);
	printf("%s, balance %lld (request %llu, version %llu, member %zu)\n",
		outcomes[answer.result.outcome & 3],
		(long long)answer.result.balance,
		(unsigned long long)answer.result.position,
		(unsigned long long)answer.point.version, client_member(c));
	return 0;
}

static uint32_t number(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 10);
}

static int run(struct client *c, int argc, char **argv)
{
	struct ledger_operation o = { 0 };

	if (argc == 2 && !strcmp(argv[0], "load"))
		return load(c, number(argv[1]));
	if (argc == 1 && !strcmp(argv[0], "audit"))
		return audit(c);
	if (argc == 2 && !strcmp(argv[0], "read"))
		o = (struct ledger_operation){ .kind = LEDGER_READ,
			.from = number(argv[1]) };
	else if (argc == 3 && !strcmp(argv[0], "deposit"))
		o = (struct ledger_operation){ .kind = LEDGER_DEPOSIT,
			.to = number(argv[1]), .amount = number(argv[2]) };
	else if (argc == 4 && !strcmp(argv[0], "transfer"))
		o = (struct ledger_operation){ .kind = LEDGER_TRANSFER,
			.from = number(argv[1]), .to = number(argv[2]),
			.amount = number(argv[3]) };
	else
		return usage();
	return once(c, &o);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "members", required_argument, NULL, 'm' },
		{ "signer", required_argument, NULL, 's' },
		{ "svn", required_argument, NULL, 'v' },
		{ "history", required_argument, NULL, 'h' },
		{ "patience", required_argument, NULL, 'p' },
		{ "memory", required_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	const struct sigaction end = { .sa_handler = stop,
		.sa_flags = SA_RESTART };
	struct client_wanted wanted = { .product = 3, .svn = 2 };
	const char *memory = NULL, *signer = "";
	uint16_t ports[CLIENT_MEMBERS];
	struct client *c;
	size_t count = 0;
	int option, status;

	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (option) {
		case 'm':
			for (char *at = strtok(optarg, ","); at &&
				count < CLIENT_MEMBERS; at = strtok(NULL, ","))
				ports[count++] = (uint16_t)number(at);
			break;
		case 's': signer = optarg; break;
		case 'v': wanted.svn = (uint16_t)number(optarg); break;
		case 'h': g_history = fopen(optarg, "ae"); break;
		case 'p': g_patience = number(optarg); break;
		case 'f': memory = optarg; break;
		default: return usage();
		}
	}
	if (!count || !client_signer(signer, wanted.signer) || optind == argc)
		return usage();
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGTERM, &end, NULL);
	if (oe_verifier_initialize() != OE_OK)
		return 1;
	c = client_open(ports, count, &wanted, memory);
	status = c ? run(c, argc - optind, argv + optind) : 1;
	client_close(c);
	if (g_history)
		fclose(g_history);
	oe_verifier_shutdown();
	return status;
}
