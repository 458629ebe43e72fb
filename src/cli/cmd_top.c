/* SPDX-License-Identifier: MIT */
#include "cli.h"
#include "common/paths.h"
#include "table.h"
#include "vm/machine.h"
#include "vm/rates.h"
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define MIB_PAGES 256.0

struct options {
	const char *vm;
	bool once, json;
	double interval; /* seconds */
};

/* One look at the machine. */
struct look {
	struct wire_info info;
	struct wire_enclave *items;
	size_t count;
	double when; /* seconds */
};

/* The terminal while the table is on it. */
struct screen {
	bool on;
	struct termios before;
	int signals; /* signalfd: what ends us; -1 */
};

/* --- what there is ------------------------------------------------------ */

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int look_at(struct machine *machine, struct look *look,
	struct why *why)
{
	int r = machine_refresh(machine, why);

	look->items = NULL;
	look->count = 0;
	if (!r)
		r = machine_list(machine, &look->items, &look->count, why);
	look->info = machine->info;
	look->when = seconds_now();
	return r;
}

static json_t *enclave_json(const struct wire_enclave *e,
	const struct rates *r)
{
	char mrenclave[65];
	json_t *object;

	cli_hex(e->mrenclave, 32, mrenclave);
	object = json_pack("{s:I, s:i, s:s, s:i, s:i, s:s}", "id",
		(json_int_t)e->id, "pid", e->pid, "state",
		machine_state_name(e->state), "threads", e->threads, "inside",
		e->inside, "mrenclave", mrenclave);
	cli_counts(object, (const struct cli_count[]){
		{ "resident", e->resident }, { "evicted", e->evicted },
		{ "page_ins", e->page_ins }, { "page_outs", e->page_outs },
		{ "faults", e->faults }, { "added", e->added },
		{ "entries", e->entries }, { "aex", e->aex }, { NULL, 0 } });
	json_object_set_new(object, "page_ins_per_s", json_real(r->page_ins));
	json_object_set_new(object, "page_outs_per_s",
		json_real(r->page_outs));
	json_object_set_new(object, "faults_per_s", json_real(r->faults));
	json_object_set_new(object, "calls_per_s", json_real(r->calls));
	json_object_set_new(object, "aex_per_s", json_real(r->aex));
	return object;
}

static int show_json(const char *vm, const struct look *before,
	const struct look *now, const struct rates *rates)
{
	json_t *list = json_array(), *object;

	for (size_t i = 0; i < now->count; i++)
		json_array_append_new(list, enclave_json(&now->items[i],
			&rates[i]));
	object = json_pack("{s:s, s:b, s:s, s:f}", "vm", vm, "running", 1,
		"size", now->info.vm_size, "seconds", now->when -
		before->when);
	cli_counts(object, (const struct cli_count[]){
		{ "epc_pages", now->info.epc_pages },
		{ "epc_used", now->info.epc_used },
		{ "va_pages", now->info.va_pages },
		{ "storage_pages", now->info.storage },
		{ "swap_pages", now->info.swap_pages },
		{ "page_ins", now->info.page_ins },
		{ "page_outs", now->info.page_outs },
		{ "tampered", now->info.tampered },
		{ "lost", now->info.lost }, { NULL, 0 } });
	json_object_set_new(object, "enclaves", list);
	return cli_print_json(object);
}

static void add(struct table *table, const struct wire_enclave *e,
	const struct rates *r)
{
	char mrenclave[65];

	cli_hex(e->mrenclave, 32, mrenclave);
	table_add(table, "%" PRIu64, (uint64_t)e->id);
	table_add(table, "%u", e->pid);
	table_add(table, "%s", _(machine_state_name(e->state)));
	table_add(table, "%u/%u", e->inside, e->threads);
	table_add(table, "%" PRIu64, (uint64_t)e->resident);
	table_add(table, "%" PRIu64, (uint64_t)e->evicted);
	table_add(table, "%.0f", r->page_ins);
	table_add(table, "%.0f", r->page_outs);
	table_add(table, "%.0f", r->calls);
	table_add(table, "%.0f", r->aex);
	table_add(table, "%.16s", mrenclave);
}

/* At most rows lines. */
static void show(const char *vm, const struct look *before,
	const struct look *now, const struct rates *rates, size_t rows)
{
	/* Numbers that change do not move the others. */
	static const unsigned char least[] = { 2, 7, 8, 5, 8, 8, 7, 7, 8, 6,
		16 };
	const struct wire_info *info = &now->info;
	double seconds = now->when - before->when;
	struct table table;

	printf(_("Machine %s, %s: EPC %.1f of %.1f MiB, evicted %.1f MiB, "
		"in %.0f/s, out %.0f/s\n"), vm, info->vm_size,
		(double)info->epc_used / MIB_PAGES,
		(double)info->epc_pages / MIB_PAGES,
		(double)info->swap_pages / MIB_PAGES,
		(double)(info->page_ins - before->info.page_ins) / seconds,
		(double)(info->page_outs - before->info.page_outs) / seconds);
	table_begin(&table, ">><>>>>>>><", least);
	table_add(&table, "id");
	table_add(&table, "%s", _("app"));
	table_add(&table, "%s", _("state"));
	table_add(&table, "%s", _("threads"));
	table_add(&table, "%s", _("resident"));
	table_add(&table, "%s", _("evicted"));
	table_add(&table, "%s", _("in/s"));
	table_add(&table, "%s", _("out/s"));
	table_add(&table, "%s", _("calls/s"));
	table_add(&table, "%s", _("aex/s"));
	table_add(&table, "mrenclave");
	for (size_t i = 0; i < now->count && i + 2 < rows; i++)
		add(&table, &now->items[i], &rates[i]);
	table_end(&table);
}

/* --- the terminal ------------------------------------------------------- */

static void screen_begin(struct screen *screen)
{
	struct termios raw;
	sigset_t set;

	screen->on = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
		!tcgetattr(STDIN_FILENO, &screen->before);
	screen->signals = -1;
	if (!screen->on)
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	screen->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	raw = screen->before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	/* The other screen, without a cursor. */
	fputs("\033[?1049h\033[?25l", stdout);
}

static void screen_end(struct screen *screen)
{
	if (!screen->on)
		return;
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &screen->before);
	screen->on = false;
}

static size_t screen_clear(const struct screen *screen)
{
	struct winsize size;

	if (!screen->on)
		return SIZE_MAX;
	fputs("\033[H\033[2J", stdout);
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_row < 4 ?
		24 : size.ws_row;
}

/* Waits; true: somebody wants to end. */
static bool screen_wait(const struct screen *screen, double seconds)
{
	double end = seconds_now() + seconds, left = seconds;
	struct pollfd wait[2] = {
		{ screen->on ? STDIN_FILENO : -1, POLLIN, 0 },
		{ screen->signals, POLLIN, 0 } };

	for (; left > 0; left = end - seconds_now()) {
		char key = 0;
		int n = poll(wait, 2, (int)(left * 1000) + 1);

		if (n < 0 && errno != EINTR)
			return true;
		if (n <= 0)
			continue;
		if (wait[1].revents)
			return true;
		if (wait[0].revents && (read(STDIN_FILENO, &key, 1) != 1 ||
		    key == 'q' || key == 'Q'))
			return true;
	}
	return false;
}

/* --- the command -------------------------------------------------------- */

static int show_change(const struct options *o, const struct screen *screen,
	const struct look *before, const struct look *now)
{
	struct rates *rates = calloc(now->count + 1, sizeof(*rates));
	size_t rows;
	int status = CLI_OK;

	if (!rates)
		return cli_error("out of memory");
	rates_between(before->items, before->count, now->items, now->count,
		now->when - before->when, rates);
	if (o->json) {
		status = show_json(o->vm, before, now, rates);
	} else {
		rows = screen_clear(screen);
		show(o->vm, before, now, rates, rows);
		if (!screen->on && !o->once)
			putchar('\n');
	}
	free(rates);
	if (fflush(stdout) || ferror(stdout))
		status = CLI_FAILED;
	return status;
}

static int watch(struct machine *machine, const struct options *o)
{
	struct look before, now;
	struct screen screen = { .signals = -1 };
	struct why why = { "" };
	int status = CLI_OK, r = look_at(machine, &before, &why);

	if (!r && !o->once && !o->json)
		screen_begin(&screen);
	while (!r && !screen_wait(&screen, o->interval)) {
		r = look_at(machine, &now, &why);
		if (r)
			break;
		status = show_change(o, &screen, &before, &now);
		free(before.items);
		before = now;
		if (o->once || status)
			break;
	}
	screen_end(&screen);
	free(before.items);
	return r ? cli_error("%s", why.text) : status;
}

static bool parse_interval(const char *text, double *seconds)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*seconds = strtod(text, &end);
	return !*end && *seconds >= 0.1 && *seconds <= 3600;
}

static int not_running(const struct options *o)
{
	if (o->json)
		return cli_print_json(json_pack("{s:s, s:b, s:[]}", "vm",
			o->vm, "running", 0, "enclaves"));
	printf(_("Machine %s does not run: no enclaves.\n"), o->vm);
	return CLI_OK;
}

static int run(int argc, char **argv)
{
	struct options o = { .interval = 1 };
	struct machine machine;
	struct why why = { "" };
	int status, r;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			o.json = true;
		else if (!strcmp(argv[i], "--once"))
			o.once = true;
		else if (!strcmp(argv[i], "--vm") && i + 1 < argc)
			o.vm = argv[++i];
		else if (strcmp(argv[i], "--interval") || i + 1 == argc)
			return cli_usage(&cli_top, "what is \"%s\"?", argv[i]);
		else if (!parse_interval(argv[++i], &o.interval))
			return cli_usage(&cli_top, "an interval is 0.1 to 3600 "
				"seconds, not \"%s\"", argv[i]);
	}
	if (o.vm ? !paths_name_ok(o.vm) : paths_vm_name(&o.vm, &why) != 0)
		return cli_usage(&cli_top, "no such name of a machine: %s",
			o.vm ? o.vm : why.text);
	r = machine_open(o.vm, &machine, &why);
	if (r == -ENOENT)
		return not_running(&o);
	if (r)
		return cli_error("%s", why.text);
	status = watch(&machine, &o);
	machine_close(&machine);
	return status;
}

const struct cli_command cli_top = {
	.name = "top",
	.summary = N_("show what the enclaves of a machine do, again and again"),
	.usage = N_(
"usage: coffer top [--vm NAME] [--interval SECONDS] [--once] [--json]\n"
"\n"
"Shows the enclaves of the machine NAME (default: COFFER_VM, else \"default\"):\n"
"threads inside and in all, pages in the EPC and evicted, and, per second since\n"
"the last look, pages loaded and evicted, calls (entries that do not go on after\n"
"an asynchronous exit) and asynchronous exits.  On a terminal the table is\n"
"refreshed until q or Ctrl-C; elsewhere one follows the other.\n"
"\n"
"  --interval SECONDS   between two looks, 0.1 to 3600; 1 without it\n"
"  --once               one table, after one interval\n"
"  --json               an object for each\n"),
	.run = run,
};
