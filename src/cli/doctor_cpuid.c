/* SPDX-License-Identifier: MIT */
/*
 * What the virtual machine's processor says of itself: CPUID leaf 12H.
 */
#include "cli.h"
#include "doctor.h"
#include <stdio.h>
#include <string.h>

struct bit {
	unsigned bit;
	const char *name;
};

static const struct bit features[] = { { 0, "SGX1" }, { 1, "SGX2" },
	{ 5, "ENCLV" }, { 6, "ETRACKC, ERDINFO, ELDBC, ELDUC" },
	{ 7, "EVERIFYREPORT2" }, { 10, "EUPDATESVN" }, { 11, "EDECCSSA" } };

static const struct bit attributes[] = { { 1, "DEBUG" },
	{ 2, "MODE64BIT" }, { 4, "PROVISIONKEY" }, { 5, "EINITTOKENKEY" },
	{ 6, "CET" }, { 7, "KSS" }, { 10, "AEXNOTIFY" } };

/* The names of the bits that are set, "none" if there are none. */
static const char *names(uint32_t value, const struct bit *bits, size_t count,
	char *text, size_t size)
{
	size_t used = 0;

	snprintf(text, size, "%s", _("none"));
	for (size_t i = 0; i < count && used < size; i++)
		if (value >> bits[i].bit & 1)
			used += (size_t)snprintf(text + used, size - used,
				"%s%s", used ? ", " : "", bits[i].name);
	return text;
}

#define NAMES(value, bits, text) names(value, bits, \
	sizeof(bits) / sizeof(*(bits)), text, sizeof(text))

static uint64_t joined(uint32_t low, uint32_t high)
{
	return (low & 0xfffff000u) | (uint64_t)(high & 0xfffff) << 32;
}

void doctor_cpuid(struct doctor *doctor, const struct wire_info *info)
{
	const uint32_t *a = info->cpuid_12_0, *b = info->cpuid_12_1;
	const uint32_t *c = info->cpuid_12_2;
	char text[160];

	doctor_group(doctor, "machine", "The virtual machine's processor");
	doctor_say(doctor, "size", DOCTOR_INFO, "%s, %.1f MiB of enclave page "
		"cache", info->vm_size, (double)info->epc_pages / 256);
	doctor_say(doctor, "cpuid-12-0", DOCTOR_INFO, "EAX %08x EBX %08x ECX "
		"%08x EDX %08x: %s; MISCSELECT 0x%x; enclaves up to 2^%u "
		"bytes", a[0], a[1], a[2], a[3], NAMES(a[0], features, text),
		a[1], a[3] >> 8 & 0xff);
	doctor_say(doctor, "cpuid-12-1", DOCTOR_INFO, "EAX %08x EBX %08x ECX "
		"%08x EDX %08x: attributes %s; XFRM 0x%llx", b[0], b[1], b[2],
		b[3], NAMES(b[0], attributes, text),
		b[2] | (unsigned long long)b[3] << 32);
	doctor_say(doctor, "cpuid-12-2", DOCTOR_INFO, "EAX %08x EBX %08x ECX "
		"%08x EDX %08x: EPC of %.1f MiB at 0x%llx", c[0], c[1], c[2],
		c[3], (double)joined(c[2], c[3]) / (1 << 20),
		(unsigned long long)joined(c[0], c[1]));
}
