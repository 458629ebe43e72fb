/* SPDX-License-Identifier: MIT */
/* Tables: as wide as what is in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above. */
#include <cmocka.h>

#include "table.h"
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char printed[4096];

/* What table_end() prints. */
static const char *end(struct table *table)
{
	FILE *f = tmpfile();
	int before = dup(STDOUT_FILENO);

	assert_non_null(f);
	fflush(stdout);
	dup2(fileno(f), STDOUT_FILENO);
	table_end(table);
	fflush(stdout);
	dup2(before, STDOUT_FILENO);
	close(before);
	rewind(f);
	printed[fread(printed, 1, sizeof(printed) - 1, f)] = '\0';
	fclose(f);
	return printed;
}

static void columns_are_as_wide_as_their_cells(void **state)
{
	struct table table;

	table_begin(&table, "<><", NULL);
	table_add(&table, "name");
	table_add(&table, "n");
	table_add(&table, "last");
	table_add(&table, "%s", "a-long-name");
	table_add(&table, "%d", 12345);
	table_add(&table, "x");
	table_add(&table, "b");
	table_add(&table, "%d", 1);
	table_add(&table, "%s", "");
	assert_string_equal(end(&table),
		"name             n  last\n"
		"a-long-name  12345  x\n"
		"b                1  \n");
	/* Freed: the same again is another one. */
	table_begin(&table, ">>", NULL);
	table_add(&table, "a");
	table_add(&table, "bb");
	table_add(&table, "half a row");
	assert_string_equal(end(&table), "         a  bb\n");
	table_begin(&table, "<", NULL);
	assert_string_equal(end(&table), "");
}

static void some_have_a_least_width(void **state)
{
	static const unsigned char least[] = { 4, 6, 0 };
	struct table table;

	table_begin(&table, "<>>", least);
	for (int i = 0; i < 6; i++)
		table_add(&table, "%d", i);
	assert_string_equal(end(&table),
		"0          1  2\n"
		"3          4  5\n");
}

static void accents_count_once(void **state)
{
	struct table table;

	if (!setlocale(LC_ALL, "C.UTF-8"))
		skip();
	table_begin(&table, "<<", NULL);
	table_add(&table, "état");
	table_add(&table, "x");
	table_add(&table, "démarrée");
	table_add(&table, "y");
	assert_string_equal(end(&table), "état      x\ndémarrée  y\n");
	setlocale(LC_ALL, "C");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_as_wide_as_their_cells),
		cmocka_unit_test(some_have_a_least_width),
		cmocka_unit_test(accents_count_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
