/* SPDX-License-Identifier: MIT */
/*
 * Where the runtime sends a thread that met a `syscall` instruction (see
 * libc.h). On entry RCX is the address behind the instruction and R11 the
 * flags; all other registers are the program's, and so are the 128 bytes
 * below RSP. Kept, as a kernel would: everything but RAX, RCX and R11.
 */
	.text
	.globl oe_libc_syscall_shim
	.hidden oe_libc_syscall_shim
	.type oe_libc_syscall_shim, @function
oe_libc_syscall_shim:
	.cfi_startproc
	.cfi_undefined rip
	lea	-128(%rsp), %rsp
	push	%rcx
	push	%r11
	push	%rbp
	mov	%rsp, %rbp
	push	%rdi
	push	%rsi
	push	%rdx
	push	%r8
	push	%r9
	push	%r10
	cld
	/* x87 and SSE state, 512 bytes; the upper halves of AVX registers are
	 * never live across a library's system call. */
	sub	$512, %rsp
	and	$-16, %rsp
	fxsave64 (%rsp)

	/* oe_syscall(rax; rdi, rsi, rdx, r10, r8, r9) */
	push	%rax		/* keeps the alignment with the next */
	push	%r9
	mov	%r8, %r9
	mov	%r10, %r8
	mov	%rdx, %rcx
	mov	%rsi, %rdx
	mov	%rdi, %rsi
	mov	%rax, %rdi
	call	oe_syscall
	add	$16, %rsp

	fxrstor64 (%rsp)
	lea	-48(%rbp), %rsp
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdx
	pop	%rsi
	pop	%rdi
	pop	%rbp
	pop	%r11
	pop	%rcx
	push	%r11
	popfq
	lea	128(%rsp), %rsp
	jmp	*%rcx
	.cfi_endproc
	.size oe_libc_syscall_shim, . - oe_libc_syscall_shim

	.section .note.GNU-stack, "", @progbits
