/* SPDX-License-Identifier: MIT */
/*
 * What a virtual machine is made of: the file vm.conf in its state directory,
 * lines of key=value, '#' starts a comment line.
 *
 *   size=Standard_DC1s_v3   one of the sizes below
 *   epc_pages=1048576       pages of 4 KiB
 *   ptrace_slot=0           1: the processor holds its cells' ptrace slot
 *   cpusvn=HEX              security version: 16 components, a byte each
 *   swap=/path              evicted pages go to this file, not to memory; the
 *                           file is the machine's own: what is in it is lost
 *
 * and, of machines that `coffer vm create` makes (src/vm):
 *
 *   power=on                whether it shall run: on, off, deallocated; demand
 *                           is a machine that runs while applications use it
 *   zone=1                  where it is: zone 1 and up, update domain and host
 *   update_domain=0         0 and up; a deallocated one has no host
 *   host=0
 *   set=web                 the set that it was made with
 *   created=1700000000      Unix seconds
 *   probe=http://[::1]/up   how its health is asked for
 *   tag.KEY=VALUE           at most VMCONF_TAGS_MAX
 */
#ifndef COFFER_COMMON_VMCONF_H
#define COFFER_COMMON_VMCONF_H

#include "common/why.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMCONF_SIZE_DEFAULT "Standard_DC1s_v3"
#define VMCONF_EPC_MIN 16u /* pages: an enclave with one page of each kind */
#define VMCONF_EPC_MAX (1u << 26) /* 256 GiB, the largest size on sale */

/* An up-to-date machine (src/pki/tcb.h says what the components stand for). */
#define VMCONF_CPUSVN_DEFAULT { 8, 8, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 }

#define VMCONF_SWAP_MAX 1024u /* bytes of the swap file's path */
#define VMCONF_PROBE_MAX 512u /* bytes, with the NUL */

/* Of Azure's tags; there characters, here bytes. */
#define VMCONF_TAGS_MAX 50u
#define VMCONF_TAG_KEY_MAX 512u
#define VMCONF_TAG_VALUE_MAX 256u

#define VMCONF_ZONES_MAX 3u
#define VMCONF_UPDATE_DOMAINS_MAX 10u /* as that hardware has */
#define VMCONF_HOSTS_MAX 1000u /* of a zone, family and update domain */

enum vmconf_family { VMCONF_DCSV2, VMCONF_DCSV3, VMCONF_DCDSV3,
	VMCONF_FAMILIES };

/* A size that Azure sells; docs of the DCsv2, DCsv3 and DCdsv3 series. */
struct vmconf_size {
	const char *name;
	enum vmconf_family family;
	uint16_t vcpus;
	uint16_t memory_gib;
	uint32_t epc_pages;
	bool whole_host; /* shares its host with nobody */
};

/* The family as quotas name it, "standardDCSv3Family"; and by that name, upper
 * and lower case alike, -1 if there is none. */
const char *vmconf_family_name(enum vmconf_family);
int vmconf_family_find(const char *name);

/* All sizes, by family and then ascending; *count of them. */
const struct vmconf_size *vmconf_sizes(size_t *count);
/* By name, upper and lower case alike; NULL if there is none. */
const struct vmconf_size *vmconf_size_find(const char *name);

enum vmconf_power { VMCONF_DEMAND, VMCONF_ON, VMCONF_OFF, VMCONF_DEALLOCATED };

struct vmconf_tag {
	char key[VMCONF_TAG_KEY_MAX + 1], value[VMCONF_TAG_VALUE_MAX + 1];
};

struct vmconf {
	const struct vmconf_size *size; /* in the table; never NULL */
	uint32_t epc_pages;
	bool ptrace_slot;
	uint8_t cpusvn[16];
	char swap[VMCONF_SWAP_MAX]; /* absolute path; "": memory */
	enum vmconf_power power;
	uint16_t zone; /* 0: none */
	int16_t update_domain, host; /* -1: none */
	char set[64]; /* "": in no set */
	int64_t created; /* Unix seconds; 0: not known */
	char probe[VMCONF_PROBE_MAX]; /* "": none */
	struct vmconf_tag *tags; /* allocated; freed by vmconf_free */
	size_t tag_count;
};

/* The default machine: VMCONF_SIZE_DEFAULT, its EPC, up to date, no ptrace
 * slot, runs on demand, is nowhere.  What conf held is not freed. */
void vmconf_default(struct vmconf *conf);

/* Frees the tags; conf has none then.  Twice is harmless. */
void vmconf_free(struct vmconf *conf);

/* Sets a tag, or with a value of NULL removes it.  Keys that differ in case
 * alone are one key.  0; -EINVAL when key or value cannot be one, -E2BIG when
 * there are too many, with the reason. */
int vmconf_set_tag(struct vmconf *conf, const char *key, const char *value,
	struct why *why);
/* Its value, or NULL. */
const char *vmconf_tag(const struct vmconf *conf, const char *key);

/* How health is asked for: one line.  0, -EINVAL or -ENAMETOOLONG. */
int vmconf_set_probe(struct vmconf *conf, const char *probe, struct why *why);

/* A number of EPC pages, in decimal.  0 or -EINVAL with the reason. */
int vmconf_parse_pages(const char *text, uint32_t *pages, struct why *why);

/* A CPUSVN: 32 hexadecimal digits.  0 or -EINVAL with the reason. */
int vmconf_parse_cpusvn(const char *text, uint8_t cpusvn[16], struct why *why);

/* The path of a swap file: absolute, one line.  0, -EINVAL or -ENAMETOOLONG
 * with the reason. */
int vmconf_set_swap(struct vmconf *conf, const char *path, struct why *why);

/* Reads a file.  0; -ENOENT; -EINVAL for an unknown key, a key given twice,
 * a bad value, a file that is empty or beyond 64 KiB, with file and line in
 * why; else the errno.
 * Keys that are missing have the default's value (epc_pages: the size's).
 * Only with 0 is *conf changed; what it held is not freed, and vmconf_free
 * frees what it has then. */
int vmconf_read(const char *path, struct vmconf *conf, struct why *why);

/* What can be read of a file that vmconf_read() refuses: lines that make
 * sense, and for the rest the default's values.  *conf is always set, and
 * freed by vmconf_free; what it held is not freed. */
void vmconf_salvage(const char *path, struct vmconf *conf);

/* Has somebody taken a machine's vm.conf away?  Its folder has fuses, then,
 * which are made after it. */
bool vmconf_is_lost(const char *folder);

/* Writes a file (0600) so that a reader sees the old or the new one, whole,
 * also after a power failure. */
int vmconf_write(const char *path, const struct vmconf *conf, struct why *why);

#endif
