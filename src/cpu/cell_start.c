/* SPDX-License-Identifier: MIT */
/*
 * From an initialised enclave to a cell that waits for entries: what to map
 * where, EEXITs patched, the process started, and its end.
 */
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
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096ull
#define START_TIMEOUT_MS 10000u

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

/* ---- what the cell maps ---- */

static int prot_of(uint8_t rwx)
{
	return (rwx & SGX_SECINFO_R ? PROT_READ : 0)
		| (rwx & SGX_SECINFO_W ? PROT_WRITE : 0)
		| (rwx & SGX_SECINFO_X ? PROT_EXEC : 0);
}

static uint32_t fd_of(enum backing_kind kind)
{
	switch (kind) {
	case BACKING_SECRET: return CELL_FD_SECRET;
	case BACKING_PLAIN: return CELL_FD_PLAIN;
	case BACKING_CODE: return CELL_FD_CODE;
	default: return CELL_FD_CODE_W;
	}
}

struct map_list {
	struct cell_map *map;
	uint32_t count, room;
};

static bool map_add(struct map_list *list, const struct cell_map *m)
{
	struct cell_map *last = list->count > 0
		? &list->map[list->count - 1] : NULL;

	if (last != NULL && last->fd == m->fd && last->prot == m->prot
	    && last->va + last->length == m->va
	    && last->offset + last->length == m->offset) {
		last->length += m->length;
		return true;
	}
	if (list->count == list->room) {
		uint32_t room = list->room == 0 ? 64 : list->room * 2;
		void *p = realloc(list->map, room * sizeof(*list->map));

		if (p == NULL)
			return false;
		list->map = p;
		list->room = room;
	}
	list->map[list->count++] = *m;
	return true;
}

/* Regular pages only: TCS pages have no address that software can use. */
static bool map_pages(struct engine_cell *e, struct space *s,
	struct map_list *list)
{
	for (uint64_t i = s->lowest; i <= s->highest && i != UINT64_MAX; i++) {
		const struct epc_location *l;
		struct cell_map m;

		if (s->page[i] == 0)
			continue;
		l = &e->location[s->page[i] - 1];
		if (l->type != SGX_PT_REG)
			continue;
		m = (struct cell_map){
			.va = s->el_base + i * PAGE,
			.offset = (uint64_t)l->file_page * PAGE,
			.length = PAGE,
			.fd = fd_of(l->kind),
			.prot = (uint32_t)prot_of(l->rwx),
		};
		if (!map_add(list, &m))
			return false;
	}
	return true;
}

/* ---- EEXIT without a trap ---- */

/* mov eax, 4; enclu */
static const uint8_t eexit_pattern[8] = {
	0xb8, 4, 0, 0, 0, 0x0f, 0x01, 0xd7,
};

static void patch_site(uint8_t *site, uint64_t va, uint64_t trampoline)
{
	int64_t distance = (int64_t)(trampoline - (va + 5));
	int32_t rel = (int32_t)distance;

	if (distance != rel)
		return; /* too far: this one takes the trap */
	site[0] = 0xe9;
	memcpy(site + 1, &rel, sizeof(rel));
}

/* The pattern in code that may execute but not change becomes a jump over the
 * `mov` to the trampoline; the ENCLU stays and traps if it is reached. */
static void patch_run(uint8_t *code, const struct cell_map *m,
	uint64_t trampoline)
{
	uint8_t *at = code + m->offset;
	uint8_t *end = at + m->length;

	while ((size_t)(end - at) >= sizeof(eexit_pattern)) {
		uint8_t *hit = memmem(at, (size_t)(end - at), eexit_pattern,
			sizeof(eexit_pattern));

		if (hit == NULL)
			return;
		patch_site(hit, m->va + (uint64_t)(hit - code) - m->offset,
			trampoline);
		at = hit + sizeof(eexit_pattern);
	}
}

/* The trampoline is one more page of the code file: jmp *[rip + 2]; address,
 * aligned, since RFLAGS.AC is the enclave's. */
static int make_trampoline(struct engine_cell *e, struct space *s,
	uint64_t va, struct map_list *list)
{
	static const uint8_t jump[8] = { 0xff, 0x25, 2, 0, 0, 0, 0xcc, 0xcc };
	enum backing_kind kind = BACKING_CODE;
	int64_t page = backing_take(&s->backing, &kind);
	uint8_t *bytes;

	if (page < 0)
		return -ENOMEM;
	bytes = backing_page(&s->backing, kind, (uint64_t)page);
	memcpy(bytes, jump, sizeof(jump));
	memcpy(bytes + sizeof(jump), &e->exit_entry, sizeof(e->exit_entry));
	return map_add(list, &(struct cell_map){
		.va = va, .offset = (uint64_t)page * PAGE, .length = PAGE,
		.fd = CELL_FD_CODE, .prot = PROT_READ | PROT_EXEC,
	}) ? 0 : -ENOMEM;
}

static void patch_code(struct space *s, uint64_t trampoline,
	const struct map_list *list)
{
	uint8_t *code = s->backing.file[BACKING_CODE].base;

	for (uint32_t i = 0; i < list->count; i++)
		if (list->map[i].fd == CELL_FD_CODE
		    && list->map[i].va != trampoline)
			patch_run(code, &list->map[i], trampoline);
}

/* ---- control region ---- */

static void fill_tcs(struct cell_control *c, const struct engine_start *how)
{
	for (uint32_t i = 0; i < how->tcs_count; i++) {
		const struct engine_tcs *t = &how->tcs[i];

		c->tcs[i] = (struct cell_tcs){
			.linaddr = t->linaddr, .ossa = t->ossa,
			.oentry = t->oentry, .ofsbase = t->ofsbase,
			.ogsbase = t->ogsbase, .nssa = t->nssa,
			.frames = t->frames, .flags = t->flags,
			.entry_faults = t->entry_faults,
			.entry_vector = t->entry_vector,
			.entry_address = t->entry_address,
		};
	}
}

static int make_control(struct engine_cell *e, struct space *s,
	const struct engine_start *how, const struct map_list *list)
{
	size_t maps = list->count * sizeof(struct cell_map);
	struct cell_control *c;

	s->control_size = (sizeof(*c) + maps + PAGE - 1) & ~(PAGE - 1);
	s->control_fd = memfd_create("coffer-control",
		MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (s->control_fd < 0
	    || ftruncate(s->control_fd, (off_t)s->control_size) != 0
	    || fcntl(s->control_fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK
		       | F_SEAL_GROW) != 0)
		return -errno;
	c = mmap(NULL, s->control_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		s->control_fd, 0);
	if (c == MAP_FAILED)
		return -errno;
	s->control = c;
	c->abi = CELL_ABI;
	c->cpu_pid = (uint32_t)getpid();
	c->tcs_count = how->tcs_count;
	c->el_base = s->el_base;
	c->el_size = s->el_size;
	c->arena_va = s->arena_va;
	c->arena_size = s->arena_size;
	c->gate_va = s->arena_va + how->gate_offset;
	c->trampoline_va = how->trampoline_va;
	c->xfrm = how->xfrm;
	c->misc_select = how->misc_select;
	c->ssa_frame_size = how->ssa_frame_pages * (uint32_t)PAGE;
	c->xsave_size = how->xsave_size;
	c->mxcsr_mask = how->mxcsr_mask;
	c->sgx_features = how->sgx_features;
	c->text_size = e->text_size;
	c->control_size = s->control_size;
	c->map_count = list->count;
	memcpy(c->map, list->map, maps);
	fill_tcs(c, how);
	return 0;
}

/* ---- start ---- */

/* The cell's data, stacks and thread areas. */
static int state_file(struct engine_cell *e, uint32_t tcs_count)
{
	off_t size = (off_t)(0x100000 + (tcs_count + 1) * CELL_AREA_SIZE);
	int fd = -1;

	if (e->secret)
		fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);
	if (fd < 0)
		fd = memfd_create("coffer-state", MFD_CLOEXEC);
	if (fd >= 0 && ftruncate(fd, size) != 0) {
		close(fd);
		return -errno;
	}
	return fd < 0 ? -errno : fd;
}

static int spawn_cell(struct engine_cell *e, struct space *s, char *why,
	size_t size)
{
	struct backing_file *f = s->backing.file;
	struct spawn spawn = { .space = s };
	int state = state_file(e, s->tcs_count), code = -1;
	pid_t pid = -EMFILE;

	if (f[BACKING_CODE].fd >= 0)
		code = read_only(f[BACKING_CODE].fd);
	for (int i = 0; i < CELL_FD_COUNT; i++)
		spawn.fd[i] = -1;
	spawn.fd[CELL_FD_CONTROL] = s->control_fd;
	spawn.fd[CELL_FD_ARENA] = s->arena_fd;
	spawn.fd[CELL_FD_SECRET] = f[BACKING_SECRET].fd;
	spawn.fd[CELL_FD_PLAIN] = f[BACKING_PLAIN].fd;
	spawn.fd[CELL_FD_CODE] = code;
	spawn.fd[CELL_FD_CODE_W] = f[BACKING_CODE_W].fd;
	spawn.fd[CELL_FD_TEXT] = e->text_fd;
	spawn.fd[CELL_FD_STATE] = state;
	if (state >= 0 && (code >= 0 || f[BACKING_CODE].fd < 0))
		pid = keeper_spawn(e, &spawn);
	if (pid < 0)
		snprintf(why, size, "cannot start the cell: %s",
			strerror(-pid));
	if (state >= 0)
		close(state);
	if (code >= 0)
		close(code);
	return pid < 0 ? pid : 0;
}

static int await_cell(struct engine_cell *e, struct space *s, char *why,
	size_t size)
{
	uint32_t *state = &s->control->state;

	for (unsigned waited = 0; waited < START_TIMEOUT_MS; waited += 20) {
		uint32_t now = __atomic_load_n(state, __ATOMIC_ACQUIRE);
		bool dead;

		if (now == CELL_READY)
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
		futex_op(state, FUTEX_WAIT, CELL_STARTING, 20);
	}
	snprintf(why, size, "the cell did not start in time");
	return -ETIMEDOUT;
}

static int map_boxes(struct space *s, const struct engine_start *how)
{
	size_t size = (size_t)how->tcs_count * GATE_STRIDE;
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

/* Everything is mapped where it is needed: no descriptor is left that could
 * be taken from us. */
static void close_files(struct space *s)
{
	backing_close(&s->backing);
	if (s->control_fd >= 0)
		close(s->control_fd);
	close(s->arena_fd);
	s->control_fd = s->arena_fd = -1;
}

int space_start(struct engine_cell *e, struct space *s,
	const struct engine_start *how, char *why, size_t size)
{
	struct map_list list = { 0 };
	int r;

	snprintf(why, size, "cannot lay out the cell");
	s->tcs_count = how->tcs_count;
	r = map_boxes(s, how);
	if (r == 0 && !map_pages(e, s, &list))
		r = -ENOMEM;
	if (r == 0)
		r = make_trampoline(e, s, how->trampoline_va, &list);
	if (r == 0) {
		patch_code(s, how->trampoline_va, &list);
		r = make_control(e, s, how, &list);
	}
	free(list.map);
	if (r == 0)
		r = spawn_cell(e, s, why, size);
	if (r == 0)
		r = await_cell(e, s, why, size);
	close_files(s);
	if (r == 0)
		r = service_start(e, s);
	if (r != 0)
		space_stop(e, s);
	return r;
}

/* ---- end ---- */

void space_mark_dead(struct space *s)
{
	for (uint32_t i = 0; s->boxes != NULL && i < s->tcs_count; i++) {
		__atomic_store_n(&s->boxes[i].dead, 1, __ATOMIC_SEQ_CST);
		futex_op(&s->boxes[i].word, FUTEX_WAKE, INT_MAX, 0);
	}
}

void space_stop(struct engine_cell *e, struct space *s)
{
	pthread_mutex_lock(&e->life);
	if (s->pid != 0 && !s->dead)
		kill(s->pid, SIGKILL);
	while (s->pid != 0 && !s->dead)
		pthread_cond_wait(&e->changed, &e->life);
	pthread_mutex_unlock(&e->life);
	service_stop(s);
	space_mark_dead(s);
}
