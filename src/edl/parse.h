/* SPDX-License-Identifier: MIT */
/*
 * From EDL text to a tree.
 */
#ifndef COFFER_EDL_PARSE_H
#define COFFER_EDL_PARSE_H

#include "ast.h"
#include "prep.h"

/* The state of reading one file. */
struct edl_parser {
	struct edl_ctx *ctx;
	struct edl_prep prep;
	struct edl_token now, after;	/* two tokens of look-ahead */
	struct edl_unit *unit;
	/* Imported functions; they follow the file's own ones. */
	struct edl_vec trusted, untrusted;
};

/*
 * Read the file NAME and everything it imports, check it and return it.
 * A file that was read before in this run comes from memory. LOC: the
 * import, NULL for the command line.
 */
struct edl_unit *edl_parse_file(struct edl_ctx *c, const char *name,
				const struct edl_loc *loc);

/* Take one token. */
struct edl_token edl_next(struct edl_parser *p);

/* Whether the next token is the sign SIGN; the word WORD. */
bool edl_at_sign(const struct edl_parser *p, char sign);
bool edl_at_word(const struct edl_parser *p, const char *word);

/* Take the next token if it is that sign or word. */
bool edl_accept_sign(struct edl_parser *p, char sign);
bool edl_accept_word(struct edl_parser *p, const char *word);

/* Take the sign SIGN or fail. */
void edl_expect_sign(struct edl_parser *p, char sign);

/*
 * Take a name, a name that is about to be defined (no keyword of C), or a
 * string, or fail with "expecting WHAT, got ...".
 */
struct edl_token edl_expect_name(struct edl_parser *p, const char *what);
struct edl_token edl_expect_new_name(struct edl_parser *p, const char *what);
struct edl_token edl_expect_string(struct edl_parser *p, const char *what);

/* parse_decl.c: a type with its stars; a parameter (IN_STRUCT false) or a
 * member, without the separator behind it. */
struct edl_type edl_parse_type(struct edl_parser *p);
struct edl_decl *edl_parse_decl(struct edl_parser *p, bool in_struct);

/* parse_import.c: what follows the words "import", "from". */
void edl_parse_import(struct edl_parser *p);
void edl_parse_from(struct edl_parser *p);

/* Add to the unit; the same node twice is fine, another one with the same
 * name fails at LOC. */
void edl_add_include(struct edl_parser *p, const char *text);
void edl_add_type(struct edl_parser *p, struct edl_user_type *t,
		  const struct edl_loc *loc);
void edl_add_function(struct edl_parser *p, struct edl_vec *to,
		      struct edl_function *f, const struct edl_loc *loc);

#endif
