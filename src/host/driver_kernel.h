/* SPDX-License-Identifier: MIT */
/*
 * What the driver for /dev/sgx_enclave asks of the system, as a table, so
 * that tests see the calls where there is no such device.
 */
#ifndef COFFER_HOST_DRIVER_KERNEL_H
#define COFFER_HOST_DRIVER_KERNEL_H

#include <asm/sgx.h>
#include <stddef.h>
#include <stdint.h>

/* Registers of one entry, in and, after EEXIT, out. */
struct kernel_registers {
	uint64_t rdi, rsi, rdx, r8, r9;
};

struct kernel_calls {
	/* As the system calls, with -errno for results. */
	int (*open)(const char *path);
	int (*close)(int fd);
	int (*ioctl)(int fd, unsigned long command, void *argument);
	int (*map)(uint64_t address, uint64_t length, int prot, int fd);
	/* __vdso_sgx_enter_enclave, called so that no register which C
	 * expects to be kept is lost.  -ENOSYS when the vDSO has none. */
	int (*enter)(struct kernel_registers *registers, unsigned function,
		struct sgx_enclave_run *run);
};

/* NULL: the system's own.  For tests. */
void kernel_calls_set(const struct kernel_calls *calls);

/* driver_kernel_enter.S */
int kernel_enter_vdso(void *vdso_function, struct kernel_registers *registers,
	unsigned function, struct sgx_enclave_run *run);

#endif
