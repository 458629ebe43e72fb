/* SPDX-License-Identifier: MIT */
/* Made by oeedger8r from golden.edl; changes get lost. */
#include "golden_t.h"

#include <openenclave/edger8r/enclave.h>
#include <openenclave/corelibc/errno.h>

OE_EXTERNC_BEGIN

/* Ecalls. */

enum
{
    golden_fcn_id_golden_nothing = 0,
    golden_fcn_id_golden_plain = 1,
    golden_fcn_id_golden_deep = 2,
    golden_fcn_id_trusted_call_id_max = OE_ENUM_MAX
};

typedef struct _golden_nothing_args_t
{
    oe_result_t oe_result;
    uint8_t *deepcopy_out_buffer;
    size_t deepcopy_out_buffer_size;
} golden_nothing_args_t;

static void ecall_golden_nothing(
    const uint8_t *input_buffer,
    size_t input_buffer_size,
    uint8_t *output_buffer,
    size_t output_buffer_size,
    size_t *output_bytes_written)
{
    oe_result_t _result = OE_FAILURE;
    golden_nothing_args_t *_pargs_in = (golden_nothing_args_t *)input_buffer;
    golden_nothing_args_t *_pargs_out = (golden_nothing_args_t *)output_buffer;
    size_t _input_buffer_offset = 0;
    size_t _output_buffer_offset = 0;

    *output_bytes_written = 0;
    if (input_buffer_size < sizeof(*_pargs_in) ||
        output_buffer_size < sizeof(*_pargs_out) ||
        !oe_is_within_enclave(input_buffer, input_buffer_size) ||
        !oe_is_within_enclave(output_buffer, output_buffer_size))
        return;
    OE_ADD_SIZE(_input_buffer_offset, sizeof(*_pargs_in));
    OE_ADD_SIZE(_output_buffer_offset, sizeof(*_pargs_out));

    /* What came in is in the input buffer. */
    /* What goes out has its place in the output buffer. */
    /* No speculation past the checks. */
    oe_lfence();

    golden_nothing();

    _pargs_out->deepcopy_out_buffer = NULL;
    _pargs_out->deepcopy_out_buffer_size = 0;
    *output_bytes_written = _output_buffer_offset;
    _result = OE_OK;

done:
    _pargs_out->oe_result = _result;
}

typedef struct _golden_plain_args_t
{
    oe_result_t oe_result;
    uint8_t *deepcopy_out_buffer;
    size_t deepcopy_out_buffer_size;
    int oe_retval;
    char * name;
    size_t name_len;
    void * data;
    size_t n;
    enum golden_color * color;
    int * table;
} golden_plain_args_t;

static void ecall_golden_plain(
    const uint8_t *input_buffer,
    size_t input_buffer_size,
    uint8_t *output_buffer,
    size_t output_buffer_size,
    size_t *output_bytes_written)
{
    oe_result_t _result = OE_FAILURE;
    golden_plain_args_t *_pargs_in = (golden_plain_args_t *)input_buffer;
    golden_plain_args_t *_pargs_out = (golden_plain_args_t *)output_buffer;
    size_t _input_buffer_offset = 0;
    size_t _output_buffer_offset = 0;

    *output_bytes_written = 0;
    if (input_buffer_size < sizeof(*_pargs_in) ||
        output_buffer_size < sizeof(*_pargs_out) ||
        !oe_is_within_enclave(input_buffer, input_buffer_size) ||
        !oe_is_within_enclave(output_buffer, output_buffer_size))
        return;
    OE_ADD_SIZE(_input_buffer_offset, sizeof(*_pargs_in));
    OE_ADD_SIZE(_output_buffer_offset, sizeof(*_pargs_out));

    /* What came in is in the input buffer. */
    OE_SET_IN_POINTER(name, _pargs_in->name_len,
        sizeof(char), char *);
    OE_SET_IN_POINTER(data, 1,
        _pargs_in->n, void *);
    OE_SET_IN_OUT_POINTER(table, 1,
        sizeof(int[GOLDEN_SIDES][3]), int *);
    /* What goes out has its place in the output buffer. */
    OE_SET_OUT_POINTER(color, 1,
        sizeof(enum golden_color), enum golden_color *);
    OE_COPY_AND_SET_IN_OUT_POINTER(table, 1,
        sizeof(int[GOLDEN_SIDES][3]), int *);
    OE_CHECK_NULL_TERMINATOR(_pargs_in->name, _pargs_in->name_len);
    /* No speculation past the checks. */
    oe_lfence();

    _pargs_out->oe_retval = golden_plain(
        (const char *)_pargs_in->name,
        (const void *)_pargs_in->data,
        _pargs_in->n,
        (enum golden_color *)_pargs_in->color,
        (int (*)[3])_pargs_in->table);

    _pargs_out->deepcopy_out_buffer = NULL;
    _pargs_out->deepcopy_out_buffer_size = 0;
    *output_bytes_written = _output_buffer_offset;
    _result = OE_OK;

done:
    _pargs_out->oe_result = _result;
}

typedef struct _golden_deep_args_t
{
    oe_result_t oe_result;
    uint8_t *deepcopy_out_buffer;
    size_t deepcopy_out_buffer_size;
    golden_list * both;
    size_t n;
    golden_list * made;
} golden_deep_args_t;

static void ecall_golden_deep(
    const uint8_t *input_buffer,
    size_t input_buffer_size,
    uint8_t *output_buffer,
    size_t output_buffer_size,
    size_t *output_bytes_written)
{
    oe_result_t _result = OE_FAILURE;
    golden_deep_args_t *_pargs_in = (golden_deep_args_t *)input_buffer;
    golden_deep_args_t *_pargs_out = (golden_deep_args_t *)output_buffer;
    size_t _input_buffer_offset = 0;
    size_t _output_buffer_offset = 0;
    uint8_t *_deepcopy_out_buffer = NULL;
    size_t _deepcopy_out_buffer_size = 0;
    size_t _deepcopy_out_buffer_offset = 0;
    int _called = 0;

    *output_bytes_written = 0;
    if (input_buffer_size < sizeof(*_pargs_in) ||
        output_buffer_size < sizeof(*_pargs_out) ||
        !oe_is_within_enclave(input_buffer, input_buffer_size) ||
        !oe_is_within_enclave(output_buffer, output_buffer_size))
        return;
    OE_ADD_SIZE(_input_buffer_offset, sizeof(*_pargs_in));
    OE_ADD_SIZE(_output_buffer_offset, sizeof(*_pargs_out));

    /* What came in is in the input buffer. */
    OE_SET_IN_OUT_POINTER(both, _pargs_in->n,
        sizeof(golden_list), golden_list *);
    if (_pargs_in->both)
    {
        for (size_t _i1 = 0; _i1 < (size_t)(_pargs_in->n); _i1++)
        {
            if (_pargs_in->both[_i1].items)
            {
                _pargs_in->both[_i1].items = (golden_item *)oe_edger8r_place(
                    (uint8_t *)input_buffer, input_buffer_size, &_input_buffer_offset,
                    _pargs_in->both[_i1].n,
                    sizeof(golden_item));
                if (!_pargs_in->both[_i1].items)
                {
                    _result = OE_BUFFER_TOO_SMALL;
                    goto done;
                }
                for (size_t _i2 = 0; _i2 < (size_t)(_pargs_in->both[_i1].n); _i2++)
                {
                    if (_pargs_in->both[_i1].items[_i2].key)
                    {
                        _pargs_in->both[_i1].items[_i2].key = (char *)oe_edger8r_place(
                            (uint8_t *)input_buffer, input_buffer_size, &_input_buffer_offset,
                            1,
                            8);
                        if (!_pargs_in->both[_i1].items[_i2].key)
                        {
                            _result = OE_BUFFER_TOO_SMALL;
                            goto done;
                        }
                    }
                }
            }
        }
    }
    /* What goes out has its place in the output buffer. */
    OE_COPY_AND_SET_IN_OUT_POINTER(both, _pargs_in->n,
        sizeof(golden_list), golden_list *);
    if (_pargs_in->both)
    {
        for (size_t _i1 = 0; _i1 < (size_t)(_pargs_in->n); _i1++)
        {
            if (_pargs_in->both[_i1].items)
            {
                _pargs_in->both[_i1].items = (golden_item *)oe_edger8r_pack(
                    output_buffer, output_buffer_size, &_output_buffer_offset,
                    _pargs_in->both[_i1].items, _pargs_in->both[_i1].n,
                    sizeof(golden_item));
                if (!_pargs_in->both[_i1].items)
                {
                    _result = OE_BUFFER_TOO_SMALL;
                    goto done;
                }
                for (size_t _i2 = 0; _i2 < (size_t)(_pargs_in->both[_i1].n); _i2++)
                {
                    if (_pargs_in->both[_i1].items[_i2].key)
                    {
                        _pargs_in->both[_i1].items[_i2].key = (char *)oe_edger8r_pack(
                            output_buffer, output_buffer_size, &_output_buffer_offset,
                            _pargs_in->both[_i1].items[_i2].key, 1,
                            8);
                        if (!_pargs_in->both[_i1].items[_i2].key)
                        {
                            _result = OE_BUFFER_TOO_SMALL;
                            goto done;
                        }
                    }
                }
            }
        }
    }
    OE_SET_OUT_POINTER(made, 1,
        sizeof(golden_list), golden_list *);
    /* No speculation past the checks. */
    oe_lfence();

    golden_deep(
        (golden_list *)_pargs_in->both,
        _pargs_in->n,
        (golden_list *)_pargs_in->made);

    /* What the structs point to goes in one more buffer. */
    _called = 1;
    if (_pargs_in->made)
    {
        for (size_t _i1 = 0; _i1 < (size_t)(1); _i1++)
        {
            if (_pargs_in->made[_i1].items)
            {
                OE_ADD_ARG_SIZE(_deepcopy_out_buffer_size, _pargs_in->made[_i1].n,
                    sizeof(golden_item));
                for (size_t _i2 = 0; _i2 < (size_t)(_pargs_in->made[_i1].n); _i2++)
                {
                    if (_pargs_in->made[_i1].items[_i2].key)
                    {
                        OE_ADD_ARG_SIZE(_deepcopy_out_buffer_size, 1,
                            8);
                    }
                }
            }
        }
    }
    if (_deepcopy_out_buffer_size)
    {
        _deepcopy_out_buffer = (uint8_t *)oe_malloc(_deepcopy_out_buffer_size);
        if (!_deepcopy_out_buffer)
        {
            _result = OE_OUT_OF_MEMORY;
            goto done;
        }
    }
    if (_pargs_in->made)
    {
        for (size_t _i1 = 0; _i1 < (size_t)(1); _i1++)
        {
            if (_pargs_in->made[_i1].items)
            {
                if (!oe_edger8r_pack(
                    _deepcopy_out_buffer, _deepcopy_out_buffer_size,
                    &_deepcopy_out_buffer_offset, _pargs_in->made[_i1].items, _pargs_in->made[_i1].n,
                    sizeof(golden_item)))
                    goto done;
                for (size_t _i2 = 0; _i2 < (size_t)(_pargs_in->made[_i1].n); _i2++)
                {
                    if (_pargs_in->made[_i1].items[_i2].key)
                    {
                        if (!oe_edger8r_pack(
                            _deepcopy_out_buffer, _deepcopy_out_buffer_size,
                            &_deepcopy_out_buffer_offset, _pargs_in->made[_i1].items[_i2].key, 1,
                            8))
                            goto done;
                    }
                }
            }
        }
    }
    if (_deepcopy_out_buffer_offset != _deepcopy_out_buffer_size)
        goto done;
    _pargs_out->deepcopy_out_buffer = _deepcopy_out_buffer;
    _pargs_out->deepcopy_out_buffer_size = _deepcopy_out_buffer_size;
    *output_bytes_written = _output_buffer_offset;
    _result = OE_OK;

done:
    if (_result != OE_OK)
    {
        if (_deepcopy_out_buffer)
            oe_free(_deepcopy_out_buffer);
        _pargs_out->deepcopy_out_buffer = NULL;
        _pargs_out->deepcopy_out_buffer_size = 0;
    }
    if (_called && _pargs_in->made)
    {
        for (size_t _i1 = 0; _i1 < (size_t)(1); _i1++)
        {
            if (_pargs_in->made[_i1].items)
            {
                for (size_t _i2 = 0; _i2 < (size_t)(_pargs_in->made[_i1].n); _i2++)
                {
                    if (_pargs_in->made[_i1].items[_i2].key)
                    {
                        __builtin_free((void *)_pargs_in->made[_i1].items[_i2].key);
                    }
                }
                __builtin_free((void *)_pargs_in->made[_i1].items);
            }
        }
    }
    _pargs_out->oe_result = _result;
}

oe_ecall_func_t oe_ecalls_table[] =
{
    ecall_golden_nothing,
    ecall_golden_plain,
    ecall_golden_deep,
};

size_t oe_ecalls_table_size = 3;

OE_WEAK bool oe_edger8r_secure_unserialize = true;

/* Ocalls. */

enum
{
    golden_fcn_id_golden_call = 0,
    golden_fcn_id_golden_fast = 1,
    golden_fcn_id_untrusted_call_max = OE_ENUM_MAX
};

typedef struct _golden_call_args_t
{
    oe_result_t oe_result;
    uint8_t *deepcopy_out_buffer;
    size_t deepcopy_out_buffer_size;
    uint64_t oe_retval;
    void * p;
    union golden_word w;
    int ocall_errno;
} golden_call_args_t;

oe_result_t golden_call(
    uint64_t *_retval,
    golden_ptr p,
    union golden_word w)
{
    oe_result_t _result = OE_FAILURE;
    golden_call_args_t _args;
    golden_call_args_t _args_out;
    const golden_call_args_t *_pargs_out = NULL;
    size_t _input_buffer_size = 0;
    size_t _output_buffer_size = 0;
    size_t _total_buffer_size = 0;
    uint8_t *_buffer = NULL;
    uint8_t *_input_buffer = NULL;
    uint8_t *_output_buffer = NULL;
    size_t _input_buffer_offset = 0;
    size_t _output_buffer_offset = 0;
    size_t _output_bytes_written = 0;

    /* A crashed enclave calls nobody. */
    _result = oe_get_enclave_status();
    if (_result != OE_OK)
        return _result;
    _result = OE_FAILURE;

    __builtin_memset(&_args, 0, sizeof(_args));
    _args.p = (void *)p;
    _args.w = w;

    /* Size of the input buffer. */
    OE_ADD_SIZE(_input_buffer_size, sizeof(_args));
    if (p)
        OE_ADD_ARG_SIZE(_input_buffer_size, 1,
            sizeof(*(golden_ptr)0));

    /* Size of the output buffer. */
    OE_ADD_SIZE(_output_buffer_size, sizeof(_args));

    /* One buffer holds both. */
    _total_buffer_size = _input_buffer_size;
    OE_ADD_SIZE(_total_buffer_size, _output_buffer_size);
    _buffer = (uint8_t *)oe_allocate_ocall_buffer(_total_buffer_size);
    if (!_buffer)
    {
        _result = OE_OUT_OF_MEMORY;
        goto done;
    }
    _input_buffer = _buffer;
    _output_buffer = _buffer + _input_buffer_size;

    /* Pack what goes in. */
    OE_ADD_SIZE(_input_buffer_offset, sizeof(_args));
    OE_WRITE_IN_PARAM(p, 1,
        sizeof(*(golden_ptr)0), void *);
    __builtin_memcpy(_input_buffer, &_args, sizeof(_args));

    _result = oe_call_host_function(
        golden_fcn_id_golden_call,
        _input_buffer,
        _input_buffer_size,
        _output_buffer,
        _output_buffer_size,
        &_output_bytes_written);
    if (_result != OE_OK)
        goto done;

    /* The host can change its memory any time: read it once. */
    __builtin_memcpy(&_args_out, _output_buffer, sizeof(_args_out));
    _pargs_out = &_args_out;
    _result = _pargs_out->oe_result;
    if (_result != OE_OK)
        goto done;
    _result = OE_FAILURE;
    if (_output_bytes_written != _output_buffer_size)
        goto done;
    OE_ADD_SIZE(_output_buffer_offset, sizeof(_args));

    if (_retval)
        *_retval = _pargs_out->oe_retval;
    oe_errno = _pargs_out->ocall_errno;
    _result = OE_OK;

done:
    if (_buffer)
        oe_free_ocall_buffer(_buffer);
    return _result;
}

typedef struct _golden_fast_args_t
{
    oe_result_t oe_result;
    uint8_t *deepcopy_out_buffer;
    size_t deepcopy_out_buffer_size;
    char * text;
    size_t text_len;
} golden_fast_args_t;

oe_result_t golden_fast(
    char *text)
{
    oe_result_t _result = OE_FAILURE;
    golden_fast_args_t _args;
    golden_fast_args_t _args_out;
    const golden_fast_args_t *_pargs_out = NULL;
    size_t _input_buffer_size = 0;
    size_t _output_buffer_size = 0;
    size_t _total_buffer_size = 0;
    uint8_t *_buffer = NULL;
    uint8_t *_input_buffer = NULL;
    uint8_t *_output_buffer = NULL;
    size_t _input_buffer_offset = 0;
    size_t _output_buffer_offset = 0;
    size_t _output_bytes_written = 0;

    /* A crashed enclave calls nobody. */
    _result = oe_get_enclave_status();
    if (_result != OE_OK)
        return _result;
    _result = OE_FAILURE;

    __builtin_memset(&_args, 0, sizeof(_args));
    _args.text = (char *)text;
    _args.text_len = text ? oe_strlen(text) + 1 : 0;

    /* Size of the input buffer. */
    OE_ADD_SIZE(_input_buffer_size, sizeof(_args));
    if (text)
        OE_ADD_ARG_SIZE(_input_buffer_size, _args.text_len,
            sizeof(char));

    /* Size of the output buffer. */
    OE_ADD_SIZE(_output_buffer_size, sizeof(_args));
    if (text)
        OE_ADD_ARG_SIZE(_output_buffer_size, _args.text_len,
            sizeof(char));

    /* One buffer holds both. */
    _total_buffer_size = _input_buffer_size;
    OE_ADD_SIZE(_total_buffer_size, _output_buffer_size);
    _buffer = (uint8_t *)oe_allocate_switchless_ocall_buffer(_total_buffer_size);
    if (!_buffer)
    {
        _result = OE_OUT_OF_MEMORY;
        goto done;
    }
    _input_buffer = _buffer;
    _output_buffer = _buffer + _input_buffer_size;

    /* Pack what goes in. */
    OE_ADD_SIZE(_input_buffer_offset, sizeof(_args));
    OE_WRITE_IN_OUT_PARAM(text, _args.text_len,
        sizeof(char), char *);
    __builtin_memcpy(_input_buffer, &_args, sizeof(_args));

    _result = oe_switchless_call_host_function(
        golden_fcn_id_golden_fast,
        _input_buffer,
        _input_buffer_size,
        _output_buffer,
        _output_buffer_size,
        &_output_bytes_written);
    if (_result != OE_OK)
        goto done;

    /* The host can change its memory any time: read it once. */
    __builtin_memcpy(&_args_out, _output_buffer, sizeof(_args_out));
    _pargs_out = &_args_out;
    _result = _pargs_out->oe_result;
    if (_result != OE_OK)
        goto done;
    _result = OE_FAILURE;
    if (_output_bytes_written != _output_buffer_size)
        goto done;
    OE_ADD_SIZE(_output_buffer_offset, sizeof(_args));

    OE_READ_IN_OUT_PARAM(text, _args.text_len,
        sizeof(char));
    OE_CHECK_NULL_TERMINATOR(text, _args.text_len);
    _result = OE_OK;

done:
    if (_buffer)
        oe_free_switchless_ocall_buffer(_buffer);
    return _result;
}

OE_EXTERNC_END
