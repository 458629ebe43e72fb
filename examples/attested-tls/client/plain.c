/* SPDX-License-Identifier: MIT */
/*
 * An ordinary program that talks to the server only after the server has
 * proved which enclave it is. OpenSSL and liboehostverify; no enclave, no
 * machine.
 */
#include <arpa/inet.h>
#include <coffer/attest.h>
#include <netinet/in.h>
#include <openenclave/host_verify.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int accept_any(X509_STORE_CTX *context, void *argument)
{
	/* The evidence decides, after the handshake and before a word. */
	return 1;
}

static SSL *meet(SSL_CTX *context, uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	SSL *ssl = SSL_new(context);

	if (fd < 0 || !ssl || connect(fd, (struct sockaddr *)&address,
			sizeof(address)) || SSL_set_fd(ssl, fd) != 1
			|| SSL_connect(ssl) != 1)
		return NULL;
	return ssl;
}

static const oe_claim_t *find(const oe_claim_t *claims, size_t count,
	const char *name, size_t size)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(claims[i].name, name))
			return claims[i].value_size == size ? &claims[i]
				: NULL;
	return NULL;
}

/* Is this the enclave that we want, and not open to debuggers? */
static const char *objection(const oe_claim_t *claims, size_t count,
	const char *mrenclave)
{
	const oe_claim_t *unique = find(claims, count, OE_CLAIM_UNIQUE_ID, 32);
	const oe_claim_t *attributes = find(claims, count,
		OE_CLAIM_ATTRIBUTES, sizeof(uint64_t));
	char text[65];
	uint64_t flags;

	if (!unique || !attributes)
		return "claims are missing";
	for (int i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", unique->value[i]);
	memcpy(&flags, attributes->value, sizeof(flags));
	if (strcmp(text, mrenclave))
		return "another enclave";
	if (flags & OE_EVIDENCE_ATTRIBUTES_SGX_DEBUG)
		return "an enclave that is open to debuggers";
	return NULL;
}

static int judge(SSL *ssl, const char *mrenclave, uint8_t *endorsements,
	size_t endorsements_size)
{
	X509 *certificate = SSL_get1_peer_certificate(ssl);
	coffer_root_t root = COFFER_ROOT_LOCAL;
	oe_claim_t *claims = NULL;
	uint8_t *der = NULL;
	const char *why = NULL;
	oe_result_t result = OE_FAILURE;
	size_t count = 0;
	int size = certificate ? i2d_X509(certificate, &der) : -1;

	if (size > 0)
		result = oe_verify_attestation_certificate_with_evidence_v2(
			der, (size_t)size, endorsements, endorsements_size,
			NULL, 0, &claims, &count);
	if (!result)
		why = objection(claims, count, mrenclave);
	if (!result && !why && coffer_evidence_root(claims, count, &root,
			NULL))
		why = "a root that is not known";
	oe_free_claims(claims, count);
	OPENSSL_free(der);
	X509_free(certificate);
	if (result || why) {
		printf("plain client: refused the server: %s\n",
			why ? why : oe_result_str(result));
		return -1;
	}
	printf("plain client: the server is the enclave %s; root of trust: "
		"%s\n", mrenclave, root == COFFER_ROOT_INTEL ? "Intel"
			: "software");
	return 0;
}

static int talk(SSL *ssl)
{
	static const char question[] = "are you there?";
	char answer[256];
	int n;

	if (SSL_write(ssl, question, sizeof(question)) <= 0)
		return -1;
	for (size_t size = 0; size < sizeof(answer); size += (size_t)n) {
		n = SSL_read(ssl, answer + size,
			(int)(sizeof(answer) - size));
		if (n <= 0)
			return -1;
		if (memchr(answer + size, 0, (size_t)n)) {
			printf("plain client: the server answers: %s\n",
				answer);
			return 0;
		}
	}
	return -1;
}

static uint8_t *read_file(const char *path, size_t *size)
{
	uint8_t *bytes = malloc(200 * 1024);
	FILE *file = fopen(path, "rb");

	*size = file && bytes ? fread(bytes, 1, 200 * 1024, file) : 0;
	if (file)
		fclose(file);
	if (!*size) {
		free(bytes);
		bytes = NULL;
	}
	return bytes;
}

int main(int argc, char **argv)
{
	uint8_t *endorsements = NULL;
	size_t size = 0;
	SSL_CTX *context;
	SSL *ssl;
	int failed;

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: %s PORT MRENCLAVE "
			"[ENDORSEMENTS-FILE]\n", argv[0]);
		return 2;
	}
	if (argc == 4) {
		endorsements = read_file(argv[3], &size);
		if (!endorsements) {
			perror(argv[3]);
			return 2;
		}
	}
	if (oe_verifier_initialize())
		return 1;
	context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_cert_verify_callback(context, accept_any, NULL);
	ssl = meet(context, (uint16_t)atoi(argv[1]));
	if (!ssl)
		fprintf(stderr, "plain client: there is no connection\n");
	failed = !ssl || judge(ssl, argv[2], endorsements, size)
		|| talk(ssl);
	if (ssl) {
		int fd = SSL_get_fd(ssl);

		SSL_shutdown(ssl);
		SSL_free(ssl);
		close(fd);
	}
	SSL_CTX_free(context);
	free(endorsements);
	oe_verifier_shutdown();
	return failed ? 1 : 0;
}
