/* SPDX-License-Identifier: MIT */
#ifndef GOLDEN_TYPES_H
#define GOLDEN_TYPES_H
typedef const int *golden_ptr;
#endif
