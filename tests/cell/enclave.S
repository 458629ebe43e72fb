/* SPDX-License-Identifier: MIT */
/*
 * Bare enclave code for the tests of the cell: no stack, no runtime.  RDI
 * chooses what to do, RSI and RDX are its arguments; the answer is in RSI.
 * An entry with CSSA > 0 is an exception entry.
 */
	.section .rodata
	.balign 4096
	.globl bare_code, bare_code_end
bare_code:
	mov	%rcx, %r15
	test	%eax, %eax
	jnz	exception_entry
	cmp	$18, %rdi
	jae	leave
	lea	jumps(%rip), %r14
	movslq	(%r14,%rdi,4), %r13
	add	%r14, %r13
	jmp	*%r13
	.balign 4
jumps:	.long	op_add - jumps, op_trap - jumps, op_ud - jumps
	.long	op_read - jumps, op_write - jumps, op_spin - jumps
	.long	op_syscall - jumps, op_ereport - jumps, op_egetkey - jumps
	.long	op_int3 - jumps, op_divide - jumps, op_jump - jumps
	.long	op_int80 - jumps, op_enclu - jumps, op_vector - jumps
	.long	op_storm - jumps, op_wide - jumps, op_visit - jumps

op_add:				/* 0: RSI + 1 */
	inc	%rsi
leave:	mov	%r15, %rbx
	mov	$4, %eax	/* the pattern that is patched */
	.byte	0x0f, 0x01, 0xd7
	ud2
op_trap:			/* 1: RSI + 2, by a trapped ENCLU */
	add	$2, %rsi
	mov	%r15, %rbx
	mov	$4, %eax
	nop
	.byte	0x0f, 0x01, 0xd7
	ud2
op_ud:				/* 2: #UD; goes on behind if told to */
	ud2
	mov	$0x55, %rsi
	jmp	leave
op_read:			/* 3: load from RSI */
	mov	(%rsi), %rsi
	jmp	leave
op_write:			/* 4: store RDX at RSI */
	mov	%rdx, (%rsi)
	jmp	leave
op_spin:			/* 5: until the word at RSI is not zero; every
				   register and vector must survive */
	xor	%r8d, %r8d
	mov	$0x1122334455667788, %r9
	movq	%r9, %xmm5
	mov	%r9, %r10
	mov	%r9, %r11
	mov	%r9, %r12
	mov	%r9, %r13
	mov	%r9, %rbp
	mov	%r9, %rsp
	mov	%r9, %rbx
	std
1:	inc	%r8
	cmp	%r9, %r10
	jne	2f
	cmp	%r9, %r11
	jne	2f
	cmp	%r9, %r12
	jne	2f
	cmp	%r9, %r13
	jne	2f
	cmp	%r9, %rbp
	jne	2f
	cmp	%r9, %rsp
	jne	2f
	cmp	%r9, %rbx
	jne	2f
	movq	%xmm5, %rax
	cmp	%r9, %rax
	jne	2f
	cmpq	$0, (%rsi)
	je	1b
	cld
	mov	%r8, %rdx
	mov	$1, %esi
	jmp	leave
2:	cld
	xor	%esi, %esi
	jmp	leave
op_syscall:			/* 6 */
	mov	$39, %eax
	syscall
	mov	$0x66, %rsi
	jmp	leave
op_ereport:			/* 7: TARGETINFO at RSI, data at RDX, out R8 */
	mov	%rsi, %rbx
	mov	%rdx, %rcx
	mov	%r8, %rdx
	xor	%eax, %eax
	.byte	0x0f, 0x01, 0xd7
	mov	$0x77, %rsi
	jmp	leave
op_egetkey:			/* 8: KEYREQUEST at RSI, key out RDX */
	mov	%rsi, %rbx
	mov	%rdx, %rcx
	mov	$1, %eax
	.byte	0x0f, 0x01, 0xd7
	setz	%dl
	movzbl	%dl, %edx
	mov	%rax, %rsi
	jmp	leave
op_int3:			/* 9 */
	int3
	mov	$0x99, %rsi
	jmp	leave
op_divide:			/* 10 */
	xor	%edx, %edx
	xor	%ecx, %ecx
	mov	$1, %eax
	div	%ecx
	jmp	leave
op_jump:			/* 11: to RSI */
	jmp	*%rsi
op_int80:			/* 12 */
	mov	$20, %eax
	int	$0x80
	jmp	leave
op_enclu:			/* 13: leaf RSI, RBX from RDX, RCX from R8 */
	mov	%rsi, %rax
	mov	%rdx, %rbx
	mov	%r8, %rcx
	xor	%edx, %edx
	.byte	0x0f, 0x01, 0xd7
	mov	%rax, %rsi
	jmp	leave
op_vector:			/* 14: a fault with AVX state alive, then the
				   sum of what is left of it */
	mov	$0x0102030405060708, %rax
	movq	%rax, %xmm1
	vpbroadcastq %xmm1, %ymm1
	ud2
	vextracti128 $1, %ymm1, %xmm2
	movq	%xmm2, %rsi
	vzeroupper
	jmp	leave
op_storm:			/* 15: change GS base, exit by the pattern */
	wrgsbase %rsi
	jmp	op_add

op_wide:			/* 16: the same with AVX-512 */
	mov	$0x0102030405060708, %rax
	vpbroadcastq %rax, %zmm30
	kmovq	%rax, %k3
	ud2
	vextracti64x4 $1, %zmm30, %ymm29
	vextracti32x4 $1, %ymm29, %xmm28
	vmovq	%xmm28, %rsi
	kmovq	%k3, %rax
	cmp	%rax, %rsi
	je	1f
	xor	%esi, %esi
1:	vzeroupper
	jmp	leave
op_visit:			/* 17: call RDX with RAX RDI RSI RDX R10 R8 R9
				   from the table at RSI, the stack below it */
	mov	%rsi, %rsp
	mov	%rdx, %rbx
	mov	(%rsi), %rax
	mov	8(%rsi), %rdi
	mov	24(%rsi), %rdx
	mov	32(%rsi), %r10
	mov	40(%rsi), %r8
	mov	48(%rsi), %r9
	mov	16(%rsi), %rsi
	call	*%rbx
	mov	%rax, %rsi
	jmp	leave

	/* CSSA > 0: RDI = 0 is an AEX-Notify, RDI = 1 steps over two bytes (ud2, syscall), RDI = 2
	 * reports EXITINFO and RIP; RSI is the address of SSA[0].GPRSGX.
	 * RDI = 3 loads from RSI, RDI = 4 stores RDX there, RDI = 5 gives the
	 * frame up. */
exception_entry:
	test	%rdi, %rdi
	jz	notified
	cmp	$3, %rdi
	je	op_read
	cmp	$4, %rdi
	je	op_write
	cmp	$5, %rdi
	jne	3f
	mov	$9, %eax
	.byte	0x0f, 0x01, 0xd7
	jmp	leave
3:
	mov	136(%rsi), %rdx
	mov	160(%rsi), %r8d
	cmp	$1, %rdi
	jne	1f
	addq	$2, 136(%rsi)
1:	mov	%rax, %r9
	mov	%rdx, %rsi
	jmp	leave

	/* Counts, then goes on with the interrupted code itself: its frame is
	 * copied to the GS page, given up by EDECCSSA and loaded.  Notices
	 * are off meanwhile; the one that comes between switching them on and
	 * the jump finds the place already known. */
#define COUNT %gs:0x300
#define PLACE %gs:0x310
#define COPY(n) %gs:0x400 + (n)
#define AEXNOTIFY %gs:-0x1000 - 184 + 167
notified:
	incq	COUNT
	lea	0x2000 - 184(%rbx), %rsi
	rdgsbase %rdi
	add	$0x400, %rdi
	mov	$184 / 8, %ecx
	cld
	rep movsq
	movb	$0, AEXNOTIFY
	lea	go_on(%rip), %rax
	mov	COPY(136), %rcx
	cmp	%rax, %rcx
	je	1f
	mov	%rcx, PLACE
1:	mov	$-1, %eax
	mov	$-1, %edx
	xrstor64 0x1000(%rbx)
	mov	$9, %eax
	.byte	0x0f, 0x01, 0xd7
	rdgsbase %rsp
	add	$0x400, %rsp
	pushq	COPY(128)
	popfq
	mov	COPY(0), %rax
	mov	COPY(8), %rcx
	mov	COPY(16), %rdx
	mov	COPY(24), %rbx
	mov	COPY(40), %rbp
	mov	COPY(48), %rsi
	mov	COPY(56), %rdi
	mov	COPY(64), %r8
	mov	COPY(72), %r9
	mov	COPY(80), %r10
	mov	COPY(88), %r11
	mov	COPY(96), %r12
	mov	COPY(104), %r13
	mov	COPY(112), %r14
	mov	COPY(120), %r15
	mov	COPY(32), %rsp
	movb	$1, AEXNOTIFY
go_on:	jmp	*PLACE
bare_code_end:
	.section .note.GNU-stack, "", @progbits
