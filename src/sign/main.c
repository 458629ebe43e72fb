/* SPDX-License-Identifier: MIT */
/* oesign: signs Open Enclave images.  The command line alone. */
#include "oesign.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage_general[] =
	"Usage: %s <command> [options]\n"
	"\n"
	"Commands:\n"
	"  sign    sign an enclave image\n"
	"  digest  write the digest that a signature is made of, to have it\n"
	"          signed elsewhere\n"
	"  dump    print the properties and the signature of an enclave image\n"
	"  protect encrypt code and data of an enclave image, before signing it\n"
	"\n"
	"\"%s <command> --help\" tells more about a command.\n";

static const char usage_sign[] =
	"Usage: %s sign -e ENCLAVE_IMAGE [-c CONFIG_FILE] SIGN_OPTIONS"
	" [-o OUTPUT_FILE]\n"
	"\n"
	"  -e, --enclave-image      the enclave image\n"
	"  -c, --config-file        settings that override those in the image\n"
	"  -o, --output-file        what to write (default:"
	" ENCLAVE_IMAGE.signed)\n"
	"\n"
	"SIGN_OPTIONS is one of these groups:\n"
	"  -k, --key-file           private key in PEM: RSA-3072, exponent 3\n"
	"\n"
	"  -d, --digest-signature   signature of the output of \"digest\"\n"
	"                           (also: --digest-file)\n"
	"  -x, --x509               certificate of the key that made it, in PEM\n"
	"\n"
	"  -n, --engine             name of an OpenSSL engine\n"
	"  -i, --key-id             name of the key in the engine\n"
	"  -p, --load-path          the engine's shared object, if OpenSSL does\n"
	"                           not know the engine\n"
	"\n"
	"A configuration file has lines NAME=VALUE.  Names: Debug,"
	" NumHeapPages,\n"
	"NumStackPages, NumTCS, ProductID, SecurityVersion, FamilyID,\n"
	"ExtendedProductID, CapturePFGPExceptions, CreateZeroBaseEnclave,\n"
	"StartAddress.  Numbers are decimal.  Only the properties in the image"
	" change.\n";

static const char usage_digest[] =
	"Usage: %s digest -e ENCLAVE_IMAGE [-c CONFIG_FILE] -d DIGEST_FILE\n"
	"\n"
	"  -e, --enclave-image      the enclave image\n"
	"  -c, --config-file        settings that override those in the image\n"
	"  -d, --digest-file        what to write: 32 raw bytes, SHA-256\n"
	"\n"
	"Sign the digest with PKCS#1 v1.5 and give the signature to"
	" \"sign -d -x\",\n"
	"with the same image and configuration, on the same day: the date is"
	" signed too.\n";

static const char usage_dump[] =
	"Usage: %s dump -e ENCLAVE_IMAGE\n"
	"\n"
	"  -e, --enclave-image      the enclave image\n";

static const char usage_protect[] =
	"Usage: %s protect -e ENCLAVE_IMAGE (-k KEY_FILE | -K NEW_KEY_FILE)\n"
	"               [-s SECTION]... [-g] [-o OUTPUT_FILE]\n"
	"\n"
	"  -e, --enclave-image      the enclave image, not signed yet\n"
	"  -k, --key-file           the key: 32 raw bytes\n"
	"  -K, --new-key-file       where to put a new key (a file that is not\n"
	"                           there yet)\n"
	"  -s, --section            sections whose names begin so, may be given\n"
	"                           several times (default: .protected)\n"
	"  -g, --keep-debug         leave symbols and debug information\n"
	"  -o, --output-file        what to write (default:"
	" ENCLAVE_IMAGE.protected)\n"
	"\n"
	"The enclave decrypts them with coffer_unlock_code(); see\n"
	"<coffer/protected_code.h>.  Sign what comes out with \"sign\".\n";

static int usage(const char *text, int status)
{
	fprintf(stderr, text, program_name, program_name);
	return status;
}

static int missing_image(void)
{
	complain("--enclave-image option is missing");
	return 1;
}

/* The option groups of sign exclude each other. */
static const char *check_groups(const struct sign_options *o)
{
	if (o->engine || o->key_id || o->engine_path) {
		if (o->key_file)
			return "--key-file cannot be used with engine options";
		if (o->digest_signature || o->certificate)
			return "--digest-signature and --x509 cannot be used "
				"with engine options";
		if (!o->engine || !o->key_id)
			return "Both --key-id and its --engine must be "
				"specified";
		return NULL;
	}
	if (o->digest_signature || o->certificate) {
		if (o->key_file)
			return "--key-file cannot be used with digest signing "
				"options";
		if (!o->digest_signature || !o->certificate)
			return "--digest-signature must be used with --x509";
		return NULL;
	}
	return o->key_file ? NULL :
		"One of the SIGN_OPTIONS like --key-file must be specified";
}

static int parse_sign(int argc, char **argv)
{
	static const struct option options[] = {
		{"help", no_argument, NULL, 'h'},
		{"enclave-image", required_argument, NULL, 'e'},
		{"config-file", required_argument, NULL, 'c'},
		{"output-file", required_argument, NULL, 'o'},
		{"key-file", required_argument, NULL, 'k'},
		{"digest-signature", required_argument, NULL, 'd'},
		{"digest-file", required_argument, NULL, 'd'},
		{"x509", required_argument, NULL, 'x'},
		{"engine", required_argument, NULL, 'n'},
		{"load-path", required_argument, NULL, 'p'},
		{"key-id", required_argument, NULL, 'i'},
		{NULL, 0, NULL, 0},
	};
	struct sign_options o = {0};
	const char *wrong;
	int c;

	if (argc <= 2)
		return usage(usage_sign, 1);
	while ((c = getopt_long(argc, argv, "he:c:o:k:d:x:n:p:i:", options,
		NULL)) != -1) {
		switch (c) {
		case 'h': return usage(usage_sign, 0);
		case 'e': o.image = optarg; break;
		case 'c': o.conf = optarg; break;
		case 'o': o.output = optarg; break;
		case 'k': o.key_file = optarg; break;
		case 'd': o.digest_signature = optarg; break;
		case 'x': o.certificate = optarg; break;
		case 'n': o.engine = optarg; break;
		case 'p': o.engine_path = optarg; break;
		case 'i': o.key_id = optarg; break;
		default: return 1;
		}
	}
	if (!o.image)
		return missing_image();
	wrong = check_groups(&o);
	if (wrong) {
		complain("%s", wrong);
		return 1;
	}
	return command_sign(&o);
}

static int parse_digest(int argc, char **argv)
{
	static const struct option options[] = {
		{"help", no_argument, NULL, 'h'},
		{"enclave-image", required_argument, NULL, 'e'},
		{"config-file", required_argument, NULL, 'c'},
		{"digest-file", required_argument, NULL, 'd'},
		{NULL, 0, NULL, 0},
	};
	const char *image = NULL, *conf = NULL, *output = NULL;
	int c;

	if (argc <= 2)
		return usage(usage_digest, 1);
	while ((c = getopt_long(argc, argv, "he:c:d:", options, NULL)) != -1) {
		switch (c) {
		case 'h': return usage(usage_digest, 0);
		case 'e': image = optarg; break;
		case 'c': conf = optarg; break;
		case 'd': output = optarg; break;
		default: return 1;
		}
	}
	if (!image)
		return missing_image();
	if (!output) {
		complain("--digest-file option is missing");
		return 1;
	}
	return command_digest(image, conf, output);
}

static int parse_dump(int argc, char **argv)
{
	static const struct option options[] = {
		{"help", no_argument, NULL, 'h'},
		{"enclave-image", required_argument, NULL, 'e'},
		{NULL, 0, NULL, 0},
	};
	const char *image = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "he:", options, NULL)) != -1) {
		switch (c) {
		case 'h': return usage(usage_dump, 0);
		case 'e': image = optarg; break;
		default: return 1;
		}
	}
	return image ? command_dump(image) : missing_image();
}

static int parse_protect(int argc, char **argv)
{
	static const struct option options[] = {
		{"help", no_argument, NULL, 'h'},
		{"enclave-image", required_argument, NULL, 'e'},
		{"key-file", required_argument, NULL, 'k'},
		{"new-key-file", required_argument, NULL, 'K'},
		{"section", required_argument, NULL, 's'},
		{"keep-debug", no_argument, NULL, 'g'},
		{"output-file", required_argument, NULL, 'o'},
		{NULL, 0, NULL, 0},
	};
	struct protect_command o = {0};
	int c;

	if (argc <= 2)
		return usage(usage_protect, 1);
	while ((c = getopt_long(argc, argv, "he:k:K:s:go:", options,
		NULL)) != -1) {
		switch (c) {
		case 'h': return usage(usage_protect, 0);
		case 'e': o.image = optarg; break;
		case 'k': o.key = optarg; break;
		case 'K': o.new_key = optarg; break;
		case 'g': o.keep_debug = true; break;
		case 'o': o.output = optarg; break;
		case 's':
			if (o.prefix_count == PROTECT_PREFIXES_MAX) {
				complain("more than %u times --section",
					PROTECT_PREFIXES_MAX);
				return 1;
			}
			o.prefix[o.prefix_count++] = optarg;
			break;
		default: return 1;
		}
	}
	if (!o.image)
		return missing_image();
	if (!o.key == !o.new_key) {
		complain("one of --key-file and --new-key-file is needed");
		return 1;
	}
	return command_protect(&o);
}

int main(int argc, char **argv)
{
	int status;

	if (argc > 0)
		program_name = argv[0];
	if (argc >= 2 && !strcmp(argv[1], "sign"))
		status = parse_sign(argc, argv);
	else if (argc >= 2 && !strcmp(argv[1], "digest"))
		status = parse_digest(argc, argv);
	else if (argc >= 2 && !strcmp(argv[1], "dump"))
		status = parse_dump(argc, argv);
	else if (argc >= 2 && !strcmp(argv[1], "protect"))
		status = parse_protect(argc, argv);
	else if (argc >= 2 && (!strcmp(argv[1], "--help") ||
		!strcmp(argv[1], "-h")))
		status = usage(usage_general, 0);
	else
		status = usage(usage_general, 1);
	if (fflush(stdout) && !status) {
		complain("cannot write to standard output");
		status = 1;
	}
	return status;
}
