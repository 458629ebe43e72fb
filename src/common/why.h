/* SPDX-License-Identifier: MIT */
/*
 * Why something failed, in words: a negative errno travels as the result,
 * the sentence for people beside it.
 */
#ifndef COFFER_COMMON_WHY_H
#define COFFER_COMMON_WHY_H

struct why {
	char text[320];
};

/* Writes the sentence (cut if too long) and returns error, so that a failing
 * function is left with `return why_set(why, -EINVAL, "...")`.  why may be
 * NULL: then nobody asked. */
int why_set(struct why *why, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* From now on each format of why_set, and each text of why_words, is said as
 * lookup gives it: in the reader's language.  Programs that talk to other
 * programs leave it alone and say everything as it is written.  Not while
 * other threads run. */
void why_language(const char *(*lookup)(const char *text));

/* Marks a text that is given to why_words later. */
#define N_(text) text

/* For libraries whose sentences do not go through why_set: text, as
 * why_language's function gives it. */
const char *why_words(const char *text) __attribute__((format_arg(1)));

#endif
