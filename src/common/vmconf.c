/* SPDX-License-Identifier: MIT */
#include "common/vmconf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define FILE_MAX 65536
#define MIB 256u /* pages */
#define GIB (1024u * MIB)

static const struct vmconf_size sizes[] = {
	{ "Standard_DC1s_v2", VMCONF_DCSV2, 1, 4, 28 * MIB },
	{ "Standard_DC2s_v2", VMCONF_DCSV2, 2, 8, 56 * MIB },
	{ "Standard_DC4s_v2", VMCONF_DCSV2, 4, 16, 112 * MIB },
	{ "Standard_DC8_v2", VMCONF_DCSV2, 8, 32, 168 * MIB },
	{ "Standard_DC1s_v3", VMCONF_DCSV3, 1, 8, 4 * GIB },
	{ "Standard_DC2s_v3", VMCONF_DCSV3, 2, 16, 8 * GIB },
	{ "Standard_DC4s_v3", VMCONF_DCSV3, 4, 32, 16 * GIB },
	{ "Standard_DC8s_v3", VMCONF_DCSV3, 8, 64, 32 * GIB },
	{ "Standard_DC16s_v3", VMCONF_DCSV3, 16, 128, 64 * GIB },
	{ "Standard_DC24s_v3", VMCONF_DCSV3, 24, 192, 128 * GIB },
	{ "Standard_DC32s_v3", VMCONF_DCSV3, 32, 256, 192 * GIB },
	{ "Standard_DC48s_v3", VMCONF_DCSV3, 48, 384, 256 * GIB },
	{ "Standard_DC1ds_v3", VMCONF_DCDSV3, 1, 8, 4 * GIB },
	{ "Standard_DC2ds_v3", VMCONF_DCDSV3, 2, 16, 8 * GIB },
	{ "Standard_DC4ds_v3", VMCONF_DCDSV3, 4, 32, 16 * GIB },
	{ "Standard_DC8ds_v3", VMCONF_DCDSV3, 8, 64, 32 * GIB },
	{ "Standard_DC16ds_v3", VMCONF_DCDSV3, 16, 128, 64 * GIB },
	{ "Standard_DC24ds_v3", VMCONF_DCDSV3, 24, 192, 128 * GIB },
	{ "Standard_DC32ds_v3", VMCONF_DCDSV3, 32, 256, 192 * GIB },
	{ "Standard_DC48ds_v3", VMCONF_DCDSV3, 48, 384, 256 * GIB },
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

static const uint8_t cpusvn_default[16] = VMCONF_CPUSVN_DEFAULT;

void vmconf_default(struct vmconf *conf)
{
	conf->size = vmconf_size_find(VMCONF_SIZE_DEFAULT);
	conf->epc_pages = conf->size->epc_pages;
	conf->ptrace_slot = false;
	memcpy(conf->cpusvn, cpusvn_default, sizeof(conf->cpusvn));
	conf->swap[0] = '\0';
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

enum key {
	KEY_SIZE = 1, KEY_EPC = 2, KEY_PTRACE = 4, KEY_SWAP = 8,
	KEY_CPUSVN = 16,
};

static int set(struct vmconf *conf, unsigned *seen, const char *key,
	const char *value, struct why *why)
{
	unsigned which;

	if (!strcmp(key, "size")) {
		which = KEY_SIZE;
		conf->size = vmconf_size_find(value);
		if (!conf->size)
			return why_set(why, -EINVAL,
				"\"%.40s\" is no size", value);
	} else if (!strcmp(key, "epc_pages")) {
		int r = vmconf_parse_pages(value, &conf->epc_pages, why);

		if (r)
			return r;
		which = KEY_EPC;
	} else if (!strcmp(key, "ptrace_slot")) {
		which = KEY_PTRACE;
		if (strcmp(value, "0") && strcmp(value, "1"))
			return why_set(why, -EINVAL,
				"ptrace_slot must be 0 or 1");
		conf->ptrace_slot = *value == '1';
	} else if (!strcmp(key, "swap")) {
		int r = vmconf_set_swap(conf, value, why);

		if (r)
			return r;
		which = KEY_SWAP;
	} else if (!strcmp(key, "cpusvn")) {
		int r = vmconf_parse_cpusvn(value, conf->cpusvn, why);

		if (r)
			return r;
		which = KEY_CPUSVN;
	} else {
		return why_set(why, -EINVAL, "unknown key \"%.40s\"", key);
	}
	if (*seen & which)
		return why_set(why, -EINVAL, "\"%s\" twice", key);
	*seen |= which;
	return 0;
}

static int parse(char *text, const char *path, struct vmconf *conf,
	struct why *why)
{
	struct why reason;
	unsigned seen = 0, number = 0;
	char *line, *rest = text, *equals;
	int r;

	while ((line = strsep(&rest, "\n"))) {
		number++;
		if (!*line || *line == '#')
			continue;
		equals = strchr(line, '=');
		if (equals) {
			*equals = '\0';
			r = set(conf, &seen, line, equals + 1, &reason);
		} else {
			r = why_set(&reason, -EINVAL, "no key=value");
		}
		if (r)
			return why_set(why, r, "%s:%u: %s", path, number,
				reason.text);
	}
	if (!(seen & KEY_EPC))
		conf->epc_pages = conf->size->epc_pages;
	return 0;
}

int vmconf_read(const char *path, struct vmconf *conf, struct why *why)
{
	struct vmconf fresh;
	size_t used = 0;
	ssize_t n = 0;
	char *text;
	int fd, r = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		r = -errno;
		return why_set(why, r, "cannot open %s: %s", path,
			strerror(-r));
	}
	text = malloc(FILE_MAX + 1);
	while (text && used <= FILE_MAX) {
		n = read(fd, text + used, FILE_MAX + 1 - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	if (!text)
		r = why_set(why, -ENOMEM, "out of memory");
	else if (n < 0)
		r = why_set(why, -errno, "cannot read %s: %s", path,
			strerror(errno));
	else if (used > FILE_MAX || memchr(text, '\0', used))
		r = why_set(why, -EINVAL, "%s is not a vm.conf", path);
	close(fd);
	if (!r) {
		text[used] = '\0';
		vmconf_default(&fresh);
		r = parse(text, path, &fresh, why);
	}
	if (!r)
		*conf = fresh;
	free(text);
	return r;
}

static int write_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		size -= (size_t)n;
	}
	return fsync(fd) ? -errno : 0;
}

static int sync_directory(const char *path)
{
	char directory[PATH_MAX];
	char *slash;
	int fd, r;

	snprintf(directory, sizeof(directory), "%s", path);
	slash = strrchr(directory, '/');
	if (slash)
		slash[1] = '\0';
	fd = open(slash ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fsync(fd) ? -errno : 0;
	close(fd);
	return r;
}

int vmconf_write(const char *path, const struct vmconf *conf, struct why *why)
{
	char fresh[PATH_MAX], text[VMCONF_SWAP_MAX + 256], cpusvn[33];
	int fd, n, r;

	n = snprintf(fresh, sizeof(fresh), "%s.new", path);
	if (n < 0 || (size_t)n >= sizeof(fresh))
		return why_set(why, -ENAMETOOLONG, "path too long: %s", path);
	for (int i = 0; i < 16; i++)
		snprintf(cpusvn + 2 * i, 3, "%02x", conf->cpusvn[i]);
	n = snprintf(text, sizeof(text),
		"size=%s\nepc_pages=%u\nptrace_slot=%d\ncpusvn=%s\n%s%s%s",
		conf->size->name, conf->epc_pages, conf->ptrace_slot, cpusvn,
		conf->swap[0] ? "swap=" : "", conf->swap,
		conf->swap[0] ? "\n" : "");
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
		O_NOFOLLOW, 0600);
	if (fd < 0) {
		r = -errno;
		return why_set(why, r, "cannot make %s: %s", fresh,
			strerror(-r));
	}
	r = write_all(fd, text, (size_t)n);
	close(fd);
	if (!r && rename(fresh, path))
		r = -errno;
	if (!r)
		r = sync_directory(path);
	if (r) {
		unlink(fresh);
		return why_set(why, r, "cannot write %s: %s", path,
			strerror(-r));
	}
	return 0;
}
