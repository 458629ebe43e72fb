/* SPDX-License-Identifier: MIT */
/* Zones, update domains, hosts and quotas. */
#include "units.h"

#include "vm/place.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct place_map g_map;

static int empty(void **state)
{
	place_free(&g_map);
	memset(&g_map, 0, sizeof(g_map));
	g_map.inv.update_domains = 10;
	for (int f = 0; f < VMCONF_FAMILIES; f++) {
		g_map.inv.hosts[f] = 2;
		g_map.inv.quota[f] = 100;
		for (int z = 1; z <= 3; z++)
			g_map.inv.has[z][f] = true;
	}
	return 0;
}

/* What place_choose makes of it; the machine is in the map then. */
static int choose(const char *name, const char *size, unsigned zone,
	const char *set, struct vmconf *conf, struct vm_refusal *refusal)
{
	vmconf_default(conf);
	conf->size = vmconf_size_find(size);
	assert_non_null(conf->size);
	conf->zone = (uint16_t)zone;
	if (set)
		strcpy(conf->set, set);
	return place_choose(&g_map, name, conf, refusal);
}

static void epc_of_an_old_host_ends_before_its_vcpus(void **state)
{
	struct vm_refusal refusal;
	struct vmconf conf;
	char name[16];

	g_map.inv.update_domains = 1;
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		assert_int_equal(choose(name, "Standard_DC1s_v2", 1, NULL,
			&conf, &refusal), 0);
		/* 6 of 28 MiB are 168 MiB; 8 vCPUs would carry two more. */
		assert_int_equal(conf.host, i / 6);
		assert_int_equal(conf.zone, 1);
		assert_int_equal(conf.update_domain, 0);
	}
	assert_int_equal(choose("more", "Standard_DC1s_v2", 1, NULL, &conf,
		&refusal), -ENOSPC);
	assert_string_equal(refusal.code, "AllocationFailed");
	assert_non_null(strstr(refusal.why.text, "zone 1"));
	/* another family has hosts of its own */
	assert_int_equal(choose("new", "Standard_DC1s_v3", 1, NULL, &conf,
		&refusal), 0);
	/* and without a zone asked for, others are tried */
	assert_int_equal(choose("more", "Standard_DC1s_v2", 0, NULL, &conf,
		&refusal), 0);
	assert_int_not_equal(conf.zone, 1);
}

static void new_hosts_have_48_vcpus_and_256_gib(void **state)
{
	struct vm_refusal refusal;
	struct vmconf conf;

	g_map.inv.update_domains = 1;
	assert_int_equal(choose("a", "Standard_DC24s_v3", 2, NULL, &conf,
		&refusal), 0);
	assert_int_equal(conf.host, 0);
	assert_int_equal(choose("b", "Standard_DC16s_v3", 2, NULL, &conf,
		&refusal), 0);
	assert_int_equal(conf.host, 0);
	/* 8 vCPUs are left, and 64 GiB */
	assert_int_equal(choose("c", "Standard_DC16s_v3", 2, NULL, &conf,
		&refusal), 0);
	assert_int_equal(conf.host, 1);
	assert_int_equal(choose("d", "Standard_DC8s_v3", 2, NULL, &conf,
		&refusal), 0);
	assert_int_equal(conf.host, 0);
	assert_int_equal(choose("e", "Standard_DC32s_v3", 2, NULL, &conf,
		&refusal), 0);
	assert_int_equal(conf.host, 1); /* 48 vCPUs, 256 GiB: to the last */
	assert_int_equal(choose("f", "Standard_DC1s_v3", 2, NULL, &conf,
		&refusal), -ENOSPC);
}

static void the_largest_size_shares_with_nobody(void **state)
{
	struct vm_refusal refusal;
	struct vmconf conf;

	g_map.inv.update_domains = 1;
	assert_int_equal(choose("small", "Standard_DC1s_v3", 1, NULL, &conf,
		&refusal), 0);
	assert_int_equal(conf.host, 0);
	assert_int_equal(choose("whole", "Standard_DC48s_v3", 1, NULL, &conf,
		&refusal), 0);
	assert_int_equal(conf.host, 1);
	assert_int_equal(choose("second", "Standard_DC48s_v3", 1, NULL, &conf,
		&refusal), -ENOSPC);
	assert_int_equal(choose("other", "Standard_DC1s_v3", 1, NULL, &conf,
		&refusal), 0);
	assert_int_equal(conf.host, 0);
}

static void sets_are_spread_over_update_domains(void **state)
{
	unsigned in[10] = { 0 }, here[4][10] = { { 0 } };
	struct vm_refusal refusal;
	struct vmconf conf;
	char name[16];

	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "web-%d", i);
		assert_int_equal(choose(name, "Standard_DC1s_v3",
			1 + (unsigned)i % 3, "web", &conf, &refusal), 0);
		in[conf.update_domain]++;
		here[conf.zone][conf.update_domain]++;
		if (i == 9) /* the first ten are alone in theirs */
			for (int d = 0; d < 10; d++)
				assert_int_equal(in[d], 1);
	}
	for (int d = 0; d < 10; d++) {
		assert_int_equal(in[d], 3);
		for (int z = 1; z <= 3; z++)
			assert_int_equal(here[z][d], 1);
	}
}

static void zones_without_a_family(void **state)
{
	struct vm_refusal refusal;
	struct vmconf conf;
	const struct vmconf_size *size = vmconf_size_find("Standard_DC1s_v2");

	g_map.inv.has[2][VMCONF_DCSV2] = false;
	assert_int_equal(place_zone_ok(&g_map, size, 2, &refusal), -ENODEV);
	assert_string_equal(refusal.code, "SkuNotAvailable");
	assert_int_equal(place_zone_ok(&g_map, size, 1, &refusal), 0);
	for (int f = 0; f < VMCONF_FAMILIES; f++)
		g_map.inv.has[3][f] = false;
	assert_int_equal(place_zone_ok(&g_map, size, 3, &refusal), -EINVAL);
	assert_string_equal(refusal.code, "InvalidParameter");
	assert_int_equal(place_zone_ok(&g_map, size, 0, &refusal), -EINVAL);
	/* what asks for no zone goes where it can */
	assert_int_equal(choose("a", "Standard_DC1s_v2", 0, NULL, &conf,
		&refusal), 0);
	assert_int_equal(conf.zone, 1);
	g_map.inv.has[1][VMCONF_DCSV2] = false;
	assert_int_equal(choose("b", "Standard_DC1s_v2", 0, NULL, &conf,
		&refusal), -ENODEV);
	assert_string_equal(refusal.code, "SkuNotAvailable");
}

static void without_a_zone_the_emptiest_is_taken(void **state)
{
	struct vm_refusal refusal;
	struct vmconf conf;
	unsigned seen[4] = { 0 };
	char name[16];

	for (int i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		assert_int_equal(choose(name, "Standard_DC2s_v3", 0, NULL,
			&conf, &refusal), 0);
		seen[conf.zone]++;
	}
	for (int z = 1; z <= 3; z++)
		assert_int_equal(seen[z], 3);
}

static void a_machine_comes_back_to_its_domain(void **state)
{
	struct vm_refusal refusal;
	struct vmconf conf;

	vmconf_default(&conf);
	conf.size = vmconf_size_find("Standard_DC48s_v3");
	conf.zone = 1;
	conf.update_domain = 7;
	assert_int_equal(place_choose(&g_map, "a", &conf, &refusal), 0);
	assert_int_equal(conf.update_domain, 7);
	/* unless there is no room: in its zone in any case */
	conf.host = -1;
	assert_int_equal(place_choose(&g_map, "b", &conf, &refusal), 0);
	conf.host = -1;
	assert_int_equal(place_choose(&g_map, "c", &conf, &refusal), 0);
	assert_int_equal(conf.zone, 1);
	assert_int_not_equal(conf.update_domain, 7);
}

static void quotas_count_all_of_a_family(void **state)
{
	const struct vmconf_size *four = vmconf_size_find("Standard_DC4s_v3");
	const struct vmconf_size *eight = vmconf_size_find("Standard_DC8s_v3");
	struct vm_refusal refusal;
	struct vmconf conf;

	g_map.inv.quota[VMCONF_DCSV3] = 10;
	assert_int_equal(choose("a", "Standard_DC4s_v3", 1, NULL, &conf,
		&refusal), 0);
	assert_int_equal(choose("b", "Standard_DC8ds_v3", 1, NULL, &conf,
		&refusal), 0);
	place_item(&g_map, "a")->host = -1; /* deallocated ones count */
	assert_int_equal(place_used(&g_map, VMCONF_DCSV3), 4);
	assert_int_equal(place_quota(&g_map, four, 1, NULL, &refusal), 0);
	assert_int_equal(place_quota(&g_map, four, 2, NULL, &refusal),
		-EDQUOT);
	assert_string_equal(refusal.code, "QuotaExceeded");
	assert_non_null(strstr(refusal.why.text, "standardDCSv3Family"));
	assert_non_null(strstr(refusal.why.text, "Current Limit: 10"));
	assert_non_null(strstr(refusal.why.text, "Current Usage: 4"));
	assert_non_null(strstr(refusal.why.text, "Additional Required: 8"));
	assert_non_null(strstr(refusal.why.text, "Required: 12;"));
	/* a resize counts the difference */
	assert_int_equal(place_quota(&g_map, eight, 1, four, &refusal), 0);
	g_map.inv.quota[VMCONF_DCSV3] = 7;
	assert_int_equal(place_quota(&g_map, eight, 1, four, &refusal),
		-EDQUOT);
	g_map.inv.quota[VMCONF_DCSV3] = 0;
	assert_int_equal(place_quota(&g_map, four, 1, eight, &refusal), 0);
}

/* ---- inventory.conf ---- */

static struct vms g_vms;

static void put(const char *text)
{
	char path[PATH_MAX + 32];
	FILE *f;

	snprintf(path, sizeof(path), "%s/inventory.conf", g_vms.state);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int folder(void **state)
{
	strcpy(g_vms.state, "/tmp/coffer-inventory-XXXXXX");
	if (!mkdtemp(g_vms.state))
		return -1;
	strcpy(g_vms.machines, g_vms.state);
	return 0;
}

static int no_folder(void **state)
{
	char command[PATH_MAX + 16];

	snprintf(command, sizeof(command), "rm -rf '%s'", g_vms.state);
	return system(command);
}

static void an_inventory_is_read(void **state)
{
	struct inventory inv;
	struct why why;

	assert_int_equal(inventory_read(&g_vms, &inv, &why), 0);
	assert_int_equal(inv.quota[VMCONF_DCSV2], 350);
	assert_true(inv.has[3][VMCONF_DCDSV3]);
	put("# ours\n\nzone.1=standardDCSv2Family, standardDDCSv3Family\n"
		"zone.3=\nupdate_domains=5\nhosts.standardDCSv3Family=0\n"
		"quota.standarddcsv3family=8");
	assert_int_equal(inventory_read(&g_vms, &inv, &why), 0);
	assert_true(inv.has[1][VMCONF_DCSV2]);
	assert_false(inv.has[1][VMCONF_DCSV3]);
	assert_true(inv.has[1][VMCONF_DCDSV3]);
	assert_true(inventory_has_zone(&inv, 2));
	assert_false(inventory_has_zone(&inv, 3));
	assert_false(inventory_has_zone(&inv, 4));
	assert_int_equal(inv.update_domains, 5);
	assert_int_equal(inv.hosts[VMCONF_DCSV3], 0);
	assert_int_equal(inv.hosts[VMCONF_DCSV2], 4);
	assert_int_equal(inv.quota[VMCONF_DCSV3], 8);
}

static void a_wrong_inventory_says_where(void **state)
{
	static const char *const bad[][2] = {
		{ "zone.4=standardDCSv2Family\n", ":1: \"4\"" },
		{ "zone.0=\n", ":1: \"0\"" },
		{ "\nzone.1=DC\n", ":2: \"DC\" is no family" },
		{ "update_domains=11\n", "from 1 to 10" },
		{ "update_domains=0\n", "from 1 to 10" },
		{ "hosts.standardDCSv2Family=1001\n", "to 1000" },
		{ "quota.standardDCSv2Family=-1\n", "\"-1\"" },
		{ "quota.what=1\n", "is no family" },
		{ "zones=3\n", "unknown key \"zones\"" },
		{ "# a\nhosts\n", ":2: no key=value" },
	};
	struct inventory inv;
	struct why why;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		put(bad[i][0]);
		assert_int_equal(inventory_read(&g_vms, &inv, &why), -EINVAL);
		assert_non_null(strstr(why.text, "inventory.conf"));
		if (!strstr(why.text, bad[i][1]))
			fail_msg("%s: %s", bad[i][0], why.text);
		/* nothing that is wrong is changed */
		assert_int_equal(inventory_set_quota(&g_vms, VMCONF_DCSV2, 1,
			NULL), -EINVAL);
	}
}

static void a_quota_is_set_and_nothing_else(void **state)
{
	static const char before[] = "# ours\nquota.standardDCSv3Family=8\n"
		"zone.3=\nquota.standardDCSv3Family=9\n";
	static const char after[] = "# ours\nquota.standardDCSv3Family=77\n"
		"zone.3=\nquota.standardDCSv2Family=5\n";
	char path[PATH_MAX + 32], text[400] = "";
	struct why why;
	FILE *f;

	put(before);
	assert_int_equal(inventory_set_quota(&g_vms, VMCONF_DCSV3, 77, &why),
		0);
	assert_int_equal(inventory_set_quota(&g_vms, VMCONF_DCSV2, 5, &why),
		0);
	assert_int_equal(inventory_set_quota(&g_vms, VMCONF_DCSV2,
		INVENTORY_QUOTA_MAX + 1, &why), -EINVAL);
	snprintf(path, sizeof(path), "%s/inventory.conf", g_vms.state);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	fclose(f);
	assert_string_equal(text, after);
}

#define WITH(test) cmocka_unit_test_setup(test, empty)
#define IN(test) cmocka_unit_test_setup_teardown(test, folder, no_folder)

int place_tests(void)
{
	const struct CMUnitTest tests[] = {
		WITH(epc_of_an_old_host_ends_before_its_vcpus),
		WITH(new_hosts_have_48_vcpus_and_256_gib),
		WITH(the_largest_size_shares_with_nobody),
		WITH(sets_are_spread_over_update_domains),
		WITH(zones_without_a_family),
		WITH(without_a_zone_the_emptiest_is_taken),
		WITH(a_machine_comes_back_to_its_domain),
		WITH(quotas_count_all_of_a_family),
		IN(an_inventory_is_read),
		IN(a_wrong_inventory_says_where),
		IN(a_quota_is_set_and_nothing_else),
	};
	int r = cmocka_run_group_tests_name("place", tests, NULL, NULL);

	empty(NULL);
	return r;
}
