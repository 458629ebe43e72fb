/* SPDX-License-Identifier: MIT */
/* The cell's program, inside coffer-cpu. */
	.section .rodata
	.balign 16
	.globl cell_blob, cell_blob_end
cell_blob:
	.incbin CELL_PATH
cell_blob_end:
	.section .note.GNU-stack, "", @progbits
