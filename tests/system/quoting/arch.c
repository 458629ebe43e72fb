/* SPDX-License-Identifier: MIT */
#include "arch.h"

#include "common/arch_result.h"
#include "common/paths.h"
#include "pki/architectural.h"
#include <limits.h>
#include <string.h>

#include "pce_u.h"
#include "qe_u.h"
#include "quoted_u.h"

#define CHAIN 2000

static struct {
	oe_enclave_t *pce, *qe, *app;
	uint8_t pce_target[512], qe_target[512], signature[64], key[64];
	uint8_t chain[CHAIN], quote[CHAIN + 2000];
	uint16_t pce_svn, qe_svn;
	uint8_t id[16];
	struct sgx_report report; /* the QE's, for the PCE */
	struct sgx_report app_report; /* the application's, for the QE */
	size_t size;
} g;

static int certify(const struct sgx_report *report, const uint8_t *cpusvn,
	uint16_t svn)
{
	int result = -1;

	if (pce_certify(g.pce, &result, cpusvn, svn, (const uint8_t *)report,
			g.signature, g.key))
		return -1;
	return result;
}

static int take(size_t size)
{
	int result = -1;

	return qe_certify(g.qe, &result, g.signature, g.pce_svn, g.chain,
		size, &g.size) ? -1 : result;
}

static int quote(const struct sgx_report *report, size_t room)
{
	int result = -1;

	return qe_quote(g.qe, &result, (const uint8_t *)report, g.quote, room,
		&g.size) ? -1 : result;
}

static int attestation_key(const uint8_t target[512])
{
	int result = -1;

	return qe_attestation_key(g.qe, &result, target,
		(uint8_t *)&g.report) ? -1 : result;
}

static int app_report(const uint8_t target[512], struct sgx_report *report)
{
	const uint8_t data[64] = { 0 };
	int result = -1;

	return quoted_report(g.app, &result, target, data,
		(uint8_t *)report) ? -1 : result;
}

#define EXPECT(call, result, what) \
	do { \
		if ((call) != (result)) \
			return what; \
	} while (0)

/* Before there is anything, and with the wrong partner. */
static const char *abuse_qe_early(void)
{
	uint8_t own[512];
	int result;

	EXPECT(app_report(g.qe_target, &g.app_report), 0, "no REPORT");
	EXPECT(quote(&g.app_report, sizeof(g.quote)), ARCH_STATE,
		"the QE quotes before it has a key");
	EXPECT(take(CHAIN), ARCH_STATE,
		"the QE takes certificates before it has a key");
	if (quoted_target(g.app, &result, own) || result)
		return "no target";
	EXPECT(attestation_key(own), ARCH_PRIVILEGE,
		"the QE binds its key for an enclave that is no PCE");
	memcpy(own, g.pce_target, sizeof(own));
	((struct sgx_targetinfo *)own)->attributes.flags |= SGX_ATTR_DEBUG;
	EXPECT(attestation_key(own), ARCH_PRIVILEGE,
		"the QE binds its key for a debug PCE");
	EXPECT(attestation_key(g.pce_target), ARCH_OK, "no attestation key");
	EXPECT(quote(&g.app_report, sizeof(g.quote)), ARCH_STATE,
		"the QE quotes before it has certificates");
	return NULL;
}

static const char *abuse_pce(void)
{
	struct sgx_report report;
	uint8_t cpusvn[16], above[16];

	memcpy(cpusvn, g.report.body.cpusvn, 16);
	EXPECT(certify(&g.report, cpusvn, g.pce_svn), ARCH_OK,
		"the PCE does not certify the QE");
	for (size_t i = 0; i < sizeof(report); i++) {
		if (i >= offsetof(struct sgx_report, key_id) && i % 5)
			continue;
		report = g.report;
		((uint8_t *)&report)[i] ^= (uint8_t)(1u << i % 8);
		EXPECT(certify(&report, cpusvn, g.pce_svn), ARCH_BAD_REPORT,
			"the PCE signs a REPORT that was changed");
	}
	EXPECT(app_report(g.pce_target, &report), 0, "no REPORT");
	EXPECT(certify(&report, cpusvn, g.pce_svn), ARCH_PRIVILEGE,
		"the PCE signs for an enclave without the right");
	EXPECT(certify(&g.app_report, cpusvn, g.pce_svn), ARCH_BAD_REPORT,
		"the PCE signs a REPORT for another enclave");
	for (size_t i = 0; i < 16; i++) {
		memcpy(above, cpusvn, 16);
		above[i]++;
		EXPECT(certify(&g.report, above, g.pce_svn), ARCH_TCB,
			"the PCE signs for a TCB above the machine's");
	}
	EXPECT(certify(&g.report, cpusvn, (uint16_t)(g.pce_svn + 1)),
		ARCH_TCB, "the PCE signs for a PCESVN above its own");
	return NULL;
}

static const char *abuse_qe(void)
{
	struct sgx_report report;

	EXPECT(take(499), ARCH_PARAMETER, "too small a chain");
	memset(g.chain, 'c', sizeof(g.chain));
	EXPECT(take(CHAIN), ARCH_OK, "no chain is taken");
	EXPECT(take(CHAIN), ARCH_STATE, "a second chain is taken");
	EXPECT(attestation_key(g.pce_target), ARCH_STATE,
		"the key is made again");
	EXPECT(quote(&g.app_report, 1052 + CHAIN - 1), ARCH_PARAMETER,
		"a quote that does not fit");
	EXPECT(quote(&g.app_report, 1052 + CHAIN), ARCH_OK, "no quote");
	if (g.size != 1052 + CHAIN || memcmp(g.quote + 48, &g.app_report, 384))
		return "not a quote of this REPORT";
	EXPECT(app_report(g.pce_target, &report), 0, "no REPORT");
	EXPECT(quote(&report, sizeof(g.quote)), ARCH_BAD_REPORT,
		"the QE quotes a REPORT for another enclave");
	EXPECT(quote(&g.report, sizeof(g.quote)), ARCH_BAD_REPORT,
		"the QE quotes its own REPORT for the PCE");
	return NULL;
}

static const char *abuse(void)
{
	const char *wrong;
	int result;

	if (pce_target(g.pce, &result, g.pce_target, &g.pce_svn) || result ||
	    g.pce_svn != ARCH_PCE_SVN)
		return "the PCE has no target";
	if (qe_target(g.qe, &result, g.qe_target, &g.qe_svn, g.id) || result ||
	    g.qe_svn != ARCH_QE_SVN)
		return "the QE has no target";
	wrong = abuse_qe_early();
	if (!wrong)
		wrong = abuse_pce();
	return wrong ? wrong : abuse_qe();
}

static bool find(const char *name, char path[PATH_MAX])
{
	char directory[PATH_MAX];

	return !paths_vm_state("default", directory, PATH_MAX, NULL) &&
		!paths_join(path, PATH_MAX, directory, name, NULL);
}

const char *arch_abuse(oe_enclave_t *app)
{
	const char *wrong = "the architectural enclaves do not load";
	char pce[PATH_MAX], qe[PATH_MAX];

	g.app = app;
	if (find("pce.signed", pce) && find("qe.signed", qe) &&
	    !oe_create_pce_enclave(pce, OE_ENCLAVE_TYPE_SGX, 0, NULL, 0,
			&g.pce) &&
	    !oe_create_qe_enclave(qe, OE_ENCLAVE_TYPE_SGX, 0, NULL, 0, &g.qe))
		wrong = abuse();
	oe_terminate_enclave(g.qe);
	oe_terminate_enclave(g.pce);
	return wrong;
}
