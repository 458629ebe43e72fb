/* SPDX-License-Identifier: MIT */
#include "service/service.h"

const struct service_module service_modules[] = {
	{ "pccs", pccs_routes, pccs_close },
	{ "maa", maa_routes, maa_close },
	{ "akv", akv_routes, akv_close },
	{ "portal", portal_routes, portal_close },
};
const size_t service_module_count =
	sizeof(service_modules) / sizeof(*service_modules);
