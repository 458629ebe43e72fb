/* SPDX-License-Identifier: MIT */
/*
 * Provisioning tools push platforms and fetch lists of them; administrators
 * push collateral and appraisal policies.  A platform that the CA has made
 * needs no pushing: its certificates are here.  One that it has not made is
 * remembered, so that the list tells what is missing.
 */
#include "service/pccs_priv.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PLATFORM_BODY_MAX 262144u /* a manifest has up to 112884 digits */
#define COLLATERAL_BODY_MAX HTTP_BODY_MAX
#define POLICY_BODY_MAX 65536u
#define POLICIES_MAX 256
#define DONE "The operation was successful."

static bool allowed(struct http_answer *answer, bool right)
{
	if (!right)
		http_answer_error(answer, 401, "Unauthorized",
			"This needs the token of the service's folder.");
	return right;
}

static bool is_admin(struct http_request *request,
	struct http_answer *answer)
{
	struct pccs *pccs = request->context;

	return allowed(answer, service_is_admin(pccs->service, request,
		"admin-token"));
}

static bool is_user(struct http_request *request, struct http_answer *answer)
{
	struct pccs *pccs = request->context;

	return allowed(answer, service_is_user(pccs->service, request,
		"user-token"));
}

static void done(struct http_answer *answer)
{
	http_answer_text(answer, 200, "text/plain; charset=utf-8", DONE);
}

/* --- platforms ---------------------------------------------------------- */

/* A member that is hexadecimal, of so many digits or fewer (fixed: exactly);
 * "" when it may be missing and is.  NULL: wrong. */
static const char *member(json_t *body, const char *name, size_t digits,
	bool fixed, bool needed)
{
	json_t *value = json_object_get(body, name);
	const char *text = json_string_value(value);

	if (!value || (text && !*text))
		return needed ? NULL : "";
	if (!text || !pccs_is_hex(text, strlen(text)) ||
	    (fixed ? strlen(text) != digits : strlen(text) > digits))
		return NULL;
	return text;
}

struct platform {
	const char *qe_id, *pce_id, *cpu_svn, *pce_svn, *enc_ppid, *manifest;
};

static bool platform_parse(json_t *body, struct platform *p)
{
	p->qe_id = member(body, "qe_id", PCCS_QEID_MAX, false, true);
	p->pce_id = member(body, "pce_id", 4, true, true);
	p->manifest = member(body, "platform_manifest", 112884, false, false);
	/* A manifest says the rest, later. */
	p->cpu_svn = member(body, "cpu_svn", 32, true,
		p->manifest && !*p->manifest);
	p->pce_svn = member(body, "pce_svn", 4, true,
		p->manifest && !*p->manifest);
	p->enc_ppid = member(body, "enc_ppid", PCCS_EPPID_DIGITS, true,
		p->manifest && !*p->manifest);
	return p->qe_id && p->pce_id && p->manifest && p->cpu_svn &&
		p->pce_svn && p->enc_ppid;
}

/* 1: stored, 0: no room. */
static int platform_store(struct db *db, const struct platform *p,
	const char *fmspc, int64_t now, int64_t most)
{
	int r = db_begin(db);
	struct db_rows *rows;
	int64_t count = 0;

	if (r)
		return r;
	rows = db_ask(db, "SELECT count(*) FROM pccs_platform", "");
	r = rows ? db_next(rows) : -EIO;
	if (r > 0)
		count = db_number(rows, 0);
	db_done(rows);
	if (r > 0 && count >= most) {
		db_rollback(db);
		return 0;
	}
	if (r > 0)
		r = db_run(db, "INSERT OR REPLACE INTO pccs_platform (qe_id, "
			"pce_id, cpu_svn, pce_svn, enc_ppid, manifest, fmspc, "
			"pushed) VALUES (upper(?), upper(?), upper(?), "
			"upper(?), upper(?), upper(?), ?, ?)", "ttttttti",
			p->qe_id, p->pce_id, p->cpu_svn, p->pce_svn,
			p->enc_ppid, p->manifest, fmspc, now);
	if (r < 0) {
		db_rollback(db);
		return r;
	}
	r = db_commit(db);
	return r ? r : 1;
}

static void post_platforms(struct http_request *request,
	struct http_answer *answer)
{
	struct pccs *pccs = request->context;
	struct pki_machine machine;
	struct why why = { "" };
	struct platform p;
	json_t *body;
	int r;

	if (!pccs_version(request, answer) || !is_user(request, answer))
		return;
	body = http_body_json(request, answer);
	if (!body)
		return;
	if (!platform_parse(body, &p)) {
		http_answer_error(answer, 400, NULL, "qe_id, pce_id, cpu_svn, "
			"pce_svn and enc_ppid are hexadecimal strings.");
		return;
	}
	r = pccs_find(pccs, p.qe_id, NULL, &machine, &why);
	if (r && r != -ENOENT) {
		pccs_fail(answer, r, &why, 404);
		return;
	}
	r = platform_store(pccs->service->db, &p, r ? "" :
		pccs_to_hex(request, machine.fmspc, PKI_FMSPC_SIZE, true),
		service_now(pccs->service), config_number(
		pccs->service->config, "pccs.requests_stored"));
	if (r < 0)
		http_answer_error(answer, 500, NULL,
			"The platform could not be stored.");
	else if (!r)
		http_answer_error(answer, 503, NULL,
			"Too many platforms are remembered already.");
	else
		done(answer);
}

static json_t *platform_json(struct db_rows *rows)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "qe_id",
		db_text(rows, 0), "pce_id", db_text(rows, 1), "cpu_svn",
		db_text(rows, 2), "pce_svn", db_text(rows, 3), "enc_ppid",
		db_text(rows, 4), "platform_manifest", db_text(rows, 5));
}

/* Is this FMSPC in "[A,B]"?  An empty list has all. */
static bool listed(const char *list, const char *fmspc)
{
	if (!pccs_is_hex(fmspc, 2 * PKI_FMSPC_SIZE))
		return false;
	if (list[strspn(list, "[ ")] == ']')
		return true;
	for (const char *at = list; (at = strcasestr(at, fmspc)); at++)
		if (strchr("[, ", at[-1]) && strchr("], ", at[2 * PKI_FMSPC_SIZE]))
			return true;
	return false;
}

/* [AABBCCDDEEFF,…] and nothing else. */
static bool list_ok(const char *list)
{
	size_t size = strlen(list);

	return size >= 2 && list[0] == '[' && list[size - 1] == ']' &&
		strspn(list + 1, "0123456789abcdefABCDEF, ") == size - 2;
}

static void get_platforms(struct http_request *request,
	struct http_answer *answer)
{
	struct pccs *pccs = request->context;
	const char *source = http_query(request, "source");
	struct db *db = pccs->service->db;
	bool known = source && *source == '[', fresh;
	json_t *out = json_array();
	struct db_rows *rows;
	char count[24];
	int r = -EIO;

	fresh = !source || !strcmp(source, "reg");
	if (!pccs_version(request, answer) || !is_admin(request, answer)) {
		json_decref(out);
		return;
	}
	if (!fresh && (known ? !list_ok(source) :
	    strcmp(source, "reg_na") != 0)) {
		json_decref(out);
		http_answer_error(answer, 400, NULL, "source is reg, reg_na or "
			"a list of FMSPCs in brackets.");
		return;
	}
	/* None is ever "not available" here: reg_na is empty. */
	if (!db_begin(db)) {
		rows = db_ask(db, "SELECT qe_id, pce_id, cpu_svn, pce_svn, "
			"enc_ppid, manifest, fmspc FROM pccs_platform WHERE "
			"(fmspc <> '') = ? ORDER BY pushed, qe_id", "i",
			(int64_t)known);
		while (rows && (r = db_next(rows)) > 0)
			if (fresh || (known && listed(source,
			    db_text(rows, 6))))
				json_array_append_new(out,
					platform_json(rows));
		db_done(rows);
		if (!r && fresh)
			r = db_run(db, "DELETE FROM pccs_platform WHERE "
				"fmspc = ''", "");
		if (r < 0)
			db_rollback(db);
		else
			r = db_commit(db);
	}
	if (r < 0) {
		json_decref(out);
		http_answer_error(answer, 500, NULL,
			"The list could not be read.");
		return;
	}
	snprintf(count, sizeof(count), "%zu", json_array_size(out));
	http_answer_header(answer, "platform-count", count);
	http_answer_json(answer, 200, out);
}

/* --- collateral that somebody else has collected ------------------------ */

/* Is the last certificate of a percent-encoded chain our root? */
static int has_our_root(struct pccs *pccs, const char *escaped)
{
	size_t size = strlen(escaped), used = 0;
	X509 *last = NULL, *next, *root = NULL;
	struct pki_bytes der = { NULL, 0 };
	const unsigned char *at;
	struct why why;
	char *text;
	BIO *in;
	int same = -1;

	if (size > 3 * PCCS_CHAIN_MAX)
		return -1;
	text = malloc(size + 1);
	for (size_t i = 0; text && i < size; i++) {
		uint8_t byte = (uint8_t)escaped[i];

		if (byte == '%' && i + 2 < size) {
			char pair[3] = { escaped[i + 1], escaped[i + 2] };

			if (pccs_hex(pair, &byte, 1))
				i += 2;
		}
		text[used++] = (char)byte;
	}
	in = text ? BIO_new_mem_buf(text, (int)used) : NULL;
	while (in && (next = PEM_read_bio_X509(in, NULL, NULL, NULL))) {
		X509_free(last);
		last = next;
	}
	if (last && !pki_cert_der(pccs->pki, PKI_CERT_ROOT, &der, &why)) {
		at = der.data;
		root = d2i_X509(NULL, &at, (long)der.size);
	}
	if (root)
		same = !X509_cmp(root, last);
	BIO_free(in);
	free(text);
	X509_free(last);
	X509_free(root);
	pki_bytes_free(&der);
	return same;
}

/* 1: all chains end in our root, 0: not, -1: there is one that is none. */
static int chains_ours(struct pccs *pccs, json_t *certificates)
{
	const char *name;
	json_t *value;
	int all = -1;

	json_object_foreach(certificates, name, value) {
		const char *inner;
		json_t *chain;
		int one = json_is_string(value) ?
			has_our_root(pccs, json_string_value(value)) :
			json_is_object(value) && json_object_size(value) ?
			1 : -1;

		if (json_is_object(value))
			json_object_foreach(value, inner, chain) {
				int r = json_is_string(chain) ? has_our_root(
					pccs, json_string_value(chain)) : -1;

				one = one < r ? one : r;
			}
		if (one < 0)
			return -1;
		all = all < 0 || one < all ? one : all;
	}
	return all;
}

/* Ours is made anew whenever it is asked for, so what comes from our CA need
 * not be stored, and what comes from another may not. */
static void put_collateral(struct http_request *request,
	struct http_answer *answer)
{
	struct pccs *pccs = request->context;
	json_t *body, *collaterals;
	int ours;

	if (!pccs_version(request, answer) || !is_admin(request, answer))
		return;
	body = http_body_json(request, answer);
	if (!body)
		return;
	collaterals = json_object_get(body, "collaterals");
	if (!json_is_array(json_object_get(body, "platforms")) ||
	    !json_is_array(json_object_get(collaterals, "pck_certs")) ||
	    !json_is_array(json_object_get(collaterals, "tcbinfos"))) {
		http_answer_error(answer, 400, NULL, "platforms, collaterals, "
			"its pck_certs and its tcbinfos are missing.");
		return;
	}
	ours = chains_ours(pccs, json_object_get(collaterals,
		"certificates"));
	if (ours < 0)
		http_answer_error(answer, 400, NULL, "collaterals.certificates "
			"are no chains.");
	else if (!ours)
		http_answer_error(answer, PCCS_INTEGRITY, "IntegrityError",
			"%s", "The chains do not end in the root of this "
			"service's CA.");
	else
		done(answer);
}

static void refresh(struct http_request *request, struct http_answer *answer)
{
	struct pccs *pccs = request->context;
	const char *type = http_query(request, "type");
	struct why why = { "" };
	struct pki_bytes list;
	int r;

	if (!pccs_version(request, answer) || !is_admin(request, answer))
		return;
	if (type && strcmp(type, "certs")) {
		http_answer_error(answer, 400, NULL,
			"type is certs, or missing.");
		return;
	}
	/* What is old is made again by asking for it. */
	r = pki_root_crl_get(pccs->pki, &list, &why);
	if (!r) {
		pki_bytes_free(&list);
		r = pki_qe_identity_get(pccs->pki, 4, 0, &list, &why);
	}
	if (!r) {
		pki_bytes_free(&list);
		done(answer);
	} else {
		pccs_fail(answer, r, &why, 500);
	}
}

/* --- appraisal policies ------------------------------------------------- */

static void put_policy(struct http_request *request,
	struct http_answer *answer)
{
	struct pccs *pccs = request->context;
	uint8_t digest[48];
	json_t *body;
	const char *policy, *fmspc;
	char *id;
	int r;

	if (!is_admin(request, answer))
		return;
	body = http_body_json(request, answer);
	if (!body)
		return;
	policy = json_string_value(json_object_get(body, "policy"));
	fmspc = json_string_value(json_object_get(body, "fmspc"));
	if (!policy || !*policy || !pccs_is_hex(fmspc, 12) ||
	    !json_is_boolean(json_object_get(body, "is_default"))) {
		http_answer_error(answer, 400, NULL, "policy is a string, "
			"is_default a boolean, fmspc 12 hexadecimal digits.");
		return;
	}
	if (!EVP_Digest(policy, strlen(policy), digest, NULL, EVP_sha384(),
	    NULL) || !(id = pccs_to_hex(request, digest, 48, true))) {
		http_answer_error(answer, 500, NULL, "out of memory");
		return;
	}
	r = db_run(pccs->service->db, "INSERT OR REPLACE INTO pccs_policy "
		"(id, fmspc, is_default, policy) SELECT ?, upper(?), ?, ? "
		"WHERE (SELECT count(*) FROM pccs_policy) < ? OR "
		"EXISTS (SELECT 1 FROM pccs_policy WHERE id = ?)", "ttitit",
		id, fmspc, (int64_t)json_is_true(json_object_get(body,
		"is_default")), policy, (int64_t)POLICIES_MAX, id);
	if (r < 0)
		http_answer_error(answer, 500, NULL,
			"The policy could not be stored.");
	else if (!r)
		http_answer_error(answer, 503, NULL,
			"There are too many policies.");
	else
		http_answer_text(answer, 200, "text/plain; charset=utf-8", id);
}

static void get_policy(struct http_request *request,
	struct http_answer *answer)
{
	struct pccs *pccs = request->context;
	const char *fmspc = http_query(request, "fmspc");
	struct db_rows *rows;
	char *all = NULL;
	int r;

	if (!is_user(request, answer))
		return;
	if (!pccs_is_hex(fmspc, 12)) {
		http_answer_error(answer, 400, NULL,
			"fmspc is 12 hexadecimal digits.");
		return;
	}
	rows = db_ask(pccs->service->db, "SELECT group_concat(policy, ',') "
		"FROM pccs_policy WHERE fmspc = upper(?) AND is_default", "t",
		fmspc);
	r = rows ? db_next(rows) : -EIO;
	if (r > 0 && db_text(rows, 0))
		all = http_printf(request, "%s", db_text(rows, 0));
	db_done(rows);
	if (r < 0)
		http_answer_error(answer, 500, NULL,
			"The policies could not be read.");
	else if (!all)
		http_answer_error(answer, 404, NULL, "There is no such data.");
	else
		http_answer_text(answer, 200, "text/plain; charset=utf-8",
			all);
}

/* --- routes ------------------------------------------------------------- */

static const char *const steps[] = {
	"CREATE TABLE pccs_platform (qe_id TEXT NOT NULL, pce_id TEXT NOT "
	"NULL, cpu_svn TEXT NOT NULL, pce_svn TEXT NOT NULL, enc_ppid TEXT "
	"NOT NULL, manifest TEXT NOT NULL, fmspc TEXT NOT NULL, pushed "
	"INTEGER NOT NULL, PRIMARY KEY (qe_id, pce_id)) STRICT;"
	"CREATE INDEX pccs_platform_ppid ON pccs_platform (enc_ppid);"
	"CREATE TABLE pccs_policy (id TEXT PRIMARY KEY, fmspc TEXT NOT NULL, "
	"is_default INTEGER NOT NULL, policy TEXT NOT NULL) STRICT;",
};

int pccs_admin_routes(struct http_server *server, struct pccs *pccs,
	struct why *why)
{
	static const struct {
		const char *method, *pattern;
		size_t body;
		http_handler *handler;
	} routes[] = {
		{ "POST", "/sgx/certification/{version}/platforms",
		  PLATFORM_BODY_MAX, post_platforms },
		{ "GET", "/sgx/certification/{version}/platforms", 0,
		  get_platforms },
		{ "PUT", "/sgx/certification/{version}/platformcollateral",
		  COLLATERAL_BODY_MAX, put_collateral },
		{ "GET", "/sgx/certification/{version}/refresh", 0, refresh },
		{ "POST", "/sgx/certification/{version}/refresh", 4096,
		  refresh },
		{ "PUT", "/sgx/certification/v4/appraisalpolicy",
		  POLICY_BODY_MAX, put_policy },
		{ "GET", "/sgx/certification/v4/appraisalpolicy", 0,
		  get_policy },
	};
	int r = db_migrate(pccs->service->db, "pccs", steps,
		sizeof(steps) / sizeof(*steps), why);

	for (size_t i = 0; !r && i < sizeof(routes) / sizeof(*routes); i++) {
		r = http_route(server, &pccs_interface, pccs,
			routes[i].method, routes[i].pattern, routes[i].body,
			routes[i].handler);
		if (r)
			why_set(why, r, "%s cannot be registered",
				routes[i].pattern);
	}
	return r;
}
