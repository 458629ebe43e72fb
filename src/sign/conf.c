/* SPDX-License-Identifier: MIT */
#include "conf.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATORS " \t="

enum kind { KIND_BOOL, KIND_NUMBER, KIND_ID };

static const struct key {
	const char *name;
	enum kind kind;
	uint64_t most;
} keys[CONF_KEY_COUNT] = {
	[CONF_DEBUG] = {"Debug", KIND_BOOL, 1},
	[CONF_NUM_HEAP_PAGES] = {"NumHeapPages", KIND_NUMBER, UINT64_MAX - 1},
	[CONF_NUM_STACK_PAGES] = {"NumStackPages", KIND_NUMBER, UINT64_MAX - 1},
	[CONF_NUM_TCS] = {"NumTCS", KIND_NUMBER, OE_SGX_MAX_TCS},
	[CONF_PRODUCT_ID] = {"ProductID", KIND_NUMBER, UINT16_MAX - 1},
	[CONF_SECURITY_VERSION] = {"SecurityVersion", KIND_NUMBER,
		UINT16_MAX - 1},
	[CONF_FAMILY_ID] = {"FamilyID", KIND_ID, 0},
	[CONF_EXTENDED_PRODUCT_ID] = {"ExtendedProductID", KIND_ID, 0},
	[CONF_CAPTURE_PF_GP_EXCEPTIONS] = {"CapturePFGPExceptions", KIND_BOOL,
		1},
	[CONF_CREATE_ZERO_BASE_ENCLAVE] = {"CreateZeroBaseEnclave", KIND_BOOL,
		1},
	[CONF_START_ADDRESS] = {"StartAddress", KIND_NUMBER, UINT64_MAX},
	[CONF_MAX_HEAP_PAGES] = {"MaxHeapPages", KIND_NUMBER, UINT64_MAX - 1},
	[CONF_MAX_TCS] = {"MaxTCS", KIND_NUMBER, OE_SGX_MAX_TCS},
};

static int read_number(const char *text, uint64_t most, uint64_t *out)
{
	unsigned long long value;
	char *end;

	if (!isdigit((unsigned char)*text))
		return -1;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || value > most)
		return -1;
	*out = value;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* 36 characters, 32 of them digits in text order; dashes are skipped. */
static int read_id(const char *text, uint8_t id[16])
{
	size_t digits = 0;

	memset(id, 0, 16);
	if (strlen(text) <= 1)
		return 0;
	if (strlen(text) != 36)
		return -1;
	for (; *text; text++) {
		int digit = hex_digit(*text);

		if (*text == '-')
			continue;
		if (digit < 0 || digits == 32)
			return -1;
		id[digits / 2] = (uint8_t)(id[digits / 2] << 4 | digit);
		digits++;
	}
	return digits == 32 ? 0 : -1;
}

static int read_value(struct conf *conf, enum conf_key k, const char *text)
{
	if (keys[k].kind == KIND_ID)
		return read_id(text, k == CONF_FAMILY_ID ? conf->family_id :
			conf->extended_product_id);
	if (read_number(text, keys[k].most, &conf->number[k]))
		return -1;
	if (k == CONF_START_ADDRESS &&
		(!conf->number[k] || conf->number[k] % 4096))
		return -1;
	return 0;
}

static int setting(struct conf *conf, const char *name, const char *value,
	const char *file, size_t line, char *err, size_t errsize)
{
	enum conf_key k = 0;

	while (k < CONF_KEY_COUNT && strcmp(keys[k].name, name))
		k++;
	if (k == CONF_KEY_COUNT) {
		snprintf(err, errsize, "%s(%zu): unknown setting: %s", file,
			line, name);
		return -1;
	}
	if (conf->has[k]) {
		snprintf(err, errsize,
			"%s(%zu): Duplicate '%s' value provided", file, line,
			name);
		return -1;
	}
	if (!read_value(conf, k, value)) {
		conf->has[k] = true;
		return 0;
	}
	if (keys[k].kind == KIND_BOOL)
		snprintf(err, errsize, "%s(%zu): '%s' value must be 0 or 1",
			file, line, name);
	else if (keys[k].kind == KIND_ID)
		snprintf(err, errsize, "%s(%zu): bad value for '%s': %s, rc=-1",
			file, line, name, value);
	else
		snprintf(err, errsize, "%s(%zu): bad value for '%s': %s", file,
			line, name, value);
	return -1;
}

/* Splits in place; false unless there are a name and a value. */
static bool split(char *line, char **name, char **value)
{
	size_t n = strcspn(line, SEPARATORS);
	char *rest = line + n;

	rest += strspn(rest, SEPARATORS);
	line[n] = 0;
	*name = line;
	*value = rest;
	return n && *rest;
}

static char *trim(char *line)
{
	size_t n;

	line += strspn(line, " \t");
	n = strlen(line);
	while (n && strchr(" \t\r\n", line[n - 1]))
		line[--n] = 0;
	return line;
}

int conf_read(FILE *in, const char *file, struct conf *out, char *err,
	size_t errsize)
{
	char *buffer = NULL, *name, *value;
	size_t room = 0;
	ssize_t got;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	for (size_t line = 1; !rc && (got = getline(&buffer, &room, in)) >= 0;
		line++) {
		/* A zero byte would hide what stands behind it. */
		const bool whole = !memchr(buffer, 0, (size_t)got);
		char *text = trim(buffer);

		if (whole && (!*text || *text == '#'))
			continue;
		if (whole && split(text, &name, &value)) {
			rc = setting(out, name, value, file, line, err,
				errsize);
		} else {
			snprintf(err, errsize, "%s(%zu): syntax error", file,
				line);
			rc = -1;
		}
	}
	if (!rc && ferror(in)) {
		snprintf(err, errsize, "%s: %s", file, strerror(errno));
		rc = -1;
	}
	free(buffer);
	return rc;
}

int conf_read_file(const char *path, struct conf *out, char *err,
	size_t errsize)
{
	FILE *in = fopen(path, "rbe");
	int rc;

	if (!in) {
		snprintf(err, errsize, "%s: %s", path, strerror(errno));
		return -1;
	}
	rc = conf_read(in, path, out, err, errsize);
	fclose(in);
	return rc;
}

void conf_apply(const struct conf *c, oe_sgx_enclave_properties_t *p)
{
	uint64_t attributes;

	if (p->header.size != sizeof(*p)) {
		p->header.size = sizeof(*p);
		p->header.enclave_type = 2;
		p->config.attributes = OE_SGX_FLAGS_MODE64BIT;
	}
	attributes = p->config.attributes;
	if (c->has[CONF_DEBUG]) {
		attributes &= ~OE_SGX_FLAGS_DEBUG;
		if (c->number[CONF_DEBUG])
			attributes |= OE_SGX_FLAGS_DEBUG;
	}
	attributes &= ~OE_SGX_FLAGS_KSS;
	if (c->has[CONF_FAMILY_ID] || c->has[CONF_EXTENDED_PRODUCT_ID])
		attributes |= OE_SGX_FLAGS_KSS;
	p->config.attributes = attributes;

	/* Zero when absent. */
	memcpy(p->config.family_id, c->family_id, sizeof(c->family_id));
	memcpy(p->config.extended_product_id, c->extended_product_id,
		sizeof(c->extended_product_id));
	p->config.flags.capture_pf_gp_exceptions =
		c->number[CONF_CAPTURE_PF_GP_EXCEPTIONS] & 1;
	p->config.flags.create_zero_base_enclave =
		c->number[CONF_CREATE_ZERO_BASE_ENCLAVE] & 1;
	if (c->number[CONF_CREATE_ZERO_BASE_ENCLAVE] &&
		c->has[CONF_START_ADDRESS])
		p->config.start_address = c->number[CONF_START_ADDRESS];

	if (c->has[CONF_PRODUCT_ID])
		p->config.product_id = (uint16_t)c->number[CONF_PRODUCT_ID];
	if (c->has[CONF_SECURITY_VERSION])
		p->config.security_version =
			(uint16_t)c->number[CONF_SECURITY_VERSION];
	if (c->has[CONF_NUM_HEAP_PAGES])
		p->header.size_settings.num_heap_pages =
			c->number[CONF_NUM_HEAP_PAGES];
	if (c->has[CONF_NUM_STACK_PAGES])
		p->header.size_settings.num_stack_pages =
			c->number[CONF_NUM_STACK_PAGES];
	if (c->has[CONF_NUM_TCS])
		p->header.size_settings.num_tcs = c->number[CONF_NUM_TCS];
}

void conf_apply_growth(const struct conf *c, struct image_growth *growth)
{
	if (c->has[CONF_MAX_HEAP_PAGES])
		growth->max_heap_pages = c->number[CONF_MAX_HEAP_PAGES];
	if (c->has[CONF_MAX_TCS])
		growth->max_tcs = c->number[CONF_MAX_TCS];
}
