/* SPDX-License-Identifier: MIT */
#include "evidence/formats.h"

#include <openenclave/attestation/sgx/evidence.h>
#include <string.h>

const oe_uuid_t format_local = { OE_FORMAT_UUID_SGX_LOCAL_ATTESTATION };
const oe_uuid_t format_ecdsa = { OE_FORMAT_UUID_SGX_ECDSA };
const oe_uuid_t format_legacy = { OE_FORMAT_UUID_LEGACY_REPORT_REMOTE };
const oe_uuid_t format_raw = { OE_FORMAT_UUID_RAW_SGX_QUOTE_ECDSA };

struct header {
	uint32_t version;
	oe_uuid_t format;
	uint32_t padding;
	uint64_t size;
};
_Static_assert(sizeof(struct header) == EVIDENCE_HEADER_SIZE, "header");

bool format_is(const oe_uuid_t *a, const oe_uuid_t *b)
{
	return !memcmp(a, b, sizeof(*a));
}

bool format_is_sgx(const oe_uuid_t *format)
{
	return format_is(format, &format_local)
		|| format_is(format, &format_ecdsa)
		|| format_is(format, &format_legacy)
		|| format_is(format, &format_raw);
}

oe_result_t evidence_header_read(const uint8_t *bytes, size_t size,
	oe_uuid_t *format, const uint8_t **data, size_t *data_size)
{
	struct header header;

	if (size < sizeof(header))
		return OE_INVALID_PARAMETER;
	memcpy(&header, bytes, sizeof(header));
	if (header.version != EVIDENCE_HEADER_VERSION
			|| header.size != size - sizeof(header))
		return OE_INVALID_PARAMETER;
	*format = header.format;
	*data = bytes + sizeof(header);
	*data_size = header.size;
	return OE_OK;
}

void evidence_header_write(uint8_t *out, const oe_uuid_t *format,
	size_t data_size)
{
	struct header header = {
		.version = EVIDENCE_HEADER_VERSION, .format = *format,
		.size = data_size,
	};

	memcpy(out, &header, sizeof(header));
}

bool evidence_is_report(const uint8_t *bytes, size_t size)
{
	uint32_t version;

	if (size < sizeof(version))
		return false;
	memcpy(&version, bytes, sizeof(version));
	return version == 1;
}
