/* SPDX-License-Identifier: MIT */
/* Made by oeedger8r from golden.edl; changes get lost. */
#ifndef EDGER8R_GOLDEN_T_H
#define EDGER8R_GOLDEN_T_H

#include <openenclave/enclave.h>

#include "golden_args.h"

OE_EXTERNC_BEGIN

/* Output of the host is always read once, into memory of the enclave;
 * the variable is there for code that sets it. */
extern bool oe_edger8r_secure_unserialize;

/* Ecalls: the enclave implements them. */
void golden_nothing(void);

int golden_plain(
    const char *name,
    const void *data,
    size_t n,
    enum golden_color *color,
    int table[GOLDEN_SIDES][3]);

void golden_deep(
    golden_list *both,
    size_t n,
    golden_list *made);

/* Ocalls: the enclave calls them. */
oe_result_t golden_call(
    uint64_t *_retval,
    golden_ptr p,
    union golden_word w);

oe_result_t golden_fast(
    char *text);

OE_EXTERNC_END

#endif /* EDGER8R_GOLDEN_T_H */
