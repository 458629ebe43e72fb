/* SPDX-License-Identifier: MIT */
/* Asks the processor itself, with EREPORT, and nobody in between. */
#include <openenclave/enclave.h>
#include <stdint.h>
#include <string.h>

int test_who(uint8_t *mrenclave, uint8_t *mrsigner);

/* Offsets in REPORT: the manual's volume 3D, "REPORT". */
#define MRENCLAVE 64
#define MRSIGNER 128

static uint8_t g_target[512] __attribute__((aligned(512)));
static uint8_t g_data[64] __attribute__((aligned(128)));
static uint8_t g_report[512] __attribute__((aligned(512)));

int test_who(uint8_t *mrenclave, uint8_t *mrsigner)
{
	uint32_t leaf = 0; /* EREPORT */

	if (!mrenclave || !mrsigner)
		return -1;
	__asm__ volatile(".byte 0x0f, 0x01, 0xd7"
		: "+a"(leaf)
		: "b"(g_target), "c"(g_data), "d"(g_report)
		: "memory", "cc");
	memcpy(mrenclave, g_report + MRENCLAVE, 32);
	memcpy(mrsigner, g_report + MRSIGNER, 32);
	return 0;
}
