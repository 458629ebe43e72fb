/* SPDX-License-Identifier: MIT */
/*
 * Everything is looked at through elf_file.h's bounded reader; the bytes that
 * are written lie inside what it has checked.
 */
#include "protect.h"

#include "elf_file.h"
#include "module.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define HEADERS_MAX 64u
#define KEY_SIZE COFFER_PROTECTED_KEY_SIZE

/* What loader, runtime and debugger need in the clear. */
static const char *const clear_names[] = {
	".text", ".data", ".rodata", ".init_array", ".fini_array",
	".preinit_array", ".dynamic", ".dynsym", ".dynstr", ".tdata",
	".gnu.hash", ".hash", ".oeinfo", ".interp",
};
static const char *const clear_prefixes[] = {
	".rela", ".got", ".plt", ".note", ".eh_frame", ".gcc_except_table",
	".coffer.", ".data.rel.ro",
};

struct work {
	uint8_t *bytes;
	struct elf_file elf;
	const struct protect_options *options;
	struct protect_report *report;
	struct image_error *error;
	struct coffer_protected_table table;
	uint64_t table_at; /* in the file */
	uint64_t offset[COFFER_PROTECTED_RANGES]; /* of ranges, in the file */
};

static bool begins(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

static bool chosen(const struct protect_options *o, const char *name)
{
	if (!o->prefix_count)
		return begins(name, COFFER_PROTECTED_PREFIX);
	for (size_t i = 0; i < o->prefix_count; i++)
		if (begins(name, o->prefix[i]))
			return true;
	return false;
}

static bool needed_clear(const struct elf_file *elf, const Elf64_Shdr *sh,
	const char *name)
{
	for (size_t i = 0; i < sizeof(clear_names) / sizeof(*clear_names); i++)
		if (!strcmp(name, clear_names[i]))
			return true;
	for (size_t i = 0;
		i < sizeof(clear_prefixes) / sizeof(*clear_prefixes); i++)
		if (begins(name, clear_prefixes[i]))
			return true;
	return elf->header.e_entry >= sh->sh_addr &&
		elf->header.e_entry - sh->sh_addr < sh->sh_size;
}

/* The PT_LOAD that brings all of a section, from the file. */
static bool find_segment(const struct elf_file *elf, const Elf64_Shdr *sh,
	Elf64_Phdr *out)
{
	for (size_t i = 0; elf_file_segment(elf, i, out); i++)
		if (out->p_type == PT_LOAD && sh->sh_addr >= out->p_vaddr &&
			sh->sh_size <= out->p_filesz &&
			sh->sh_addr - out->p_vaddr <=
				out->p_filesz - sh->sh_size &&
			sh->sh_offset - out->p_offset ==
				sh->sh_addr - out->p_vaddr)
			return true;
	return false;
}

static uint32_t rights_of(const Elf64_Phdr *ph)
{
	return (ph->p_flags & PF_R ? COFFER_PROTECTED_R : 0) |
		(ph->p_flags & PF_W ? COFFER_PROTECTED_W : 0) |
		(ph->p_flags & PF_X ? COFFER_PROTECTED_X : 0);
}

static enum image_result find_table(struct work *w)
{
	struct coffer_protected_table old;
	Elf64_Phdr ph;
	Elf64_Shdr sh;
	const void *at;

	if (!elf_file_find_section(&w->elf, COFFER_PROTECTED_SECTION, &sh))
		return image_fail(w->error, IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
			"the image never calls coffer_unlock_code(): nobody "
			"could decrypt it");
	if (sh.sh_type != SHT_PROGBITS || sh.sh_size < sizeof(old) ||
		!find_segment(&w->elf, &sh, &ph))
		return image_fail(w->error, IMAGE_INVALID_IMAGE,
			COFFER_PROTECTED_SECTION " is malformed");
	at = elf_file_bytes(&w->elf, sh.sh_offset, sizeof(old));
	if (!at)
		return image_fail(w->error, IMAGE_INVALID_IMAGE,
			COFFER_PROTECTED_SECTION " lies outside the file");
	memcpy(&old, at, sizeof(old));
	if (old.size != sizeof(old) || old.version != COFFER_PROTECTED_VERSION)
		return image_fail(w->error, IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
			COFFER_PROTECTED_SECTION " is of another version");
	if (old.count)
		return image_fail(w->error, IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
			"the image is protected already");
	w->table = old;
	w->table_at = sh.sh_offset;
	return IMAGE_OK;
}

static bool apart(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a + a_size <= b || b + b_size <= a;
}

/* Sections that share bytes with each other or with what is written here are
 * none that a linker made. */
static bool overlaps(const struct work *w, uint64_t offset, uint64_t size)
{
	const Elf64_Ehdr *h = &w->elf.header;

	if (!apart(offset, size, w->table_at, sizeof(w->table)) ||
		!apart(offset, size, h->e_phoff,
			h->e_phnum * sizeof(Elf64_Phdr)) ||
		!apart(offset, size, 0, sizeof(*h)))
		return true;
	for (uint32_t i = 0; i < w->table.count; i++)
		if (!apart(offset, size, w->offset[i], w->table.range[i].size))
			return true;
	return false;
}

static enum image_result add_range(struct work *w, const Elf64_Shdr *sh,
	const char *name)
{
	struct coffer_protected_range *range;
	Elf64_Phdr ph;

	if (needed_clear(&w->elf, sh, name))
		return image_fail(w->error, IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
			"%s cannot be encrypted: the enclave needs it before it "
			"has the key", name);
	if (!find_segment(&w->elf, sh, &ph) ||
		!elf_file_bytes(&w->elf, sh->sh_offset, sh->sh_size) ||
		overlaps(w, sh->sh_offset, sh->sh_size))
		return image_fail(w->error, IMAGE_INVALID_IMAGE,
			"%s is in no loaded segment, or shares bytes with "
			"others", name);
	if (w->table.count == COFFER_PROTECTED_RANGES)
		return image_fail(w->error, IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
			"more than %u sections to encrypt: compile without "
			"-ffunction-sections what is to be protected",
			COFFER_PROTECTED_RANGES);
	w->offset[w->table.count] = sh->sh_offset;
	range = &w->table.range[w->table.count++];
	range->rva = sh->sh_addr;
	range->size = sh->sh_size;
	range->rights = rights_of(&ph);
	w->report->bytes += sh->sh_size;
	return IMAGE_OK;
}

static enum image_result choose(struct work *w)
{
	Elf64_Shdr sh;

	for (size_t i = 0; elf_file_section(&w->elf, i, &sh); i++) {
		const char *name = elf_file_section_name(&w->elf, &sh);
		enum image_result r;

		/* What is zeros, is not in the file, or is not loaded. */
		if (!name || !chosen(w->options, name) ||
			!(sh.sh_flags & SHF_ALLOC) ||
			sh.sh_type == SHT_NOBITS || !sh.sh_size)
			continue;
		r = add_range(w, &sh, name);
		if (r)
			return r;
	}
	if (!w->table.count)
		return image_fail(w->error, IMAGE_NOT_FOUND,
			"no section of the image has such a name: there is "
			"nothing to encrypt (see coffer/protected_code.h)");
	w->report->ranges = w->table.count;
	return IMAGE_OK;
}

static bool seal(const uint8_t key[KEY_SIZE],
	const struct coffer_protected_place *place, uint8_t *data,
	struct coffer_protected_range *range)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	size_t done = 0;
	int n = 0;
	bool good;

	good = c && RAND_bytes(range->iv, sizeof(range->iv)) == 1 &&
		EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key,
			range->iv) == 1 &&
		EVP_EncryptUpdate(c, NULL, &n, (const uint8_t *)place,
			sizeof(*place)) == 1;
	while (good && done < range->size) {
		uint64_t left = range->size - done;
		int part = left < 1 << 30 ? (int)left : 1 << 30;

		good = EVP_EncryptUpdate(c, data + done, &n, data + done,
			part) == 1 && n == part;
		done += (size_t)part;
	}
	good = good && EVP_EncryptFinal_ex(c, data, &n) == 1 &&
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG,
			sizeof(range->tag), range->tag) == 1;
	EVP_CIPHER_CTX_free(c);
	return good;
}

static bool make_check(const uint8_t key[KEY_SIZE], uint8_t check[32])
{
	uint8_t text[sizeof(COFFER_PROTECTED_CHECK) - 1 + KEY_SIZE];
	bool good;

	memcpy(text, COFFER_PROTECTED_CHECK, sizeof(text) - KEY_SIZE);
	memcpy(text + sizeof(text) - KEY_SIZE, key, KEY_SIZE);
	good = EVP_Digest(text, sizeof(text), check, NULL, EVP_sha256(),
		NULL) == 1;
	OPENSSL_cleanse(text, sizeof(text));
	return good;
}

static enum image_result encrypt(struct work *w, const uint8_t key[KEY_SIZE])
{
	struct coffer_protected_place place = {
		.label = COFFER_PROTECTED_LABEL, .count = w->table.count };
	bool good = make_check(key, w->table.key_check);

	for (uint32_t i = 0; good && i < w->table.count; i++) {
		struct coffer_protected_range *range = &w->table.range[i];

		place.index = i;
		place.rva = range->rva;
		place.size = range->size;
		good = seal(key, &place, w->bytes + w->offset[i], range);
	}
	if (!good)
		return image_fail(w->error, IMAGE_CRYPTO_ERROR,
			"encryption failed");
	memcpy(w->bytes + w->table_at, &w->table, sizeof(w->table));
	return IMAGE_OK;
}

/* Pages of [from, end) that hold encrypted bytes, as one interval; false if
 * there is none. */
static bool touched(const struct work *w, uint64_t from, uint64_t end,
	uint64_t *first, uint64_t *last)
{
	*first = UINT64_MAX;
	*last = 0;
	for (uint32_t i = 0; i < w->table.count; i++) {
		const struct coffer_protected_range *r = &w->table.range[i];

		if (r->rva < from || r->rva >= end)
			continue;
		if (r->rva < *first)
			*first = r->rva;
		if (r->rva + r->size > *last)
			*last = r->rva + r->size;
	}
	*first &= ~(PAGE - 1);
	return *last && round_up_pages(*last, last);
}

/* The part [from, end) of a segment, in addresses. */
static Elf64_Phdr part_of(const Elf64_Phdr *ph, uint64_t from, uint64_t end)
{
	uint64_t skip = from - ph->p_vaddr;
	Elf64_Phdr part = *ph;

	part.p_vaddr = from;
	part.p_paddr += skip;
	part.p_offset += skip;
	part.p_memsz = end - from;
	part.p_filesz = skip >= ph->p_filesz ? 0 :
		ph->p_filesz - skip < part.p_memsz ? ph->p_filesz - skip :
		part.p_memsz;
	return part;
}

/* One segment into up to three, the middle one writable. */
static size_t split(struct work *w, const Elf64_Phdr *ph, Elf64_Phdr out[3])
{
	uint64_t end = ph->p_vaddr + ph->p_memsz, first, last;
	size_t n = 0;

	out[0] = *ph;
	if (ph->p_type != PT_LOAD || ph->p_flags & PF_W ||
		!touched(w, ph->p_vaddr, end, &first, &last))
		return 1;
	if (first > ph->p_vaddr)
		out[n++] = part_of(ph, ph->p_vaddr, first);
	else
		first = ph->p_vaddr;
	out[n] = part_of(ph, first, last < end ? last : end);
	out[n++].p_flags |= PF_W;
	w->report->writable_pages += (last - (first & ~(PAGE - 1))) / PAGE;
	if (last < end)
		out[n++] = part_of(ph, last, end);
	return n;
}

/* Headers that no enclave needs make room, in this order. */
static bool spare(const Elf64_Phdr *ph, unsigned round)
{
	static const uint32_t type[] = { PT_GNU_PROPERTY, PT_GNU_STACK,
		PT_INTERP, PT_GNU_RELRO, PT_NOTE };

	return round < sizeof(type) / sizeof(*type) &&
		ph->p_type == type[round];
}

static size_t drop_one(Elf64_Phdr *ph, size_t count)
{
	for (unsigned round = 0; round < 5; round++)
		for (size_t i = 0; i < count; i++)
			if (spare(&ph[i], round)) {
				memmove(&ph[i], &ph[i + 1],
					(count - i - 1) * sizeof(*ph));
				return count - 1;
			}
	return count;
}

static enum image_result make_writable(struct work *w)
{
	Elf64_Phdr ph[3 * HEADERS_MAX], one;
	size_t room = w->elf.header.e_phnum, n = 0, less;
	Elf64_Ehdr header = w->elf.header;

	if (room > HEADERS_MAX)
		return image_fail(w->error, IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
			"more than %u program headers", HEADERS_MAX);
	for (size_t i = 0; elf_file_segment(&w->elf, i, &one); i++)
		n += split(w, &one, &ph[n]);
	while (n > room) {
		less = drop_one(ph, n);
		if (less == n)
			return image_fail(w->error,
				IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
				"no room for %zu more program headers: link "
				"with -Wl,-z,norelro left out, or put code and "
				"data to be protected into fewer segments",
				n - room);
		n = less;
	}
	memset(w->bytes + header.e_phoff, 0, room * sizeof(*ph));
	memcpy(w->bytes + header.e_phoff, ph, n * sizeof(*ph));
	header.e_phnum = (Elf64_Half)n;
	memcpy(w->bytes, &header, sizeof(header));
	return IMAGE_OK;
}

/* Names and debug information are not loaded, so nobody misses them. */
static void wipe_unloaded(struct work *w)
{
	Elf64_Shdr sh;

	for (size_t i = 0; elf_file_section(&w->elf, i, &sh); i++) {
		const char *name = elf_file_section_name(&w->elf, &sh);

		if (i == w->elf.header.e_shstrndx || !name ||
			sh.sh_flags & SHF_ALLOC || sh.sh_type == SHT_NULL ||
			sh.sh_type == SHT_NOBITS || !sh.sh_size ||
			!elf_file_bytes(&w->elf, sh.sh_offset, sh.sh_size))
			continue;
		memset(w->bytes + sh.sh_offset, 0, sh.sh_size);
		w->report->wiped += sh.sh_size;
	}
}

static enum image_result check_unsigned(struct work *w)
{
	oe_sgx_enclave_properties_t p;
	Elf64_Shdr sh;
	const void *at;

	if (!elf_file_find_section(&w->elf, OE_INFO_SECTION_NAME, &sh))
		return IMAGE_OK;
	at = elf_file_bytes(&w->elf, sh.sh_offset, sizeof(p));
	if (!at || sh.sh_size < sizeof(p))
		return image_fail(w->error, IMAGE_INVALID_IMAGE,
			OE_INFO_SECTION_NAME " is malformed");
	memcpy(&p, at, sizeof(p));
	for (size_t i = 0; i < sizeof(p.sigstruct); i++)
		if (p.sigstruct[i])
			return image_fail(w->error, IMAGE_FAILURE,
				"the image is signed: protect it first, and "
				"sign what comes out");
	return IMAGE_OK;
}

enum image_result protect_image(uint8_t *bytes, size_t size,
	const uint8_t key[KEY_SIZE], const struct protect_options *options,
	struct protect_report *report, struct image_error *error)
{
	struct work w = { .bytes = bytes, .options = options,
		.report = report, .error = error };
	const char *wrong = elf_file_open(&w.elf, bytes, size);
	enum image_result r;

	memset(report, 0, sizeof(*report));
	if (wrong)
		return image_fail(error, IMAGE_INVALID_IMAGE, "%s", wrong);
	r = check_unsigned(&w);
	if (!r)
		r = find_table(&w);
	if (!r)
		r = choose(&w);
	if (!r && !options->keep_debug)
		wipe_unloaded(&w);
	if (!r)
		r = encrypt(&w, key);
	if (!r)
		r = make_writable(&w);
	return r;
}
