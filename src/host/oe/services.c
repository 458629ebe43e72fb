/* SPDX-License-Identifier: MIT */
/* What enclaves ask of the processor through the host. */
#include "enclave.h"

#include <cpuid.h>
#include <string.h>

static const uint32_t leaves[CALL_CPUID_ROWS] = {
	0, 1, 4, 7, 0x80000000u, 0x80000001u
};

void services_cpuid(struct call_cpuid_table *table)
{
	for (unsigned i = 0; i < CALL_CPUID_ROWS; i++)
		__cpuid_count(leaves[i], 0, table->row[i][0],
			table->row[i][1], table->row[i][2], table->row[i][3]);
}

oe_result_t oe_sgx_get_cpuid_table_ocall(void *buffer, size_t size)
{
	struct call_cpuid_table table;

	if (!buffer || size != sizeof(table))
		return OE_INVALID_PARAMETER;
	services_cpuid(&table);
	memcpy(buffer, &table, sizeof(table));
	return OE_OK;
}
