/* SPDX-License-Identifier: MIT */
#include "vm_cli.h"
#include "common/vmconf.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Takes argv[*i], and its value.  False if it fits nothing. */
static bool take(int argc, char **argv, int *i,
	const struct vm_option *options)
{
	const struct vm_option *o = options;
	const char *value;

	while (o->name && strcmp(o->name, argv[*i]))
		o++;
	if (!o->name)
		return false;
	if (o->flag) {
		*o->flag = true;
		return true;
	}
	if (*i + 1 == argc)
		return false;
	value = argv[++*i];
	if (o->number)
		return cli_number(value, o->max, o->number);
	if (o->text) {
		*o->text = value;
		return true;
	}
	if (o->texts->count == VM_TEXTS_MAX)
		return false;
	o->texts->items[o->texts->count++] = value;
	return true;
}

int vm_parse(int argc, char **argv, const struct vm_option *options,
	const char **names, size_t names_max, size_t *names_count)
{
	*names_count = 0;
	for (int i = 1; i < argc; i++) {
		int at = i;

		if (*argv[i] != '-' && *names_count < names_max)
			names[(*names_count)++] = argv[i];
		else if (*argv[i] != '-' || !take(argc, argv, &i, options))
			return cli_usage(&cli_vm, at + 1 < argc ?
				N_("what is \"%s %s\"?") :
				N_("what is \"%s\"?"),
				argv[at], argv[at + (at + 1 < argc)]);
	}
	return CLI_OK;
}

int vm_parse_one(int argc, char **argv, const struct vm_option *options,
	const char **name)
{
	size_t count;
	int r = vm_parse(argc, argv, options, name, 1, &count);

	return r || count ? r : cli_usage(&cli_vm, "which machine?");
}

int vm_parse_size(const char *name, const struct vmconf_size **size)
{
	*size = vmconf_size_find(name);
	return *size ? CLI_OK : cli_usage(&cli_vm, "no size is called "
		"\"%.60s\"; `coffer vm sizes` lists them", name);
}

struct vms *vm_inventory(void)
{
	struct vms *vms;
	struct why why;

	if (vms_open(NULL, &vms, &why))
		cli_error("%s", why.text);
	return vms;
}

int vm_refused(const struct vm_refusal *refusal)
{
	return cli_error("%s: %s", refusal->code, refusal->why.text);
}

int vm_names_of_set(struct vms *vms, const char *set, struct vm_list *list)
{
	struct vm_filter filter = { .set = set, .update_domain = -1 };
	struct why why;

	if (vm_list(vms, &filter, false, list, &why))
		return cli_error("%s", why.text);
	return list->count ? CLI_OK : cli_error("ResourceNotFound: there is "
		"no set %s; `coffer vm create %s --count N` makes it", set,
		set);
}

int vm_find_ca(struct pki **pki)
{
	struct why why;
	int r = pki_find(NULL, pki, &why);

	return r && r != -ENOENT ? cli_error("%s", why.text) : CLI_OK;
}
