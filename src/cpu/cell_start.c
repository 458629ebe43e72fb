/* SPDX-License-Identifier: MIT */
/*
 * A cell's life: started with its enclave, told to seal itself and wait for
 * entries when the enclave is initialised, and its end.
 */
#include "common/msg.h"
#include "harden.h"
#include "space.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096ull
#define START_TIMEOUT_MS 10000u
#define USER_END 0x7ffffffff000ull

long futex_op(uint32_t *word, int op, uint32_t value, unsigned ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	return syscall(SYS_futex, word, op, value, ms != 0 ? &t : NULL, NULL,
		0);
}

/* ---- the cell's program ---- */

static int read_only(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* A file to execute: no writer may be left, its descriptor is out of the way
 * of those that a cell gets, and nobody may read it, which makes the kernel
 * start the process non-dumpable. */
static int program_file(const void *blob, size_t size)
{
	int fd = memfd_create("coffer-cell", MFD_CLOEXEC);
	int reader = -1, raised = -1;

	if (fd >= 0 && write(fd, blob, size) == (ssize_t)size)
		reader = read_only(fd);
	if (reader >= 0 && fchmod(fd, 0111) == 0)
		raised = fcntl(reader, F_DUPFD_CLOEXEC, CELL_FD_COUNT);
	if (fd >= 0)
		close(fd);
	if (reader >= 0)
		close(reader);
	return raised;
}

int engine_cell_open_image(struct engine_cell *e, const void *blob,
	size_t size, char *why, size_t why_size)
{
	const Elf64_Ehdr *eh = blob;
	const Elf64_Phdr *ph = (const void *)((const char *)blob + eh->e_phoff);
	struct cell_info info = { 0 };

	for (unsigned i = 0; i < eh->e_phnum; i++) {
		const char *text = (const char *)blob + ph[i].p_offset;

		if (ph[i].p_type != PT_LOAD || !(ph[i].p_flags & PF_X))
			continue;
		memcpy(&info, text, sizeof(info));
		e->text_size = (ph[i].p_filesz + PAGE - 1) & ~(PAGE - 1);
		e->text_fd = sealed_file("coffer-cell", text, ph[i].p_filesz);
	}
	e->image_fd = program_file(blob, size);
	if (info.magic != CELL_INFO_MAGIC || e->text_fd < 0
	    || e->image_fd < 0) {
		snprintf(why, why_size, "cannot prepare the cell's program: %s",
			strerror(errno));
		return -1;
	}
	e->exit_entry = info.exit_entry;
	return 0;
}

/* ---- control region ---- */

static int make_control(struct space *s, int *fd)
{
	struct cell_control *c;

	*fd = memfd_create("coffer-control", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd < 0 || ftruncate(*fd, (off_t)CELL_CONTROL_SIZE) != 0
	    || fcntl(*fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK
		       | F_SEAL_GROW) != 0)
		return -errno;
	c = mmap(NULL, CELL_CONTROL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		*fd, 0);
	if (c == MAP_FAILED)
		return -errno;
	s->control = s->store.control = c;
	c->abi = CELL_ABI;
	c->cpu_pid = (uint32_t)getpid();
	c->el_base = s->el_base;
	c->el_size = s->el_size;
	c->arena_va = s->arena_va;
	c->arena_size = s->arena_size;
	c->debug = s->debug;
	return 0;
}

void space_describe_tcs(struct space *s, uint32_t index,
	const struct engine_tcs *t)
{
	struct cell_tcs *c = &s->control->tcs[index];

	*c = (struct cell_tcs){
		.linaddr = t->linaddr, .ossa = t->ossa, .oentry = t->oentry,
		.ofsbase = t->ofsbase, .ogsbase = t->ogsbase, .nssa = t->nssa,
		.frames = t->frames, .flags = t->flags,
		.entry_faults = t->entry_faults,
		.entry_vector = t->entry_vector,
		.entry_address = t->entry_address,
		.generation = c->generation + 1,
	};
}

static void fill_control(struct space *s, const struct engine_start *how)
{
	static const struct engine_tcs spare = {
		.entry_faults = true, .entry_vector = SGX_VECTOR_GP,
	};
	struct cell_control *c = s->control;

	c->tcs_slots = how->tcs_slots;
	c->gate_va = s->arena_va + how->gate_offset;
	c->trampoline_va = how->trampoline_va;
	c->xfrm = how->xfrm;
	c->misc_select = how->misc_select;
	c->ssa_frame_size = how->ssa_frame_pages * (uint32_t)PAGE;
	c->xsave_size = how->xsave_size;
	c->mxcsr_mask = how->mxcsr_mask;
	c->sgx_features = how->sgx_features;
	for (uint32_t i = 0; i < how->tcs_slots; i++)
		space_describe_tcs(s, i, i < how->tcs_count ? &how->tcs[i]
							    : &spare);
}

/* ---- places ---- */

bool space_is_clear(uint64_t at, uint64_t size)
{
	return at >= CELL_IMAGE_END && at < USER_END && size <= USER_END - at
		&& !ranges_meet(at, size, CELL_PRIVATE,
			CELL_PRIVATE_END - CELL_PRIVATE);
}

bool ranges_meet(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a < b ? b - a < a_size : a - b < b_size;
}

/* Pages of an enclave that are not mapped must be holes in ELRANGE: whatever
 * else lay there would be taken for them. */
static bool is_beside(const struct space *s, uint64_t at, uint64_t size)
{
	return space_is_clear(at, size)
		&& !ranges_meet(at, size, s->el_base, s->el_size)
		&& !ranges_meet(at, size, s->arena_va, s->arena_size);
}

/* ---- start ---- */

/* The cell's data, stacks and thread areas; as much of it as there are threads
 * is mapped at the start. */
static int state_file(struct engine_cell *e, const struct space *s)
{
	off_t size = (off_t)(0x100000 + (CELL_TCS_MAX + 1) * CELL_AREA_SIZE);
	int fd = -1;

	if (e->secret && !s->debug)
		fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);
	if (fd < 0)
		fd = memfd_create("coffer-state", MFD_CLOEXEC);
	if (fd >= 0 && ftruncate(fd, size) != 0) {
		close(fd);
		return -errno;
	}
	return fd < 0 ? -errno : fd;
}

/* Waits for the cell to reach a state. */
static int await_cell(struct engine_cell *e, struct space *s, uint32_t wanted,
	char *why, size_t size)
{
	uint32_t *state = &s->control->state;

	for (unsigned waited = 0; waited < START_TIMEOUT_MS; waited += 20) {
		uint32_t now = __atomic_load_n(state, __ATOMIC_ACQUIRE);
		bool dead;

		if (now == wanted)
			return 0;
		pthread_mutex_lock(&e->life);
		dead = s->dead;
		pthread_mutex_unlock(&e->life);
		if (now == CELL_FAILED) {
			snprintf(why, size, "the cell could not start: step "
				"%u, %s", s->control->error_step,
				strerror((int)s->control->error));
			return -EIO;
		}
		if (dead) {
			snprintf(why, size, "the cell died while it started");
			return -EIO;
		}
		futex_op(state, FUTEX_WAIT, now, 20);
	}
	snprintf(why, size, "the cell did not start in time");
	return -ETIMEDOUT;
}

/* The one message on the cell's socket: its filter's listener. */
static int receive_listener(int socket)
{
	unsigned fds = 1;
	int fd = -1;
	char byte;

	if (msg_recv(socket, &byte, sizeof(byte), &fd, &fds, MSG_DONTWAIT) != 1
	    || fds != 1)
		return -EPROTO;
	return fd;
}

static int spawn_with(struct engine_cell *e, struct space *s, int control,
	int state, int socket, char *why, size_t size)
{
	struct spawn spawn = { .space = s };
	pid_t pid;

	for (int i = 0; i < CELL_FD_COUNT; i++)
		spawn.fd[i] = -1;
	spawn.fd[CELL_FD_CONTROL] = control;
	spawn.fd[CELL_FD_ARENA] = s->arena_fd;
	spawn.fd[CELL_FD_TEXT] = e->text_fd;
	spawn.fd[CELL_FD_STATE] = state;
	spawn.fd[CELL_FD_SOCKET] = socket;
	pid = keeper_spawn(e, &spawn);
	if (pid < 0)
		snprintf(why, size, "cannot start the cell: %s",
			strerror(-pid));
	return pid < 0 ? pid : 0;
}

int space_spawn(struct engine_cell *e, struct space *s, char *why, size_t size)
{
	int control = -1, state = state_file(e, s), pair[2] = { -1, -1 };
	int r = state < 0 ? state : make_control(s, &control);

	if (r == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
		    pair) != 0)
		r = -errno;
	if (r == 0) {
		s->control->text_size = e->text_size;
		r = spawn_with(e, s, control, state, pair[1], why, size);
	}
	if (r == 0)
		r = await_cell(e, s, CELL_BUILDING, why, size);
	if (r == 0) {
		s->listener = receive_listener(pair[0]);
		r = s->listener < 0 ? s->listener : 0;
	}
	if (control >= 0)
		close(control);
	if (state >= 0)
		close(state);
	if (pair[0] >= 0) {
		close(pair[0]);
		close(pair[1]);
	}
	if (r == 0)
		r = service_start(e, s);
	return r;
}

static int map_boxes(struct space *s, const struct engine_start *how)
{
	size_t size = (size_t)how->tcs_slots * GATE_STRIDE;
	void *p;

	if (size == 0)
		return 0;
	if ((how->gate_offset & (PAGE - 1)) != 0
	    || how->gate_offset > s->arena_size
	    || size > s->arena_size - how->gate_offset)
		return -EINVAL;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, s->arena_fd,
		(off_t)how->gate_offset);
	if (p == MAP_FAILED)
		return -errno;
	s->boxes = p;
	return 0;
}

/* The trampoline is one page of code of our own beside the EPC's. */
static int make_trampoline(struct engine_cell *e, struct space *s, uint64_t va)
{
	int64_t slot = -1;
	bool fresh;

	if (store_reserve(&s->store, STORE_CODE, 1) == 0)
		slot = store_take(&s->store, STORE_CODE, STORE_NO_EPC, &fresh);
	if (slot < 0)
		return -ENOMEM;
	patch_trampoline(store_bytes(&s->store, (uint32_t)slot),
		e->exit_entry);
	s->trampoline_va = va;
	return orders_add(s, &(struct cell_order){ .action = CELL_MAP,
		.va = va, .length = PAGE,
		.home = store_home(&s->store, (uint32_t)slot),
		.prot = PROT_READ | PROT_EXEC }) ? 0 : -EBUSY;
}

int space_start(struct engine_cell *e, struct space *s,
	const struct engine_start *how, char *why, size_t size)
{
	const struct cell_order go = { .action = CELL_START };
	int r;

	snprintf(why, size, "cannot lay out the cell");
	if (!is_beside(s, how->trampoline_va, GATE_TRAMPOLINE_SIZE)) {
		snprintf(why, size, "the trampoline at 0x%llx is not beside "
			"enclave and shared memory",
			(unsigned long long)how->trampoline_va);
		return -EINVAL;
	}
	s->tcs_slots = how->tcs_slots;
	r = map_boxes(s, how);
	if (r == 0) {
		fill_control(s, how);
		r = orders_finish(s); /* chunks, and what was to be dropped */
	}
	if (r == 0 && !orders_add(s, &go))
		r = -EBUSY;
	if (r == 0)
		r = orders_finish(s);
	if (r == 0 || s->control->state == CELL_FAILED)
		r = await_cell(e, s, CELL_READY, why, size);
	close(s->arena_fd);
	s->arena_fd = -1;
	if (r == 0)
		r = make_trampoline(e, s, how->trampoline_va);
	return r == 0 ? orders_finish(s) : r;
}

/* ---- end ---- */

void space_mark_dead(struct space *s)
{
	for (uint32_t i = 0; s->boxes != NULL && i < s->tcs_slots; i++) {
		__atomic_store_n(&s->boxes[i].dead, 1, __ATOMIC_SEQ_CST);
		futex_op(&s->boxes[i].word, FUTEX_WAKE, INT_MAX, 0);
	}
}

void space_kill(struct engine_cell *e, struct space *s)
{
	pthread_mutex_lock(&e->life);
	if (s->pid != 0 && !s->dead)
		kill(s->pid, SIGKILL);
	pthread_mutex_unlock(&e->life);
}

void space_stop(struct engine_cell *e, struct space *s)
{
	space_kill(e, s);
	pthread_mutex_lock(&e->life);
	while (s->pid != 0 && !s->dead)
		pthread_cond_wait(&e->changed, &e->life);
	pthread_mutex_unlock(&e->life);
	service_stop(s);
	space_mark_dead(s);
}
