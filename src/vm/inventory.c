/* SPDX-License-Identifier: MIT */
#include "vm/inventory.h"

#include "common/paths.h"
#include "pki/files.h"
#include "vm/vms_priv.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOSTS_DEFAULT 4
#define QUOTA_DEFAULT 350

static void defaults(struct inventory *inv)
{
	memset(inv, 0, sizeof(*inv));
	inv->update_domains = VMCONF_UPDATE_DOMAINS_MAX;
	for (int f = 0; f < VMCONF_FAMILIES; f++) {
		for (unsigned z = 1; z <= VMCONF_ZONES_MAX; z++)
			inv->has[z][f] = true;
		inv->hosts[f] = HOSTS_DEFAULT;
		inv->quota[f] = QUOTA_DEFAULT;
	}
}

bool inventory_has_zone(const struct inventory *inv, unsigned zone)
{
	bool any = false;

	for (int f = 0; f < VMCONF_FAMILIES && zone <= VMCONF_ZONES_MAX; f++)
		any |= inv->has[zone][f];
	return any;
}

/* ---- reading ---- */

static int number(const char *text, unsigned least, unsigned most,
	unsigned *value, struct why *why)
{
	unsigned long n = 0;
	char *end = NULL;

	errno = 0;
	if (*text >= '0' && *text <= '9')
		n = strtoul(text, &end, 10);
	if (!end || *end || errno || n < least || n > most)
		return why_set(why, -EINVAL, "\"%.40s\" is no number from %u "
			"to %u", text, least, most);
	*value = (unsigned)n;
	return 0;
}

static int family_of(const char *name, struct why *why)
{
	int family = vmconf_family_find(name);

	return family >= 0 ? family : why_set(why, -EINVAL, "\"%.40s\" is no "
		"family of sizes: %s, %s or %s", name, vmconf_family_name(0),
		vmconf_family_name(1), vmconf_family_name(2));
}

static int set_zone(struct inventory *inv, const char *name, char *value,
	struct why *why)
{
	bool has[VMCONF_FAMILIES] = { false };
	unsigned zone;
	char *word;
	int family, r = number(name, 1, VMCONF_ZONES_MAX, &zone, why);

	while (!r && (word = strsep(&value, " ,"))) {
		if (!*word)
			continue;
		family = family_of(word, why);
		if (family < 0)
			r = family;
		else
			has[family] = true;
	}
	if (!r)
		memcpy(inv->has[zone], has, sizeof(has));
	return r;
}

static int set(struct inventory *inv, const char *key, char *value,
	struct why *why)
{
	int family;

	if (!strncmp(key, "zone.", 5))
		return set_zone(inv, key + 5, value, why);
	if (!strcmp(key, "update_domains"))
		return number(value, 1, VMCONF_UPDATE_DOMAINS_MAX,
			&inv->update_domains, why);
	if (!strncmp(key, "hosts.", 6)) {
		family = family_of(key + 6, why);
		return family < 0 ? family : number(value, 0,
			VMCONF_HOSTS_MAX, &inv->hosts[family], why);
	}
	if (!strncmp(key, "quota.", 6)) {
		family = family_of(key + 6, why);
		return family < 0 ? family : number(value, 0,
			INVENTORY_QUOTA_MAX, &inv->quota[family], why);
	}
	return why_set(why, -EINVAL, "unknown key \"%.40s\"", key);
}

static int parse(struct inventory *inv, char *text, const char *path,
	struct why *why)
{
	struct why reason;
	unsigned count = 0;
	char *line, *equals;
	int r;

	while ((line = strsep(&text, "\n"))) {
		count++;
		if (!*line || *line == '#')
			continue;
		equals = strchr(line, '=');
		if (equals) {
			*equals = '\0';
			r = set(inv, line, equals + 1, &reason);
		} else {
			r = why_set(&reason, -EINVAL, "no key=value");
		}
		if (r)
			return why_set(why, r, "%s/inventory.conf:%u: %s",
				path, count, reason.text);
	}
	return 0;
}

int inventory_read(struct vms *vms, struct inventory *inv, struct why *why)
{
	struct inventory fresh;
	struct pki_bytes text;
	int r = files_read(vms->state, "inventory.conf", false, &text, why);

	defaults(&fresh);
	if (!r)
		r = parse(&fresh, (char *)text.data, vms->state, why);
	else if (r == -ENOENT)
		r = 0;
	pki_bytes_free(&text);
	if (!r)
		*inv = fresh;
	return r;
}

/* ---- changing ---- */

/* The file's text with this line for what says the same, or at its end. */
static char *with_line(const char *text, const char *key, const char *line,
	size_t *size)
{
	size_t length = strlen(key), n;
	bool there = false;
	char *fresh = NULL;
	FILE *out = open_memstream(&fresh, size);

	for (; out && *text; text += n) {
		n = strcspn(text, "\n");
		if (n > length && !strncasecmp(text, key, length) &&
				text[length] == '=') {
			fputs(there ? "" : line, out);
			there = true;
		} else {
			fprintf(out, "%.*s\n", (int)n, text);
		}
		n += text[n] == '\n';
	}
	if (out && !there)
		fputs(line, out);
	if (out && !fclose(out))
		return fresh;
	free(fresh);
	return NULL;
}

int inventory_set_quota(struct vms *vms, enum vmconf_family family,
	unsigned vcpus, struct why *why)
{
	struct pki_bytes text = { NULL, 0 };
	char key[64], line[96], *fresh = NULL;
	struct inventory inv;
	size_t size;
	int lock, r;

	snprintf(key, sizeof(key), "quota.%s", vmconf_family_name(family));
	snprintf(line, sizeof(line), "%s=%u\n", key, vcpus);
	if (vcpus > INVENTORY_QUOTA_MAX)
		return why_set(why, -EINVAL, "a quota has at most %u vCPUs",
			INVENTORY_QUOTA_MAX);
	lock = vms_lock(vms, why);
	if (lock < 0)
		return lock;
	r = inventory_read(vms, &inv, why); /* what is wrong stays seen */
	if (!r)
		r = files_read(vms->state, "inventory.conf", false, &text,
			why);
	if (!r || r == -ENOENT) {
		fresh = with_line(r ? "" : (char *)text.data, key, line,
			&size);
		r = fresh ? files_write(vms->state, "inventory.conf", fresh,
			size, why) : why_set(why, -ENOMEM, "out of memory");
	}
	free(fresh);
	pki_bytes_free(&text);
	close(lock);
	return r;
}
