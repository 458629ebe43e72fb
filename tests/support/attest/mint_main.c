/* SPDX-License-Identifier: MIT */
/* mint FOLDER [FLAW]: writes quote, root.pem and collateral/ for tests of
 * programs, sound at MINT_NOW or with a flaw: revoked, outofdate, debug; and
 * for fuzzers sgx (the extension), endorsements, and in seeds/ the parts of
 * collateral behind a byte that chooses the reader. */
#include "attest/endorsements.h"
#include "mint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void write_file(const char *folder, const char *name,
	const void *bytes, size_t size)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	mint_check(file && fwrite(bytes, 1, size, file) == size &&
		!fclose(file), path);
}

/* Numbers of readers in tests/fuzz/attest/fuzz_collateral.c, by part. */
static void write_seeds(const struct mint *mint, const char *parent)
{
	static const uint8_t reader[ATTEST_COLLATERAL_PARTS] = {
		0, 5, 4, 5, 4, 2, 5,
	};
	char folder[4096];

	snprintf(folder, sizeof(folder), "%s/seeds", parent);
	mkdir(folder, 0777);
	for (unsigned int i = 0; i < ATTEST_COLLATERAL_PARTS; i++) {
		const struct attest_bytes *part = attest_collateral_part(
			&mint->collateral, i);
		uint8_t *seed = malloc(part->size + 1);

		seed[0] = reader[i];
		memcpy(seed + 1, part->data, part->size);
		write_file(folder, attest_collateral_part_name(i), seed,
			part->size + 1);
		free(seed);
	}
}

static void write_blocks(const struct mint *mint, const char *folder)
{
	uint8_t *bytes;
	size_t size;

	bytes = mint_sgx_extension(&mint->machine, &size);
	write_file(folder, "sgx", bytes, size);
	free(bytes);
	mint_check(!attest_endorsements_pack(&mint->collateral, MINT_NOW,
		&bytes, &size), "endorsements");
	write_file(folder, "endorsements", bytes, size);
	free(bytes);
}

int main(int argc, char **argv)
{
	const char *flaw = argc > 2 ? argv[2] : "";
	char folder[4096];
	struct mint mint;

	mint_check(argc >= 2, "which folder?");
	mint_init(&mint);
	if (!strcmp(flaw, "revoked"))
		mint.pck_crl.revoked[0] = mint.pck.serial;
	else if (!strcmp(flaw, "outofdate"))
		mint.machine.components[0]--;
	else if (!strcmp(flaw, "debug"))
		mint.body.attributes.flags |= 2;
	else
		mint_check(!*flaw, "no such flaw");
	mint_make(&mint);
	mkdir(argv[1], 0777);
	write_file(argv[1], "quote", mint.quote, mint.quote_size);
	write_file(argv[1], "root.pem", mint.root_pem, strlen(mint.root_pem));
	snprintf(folder, sizeof(folder), "%s/collateral", argv[1]);
	mkdir(folder, 0777);
	for (unsigned int i = 0; i < ATTEST_COLLATERAL_PARTS; i++) {
		const struct attest_bytes *part = attest_collateral_part(
			&mint.collateral, i);

		write_file(folder, attest_collateral_part_name(i), part->data,
			part->size);
	}
	write_blocks(&mint, argv[1]);
	write_seeds(&mint, argv[1]);
	mint_free(&mint);
	return 0;
}
