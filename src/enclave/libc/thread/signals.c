/* SPDX-License-Identifier: MIT */
/* musl masks signals around its locks; an enclave gets none. */
void __block_all_sigs(void *old);
void __block_app_sigs(void *old);
void __restore_sigs(void *old);

void __block_all_sigs(void *old)
{
}

void __block_app_sigs(void *old)
{
}

void __restore_sigs(void *old)
{
}
