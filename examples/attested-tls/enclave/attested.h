/* SPDX-License-Identifier: MIT */
/*
 * TLS between whoever can prove to be an enclave of our signer. The key pair
 * derives from the enclave's seal key, so it is this enclave's alone; the
 * certificate carries a quote that names it; the handshake proves who has it.
 */
#ifndef ATTESTED_H
#define ATTESTED_H

#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <openenclave/bits/result.h>
#include <stdbool.h>

/* The EDL's, in both enclaves. */
oe_result_t carry_out(int64_t *_retval, int connection, const uint8_t *bytes,
	size_t size);
oe_result_t carry_in(int64_t *_retval, int connection, uint8_t *bytes,
	size_t size);

struct attested {
	mbedtls_ssl_config config;
	mbedtls_ssl_context ssl;
	mbedtls_x509_crt certificate;
	mbedtls_pk_context key;
	int connection; /* the host's */
	bool peer_attested; /* after the handshake */
	char why[160]; /* why the peer was refused */
};

/* Prepares an end: MBEDTLS_SSL_IS_SERVER, which takes clients without a
 * certificate as well, or MBEDTLS_SSL_IS_CLIENT, which insists. 0 or -1. */
int attested_open(struct attested *, int endpoint);
void attested_close(struct attested *);

/* The handshake over a connection of the host's. 0 or -1. */
int attested_meet(struct attested *, int connection);
void attested_part(struct attested *);

/* Text, with a NUL. 0 or -1. */
int attested_write(struct attested *, const char *text);
int attested_read(struct attested *, char *text, size_t room);

#endif
