/* SPDX-License-Identifier: MIT */
/* The server's host: it carries bytes, and sees no key. */
#include "server_u.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openenclave/host.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ENDORSEMENTS_MAX (200 * 1024)

/* On 127.0.0.1; port 0 is a free one. */
static int listen_on(uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(address);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address))
			|| listen(fd, 8) || getsockname(fd,
				(struct sockaddr *)&address, &size)) {
		close(fd);
		return -1;
	}
	printf("port %u\n", ntohs(address.sin_port));
	fflush(stdout);
	return fd;
}

static oe_result_t serve(oe_enclave_t *enclave, uint16_t port,
	int connections)
{
	oe_result_t result;
	int failed = -1, listener, fd;

	result = server_open(enclave, &failed);
	if (result || failed)
		return result ? result : OE_FAILURE;
	listener = listen_on(port);
	if (listener < 0)
		result = OE_FAILURE;
	for (int i = 0; !result && i < connections; i++) {
		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			break;
		result = server_answer(enclave, fd);
		close(fd);
	}
	if (listener >= 0)
		close(listener);
	server_close(enclave);
	return result;
}

static oe_result_t write_endorsements(oe_enclave_t *enclave, const char *path)
{
	uint8_t *bytes = malloc(ENDORSEMENTS_MAX);
	oe_result_t result, answer = OE_UNEXPECTED;
	FILE *file;
	size_t size = 0;

	if (!bytes)
		return OE_OUT_OF_MEMORY;
	result = server_endorsements(enclave, &answer, bytes,
		ENDORSEMENTS_MAX, &size);
	if (!result)
		result = answer;
	if (!result) {
		file = fopen(path, "wb");
		if (!file || fwrite(bytes, 1, size, file) != size
				|| fclose(file))
			result = OE_FAILURE;
	}
	free(bytes);
	return result;
}

int main(int argc, char **argv)
{
	oe_enclave_t *enclave = NULL;
	oe_result_t result;

	if (argc != 4 && argc != 5) {
		fprintf(stderr, "usage: %s ENCLAVE PORT CONNECTIONS "
			"[ENDORSEMENTS-FILE]\n", argv[0]);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	result = oe_create_server_enclave(argv[1], OE_ENCLAVE_TYPE_AUTO, 0,
		NULL, 0, &enclave);
	if (!result && argc == 5)
		result = write_endorsements(enclave, argv[4]);
	if (!result)
		result = serve(enclave, (uint16_t)atoi(argv[2]),
			atoi(argv[3]));
	if (result)
		fprintf(stderr, "%s: %s\n", argv[1], oe_result_str(result));
	if (enclave)
		oe_terminate_enclave(enclave);
	return result != OE_OK;
}
