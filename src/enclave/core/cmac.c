/* SPDX-License-Identifier: MIT */
#include "cmac.h"

#include <immintrin.h>

#define AES __attribute__((target("aes,sse2")))

struct schedule {
	__m128i round[11];
};

AES static __m128i expand(__m128i key, __m128i assisted)
{
	assisted = _mm_shuffle_epi32(assisted, 0xff);
	key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
	key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
	key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
	return _mm_xor_si128(key, assisted);
}

#define ROUND(n, constant) \
	s->round[n] = expand(s->round[(n) - 1], \
		_mm_aeskeygenassist_si128(s->round[(n) - 1], constant))

AES static void schedule(struct schedule *s, const uint8_t key[16])
{
	s->round[0] = _mm_loadu_si128((const __m128i *)key);
	ROUND(1, 0x01);
	ROUND(2, 0x02);
	ROUND(3, 0x04);
	ROUND(4, 0x08);
	ROUND(5, 0x10);
	ROUND(6, 0x20);
	ROUND(7, 0x40);
	ROUND(8, 0x80);
	ROUND(9, 0x1b);
	ROUND(10, 0x36);
}

AES static __m128i encrypt(const struct schedule *s, __m128i block)
{
	block = _mm_xor_si128(block, s->round[0]);
	for (int i = 1; i < 10; i++)
		block = _mm_aesenc_si128(block, s->round[i]);
	return _mm_aesenclast_si128(block, s->round[10]);
}

/* Doubles in GF(2^128), most significant byte first, without a branch. */
static void twice(uint8_t b[16])
{
	uint8_t carry = b[0] >> 7;

	for (int i = 0; i < 15; i++)
		b[i] = (uint8_t)(b[i] << 1 | b[i + 1] >> 7);
	b[15] = (uint8_t)(b[15] << 1 ^ (0x87 & -carry));
}

AES void cmac_aes128(const uint8_t key[16], const void *data, size_t size,
	uint8_t mac[16])
{
	const __m128i *block = data;
	struct schedule s;
	uint8_t subkey[16];
	__m128i chain = _mm_setzero_si128();

	schedule(&s, key);
	_mm_storeu_si128((__m128i *)subkey, encrypt(&s, chain));
	twice(subkey);
	for (; size > 16; size -= 16)
		chain = encrypt(&s, _mm_xor_si128(chain,
			_mm_loadu_si128(block++)));
	chain = _mm_xor_si128(chain, _mm_loadu_si128(block));
	chain = _mm_xor_si128(chain, _mm_loadu_si128((__m128i *)subkey));
	_mm_storeu_si128((__m128i *)mac, encrypt(&s, chain));
	for (int i = 0; i < 11; i++)
		s.round[i] = _mm_setzero_si128();
	for (int i = 0; i < 16; i++)
		subkey[i] = 0;
	__asm__ volatile("" : : "r"(&s), "r"(subkey) : "memory");
}
