/* SPDX-License-Identifier: MIT */
/*
 * Clock and collateral come from the host: a lie about either can make an
 * enclave refuse what is good, or judge by collateral that was good once; it
 * cannot make a signature.  The default root comes from the processor.
 */
#include "evidence/world.h"

#include "../core/core.h"
#include "evidence/roots.h"

#include <coffer/sgx_arch.h>
#include <openenclave/enclave.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "system_t.h"

int64_t world_time(void)
{
	int64_t seconds, nanoseconds;

	return core_host_clock(0, &seconds, &nanoseconds) ? 0 : seconds;
}

/* What was fused in when the processor was made; one that does not know the
 * name is Intel's. */
void world_default_roots(struct attest_roots *roots)
{
	struct sgx_keyrequest request = { .key_name = COFFER_KEYNAME_ROOT };
	uint8_t digest[16];
	uint32_t error = core_egetkey(&request, digest);

	if (!error)
		attest_roots_add_digest(roots, digest, sizeof(digest));
	else if (error == SGX_INVALID_KEYNAME)
		attest_roots_add_intel(roots);
}

enum { PARTS = 7, FIRST_ROOM = 16 * 1024, MOST = 256 * 1024 };

struct answer {
	uint8_t *data[PARTS];
	size_t room[PARTS], size[PARTS];
};

/* In the order of struct attest_collateral. */
enum { TCB, TCB_CHAIN, PCK_CRL, PCK_CRL_CHAIN, ROOT_CRL, QE, QE_CHAIN };

static oe_result_t ask(const uint8_t fmspc[6], enum attest_ca ca,
	const void *baseline, size_t baseline_size, struct answer *a)
{
	oe_result_t result, answer = OE_UNEXPECTED;
	uint8_t copy[6];
	uint8_t which = ca == ATTEST_CA_PLATFORM;

	memcpy(copy, fmspc, sizeof(copy));
	if (baseline)
		result =
		oe_get_quote_verification_collateral_with_baseline_ocall(
			&answer, copy, which, (void *)baseline, baseline_size,
			a->data[TCB], a->room[TCB], &a->size[TCB],
			a->data[TCB_CHAIN], a->room[TCB_CHAIN],
			&a->size[TCB_CHAIN], a->data[PCK_CRL],
			a->room[PCK_CRL], &a->size[PCK_CRL],
			a->data[ROOT_CRL], a->room[ROOT_CRL],
			&a->size[ROOT_CRL], a->data[PCK_CRL_CHAIN],
			a->room[PCK_CRL_CHAIN], &a->size[PCK_CRL_CHAIN],
			a->data[QE], a->room[QE], &a->size[QE],
			a->data[QE_CHAIN], a->room[QE_CHAIN],
			&a->size[QE_CHAIN]);
	else
		result = oe_get_quote_verification_collateral_ocall(
			&answer, copy, which, a->data[TCB], a->room[TCB],
			&a->size[TCB], a->data[TCB_CHAIN],
			a->room[TCB_CHAIN], &a->size[TCB_CHAIN],
			a->data[PCK_CRL], a->room[PCK_CRL],
			&a->size[PCK_CRL], a->data[ROOT_CRL],
			a->room[ROOT_CRL], &a->size[ROOT_CRL],
			a->data[PCK_CRL_CHAIN], a->room[PCK_CRL_CHAIN],
			&a->size[PCK_CRL_CHAIN], a->data[QE], a->room[QE],
			&a->size[QE], a->data[QE_CHAIN], a->room[QE_CHAIN],
			&a->size[QE_CHAIN]);
	return result ? result : answer;
}

static oe_result_t make_room(struct answer *a)
{
	for (int i = 0; i < PARTS; i++) {
		if (a->size[i] <= a->room[i])
			continue;
		free(a->data[i]);
		a->data[i] = NULL;
		if (a->size[i] > MOST)
			return OE_INVALID_ENDORSEMENT;
		a->data[i] = malloc(a->size[i]);
		if (!a->data[i])
			return OE_OUT_OF_MEMORY;
		a->room[i] = a->size[i];
	}
	return OE_OK;
}

static void release(struct answer *a)
{
	for (int i = 0; i < PARTS; i++)
		free(a->data[i]);
}

/* One block of memory for all parts. */
static oe_result_t take(const struct answer *a,
	struct world_collateral *collateral)
{
	struct attest_bytes *part[PARTS] = {
		[TCB] = &collateral->view.tcb_info,
		[TCB_CHAIN] = &collateral->view.tcb_info_chain,
		[PCK_CRL] = &collateral->view.pck_crl,
		[PCK_CRL_CHAIN] = &collateral->view.pck_crl_chain,
		[ROOT_CRL] = &collateral->view.root_crl,
		[QE] = &collateral->view.qe_identity,
		[QE_CHAIN] = &collateral->view.qe_identity_chain,
	};
	size_t size = 0;
	uint8_t *at;

	for (int i = 0; i < PARTS; i++)
		size += a->size[i];
	at = malloc(size ? size : 1);
	if (!at)
		return OE_OUT_OF_MEMORY;
	collateral->memory = at;
	for (int i = 0; i < PARTS; i++) {
		memcpy(at, a->data[i], a->size[i]);
		*part[i] = (struct attest_bytes){ at, a->size[i] };
		at += a->size[i];
	}
	return OE_OK;
}

oe_result_t world_collateral_get(const uint8_t fmspc[6], enum attest_ca ca,
	const void *baseline, size_t baseline_size,
	struct world_collateral *collateral)
{
	oe_result_t result = OE_OK;
	struct answer answer;

	memset(&answer, 0, sizeof(answer));
	for (int i = 0; i < PARTS; i++)
		answer.size[i] = FIRST_ROOM;
	/* The second time the sizes are known. */
	for (int i = 0; i < 2; i++) {
		result = make_room(&answer);
		if (result)
			break;
		memset(answer.size, 0, sizeof(answer.size));
		result = ask(fmspc, ca, baseline, baseline_size, &answer);
		if (result != OE_BUFFER_TOO_SMALL)
			break;
	}
	for (int i = 0; !result && i < PARTS; i++)
		if (answer.size[i] > answer.room[i])
			result = OE_UNEXPECTED;
	if (!result)
		result = take(&answer, collateral);
	release(&answer);
	return result;
}

void world_collateral_free(struct world_collateral *collateral)
{
	free(collateral->memory);
	collateral->memory = NULL;
}

void world_log(int level, const char *format, ...)
{
	char text[400];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	core_log(level, "%s", text);
}
