/* SPDX-License-Identifier: MIT */
#include "attest/endorsements.h"

#include "attest/dates.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEADER = 16, /* four u32 */
	ELEMENTS = ATTEST_ENDORSEMENTS_ELEMENTS,
	OFFSETS = 4 * ELEMENTS,
	CONTAINER_VERSION = 1,
	ENCLAVE_TYPE_SGX = 2,
	ELEMENT_VERSION = 0,
	ELEMENT_CREATED = 8,
};

/* Element 1 ... 7. */
static struct attest_bytes *element_part(struct attest_collateral *collateral,
	int element)
{
	struct attest_bytes *const part[] = {
		&collateral->tcb_info, &collateral->tcb_info_chain,
		&collateral->pck_crl, &collateral->root_crl,
		&collateral->pck_crl_chain, &collateral->qe_identity,
		&collateral->qe_identity_chain,
	};

	return part[element - 1];
}

static void put_u32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static uint32_t get_u32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* Does a NUL have to be added?  DER is no text. */
static size_t missing_nul(const struct attest_bytes *part)
{
	if (!part->size)
		return 1;
	return part->data[0] != 0x30 && part->data[part->size - 1] != '\0';
}

int attest_endorsements_pack(const struct attest_collateral *collateral,
	int64_t created, uint8_t **bytes, size_t *size)
{
	struct attest_collateral parts = *collateral;
	size_t total = HEADER + OFFSETS + 4 + ATTEST_DATE_SIZE, at = 4;
	char date[ATTEST_DATE_SIZE];
	uint8_t *out, *data;

	*bytes = NULL;
	*size = 0;
	if (attest_date_print(created, date))
		return -EINVAL;
	for (int i = 1; i < ELEMENT_CREATED; i++) {
		const struct attest_bytes *part = element_part(&parts, i);

		if (part->size > ATTEST_ENDORSEMENTS_MAX)
			return -E2BIG;
		total += part->size + missing_nul(part);
	}
	if (total > ATTEST_ENDORSEMENTS_MAX)
		return -E2BIG;
	out = calloc(1, total);
	if (!out)
		return -ENOMEM;
	put_u32(out, CONTAINER_VERSION);
	put_u32(out + 4, ENCLAVE_TYPE_SGX);
	put_u32(out + 8, (uint32_t)(total - HEADER));
	put_u32(out + 12, ELEMENTS);
	data = out + HEADER + OFFSETS;
	put_u32(data, CONTAINER_VERSION);
	for (int i = 1; i < ELEMENT_CREATED; i++) {
		const struct attest_bytes *part = element_part(&parts, i);

		put_u32(out + HEADER + 4 * i, (uint32_t)at);
		if (part->size)
			memcpy(data + at, part->data, part->size);
		at += part->size + missing_nul(part);
	}
	put_u32(out + HEADER + 4 * ELEMENT_CREATED, (uint32_t)at);
	memcpy(data + at, date, sizeof(date));
	*bytes = out;
	*size = total;
	return 0;
}

int attest_endorsements_unpack(const uint8_t *bytes, size_t size,
	struct attest_collateral *collateral, int64_t *created,
	struct why *why)
{
	const uint8_t *data = bytes + HEADER + OFFSETS;
	uint32_t start[ELEMENTS + 1];
	int64_t time;

	memset(collateral, 0, sizeof(*collateral));
	if (size < HEADER + OFFSETS || size > ATTEST_ENDORSEMENTS_MAX)
		return why_set(why, -EINVAL,
			"endorsements of %zu bytes", size);
	if (get_u32(bytes) != CONTAINER_VERSION ||
			get_u32(bytes + 4) != ENCLAVE_TYPE_SGX ||
			get_u32(bytes + 12) != ELEMENTS)
		return why_set(why, -EINVAL, "endorsements of version %u, "
			"enclave type %u, with %u elements; 1, 2 and 9 are "
			"known", get_u32(bytes), get_u32(bytes + 4),
			get_u32(bytes + 12));
	if (get_u32(bytes + 8) != size - HEADER)
		return why_set(why, -EINVAL, "endorsements that say they have "
			"%u bytes and have %zu", get_u32(bytes + 8),
			size - HEADER);
	for (int i = 0; i < ELEMENTS; i++)
		start[i] = get_u32(bytes + HEADER + 4 * i);
	start[ELEMENTS] = (uint32_t)(size - HEADER - OFFSETS);
	for (int i = 0; i < ELEMENTS; i++)
		if ((i == 0 && start[0]) || start[i] > start[i + 1])
			return why_set(why, -EINVAL, "element %d of the "
				"endorsements is not where it should be", i);
	if (start[1] != 4 || get_u32(data) != CONTAINER_VERSION)
		return why_set(why, -EINVAL,
			"endorsements with SGX content of another version");
	if (start[ELEMENTS] - start[ELEMENT_CREATED] != ATTEST_DATE_SIZE ||
			data[start[ELEMENTS] - 1] != '\0' ||
			attest_date_parse((const char *)data +
				start[ELEMENT_CREATED], ATTEST_DATE_SIZE - 1,
				&time))
		return why_set(why, -EINVAL,
			"endorsements without a time of creation");
	for (int i = 1; i < ELEMENT_CREATED; i++)
		*element_part(collateral, i) = (struct attest_bytes){
			data + start[i], start[i + 1] - start[i] };
	if (created)
		*created = time;
	return 0;
}
