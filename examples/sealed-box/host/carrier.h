/* SPDX-License-Identifier: MIT */
/*
 * What this host does with the messages that it carries between the enclave
 * and the services.  An honest host carries them as they are (libcofferhost);
 * this one can also keep the request with the quote, send an older one in its
 * place, or change one bit of the quote.  The enclave and the services must
 * find that out.
 */
#ifndef SEALED_BOX_CARRIER_H
#define SEALED_BOX_CARRIER_H

/* Before the enclave is made; paths are kept. */
void carrier_record(const char *path);
void carrier_replay(const char *path);
void carrier_flip(void);

#endif
