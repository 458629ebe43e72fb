/* SPDX-License-Identifier: MIT */
/* Written from its end to its beginning, so that lengths are known. */
#include "pki/extension.h"

#include <string.h>

enum { BOOLEAN = 1, INTEGER = 2, OCTETS = 4, OID = 6, ENUMERATED = 10,
	SEQUENCE = 0x30 };

/* SGX Type; Configuration. */
enum { TYPE_STANDARD = 0, TYPE_SCALABLE = 1 };
enum { DYNAMIC_PLATFORM = 0, CACHED_KEYS = 0, SMT_ENABLED = 1 };

/* Bytes from `at` to the buffer's end are written. */
struct der {
	uint8_t *buffer;
	size_t at;
};

static void bytes(struct der *d, const void *data, size_t size)
{
	d->at -= size;
	memcpy(d->buffer + d->at, data, size);
}

/* Puts tag and length in front of what was written since `end`. */
static void wrap(struct der *d, uint8_t tag, size_t end)
{
	size_t length = end - d->at;
	uint8_t head[4] = { tag, (uint8_t)length };
	size_t size = 2;

	if (length >= 0x100) {
		head[1] = 0x82;
		head[2] = (uint8_t)(length >> 8);
		head[3] = (uint8_t)length;
		size = 4;
	} else if (length >= 0x80) {
		head[1] = 0x81;
		head[2] = (uint8_t)length;
		size = 3;
	}
	bytes(d, head, size);
}

static void value(struct der *d, uint8_t tag, const void *data, size_t size)
{
	size_t end = d->at;

	bytes(d, data, size);
	wrap(d, tag, end);
}

static void integer(struct der *d, uint16_t number)
{
	uint8_t content[3] = { 0, (uint8_t)(number >> 8), (uint8_t)number };
	size_t first = content[1] >= 0x80 ? 0 : content[1] ? 1 :
		content[2] >= 0x80 ? 1 : 2;

	value(d, INTEGER, content + first, sizeof(content) - first);
}

static void boolean(struct der *d, bool yes)
{
	const uint8_t content = yes ? 0xff : 0;

	value(d, BOOLEAN, &content, 1);
}

/* What was written since `end` becomes SEQUENCE { OID, that }. */
static void named(struct der *d, size_t end, uint8_t arc, int below)
{
	static const uint8_t prefix[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d,
		1, 13, 1 };
	uint8_t oid[sizeof(prefix) + 2];
	size_t size = sizeof(prefix);

	memcpy(oid, prefix, size);
	oid[size++] = arc;
	if (below)
		oid[size++] = (uint8_t)below;
	value(d, OID, oid, size);
	wrap(d, SEQUENCE, end);
}

static void octets(struct der *d, uint8_t arc, int below, const void *data,
	size_t size)
{
	size_t end = d->at;

	value(d, OCTETS, data, size);
	named(d, end, arc, below);
}

static void tcb(struct der *d, const uint8_t cpusvn[16], uint16_t pcesvn)
{
	size_t all = d->at, end;

	octets(d, 2, 18, cpusvn, 16);
	end = d->at;
	integer(d, pcesvn);
	named(d, end, 2, 17);
	for (int i = 16; i > 0; i--) {
		end = d->at;
		integer(d, cpusvn[i - 1]);
		named(d, end, 2, i);
	}
	wrap(d, SEQUENCE, all);
	named(d, all, 2, 0);
}

static void configuration(struct der *d)
{
	static const bool flags[] = { DYNAMIC_PLATFORM, CACHED_KEYS,
		SMT_ENABLED };
	size_t all = d->at;

	for (int i = 3; i > 0; i--) {
		size_t end = d->at;

		boolean(d, flags[i - 1]);
		named(d, end, 7, i);
	}
	wrap(d, SEQUENCE, all);
	named(d, all, 7, 0);
}

const uint8_t *extension_make(const struct pki_machine *machine,
	const uint8_t cpusvn[16], uint16_t pcesvn,
	uint8_t buffer[EXTENSION_MAX], size_t *size)
{
	const uint8_t pce_id[2] = { (uint8_t)machine->pce_id,
		(uint8_t)(machine->pce_id >> 8) };
	const bool platform = machine->ca == PKI_CA_PLATFORM;
	const uint8_t type = platform ? TYPE_SCALABLE : TYPE_STANDARD;
	struct der d = { buffer, EXTENSION_MAX };
	size_t end;

	if (platform) {
		configuration(&d);
		octets(&d, 6, 0, machine->platform_instance_id, 16);
	}
	end = d.at;
	value(&d, ENUMERATED, &type, 1);
	named(&d, end, 5, 0);
	octets(&d, 4, 0, machine->fmspc, sizeof(machine->fmspc));
	octets(&d, 3, 0, pce_id, sizeof(pce_id));
	tcb(&d, cpusvn, pcesvn);
	octets(&d, 1, 0, machine->ppid, sizeof(machine->ppid));
	wrap(&d, SEQUENCE, EXTENSION_MAX);
	*size = EXTENSION_MAX - d.at;
	return buffer + d.at;
}
