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

#endif
