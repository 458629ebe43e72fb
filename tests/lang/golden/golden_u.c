/* SPDX-License-Identifier: MIT */
/* Made by oeedger8r from golden.edl; changes get lost. */
#include "golden_u.h"

#include <openenclave/edger8r/host.h>
#include <errno.h>

OE_EXTERNC_BEGIN

/* Ecalls. */

enum
{
    golden_fcn_id_golden_nothing = 0,
    golden_fcn_id_golden_plain = 1,
    golden_fcn_id_golden_deep = 2,
    golden_fcn_id_trusted_call_id_max = OE_ENUM_MAX
};

static const oe_ecall_info_t _golden_ecall_info_table[] =
{
    { "golden_nothing" },
    { "golden_plain" },
    { "golden_deep" },
    { NULL }
};

typedef struct _golden_nothing_args_t
{
    oe_result_t oe_result;
    uint8_t *deepcopy_out_buffer;
    size_t deepcopy_out_buffer_size;
} golden_nothing_args_t;

oe_result_t golden_golden_nothing(
    oe_enclave_t *enclave);

oe_result_t golden_golden_nothing(
    oe_enclave_t *enclave)
{
    oe_result_t _result = OE_FAILURE;
    static uint64_t _global_id = OE_GLOBAL_ECALL_ID_NULL;
    golden_nothing_args_t _args;
    const golden_nothing_args_t *_pargs_out = NULL;
    size_t _input_buffer_size = 0;
    size_t _output_buffer_size = 0;
    size_t _total_buffer_size = 0;
    uint8_t *_buffer = NULL;
    uint8_t *_input_buffer = NULL;
    uint8_t *_output_buffer = NULL;
    size_t _input_buffer_offset = 0;
    size_t _output_buffer_offset = 0;
    size_t _output_bytes_written = 0;

    __builtin_memset(&_args, 0, sizeof(_args));

    /* Size of the input buffer. */
    OE_ADD_SIZE(_input_buffer_size, sizeof(_args));

    /* Size of the output buffer. */
    OE_ADD_SIZE(_output_buffer_size, sizeof(_args));

    /* One buffer holds both. */
    _total_buffer_size = _input_buffer_size;
    OE_ADD_SIZE(_total_buffer_size, _output_buffer_size);
    _buffer = (uint8_t *)oe_host_shared_malloc(_total_buffer_size);
    if (!_buffer)
    {
        _result = OE_OUT_OF_MEMORY;
        goto done;
    }
    _input_buffer = _buffer;
    _output_buffer = _buffer + _input_buffer_size;

    /* Pack what goes in. */
    OE_ADD_SIZE(_input_buffer_offset, sizeof(_args));
    __builtin_memcpy(_input_buffer, &_args, sizeof(_args));

    _result = oe_call_enclave_function(
        enclave,
        &_global_id,
        _golden_ecall_info_table[golden_fcn_id_golden_nothing].name,
        _input_buffer,
        _input_buffer_size,
        _output_buffer,
        _output_buffer_size,
        &_output_bytes_written);
    if (_result != OE_OK)
        goto done;

    _pargs_out = (const golden_nothing_args_t *)_output_buffer;
    _result = _pargs_out->oe_result;
    if (_result != OE_OK)
        goto done;
    _result = OE_FAILURE;
    if (_output_bytes_written != _output_buffer_size)
        goto done;
    OE_ADD_SIZE(_output_buffer_offset, sizeof(_args));

    _result = OE_OK;

done:
    if (_buffer)
        oe_host_shared_free(_buffer);
    return _result;
}

OE_WEAK_ALIAS(golden_golden_nothing, golden_nothing);

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

oe_result_t golden_golden_plain(
    oe_enclave_t *enclave,
    int *_retval,
    const char *name,
    const void *data,
    size_t n,
    enum golden_color *color,
    int table[GOLDEN_SIDES][3]);

oe_result_t golden_golden_plain(
    oe_enclave_t *enclave,
    int *_retval,
    const char *name,
    const void *data,
    size_t n,
    enum golden_color *color,
    int table[GOLDEN_SIDES][3])
{
    oe_result_t _result = OE_FAILURE;
    static uint64_t _global_id = OE_GLOBAL_ECALL_ID_NULL;
    golden_plain_args_t _args;
    const golden_plain_args_t *_pargs_out = NULL;
    size_t _input_buffer_size = 0;
    size_t _output_buffer_size = 0;
    size_t _total_buffer_size = 0;
    uint8_t *_buffer = NULL;
    uint8_t *_input_buffer = NULL;
    uint8_t *_output_buffer = NULL;
    size_t _input_buffer_offset = 0;
    size_t _output_buffer_offset = 0;
    size_t _output_bytes_written = 0;

    __builtin_memset(&_args, 0, sizeof(_args));
    _args.name = (char *)name;
    _args.name_len = name ? oe_strlen(name) + 1 : 0;
    _args.data = (void *)data;
    _args.n = n;
    _args.color = (enum golden_color *)color;
    _args.table = (int *)table;

    /* Size of the input buffer. */
    OE_ADD_SIZE(_input_buffer_size, sizeof(_args));
    if (name)
        OE_ADD_ARG_SIZE(_input_buffer_size, _args.name_len,
            sizeof(char));
    if (data)
        OE_ADD_ARG_SIZE(_input_buffer_size, 1,
            _args.n);
    if (table)
        OE_ADD_ARG_SIZE(_input_buffer_size, 1,
            sizeof(int[GOLDEN_SIDES][3]));

    /* Size of the output buffer. */
    OE_ADD_SIZE(_output_buffer_size, sizeof(_args));
    if (color)
        OE_ADD_ARG_SIZE(_output_buffer_size, 1,
            sizeof(enum golden_color));
    if (table)
        OE_ADD_ARG_SIZE(_output_buffer_size, 1,
            sizeof(int[GOLDEN_SIDES][3]));

    /* One buffer holds both. */
    _total_buffer_size = _input_buffer_size;
    OE_ADD_SIZE(_total_buffer_size, _output_buffer_size);
    _buffer = (uint8_t *)oe_host_shared_malloc(_total_buffer_size);
    if (!_buffer)
    {
        _result = OE_OUT_OF_MEMORY;
        goto done;
    }
    _input_buffer = _buffer;
    _output_buffer = _buffer + _input_buffer_size;

    /* Pack what goes in. */
    OE_ADD_SIZE(_input_buffer_offset, sizeof(_args));
    OE_WRITE_IN_PARAM(name, _args.name_len,
        sizeof(char), char *);
    OE_WRITE_IN_PARAM(data, 1,
        _args.n, void *);
    OE_WRITE_IN_OUT_PARAM(table, 1,
        sizeof(int[GOLDEN_SIDES][3]), int *);
    __builtin_memcpy(_input_buffer, &_args, sizeof(_args));

    _result = oe_call_enclave_function(
        enclave,
        &_global_id,
        _golden_ecall_info_table[golden_fcn_id_golden_plain].name,
        _input_buffer,
        _input_buffer_size,
        _output_buffer,
        _output_buffer_size,
        &_output_bytes_written);
    if (_result != OE_OK)
        goto done;

    _pargs_out = (const golden_plain_args_t *)_output_buffer;
    _result = _pargs_out->oe_result;
    if (_result != OE_OK)
        goto done;
    _result = OE_FAILURE;
    if (_output_bytes_written != _output_buffer_size)
        goto done;
    OE_ADD_SIZE(_output_buffer_offset, sizeof(_args));

    OE_READ_OUT_PARAM(color, 1,
        sizeof(enum golden_color));
    OE_READ_IN_OUT_PARAM(table, 1,
        sizeof(int[GOLDEN_SIDES][3]));
    if (_retval)
        *_retval = _pargs_out->oe_retval;
    _result = OE_OK;

done:
    if (_buffer)
        oe_host_shared_free(_buffer);
    return _result;
}

OE_WEAK_ALIAS(golden_golden_plain, golden_plain);

typedef struct _golden_deep_args_t
{
    oe_result_t oe_result;
    uint8_t *deepcopy_out_buffer;
    size_t deepcopy_out_buffer_size;
    golden_list * both;
    size_t n;
    golden_list * made;
} golden_deep_args_t;

oe_result_t golden_golden_deep(
    oe_enclave_t *enclave,
    golden_list *both,
    size_t n,
    golden_list *made);

oe_result_t golden_golden_deep(
    oe_enclave_t *enclave,
    golden_list *both,
    size_t n,
    golden_list *made)
{
    oe_result_t _result = OE_FAILURE;
    static uint64_t _global_id = OE_GLOBAL_ECALL_ID_NULL;
    golden_deep_args_t _args;
    const golden_deep_args_t *_pargs_out = NULL;
    size_t _input_buffer_size = 0;
    size_t _output_buffer_size = 0;
    size_t _total_buffer_size = 0;
    uint8_t *_buffer = NULL;
    uint8_t *_input_buffer = NULL;
    uint8_t *_output_buffer = NULL;
    size_t _input_buffer_offset = 0;
    size_t _output_buffer_offset = 0;
    size_t _output_bytes_written = 0;
    uint8_t *_deepcopy_out_buffer = NULL;
    size_t _deepcopy_out_buffer_size = 0;
    size_t _deepcopy_out_buffer_offset = 0;
    size_t _deepcopy_taken = 0;
    unsigned _deepcopy_params = 0;

    __builtin_memset(&_args, 0, sizeof(_args));
    _args.both = (golden_list *)both;
    _args.n = n;
    _args.made = (golden_list *)made;

    /* Size of the input buffer. */
    OE_ADD_SIZE(_input_buffer_size, sizeof(_args));
    if (both)
        OE_ADD_ARG_SIZE(_input_buffer_size, _args.n,
            sizeof(golden_list));
    if (both)
    {
        for (size_t _i1 = 0; _i1 < (size_t)(_args.n); _i1++)
        {
            if (both[_i1].items)
            {
                OE_ADD_ARG_SIZE(_input_buffer_size, both[_i1].n,
                    sizeof(golden_item));
                for (size_t _i2 = 0; _i2 < (size_t)(both[_i1].n); _i2++)
                {
                    if (both[_i1].items[_i2].key)
                    {
                        OE_ADD_ARG_SIZE(_input_buffer_size, 1,
                            8);
                    }
                }
            }
        }
    }

    /* Size of the output buffer. */
    OE_ADD_SIZE(_output_buffer_size, sizeof(_args));
    if (both)
        OE_ADD_ARG_SIZE(_output_buffer_size, _args.n,
            sizeof(golden_list));
    if (both)
    {
        for (size_t _i1 = 0; _i1 < (size_t)(_args.n); _i1++)
        {
            if (both[_i1].items)
            {
                OE_ADD_ARG_SIZE(_output_buffer_size, both[_i1].n,
                    sizeof(golden_item));
                for (size_t _i2 = 0; _i2 < (size_t)(both[_i1].n); _i2++)
                {
                    if (both[_i1].items[_i2].key)
                    {
                        OE_ADD_ARG_SIZE(_output_buffer_size, 1,
                            8);
                    }
                }
            }
        }
    }
    if (made)
        OE_ADD_ARG_SIZE(_output_buffer_size, 1,
            sizeof(golden_list));

    /* One buffer holds both. */
    _total_buffer_size = _input_buffer_size;
    OE_ADD_SIZE(_total_buffer_size, _output_buffer_size);
    _buffer = (uint8_t *)oe_host_shared_malloc(_total_buffer_size);
    if (!_buffer)
    {
        _result = OE_OUT_OF_MEMORY;
        goto done;
    }
    _input_buffer = _buffer;
    _output_buffer = _buffer + _input_buffer_size;

    /* Pack what goes in. */
    OE_ADD_SIZE(_input_buffer_offset, sizeof(_args));
    OE_WRITE_IN_OUT_PARAM(both, _args.n,
        sizeof(golden_list), golden_list *);
    if (both)
    {
        golden_list *_c1 = (golden_list *)_args.both;
        for (size_t _i1 = 0; _i1 < (size_t)(_args.n); _i1++)
        {
            if (both[_i1].items)
            {
                golden_item *_c2 = (golden_item *)oe_edger8r_pack(
                    _input_buffer, _input_buffer_size, &_input_buffer_offset,
                    both[_i1].items, both[_i1].n,
                    sizeof(golden_item));
                if (!_c2)
                {
                    _result = OE_UNEXPECTED;
                    goto done;
                }
                _c1[_i1].items = (golden_item *)_c2;
                for (size_t _i2 = 0; _i2 < (size_t)(both[_i1].n); _i2++)
                {
                    if (both[_i1].items[_i2].key)
                    {
                        char *_c3 = (char *)oe_edger8r_pack(
                            _input_buffer, _input_buffer_size, &_input_buffer_offset,
                            both[_i1].items[_i2].key, 1,
                            8);
                        if (!_c3)
                        {
                            _result = OE_UNEXPECTED;
                            goto done;
                        }
                        _c2[_i2].key = (char *)_c3;
                    }
                }
            }
        }
    }
    __builtin_memcpy(_input_buffer, &_args, sizeof(_args));

    _result = oe_call_enclave_function(
        enclave,
        &_global_id,
        _golden_ecall_info_table[golden_fcn_id_golden_deep].name,
        _input_buffer,
        _input_buffer_size,
        _output_buffer,
        _output_buffer_size,
        &_output_bytes_written);
    if (_result != OE_OK)
        goto done;

    _pargs_out = (const golden_deep_args_t *)_output_buffer;
    _result = _pargs_out->oe_result;
    if (_result != OE_OK)
        goto done;
    _result = OE_FAILURE;
    _deepcopy_out_buffer = _pargs_out->deepcopy_out_buffer;
    _deepcopy_out_buffer_size = _pargs_out->deepcopy_out_buffer_size;
    if (_output_bytes_written != _output_buffer_size)
        goto done;
    OE_ADD_SIZE(_output_buffer_offset, sizeof(_args));

    if (both)
    {
        const golden_list *_r1 = (const golden_list *)oe_edger8r_place(
            _output_buffer, _output_buffer_size, &_output_buffer_offset,
            _args.n, sizeof(golden_list));
        if (!_r1)
            goto done;
        for (size_t _i1 = 0; _i1 < (size_t)(_args.n); _i1++)
        {
            if (both[_i1].n < _r1[_i1].n)
                goto done;
            both[_i1].plain = _r1[_i1].plain;
            if (both[_i1].items)
            {
                const golden_item *_r2 = (const golden_item *)oe_edger8r_place(
                    _output_buffer, _output_buffer_size, &_output_buffer_offset,
                    both[_i1].n, sizeof(golden_item));
                if (!_r2)
                    goto done;
                for (size_t _i2 = 0; _i2 < (size_t)(both[_i1].n); _i2++)
                {
                    both[_i1].items[_i2].value = _r2[_i2].value;
                    if (both[_i1].items[_i2].key)
                    {
                        if (!oe_edger8r_unpack(
                            _output_buffer, _output_buffer_size, &_output_buffer_offset,
                            (void *)both[_i1].items[_i2].key, 1,
                            8))
                            goto done;
                    }
                }
            }
        }
    }
    OE_READ_OUT_PARAM(made, 1,
        sizeof(golden_list));
    _deepcopy_params = 1;
    if (made)
    {
        for (size_t _i1 = 0; _i1 < (size_t)(1); _i1++)
        {
            if (made[_i1].items)
            {
                void *_p1 = NULL;
                _result = oe_edger8r_take(
                    _deepcopy_out_buffer, _deepcopy_out_buffer_size,
                    &_deepcopy_out_buffer_offset, &_p1, made[_i1].n,
                    sizeof(golden_item));
                if (_result != OE_OK)
                    goto done;
                _result = OE_FAILURE;
                made[_i1].items = (golden_item *)_p1;
                _deepcopy_taken++;
                for (size_t _i2 = 0; _i2 < (size_t)(made[_i1].n); _i2++)
                {
                    if (made[_i1].items[_i2].key)
                    {
                        void *_p2 = NULL;
                        _result = oe_edger8r_take(
                            _deepcopy_out_buffer, _deepcopy_out_buffer_size,
                            &_deepcopy_out_buffer_offset, &_p2, 1,
                            8);
                        if (_result != OE_OK)
                            goto done;
                        _result = OE_FAILURE;
                        made[_i1].items[_i2].key = (char *)_p2;
                        _deepcopy_taken++;
                    }
                }
            }
        }
    }
    if (_deepcopy_out_buffer_offset != _deepcopy_out_buffer_size)
        goto done;
    _result = OE_OK;

done:
    if (_result != OE_OK && _deepcopy_params >= 1 && made)
    {
        for (size_t _i1 = 0; _i1 < (size_t)(1); _i1++)
        {
            if (made[_i1].items)
            {
                if (_deepcopy_taken)
                {
                    _deepcopy_taken--;
                    for (size_t _i2 = 0; _i2 < (size_t)(made[_i1].n); _i2++)
                    {
                        if (made[_i1].items[_i2].key)
                        {
                            if (_deepcopy_taken)
                            {
                                _deepcopy_taken--;
                                __builtin_free((void *)made[_i1].items[_i2].key);
                            }
                            made[_i1].items[_i2].key = NULL;
                        }
                    }
                    __builtin_free((void *)made[_i1].items);
                }
                made[_i1].items = NULL;
            }
        }
    }
    if (_deepcopy_out_buffer)
        oe_host_shared_free(_deepcopy_out_buffer);
    if (_buffer)
        oe_host_shared_free(_buffer);
    return _result;
}

OE_WEAK_ALIAS(golden_golden_deep, golden_deep);

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

static void ocall_golden_call(
    const uint8_t *input_buffer,
    size_t input_buffer_size,
    uint8_t *output_buffer,
    size_t output_buffer_size,
    size_t *output_bytes_written)
{
    oe_result_t _result = OE_FAILURE;
    golden_call_args_t *_pargs_in = (golden_call_args_t *)input_buffer;
    golden_call_args_t *_pargs_out = (golden_call_args_t *)output_buffer;
    size_t _input_buffer_offset = 0;
    size_t _output_buffer_offset = 0;

    *output_bytes_written = 0;
    if (!input_buffer || input_buffer_size < sizeof(*_pargs_in) ||
        !output_buffer || output_buffer_size < sizeof(*_pargs_out))
        return;
    OE_ADD_SIZE(_input_buffer_offset, sizeof(*_pargs_in));
    OE_ADD_SIZE(_output_buffer_offset, sizeof(*_pargs_out));

    /* What came in is in the input buffer. */
    OE_SET_IN_POINTER(p, 1,
        sizeof(*(golden_ptr)0), void *);
    /* What goes out has its place in the output buffer. */
    errno = 0;

    _pargs_out->oe_retval = golden_call(
        (golden_ptr)_pargs_in->p,
        _pargs_in->w);

    _pargs_out->ocall_errno = errno;
    _pargs_out->deepcopy_out_buffer = NULL;
    _pargs_out->deepcopy_out_buffer_size = 0;
    *output_bytes_written = _output_buffer_offset;
    _result = OE_OK;

done:
    _pargs_out->oe_result = _result;
}

typedef struct _golden_fast_args_t
{
    oe_result_t oe_result;
    uint8_t *deepcopy_out_buffer;
    size_t deepcopy_out_buffer_size;
    char * text;
    size_t text_len;
} golden_fast_args_t;

static void ocall_golden_fast(
    const uint8_t *input_buffer,
    size_t input_buffer_size,
    uint8_t *output_buffer,
    size_t output_buffer_size,
    size_t *output_bytes_written)
{
    oe_result_t _result = OE_FAILURE;
    golden_fast_args_t *_pargs_in = (golden_fast_args_t *)input_buffer;
    golden_fast_args_t *_pargs_out = (golden_fast_args_t *)output_buffer;
    size_t _input_buffer_offset = 0;
    size_t _output_buffer_offset = 0;

    *output_bytes_written = 0;
    if (!input_buffer || input_buffer_size < sizeof(*_pargs_in) ||
        !output_buffer || output_buffer_size < sizeof(*_pargs_out))
        return;
    OE_ADD_SIZE(_input_buffer_offset, sizeof(*_pargs_in));
    OE_ADD_SIZE(_output_buffer_offset, sizeof(*_pargs_out));

    /* What came in is in the input buffer. */
    OE_SET_IN_OUT_POINTER(text, _pargs_in->text_len,
        sizeof(char), char *);
    /* What goes out has its place in the output buffer. */
    OE_COPY_AND_SET_IN_OUT_POINTER(text, _pargs_in->text_len,
        sizeof(char), char *);
    OE_CHECK_NULL_TERMINATOR(_pargs_in->text, _pargs_in->text_len);

    golden_fast(
        (char *)_pargs_in->text);

    _pargs_out->deepcopy_out_buffer = NULL;
    _pargs_out->deepcopy_out_buffer_size = 0;
    *output_bytes_written = _output_buffer_offset;
    _result = OE_OK;

done:
    _pargs_out->oe_result = _result;
}

static oe_ocall_func_t _golden_ocall_function_table[] =
{
    ocall_golden_call,
    ocall_golden_fast,
    NULL
};

oe_result_t oe_create_golden_enclave(
    const char *path,
    oe_enclave_type_t type,
    uint32_t flags,
    const oe_enclave_setting_t *settings,
    uint32_t setting_count,
    oe_enclave_t **enclave)
{
    return oe_create_enclave(
        path,
        type,
        flags,
        settings,
        setting_count,
        _golden_ocall_function_table,
        2,
        _golden_ecall_info_table,
        3,
        enclave);
}

OE_EXTERNC_END
