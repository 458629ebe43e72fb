/* SPDX-License-Identifier: MIT */
/*
 * For enclaves that do not say what they are: properties that no loader
 * accepts until oesign has put those of a .conf file in their place.  A
 * program that uses OE_SET_ENCLAVE_SGX defines the symbol itself, and this
 * member of the library stays out.
 */
#include <openenclave/bits/properties.h>

OE_SET_ENCLAVE_SGX(0xffff, 0xffff, 0, 0xffff, 0xffff, 0xffff);
