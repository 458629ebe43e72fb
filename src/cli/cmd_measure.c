/* SPDX-License-Identifier: MIT */
#include "cli.h"
#include "image/measure_file.h"
#include <stdio.h>
#include <string.h>

static int run(int argc, char **argv)
{
	const char *file = NULL, *sgxs = NULL;
	uint8_t mrenclave[32];
	char text[512] = "", hex[65];
	bool json = false;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			json = true;
		else if (!strcmp(argv[i], "--sgxs") && i + 1 < argc)
			sgxs = argv[++i];
		else if (argv[i][0] == '-' || file)
			return cli_usage(&cli_measure, "what is \"%s\"?", argv[i]);
		else
			file = argv[i];
	}
	if (!file)
		return cli_usage(&cli_measure, "which file?");
	if (measure_file(file, mrenclave, text, sizeof(text)))
		return cli_error("%s", text);
	if (sgxs && measure_file_to_sgxs(file, sgxs, text, sizeof(text)))
		return cli_error("%s", text);
	cli_hex(mrenclave, sizeof(mrenclave), hex);
	if (json)
		return cli_print_json(json_pack("{s:s, s:s}", "file", file,
			"mrenclave", hex));
	printf("%s\n", hex);
	return CLI_OK;
}

const struct cli_command cli_measure = {
	.name = "measure",
	.summary = N_("compute MRENCLAVE of an enclave image or an SGXS stream"),
	.usage = N_(
"usage: coffer measure FILE [--json] [--sgxs OUT]\n"
"\n"
"Prints the measurement (MRENCLAVE, 64 hexadecimal digits) that the enclave\n"
"in FILE will have: an image, signed or not, or an SGXS stream.\n"
"\n"
"  --sgxs OUT    also write the image as an SGXS stream to OUT\n"),
	.run = run,
};
