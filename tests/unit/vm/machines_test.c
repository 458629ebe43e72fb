/* SPDX-License-Identifier: MIT */
/* Machines made, changed, listed and removed, none of them started. */
#include "units.h"

#include "common/events.h"
#include "vm/cert.h"
#include "vm/order.h"
#include "vm/place.h"
#include "vm/vms_priv.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char g_folder[64];
static char g_ca[64]; /* the first test's CA, which the others have too */
static struct vms *g_vms;
static struct vm_refusal g_refusal;

static void open_again(void)
{
	struct why why;

	vms_close(g_vms);
	if (vms_open(NULL, &g_vms, &why))
		fail_msg("%s", why.text);
}

static int scene(void **state)
{
	char path[128], command[256];

	strcpy(g_folder, "/tmp/coffer-vms-XXXXXX");
	if (!mkdtemp(g_folder))
		return -1;
	snprintf(path, sizeof(path), "%s/state", g_folder);
	setenv("COFFER_STATE_DIR", path, 1);
	snprintf(path, sizeof(path), "%s/run", g_folder);
	setenv("COFFER_RUNTIME_DIR", path, 1);
	setenv("COFFER_CGROUP", "none", 1);
	if (*g_ca)
		snprintf(command, sizeof(command), "mkdir -m 700 %s/state && "
			"cp -a %s %s/state/ca", g_folder, g_ca, g_folder);
	if (*g_ca && system(command))
		return -1;
	return vms_open(NULL, &g_vms, NULL);
}

static int no_scene(void **state)
{
	char command[256];

	vms_close(g_vms);
	g_vms = NULL;
	snprintf(command, sizeof(command), "rm -rf '%s'", g_folder);
	if (!*g_ca) {
		snprintf(g_ca, sizeof(g_ca), "%.50s.ca", g_folder);
		snprintf(command, sizeof(command), "mv '%s/state/ca' '%s' && "
			"rm -rf '%s'", g_folder, g_ca, g_folder);
	}
	return system(command);
}

/* ---- help ---- */

static int make(struct vm_order *order)
{
	order->stopped = true;
	return vm_create(g_vms, order, NULL, NULL, &g_refusal);
}

static void make_ok(struct vm_order *order)
{
	if (make(order))
		fail_msg("%s: %s", g_refusal.code, g_refusal.why.text);
}

#define MAKE(...) make_ok(&(struct vm_order){ __VA_ARGS__ })
#define REFUSED(code_, ...) do { \
	assert_true(make(&(struct vm_order){ __VA_ARGS__ }) < 0); \
	assert_string_equal(g_refusal.code, code_); \
} while (0)

static void get(const char *name, struct vm *vm)
{
	if (vm_get(g_vms, name, vm, &g_refusal))
		fail_msg("%s: %s", g_refusal.code, g_refusal.why.text);
}

static size_t count(const struct vm_filter *filter)
{
	struct vm_list list;
	size_t n;

	assert_int_equal(vm_list(g_vms, filter, true, &list, NULL), 0);
	n = list.count;
	vm_list_free(&list);
	return n;
}

/* What STATE/vm has besides machines and the lock. */
static unsigned left_over(void)
{
	struct dirent *e;
	unsigned n = 0;
	DIR *dir = opendir(g_vms->machines);

	assert_non_null(dir);
	while ((e = readdir(dir)))
		n += e->d_name[0] == '.' && strcmp(e->d_name, ".") &&
			strcmp(e->d_name, "..") && strcmp(e->d_name, ".lock");
	closedir(dir);
	return n;
}

static const struct vmconf_size *size(const char *name)
{
	return vmconf_size_find(name);
}

/* ---- made ---- */

static void one_is_made_complete(void **state)
{
	static const struct vm_tag tags[] = { { "env", "test" },
		{ "owner", "" } };
	struct vm_cert cert;
	struct pki *pki;
	struct vm vm;

	MAKE(.name = "a", .size = size("Standard_DC2s_v2"), .tags = tags,
		.tag_count = 2, .probe = "http://[::1]/", .epc_pages = 500);
	get("a", &vm);
	assert_string_equal(vm.conf.size->name, "Standard_DC2s_v2");
	assert_int_equal(vm.conf.epc_pages, 500);
	assert_int_equal(vm.power, VM_POWER_STOPPED);
	assert_true(vm.conf.zone >= 1 && vm.conf.update_domain >= 0 &&
		vm.conf.host >= 0);
	assert_true(vm.created > 1700000000);
	assert_string_equal(vmconf_tag(&vm.conf, "env"), "test");
	assert_string_equal(vm.conf.probe, "http://[::1]/");
	assert_string_equal(vm.conf.set, "");
	assert_int_equal(vms_pki(g_vms, &pki, NULL), 0);
	assert_int_equal(vm_cert_look(pki, "a", &vm.conf, &cert, NULL), 0);
	assert_int_equal(cert.state, VM_CERTIFIED);
	assert_string_equal(cert.machine.name, "a");
	vm_free(&vm);
	assert_int_equal(left_over(), 0);
	REFUSED("Conflict", .name = "a");
	assert_non_null(strstr(g_refusal.why.text, "coffer vm delete a"));
}

static void orders_that_make_no_sense(void **state)
{
	static const unsigned zones[] = { 1, 2 }, far[] = { 9 };
	static const struct vm_tag bad[] = { { "a=b", "c" } };
	char file[128];
	FILE *f;

	snprintf(file, sizeof(file), "%s/full", g_folder);
	f = fopen(file, "w");
	assert_non_null(f);
	fputs("mine", f);
	fclose(f);
	REFUSED("InvalidParameter", .name = "A");
	REFUSED("InvalidParameter", .name = "../a");
	REFUSED("InvalidParameter", .name = "a", .epc_pages = 3);
	REFUSED("InvalidParameter", .name = "a", .count = 1001);
	REFUSED("InvalidParameter", .name = "a", .zones = far,
		.zone_count = 1);
	REFUSED("InvalidParameter", .name = "a", .tags = bad, .tag_count = 1);
	REFUSED("InvalidParameter", .name = "a", .probe = "a\nb");
	REFUSED("InvalidParameter", .name = "a", .swap = "relative");
	REFUSED("InvalidParameter", .name = "a", .swap = file);
	REFUSED("InvalidParameter", .name = "a", .count = 2,
		.swap = "/tmp/coffer-none");
	REFUSED("InvalidParameter", .count = 2, .name =
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	REFUSED("OperationNotAllowed", .name = "a", .zones = zones,
		.zone_count = 2);
	assert_non_null(strstr(g_refusal.why.text, "--count"));
	assert_int_equal(count(NULL), 0);
	assert_int_equal(left_over(), 0);
}

static void sets_are_all_or_nothing(void **state)
{
	static const unsigned zones[] = { 3, 1 };
	struct vm_filter in_three = { .zone = 3, .update_domain = -1 };
	struct vm_filter web = { .set = "web", .update_domain = -1 };
	struct vm_list list;

	MAKE(.name = "web-1"); /* in the way of the set */
	REFUSED("Conflict", .name = "web", .count = 3);
	assert_non_null(strstr(g_refusal.why.text, "web-1"));
	assert_int_equal(count(NULL), 1);
	assert_int_equal(left_over(), 0);
	assert_int_equal(vm_delete(g_vms, "web-1", false, &g_refusal), 0);

	MAKE(.name = "web", .count = 11, .zones = zones, .zone_count = 2);
	assert_int_equal(count(&in_three), 6);
	assert_int_equal(vm_list(g_vms, &web, false, &list, NULL), 0);
	assert_int_equal(list.count, 11);
	assert_string_equal(list.items[1].name, "web-1");
	assert_string_equal(list.items[2].name, "web-2");
	assert_string_equal(list.items[10].name, "web-10");
	assert_int_equal(list.items[0].conf.zone, 3);
	assert_int_equal(list.items[1].conf.zone, 1);
	for (int i = 1; i < 10; i++)
		assert_int_not_equal(list.items[i].conf.update_domain,
			list.items[0].conf.update_domain);
	vm_list_free(&list);
	REFUSED("Conflict", .name = "web", .count = 20);
	assert_int_equal(left_over(), 0);
}

static void quotas_and_rooms(void **state)
{
	struct vm_quota quotas[VMCONF_FAMILIES];
	static const unsigned zone[] = { 1 };
	char path[128];
	FILE *f;

	assert_int_equal(vm_set_quota(g_vms, VMCONF_DCSV2, 9, NULL), 0);
	REFUSED("QuotaExceeded", .name = "a", .count = 5,
		.size = size("Standard_DC2s_v2"));
	assert_int_equal(count(NULL), 0);
	MAKE(.name = "a", .count = 4, .size = size("Standard_DC2s_v2"));
	assert_int_equal(vm_quotas(g_vms, quotas, NULL), 0);
	assert_int_equal(quotas[VMCONF_DCSV2].limit, 9);
	assert_int_equal(quotas[VMCONF_DCSV2].used, 8);
	assert_int_equal(quotas[VMCONF_DCSV3].used, 0);
	REFUSED("QuotaExceeded", .name = "b",
		.size = size("Standard_DC2s_v2"));
	assert_int_equal(vm_resize(g_vms, "a-0", size("Standard_DC4s_v2"),
		VM_EPC_SAME, &g_refusal), -EDQUOT);
	snprintf(path, sizeof(path), "%s/state/inventory.conf", g_folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("update_domains=1\nhosts.standardDCSv3Family=1\n"
		"zone.2=standardDCSv2Family\n", f);
	fclose(f);
	REFUSED("SkuNotAvailable", .name = "b", .zones = (unsigned[]){ 2 },
		.zone_count = 1);
	MAKE(.name = "b", .size = size("Standard_DC48s_v3"), .zones = zone,
		.zone_count = 1);
	REFUSED("AllocationFailed", .name = "c", .zones = zone,
		.zone_count = 1);
	assert_int_equal(left_over(), 0);
}

static volatile sig_atomic_t g_cancel;

static void cancel_later(void *ctx, const char *name, const char *what,
	size_t done, size_t total)
{
	size_t *when = ctx;

	assert_true(done < total);
	g_cancel |= done == *when;
}

static void an_interrupted_order_leaves_nothing(void **state)
{
	struct vm_order order = { .name = "web", .count = 3, .stopped = true,
		.cancel = &g_cancel };

	for (size_t when = 0; when < 3; when++) {
		g_cancel = 0;
		assert_int_equal(vm_create(g_vms, &order, cancel_later, &when,
			&g_refusal), when < 2 ? -EINTR : 0);
		assert_int_equal(count(NULL), when < 2 ? 0 : 3);
		assert_int_equal(left_over(), 0);
	}
}

/* Several want the same name at a time, and there is quota for two. */
static void orders_at_the_same_time(void **state)
{
	char names[3][4] = { "a", "a", "b" };
	struct vm_order order = { .stopped = true };
	int status, made = 0, refused = 0;
	pid_t pids[6];

	assert_int_equal(vm_set_quota(g_vms, VMCONF_DCSV3, 2, NULL), 0);
	for (int i = 0; i < 6; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i])
			continue;
		order.name = names[i % 3];
		if (vms_open(NULL, &g_vms, NULL))
			_exit(2);
		if (!vm_create(g_vms, &order, NULL, NULL, &g_refusal))
			_exit(0);
		_exit(!strcmp(g_refusal.code, "Conflict") ||
			!strcmp(g_refusal.code, "QuotaExceeded") ? 1 : 2);
	}
	for (int i = 0; i < 6; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		made += WEXITSTATUS(status) == 0;
		refused += WEXITSTATUS(status) == 1;
	}
	assert_int_equal(made, 2);
	assert_int_equal(refused, 4);
	assert_int_equal(count(NULL), 2);
	assert_int_equal(left_over(), 0);
}

/* ---- changed ---- */

static void resizing(void **state)
{
	struct vm_events_at at = { 0, 0 };
	struct vm vm;
	char *text, path[PATH_MAX];
	int fd;

	MAKE(.name = "a", .epc_pages = 1000);
	assert_int_equal(vm_resize(g_vms, "a", size("Standard_DC8s_v3"),
		VM_EPC_SAME, &g_refusal), 0);
	get("a", &vm);
	assert_int_equal(vm.conf.size->vcpus, 8);
	/* a number of its own stays */
	assert_int_equal(vm.conf.epc_pages, 1000);
	vm_free(&vm);
	assert_int_equal(vm_resize(g_vms, "a", size("Standard_DC8s_v3"), 0,
		&g_refusal), 0);
	get("a", &vm);
	assert_int_equal(vm.conf.epc_pages, 32 << 18);
	vm_free(&vm);
	assert_int_equal(vm_resize(g_vms, "a", size("Standard_DC8ds_v3"),
		VM_EPC_SAME, &g_refusal), -EXDEV);
	assert_string_equal(g_refusal.code, "OperationNotAllowed");
	assert_int_equal(vm_resize(g_vms, "b", size("Standard_DC8s_v3"),
		VM_EPC_SAME, &g_refusal), -ENOENT);
	assert_string_equal(g_refusal.code, "ResourceNotFound");
	/* a driver has it */
	assert_int_equal(vms_folder(g_vms, "a", path, NULL), 0);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(vm_resize(g_vms, "a", size("Standard_DC1s_v3"),
		VM_EPC_SAME, &g_refusal), -EBUSY);
	assert_string_equal(g_refusal.code, "OperationNotAllowed");
	assert_int_equal(vm_delete(g_vms, "a", false, &g_refusal), -EBUSY);
	assert_non_null(strstr(g_refusal.why.text, "coffer vm stop a"));
	close(fd);
	assert_int_equal(vm_events(g_vms, "a", &at, &text, &g_refusal), 0);
	assert_non_null(strstr(text, "\"event\":\"created\""));
	assert_non_null(strstr(text, "\"event\":\"resized\""));
	free(text);
}

static void a_host_that_is_full_is_left(void **state)
{
	struct vm vm;
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/state/inventory.conf", g_folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("update_domains=1\nhosts.standardDCSv3Family=2\nzone.2=\n"
		"zone.3=\n", f);
	fclose(f);
	MAKE(.name = "a", .size = size("Standard_DC24s_v3"));
	MAKE(.name = "b", .size = size("Standard_DC24s_v3"));
	get("b", &vm);
	assert_int_equal(vm.conf.host, 0);
	vm_free(&vm);
	assert_int_equal(vm_resize(g_vms, "b", size("Standard_DC32s_v3"),
		VM_EPC_SAME, &g_refusal), 0);
	get("b", &vm);
	assert_int_equal(vm.conf.host, 1);
	vm_free(&vm);
	/* three beside a, one beside b */
	MAKE(.name = "c", .count = 4, .size = size("Standard_DC8s_v3"));
	assert_int_equal(vm_resize(g_vms, "b", size("Standard_DC48s_v3"),
		VM_EPC_SAME, &g_refusal), -ENOSPC);
	assert_string_equal(g_refusal.code, "AllocationFailed");
	get("b", &vm); /* as it was */
	assert_string_equal(vm.conf.size->name, "Standard_DC32s_v3");
	assert_int_equal(vm.conf.host, 1);
	vm_free(&vm);
}

static void tags_are_set_found_and_removed(void **state)
{
	static const struct vm_tag set[] = { { "env", "prod" }, { "a", "1" } };
	static const struct vm_tag drop[] = { { "ENV", NULL },
		{ "b", "2" } };
	static const struct vm_tag bad[] = { { "c", "3" }, { "<", "" } };
	struct vm_filter prod = { .update_domain = -1, .tag = "env",
		.tag_value = "prod" };
	struct vm_filter any = { .update_domain = -1, .tag = "env" };
	struct vm vm;

	MAKE(.name = "a");
	MAKE(.name = "b");
	assert_int_equal(vm_set_tags(g_vms, "a", set, 2, &g_refusal), 0);
	assert_int_equal(count(&prod), 1);
	prod.tag_value = "test";
	assert_int_equal(count(&prod), 0);
	assert_int_equal(count(&any), 1);
	assert_int_equal(vm_set_tags(g_vms, "a", drop, 2, &g_refusal), 0);
	assert_int_equal(count(&any), 0);
	assert_true(vm_set_tags(g_vms, "a", bad, 2, &g_refusal) < 0);
	assert_string_equal(g_refusal.code, "InvalidParameter");
	get("a", &vm);
	assert_int_equal(vm.conf.tag_count, 2);
	assert_null(vmconf_tag(&vm.conf, "c"));
	vm_free(&vm);
}

/* ---- removed ---- */

static void what_is_removed_is_forgotten(void **state)
{
	struct vm_cert cert;
	struct pki *pki;
	char swap[128], path[PATH_MAX];
	unsigned n;
	bool revoked;
	struct vm vm;
	int fd;

	snprintf(swap, sizeof(swap), "%s/swap", g_folder);
	fd = open(swap, O_CREAT | O_RDWR, 0600);
	assert_true(fd >= 0);
	close(fd);
	MAKE(.name = "a", .swap = swap);
	assert_int_equal(vms_pki(g_vms, &pki, NULL), 0);
	assert_int_equal(pki_revoke(pki, "a", &n, NULL), 0);
	assert_true(n > 0);
	snprintf(path, sizeof(path), "%.3000s/a", g_vms->runtime);
	assert_int_equal(mkdir(g_vms->runtime, 0700), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(vm_delete(g_vms, "a", false, &g_refusal), 0);
	assert_int_equal(count(NULL), 0);
	assert_int_equal(left_over(), 0);
	assert_int_equal(access(swap, F_OK), -1);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(vm_delete(g_vms, "a", true, &g_refusal), -ENOENT);
	assert_int_equal(pki_is_revoked(pki, "a", &revoked, NULL), 0);
	assert_false(revoked);
	/* another machine of that name is not revoked */
	MAKE(.name = "a");
	get("a", &vm);
	assert_int_equal(vm_cert_look(pki, "a", &vm.conf, &cert, NULL), 0);
	assert_false(cert.revoked);
	vm_free(&vm);
}

static void a_held_machine_is_waited_for(void **state)
{
	int lock;

	MAKE(.name = "a");
	lock = vm_hold(g_vms, "a", &g_refusal);
	assert_true(lock >= 0);
	assert_true(vm_is_held(g_vms, "a"));
	vm_release(lock);
	assert_false(vm_is_held(g_vms, "a"));
	assert_int_equal(vm_hold(g_vms, "b", &g_refusal), -ENOENT);
	assert_int_equal(vm_hold(g_vms, "..", &g_refusal), -EINVAL);
}

/* ---- what the dead leave ---- */

/* An order as it is while machines are made: of a and b, a in its place. */
static void begin(struct order *order)
{
	struct vmconf conf;
	int lock = vms_lock(g_vms, NULL);

	assert_true(lock >= 0);
	assert_int_equal(order_begin(g_vms, order, NULL), 0);
	vmconf_default(&conf);
	assert_int_equal(order_add(g_vms, order, "a", &conf, NULL), 0);
	assert_int_equal(order_add(g_vms, order, "b", &conf, NULL), 0);
	assert_int_equal(order_put(g_vms, order, "a", NULL), 0);
	close(lock);
}

static void an_order_is_left_alone_while_its_maker_lives(void **state)
{
	struct order order;

	begin(&order);
	open_again();
	assert_int_equal(count(NULL), 1);
	assert_int_equal(left_over(), 2); /* the order, and b */
	REFUSED("Conflict", .name = "a");
	REFUSED("Conflict", .name = "b"); /* which is being made */
	close(order.fd); /* its maker dies */
	open_again();
	assert_int_equal(count(NULL), 0);
	assert_int_equal(left_over(), 0);
	MAKE(.name = "b");
}

static void nobody_elses_machine_is_taken_back(void **state)
{
	struct order order;

	MAKE(.name = "c");
	begin(&order);
	assert_int_equal(vm_delete(g_vms, "a", false, &g_refusal), 0);
	MAKE(.name = "a");
	/* a line that was cut off as its writer died */
	assert_int_equal(write(order.fd, "c", 1), 1);
	close(order.fd);
	open_again();
	assert_int_equal(count(NULL), 2);
	assert_int_equal(left_over(), 0);
}

static void half_of_a_removal_is_finished(void **state)
{
	char from[PATH_MAX], to[PATH_MAX];
	int lock;

	MAKE(.name = "a");
	lock = vm_hold(g_vms, "a", &g_refusal);
	assert_int_equal(vms_folder(g_vms, "a", from, NULL), 0);
	snprintf(to, sizeof(to), "%.3000s/.gone-a-abcdefgh", g_vms->machines);
	assert_int_equal(rename(from, to), 0);
	open_again();
	assert_int_equal(left_over(), 1); /* who removes it lives */
	vm_release(lock);
	open_again();
	assert_int_equal(left_over(), 0);
	/* and one whose lock went already */
	assert_int_equal(mkdir(to, 0700), 0);
	open_again();
	assert_int_equal(left_over(), 0);
}

static void what_belongs_to_no_order_goes(void **state)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.3000s/.new-a-abcdefgh",
		g_vms->machines);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%.3000s/.new-a-abcdefgh/pck",
		g_vms->machines);
	assert_int_equal(mkdir(path, 0700), 0);
	open_again();
	assert_int_equal(left_over(), 0);
}

static void sockets_of_the_dead_go(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[PATH_MAX];
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	MAKE(.name = "a");
	assert_int_equal(mkdir(g_vms->runtime, 0700), 0);
	snprintf(path, sizeof(path), "%.3000s/a", g_vms->runtime);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(address.sun_path, sizeof(address.sun_path),
		"%.80s/a/driver.sock", g_vms->runtime);
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
		sizeof(address)), 0);
	assert_int_equal(listen(fd, 4), 0);
	open_again(); /* somebody listens: whose it is does not matter */
	assert_int_equal(access(address.sun_path, F_OK), 0);
	close(fd);
	open_again();
	assert_int_equal(access(address.sun_path, F_OK), -1);
	assert_int_equal(access(path, F_OK), -1);
}

static void what_is_no_drivers_stays(void **state)
{
	static const char *const files[] = { "mine", "mine/lock", "mine/x",
		"empty" };
	char path[PATH_MAX];
	int fd;

	assert_int_equal(mkdir(g_vms->runtime, 0700), 0);
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%.3000s/%s", g_vms->runtime,
			files[i]);
		if (i % 3 == 0) {
			assert_int_equal(mkdir(path, 0700), 0);
			continue;
		}
		fd = open(path, O_CREAT | O_RDWR, 0600);
		assert_true(fd >= 0);
		close(fd);
	}
	open_again();
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%.3000s/%s", g_vms->runtime,
			files[i]);
		assert_int_equal(access(path, F_OK), 0);
	}
}

static void a_driver_that_does_not_answer_has_failed(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0), lock;
	char path[PATH_MAX];
	struct vm_list list;
	struct vm vm;

	MAKE(.name = "a");
	assert_int_equal(vms_folder(g_vms, "a", path, NULL), 0);
	lock = open(path, O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(mkdir(g_vms->runtime, 0700), 0);
	snprintf(path, sizeof(path), "%.3000s/a", g_vms->runtime);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(address.sun_path, sizeof(address.sun_path),
		"%.80s/a/driver.sock", g_vms->runtime);
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
		sizeof(address)), 0);
	assert_int_equal(listen(fd, 0), 0);
	get("a", &vm);
	assert_int_equal(vm.power, VM_POWER_FAILED);
	assert_int_equal(vm.driver_pid, 0);
	vm_free(&vm);
	/* who does not ask sees that one runs */
	assert_int_equal(vm_list(g_vms, NULL, false, &list, NULL), 0);
	assert_int_equal(list.items[0].power, VM_POWER_RUNNING);
	vm_list_free(&list);
	close(fd);
	close(lock);
}

/* ---- events ---- */

static void events_are_bounded_and_followed(void **state)
{
	struct vm_events_at at = { 0, 0 };
	char path[PATH_MAX], file[PATH_MAX + 16], *text;
	struct stat st;
	unsigned lines = 0;

	MAKE(.name = "a");
	assert_int_equal(vms_folder(g_vms, "a", path, NULL), 0);
	assert_int_equal(vm_events(g_vms, "a", &at, &text, &g_refusal), 0);
	assert_non_null(strstr(text, "created"));
	free(text);
	assert_int_equal(vm_events(g_vms, "a", &at, &text, &g_refusal), 0);
	assert_string_equal(text, "");
	free(text);
	for (int i = 0; i < 5000; i++) {
		events_add(path, EVENTS_MAINTENANCE, NULL, "%d \"quoted\" \n \x80 "
			"%064d", i, 0);
		if (i % 1000)
			continue;
		assert_int_equal(vm_events(g_vms, "a", &at, &text,
			&g_refusal), 0);
		for (char *c = text; *c; c++)
			lines += *c == '\n';
		free(text);
	}
	/* Nothing is read twice; what was rotated in between is read, but what
	 * was rotated twice. */
	assert_int_equal(vm_events(g_vms, "a", &at, &text, &g_refusal), 0);
	for (char *c = text; *c; c++)
		lines += *c == '\n';
	assert_non_null(strstr(text, "4999 \\\"quoted\\\" \\u000a \\ufffd 0"));
	free(text);
	assert_int_equal(lines, 5000);
	for (int i = 0; i < 2; i++) {
		snprintf(file, sizeof(file), "%s/events%s", path,
			i ? ".1" : "");
		assert_int_equal(stat(file, &st), 0);
		assert_true(st.st_size < EVENTS_MAX + EVENTS_LINE_MAX);
	}
	assert_int_equal(vm_events(g_vms, "b", &at, &text, &g_refusal),
		-ENOENT);
}

static json_t *last_event(const char *name)
{
	struct vm_events_at at = { 0, 0 };
	char *text, *line;
	json_t *event;

	assert_int_equal(vm_events(g_vms, name, &at, &text, &g_refusal), 0);
	text[strlen(text) - 1] = '\0';
	line = strrchr(text, '\n');
	event = json_loads(line ? line + 1 : text, JSON_REJECT_DUPLICATES,
		NULL);
	assert_non_null(event);
	free(text);
	return event;
}

static void events_have_details(void **state)
{
	char path[PATH_MAX], text[600];
	struct event_detail details[] = { { "name", "\"\n\\", 0 },
		{ "none", "", 0 }, { "number", NULL, -7 }, { "long", text, 0 },
		{ NULL, NULL, 0 } };
	const char *name = "", *size = "", *words = "";
	json_t *event;
	int number = 0;

	MAKE(.name = "a");
	assert_int_equal(vms_folder(g_vms, "a", path, NULL), 0);
	event = last_event("a");
	assert_int_equal(json_unpack(event, "{s:{s:s!}}", "details", "size",
		&size), 0);
	assert_non_null(vmconf_size_find(size));
	json_decref(event);

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	events_add(path, EVENTS_FAILED, details, "as it is");
	event = last_event("a");
	assert_int_equal(json_unpack(event, "{s:s, s:{s:s, s:i, s:s!}}",
		"text", &words, "details", "name", &name, "number", &number,
		"long", &size), 0);
	assert_string_equal(words, "as it is");
	assert_string_equal(name, "\"\n\\");
	assert_int_equal(number, -7);
	assert_string_equal(size, text);
	json_decref(event);

	/* Too many: the event is there without them. */
	details[0].text = text;
	events_add(path, EVENTS_FAILED, details, "as it is");
	event = last_event("a");
	assert_null(json_object_get(event, "details"));
	assert_string_equal(json_string_value(json_object_get(event, "text")),
		"as it is");
	json_decref(event);
}

static void an_own_number_of_pages_must_fit(void **state)
{
	struct vm vm;

	MAKE(.name = "a", .size = size("Standard_DC2s_v2"),
		.epc_pages = 10000);
	assert_int_equal(vm_resize(g_vms, "a", size("Standard_DC1s_v2"),
		VM_EPC_SAME, &g_refusal), -ERANGE);
	assert_string_equal(g_refusal.code, "InvalidParameter");
	assert_non_null(strstr(g_refusal.why.text, "--epc-pages"));
	get("a", &vm);
	assert_string_equal(vm.conf.size->name, "Standard_DC2s_v2");
	vm_free(&vm);
	assert_int_equal(vm_resize(g_vms, "a", size("Standard_DC1s_v2"), 10,
		&g_refusal), -EINVAL);
	assert_int_equal(vm_resize(g_vms, "a", size("Standard_DC1s_v2"), 20,
		&g_refusal), 0);
	get("a", &vm);
	assert_string_equal(vm.conf.size->name, "Standard_DC1s_v2");
	assert_int_equal(vm.conf.epc_pages, 20);
	vm_free(&vm);
	/* back to the size's, and with it from then on */
	assert_int_equal(vm_resize(g_vms, "a", size("Standard_DC1s_v2"), 0,
		&g_refusal), 0);
	assert_int_equal(vm_resize(g_vms, "a", size("Standard_DC8_v2"),
		VM_EPC_SAME, &g_refusal), 0);
	get("a", &vm);
	assert_int_equal(vm.conf.epc_pages, 168 << 8);
	vm_free(&vm);
}

static void a_set_goes_over_the_zones_with_room(void **state)
{
	static const unsigned one[] = { 1 };
	struct vm_list list;
	unsigned in[VMCONF_ZONES_MAX + 1] = { 0 };
	char path[128];
	FILE *f;

	MAKE(.name = "w", .count = 7);
	assert_int_equal(vm_list(g_vms, NULL, false, &list, NULL), 0);
	for (size_t i = 0; i < list.count; i++)
		in[list.items[i].conf.zone]++;
	vm_list_free(&list);
	assert_int_equal(in[1], 3);
	assert_int_equal(in[2], 2);
	assert_int_equal(in[3], 2);
	/* Zone 1 is full, zone 2 has none of them. */
	snprintf(path, sizeof(path), "%s/state/inventory.conf", g_folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("update_domains=2\nhosts.standardDCSv3Family=1\n"
		"zone.2=standardDCSv2Family\n", f);
	fclose(f);
	MAKE(.name = "a", .size = size("Standard_DC48s_v3"), .zones = one,
		.zone_count = 1);
	memset(in, 0, sizeof(in));
	MAKE(.name = "v", .count = 8);
	assert_int_equal(vm_list(g_vms, &(struct vm_filter){ .set = "v",
		.update_domain = -1 }, false, &list, NULL), 0);
	for (size_t i = 0; i < list.count; i++)
		in[list.items[i].conf.zone]++;
	vm_list_free(&list);
	assert_int_equal(in[2], 0);
	assert_int_equal(in[1] + in[3], 8);
	assert_true(in[1] && in[3]);
	/* One that was asked for is held to. */
	REFUSED("AllocationFailed", .name = "u", .count = 2, .size =
		size("Standard_DC48s_v3"), .zones = one, .zone_count = 1);
}

/* ---- damaged ---- */

static void write_conf(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *f;

	assert_int_equal(vms_file(g_vms, name, "vm.conf", path, NULL), 0);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void is_damaged(const char *name, const char *says)
{
	struct vm_list list;
	struct vm vm;
	size_t i;

	get(name, &vm);
	assert_int_equal(vm.power, VM_POWER_FAILED);
	if (!strstr(vm.damage.text, says))
		fail_msg("\"%s\" is not in \"%s\"", says, vm.damage.text);
	assert_non_null(strstr(vm.damage.text, "coffer vm delete"));
	vm_free(&vm);
	assert_int_equal(vm_list(g_vms, NULL, true, &list, NULL), 0);
	for (i = 0; i < list.count && strcmp(list.items[i].name, name); i++)
		assert_false(vm_is_damaged(&list.items[i]));
	assert_true(i < list.count);
	assert_string_equal(list.items[i].damage.text, vm.damage.text);
	vm_list_free(&list);
}

#define NOT_DONE(call) do { \
	assert_int_equal(call, -EINVAL); \
	assert_string_equal(g_refusal.code, "OperationNotAllowed"); \
	assert_non_null(strstr(g_refusal.why.text, "coffer vm delete")); \
} while (0)

static void a_damaged_one_is_listed_and_can_be_deleted(void **state)
{
	static const char *const bad[][2] = {
		{ "", "vm.conf is empty" },
		{ "size=Standard_DC8s_v3\nepc_pa", "vm.conf:2: no key=value" },
		{ "what=1\n", "vm.conf:1: unknown key" },
	};
	static const struct vm_tag tag[] = { { "a", "1" } };
	struct vm_quota quotas[VMCONF_FAMILIES];
	char path[PATH_MAX];
	struct vm vm;

	MAKE(.name = "a");
	MAKE(.name = "b");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		write_conf("b", bad[i][0]);
		is_damaged("b", bad[i][1]);
	}
	NOT_DONE(vm_start(g_vms, "b", &g_refusal));
	NOT_DONE(vm_stop(g_vms, "b", 0, &g_refusal));
	NOT_DONE(vm_restart(g_vms, "b", 0, &g_refusal));
	NOT_DONE(vm_set_tags(g_vms, "b", tag, 1, &g_refusal));
	NOT_DONE(vm_resize(g_vms, "b", size("Standard_DC8s_v3"), 0,
		&g_refusal));
	/* Others are made as before, and what can be read counts. */
	write_conf("b", "size=Standard_DC8s_v3\npower=off\nzone=1\nhost=x\n");
	MAKE(.name = "c");
	assert_int_equal(vm_quotas(g_vms, quotas, NULL), 0);
	assert_int_equal(quotas[VMCONF_DCSV3].used, 1 + 8 + 1);
	REFUSED("Conflict", .name = "b");
	open_again();
	is_damaged("b", "vm.conf:4: \"x\" is no number");
	assert_int_equal(vm_delete(g_vms, "b", false, &g_refusal), 0);
	assert_int_equal(count(NULL), 2);
	/* Taken away, it is one all the same. */
	assert_int_equal(vms_file(g_vms, "a", "vm.conf", path, NULL), 0);
	assert_int_equal(unlink(path), 0);
	open_again();
	is_damaged("a", "vm.conf is missing");
	NOT_DONE(vm_start(g_vms, "a", &g_refusal));
	/* Or a folder, or a link. */
	assert_int_equal(mkdir(path, 0700), 0);
	is_damaged("a", "Is a directory");
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("fuses", path), 0);
	is_damaged("a", "symbolic links");
	assert_int_equal(vm_delete(g_vms, "a", true, &g_refusal), 0);
	assert_int_equal(vm_get(g_vms, "a", &vm, &g_refusal), -ENOENT);
	assert_int_equal(count(NULL), 1);
	assert_int_equal(left_over(), 0);
}

/* The path may be cut off, and another file's. */
static void a_damaged_ones_swap_file_stays(void **state)
{
	char swap[128], text[256];
	FILE *f;

	MAKE(.name = "a");
	snprintf(swap, sizeof(swap), "%s/other", g_folder);
	f = fopen(swap, "w");
	assert_non_null(f);
	fclose(f);
	snprintf(text, sizeof(text), "oops\nswap=%s", swap);
	write_conf("a", text);
	assert_int_equal(vm_delete(g_vms, "a", false, &g_refusal), 0);
	assert_int_equal(access(swap, F_OK), 0);
}

static void who_waits_may_give_up(void **state)
{
	volatile sig_atomic_t cancel = 1;
	struct vms_watch watch = { .cancel = &cancel };
	int lock;

	MAKE(.name = "a");
	lock = vm_hold(g_vms, "a", &g_refusal);
	assert_true(lock >= 0);
	vms_watch(g_vms, &watch);
	assert_int_equal(vm_stop(g_vms, "a", 0, &g_refusal), -EINTR);
	assert_string_equal(g_refusal.code, "Conflict");
	vm_release(lock);
	assert_int_equal(vm_stop(g_vms, "a", 0, &g_refusal), 0);
}

static int no_ca(void **state)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf '%s'", g_ca);
	return system(command);
}

#define IN(test) cmocka_unit_test_setup_teardown(test, scene, no_scene)

int machines_tests(void)
{
	const struct CMUnitTest tests[] = {
		IN(one_is_made_complete),
		IN(orders_that_make_no_sense),
		IN(sets_are_all_or_nothing),
		IN(an_interrupted_order_leaves_nothing),
		IN(orders_at_the_same_time),
		IN(quotas_and_rooms),
		IN(resizing),
		IN(a_host_that_is_full_is_left),
		IN(tags_are_set_found_and_removed),
		IN(what_is_removed_is_forgotten),
		IN(a_held_machine_is_waited_for),
		IN(an_order_is_left_alone_while_its_maker_lives),
		IN(nobody_elses_machine_is_taken_back),
		IN(half_of_a_removal_is_finished),
		IN(what_belongs_to_no_order_goes),
		IN(sockets_of_the_dead_go),
		IN(what_is_no_drivers_stays),
		IN(a_driver_that_does_not_answer_has_failed),
		IN(events_are_bounded_and_followed),
		IN(events_have_details),
		IN(an_own_number_of_pages_must_fit),
		IN(a_set_goes_over_the_zones_with_room),
		IN(a_damaged_one_is_listed_and_can_be_deleted),
		IN(a_damaged_ones_swap_file_stays),
		IN(who_waits_may_give_up),
	};

	return cmocka_run_group_tests_name("machines", tests, NULL, no_ca);
}
