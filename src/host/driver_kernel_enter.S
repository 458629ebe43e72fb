/* SPDX-License-Identifier: MIT */
/*
 * int kernel_enter_vdso(void *vdso_function, struct kernel_registers *,
 *	unsigned function, struct sgx_enclave_run *)
 *
 * __vdso_sgx_enter_enclave keeps RBX, RBP and RSP; every other register is
 * the enclave's when it comes back.  So what the C ABI calls preserved is
 * saved here: RBX RBP R12-R15, MXCSR and the x87 control word.
 *
 * Stack, after the pushes:  rsp+0  the 7th argument, run
 *                           rsp+8  MXCSR, rsp+12 x87 control word
 * and RSP is a multiple of 16 at the call.
 */
	.text
	.globl	kernel_enter_vdso
	.type	kernel_enter_vdso, @function
kernel_enter_vdso:
	.cfi_startproc
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbx, 0
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r12, 0
	pushq	%r13
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r13, 0
	pushq	%r14
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r14, 0
	pushq	%r15
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r15, 0
	subq	$24, %rsp
	.cfi_adjust_cfa_offset 24
	stmxcsr	8(%rsp)
	fnstcw	12(%rsp)
	movq	%rcx, (%rsp)
	movl	%edx, %ecx
	movq	%rdi, %rax
	movq	%rsi, %r10
	movq	(%r10), %rdi
	movq	8(%r10), %rsi
	movq	16(%r10), %rdx
	movq	24(%r10), %r8
	movq	32(%r10), %r9
	call	*%rax
	cld
	ldmxcsr	8(%rsp)
	fldcw	12(%rsp)
	addq	$24, %rsp
	.cfi_adjust_cfa_offset -24
	popq	%r15
	.cfi_adjust_cfa_offset -8
	popq	%r14
	.cfi_adjust_cfa_offset -8
	popq	%r13
	.cfi_adjust_cfa_offset -8
	popq	%r12
	.cfi_adjust_cfa_offset -8
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	popq	%rbp
	.cfi_adjust_cfa_offset -8
	ret
	.cfi_endproc
	.size	kernel_enter_vdso, . - kernel_enter_vdso
	.section .note.GNU-stack, "", @progbits
