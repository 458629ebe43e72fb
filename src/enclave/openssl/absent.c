/* SPDX-License-Identifier: MIT */
/*
 * What OpenSSL asks for that an enclave does not have.
 *
 * No configuration file is read at start: it would be the host's. A program
 * that wants one says so with CONF_modules_load_file. No fibres: musl has no
 * getcontext, so ASYNC_is_capable says no. No log of the system.
 */
#include <errno.h>
#include <openenclave/enclave.h>
#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <ucontext.h>

int ossl_config_int(const OPENSSL_INIT_SETTINGS *settings);
void ossl_no_config_int(void);
void engine_load_padlock_int(void);
void __syslog_chk(int priority, int flag, const char *format, ...);

int ossl_config_int(const OPENSSL_INIT_SETTINGS *settings)
{
	return 1;
}

void ossl_no_config_int(void)
{
}

void OPENSSL_config(const char *name)
{
}

void engine_load_padlock_int(void)
{
}

void __syslog_chk(int priority, int flag, const char *format, ...)
{
}

int getcontext(ucontext_t *context)
{
	errno = ENOSYS;
	return -1;
}

int setcontext(const ucontext_t *context)
{
	errno = ENOSYS;
	return -1;
}

void makecontext(ucontext_t *context, void (*function)(void), int count, ...)
{
	oe_abort(); /* there is no context that getcontext made */
}
