/* SPDX-License-Identifier: MIT */
/* Sizes, and what single values of a vm.conf may be. */
#include "common/vmconf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MIB 256u /* pages */
#define GIB (1024u * MIB)

static const struct vmconf_size sizes[] = {
	{ "Standard_DC1s_v2", VMCONF_DCSV2, 1, 4, 28 * MIB, false },
	{ "Standard_DC2s_v2", VMCONF_DCSV2, 2, 8, 56 * MIB, false },
	{ "Standard_DC4s_v2", VMCONF_DCSV2, 4, 16, 112 * MIB, false },
	{ "Standard_DC8_v2", VMCONF_DCSV2, 8, 32, 168 * MIB, true },
	{ "Standard_DC1s_v3", VMCONF_DCSV3, 1, 8, 4 * GIB, false },
	{ "Standard_DC2s_v3", VMCONF_DCSV3, 2, 16, 8 * GIB, false },
	{ "Standard_DC4s_v3", VMCONF_DCSV3, 4, 32, 16 * GIB, false },
	{ "Standard_DC8s_v3", VMCONF_DCSV3, 8, 64, 32 * GIB, false },
	{ "Standard_DC16s_v3", VMCONF_DCSV3, 16, 128, 64 * GIB, false },
	{ "Standard_DC24s_v3", VMCONF_DCSV3, 24, 192, 128 * GIB, false },
	{ "Standard_DC32s_v3", VMCONF_DCSV3, 32, 256, 192 * GIB, false },
	{ "Standard_DC48s_v3", VMCONF_DCSV3, 48, 384, 256 * GIB, true },
	{ "Standard_DC1ds_v3", VMCONF_DCDSV3, 1, 8, 4 * GIB, false },
	{ "Standard_DC2ds_v3", VMCONF_DCDSV3, 2, 16, 8 * GIB, false },
	{ "Standard_DC4ds_v3", VMCONF_DCDSV3, 4, 32, 16 * GIB, false },
	{ "Standard_DC8ds_v3", VMCONF_DCDSV3, 8, 64, 32 * GIB, false },
	{ "Standard_DC16ds_v3", VMCONF_DCDSV3, 16, 128, 64 * GIB, false },
	{ "Standard_DC24ds_v3", VMCONF_DCDSV3, 24, 192, 128 * GIB, false },
	{ "Standard_DC32ds_v3", VMCONF_DCDSV3, 32, 256, 192 * GIB, false },
	{ "Standard_DC48ds_v3", VMCONF_DCDSV3, 48, 384, 256 * GIB, true },
};

const struct vmconf_size *vmconf_sizes(size_t *count)
{
	*count = sizeof(sizes) / sizeof(sizes[0]);
	return sizes;
}

const struct vmconf_size *vmconf_size_find(const char *name)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (!strcasecmp(sizes[i].name, name))
			return &sizes[i];
	return NULL;
}

static const char *const families[] = { "standardDCSv2Family",
	"standardDCSv3Family", "standardDDCSv3Family" };

const char *vmconf_family_name(enum vmconf_family family)
{
	return families[family];
}

int vmconf_family_find(const char *name)
{
	for (int i = 0; i < VMCONF_FAMILIES; i++)
		if (!strcasecmp(families[i], name))
			return i;
	return -1;
}

static const uint8_t cpusvn_default[16] = VMCONF_CPUSVN_DEFAULT;

void vmconf_default(struct vmconf *conf)
{
	memset(conf, 0, sizeof(*conf));
	conf->size = vmconf_size_find(VMCONF_SIZE_DEFAULT);
	conf->epc_pages = conf->size->epc_pages;
	memcpy(conf->cpusvn, cpusvn_default, sizeof(conf->cpusvn));
	conf->update_domain = conf->host = -1;
}

void vmconf_free(struct vmconf *conf)
{
	free(conf->tags);
	conf->tags = NULL;
	conf->tag_count = 0;
}

/* ---- values ---- */

/* One line of printable text. */
static bool is_line(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

static size_t tag_at(const struct vmconf *conf, const char *key)
{
	size_t i = 0;

	while (i < conf->tag_count && strcasecmp(conf->tags[i].key, key))
		i++;
	return i;
}

const char *vmconf_tag(const struct vmconf *conf, const char *key)
{
	size_t i = tag_at(conf, key);

	return i < conf->tag_count ? conf->tags[i].value : NULL;
}

int vmconf_set_tag(struct vmconf *conf, const char *key, const char *value,
	struct why *why)
{
	struct vmconf_tag *tags = conf->tags;
	size_t at = tag_at(conf, key);

	if (!*key || strlen(key) > VMCONF_TAG_KEY_MAX || !is_line(key) ||
	    strpbrk(key, "=<>%&\\?/"))
		return why_set(why, -EINVAL, "\"%.60s\" is no tag's name: 1 to "
			"%u bytes without = < > %% & \\ ? /", key,
			VMCONF_TAG_KEY_MAX);
	if (!value) {
		if (at == conf->tag_count)
			return 0;
		conf->tag_count--;
		memmove(tags + at, tags + at + 1,
			(conf->tag_count - at) * sizeof(*tags));
		return 0;
	}
	if (strlen(value) > VMCONF_TAG_VALUE_MAX || !is_line(value))
		return why_set(why, -EINVAL, "the value of tag \"%.60s\" must "
			"be one line of at most %u bytes", key,
			VMCONF_TAG_VALUE_MAX);
	if (at == conf->tag_count) {
		if (at == VMCONF_TAGS_MAX)
			return why_set(why, -E2BIG, "a machine has at most %u "
				"tags", VMCONF_TAGS_MAX);
		tags = realloc(tags, (at + 1) * sizeof(*tags));
		if (!tags)
			return why_set(why, -ENOMEM, "out of memory");
		conf->tags = tags;
		conf->tag_count++;
	}
	strcpy(tags[at].key, key);
	strcpy(tags[at].value, value);
	return 0;
}

int vmconf_set_probe(struct vmconf *conf, const char *probe, struct why *why)
{
	if (!is_line(probe))
		return why_set(why, -EINVAL, "a probe is one line of text");
	if (strlen(probe) >= sizeof(conf->probe))
		return why_set(why, -ENAMETOOLONG, "a probe has at most %zu "
			"bytes", sizeof(conf->probe) - 1);
	strcpy(conf->probe, probe);
	return 0;
}

int vmconf_set_swap(struct vmconf *conf, const char *path, struct why *why)
{
	if (*path != '/' || strchr(path, '\n'))
		return why_set(why, -EINVAL, "the swap file needs an absolute "
			"path, not \"%.200s\"", path);
	if (strlen(path) >= sizeof(conf->swap))
		return why_set(why, -ENAMETOOLONG, "the path of the swap file "
			"is too long: %zu bytes", strlen(path));
	strcpy(conf->swap, path);
	return 0;
}

int vmconf_parse_pages(const char *text, uint32_t *pages, struct why *why)
{
	unsigned long long value = 0;
	char *end = NULL;

	errno = 0;
	if (*text >= '0' && *text <= '9')
		value = strtoull(text, &end, 10);
	if (!end || *end || errno || value < VMCONF_EPC_MIN ||
	    value > VMCONF_EPC_MAX)
		return why_set(why, -EINVAL, "\"%.40s\" is no number of EPC "
			"pages: %u to %u", text, VMCONF_EPC_MIN,
			VMCONF_EPC_MAX);
	*pages = (uint32_t)value;
	return 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int vmconf_parse_cpusvn(const char *text, uint8_t cpusvn[16], struct why *why)
{
	uint8_t fresh[16];
	size_t size = strlen(text);

	for (size_t i = 0; i < sizeof(fresh) && size == 32; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			size = 0;
		fresh[i] = (uint8_t)(high * 16 + low);
	}
	if (size != 32)
		return why_set(why, -EINVAL, "\"%.40s\" is no CPUSVN: 32 "
			"hexadecimal digits", text);
	memcpy(cpusvn, fresh, sizeof(fresh));
	return 0;
}
