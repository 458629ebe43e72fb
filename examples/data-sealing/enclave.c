/* SPDX-License-Identifier: MIT */
/* An enclave that keeps notes on its host's disk. */
#include "sealing_t.h"

#include <openenclave/corelibc/stdlib.h>
#include <openenclave/enclave.h>
#include <openenclave/seal.h>
#include <string.h>

uint32_t version(void)
{
	return VERSION;
}

oe_result_t seal_note(bool unique, const char *label, const char *note,
	uint8_t *sealed, size_t room, size_t *size)
{
	const oe_seal_setting_t settings[] = {
		OE_SEAL_SET_POLICY(unique ? OE_SEAL_POLICY_UNIQUE
			: OE_SEAL_POLICY_PRODUCT),
	};
	uint8_t *blob;
	oe_result_t result;

	*size = 0;
	if (!label || !*label || !note || !sealed)
		return OE_INVALID_PARAMETER;
	result = oe_seal(NULL, settings, 1, (const uint8_t *)note,
		strlen(note) + 1, (const uint8_t *)label, strlen(label), &blob,
		size);
	if (result != OE_OK)
		return result;
	if (*size <= room)
		memcpy(sealed, blob, *size);
	else
		result = OE_BUFFER_TOO_SMALL;
	oe_free(blob);
	return result;
}

oe_result_t open_note(const char *label, const uint8_t *sealed, size_t size,
	char *note, size_t room)
{
	uint8_t *plain;
	size_t plain_size;
	oe_result_t result;

	if (!label || !*label || !sealed || !note)
		return OE_INVALID_PARAMETER;
	result = oe_unseal(sealed, size, (const uint8_t *)label, strlen(label),
		&plain, &plain_size);
	if (result != OE_OK)
		return result;
	if (plain_size <= room)
		memcpy(note, plain, plain_size);
	else
		result = OE_BUFFER_TOO_SMALL;
	oe_free(plain);
	return result;
}
