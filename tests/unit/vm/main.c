/* SPDX-License-Identifier: MIT */
#include "units.h"

int main(void)
{
	return place_tests() + machines_tests();
}
