/* SPDX-License-Identifier: MIT */
#include "platform/processor.h"

#include "common/log.h"
#include "common/msg.h"
#include "common/spawn.h"
#include "platform/swapfile.h"
#include "sgx/model.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Far beyond what any request takes: a processor that is silent for longer
 * will not answer any more. */
#define ANSWER_MS 30000
#define END_MS 3000

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Waits for the child's end, at most ms; true when it is reaped. */
static bool reap(struct processor *cpu, int ms, int *status)
{
	struct pollfd wait = { .fd = cpu->pidfd, .events = POLLIN };

	if (cpu->pid <= 0)
		return false;
	if (cpu->pidfd >= 0)
		while (poll(&wait, 1, ms) < 0 && errno == EINTR)
			;
	if (waitpid(cpu->pid, status, WNOHANG) != cpu->pid)
		return false;
	cpu->pid = 0;
	return true;
}

static void kill_and_reap(struct processor *cpu, int *status)
{
	if (cpu->pid <= 0)
		return;
	kill(cpu->pid, SIGKILL);
	while (waitpid(cpu->pid, status, 0) < 0 && errno == EINTR)
		;
	cpu->pid = 0;
}

static void shut(struct processor *cpu)
{
	close_fd(&cpu->door);
	close_fd(&cpu->events);
	close_fd(&cpu->pidfd);
	close_fd(&cpu->swap);
}

/* The end of a processor that still had work; what: NULL when it went away
 * by itself, else what it did wrong. */
static void died(struct processor *cpu, const char *what)
{
	int status = 0;
	pid_t pid = cpu->pid;

	if (cpu->dead)
		return;
	cpu->dead = true;
	if (what) {
		kill_and_reap(cpu, &status);
		why_set(&cpu->why, 0, "the processor (coffer-cpu, pid %d) %s "
			"and was ended", (int)pid, what);
	} else {
		if (!reap(cpu, END_MS, &status))
			kill_and_reap(cpu, &status);
		if (WIFSIGNALED(status))
			why_set(&cpu->why, 0, "the processor (coffer-cpu, pid "
				"%d) was killed by signal %d", (int)pid,
				WTERMSIG(status));
		else
			why_set(&cpu->why, 0, "the processor (coffer-cpu, pid "
				"%d) ended with status %d", (int)pid,
				WEXITSTATUS(status));
	}
	log_error("%s", cpu->why.text);
	if (cpu->swap_file)
		swapfile_empty(cpu->swap);
	shut(cpu);
}

void processor_lost(struct processor *cpu)
{
	died(cpu, NULL);
}

void processor_wrong(struct processor *cpu)
{
	died(cpu, "gave an answer that is none");
}

/* *fd: a descriptor that came along, or -1; NULL: none may. */
static int answer(struct processor *cpu, uint32_t op, struct door_reply *reply,
	size_t size, int *fd)
{
	struct pollfd wait = { .fd = cpu->door, .events = POLLIN };
	unsigned fds = 1;
	ssize_t n;
	int r;

	do
		r = poll(&wait, 1, ANSWER_MS);
	while (r < 0 && errno == EINTR);
	if (r <= 0) {
		died(cpu, "did not answer");
		return -ENODEV;
	}
	memset(reply, 0, size);
	n = msg_recv(cpu->door, reply, size, fd, fd ? &fds : NULL,
		MSG_DONTWAIT);
	if (fd && (n <= 0 || !fds))
		*fd = -1;
	if (n == 0 || n == -ECONNRESET || n == -EPIPE) {
		died(cpu, NULL);
		return -ENODEV;
	}
	if (n < (ssize_t)sizeof(*reply) || reply->op != op ||
	    reply->status > DOOR_FAILED ||
	    (reply->status == DOOR_OK && n != (ssize_t)size)) {
		processor_wrong(cpu);
		return -ENODEV;
	}
	reply->text[sizeof(reply->text) - 1] = '\0';
	return 0;
}

static int ask(struct processor *cpu, const void *request, size_t size,
	int fd, struct door_reply *reply, size_t reply_size, int *fd_back)
{
	struct door_header header;
	int r;

	if (cpu->dead)
		return -ENODEV;
	memcpy(&header, request, sizeof(header));
	r = msg_send(cpu->door, request, size, &fd, fd >= 0, 0);
	if (r) {
		/* Only its end can make a blocking send of ours fail. */
		died(cpu, r == -EPIPE || r == -ECONNRESET ? NULL :
			"could not be asked");
		return -ENODEV;
	}
	return answer(cpu, header.op, reply, reply_size, fd_back);
}

int processor_ask(struct processor *cpu, const void *request, size_t size,
	int fd, struct door_reply *reply, size_t reply_size)
{
	return ask(cpu, request, size, fd, reply, reply_size, NULL);
}

int processor_event(struct processor *cpu, struct door_event *event)
{
	ssize_t n;

	if (cpu->dead)
		return -ENODEV;
	n = msg_recv(cpu->events, event, sizeof(*event), NULL, NULL,
		MSG_DONTWAIT);
	if (n == -EAGAIN)
		return 0;
	if (n == sizeof(*event)) {
		event->text[sizeof(event->text) - 1] = '\0';
		return 1;
	}
	died(cpu, n == 0 || n == -ECONNRESET ? NULL :
		"sent an event that is none");
	return -ENODEV;
}

/* Keeps the store that the answer brings, where we gave none. */
static int greet(struct processor *cpu, const struct vmconf *conf,
	struct why *why)
{
	struct door_header hello = { DOOR_HELLO, sizeof(hello) };
	int store = -1, r;

	r = ask(cpu, &hello, sizeof(hello), -1, &cpu->hello.r,
		sizeof(cpu->hello), &store);
	if (store >= 0 && cpu->swap < 0)
		cpu->swap = store;
	else if (store >= 0)
		close(store);
	if (r)
		return why_set(why, -ENODEV, "%s; its reason is in the log of "
			"the virtual machine", cpu->why.text);
	if (cpu->hello.r.status != DOOR_OK)
		return why_set(why, -ENODEV, "the processor does not start: "
			"%s", cpu->hello.r.text);
	if (cpu->hello.abi != DOOR_ABI)
		return why_set(why, -EPROTO, "coffer-cpu is of another "
			"version: its door is %u, ours is %u", cpu->hello.abi,
			DOOR_ABI);
	if (cpu->hello.epc_pages != conf->epc_pages)
		return why_set(why, -EPROTO, "coffer-cpu has %u EPC pages, "
			"the virtual machine %u", cpu->hello.epc_pages,
			conf->epc_pages);
	return 0;
}

int processor_start(struct processor *cpu, const char *state,
	const struct vmconf *conf, int swap, int lock, int log_fd,
	struct why *why)
{
	char path[PATH_MAX], pages[16], cpusvn[33];
	char *argv[20] = { path, "--door", "3", "--events", "4", "--state",
		(char *)state, "--epc-pages", pages, "--profile",
		conf->size->family == VMCONF_DCSV2 ? "dcsv2" : "dcsv3",
		"--cpusvn", cpusvn, "--lock", "5" };
	int door[2] = { -1, -1 }, events[2] = { -1, -1 };
	int fds[4] = { -1, -1, lock, swap }, argc = 15, r, status;

	memset(cpu, 0, sizeof(*cpu));
	cpu->door = cpu->events = cpu->pidfd = -1;
	cpu->swap = swap;
	cpu->swap_file = swap >= 0;
	r = spawn_find("coffer-cpu", path, sizeof(path), why);
	if (r) {
		shut(cpu);
		return r;
	}
	snprintf(pages, sizeof(pages), "%u", conf->epc_pages);
	for (int i = 0; i < 16; i++)
		snprintf(cpusvn + 2 * i, 3, "%02x", conf->cpusvn[i]);
	if (swap >= 0) {
		argv[argc++] = "--swap";
		argv[argc++] = "6";
	}
	if (conf->ptrace_slot)
		argv[argc++] = "--ptrace-slot";
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, door) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, events)) {
		r = -errno;
		close_fd(&door[0]);
		close_fd(&door[1]);
		shut(cpu);
		return why_set(why, r, "no socket: %s", strerror(-r));
	}
	fds[0] = door[1];
	fds[1] = events[1];
	cpu->door = door[0];
	cpu->events = events[0];
	cpu->pid = spawn_child(path, argv, fds, swap >= 0 ? 4 : 3,
		log_fd);
	close(door[1]);
	close(events[1]);
	if (cpu->pid < 0) {
		r = cpu->pid;
		cpu->pid = 0;
		why_set(why, r, "cannot start %s: %s", path, strerror(-r));
	} else {
		cpu->pidfd = (int)syscall(SYS_pidfd_open, cpu->pid, 0);
		r = greet(cpu, conf, why);
	}
	if (r) {
		kill_and_reap(cpu, &status);
		shut(cpu);
	}
	return r;
}

void processor_end(struct processor *cpu)
{
	int status;

	close_fd(&cpu->door);
	close_fd(&cpu->events);
	if (!reap(cpu, END_MS, &status))
		kill_and_reap(cpu, &status);
	if (cpu->swap_file)
		swapfile_empty(cpu->swap);
	shut(cpu);
	cpu->dead = true;
}

int processor_result(const struct door_reply *reply, const char *leaf,
	int error_code, struct why *why)
{
	/* The processor's own sentence, where it has one, names the leaf. */
	const char *said = reply->text[0] ? reply->text : NULL;

	switch (reply->status) {
	case DOOR_OK:
		return 0;
	case DOOR_ERROR_CODE:
		return said ? why_set(why, error_code, "%s", said) :
			why_set(why, error_code, "%s: %s (%u)", leaf,
				sgx_error_name(reply->error), reply->error);
	case DOOR_FAULT:
		return said ? why_set(why, -EIO, "%s", said) :
			why_set(why, -EIO, "%s: %s at 0x%llx", leaf,
				reply->vector == SGX_VECTOR_PF ? "#PF" :
				reply->vector == SGX_VECTOR_GP ? "#GP" :
				reply->vector == SGX_VECTOR_UD ? "#UD" :
				"a fault", (unsigned long long)reply->address);
	default:
		/* An errno from another process: only plausible ones pass. */
		return why_set(why, reply->error > 0 && reply->error < 4096 ?
			-(int)reply->error : -EIO, "%s", said ? said : leaf);
	}
}
