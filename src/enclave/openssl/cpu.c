/* SPDX-License-Identifier: MIT */
/*
 * What OpenSSL's perlasm modules want to know of the processor, from the
 * runtime's cached leaves, and the few functions of its x86_64cpuid module
 * that are not about CPUID and the time stamp counter. Neither instruction
 * is legal in an enclave of SGX1.
 *
 * OPENSSL_ia32cap_P(3) has the layout of the capability vector: leaf 1's EDX
 * and ECX, leaf 7's EBX and ECX, each with a few bits that mean something
 * else there. AVX and wider are masked by the enclave's XFRM already.
 */
#include "../core/core.h"

#include <openenclave/enclave.h>
#include <string.h>

#define EDX_INITIALISED (1u << 10)
#define EDX_RC4_CHAR (1u << 20)
#define EDX_SHARED_CACHE (1u << 28)
#define EDX_INTEL (1u << 30)
#define ECX_PCLMULQDQ (1u << 1)
#define ECX_XOP (1u << 11) /* in leaf 80000001H */
#define ECX_FMA (1u << 12)
#define ECX_XSAVE (1u << 26)
#define ECX_OSXSAVE (1u << 27)
#define ECX_AVX (1u << 28)
#define EBX_AVX2 (1u << 5)
#define EBX_ADX (1u << 19)
#define EBX_AVX512F (1u << 16)
#define EBX_AVX512 (EBX_AVX512F | 1u << 17 | 1u << 21 | 1u << 30 | 1u << 31)

#define FAMILY_MODEL 0x0fff0ff0u
#define SKYLAKE_X 0x00050650u
#define KNIGHTS_LANDING 0x00050670u
#define KNIGHTS_MILL 0x00080650u

/* Named by OpenSSL's assembly. */
unsigned int OPENSSL_ia32cap_P[4];

void OPENSSL_cpuid_setup(void);
uint32_t OPENSSL_rdtsc(void);
void OPENSSL_cleanse(void *data, size_t size);
int CRYPTO_memcmp(const void *a, const void *b, size_t size);
size_t OPENSSL_ia32_rdrand_bytes(unsigned char *to, size_t size);

enum { EAX, EBX, ECX, EDX };

void OPENSSL_cpuid_setup(void)
{
	uint32_t leaf0[4], leaf1[4], leaf7[4], extended[4], model;
	unsigned int value[4];
	bool intel, knights;

	if (OPENSSL_ia32cap_P[0])
		return;
	if (!core_cpuid(0, 0, leaf0) || !core_cpuid(1, 0, leaf1)
			|| !core_cpuid(7, 0, leaf7)
			|| !core_cpuid(0x80000001u, 0, extended))
		return;
	intel = leaf0[EBX] == 0x756e6547 && leaf0[EDX] == 0x49656e69
		&& leaf0[ECX] == 0x6c65746e;
	model = leaf1[EAX] & FAMILY_MODEL;
	knights = intel && (model == KNIGHTS_LANDING || model == KNIGHTS_MILL);

	value[0] = leaf1[EDX] & ~(EDX_RC4_CHAR | EDX_INTEL);
	if (intel)
		value[0] |= EDX_INTEL;
	/* The leaves are the host's word.  Two bits choose between code whose
	 * memory accesses tell of secrets and code that keeps them: those are
	 * set whatever it says.  No processor with AES-NI, without which the
	 * enclave would not have started, lacks PCLMULQDQ. */
	value[0] |= EDX_SHARED_CACHE;
	value[1] = (leaf1[ECX] & ~ECX_XOP) | ECX_PCLMULQDQ;
	if (!intel)
		value[1] |= extended[ECX] & ECX_XOP;
	value[2] = leaf7[EBX];
	value[3] = leaf7[ECX];
	if (knights) {
		/* As its predecessor: neither is fast there. */
		value[1] &= ~ECX_XSAVE;
		value[2] &= ~EBX_ADX;
	}
	if (model == SKYLAKE_X)
		value[2] &= ~EBX_AVX512F; /* slows the clock down */
	if (!(value[1] & ECX_OSXSAVE) || !(value[1] & ECX_AVX)) {
		value[1] &= ~(ECX_AVX | ECX_FMA | ECX_XOP);
		value[2] &= ~(EBX_AVX2 | EBX_AVX512);
	}
	OPENSSL_ia32cap_P[3] = value[3];
	OPENSSL_ia32cap_P[2] = value[2];
	OPENSSL_ia32cap_P[1] = value[1];
	OPENSSL_ia32cap_P[0] = value[0] | EDX_INITIALISED;
}

/* Before every other constructor, since those may use what needs no
 * OPENSSL_init_crypto. */
static void __attribute__((constructor(101), used)) start(void)
{
	OPENSSL_cpuid_setup();
}

/* Its users want bits that vary, not the time. */
uint32_t OPENSSL_rdtsc(void)
{
	uint64_t value;

	core_random64(&value);
	return (uint32_t)value;
}

void OPENSSL_cleanse(void *data, size_t size)
{
	memset(data, 0, size);
	__asm__ volatile("" : : "r"(data) : "memory");
}

int CRYPTO_memcmp(const void *a, const void *b, size_t size)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t different = 0;

	for (size_t i = 0; i < size; i++)
		different |= x[i] ^ y[i];
	return different;
}

size_t OPENSSL_ia32_rdrand_bytes(unsigned char *to, size_t size)
{
	return oe_random(to, size) == OE_OK ? size : 0;
}
