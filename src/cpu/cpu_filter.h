/* SPDX-License-Identifier: MIT */
/* The system calls that remain for the threads that touch secrets. */
#ifndef COFFER_CPU_CPU_FILTER_H
#define COFFER_CPU_CPU_FILTER_H

/* For the calling thread and those that it starts: memory, futexes, messages
 * on sockets that are there, read-only opens; no program, no new socket, no
 * other process's memory.  Anything else ends the processor.  0 or -errno. */
int cpu_filter_install(void);

#endif
