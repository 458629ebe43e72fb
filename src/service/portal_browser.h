/* SPDX-License-Identifier: MIT */
/* An address that nobody else may see, opened in the user's browser. */
#ifndef COFFER_SERVICE_PORTAL_BROWSER_H
#define COFFER_SERVICE_PORTAL_BROWSER_H

#include "common/why.h"

/* Starts $BROWSER (commands with colons between, of which the first that works
 * counts; %s is where the page goes, else it comes last), or xdg-open, and
 * waits for it.  Everybody can read command lines, so what it is given is the
 * file <folder>/open-XXXXXX.html, which only its owner can read and which leads
 * on to the address.  A process that stays behind removes it when it has been
 * read.  -EINVAL: no address; -ENOENT: no browser. */
int portal_browse(const char *folder, const char *address, struct why *why);

#endif
