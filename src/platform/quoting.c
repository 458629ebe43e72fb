/* SPDX-License-Identifier: MIT */
#include "platform/quoting.h"

#include "common/log.h"
#include "common/msg.h"
#include "common/spawn.h"
#include "quoting/quoting.h"
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* One that died sooner than this after its start is not started again before
 * as much time has passed. */
#define TOO_SOON_MS 1000

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

void quoting_init(struct quoting *q, const char *vm, int log_fd)
{
	memset(q, 0, sizeof(*q));
	q->vm = vm;
	q->log_fd = log_fd;
	q->pidfd = q->control = -1;
}

static void shut(struct quoting *q)
{
	if (q->pidfd >= 0)
		close(q->pidfd);
	if (q->control >= 0)
		close(q->control);
	q->pidfd = q->control = -1;
	q->pid = 0;
}

void quoting_ended(struct quoting *q)
{
	int status = 0;

	if (q->pid <= 0 || waitpid(q->pid, &status, WNOHANG) != q->pid)
		return;
	q->why.text[0] = '\0';
	if (WIFSIGNALED(status))
		why_set(&q->why, 0, "coffer-quoting (pid %d) was killed by "
			"signal %d", (int)q->pid, WTERMSIG(status));
	else if (WEXITSTATUS(status))
		why_set(&q->why, 0, "coffer-quoting (pid %d) ended with "
			"status %d", (int)q->pid, WEXITSTATUS(status));
	if (q->why.text[0])
		log_error("%s", q->why.text);
	shut(q);
}

static int start(struct quoting *q, struct why *why)
{
	char path[PATH_MAX];
	char *argv[] = { path, "--vm", (char *)q->vm, "--control", "3", NULL };
	int pair[2], r;

	if (q->why.text[0] && now_ms() < q->started + TOO_SOON_MS)
		return why_set(why, -EAGAIN, "%s; the machine's log says more",
			q->why.text);
	r = spawn_find("coffer-quoting", path, sizeof(path), why);
	if (r)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return why_set(why, -errno, "no socket: %s", strerror(errno));
	q->pid = spawn_child(path, argv, &pair[1], 1, q->log_fd);
	close(pair[1]);
	if (q->pid <= 0) {
		r = q->pid ? (int)q->pid : -EAGAIN;
		q->pid = 0;
		close(pair[0]);
		return why_set(why, r, "cannot start %s: %s", path,
			strerror(-r));
	}
	q->control = pair[0];
	q->pidfd = (int)syscall(SYS_pidfd_open, q->pid, 0);
	q->started = now_ms();
	q->why.text[0] = '\0';
	log_debug("coffer-quoting has pid %d", (int)q->pid);
	return 0;
}

/* -EPIPE: it has ended, which waitpid may not know yet. */
static int hand_over(struct quoting *q, uint32_t pid, int fd)
{
	struct quoting_client client = { .pid = pid };
	int r = msg_send(q->control, &client, sizeof(client), &fd, 1,
		MSG_DONTWAIT);

	return r == -ECONNRESET || r == -ENOTCONN ? -EPIPE : r;
}

int quoting_connect(struct quoting *q, uint32_t pid, int *fd,
	struct why *why)
{
	int pair[2], r = -EPIPE;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return why_set(why, -errno, "no socket: %s", strerror(errno));
	quoting_ended(q);
	if (q->pid)
		r = hand_over(q, pid, pair[1]);
	if (r == -EPIPE) {
		quoting_stop(q);
		r = start(q, why);
		if (!r) {
			r = hand_over(q, pid, pair[1]);
			if (r)
				why_set(why, r, "coffer-quoting does not take "
					"clients: %s", strerror(-r));
		}
	} else if (r) {
		why_set(why, r, "coffer-quoting takes no more clients at the "
			"moment: %s", strerror(-r));
	}
	close(pair[1]);
	if (r)
		close(pair[0]);
	else
		*fd = pair[0];
	return r;
}

void quoting_stop(struct quoting *q)
{
	int status;

	if (q->pid > 0) {
		kill(q->pid, SIGKILL);
		while (waitpid(q->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	shut(q);
}
