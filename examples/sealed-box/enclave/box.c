/* SPDX-License-Identifier: MIT */
/*
 * The sealed box.  Its life: fetch_key (box_attest.c), open, compute (as often
 * as wanted), close.  One lock, because the host may call from several threads at once;
 * a call out of order is refused.
 */
#include "box.h"
#include "box_crypto.h"
#include "../stats.h"

#include <openenclave/enclave.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "box_t.h"

/* Random nonces: far below the 2^32 messages that one key may seal. */
#define RESULTS_MAX 1000000u

static pthread_mutex_t g_lock = PTHREAD_MUTEX_INITIALIZER;
/* All below under g_lock. */
static bool g_have_key, g_have_records;
static uint8_t g_key[BOX_KEY_SIZE], g_bound[BOX_HASH_SIZE];
static struct box_table g_table;
static unsigned g_results;

static void forget(void)
{
	box_table_wipe(&g_table);
	box_wipe(g_key, sizeof(g_key));
	box_wipe(g_bound, sizeof(g_bound));
	g_have_key = g_have_records = false;
	g_results = 0;
}

bool box_has_key(void)
{
	bool has;

	pthread_mutex_lock(&g_lock);
	has = g_have_key;
	pthread_mutex_unlock(&g_lock);
	return has;
}

enum box_status box_take_key(const uint8_t key[BOX_KEY_SIZE])
{
	enum box_status status = BOX_BAD_ORDER;

	pthread_mutex_lock(&g_lock);
	if (!g_have_key) {
		memcpy(g_key, key, BOX_KEY_SIZE);
		g_have_key = true;
		status = BOX_OK;
	}
	pthread_mutex_unlock(&g_lock);
	return status;
}

/* The buffers are copies in enclave memory. */
static enum box_status check_message(const uint8_t *sealed, size_t size,
	size_t *text_size)
{
	static const struct box_header zero;
	struct box_header header;

	if (!sealed || size <= BOX_OVERHEAD)
		return BOX_BAD_MESSAGE;
	if (size - BOX_OVERHEAD > BOX_PLAINTEXT_MAX)
		return BOX_TOO_BIG;
	memcpy(&header, sealed, sizeof(header));
	if (memcmp(header.magic, BOX_SEALED_MAGIC, BOX_MAGIC_SIZE) ||
		header.kind != BOX_KIND_RECORDS || header.zero ||
		memcmp(header.zero2, zero.zero2, sizeof(zero.zero2)) ||
		memcmp(header.bound, zero.bound, sizeof(zero.bound)) ||
		header.size != size - BOX_OVERHEAD)
		return BOX_BAD_MESSAGE;
	*text_size = header.size;
	return BOX_OK;
}

static enum box_status read_records(const uint8_t *sealed, size_t text_size)
{
	char *text = malloc(text_size);
	enum box_status status = BOX_OK;
	const char *wrong;
	size_t line;

	if (!text)
		return BOX_NO_MEMORY;
	if (!box_crypto_open(g_key, sealed, (uint8_t *)text)) {
		status = BOX_NOT_AUTHENTIC;
	} else {
		wrong = box_table_read(&g_table, text, text_size, &line);
		if (wrong)
			status = BOX_BAD_RECORDS;
	}
	box_wipe(text, text_size);
	free(text);
	return status;
}

static enum box_status open_box(const uint8_t *sealed, size_t sealed_size)
{
	enum box_status status;
	size_t text_size;

	if (!g_have_key || g_have_records)
		return BOX_BAD_ORDER;
	status = check_message(sealed, sealed_size, &text_size);
	if (status != BOX_OK)
		return status;
	if (!box_crypto_hash(sealed, sealed_size, g_bound))
		return BOX_CRYPTO_FAILED;
	return read_records(sealed, text_size);
}

enum box_status box_open(const uint8_t *sealed, size_t sealed_size,
	uint64_t *records)
{
	enum box_status status;

	if (!records)
		return BOX_BAD_MESSAGE;
	*records = 0;
	pthread_mutex_lock(&g_lock);
	status = open_box(sealed, sealed_size);
	if (status == BOX_OK) {
		g_have_records = true;
		*records = g_table.count;
	}
	pthread_mutex_unlock(&g_lock);
	return status;
}

static enum box_status compute(uint8_t *sealed, size_t capacity)
{
	struct box_result result;
	enum box_status status = BOX_OK;

	if (!g_have_records || g_results == RESULTS_MAX)
		return BOX_BAD_ORDER;
	if (!sealed || capacity < sizeof(result) + BOX_OVERHEAD)
		return BOX_TOO_BIG;
	if (box_compute_statistics(&g_table, &result)) {
		status = BOX_BAD_RECORDS;
	} else {
		g_results++;
		if (!box_crypto_seal(g_key, g_bound, &result, sizeof(result),
			sealed))
			status = BOX_CRYPTO_FAILED;
	}
	box_wipe(&result, sizeof(result));
	return status;
}

enum box_status box_compute(uint8_t *sealed, size_t capacity, size_t *written)
{
	enum box_status status;

	if (!written)
		return BOX_BAD_MESSAGE;
	pthread_mutex_lock(&g_lock);
	status = compute(sealed, capacity);
	pthread_mutex_unlock(&g_lock);
	*written = status == BOX_OK ? sizeof(struct box_result) + BOX_OVERHEAD : 0;
	return status;
}

uint64_t box_where(void)
{
	uint64_t address;

	pthread_mutex_lock(&g_lock);
	address = (uint64_t)g_table.records;
	pthread_mutex_unlock(&g_lock);
	return address;
}

void box_close(void)
{
	pthread_mutex_lock(&g_lock);
	forget();
	pthread_mutex_unlock(&g_lock);
}

OE_SET_ENCLAVE_SGX(
	1,    /* product id */
	2,    /* security version */
	false, /* no debugging: nobody may look in */
	2048, /* heap pages: 8 MiB */
	64,   /* stack pages per thread */
	2);   /* threads */
