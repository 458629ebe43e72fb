/* SPDX-License-Identifier: MIT */
/* Prints, as Python, where coffer.py finds things in a cell's memory. */
#include "cell/cell.h"
#include <stdio.h>

#define NUMBER(name, value) \
	printf("%s = 0x%llx\n", name, (unsigned long long)(value))
#define AT(name, type, field) NUMBER(name, offsetof(struct type, field))

int main(void)
{
	printf("# Made by layout.c.\n");
	NUMBER("CELL_IMAGE", CELL_IMAGE);
	NUMBER("CELL_IMAGE_END", CELL_IMAGE_END);
	NUMBER("CELL_CONTROL", CELL_CONTROL);
	NUMBER("CELL_AREAS", CELL_AREAS);
	NUMBER("CELL_AREA_SIZE", CELL_AREA_SIZE);
	NUMBER("CELL_TCS_MAX", CELL_TCS_MAX);
	NUMBER("AREA_ALTSTACK", AREA_ALTSTACK);
	AT("CONTROL_EL_BASE", cell_control, el_base);
	AT("CONTROL_TRAMPOLINE", cell_control, trampoline_va);
	AT("CONTROL_FRAME_SIZE", cell_control, ssa_frame_size);
	AT("CONTROL_COUNTERS", cell_control, counters);
	NUMBER("COUNTERS_SIZE", sizeof(struct cell_counters));
	AT("COUNTERS_TID", cell_counters, tid);
	AT("CONTROL_TCS", cell_control, tcs);
	NUMBER("TCS_SIZE", sizeof(struct cell_tcs));
	AT("TCS_LINADDR", cell_tcs, linaddr);
	AT("TCS_FSBASE", cell_tcs, ofsbase);
	AT("THREAD_RUNNING", thread, running);
	AT("THREAD_CSSA", thread, cssa);
	AT("THREAD_OSSA", thread, ossa);
	NUMBER("GPR_SIZE", sizeof(struct sgx_gprsgx));
	AT("GPR_RFLAGS", sgx_gprsgx, rflags);
	AT("GPR_URSP", sgx_gprsgx, ursp);
	NUMBER("TRAMPOLINE_SIZE", GATE_TRAMPOLINE_SIZE);
	return 0;
}
