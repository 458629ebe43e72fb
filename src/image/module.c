/* SPDX-License-Identifier: MIT */
/*
 * From an ELF file to its memory image.  Acceptance rules are those of the
 * Open Enclave loader; the sizes that a file claims are believed only after
 * they were compared with the file and with MODULE_MAX_BYTES.
 */
#include "module.h"

#include "common/why.h"
#include <coffer/growth.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum image_result image_fail(struct image_error *error,
	enum image_result result, const char *format, ...)
{
	va_list ap;

	if (error) {
		va_start(ap, format);
		vsnprintf(error->text, sizeof(error->text),
			why_words(format), ap);
		va_end(ap);
	}
	return result;
}

bool round_up_pages(uint64_t a, uint64_t *out)
{
	if (__builtin_add_overflow(a, PAGE - 1, out))
		return false;
	*out &= ~(PAGE - 1);
	return true;
}

void *module_at(const struct module *module, uint64_t rva, uint64_t size)
{
	if (rva > module->size || size > module->size - rva)
		return NULL;
	return module->bytes + rva;
}

enum image_result module_read_file(const char *path, void **bytes,
	size_t *size, uint32_t *mode, struct image_error *error)
{
	enum image_result r = IMAGE_UNEXPECTED;
	uint8_t *data = NULL;
	size_t have = 0, total;
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return image_fail(error, errno == ENOENT ? IMAGE_NOT_FOUND :
			IMAGE_FAILURE, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st)) {
		r = image_fail(error, IMAGE_FAILURE, "%s: %s", path,
			strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		r = image_fail(error, IMAGE_FAILURE, "%s: not a regular file",
			path);
		goto out;
	}
	if ((uint64_t)st.st_size > MODULE_MAX_BYTES) {
		r = image_fail(error, IMAGE_INVALID_IMAGE,
			"%s: the file is too large for an enclave image", path);
		goto out;
	}
	total = (size_t)st.st_size;
	data = malloc(total ? total : 1);
	if (!data) {
		r = image_fail(error, IMAGE_OUT_OF_MEMORY, "%s: out of memory",
			path);
		goto out;
	}
	while (have < total) {
		ssize_t n = read(fd, data + have, total - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			r = image_fail(error, IMAGE_FAILURE, "%s: %s", path,
				n ? strerror(errno) : "the file shrinks");
			goto out;
		}
		have += (size_t)n;
	}
	*bytes = data;
	*size = total;
	if (mode)
		*mode = st.st_mode & 07777;
	data = NULL;
	r = IMAGE_OK;
out:
	free(data);
	close(fd);
	return r;
}

static enum image_result read_sections(struct module *m,
	struct image_error *error)
{
	Elf64_Shdr sh;

	for (size_t i = 0; elf_file_section(&m->elf, i, &sh); i++) {
		const char *name = elf_file_section_name(&m->elf, &sh);

		if (!name)
			continue;
		if (!strcmp(name, OE_INFO_SECTION_NAME)) {
			m->oeinfo_rva = sh.sh_addr;
			m->oeinfo_file_offset = sh.sh_offset;
		} else if (!strcmp(name, COFFER_GROWTH_SECTION)) {
			m->growth_rva = sh.sh_addr;
			m->growth_file_offset = sh.sh_offset;
		} else if (!strcmp(name, ".note.gnu.build-id")) {
			m->has_build_id = true;
		} else if (!strcmp(name, ".tdata")) {
			m->tdata_rva = sh.sh_addr;
			m->tdata_size = sh.sh_size;
		} else if (!strcmp(name, ".tbss")) {
			m->tbss_size = sh.sh_size;
		}
	}
	if (!elf_file_symbols(&m->elf, ".dynsym", ".dynstr", SHT_DYNSYM,
		&m->dynsym))
		return image_fail(error, IMAGE_INVALID_IMAGE,
			"the dynamic symbol table is malformed");
	return IMAGE_OK;
}

static enum image_result read_sizes(struct module *m,
	struct image_error *error)
{
	uint64_t low = UINT64_MAX, high = 0, end;
	Elf64_Phdr ph;

	for (size_t i = 0; elf_file_segment(&m->elf, i, &ph); i++) {
		if (ph.p_filesz > ph.p_memsz)
			return image_fail(error, IMAGE_INVALID_IMAGE,
				"segment %zu has more bytes in the file than in"
				" memory", i);
		if (ph.p_type != PT_LOAD)
			continue;
		if (__builtin_add_overflow(ph.p_vaddr, ph.p_memsz, &end) ||
			end > MODULE_MAX_BYTES)
			return image_fail(error, IMAGE_INVALID_IMAGE,
				"segment %zu is too large or too high", i);
		if (ph.p_vaddr < low)
			low = ph.p_vaddr;
		if (end > high)
			high = end;
		m->segment_count++;
	}
	if (!m->segment_count)
		return image_fail(error, IMAGE_INVALID_IMAGE,
			"the image has no segment to load");
	if (low || !high)
		return image_fail(error, IMAGE_INVALID_IMAGE,
			"the image does not begin at address 0");
	if (!round_up_pages(high, &m->size))
		return IMAGE_UNEXPECTED;
	return IMAGE_OK;
}

static enum image_result check_tls(struct module *m, const Elf64_Phdr *ph,
	struct image_error *error)
{
	/* Without .tdata a linker leaves the address of .tbss here. */
	if (m->tdata_rva && m->tdata_rva != ph->p_vaddr)
		return image_fail(error, IMAGE_INVALID_IMAGE,
			".tdata is at %#llx, the TLS segment at %#llx",
			(unsigned long long)m->tdata_rva,
			(unsigned long long)ph->p_vaddr);
	if (m->tdata_size != ph->p_filesz)
		return image_fail(error, IMAGE_INVALID_IMAGE,
			".tdata has %llu bytes, the TLS segment %llu",
			(unsigned long long)m->tdata_size,
			(unsigned long long)ph->p_filesz);
	if (ph->p_align & (ph->p_align - 1))
		return image_fail(error, IMAGE_INVALID_IMAGE,
			"the alignment of the TLS segment is not a power of 2");
	if (ph->p_align)
		m->tls_align = ph->p_align;
	return IMAGE_OK;
}

static enum image_result load_segments(struct module *m,
	struct image_error *error)
{
	struct module_segment *s;
	Elf64_Phdr ph;
	size_t n = 0;

	m->segments = calloc(m->segment_count, sizeof(*m->segments));
	/* Untouched pages of a large .bss cost nothing this way. */
	m->bytes = mmap(NULL, m->size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->bytes == MAP_FAILED)
		m->bytes = NULL;
	if (!m->segments || !m->bytes)
		return image_fail(error, IMAGE_OUT_OF_MEMORY,
			"no memory for an image of %llu bytes",
			(unsigned long long)m->size);

	m->tls_align = 1;
	for (size_t i = 0; elf_file_segment(&m->elf, i, &ph); i++) {
		const void *from;
		void *to;

		if (ph.p_type == PT_TLS) {
			enum image_result r = check_tls(m, &ph, error);

			if (r)
				return r;
		}
		if (ph.p_type != PT_LOAD)
			continue;
		s = &m->segments[n];
		s->vaddr = ph.p_vaddr;
		s->memsz = ph.p_memsz;
		s->flags = ph.p_flags & (PF_R | PF_W | PF_X);
		if (!s->flags)
			return image_fail(error, IMAGE_UNEXPECTED,
				"segment %zu has no permissions", i);
		from = elf_file_bytes(&m->elf, ph.p_offset, ph.p_filesz);
		to = module_at(m, ph.p_vaddr, ph.p_memsz);
		if (!from || !to)
			return image_fail(error, IMAGE_INVALID_IMAGE,
				"segment %zu lies outside the file", i);
		memcpy(to, from, ph.p_filesz);
		if (n && s[-1].vaddr >= s->vaddr)
			return image_fail(error, IMAGE_UNEXPECTED,
				"segments are not in ascending order");
		if (n && s[-1].vaddr + s[-1].memsz > (s->vaddr & ~(PAGE - 1)))
			return image_fail(error, IMAGE_INVALID_IMAGE,
				"segments overlap or share a page");
		n++;
	}
	return IMAGE_OK;
}

static bool relocation_allowed(uint64_t type)
{
	return type == R_X86_64_RELATIVE || type == R_X86_64_TPOFF64 ||
		type == R_X86_64_GLOB_DAT || type == R_X86_64_64 ||
		type == R_X86_64_JUMP_SLOT;
}

/* *count stays 0 if there is no such section. */
static enum image_result find_relocations(const struct module *m,
	const char *name, const void **data, size_t *count,
	struct image_error *error)
{
	Elf64_Shdr sh;
	Elf64_Rela rela;

	*data = NULL;
	*count = 0;
	if (!elf_file_find_section(&m->elf, name, &sh))
		return IMAGE_OK;
	if (sh.sh_type != SHT_RELA || sh.sh_entsize != sizeof(rela) ||
		sh.sh_size % sizeof(rela))
		return image_fail(error, IMAGE_INVALID_IMAGE,
			"%s is malformed", name);
	*data = elf_file_bytes(&m->elf, sh.sh_offset, sh.sh_size);
	if (!*data)
		return image_fail(error, IMAGE_INVALID_IMAGE,
			"%s lies outside the file", name);
	*count = sh.sh_size / sizeof(rela);
	for (size_t i = 0; i < *count; i++) {
		memcpy(&rela, (const uint8_t *)*data + i * sizeof(rela),
			sizeof(rela));
		if (!relocation_allowed(ELF64_R_TYPE(rela.r_info)))
			return image_fail(error,
				IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
				"relocation %zu of %s has type %u, which an "
				"enclave cannot apply", i, name,
				(unsigned)ELF64_R_TYPE(rela.r_info));
	}
	return IMAGE_OK;
}

static enum image_result load_relocations(struct module *m,
	struct image_error *error)
{
	size_t dyn_count, plt_count;
	const void *dyn, *plt;
	enum image_result r;

	r = find_relocations(m, ".rela.dyn", &dyn, &dyn_count, error);
	if (!r)
		r = find_relocations(m, ".rela.plt", &plt, &plt_count, error);
	/* As in OE: .rela.plt counts only beside .rela.dyn. */
	if (r || !dyn || !(dyn_count + plt_count))
		return r;
	if (!m->dynsym.count)
		return image_fail(error, IMAGE_INVALID_IMAGE,
			"the image has relocations but no dynamic symbols");
	m->relocs = malloc((dyn_count + plt_count) * sizeof(*m->relocs));
	if (!m->relocs)
		return image_fail(error, IMAGE_OUT_OF_MEMORY, "out of memory");
	memcpy(m->relocs, dyn, dyn_count * sizeof(*m->relocs));
	if (plt_count)
		memcpy(m->relocs + dyn_count, plt,
			plt_count * sizeof(*m->relocs));
	m->reloc_count = dyn_count + plt_count;

	/* The enclave looks no symbols up, so it gets the offset from the end
	 * of the TLS block in the addend. */
	for (size_t i = 0; i < m->reloc_count; i++) {
		Elf64_Rela *rela = &m->relocs[i];
		Elf64_Sym symbol;

		if (ELF64_R_TYPE(rela->r_info) != R_X86_64_TPOFF64)
			continue;
		if (!elf_symbols_get(&m->dynsym, ELF64_R_SYM(rela->r_info),
			&symbol))
			return image_fail(error,
				IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
				"relocation %zu names a symbol that does not "
				"exist", i);
		rela->r_addend = (int64_t)symbol.st_value;
	}
	return IMAGE_OK;
}

enum image_result module_load(struct module *m, const char *path, void *file,
	size_t file_size, struct image_error *error)
{
	enum image_result r = IMAGE_OK;
	const char *wrong;

	memset(m, 0, sizeof(*m));
	m->file = file;
	if (path) {
		m->path = strdup(path);
		if (!m->path)
			r = image_fail(error, IMAGE_OUT_OF_MEMORY,
				"out of memory");
	}
	if (!r) {
		wrong = elf_file_open(&m->elf, file, file_size);
		if (wrong)
			r = image_fail(error, IMAGE_INVALID_IMAGE, "%s",
				why_words(wrong));
	}
	if (!r)
		r = read_sections(m, error);
	if (!r)
		r = read_sizes(m, error);
	if (!r)
		r = load_segments(m, error);
	if (!r)
		r = load_relocations(m, error);
	if (r)
		module_free(m);
	return r;
}

void module_free(struct module *m)
{
	free(m->path);
	free(m->file);
	free(m->segments);
	free(m->relocs);
	if (m->bytes)
		munmap(m->bytes, m->size);
	memset(m, 0, sizeof(*m));
}
