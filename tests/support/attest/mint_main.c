/* SPDX-License-Identifier: MIT */
/* mint FOLDER [FLAW]: writes quote, root.pem and collateral/ for tests of
 * programs, sound at MINT_NOW or with a flaw: revoked, outofdate, debug. */
#include "mint.h"

#include <stdio.h>
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
	mint_free(&mint);
	return 0;
}
