/* SPDX-License-Identifier: MIT */
/*
 * Where the processor enters and leaves the enclave.
 *
 *   EENTER gives      RAX CSSA, RBX TCS, RCX return address, RDI arg1,
 *                     RSI arg2, RDX struct call_context *; everything else,
 *                     the stack included, is whatever the host had
 *   while inside      RBX td; RSP the enclave's stack
 *   EEXIT leaves      RDI arg1, RSI arg2, RBX return address, RSP and RBP as
 *                     the host had them; all else is cleared
 *
 * A visit ends where core_enter returns, or in core_ocall_exit.  There the
 * callee-saved registers stay on the enclave's stack and td->last_sp points
 * at them; an ORET returns from core_ocall_exit, another ECALL runs on the
 * stack below it.
 *
 * A visit with CSSA 1 (the first pass over an exception) runs on a small
 * stack in the td page, so that it needs nothing of the interrupted stack.
 *
 * Nothing between core_text_begin and core_text_end is a place where an
 * exception may be handled: the stack may still, or again, be the host's.
 */
#include "td_offsets.h"

#define RFLAGS_AC_NT 0x44000
#define FSW_EXCEPTIONS 0xbf

	/* For debuggers; nothing inside unwinds by it. */
	.cfi_sections .debug_frame

	.section .text.oe_enter, "ax", @progbits
	.globl core_text_begin
	.hidden core_text_begin
core_text_begin:

	.globl _start
	.type _start, @function
	.globl oe_enter
	.type oe_enter, @function
	.balign 64
_start:
oe_enter:
	.cfi_startproc
	.cfi_undefined rip /* here an enclave's stack begins */
	/* The host's argument structure may have to cross: start that now. */
	prefetcht0 (%rsi)
	cld
	mov	_td_from_tcs_offset(%rip), %r8
	add	%rbx, %r8
	test	%rax, %rax
	jnz	.Lexception
	mov	%rsp, TD_HOST_RSP(%r8)
	mov	%rbp, TD_HOST_RBP(%r8)
	mov	%rcx, TD_HOST_RCX(%r8)
	mov	TD_LAST_SP(%r8), %rsp
	lea	TCS_STACK_TOP(%rbx), %r10
	test	%rsp, %rsp
	cmovz	%r10, %rsp
	and	$-16, %rsp
	pushfq
	testl	$RFLAGS_AC_NT, (%rsp)
	jnz	.Lflags
.Lflags_clean:
	mov	%rdx, %r9
	fnstsw	%ax
	test	$FSW_EXCEPTIONS, %al
	jnz	.Lstate_dirty
	emms
.Lstate_clean:
	mov	%rdi, %rax
	shr	$48, %rax
	cmp	$4, %eax
	je	.Lanswer
.Lcall:
	fldcw	core_clean_xstate(%rip)
	ldmxcsr	24 + core_clean_xstate(%rip)
	add	$8, %rsp
	mov	%rbx, %rcx
	mov	%r8, %rbx
	mov	%r9, %rdx
	xor	%ebp, %ebp
	mov	%r8, %r12
	mov	%rcx, %r8
	mov	%r12, %rcx
	/* (arg1, arg2, context, td, tcs) */
	call	core_enter
	mov	%rax, %rdi
	mov	%rdx, %rsi

.Lexit:
	/* RBX td, RDI, RSI the answer. */
	mov	TD_HOST_RSP(%rbx), %r12
	mov	TD_HOST_RBP(%rbx), %r13
	mov	TD_HOST_RCX(%rbx), %r14
.Lexit_to:
	/* XRSTOR takes 45 ns; what most enclaves have goes by hand in 12. */
	mov	core_xstate_mask(%rip), %ecx
	fnstsw	%ax
	and	$FSW_EXCEPTIONS, %eax
	cmp	$7, %ecx
	jne	.Lscrub_all
	test	%eax, %eax
	jnz	.Lscrub_all
	vzeroall
	emms
	fldcw	core_clean_xstate(%rip)
	fldz
	fldz
	fldz
	fldz
	fldz
	fldz
	fldz
	fldz
	emms
	ldmxcsr	24 + core_clean_xstate(%rip)
.Lscrubbed:
	mov	%r12, %rsp
	mov	%r13, %rbp
	mov	%r14, %rbx
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	.byte	0xb8, 0x04, 0x00, 0x00, 0x00 /* mov $4, %eax */
	.byte	0x0f, 0x01, 0xd7 /* enclu */
	ud2

.Lscrub_all:
	mov	%ecx, %eax
	xor	%edx, %edx
	xrstor64 core_clean_xstate(%rip)
	jmp	.Lscrubbed

.Lstate_dirty:
	/* Exceptions that the host left pending in the x87. */
	mov	$3, %eax
	xor	%edx, %edx
	xrstor64 core_clean_xstate(%rip)
	jmp	.Lstate_clean

.Lflags:
	/* Alignment checks or nested task set by the host. */
	pushq	$2
	popfq
	jmp	.Lflags_clean

.Lanswer:
	/* An ORET, which needs a call that waits for one; control words come
	 * from where that call kept them. */
	mov	TD_LAST_SP(%r8), %rcx
	test	%rcx, %rcx
	jz	.Lcall
	mov	%rcx, %rsp
	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
	add	$8, %rsp
	popq	TD_LAST_SP(%r8)
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	mov	%rdi, %rax
	mov	%rsi, %rdx
	ret

	.cfi_endproc

	/* struct core_pair core_ocall_exit(arg1, arg2, struct td *) */
	.globl core_ocall_exit
	.hidden core_ocall_exit
	.type core_ocall_exit, @function
	.balign 16
core_ocall_exit:
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	pushq	TD_LAST_SP(%rdx)
	sub	$8, %rsp
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	mov	%rsp, TD_LAST_SP(%rdx)
	mov	%rdx, %rbx
	jmp	.Lexit

	/* noreturn void core_exit(arg1, arg2, struct td *): ends the visit
	 * and gives up whatever ran. */
	.globl core_exit
	.hidden core_exit
	.type core_exit, @function
core_exit:
	mov	%rdx, %rbx
	jmp	.Lexit

.Lexception:
	mov	%rsp, %r12
	mov	%rbp, %r13
	mov	%rcx, %r14
	lea	TD_STACK_HIGH(%r8), %rsp
	pushfq
	testl	$RFLAGS_AC_NT, (%rsp)
	jz	1f
	pushq	$2
	popfq
1:	lea	TD_STACK_HIGH(%r8), %rsp
	mov	%rbx, %rcx
	mov	%r8, %rdx
	mov	%rax, %r8
	xor	%ebp, %ebp
	/* (arg1, arg2, td, tcs, cssa) */
	call	core_first_pass
	mov	%rax, %rdi
	mov	%rdx, %rsi
	jmp	.Lexit_to

	/*
	 * The second pass: ERESUME comes here in the place where the
	 * exception was, with every register of the interrupted code but the
	 * flags and FS, which the first pass has set.  Keeps them in an oe_context_t and an XSAVE area on that code's own stack,
	 * asks the handlers and goes on with what they left there.
	 */
	.globl core_second_pass
	.hidden core_second_pass
	.type core_second_pass, @function
	.balign 16
core_second_pass:
	lea	-128(%rsp), %rsp /* the red zone */
	push	%rbp
	lea	136(%rsp), %rbp
	push	%rax
	mov	%rsp, %rax
	lea	-(XSAVE_AREA_SIZE + 768)(%rsp), %rsp
	and	$-64, %rsp
	mov	%rbx, XSAVE_AREA_SIZE + CONTEXT_RBX(%rsp)
	mov	%rcx, XSAVE_AREA_SIZE + CONTEXT_RCX(%rsp)
	mov	%rdx, XSAVE_AREA_SIZE + CONTEXT_RDX(%rsp)
	mov	%rbp, XSAVE_AREA_SIZE + CONTEXT_RSP(%rsp)
	mov	%rdi, XSAVE_AREA_SIZE + CONTEXT_RDI(%rsp)
	mov	%rsi, XSAVE_AREA_SIZE + CONTEXT_RSI(%rsp)
	mov	%r8, XSAVE_AREA_SIZE + CONTEXT_R8(%rsp)
	mov	%r9, XSAVE_AREA_SIZE + CONTEXT_R9(%rsp)
	mov	%r10, XSAVE_AREA_SIZE + CONTEXT_R10(%rsp)
	mov	%r11, XSAVE_AREA_SIZE + CONTEXT_R11(%rsp)
	mov	%r12, XSAVE_AREA_SIZE + CONTEXT_R12(%rsp)
	mov	%r13, XSAVE_AREA_SIZE + CONTEXT_R13(%rsp)
	mov	%r14, XSAVE_AREA_SIZE + CONTEXT_R14(%rsp)
	mov	%r15, XSAVE_AREA_SIZE + CONTEXT_R15(%rsp)
	mov	(%rax), %rcx
	mov	%rcx, XSAVE_AREA_SIZE + CONTEXT_RAX(%rsp)
	mov	8(%rax), %rcx
	mov	%rcx, XSAVE_AREA_SIZE + CONTEXT_RBP(%rsp)
	stmxcsr	XSAVE_AREA_SIZE + CONTEXT_MXCSR(%rsp)
	xor	%eax, %eax
	lea	512(%rsp), %rdi
	mov	$8, %ecx
	rep stosq /* the XSAVE header */
	mov	core_xstate_mask(%rip), %eax
	xor	%edx, %edx
	xsave64	(%rsp)
	mov	$3, %eax
	xor	%edx, %edx
	xrstor64 core_clean_xstate(%rip)
	mov	%rsp, %rdi
	lea	XSAVE_AREA_SIZE(%rsp), %rsi
	xor	%ebp, %ebp
	call	core_handle_exception /* (xsave area, context) */
	mov	core_xstate_mask(%rip), %eax
	xor	%edx, %edx
	xrstor64 (%rsp)
	lea	XSAVE_AREA_SIZE(%rsp), %rax
	/* The flags go below the new stack's red zone.  With them AC may be
	 * set: nothing may touch that stack any more. */
	mov	CONTEXT_RSP(%rax), %rcx
	mov	CONTEXT_RIP(%rax), %rdx
	mov	%rdx, %gs:TD_RESUME_RIP
	mov	%gs:TD_FSBASE, %rdx
	wrfsbase %rdx
	mov	CONTEXT_FLAGS(%rax), %rdx
	mov	%rdx, -136(%rcx)
	mov	CONTEXT_RBX(%rax), %rbx
	mov	CONTEXT_RDX(%rax), %rdx
	mov	CONTEXT_RBP(%rax), %rbp
	mov	CONTEXT_RDI(%rax), %rdi
	mov	CONTEXT_RSI(%rax), %rsi
	mov	CONTEXT_R8(%rax), %r8
	mov	CONTEXT_R9(%rax), %r9
	mov	CONTEXT_R10(%rax), %r10
	mov	CONTEXT_R11(%rax), %r11
	mov	CONTEXT_R12(%rax), %r12
	mov	CONTEXT_R13(%rax), %r13
	mov	CONTEXT_R14(%rax), %r14
	mov	CONTEXT_R15(%rax), %r15
	lea	-136(%rcx), %rsp
	mov	CONTEXT_RCX(%rax), %rcx
	mov	CONTEXT_RAX(%rax), %rax
	popfq
	lea	128(%rsp), %rsp
	jmp	*%gs:TD_RESUME_RIP

	.globl core_text_end
	.hidden core_text_end
core_text_end:

	/* What XRSTOR puts every component into: all initial, with MXCSR as
	 * the ABI wants it. */
	.section .rodata.core_clean_xstate, "a", @progbits
	.balign 64
core_clean_xstate:
	.short	0x37f /* FCW */
	.zero	22
	.long	0x1f80
	.zero	4096 - 28

	.section .note.GNU-stack, "", @progbits
