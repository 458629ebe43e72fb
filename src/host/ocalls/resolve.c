/* SPDX-License-Identifier: MIT */
/* Names of hosts and services. */
#include "ocalls.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct addresses {
	struct addrinfo *first, *next;
};

int oe_syscall_getaddrinfo_open_ocall(const char *node, const char *service,
				      const struct oe_addrinfo *hints,
				      uint64_t *handle)
{
	struct addrinfo want = { 0 };
	struct addresses *a;
	int result;

	if (!handle)
		return EAI_FAIL;
	if (hints) {
		want.ai_flags = hints->ai_flags;
		want.ai_family = hints->ai_family;
		want.ai_socktype = hints->ai_socktype;
		want.ai_protocol = hints->ai_protocol;
	}
	a = calloc(1, sizeof(*a));
	if (!a)
		return EAI_MEMORY;
	result = getaddrinfo(node, service, hints ? &want : NULL, &a->first);
	if (result) {
		free(a);
		return result;
	}
	a->next = a->first;
	*handle = handle_make(HANDLE_ADDRESSES, a);
	if (!*handle) {
		freeaddrinfo(a->first);
		free(a);
		return EAI_MEMORY;
	}
	return 0;
}

#define SET(to, value)                \
	do {                          \
		if (to)               \
			*(to) = (value); \
	} while (0)

/* 0: one address was given, 1: there is none left; -1 and ENAMETOOLONG: a
 * buffer is too small, and the sizes say how large it has to be. */
int oe_syscall_getaddrinfo_read_ocall(
	uint64_t handle, int *ai_flags, int *ai_family, int *ai_socktype,
	int *ai_protocol, oe_socklen_t ai_addrlen_in,
	oe_socklen_t *ai_addrlen, struct oe_sockaddr *ai_addr,
	size_t ai_canonnamelen_in, size_t *ai_canonnamelen,
	char *ai_canonname)
{
	struct addresses *a = handle_lock(HANDLE_ADDRESSES, handle);
	const struct addrinfo *i;
	size_t name_size;
	int result = 1;

	if (!a)
		return -1;
	i = a->next;
	if (!i)
		goto out;
	name_size = i->ai_canonname ? strlen(i->ai_canonname) + 1 : 0;
	SET(ai_flags, i->ai_flags);
	SET(ai_family, i->ai_family);
	SET(ai_socktype, i->ai_socktype);
	SET(ai_protocol, i->ai_protocol);
	SET(ai_addrlen, i->ai_addrlen);
	SET(ai_canonnamelen, name_size);
	if (i->ai_addrlen > ai_addrlen_in || name_size > ai_canonnamelen_in ||
	    (i->ai_addrlen && !ai_addr) || (name_size && !ai_canonname)) {
		errno = ENAMETOOLONG;
		result = -1;
		goto out;
	}
	if (i->ai_addrlen)
		memcpy(ai_addr, i->ai_addr, i->ai_addrlen);
	if (name_size)
		memcpy(ai_canonname, i->ai_canonname, name_size);
	a->next = i->ai_next;
	result = 0;
out:
	handle_unlock();
	return result;
}

int oe_syscall_getaddrinfo_close_ocall(uint64_t handle)
{
	struct addresses *a = handle_remove(HANDLE_ADDRESSES, handle);

	if (!a)
		return -1;
	freeaddrinfo(a->first);
	free(a);
	return 0;
}

int oe_syscall_getnameinfo_ocall(const struct oe_sockaddr *sa,
				 oe_socklen_t salen, char *host,
				 oe_socklen_t hostlen, char *serv,
				 oe_socklen_t servlen, int flags)
{
	return getnameinfo((const struct sockaddr *)sa, salen, host,
			   host ? hostlen : 0, serv, serv ? servlen : 0,
			   flags);
}
