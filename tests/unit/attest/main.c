/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include <stdlib.h>
#include <string.h>

int main(void)
{
	static const struct test_list *const lists[] = {
		&parts_tests, &status_tests, &chain_tests, &cache_tests,
		&mutation_tests,
	};
	struct CMUnitTest all[256];
	size_t count = 0;

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		if (count + lists[i]->count > sizeof(all) / sizeof(*all))
			return 1;
		memcpy(all + count, lists[i]->tests,
			lists[i]->count * sizeof(*all));
		count += lists[i]->count;
	}
	return _cmocka_run_group_tests("attest", all, count, NULL, NULL) ?
		1 : 0;
}
