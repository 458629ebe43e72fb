/* SPDX-License-Identifier: MIT */
/*
 * Types of the system EDL files. They are the same inside an enclave and in
 * its host, whose C libraries may name and size theirs differently.
 */
#ifndef _OE_BITS_EDL_SYSCALL_TYPES_H
#define _OE_BITS_EDL_SYSCALL_TYPES_H

#include <openenclave/bits/defs.h>
#include <openenclave/bits/types.h>

/* A descriptor of the host. */
typedef int64_t oe_host_fd_t;

typedef uint64_t oe_nfds_t;
typedef uint32_t oe_socklen_t;
typedef uint16_t oe_sa_family_t;
typedef int oe_clockid_t;

typedef int64_t oe_off_t;
typedef uint64_t oe_dev_t;
typedef uint64_t oe_ino_t;
typedef uint64_t oe_nlink_t;
typedef uint32_t oe_mode_t;
typedef uint32_t oe_uid_t;
typedef uint32_t oe_gid_t;
typedef int64_t oe_blksize_t;
typedef int64_t oe_blkcnt_t;

typedef union _oe_epoll_data_t {
	void *ptr;
	int fd;
	uint32_t u32;
	uint64_t u64;
} oe_epoll_data_t;

/* Packed, as the kernel's is on x86-64: 12 bytes. */
OE_PACK_BEGIN
struct oe_epoll_event {
	uint32_t events;
	oe_epoll_data_t data;
};
OE_PACK_END
OE_STATIC_ASSERT(sizeof(struct oe_epoll_event) == 12);

#endif
