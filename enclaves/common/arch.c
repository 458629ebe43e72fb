/* SPDX-License-Identifier: MIT */
#include "arch.h"

#include "core/cmac.h"
#include "core/core.h"

#include <pthread.h>
#include <string.h>

static pthread_once_t g_once = PTHREAD_ONCE_INIT;
static struct sgx_report g_self;

/* The REPORT key of one KEYID.  A processor has one KEYID from its start to
 * its end, so in practice EGETKEY is asked once. */
static pthread_mutex_t g_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	bool known;
	uint8_t key_id[32];
	uint8_t key[16];
} g_report_key;

static void look(void)
{
	core_ereport(NULL, NULL, &g_self);
}

const struct sgx_report_body *arch_self(void)
{
	pthread_once(&g_once, look);
	return &g_self.body;
}

void arch_target(struct sgx_targetinfo *target)
{
	const struct sgx_report_body *self = arch_self();

	memset(target, 0, sizeof(*target));
	memcpy(target->mrenclave, self->mrenclave, sizeof(target->mrenclave));
	target->attributes = self->attributes;
	target->config_svn = self->config_svn;
	target->misc_select = self->misc_select;
	memcpy(target->config_id, self->config_id, sizeof(target->config_id));
}

void arch_wipe(void *secret, size_t size)
{
	memset(secret, 0, size);
	__asm__ volatile("" : : "r"(secret) : "memory");
}

enum arch_result arch_key(const struct sgx_keyrequest *request,
	uint8_t key[16])
{
	switch (core_egetkey(request, key)) {
	case SGX_SUCCESS:
		return ARCH_OK;
	case SGX_INVALID_CPUSVN:
	case SGX_INVALID_ISVSVN:
		return ARCH_TCB;
	case SGX_INVALID_ATTRIBUTE:
		return ARCH_PRIVILEGE;
	default:
		return ARCH_CRYPTO;
	}
}

static bool same(const uint8_t *a, const uint8_t *b, size_t size)
{
	uint8_t difference = 0;

	for (size_t i = 0; i < size; i++)
		difference |= a[i] ^ b[i];
	return !difference;
}

static enum arch_result report_key(const uint8_t key_id[32], uint8_t key[16])
{
	struct sgx_keyrequest request = { .key_name = SGX_KEYNAME_REPORT };
	enum arch_result result = ARCH_OK;

	pthread_mutex_lock(&g_lock);
	if (!g_report_key.known ||
	    memcmp(g_report_key.key_id, key_id, 32)) {
		memcpy(request.key_id, key_id, sizeof(request.key_id));
		g_report_key.known = false;
		result = arch_key(&request, g_report_key.key);
		memcpy(g_report_key.key_id, key_id, 32);
		g_report_key.known = result == ARCH_OK;
	}
	memcpy(key, g_report_key.key, 16);
	pthread_mutex_unlock(&g_lock);
	return result;
}

enum arch_result arch_check_report(const struct sgx_report *report)
{
	uint8_t key[16], mac[16];
	enum arch_result result = report_key(report->key_id, key);

	if (!result) {
		cmac_aes128(key, &report->body, sizeof(report->body), mac);
		if (!same(mac, report->mac, sizeof(mac)))
			result = ARCH_BAD_REPORT;
	}
	arch_wipe(key, sizeof(key));
	return result;
}

enum arch_result arch_private_key(const struct sgx_keyrequest *request,
	const char *label, struct curve_key **out)
{
	uint8_t key[16], block[16], wide[48];
	enum arch_result result = arch_key(request, key);

	*out = NULL;
	if (!result) {
		for (uint8_t i = 1; i <= 3; i++) {
			arch_block(block, i, label, ARCH_PRIVATE_BITS);
			cmac_aes128(key, block, sizeof(block),
				wide + 16 * (i - 1));
		}
		*out = curve_key_new(wide);
		if (!*out)
			result = ARCH_CRYPTO;
	}
	arch_wipe(key, sizeof(key));
	arch_wipe(wide, sizeof(wide));
	return result;
}
