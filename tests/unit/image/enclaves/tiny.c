/* SPDX-License-Identifier: MIT */
/*
 * An enclave image for tests of the loader and the signer: the symbols and
 * sections of a real one, and nothing that runs.  Macros choose its shape.
 */
#include <coffer/growth.h>
#include <openenclave/bits/properties.h>

#ifndef HEAP
#define HEAP 4
#endif
#ifndef STACK
#define STACK 2
#endif
#ifndef TCS
#define TCS 1
#endif
#ifndef DEBUG
#define DEBUG 1
#endif

#define EXPORT __attribute__((visibility("default"), used))

#ifdef KSS
OE_SET_ENCLAVE_SGX2(7, 3, ({0x47, 0x11, 1, 2}), ({9, 8, 7}), DEBUG, 1, 1, 0, 0,
	HEAP, STACK, TCS);
#elif defined(ZERO_BASE)
OE_SET_ENCLAVE_SGX2(1, 1, ({0}), ({0}), DEBUG, 0, 0, 1, 0x40000, HEAP, STACK,
	TCS);
#elif defined(NO_PROPERTIES)
OE_SET_ENCLAVE_SGX(0xffff, 0xffff, 0, 0xffff, 0xffff, 0xffff);
#else
OE_SET_ENCLAVE_SGX(1, 1, DEBUG, HEAP, STACK, TCS);
#endif

#ifdef MAX_HEAP
COFFER_SET_ENCLAVE_GROWTH(MAX_HEAP, MAX_TCS);
#endif

EXPORT volatile uint64_t _enclave_rva;
EXPORT volatile uint64_t _reloc_rva, _reloc_size;
EXPORT volatile uint64_t _td_from_tcs_offset;
EXPORT volatile uint64_t _tdata_rva, _tdata_size, _tdata_align = 1;
EXPORT volatile uint64_t _tbss_size, _tbss_align = 1;

#ifdef TLS
/* The odd size makes the rounding visible. */
__thread volatile char tls_data[TLS] __attribute__((aligned(32))) = {1, 2, 3};
__thread volatile long tls_zero[TLS];
#endif

#ifdef POINTERS
static const char *const words[] = {"alpha", "beta", "gamma", "delta"};
EXPORT const char *const *const tables[POINTERS] = {
	[0 ... POINTERS - 1] = words};
#endif

#ifdef NEEDS
extern int other_value(int);
extern int nobody_has_this(void) __attribute__((weak));
EXPORT int (*const through_pointer)(int) = other_value;
EXPORT struct {
	uint64_t base_rva, init_rva, init_size, fini_rva, fini_size;
} _module_info;
#endif

EXPORT void _start(void);
EXPORT int shared_with_module(int x);

int shared_with_module(int x)
{
	return x + (int)_enclave_rva;
}

void _start(void)
{
	uint64_t sum = _enclave_rva + _reloc_rva + _reloc_size +
		_td_from_tcs_offset + _tdata_rva + _tdata_size + _tdata_align +
		_tbss_size + _tbss_align;

#ifdef TLS
	tls_data[0] += tls_zero[1];
#endif
#ifdef POINTERS
	sum += (uint64_t)tables[POINTERS / 2][1][0];
#endif
#ifdef NEEDS
	sum += (uint64_t)(other_value(1) + through_pointer(2));
	if (nobody_has_this)
		sum++;
#endif
	_reloc_size = sum + oe_enclave_properties_sgx.config.product_id;
	__builtin_trap();
}
