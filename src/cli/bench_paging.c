/* SPDX-License-Identifier: MIT */
/*
 * How fast an enclave walks over pages: when they are all in the EPC, when
 * there are four times as many, and what each part of a swap takes at least.
 * On a machine of the smallest size, of the benchmark's own.
 */
#include "bench_paging.h"
#include "bench_crypto.h"
#include "bench_enclave.h"
#include "bench_fault.h"
#include "bench_machine.h"
#include "bench_stat.h"
#include "bench_u.h"
#include "cli.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

#include "cpu/door.h" /* DOOR_CPU_SECRET_EPC, in a machine's flags */

#define SIZE "Standard_DC1s_v2"
#define OVER 4 /* times the EPC */
#define MOST 8 /* of the picture */
#define RUNS 3
#define PASSES 3 /* timed, of each order in each run */
#define FLOOR_ROUNDS 15 /* in each run */
#define CRYPTO_PAGES 512
#define NEAR_ROUNDS 41 /* of resident and native, in turns */
#define NEAR_PASSES 320 /* ~30 ms: both sides of a call may have to wake */
#define HARDWARE_CYCLES 40000.0
#define SEED 20260201u

struct paging {
	oe_enclave_t *enclave;
	struct bench_fault *fault;
	struct bench_crypto *crypto;
	uint32_t epc_pages;
	bool secret;
	double fault_ns[RUNS * FLOOR_ROUNDS];
	double crypto_ns[RUNS * FLOOR_ROUNDS];
	double swap_ns[2][RUNS * PASSES]; /* by order */
	uint64_t touched[2], brought[2]; /* pages, and page-ins, by order */
	double resident, native, near_ratio;
	double ticks_per_ns;
};

/* The walk outside, on the same kind of memory. */
struct outside {
	uint8_t *base;
	uint32_t at;
};

static bool good(oe_result_t result)
{
	if (result != OE_OK)
		cli_error("a call of the benchmark failed: %s",
			oe_result_str(result));
	return result == OE_OK;
}

bool paging_lay(oe_enclave_t *enclave, uint32_t count, enum walk_order order)
{
	oe_result_t inside = OE_UNEXPECTED;

	return good(bench_walk_lay(enclave, &inside, count,
			order == WALK_RANDOM, SEED)) && good(inside);
}

bool paging_walk(oe_enclave_t *enclave, uint64_t steps, double *ns)
{
	uint64_t start = bench_now();
	uint32_t at;

	if (!good(bench_walk_run(enclave, &at, steps)))
		return false;
	*ns = (double)(bench_now() - start) / (double)steps;
	return true;
}

bool paging_verify(oe_enclave_t *enclave, uint32_t visits)
{
	uint32_t wrong = UINT32_MAX;

	if (!good(bench_walk_wrong(enclave, &wrong, visits)))
		return false;
	if (wrong)
		cli_error("%u pages do not hold what was written to them",
			wrong);
	return !wrong;
}

/* ---- all resident ---- */

static bool run_outside(void *context, uint64_t count)
{
	struct outside *o = context;

	o->at = walk_run(o->base, o->at, count);
	return true;
}

static bool run_inside(void *context, uint64_t count)
{
	struct paging *p = context;
	double ns;

	return paging_walk(p->enclave, count, &ns);
}

static bool near_memory(struct paging *p, struct outside *o, size_t size)
{
	int fd = (int)(p->secret ? syscall(SYS_memfd_secret, O_CLOEXEC) :
		memfd_create("coffer-bench", MFD_CLOEXEC));

	o->base = MAP_FAILED;
	if (fd >= 0 && !ftruncate(fd, (off_t)size))
		o->base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			fd, 0);
	if (fd >= 0)
		close(fd);
	if (o->base == MAP_FAILED)
		cli_error("no %zu MiB of the memory that enclaves are on, to "
			"walk over outside (limit on locked memory?)",
			size >> 20);
	return o->base != MAP_FAILED;
}

/* A round's time inside over that outside, and the median over the rounds. */
static bool time_near(struct paging *p)
{
	uint32_t pages = p->epc_pages / 2;
	uint32_t *next = malloc(pages * sizeof(*next));
	struct outside o = { .base = MAP_FAILED };
	struct bench_measure m[2] = {
		{ .batch = run_outside, .context = &o, .cpu = -1 },
		{ .batch = run_inside, .context = p, .cpu = -1 },
	};
	double ratios[NEAR_ROUNDS];
	bool ok = next && near_memory(p, &o, (size_t)pages * WALK_PAGE);

	if (ok) {
		walk_lay(o.base, pages, WALK_RANDOM, SEED, next);
		m[0].count = m[1].count = (uint64_t)NEAR_PASSES * pages;
		m[0].warm = m[1].warm = pages;
		ok = paging_lay(p->enclave, pages, WALK_RANDOM) &&
			bench_run(m, 2, NEAR_ROUNDS);
	}
	for (int i = 0; ok && i < NEAR_ROUNDS; i++)
		ratios[i] = m[1].samples[i] / m[0].samples[i];
	if (ok) {
		p->native = m[0].median;
		p->resident = m[1].median;
		p->near_ratio = bench_median(ratios, NEAR_ROUNDS);
	}
	if (o.base != MAP_FAILED)
		munmap(o.base, (size_t)pages * WALK_PAGE);
	free(next);
	return ok;
}

/* ---- floors ---- */

static bool time_floors(struct paging *p, int run)
{
	bool ok = true;

	bench_pin(bench_cpu(0));
	for (int i = 0; ok && i < FLOOR_ROUNDS; i++) {
		int at = run * FLOOR_ROUNDS + i;
		uint64_t start;

		ok = bench_fault_round(p->fault, &p->fault_ns[at]);
		start = bench_now();
		ok = ok && bench_crypto_batch(p->crypto, CRYPTO_PAGES);
		p->crypto_ns[at] = (double)(bench_now() - start) /
			CRYPTO_PAGES;
	}
	bench_pin(-1);
	return ok;
}

/* ---- swapping ---- */

static bool time_swaps(struct paging *p, enum walk_order order, int run)
{
	struct wire_enclave before, after;
	uint32_t pages = OVER * p->epc_pages;
	struct wire_info info;
	double ns;
	bool ok;

	/* A pass before the first that counts: then it is as any other. */
	ok = paging_lay(p->enclave, pages, order) &&
		paging_walk(p->enclave, pages, &ns) &&
		bench_machine_look(&info, &before);
	for (int i = 0; ok && i < PASSES; i++)
		ok = paging_walk(p->enclave, pages,
			&p->swap_ns[order][run * PASSES + i]);
	ok = ok && bench_machine_look(&info, &after) &&
		paging_verify(p->enclave, 1 + PASSES);
	if (ok) {
		p->touched[order] += (uint64_t)PASSES * pages;
		p->brought[order] += after.page_ins - before.page_ins;
	}
	return ok;
}

static bool time_all(struct paging *p)
{
	uint64_t start = bench_now(), ticks = __rdtsc();
	bool ok = true;

	for (int run = 0; ok && run < RUNS; run++)
		ok = time_floors(p, run) && time_swaps(p, WALK_RANDOM, run) &&
			time_swaps(p, WALK_ASCENDING, run);
	ok = ok && time_near(p);
	p->ticks_per_ns = (double)(__rdtsc() - ticks) /
		(double)(bench_now() - start);
	return ok;
}

static void show(struct bench_report *r, struct paging *p)
{
	double fault = bench_median(p->fault_ns, RUNS * FLOOR_ROUNDS);
	double crypto = bench_median(p->crypto_ns, RUNS * FLOOR_ROUNDS);
	double random = bench_median(p->swap_ns[WALK_RANDOM], RUNS * PASSES);
	double ascending = bench_median(p->swap_ns[WALK_ASCENDING],
		RUNS * PASSES);

	bench_report_figure(r, "fault_floor_ns", fault, "ns",
		"touch a page, be told, map it, return");
	bench_report_figure(r, "crypto_page_ns", crypto, "ns",
		"AES-128-GCM of a page, out and in");
	bench_report_figure(r, "swap_random_ns", random, "ns",
		"per page touched, of 4 times the EPC, in random order");
	bench_report_figure(r, "swap_sequential_ns", ascending, "ns",
		"the same, ascending");
	bench_report_figure(r, "swap_random_cycles", random * p->ticks_per_ns,
		"", "of the time-stamp counter; hardware: about 40,000");
	bench_report_figure(r, "swap_sequential_cycles",
		ascending * p->ticks_per_ns, "", "ascending");
	bench_report_figure(r, "random_page_ins", (double)
		p->brought[WALK_RANDOM] / (double)p->touched[WALK_RANDOM], "",
		"pages brought in, per page touched");
	bench_report_figure(r, "sequential_page_ins", (double)
		p->brought[WALK_ASCENDING] /
		(double)p->touched[WALK_ASCENDING], "", "ascending");
	bench_report_figure(r, "resident_ns", p->resident, "ns",
		"the walk over half the EPC, all resident");
	bench_report_figure(r, "native_ns", p->native, "ns", p->secret ?
		N_("the same outside, on secret memory too") :
		N_("the same outside, on ordinary memory too"));
	bench_report_figure(r, "hardware_swap_cycles", HARDWARE_CYCLES, "",
		"to compare with");
	if (!r->json)
		putchar('\n');
	bench_report_at_most(r, "swap_random_ns / (fault_floor + crypto_page)",
		random / (fault + crypto), 1.5);
	bench_report_at_most(r, "swap_sequential_ns / swap_random_ns",
		ascending / random, 0.7);
	bench_report_at_most(r, "resident_ns / native_ns", p->near_ratio, 1.03);
}

static bool prepare(struct paging *p)
{
	struct wire_info info;

	p->enclave = bench_enclave_new(BENCH_IMAGE_PAGING);
	if (!p->enclave || !bench_machine_look(&info, NULL))
		return false;
	p->epc_pages = (uint32_t)info.epc_pages;
	p->secret = info.cpu_flags & DOOR_CPU_SECRET_EPC;
	p->fault = bench_fault_new(bench_cpu(1), p->secret);
	p->crypto = bench_crypto_new();
	/* The first ring takes the pages for all. */
	return p->fault && p->crypto &&
		paging_lay(p->enclave, MOST * p->epc_pages, WALK_ASCENDING);
}

int bench_paging(bool json, const char *svg)
{
	struct bench_machine machine = { "" };
	static struct paging p;
	struct bench_report report;
	bool ok;

	if (bench_cpu(1) < 0)
		return cli_error("this benchmark needs two processors");
	if (!bench_machine_open(&machine, SIZE))
		return CLI_FAILED;
	bench_report_begin(&report, json);
	ok = prepare(&p) && time_all(&p);
	if (ok)
		show(&report, &p);
	if (ok && svg)
		ok = bench_curve(&report, p.enclave, p.epc_pages, SIZE, svg);
	bench_fault_free(p.fault);
	bench_crypto_free(p.crypto);
	if (p.enclave)
		oe_terminate_enclave(p.enclave);
	bench_machine_close(&machine);
	return ok ? bench_report_end(&report) : CLI_FAILED;
}
