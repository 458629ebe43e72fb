/* SPDX-License-Identifier: MIT */
#include "../libc.h"
#include "heap.h"

#include <openenclave/enclave.h>
#include <string.h>

void heap_corrupt(const char *what)
{
	static const char begin[] = "enclave heap is damaged: ";

	oe_host_write_all(2, begin, sizeof(begin) - 1);
	oe_host_write_all(2, what, strlen(what));
	oe_host_write_all(2, "\n", 1);
	oe_abort();
}
