/* SPDX-License-Identifier: MIT */
/*
 * The untrusted application: loads the enclave, carries ciphertext to it and
 * away from it.  It never sees a key or a record.
 *
 *   sealed-box-host ENCLAVE POST
 *
 * POST is the folder shared with the data owner.  Commands come line by line
 * on standard input; each is answered by one line:
 *
 *   key               public key written to POST/public.key
 *   open [RECORDS]    POST/key.wrapped and POST/records.sealed (or the file
 *                     of that name) handed to the enclave
 *   read              try to read the records at their address
 *   compute           encrypted result written to POST/result.sealed
 *   close             the enclave forgets everything
 *
 * An answer is "ok ..." or "refused ...".  End of input ends the enclave.
 */
#include "../box_format.h"
#include "../stats.h"

#include <errno.h>
#include <openenclave/host.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box_u.h"

#define FILE_MAX (BOX_PLAINTEXT_MAX + BOX_OVERHEAD)

static const char *g_post;

static const char *status_text(oe_result_t result, enum box_status status)
{
	static const char *const texts[] = { "ok", "out of order",
		"malformed message", "not authentic", "not the expected table",
		"too big", "out of memory", "cryptography failed" };

	if (result != OE_OK)
		return oe_result_str(result);
	return status < sizeof(texts) / sizeof(*texts) ? texts[status] : "unknown";
}

/* The caller frees the content; NULL when it cannot be read. */
static uint8_t *read_file(const char *name, size_t *size)
{
	char path[4096];
	uint8_t *content = malloc(FILE_MAX);
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", g_post, name);
	f = fopen(path, "rb");
	*size = f && content ? fread(content, 1, FILE_MAX, f) : 0;
	if (f)
		fclose(f);
	if (*size)
		return content;
	free(content);
	return NULL;
}

static bool write_file(const char *name, const void *content, size_t size)
{
	char path[4096];
	FILE *f;
	bool good;

	snprintf(path, sizeof(path), "%s/%s", g_post, name);
	f = fopen(path, "wb");
	good = f && fwrite(content, 1, size, f) == size;
	return f && fclose(f) == 0 && good;
}

static void do_key(oe_enclave_t *enclave)
{
	uint8_t point[BOX_POINT_SIZE];
	enum box_status status = BOX_OK;
	oe_result_t result = box_make_key(enclave, &status, point);

	if (result != OE_OK || status != BOX_OK)
		printf("refused %s\n", status_text(result, status));
	else if (!write_file("public.key", point, sizeof(point)))
		printf("refused %s\n", strerror(errno));
	else
		printf("ok public key made inside the enclave\n");
}

static void do_open(oe_enclave_t *enclave, const char *name)
{
	size_t wrapped_size, sealed_size;
	uint8_t *wrapped = read_file("key.wrapped", &wrapped_size);
	uint8_t *sealed = read_file(*name ? name : "records.sealed", &sealed_size);
	enum box_status status = BOX_OK;
	uint64_t records = 0;
	oe_result_t result;

	if (!wrapped || !sealed) {
		printf("refused no such file\n");
	} else {
		result = box_open(enclave, &status, wrapped, wrapped_size, sealed,
			sealed_size, &records);
		if (result == OE_OK && status == BOX_OK)
			printf("ok %llu\n", (unsigned long long)records);
		else
			printf("refused %s\n", status_text(result, status));
	}
	free(wrapped);
	free(sealed);
}

/* First with a load, in a child that may die of it; then by asking the kernel
 * for our own memory at that address. */
static void do_read(oe_enclave_t *enclave)
{
	uint64_t address = 0, word = 0;
	struct iovec ours = { &word, sizeof(word) }, theirs;
	int status = 0;
	ssize_t n;
	pid_t pid;

	if (box_where(enclave, &address) != OE_OK || !address) {
		printf("refused no records\n");
		return;
	}
	pid = fork();
	if (pid == 0) {
		word = *(volatile uint64_t *)(uintptr_t)address;
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		printf("refused no child\n");
		return;
	}
	theirs = (struct iovec){ (void *)(uintptr_t)address, sizeof(word) };
	n = process_vm_readv(getpid(), &ours, 1, &theirs, 1, 0);
	if (WIFSIGNALED(status) && n < 0)
		printf("ok 0x%llx: a load is killed by \"%s\", the kernel says "
			"\"%s\"\n", (unsigned long long)address,
			strsignal(WTERMSIG(status)), strerror(errno));
	else
		printf("refused 0x%llx could be read\n",
			(unsigned long long)address);
}

static void do_compute(oe_enclave_t *enclave)
{
	uint8_t sealed[sizeof(struct box_result) + BOX_OVERHEAD];
	enum box_status status = BOX_OK;
	size_t written = 0;
	oe_result_t result =
		box_compute(enclave, &status, sealed, sizeof(sealed), &written);

	if (result != OE_OK || status != BOX_OK || written > sizeof(sealed))
		printf("refused %s\n", status_text(result, status));
	else if (!write_file("result.sealed", sealed, written))
		printf("refused %s\n", strerror(errno));
	else
		printf("ok %zu\n", written);
}

static void serve(oe_enclave_t *enclave)
{
	char line[256];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (!strcmp(line, "key"))
			do_key(enclave);
		else if (!strncmp(line, "open", 4) && (!line[4] || line[4] == ' '))
			do_open(enclave, line + 4 + (line[4] == ' '));
		else if (!strcmp(line, "read"))
			do_read(enclave);
		else if (!strcmp(line, "compute"))
			do_compute(enclave);
		else if (!strcmp(line, "close"))
			printf("%s\n", box_close(enclave) == OE_OK ? "ok" : "refused");
		else
			printf("refused unknown command\n");
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	oe_enclave_t *enclave = NULL;
	oe_result_t result;

	if (argc != 3) {
		fprintf(stderr, "usage: sealed-box-host ENCLAVE POST\n");
		return 2;
	}
	g_post = argv[2];
	result = oe_create_box_enclave(argv[1], OE_ENCLAVE_TYPE_SGX, 0, NULL, 0,
		&enclave);
	if (result != OE_OK) {
		printf("refused %s\n", oe_result_str(result));
		return 1;
	}
	printf("ok enclave loaded\n");
	fflush(stdout);
	serve(enclave);
	return oe_terminate_enclave(enclave) == OE_OK ? 0 : 1;
}
