/* SPDX-License-Identifier: MIT */
/* The client enclave's host. */
#include "client_u.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openenclave/host.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int connect_to(uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&address,
			sizeof(address))) {
		close(fd);
		return -1;
	}
	return fd;
}

int main(int argc, char **argv)
{
	oe_enclave_t *enclave = NULL;
	oe_result_t result;
	int failed = -1, fd;

	if (argc != 3) {
		fprintf(stderr, "usage: %s ENCLAVE PORT\n", argv[0]);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	result = oe_create_client_enclave(argv[1], OE_ENCLAVE_TYPE_AUTO, 0,
		NULL, 0, &enclave);
	fd = result ? -1 : connect_to((uint16_t)atoi(argv[2]));
	if (!result && fd < 0)
		fprintf(stderr, "nobody listens on port %s\n", argv[2]);
	if (fd >= 0) {
		result = client_run(enclave, &failed, fd);
		close(fd);
	}
	if (result)
		fprintf(stderr, "%s: %s\n", argv[1], oe_result_str(result));
	if (enclave)
		oe_terminate_enclave(enclave);
	return result || failed;
}
