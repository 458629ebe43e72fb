/* SPDX-License-Identifier: MIT */
/*
 * Does a changed image start?  Copies of the bench enclave, each with one bit
 * changed where it must not be.
 */
#include "bench_enclave.h"
#include "bench_u.h"
#include "cli.h"
#include "doctor.h"
#include <coffer/sgx_arch.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMAGE_MAX (64u << 20)

struct bytes {
	uint8_t *data;
	size_t size;
};

static bool read_file(const char *path, struct bytes *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	bool ok;

	if (fd < 0)
		return false;
	ok = !fstat(fd, &st) && st.st_size > 0 && st.st_size <= IMAGE_MAX;
	out->size = ok ? (size_t)st.st_size : 0;
	out->data = ok ? malloc(out->size) : NULL;
	ok = out->data && read(fd, out->data, out->size) ==
		(ssize_t)out->size;
	if (!ok) {
		free(out->data);
		out->data = NULL;
	}
	close(fd);
	return ok;
}

/* Where the first instruction of the enclave is in the file, or 0. */
static size_t find_code(const struct bytes *image)
{
	Elf64_Ehdr header;

	if (image->size < sizeof(header))
		return 0;
	memcpy(&header, image->data, sizeof(header));
	for (unsigned int i = 0; i < header.e_phnum; i++) {
		uint64_t at = header.e_phoff + (uint64_t)i * sizeof(Elf64_Phdr);
		Elf64_Phdr p;

		if (at > image->size || image->size - at < sizeof(p))
			return 0;
		memcpy(&p, image->data + at, sizeof(p));
		if (p.p_type == PT_LOAD && header.e_entry >= p.p_vaddr &&
				header.e_entry - p.p_vaddr < p.p_filesz) {
			at = p.p_offset + (header.e_entry - p.p_vaddr);
			return at < image->size ? (size_t)at : 0;
		}
	}
	return 0;
}

/* Where the signature's bytes are, or 0. */
static size_t find_signature(const struct bytes *image)
{
	static const uint8_t header[16] = SGX_SIGSTRUCT_HEADER;
	static const uint8_t header2[16] = SGX_SIGSTRUCT_HEADER2;
	const size_t second = offsetof(struct sgx_sigstruct, header2);

	for (size_t at = 0; at + sizeof(struct sgx_sigstruct) <= image->size;
			at++)
		if (!memcmp(image->data + at, header, sizeof(header)) &&
				!memcmp(image->data + at + second, header2,
					sizeof(header2)))
			return at + offsetof(struct sgx_sigstruct, signature);
	return 0;
}

/* Tries to start the image with one bit changed. */
static void try_changed(struct doctor *doctor, const char *id,
	const char *what, struct bytes *image, size_t at)
{
	char path[] = "/tmp/coffer-doctor-XXXXXX";
	oe_enclave_t *enclave = NULL;
	oe_result_t result = OE_FAILURE;
	bool written;
	int fd;

	fd = at ? mkostemp(path, O_CLOEXEC) : -1;
	if (fd < 0) {
		doctor_say(doctor, id, DOCTOR_UNKNOWN, "no copy of the bench "
			"enclave could be made: %s", at ? strerror(errno) :
			_("the place to change was not found"));
		return;
	}
	image->data[at] ^= 4;
	written = write(fd, image->data, image->size) == (ssize_t)image->size;
	image->data[at] ^= 4;
	close(fd);
	if (written)
		result = oe_create_bench_enclave(path, OE_ENCLAVE_TYPE_SGX, 0,
			NULL, 0, &enclave);
	unlink(path);
	if (!written)
		doctor_say(doctor, id, DOCTOR_UNKNOWN, "no copy of the bench "
			"enclave could be written");
	else if (result == OE_OK)
		doctor_promise(doctor, id, DOCTOR_OFF,
			"an image with one bit of %s changed starts", what);
	else if (result != OE_PLATFORM_ERROR)
		doctor_say(doctor, id, DOCTOR_UNKNOWN, "a changed image did not "
			"start, but for another reason (%s)",
			oe_result_str(result));
	else
		doctor_promise(doctor, id, DOCTOR_ON,
			"an image with one bit of %s changed is refused", what);
	if (enclave)
		oe_terminate_enclave(enclave);
}

void doctor_forge(struct doctor *doctor)
{
	char path[PATH_MAX];
	struct bytes image;

	doctor_group(doctor, "identity", "A changed enclave");
	if (!bench_enclave_path(BENCH_IMAGE_1M, path, sizeof(path)) ||
			!read_file(path, &image)) {
		doctor_say(doctor, "changed-code", DOCTOR_UNKNOWN,
			"the bench enclave cannot be read");
		return;
	}
	/* A refusal is what we want: no need to hear of it. */
	bench_enclave_quiet(true);
	try_changed(doctor, "changed-code", _("its code"), &image,
		find_code(&image));
	try_changed(doctor, "changed-signature", _("its signature"), &image,
		find_signature(&image));
	bench_enclave_quiet(false);
	free(image.data);
}
