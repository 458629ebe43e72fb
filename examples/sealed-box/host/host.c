/* SPDX-License-Identifier: MIT */
/*
 * The untrusted application: loads the enclave, carries ciphertext to it and
 * away from it.  It never sees a key or a record.
 *
 *   sealed-box-host [OPTION...] ENCLAVE POST
 *
 *   --attest URL  --vault URL  --key NAME   whom the enclave asks for its key
 *   --debug                                 as a debug enclave
 *   --record FILE, --replay FILE, --flip    a host that is up to something:
 *                                           carrier.h
 *
 * POST is the folder shared with the data owner.  Commands come line by line
 * on standard input; each is answered by one line:
 *
 *   fetch             the enclave attests, and is given its key
 *   open [RECORDS]    POST/records.sealed (or the file of that name) handed
 *                     to the enclave
 *   read              try to read the records at their address
 *   compute           encrypted result written to POST/result.sealed, the
 *                     evidence for it to POST/result.evidence
 *   close             the enclave forgets everything
 *
 * An answer is "ok ..." or "refused ...".  End of input ends the enclave.
 */
#include "carrier.h"
#include "../box_format.h"
#include "../stats.h"

#include <errno.h>
#include <getopt.h>
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

static const char *g_post, *g_attest = "", *g_vault = "", *g_key = "";

static const char *status_text(oe_result_t result, enum box_status status)
{
	static const char *const texts[] = { "ok", "out of order",
		"malformed message", "not authentic", "not the expected table",
		"too big", "out of memory", "cryptography failed",
		"not released", "no evidence" };

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

static void do_fetch(oe_enclave_t *enclave)
{
	char reason[512] = "";
	enum box_status status = BOX_OK;
	oe_result_t result = box_fetch_key(enclave, &status, g_attest, g_vault,
		g_key, reason, sizeof(reason));

	if (result == OE_OK && status == BOX_OK)
		printf("ok the key is inside, and nowhere here\n");
	else
		printf("refused %s%s%.*s\n", status_text(result, status),
			*reason ? ": " : "", (int)sizeof(reason) - 1, reason);
}

static void do_open(oe_enclave_t *enclave, const char *name)
{
	size_t sealed_size;
	uint8_t *sealed = read_file(*name ? name : "records.sealed", &sealed_size);
	enum box_status status = BOX_OK;
	uint64_t records = 0;
	oe_result_t result;

	if (!sealed) {
		printf("refused no such file\n");
		return;
	}
	result = box_open(enclave, &status, sealed, sealed_size, &records);
	if (result == OE_OK && status == BOX_OK)
		printf("ok %llu\n", (unsigned long long)records);
	else
		printf("refused %s\n", status_text(result, status));
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
	static uint8_t evidence[BOX_EVIDENCE_MAX];
	uint8_t sealed[sizeof(struct box_result) + BOX_OVERHEAD];
	enum box_status status = BOX_OK;
	size_t written = 0, proof = 0;
	oe_result_t result =
		box_compute(enclave, &status, sealed, sizeof(sealed), &written);

	if (result == OE_OK && status == BOX_OK && written <= sizeof(sealed))
		result = box_prove(enclave, &status, sealed, written, evidence,
			sizeof(evidence), &proof);
	if (result != OE_OK || status != BOX_OK || written > sizeof(sealed) ||
		proof > sizeof(evidence))
		printf("refused %s\n", status_text(result, status));
	else if (!write_file("result.sealed", sealed, written) ||
		!write_file("result.evidence", evidence, proof))
		printf("refused %s\n", strerror(errno));
	else
		printf("ok %zu encrypted bytes, and %zu of evidence\n", written,
			proof);
}

static void serve(oe_enclave_t *enclave)
{
	char line[256];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (!strcmp(line, "fetch"))
			do_fetch(enclave);
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

static int usage(void)
{
	fprintf(stderr, "usage: sealed-box-host [--attest URL] [--vault URL] "
		"[--key NAME] [--debug]\n\t[--record FILE | --replay FILE | "
		"--flip] ENCLAVE POST\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "attest", required_argument, NULL, 'a' },
		{ "vault", required_argument, NULL, 'v' },
		{ "key", required_argument, NULL, 'k' },
		{ "debug", no_argument, NULL, 'd' },
		{ "record", required_argument, NULL, 'w' },
		{ "replay", required_argument, NULL, 'r' },
		{ "flip", no_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	oe_enclave_t *enclave = NULL;
	oe_result_t result;
	uint32_t flags = 0;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'a': g_attest = optarg; break;
		case 'v': g_vault = optarg; break;
		case 'k': g_key = optarg; break;
		case 'd': flags = OE_ENCLAVE_FLAG_DEBUG; break;
		case 'w': carrier_record(optarg); break;
		case 'r': carrier_replay(optarg); break;
		case 'f': carrier_flip(); break;
		default: return usage();
		}
	}
	if (optind + 2 != argc)
		return usage();
	g_post = argv[optind + 1];
	result = oe_create_box_enclave(argv[optind], OE_ENCLAVE_TYPE_SGX, flags,
		NULL, 0, &enclave);
	if (result != OE_OK) {
		printf("refused %s\n", oe_result_str(result));
		return 1;
	}
	printf("ok enclave loaded\n");
	fflush(stdout);
	serve(enclave);
	return oe_terminate_enclave(enclave) == OE_OK ? 0 : 1;
}
