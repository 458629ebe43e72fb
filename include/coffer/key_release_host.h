/* SPDX-License-Identifier: MIT */
/*
 * The host's part of coffer_key_release(): carrying HTTP messages for
 * enclaves.  Programs link libcofferhost, which brings coffer_http_ocall()
 * (coffer/edl/key_release.edl) and needs libcurl.
 */
#ifndef COFFER_KEY_RELEASE_HOST_H
#define COFFER_KEY_RELEASE_HOST_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Whom to believe and what to show: a file of CA certificates (PEM) for
 * https, and a file with the bearer token that the key service wants.  NULL
 * leaves what the environment says: COFFER_SERVICE_CA, COFFER_SERVICE_TOKEN
 * (both name files), and failing that the files that `coffer serve` made for
 * this user.  The token is sent over https and to loopback addresses only.
 * The strings are copied.  0, or -ENOMEM; not while enclaves run.
 */
int coffer_http_setup(const char *ca_file, const char *token_file);

#ifdef __cplusplus
}
#endif

#endif
