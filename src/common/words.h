/* SPDX-License-Identifier: MIT */
/*
 * The reader's language, for programs that people call: gettext's domain
 * "coffer", whose catalogues are made of po/.
 */
#ifndef COFFER_COMMON_WORDS_H
#define COFFER_COMMON_WORDS_H

/* From now on why_words, why_set and gettext speak the language that LANGUAGE,
 * LC_ALL, LC_MESSAGES and LANG ask for (gettext(3)); for what no catalogue has,
 * English.  The catalogues are the build folder's, those of an installation that
 * was moved, or those of where it was meant to be.  Numbers and dates stay as
 * they are.  Not while other threads run. */
void words_speak(void);

#endif
