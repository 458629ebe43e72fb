/* SPDX-License-Identifier: MIT */
/*
 * The cell's assembly: start, the one system call, and the gate.
 *
 * Entry: gate_enter loads FS, GS and every register but RDI and RSP from the
 * thread, then jumps to the thread's own stub, which loads these two and
 * jumps through a slot: at EENTER no register is free for an address.
 *
 * Exit: a patched EEXIT jumps (through the trampoline page near ELRANGE) to
 * gate_exit_entry with RAX and RCX free; the GS base tells which thread this
 * is, through a table of one entry per page of ELRANGE.  Where that does not
 * hold, a real ENCLU is executed here and the signal handler, which knows its
 * thread by its stack, takes over.
 */
#include "cell.h"

	/* First in the text: what the processor needs to know (control.h). */
	.section .text.cell_info, "ax"
	.quad	0x314c4c4543464f43 /* "COFCELL1" */
	.quad	gate_exit_entry
	.quad	cell_text_end
	.quad	0

	.section .text.gate_stubs, "ax"
	.balign 64
	.globl gate_stubs, gate_stubs_end
gate_stubs:
	.set i, 0
	.rept CELL_TCS_COUNT_MAX
	.balign STUB_SIZE
	mov	gate_slots + i * SLOT_SIZE + SLOT_RDI(%rip), %rdi
	mov	gate_slots + i * SLOT_SIZE + SLOT_RSP(%rip), %rsp
	jmp	*gate_slots + i * SLOT_SIZE + SLOT_ENTRY(%rip)
	.set i, i + 1
	.endr
gate_stubs_end:

	.text
	.globl _start
_start:
	xor	%ebp, %ebp
	lea	cell_boot_stack_top(%rip), %rsp
	call	cell_main
	ud2

	/* long cell_syscall(nr, a, b, c, d, e, f) */
	.globl cell_syscall, cell_syscall_return
	.type cell_syscall, @function
cell_syscall:
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	mov	%rcx, %rdx
	mov	%r8, %r10
	mov	%r9, %r8
	mov	8(%rsp), %r9
	syscall
cell_syscall_return:
	ret

	/* long cell_clone(flags, stack, fn, arg): only before the filter. */
	.globl cell_clone
	.type cell_clone, @function
cell_clone:
	mov	%rdx, %r8
	mov	%rcx, %r9
	xor	%edx, %edx
	xor	%r10d, %r10d
	mov	$56, %eax
	syscall
	test	%rax, %rax
	jnz	1f
	xor	%ebp, %ebp
	mov	%r9, %rdi
	call	*%r8
	ud2
1:	ret

	.globl cell_switch_stack
	.type cell_switch_stack, @function
cell_switch_stack:
	lea	AREA_STACK_TOP(%rdi), %rsp
	xor	%ebp, %ebp
	call	*%rsi
	ud2

	.globl gate_enter
	.type gate_enter, @function
gate_enter:
	/* Mostly they are still what this thread's last visit had, and
	 * reading them costs half of writing. */
	rdfsbase %rax
	rdgsbase %rcx
	cmp	T_FSBASE(%rdi), %rax
	jne	3f
	cmp	T_GSBASE(%rdi), %rcx
	jne	3f
4:	mov	T_RAX(%rdi), %rax
	mov	T_RBX(%rdi), %rbx
	mov	T_RCX(%rdi), %rcx
	mov	T_RDX(%rdi), %rdx
	mov	T_RSI(%rdi), %rsi
	mov	T_RBP(%rdi), %rbp
	mov	T_R8(%rdi), %r8
	mov	T_R9(%rdi), %r9
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	jmp	*T_STUB(%rdi)
3:	mov	T_FSBASE(%rdi), %rax
	mov	T_GSBASE(%rdi), %rcx
	wrfsbase %rax
	wrgsbase %rcx
	jmp	4b

	.globl gate_exit_entry
	.balign 64
gate_exit_entry:
	rdgsbase %rax
	sub	gate_el_base(%rip), %rax
	shr	$12, %rax
	cmp	gate_el_pages(%rip), %rax
	jae	gate_trap
	movabs	$CELL_TABLE_VA, %rcx
	movzwl	(%rcx,%rax,2), %eax
	sub	$1, %eax
	jb	gate_trap
	shl	$CELL_AREA_SHIFT, %rax
	movabs	$CELL_AREAS_VA, %rcx
	add	%rax, %rcx
	cmpl	$1, T_RUNNING(%rcx)
	jne	gate_trap
	mov	T_LINE(%rcx), %rax
	mov	%rdi, 8(%rax)
	mov	%rsi, 16(%rax)
	mov	%rdx, 24(%rax)
	mov	%r8, 32(%rax)
	mov	%r9, 40(%rax)
	mov	%rsp, 48(%rax)
	mov	%rbp, 56(%rax)
	mov	%rcx, %rdi
	lea	AREA_STACK_TOP(%rcx), %rsp
	cld
	call	gate_exited
	ud2
gate_trap:
	mov	$4, %eax
	.globl gate_trap_enclu
gate_trap_enclu:
	.byte	0x0f, 0x01, 0xd7
	ud2

	/* void gate_resume(context, xsave): exact, and in user mode, without
	 * a system call. */
	.globl gate_resume
	.type gate_resume, @function
gate_resume:
	pushq	$2 /* IRETQ with NT set is #GP */
	popfq
	mov	$-1, %eax
	mov	$-1, %edx
	xrstor64 (%rsi)
	pushq	$0x2b
	pushq	32(%rdi)
	pushq	128(%rdi)
	pushq	$0x33
	pushq	136(%rdi)
	mov	0(%rdi), %rax
	mov	8(%rdi), %rcx
	mov	16(%rdi), %rdx
	mov	24(%rdi), %rbx
	mov	40(%rdi), %rbp
	mov	48(%rdi), %rsi
	mov	64(%rdi), %r8
	mov	72(%rdi), %r9
	mov	80(%rdi), %r10
	mov	88(%rdi), %r11
	mov	96(%rdi), %r12
	mov	104(%rdi), %r13
	mov	112(%rdi), %r14
	mov	120(%rdi), %r15
	mov	56(%rdi), %rdi
	iretq

	.globl cell_read_byte, cell_read_fault, cell_read_fixup
	.type cell_read_byte, @function
cell_read_byte:
cell_read_fault:
	movzbl	(%rdi), %eax
	ret
cell_read_fixup:
	mov	$-1, %eax
	ret

	.globl cell_try_xrstor, cell_xrstor_fault, cell_xrstor_fixup
	.type cell_try_xrstor, @function
cell_try_xrstor:
	mov	$-1, %eax
	mov	$-1, %edx
cell_xrstor_fault:
	xrstor64 (%rdi)
	xor	%eax, %eax
	ret
cell_xrstor_fixup:
	mov	$-1, %eax
	ret

	/* Only a kick that found the cell's own code at work returns through
	 * the kernel, which unblocks the next kick in the same step. */
	.globl cell_restorer, cell_sigreturn_return
cell_restorer:
	mov	$15, %eax
	syscall
cell_sigreturn_return:
	ud2

	.globl memcpy, memset
	.type memcpy, @function
memcpy:
	mov	%rdi, %rax
	mov	%rdx, %rcx
	rep movsb
	ret
	.type memset, @function
memset:
	mov	%rdi, %r8
	mov	%esi, %eax
	mov	%rdx, %rcx
	rep stosb
	mov	%r8, %rax
	ret

	.bss
	.balign 16
	.skip 16384
cell_boot_stack_top:

	.section .note.GNU-stack, "", @progbits
