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

enum vmconf_family { VMCONF_DCSV2, VMCONF_DCSV3, VMCONF_DCDSV3 };

/* A size that Azure sells; docs of the DCsv2, DCsv3 and DCdsv3 series. */
struct vmconf_size {
	const char *name;
	enum vmconf_family family;
	uint16_t vcpus;
	uint16_t memory_gib;
	uint32_t epc_pages;
};

/* All sizes, by family and then ascending; *count of them. */
const struct vmconf_size *vmconf_sizes(size_t *count);
/* By name, upper and lower case alike; NULL if there is none. */
const struct vmconf_size *vmconf_size_find(const char *name);

struct vmconf {
	const struct vmconf_size *size; /* in the table; never NULL */
	uint32_t epc_pages;
	bool ptrace_slot;
	uint8_t cpusvn[16];
	char swap[VMCONF_SWAP_MAX]; /* absolute path; "": memory */
};

/* The default machine: VMCONF_SIZE_DEFAULT, its EPC, up to date, no ptrace
 * slot. */
void vmconf_default(struct vmconf *conf);

/* A number of EPC pages, in decimal.  0 or -EINVAL with the reason. */
int vmconf_parse_pages(const char *text, uint32_t *pages, struct why *why);

/* A CPUSVN: 32 hexadecimal digits.  0 or -EINVAL with the reason. */
int vmconf_parse_cpusvn(const char *text, uint8_t cpusvn[16], struct why *why);

/* The path of a swap file: absolute, one line.  0, -EINVAL or -ENAMETOOLONG
 * with the reason. */
int vmconf_set_swap(struct vmconf *conf, const char *path, struct why *why);

/* Reads a file.  0; -ENOENT; -EINVAL for an unknown key, a key given twice,
 * a bad value or a file beyond 64 KiB, with file and line in why; else the
 * errno.
 * Keys that are missing have the default's value (epc_pages: the size's). */
int vmconf_read(const char *path, struct vmconf *conf, struct why *why);

/* Writes a file (0600) so that a reader sees the old or the new one, whole,
 * also after a power failure. */
int vmconf_write(const char *path, const struct vmconf *conf, struct why *why);

#endif
