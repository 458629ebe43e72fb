/* SPDX-License-Identifier: MIT */
#include "cli.h"
#include "common/paths.h"
#include "vm/machine.h"
#include "tamper.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOTHING_EVICTED 3 /* exit status */
#define REPLAY_SECONDS 10u

struct options {
	const char *vm;
	uint64_t id;
	bool json, waits;
	struct tamper tamper;
};

static const char *const did[TAMPER_KINDS] = {
	[TAMPER_FLIP] = N_("one bit of each was flipped"),
	[TAMPER_FLIP_META] = N_("one bit of the metadata of each was flipped"),
	[TAMPER_SWAP] = N_("they changed places"),
	[TAMPER_REPLAY] = N_("an older version of each was put back"),
	[TAMPER_FOREIGN] = N_("each was replaced by one of another enclave"),
	[TAMPER_CUT] = N_("they were cut off"),
};

static bool parse_address(const char *text, uint64_t *address)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*address = strtoull(text, &end, 0);
	return !*end && !errno && *address && !(*address & 4095);
}

/* CLI_OK, or the exit status after a message. */
static int parse(int argc, char **argv, struct options *o)
{
	uint64_t seconds;

	o->tamper.kind = TAMPER_KINDS;
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json")) {
			o->json = true;
		} else if (!strcmp(argv[i], "--others")) {
			o->tamper.others = true;
		} else if (!strcmp(argv[i], "--vm") && i + 1 < argc) {
			o->vm = argv[++i];
		} else if (!strcmp(argv[i], "--enclave") && i + 1 < argc) {
			if (!cli_number(argv[++i], UINT64_MAX, &o->id) ||
			    !o->id)
				return cli_usage(&cli_tamper, "no enclave has "
					"number \"%s\"", argv[i]);
		} else if (!strcmp(argv[i], "--page") && i + 1 < argc) {
			o->tamper.one = true;
			if (!parse_address(argv[++i], &o->tamper.linaddr))
				return cli_usage(&cli_tamper, "\"%s\" is no "
					"address of a page", argv[i]);
		} else if (!strcmp(argv[i], "--wait") && i + 1 < argc) {
			if (!cli_number(argv[++i], 3600, &seconds))
				return cli_usage(&cli_tamper, "\"%s\" are no "
					"seconds", argv[i]);
			o->waits = true;
			o->tamper.wait_ms = (unsigned)seconds * 1000;
		} else if (o->tamper.kind == TAMPER_KINDS) {
			o->tamper.kind = tamper_find(argv[i]);
			if (o->tamper.kind == TAMPER_KINDS)
				return cli_usage(&cli_tamper, "what is "
					"\"%s\"?", argv[i]);
		} else {
			return cli_usage(&cli_tamper, "what is \"%s\"?",
				argv[i]);
		}
	}
	if (o->tamper.kind == TAMPER_KINDS)
		return cli_usage(&cli_tamper, "what shall be done?");
	if (!o->id)
		return cli_usage(&cli_tamper, "--enclave is missing");
	if (o->tamper.kind == TAMPER_REPLAY && !o->waits)
		o->tamper.wait_ms = REPLAY_SECONDS * 1000;
	return CLI_OK;
}

static int find_enclave(struct machine *machine, uint64_t id,
	struct wire_enclave *out, struct why *why)
{
	struct wire_enclave *items;
	size_t count;
	int r = machine_list(machine, &items, &count, why);

	if (r)
		return r;
	r = -ESRCH;
	for (size_t i = 0; i < count; i++) {
		if (items[i].id == id) {
			*out = items[i];
			r = 0;
		}
	}
	free(items);
	if (r)
		return why_set(why, r, "the machine has no enclave %" PRIu64
			"; `coffer enclaves` lists them", id);
	if (out->state != WIRE_STATE_INITIALIZED)
		return why_set(why, -ESRCH, "enclave %" PRIu64 " is %s, not "
			"running", id, _(machine_state_name(out->state)));
	return 0;
}

static int tell(const struct options *o, const struct tamper_result *result)
{
	const struct tamper *t = &o->tamper;
	json_t *object;

	if (!o->json) {
		printf(ngettext("Enclave %" PRIu64 ", %" PRIu64 " evicted page "
			"from 0x%" PRIx64 ": %s.\n", "Enclave %" PRIu64
			", %" PRIu64 " evicted pages from 0x%" PRIx64 ": %s.\n",
			result->pages), o->id, result->pages, result->linaddr,
			_(did[t->kind]));
		if (t->kind == TAMPER_CUT && result->others)
			printf(ngettext("%" PRIu64 " page of other enclaves "
				"went with them.\n", "%" PRIu64 " pages of "
				"other enclaves went with them.\n",
				result->others), result->others);
		return CLI_OK;
	}
	object = json_pack("{s:s, s:s, s:s}", "vm", o->vm, "kind",
		tamper_name(t->kind), "store", t->file ? "file" : "memory");
	cli_counts(object, (const struct cli_count[]){ { "enclave", o->id },
		{ "pages", result->pages }, { "others", result->others },
		{ "page", result->linaddr }, { NULL, 0 } });
	return cli_print_json(object);
}

static int tamper_with(struct machine *machine, struct options *o,
	struct tamper_result *result, struct why *why)
{
	struct wire_enclave enclave = { 0 };
	struct wire_swap swap;
	int r = find_enclave(machine, o->id, &enclave, why);

	if (!r)
		r = machine_swap(machine, &o->tamper.fd, &swap, why);
	if (r)
		return r;
	o->tamper.file = swap.file;
	o->tamper.enclave = enclave.number;
	o->tamper.processor = (pid_t)machine->info.cpu_pid;
	r = tamper_do(&o->tamper, result, why);
	close(o->tamper.fd);
	return r;
}

static int run(int argc, char **argv)
{
	struct options o = { 0 };
	struct tamper_result result;
	struct machine machine;
	struct why why = { "" };
	int r, status = parse(argc, argv, &o);

	if (status)
		return status;
	if (o.vm ? !paths_name_ok(o.vm) : paths_vm_name(&o.vm, &why) != 0)
		return cli_usage(&cli_tamper, "no such name of a machine: %s",
			o.vm ? o.vm : why.text);
	if (machine_open(o.vm, &machine, &why))
		return cli_error("%s", why.text);
	r = tamper_with(&machine, &o, &result, &why);
	machine_close(&machine);
	if (r) {
		cli_error(r == -EEXIST ? N_("%s; --others does it all the "
			"same") : "%s", why.text);
		return r == -ENOENT ? NOTHING_EVICTED : CLI_FAILED;
	}
	return tell(&o, &result);
}

const struct cli_command cli_tamper = {
	.name = "tamper",
	.summary = N_("change evicted pages of an enclave, to see it found"),
	.usage = N_(
"usage: coffer tamper --enclave ID [--vm NAME] [--page ADDRESS] [--wait SECONDS]\n"
"                     [--others] [--json] KIND\n"
"\n"
"Changes pages of enclave ID (see `coffer enclaves`) where they lie evicted, in\n"
"ordinary memory or the machine's swap file, as its owner could.  The next load\n"
"of such a page finds it, and the enclave is locked.  For tests and demos; it\n"
"works on one's own machines only, and destroys the enclave.\n"
"\n"
"  flip         one bit of each page\n"
"  flip-meta    one bit of each page's metadata (PCMD)\n"
"  swap         pages change places\n"
"  replay       copies pages, waits until a newer version of some of them is\n"
"               evicted, and puts the older one back\n"
"  foreign      each page is replaced by one of another enclave\n"
"  cut          cuts the end off the swap file; zeroes the end of memory\n"
"\n"
"  --page ADDRESS   only the page at this address; else all that are evicted\n"
"  --wait SECONDS   how long to wait for a page to change: 0, replay 10\n"
"  --others         cut even where other enclaves' pages lie behind\n"
"\n"
"The exit status is 0 when pages were changed, 3 when none was evicted, or none\n"
"that would do, 1 when it failed.\n"),
	.run = run,
};
