/* SPDX-License-Identifier: MIT */
/*
 * `coffer vm`: its commands, and what they share.
 */
#ifndef COFFER_CLI_VM_CLI_H
#define COFFER_CLI_VM_CLI_H

#include "cli.h"
#include "vm/cert.h"
#include "vm/vm.h"

/* One file per noun.  argv[0] is the command's name. */
int vm_cmd_limit(int argc, char **argv);
int vm_cmd_list(int argc, char **argv);
int vm_cmd_show(int argc, char **argv);
int vm_cmd_sizes(int argc, char **argv);
int vm_cmd_create(int argc, char **argv);
int vm_cmd_delete(int argc, char **argv);
int vm_cmd_resize(int argc, char **argv);
int vm_cmd_tag(int argc, char **argv);
int vm_cmd_start(int argc, char **argv);
int vm_cmd_stop(int argc, char **argv);
int vm_cmd_restart(int argc, char **argv);
int vm_cmd_probe(int argc, char **argv);
int vm_cmd_maintenance(int argc, char **argv);
int vm_cmd_quota(int argc, char **argv);
int vm_cmd_events(int argc, char **argv);
int vm_cmd_manufacture(int argc, char **argv);
int vm_cmd_tcb(int argc, char **argv);

/* ---- the command line ---- */

#define VM_TEXTS_MAX 64

struct vm_texts { /* of an option that may be given more than once */
	const char *items[VM_TEXTS_MAX];
	size_t count;
};

/* An option "--name"; where its value goes: one of these is set. */
struct vm_option {
	const char *name;
	bool *flag; /* takes no value */
	const char **text;
	struct vm_texts *texts;
	uint64_t *number; /* 0 to max */
	uint64_t max;
};

/* argv[1] and so on: options, ended by one without a name, and up to names_max
 * names among them, *names_count of which were there.  CLI_OK, or CLI_USAGE
 * after a message. */
int vm_parse(int argc, char **argv, const struct vm_option *options,
	const char **names, size_t names_max, size_t *names_count);
/* The same for commands that need exactly one name. */
int vm_parse_one(int argc, char **argv, const struct vm_option *options,
	const char **name);
/* The machines that a command is given: NAME..., --set SET or --all. */
struct vm_targets {
	const char *set; /* of the options; these must have both */
	bool all;
	const char **names; /* count of them; in argv or in the list */
	size_t count;
	struct vm_list list;
};
/* all: without any of them all machines are meant.  CLI_OK, or CLI_USAGE
 * after a message.  vm_targets_load finds out who is in
 * the set, or in all; vm_targets_free also after it failed. */
int vm_targets_parse(int argc, char **argv, const struct vm_option *options,
	bool all, struct vm_targets *);
int vm_targets_load(struct vms *, struct vm_targets *);
void vm_targets_free(struct vm_targets *);

/* A size by name, in *size; CLI_USAGE after a message that points to `coffer
 * vm sizes`. */
int vm_parse_size(const char *name, const struct vmconf_size **size);

/* KEY=VALUE each, and KEY alone where that removes one; tags has VM_TEXTS_MAX
 * of them and was zero before.  vm_free_tags also after a failure. */
int vm_parse_tags(const struct vm_texts *, bool may_remove,
	struct vm_tag *tags);
void vm_free_tags(struct vm_tag *tags);

/* ---- the inventory ---- */

/* The user's; NULL after a message. */
struct vms *vm_inventory(void);
/* Prints a refusal; CLI_FAILED. */
int vm_refused(const struct vm_refusal *);
/* {"name", "error": {"code", "message"}}. */
json_t *vm_refusal_json(const char *name, const struct vm_refusal *);

/* The machines of a set; CLI_FAILED after a message when there are none. */
int vm_names_of_set(struct vms *, const char *set, struct vm_list *);

/* The CA that there is; *pki is NULL where there is none.  CLI_OK, or
 * CLI_FAILED after a message. */
int vm_find_ca(struct pki **);

/* ---- shown ---- */

/* Everything about a machine; cert may be NULL. */
json_t *vm_json(const struct vm *, const struct vm_cert *cert);
/* The same for all, with what the CA knows; NULL with the reason. */
json_t *vm_list_json(struct vms *, struct pki *, const struct vm_filter *,
	bool probe, struct why *);
/* A table of machines, and below it what is wrong with damaged ones. */
void vm_table(const struct vm *, size_t count);
/* "4 GiB", "28 MiB", "60 KiB". */
const char *vm_pages_text(uint64_t pages, char text[24]);
/* One line about a machine that was just made or changed, or its JSON. */
int vm_show_state(struct vms *, const char *name, bool json);

#endif
