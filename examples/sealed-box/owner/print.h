/* SPDX-License-Identifier: MIT */
#ifndef SEALED_BOX_PRINT_H
#define SEALED_BOX_PRINT_H

#include "../stats.h"
#include <stdio.h>

/* Print the statistics as tables for people. */
void print_result(FILE *, const struct box_result *);

#endif
