/* SPDX-License-Identifier: MIT */
/* What machines fetch: their PCK certificates. */
#include "service/pccs_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int pccs_find(struct pccs *pccs, const char *qeid, const char *eppid,
	struct pki_machine *machine, struct why *why)
{
	char pushed[PCCS_QEID_MAX + 1] = "";
	struct db_rows *rows;
	uint8_t id[16];
	int r = 0;

	if ((qeid && (strlen(qeid) > PCCS_QEID_MAX ||
	     !pccs_is_hex(qeid, strlen(qeid)))) ||
	    (eppid && *eppid && !pccs_is_hex(eppid, PCCS_EPPID_DIGITS)) ||
	    (!qeid && (!eppid || !*eppid)))
		return why_set(why, -EINVAL, "no identifier");
	/* An encrypted PPID cannot be opened here; what a tool has pushed
	 * together with a QE_ID can be found again. */
	if (!qeid) {
		rows = db_ask(pccs->service->db, "SELECT qe_id FROM "
			"pccs_platform WHERE enc_ppid = upper(?)", "t",
			eppid);
		r = rows ? db_next(rows) : -EIO;
		if (r > 0 && db_text(rows, 0))
			snprintf(pushed, sizeof(pushed), "%s",
				db_text(rows, 0));
		db_done(rows);
		if (r <= 0)
			return why_set(why, r ? r : -ENOENT,
				"no such platform");
		qeid = pushed;
	}
	if (!pccs_hex(qeid, id, sizeof(id)))
		return why_set(why, -ENOENT, "no such platform");
	return pki_machine_find(pccs->pki, id, machine, why);
}

static const char *ca_name(const struct pki_machine *machine)
{
	return machine->ca == PKI_CA_PLATFORM ? "platform" : "processor";
}

static enum pki_cert ca_cert(const struct pki_machine *machine)
{
	return machine->ca == PKI_CA_PLATFORM ? PKI_CERT_PLATFORM :
		PKI_CERT_PROCESSOR;
}

static bool identify(struct http_request *request,
	struct http_answer *answer, const struct pki_machine *machine)
{
	char *fmspc = pccs_to_hex(request, machine->fmspc, PKI_FMSPC_SIZE,
		true);

	if (!fmspc) {
		http_answer_error(answer, 500, NULL, "out of memory");
		return false;
	}
	http_answer_header(answer, "SGX-FMSPC", fmspc);
	http_answer_header(answer, "SGX-PCK-Certificate-CA-Type",
		ca_name(machine));
	return pccs_chain_header(request, answer, ca_cert(machine),
		"SGX-PCK-Certificate-Issuer-Chain");
}

/* CPUSVN and PCESVN, little endian, in upper-case hexadecimal. */
static char *tcbm_of(struct http_request *request, const struct pki_pck *pck)
{
	uint8_t tcbm[18];

	memcpy(tcbm, pck->tcbm_cpusvn, 16);
	tcbm[16] = (uint8_t)pck->tcbm_pcesvn;
	tcbm[17] = (uint8_t)(pck->tcbm_pcesvn >> 8);
	return pccs_to_hex(request, tcbm, sizeof(tcbm), true);
}

static void get_pckcert(struct http_request *request,
	struct http_answer *answer)
{
	struct pccs *pccs = request->context;
	uint8_t cpusvn[16], pcesvn[2], pceid[2];
	struct pki_machine machine;
	struct why why = { "" };
	struct pki_pck pck;
	char *tcbm;
	int r;

	if (!pccs_version(request, answer))
		return;
	if (pccs_is_azure(request)) {
		pccs_azure_pckcert(request, answer);
		return;
	}
	if (!pccs_hex(http_query(request, "cpusvn"), cpusvn, 16) ||
	    !pccs_hex(http_query(request, "pcesvn"), pcesvn, 2) ||
	    !pccs_hex(http_query(request, "pceid"), pceid, 2)) {
		http_answer_error(answer, 400, NULL, "cpusvn, pcesvn and pceid "
			"are 32, 4 and 4 hexadecimal digits.");
		return;
	}
	r = pccs_find(pccs, http_query(request, "qeid"),
		http_query(request, "encrypted_ppid"), &machine, &why);
	if (!r && (pceid[0] | pceid[1] << 8) != machine.pce_id)
		r = -ENOENT;
	if (r) {
		pccs_fail(answer, r, &why, PCCS_UNKNOWN);
		return;
	}
	r = pki_pck_get(pccs->pki, &machine, cpusvn,
		(uint16_t)(pcesvn[0] | pcesvn[1] << 8), &pck, &why);
	if (r) {
		pccs_fail(answer, r, &why, PCCS_NO_CERTIFICATE);
		return;
	}
	tcbm = tcbm_of(request, &pck);
	if (tcbm && identify(request, answer, &machine)) {
		http_answer_header(answer, "SGX-TCBm", tcbm);
		http_answer_bytes(answer, 200, "application/x-pem-file",
			pck.leaf.data, pck.leaf.size);
	} else if (!tcbm) {
		http_answer_error(answer, 500, NULL, "out of memory");
	}
	pki_pck_free(&pck);
}

static json_t *describe(struct http_request *request,
	const struct pki_pck *pck, unsigned version)
{
	char *cert = pccs_escape(request, (const char *)pck->leaf.data,
		pck->leaf.size), *tcbm = tcbm_of(request, pck);
	json_t *tcb = json_object(), *list = json_array();
	char name[32];

	for (unsigned i = 0; i < 16; i++) {
		if (version == 3) {
			snprintf(name, sizeof(name), "sgxtcbcomp%02usvn",
				i + 1);
			json_object_set_new(tcb, name,
				json_integer(pck->tcbm_cpusvn[i]));
		} else {
			json_array_append_new(list, json_pack("{s:i}", "svn",
				pck->tcbm_cpusvn[i]));
		}
	}
	if (version == 4)
		json_object_set(tcb, "sgxtcbcomponents", list);
	json_decref(list);
	json_object_set_new(tcb, "pcesvn", json_integer(pck->tcbm_pcesvn));
	return json_pack("{s:o, s:s?, s:s?}", "tcb", tcb, "tcbm", tcbm,
		"cert", cert);
}

static void get_pckcerts(struct http_request *request,
	struct http_answer *answer)
{
	struct pccs *pccs = request->context;
	unsigned version = pccs_version(request, answer);
	struct pki_machine machine;
	struct pki_pck_list list;
	struct why why = { "" };
	uint8_t pceid[2];
	json_t *out;
	int r;

	if (!version)
		return;
	if (!pccs_hex(http_query(request, "pceid"), pceid, 2)) {
		http_answer_error(answer, 400, NULL,
			"pceid is 4 hexadecimal digits.");
		return;
	}
	r = pccs_find(pccs, http_query(request, "qeid"),
		http_query(request, "encrypted_ppid"), &machine, &why);
	if (!r && (pceid[0] | pceid[1] << 8) != machine.pce_id)
		r = -ENOENT;
	if (!r)
		r = pki_pck_all(pccs->pki, &machine, &list, &why);
	if (r) {
		pccs_fail(answer, r, &why, PCCS_UNKNOWN);
		return;
	}
	out = json_array();
	for (size_t i = 0; i < list.count; i++)
		json_array_append_new(out, describe(request, &list.items[i],
			version));
	pki_pck_list_free(&list);
	if (identify(request, answer, &machine))
		http_answer_json(answer, 200, out);
	else
		json_decref(out);
}

int pccs_certs_routes(struct http_server *server, struct pccs *pccs)
{
	int r = http_route(server, &pccs_interface, pccs, "GET",
		"/sgx/certification/{version}/pckcert", 0, get_pckcert);

	if (!r)
		r = http_route(server, &pccs_interface, pccs, "GET",
			"/sgx/certification/{version}/pckcerts", 0,
			get_pckcerts);
	return r;
}
