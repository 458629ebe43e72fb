/* SPDX-License-Identifier: MIT */
/*
 * Files that are not enclave images, or wish they were: each diagnostic, and
 * known-good images cut short and changed bit by bit, which must end in an
 * error or in a page list that stays inside its bytes.
 */
#include "images.h"

#include <elf.h>

static uint8_t *file;
static size_t file_size;

static void load(const char *name)
{
	free(file);
	file = read_whole(image_path(name), &file_size);
}

static Elf64_Ehdr *header(void)
{
	return (Elf64_Ehdr *)file;
}

static Elf64_Phdr *segment(uint32_t type, unsigned nth)
{
	Elf64_Phdr *p = (Elf64_Phdr *)(file + header()->e_phoff);

	for (unsigned i = 0; i < header()->e_phnum; i++)
		if (p[i].p_type == type && !nth--)
			return &p[i];
	fail_msg("no such segment");
	return NULL;
}

static Elf64_Shdr *section(const char *name)
{
	Elf64_Shdr *s = (Elf64_Shdr *)(file + header()->e_shoff);
	const char *names = (const char *)file +
		s[header()->e_shstrndx].sh_offset;

	for (unsigned i = 1; i < header()->e_shnum; i++)
		if (!strcmp(names + s[i].sh_name, name))
			return &s[i];
	fail_msg("no section %s", name);
	return NULL;
}

static oe_sgx_enclave_properties_t *oeinfo(void)
{
	return (oe_sgx_enclave_properties_t *)(file +
		section(".oeinfo")->sh_offset);
}

static enum image_result try_bytes(const void *bytes, size_t size,
	struct image_error *error)
{
	struct image *image = NULL;
	const struct image_run *runs;
	enum image_result r;
	size_t count;
	volatile uint8_t sum = 0;

	r = image_open_memory(bytes, size, &image, error);
	if (r) {
		assert_null(image);
		return r;
	}
	r = image_build(image, error);
	runs = image_runs(image, &count);
	for (size_t i = 0; !r && i < count; i++) {
		const uint8_t *data = runs[i].data;
		uint64_t last = runs[i].same_page ? 4095 :
			runs[i].pages * 4096 - 1;

		assert_true(runs[i].offset < image_elrange_size(image));
		assert_true(runs[i].pages <= (image_elrange_size(image) -
			runs[i].offset) / 4096);
		if (data)
			sum = (uint8_t)(sum + data[0] + data[last]);
	}
	image_close(image);
	return r;
}

static void expect(enum image_result result, const char *text)
{
	struct image_error error = {""};
	enum image_result r = try_bytes(file, file_size, &error);

	if (r != result || !strstr(error.text, text))
		fail_msg("wanted %d '%s', have %d '%s'", result, text, r,
			error.text);
}

#define REFUSED(change, result, text)            \
	do {                                     \
		load("threads");                 \
		change;                          \
		expect(result, text);            \
	} while (0)

static void headers_are_checked(void **state)
{
	REFUSED(file_size = 63, IMAGE_INVALID_IMAGE, "too small");
	REFUSED(file[0] = 'x', IMAGE_INVALID_IMAGE, "not an ELF file");
	REFUSED(file[EI_CLASS] = ELFCLASS32, IMAGE_INVALID_IMAGE, "64-bit");
	REFUSED(file[EI_DATA] = ELFDATA2MSB, IMAGE_INVALID_IMAGE, "endian");
	REFUSED(file[EI_VERSION] = 9, IMAGE_INVALID_IMAGE, "version");
	REFUSED(header()->e_type = ET_EXEC, IMAGE_INVALID_IMAGE,
		"position-independent");
	REFUSED(header()->e_machine = EM_386, IMAGE_INVALID_IMAGE, "x86-64");
	REFUSED(header()->e_ehsize = 9, IMAGE_INVALID_IMAGE, "ELF header");
	REFUSED(header()->e_phentsize = 55, IMAGE_INVALID_IMAGE,
		"program headers have");
	REFUSED(header()->e_phoff = UINT64_MAX - 8, IMAGE_INVALID_IMAGE,
		"program headers lie");
	REFUSED(header()->e_phnum = 0, IMAGE_INVALID_IMAGE,
		"no program headers");
	REFUSED(header()->e_shentsize = 1, IMAGE_INVALID_IMAGE,
		"section headers have");
	REFUSED(header()->e_shoff = file_size - 63, IMAGE_INVALID_IMAGE,
		"section headers lie");
	REFUSED(header()->e_shnum = 0, IMAGE_INVALID_IMAGE,
		"no section headers");
	REFUSED(header()->e_shstrndx = 1000, IMAGE_INVALID_IMAGE,
		"section names");
	REFUSED(header()->e_entry = 0, IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
		"Enclave image is missing entry point.");
	REFUSED(header()->e_entry = 1ull << 40, IMAGE_INVALID_IMAGE,
		"entry point lies outside");
}

static void segments_are_checked(void **state)
{
	REFUSED(segment(PT_LOAD, 0)->p_filesz = UINT64_MAX,
		IMAGE_INVALID_IMAGE, "more bytes in the file");
	REFUSED(segment(PT_LOAD, 3)->p_memsz = UINT64_MAX - 4096,
		IMAGE_INVALID_IMAGE, "too large or too high");
	REFUSED(segment(PT_LOAD, 3)->p_memsz = 1ull << 40,
		IMAGE_INVALID_IMAGE, "too large or too high");
	REFUSED(segment(PT_LOAD, 3)->p_vaddr = UINT64_MAX - 5,
		IMAGE_INVALID_IMAGE, "too large or too high");
	REFUSED(segment(PT_LOAD, 0)->p_vaddr = 4096, IMAGE_INVALID_IMAGE,
		"does not begin at address 0");
	REFUSED(segment(PT_LOAD, 1)->p_offset = file_size, IMAGE_INVALID_IMAGE,
		"outside the file");
	REFUSED(segment(PT_LOAD, 1)->p_offset = UINT64_MAX - 8,
		IMAGE_INVALID_IMAGE, "outside the file");
	REFUSED(segment(PT_LOAD, 1)->p_flags = 0, IMAGE_UNEXPECTED,
		"no permissions");
	REFUSED(segment(PT_LOAD, 2)->p_vaddr = segment(PT_LOAD, 1)->p_vaddr,
		IMAGE_UNEXPECTED, "ascending order");
	REFUSED(segment(PT_LOAD, 1)->p_memsz = 0x1001, IMAGE_INVALID_IMAGE,
		"overlap or share a page");
	load("threads");
	for (int i = 0; i < 4; i++)
		segment(PT_LOAD, 0)->p_type = PT_NOTE;
	expect(IMAGE_INVALID_IMAGE, "no segment to load");
}

static void tls_is_checked(void **state)
{
	REFUSED(segment(PT_TLS, 0)->p_vaddr += 8, IMAGE_INVALID_IMAGE,
		".tdata is at");
	REFUSED(section(".tdata")->sh_size++, IMAGE_INVALID_IMAGE,
		"the TLS segment");
	REFUSED(segment(PT_TLS, 0)->p_align = 24, IMAGE_INVALID_IMAGE,
		"power of 2");
	REFUSED(section(".tbss")->sh_size = UINT64_MAX - 3, IMAGE_FAILURE,
		"do not fit");
	REFUSED(segment(PT_TLS, 0)->p_align = 1ull << 63, IMAGE_FAILURE,
		"do not fit");
}

static void relocations_are_checked(void **state)
{
	Elf64_Rela *rela;

	load("large");
	section(".rela.dyn")->sh_entsize = 23;
	expect(IMAGE_INVALID_IMAGE, ".rela.dyn is malformed");
	load("large");
	section(".rela.dyn")->sh_size -= 1;
	expect(IMAGE_INVALID_IMAGE, ".rela.dyn is malformed");
	load("large");
	section(".rela.dyn")->sh_offset = UINT64_MAX;
	expect(IMAGE_INVALID_IMAGE, ".rela.dyn lies outside the file");
	load("large");
	rela = (Elf64_Rela *)(file + section(".rela.dyn")->sh_offset);
	rela[7].r_info = ELF64_R_INFO(0, R_X86_64_PC32);
	expect(IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
		"relocation 7 of .rela.dyn has type 2");
	load("large");
	rela = (Elf64_Rela *)(file + section(".rela.dyn")->sh_offset);
	rela[7].r_info = ELF64_R_INFO(0xffffff, R_X86_64_TPOFF64);
	expect(IMAGE_UNSUPPORTED_ENCLAVE_IMAGE, "symbol that does not exist");
	load("large");
	section(".dynsym")->sh_entsize = 1;
	expect(IMAGE_INVALID_IMAGE, "dynamic symbol table is malformed");
	load("large");
	section(".dynsym")->sh_size = 0;
	expect(IMAGE_INVALID_IMAGE, "relocations but no dynamic symbols");
}

/* In .dynsym. */
static Elf64_Sym *symbol(const char *name)
{
	Elf64_Sym *s = (Elf64_Sym *)(file + section(".dynsym")->sh_offset);
	size_t n = section(".dynsym")->sh_size / sizeof(*s);
	const char *strings = (const char *)file +
		section(".dynstr")->sh_offset;

	for (size_t i = 1; i < n; i++)
		if (!strcmp(strings + s[i].st_name, name))
			return &s[i];
	fail_msg("no symbol %s", name);
	return NULL;
}

static void symbols_are_checked(void **state)
{
	REFUSED(symbol("_enclave_rva")->st_shndx = SHN_UNDEF,
		IMAGE_UNSUPPORTED_ENCLAVE_IMAGE, "export _enclave_rva");
	REFUSED(symbol("_reloc_size")->st_name = 0,
		IMAGE_UNSUPPORTED_ENCLAVE_IMAGE, "export _reloc_size");
	REFUSED(symbol("_reloc_rva")->st_value = UINT64_MAX - 3,
		IMAGE_INVALID_IMAGE, "_reloc_rva lies outside");
	REFUSED(symbol("_td_from_tcs_offset")->st_value = 1ull << 33,
		IMAGE_INVALID_IMAGE, "_td_from_tcs_offset lies outside");
	/* Names that end nowhere are no names. */
	REFUSED(symbol("_enclave_rva")->st_name = UINT32_MAX,
		IMAGE_UNSUPPORTED_ENCLAVE_IMAGE, "export _enclave_rva");
}

static void oeinfo_is_checked(void **state)
{
	REFUSED(section(".oeinfo")->sh_name = 0,
		IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
		"Enclave image is missing .oeinfo section.");
	REFUSED(section(".oeinfo")->sh_addr = 0,
		IMAGE_UNSUPPORTED_ENCLAVE_IMAGE, "missing .oeinfo");
	REFUSED(section(".oeinfo")->sh_addr = UINT64_MAX - 100,
		IMAGE_INVALID_IMAGE, ".oeinfo section is too short");
	REFUSED(section(".oeinfo")->sh_offset = file_size - 1,
		IMAGE_INVALID_IMAGE, ".oeinfo section is too short");
	REFUSED(section(".oeinfo")->sh_offset += 8, IMAGE_INVALID_IMAGE,
		"not those that are loaded");
}

#define INVALID(change, field) \
	REFUSED(change, IMAGE_FAILURE, \
		"Invalid enclave property value: " field)

static void properties_are_checked(void **state)
{
	INVALID(oeinfo()->header.size = 1, "header.size");
	INVALID(oeinfo()->header.enclave_type = 3, "header.enclave_type");
	INVALID(oeinfo()->config.attributes = 2, "config.attributes");
	INVALID(oeinfo()->config.attributes |= 0x20, "config.attributes");
	INVALID(oeinfo()->header.size_settings.num_heap_pages = UINT64_MAX,
		"header.size_settings.num_heap_pages");
	INVALID(oeinfo()->header.size_settings.num_stack_pages = UINT64_MAX,
		"header.size_settings.num_stack_pages");
	INVALID(oeinfo()->header.size_settings.num_tcs = 1025,
		"header.size_settings.num_tcs");
	INVALID(oeinfo()->config.product_id = 0xffff, "config.product_id");
	INVALID(oeinfo()->config.security_version = 0xffff,
		"config.security_version");
	INVALID(oeinfo()->config.family_id[3] = 1, "config.family_id");
	INVALID(oeinfo()->config.extended_product_id[15] = 1,
		"config.extended_product_id");
	INVALID(oeinfo()->config.flags.create_zero_base_enclave = 1,
		"config.start_address");
	load("zero_base");
	oeinfo()->config.start_address = 4095;
	expect(IMAGE_FAILURE, "config.start_address");
	load("unset");
	expect(IMAGE_FAILURE, "Invalid enclave property value");

	REFUSED(oeinfo()->header.size_settings.num_heap_pages = UINT64_MAX - 1,
		IMAGE_FAILURE, "do not fit");
	REFUSED(oeinfo()->header.size_settings.num_heap_pages = 1ull << 52,
		IMAGE_FAILURE, "do not fit");
	REFUSED(oeinfo()->header.size_settings.num_heap_pages = 1ull << 35,
		IMAGE_FAILURE, "do not fit");
	REFUSED(oeinfo()->header.size_settings.num_stack_pages = UINT64_MAX - 1,
		IMAGE_FAILURE, "do not fit");
	REFUSED(oeinfo()->header.size_settings.num_stack_pages = 1ull << 62,
		IMAGE_FAILURE, "do not fit");
	load("zero_base");
	oeinfo()->config.start_address = UINT64_MAX - 4095;
	expect(IMAGE_FAILURE, "do not fit");
	/* The largest that is laid out: nothing is allocated for it. */
	load("plain");
	oeinfo()->header.size_settings.num_heap_pages = 1ull << 33;
	oeinfo()->header.size_settings.num_tcs = 1024;
	assert_int_equal(try_bytes(file, file_size, NULL), 0);
}

static void dependencies_are_checked(void **state)
{
	struct image_error error = {""};
	struct image *image = NULL;
	Elf64_Dyn *dyn;

	load("needs");
	expect(IMAGE_UNSUPPORTED_ENCLAVE_IMAGE, "has no folder");
	assert_int_equal(image_open(image_path("rpath"), &image, &error),
		IMAGE_UNSUPPORTED_ENCLAVE_IMAGE);
	assert_non_null(strstr(error.text, "RPATH or RUNPATH"));
	assert_null(image);

	dyn = (Elf64_Dyn *)(file + section(".dynamic")->sh_offset);
	while (dyn->d_tag != DT_SYMTAB)
		dyn++;
	dyn->d_tag = DT_NEEDED;
	expect(IMAGE_UNSUPPORTED_ENCLAVE_IMAGE, "more than one");
	load("needs");
	dyn = (Elf64_Dyn *)(file + section(".dynamic")->sh_offset);
	while (dyn->d_tag != DT_NEEDED)
		dyn++;
	dyn->d_un.d_val = UINT64_MAX - 3;
	expect(IMAGE_INVALID_IMAGE, "name of the needed shared object");
	load("needs");
	section(".dynamic")->sh_size = UINT64_MAX;
	expect(IMAGE_INVALID_IMAGE, ".dynamic is malformed");

	/* In a folder without the shared object. */
	{
		char folder[] = "/tmp/image-refuse-XXXXXX";
		char path[64], command[9000];

		assert_non_null(mkdtemp(folder));
		snprintf(command, sizeof(command), "cp '%s' %s/needs",
			image_path("needs"), folder);
		assert_int_equal(system(command), 0);
		snprintf(path, sizeof(path), "%s/needs", folder);
		assert_int_equal(image_open(path, &image, &error),
			IMAGE_NOT_FOUND);
		assert_non_null(strstr(error.text, "libother.so"));
		/* And with one that lacks what is needed. */
		snprintf(command, sizeof(command), "cp '%s' %s/libother.so",
			image_path("plain"), folder);
		assert_int_equal(system(command), 0);
		assert_int_equal(image_open(path, &image, &error),
			IMAGE_UNSUPPORTED_ENCLAVE_IMAGE);
		assert_string_equal(error.text, "symbol other_value not found");
		snprintf(command, sizeof(command), "rm -r %s", folder);
		assert_int_equal(system(command), 0);
	}
}

static void paths_are_checked(void **state)
{
	struct image_error error = {""};
	struct image *image = NULL;

	assert_int_equal(image_open("/nonexistent/x", &image, &error),
		IMAGE_NOT_FOUND);
	assert_non_null(strstr(error.text, "/nonexistent/x"));
	assert_int_equal(image_open("/dev/null", &image, &error),
		IMAGE_FAILURE);
	assert_non_null(strstr(error.text, "not a regular file"));
	assert_int_equal(image_open(NULL, &image, &error),
		IMAGE_INVALID_PARAMETER);
	assert_int_equal(image_open_memory("", 0, &image, NULL),
		IMAGE_INVALID_IMAGE);
}

static void truncations_end_cleanly(void **state)
{
	load("large");
	for (size_t size = 0; size < file_size; size += size < 8192 ? 61 : 1009) {
		/* An exact copy, so that a sanitizer sees one byte too far. */
		uint8_t *cut = malloc(size ? size : 1);

		assert_non_null(cut);
		memcpy(cut, file, size);
		assert_int_not_equal(try_bytes(cut, size, NULL), 0);
		free(cut);
	}
}

static size_t flip_range(size_t from, size_t size)
{
	size_t refused = 0;

	for (size_t at = from; at < from + size && at < file_size; at++)
		for (int bit = 0; bit < 8; bit++) {
			file[at] ^= (uint8_t)(1 << bit);
			refused += try_bytes(file, file_size, NULL) != 0;
			file[at] ^= (uint8_t)(1 << bit);
		}
	return refused;
}

static void flips_end_cleanly(void **state)
{
	size_t refused = 0;

	load("threads");
	refused += flip_range(0, sizeof(Elf64_Ehdr));
	refused += flip_range(header()->e_phoff,
		header()->e_phnum * sizeof(Elf64_Phdr));
	refused += flip_range(header()->e_shoff,
		header()->e_shnum * sizeof(Elf64_Shdr));
	refused += flip_range(section(".dynsym")->sh_offset,
		section(".dynsym")->sh_size);
	refused += flip_range(section(".dynstr")->sh_offset,
		section(".dynstr")->sh_size);
	refused += flip_range(section(".dynamic")->sh_offset,
		section(".dynamic")->sh_size);
	refused += flip_range(section(".oeinfo")->sh_offset, 160);
	assert_true(refused > 500);
	assert_int_equal(try_bytes(file, file_size, NULL), 0);
}

/* Linking with the shared object: either of the two is the hostile one. */
static void flips_end_cleanly_when_linked(void **state)
{
	static const char *const names[] = {"needs", "libother.so"};
	static const char *const parts[] = {".dynsym", ".dynstr", ".rela.dyn",
		".rela.plt", ".dynamic"};
	char folder[] = "/tmp/image-refuse-XXXXXX";
	char path[2][64], command[9000];
	size_t refused = 0, opened = 0;

	assert_non_null(mkdtemp(folder));
	for (int i = 0; i < 2; i++) {
		snprintf(path[i], sizeof(path[i]), "%s/%s", folder, names[i]);
		snprintf(command, sizeof(command), "cp '%s' %s",
			image_path(names[i]), folder);
		assert_int_equal(system(command), 0);
	}
	for (int i = 0; i < 2; i++) {
		FILE *out = fopen(path[i], "r+b");

		assert_non_null(out);
		load(names[i]);
		for (size_t p = 0; p < sizeof(parts) / sizeof(*parts); p++) {
			size_t at = section(parts[p])->sh_offset;
			size_t end = at + section(parts[p])->sh_size;

			for (; at < end; at++) {
				struct image *image = NULL;

				fseek(out, (long)at, SEEK_SET);
				fputc(file[at] ^ (1 << at % 8), out);
				fflush(out);
				if (image_open(path[0], &image, NULL) ||
					image_build(image, NULL))
					refused++;
				else
					opened++;
				image_close(image);
				fseek(out, (long)at, SEEK_SET);
				fputc(file[at], out);
				fflush(out);
			}
		}
		fclose(out);
	}
	assert_true(refused > 50 && opened > 50);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_checked),
		cmocka_unit_test(segments_are_checked),
		cmocka_unit_test(tls_is_checked),
		cmocka_unit_test(relocations_are_checked),
		cmocka_unit_test(symbols_are_checked),
		cmocka_unit_test(oeinfo_is_checked),
		cmocka_unit_test(properties_are_checked),
		cmocka_unit_test(dependencies_are_checked),
		cmocka_unit_test(paths_are_checked),
		cmocka_unit_test(truncations_end_cleanly),
		cmocka_unit_test(flips_end_cleanly),
		cmocka_unit_test(flips_end_cleanly_when_linked),
	};
	int failed;

	if (images_main(argc, argv))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(file);
	return failed;
}
