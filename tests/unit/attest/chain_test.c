/* SPDX-License-Identifier: MIT */
/* Mistakes in certificates, revocation lists and signed JSON, one at a
 * time. */
#include "helper.h"

#include <string.h>

/* A flaw: what it does to a mint, and what must come of it. */
struct flaw {
	const char *what;
	void (*make)(struct mint *mint);
	enum attest_status status;
};

static void try_flaws(const struct flaw *flaws, size_t count)
{
	struct mint mint;

	for (size_t i = 0; i < count; i++) {
		mint_init(&mint);
		flaws[i].make(&mint);
		expect(&mint, flaws[i].status, flaws[i].what);
	}
}

#define FLAW(name, change) \
	static void flaw_##name(struct mint *m) { change; }
#define ROW(name, status) { #name, flaw_##name, ATTEST_##status }
#define TRY(rows) try_flaws(rows, sizeof(rows) / sizeof(*(rows)))

FLAW(two_certificates, m->certificates = 2)
FLAW(four_certificates, m->certificates = 4)
FLAW(text_before, m->before_chain = "subject=...\n")
FLAW(text_after, m->after_chain = "x")
FLAW(space_after, m->after_chain = " ")
FLAW(root_other_algorithm, m->root.sha384 = true)
FLAW(leaf_other_algorithm, m->pck.sha384 = true)
FLAW(leaf_other_curve, m->pck.p384 = true)
FLAW(leaf_critical, m->pck.more = "1.2.3.4.5")

FLAW(root_name, m->root.name = m->root.issuer = "Intel SGX Root")
FLAW(root_by_another, m->root.signer = MINT_KEY_OTHER)
FLAW(root_signature, m->root.wrong_signature = true)
FLAW(root_issuer, m->root.issuer = "Somebody")
FLAW(root_no_authority, m->root.constraints = "critical,CA:FALSE")
FLAW(root_path, m->root.constraints = "critical,CA:TRUE,pathlen:0")
FLAW(root_usage, m->root.usage = "critical,digitalSignature")
FLAW(root_no_usage, m->root.usage = NULL)
FLAW(root_no_constraints, m->root.constraints = NULL)
FLAW(root_not_critical, m->root.constraints = "CA:TRUE,pathlen:1")
FLAW(root_no_points, m->root.crl_points = NULL)
FLAW(root_no_subject_key, m->root.subject_key = NULL)
FLAW(root_no_authority_key, m->root.authority_key = NULL)
FLAW(root_has_sgx, m->root.sgx = true)
FLAW(other_root, m->root.key = m->root.signer = MINT_KEY_OTHER;
	m->ca.signer = MINT_KEY_OTHER)

FLAW(ca_name, m->ca.name = m->pck.issuer = "Intel SGX PCK Certificate")
FLAW(ca_by_another, m->ca.signer = MINT_KEY_OTHER)
FLAW(ca_signature, m->ca.wrong_signature = true)
FLAW(ca_issuer, m->ca.issuer = "Somebody")
FLAW(ca_unit, m->ca.unit = "Another")
FLAW(ca_no_authority, m->ca.constraints = "critical,CA:FALSE")
FLAW(ca_path, m->ca.constraints = "critical,CA:TRUE,pathlen:1")
FLAW(ca_no_path, m->ca.constraints = "critical,CA:TRUE")
FLAW(ca_usage, m->ca.usage = "critical,keyCertSign")
FLAW(ca_usage_not_critical, m->ca.usage = "keyCertSign,cRLSign")
FLAW(ca_no_points, m->ca.crl_points = NULL)
FLAW(ca_no_subject_key, m->ca.subject_key = NULL)
FLAW(ca_no_authority_key, m->ca.authority_key = NULL)
FLAW(ca_revoked, m->root_crl.revoked[0] = m->ca.serial)
FLAW(ca_reissued_revoked, m->crl_ca.serial = 4444;
	m->root_crl.revoked[1] = 4444; m->root_crl.revoked[0] = 1)

FLAW(leaf_name, m->pck.name = "Intel SGX Certificate")
FLAW(leaf_by_another, m->pck.signer = MINT_KEY_OTHER)
FLAW(leaf_by_root, m->pck.signer = MINT_KEY_ROOT;
	m->pck.issuer = m->root.name)
FLAW(leaf_signature, m->pck.wrong_signature = true)
FLAW(leaf_issuer, m->pck.issuer = "Intel SGX PCK Processor CA")
FLAW(leaf_issuer_unknown, m->pck.issuer = "Intel SGX PCK CA")
FLAW(leaf_authority, m->pck.constraints = "critical,CA:TRUE")
FLAW(leaf_usage, m->pck.usage = "critical,keyAgreement")
FLAW(leaf_no_sgx, m->pck.sgx = false)
FLAW(leaf_no_points, m->pck.crl_points = NULL)
FLAW(leaf_no_subject_key, m->pck.subject_key = NULL)
FLAW(leaf_no_authority_key, m->pck.authority_key = NULL)
FLAW(leaf_five_elements, m->machine.has_platform = false)
FLAW(leaf_sgx_type, m->machine.sgx_type = 3)
FLAW(leaf_revoked, m->pck_crl.revoked[0] = m->pck.serial)
FLAW(leaf_revoked_among_others, m->pck_crl.revoked[0] = 1;
	m->pck_crl.revoked[1] = 2; m->pck_crl.revoked[2] = m->pck.serial)

static void certificates(void **state)
{
	static const struct flaw flaws[] = {
		ROW(two_certificates, PCK_CERT_CHAIN_INVALID),
		ROW(four_certificates, PCK_CERT_CHAIN_INVALID),
		ROW(text_before, PCK_CERT_CHAIN_INVALID),
		ROW(text_after, PCK_CERT_CHAIN_INVALID),
		ROW(space_after, PCK_CERT_CHAIN_INVALID),
		ROW(root_other_algorithm, PCK_CERT_CHAIN_INVALID),
		ROW(leaf_other_algorithm, PCK_CERT_CHAIN_INVALID),
		ROW(leaf_other_curve, PCK_CERT_CHAIN_INVALID),
		ROW(leaf_critical, PCK_CERT_CHAIN_INVALID),
		ROW(root_name, ROOT_CA_INVALID),
		ROW(root_by_another, ROOT_CA_INVALID),
		ROW(root_signature, ROOT_CA_INVALID),
		ROW(root_issuer, ROOT_CA_INVALID),
		ROW(root_no_authority, ROOT_CA_INVALID),
		ROW(root_path, ROOT_CA_INVALID),
		ROW(root_usage, ROOT_CA_INVALID),
		ROW(root_no_usage, ROOT_CA_INVALID),
		ROW(root_no_constraints, ROOT_CA_INVALID),
		ROW(root_not_critical, ROOT_CA_INVALID),
		ROW(root_no_points, ROOT_CA_INVALID),
		ROW(root_no_subject_key, ROOT_CA_INVALID),
		ROW(root_no_authority_key, ROOT_CA_INVALID),
		ROW(root_has_sgx, ROOT_CA_INVALID),
		ROW(other_root, ROOT_UNTRUSTED),
		ROW(ca_name, INTERMEDIATE_CA_INVALID),
		ROW(ca_by_another, INTERMEDIATE_CA_INVALID),
		ROW(ca_signature, INTERMEDIATE_CA_INVALID),
		ROW(ca_issuer, INTERMEDIATE_CA_INVALID),
		ROW(ca_unit, INTERMEDIATE_CA_INVALID),
		ROW(ca_no_authority, INTERMEDIATE_CA_INVALID),
		ROW(ca_path, INTERMEDIATE_CA_INVALID),
		ROW(ca_no_path, INTERMEDIATE_CA_INVALID),
		ROW(ca_usage, INTERMEDIATE_CA_INVALID),
		ROW(ca_usage_not_critical, INTERMEDIATE_CA_INVALID),
		ROW(ca_no_points, INTERMEDIATE_CA_INVALID),
		ROW(ca_no_subject_key, INTERMEDIATE_CA_INVALID),
		ROW(ca_no_authority_key, INTERMEDIATE_CA_INVALID),
		ROW(ca_revoked, INTERMEDIATE_CA_REVOKED),
		ROW(ca_reissued_revoked, INTERMEDIATE_CA_REVOKED),
		ROW(leaf_name, PCK_CERT_INVALID),
		ROW(leaf_by_another, PCK_CERT_INVALID),
		ROW(leaf_by_root, PCK_CERT_INVALID),
		ROW(leaf_signature, PCK_CERT_INVALID),
		ROW(leaf_issuer, PCK_CERT_INVALID),
		ROW(leaf_issuer_unknown, PCK_CERT_INVALID),
		ROW(leaf_authority, PCK_CERT_INVALID),
		ROW(leaf_usage, PCK_CERT_INVALID),
		ROW(leaf_no_sgx, PCK_CERT_INVALID),
		ROW(leaf_no_points, PCK_CERT_INVALID),
		ROW(leaf_no_subject_key, PCK_CERT_INVALID),
		ROW(leaf_no_authority_key, PCK_CERT_INVALID),
		ROW(leaf_five_elements, PCK_CERT_INVALID),
		ROW(leaf_sgx_type, PCK_CERT_INVALID),
		ROW(leaf_revoked, PCK_REVOKED),
		ROW(leaf_revoked_among_others, PCK_REVOKED),
	};

	TRY(flaws);
}

FLAW(list_issuer, m->pck_crl.issuer = m->root.name)
FLAW(list_unit, m->pck_crl.unit = "Another")
FLAW(list_other_key, m->pck_crl.other_authority_key = true)
FLAW(list_signer, m->pck_crl.signer = MINT_KEY_OTHER)
FLAW(list_signature, m->pck_crl.wrong_signature = true)
FLAW(list_no_number, m->pck_crl.no_number = true)
FLAW(list_no_key, m->pck_crl.no_authority_key = true)
FLAW(list_no_end, m->pck_crl.until = 0)
FLAW(list_critical, m->pck_crl.critical_extension = true)
FLAW(root_list_issuer, m->root_crl.issuer = m->ca.name)
FLAW(root_list_signature, m->root_crl.wrong_signature = true)
FLAW(root_list_no_number, m->root_crl.no_number = true)
FLAW(lists_swapped, struct mint_crl other = m->pck_crl;
	m->pck_crl = m->root_crl; m->root_crl = other)
FLAW(list_chain_name, m->crl_ca.name = "Intel SGX TCB Signing")
FLAW(list_chain_key, m->crl_ca.key = MINT_KEY_OTHER)
FLAW(list_chain_root, m->crl_root.key = m->crl_root.signer = MINT_KEY_OTHER)
FLAW(list_chain_root_name, m->crl_root.serial = 5;
	m->crl_root.name = "Intel")

static void lists(void **state)
{
	static const struct flaw flaws[] = {
		ROW(list_issuer, CRL_UNKNOWN_ISSUER),
		ROW(list_unit, CRL_UNKNOWN_ISSUER),
		ROW(list_other_key, CRL_UNKNOWN_ISSUER),
		ROW(list_signer, CRL_UNKNOWN_ISSUER),
		ROW(list_signature, CRL_INVALID_SIGNATURE),
		ROW(list_no_number, CRL_INVALID),
		ROW(list_no_key, CRL_INVALID),
		ROW(list_no_end, CRL_INVALID),
		ROW(list_critical, CRL_INVALID),
		ROW(root_list_issuer, CRL_UNKNOWN_ISSUER),
		ROW(root_list_signature, CRL_INVALID_SIGNATURE),
		ROW(root_list_no_number, CRL_INVALID),
		ROW(lists_swapped, CRL_UNKNOWN_ISSUER),
		ROW(list_chain_name, INTERMEDIATE_CA_INVALID),
		ROW(list_chain_key, CRL_UNKNOWN_ISSUER),
		ROW(list_chain_root, CRL_UNKNOWN_ISSUER),
		ROW(list_chain_root_name, CRL_UNKNOWN_ISSUER),
	};

	TRY(flaws);
}

FLAW(signer_name, m->tcb.name = m->qe_tcb.name = "Intel SGX Signing")
FLAW(signer_by_another, m->tcb.signer = MINT_KEY_OTHER)
FLAW(signer_signature, m->tcb.wrong_signature = true)
FLAW(signer_by_ca, m->tcb.signer = MINT_KEY_CA; m->tcb.issuer = m->ca.name)
FLAW(signer_authority, m->tcb.constraints = "critical,CA:TRUE")
FLAW(signer_revoked, m->root_crl.revoked[0] = m->tcb.serial)
FLAW(signer_root, m->tcb_root.key = m->tcb_root.signer = MINT_KEY_OTHER)
FLAW(qe_signer_revoked, m->qe_tcb.serial = 77;
	m->root_crl.revoked[0] = 77)
FLAW(qe_signer_name, m->qe_tcb.name = "Intel SGX PCK Certificate")
FLAW(qe_signer_root, m->qe_root.key = m->qe_root.signer = MINT_KEY_OTHER)
FLAW(tcb_other_key, m->tcb_info.signer = MINT_KEY_OTHER)
FLAW(tcb_signature, m->tcb_info.wrong_signature = true)
FLAW(tcb_space, m->tcb_info.find = "\"tcbType\":0,";
	m->tcb_info.put = "\"tcbType\":0, ")
FLAW(tcb_status, m->tcb_info.find = "OutOfDate"; m->tcb_info.put = "UpToDate")
FLAW(qe_other_key, m->qe_identity.signer = MINT_KEY_OTHER)
FLAW(qe_signature, m->qe_identity.wrong_signature = true)
FLAW(qe_status, m->qe_identity.find = "OutOfDate";
	m->qe_identity.put = "UpToDate")

static void signers(void **state)
{
	static const struct flaw flaws[] = {
		ROW(signer_name, SIGNING_CERT_CHAIN_INVALID),
		ROW(signer_by_another, SIGNING_CERT_CHAIN_INVALID),
		ROW(signer_signature, SIGNING_CERT_CHAIN_INVALID),
		ROW(signer_by_ca, SIGNING_CERT_CHAIN_INVALID),
		ROW(signer_authority, SIGNING_CERT_CHAIN_INVALID),
		ROW(signer_revoked, SIGNING_CERT_REVOKED),
		ROW(signer_root, SIGNING_CERT_CHAIN_INVALID),
		ROW(qe_signer_revoked, SIGNING_CERT_REVOKED),
		ROW(qe_signer_name, SIGNING_CERT_CHAIN_INVALID),
		ROW(qe_signer_root, SIGNING_CERT_CHAIN_INVALID),
		ROW(tcb_other_key, TCB_INFO_INVALID_SIGNATURE),
		ROW(tcb_signature, TCB_INFO_INVALID_SIGNATURE),
		ROW(tcb_space, TCB_INFO_INVALID_SIGNATURE),
		ROW(tcb_status, TCB_INFO_INVALID_SIGNATURE),
		ROW(qe_other_key, QE_IDENTITY_INVALID_SIGNATURE),
		ROW(qe_signature, QE_IDENTITY_INVALID_SIGNATURE),
		ROW(qe_status, QE_IDENTITY_INVALID_SIGNATURE),
	};

	TRY(flaws);
}

/* JSON that is signed, and still not what it should be. */
static void signed_json(void **state)
{
	static const struct {
		const char *find, *put;
	} tcb[] = {
		{ "\"id\":\"SGX\"", "\"id\":\"TDX\"" },
		{ "\"id\":\"SGX\",", "" },
		{ "\"version\":3", "\"version\":4" },
		{ "\"version\":3", "\"version\":2" },
		{ "\"version\":3", "\"version\":\"3\"" },
		{ "\"version\":3", "\"version\":3.0" },
		{ "2025-12-31T00:00:00Z", "2025-12-31T00:00:00" },
		{ "2025-12-31T00:00:00Z", "2025-12-31T00:00:00+00:00" },
		{ "2025-12-31T00:00:00Z", "2025-02-29T00:00:00Z" },
		{ "\"nextUpdate\"", "\"nextupdate\"" },
		{ "C0FFE0000001", "C0FFE000000" },
		{ "C0FFE0000001", "C0FFE000000G" },
		{ "\"pceId\":\"0000\"", "\"pceId\":0" },
		{ "\"tcbType\":0", "\"tcbType\":1" },
		{ "\"tcbEvaluationDataNumber\":17",
			"\"tcbEvaluationDataNumber\":-17" },
		{ "\"tcbEvaluationDataNumber\":17",
			"\"tcbEvaluationDataNumber\":99999999999999999999" },
		{ "{\"svn\":255}", "{\"svn\":256}" },
		{ "{\"svn\":255}", "{\"svn\":-1}" },
		{ "{\"svn\":255},", "" },
		{ "{\"svn\":255}", "255" },
		{ "\"pcesvn\":13", "\"pcesvn\":65536" },
		{ "\"tcbDate\":\"2020-11-12T00:00:00Z\"", "\"tcbDate\":0" },
		{ "\"tcbStatus\":\"OutOfDate\"", "\"tcbStatus\":null" },
		{ "\"INTEL-SA-00001\"", "7" },
		{ "\"INTEL-SA-00001\"", "\"\\u001b[31m\"" },
		{ "\"INTEL-SA-00001\"", "\"0123456789012345678901234567890"
			"123456789\"" },
		{ "\"tcbLevels\":[", "\"tcbLevels\":[],\"more\":[" },
		{ "\"tcbType\":0", "\"tcbType\":0,\"tcbType\":0" },
		{ "\"tcbType\":0", "\"tcbType\":0,\"x\":tru" },
		{ "\"tcbType\":0", "\"tcbType\":0,\"x\":[[[[[[[[[[[[[[[[[]]]]]"
			"]]]]]]]]]]]]" },
	}, qe[] = {
		{ "\"id\":\"QE\"", "\"id\":\"QVE\"" },
		{ "\"id\":\"QE\",", "" },
		{ "\"version\":2", "\"version\":3" },
		{ "\"miscselect\":\"00000000\"", "\"miscselect\":\"000000\"" },
		{ "\"miscselectMask\"", "\"miscselectmask\"" },
		{ "\"attributes\":\"11", "\"attributes\":\"1" },
		{ "\"attributesMask\":\"FB", "\"attributesMask\":\"XB" },
		{ "\"mrsigner\":\"8C", "\"mrsigner\":\"" },
		{ "\"isvprodid\":1", "\"isvprodid\":65536" },
		{ "\"isvsvn\":4", "\"isvsvn\":8" },
		{ "\"isvsvn\":4", "\"isvsvn\":\"4\"" },
		{ "\"tcbStatus\"", "\"tcbstatus\"" },
		{ "\"issueDate\"", "\"issuedate\"" },
		{ "\"tcbLevels\":[", "\"tcbLevels\":{},\"more\":[" },
	};
	struct mint mint;

	for (size_t i = 0; i < sizeof(tcb) / sizeof(*tcb); i++) {
		mint_init(&mint);
		mint.tcb_info.find_signed = tcb[i].find;
		mint.tcb_info.put_signed = tcb[i].put;
		expect(&mint, ATTEST_TCB_INFO_INVALID, tcb[i].put);
	}
	mint_init(&mint);
	mint.tcb_info.level[1] = mint.tcb_info.level[0];
	expect(&mint, ATTEST_TCB_INFO_INVALID, "a level twice");
	for (size_t i = 0; i < sizeof(qe) / sizeof(*qe); i++) {
		mint_init(&mint);
		mint.qe_identity.find_signed = qe[i].find;
		mint.qe_identity.put_signed = qe[i].put;
		expect(&mint, ATTEST_QE_IDENTITY_INVALID, qe[i].put);
	}
}

/* What stands around what is signed. */
static void envelopes(void **state)
{
	static const struct {
		const char *find, *put;
	} flaws[] = {
		{ "{\"tcbInfo\"", "{\"tcbinfo\"" },
		{ "{\"tcbInfo\"", "[\"tcbInfo\"" },
		{ "{\"tcbInfo\":{", "{\"tcbInfo\":[{" },
		{ "\"signature\"", "\"Signature\"" },
		{ "\"signature\":\"", "\"signature\":\"0" },
		{ "\"signature\":\"", "\"signature\":\"zz" },
		{ "\"signature\":\"", "\"signature\":\"\",\"x\":\"" },
		{ "]},\"signature\"", "]\"signature\"" },
		{ "\"tcbType\":0,", "\"tcbType\":\"" },
	};
	struct mint mint;

	for (size_t i = 0; i < sizeof(flaws) / sizeof(*flaws); i++) {
		mint_init(&mint);
		mint.tcb_info.find = flaws[i].find;
		mint.tcb_info.put = flaws[i].put;
		expect(&mint, ATTEST_TCB_INFO_INVALID, flaws[i].put);
	}
}

/* Parts that are not there, or somebody else's. */
static void missing_parts(void **state)
{
	static const enum attest_status status[ATTEST_COLLATERAL_PARTS] = {
		ATTEST_TCB_INFO_INVALID, ATTEST_SIGNING_CERT_CHAIN_INVALID,
		ATTEST_CRL_INVALID, ATTEST_CRL_UNKNOWN_ISSUER,
		ATTEST_CRL_INVALID, ATTEST_QE_IDENTITY_INVALID,
		ATTEST_SIGNING_CERT_CHAIN_INVALID,
	};
	static const uint8_t zero[8], bytes[] = { 0x30, 0x82, 0xff, 0xff, 0 };
	static const struct attest_bytes others[] = {
		{ NULL, 0 }, { zero, 8 }, { bytes, 5 },
		{ (const uint8_t *)"{}", 2 }, { (const uint8_t *)"3", 1 },
		{ (const uint8_t *)"-----BEGIN CERTIFICATE-----\n", 28 },
		{ (const uint8_t *)"-----BEGIN X509 CRL-----\nAAAA", 29 },
	};
	struct mint mint;

	mint_init(&mint);
	mint_make(&mint);
	for (unsigned int i = 0; i < ATTEST_COLLATERAL_PARTS; i++) {
		struct attest_bytes *part = (struct attest_bytes *)
			attest_collateral_part(&mint.collateral, i);
		struct attest_bytes own = *part;

		for (size_t o = 0; o < sizeof(others) / sizeof(*others); o++) {
			*part = others[o];
			if (judge(&mint)->status != status[i])
				fail_msg("part %u, %zu: %s", i, o,
					judge(&mint)->reason[0]);
		}
		*part = own;
	}
	assert_int_equal(judge(&mint)->status, ATTEST_OK);
	mint_free(&mint);
}

/* Collateral of one root does not speak for machines of another, though both
 * are trusted. */
static void two_roots(void **state)
{
	struct mint one, two;
	struct attest_collateral own;
	uint8_t key[64];

	mint_init(&one);
	mint_make(&one);
	mint_init(&two);
	two.root.key = two.root.signer = two.ca.signer = two.tcb.signer =
		MINT_KEY_OTHER;
	two.root_crl.signer = MINT_KEY_OTHER;
	two.crl_root = two.tcb_root = two.qe_root = two.root;
	two.crl_ca = two.ca;
	two.qe_tcb = two.tcb;
	mint_make(&two);
	assert_int_equal(judge(&two)->status, ATTEST_ROOT_UNTRUSTED);
	mint_public(MINT_KEY_OTHER, key);
	assert_int_equal(attest_roots_add_key(&one.roots, key), 0);
	two.roots = one.roots;
	assert_int_equal(judge(&one)->status, ATTEST_OK);
	assert_int_equal(judge(&two)->status, ATTEST_OK);
	own = two.collateral;
	two.collateral.tcb_info = one.collateral.tcb_info;
	two.collateral.tcb_info_chain = one.collateral.tcb_info_chain;
	assert_int_equal(judge(&two)->status,
		ATTEST_SIGNING_CERT_CHAIN_INVALID);
	two.collateral = own;
	two.collateral.root_crl = one.collateral.root_crl;
	assert_int_equal(judge(&two)->status, ATTEST_CRL_UNKNOWN_ISSUER);
	two.collateral = own;
	mint_free(&two);
	mint_free(&one);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(certificates), cmocka_unit_test(lists),
	cmocka_unit_test(signers), cmocka_unit_test(signed_json),
	cmocka_unit_test(envelopes), cmocka_unit_test(missing_parts),
	cmocka_unit_test(two_roots),
};
TEST_LIST(chain_tests, tests);
