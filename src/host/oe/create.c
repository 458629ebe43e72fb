/* SPDX-License-Identifier: MIT */
/* Enclaves begin and end. */
#include "enclave.h"

#include "common/why.h"
#include "image/image.h"
#include "image/signer.h"

#include <errno.h>
#include <openenclave/edger8r/host.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_OK(t) ((t) == OE_ENCLAVE_TYPE_AUTO || (t) == OE_ENCLAVE_TYPE_SGX)

static oe_result_t image_failed(const char *path, const char *step,
	enum image_result result, const struct image_error *error)
{
	host_log(HOST_ERROR, "%s: %s: %s", path, why_words(step),
		error->text);
	return (oe_result_t)result;
}

/* What went wrong in the driver, as a result and a line for people. */
static oe_result_t machine_failed(const char *path, const char *step,
	int error)
{
	const char *advice = "";
	oe_result_t result = OE_PLATFORM_ERROR;

	switch (-error) {
	case ENOMEM:
		result = OE_OUT_OF_MEMORY;
		advice = N_(".  The enclave page cache or the address space "
			"is too full: end other enclaves, or choose a larger "
			"virtual machine");
		break;
	case EPERM:
		advice = N_(".  The processor refused the enclave: was the "
			"file changed after it was signed?");
		break;
	case EACCES:
		advice = N_(".  The enclave asks for an attribute that this "
			"process may not give");
		break;
	case EHOSTDOWN: /* the reason has what to do */
		result = OE_SERVICE_UNAVAILABLE;
		break;
	case ENODEV:
	case ENOENT:
	case ECONNREFUSED:
	case EPIPE:
		result = OE_SERVICE_UNAVAILABLE;
		advice = N_(".  `coffer doctor` says what is missing");
		break;
	}
	host_log(HOST_ERROR, "%s: %s: %s (%s)%s", path, why_words(step),
		drv_error(), strerror(-error), why_words(advice));
	return result;
}

static oe_result_t read_settings(const oe_enclave_setting_t *settings,
	uint32_t count, const oe_sgx_enclave_setting_config_data_t **config)
{
	*config = NULL;
	for (uint32_t i = 0; i < count; i++) {
		switch (settings[i].setting_type) {
		case OE_ENCLAVE_SETTING_CONTEXT_SWITCHLESS:
			/* Both zero asks for nothing. */
			if (!settings[i].u.context_switchless_setting)
				return OE_INVALID_PARAMETER;
			if (!settings[i].u.context_switchless_setting
						->max_host_workers
					&& !settings[i].u
						.context_switchless_setting
						->max_enclave_workers)
				return OE_UNEXPECTED;
			break;
		case OE_SGX_ENCLAVE_CONFIG_DATA:
			*config = settings[i].u.config_data;
			if (!*config)
				return OE_INVALID_PARAMETER;
			break;
		default:
			return OE_INVALID_PARAMETER;
		}
	}
	return OE_OK;
}

/* CONFIGID and CONFIGSVN need an image with KSS. */
static oe_result_t apply_config(struct sgx_secs *secs,
	const oe_sgx_enclave_setting_config_data_t *config)
{
	if (!config)
		return OE_OK;
	if (!(secs->attributes.flags & SGX_ATTR_KSS)) {
		if (config->ignore_if_unsupported)
			return OE_OK;
		host_log(HOST_ERROR, "configuration data needs an image that "
			"is signed with key separation (KSS)");
		return OE_UNSUPPORTED;
	}
	memcpy(secs->config_id, config->config_id, sizeof(secs->config_id));
	secs->config_svn = config->config_svn;
	return OE_OK;
}

static oe_result_t add_pages(struct _oe_enclave *enclave,
	const struct image *image)
{
	size_t count;
	const struct image_run *run = image_runs(image, &count);
	int error;

	for (; count--; run++) {
		if (!run->same_page) {
			error = enclave->drv->add_pages(enclave->machine,
				run->data, run->offset,
				run->pages * SGX_PAGE_SIZE, run->secinfo_flags,
				run->measured);
			if (error)
				return machine_failed(enclave->path,
					"adding pages", error);
			continue;
		}
		/* One source page for each: as large a copy as is cheap. */
		uint64_t batch = run->pages < 16 ? run->pages : 16;
		uint8_t *copies = aligned_alloc(SGX_PAGE_SIZE,
			batch * SGX_PAGE_SIZE);

		if (!copies)
			return OE_OUT_OF_MEMORY;
		for (uint64_t i = 0; i < batch; i++)
			memcpy(copies + i * SGX_PAGE_SIZE, run->data,
				SGX_PAGE_SIZE);
		for (uint64_t done = 0; done < run->pages; done += batch) {
			if (batch > run->pages - done)
				batch = run->pages - done;
			error = enclave->drv->add_pages(enclave->machine,
				copies, run->offset + done * SGX_PAGE_SIZE,
				batch * SGX_PAGE_SIZE, run->secinfo_flags,
				run->measured);
			if (error) {
				free(copies);
				return machine_failed(enclave->path,
					"adding pages", error);
			}
		}
		free(copies);
	}
	return OE_OK;
}

/* Where it may grow, if the machine is one on which it can. */
static oe_result_t add_room(struct _oe_enclave *enclave,
	const struct image *image)
{
	const struct drv_ops *drv = enclave->drv;
	size_t count;
	const struct image_spare *spare = image_spares(image, &count);
	int error;

	if (!count || !drv->features || !(drv->features(enclave->machine)
			& SGX_FEATURE_SGX2))
		return OE_OK;
	enclave->grows = true;
	for (; count--; spare++) {
		error = drv->may_grow(enclave->machine, spare->offset,
			spare->pages * SGX_PAGE_SIZE, spare->tcs);
		if (error)
			return machine_failed(enclave->path,
				"making room to grow", error);
	}
	return OE_OK;
}

static oe_result_t make_slots(struct _oe_enclave *enclave,
	const struct image *image)
{
	size_t count = image_tcs_count(image);
	size_t room = enclave->grows ? image_tcs_most(image) : count;
	oe_result_t result = OE_OK;

	enclave->slots = aligned_alloc(64, room * sizeof(struct slot));
	if (!enclave->slots)
		return OE_OUT_OF_MEMORY;
	memset(enclave->slots, 0, room * sizeof(struct slot));
	enclave->slot_room = room;
	for (size_t i = 0; i < room; i++)
		enclave->slots[i].tcs = enclave->base
			+ image_tcs_offset(image, i);
	for (size_t i = 0; i < count && !result; i++)
		result = threads_add(enclave);
	return result;
}

static oe_result_t build(struct _oe_enclave *enclave, struct image *image,
	bool debug, const oe_sgx_enclave_setting_config_data_t *config)
{
	struct image_error why = { "" };
	struct sgx_sigstruct sigstruct;
	struct sgx_secs secs;
	enum image_result failed;
	oe_result_t result;
	int error;

	failed = image_build(image, &why);
	if (!failed)
		failed = image_secs(image, debug, image_host_xfrm(),
			enclave->drv->misc_select(), &secs, &why);
	if (!failed)
		failed = image_sigstruct(image, debug, &sigstruct, &why);
	if (failed)
		return image_failed(enclave->path, "image", failed, &why);
	result = apply_config(&secs, config);
	if (result)
		return result;
	if (image_zero_base(image)) {
		host_log(HOST_ERROR, "%s: an enclave that begins at address 0 "
			"cannot be placed into this process", enclave->path);
		return OE_UNSUPPORTED;
	}

	enclave->debug = debug;
	enclave->size = secs.size;
	error = enclave->drv->reserve(secs.size, &enclave->base);
	if (error)
		return machine_failed(enclave->path, "reserving addresses",
			error);
	secs.base = enclave->base;
	error = enclave->drv->create(&secs, &enclave->machine);
	if (error) {
		enclave->drv->unreserve(enclave->base, enclave->size);
		return machine_failed(enclave->path, "creating the enclave",
			error);
	}
	result = add_pages(enclave, image);
	if (!result)
		result = add_room(enclave, image);
	if (result)
		return result;
	error = secs.attributes.flags & SGX_ATTR_PROVISIONKEY
		? enclave->drv->provision(enclave->machine) : 0;
	if (!error)
		error = enclave->drv->init(enclave->machine, &sigstruct);
	if (error)
		return machine_failed(enclave->path, "initialising the "
			"enclave", error);
	return make_slots(enclave, image);
}

static oe_result_t first_call(struct _oe_enclave *enclave)
{
	uint64_t value = OE_UNEXPECTED;
	oe_result_t result = enclave_visit(enclave, CALL_INIT_ENCLAVE,
		(uint64_t)enclave, &value);

	if (!result)
		result = value <= OE_SGX_QUOTE_LIBRARY_ERROR
			? (oe_result_t)value : OE_UNEXPECTED;
	if (result)
		host_log(HOST_ERROR, "%s: the enclave's own start failed: %s",
			enclave->path, oe_result_str(result));
	return result;
}

/* Gives back what there is; the machine ends first, so that nothing is
 * still in use. */
static void release(struct _oe_enclave *enclave)
{
	debug_ending(enclave);
	if (enclave->machine)
		enclave->drv->destroy(enclave->machine);
	for (uint32_t i = 0; i < enclave->slot_count; i++)
		if (enclave->slots[i].shared)
			enclave->drv->shared_free(enclave->slots[i].shared);
	owned_end(&enclave->owned);
	pthread_mutex_destroy(&enclave->growing);
	free(enclave->slots);
	free(enclave->local_ids);
	free(enclave->path);
	free(enclave);
}

static struct _oe_enclave *allocate(const char *path)
{
	static atomic_ullong serials;
	struct _oe_enclave *enclave = calloc(1, sizeof(*enclave));

	if (!enclave)
		return NULL;
	owned_begin(&enclave->owned);
	pthread_mutex_init(&enclave->growing, NULL);
	enclave->serial = atomic_fetch_add(&serials, 1) + 1;
	enclave->path = strdup(path);
	if (!enclave->path) {
		release(enclave);
		return NULL;
	}
	return enclave;
}

/* Whether DEBUG is wanted; an image that forbids it is found by image_secs. */
static bool wants_debug(uint32_t flags, const struct image *image)
{
	if (flags & OE_ENCLAVE_FLAG_DEBUG_AUTO)
		return image_properties(image)->config.attributes
			& OE_SGX_FLAGS_DEBUG;
	return flags & OE_ENCLAVE_FLAG_DEBUG;
}

static oe_result_t load(struct _oe_enclave *enclave, uint32_t flags,
	const oe_sgx_enclave_setting_config_data_t *config)
{
	struct image_error why = { "" };
	struct image *image = NULL;
	enum image_result failed;
	oe_result_t result;

	failed = image_open(enclave->path, &image, &why);
	if (failed)
		return image_failed(enclave->path, "image", failed, &why);
	enclave->drv = drv_get();
	if (enclave->drv) {
		result = build(enclave, image, wants_debug(flags, image),
			config);
	} else {
		host_log(HOST_ERROR, "%s: no machine that runs enclaves: %s.  "
			"`coffer doctor` says what is missing", enclave->path,
			drv_error());
		result = OE_SERVICE_UNAVAILABLE;
	}
	image_close(image);
	return result;
}

oe_result_t oe_create_enclave(const char *path, oe_enclave_type_t type,
	uint32_t flags, const oe_enclave_setting_t *settings,
	uint32_t setting_count, const oe_ocall_func_t *ocall_table,
	uint32_t ocall_count, const oe_ecall_info_t *ecall_name_table,
	uint32_t ecall_count, oe_enclave_t **out)
{
	const oe_sgx_enclave_setting_config_data_t *config;
	struct _oe_enclave *enclave;
	oe_result_t result;

	if (out)
		*out = NULL;
	if (!path || !out || !TYPE_OK(type)
			|| (flags & OE_ENCLAVE_FLAG_RESERVED)
			|| !settings != !setting_count
			|| (ocall_count && !ocall_table)
			|| (ecall_count && !ecall_name_table))
		return OE_INVALID_PARAMETER;
	result = read_settings(settings, setting_count, &config);
	if (result)
		return result;
	enclave = allocate(path);
	if (!enclave)
		return OE_OUT_OF_MEMORY;
	enclave->ocalls = ocall_table;
	enclave->ocall_count = ocall_count;
	result = names_register(enclave, ecall_name_table, ecall_count)
		? load(enclave, flags, config) : OE_OUT_OF_MEMORY;
	if (!result) {
		debug_created(enclave);
		result = first_call(enclave);
	}
	if (result) {
		release(enclave);
		return result;
	}
	threads_begin_growing(enclave);
	*out = enclave;
	return OE_OK;
}

oe_result_t oe_terminate_enclave(oe_enclave_t *enclave)
{
	uint64_t value = OE_OK;
	oe_result_t result;

	if (!enclave)
		return OE_INVALID_PARAMETER;
	threads_stop_growing(enclave);
	result = (oe_result_t)atomic_load(&enclave->lost);
	if (!result) {
		result = enclave_visit(enclave, CALL_AT_EXIT_FUNCTIONS, 0,
			&value);
		if (!result)
			result = enclave_visit(enclave, CALL_DESTRUCTOR, 0,
				&value);
		if (!result)
			result = value <= OE_SGX_QUOTE_LIBRARY_ERROR
				? (oe_result_t)value : OE_UNEXPECTED;
	}
	/* An enclave that has aborted has nothing left to run. */
	if (result == OE_ENCLAVE_ABORTED || result == OE_ENCLAVE_ABORTING)
		result = OE_OK;
	release(enclave);
	return result;
}
