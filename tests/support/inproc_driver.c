/* SPDX-License-Identifier: MIT */
/*
 * A driver for tests that isolates nothing: the enclave is loaded into the
 * test's own process, and a SIGILL handler plays the processor.  It shows
 * that the runtime and liboehost need nothing of Coffer's machine, and makes
 * both debuggable with gdb.
 *
 *   EENTER   assembly below: FS and GS base, registers, jump
 *   EEXIT    ENCLU is an invalid opcode: the handler returns to the host
 *   AEX      any other signal in enclave code: registers go to the SSA
 *   ERESUME  an invalid opcode of our own: the handler loads them back
 *   EREPORT, EGETKEY  deterministic, and not secret
 *   EACCEPT, EMODPE   over mprotect: inproc_sgx2.c
 */
#include "inproc_driver.h"

#include "inproc_sgx2.h"

#include "host/arena.h"
#include "host/driver.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ucontext.h>

#define TCS_MAX 64
#define NO_GUARD __attribute__((no_stack_protector, noinline))

struct drv_enclave {
	uint64_t base, size;
	uint64_t misc;
	struct inproc_pages *pages;
	uint32_t tcs_count;
	struct logical {
		struct sgx_tcs tcs;
		uint64_t address;
		int busy;
		/* While it runs: */
		uint64_t host_fs, host_gs;
		struct drv_call *call;
	} tcs[TCS_MAX];
};

static __thread char error_text[256];
static struct drv_enclave *enclaves[16];

const char *drv_error(void)
{
	return error_text;
}

void drv_set_error(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(error_text, sizeof(error_text), format, list);
	va_end(list);
}

/* uint64_t inproc_enter(regs[8], fs, gs): regs are rdi rsi rdx r8 r9 rbx rip
 * and, out, how it ended.  Both inproc_eexit and inproc_aex are places that
 * the signal handler returns to. */
__asm__(
	".text\n"
	".globl inproc_enter\n"
	".type inproc_enter, @function\n"
	"inproc_enter:\n"
	"	push %rbp\n	push %rbx\n	push %r12\n	push %r13\n"
	"	push %r14\n	push %r15\n	push %rdi\n"
	"	wrfsbase %rsi\n	wrgsbase %rdx\n"
	"	mov %rdi, %rax\n"
	"	mov 0(%rax), %rdi\n	mov 8(%rax), %rsi\n"
	"	mov 16(%rax), %rdx\n	mov 24(%rax), %r8\n"
	"	mov 32(%rax), %r9\n	mov 40(%rax), %rbx\n"
	"	mov 48(%rax), %r11\n"
	"	lea inproc_eexit(%rip), %rcx\n"
	"	mov 56(%rax), %rax\n"
	"	jmp *%r11\n"
	".globl inproc_eexit\n"
	"inproc_eexit:\n"
	"	mov (%rsp), %rax\n"
	"	mov %rdi, 0(%rax)\n	mov %rsi, 8(%rax)\n"
	"	mov %rdx, 16(%rax)\n	mov %r8, 24(%rax)\n"
	"	mov %r9, 32(%rax)\n"
	"	mov $4, %eax\n"
	"	jmp 1f\n"
	".globl inproc_aex\n"
	"inproc_aex:\n"
	"	mov $3, %eax\n"
	"1:	pop %rdi\n	pop %r15\n	pop %r14\n	pop %r13\n"
	"	pop %r12\n	pop %rbx\n	pop %rbp\n	ret\n"
	/* ERESUME: rdi is the logical processor. */
	".globl inproc_resume\n"
	".type inproc_resume, @function\n"
	"inproc_resume:\n"
	"	push %rbp\n	push %rbx\n	push %r12\n	push %r13\n"
	"	push %r14\n	push %r15\n	push %rsi\n"
	".globl inproc_resume_point\n"
	"inproc_resume_point:\n"
	"	ud2\n"
	".previous\n");

uint64_t inproc_enter(uint64_t regs[8], uint64_t fs, uint64_t gs);
uint64_t inproc_resume(struct logical *, uint64_t regs[8]);
extern const char inproc_eexit[], inproc_aex[], inproc_resume_point[];

static struct logical *find_running(uint64_t gs)
{
	for (unsigned e = 0; e < 16; e++) {
		if (!enclaves[e])
			continue;
		for (unsigned i = 0; i < enclaves[e]->tcs_count; i++)
			if (enclaves[e]->tcs[i].busy && enclaves[e]->base
					+ enclaves[e]->tcs[i].tcs.ogsbase == gs)
				return &enclaves[e]->tcs[i];
	}
	return NULL;
}

static struct drv_enclave *enclave_of(const struct logical *cpu)
{
	for (unsigned e = 0; e < 16; e++)
		if (enclaves[e] && cpu >= enclaves[e]->tcs
				&& cpu < enclaves[e]->tcs + TCS_MAX)
			return enclaves[e];
	return NULL;
}

static uint8_t *frame_of(const struct logical *cpu, uint32_t at)
{
	return (uint8_t *)(enclave_of(cpu)->base + cpu->tcs.ossa
		+ at * SGX_PAGE_SIZE);
}

static struct sgx_gprsgx *gpr_of(const struct logical *cpu, uint32_t at)
{
	return (struct sgx_gprsgx *)(frame_of(cpu, at) + SGX_PAGE_SIZE
		- sizeof(struct sgx_gprsgx));
}

static const uint8_t gpr_order[16] = {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI,
	REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14,
	REG_R15,
};

static uint32_t xstate_size(const uint8_t *area)
{
	uint32_t magic, size;

	memcpy(&magic, area + 464, 4);
	memcpy(&size, area + 464 + 16, 4);
	return magic == 0x46505853u && size <= 3800 ? size : 512 + 64;
}

static void leaf_report(greg_t *r)
{
	struct sgx_report report;

	memset(&report, 0, sizeof(report));
	memset(report.body.mrenclave, 0x11, 32);
	memset(report.body.mrsigner, 0x22, 32);
	report.body.attributes.flags = SGX_ATTR_INIT | SGX_ATTR_MODE64BIT;
	report.body.attributes.xfrm = 7;
	memcpy(report.body.report_data, (void *)r[REG_RCX], 64);
	memcpy((void *)r[REG_RDX], &report, sizeof(report));
	r[REG_RAX] = 0;
}

static void leaf_key(greg_t *r)
{
	const struct sgx_keyrequest *request = (const void *)r[REG_RBX];
	uint8_t *key = (uint8_t *)r[REG_RCX];

	if (request->key_name > SGX_KEYNAME_SEAL) {
		r[REG_RAX] = SGX_INVALID_KEYNAME;
		return;
	}
	for (unsigned i = 0; i < 16; i++)
		key[i] = i * 7 + request->key_name + request->key_policy * 31
			+ request->key_id[i];
	r[REG_RAX] = 0;
}

static void new_tcs(struct drv_enclave *enclave, uint64_t page)
{
	struct logical *cpu = &enclave->tcs[enclave->tcs_count];

	memcpy(&cpu->tcs, (const void *)page, sizeof(cpu->tcs));
	cpu->address = page;
	mprotect((void *)page, SGX_PAGE_SIZE, PROT_NONE);
	__atomic_fetch_add(&enclave->tcs_count, 1, __ATOMIC_SEQ_CST);
}

/* EACCEPT and EMODPE; false for the fault that they end in. */
static bool leaf_of_sgx2(struct drv_enclave *enclave, greg_t *r)
{
	const struct sgx_secinfo *secinfo = (const void *)r[REG_RBX];
	bool tcs = false;
	int64_t rax;

	if (!inproc_sgx2.sgx2)
		return false;
	if (r[REG_RAX] == SGX_EMODPE)
		rax = inproc_emodpe(enclave->pages, secinfo->flags,
			r[REG_RCX]);
	else
		rax = inproc_eaccept(enclave->pages, secinfo->flags,
			r[REG_RCX], &tcs);
	if (tcs && enclave->tcs_count < TCS_MAX)
		new_tcs(enclave, r[REG_RCX]);
	if (rax < 0)
		return false;
	r[REG_RAX] = rax;
	return true;
}

/* Back to the host side of inproc_enter. */
static void leave(struct logical *cpu, ucontext_t *context, const char *to)
{
	context->uc_mcontext.gregs[REG_RIP] = (greg_t)to;
	cpu->busy = 0;
}

static void exception(struct logical *cpu, int number, siginfo_t *info,
	ucontext_t *context, uint64_t fs, uint64_t gs)
{
	greg_t *r = context->uc_mcontext.gregs;
	struct sgx_gprsgx *gpr = gpr_of(cpu, cpu->tcs.cssa);
	struct sgx_exinfo *exinfo = (void *)((uint8_t *)gpr - sizeof(*exinfo));
	uint8_t *area = (uint8_t *)context->uc_mcontext.fpregs;
	uint64_t *to = &gpr->rax;
	uint32_t vector = r[REG_TRAPNO];
	bool known = vector != SGX_VECTOR_PF && vector != SGX_VECTOR_GP;

	for (unsigned i = 0; i < 16; i++)
		to[i] = r[gpr_order[i]];
	gpr->rip = r[REG_RIP];
	gpr->rflags = r[REG_EFL];
	gpr->fsbase = fs;
	gpr->gsbase = gs;
	memcpy(frame_of(cpu, cpu->tcs.cssa), area, xstate_size(area));
	memset(frame_of(cpu, cpu->tcs.cssa) + 464, 0, 48);
	gpr->exit_info = 0;
	if (enclave_of(cpu)->misc & SGX_MISC_EXINFO && !known) {
		exinfo->maddr = vector == SGX_VECTOR_PF
			? (uint64_t)info->si_addr : 0;
		exinfo->errcd = r[REG_ERR];
		known = true;
	}
	if (number == SIGTRAP)
		vector = SGX_VECTOR_BP;
	if (known)
		gpr->exit_info = SGX_EXITINFO(vector, vector == SGX_VECTOR_BP
			? SGX_EXITINFO_TYPE_SOFTWARE
			: SGX_EXITINFO_TYPE_HARDWARE);
	cpu->call->vector = vector;
	cpu->call->error_code = r[REG_ERR];
	cpu->call->address = vector == SGX_VECTOR_PF
		? (uint64_t)info->si_addr : 0;
	cpu->tcs.cssa++;
	r[REG_RSP] = gpr->ursp;
	r[REG_RBP] = gpr->urbp;
	r[REG_EFL] &= ~0x400;
	leave(cpu, context, inproc_aex);
}

static void resume(struct logical *cpu, ucontext_t *context)
{
	greg_t *r = context->uc_mcontext.gregs;
	uint8_t *area = (uint8_t *)context->uc_mcontext.fpregs;
	struct sgx_gprsgx *gpr;
	const uint64_t *from;
	uint8_t kept[48];

	cpu->tcs.cssa--;
	gpr = gpr_of(cpu, cpu->tcs.cssa);
	from = &gpr->rax;
	/* The host goes on where this ERESUME was called. */
	gpr->ursp = r[REG_RSP];
	gpr->urbp = r[REG_RBP];
	for (unsigned i = 0; i < 16; i++)
		r[gpr_order[i]] = from[i];
	r[REG_RIP] = gpr->rip;
	r[REG_EFL] = gpr->rflags;
	memcpy(kept, area + 464, sizeof(kept));
	memcpy(area, frame_of(cpu, cpu->tcs.cssa), xstate_size(area));
	memcpy(area + 464, kept, sizeof(kept));
}

static void NO_GUARD on_signal(int number, siginfo_t *info, void *pointer)
{
	ucontext_t *context = pointer;
	greg_t *r = context->uc_mcontext.gregs;
	uint64_t fs = __builtin_ia32_rdfsbase64();
	uint64_t gs = __builtin_ia32_rdgsbase64();
	uint64_t rip = r[REG_RIP];
	struct logical *cpu;

	if (number == SIGILL && rip == (uint64_t)inproc_resume_point) {
		cpu = (struct logical *)r[REG_RDI];
		resume(cpu, context);
		__builtin_ia32_wrfsbase64(gpr_of(cpu, cpu->tcs.cssa)->fsbase);
		__builtin_ia32_wrgsbase64(gpr_of(cpu, cpu->tcs.cssa)->gsbase);
		return;
	}
	cpu = find_running(gs);
	if (!cpu) {
		signal(number, SIG_DFL);
		return;
	}
	__builtin_ia32_wrfsbase64(cpu->host_fs);
	__builtin_ia32_wrgsbase64(cpu->host_gs);
	if (number == SIGILL && !memcmp((void *)rip, "\x0f\x01\xd7", 3)
			&& (r[REG_RAX] == SGX_EACCEPT
				|| r[REG_RAX] == SGX_EMODPE)
			&& leaf_of_sgx2(enclave_of(cpu), r)) {
		r[REG_RIP] += 3;
		__builtin_ia32_wrfsbase64(fs);
		__builtin_ia32_wrgsbase64(gs);
		return;
	}
	if (number == SIGILL && !memcmp((void *)rip, "\x0f\x01\xd7", 3)
			&& (uint32_t)r[REG_RAX] <= SGX_EEXIT) {
		switch (r[REG_RAX]) {
		case SGX_EEXIT:
			leave(cpu, context, (const char *)r[REG_RBX]);
			return;
		case SGX_EREPORT:
			leaf_report(r);
			break;
		case SGX_EGETKEY:
			leaf_key(r);
			break;
		}
		r[REG_RIP] += 3;
		__builtin_ia32_wrfsbase64(fs);
		__builtin_ia32_wrgsbase64(gs);
		return;
	}
	exception(cpu, number, info, context, fs, gs);
}

static void catch_signals(void)
{
	static const int list[] = { SIGILL, SIGSEGV, SIGFPE, SIGBUS, SIGTRAP };
	struct sigaction action = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER,
	};

	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		sigaction(list[i], &action, NULL);
}

static void own_stack(void)
{
	static __thread bool done;
	stack_t stack = { .ss_size = 65536 };

	if (done)
		return;
	stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigaltstack(&stack, NULL);
	done = true;
}

static int reserve(uint64_t size, uint64_t *base)
{
	uint8_t *all = mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE
		| MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t start = ((uint64_t)all + size - 1) & ~(size - 1);

	if (all == MAP_FAILED)
		return -ENOMEM;
	if (start > (uint64_t)all)
		munmap(all, start - (uint64_t)all);
	munmap((void *)(start + size), (uint64_t)all + size - start);
	*base = start;
	return 0;
}

static void unreserve(uint64_t base, uint64_t size)
{
	munmap((void *)base, size);
}

static int create(const struct sgx_secs *secs, struct drv_enclave **out)
{
	struct drv_enclave *enclave = calloc(1, sizeof(*enclave));

	catch_signals();
	enclave->base = secs->base;
	enclave->size = secs->size;
	enclave->misc = secs->misc_select;
	enclave->pages = inproc_pages_new(secs->base, secs->size);
	for (unsigned e = 0; e < 16; e++) {
		if (!enclaves[e]) {
			enclaves[e] = enclave;
			*out = enclave;
			return 0;
		}
	}
	inproc_pages_free(enclave->pages);
	free(enclave);
	return -ENOMEM;
}

static int add_pages(struct drv_enclave *enclave, const void *source,
	uint64_t offset, uint64_t length, uint64_t flags, bool measure)
{
	uint8_t *to = (uint8_t *)enclave->base + offset;
	int prot = 0;

	(void)measure;
	inproc_pages_add(enclave->pages, offset, length, flags);
	if (flags & SGX_SECINFO_TCS && !(flags & SGX_SECINFO_REG)) {
		for (uint64_t at = 0; at < length; at += SGX_PAGE_SIZE) {
			struct logical *cpu =
				&enclave->tcs[enclave->tcs_count++];

			if (enclave->tcs_count > TCS_MAX)
				return -ENOMEM;
			memcpy(&cpu->tcs, (const uint8_t *)source + at,
				sizeof(cpu->tcs));
			cpu->address = (uint64_t)to + at;
		}
		return 0;
	}
	mprotect(to, length, PROT_READ | PROT_WRITE);
	if (source)
		memcpy(to, source, length);
	prot |= flags & SGX_SECINFO_R ? PROT_READ : 0;
	prot |= flags & SGX_SECINFO_W ? PROT_WRITE : 0;
	prot |= flags & SGX_SECINFO_X ? PROT_EXEC : 0;
	return mprotect(to, length, prot) ? -errno : 0;
}

static int provision(struct drv_enclave *enclave)
{
	(void)enclave;
	return 0;
}

static int init(struct drv_enclave *enclave, const struct sgx_sigstruct *s)
{
	(void)enclave;
	(void)s;
	return 0;
}

static int enter(struct drv_enclave *enclave, struct drv_call *call)
{
	struct logical *cpu = NULL;
	uint64_t regs[8], end;
	struct sgx_gprsgx *gpr;

	for (unsigned i = 0; i < enclave->tcs_count; i++)
		if (enclave->tcs[i].address == call->tcs)
			cpu = &enclave->tcs[i];
	if (call->function != SGX_EENTER && call->function != SGX_ERESUME)
		return -EINVAL;
	if (!cpu || __atomic_exchange_n(&cpu->busy, 1, __ATOMIC_SEQ_CST)
			|| (call->function == SGX_EENTER
				? cpu->tcs.cssa >= cpu->tcs.nssa
				: !cpu->tcs.cssa)) {
		call->vector = SGX_VECTOR_GP;
		call->error_code = 0;
		if (cpu && (call->function == SGX_EENTER
				? cpu->tcs.cssa >= cpu->tcs.nssa
				: !cpu->tcs.cssa))
			cpu->busy = 0;
		return 0;
	}
	/* A test framework may have put its own handlers there. */
	catch_signals();
	own_stack();
	cpu->host_fs = __builtin_ia32_rdfsbase64();
	cpu->host_gs = __builtin_ia32_rdgsbase64();
	cpu->call = call;
	if (call->function == SGX_ERESUME) {
		end = inproc_resume(cpu, regs);
	} else {
		regs[0] = call->rdi;
		regs[1] = call->rsi;
		regs[2] = call->rdx;
		regs[3] = call->r8;
		regs[4] = call->r9;
		regs[5] = call->tcs;
		regs[6] = enclave->base + cpu->tcs.oentry;
		regs[7] = cpu->tcs.cssa;
		/* inproc_enter's stack pointer at the jump: its own frame is
		 * a return address and seven registers. */
		gpr = gpr_of(cpu, cpu->tcs.cssa);
		__asm__ volatile(
			"mov %%rsp, %%rax\n"
			"sub $64, %%rax\n"
			"mov %%rax, %0\n"
			"mov %%rbp, %1\n"
			"call inproc_enter\n"
			: "=m"(gpr->ursp), "=m"(gpr->urbp), "=a"(end)
			: "D"(regs), "S"(enclave->base + cpu->tcs.ofsbase),
			  "d"(enclave->base + cpu->tcs.ogsbase)
			: "rcx", "r8", "r9", "r10", "r11", "memory", "cc",
			  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
			  "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
			  "xmm12", "xmm13", "xmm14", "xmm15");
	}
	call->function = end;
	if (end == SGX_EEXIT) {
		call->rdi = regs[0];
		call->rsi = regs[1];
		call->rdx = regs[2];
		call->r8 = regs[3];
		call->r9 = regs[4];
	}
	return 0;
}

static void destroy(struct drv_enclave *enclave)
{
	for (unsigned e = 0; e < 16; e++)
		if (enclaves[e] == enclave)
			enclaves[e] = NULL;
	munmap((void *)enclave->base, enclave->size);
	inproc_pages_free(enclave->pages);
	free(enclave);
}

static int may_grow(struct drv_enclave *enclave, uint64_t offset,
	uint64_t length, bool tcs)
{
	(void)enclave;
	(void)offset;
	(void)length;
	(void)tcs;
	return 0;
}

static uint32_t features(struct drv_enclave *enclave)
{
	(void)enclave;
	return SGX_FEATURE_SGX1 | (inproc_sgx2.says_sgx2 ? SGX_FEATURE_SGX2
		: 0);
}

static int restrict_permissions(struct drv_enclave *enclave, uint64_t offset,
	uint64_t length, uint64_t value, uint64_t *done)
{
	return inproc_restrict(enclave->pages, offset, length, value, done);
}

static int modify_types(struct drv_enclave *enclave, uint64_t offset,
	uint64_t length, uint64_t value, uint64_t *done)
{
	return inproc_modify(enclave->pages, offset, length, value, done);
}

static int remove_pages(struct drv_enclave *enclave, uint64_t offset,
	uint64_t length, uint64_t *done)
{
	return inproc_remove(enclave->pages, offset, length, done);
}

struct inproc_pages *inproc_latest(void)
{
	for (unsigned e = 16; e--;)
		if (enclaves[e])
			return enclaves[e]->pages;
	return NULL;
}

static void *shared_alloc(size_t size)
{
	return aligned_alloc(64, (size + 63) & ~63ull);
}

static uint32_t misc_select(void)
{
	return SGX_MISC_EXINFO;
}

const struct drv_ops drv_inproc = {
	.name = "inproc", .reserve = reserve, .unreserve = unreserve,
	.misc_select = misc_select, .create = create,
	.add_pages = add_pages, .may_grow = may_grow,
	.provision = provision, .init = init, .enter = enter,
	.features = features, .restrict_permissions = restrict_permissions,
	.modify_types = modify_types, .remove_pages = remove_pages,
	.destroy = destroy,
	.shared_alloc = shared_alloc, .shared_free = free,
};

/* Takes the place of the choice in liboehost. */
const struct drv_ops drv_cofferd = { .name = "cofferd" };

const struct drv_ops *drv_get(void)
{
	return &drv_inproc;
}

bool arena_contains(const void *p, size_t n)
{
	(void)p;
	(void)n;
	return false;
}
