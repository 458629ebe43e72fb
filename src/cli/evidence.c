/* SPDX-License-Identifier: MIT */
#include "evidence.h"

#include "attest/quote.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = ATTEST_COLLATERAL_PART_MAX };

void evidence_free(struct evidence *evidence)
{
	for (int i = 0; i < ATTEST_COLLATERAL_PARTS; i++)
		free(evidence->part[i]);
	memset(evidence, 0, sizeof(*evidence));
}

void evidence_set(struct evidence *evidence, unsigned int part,
	uint8_t *bytes, size_t size)
{
	struct attest_bytes *view = (struct attest_bytes *)
		attest_collateral_part(&evidence->view, part);

	free(evidence->part[part]);
	evidence->part[part] = bytes;
	*view = (struct attest_bytes){ bytes, size };
}

static int read_all(int fd, const char *path, uint8_t *bytes, size_t *size,
	struct why *why)
{
	ssize_t got;

	for (*size = 0; *size <= FILE_MAX; *size += (size_t)got) {
		got = read(fd, bytes + *size, FILE_MAX + 1 - *size);
		if (got < 0)
			return why_set(why, -errno, "%s: %s", path,
				strerror(errno));
		if (!got)
			break;
	}
	if (*size > FILE_MAX)
		return why_set(why, -EFBIG, "%s is larger than 1 MiB", path);
	bytes[*size] = 0;
	return 0;
}

int evidence_read_file(const char *path, uint8_t **bytes, size_t *size,
	struct why *why)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) :
		STDIN_FILENO;
	int error;

	*bytes = NULL;
	if (fd < 0)
		return why_set(why, -errno, "%s: %s", path, strerror(errno));
	*bytes = malloc(FILE_MAX + 2);
	error = *bytes ? read_all(fd, path, *bytes, size, why) : -ENOMEM;
	if (fd != STDIN_FILENO)
		close(fd);
	if (error) {
		free(*bytes);
		*bytes = NULL;
	}
	return error;
}

static int digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' :
		(c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* Hexadecimal digits and white space, decoded in place; false, and nothing
 * changed, if there is something else. */
static bool decode_hex(uint8_t *bytes, size_t *size)
{
	size_t count = 0;

	for (size_t i = 0; i < *size; i++)
		if (digit(bytes[i]) >= 0)
			count++;
		else if (!strchr(" \t\r\n", bytes[i]) || !bytes[i])
			return false;
	if (!count || count % 2)
		return false;
	count = 0;
	for (size_t i = 0; i < *size; i++) {
		int value = digit(bytes[i]);

		if (value < 0)
			continue;
		if (count % 2)
			bytes[count / 2] = (uint8_t)(bytes[count / 2] | value);
		else
			bytes[count / 2] = (uint8_t)(value << 4);
		count++;
	}
	*size = count / 2;
	return true;
}

static uint32_t u32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* Bytes of Open Enclave's header in front of the quote: of reports (version
 * 1, type 2, size), of evidence (version 3, format, size); 0 if none. */
static size_t header_size(const uint8_t *bytes, size_t size)
{
	uint64_t inner;

	if (size > 16 && u32(bytes) == 1 && u32(bytes + 4) == 2) {
		memcpy(&inner, bytes + 8, sizeof(inner));
		return inner <= size - 16 ? 16 : 0;
	}
	/* A quote of version 3 has the key type, which is not 0, in byte 2. */
	if (size > 32 && u32(bytes) == 3) {
		memcpy(&inner, bytes + 24, sizeof(inner));
		return inner <= size - 32 ? 32 : 0;
	}
	return 0;
}

int evidence_find_quote(uint8_t **bytes, size_t *size, struct why *why)
{
	size_t skip;

	if (!*size)
		return why_set(why, -EINVAL, "the file is empty");
	decode_hex(*bytes, size);
	skip = header_size(*bytes, *size);
	/* Evidence may hold a report. */
	if (skip == 32)
		skip += header_size(*bytes + 32, *size - 32);
	memmove(*bytes, *bytes + skip, *size - skip);
	*size -= skip;
	return 0;
}

int evidence_from_folder(const char *folder, struct evidence *evidence,
	struct why *why)
{
	static const char *const endings[] = {
		"", ".json", ".pem", ".der", ".crl", ".hex",
	};
	char path[PATH_MAX];
	uint8_t *bytes;
	size_t size;
	int error;

	for (unsigned int i = 0; i < ATTEST_COLLATERAL_PARTS; i++) {
		error = -ENOENT;
		for (size_t e = 0; error == -ENOENT && e <
				sizeof(endings) / sizeof(*endings); e++) {
			snprintf(path, sizeof(path), "%s/%s%s", folder,
				attest_collateral_part_name(i), endings[e]);
			error = evidence_read_file(path, &bytes, &size, why);
		}
		if (error == -ENOENT)
			return why_set(why, error, "%s has no file %s "
				"(with .json, .pem, .der, .crl, .hex or "
				"nothing behind it)", folder,
				attest_collateral_part_name(i));
		if (error)
			return error;
		evidence_set(evidence, i, bytes, size);
	}
	return 0;
}

int evidence_to_folder(const char *folder, const struct evidence *evidence,
	struct why *why)
{
	char path[PATH_MAX];

	if (mkdir(folder, 0777) && errno != EEXIST)
		return why_set(why, -errno, "%s: %s", folder,
			strerror(errno));
	for (unsigned int i = 0; i < ATTEST_COLLATERAL_PARTS; i++) {
		const struct attest_bytes *part = attest_collateral_part(
			&evidence->view, i);
		FILE *file;
		bool ok;

		snprintf(path, sizeof(path), "%s/%s", folder,
			attest_collateral_part_name(i));
		file = fopen(path, "we");
		if (!file)
			return why_set(why, -errno, "%s: %s", path,
				strerror(errno));
		ok = fwrite(part->data, 1, part->size, file) == part->size;
		if (fclose(file) || !ok)
			return why_set(why, -EIO, "%s cannot be written",
				path);
	}
	return 0;
}
