/* SPDX-License-Identifier: MIT */
#include "words.h"

#include "why.h"
#include <libgen.h>
#include <libintl.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DOMAIN "coffer"

static const char *look_up(const char *text)
{
	return gettext(text);
}

/* The build folder's catalogues, those beside an installation that was moved,
 * then those where it is meant to be. */
static void find_catalogues(void)
{
	static const char *const below[] = { "/../po",
		"/../" COFFER_LOCALE_BELOW_PREFIX };
	char exe[PATH_MAX], path[2 * PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	const char *folder;

	if (length > 0) {
		exe[length] = '\0';
		folder = dirname(exe);
		for (size_t i = 0; i < sizeof(below) / sizeof(*below); i++) {
			snprintf(path, sizeof(path), "%s%s/fr/LC_MESSAGES/"
				DOMAIN ".mo", folder, below[i]);
			if (access(path, R_OK))
				continue;
			snprintf(path, sizeof(path), "%s%s", folder, below[i]);
			bindtextdomain(DOMAIN, path);
			return;
		}
	}
	bindtextdomain(DOMAIN, COFFER_LOCALEDIR);
}

/* Numbers and dates stay as they are: programs read them too. */
void words_speak(void)
{
	setlocale(LC_CTYPE, "");
	setlocale(LC_MESSAGES, "");
	find_catalogues();
	textdomain(DOMAIN);
	why_language(look_up);
}
