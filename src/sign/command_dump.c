/* SPDX-License-Identifier: MIT */
#include "oesign.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void print_hex(const char *name, const uint8_t *bytes, size_t size)
{
	printf("%s=", name);
	for (size_t i = 0; i < size; i++)
		printf("%02x", bytes[i]);
	putchar('\n');
}

static bool print_entry(const struct image *image)
{
	const uint64_t entry = image_entry(image);
	const char *name = image_symbol_at(image, entry);
	uint64_t start;

	/* Several symbols may share the address. */
	if (image_find_symbol(image, "_start", &start) && start == entry)
		name = "_start";
	if (!name) {
		complain("Cannot find entry point symbol");
		return false;
	}
	if (strcmp(name, "_start")) {
		complain("Invalid entry point name: %s", name);
		return false;
	}
	printf("=== Entry point: \n");
	printf("name=%s\n", name);
	printf("address=0x%016" PRIx64 "\n", entry);
	printf("\n");
	return true;
}

static void print_properties(const oe_sgx_enclave_properties_t *p,
	const struct image_growth *growth)
{
	struct sgx_sigstruct s;
	uint8_t mrsigner[32];

	memcpy(&s, p->sigstruct, sizeof(s));
	sigstruct_mrsigner(&s, mrsigner);
	printf("=== SGX Enclave Properties:\n");
	printf("product_id=%u\n", p->config.product_id);
	printf("security_version=%u\n", p->config.security_version);
	printf("debug=%u\n", p->config.attributes & OE_SGX_FLAGS_DEBUG ? 1 : 0);
	printf("xfrm=0x%016" PRIx64 "\n", p->config.xfrm);
	printf("num_heap_pages=%" PRIu64 "\n",
		p->header.size_settings.num_heap_pages);
	printf("num_stack_pages=%" PRIu64 "\n",
		p->header.size_settings.num_stack_pages);
	printf("num_tcs=%" PRIu64 "\n", p->header.size_settings.num_tcs);
	if (growth->max_heap_pages)
		printf("max_heap_pages=%" PRIu64 "\n", growth->max_heap_pages);
	if (growth->max_tcs)
		printf("max_tcs=%" PRIu64 "\n", growth->max_tcs);
	print_hex("mrenclave", s.enclave_hash, sizeof(s.enclave_hash));
	print_hex("mrsigner", mrsigner, sizeof(mrsigner));
	print_hex("signature", s.signature, sizeof(s.signature));
	printf("\n");
}

int command_dump(const char *path)
{
	struct image_error error = {""};
	struct image_growth growth;
	struct image *image;
	bool good;

	if (image_open(path, &image, &error)) {
		complain("%s", error.text);
		complain("Failed to load %s as ELF64", path);
		return 1;
	}
	printf("\n");
	good = print_entry(image);
	growth = image_growth(image);
	print_properties(image_properties(image), &growth);
	image_close(image);
	return good ? 0 : 1;
}
