/* SPDX-License-Identifier: MIT */
/*
 * The order of checks is that of Intel's library: PCK chain with its lists,
 * TCB info, QE identity; within each form, issuers, revocation.
 *
 * 1. One root: chains of collateral end in the root of the PCK chain (the same
 *    name and key), so that no trusted root vouches for machines of another.
 * 2. A certificate that stands in two chains is the same bytes, so what was
 *    found about it holds in both and is not computed again.
 */
#include "machine_priv.h"

#include "attest/crypto.h"
#include "cert_priv.h"
#include "crl_priv.h"
#include "tcb_info_priv.h"

#include <errno.h>
#include <string.h>

/* Everything that is read on the way and not kept. */
struct reading {
	struct chain pck, crl_issuer, tcb, qe;
	struct crl root_crl, pck_crl;
	struct tcb_info info;
	const struct attest_collateral *collateral;
	struct machine *machine;
};

/* A finding: memory and library errors pass, everything else about the
 * evidence becomes the machine's status (once).  Returns what the caller
 * returns; > 0 means that there is nothing more to find. */
static int found(struct machine *machine, int error,
	enum attest_status status)
{
	if (!error || error == -ENOMEM || error == -EIO)
		return error;
	machine->status = status;
	return 1;
}

static void dated_add(struct dated *dated, int64_t from, int64_t until)
{
	if (!dated->from || from > dated->from)
		dated->from = from;
	if (!dated->until || until < dated->until)
		dated->until = until;
}

static struct dated *dated(struct machine *machine, enum attest_dated bit)
{
	return &machine->dated[__builtin_ctz(bit)];
}

static void date_chain(struct machine *machine, enum attest_dated bit,
	const struct chain *chain)
{
	for (size_t i = 0; i < chain->count; i++)
		dated_add(dated(machine, bit), chain->cert[i].from,
			chain->cert[i].until);
}

const char *attest_dated_name(unsigned int index)
{
	static const char *const names[DATED_COUNT] = {
		N_("the PCK certificate chain"), N_("the TCB info's chain"),
		N_("the QE identity's chain"), N_("the chain of the PCK's list"),
		N_("the PCK's revocation list"), N_("the root's revocation list"),
		N_("the TCB info"), N_("the QE identity"),
	};

	return index < DATED_COUNT ? names[index] : "?";
}

static int judge_root(struct machine *machine, const struct cert *root)
{
	int error = attest_cert_check_role(root, CERT_ROOT, &machine->why);

	if (!error)
		error = attest_cert_check_issuer(root, root, &machine->why);
	return found(machine, error, ATTEST_ROOT_CA_INVALID);
}

/* The root of another chain; 0 if it is that of the PCK chain. */
static int judge_same_root(struct reading *r, const struct cert *root,
	enum attest_status status)
{
	const struct cert *own = &r->pck.cert[2];
	struct why *why = &r->machine->why;
	int error;

	if (attest_cert_same(root, own))
		return 0;
	if (memcmp(root->key, own->key, sizeof(own->key)))
		return found(r->machine, why_set(why, -EINVAL, "a chain of "
			"collateral ends in another root than the quote's"),
			status);
	error = attest_cert_check_role(root, CERT_ROOT, why);
	if (!error)
		error = attest_cert_check_issuer(root, root, why);
	return found(r->machine, error, status);
}

static int judge_intermediate(struct machine *machine,
	const struct cert *cert, const struct cert *root)
{
	int error = attest_cert_check_role(cert, CERT_INTERMEDIATE,
		&machine->why);

	if (!error)
		error = attest_cert_check_issuer(cert, root, &machine->why);
	return found(machine, error, ATTEST_INTERMEDIATE_CA_INVALID);
}

static int judge_pck_chain(struct reading *r, struct attest_bytes pem,
	const struct attest_roots *roots)
{
	struct machine *machine = r->machine;
	const struct cert *leaf = &r->pck.cert[0], *ca = &r->pck.cert[1],
		*root = &r->pck.cert[2];
	int error = found(machine, attest_chain_read(pem, 3, &r->pck,
		&machine->why),
		ATTEST_PCK_CERT_CHAIN_INVALID);

	if (error)
		return error;
	memcpy(machine->root_key, root->key, sizeof(machine->root_key));
	date_chain(machine, ATTEST_DATED_PCK_CHAIN, &r->pck);
	error = judge_root(machine, root);
	if (!error)
		error = judge_intermediate(machine, ca, root);
	if (error)
		return error;
	error = attest_cert_pck(leaf, &machine->pck, &machine->why);
	if (!error)
		error = attest_cert_check_issuer(leaf, ca, &machine->why);
	error = found(machine, error, ATTEST_PCK_CERT_INVALID);
	if (error)
		return error;
	if (!attest_roots_hold(roots, root->key))
		return found(machine, why_set(&machine->why, -EINVAL,
			"the quote's root \"%s\" is none of the %zu trusted "
			"here", root->common_name, roots->count),
			ATTEST_ROOT_UNTRUSTED);
	return 0;
}

static int read_crl(struct machine *machine, struct attest_bytes bytes,
	struct crl *crl, const struct cert *issuer, enum attest_dated bit)
{
	int error = found(machine, attest_crl_read(bytes, crl, &machine->why),
		ATTEST_CRL_INVALID);

	if (error)
		return error;
	dated_add(dated(machine, bit), crl->from, crl->until);
	error = attest_crl_check_issuer(crl, issuer, &machine->why);
	return found(machine, error, error == -ENOKEY ?
		ATTEST_CRL_UNKNOWN_ISSUER : ATTEST_CRL_INVALID_SIGNATURE);
}

static int check_listed(struct machine *machine, const struct crl *crl,
	const struct cert *cert, enum attest_status status)
{
	if (!attest_crl_lists(crl, cert))
		return 0;
	return found(machine, why_set(&machine->why, -EINVAL,
		"\"%s\" stands in its authority's revocation list",
		cert->common_name), status);
}

/* The chain that came with the PCK's list: the same authorities. */
static int judge_crl_issuer(struct reading *r)
{
	struct machine *machine = r->machine;
	const struct cert *ca = &r->crl_issuer.cert[0];
	int error = found(machine,
		attest_chain_read(r->collateral->pck_crl_chain, 2,
		&r->crl_issuer, &machine->why), ATTEST_CRL_UNKNOWN_ISSUER);

	if (error)
		return error;
	date_chain(machine, ATTEST_DATED_PCK_CRL_CHAIN, &r->crl_issuer);
	error = judge_same_root(r, &r->crl_issuer.cert[1],
		ATTEST_CRL_UNKNOWN_ISSUER);
	if (error || attest_cert_same(ca, &r->pck.cert[1]))
		return error;
	/* Reissued: the same authority under the same key. */
	error = judge_intermediate(machine, ca, &r->pck.cert[2]);
	if (!error && memcmp(ca->key, r->pck.cert[1].key, sizeof(ca->key)))
		error = found(machine, why_set(&machine->why, -EINVAL,
			"the chain of the PCK's revocation list is of "
			"another authority than the PCK's"),
			ATTEST_CRL_UNKNOWN_ISSUER);
	return error;
}

static int judge_revocation(struct reading *r)
{
	const struct attest_collateral *collateral = r->collateral;
	struct machine *machine = r->machine;
	const struct cert *leaf = &r->pck.cert[0], *ca = &r->pck.cert[1],
		*root = &r->pck.cert[2];
	int error = judge_crl_issuer(r);

	if (!error)
		error = read_crl(machine, collateral->root_crl, &r->root_crl,
			root, ATTEST_DATED_ROOT_CRL);
	if (!error)
		error = read_crl(machine, collateral->pck_crl, &r->pck_crl,
			ca, ATTEST_DATED_PCK_CRL);
	if (error)
		return error;
	machine->root_crl_number = r->root_crl.number;
	machine->pck_crl_number = r->pck_crl.number;
	error = check_listed(machine, &r->root_crl, ca,
		ATTEST_INTERMEDIATE_CA_REVOKED);
	if (!error)
		error = check_listed(machine, &r->root_crl,
			&r->crl_issuer.cert[0],
			ATTEST_INTERMEDIATE_CA_REVOKED);
	if (!error)
		error = check_listed(machine, &r->pck_crl, leaf,
			ATTEST_PCK_REVOKED);
	return error;
}

/* The chain that signs JSON; other is one that was found good, or NULL. */
static int judge_signer(struct reading *r, struct attest_bytes pem,
	struct chain *chain, const struct chain *other, enum attest_dated bit)
{
	struct machine *machine = r->machine;
	const struct cert *signer = &chain->cert[0];
	int error = found(machine, attest_chain_read(pem, 2, chain,
		&machine->why),
		ATTEST_SIGNING_CERT_CHAIN_INVALID);

	if (!error)
		error = judge_same_root(r, &chain->cert[1],
			ATTEST_SIGNING_CERT_CHAIN_INVALID);
	if (error)
		return error;
	date_chain(machine, bit, chain);
	if (other && attest_cert_same(signer, &other->cert[0]))
		return 0;
	error = attest_cert_check_role(signer, CERT_TCB_SIGNER, &machine->why);
	if (!error)
		error = attest_cert_check_issuer(signer, &chain->cert[1],
			&machine->why);
	error = found(machine, error, ATTEST_SIGNING_CERT_CHAIN_INVALID);
	if (!error)
		error = check_listed(machine, &r->root_crl, signer,
			ATTEST_SIGNING_CERT_REVOKED);
	return error;
}

static int check_signature(struct machine *machine,
	const struct signed_json *json, const struct cert *signer,
	enum attest_status status)
{
	int error = attest_signed_json_verify(json, signer->key);

	if (error == -EBADMSG)
		why_set(&machine->why, error, "it was not signed by \"%s\"",
			signer->common_name);
	return found(machine, error, status);
}

static int judge_tcb_info(struct reading *r)
{
	struct machine *machine = r->machine;
	const struct tcb_level *level;
	struct signed_json json;
	int error = found(machine,
		attest_signed_json_split(r->collateral->tcb_info,
		"tcbInfo", &json, &machine->why), ATTEST_TCB_INFO_INVALID);

	if (!error)
		error = judge_signer(r, r->collateral->tcb_info_chain,
			&r->tcb, NULL, ATTEST_DATED_TCB_INFO_CHAIN);
	if (!error)
		error = check_signature(machine, &json, &r->tcb.cert[0],
			ATTEST_TCB_INFO_INVALID_SIGNATURE);
	if (!error)
		error = found(machine, attest_tcb_info_read(&json, &r->info,
			&machine->why), ATTEST_TCB_INFO_INVALID);
	if (error)
		return error;
	dated_add(dated(machine, ATTEST_DATED_TCB_INFO), r->info.from,
		r->info.until);
	machine->tcb_evaluation_number = r->info.evaluation_number;
	level = attest_tcb_info_match(&r->info, &machine->pck);
	if (level) {
		machine->level_found = true;
		machine->level = level->status;
		machine->tcb_date = level->date;
		attest_advisories_add(level->advisories, machine->advisory,
			&machine->advisory_count);
	}
	return 0;
}

static int judge_qe_identity(struct reading *r)
{
	struct machine *machine = r->machine;
	struct qe_identity *identity = &machine->identity;
	struct signed_json json;
	int error = found(machine, attest_signed_json_split(
		r->collateral->qe_identity, "enclaveIdentity", &json,
		&machine->why), ATTEST_QE_IDENTITY_INVALID);

	if (!error)
		error = judge_signer(r, r->collateral->qe_identity_chain,
			&r->qe, &r->tcb, ATTEST_DATED_QE_IDENTITY_CHAIN);
	if (!error)
		error = check_signature(machine, &json, &r->qe.cert[0],
			ATTEST_QE_IDENTITY_INVALID_SIGNATURE);
	if (!error)
		error = found(machine, attest_qe_identity_read(&json, identity,
			&machine->why), ATTEST_QE_IDENTITY_INVALID);
	if (error)
		return error;
	dated_add(dated(machine, ATTEST_DATED_QE_IDENTITY), identity->from,
		identity->until);
	if (identity->evaluation_number < machine->tcb_evaluation_number)
		machine->tcb_evaluation_number = identity->evaluation_number;
	return 0;
}

static int judge_match(struct reading *r)
{
	const struct attest_pck *pck = &r->machine->pck;

	if (!memcmp(pck->fmspc, r->info.fmspc, sizeof(pck->fmspc)) &&
			pck->pceid == r->info.pceid)
		return 0;
	return found(r->machine, why_set(&r->machine->why, -EINVAL,
		"the machine's FMSPC or PCE-ID is not that of the TCB info"),
		ATTEST_TCB_INFO_MISMATCH);
}

int attest_machine_judge(struct attest_bytes chain,
	const struct attest_collateral *collateral,
	const struct attest_roots *roots, struct machine *machine)
{
	struct reading r = { .collateral = collateral, .machine = machine };
	int error;

	memset(machine, 0, sizeof(*machine));
	machine->status = ATTEST_OK;
	machine->level = ATTEST_LEVEL_UNKNOWN;
	mbedtls_x509_crl_init(&r.root_crl.list);
	mbedtls_x509_crl_init(&r.pck_crl.list);
	error = judge_pck_chain(&r, chain, roots);
	if (!error)
		error = judge_revocation(&r);
	if (!error)
		error = judge_tcb_info(&r);
	if (!error)
		error = judge_qe_identity(&r);
	if (!error)
		error = judge_match(&r);
	attest_tcb_info_free(&r.info);
	attest_crl_free(&r.pck_crl);
	attest_crl_free(&r.root_crl);
	attest_chain_free(&r.qe);
	attest_chain_free(&r.tcb);
	attest_chain_free(&r.crl_issuer);
	attest_chain_free(&r.pck);
	return error < 0 ? error : 0;
}

void attest_machine_free(struct machine *machine)
{
	attest_qe_identity_free(&machine->identity);
	memset(&machine->identity, 0, sizeof(machine->identity));
	attest_key_free(machine->key);
	machine->key = NULL;
}

void attest_advisories_add(json_t *list,
	char advisory[ATTEST_ADVISORIES_MAX][ATTEST_ADVISORY_SIZE],
	size_t *count)
{
	json_t *item;
	size_t index, i;

	json_array_foreach(list, index, item) {
		const char *text = json_string_value(item);

		for (i = 0; i < *count; i++)
			if (!strcmp(advisory[i], text))
				break;
		if (i < *count || *count >= ATTEST_ADVISORIES_MAX)
			continue;
		memset(advisory[i], 0, ATTEST_ADVISORY_SIZE);
		memcpy(advisory[i], text, strlen(text));
		(*count)++;
	}
}
