/* SPDX-License-Identifier: MIT */
/* Answers enclaves with a secret, and everybody else with a greeting. */
#include "attested.h"
#include "server_t.h"

#include <openenclave/attestation/attester.h>
#include <openenclave/attestation/sgx/evidence.h>
#include <stdio.h>
#include <string.h>

static struct attested end;

int server_open(void)
{
	return attested_open(&end, MBEDTLS_SSL_IS_SERVER);
}

void server_answer(int connection)
{
	char line[256], said[400];

	if (attested_meet(&end, connection)) {
		snprintf(said, sizeof(said), "server: refused a client: %s",
			end.why[0] ? end.why : "the handshake failed");
		say(said);
		return;
	}
	if (!attested_read(&end, line, sizeof(line))) {
		snprintf(said, sizeof(said), "server: %s asks: %s",
			end.peer_attested ? "an attested enclave"
				: "somebody", line);
		say(said);
		attested_write(&end, end.peer_attested
			? "between us enclaves: 42" : "hello, whoever you are");
	}
	attested_part(&end);
}

void server_close(void)
{
	attested_close(&end);
}

oe_result_t server_endorsements(uint8_t *bytes, size_t room, size_t *size)
{
	static const oe_uuid_t format = { OE_FORMAT_UUID_SGX_ECDSA };
	uint8_t *evidence = NULL, *endorsements = NULL;
	size_t evidence_size = 0;
	oe_result_t result;

	*size = 0;
	result = oe_attester_initialize();
	/* With headers, as they are in the certificate. */
	if (!result)
		result = oe_get_evidence(&format,
			OE_EVIDENCE_FLAGS_EMBED_FORMAT_ID, NULL, 0, NULL, 0,
			&evidence, &evidence_size, &endorsements, size);
	if (!result && *size > room)
		result = OE_BUFFER_TOO_SMALL;
	if (!result)
		memcpy(bytes, endorsements, *size);
	oe_free_evidence(evidence);
	oe_free_endorsements(endorsements);
	return result;
}
