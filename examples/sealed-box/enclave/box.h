/* SPDX-License-Identifier: MIT */
/* Between the box and the part of it that fetches its key. */
#ifndef SEALED_BOX_BOX_H
#define SEALED_BOX_BOX_H

#include "../box_format.h"

#include <stdbool.h>

#include "box_t.h"

bool box_has_key(void);

/* Copies the key; BOX_BAD_ORDER when there is one already. */
enum box_status box_take_key(const uint8_t key[BOX_KEY_SIZE]);

#endif
