/* SPDX-License-Identifier: MIT */
#include "pki/json.h"

#include "pki/architectural.h"
#include "pki/files.h"
#include "pki/tcb.h"
#include <string.h>
#include <time.h>

void json_date(int64_t when, char text[24])
{
	time_t t = (time_t)when;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, 24, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

int64_t json_parse_date(const char *text)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

	return end ? timegm(&tm) : 0;
}

static void dates(FILE *f, int64_t from, int64_t until)
{
	char issued[24], next[24];

	json_date(from, issued);
	json_date(until, next);
	fprintf(f, "\"issueDate\":\"%s\",\"nextUpdate\":\"%s\"", issued, next);
}

static void level_end(FILE *f, const char *date, const char *status,
	const char *const *advisories)
{
	fprintf(f, "},\"tcbDate\":\"%s\",\"tcbStatus\":\"%s\"", date, status);
	for (int i = 0; advisories && i < 4 && advisories[i]; i++)
		fprintf(f, "%s\"%s\"", i ? "," : ",\"advisoryIDs\":[",
			advisories[i]);
	fputs(advisories && advisories[0] ? "]}" : "}", f);
}

static void components_v2(FILE *f, const uint8_t svn[16])
{
	for (int i = 0; i < 16; i++)
		fprintf(f, "\"sgxtcbcomp%02dsvn\":%u,", i + 1, svn[i]);
}

#define BIOS ",\"category\":\"BIOS\""
#define SYSTEM ",\"category\":\"OS/VMM\""

static void components_v3(FILE *f, const uint8_t svn[16])
{
	static const char *const meaning[16] = {
		BIOS ",\"type\":\"Early Microcode Update\"",
		SYSTEM ",\"type\":\"SGX Late Microcode Update\"",
		SYSTEM ",\"type\":\"TXT SINIT\"",
		BIOS, SYSTEM, BIOS,
	};

	fputs("\"sgxtcbcomponents\":[", f);
	for (int i = 0; i < 16; i++)
		fprintf(f, "%s{\"svn\":%u%s}", i ? "," : "", svn[i],
			meaning[i] ? meaning[i] : "");
	fputs("],", f);
}

void json_tcb_info(FILE *f, const uint8_t fmspc[PKI_FMSPC_SIZE],
	unsigned version, unsigned evaluation, int64_t from, int64_t until)
{
	const struct pki_tcb_level *levels;
	char text[2 * PKI_FMSPC_SIZE + 1];
	size_t count;

	files_hex(fmspc, PKI_FMSPC_SIZE, true, text);
	fprintf(f, "{%s\"version\":%u,", version == 3 ? "\"id\":\"SGX\"," : "",
		version);
	dates(f, from, until);
	fprintf(f, ",\"fmspc\":\"%s\",\"pceId\":\"%04X\",\"tcbType\":0,"
		"\"tcbEvaluationDataNumber\":%u,\"tcbLevels\":[", text,
		ARCH_PCE_ID, evaluation);
	levels = pki_tcb_levels(&count);
	for (size_t i = 0; i < count; i++) {
		fprintf(f, "%s{\"tcb\":{", i ? "," : "");
		if (version == 2)
			components_v2(f, levels[i].components);
		else
			components_v3(f, levels[i].components);
		fprintf(f, "\"pcesvn\":%u", levels[i].pcesvn);
		level_end(f, levels[i].date,
			pki_tcb_status_name(levels[i].status),
			levels[i].advisories);
	}
	fputs("]}", f);
}

void json_qe_identity(FILE *f, const uint8_t mrsigner[32],
	unsigned evaluation, int64_t from, int64_t until)
{
	static const struct {
		unsigned svn;
		const char *date, *status;
	} levels[] = {
		{ ARCH_QE_SVN, "2025-08-13T00:00:00Z", "UpToDate" },
		{ 8, "2024-11-13T00:00:00Z", "OutOfDate" },
		{ 1, "2019-05-15T00:00:00Z", "Revoked" },
	};
	char signer[65];

	files_hex(mrsigner, 32, true, signer);
	fputs("{\"id\":\"QE\",\"version\":2,", f);
	dates(f, from, until);
	/* INIT and PROVISIONKEY; MODE64BIT and XFRM as they like. */
	fprintf(f, ",\"tcbEvaluationDataNumber\":%u,"
		"\"miscselect\":\"00000000\",\"miscselectMask\":\"FFFFFFFF\","
		"\"attributes\":\"11000000000000000000000000000000\","
		"\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\","
		"\"mrsigner\":\"%s\",\"isvprodid\":%u,\"tcbLevels\":[",
		evaluation, signer, ARCH_QE_PROD_ID);
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		fprintf(f, "%s{\"tcb\":{\"isvsvn\":%u", i ? "," : "",
			levels[i].svn);
		level_end(f, levels[i].date, levels[i].status, NULL);
	}
	fputs("]}", f);
}

void json_evaluation_numbers(FILE *f, int64_t from, int64_t until)
{
	static const struct {
		unsigned number;
		const char *event, *date;
	} numbers[] = {
		{ JSON_EVALUATION_EARLY, "2025-11-12T00:00:00Z",
			"2025-08-13T00:00:00Z" },
		{ JSON_EVALUATION, "2025-08-13T00:00:00Z",
			"2025-08-13T00:00:00Z" },
		{ JSON_EVALUATION_OLDEST, "2024-11-13T00:00:00Z",
			"2024-11-13T00:00:00Z" },
	};

	fputs("{\"id\":\"SGX\",\"version\":1,", f);
	dates(f, from, until);
	fputs(",\"tcbEvalNumbers\":[", f);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		fprintf(f, "%s{\"tcbEvaluationDataNumber\":%u,"
			"\"tcbRecoveryEventDate\":\"%s\",\"tcbDate\":\"%s\"}",
			i ? "," : "", numbers[i].number, numbers[i].event,
			numbers[i].date);
	fputs("]}", f);
}
