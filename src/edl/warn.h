/* SPDX-License-Identifier: MIT */
/*
 * The warnings of the EDL compiler and what the command line made of them.
 */
#ifndef COFFER_EDL_WARN_H
#define COFFER_EDL_WARN_H

#include <stdbool.h>

enum edl_warning {
	EDL_WARN_FOREIGN_TYPE_PTR,
	EDL_WARN_NON_PORTABLE_TYPE,
	EDL_WARN_PTR_IN_STRUCT,
	EDL_WARN_PTR_IN_FUNCTION,
	EDL_WARN_RETURN_PTR,
	EDL_WARN_SIGNED_SIZE_OR_COUNT,
	EDL_WARN_UNSUPPORTED_ALLOW,
	EDL_WARN_COUNT
};

enum edl_warn_action {
	EDL_WARN_SILENT,
	EDL_WARN_PRINT,
	EDL_WARN_FAIL
};

struct edl_warnings {
	bool all;	/* -Wall */
	bool error;	/* -Werror */
	bool on[EDL_WARN_COUNT];	/* -W<name> or on by default */
	bool off[EDL_WARN_COUNT];	/* -Wno-<name> */
	bool fatal[EDL_WARN_COUNT];	/* -Werror=<name> */
};

/* The state without any option. */
void edl_warnings_init(struct edl_warnings *w);

/*
 * Take one option, TEXT without its leading "-W" ("all", "no-return-ptr").
 * False if there is no such warning.
 */
bool edl_warnings_option(struct edl_warnings *w, const char *text);

/* What to do when ID was found: off beats fatal beats on beats unset. */
enum edl_warn_action edl_warnings_action(const struct edl_warnings *w,
					 enum edl_warning id);

/* Name as used after -W; static text. */
const char *edl_warning_name(enum edl_warning id);

/* One line about ID for the usage text; static text. */
const char *edl_warning_about(enum edl_warning id);

#endif
