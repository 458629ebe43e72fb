/* SPDX-License-Identifier: MIT */
#include "vm/cert.h"

#include <errno.h>
#include <string.h>

const char *vm_cert_state_name(enum vm_cert_state state)
{
	static const char *const names[] = { N_("not certified"),
		N_("certified"), N_("of another CA") };

	return names[state];
}

int vm_cert_look(struct pki *pki, const char *name, const struct vmconf *conf,
	struct vm_cert *cert, struct why *why)
{
	const struct pki_tcb_level *level;
	uint16_t pcesvn = PKI_PCESVN;
	int r = -ENODATA;

	memset(cert, 0, sizeof(*cert));
	if (pki)
		r = pki_machine_look(pki, name, &cert->machine, why);
	cert->state = r == -EXDEV ? VM_OF_ANOTHER : r ? VM_NOT_CERTIFIED :
		VM_CERTIFIED;
	if (r && r != -EXDEV && r != -ENODATA)
		return r;
	if (!r)
		pcesvn = cert->machine.pcesvn;
	level = pki_tcb_match(conf->cpusvn, pcesvn);
	cert->tcb = level ? level->status : PKI_TCB_NONE;
	return pki ? pki_is_revoked(pki, name, &cert->revoked, why) : 0;
}
