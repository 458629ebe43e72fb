/* SPDX-License-Identifier: MIT */
/* The roots that are believed here and now (coffer/attest.h). */
#ifndef COFFER_EVIDENCE_ROOTS_H
#define COFFER_EVIDENCE_ROOTS_H

#include "attest/roots.h"

void roots_believed(struct attest_roots *roots);

#endif
