/* SPDX-License-Identifier: MIT */
/*
 * liboesyscall: the switches for services of the host. An enclave of this
 * library has none of them but text output, which needs no switch.
 */
#include <openenclave/bits/module.h>

oe_result_t oe_load_module_host_file_system(void)
{
	return OE_UNSUPPORTED;
}

oe_result_t oe_load_module_host_socket_interface(void)
{
	return OE_UNSUPPORTED;
}

oe_result_t oe_load_module_host_resolver(void)
{
	return OE_UNSUPPORTED;
}

oe_result_t oe_load_module_host_epoll(void)
{
	return OE_UNSUPPORTED;
}
