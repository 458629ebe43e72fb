/* SPDX-License-Identifier: MIT */
/*
 * Generated files. One emitter per file:
 *
 *   <n>_args.h  gen_args.c   the types of the EDL file
 *   <n>_t.h     gen_head.c   what the enclave implements and calls
 *   <n>_u.h     gen_head.c   what the host implements and calls
 *   <n>_t.c     gen_code.c   ecall forwarders, ocall wrappers
 *   <n>_u.c     gen_code.c   ecall wrappers, ocall forwarders
 *
 * A wrapper (gen_wrap.c) is called by the user on the calling side, packs
 * the arguments into a buffer and makes the call; a forwarder (gen_fwd.c)
 * is called by the runtime on the other side, unpacks the buffer and calls
 * the user's function.
 *
 * Buffers. Input: args struct, then data of in and in-out parameters in
 * order of declaration. Output: args struct, then data of out and in-out
 * parameters. Every piece starts at a multiple of 16. The args struct is
 *
 *   oe_result_t oe_result; uint8_t *deepcopy_out_buffer;
 *   size_t deepcopy_out_buffer_size; [T oe_retval;]
 *   for each parameter: T name; [size_t name_len;]   [int ocall_errno;]
 *
 * The data of a pointer to a struct with sized pointers is followed by what
 * those point to, element by element, depth first. What such pointers of an
 * out-only parameter point to is in a buffer of its own, in the same order.
 */
#ifndef COFFER_EDL_GEN_H
#define COFFER_EDL_GEN_H

#include "ast.h"

/* A text that grows. */
struct edl_out {
	struct edl_ctx *ctx;
	char *text;
	size_t size, room;
};

/* Append a formatted line; edl_put appends without the line's end. */
void edl_line(struct edl_out *o, const char *format, ...)
	__attribute__((nonnull(2), format(printf, 2, 3)));
void edl_put(struct edl_out *o, const char *format, ...)
	__attribute__((nonnull(2), format(printf, 2, 3)));

/* N levels of four spaces; static text, N up to EDL_MAX_DEEP_LEVELS * 3. */
const char *edl_indent(unsigned n);

enum edl_side { EDL_TRUSTED, EDL_UNTRUSTED };

/* What an emitter needs. PREFIX: before names of host-side ecall wrappers,
 * "" or "<n>_". */
struct edl_gen {
	struct edl_ctx *ctx;
	const struct edl_unit *unit;
	enum edl_side side;
	const char *prefix;
	struct edl_out out;
};

/* The emitters: append a whole file to g->out. */
void edl_gen_args(struct edl_gen *g);
void edl_gen_head(struct edl_gen *g);
void edl_gen_code(struct edl_gen *g);

/* gen_wrap.c, gen_fwd.c: one function. */
void edl_gen_wrapper(struct edl_gen *g, const struct edl_function *f);
void edl_gen_forwarder(struct edl_gen *g, const struct edl_function *f);

/* gen_text.c: pieces of C, in the arena. */

/* TEXT in upper case. */
const char *edl_upper(struct edl_ctx *c, const char *text);

/* "type name[2][3]", for a prototype or a member. */
const char *edl_decl_text(struct edl_ctx *c, const struct edl_decl *d);

/* The type of D in the args struct, without const, arrays as pointers. */
const char *edl_arg_type(struct edl_ctx *c, const struct edl_decl *d);

/* What F returns, without a const that has no effect; NULL for void. */
const char *edl_return_type(struct edl_ctx *c, const struct edl_function *f);

/* The user's function F, or the function that calls F's other side. */
const char *edl_prototype(struct edl_ctx *c, const struct edl_function *f,
			  const char *name, bool calling);

/*
 * How many bytes D points to, as count times size. Names in them get BASE
 * in front ("_args.", "_pargs_in->", "s[_i1].").
 */
const char *edl_count_text(struct edl_ctx *c, const struct edl_decl *d,
			   const char *base);
const char *edl_size_text(struct edl_ctx *c, const struct edl_decl *d,
			  const char *base);

/* D as the argument of a call to the user's function, from the args struct
 * to which BASE leads. */
const char *edl_call_text(struct edl_ctx *c, const struct edl_decl *d,
			  const char *base);

/* gen_deep.c: what is done with each pointer that a deep copy follows. */
enum edl_deep {
	EDL_DEEP_SIZE,		/* wrapper: add to a buffer's size */
	EDL_DEEP_PACK,		/* wrapper: copy to the input buffer */
	EDL_DEEP_POINT,		/* forwarder: point into the input buffer */
	EDL_DEEP_MOVE,		/* forwarder: copy on to the output buffer */
	EDL_DEEP_READ,		/* wrapper: read back an in-out parameter */
	EDL_DEEP_OUT_SIZE,	/* forwarder: add to the out buffer's size */
	EDL_DEEP_OUT_PACK,	/* forwarder: copy to the out buffer */
	EDL_DEEP_OUT_FREE,	/* forwarder: free what the callee made */
	EDL_DEEP_OUT_TAKE,	/* wrapper: make new memory, copy to it */
	EDL_DEEP_OUT_DROP	/* wrapper: undo that after an error */
};

/*
 * Emit WHAT for the parameter D. BASE leads to D and to the parameters that
 * D's count names. EXTRA: the size variable of EDL_DEEP_SIZE and
 * EDL_DEEP_OUT_SIZE, the condition of EDL_DEEP_OUT_FREE and _DROP.
 */
void edl_gen_deep(struct edl_gen *g, enum edl_deep what,
		  const struct edl_decl *d, const char *base,
		  const char *extra);

/* The struct that D is a deep pointer to, as parameter with a direction. */
struct edl_user_type *edl_deep_param(const struct edl_gen *g,
				     const struct edl_decl *d);

/* Whether F has a deep parameter that goes out only. */
bool edl_has_deep_out(const struct edl_gen *g, const struct edl_function *f);

#endif
