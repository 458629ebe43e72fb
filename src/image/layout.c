/* SPDX-License-Identifier: MIT */
/*
 * Where everything lies, and in which order it is added.  The order and the
 * patches made here decide MRENCLAVE, so they follow the Open Enclave loader
 * to the letter; image.h draws the picture.
 */
#include "image_priv.h"

#include <stdlib.h>
#include <string.h>

/* Pages of a thread besides its stack and TLS: guard, guard, TCS, two SSA
 * frames, guard, td.  The distance from TCS to td is 4 pages plus TLS. */
#define GUARD_PAGES 1u
#define SSA_FRAMES 2u
#define TCS_TO_TLS_PAGES (1 + SSA_FRAMES + GUARD_PAGES)
#define THREAD_FIXED_PAGES (2 * GUARD_PAGES + TCS_TO_TLS_PAGES + 1)
#define RUNS_PER_THREAD 4u
#define SPARES_PER_THREAD 4u
/* User addresses end here: a larger enclave cannot be loaded anywhere. */
#define ELRANGE_MAX (1ull << 46)
#define STACK_FILL 0xcc

#define REG_RW (SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_W)
#define REG_R (SGX_SECINFO_REG | SGX_SECINFO_R)

static void *page_alloc(uint64_t size)
{
	void *p = aligned_alloc(PAGE, size);

	if (p)
		memset(p, 0, size);
	return p;
}

static bool round_up(uint64_t size, uint64_t align, uint64_t *out)
{
	if (__builtin_add_overflow(size, align - 1, out))
		return false;
	*out &= ~(align - 1);
	return true;
}

static bool count_tls_pages(struct image *image)
{
	const struct module *m = &image->main;
	uint64_t data, bss, size;

	if (!round_up(m->tdata_size, m->tls_align, &data) ||
		!round_up(m->tbss_size, m->tls_align, &bss) ||
		__builtin_add_overflow(data, bss, &size) ||
		!round_up_pages(size, &size))
		return false;
	image->tls_pages = size / PAGE;
	return true;
}

/* Main records, then those of the shared object, padded with zeros. */
static enum image_result merge_relocations(struct image *image,
	struct image_error *error)
{
	const struct module *a = &image->main, *b = &image->dependent;
	uint64_t a_size = a->reloc_count * sizeof(*a->relocs);
	uint64_t b_size = b->reloc_count * sizeof(*b->relocs);

	/* Both are bounded by the sizes of files in memory. */
	if (!round_up_pages(a_size + b_size, &image->reloc_size))
		return IMAGE_UNEXPECTED;
	image->reloc_rva = a->size + b->size;
	image->heap_rva = image->reloc_rva + image->reloc_size;
	if (!image->reloc_size)
		return IMAGE_OK;
	image->relocs = page_alloc(image->reloc_size);
	if (!image->relocs)
		return image_fail(error, IMAGE_OUT_OF_MEMORY, "out of memory");
	if (a_size)
		memcpy(image->relocs, a->relocs, a_size);
	if (b_size)
		memcpy(image->relocs + a_size, b->relocs, b_size);
	return IMAGE_OK;
}

static uint64_t heap_room(const struct image *image)
{
	return image->growth.max_heap_pages ? image->growth.max_heap_pages :
		image->properties.header.size_settings.num_heap_pages;
}

/* ELRANGE: the smallest power of two that holds it all. */
static enum image_result compute_size(struct image *image,
	struct image_error *error)
{
	const oe_enclave_size_settings_t *want =
		&image->properties.header.size_settings;
	const uint64_t heap = heap_room(image);
	const uint64_t tcs = image->growth.max_tcs ? image->growth.max_tcs :
		want->num_tcs;
	uint64_t thread, threads, pages, size;
	uint64_t range = 2 * PAGE;

	image->start_offset = image_zero_base(image) ?
		image->properties.config.start_address : 0;
	if (!count_tls_pages(image) ||
		__builtin_add_overflow(want->num_stack_pages,
			THREAD_FIXED_PAGES, &thread) ||
		__builtin_add_overflow(thread, image->tls_pages, &thread) ||
		__builtin_mul_overflow(thread, tcs, &threads) ||
		__builtin_add_overflow(threads, heap, &pages) ||
		__builtin_mul_overflow(pages, PAGE, &size) ||
		__builtin_add_overflow(size, image->heap_rva, &size) ||
		__builtin_add_overflow(size, image->start_offset, &size) ||
		size > ELRANGE_MAX)
		return image_fail(error, IMAGE_FAILURE,
			"heap, stacks and threads do not fit into an address "
			"space");
	while (range < size)
		range <<= 1;
	image->elrange_size = range;
	image->tcs_count = want->num_tcs;
	image->tcs_most = tcs;
	return IMAGE_OK;
}

static enum image_result patch_symbol(struct image *image, const char *name,
	uint64_t value, bool must, struct image_error *error)
{
	struct module *m = &image->main;
	Elf64_Sym symbol;
	uint8_t *at;

	if (!elf_symbols_find(&m->dynsym, name, &symbol) ||
		symbol.st_shndx == SHN_UNDEF) {
		if (!must)
			return IMAGE_OK;
		return image_fail(error, IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
			"the image does not export %s", name);
	}
	at = module_at(m, symbol.st_value, sizeof(value));
	if (!at)
		return image_fail(error, IMAGE_INVALID_IMAGE,
			"%s lies outside the image", name);
	memcpy(at, &value, sizeof(value));
	return IMAGE_OK;
}

struct module_info {
	uint64_t base_rva;
	uint64_t init_array_rva, init_array_size;
	uint64_t fini_array_rva, fini_array_size;
};

static enum image_result patch_module_info(struct image *image,
	struct image_error *error)
{
	const struct module *b = &image->dependent;
	struct module_info info = {.base_rva = b->rva};
	Elf64_Sym symbol;
	Elf64_Shdr sh;
	void *at;

	if (!elf_symbols_find(&image->main.dynsym, "_module_info", &symbol) ||
		symbol.st_shndx == SHN_UNDEF)
		return image_fail(error, IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
			"the image does not export _module_info");
	at = module_at(&image->main, symbol.st_value, sizeof(info));
	if (!at)
		return image_fail(error, IMAGE_INVALID_IMAGE,
			"_module_info lies outside the image");
	if (elf_file_find_section(&b->elf, ".init_array", &sh)) {
		info.init_array_rva = b->rva + sh.sh_addr;
		info.init_array_size = sh.sh_size;
	}
	if (elf_file_find_section(&b->elf, ".fini_array", &sh)) {
		info.fini_array_rva = b->rva + sh.sh_addr;
		info.fini_array_size = sh.sh_size;
	}
	memcpy(at, &info, sizeof(info));
	return IMAGE_OK;
}

static void patch_oeinfo(struct image *image, bool last)
{
	uint8_t *at = image->main.bytes + image->main.oeinfo_rva;
	oe_sgx_enclave_properties_t p;

	memcpy(&p, at, sizeof(p));
	if (last) {
		memset(p.sigstruct, 0, sizeof(p.sigstruct));
	} else {
		p.image_info.oeinfo_rva = image->main.oeinfo_rva;
		p.image_info.oeinfo_size = sizeof(p);
		p.image_info.reloc_rva = image->reloc_rva;
		p.image_info.reloc_size = image->reloc_size;
		p.image_info.heap_rva = image->heap_rva;
		p.image_info.enclave_size = image->elrange_size;
	}
	memcpy(at, &p, sizeof(p));
}

static enum image_result patch(struct image *image, struct image_error *error)
{
	const struct module *m = &image->main;
	Elf64_Sym self = {0};
	const struct {
		const char *name;
		uint64_t value;
		bool must, when;
	} symbols[] = {
		{"_enclave_rva", 0, true, true}, /* value below */
		{"_reloc_rva", image->reloc_rva, true, true},
		{"_reloc_size", image->reloc_size, true, true},
		{"_tdata_rva", m->tdata_rva, false, m->tdata_size},
		{"_tdata_size", m->tdata_size, false, m->tdata_size},
		{"_tdata_align", m->tls_align, false, m->tdata_size},
		{"_tbss_size", m->tbss_size, false, m->tbss_size},
		{"_tbss_align", m->tls_align, false, m->tbss_size},
		{"_td_from_tcs_offset",
			(image->tls_pages + TCS_TO_TLS_PAGES) * PAGE, false,
			true},
	};
	enum image_result r = IMAGE_OK;

	elf_symbols_find(&m->dynsym, "_enclave_rva", &self);
	patch_oeinfo(image, false);
	for (size_t i = 0; !r && i < sizeof(symbols) / sizeof(*symbols); i++)
		if (symbols[i].when)
			r = patch_symbol(image, symbols[i].name,
				i ? symbols[i].value : self.st_value,
				symbols[i].must, error);
	if (!r && image->dependent.bytes)
		r = patch_module_info(image, error);
	if (!r)
		patch_oeinfo(image, true);
	return r;
}

static void add_run(struct image *image, uint64_t offset, uint64_t pages,
	uint64_t flags, bool measured, const void *data, bool same)
{
	if (!pages)
		return;
	image->runs[image->run_count++] = (struct image_run){
		.offset = image->start_offset + offset, .pages = pages,
		.secinfo_flags = flags, .measured = measured, .data = data,
		.same_page = same,
	};
	image->added_pages += pages;
}

static void add_module(struct image *image, const struct module *m)
{
	for (size_t i = 0; i < m->segment_count; i++) {
		const struct module_segment *s = &m->segments[i];
		uint64_t from = s->vaddr & ~(PAGE - 1), to = s->vaddr + s->memsz;
		uint64_t flags = SGX_SECINFO_REG;

		flags |= s->flags & PF_R ? SGX_SECINFO_R : 0;
		flags |= s->flags & PF_W ? SGX_SECINFO_W : 0;
		flags |= s->flags & PF_X ? SGX_SECINFO_X : 0;
		add_run(image, m->rva + from, (to - from + PAGE - 1) / PAGE,
			flags, true, m->bytes + from, false);
	}
}

static void add_spare(struct image *image, uint64_t offset, uint64_t pages,
	bool tcs)
{
	if (pages)
		image->spares[image->spare_count++] = (struct image_spare){
			image->start_offset + offset, pages, tcs };
}

/* Where a thread would be that is not added. */
static uint64_t spare_thread(struct image *image, size_t i, uint64_t at)
{
	const uint64_t stack =
		image->properties.header.size_settings.num_stack_pages;

	at += GUARD_PAGES * PAGE;
	add_spare(image, at, stack, false);
	at += (stack + GUARD_PAGES) * PAGE;
	image->tcs_offsets[i] = image->start_offset + at;
	add_spare(image, at, 1, true);
	add_spare(image, at + PAGE, SSA_FRAMES, false);
	at += TCS_TO_TLS_PAGES * PAGE;
	add_spare(image, at, image->tls_pages + 1, false);
	return at + (image->tls_pages + 1) * PAGE;
}

static uint64_t add_thread(struct image *image, size_t i, uint64_t at)
{
	const uint64_t stack =
		image->properties.header.size_settings.num_stack_pages;
	struct sgx_tcs *tcs = &image->tcs[i];
	uint64_t td;

	at += GUARD_PAGES * PAGE;
	add_run(image, at, stack, REG_RW, true, image->stack_page, true);
	at += (stack + GUARD_PAGES) * PAGE;

	td = at + (TCS_TO_TLS_PAGES + image->tls_pages) * PAGE;
	image->tcs_offsets[i] = image->start_offset + at;
	tcs->ossa = image->start_offset + at + PAGE;
	tcs->nssa = SSA_FRAMES;
	tcs->oentry = image_entry_offset(image);
	tcs->ofsbase = image->start_offset + td;
	tcs->ogsbase = tcs->ofsbase;
	tcs->fslimit = UINT32_MAX;
	tcs->gslimit = UINT32_MAX;
	add_run(image, at, 1, SGX_SECINFO_TCS, true, tcs, false);
	add_run(image, at + PAGE, SSA_FRAMES, REG_RW, true, NULL, false);
	add_run(image, at + TCS_TO_TLS_PAGES * PAGE, image->tls_pages + 1,
		REG_RW, true, NULL, false);
	return td + PAGE;
}

static enum image_result make_runs(struct image *image,
	struct image_error *error)
{
	const size_t n = image->tcs_count, most = image->tcs_most;
	const uint64_t heap =
		image->properties.header.size_settings.num_heap_pages;
	const uint64_t room = heap_room(image);
	uint64_t at;

	image->runs = calloc(image->main.segment_count +
		image->dependent.segment_count + 2 + RUNS_PER_THREAD * n,
		sizeof(*image->runs));
	image->tcs = page_alloc((n ? n : 1) * PAGE);
	image->tcs_offsets = calloc(most + 1, sizeof(*image->tcs_offsets));
	image->spares = calloc(1 + SPARES_PER_THREAD * (most - n),
		sizeof(*image->spares));
	image->stack_page = page_alloc(PAGE);
	if (!image->runs || !image->tcs || !image->tcs_offsets ||
		!image->stack_page || !image->spares)
		return image_fail(error, IMAGE_OUT_OF_MEMORY, "out of memory");
	memset(image->stack_page, STACK_FILL, PAGE);

	add_module(image, &image->main);
	if (image->dependent.bytes)
		add_module(image, &image->dependent);
	add_run(image, image->reloc_rva, image->reloc_size / PAGE, REG_R, true,
		image->relocs, false);
	add_run(image, image->heap_rva, heap, REG_RW, false, NULL, false);
	add_spare(image, image->heap_rva + heap * PAGE, room - heap, false);
	at = image->heap_rva + room * PAGE;
	for (size_t i = 0; i < n; i++)
		at = add_thread(image, i, at);
	for (size_t i = n; i < most; i++)
		at = spare_thread(image, i, at);
	return IMAGE_OK;
}

enum image_result image_build(struct image *image, struct image_error *error)
{
	struct image_error field;
	enum image_result r;

	if (image->built)
		return image_fail(error, IMAGE_INVALID_PARAMETER,
			"the image is laid out already");
	image->built = true;
	r = image_check_properties(&image->properties, &field);
	if (r)
		return image_fail(error, r,
			"Invalid enclave property value: %.200s", field.text);
	r = image_check_growth(image, error);
	if (!r)
		r = merge_relocations(image, error);
	if (!r)
		r = compute_size(image, error);
	if (!r)
		r = patch(image, error);
	if (!r)
		r = make_runs(image, error);
	return r;
}

const struct image_run *image_runs(const struct image *image, size_t *count)
{
	*count = image->run_count;
	return image->runs;
}

uint64_t image_elrange_size(const struct image *image)
{
	return image->elrange_size;
}

uint64_t image_start_offset(const struct image *image)
{
	return image->start_offset;
}

bool image_zero_base(const struct image *image)
{
	return image->properties.config.flags.create_zero_base_enclave;
}

uint64_t image_entry_offset(const struct image *image)
{
	return image->start_offset + image_entry(image);
}

size_t image_tcs_count(const struct image *image)
{
	return image->tcs_count;
}

size_t image_tcs_most(const struct image *image)
{
	return image->tcs_most;
}

const struct image_spare *image_spares(const struct image *image,
	size_t *count)
{
	*count = image->spare_count;
	return image->spare_count ? image->spares : NULL;
}

uint64_t image_tcs_offset(const struct image *image, size_t i)
{
	return image->tcs_offsets[i];
}

uint64_t image_added_pages(const struct image *image)
{
	return image->added_pages;
}
