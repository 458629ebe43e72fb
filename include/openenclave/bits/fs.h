/* SPDX-License-Identifier: MIT */
/* Names of file systems that an enclave can mount. */
#ifndef _OE_BITS_FS_H
#define _OE_BITS_FS_H

#include <openenclave/bits/types.h>

/*
 * The third argument of mount() for the host's file system, once
 * oe_load_module_host_file_system has succeeded.
 */
#define OE_HOST_FILE_SYSTEM "oe_host_file_system"

#endif
