/* SPDX-License-Identifier: MIT */
/*
 * A state directory of its own for each case, with a CA in it; and PCE and QE
 * as they would run on one of its machines: in the processor's model, by
 * EGETKEY, not by manufacturing's own derivation.
 */
#ifndef COFFER_TESTS_PKI_SCENE_H
#define COFFER_TESTS_PKI_SCENE_H

#include "attest/verify.h"
#include "pki/ca.h"
#include "pki/manufacture.h"
#include "pki/tcb.h"
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four before it */
#include <cmocka.h>

struct scene {
	char state[64];
	struct pki *pki;
};

int scene_open(void **state); /* *state: a struct scene, its CA made */
/* The same with a key of enclaves that other cases have as well. */
int scene_open_quick(void **state);
int scene_close(void **state);

/* Makes the directory and vm.conf of a machine. */
void scene_machine(struct scene *s, const char *name, const char *size);
/* A path in the state directory; valid until the next call but three. */
const char *scene_path(const struct scene *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

X509 *scene_cert(struct scene *s, enum pki_cert role);
X509 *scene_x509(const struct pki_bytes *pem);

/* The PCK's private key and the PPID, QE_ID that PCE and QE get on a machine
 * with this CPUSVN. */
struct scene_keys {
	uint8_t ppid[16], qe_id[16];
	EVP_PKEY *pck;
};
void scene_keys(struct scene *s, const char *vm, const uint8_t cpusvn[16],
	uint16_t pcesvn, struct scene_keys *keys);

/* A quote of the machine as it is, with the certificate that it is given. */
void scene_quote(struct scene *s, const char *vm, uint8_t quote[8192],
	size_t *size);
/* What verification says to it with the CA's collateral at this time. */
void scene_verify(struct scene *s, const char *vm, int64_t time,
	struct attest_verdict *verdict);

#define SCENE(name) \
	cmocka_unit_test_setup_teardown(name, scene_open, scene_close)

#define QUICK(name) \
	cmocka_unit_test_setup_teardown(name, scene_open_quick, scene_close)

extern const struct CMUnitTest ca_tests[], collateral_tests[],
	machine_tests[];
extern const size_t ca_tests_count, collateral_tests_count,
	machine_tests_count;

#endif
