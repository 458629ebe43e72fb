/* SPDX-License-Identifier: MIT */
/*
 * How long attestation takes, against OpenSSL's P-256 in the same run.  A
 * quote is what an application pays: a call into its enclave, which makes a
 * REPORT for the quoting enclave, and the quote of it.
 */
#include "bench.h"
#include "bench_ecdsa.h"
#include "bench_enclave.h"
#include "bench_seal.h"
#include "bench_stat.h"
#include "bench_u.h"
#include "bench_verify.h"
#include "cli.h"
#include "host/quoting.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 301
#define WARM 3

struct attest {
	oe_enclave_t *enclave;
	struct bench_ecdsa *ecdsa;
	struct bench_verify *verify;
	struct quoting_target target;
	uint8_t data[64];
	uint8_t report[QUOTING_REPORT_SIZE];
};

static bool good(oe_result_t call, oe_result_t result)
{
	if (call == OE_OK)
		call = result;
	if (call != OE_OK)
		cli_error("a call of the benchmark failed: %s",
			oe_result_str(call));
	return call == OE_OK;
}

static bool run_sign(void *context, uint64_t count)
{
	struct attest *a = context;

	return bench_ecdsa_sign(a->ecdsa, count);
}

static bool run_verify(void *context, uint64_t count)
{
	struct attest *a = context;

	return bench_ecdsa_verify(a->ecdsa, count);
}

static bool run_empty(void *context, uint64_t count)
{
	struct attest *a = context;
	oe_result_t result = OE_OK;

	while (count-- && result == OE_OK)
		result = bench_empty(a->enclave);
	return good(result, OE_OK);
}

/* All in one call: EREPORT alone. */
static bool run_report(void *context, uint64_t count)
{
	struct attest *a = context;
	oe_result_t result = OE_FAILURE, call;

	call = bench_report(a->enclave, &result, count, a->target.target_info,
		a->data, a->report);
	return good(call, result);
}

static bool run_quote(void *context, uint64_t count)
{
	struct attest *a = context;
	struct why why = { "" };
	uint8_t *quote;
	size_t size;

	while (count--) {
		if (!run_report(a, 1))
			return false;
		if (quoting_quote(a->report, &quote, &size, &why)) {
			cli_error("%s", why.text);
			return false;
		}
		free(quote);
	}
	return true;
}

static bool run_quote_verify(void *context, uint64_t count)
{
	struct attest *a = context;

	return bench_verify_warm(a->verify, count);
}

static bool run_quote_verify_cold(void *context, uint64_t count)
{
	struct attest *a = context;

	return bench_verify_cold(a->verify, count);
}

enum { SIGN, VERIFY, ECALL, REPORT, QUOTE, WARM_VERIFY, COLD_VERIFY, MEASURES };

static bool time_all(struct attest *a, struct bench_report *report)
{
	static const struct {
		const char *name;
		bool (*batch)(void *, uint64_t);
		const char *note;
	} table[MEASURES] = {
		[SIGN] = { "ecdsa_sign_ns", run_sign,
			N_("OpenSSL, P-256, of a digest") },
		[VERIFY] = { "ecdsa_verify_ns", run_verify,
			N_("the same") },
		[ECALL] = { "ecall_ns", run_empty,
			N_("an empty call into an enclave and back") },
		[REPORT] = { "report_ns", run_report,
			N_("EREPORT, from inside") },
		[QUOTE] = { "quote_ns", run_quote,
			N_("a call that makes a REPORT, and the quote of it") },
		[WARM_VERIFY] = { "verify_ns", run_quote_verify,
			N_("a quote, of a machine that the cache knows") },
		[COLD_VERIFY] = { "verify_cold_ns", run_quote_verify_cold,
			N_("a quote, chains and collateral") },
	};
	static struct bench_measure m[MEASURES];

	for (int i = 0; i < MEASURES; i++)
		m[i] = (struct bench_measure){ .name = table[i].name,
			.batch = table[i].batch, .context = a, .warm = WARM,
			.cpu = -1 };
	if (!bench_run(m, MEASURES, ROUNDS))
		return false;
	for (int i = 0; i < MEASURES; i++)
		bench_report_figure(report, m[i].name, m[i].median, "ns",
			table[i].note);
	bench_report_at_most(report,
		"(quote_ns - 2 * ecall_ns) / ecdsa_sign_ns",
		(m[QUOTE].median - 2 * m[ECALL].median) / m[SIGN].median, 5);
	bench_report_at_most(report, "verify_ns / ecdsa_verify_ns",
		m[WARM_VERIFY].median / m[VERIFY].median, 3);
	return true;
}

int bench_attest(bool json)
{
	struct attest a = { .enclave = NULL };
	struct bench_report report;
	struct why why = { "" };
	bool ok = false;

	if (quoting_target(&a.target, &why))
		return cli_error("%s", why.text);
	a.ecdsa = bench_ecdsa_new();
	if (a.ecdsa)
		a.enclave = bench_enclave_new(BENCH_IMAGE_CALLS);
	bench_report_begin(&report, json);
	if (a.enclave && run_report(&a, 1))
		a.verify = bench_verify_new(a.report);
	if (a.verify)
		ok = time_all(&a, &report) && bench_seal(&report);
	bench_verify_free(a.verify);
	if (a.enclave)
		oe_terminate_enclave(a.enclave);
	bench_ecdsa_free(a.ecdsa);
	return ok ? bench_report_end(&report) : CLI_FAILED;
}
