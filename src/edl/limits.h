/* SPDX-License-Identifier: MIT */
/*
 * Limits of the EDL compiler. Each stands between a hostile or broken file
 * and unbounded time, memory or output; ordinary files stay far below.
 */
#ifndef COFFER_EDL_LIMITS_H
#define COFFER_EDL_LIMITS_H

/* Bytes in one EDL file; the largest known ones have some 20 KiB. */
#define EDL_MAX_FILE (1u << 20)
/* Bytes that one run may take for everything that it reads and builds. */
#define EDL_MAX_MEMORY (512u << 20)
/* Bytes in one generated file. */
#define EDL_MAX_OUTPUT (64u << 20)
/* Bytes in one identifier, number or string. */
#define EDL_MAX_TOKEN 1024
/* Files that import each other in a chain. */
#define EDL_MAX_IMPORT_DEPTH 64
/* Functions of one side, and types, of one file with its imports. */
#define EDL_MAX_FUNCTIONS 4096
#define EDL_MAX_TYPES 4096
/* Nested #ifdef and #ifndef. */
#define EDL_MAX_IFDEF_DEPTH 64
/* '*' after a type. */
#define EDL_MAX_POINTERS 8
/* Dimensions of an array. */
#define EDL_MAX_DIMS 16
/* Parameters of a function, members of a struct or union. */
#define EDL_MAX_MEMBERS 1024
/* Levels of pointers that one deep copy follows. */
#define EDL_MAX_DEEP_LEVELS 16
/* Pointers, on all levels together, that one deep copy follows. */
#define EDL_MAX_DEEP_POINTERS 1024

#endif
