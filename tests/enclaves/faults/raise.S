/* SPDX-License-Identifier: MIT */
/*
 * void ft_run(void): loads every register from ft_block, jumps to a faulting
 * instruction, and stores every register where the handler lets it go on
 * (ft_back).  The block is the thread's own, reached through FS, so that no
 * register is needed for it.
 */
#define IN(n) %fs:ft_block@tpoff + 8 * (n)
#define OUT(n) %fs:ft_block@tpoff + 256 + 8 * (n)
#define YMM_IN(n) %fs:ft_block@tpoff + 512 + 32 * (n)
#define YMM_OUT(n) %fs:ft_block@tpoff + 1024 + 32 * (n)
/* Behind the sixteen registers. */
#define FLAGS 16
#define TARGET 17
#define STACK 18
#define MXCSR 19
#define PENDING 20

	.text
	.globl ft_run, ft_back
	.hidden ft_run, ft_back
	.type ft_run, @function
ft_run:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, IN(STACK)
	fninit
	fldpi
	cmpq	$0, IN(PENDING)
	je	1f
	/* A division by zero that waits for the next x87 instruction. */
	pushq	$0x37b
	fldcw	(%rsp)
	pop	%rax
	fld1
	fldz
	fdivrp
1:	ldmxcsr	IN(MXCSR)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vmovdqu	YMM_IN(\n), %ymm\n
	.endr
	pushq	IN(FLAGS)
	popfq
	mov	IN(0), %rax
	mov	IN(1), %rcx
	mov	IN(2), %rdx
	mov	IN(3), %rbx
	mov	IN(4), %rsp
	mov	IN(5), %rbp
	mov	IN(6), %rsi
	mov	IN(7), %rdi
	mov	IN(8), %r8
	mov	IN(9), %r9
	mov	IN(10), %r10
	mov	IN(11), %r11
	mov	IN(12), %r12
	mov	IN(13), %r13
	mov	IN(14), %r14
	mov	IN(15), %r15
	jmp	*IN(TARGET)
ft_back:
	mov	%rax, OUT(0)
	mov	%rcx, OUT(1)
	mov	%rdx, OUT(2)
	mov	%rbx, OUT(3)
	mov	%rsp, OUT(4)
	mov	%rbp, OUT(5)
	mov	%rsi, OUT(6)
	mov	%rdi, OUT(7)
	mov	%r8, OUT(8)
	mov	%r9, OUT(9)
	mov	%r10, OUT(10)
	mov	%r11, OUT(11)
	mov	%r12, OUT(12)
	mov	%r13, OUT(13)
	mov	%r14, OUT(14)
	mov	%r15, OUT(15)
	mov	IN(STACK), %rsp
	pushfq
	popq	OUT(FLAGS)
	pushq	$2
	popfq
	stmxcsr	OUT(MXCSR)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vmovdqu	%ymm\n, YMM_OUT(\n)
	.endr
	vzeroupper
	cmpq	$0, IN(PENDING)
	jne	2f
	fstpl	OUT(PENDING)
2:	fninit
	pushq	$0x1f80
	ldmxcsr	(%rsp)
	pop	%rax
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	/* The instructions, in the order of enum fault. */
	.macro	fault bytes:vararg
	.balign	16
	.byte	\bytes
	jmp	ft_back
	.endm
	.balign	16
	.globl ft_faults
	.hidden ft_faults
ft_faults:
	fault	0xf7, 0xf1		/* div %ecx */
	fault	0x0f, 0x0b
	fault	0x8b, 0x01		/* mov (%rcx), %eax */
	fault	0x89, 0x01		/* mov %eax, (%rcx) */
	fault	0x8b, 0x01
	fault	0xff, 0xe1		/* jmp *%rcx */
	fault	0x8b, 0x01
	fault	0x0f, 0x5e, 0xc1	/* divps %xmm1, %xmm0 */
	fault	0x9b			/* fwait */
	fault	0xcc
	fault	0xcd, 0x03
	fault	0xcd, 0x04
	fault	0xcd, 0x2e
	fault	0x0f, 0xa2
	fault	0xf3, 0x48, 0x0f, 0xa2
	fault	0x0f, 0x33
	fault	0xec
	fault	0xee
	fault	0x6c
	fault	0x6e
	fault	0xcb
	fault	0x48, 0xcf
	fault	0xff, 0x29		/* ljmp *(%rcx) */
	fault	0xff, 0x19		/* lcall *(%rcx) */
	fault	0x0f, 0xb2, 0x01
	fault	0x8e, 0xd9		/* mov %ecx, %ds */
	fault	0x0f, 0x37
	fault	0x0f, 0x01, 0xd4
	fault	0xf4
	fault	0x0f, 0x01, 0x11	/* lgdt (%rcx) */
	fault	0x8b, 0x04, 0x24	/* mov (%rsp), %eax */
	.section .note.GNU-stack, "", @progbits
