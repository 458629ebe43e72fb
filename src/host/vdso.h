/* SPDX-License-Identifier: MIT */
/* Symbols of the vDSO, the library that the kernel maps into a process. */
#ifndef COFFER_HOST_VDSO_H
#define COFFER_HOST_VDSO_H

/* The address of a function in an ELF image that lies in memory as its
 * PT_LOAD segments say, or NULL when the image has none of that name or is
 * not well formed.  Nothing outside the image's first PT_LOAD is read. */
void *vdso_find(const void *image, const char *name);

/* The same in this process's vDSO; NULL when it has none. */
void *vdso_symbol(const char *name);

#endif
