/* SPDX-License-Identifier: MIT */
/* A member of the service: is given the ledger's key, then serves clients. */
#include "commit.h"
#include "tls.h"

#include <coffer/key_release.h>
#include <openenclave/enclave.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "ledger_t.h"

/* Whom the owner trusts with releasing the key, and with tokens: the two pins
 * that `coffer key pin` prints, written into the image before it is signed,
 * so they are part of what is measured. */
__attribute__((section(".failover.pin"), used)) static volatile const uint8_t
	g_pins[2][COFFER_PIN_SIZE] = { { 0 } };

#define KEY_NAME "ledger" /* which of their keys: not the host's to say */

static atomic_int g_state; /* 0: new, 1: opening, 2: serves */

static int fetch_key(struct coffer_key_request *request)
{
	uint8_t *key = NULL;
	size_t size = 0;
	oe_result_t result;
	int error = -1;

	for (size_t i = 0; i < COFFER_PIN_SIZE; i++) {
		request->service_pin[i] = g_pins[0][i];
		request->attest_pin[i] = g_pins[1][i];
	}
	result = coffer_key_release(request, &key, &size);
	if (result == OE_OK && size == RECORD_KEY) {
		commit_open(key);
		error = 0;
	} else if (!request->reason[0]) {
		snprintf(request->reason, request->reason_size, "%s",
			result ? oe_result_str(result) : "a key of a wrong size");
	}
	coffer_key_free(key, size);
	return error;
}

int member_open(const char *attest_url, const char *vault_url, char *reason,
	size_t reason_size)
{
	struct coffer_key_request request = { .attest_url = attest_url,
		.vault_url = vault_url, .name = KEY_NAME,
		.reason = reason, .reason_size = reason_size };
	int fresh = 0;

	if (!attest_url || !vault_url || !reason || !reason_size ||
		!atomic_compare_exchange_strong(&g_state, &fresh, 1))
		return -1;
	memset(reason, 0, reason_size);
	if (fetch_key(&request))
		return -1;
	if (tls_open()) {
		snprintf(reason, reason_size, "no evidence about this enclave");
		return -1;
	}
	atomic_store(&g_state, 2);
	return 0;
}

void member_serve(int connection)
{
	struct ledger_request request;
	struct ledger_answer answer;
	struct tls *tls;

	if (atomic_load(&g_state) != 2)
		return;
	tls = tls_accept(connection);
	if (!tls)
		return;
	while (tls_read(tls, &request, sizeof(request))) {
		commit_request(&request, &answer);
		if (!tls_write(tls, &answer, sizeof(answer)))
			break;
	}
	tls_close(tls);
}

uint64_t member_version(void)
{
	return commit_version();
}

OE_SET_ENCLAVE_SGX(
	3,     /* product id */
	2,     /* security version */
	false, /* no debugging: nobody may look in */
	2048,  /* heap pages: 8 MiB */
	32,    /* stack pages per thread */
	20);   /* threads */
