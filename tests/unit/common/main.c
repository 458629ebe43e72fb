/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include <stdlib.h>
#include <string.h>

int main(void)
{
	size_t count = common_tests_count + files_tests_count;
	struct CMUnitTest *all = calloc(count, sizeof(*all));
	int failed;

	if (!all)
		return 1;
	memcpy(all, common_tests, common_tests_count * sizeof(*all));
	memcpy(all + common_tests_count, files_tests,
		files_tests_count * sizeof(*all));
	failed = _cmocka_run_group_tests("common", all, count, NULL, NULL);
	free(all);
	return failed ? 1 : 0;
}
