/* SPDX-License-Identifier: MIT */
/* A quote of Coffer's own small enclave, or what is known of quotes here. */
#include "attest/quote.h"
#include "bench_enclave.h"
#include "bench_u.h"
#include "cli.h"
#include "host/quoting.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA_SIZE 64

struct options {
	const char *out;
	bool json, target;
	uint8_t data[DATA_SIZE];
};

/* Up to 64 bytes in hexadecimal digits; the rest is zero. */
static bool parse_data(const char *text, uint8_t data[DATA_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	size_t length = strlen(text);

	if (length % 2 || length > 2 * DATA_SIZE)
		return false;
	for (size_t i = 0; i < length; i++) {
		const char *at = strchr(digits, text[i] | 0x20);

		if (!at || !text[i])
			return false;
		data[i / 2] = (uint8_t)(data[i / 2] << 4 | (at - digits));
	}
	return true;
}

static bool report_for(const struct quoting_target *target,
	const uint8_t *data, uint8_t report[QUOTING_REPORT_SIZE])
{
	oe_enclave_t *enclave = bench_enclave_new(BENCH_IMAGE_1M);
	oe_result_t result = OE_FAILURE, call;

	if (!enclave)
		return false;
	call = bench_report(enclave, &result, 1, target->target_info, data,
		report);
	oe_terminate_enclave(enclave);
	if (call == OE_OK)
		call = result;
	if (call != OE_OK)
		cli_error("the enclave gave no REPORT: %s",
			oe_result_str(call));
	return call == OE_OK;
}

static json_t *hex(const uint8_t *bytes, size_t size)
{
	char text[2 * 64 + 1];

	cli_hex(bytes, size, text);
	return json_string(text);
}

/* The machine's side of quotes. */
static json_t *of_target(const struct quoting_target *t)
{
	return json_pack("{s:o, s:s, s:o, s:o, s:i, s:i, s:i}",
		"fmspc", hex(t->fmspc, sizeof(t->fmspc)),
		"ca", t->ca == QUOTING_CA_PLATFORM ? "platform" : "processor",
		"cpusvn", hex(t->cpusvn, sizeof(t->cpusvn)),
		"qe_id", hex(t->qe_id, sizeof(t->qe_id)),
		"qe_svn", t->qe_svn, "pce_svn", t->pce_svn,
		"quote_size", (int)t->quote_size);
}

static json_t *of_quote(const struct attest_quote *q)
{
	return json_pack("{s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:i,"
		" s:i, s:b, s:i}",
		"version", q->header.version, "qe_svn", q->header.qe_svn,
		"pce_svn", q->header.pce_svn,
		"qe_id", hex(q->header.user_data, 16),
		"cpusvn", hex(q->body.cpusvn, sizeof(q->body.cpusvn)),
		"mrenclave", hex(q->body.mrenclave, 32),
		"mrsigner", hex(q->body.mrsigner, 32),
		"report_data", hex(q->body.report_data, 64),
		"qe_mrsigner", hex(q->qe_report.mrsigner, 32),
		"isv_prod_id", q->body.isv_prod_id,
		"isv_svn", q->body.isv_svn,
		"debug", (int)!!(q->body.attributes.flags & SGX_ATTR_DEBUG),
		"size", (int)q->size);
}

static int show(json_t *object, bool json)
{
	const char *key;
	json_t *value;

	if (!object)
		return cli_error("out of memory");
	if (json)
		return cli_print_json(object);
	json_object_foreach(object, key, value) {
		if (json_is_string(value))
			printf("%-12s %s\n", key, json_string_value(value));
		else if (json_is_boolean(value))
			printf("%-12s %s\n", key,
				json_is_true(value) ? _("yes") : _("no"));
		else
			printf("%-12s %lld\n", key,
				(long long)json_integer_value(value));
	}
	json_decref(object);
	return CLI_OK;
}

static int save(const char *path, const uint8_t *bytes, size_t size)
{
	FILE *out = fopen(path, "wbe");
	bool good = out && fwrite(bytes, 1, size, out) == size;

	if (out && fclose(out))
		good = false;
	return good ? CLI_OK : cli_error("cannot write %s: %s", path,
		strerror(errno));
}

static int quote(const struct options *o, const struct quoting_target *target)
{
	uint8_t report[QUOTING_REPORT_SIZE];
	struct attest_quote parsed;
	struct why why = { "" };
	uint8_t *bytes = NULL;
	size_t size = 0;
	int status = CLI_OK;

	if (!report_for(target, o->data, report))
		return CLI_FAILED;
	if (quoting_quote(report, &bytes, &size, &why))
		return cli_error("%s", why.text);
	if (attest_quote_parse(bytes, size, &parsed, &why))
		status = cli_error("the quote is malformed: %s", why.text);
	if (!status && o->out)
		status = save(o->out, bytes, size);
	if (!status && (o->json || !o->out))
		status = show(of_quote(&parsed), o->json);
	free(bytes);
	return status;
}

static int run(int argc, char **argv)
{
	struct quoting_target target;
	struct options o = { .out = NULL };
	struct why why = { "" };

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			o.json = true;
		else if (!strcmp(argv[i], "--target"))
			o.target = true;
		else if (!strcmp(argv[i], "--out") && i + 1 < argc)
			o.out = argv[++i];
		else if (!strcmp(argv[i], "--data") && i + 1 < argc) {
			if (!parse_data(argv[++i], o.data))
				return cli_usage(&cli_quote, "--data takes up "
					"to 128 hexadecimal digits, two a "
					"byte");
		} else
			return cli_usage(&cli_quote, "what is \"%s\"?",
				argv[i]);
	}
	if (quoting_target(&target, &why))
		return cli_error("%s", why.text);
	return o.target ? show(of_target(&target), o.json) :
		quote(&o, &target);
}

const struct cli_command cli_quote = {
	.name = "quote",
	.summary = N_("make a quote of a small enclave, for trying out "
		"verifiers"),
	.usage = N_(
"usage: coffer quote [--data HEX] [--out FILE] [--json]\n"
"       coffer quote --target [--json]\n"
"\n"
"Starts Coffer's own small enclave, has the virtual machine's quoting enclave\n"
"make a quote of it, and prints what the quote says.  The quote's root of\n"
"trust is Coffer's certificate authority: software, not Intel.\n"
"\n"
"  --data HEX    up to 64 bytes for REPORTDATA; the rest is zero\n"
"  --out FILE    write the quote there; prints nothing unless --json is given\n"
"  --target      no quote: what is known of this machine's quotes\n"
"  --json        print JSON\n"),
	.run = run,
};
