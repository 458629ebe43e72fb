/* SPDX-License-Identifier: MIT */
/*
 * A fixed table of sets: who asks takes a bucket of its set, the one that was
 * unused for longest when all are taken.  So memory does not grow with the
 * number of clients, and to lose one's bucket is to start with a full one.
 */
#include "service/rate.h"

#include <netinet/in.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SETS 1024u
#define WAYS 8u
#define PART 1000u /* a request is so many parts of a bucket */

struct bucket {
	uint64_t client;
	uint64_t ms; /* last seen */
	uint64_t parts; /* left */
	bool used;
};

struct rate {
	pthread_mutex_t lock;
	uint64_t key; /* odd, random: nobody can choose his set */
	unsigned per_second;
	bool loopback;
	struct bucket buckets[SETS][WAYS];
};

struct rate *rate_new(unsigned per_second, bool loopback)
{
	struct rate *rate = calloc(1, sizeof(*rate));

	if (!rate || RAND_bytes((uint8_t *)&rate->key,
	    sizeof(rate->key)) != 1) {
		free(rate);
		return NULL;
	}
	pthread_mutex_init(&rate->lock, NULL);
	rate->key |= 1;
	rate->per_second = per_second;
	rate->loopback = loopback;
	return rate;
}

void rate_free(struct rate *rate)
{
	if (rate)
		pthread_mutex_destroy(&rate->lock);
	free(rate);
}

bool rate_is_loopback(const struct sockaddr *client)
{
	const struct sockaddr_in6 *six = (const void *)client;
	const struct sockaddr_in *four = (const void *)client;

	if (!client)
		return true;
	if (client->sa_family == AF_INET)
		return ntohl(four->sin_addr.s_addr) >> 24 == 127;
	if (client->sa_family != AF_INET6)
		return true;
	return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr) ||
		(IN6_IS_ADDR_V4MAPPED(&six->sin6_addr) &&
		six->sin6_addr.s6_addr[12] == 127);
}

/* Behind four bytes of ff, which begin the addresses of groups: no client of
 * IPv6 has one. */
static uint64_t of_four(const void *address)
{
	uint64_t client = UINT64_MAX;

	memcpy((uint8_t *)&client + 4, address, 4);
	return client;
}

static uint64_t client_of(const struct sockaddr *client)
{
	const struct sockaddr_in6 *six = (const void *)client;
	const struct sockaddr_in *four = (const void *)client;
	uint64_t prefix;

	if (!client || (client->sa_family != AF_INET &&
	    client->sa_family != AF_INET6))
		return 0;
	if (client->sa_family == AF_INET)
		return of_four(&four->sin_addr);
	if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		return of_four(six->sin6_addr.s6_addr + 12);
	memcpy(&prefix, six->sin6_addr.s6_addr, 8);
	return prefix;
}

static struct bucket *bucket_of(struct rate *rate, uint64_t client,
	uint64_t ms)
{
	struct bucket *set = rate->buckets[(client * rate->key) >> 54];
	struct bucket *oldest = set;

	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].used && set[i].client == client)
			return &set[i];
		if (!set[i].used || (oldest->used && set[i].ms < oldest->ms))
			oldest = &set[i];
	}
	*oldest = (struct bucket){ client, ms,
		(uint64_t)rate->per_second * PART, true };
	return oldest;
}

bool rate_allow(struct rate *rate, const struct sockaddr *client,
	uint64_t ms)
{
	struct bucket *bucket;
	uint64_t full = (uint64_t)rate->per_second * PART, passed;
	bool allowed;

	if (!rate->per_second ||
	    (!rate->loopback && rate_is_loopback(client)))
		return true;
	pthread_mutex_lock(&rate->lock);
	bucket = bucket_of(rate, client_of(client), ms);
	passed = ms > bucket->ms ? ms - bucket->ms : 0;
	if (passed > 1000)
		passed = 1000;
	bucket->parts += passed * rate->per_second * PART / 1000;
	if (bucket->parts > full)
		bucket->parts = full;
	bucket->ms = ms > bucket->ms ? ms : bucket->ms;
	allowed = bucket->parts >= PART;
	if (allowed)
		bucket->parts -= PART;
	pthread_mutex_unlock(&rate->lock);
	return allowed;
}
