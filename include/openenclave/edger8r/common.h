/* SPDX-License-Identifier: MIT */
/*
 * What code made by oeedger8r needs on both sides: sizes of buffers and
 * copies into and out of them. Names and meaning are those of the Open
 * Enclave SDK, so that code made by its oeedger8r compiles too. Programs do
 * not use this file themselves.
 *
 * The macros end a function: on an error they set its variable _result and
 * jump to its label done. The variables they use are those of generated
 * wrappers (_args, _input_buffer, ...) and forwarders (_pargs_in,
 * input_buffer, ...). In all of them argcount * argsize is a number of
 * bytes, checked for overflow.
 */
#ifndef _OE_EDGER8R_COMMON_H
#define _OE_EDGER8R_COMMON_H

#include <openenclave/bits/defs.h>
#include <openenclave/bits/result.h>
#include <openenclave/bits/types.h>

OE_EXTERNC_BEGIN

/* Every piece in a buffer starts at a multiple of this many bytes. */
#define OE_EDGER8R_BUFFER_ALIGNMENT (2 * sizeof(void *))

/*
 * Add SIZE, rounded up to the alignment, to *TOTAL. OE_INTEGER_OVERFLOW,
 * with *TOTAL unchanged, if the sum does not fit.
 */
OE_INLINE oe_result_t oe_add_size(size_t *total, size_t size)
{
	const size_t mask = OE_EDGER8R_BUFFER_ALIGNMENT - 1;
	size_t sum;

	if (__builtin_add_overflow(size, mask, &sum) ||
	    __builtin_add_overflow(*total, sum & ~mask, &sum))
		return OE_INTEGER_OVERFLOW;
	*total = sum;
	return OE_OK;
}

/*
 * The place of COUNT * SIZE bytes at *OFFSET of the CAPACITY bytes at
 * BUFFER; moves *OFFSET behind it. NULL, with *OFFSET unchanged, if they do
 * not fit. Nothing fits without a BUFFER, too: its place is not NULL, and
 * not to be looked at.
 */
OE_INLINE void *oe_edger8r_place(uint8_t *buffer, size_t capacity,
				 size_t *offset, size_t count, size_t size)
{
	size_t start = *offset, end = start, bytes;

	if (__builtin_mul_overflow(count, size, &bytes) ||
	    oe_add_size(&end, bytes) != OE_OK || end > capacity ||
	    (!buffer && bytes))
		return NULL;
	*offset = end;
	return buffer ? (void *)(buffer + start)
		      : (void *)OE_EDGER8R_BUFFER_ALIGNMENT;
}

/* Copy COUNT * SIZE bytes from FROM to the next place in BUFFER; returns
 * it, NULL if they do not fit. */
OE_INLINE void *oe_edger8r_pack(uint8_t *buffer, size_t capacity,
				size_t *offset, const void *from,
				size_t count, size_t size)
{
	void *to = oe_edger8r_place(buffer, capacity, offset, count, size);

	if (to)
		__builtin_memcpy(to, from, count * size);
	return to;
}

/* Copy the next COUNT * SIZE bytes of BUFFER to TO; returns TO, NULL if
 * there are not that many. */
OE_INLINE void *oe_edger8r_unpack(uint8_t *buffer, size_t capacity,
				  size_t *offset, void *to, size_t count,
				  size_t size)
{
	const void *from = oe_edger8r_place(buffer, capacity, offset, count,
					    size);

	if (from)
		__builtin_memcpy(to, from, count * size);
	return from ? to : NULL;
}

/* Like oe_edger8r_unpack, to new memory (malloc) that *TO is set to. */
OE_INLINE oe_result_t oe_edger8r_take(uint8_t *buffer, size_t capacity,
				      size_t *offset, void **to,
				      size_t count, size_t size)
{
	const void *from = oe_edger8r_place(buffer, capacity, offset, count,
					    size);
	const size_t bytes = count * size;

	if (!from)
		return OE_BUFFER_TOO_SMALL;
	*to = __builtin_malloc(bytes > 0 ? bytes : 1);
	if (!*to)
		return OE_OUT_OF_MEMORY;
	__builtin_memcpy(*to, from, bytes);
	return OE_OK;
}

/* TOTAL += SIZE, rounded up. */
#define OE_ADD_SIZE(total, size)                                         \
	do {                                                             \
		if (oe_add_size(&(total), (size_t)(size)) != OE_OK) {    \
			_result = OE_INTEGER_OVERFLOW;                   \
			goto done;                                       \
		}                                                        \
	} while (0)

/* TOTAL = ARGCOUNT * ARGSIZE, not rounded. */
#define OE_COMPUTE_ARG_SIZE(total, argcount, argsize)                    \
	do {                                                             \
		if (__builtin_mul_overflow((size_t)(argcount),           \
					   (size_t)(argsize),            \
					   &(total))) {                  \
			_result = OE_INTEGER_OVERFLOW;                   \
			goto done;                                       \
		}                                                        \
	} while (0)

/* TOTAL += ARGCOUNT * ARGSIZE, rounded up. */
#define OE_ADD_ARG_SIZE(total, argcount, argsize)                        \
	do {                                                             \
		size_t _arg_bytes;                                       \
		OE_COMPUTE_ARG_SIZE(_arg_bytes, argcount, argsize);      \
		OE_ADD_SIZE(total, _arg_bytes);                          \
	} while (0)

/* Forwarder: make the pointer _pargs_in->argname, unless it is NULL, point
 * to its data in the input buffer. */
#define OE_SET_IN_POINTER(argname, argcount, argsize, argtype)           \
	do {                                                             \
		if (!_pargs_in->argname)                                 \
			break;                                           \
		_pargs_in->argname = (argtype)oe_edger8r_place(          \
			(uint8_t *)input_buffer, input_buffer_size,      \
			&_input_buffer_offset, (size_t)(argcount),       \
			(size_t)(argsize));                              \
		if (!_pargs_in->argname) {                               \
			_result = OE_BUFFER_TOO_SMALL;                   \
			goto done;                                       \
		}                                                        \
	} while (0)

#define OE_SET_IN_OUT_POINTER OE_SET_IN_POINTER

/* Forwarder: make it point to its place in the output buffer. */
#define OE_SET_OUT_POINTER(argname, argcount, argsize, argtype)          \
	do {                                                             \
		if (!_pargs_in->argname)                                 \
			break;                                           \
		_pargs_in->argname = (argtype)oe_edger8r_place(          \
			output_buffer, output_buffer_size,               \
			&_output_buffer_offset, (size_t)(argcount),      \
			(size_t)(argsize));                              \
		if (!_pargs_in->argname) {                               \
			_result = OE_BUFFER_TOO_SMALL;                   \
			goto done;                                       \
		}                                                        \
	} while (0)

/* The same where the output buffer is not known to be all zero. */
#define OE_SET_AND_CLEAR_OUT_POINTER(argname, argcount, argsize, argtype) \
	do {                                                             \
		size_t _from = _output_buffer_offset;                    \
		OE_SET_OUT_POINTER(argname, argcount, argsize, argtype); \
		__builtin_memset(output_buffer + _from, 0,               \
				 _output_buffer_offset - _from);         \
	} while (0)

/* Forwarder: copy what the pointer points to on to the output buffer and
 * make it point there. */
#define OE_COPY_AND_SET_IN_OUT_POINTER(argname, argcount, argsize,       \
				       argtype)                          \
	do {                                                             \
		if (!_pargs_in->argname)                                 \
			break;                                           \
		_pargs_in->argname = (argtype)oe_edger8r_pack(           \
			output_buffer, output_buffer_size,               \
			&_output_buffer_offset, _pargs_in->argname,      \
			(size_t)(argcount), (size_t)(argsize));          \
		if (!_pargs_in->argname) {                               \
			_result = OE_BUFFER_TOO_SMALL;                   \
			goto done;                                       \
		}                                                        \
	} while (0)

/* Wrapper: copy what argname points to, unless it is NULL, to the input
 * buffer, and note the address in _args. */
#define OE_WRITE_IN_PARAM(argname, argcount, argsize, argtype)           \
	do {                                                             \
		if (!argname)                                            \
			break;                                           \
		_args.argname = (argtype)oe_edger8r_pack(                \
			_input_buffer, _input_buffer_size,               \
			&_input_buffer_offset, (const void *)argname,    \
			(size_t)(argcount), (size_t)(argsize));          \
		if (!_args.argname) {                                    \
			_result = OE_UNEXPECTED;                         \
			goto done;                                       \
		}                                                        \
	} while (0)

#define OE_WRITE_IN_OUT_PARAM OE_WRITE_IN_PARAM
#define OE_WRITE_IN_PARAM_WITH_BARRIER OE_WRITE_IN_PARAM
#define OE_WRITE_IN_OUT_PARAM_WITH_BARRIER OE_WRITE_IN_PARAM

/* Wrapper: copy what came back for argname from the output buffer. */
#define OE_READ_OUT_PARAM(argname, argcount, argsize)                    \
	do {                                                             \
		if (argname && !oe_edger8r_unpack(                       \
				_output_buffer, _output_buffer_size,     \
				&_output_buffer_offset, (void *)argname, \
				(size_t)(argcount), (size_t)(argsize))) { \
			_result = OE_BUFFER_TOO_SMALL;                   \
			goto done;                                       \
		}                                                        \
	} while (0)

#define OE_READ_IN_OUT_PARAM OE_READ_OUT_PARAM

/* Forwarder: copy what argname points to to the out buffer. */
#define OE_WRITE_DEEPCOPY_OUT_PARAM(argname, argcount, argsize)          \
	do {                                                             \
		if (argname && !oe_edger8r_pack(                         \
				_deepcopy_out_buffer,                    \
				_deepcopy_out_buffer_size,               \
				&_deepcopy_out_buffer_offset, argname,   \
				(size_t)(argcount), (size_t)(argsize))) { \
			_result = OE_BUFFER_TOO_SMALL;                   \
			goto done;                                       \
		}                                                        \
	} while (0)

/* Wrapper: set argname, unless it is NULL, to new memory that holds what
 * is next in the out buffer. */
#define OE_SET_DEEPCOPY_OUT_PARAM(argname, argcount, argsize, argtype)   \
	do {                                                             \
		void *_made = NULL;                                      \
		oe_result_t _take_result;                                \
		if (!argname)                                            \
			break;                                           \
		_take_result = oe_edger8r_take(                          \
			_deepcopy_out_buffer, _deepcopy_out_buffer_size, \
			&_deepcopy_out_buffer_offset, &_made,            \
			(size_t)(argcount), (size_t)(argsize));          \
		argname = (argtype)_made;                                \
		if (_take_result != OE_OK) {                             \
			_result = _take_result;                          \
			goto done;                                       \
		}                                                        \
	} while (0)

/* A string of SIZE characters, its end included, really ends there; NULL
 * is fine. */
#define OE_CHECK_NULL_TERMINATOR(str, size)                              \
	do {                                                             \
		const char *_text = (const char *)(str);                 \
		const size_t _text_size = (size_t)(size);                \
		if (_text && (!_text_size || _text[_text_size - 1])) {   \
			_result = OE_INVALID_PARAMETER;                  \
			goto done;                                       \
		}                                                        \
	} while (0)

#define OE_CHECK_NULL_TERMINATOR_WIDE(str, size)                         \
	do {                                                             \
		const wchar_t *_text = (const wchar_t *)(str);           \
		const size_t _text_size = (size_t)(size);                \
		if (_text && (!_text_size || _text[_text_size - 1])) {   \
			_result = OE_INVALID_PARAMETER;                  \
			goto done;                                       \
		}                                                        \
	} while (0)

OE_EXTERNC_END

#endif
