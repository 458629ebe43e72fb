/* SPDX-License-Identifier: MIT */
#include "vm/vms_priv.h"

int vms_sweep(struct vms *vms, struct why *why)
{
	return 0;
}
