/* SPDX-License-Identifier: MIT */
/* Made by oeedger8r from golden.edl; changes get lost. */
#ifndef EDGER8R_GOLDEN_U_H
#define EDGER8R_GOLDEN_U_H

#include <openenclave/host.h>

#include "golden_args.h"

OE_EXTERNC_BEGIN

oe_result_t oe_create_golden_enclave(
    const char *path,
    oe_enclave_type_t type,
    uint32_t flags,
    const oe_enclave_setting_t *settings,
    uint32_t setting_count,
    oe_enclave_t **enclave);

/* Ecalls: the host calls them. */
oe_result_t golden_nothing(
    oe_enclave_t *enclave);

oe_result_t golden_plain(
    oe_enclave_t *enclave,
    int *_retval,
    const char *name,
    const void *data,
    size_t n,
    enum golden_color *color,
    int table[GOLDEN_SIDES][3]);

oe_result_t golden_deep(
    oe_enclave_t *enclave,
    golden_list *both,
    size_t n,
    golden_list *made);

/* Ocalls: the host implements them. */
uint64_t golden_call(
    golden_ptr p,
    union golden_word w);

void golden_fast(
    char *text);

OE_EXTERNC_END

#endif /* EDGER8R_GOLDEN_U_H */
