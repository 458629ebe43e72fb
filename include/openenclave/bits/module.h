/* SPDX-License-Identifier: MIT */
/*
 * Switches for services of the host that an enclave does not have at first:
 * files, sockets, name resolution, epoll. (Open Enclave SDK's interface.)
 *
 * Each function returns OE_OK when the service is there from now on, also
 * when it was there before, and OE_UNSUPPORTED when the enclave was linked
 * without it. Text output to stdout and stderr needs none of them.
 */
#ifndef _OE_BITS_MODULE_H
#define _OE_BITS_MODULE_H

#include <openenclave/bits/result.h>

OE_EXTERNC_BEGIN

/* Files of the host, through mount(). Not trusted: the host sees them. */
oe_result_t oe_load_module_host_file_system(void);

/* Sockets of the host. */
oe_result_t oe_load_module_host_socket_interface(void);

/* getaddrinfo and getnameinfo, answered by the host. */
oe_result_t oe_load_module_host_resolver(void);

/* epoll over the host's descriptors. */
oe_result_t oe_load_module_host_epoll(void);

OE_EXTERNC_END

#endif
