/* SPDX-License-Identifier: MIT */
#include "bench_seal.h"
#include "bench_enclave.h"
#include "bench_seal_u.h"
#include "bench_stat.h"
#include "cli.h"
#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define SIZE (1u << 20)
#define SMALL 16u
#define ROUNDS 101

enum { GCM, SEAL, UNSEAL, MBEDTLS, SEAL_SMALL, MEASURES };
enum { OPENSSL_BIG, MBEDTLS_BIG, OPENSSL_SMALL, ENCLAVES };

struct seal {
	oe_enclave_t *enclave[ENCLAVES];
	EVP_CIPHER_CTX *ctx;
	uint8_t *in, *out; /* SIZE each */
	uint64_t iv;
};

static oe_enclave_t *start(const char *image, size_t size)
{
	oe_result_t result, answer = OE_UNEXPECTED;
	oe_enclave_t *enclave = NULL;
	char path[PATH_MAX];

	if (!bench_enclave_path(image, path, sizeof(path))) {
		cli_error("the bench enclave bench_%s.signed is missing", image);
		return NULL;
	}
	bench_enclave_quiet(false);
	result = oe_create_bench_seal_enclave(path, OE_ENCLAVE_TYPE_SGX, 0,
		NULL, 0, &enclave);
	if (!result)
		result = bench_seal_begin(enclave, &answer, size);
	if (!result)
		result = answer;
	if (!result)
		return enclave;
	cli_error("%s cannot seal: %s", path, oe_result_str(result));
	if (enclave)
		oe_terminate_enclave(enclave);
	return NULL;
}

static bool run(oe_enclave_t *enclave, uint64_t count, bool open)
{
	oe_result_t answer = OE_UNEXPECTED;
	oe_result_t result = bench_seal_run(enclave, &answer, count, open);

	if (!result)
		result = answer;
	if (result)
		cli_error("sealing failed: %s", oe_result_str(result));
	return !result;
}

static bool run_seal(void *context, uint64_t count)
{
	return run(((struct seal *)context)->enclave[OPENSSL_BIG], count,
		false);
}

static bool run_unseal(void *context, uint64_t count)
{
	return run(((struct seal *)context)->enclave[OPENSSL_BIG], count, true);
}

static bool run_mbedtls(void *context, uint64_t count)
{
	return run(((struct seal *)context)->enclave[MBEDTLS_BIG], count,
		false);
}

static bool run_small(void *context, uint64_t count)
{
	return run(((struct seal *)context)->enclave[OPENSSL_SMALL], count,
		false);
}

/* The raw cipher, context and key schedule kept, a fresh IV each time. */
static bool run_gcm(void *context, uint64_t count)
{
	struct seal *s = context;
	uint8_t iv[12] = { 0 }, tag[16];
	int n;

	while (count--) {
		memcpy(iv, &s->iv, sizeof(s->iv));
		s->iv++;
		if (!EVP_EncryptInit_ex(s->ctx, NULL, NULL, NULL, iv)
				|| !EVP_EncryptUpdate(s->ctx, s->out, &n, s->in,
					SIZE)
				|| !EVP_EncryptFinal_ex(s->ctx, s->out + n, &n)
				|| !EVP_CIPHER_CTX_ctrl(s->ctx,
					EVP_CTRL_AEAD_GET_TAG, 16, tag)) {
			cli_error("AES-GCM failed");
			return false;
		}
	}
	return true;
}

static bool prepare(struct seal *s)
{
	static const uint8_t key[16] = { 1 };

	s->ctx = EVP_CIPHER_CTX_new();
	s->in = aligned_alloc(4096, SIZE);
	s->out = aligned_alloc(4096, SIZE);
	if (!s->ctx || !s->in || !s->out || !EVP_EncryptInit_ex(s->ctx,
			EVP_aes_128_gcm(), NULL, key, NULL)) {
		cli_error("no memory for the benchmark");
		return false;
	}
	memset(s->in, 0, SIZE);
	memset(s->out, 0, SIZE);
	s->enclave[OPENSSL_BIG] = start("seal_openssl", SIZE);
	if (s->enclave[OPENSSL_BIG])
		s->enclave[MBEDTLS_BIG] = start("seal_mbedtls", SIZE);
	if (s->enclave[MBEDTLS_BIG])
		s->enclave[OPENSSL_SMALL] = start("seal_openssl", SMALL);
	return s->enclave[OPENSSL_SMALL];
}

static double rate(const struct bench_measure *m)
{
	return SIZE / (m->median * 1e-9);
}

static void show(struct bench_report *report, const struct bench_measure *m)
{
	bench_report_figure(report, "aes_gcm_bytes_per_s", rate(&m[GCM]), "B/s",
		"AES-128-GCM of 1 MiB, OpenSSL in this process");
	bench_report_figure(report, "seal_bytes_per_s", rate(&m[SEAL]), "B/s",
		"oe_seal of 1 MiB in an enclave with OpenSSL");
	bench_report_figure(report, "unseal_bytes_per_s", rate(&m[UNSEAL]),
		"B/s", "oe_unseal of the same");
	bench_report_figure(report, "seal_mbedtls_bytes_per_s",
		rate(&m[MBEDTLS]), "B/s", "oe_seal with mbedTLS");
	bench_report_figure(report, "seal_16_ns", m[SEAL_SMALL].median, "ns",
		"oe_seal of 16 bytes: the key, and what is fixed");
	bench_report_at_least(report, "seal_bytes_per_s / aes_gcm_bytes_per_s",
		rate(&m[SEAL]) / rate(&m[GCM]), 0.5);
}

bool bench_seal(struct bench_report *report)
{
	static bool (*const batch[MEASURES])(void *, uint64_t) = {
		run_gcm, run_seal, run_unseal, run_mbedtls, run_small
	};
	static struct bench_measure m[MEASURES];
	struct seal s = { 0 };
	bool ok = prepare(&s);

	for (int i = 0; i < MEASURES; i++)
		m[i] = (struct bench_measure){ .batch = batch[i],
			.context = &s, .count = i == SEAL_SMALL ? 20 : 4,
			.warm = 1, .cpu = -1 };
	ok = ok && bench_run(m, MEASURES, ROUNDS);
	if (ok)
		show(report, m);
	for (int i = 0; i < ENCLAVES; i++)
		if (s.enclave[i])
			oe_terminate_enclave(s.enclave[i]);
	EVP_CIPHER_CTX_free(s.ctx);
	free(s.in);
	free(s.out);
	return ok;
}
