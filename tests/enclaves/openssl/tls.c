/* SPDX-License-Identifier: MIT */
/* Both ends of a TLS connection inside, over memory. */
#include "checks.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

struct ends {
	SSL_CTX *ctx[2]; /* server, client */
	SSL *ssl[2];
};

static int prepare(struct ends *e, EVP_PKEY *key, X509 *cert, bool trusted)
{
	BIO *one, *other;

	e->ctx[0] = SSL_CTX_new(TLS_server_method());
	e->ctx[1] = SSL_CTX_new(TLS_client_method());
	CHECK(e->ctx[0] && e->ctx[1]);
	CHECK(SSL_CTX_use_certificate(e->ctx[0], cert) == 1);
	CHECK(SSL_CTX_use_PrivateKey(e->ctx[0], key) == 1);
	SSL_CTX_set_verify(e->ctx[1], SSL_VERIFY_PEER, NULL);
	if (trusted)
		CHECK(X509_STORE_add_cert(SSL_CTX_get_cert_store(e->ctx[1]),
			cert));
	e->ssl[0] = SSL_new(e->ctx[0]);
	e->ssl[1] = SSL_new(e->ctx[1]);
	CHECK(e->ssl[0] && e->ssl[1]);
	CHECK(BIO_new_bio_pair(&one, 1 << 15, &other, 1 << 15));
	SSL_set_bio(e->ssl[0], one, one);
	SSL_set_bio(e->ssl[1], other, other);
	SSL_set_accept_state(e->ssl[0]);
	SSL_set_connect_state(e->ssl[1]);
	return 0;
}

/* Turn by turn until both are done or one gives up. */
static bool shake_hands(struct ends *e)
{
	int done[2] = { 0, 0 };

	for (int i = 0; i < 20 && !(done[0] == 1 && done[1] == 1); i++) {
		int end = i % 2;

		done[end] = SSL_do_handshake(e->ssl[end]);
		if (done[end] != 1 && SSL_get_error(e->ssl[end], done[end])
				!= SSL_ERROR_WANT_READ)
			return false;
	}
	return done[0] == 1 && done[1] == 1;
}

static void release(struct ends *e)
{
	for (int i = 0; i < 2; i++) {
		SSL_free(e->ssl[i]);
		SSL_CTX_free(e->ctx[i]);
	}
	ERR_clear_error();
}

int check_tls(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = self_signed(key);
	char back[32];

	CHECK(key && cert);
	for (int trusted = 0; trusted < 2; trusted++) {
		struct ends e = { { NULL }, { NULL } };
		int line = prepare(&e, key, cert, trusted);

		if (line)
			return line;
		CHECK(shake_hands(&e) == (bool)trusted);
		if (trusted) {
			CHECK(SSL_version(e.ssl[1]) == TLS1_3_VERSION);
			CHECK(SSL_write(e.ssl[1], "a question", 10) == 10);
			CHECK(SSL_read(e.ssl[0], back, sizeof(back)) == 10);
			CHECK(!memcmp(back, "a question", 10));
			CHECK(SSL_write(e.ssl[0], "an answer", 9) == 9);
			CHECK(SSL_read(e.ssl[1], back, sizeof(back)) == 9);
			CHECK(!memcmp(back, "an answer", 9));
		}
		release(&e);
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	return 0;
}
