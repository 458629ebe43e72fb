/* SPDX-License-Identifier: MIT */
/* The plug-ins that seal, and calls to them with pointers checked. */
#include <openenclave/enclave.h>
#include <openenclave/seal.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MOST_PLUGINS 16

/* The first one is the default. Pointers do not stay valid for ever, so no
 * plug-in may be unregistered while it works; that is the program's. */
static const oe_seal_plugin_definition_t *plugins[MOST_PLUGINS];
static unsigned plugin_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* With the lock: the number of the plug-in, or plugin_count. */
static unsigned find(const oe_uuid_t *id)
{
	unsigned i;

	for (i = 0; i < plugin_count; i++)
		if (!memcmp(&plugins[i]->id, id, sizeof(*id)))
			break;
	return i;
}

oe_result_t oe_register_seal_plugin(const oe_seal_plugin_definition_t *plugin,
	bool make_default)
{
	oe_result_t result = OE_OK;
	unsigned i;

	if (!plugin || !plugin->seal || !plugin->unseal)
		return OE_INVALID_PARAMETER;
	pthread_mutex_lock(&lock);
	i = find(&plugin->id);
	if (i == MOST_PLUGINS) {
		result = OE_OUT_OF_MEMORY;
	} else {
		if (i == plugin_count)
			plugin_count++;
		if (make_default) {
			plugins[i] = plugins[0];
			i = 0;
		}
		plugins[i] = plugin;
	}
	pthread_mutex_unlock(&lock);
	return result;
}

oe_result_t oe_unregister_seal_plugin(const oe_uuid_t *plugin_id)
{
	oe_result_t result = OE_NOT_FOUND;
	unsigned i;

	if (!plugin_id)
		return OE_INVALID_PARAMETER;
	pthread_mutex_lock(&lock);
	i = find(plugin_id);
	if (i < plugin_count) {
		plugin_count--;
		memmove(&plugins[i], &plugins[i + 1],
			(plugin_count - i) * sizeof(plugins[0]));
		result = OE_OK;
	}
	pthread_mutex_unlock(&lock);
	return result;
}

/* Nothing, or wholly inside. */
static bool acceptable(const void *data, size_t size)
{
	return data ? size && oe_is_within_enclave(data, size) : !size;
}

oe_result_t oe_seal(const oe_uuid_t *plugin_id,
	const oe_seal_setting_t *settings, size_t settings_count,
	const uint8_t *plaintext, size_t plaintext_size,
	const uint8_t *additional_data, size_t additional_data_size,
	uint8_t **blob, size_t *blob_size)
{
	const oe_seal_plugin_definition_t *plugin = NULL;
	uint8_t *out = NULL;
	size_t settings_size, out_size = 0;
	oe_result_t result;
	unsigned i;

	if (blob)
		*blob = NULL;
	if (blob_size)
		*blob_size = 0;
	if (!blob || !blob_size
			|| __builtin_mul_overflow(settings_count,
				sizeof(*settings), &settings_size)
			|| !acceptable(settings, settings_size)
			|| !acceptable(plaintext, plaintext_size)
			|| !acceptable(additional_data, additional_data_size))
		return OE_INVALID_PARAMETER;
	pthread_mutex_lock(&lock);
	i = plugin_id ? find(plugin_id) : 0;
	if (i < plugin_count)
		plugin = plugins[i];
	pthread_mutex_unlock(&lock);
	if (!plugin)
		return OE_NOT_FOUND;
	result = plugin->seal(settings, settings_count, plaintext,
		plaintext_size, additional_data, additional_data_size, &out,
		&out_size);
	if (result)
		return result;
	*blob = out;
	*blob_size = out_size;
	return OE_OK;
}

/* Every plug-in in turn. */
static oe_result_t try_all(const uint8_t *blob, size_t blob_size,
	const uint8_t *additional_data, size_t additional_data_size,
	uint8_t **plaintext, size_t *plaintext_size)
{
	const oe_seal_plugin_definition_t *all[MOST_PLUGINS];
	unsigned count;

	pthread_mutex_lock(&lock);
	count = plugin_count;
	memcpy(all, plugins, sizeof(all));
	pthread_mutex_unlock(&lock);
	for (unsigned i = 0; i < count; i++) {
		uint8_t *out = NULL;
		size_t out_size = 0;

		if (all[i]->unseal(blob, blob_size, additional_data,
				additional_data_size, &out, &out_size))
			continue;
		*plaintext = out;
		*plaintext_size = out_size;
		return OE_OK;
	}
	return OE_UNSUPPORTED;
}

oe_result_t oe_unseal(const uint8_t *blob, size_t blob_size,
	const uint8_t *additional_data, size_t additional_data_size,
	uint8_t **plaintext, size_t *plaintext_size)
{
	uint8_t *copy = NULL, *out;
	size_t out_size;
	oe_result_t result;

	if (plaintext)
		*plaintext = NULL;
	if (plaintext_size)
		*plaintext_size = 0;
	if (!blob || !blob_size || !plaintext != !plaintext_size
			|| !acceptable(additional_data, additional_data_size))
		return OE_INVALID_PARAMETER;
	if (!oe_is_within_enclave(blob, blob_size)) {
		if (!oe_is_outside_enclave(blob, blob_size))
			return OE_INVALID_PARAMETER;
		/* The host could change it while it is read twice. */
		copy = malloc(blob_size);
		if (!copy)
			return OE_OUT_OF_MEMORY;
		memcpy(copy, blob, blob_size);
		blob = copy;
	}
	result = try_all(blob, blob_size, additional_data,
		additional_data_size, &out, &out_size);
	free(copy);
	if (result)
		return result;
	if (plaintext) {
		*plaintext = out;
		*plaintext_size = out_size;
	} else {
		if (out)
			explicit_bzero(out, out_size);
		free(out);
	}
	return OE_OK;
}
