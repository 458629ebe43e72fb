/* SPDX-License-Identifier: MIT */
/*
 * The driver interface over the kernel's /dev/sgx_enclave.  One descriptor
 * per enclave.  Pages are mapped just before INIT, each run of pages with
 * equal rights once, with exactly those rights, which is what the kernel
 * allows at most.
 */
#include "driver.h"

#include "driver_kernel.h"
#include "range.h"
#include "vdso.h"
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define ZERO_BYTES (1u << 20)
#define PAGE SGX_PAGE_SIZE
#define ATTEMPTS 1000 /* at a page that the kernel has in hand */

struct piece {
	uint64_t offset, length;
	int prot;
};

struct drv_enclave {
	int fd;
	uint64_t base, size;
	struct piece *piece;
	size_t pieces, room;
	bool initialized;
	bool dying;
	uint32_t visits;
};

/* --- the system --------------------------------------------------------- */

static int system_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int system_close(int fd)
{
	return close(fd) ? -errno : 0;
}

static int system_ioctl(int fd, unsigned long command, void *argument)
{
	int r = ioctl(fd, command, argument);

	return r < 0 ? -errno : r;
}

static int system_map(uint64_t address, uint64_t length, int prot, int fd)
{
	return mmap((void *)(uintptr_t)address, length, prot,
		MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ? -errno : 0;
}

static int system_enter(struct kernel_registers *registers, unsigned function,
	struct sgx_enclave_run *run)
{
	static void *entry;
	void *found = __atomic_load_n(&entry, __ATOMIC_ACQUIRE);

	if (!found) {
		found = vdso_symbol("__vdso_sgx_enter_enclave");
		if (!found)
			return -ENOSYS;
		__atomic_store_n(&entry, found, __ATOMIC_RELEASE);
	}
	return kernel_enter_vdso(found, registers, function, run);
}

static const struct kernel_calls system_calls = {
	system_open, system_close, system_ioctl, system_map, system_enter,
};

static const struct kernel_calls *g_calls = &system_calls;

void kernel_calls_set(const struct kernel_calls *calls)
{
	g_calls = calls ? calls : &system_calls;
}

/* --- verbs -------------------------------------------------------------- */

static int reserve(uint64_t size, uint64_t *base)
{
	return range_reserve(size, 0, base);
}

static void unreserve(uint64_t base, uint64_t size)
{
	range_release(base, size, 0);
}

static int failed(int r, const char *what)
{
	if (r < 0)
		drv_set_error("%s: %s", what, strerror(-r));
	return r < 0 ? r : 0;
}

static int create(const struct sgx_secs *secs, struct drv_enclave **out)
{
	struct sgx_enclave_create arg = { .src = (uintptr_t)secs };
	struct drv_enclave *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return failed(-ENOMEM, "SGX_IOC_ENCLAVE_CREATE");
	e->base = secs->base;
	e->size = secs->size;
	e->fd = g_calls->open("/dev/sgx_enclave");
	r = failed(e->fd, "/dev/sgx_enclave");
	if (!r) {
		r = failed(g_calls->ioctl(e->fd, SGX_IOC_ENCLAVE_CREATE,
			&arg), "SGX_IOC_ENCLAVE_CREATE");
		if (r)
			g_calls->close(e->fd);
	}
	if (r) {
		free(e);
		return r;
	}
	*out = e;
	return 0;
}

static int prot_of(uint64_t secinfo_flags)
{
	int prot = PROT_NONE;

	if (secinfo_flags & SGX_SECINFO_TCS)
		return PROT_READ | PROT_WRITE;
	if (secinfo_flags & SGX_SECINFO_R)
		prot |= PROT_READ;
	if (secinfo_flags & SGX_SECINFO_W)
		prot |= PROT_WRITE;
	if (secinfo_flags & SGX_SECINFO_X)
		prot |= PROT_EXEC;
	return prot;
}

static int note(struct drv_enclave *e, uint64_t offset, uint64_t length,
	int prot)
{
	struct piece *last = e->pieces ? &e->piece[e->pieces - 1] : NULL;

	if (last && last->prot == prot &&
	    last->offset + last->length == offset) {
		last->length += length;
		return 0;
	}
	if (e->pieces == e->room) {
		size_t room = e->room ? 2 * e->room : 16;
		struct piece *grown = realloc(e->piece, room * sizeof(*grown));

		if (!grown)
			return failed(-ENOMEM, "SGX_IOC_ENCLAVE_ADD_PAGES");
		e->piece = grown;
		e->room = room;
	}
	e->piece[e->pieces++] = (struct piece){ offset, length, prot };
	return 0;
}

/* The kernel may stop early for a signal: with something done it says so
 * in count alone. */
static int add_run(struct drv_enclave *e, uint64_t source, bool zero,
	uint64_t offset, uint64_t length, struct sgx_secinfo *secinfo,
	bool measure)
{
	uint64_t done = 0;
	int r;

	do {
		struct sgx_enclave_add_pages arg = {
			.src = zero ? source : source + done,
			.offset = offset + done,
			.length = length - done,
			.secinfo = (uintptr_t)secinfo,
			.flags = measure ? SGX_PAGE_MEASURE : 0,
		};

		if (zero && arg.length > ZERO_BYTES)
			arg.length = ZERO_BYTES;
		r = g_calls->ioctl(e->fd, SGX_IOC_ENCLAVE_ADD_PAGES, &arg);
		if (r == -EINTR && !arg.count)
			continue;
		if (!r && (!arg.count || arg.count > length - done))
			r = -EIO;
		if (r)
			return failed(r, "SGX_IOC_ENCLAVE_ADD_PAGES");
		done += arg.count;
	} while (done < length);
	return 0;
}

static int add_pages(struct drv_enclave *e, const void *source,
	uint64_t offset, uint64_t length, uint64_t secinfo_flags,
	bool measure)
{
	struct sgx_secinfo secinfo __attribute__((aligned(64))) = {
		.flags = secinfo_flags };
	void *zeroes = NULL;
	int r;

	if (!source) {
		/* Only read, so the kernel's zero page is all there is. */
		zeroes = mmap(NULL, ZERO_BYTES, PROT_READ,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (zeroes == MAP_FAILED)
			return failed(-ENOMEM, "SGX_IOC_ENCLAVE_ADD_PAGES");
	}
	r = add_run(e, (uintptr_t)(source ? source : zeroes), !source, offset,
		length, &secinfo, measure);
	if (zeroes)
		munmap(zeroes, ZERO_BYTES);
	return r ? r : note(e, offset, length, prot_of(secinfo_flags));
}

/* The kernel adds a page where one is accepted that is not there. */
static int may_grow(struct drv_enclave *e, uint64_t offset, uint64_t length,
	bool tcs)
{
	return note(e, offset, length, PROT_READ | PROT_WRITE);
}

static uint32_t misc_select(void)
{
	uint32_t a, b, c, d;

	return __get_cpuid_count(0x12, 0, &a, &b, &c, &d) ? b : 0;
}

static uint32_t features(struct drv_enclave *e)
{
	uint32_t a, b, c, d;

	return __get_cpuid_count(0x12, 0, &a, &b, &c, &d) ? a : 0;
}

/* One of the ioctls that go page by page, told apart by its number; the first
 * two fields of each are offset and length. */
static int change(struct drv_enclave *e, unsigned long command,
	const char *name, uint64_t offset, uint64_t length, uint64_t value,
	uint64_t *done)
{
	int r, attempts = 0;

	for (*done = 0; *done < length;) {
		struct sgx_enclave_restrict_permissions p = {
			.offset = offset + *done, .length = length - *done,
			.permissions = value };
		struct sgx_enclave_modify_types t = {
			.offset = offset + *done, .length = length - *done,
			.page_type = value };
		struct sgx_enclave_remove_pages x = {
			.offset = offset + *done, .length = length - *done };
		uint64_t count;

		r = g_calls->ioctl(e->fd, command,
			command == SGX_IOC_ENCLAVE_REMOVE_PAGES ? (void *)&x :
			command == SGX_IOC_ENCLAVE_MODIFY_TYPES ? (void *)&t :
			(void *)&p);
		count = command == SGX_IOC_ENCLAVE_REMOVE_PAGES ? x.count :
			command == SGX_IOC_ENCLAVE_MODIFY_TYPES ? t.count :
			p.count;
		if (count > length - *done)
			return failed(-EIO, name);
		*done += count;
		if (count)
			attempts = 0;
		else if (++attempts > ATTEMPTS)
			return failed(r ? r : -EIO, name);
		/* A signal, a page that is being reclaimed, or another thread
		 * that is changing something. */
		if (r == -EAGAIN || r == -EBUSY)
			sched_yield();
		else if (r && r != -EINTR)
			return failed(r, name);
	}
	return 0;
}

static int restrict_permissions(struct drv_enclave *e, uint64_t offset,
	uint64_t length, uint64_t value, uint64_t *done)
{
	return change(e, SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS,
		"SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS", offset, length, value,
		done);
}

static int modify_types(struct drv_enclave *e, uint64_t offset,
	uint64_t length, uint64_t value, uint64_t *done)
{
	return change(e, SGX_IOC_ENCLAVE_MODIFY_TYPES,
		"SGX_IOC_ENCLAVE_MODIFY_TYPES", offset, length, value, done);
}

static int remove_pages(struct drv_enclave *e, uint64_t offset,
	uint64_t length, uint64_t *done)
{
	return change(e, SGX_IOC_ENCLAVE_REMOVE_PAGES,
		"SGX_IOC_ENCLAVE_REMOVE_PAGES", offset, length, 0, done);
}

static int provision(struct drv_enclave *e)
{
	struct sgx_enclave_provision arg;
	int fd = g_calls->open("/dev/sgx_provision"), r;

	if (fd < 0)
		return failed(fd, "/dev/sgx_provision");
	arg.fd = (uint64_t)fd;
	r = failed(g_calls->ioctl(e->fd, SGX_IOC_ENCLAVE_PROVISION, &arg),
		"SGX_IOC_ENCLAVE_PROVISION");
	g_calls->close(fd);
	return r;
}

static int init(struct drv_enclave *e, const struct sgx_sigstruct *sigstruct)
{
	struct sgx_enclave_init arg = { .sigstruct = (uintptr_t)sigstruct };
	int r = 0;

	for (size_t i = 0; i < e->pieces && !r; i++)
		r = failed(g_calls->map(e->base + e->piece[i].offset,
			e->piece[i].length, e->piece[i].prot, e->fd),
			"mapping the enclave's pages");
	if (r)
		return r;
	do
		r = g_calls->ioctl(e->fd, SGX_IOC_ENCLAVE_INIT, &arg);
	while (r == -EINTR);
	if (r == -EPERM)
		drv_set_error("SGX_IOC_ENCLAVE_INIT: the processor refused "
			"the enclave: its signature, measurement, attributes "
			"or launch policy");
	else
		failed(r, "SGX_IOC_ENCLAVE_INIT");
	if (!r)
		e->initialized = true;
	return r < 0 ? r : 0;
}

/* --- visits ------------------------------------------------------------- */

/* Called by the vDSO on every way out.  It changes nothing about the end;
 * it is where the enclave's registers can be seen. */
static int on_exit_from_enclave(long rdi, long rsi, long rdx, long rsp,
	long r8, long r9, struct sgx_enclave_run *run)
{
	struct kernel_registers *registers =
		(void *)(uintptr_t)run->user_data;

	if (run->function == SGX_EEXIT)
		*registers = (struct kernel_registers){ (uint64_t)rdi,
			(uint64_t)rsi, (uint64_t)rdx, (uint64_t)r8,
			(uint64_t)r9 };
	return 0;
}

static int end_of_visit(struct drv_enclave *e, int r)
{
	__atomic_sub_fetch(&e->visits, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&e->dying, __ATOMIC_SEQ_CST)) {
		drv_set_error("the enclave is lost: it was destroyed");
		return -ENODEV;
	}
	if (r)
		drv_set_error("__vdso_sgx_enter_enclave: %s", strerror(-r));
	return r;
}

static int enter(struct drv_enclave *e, struct drv_call *call)
{
	struct kernel_registers registers = { call->rdi, call->rsi, call->rdx,
		call->r8, call->r9 };
	struct sgx_enclave_run run = {
		.tcs = call->tcs,
		.user_handler = (uintptr_t)on_exit_from_enclave,
		.user_data = (uintptr_t)&registers,
	};
	int r;

	if (call->function != SGX_EENTER && call->function != SGX_ERESUME) {
		drv_set_error("ENCLU function %u is neither EENTER nor "
			"ERESUME", call->function);
		return -EINVAL;
	}
	__atomic_add_fetch(&e->visits, 1, __ATOMIC_SEQ_CST);
	r = g_calls->enter(&registers, call->function, &run);
	r = end_of_visit(e, r);
	if (r)
		return r;
	call->function = run.function;
	if (run.function == SGX_EEXIT) {
		call->rdi = registers.rdi;
		call->rsi = registers.rsi;
		call->rdx = registers.rdx;
		call->r8 = registers.r8;
		call->r9 = registers.r9;
	} else {
		call->vector = run.exception_vector;
		call->error_code = run.exception_error_code;
		call->address = run.exception_addr;
	}
	return 0;
}

/* Without its pages a thread inside faults at its next step, and the fault
 * ends its visit. */
static void destroy(struct drv_enclave *e)
{
	const struct timespec ms = { 0, 1000000 };

	__atomic_store_n(&e->dying, true, __ATOMIC_SEQ_CST);
	range_release(e->base, e->size, 0);
	for (int tries = 0; tries < 10000 && __atomic_load_n(&e->visits,
		__ATOMIC_SEQ_CST); tries++)
		nanosleep(&ms, NULL);
	g_calls->close(e->fd);
	if (__atomic_load_n(&e->visits, __ATOMIC_SEQ_CST))
		return; /* still used by a thread that is stuck */
	free(e->piece);
	free(e);
}

/* --- memory ------------------------------------------------------------- */

/* On the processor itself, enclaves reach all memory of their host. */
static void *shared_alloc(size_t size)
{
	if (size > SIZE_MAX - 63)
		return NULL;
	size = (size + 63) & ~(size_t)63;
	return aligned_alloc(64, size ? size : 64);
}

const struct drv_ops drv_kernel = {
	.name = "kernel",
	.reserve = reserve,
	.unreserve = unreserve,
	.misc_select = misc_select,
	.create = create,
	.add_pages = add_pages,
	.may_grow = may_grow,
	.provision = provision,
	.init = init,
	.enter = enter,
	.features = features,
	.restrict_permissions = restrict_permissions,
	.modify_types = modify_types,
	.remove_pages = remove_pages,
	.destroy = destroy,
	.shared_alloc = shared_alloc,
	.shared_free = free,
};
