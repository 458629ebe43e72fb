/* SPDX-License-Identifier: MIT */
/*
 * Sealing with keys of the processor: what may be set in the key request,
 * and the plug-in. Names and values are those of the Open Enclave SDK.
 */
#ifndef _OE_SGX_SEAL_H
#define _OE_SGX_SEAL_H

#include <openenclave/bits/sgx/sgxtypes.h>
#include <openenclave/seal.h>

OE_EXTERNC_BEGIN

enum oe_seal_setting_type_sgx_t {
	/* value.w, KEYREQUEST.KEYNAME: the seal key (4) or, for enclaves with
	 * PROVISIONKEY, the provisioning seal key (2). */
	OE_SEAL_SETTING_SGX_KEYNAME = OE_SEAL_SETTING_PLUGIN_DEFINED,
	OE_SEAL_SETTING_SGX_ISVSVN, /* w: at most the enclave's own */
	OE_SEAL_SETTING_SGX_CET_ATTRIBUTES_MASK, /* b: not supported */
	OE_SEAL_SETTING_SGX_CPUSVN, /* p, 16 bytes: at most the machine's */
	OE_SEAL_SETTING_SGX_FLAGSMASK, /* q: ATTRIBUTEMASK, flags */
	OE_SEAL_SETTING_SGX_XFRMMASK, /* q: ATTRIBUTEMASK, XFRM */
	OE_SEAL_SETTING_SGX_MISCMASK, /* d */
	OE_SEAL_SETTING_SGX_CONFIGSVN, /* w: not 0 for enclaves with KSS only */
	/* From here on they are other plug-ins'. */
	OE_SEAL_SETTING_SGX_PLUGIN_DEFINED =
		OE_SEAL_SETTING_PLUGIN_DEFINED
			+ OE_SEAL_SETTING_PLUGIN_DEFINED / 2
};

#define OE_SEAL_SET_SGX_KEYNAME(w) \
	__OE_SEAL_SET_VALUE(OE_SEAL_SETTING_SGX_KEYNAME, w)
#define OE_SEAL_SET_SGX_ISVSVN(w) \
	__OE_SEAL_SET_VALUE(OE_SEAL_SETTING_SGX_ISVSVN, w)
#define OE_SEAL_SET_SGX_CET_ATTRIBUTES_MASK(b) \
	__OE_SEAL_SET_VALUE(OE_SEAL_SETTING_SGX_CET_ATTRIBUTES_MASK, b)
#define OE_SEAL_SET_SGX_CPUSVN(p) \
	__OE_SEAL_SET_POINTER(OE_SEAL_SETTING_SGX_CPUSVN, p, 16)
#define OE_SEAL_SET_SGX_FLAGSMASK(q) \
	__OE_SEAL_SET_VALUE(OE_SEAL_SETTING_SGX_FLAGSMASK, q)
#define OE_SEAL_SET_SGX_XFRMMASK(q) \
	__OE_SEAL_SET_VALUE(OE_SEAL_SETTING_SGX_XFRMMASK, q)
#define OE_SEAL_SET_SGX_MISCMASK(d) \
	__OE_SEAL_SET_VALUE(OE_SEAL_SETTING_SGX_MISCMASK, d)
#define OE_SEAL_SET_SGX_CONFIGSVN(w) \
	__OE_SEAL_SET_VALUE(OE_SEAL_SETTING_SGX_CONFIGSVN, w)

/*
 * AES-128-GCM under a key of its own for each blob. The blob is 560 bytes of
 * header, which holds the key request, and as many as were sealed; together
 * with additional data less than 4 GiB. Needs liboecryptombedtls or
 * liboecryptoopenssl.
 *
 * seal also returns OE_INTEGER_OVERFLOW, OE_OUT_OF_MEMORY, OE_CRYPTO_ERROR,
 * and for key requests that the processor refuses what oe_get_seal_key does.
 * unseal never takes a request for another kind of key, or for one that does
 * not depend on the enclave or its signer.
 */
extern const oe_seal_plugin_definition_t oe_seal_plugin_gcm_aes;

OE_EXTERNC_END

#endif
