/* SPDX-License-Identifier: MIT */
/*
 * A processor for tests of cofferd: speaks cpu/door.h, keeps a map of its
 * EPC, and refuses what no driver may do (adding onto a page that is in use,
 * removing a SECS that has children), but runs nothing and measures nothing.
 *
 * In its state directory it appends what it was asked to "calls", keeps the
 * number of EPC pages in use in "used", and reads "script" before each
 * request: one line
 *	OP SKIP ACTION [A B C D]
 * which applies, once, to the request number SKIP (from 0) of that OP:
 *	reply STATUS ERROR VECTOR COUNT   answer so (EADD: COUNT pages stay)
 *	die                               exit without an answer
 *	short                             a truncated answer
 *	wrong                             an answer to another request
 *	sleep MS                          answer late
 *	celldied                          answer, then the cell's death
 *	celldied 1                        the same, but it lives
 */
#include "cpu/door.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define REQUEST_MAX 16384

struct script {
	char op[24], action[16];
	unsigned skip;
	unsigned long a, b, c, d;
};

static const char *g_state;
static int g_door = -1, g_events = -1, g_fd = -1;
static uint32_t g_pages;
static uint32_t *g_owner; /* per page: 0 free, else its SECS + 1 */
static uint32_t g_used;
static uint32_t g_dead; /* the SECS + 1 whose cell has died */
static unsigned g_seen; /* requests that the present script skipped */

static void path_of(char path[512], const char *name)
{
	snprintf(path, 512, "%s/%s", g_state, name);
}

static void note(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
static void note(const char *format, ...)
{
	static int fd = -1;
	char path[512], line[512];
	va_list arguments;
	int n;

	if (fd < 0) {
		path_of(path, "calls");
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
			0600);
	}
	va_start(arguments, format);
	n = vsnprintf(line, sizeof(line) - 1, format, arguments);
	va_end(arguments);
	line[n++] = '\n';
	if (write(fd, line, (size_t)n) != n)
		exit(5);
}

static void save_used(void)
{
	static int fd = -1;
	char path[512], line[16];

	if (fd < 0) {
		path_of(path, "used");
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			0600);
	}
	snprintf(line, sizeof(line), "%10u\n", g_used);
	if (pwrite(fd, line, 11, 0) != 11)
		exit(5);
}

static bool scripted(const char *op, struct script *s)
{
	char path[512];
	FILE *f;
	int n;

	path_of(path, "script");
	f = fopen(path, "re");
	if (!f)
		return false;
	memset(s, 0, sizeof(*s));
	n = fscanf(f, "%23s %u %15s %lu %lu %lu %lu", s->op, &s->skip,
		s->action, &s->a, &s->b, &s->c, &s->d);
	fclose(f);
	if (n < 3 || strcmp(s->op, op) || g_seen++ < s->skip)
		return false;
	g_seen = 0;
	unlink(path);
	return true;
}

static void answer(const void *reply, size_t size)
{
	if (send(g_door, reply, size, MSG_NOSIGNAL) < 0)
		exit(0);
}

/* --- the map ------------------------------------------------------------ */

static void own(uint32_t page, uint32_t owner)
{
	if (g_owner[page] == 0 && owner)
		g_used++;
	if (g_owner[page] && !owner)
		g_used--;
	g_owner[page] = owner;
}

static bool has_children(uint32_t secs)
{
	for (uint32_t i = 0; i < g_pages; i++)
		if (i != secs && g_owner[i] == secs + 1)
			return true;
	return false;
}

static void fault(struct door_reply *r, uint64_t done)
{
	r->status = DOOR_FAULT;
	r->vector = SGX_VECTOR_PF;
	r->count = done;
}

static void do_ecreate(const struct door_ecreate *q, struct door_reply *r)
{
	struct stat st;
	bool fd = g_fd >= 0 && !fstat(g_fd, &st) &&
		(uint64_t)st.st_size >= q->arena_size;

	note("ECREATE epc=%u size=%#llx fd=%d", q->epc,
		(unsigned long long)q->secs.size, fd);
	if (q->epc >= g_pages || g_owner[q->epc] || !fd)
		fault(r, 0);
	else
		own(q->epc, q->epc + 1);
}

static void do_eadd(const struct door_eadd *q, struct door_reply *r,
	uint64_t most)
{
	uint64_t i;

	note("EADD secs=%u epc=%u count=%u measure=%u flags=%#llx source=%#llx",
		q->secs_epc, q->epc, q->count, q->measure,
		(unsigned long long)q->secinfo_flags,
		(unsigned long long)q->source);
	for (i = 0; i < q->count && i < most; i++) {
		uint32_t page = q->epc + (uint32_t)i;

		if (page >= g_pages || g_owner[page] ||
		    g_owner[q->secs_epc] != q->secs_epc + 1) {
			fault(r, i);
			return;
		}
		own(page, q->secs_epc + 1);
	}
	r->count = i;
}

static void do_eremove(const struct door_eremove *q, struct door_reply *r)
{
	note("EREMOVE epc=%u count=%u", q->epc, q->count);
	for (uint32_t i = 0; i < q->count; i++) {
		uint32_t page = q->epc + i;

		if (page >= g_pages) {
			fault(r, i);
			return;
		}
		if (g_owner[page] == page + 1 && has_children(page)) {
			r->status = DOOR_ERROR_CODE;
			r->error = SGX_CHILD_PRESENT;
			r->count = i;
			return;
		}
		own(page, 0);
	}
	r->count = q->count;
}

static void do_einit(const struct door_einit *q)
{
	note("EINIT secs=%u gate=%#llx count=%llu trampoline=%#llx",
		q->secs_epc, (unsigned long long)q->gate_offset,
		(unsigned long long)q->gate_count,
		(unsigned long long)q->trampoline_va);
}

static void do_stat(const struct door_secs *q)
{
	struct door_stat_reply s;

	memset(&s, 0, sizeof(s));
	s.r.op = DOOR_STAT;
	s.cell_pid = q->secs_epc + 1 == g_dead ? 0 : 4242;
	s.threads = 1;
	s.entries = 7;
	s.mrenclave[0] = 0xab;
	s.mrsigner[31] = 0xcd;
	s.isv_prod_id = 3;
	s.isv_svn = 9;
	answer(&s, sizeof(s));
}

static void do_hello(void)
{
	struct door_hello_reply h;

	memset(&h, 0, sizeof(h));
	h.r.op = DOOR_HELLO;
	h.abi = DOOR_ABI;
	h.epc_pages = g_pages;
	h.pid = (uint32_t)getpid();
	h.cpuid_12_0[0] = 1;
	h.cpuid_12_0[1] = SGX_MISC_EXINFO;
	h.cpuid_12_1[0] = SGX_ATTR_DEBUG | SGX_ATTR_MODE64BIT | SGX_ATTR_KSS |
		SGX_ATTR_PROVISIONKEY | SGX_ATTR_EINITTOKENKEY;
	h.cpuid_12_1[2] = 7;
	answer(&h, sizeof(h));
}

/* --- requests ----------------------------------------------------------- */

static const char *const names[] = { "", "HELLO", "ECREATE", "EADD", "EINIT",
	"EREMOVE", "WRMSR", "KICK", "STOP", "STAT" };

/* died false: news of a cell that went with an enclave before. */
static void tell_death(uint32_t secs, bool died)
{
	struct door_event event = { DOOR_EVENT_CELL_DIED, secs, 9, 0,
		"the cell was killed by signal 9" };

	if (died)
		g_dead = secs + 1;
	if (send(g_events, &event, sizeof(event), MSG_NOSIGNAL) < 0)
		exit(0);
}

static void serve(const uint8_t *request, uint32_t op)
{
	struct door_reply r = { .op = op };
	uint64_t most = UINT64_MAX;
	uint32_t secs = 0;
	struct script s;
	bool act = scripted(names[op], &s), kill_cell = false;

	memcpy(&secs, request + 8, sizeof(secs));
	if (act && !strcmp(s.action, "die"))
		exit(3);
	if (act && !strcmp(s.action, "sleep"))
		usleep((useconds_t)s.a * 1000);
	if (act && !strcmp(s.action, "wrong"))
		r.op = op + 1;
	if (act && !strcmp(s.action, "reply")) {
		most = op == DOOR_EADD ? s.d : 0;
		r.status = (uint32_t)s.a;
		r.error = (uint32_t)s.b;
		r.vector = (uint32_t)s.c;
	}
	kill_cell = act && !strcmp(s.action, "celldied");
	if (op == DOOR_HELLO && !act) {
		do_hello();
		return;
	}
	if (op == DOOR_STAT) {
		do_stat((const void *)request);
		if (kill_cell)
			tell_death(secs, !s.a);
		return;
	}
	if (op == DOOR_EADD)
		do_eadd((const void *)request, &r, most);
	else if (op == DOOR_ECREATE && most)
		do_ecreate((const void *)request, &r);
	else if (op == DOOR_EREMOVE && most)
		do_eremove((const void *)request, &r);
	else if (op == DOOR_EINIT)
		do_einit((const void *)request);
	else
		note("%s secs=%u", names[op], secs);
	save_used();
	answer(&r, act && !strcmp(s.action, "short") ? 8 : sizeof(r));
	if (kill_cell)
		tell_death(secs, !s.a);
}

static ssize_t receive(uint8_t *request)
{
	char control[CMSG_SPACE(4 * sizeof(int))];
	struct iovec part = { request, REQUEST_MAX };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	ssize_t n;

	do
		n = recvmsg(g_door, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (g_fd >= 0)
		close(g_fd);
	g_fd = -1;
	if (n < 0)
		return n;
	c = CMSG_FIRSTHDR(&message);
	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(&g_fd, CMSG_DATA(c), sizeof(int));
	return n;
}

static void parse(int argc, char **argv)
{
	static const struct option list[] = {
		{ "door", required_argument, NULL, 'd' },
		{ "events", required_argument, NULL, 'e' },
		{ "state", required_argument, NULL, 's' },
		{ "epc-pages", required_argument, NULL, 'p' },
		{ "ptrace-slot", no_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", list, NULL)) != -1) {
		if (c == 'd')
			g_door = atoi(optarg);
		else if (c == 'e')
			g_events = atoi(optarg);
		else if (c == 's')
			g_state = optarg;
		else if (c == 'p')
			g_pages = (uint32_t)strtoul(optarg, NULL, 10);
		else if (c != 't')
			exit(2);
	}
	if (g_door < 0 || g_events < 0 || !g_state || !g_pages)
		exit(2);
}

int main(int argc, char **argv)
{
	static uint8_t request[REQUEST_MAX] __attribute__((aligned(16)));
	struct door_header h;
	ssize_t n;

	parse(argc, argv);
	g_owner = calloc(g_pages, sizeof(*g_owner));
	if (!g_owner)
		return 1;
	save_used();
	while ((n = receive(request)) > 0) {
		memcpy(&h, request, sizeof(h));
		if ((size_t)n < sizeof(h) || h.size != (size_t)n || !h.op ||
		    h.op > DOOR_STAT)
			return 4;
		serve(request, h.op);
	}
	return 0;
}
