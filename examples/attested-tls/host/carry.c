/* SPDX-License-Identifier: MIT */
/* What both hosts do for their enclaves. */
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include EDL_HEADER

int64_t carry_out(int connection, const uint8_t *bytes, size_t size)
{
	return write(connection, bytes, size);
}

int64_t carry_in(int connection, uint8_t *bytes, size_t size)
{
	return read(connection, bytes, size);
}

void say(const char *line)
{
	puts(line);
	fflush(stdout);
}
