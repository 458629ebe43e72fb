/* SPDX-License-Identifier: MIT */
#include "evidence/collateral_fetch.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 16 * 1024, MOST = 256 * 1024 };

static oe_result_t make_room(struct collateral_room *a)
{
	for (int i = 0; i < COLLATERAL_PARTS; i++) {
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

static void release(struct collateral_room *a)
{
	for (int i = 0; i < COLLATERAL_PARTS; i++)
		free(a->data[i]);
}

/* One block of memory for all parts. */
static oe_result_t take(const struct collateral_room *a,
	struct fetched *collateral)
{
	struct attest_bytes *part[COLLATERAL_PARTS] = {
		[COLLATERAL_TCB] = &collateral->view.tcb_info,
		[COLLATERAL_TCB_CHAIN] = &collateral->view.tcb_info_chain,
		[COLLATERAL_PCK_CRL] = &collateral->view.pck_crl,
		[COLLATERAL_PCK_CRL_CHAIN] = &collateral->view.pck_crl_chain,
		[COLLATERAL_ROOT_CRL] = &collateral->view.root_crl,
		[COLLATERAL_QE] = &collateral->view.qe_identity,
		[COLLATERAL_QE_CHAIN] = &collateral->view.qe_identity_chain,
	};
	size_t size = 0;
	uint8_t *at;

	for (int i = 0; i < COLLATERAL_PARTS; i++)
		size += a->size[i];
	at = malloc(size ? size : 1);
	if (!at)
		return OE_OUT_OF_MEMORY;
	collateral->memory = at;
	for (int i = 0; i < COLLATERAL_PARTS; i++) {
		memcpy(at, a->data[i], a->size[i]);
		*part[i] = (struct attest_bytes){ at, a->size[i] };
		at += a->size[i];
	}
	return OE_OK;
}

oe_result_t collateral_fetch(const uint8_t fmspc[6], enum attest_ca ca,
	const void *baseline, size_t baseline_size,
	struct fetched *collateral)
{
	oe_result_t result = OE_OK;
	struct collateral_room answer;

	memset(&answer, 0, sizeof(answer));
	for (int i = 0; i < COLLATERAL_PARTS; i++)
		answer.size[i] = FIRST_ROOM;
	/* The second time the sizes are known. */
	for (int i = 0; i < 2; i++) {
		result = make_room(&answer);
		if (result)
			break;
		memset(answer.size, 0, sizeof(answer.size));
		result = world_ask(fmspc, ca, baseline, baseline_size, &answer);
		if (result != OE_BUFFER_TOO_SMALL)
			break;
	}
	for (int i = 0; !result && i < COLLATERAL_PARTS; i++)
		if (answer.size[i] > answer.room[i])
			result = OE_UNEXPECTED;
	if (!result)
		result = take(&answer, collateral);
	release(&answer);
	return result;
}

void collateral_release(struct fetched *collateral)
{
	free(collateral->memory);
	collateral->memory = NULL;
}
