/* SPDX-License-Identifier: MIT */
/*
 * What an application asks of coffer-quoting, which holds the two
 * architectural enclaves of one virtual machine: the target for REPORTs that
 * are to be quoted, a quote of a REPORT, and the collateral that a verifier
 * of quotes needs.
 *
 * cofferd brings them together: WIRE_QUOTING (platform/wire.h) answers with
 * one end of a SOCK_SEQPACKET pair.  A request is one message, quoting_request
 * and its payload; each gets one reply, quoting_reply and its payload, in
 * order.  size is that of the whole message; tag is the requester's and comes
 * back.  Little endian, as the machine.
 *
 *   request               payload                    reply's payload
 *   QUOTING_TARGET_INFO   -                          quoting_target
 *   QUOTING_QUOTE         REPORT, 432 bytes          the quote
 *   QUOTING_COLLATERAL    quoting_which              quoting_parts, the parts
 *
 * A failure has no payload but a sentence in text.  A reply with tag 0 comes
 * unasked and last: why this connection is not served.  Whoever does not keep
 * to the protocol is disconnected.  A connection that closes may be made again:
 * when coffer-quoting died it is started anew with the next WIRE_QUOTING.
 */
#ifndef COFFER_QUOTING_QUOTING_H
#define COFFER_QUOTING_QUOTING_H

#include <stdint.h>

#define QUOTING_REQUEST_MAX 512u /* bytes of any request */
#define QUOTING_REPLY_MAX (128u << 10) /* and of any reply */
#define QUOTING_TEXT_MAX 256u
#define QUOTING_TARGET_SIZE 512u /* SGX's TARGETINFO */
#define QUOTING_REPORT_SIZE 432u

enum quoting_command {
	QUOTING_TARGET_INFO = 1,
	QUOTING_QUOTE,
	QUOTING_COLLATERAL,
};

struct quoting_request {
	uint32_t size;
	uint32_t command; /* enum quoting_command */
	uint64_t tag;
};

struct quoting_reply {
	uint32_t size;
	uint32_t command;
	uint64_t tag;
	/* 0 or a negative errno: -EBADMSG a REPORT that was not made for the
	 * quoting enclave by an enclave of this machine, -ENOENT no collateral
	 * of that kind, -EINVAL nonsense, -ENODEV no architectural enclaves
	 * (damaged, not certified, or they do not start), -EUSERS too many
	 * connections, -EIO anything else. */
	int32_t result;
	uint32_t reserved;
	char text[QUOTING_TEXT_MAX]; /* with a failure: why; NUL terminated */
};

/* What verifiers find in a quote, for who asks before there is one. */
struct quoting_target {
	uint8_t target_info[QUOTING_TARGET_SIZE]; /* of the quoting enclave */
	uint32_t quote_size; /* bytes of every quote, at the moment */
	uint16_t qe_svn, pce_svn;
	uint8_t qe_id[16]; /* in the header of quotes, user_data */
	uint8_t cpusvn[16]; /* of the certificate that quotes carry */
	uint8_t fmspc[6]; /* the same certificate's */
	uint8_t ca; /* enum quoting_ca: who issued it */
	uint8_t reserved;
};

enum quoting_ca { QUOTING_CA_PROCESSOR = 0, QUOTING_CA_PLATFORM = 1 };

struct quoting_which {
	uint8_t fmspc[6];
	uint8_t ca; /* enum quoting_ca */
	uint8_t api_version; /* 3: TCB info version 2; 4: version 3 */
};

/* Parts in the order of struct attest_collateral (attest/collateral.h): TCB
 * info and its issuer chain, PCK CRL and its issuer chain, root CRL, QE
 * identity and its issuer chain.  Each follows, without padding. */
#define QUOTING_PARTS 7u
struct quoting_parts {
	uint32_t size[QUOTING_PARTS]; /* bytes */
	uint32_t reserved;
};

/* Limits of coffer-quoting: connections, of one process and of all. */
#define QUOTING_CONNECTIONS_EACH 8u
#define QUOTING_CONNECTIONS_ALL 256u

/* What cofferd sends to coffer-quoting, over its descriptor 3, with the
 * connection of a client. */
struct quoting_client {
	uint32_t pid; /* of the client */
	uint32_t reserved;
};

_Static_assert(sizeof(struct quoting_request) == 16, "wire format");
_Static_assert(sizeof(struct quoting_reply) == 24 + QUOTING_TEXT_MAX,
	"wire format");
_Static_assert(sizeof(struct quoting_target) == 560, "wire format");
_Static_assert(sizeof(struct quoting_which) == 8, "wire format");
_Static_assert(sizeof(struct quoting_parts) == 32, "wire format");

#endif
