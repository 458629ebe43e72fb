/* SPDX-License-Identifier: MIT */
/*
 * A border without a processor: generated code of both sides in one
 * process, the enclave's in a shared library with hidden names, so that
 * sanitizers see every byte that it touches. Memory that the host side
 * shared is "outside", everything else "inside"; copies are made as the
 * real runtime makes them.
 */
#ifndef FAKE_BORDER_H
#define FAKE_BORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void fake_function(const uint8_t *in, size_t in_size, uint8_t *out,
			   size_t out_size, size_t *written);

/* What each side gives the other. */
struct fake_host {
	void *(*shared_malloc)(size_t size);
	void (*shared_free)(void *p);
	bool (*is_shared)(const void *p, size_t size);
	/* Run an ocall. False: there is no such function. */
	bool (*ocall)(size_t id, const void *in, size_t in_size, void *out,
		      size_t out_size, size_t *written);
};

struct fake_enclave {
	size_t count;
	/* Run an ecall on buffers of the host; false: no such function. */
	bool (*ecall)(size_t id, const void *in, size_t in_size, void *out,
		      size_t out_size, size_t *written);
};

/* The library's one symbol, "fake_connect". */
typedef const struct fake_enclave *fake_connect_t(const struct fake_host *);

/* The first bytes of every output buffer. */
struct fake_head {
	uint32_t result;
	uint8_t *deep;
	size_t deep_size;
};

#endif
