/* SPDX-License-Identifier: MIT */
/*
 * Compiler helpers that every Open Enclave header uses.
 *
 * Names and meaning are those of the Open Enclave SDK, so that code which
 * uses them compiles unchanged. GCC and Clang on x86-64 Linux only.
 */
#ifndef _OE_BITS_DEFS_H
#define _OE_BITS_DEFS_H

#if !defined(__GNUC__) || !defined(__x86_64__)
#error "Coffer's Open Enclave headers need GCC or Clang on x86-64"
#endif

/*
 * Which generation of the interface the program wants. 2 is the default and
 * the oldest one that is offered: there the plain names oe_get_report,
 * oe_get_target_info, oe_get_seal_key and oe_get_seal_key_by_policy mean the
 * functions that end in _v2.
 */
#ifndef OE_API_VERSION
#define OE_API_VERSION 2
#endif
#if OE_API_VERSION < 2
#error "OE_API_VERSION must be 2 or more"
#endif

/* C linkage, for headers that C++ includes as well. */
#ifdef __cplusplus
#define OE_EXTERNC extern "C"
#define OE_EXTERNC_BEGIN extern "C" {
#define OE_EXTERNC_END }
#else
#define OE_EXTERNC
#define OE_EXTERNC_BEGIN
#define OE_EXTERNC_END
#endif

/* Put a symbol into the image's dynamic symbol table. */
#define OE_EXPORT __attribute__((visibility("default")))
/* The same for a constant; in C++ a plain const would not be exported. */
#ifdef __cplusplus
#define OE_EXPORT_CONST OE_EXPORT extern const
#else
#define OE_EXPORT_CONST OE_EXPORT const
#endif

#define OE_INLINE static __inline__
#define OE_ALWAYS_INLINE __attribute__((always_inline))
#define OE_NEVER_INLINE __attribute__((noinline))
#define OE_NO_RETURN __attribute__((noreturn))
#define OE_UNREACHABLE __builtin_unreachable()
#define OE_RETURNS_TWICE __attribute__((returns_twice))
#define OE_NO_SANITIZE_ADDRESS __attribute__((no_sanitize_address))
#define OE_PRINTF_FORMAT(FMT, ARGS) __attribute__((format(printf, FMT, ARGS)))
#define OE_DEPRECATED(FUNC, MSG) FUNC __attribute__((deprecated(MSG)))
#define OE_ALIGNED(BYTES) __attribute__((aligned(BYTES)))
#define OE_USED __attribute__((__used__))
#define OE_CONSTRUCTOR __attribute__((constructor))
#define OE_DESTRUCTOR __attribute__((destructor))

/* Say that a parameter or variable is unused on purpose. */
#define OE_UNUSED(P) (void)(P)
#define OE_UNUSED_ATTRIBUTE __attribute__((unused))
#define OE_UNUSED_FUNC OE_UNUSED_ATTRIBUTE

/* A definition that any other definition of the same name replaces. */
#define OE_WEAK __attribute__((weak))
/* Make NEW a weak second name of the function OLD of the same file. */
#define OE_WEAK_ALIAS(OLD, NEW) \
	extern __typeof(OLD) NEW __attribute__((weak, alias(#OLD)))

/* Code between the two is compiled without optimisation. */
#ifdef __clang__
#define OE_NO_OPTIMIZE_BEGIN _Pragma("clang optimize off")
#define OE_NO_OPTIMIZE_END _Pragma("clang optimize on")
#else
#define OE_NO_OPTIMIZE_BEGIN \
	_Pragma("GCC push_options") _Pragma("GCC optimize(\"O0\")")
#define OE_NO_OPTIMIZE_END _Pragma("GCC pop_options")
#endif

/* Structures between the two have no padding. */
#define OE_PACK_BEGIN _Pragma("pack(push, 1)")
#define OE_PACK_END _Pragma("pack(pop)")

#define OE_COUNTOF(ARR) (sizeof(ARR) / sizeof((ARR)[0]))
#define OE_OFFSETOF(TYPE, MEMBER) __builtin_offsetof(TYPE, MEMBER)
#define OE_FIELD_SIZE(TYPE, FIELD) sizeof(((TYPE *)0)->FIELD)
#define OE_STRINGIFY_(X) #X
#define OE_STRINGIFY(X) OE_STRINGIFY_(X)
#define OE_CONCAT_(X, Y) X##Y
#define OE_CONCAT(X, Y) OE_CONCAT_(X, Y)

/* A check while compiling; fits everywhere a declaration does. */
#ifdef __cplusplus
#define OE_STATIC_ASSERT(COND) static_assert(COND, #COND)
#else
#define OE_STATIC_ASSERT(COND) _Static_assert(COND, #COND)
#endif
#define OE_CHECK_SIZE(N, M) OE_STATIC_ASSERT((N) == (M))
#define OE_CHECK_FIELD(T1, T2, F)                                      \
	OE_STATIC_ASSERT(OE_OFFSETOF(T1, F) == OE_OFFSETOF(T2, F));    \
	OE_STATIC_ASSERT(sizeof(((T1 *)0)->F) == sizeof(((T2 *)0)->F));

/* Used as last value so that an enum takes four bytes. */
#define OE_ENUM_MAX 0xffffffff

#define OE_PAGE_SIZE 0x1000
/* Size of a text that holds any 64-bit number, or an address, in any base. */
#define OE_INT_BUF_SIZE 128

#ifndef NULL
#ifdef __cplusplus
#define NULL 0L
#else
#define NULL ((void *)0)
#endif
#endif

#endif
