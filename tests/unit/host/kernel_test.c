/* SPDX-License-Identifier: MIT */
/*
 * The driver for /dev/sgx_enclave, on a table of system calls that records
 * them; and the search in the vDSO, on this process's own.
 */
#include "tests.h"

#include "host/driver.h"
#include "host/driver_kernel.h"
#include "host/vdso.h"
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>

#define ENCLAVE_FD 41
#define PROVISION_FD 42

/* --- the table ---------------------------------------------------------- */

static char g_calls[65536];
static int g_open_error, g_create_error, g_init_error, g_add_interrupts;
static uint64_t g_add_most, g_change_most;
static int g_change_errors[4]; /* of the next changes; 0: it works */
static uint64_t g_base;

static void record(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
static void record(const char *format, ...)
{
	size_t used = strlen(g_calls);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(g_calls + used, sizeof(g_calls) - used, format, arguments);
	va_end(arguments);
}

static int fake_open(const char *path)
{
	record("open %s;", path);
	if (g_open_error)
		return g_open_error;
	return strstr(path, "provision") ? PROVISION_FD : ENCLAVE_FD;
}

static int fake_close(int fd)
{
	record("close %d;", fd);
	return 0;
}

static int fake_add(struct sgx_enclave_add_pages *a)
{
	const struct sgx_secinfo *s = (const void *)(uintptr_t)a->secinfo;
	uint64_t sum = 0;

	assert_int_equal(a->secinfo % 64, 0);
	assert_int_equal(a->src % 4096, 0);
	assert_int_equal(a->count, 0);
	for (uint64_t i = 0; i < a->length; i += 4096)
		sum += *(const uint8_t *)(uintptr_t)(a->src + i);
	record("add %llx+%llx %llx m%llu s%llu;", a->offset, a->length,
		(unsigned long long)s->flags, a->flags,
		(unsigned long long)sum);
	if (g_add_interrupts) {
		g_add_interrupts--;
		return -EINTR;
	}
	a->count = a->length < g_add_most ? a->length : g_add_most;
	return 0;
}

/* The ioctls of SGX2 begin alike. */
static int fake_change(const char *name, uint64_t offset, uint64_t length,
	uint64_t value, uint64_t result, __u64 *count)
{
	int error = g_change_errors[0];

	assert_int_equal(*count, 0);
	assert_int_equal(result, 0);
	record("%s %llx+%llx %llx;", name, (unsigned long long)offset,
		(unsigned long long)length, (unsigned long long)value);
	memmove(g_change_errors, g_change_errors + 1,
		3 * sizeof(g_change_errors[0]));
	/* As the kernel: what was done counts also where it then failed. */
	if (!error || error == -EAGAIN || error == -EFAULT)
		*count = length < g_change_most ? length : g_change_most;
	return error;
}

static int fake_ioctl(int fd, unsigned long command, void *argument)
{
	assert_int_equal(fd, ENCLAVE_FD);
	switch (command) {
	case SGX_IOC_ENCLAVE_CREATE: {
		const struct sgx_enclave_create *c = argument;
		const struct sgx_secs *s = (const void *)(uintptr_t)c->src;

		record("create %llx;", (unsigned long long)s->size);
		return g_create_error;
	}
	case SGX_IOC_ENCLAVE_ADD_PAGES:
		return fake_add(argument);
	case SGX_IOC_ENCLAVE_PROVISION: {
		const struct sgx_enclave_provision *p = argument;

		record("provision %llu;", p->fd);
		return 0;
	}
	case SGX_IOC_ENCLAVE_INIT: {
		const struct sgx_enclave_init *i = argument;
		const struct sgx_sigstruct *s =
			(const void *)(uintptr_t)i->sigstruct;

		record("init %x;", s->swdefined);
		return g_init_error;
	}
	}
	if (command == SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS) {
		struct sgx_enclave_restrict_permissions *p = argument;

		return fake_change("restrict", p->offset, p->length,
			p->permissions, p->result, &p->count);
	}
	if (command == SGX_IOC_ENCLAVE_MODIFY_TYPES) {
		struct sgx_enclave_modify_types *t = argument;

		return fake_change("modify", t->offset, t->length,
			t->page_type, t->result, &t->count);
	}
	if (command == SGX_IOC_ENCLAVE_REMOVE_PAGES) {
		struct sgx_enclave_remove_pages *x = argument;

		return fake_change("remove", x->offset, x->length, 0, 0,
			&x->count);
	}
	fail_msg("ioctl %lx", command);
	return -ENOTTY;
}

static int fake_map(uint64_t address, uint64_t length, int prot, int fd)
{
	assert_int_equal(fd, ENCLAVE_FD);
	record("map %llx+%llx %d;", (unsigned long long)(address - g_base),
		(unsigned long long)length, prot);
	return 0;
}

/* What the processor and the vDSO do together. */
static int fake_enter(struct kernel_registers *r, unsigned function,
	struct sgx_enclave_run *run)
{
	sgx_enclave_user_handler_t handler =
		(sgx_enclave_user_handler_t)(uintptr_t)run->user_handler;

	record("enter %u %llx %llu %llu %llu %llu %llu;", function, run->tcs,
		(unsigned long long)r->rdi, (unsigned long long)r->rsi,
		(unsigned long long)r->rdx, (unsigned long long)r->r8,
		(unsigned long long)r->r9);
	for (size_t i = 0; i < sizeof(run->reserved); i++)
		assert_int_equal(run->reserved[i], 0);
	if (r->rdi == 99)
		return -ENOSYS;
	if (r->rdi == 13) {
		run->function = SGX_ERESUME;
		run->exception_vector = SGX_VECTOR_PF;
		run->exception_error_code = 0x8007;
		run->exception_addr = 0x123000;
	} else {
		run->function = SGX_EEXIT;
	}
	return handler(111, 112, 113, 0, 114, 115, run);
}

static const struct kernel_calls fakes = {
	fake_open, fake_close, fake_ioctl, fake_map, fake_enter,
};

static int set_up(void **state)
{
	g_calls[0] = '\0';
	g_open_error = g_create_error = g_init_error = g_add_interrupts = 0;
	g_add_most = g_change_most = UINT64_MAX;
	memset(g_change_errors, 0, sizeof(g_change_errors));
	kernel_calls_set(&fakes);
	return 0;
}

static int tear_down(void **state)
{
	kernel_calls_set(NULL);
	return 0;
}

static struct drv_enclave *new_enclave(uint64_t size)
{
	struct sgx_secs secs;
	struct drv_enclave *e = NULL;

	memset(&secs, 0, sizeof(secs));
	assert_int_equal(drv_kernel.reserve(size, &g_base), 0);
	secs.size = size;
	secs.base = g_base;
	assert_int_equal(drv_kernel.create(&secs, &e), 0);
	return e;
}

/* --- the driver --------------------------------------------------------- */

static void life_of_an_enclave(void **state)
{
	static uint8_t pages[3 * 4096] __attribute__((aligned(4096)));
	struct sgx_sigstruct sig = { .swdefined = 0x77 };
	struct drv_enclave *e;

	pages[0] = 1;
	pages[4096] = 2;
	pages[8192] = 4;
	e = new_enclave(1 << 20);
	assert_int_equal(drv_kernel.add_pages(e, pages, 0, 8192,
		SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_X, true), 0);
	assert_int_equal(drv_kernel.add_pages(e, pages + 8192, 8192, 4096,
		SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_X, true), 0);
	assert_int_equal(drv_kernel.add_pages(e, NULL, 0x4000, 4096,
		SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_W, false), 0);
	assert_int_equal(drv_kernel.add_pages(e, pages, 0x5000, 4096,
		SGX_SECINFO_TCS, true), 0);
	assert_int_equal(drv_kernel.provision(e), 0);
	assert_int_equal(drv_kernel.init(e, &sig), 0);
	drv_kernel.destroy(e);
	/* Three pages with the same rights in a row are one mapping; the TCS
	 * follows writable data and is mapped as such. */
	assert_string_equal(g_calls, "open /dev/sgx_enclave;create 100000;"
		"add 0+2000 205 m1 s3;add 2000+1000 205 m1 s4;"
		"add 4000+1000 203 m0 s0;add 5000+1000 100 m1 s1;"
		"open /dev/sgx_provision;provision 42;close 42;"
		"map 0+3000 5;map 4000+2000 3;init 77;close 41;");
}

static void ranges_are_aligned_and_released(void **state)
{
	uint64_t base;

	for (uint64_t size = 4096; size <= 1ull << 33; size <<= 1) {
		assert_int_equal(drv_kernel.reserve(size, &base), 0);
		assert_int_equal(base & (size - 1), 0);
		drv_kernel.unreserve(base, size);
	}
	assert_int_equal(drv_kernel.reserve(0, &base), -EINVAL);
	assert_int_equal(drv_kernel.reserve(12288, &base), -EINVAL);
	assert_int_equal(drv_kernel.reserve(1ull << 63, &base), -ENOMEM);
	assert_int_equal(drv_kernel.reserve(1ull << 47, &base), -ENOMEM);
}

/* The kernel stops for signals: nothing done says EINTR, something done is
 * a short count. */
static void signals_only_delay_add_pages(void **state)
{
	static uint8_t pages[3 * 4096] __attribute__((aligned(4096)));
	struct drv_enclave *e = new_enclave(1 << 20);

	g_calls[0] = '\0';
	memset(pages, 1, sizeof(pages));
	g_add_interrupts = 1;
	g_add_most = 4096;
	assert_int_equal(drv_kernel.add_pages(e, pages, 0, 3 * 4096,
		SGX_SECINFO_REG | SGX_SECINFO_R, false), 0);
	assert_string_equal(g_calls, "add 0+3000 201 m0 s3;"
		"add 0+3000 201 m0 s3;add 1000+2000 201 m0 s2;"
		"add 2000+1000 201 m0 s1;");
	/* A kernel that claims success and does nothing must not hang us. */
	g_add_most = 0;
	assert_int_equal(drv_kernel.add_pages(e, pages, 0x4000, 4096,
		SGX_SECINFO_REG | SGX_SECINFO_R, false), -EIO);
	drv_kernel.destroy(e);
}

static void pages_change_while_it_runs(void **state)
{
	struct sgx_sigstruct sig = { .swdefined = 1 };
	struct drv_enclave *e = new_enclave(1 << 20);
	uint64_t done = 99;

	assert_int_equal(drv_kernel.add_pages(e, NULL, 0, 4096,
		SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_W, false), 0);
	assert_int_equal(drv_kernel.may_grow(e, 4096, 0x8000, false), 0);
	assert_int_equal(drv_kernel.may_grow(e, 0x20000, 4096, true), 0);
	assert_int_equal(drv_kernel.init(e, &sig), 0);
	/* Room to grow is mapped beside what is there. */
	assert_non_null(strstr(g_calls, "map 0+9000 3;map 20000+1000 3;"));

	g_calls[0] = '\0';
	assert_int_equal(drv_kernel.restrict_permissions(e, 0x1000, 0x3000,
		SGX_SECINFO_R, &done), 0);
	assert_int_equal(done, 0x3000);
	assert_int_equal(drv_kernel.modify_types(e, 0x1000, 0x2000,
		SGX_PT_TRIM, &done), 0);
	assert_int_equal(done, 0x2000);
	assert_int_equal(drv_kernel.remove_pages(e, 0x1000, 0x2000, &done),
		0);
	assert_int_equal(done, 0x2000);
	assert_string_equal(g_calls, "restrict 1000+3000 1;modify 1000+2000 4;"
		"remove 1000+2000 0;");
	drv_kernel.destroy(e);
}

static void changes_go_on_where_they_stopped(void **state)
{
	struct drv_enclave *e = new_enclave(1 << 20);
	uint64_t done = 99;

	/* Reclaimed meanwhile, a signal, busy: the rest follows. */
	g_calls[0] = '\0';
	g_change_most = 0x1000;
	g_change_errors[0] = -EAGAIN;
	g_change_errors[1] = -EINTR;
	g_change_errors[2] = -EBUSY;
	assert_int_equal(drv_kernel.modify_types(e, 0, 0x3000, SGX_PT_TCS,
		&done), 0);
	assert_int_equal(done, 0x3000);
	assert_string_equal(g_calls, "modify 0+3000 1;modify 1000+2000 1;"
		"modify 1000+2000 1;modify 1000+2000 1;modify 2000+1000 1;");

	/* A page that does not change: what was done is told. */
	g_calls[0] = '\0';
	g_change_errors[1] = -EFAULT;
	assert_int_equal(drv_kernel.restrict_permissions(e, 0, 0x4000, 1,
		&done), -EFAULT);
	assert_int_equal(done, 0x2000);
	assert_non_null(strstr(drv_error(), "RESTRICT_PERMISSIONS"));
	g_change_errors[0] = -EPERM;
	assert_int_equal(drv_kernel.remove_pages(e, 0, 0x4000, &done),
		-EPERM);
	assert_int_equal(done, 0);

	/* No progress without an error is an error. */
	g_change_most = 0;
	assert_int_equal(drv_kernel.remove_pages(e, 0, 0x1000, &done), -EIO);
	assert_int_equal(done, 0);
	drv_kernel.destroy(e);
}

static void zero_pages_need_no_memory(void **state)
{
	struct drv_enclave *e = new_enclave(4 << 20);

	g_calls[0] = '\0';
	assert_int_equal(drv_kernel.add_pages(e, NULL, 0, 5 << 19,
		SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_W, false), 0);
	assert_string_equal(g_calls, "add 0+100000 203 m0 s0;"
		"add 100000+100000 203 m0 s0;add 200000+80000 203 m0 s0;");
	drv_kernel.destroy(e);
}

static void failures_leave_nothing_open(void **state)
{
	struct sgx_secs secs;
	struct drv_enclave *e;

	memset(&secs, 0, sizeof(secs));
	g_open_error = -EACCES;
	assert_int_equal(drv_kernel.create(&secs, &e), -EACCES);
	assert_non_null(strstr(drv_error(), "/dev/sgx_enclave"));
	g_open_error = 0;
	g_create_error = -EIO;
	assert_int_equal(drv_kernel.create(&secs, &e), -EIO);
	assert_non_null(strstr(drv_error(), "ENCLAVE_CREATE"));
	assert_string_equal(g_calls, "open /dev/sgx_enclave;"
		"open /dev/sgx_enclave;create 0;close 41;");
}

static void refused_enclaves_say_so(void **state)
{
	struct sgx_sigstruct sig = { .swdefined = 1 };
	struct drv_enclave *e = new_enclave(1 << 20);

	g_init_error = -EPERM;
	assert_int_equal(drv_kernel.init(e, &sig), -EPERM);
	assert_non_null(strstr(drv_error(), "refused"));
	g_init_error = -EIO;
	assert_int_equal(drv_kernel.init(e, &sig), -EIO);
	drv_kernel.destroy(e);
}

static void visits(void **state)
{
	struct drv_enclave *e = new_enclave(1 << 20);
	struct drv_call call = { .rdi = 1, .rsi = 2, .rdx = 3, .r8 = 4,
		.r9 = 5, .tcs = 0x1000, .function = SGX_EENTER };

	g_calls[0] = '\0';
	assert_int_equal(drv_kernel.enter(e, &call), 0);
	assert_string_equal(g_calls, "enter 2 1000 1 2 3 4 5;");
	assert_int_equal(call.function, SGX_EEXIT);
	assert_int_equal(call.rdi, 111);
	assert_int_equal(call.rsi, 112);
	assert_int_equal(call.rdx, 113);
	assert_int_equal(call.r8, 114);
	assert_int_equal(call.r9, 115);

	call.rdi = 13;
	call.function = SGX_ERESUME;
	assert_int_equal(drv_kernel.enter(e, &call), 0);
	assert_int_equal(call.function, SGX_ERESUME);
	assert_int_equal(call.vector, SGX_VECTOR_PF);
	assert_int_equal(call.error_code, 0x8007);
	assert_int_equal(call.address, 0x123000);
	assert_int_equal(call.rdi, 13); /* registers only change at EEXIT */

	call.function = SGX_EEXIT;
	assert_int_equal(drv_kernel.enter(e, &call), -EINVAL);
	call.function = SGX_EENTER;
	call.rdi = 99;
	assert_int_equal(drv_kernel.enter(e, &call), -ENOSYS);
	drv_kernel.destroy(e);
}

/* --- the way into the vDSO ---------------------------------------------- */

static uint64_t g_seen[6];
static struct sgx_enclave_run *g_seen_run;

/* Stands where the vDSO's function does, and treats registers as badly as
 * an enclave may. */
int rough(unsigned long rdi, unsigned long rsi, unsigned long rdx,
	unsigned int function, unsigned long r8, unsigned long r9,
	struct sgx_enclave_run *run);
__attribute__((used)) int rough(unsigned long rdi, unsigned long rsi,
	unsigned long rdx, unsigned int function, unsigned long r8,
	unsigned long r9, struct sgx_enclave_run *run)
{
	unsigned control = 0x1f80 | 1u << 15;
	unsigned short x87 = 0x27f;

	g_seen[0] = rdi;
	g_seen[1] = rsi;
	g_seen[2] = rdx;
	g_seen[3] = function;
	g_seen[4] = r8;
	g_seen[5] = r9;
	g_seen_run = run;
	__asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(control), "m"(x87));
	return 5;
}

/* Keeps RBX and RBP, as the vDSO does, and nothing else. */
__asm__(".text\n"
	"rough_entry:\n"
	"	pushq %rbp\n"
	"	movq %rsp, %rbp\n"
	"	pushq 16(%rbp)\n"
	"	pushq 16(%rbp)\n"
	"	call rough\n"
	"	leave\n"
	"	movq $-1, %r12\n"
	"	movq $-1, %r13\n"
	"	movq $-1, %r14\n"
	"	movq $-1, %r15\n"
	"	std\n"
	"	ret\n");
extern char rough_entry[];

static void registers_survive_the_vdso(void **state)
{
	struct kernel_registers r = { 1, 2, 3, 4, 5 };
	struct kernel_registers *registers = &r;
	struct sgx_enclave_run run, *where = &run;
	char *entry = rough_entry;
	unsigned leaf = SGX_EENTER;
	static uint64_t kept[4]; /* static: no register for its address */
	uint64_t flags;
	unsigned mxcsr[2];
	unsigned short x87[2];
	int result;

	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr[0]),
		"=m"(x87[0]));
	/* RBX holds the stack meanwhile, so it is seen to survive, too. */
	__asm__ volatile("movq %%rsp, %%rbx\n\t"
		"subq $128, %%rsp\n\t"
		"andq $-16, %%rsp\n\t"
		"movq $0x1212, %%r12\n\t"
		"movq $0x1313, %%r13\n\t"
		"movq $0x1414, %%r14\n\t"
		"movq $0x1515, %%r15\n\t"
		"call kernel_enter_vdso\n\t"
		"movq %%rbx, %%rsp\n\t"
		"movq %%r12, %1\n\t"
		"movq %%r13, %2\n\t"
		"movq %%r14, %3\n\t"
		"movq %%r15, %4"
		: "=&a"(result), "=m"(kept[0]), "=m"(kept[1]), "=m"(kept[2]),
		"=m"(kept[3]), "+D"(entry), "+S"(registers), "+d"(leaf),
		"+c"(where)
		: : "rbx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
		"r15", "memory", "cc");
	__asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags));
	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr[1]),
		"=m"(x87[1]));
	assert_int_equal(result, 5);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(g_seen[i], i + 1);
	assert_int_equal(g_seen[3], SGX_EENTER);
	assert_int_equal(g_seen[4], 4);
	assert_int_equal(g_seen[5], 5);
	assert_ptr_equal(g_seen_run, &run);
	assert_int_equal(kept[0], 0x1212);
	assert_int_equal(kept[1], 0x1313);
	assert_int_equal(kept[2], 0x1414);
	assert_int_equal(kept[3], 0x1515);
	assert_int_equal(flags & 0x400, 0);
	assert_int_equal(mxcsr[1], mxcsr[0]);
	assert_int_equal(x87[1], x87[0]);
}

static void vdso_functions_are_found_and_work(void **state)
{
	int (*gettime)(clockid_t, struct timespec *);
	struct timespec a, b;

	if (!getauxval(AT_SYSINFO_EHDR))
		skip();
	*(void **)&gettime = vdso_symbol("__vdso_clock_gettime");
	assert_non_null(gettime);
	clock_gettime(CLOCK_MONOTONIC, &a);
	assert_int_equal(gettime(CLOCK_MONOTONIC, &b), 0);
	assert_true(b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec &&
		b.tv_nsec >= a.tv_nsec));
	assert_true(b.tv_sec - a.tv_sec < 5);
	assert_null(vdso_symbol("__vdso_clock_gettim"));
	assert_null(vdso_symbol("__vdso_clock_gettime2"));
	assert_null(vdso_symbol(""));
}

/* A copy of the vDSO with bytes changed: whatever comes out, nothing outside
 * the copy is read (the page after it cannot be). */
static void broken_images_are_read_within_bounds(void **state)
{
	const uint8_t *vdso = (const void *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *h = (const void *)vdso;
	const Elf64_Phdr *p;
	uint64_t size = 0, room;
	unsigned seed = 1, found = 0;
	uint8_t *map, *copy;

	if (!vdso)
		skip();
	p = (const void *)(vdso + h->e_phoff);
	for (unsigned i = 0; i < h->e_phnum; i++)
		if (p[i].p_type == PT_LOAD)
			size = p[i].p_memsz;
	room = (size + 4095) & ~4095ull;
	map = mmap(NULL, room + 4096, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	mprotect(map + room, 4096, PROT_NONE);
	/* Not to the byte at the end: tables are aligned. */
	copy = map + ((room - size) & ~63ull);
	memcpy(copy, vdso, size);
	if (vdso_find(copy, "__vdso_clock_gettime"))
		found++;
	assert_int_equal(found, 1);
	for (int round = 0; round < 20000; round++) {
		memcpy(copy, vdso, size);
		for (int n = 0; n < 3; n++) {
			uint64_t at = (uint64_t)rand_r(&seed) %
				(size < 4096 ? size : 4096);

			/* Segment sizes are what bounds all else: the kernel's
			 * word. */
			if (at >= 64 && at < 64 + h->e_phnum * 56ull)
				continue;
			copy[at] = (uint8_t)rand_r(&seed);
		}
		found += vdso_find(copy, "__vdso_clock_gettime") != NULL;
	}
	assert_true(found > 1 && found < 20001);
	munmap(map, room + 4096);
}

static void choosing_a_driver(void **state)
{
	setenv("COFFER_DRIVER", "hyperspace", 1);
	assert_null(drv_get());
	assert_non_null(strstr(drv_error(), "hyperspace"));
	setenv("COFFER_DRIVER", "cofferd", 1);
	assert_ptr_equal(drv_get(), &drv_cofferd);
	/* Once chosen it stays. */
	setenv("COFFER_DRIVER", "kernel", 1);
	assert_ptr_equal(drv_get(), &drv_cofferd);
}

#define ON_FAKES(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_FAKES(life_of_an_enclave),
		ON_FAKES(ranges_are_aligned_and_released),
		ON_FAKES(signals_only_delay_add_pages),
		ON_FAKES(zero_pages_need_no_memory),
		ON_FAKES(pages_change_while_it_runs),
		ON_FAKES(changes_go_on_where_they_stopped),
		ON_FAKES(failures_leave_nothing_open),
		ON_FAKES(refused_enclaves_say_so),
		ON_FAKES(visits),
		cmocka_unit_test(registers_survive_the_vdso),
		cmocka_unit_test(vdso_functions_are_found_and_work),
		cmocka_unit_test(broken_images_are_read_within_bounds),
		cmocka_unit_test(choosing_a_driver),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
