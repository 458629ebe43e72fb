/* SPDX-License-Identifier: MIT */
/* Asks a server that must be an enclave of the same signer. */
#include "attested.h"
#include "client_t.h"

#include <stdio.h>

int client_run(int connection)
{
	char line[256], said[400];
	struct attested end;
	int result = -1;

	if (attested_open(&end, MBEDTLS_SSL_IS_CLIENT)) {
		say("client: there is no key, certificate or quote");
	} else if (attested_meet(&end, connection)) {
		snprintf(said, sizeof(said), "client: refused the server: %s",
			end.why[0] ? end.why : "the handshake failed");
		say(said);
	} else if (!attested_write(&end, "what is the answer?")
			&& !attested_read(&end, line, sizeof(line))) {
		snprintf(said, sizeof(said),
			"client: the attested server answers: %s", line);
		say(said);
		attested_part(&end);
		result = 0;
	}
	attested_close(&end);
	return result;
}
