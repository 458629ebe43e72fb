/* SPDX-License-Identifier: MIT */
#include "scene.h"

int main(void)
{
	int failed = _cmocka_run_group_tests("ca", ca_tests, ca_tests_count,
		NULL, NULL);

	failed += _cmocka_run_group_tests("collateral", collateral_tests,
		collateral_tests_count, NULL, NULL);
	failed += _cmocka_run_group_tests("machine", machine_tests,
		machine_tests_count, NULL, NULL);
	return failed ? 1 : 0;
}
