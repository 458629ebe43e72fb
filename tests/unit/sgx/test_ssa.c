/* SPDX-License-Identifier: MIT */
/* SDM 3D: SSA frame, AEX, ERESUME */
/* The helpers of ssa.h, which model and cell share. */
#include "world.h"

static void xsave_size(void **state)
{
	struct sgx_xsave_table t = world_xsave;

	assert_int_equal(sgx_xsave_size(&t, 0x3), 576);
	assert_int_equal(sgx_xsave_size(&t, 0x7), 832);
	assert_int_equal(sgx_xsave_size(&t, 0xe7), 2688);
	assert_int_equal(sgx_xsave_size(&t, 0x23), 1152);
	/* what the processor lacks has no size */
	assert_int_equal(sgx_xsave_size(&t, 0xb), 0);
	assert_int_equal(sgx_xsave_size(&t, 1ull << 62 | 3), 0);
	/* components need not come in order */
	t.component[9] = (struct sgx_xsave_component){ 600, 8 };
	assert_int_equal(sgx_xsave_size(&t, 0x203), 608);
	assert_int_equal(sgx_xsave_size(&t, 0x207), 832);
	/* a table that lies */
	t.component[9] = (struct sgx_xsave_component){ 100, 8 };
	assert_int_equal(sgx_xsave_size(&t, 0x203), 0);
	t.component[9] = (struct sgx_xsave_component){ 0xffffff00, 0x200 };
	assert_int_equal(sgx_xsave_size(&t, 0x203), 0);
}

static void xfrm_legal(void **state)
{
	const uint64_t all = 0x602ff;

	assert_true(sgx_xfrm_legal(0x3, all));
	assert_true(sgx_xfrm_legal(0x7, all));
	assert_true(sgx_xfrm_legal(0xe7, all));
	assert_true(sgx_xfrm_legal(0x1b, all));
	assert_true(sgx_xfrm_legal(0x60007, all));
	assert_true(sgx_xfrm_legal(0x203, all));
	for (uint64_t x = 0; x < 0x100; x++) {
		bool legal = (x & 3) == 3 && ((x & 0x18) == 0 ||
			(x & 0x18) == 0x18) && ((x & 0xe0) == 0 ||
			((x & 0xe0) == 0xe0 && x & 4));

		assert_int_equal(sgx_xfrm_legal(x, all), legal);
		assert_int_equal(sgx_xfrm_legal(x, 0x7), legal && x <= 7);
	}
	assert_false(sgx_xfrm_legal(0x20003, all));
	assert_false(sgx_xfrm_legal(0x40003, all));
	assert_false(sgx_xfrm_legal(1ull << 63 | 3, ~0ull));
}

static void frame(void **state)
{
	const uint32_t fits = 4096 - 184;

	assert_true(sgx_ssa_frame_fits(1, fits, 0));
	assert_false(sgx_ssa_frame_fits(1, fits, SGX_MISC_EXINFO));
	assert_true(sgx_ssa_frame_fits(1, fits - 16, SGX_MISC_EXINFO));
	assert_false(sgx_ssa_frame_fits(1, fits + 1, 0));
	assert_false(sgx_ssa_frame_fits(0, 576, 0));
	assert_false(sgx_ssa_frame_fits(1, 0, 0));
	assert_true(sgx_ssa_frame_fits(UINT32_MAX, UINT32_MAX, 1));
	assert_int_equal(sgx_ssa_frame(0x100000, 0x5000, 2, 3), 0x10b000);
	assert_int_equal(sgx_ssa_frame(0, 0, UINT32_MAX, 2),
		2ull * UINT32_MAX * 4096);
	assert_int_equal(sgx_ssa_gpr_offset(1), 3912);
	assert_int_equal(sgx_ssa_exinfo_offset(2), 8192 - 200);
	assert_int_equal(sgx_misc_size(0), 0);
	assert_int_equal(sgx_misc_size(SGX_MISC_EXINFO), 16);
}

static void exit_info(void **state)
{
	for (unsigned int vector = 0; vector < 256; vector++) {
		struct sgx_event e = { .kind = SGX_EVENT_EXCEPTION,
			.vector = (uint8_t)vector };
		uint32_t with = sgx_exit_info(&e, SGX_MISC_EXINFO);
		uint32_t without = sgx_exit_info(&e, 0);
		uint32_t hardware = 0x80000300 | vector;

		switch (vector) {
		case 0: case 1: case 5: case 6: case 16: case 17: case 19:
			assert_int_equal(with, hardware);
			assert_int_equal(without, hardware);
			break;
		case 3:
			assert_int_equal(with, 0x80000603);
			assert_int_equal(without, 0x80000603);
			break;
		case 13: case 14:
			assert_int_equal(with, hardware);
			assert_int_equal(without, 0);
			break;
		default:
			assert_int_equal(with | without, 0);
		}
		e.kind = SGX_EVENT_INTERRUPT;
		assert_int_equal(sgx_exit_info(&e, SGX_MISC_EXINFO), 0);
	}
}

static void exinfo(void **state)
{
	struct sgx_event e = { .kind = SGX_EVENT_EXCEPTION,
		.vector = SGX_VECTOR_PF, .error_code = 0x8007,
		.address = 0x123456789 };
	struct sgx_exinfo info, before;

	memset(&info, 0xff, sizeof info);
	before = info;
	assert_false(sgx_ssa_save_exinfo(&info, &e, 0));
	e.vector = SGX_VECTOR_UD;
	assert_false(sgx_ssa_save_exinfo(&info, &e, SGX_MISC_EXINFO));
	e.kind = SGX_EVENT_INTERRUPT;
	e.vector = SGX_VECTOR_PF;
	assert_false(sgx_ssa_save_exinfo(&info, &e, SGX_MISC_EXINFO));
	assert_memory_equal(&info, &before, sizeof info);
	e.kind = SGX_EVENT_EXCEPTION;
	assert_true(sgx_ssa_save_exinfo(&info, &e, SGX_MISC_EXINFO));
	assert_int_equal(info.maddr, 0x123456789);
	assert_int_equal(info.errcd, 0x8007);
	assert_int_equal(info.reserved, 0);
	e.vector = SGX_VECTOR_GP;
	e.error_code = 0x18;
	assert_true(sgx_ssa_save_exinfo(&info, &e, SGX_MISC_EXINFO));
	assert_int_equal(info.maddr, 0);
	assert_int_equal(info.errcd, 0x18);
}

/* Registers with all different values. */
static struct sgx_regs some_regs(void)
{
	struct sgx_regs r;
	uint64_t *words = (uint64_t *)&r;

	for (size_t i = 0; i < sizeof r / 8; i++)
		words[i] = 0x1111111100000000 * (i % 7 + 1) + i;
	r.rflags = 0x244fd7; /* everything, TF included */
	return r;
}

static void gpr_round_trip(void **state)
{
	const struct sgx_regs r = some_regs();
	struct sgx_event e = { .kind = SGX_EVENT_EXCEPTION,
		.vector = SGX_VECTOR_UD };
	struct sgx_gprsgx gpr;
	struct sgx_regs back = { .rflags = 0x202 };
	uint64_t words[23];

	memset(&gpr, 0x77, sizeof gpr);
	sgx_ssa_save_gpr(&gpr, &r, &e, 0);
	memcpy(words, &gpr, sizeof words);
	/* in the order of the manual's table */
	assert_int_equal(words[0], r.rax);
	assert_int_equal(words[1], r.rcx);
	assert_int_equal(words[2], r.rdx);
	assert_int_equal(words[3], r.rbx);
	assert_int_equal(words[4], r.rsp);
	assert_int_equal(words[5], r.rbp);
	assert_int_equal(words[6], r.rsi);
	assert_int_equal(words[7], r.rdi);
	assert_int_equal(words[8], r.r8);
	assert_int_equal(words[15], r.r15);
	assert_int_equal(words[16], r.rflags & ~0x100ull);
	assert_int_equal(words[17], r.rip);
	assert_int_equal(words[18], 0x7777777777777777); /* URSP kept */
	assert_int_equal(words[19], 0x7777777777777777);
	assert_int_equal(gpr.exit_info, 0x80000306);
	assert_int_equal(gpr.aexnotify, 0x77);
	assert_int_equal(words[21], r.fsbase);
	assert_int_equal(words[22], r.gsbase);
	sgx_eresume_registers(&back, &gpr, false);
	assert_int_equal(back.rflags, (r.rflags & 0x254cd5) | 0x202);
	back.rflags = r.rflags;
	assert_memory_equal(&back, &r, sizeof r);
}

static void synthetic_state(void **state)
{
	struct sgx_regs r = some_regs();
	const struct sgx_regs before = r;
	struct sgx_regs expected = { .rax = 3, .rbx = 0x5000, .rcx = 0x6000,
		.rip = 0x6000, .rsp = 0x7000, .rbp = 0x8000,
		.rflags = (before.rflags | 0x10000) & ~0x108d5ull,
		.fsbase = before.fsbase, .gsbase = before.gsbase };

	r.rflags |= 0x10000;
	sgx_aex_registers(&r, 0x5000, 0x6000, 0x7000, 0x8000);
	assert_memory_equal(&r, &expected, sizeof r);
	assert_true(r.rflags & SGX_RFLAGS_DF);
}

static void fp_control(void **state)
{
	struct sgx_event e = { .kind = SGX_EVENT_EXCEPTION };
	struct sgx_fp_control fp;

	for (int vector = 0; vector < 256; vector++) {
		e.vector = (uint8_t)vector;
		fp = sgx_aex_fp_control(&e);
		assert_int_equal(fp.fcw, vector == 16 ? 0x37e : 0x37f);
		assert_int_equal(fp.fsw, vector == 16 ? 0x8081 : 0);
		assert_int_equal(fp.mxcsr, vector == 19 ? 0x1f01 : 0x1fb0);
	}
	e.kind = SGX_EVENT_INTERRUPT;
	e.vector = 19;
	assert_int_equal(sgx_aex_fp_control(&e).mxcsr, 0x1fb0);
}

static void resumed_flags(void **state)
{
	const uint64_t all = 0x3f7fd7; /* VIP, VIF and VM too */

	/* the frame asks for everything */
	assert_int_equal(sgx_eresume_rflags(0x202, all, false), 0x254ed7);
	/* and for nothing */
	assert_int_equal(sgx_eresume_rflags(all, 0, false),
		all & ~(0x254dd5ull | 0x200));
	/* IF only at IOPL 3 */
	assert_int_equal(sgx_eresume_rflags(0x202, 0, false), 0x202);
	assert_int_equal(sgx_eresume_rflags(0x3202, 0, false), 0x3002);
	assert_int_equal(sgx_eresume_rflags(0x3002, 0x200, false), 0x3202);
	assert_int_equal(sgx_eresume_rflags(0x1002, 0x200, false), 0x1002);
	/* TF: the current one, on a debug entry only */
	assert_int_equal(sgx_eresume_rflags(0x302, 0x102, false), 0x202);
	assert_int_equal(sgx_eresume_rflags(0x302, 0x2, true), 0x302);
	assert_int_equal(sgx_eresume_rflags(0x202, 0x102, true), 0x202);
	assert_int_equal(sgx_eenter_rflags(0x303, false), 0x203);
	assert_int_equal(sgx_eenter_rflags(0x303, true), 0x303);
}

static void xsave_image(void **state)
{
	uint8_t image[1024], before[1024];

	memset(image, 0xff, sizeof image);
	memcpy(before, image, sizeof image);
	sgx_xsave_clean(image, 0x7);
	for (size_t i = 0; i < sizeof image; i++) {
		uint8_t expected = 0xff;

		if (i >= 464 && i < 576)
			expected = i == 512 ? 0x07 : 0;
		assert_int_equal(image[i], expected);
	}
	assert_false(sgx_xsave_valid(image, 0x7, 0)); /* MXCSR */
	memset(image + 24, 0, 4);
	assert_true(sgx_xsave_valid(image, 0x7, 0));
	assert_false(sgx_xsave_valid(image, 0x3, 0));
	for (int i = 520; i < 536; i++) {
		image[i] = 0x80;
		assert_false(sgx_xsave_valid(image, 0x7, 0));
		image[i] = 0;
	}
	for (int bit = 0; bit < 32; bit++) {
		uint32_t mxcsr = 1u << bit;

		memcpy(image + 24, &mxcsr, 4);
		assert_int_equal(sgx_xsave_valid(image, 0x7, 0),
			bit < 16 && bit != 6);
		assert_int_equal(sgx_xsave_valid(image, 0x7, 0x2ffff),
			bit < 16 || bit == 17);
	}
	for (int bit = 0; bit < 64; bit++) {
		uint64_t bv = 1ull << bit;

		memset(image + 24, 0, 4);
		memcpy(image + 512, &bv, 8);
		assert_int_equal(sgx_xsave_valid(image, 0xe7, 0),
			bit < 8 && (0xe7 >> bit & 1));
	}
}

static void canonical(void **state)
{
	assert_true(sgx_canonical(0));
	assert_true(sgx_canonical(0x00007fffffffffff));
	assert_false(sgx_canonical(0x0000800000000000));
	assert_false(sgx_canonical(0xffff7fffffffffff));
	assert_true(sgx_canonical(0xffff800000000000));
	assert_true(sgx_canonical(UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xsave_size), cmocka_unit_test(xfrm_legal),
		cmocka_unit_test(frame), cmocka_unit_test(exit_info),
		cmocka_unit_test(exinfo), cmocka_unit_test(gpr_round_trip),
		cmocka_unit_test(synthetic_state),
		cmocka_unit_test(fp_control), cmocka_unit_test(resumed_flags),
		cmocka_unit_test(xsave_image), cmocka_unit_test(canonical),
	};

	return cmocka_run_group_tests_name("ssa", tests, NULL, NULL);
}
