/* SPDX-License-Identifier: MIT */
/* Made by oeedger8r from golden.edl; changes get lost. */
#ifndef EDGER8R_GOLDEN_ARGS_H
#define EDGER8R_GOLDEN_ARGS_H

#include <openenclave/bits/result.h>
#include <openenclave/bits/types.h>

#include <stdint.h>
#include <stdlib.h> /* wchar_t */

#include "golden_types.h"

#if !defined(EDGER8R_STRUCT_GOLDEN_LIST) && !defined(EDGER8R_STRUCT_GOLDEN_LIST_NAME)
#define EDGER8R_STRUCT_GOLDEN_LIST_NAME
typedef struct golden_list golden_list;
#endif

#if !defined(EDGER8R_STRUCT_GOLDEN_ITEM) && !defined(EDGER8R_STRUCT_GOLDEN_ITEM_NAME)
#define EDGER8R_STRUCT_GOLDEN_ITEM_NAME
typedef struct golden_item golden_item;
#endif

#if !defined(EDGER8R_UNION_GOLDEN_WORD) && !defined(EDGER8R_UNION_GOLDEN_WORD_NAME)
#define EDGER8R_UNION_GOLDEN_WORD_NAME
typedef union golden_word golden_word;
#endif

#ifndef EDGER8R_ENUM_GOLDEN_COLOR
#define EDGER8R_ENUM_GOLDEN_COLOR
typedef enum golden_color
{
    GOLDEN_RED,
    GOLDEN_GREEN = 3,
    GOLDEN_LAST = GOLDEN_GREEN,
} golden_color;
#endif /* EDGER8R_ENUM_GOLDEN_COLOR */

#ifndef EDGER8R_ENUM_OF_GOLDEN_SIDES
#define EDGER8R_ENUM_OF_GOLDEN_SIDES
enum
{
    GOLDEN_SIDES = 2,
};
#endif /* EDGER8R_ENUM_OF_GOLDEN_SIDES */

#ifndef EDGER8R_STRUCT_GOLDEN_LIST
#define EDGER8R_STRUCT_GOLDEN_LIST
struct golden_list
{
    uint32_t n;
    golden_item *items;
    int plain;
};
#endif /* EDGER8R_STRUCT_GOLDEN_LIST */

#ifndef EDGER8R_STRUCT_GOLDEN_ITEM
#define EDGER8R_STRUCT_GOLDEN_ITEM
struct golden_item
{
    char *key;
    double value;
};
#endif /* EDGER8R_STRUCT_GOLDEN_ITEM */

#ifndef EDGER8R_UNION_GOLDEN_WORD
#define EDGER8R_UNION_GOLDEN_WORD
union golden_word
{
    uint32_t w;
    uint8_t b[4];
};
#endif /* EDGER8R_UNION_GOLDEN_WORD */

#endif /* EDGER8R_GOLDEN_ARGS_H */
