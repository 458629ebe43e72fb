/* SPDX-License-Identifier: MIT */
/*
 * Plug-ins that are registered: verifiers on both sides, attesters in
 * enclaves (openenclave/internal/plugin.h has the functions for programs).
 */
#ifndef COFFER_EVIDENCE_REGISTRY_H
#define COFFER_EVIDENCE_REGISTRY_H

#include <openenclave/internal/plugin.h>

struct registry;
extern struct registry registry_verifiers, registry_attesters;

/* As the functions of plugin.h. */
oe_result_t registry_add(struct registry *registry,
	oe_attestation_role_t *role, const void *data, size_t size);
oe_result_t registry_remove(struct registry *registry,
	oe_attestation_role_t *role);
/* NULL if there is none. */
oe_attestation_role_t *registry_find(struct registry *registry,
	const oe_uuid_t *format);

/* The formats, last registered first: memory of the caller's, NULL with
 * count 0. OE_OK or OE_OUT_OF_MEMORY. */
oe_result_t registry_formats(struct registry *registry, oe_uuid_t **formats,
	size_t *count);

#endif
