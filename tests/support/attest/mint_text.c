/* SPDX-License-Identifier: MIT */
/* DER of the SGX extension, and signed JSON. */
#include "mint_priv.h"

#include "attest/crypto.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct buffer {
	uint8_t bytes[4096];
	size_t size;
};

static void element(struct buffer *to, uint8_t tag, const void *bytes,
	size_t size)
{
	uint8_t *at = to->bytes + to->size;

	*at++ = tag;
	if (size >= 256) {
		*at++ = 0x82;
		*at++ = (uint8_t)(size >> 8);
	} else if (size >= 128) {
		*at++ = 0x81;
	}
	*at++ = (uint8_t)size;
	if (size)
		memcpy(at, bytes, size);
	to->size = (size_t)(at + size - to->bytes);
}

/* { OID, value }; number 2 is 0 for none. */
static void pair(struct buffer *to, uint8_t number, uint8_t number2,
	uint8_t tag, const void *bytes, size_t size)
{
	uint8_t oid[11] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 1, 13, 1,
		number, number2 };
	struct buffer inner = { .size = 0 };

	element(&inner, 6, oid, number2 ? 11 : 10);
	element(&inner, tag, bytes, size);
	element(to, 0x30, inner.bytes, inner.size);
}

static void pair_number(struct buffer *to, uint8_t number, uint8_t number2,
	unsigned int value)
{
	uint8_t bytes[3] = { 0, (uint8_t)(value >> 8), (uint8_t)value };
	size_t skip = 0;

	while (skip < 2 && !bytes[skip] && !(bytes[skip + 1] & 0x80))
		skip++;
	pair(to, number, number2, 2, bytes + skip, 3 - skip);
}

uint8_t *mint_sgx_extension(const struct attest_pck *machine, size_t *size)
{
	const uint8_t pceid[2] = { (uint8_t)machine->pceid,
		(uint8_t)(machine->pceid >> 8) };
	const int8_t flags[3] = { machine->dynamic_platform,
		machine->cached_keys, machine->smt_enabled };
	struct buffer tcb = { .size = 0 }, all = { .size = 0 };
	struct buffer flag = { .size = 0 }, out = { .size = 0 };
	uint8_t *copy;

	pair(&all, 1, 0, 4, machine->ppid, 16);
	for (uint8_t i = 0; i < 16; i++)
		pair_number(&tcb, 2, (uint8_t)(i + 1),
			machine->components[i]);
	pair_number(&tcb, 2, 17, machine->pcesvn);
	pair(&tcb, 2, 18, 4, machine->cpusvn, 16);
	pair(&all, 2, 0, 0x30, tcb.bytes, tcb.size);
	pair(&all, 3, 0, 4, pceid, 2);
	pair(&all, 4, 0, 4, machine->fmspc, 6);
	pair(&all, 5, 0, 10, &machine->sgx_type, 1);
	if (machine->has_platform) {
		pair(&all, 6, 0, 4, machine->platform_instance_id, 16);
		for (uint8_t i = 0; i < 3; i++) {
			uint8_t value = flags[i] ? 0xff : 0;

			if (flags[i] >= 0)
				pair(&flag, 7, (uint8_t)(i + 1), 1, &value,
					1);
		}
		pair(&all, 7, 0, 0x30, flag.bytes, flag.size);
	}
	element(&out, 0x30, all.bytes, all.size);
	copy = malloc(out.size);
	memcpy(copy, out.bytes, out.size);
	*size = out.size;
	return copy;
}

char *mint_replace(char *text, const char *find, const char *put)
{
	char *at, *out;

	if (!find)
		return text;
	at = strstr(text, find);
	mint_check(at != NULL, find);
	mint_check(asprintf(&out, "%.*s%s%s", (int)(at - text), text, put,
		at + strlen(find)) >= 0, "memory");
	free(text);
	return out;
}

__attribute__((format(printf, 2, 3)))
static void print(char **text, const char *format, ...)
{
	char *more, *out;
	va_list arguments;

	va_start(arguments, format);
	mint_check(vasprintf(&more, format, arguments) >= 0, "memory");
	va_end(arguments);
	mint_check(asprintf(&out, "%s%s", *text ? *text : "", more) >= 0,
		"memory");
	free(more);
	free(*text);
	*text = out;
}

static char *sign_json(const struct mint_json *json, const char *name,
	char *object)
{
	uint8_t scalar[32], digest[32], signature[64];
	char *text = NULL;

	object = mint_replace(object, json->find_signed, json->put_signed);
	mint_scalar(json->signer, scalar);
	mint_check(!attest_sha256(object, strlen(object), digest) &&
		!attest_p256_sign(scalar, digest, signature), "JSON");
	signature[40] ^= json->wrong_signature;
	print(&text, "{\"%s\":%s,\"signature\":\"", name, object);
	for (int i = 0; i < 64; i++)
		print(&text, "%02x", signature[i]);
	print(&text, "\"}");
	free(object);
	return mint_replace(text, json->find, json->put);
}

static void print_level_end(char **text, const struct mint_level *level)
{
	print(text, "},\"tcbDate\":\"%s\",\"tcbStatus\":\"%s\"", level->date,
		level->status);
	if (level->advisories)
		print(text, ",\"advisoryIDs\":[%s]", level->advisories);
	print(text, "}");
}

char *mint_make_tcb_info(const struct mint *mint)
{
	const struct mint_json *json = &mint->tcb_info;
	const uint8_t *f = mint->machine.fmspc;
	char *text = NULL;

	print(&text, mint->tcb_version == 3 ?
		"{\"id\":\"SGX\",\"version\":3," : "{\"version\":2,");
	print(&text, "\"issueDate\":\"%s\",\"nextUpdate\":\"%s\",\"fmspc\":"
		"\"%02X%02X%02X%02X%02X%02X\",\"pceId\":\"%04X\","
		"\"tcbType\":0,\"tcbEvaluationDataNumber\":17,\"tcbLevels\":[",
		json->from, json->until, f[0], f[1], f[2], f[3], f[4], f[5],
		mint->machine.pceid);
	for (size_t i = 0; i < json->levels; i++) {
		const struct mint_level *level = &json->level[i];

		print(&text, "%s{\"tcb\":{%s", i ? "," : "",
			mint->tcb_version == 3 ? "\"sgxtcbcomponents\":[" :
			"");
		for (int c = 0; c < 16; c++) {
			if (mint->tcb_version == 3)
				print(&text, "%s{\"svn\":%u}", c ? "," : "",
					level->components[c]);
			else
				print(&text, "%s\"sgxtcbcomp%02dsvn\":%u",
					c ? "," : "", c + 1,
					level->components[c]);
		}
		print(&text, "%s,\"pcesvn\":%u",
			mint->tcb_version == 3 ? "]" : "", level->pcesvn);
		print_level_end(&text, level);
	}
	print(&text, "]}");
	return sign_json(json, "tcbInfo", text);
}

char *mint_make_qe_identity(const struct mint *mint)
{
	const struct mint_json *json = &mint->qe_identity;
	char *text = NULL;

	print(&text, "{\"id\":\"QE\",\"version\":2,\"issueDate\":\"%s\","
		"\"nextUpdate\":\"%s\",\"tcbEvaluationDataNumber\":16,"
		"\"miscselect\":\"00000000\",\"miscselectMask\":\"FFFFFFFF\","
		"\"attributes\":\"11000000000000000000000000000000\","
		"\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\","
		"\"mrsigner\":\"", json->from, json->until);
	for (int i = 0; i < 32; i++)
		print(&text, "8C");
	print(&text, "\",\"isvprodid\":1,\"tcbLevels\":[");
	for (size_t i = 0; i < json->levels; i++) {
		print(&text, "%s{\"tcb\":{\"isvsvn\":%u", i ? "," : "",
			json->level[i].pcesvn);
		print_level_end(&text, &json->level[i]);
	}
	print(&text, "]}");
	return sign_json(json, "enclaveIdentity", text);
}
