/* SPDX-License-Identifier: MIT */
/* Operations that wait: how many there may be, what others get meanwhile, and
 * what becomes of one whose machine goes. */
#include "portal_world.h"

#include "service/arm.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION "api-version=2024-07-01"
#define ASKED 10000u
#define TAKEN 256u /* as docs/portal-api.md says */
#define LONG_MS 3600000u

/* Another command's lock, on what there is or on one machine. */
static int hold(struct portal_world *world, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/vm", world->state);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/vm/%s", world->state, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	return fd;
}

static void no_quota(void)
{
	struct why why = { "" };
	struct vms *vms;

	assert_int_equal(vms_open(NULL, &vms, &why), 0);
	for (int i = 0; i < VMCONF_FAMILIES; i++)
		assert_int_equal(vm_set_quota(vms, (enum vmconf_family)i, 0,
			&why), 0);
	vms_close(vms);
}

static unsigned put(struct portal_world *world, unsigned number,
	json_t **answer)
{
	char rest[128];

	snprintf(rest, sizeof(rest), "virtualMachines/vm-%u?" VERSION,
		number);
	return world_ask(world, world->token.write, "PUT", world_target(world,
		"web", rest), json_pack("{s:s, s:{s:{s:s}}}", "location",
		ARM_LOCATION, "properties", "hardwareProfile", "vmSize",
		"Standard_DC1s_v3"), answer);
}

static size_t listed(struct portal_world *world)
{
	json_t *answer;
	size_t count;

	assert_int_equal(world_ask(world, world->token.read, "GET",
		world_target(world, NULL, "virtualMachines?" VERSION), NULL,
		&answer), 200);
	count = json_array_size(json_object_get(answer, "value"));
	json_decref(answer);
	return count;
}

/* How many there are that have not ended, and the newest of them. */
static size_t left(struct portal_world *world, char id[33])
{
	struct arm_op *list;
	size_t count;

	assert_int_equal(arm_op_list(world->portal->arm->ops, &list, &count),
		0);
	if (count)
		memcpy(id, list[count - 1].id, 33);
	free(list);
	return count;
}

static void test_ten_thousand_orders(void **state)
{
	struct portal_world *world = *state;
	struct arm_ops *ops = world->portal->arm->ops;
	unsigned taken = 0, refused = 0;
	char id[33], other[33];
	struct arm_op op;
	json_t *answer;
	int held;

	no_quota();
	held = hold(world, ".lock");
	for (unsigned i = 0; i < ASKED; i++) {
		unsigned status = put(world, i, &answer);

		if (status == 201) {
			taken++;
			json_decref(answer);
			continue;
		}
		assert_int_equal(status, 429);
		world_expect_code(answer, "TooManyRequests");
		refused++;
	}
	assert_int_equal(taken, TAKEN);
	assert_int_equal(refused, ASKED - TAKEN);

	/* Others see what is there, and one at work is not asked twice. */
	assert_int_equal(listed(world), TAKEN);
	assert_int_equal(put(world, 0, &answer), 409);
	world_expect_code(answer, "Conflict");
	assert_int_equal(left(world, id), TAKEN);
	/* It would take an hour, if anybody waited behind so many. */
	assert_int_equal(arm_op_wait(ops, id, false, LONG_MS, &op), 0);
	assert_false(op.checked);
	close(held);

	/* One after the other they end; then there is room again. */
	for (unsigned i = 0; i < 6000 && left(world, other); i++)
		usleep(10000);
	assert_int_equal(arm_op_look(ops, id, &op), 0);
	assert_true(op.ended);
	assert_string_equal(op.code, "QuotaExceeded");
	assert_int_not_equal(put(world, ASKED, NULL), 429);
}

static struct arm_op ended(struct portal_world *world, const char *id)
{
	struct arm_op op = { .ended = false };

	assert_int_equal(arm_op_wait(world->portal->arm->ops, id, true,
		60000, &op), 0);
	assert_true(op.ended);
	return op;
}

static void test_a_machine_that_goes_meanwhile(void **state)
{
	struct portal_world *world = *state;
	static const enum arm_kind kinds[] = { ARM_UPDATE, ARM_START,
		ARM_STOP, ARM_RESTART, ARM_DELETE };
	char name[256], gone[256], id[33];
	struct why why = { "" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct arm_work work = { .kind = kinds[i], .name = "one",
			.group = "web", .set_tags = true };
		struct arm_op op;
		int held;

		world_add(world, "one", "web", 1);
		work.tags = json_pack("{s:s}", ARM_GROUP_TAG, "web");
		held = hold(world, "one/lock");
		assert_int_equal(arm_op_begin(world->portal->arm->ops, &work,
			id, &why), 0);
		json_decref(work.tags);
		/* As `coffer vm delete` does it. */
		snprintf(name, sizeof(name), "%s/vm/one", world->state);
		snprintf(gone, sizeof(gone), "%s/vm/.gone-one-%zu",
			world->state, i);
		assert_int_equal(rename(name, gone), 0);
		close(held);
		op = ended(world, id);
		assert_string_equal(op.code, "ResourceNotFound");
		assert_int_equal(listed(world), 0);
	}
}

/* What is being removed is not made, started or removed again meanwhile. */
static void test_one_operation_at_a_time(void **state)
{
	struct portal_world *world = *state;
	static const struct {
		const char *method, *rest;
	} rows[] = {
		{ "DELETE", "" }, { "POST", "/start" }, { "POST", "/powerOff" },
		{ "POST", "/restart" }, { "POST", "/deallocate" },
	};
	struct arm_work work = { .kind = ARM_DELETE, .name = "vm-7",
		.group = "web" };
	struct why why = { "" };
	json_t *answer;
	char id[33];
	int held;

	world_add(world, "vm-7", "web", 1);
	held = hold(world, "vm-7/lock");
	assert_int_equal(arm_op_begin(world->portal->arm->ops, &work, id,
		&why), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char rest[128];

		snprintf(rest, sizeof(rest), "virtualMachines/vm-7%s?" VERSION,
			rows[i].rest);
		assert_int_equal(world_ask(world, world->token.write,
			rows[i].method, world_target(world, "web", rest), NULL,
			&answer), 409);
		world_expect_code(answer, "Conflict");
	}
	assert_int_equal(world_ask(world, world->token.read, "GET",
		world_target(world, "web", "virtualMachines/vm-7?" VERSION),
		NULL, &answer), 200);
	assert_string_equal(json_string_value(json_object_get(json_object_get(
		answer, "properties"), "provisioningState")), "Deleting");
	json_decref(answer);
	close(held);
	assert_null(ended(world, id).code);
	assert_int_equal(listed(world), 0);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_ten_thousand_orders),
		EACH(test_a_machine_that_goes_meanwhile),
		EACH(test_one_operation_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
