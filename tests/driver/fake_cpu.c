/* SPDX-License-Identifier: MIT */
/*
 * A processor for tests of cofferd: speaks cpu/door.h, keeps a map of the
 * pages of its enclaves, and refuses what no driver may do, but runs nothing,
 * measures nothing and evicts nothing.  Its swap store is a memory file of
 * three groups.
 *
 * In its state directory it appends what it was asked to "calls", keeps the
 * number of EPC pages in use in "used", and reads "script" before each
 * request: one line
 *	OP SKIP ACTION [A B C D]
 * which applies, once, to the request number SKIP (from 0) of that OP:
 *	reply STATUS ERROR VECTOR COUNT   answer so (of a range, COUNT pages
 *	                                  are done)
 *	die                               exit without an answer
 *	short                             a truncated answer
 *	wrong                             an answer to another request
 *	hold                              answer once there is a file "go", which
 *	                                  is removed
 *	celldied                          answer, then the cell's death
 *	celldied 1                        the same, but it lives
 *	cellended                         answer, then the cell's orderly end
 *	tampered                          answer, then the cell's death, then
 *	                                  that a page was changed
 */
#include "cpu/door.h"
#include "cpu/swap.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define REQUEST_MAX 16384
#define ENCLAVES 2048u
#define PAGE 4096u
#define ANY 255u

struct script {
	char op[24], action[16];
	unsigned skip;
	unsigned long a, b, c, d;
};

static const char *g_state;
static int g_door = -1, g_events = -1, g_fd = -1;
static uint32_t g_pages;
/* EPC pages: number of their enclave (0: free), address, type. */
static struct page {
	uint32_t enclave, type;
	uint64_t linaddr;
} *g_page;
static uint32_t g_high; /* pages from here on are free */
static uint32_t g_used;
/* By number; 0 is none. */
static bool g_alive[ENCLAVES];
static uint64_t g_arena[ENCLAVES]; /* bytes */
static uint32_t g_dead, g_tampered; /* enclaves */
static bool g_sgx2 = true, g_file;
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

static void hold(void)
{
	char path[512];

	path_of(path, "go");
	while (unlink(path))
		usleep(1000);
}

static void answer(const void *reply, size_t size)
{
	if (send(g_door, reply, size, MSG_NOSIGNAL) < 0)
		exit(0);
}

/* --- the map ------------------------------------------------------------ */

static struct page *find(uint32_t enclave, uint64_t linaddr)
{
	for (uint32_t i = 0; i < g_high; i++)
		if (g_page[i].enclave == enclave &&
		    g_page[i].linaddr == linaddr &&
		    g_page[i].type != SGX_PT_SECS)
			return &g_page[i];
	return NULL;
}

/* false: the EPC is full. */
static bool take(uint32_t enclave, uint32_t type, uint64_t linaddr)
{
	uint32_t i = 0;

	while (i < g_high && g_page[i].enclave)
		i++;
	if (i == g_pages)
		return false;
	if (i == g_high)
		g_high++;
	g_page[i] = (struct page){ enclave, type, linaddr };
	g_used++;
	return true;
}

static void give(struct page *page)
{
	page->enclave = 0;
	g_used--;
	while (g_high && !g_page[g_high - 1].enclave)
		g_high--;
}

static uint64_t pages_of(uint32_t enclave, uint32_t type)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < g_high; i++)
		n += g_page[i].enclave == enclave &&
			(type == ANY || g_page[i].type == type);
	return n;
}

static void failed(struct door_reply *r, int error, uint64_t done)
{
	r->status = DOOR_FAILED;
	r->error = (uint32_t)error;
	r->count = done;
}

static bool unknown(uint32_t enclave, struct door_reply *r)
{
	if (enclave < ENCLAVES && g_alive[enclave])
		return false;
	failed(r, EBADF, 0);
	return true;
}

static void do_create(const struct door_create *q, struct door_reply *r)
{
	struct stat st;
	bool fd = g_fd >= 0 && !fstat(g_fd, &st) &&
		(uint64_t)st.st_size >= q->arena_size;
	uint32_t number = 1;

	while (number < ENCLAVES && g_alive[number])
		number++;
	note("CREATE number=%u size=%#llx fd=%d", number,
		(unsigned long long)q->secs.size, fd);
	if (!fd || number == ENCLAVES) {
		failed(r, EINVAL, 0);
	} else if (!take(number, SGX_PT_SECS, 0)) {
		failed(r, ENOMEM, 0);
	} else {
		g_alive[number] = true;
		g_arena[number] = q->arena_size;
		r->count = number;
	}
}

static void do_add(const struct door_add *q, struct door_reply *r,
	uint64_t most)
{
	uint32_t type = (uint32_t)(q->secinfo_flags >> 8) & 0xff;
	uint64_t i, at = q->linaddr;

	note("ADD enclave=%u linaddr=%#llx count=%u measure=%u flags=%#llx "
		"source=%#llx", q->enclave, (unsigned long long)at, q->count,
		q->measure, (unsigned long long)q->secinfo_flags,
		(unsigned long long)q->source);
	if (unknown(q->enclave, r))
		return;
	for (i = 0; i < q->count && i < most; i++, at += PAGE) {
		if (find(q->enclave, at)) {
			failed(r, EBUSY, i);
			return;
		}
		if (g_used == g_pages) {
			failed(r, ENOMEM, i);
			return;
		}
		if (q->source != DOOR_SOURCE_ZERO &&
		    q->source + i * PAGE >= g_arena[q->enclave]) {
			failed(r, EFAULT, i);
			return;
		}
		take(q->enclave, type, at);
	}
	r->count = i;
}

static void do_destroy(const struct door_enclave *q, struct door_reply *r)
{
	uint32_t batch = 1000;

	note("DESTROY enclave=%u", q->enclave);
	if (unknown(q->enclave, r))
		return;
	for (uint32_t i = g_high; i > 0 && batch; i--)
		if (g_page[i - 1].enclave == q->enclave) {
			give(&g_page[i - 1]);
			batch--;
		}
	r->count = pages_of(q->enclave, ANY);
	if (!r->count)
		g_alive[q->enclave] = false;
}

static void do_init(const struct door_init *q)
{
	note("INIT enclave=%u gate=%#llx count=%llu trampoline=%#llx",
		q->enclave, (unsigned long long)q->gate_offset,
		(unsigned long long)q->gate_count,
		(unsigned long long)q->trampoline_va);
}

/* Pages that become TRIM or TCS count as accepted at once. */
static int do_page(uint32_t op, uint64_t value, struct page *page)
{
	if (!page)
		return EFAULT;
	if (op == DOOR_REMOVE) {
		if (page->type != SGX_PT_TRIM)
			return EPERM;
		give(page);
	} else if (op == DOOR_MODIFY) {
		if (page->type != SGX_PT_REG && !(page->type == SGX_PT_TCS &&
		    value == SGX_PT_TRIM))
			return EINVAL;
		page->type = (uint32_t)value;
	} else if (page->type != SGX_PT_REG) {
		return EINVAL;
	}
	return 0;
}

static void do_pages(const struct door_pages *q, struct door_reply *r,
	uint64_t most)
{
	uint64_t i;

	note("PAGES op=%u enclave=%u linaddr=%#llx count=%u value=%#llx",
		q->h.op, q->enclave, (unsigned long long)q->linaddr, q->count,
		(unsigned long long)q->value);
	if (unknown(q->enclave, r))
		return;
	for (i = 0; i < q->count && i < most; i++) {
		int error = do_page(q->h.op, q->value, find(q->enclave,
			q->linaddr + i * PAGE));

		if (error) {
			failed(r, error, i);
			return;
		}
	}
	r->count = i;
}

static void do_stat(const struct door_enclave *q)
{
	struct door_stat_reply s;

	memset(&s, 0, sizeof(s));
	s.r.op = DOOR_STAT;
	if (unknown(q->enclave, &s.r)) {
		answer(&s.r, sizeof(s.r));
		return;
	}
	s.cell_pid = q->enclave == g_dead ? 0 : 4242;
	s.tampered = q->enclave == g_tampered;
	s.threads = 1;
	s.entries = 7;
	s.resident = pages_of(q->enclave, ANY);
	s.tcs = (uint32_t)pages_of(q->enclave, SGX_PT_TCS);
	s.evicted = 5;
	s.page_ins = 11;
	s.page_outs = 16;
	s.faults = 13;
	s.added = 2;
	s.mrenclave[0] = 0xab;
	s.mrsigner[31] = 0xcd;
	s.isv_prod_id = 3;
	s.isv_svn = 9;
	answer(&s, sizeof(s));
}

static void do_machine(void)
{
	struct door_machine_reply m;

	memset(&m, 0, sizeof(m));
	m.r.op = DOOR_MACHINE;
	m.epc_pages = g_pages;
	m.epc_used = g_used;
	m.va_pages = 1;
	m.storage = 99;
	m.swap_pages = 5;
	m.page_ins = 111;
	m.page_outs = 116;
	m.tampered = g_tampered != 0;
	answer(&m, sizeof(m));
}

static int make_store(void)
{
	int fd = memfd_create("swap", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, 3 * SWAP_GROUP_SIZE))
		exit(5);
	return fd;
}

static void do_hello(void)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct door_hello_reply h;
	struct iovec part = { &h, sizeof(h) };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *c;
	int store;

	memset(&h, 0, sizeof(h));
	h.r.op = DOOR_HELLO;
	h.abi = DOOR_ABI;
	h.epc_pages = g_pages;
	h.pid = (uint32_t)getpid();
	h.cpuid_12_0[0] = g_sgx2 ? 3 : 1;
	h.cpuid_12_0[1] = SGX_MISC_EXINFO;
	h.cpuid_12_1[0] = SGX_ATTR_DEBUG | SGX_ATTR_MODE64BIT | SGX_ATTR_KSS |
		SGX_ATTR_PROVISIONKEY | SGX_ATTR_EINITTOKENKEY;
	h.cpuid_12_1[2] = 7;
	h.cpuid_12_2[0] = 1;
	if (g_file) {
		answer(&h, sizeof(h));
		return;
	}
	m.msg_control = control;
	m.msg_controllen = sizeof(control);
	store = make_store();
	c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &store, sizeof(int));
	if (sendmsg(g_door, &m, MSG_NOSIGNAL) < 0)
		exit(0);
	close(store);
}

/* --- requests ----------------------------------------------------------- */

static const char *const names[] = { "", "HELLO", "CREATE", "ADD", "INIT",
	"DESTROY", "WRMSR", "KICK", "STOP", "STAT", "MACHINE", "RESTRICT",
	"MODIFY", "REMOVE" };

static void tell(const struct door_event *event)
{
	if (send(g_events, event, sizeof(*event), MSG_NOSIGNAL) < 0)
		exit(0);
}

/* died false: news of a cell that went with an enclave before. */
static void tell_death(uint32_t enclave, bool died)
{
	struct door_event event = { DOOR_EVENT_CELL_DIED, enclave, 9, 0, 0,
		"the cell was killed by signal 9" };

	if (died)
		g_dead = enclave;
	tell(&event);
}

/* As it ends when its host has said that it is over. */
static void tell_end(uint32_t enclave)
{
	struct door_event event = { DOOR_EVENT_CELL_DIED, enclave, 0, 0, 0,
		"the cell ended" };

	g_dead = enclave;
	tell(&event);
}

static void tell_tampered(uint32_t enclave)
{
	struct door_event event = { DOOR_EVENT_TAMPERED, enclave, 0, 0,
		0x600000005000, "the evicted page at 0x600000005000 "
		"was tampered with: SGX_MAC_COMPARE_FAIL" };

	g_tampered = enclave;
	tell_death(enclave, true);
	tell(&event);
}

/* true: it has answered. */
static bool serve_own_reply(const uint8_t *request, uint32_t op)
{
	if (op == DOOR_HELLO)
		do_hello();
	else if (op == DOOR_MACHINE)
		do_machine();
	else if (op == DOOR_STAT)
		do_stat((const void *)request);
	else
		return false;
	return true;
}

static void serve_range(const uint8_t *request, uint32_t op,
	struct door_reply *r, uint64_t most)
{
	struct door_reply scripted = *r;

	if (op == DOOR_ADD)
		do_add((const void *)request, r, most);
	else
		do_pages((const void *)request, r, most);
	if (scripted.status) {
		r->status = scripted.status;
		r->error = scripted.error;
		r->vector = scripted.vector;
	}
}

static void serve(const uint8_t *request, uint32_t op)
{
	struct door_reply r = { .op = op };
	uint64_t most = UINT64_MAX;
	uint32_t enclave = 0;
	struct script s;
	bool act = scripted(names[op], &s), failing = false;

	memcpy(&enclave, request + 8, sizeof(enclave));
	if (act && !strcmp(s.action, "die"))
		exit(3);
	if (act && !strcmp(s.action, "hold"))
		hold();
	if (act && !strcmp(s.action, "reply")) {
		failing = true;
		most = s.d;
		r.status = (uint32_t)s.a;
		r.error = (uint32_t)s.b;
		r.vector = (uint32_t)s.c;
		r.count = s.d;
	}
	if (op == DOOR_ADD || op >= DOOR_RESTRICT)
		serve_range(request, op, &r, most);
	else if (op == DOOR_INIT)
		do_init((const void *)request);
	else if (failing)
		note("%s enclave=%u, refused", names[op], enclave);
	else if (op == DOOR_CREATE)
		do_create((const void *)request, &r);
	else if (op == DOOR_DESTROY)
		do_destroy((const void *)request, &r);
	else if (!serve_own_reply(request, op))
		note("%s enclave=%u", names[op], enclave);
	if (act && !strcmp(s.action, "wrong"))
		r.op = op + 1;
	save_used();
	if (failing || (op != DOOR_HELLO && op != DOOR_MACHINE &&
	    op != DOOR_STAT))
		answer(&r, act && !strcmp(s.action, "short") ? 8 : sizeof(r));
	if (act && !strcmp(s.action, "celldied"))
		tell_death(enclave, !s.a);
	if (act && !strcmp(s.action, "cellended"))
		tell_end(enclave);
	if (act && !strcmp(s.action, "tampered"))
		tell_tampered(enclave);
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
		{ "profile", required_argument, NULL, 'f' },
		{ "lock", required_argument, NULL, 'l' },
		{ "swap", required_argument, NULL, 'w' },
		{ "ptrace-slot", no_argument, NULL, 't' },
		{ "cpusvn", required_argument, NULL, 'c' },
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
		else if (c == 'f')
			g_sgx2 = strcmp(optarg, "dcsv2") != 0;
		else if (c == 'w')
			g_file = fcntl(atoi(optarg), F_GETFD) >= 0;
		else if (c != 't' && c != 'c' && c != 'l')
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
	g_page = calloc(g_pages, sizeof(*g_page));
	if (!g_page)
		return 1;
	save_used();
	while ((n = receive(request)) > 0) {
		memcpy(&h, request, sizeof(h));
		if ((size_t)n < sizeof(h) || h.size != (size_t)n || !h.op ||
		    h.op > DOOR_REMOVE)
			return 4;
		serve(request, h.op);
	}
	return 0;
}
