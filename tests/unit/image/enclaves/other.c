/* SPDX-License-Identifier: MIT */
/* The shared object that tiny.c needs, when built with -DNEEDS. */
#define EXPORT __attribute__((visibility("default"), used))

extern int shared_with_module(int);

EXPORT int other_variable = 5;
EXPORT int *pointer_to_variable = &other_variable;
EXPORT int other_value(int x);

static int initialised;

__attribute__((constructor)) static void start(void)
{
	initialised = 1;
}

int other_value(int x)
{
	return initialised + *pointer_to_variable + shared_with_module(x);
}
