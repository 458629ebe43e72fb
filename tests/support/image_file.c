/* SPDX-License-Identifier: MIT */
#include "image_file.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

uint8_t *image_file_read(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *content = NULL;
	struct stat s;

	if (f && fstat(fileno(f), &s) == 0) {
		*size = (size_t)s.st_size;
		content = malloc(*size + 1);
		if (content && fread(content, 1, *size, f) != *size) {
			free(content);
			content = NULL;
		}
	}
	if (!content)
		fprintf(stderr, "cannot read %s: %s\n", path, strerror(errno));
	if (f)
		fclose(f);
	return content;
}

int image_file_write(const char *path, const uint8_t *content, size_t size)
{
	FILE *f = fopen(path, "wb");
	int good = f && fwrite(content, 1, size, f) == size;

	if (f && fclose(f))
		good = 0;
	if (!good)
		fprintf(stderr, "cannot write %s: %s\n", path, strerror(errno));
	return good ? 0 : -1;
}

static int is_elf(const uint8_t *image, size_t size, Elf64_Ehdr *header)
{
	if (size < sizeof(*header))
		return 0;
	memcpy(header, image, sizeof(*header));
	return !memcmp(header->e_ident, ELFMAG, SELFMAG);
}

int image_file_section(const uint8_t *image, size_t size, const char *name,
	uint64_t *offset, uint64_t *length)
{
	Elf64_Ehdr header;
	Elf64_Shdr names, section;

	if (!is_elf(image, size, &header) || header.e_shoff > size ||
		(size - header.e_shoff) / sizeof(section) < header.e_shnum ||
		header.e_shstrndx >= header.e_shnum)
		return -1;
	memcpy(&names, image + header.e_shoff +
		header.e_shstrndx * sizeof(names), sizeof(names));
	for (unsigned i = 0; i < header.e_shnum; i++) {
		uint64_t at;

		memcpy(&section, image + header.e_shoff + i * sizeof(section),
			sizeof(section));
		at = names.sh_offset + section.sh_name;
		if (at + strlen(name) + 1 > size ||
			memcmp(image + at, name, strlen(name) + 1))
			continue;
		*offset = section.sh_offset;
		*length = section.sh_size;
		return *offset <= size && *length <= size - *offset ? 0 : -1;
	}
	return -1;
}

int image_file_segment_at(const uint8_t *image, size_t size, unsigned index,
	uint64_t *offset, uint64_t *length, uint32_t *rights, uint64_t *address)
{
	Elf64_Ehdr header;
	Elf64_Phdr segment;

	if (!is_elf(image, size, &header) || header.e_phoff > size ||
		(size - header.e_phoff) / sizeof(segment) < header.e_phnum)
		return -1;
	for (unsigned i = 0; i < header.e_phnum; i++) {
		memcpy(&segment, image + header.e_phoff + i * sizeof(segment),
			sizeof(segment));
		if (segment.p_type != PT_LOAD || index--)
			continue;
		*offset = segment.p_offset;
		*length = segment.p_filesz;
		*rights = segment.p_flags;
		*address = segment.p_vaddr;
		return *offset <= size && *length <= size - *offset ? 0 : -1;
	}
	return -1;
}

int image_file_segment(const uint8_t *image, size_t size, unsigned index,
	uint64_t *offset, uint64_t *length, uint32_t *rights)
{
	uint64_t address;

	return image_file_segment_at(image, size, index, offset, length, rights,
		&address);
}
