/* SPDX-License-Identifier: MIT */
/* `coffer vm events`. */
#include "vm_cli.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FOLLOW_MS 200

static const char *text_of(json_t *event, const char *key)
{
	const char *text = json_string_value(json_object_get(event, key));

	return text ? text : "";
}

/* Each line of the text, as a line for people or as it is, or into array. */
static void show(char *text, bool json, json_t *array)
{
	json_t *event;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		event = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
		if (!event)
			continue; /* who wrote it was ended in between */
		if (array)
			json_array_append(array, event);
		else if (json)
			puts(line);
		else
			printf("%s  %-13s %s\n", text_of(event, "time"),
				text_of(event, "event"),
				text_of(event, "text"));
		json_decref(event);
	}
}

int vm_cmd_events(int argc, char **argv)
{
	const struct timespec nap = { 0, FOLLOW_MS * 1000000l };
	bool json = false, follow = false;
	const struct vm_option options[] = { { "--json", .flag = &json },
		{ "--follow", .flag = &follow }, { .name = NULL } };
	struct vm_events_at at = { 0, 0 };
	struct vm_refusal refusal;
	json_t *array = NULL;
	struct vms *vms;
	const char *name;
	char *text;
	int r = vm_parse_one(argc, argv, options, &name);

	if (r)
		return r;
	vms = vm_inventory();
	if (!vms)
		return CLI_FAILED;
	if (json && !follow)
		array = json_array();
	do {
		r = vm_events(vms, name, &at, &text, &refusal);
		if (r)
			break;
		show(text, json, array);
		free(text);
		fflush(stdout);
	} while (follow && !ferror(stdout) &&
		(!nanosleep(&nap, NULL) || errno == EINTR));
	if (r)
		r = vm_refused(&refusal);
	else if (array)
		r = cli_print_json(json_pack("{s:s, s:O}", "name", name,
			"events", array));
	json_decref(array);
	vms_close(vms);
	return r;
}
