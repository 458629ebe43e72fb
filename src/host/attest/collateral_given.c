/* SPDX-License-Identifier: MIT */
/* Collateral for verifiers that belong to no machine: what came with the
 * evidence, or from the service that COFFER_COLLATERAL_URL names. */
#include "evidence/world.h"
#include "oe/enclave.h"
#include "pccs.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The same machine's collateral is asked for once in so many seconds. */
#define KEEP_SECONDS 5

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	uint8_t fmspc[6];
	enum attest_ca ca;
	time_t until; /* CLOCK_MONOTONIC; 0: there is none */
	struct pccs_collateral collateral;
} kept; /* under lock */

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/* With the lock. */
static oe_result_t refresh(const uint8_t fmspc[6], enum attest_ca ca)
{
	const char *url = getenv("COFFER_COLLATERAL_URL");
	struct pccs_collateral fresh;
	struct why why = { "" };
	int error;

	if (kept.until && kept.ca == ca && !memcmp(kept.fmspc, fmspc, 6)
			&& now() < kept.until)
		return OE_OK;
	if (!url || !*url) {
		host_log(HOST_ERROR, "No endorsements came with the "
			"evidence; COFFER_COLLATERAL_URL can name a service "
			"that has them, as https://localhost:8081");
		return OE_QUOTE_PROVIDER_LOAD_ERROR;
	}
	error = pccs_get(url, getenv("COFFER_COLLATERAL_CA"), fmspc, ca,
		&fresh, &why);
	if (error) {
		host_log(HOST_ERROR, "No collateral: %s", why.text);
		return error == -ENOMEM ? OE_OUT_OF_MEMORY
			: error == -EIO ? OE_SERVICE_UNAVAILABLE
			: OE_QUOTE_PROVIDER_CALL_ERROR;
	}
	pccs_free(&kept.collateral);
	kept.collateral = fresh;
	kept.ca = ca;
	memcpy(kept.fmspc, fmspc, 6);
	kept.until = now() + KEEP_SECONDS;
	return OE_OK;
}

oe_result_t world_ask(const uint8_t fmspc[6], enum attest_ca ca,
	const void *baseline, size_t baseline_size,
	struct collateral_room *room)
{
	oe_result_t result;

	(void)baseline_size;
	if (baseline)
		return OE_UNSUPPORTED;
	pthread_mutex_lock(&lock);
	result = refresh(fmspc, ca);
	for (int i = 0; !result && i < COLLATERAL_PARTS; i++)
		room->size[i] = kept.collateral.size[i];
	for (int i = 0; !result && i < COLLATERAL_PARTS; i++)
		if (room->size[i] > room->room[i])
			result = OE_BUFFER_TOO_SMALL;
	for (int i = 0; !result && i < COLLATERAL_PARTS; i++)
		memcpy(room->data[i], kept.collateral.part[i],
			room->size[i]);
	pthread_mutex_unlock(&lock);
	return result;
}
