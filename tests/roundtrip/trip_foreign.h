/* SPDX-License-Identifier: MIT */
/* Types that the EDL files do not define. */
#ifndef TRIP_FOREIGN_H
#define TRIP_FOREIGN_H

typedef int *trip_int_ptr;
typedef const int *trip_const_ptr;
typedef int trip_array[5];

typedef struct {
	int a;
	char b[12];
} trip_plain;

#define TRIP_ROWS 2

#endif
