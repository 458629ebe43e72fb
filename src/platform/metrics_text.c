/* SPDX-License-Identifier: MIT */
/*
 * Prometheus text, format 0.0.4: per family a HELP and a TYPE line, then its
 * samples.
 */
#include "platform/metrics.h"
#include "platform/platform.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct family {
	const char *name, *help;
	bool counter; /* else a gauge */
	bool narrow; /* 32 bits, else 64 */
	size_t offset; /* in the struct it comes from */
};

#define WIDE(type, member) false, offsetof(struct type, member)
#define NARROW(type, member) true, offsetof(struct type, member)

static const struct family machine_families[] = {
	{ "coffer_epc_pages", "Pages of the EPC.", false,
		WIDE(wire_info, epc_pages) },
	{ "coffer_epc_used_pages", "Pages of the EPC in use.", false,
		WIDE(wire_info, epc_used) },
	{ "coffer_va_pages", "Version array pages in the EPC.", false,
		WIDE(wire_info, va_pages) },
	{ "coffer_storage_pages", "Pages of memory behind the EPC.", false,
		WIDE(wire_info, storage) },
	{ "coffer_swap_pages", "Evicted pages.", false,
		WIDE(wire_info, swap_pages) },
	{ "coffer_page_ins_total", "Pages loaded into the EPC.", true,
		WIDE(wire_info, page_ins) },
	{ "coffer_page_outs_total", "Pages evicted from the EPC.", true,
		WIDE(wire_info, page_outs) },
	{ "coffer_enclaves_tampered_total",
		"Enclaves locked because an evicted page had been changed.",
		true, WIDE(wire_info, tampered) },
	{ "coffer_enclaves_lost_total", "Enclaves whose cell died.", true,
		WIDE(wire_info, lost) },
	{ "coffer_clients", "Connected processes.", false,
		NARROW(wire_info, clients) },
	{ "coffer_enclaves", "Enclaves.", false,
		NARROW(wire_info, enclaves) },
};

static const struct family enclave_families[] = {
	{ "coffer_enclave_size_bytes", "Size of ELRANGE.", false,
		WIDE(wire_enclave, size) },
	{ "coffer_enclave_threads", "TCS pages.", false,
		NARROW(wire_enclave, threads) },
	{ "coffer_enclave_threads_inside", "Threads inside now.", false,
		NARROW(wire_enclave, inside) },
	{ "coffer_enclave_resident_pages", "Pages in the EPC.", false,
		WIDE(wire_enclave, resident) },
	{ "coffer_enclave_evicted_pages", "Pages in the swap store.", false,
		WIDE(wire_enclave, evicted) },
	{ "coffer_enclave_page_ins_total", "Pages loaded.", true,
		WIDE(wire_enclave, page_ins) },
	{ "coffer_enclave_page_outs_total", "Pages evicted.", true,
		WIDE(wire_enclave, page_outs) },
	{ "coffer_enclave_faults_total", "Page faults answered.", true,
		WIDE(wire_enclave, faults) },
	{ "coffer_enclave_added_pages_total", "Pages added by EAUG.", true,
		WIDE(wire_enclave, added) },
	{ "coffer_enclave_entries_total", "Entries, EENTER and ERESUME.", true,
		WIDE(wire_enclave, entries) },
	{ "coffer_enclave_aex_total", "Asynchronous exits.", true,
		WIDE(wire_enclave, aex) },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void head(FILE *out, const struct family *f)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help,
		f->name, f->counter ? "counter" : "gauge");
}

static uint64_t value_of(const struct family *f, const void *from)
{
	const char *at = (const char *)from + f->offset;
	uint64_t wide;
	uint32_t narrow;

	memcpy(&narrow, at, sizeof(narrow));
	if (f->narrow)
		return narrow;
	memcpy(&wide, at, sizeof(wide));
	return wide;
}

static void labels(FILE *out, const struct wire_enclave *e)
{
	fprintf(out, "{id=\"%" PRIu64 "\",mrenclave=\"", e->id);
	for (size_t i = 0; i < sizeof(e->mrenclave); i++)
		fprintf(out, "%02x", e->mrenclave[i]);
	fprintf(out, "\",pid=\"%u\"}", e->pid);
}

static void write_text(FILE *out, const struct wire_info *info,
	const struct wire_enclave *items, size_t count)
{
	/* Names of machines and sizes need no escapes. */
	fprintf(out, "# HELP coffer_machine_info The virtual machine.\n"
		"# TYPE coffer_machine_info gauge\n"
		"coffer_machine_info{vm=\"%s\",size=\"%s\"} 1\n", info->vm,
		info->vm_size);
	for (size_t i = 0; i < COUNT(machine_families); i++) {
		const struct family *f = &machine_families[i];

		head(out, f);
		fprintf(out, "%s %" PRIu64 "\n", f->name, value_of(f, info));
	}
	for (size_t i = 0; i < COUNT(enclave_families); i++) {
		const struct family *f = &enclave_families[i];

		head(out, f);
		for (size_t k = 0; k < count; k++) {
			fputs(f->name, out);
			labels(out, &items[k]);
			fprintf(out, " %" PRIu64 "\n", value_of(f, &items[k]));
		}
	}
}

static int all_enclaves(struct platform *p, struct wire_enclave **items,
	size_t *count)
{
	static union {
		struct wire_listing listing;
		uint8_t bytes[sizeof(struct wire_listing) +
			WIRE_LIST_MAX * sizeof(struct wire_enclave)];
	} part;
	struct wire_enclave *all = NULL, *grown;
	uint64_t after = 0;
	size_t have = 0;
	int r = 0;

	do {
		r = inventory_list(p, NULL, after, &part.listing);
		if (r || !part.listing.count)
			break;
		grown = realloc(all, (have + part.listing.count) *
			sizeof(*all));
		if (!grown) {
			r = -ENOMEM;
			break;
		}
		all = grown;
		memcpy(all + have, part.listing.item, part.listing.count *
			sizeof(*all));
		have += part.listing.count;
		after = all[have - 1].id;
	} while (part.listing.more);
	if (r) {
		free(all);
		return r;
	}
	*items = all;
	*count = have;
	return 0;
}

int metrics_text(struct platform *p, char **text, size_t *size)
{
	struct wire_enclave *items;
	struct wire_info info;
	size_t count;
	FILE *out;
	int r;

	r = inventory_info(p, &info);
	if (!r)
		r = all_enclaves(p, &items, &count);
	if (r)
		return r;
	*text = NULL;
	out = open_memstream(text, size);
	if (out) {
		write_text(out, &info, items, count);
		r = ferror(out) ? -ENOMEM : 0;
		if (fclose(out))
			r = -ENOMEM;
	}
	free(items);
	if (!out || r) {
		free(*text);
		return -ENOMEM;
	}
	return 0;
}
