/* SPDX-License-Identifier: MIT */
/*
 * uint64_t core_sgx2(uint64_t leaf, const struct sgx_secinfo *, uint64_t page)
 *
 * ENCLU with one of the leaves of SGX2; RAX as it leaves it.  Where it faults,
 * the first pass over the exception goes on behind it, with RAX
 * CORE_SGX2_FAULT.
 */
	.text
	.globl core_sgx2
	.hidden core_sgx2
	.type core_sgx2, @function
	.balign 16
core_sgx2:
	push	%rbx
	mov	%rdi, %rax
	mov	%rsi, %rbx
	mov	%rdx, %rcx
	.globl core_sgx2_enclu
	.hidden core_sgx2_enclu
core_sgx2_enclu:
	.byte	0x0f, 0x01, 0xd7 /* enclu */
	pop	%rbx
	ret

	.section .note.GNU-stack, "", @progbits
