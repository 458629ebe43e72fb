/* SPDX-License-Identifier: MIT */
#include "evidence/registry.h"

#include "evidence/formats.h"

#include <pthread.h>
#include <stdlib.h>

struct entry {
	oe_attestation_role_t *role;
	struct entry *next;
};

struct registry {
	pthread_mutex_t lock;
	struct entry *first; /* registered last */
};

struct registry registry_verifiers = { .lock = PTHREAD_MUTEX_INITIALIZER };
struct registry registry_attesters = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* With the lock held. */
static struct entry **place(struct registry *registry,
	const oe_uuid_t *format)
{
	struct entry **at = &registry->first;

	while (*at && !format_is(&(*at)->role->format_id, format))
		at = &(*at)->next;
	return at;
}

oe_result_t registry_add(struct registry *registry,
	oe_attestation_role_t *role, const void *data, size_t size)
{
	oe_result_t result = OE_OK;
	struct entry *entry;

	if (!role || !data != !size)
		return OE_INVALID_PARAMETER;
	entry = malloc(sizeof(*entry));
	if (!entry)
		return OE_OUT_OF_MEMORY;
	pthread_mutex_lock(&registry->lock);
	if (*place(registry, &role->format_id))
		result = OE_ALREADY_EXISTS;
	else if (role->on_register)
		result = role->on_register(role, data, size);
	if (result) {
		free(entry);
	} else {
		entry->role = role;
		entry->next = registry->first;
		registry->first = entry;
	}
	pthread_mutex_unlock(&registry->lock);
	return result;
}

oe_result_t registry_remove(struct registry *registry,
	oe_attestation_role_t *role)
{
	oe_result_t result = OE_OK;
	struct entry **at, *entry;

	if (!role)
		return OE_INVALID_PARAMETER;
	pthread_mutex_lock(&registry->lock);
	at = place(registry, &role->format_id);
	entry = *at;
	if (!entry || entry->role != role) {
		result = OE_NOT_FOUND;
	} else {
		if (role->on_unregister)
			result = role->on_unregister(role);
		if (!result) {
			*at = entry->next;
			free(entry);
		}
	}
	pthread_mutex_unlock(&registry->lock);
	return result;
}

oe_attestation_role_t *registry_find(struct registry *registry,
	const oe_uuid_t *format)
{
	struct entry *entry;

	pthread_mutex_lock(&registry->lock);
	entry = *place(registry, format);
	pthread_mutex_unlock(&registry->lock);
	return entry ? entry->role : NULL;
}

oe_result_t registry_formats(struct registry *registry, oe_uuid_t **formats,
	size_t *count)
{
	oe_result_t result = OE_OK;
	size_t all = 0;

	*formats = NULL;
	*count = 0;
	pthread_mutex_lock(&registry->lock);
	for (struct entry *e = registry->first; e; e = e->next)
		all++;
	if (all)
		*formats = malloc(all * sizeof(**formats));
	if (all && !*formats)
		result = OE_OUT_OF_MEMORY;
	else
		for (struct entry *e = registry->first; e; e = e->next)
			(*formats)[(*count)++] = e->role->format_id;
	pthread_mutex_unlock(&registry->lock);
	return result;
}

oe_result_t oe_register_verifier_plugin(oe_verifier_t *plugin,
	const void *configuration_data, size_t configuration_data_size)
{
	return registry_add(&registry_verifiers,
		plugin ? &plugin->base : NULL, configuration_data,
		configuration_data_size);
}

oe_result_t oe_unregister_verifier_plugin(oe_verifier_t *plugin)
{
	return registry_remove(&registry_verifiers,
		plugin ? &plugin->base : NULL);
}

oe_result_t oe_find_verifier_plugin(const oe_uuid_t *format_id,
	oe_verifier_t **verifier_plugin)
{
	if (!format_id || !verifier_plugin)
		return OE_INVALID_PARAMETER;
	*verifier_plugin = (oe_verifier_t *)registry_find(&registry_verifiers,
		format_id);
	return *verifier_plugin ? OE_OK : OE_NOT_FOUND;
}
