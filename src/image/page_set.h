/* SPDX-License-Identifier: MIT */
/* A set of page numbers: open addressing, grows.  Private to src/image. */
#ifndef COFFER_IMAGE_PAGE_SET_H
#define COFFER_IMAGE_PAGE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct page_set { /* all zero: empty */
	uint64_t *slots; /* page number + 1; 0 is a free slot */
	size_t capacity, count;
};

enum page_set_result { PAGE_SET_NEW, PAGE_SET_THERE, PAGE_SET_NO_MEMORY };

enum page_set_result page_set_add(struct page_set *set, uint64_t page);
bool page_set_has(const struct page_set *set, uint64_t page);
void page_set_free(struct page_set *set);

#endif
