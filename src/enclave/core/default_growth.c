/* SPDX-License-Identifier: MIT */
/*
 * For enclaves that do not say how far they may grow: not at all, until oesign
 * writes something else here.  A program that uses COFFER_SET_ENCLAVE_GROWTH
 * defines the symbol itself, and this member of the library stays out.
 */
#include <coffer/growth.h>

COFFER_SET_ENCLAVE_GROWTH(0, 0);
