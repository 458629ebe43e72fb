/* SPDX-License-Identifier: MIT */
/* See inproc_driver.c.  A test that links it gets it from drv_get(). */
#ifndef COFFER_TESTS_INPROC_DRIVER_H
#define COFFER_TESTS_INPROC_DRIVER_H

#include "host/driver.h"

extern const struct drv_ops drv_inproc;

/* Used by its own assembly. */
struct logical;

/* The pages of the one enclave that there is. */
struct inproc_pages *inproc_latest(void);

#endif
