/* SPDX-License-Identifier: MIT */
#ifndef COFFER_TESTS_QUOTING_ARCH_H
#define COFFER_TESTS_QUOTING_ARCH_H

#include <openenclave/host.h>

/* Loads the machine's signed PCE and QE and treats them as only a hostile host
 * would.  NULL, or what they did wrong.  app: an enclave without the
 * provisioning right. */
const char *arch_abuse(oe_enclave_t *app);

#endif
