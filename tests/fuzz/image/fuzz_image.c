/* SPDX-License-Identifier: MIT */
/* Any bytes as an enclave image: opened, laid out, every run looked at. */
#include "image/image.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_error error;
	struct image *image;
	const struct image_run *runs;
	static volatile uint8_t sink;
	uint64_t address, end = 0;
	size_t count;

	if (image_open_memory(data, size, &image, &error))
		return 0;
	image_find_symbol(image, "_start", &address);
	image_symbol_at(image, image_entry(image));
	if (!image_build(image, &error)) {
		runs = image_runs(image, &count);
		for (size_t i = 0; i < count; i++) {
			const uint8_t *bytes = runs[i].data;

			if (!runs[i].pages || runs[i].offset < end)
				abort();
			end = runs[i].offset + runs[i].pages * 4096;
			if (bytes)
				sink = bytes[0] + bytes[runs[i].same_page ?
					4095 : runs[i].pages * 4096 - 1];
		}
		if (end > image_elrange_size(image))
			abort();
		for (size_t i = 0; i < image_tcs_count(image); i++)
			if (image_tcs_offset(image, i) >= end)
				abort();
	}
	image_close(image);
	return 0;
}
