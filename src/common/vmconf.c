/* SPDX-License-Identifier: MIT */
#include "common/vmconf.h"

#include "common/paths.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 65536

static const char *const powers[] = { "demand", "on", "off", "deallocated" };

/* A number of at most most. */
static int number(const char *text, int64_t most, int64_t *value,
	struct why *why)
{
	unsigned long long n = 0;
	char *end = NULL;

	errno = 0;
	if (*text >= '0' && *text <= '9')
		n = strtoull(text, &end, 10);
	if (!end || *end || errno || n > (unsigned long long)most)
		return why_set(why, -EINVAL, "\"%.40s\" is no number up to "
			"%lld", text, (long long)most);
	*value = (int64_t)n;
	return 0;
}

static int set_size(struct vmconf *conf, const char *value, struct why *why)
{
	const struct vmconf_size *size = vmconf_size_find(value);

	if (!size)
		return why_set(why, -EINVAL, "\"%.40s\" is no size", value);
	conf->size = size;
	return 0;
}

static int set_epc(struct vmconf *conf, const char *value, struct why *why)
{
	return vmconf_parse_pages(value, &conf->epc_pages, why);
}

static int set_ptrace(struct vmconf *conf, const char *value, struct why *why)
{
	if (strcmp(value, "0") && strcmp(value, "1"))
		return why_set(why, -EINVAL, "ptrace_slot must be 0 or 1");
	conf->ptrace_slot = *value == '1';
	return 0;
}

static int set_cpusvn(struct vmconf *conf, const char *value, struct why *why)
{
	return vmconf_parse_cpusvn(value, conf->cpusvn, why);
}

static int set_power(struct vmconf *conf, const char *value, struct why *why)
{
	for (unsigned i = 0; i < sizeof(powers) / sizeof(*powers); i++) {
		if (strcmp(powers[i], value))
			continue;
		conf->power = (enum vmconf_power)i;
		return 0;
	}
	return why_set(why, -EINVAL, "power must be demand, on, off or "
		"deallocated");
}

static int set_zone(struct vmconf *conf, const char *value, struct why *why)
{
	int64_t n = 0;
	int r = number(value, VMCONF_ZONES_MAX, &n, why);

	if (!r)
		conf->zone = (uint16_t)n;
	return r;
}

static int set_domain(struct vmconf *conf, const char *value, struct why *why)
{
	int64_t n = 0;
	int r = number(value, VMCONF_UPDATE_DOMAINS_MAX - 1, &n, why);

	if (!r)
		conf->update_domain = (int16_t)n;
	return r;
}

static int set_host(struct vmconf *conf, const char *value, struct why *why)
{
	int64_t n = 0;
	int r = number(value, VMCONF_HOSTS_MAX - 1, &n, why);

	if (!r)
		conf->host = (int16_t)n;
	return r;
}

static int set_set(struct vmconf *conf, const char *value, struct why *why)
{
	if (!paths_name_ok(value))
		return why_set(why, -EINVAL, "\"%.70s\" is no set's name",
			value);
	strcpy(conf->set, value);
	return 0;
}

static int set_created(struct vmconf *conf, const char *value, struct why *why)
{
	return number(value, INT64_MAX, &conf->created, why);
}

static const struct {
	const char *name;
	int (*set)(struct vmconf *, const char *value, struct why *);
} keys[] = {
	{ "size", set_size }, { "epc_pages", set_epc },
	{ "ptrace_slot", set_ptrace }, { "swap", vmconf_set_swap },
	{ "cpusvn", set_cpusvn }, { "power", set_power },
	{ "zone", set_zone }, { "update_domain", set_domain },
	{ "host", set_host }, { "set", set_set }, { "created", set_created },
	{ "probe", vmconf_set_probe },
};
#define KEYS (sizeof(keys) / sizeof(*keys))
#define KEY_EPC 1 /* its place among them */

static int set(struct vmconf *conf, unsigned *seen, const char *key,
	const char *value, struct why *why)
{
	size_t i = 0;
	int r;

	if (!strncmp(key, "tag.", 4)) {
		if (vmconf_tag(conf, key + 4))
			return why_set(why, -EINVAL, "\"%.80s\" twice", key);
		return vmconf_set_tag(conf, key + 4, value, why);
	}
	while (i < KEYS && strcmp(keys[i].name, key))
		i++;
	if (i == KEYS)
		return why_set(why, -EINVAL, "unknown key \"%.40s\"", key);
	if (*seen & 1u << i)
		return why_set(why, -EINVAL, "\"%s\" twice", key);
	r = keys[i].set(conf, value, why);
	if (!r)
		*seen |= 1u << i;
	return r;
}

/* A line that makes no sense ends it, unless it is passed over. */
static int parse(char *text, const char *path, bool pass_over,
	struct vmconf *conf, struct why *why)
{
	struct why reason;
	unsigned seen = 0, count = 0;
	char *line, *rest = text, *equals;
	int r;

	while ((line = strsep(&rest, "\n"))) {
		count++;
		if (!*line || *line == '#')
			continue;
		equals = strchr(line, '=');
		if (equals) {
			*equals = '\0';
			r = set(conf, &seen, line, equals + 1, &reason);
		} else {
			r = why_set(&reason, -EINVAL, "no key=value");
		}
		if (r && !pass_over)
			return why_set(why, r, "%s:%u: %s", path, count,
				reason.text);
	}
	if (!(seen & 1u << KEY_EPC))
		conf->epc_pages = conf->size->epc_pages;
	return 0;
}

/* The file's text, which the caller frees, and its size without the NUL. */
static int load(const char *path, char **text, size_t *size, struct why *why)
{
	size_t used = 0;
	ssize_t n = 0;
	int fd, r = 0;

	*text = NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		r = -errno;
		return why_set(why, r, "cannot open %s: %s", path,
			strerror(-r));
	}
	*text = malloc(FILE_MAX + 1);
	while (*text && used <= FILE_MAX) {
		n = read(fd, *text + used, FILE_MAX + 1 - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	if (!*text)
		r = why_set(why, -ENOMEM, "out of memory");
	else if (n < 0)
		r = why_set(why, -errno, "cannot read %s: %s", path,
			strerror(errno));
	else if (!used)
		r = why_set(why, -EINVAL, "%s is empty", path);
	else if (used > FILE_MAX || memchr(*text, '\0', used))
		r = why_set(why, -EINVAL, "%s is not a vm.conf", path);
	close(fd);
	*size = used;
	return r;
}

int vmconf_read(const char *path, struct vmconf *conf, struct why *why)
{
	struct vmconf fresh = { .tags = NULL };
	size_t size;
	char *text;
	int r = load(path, &text, &size, why);

	if (!r) {
		text[size] = '\0';
		vmconf_default(&fresh);
		r = parse(text, path, false, &fresh, why);
	}
	if (!r)
		*conf = fresh;
	else
		vmconf_free(&fresh);
	free(text);
	return r;
}

void vmconf_salvage(const char *path, struct vmconf *conf)
{
	size_t size;
	char *text;

	vmconf_default(conf);
	if (!load(path, &text, &size, NULL)) {
		text[size] = '\0';
		parse(text, path, true, conf, NULL);
	}
	free(text);
}

static bool has(const char *folder, const char *file)
{
	char path[PATH_MAX];
	struct stat st;

	return !paths_join(path, sizeof(path), folder, file, NULL) &&
		!lstat(path, &st);
}

bool vmconf_is_lost(const char *folder)
{
	return !has(folder, "vm.conf") && has(folder, "fuses");
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

static void print(FILE *out, const struct vmconf *conf)
{
	fprintf(out, "size=%s\nepc_pages=%u\nptrace_slot=%d\ncpusvn=",
		conf->size->name, conf->epc_pages, conf->ptrace_slot);
	for (int i = 0; i < 16; i++)
		fprintf(out, "%02x", conf->cpusvn[i]);
	fputc('\n', out);
	if (conf->swap[0])
		fprintf(out, "swap=%s\n", conf->swap);
	if (conf->power != VMCONF_DEMAND)
		fprintf(out, "power=%s\n", powers[conf->power]);
	if (conf->zone)
		fprintf(out, "zone=%u\n", conf->zone);
	if (conf->update_domain >= 0)
		fprintf(out, "update_domain=%d\n", conf->update_domain);
	if (conf->host >= 0)
		fprintf(out, "host=%d\n", conf->host);
	if (conf->set[0])
		fprintf(out, "set=%s\n", conf->set);
	if (conf->created)
		fprintf(out, "created=%lld\n", (long long)conf->created);
	if (conf->probe[0])
		fprintf(out, "probe=%s\n", conf->probe);
	for (size_t i = 0; i < conf->tag_count; i++)
		fprintf(out, "tag.%s=%s\n", conf->tags[i].key,
			conf->tags[i].value);
}

/* PATH.new, empty, for nobody else to write to until it is closed: somebody's
 * that was renamed while we waited is another file now. */
static int open_new(const char *path)
{
	struct stat ours, named;
	int fd, r;

	for (;;) {
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			0600);
		if (fd < 0)
			return -errno;
		do
			r = flock(fd, LOCK_EX) ? -errno : 0;
		while (r == -EINTR);
		if (r || fstat(fd, &ours))
			break;
		if (!lstat(path, &named) && ours.st_dev == named.st_dev &&
				ours.st_ino == named.st_ino)
			break;
		close(fd);
	}
	if (!r && ftruncate(fd, 0))
		r = -errno;
	if (!r)
		return fd;
	close(fd);
	return r;
}

static int put(const char *fresh, const char *path, const char *text,
	size_t size)
{
	int fd = open_new(fresh), r;

	if (fd < 0)
		return fd;
	r = write_all(fd, text, size);
	if (!r && rename(fresh, path))
		r = -errno;
	if (r)
		unlink(fresh);
	close(fd);
	return r;
}

int vmconf_write(const char *path, const struct vmconf *conf, struct why *why)
{
	char fresh[PATH_MAX], *text = NULL;
	size_t size = 0;
	FILE *out;
	int n, r = 0;

	n = snprintf(fresh, sizeof(fresh), "%s.new", path);
	if (n < 0 || (size_t)n >= sizeof(fresh))
		return why_set(why, -ENAMETOOLONG, "path too long: %s", path);
	out = open_memstream(&text, &size);
	if (out)
		print(out, conf);
	if (!out || fclose(out)) {
		free(text);
		return why_set(why, -ENOMEM, "out of memory");
	}
	r = put(fresh, path, text, size);
	free(text);
	if (!r)
		r = sync_directory(path);
	return r ? why_set(why, r, "cannot write %s: %s", path,
		strerror(-r)) : 0;
}
