/* SPDX-License-Identifier: MIT */
/*
 * How long it takes to create and end enclaves, and how fast they are
 * measured.
 */
#include "bench.h"
#include "bench_enclave.h"
#include "bench_stat.h"
#include "cli.h"
#include "common/crypto_openssl.h"
#include "sgx/measure.h"
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define CREATE_ROUNDS 31
#define HASH_ROUNDS 101
#define HASH_SIZE (1u << 20)

static bool run_create(void *context, uint64_t count)
{
	const char *image = context;

	while (count--) {
		oe_enclave_t *enclave = bench_enclave_new(image);
		oe_result_t result;

		if (!enclave)
			return false;
		result = oe_terminate_enclave(enclave);
		if (result != OE_OK) {
			cli_error("cannot end an enclave: %s",
				oe_result_str(result));
			return false;
		}
	}
	return true;
}

static bool run_measure(void *context, uint64_t count)
{
	const struct sgx_sha256_ops *ops = crypto_openssl_sha256();
	const uint8_t *bytes = context;
	uint8_t mrenclave[32];
	struct sgx_measure m;

	while (count--) {
		sgx_measure_ecreate(&m, ops, 1, 2 * HASH_SIZE);
		for (uint32_t at = 0; at < HASH_SIZE; at += SGX_PAGE_SIZE)
			sgx_measure_page(&m, ops, at,
				SGX_SECINFO_REG | SGX_SECINFO_R, bytes + at);
		sgx_measure_final(&m, ops, mrenclave);
		__asm__ volatile("" : : "r"(mrenclave) : "memory");
	}
	return true;
}

static bool run_sha256(void *context, uint64_t count)
{
	uint8_t digest[32];

	while (count--) {
		if (!EVP_Digest(context, HASH_SIZE, digest, NULL, EVP_sha256(),
				NULL)) {
			cli_error("libcrypto's SHA-256 failed");
			return false;
		}
		__asm__ volatile("" : : "r"(digest) : "memory");
	}
	return true;
}

static bool time_load(struct bench_report *report, uint8_t *bytes)
{
	static char image_1m[] = BENCH_IMAGE_1M, image_64m[] = BENCH_IMAGE_64M;
	static char image_grow[] = BENCH_IMAGE_GROW_1G;
	struct bench_measure create[] = {
		{ .batch = run_create, .context = image_1m, .count = 1,
		  .cpu = -1 },
		{ .batch = run_create, .context = image_64m, .count = 1,
		  .cpu = -1 },
		{ .batch = run_create, .context = image_grow, .count = 1,
		  .cpu = -1 },
	};
	struct bench_measure hash[] = {
		{ .batch = run_measure, .context = bytes, .cpu = -1 },
		{ .batch = run_sha256, .context = bytes, .cpu = -1 },
	};
	double measured, raw;

	if (!bench_run(create, 3, CREATE_ROUNDS) ||
	    !bench_run(hash, 2, HASH_ROUNDS))
		return false;
	measured = HASH_SIZE / hash[0].median * 1e9;
	raw = HASH_SIZE / hash[1].median * 1e9;
	bench_report_figure(report, "create_1m_ms", create[0].median / 1e6,
		"ms", "create and end an enclave with 1 MiB of heap");
	bench_report_figure(report, "create_64m_ms", create[1].median / 1e6,
		"ms", "with 64 MiB of heap");
	bench_report_figure(report, "create_grow_1g_ms",
		create[2].median / 1e6, "ms",
		"with 1 MiB of heap that may grow to 1 GiB");
	bench_report_figure(report, "hash_bytes_per_s", measured, "B/s",
		"measuring pages (EADD and EEXTEND)");
	bench_report_figure(report, "sha256_bytes_per_s", raw, "B/s",
		"plain SHA-256 of the same library");
	if (!report->json)
		putchar('\n');
	bench_report_at_most(report, "create_64m_ms", create[1].median / 1e6,
		20);
	bench_report_at_most(report, "create_grow_1g_ms / create_1m_ms",
		create[2].median / create[0].median, 1.5);
	bench_report_at_least(report, "hash_bytes_per_s / sha256_bytes_per_s",
		measured / raw, 0.7);
	return true;
}

int bench_load(bool json)
{
	struct bench_report report;
	uint8_t *bytes = aligned_alloc(SGX_PAGE_SIZE, HASH_SIZE);
	oe_enclave_t *first;
	bool ok;

	if (!bytes)
		return cli_error("out of memory");
	for (uint32_t i = 0; i < HASH_SIZE; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 13);
	/* The machine is up before anything is timed. */
	first = bench_enclave_new(BENCH_IMAGE_1M);
	ok = first && oe_terminate_enclave(first) == OE_OK;
	bench_report_begin(&report, json);
	ok = ok && time_load(&report, bytes);
	free(bytes);
	return ok ? bench_report_end(&report) : CLI_FAILED;
}
