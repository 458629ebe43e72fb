/* SPDX-License-Identifier: MIT */
/*
 * The main thread: starts cells, reaps them, and, when the virtual machine
 * was made so, holds their ptrace slots.  It is the cells' parent in the
 * kernel's eyes (a parent thread that ends would take its cells along), keeps
 * no secret, and blocks every signal: it collects them.
 */
#include "space.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIGNAL_WORK SIGUSR1
#define FIRST_FREE_FD 64

pid_t keeper_spawn(struct engine_cell *e, struct spawn *request)
{
	pthread_mutex_lock(&e->life);
	e->spawn = request;
	pthread_kill(e->keeper, SIGNAL_WORK);
	while (!request->done)
		pthread_cond_wait(&e->changed, &e->life);
	pthread_mutex_unlock(&e->life);
	return request->pid;
}

/* In the child, which shares our memory until it executes the cell: nothing
 * but system calls. */
static _Noreturn void become_cell(const int *fd, int image, bool traced)
{
	static char name[] = "coffer-cell";
	static char *const argv[] = { name, NULL };
	static char *const envp[] = { NULL };
	sigset_t none;

	for (int i = 0; i < CELL_FD_COUNT; i++)
		if (fd[i] >= 0)
			dup2(fd[i], i);
	sigemptyset(&none);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
	if (traced)
		syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
	syscall(SYS_execveat, image, "", argv, envp, AT_EMPTY_PATH);
	_exit(71);
}

/* Sources out of the way of the targets, which dup2 leaves open. */
static int raise_fds(const struct spawn *r, int *raised)
{
	for (int i = 0; i < CELL_FD_COUNT; i++)
		raised[i] = -1;
	for (int i = 0; i < CELL_FD_COUNT; i++) {
		if (r->fd[i] < 0)
			continue;
		raised[i] = fcntl(r->fd[i], F_DUPFD_CLOEXEC, FIRST_FREE_FD);
		if (raised[i] < 0)
			return -errno;
	}
	return 0;
}

static pid_t start_cell(struct engine_cell *e, const struct spawn *r)
{
	int raised[CELL_FD_COUNT];
	pid_t pid = -1;
	int error = raise_fds(r, raised);

	if (error == 0) {
		pid = vfork();
		if (pid == 0)
			become_cell(raised, e->image_fd,
				e->config.hold_ptrace_slot
					&& !r->space->debug);
		if (pid < 0)
			error = -errno;
	}
	for (int i = 0; i < CELL_FD_COUNT; i++)
		if (raised[i] >= 0)
			close(raised[i]);
	return error != 0 ? error : pid;
}

static void take_request(struct engine_cell *e)
{
	struct spawn *r;

	pthread_mutex_lock(&e->life);
	r = e->spawn;
	e->spawn = NULL;
	if (r != NULL) {
		r->pid = start_cell(e, r);
		if (r->pid > 0) {
			r->space->pid = r->pid;
			r->space->next_live = e->live;
			e->live = r->space;
		}
		r->done = true;
		pthread_cond_broadcast(&e->changed);
	}
	pthread_mutex_unlock(&e->life);
}

static void cell_ended(struct engine_cell *e, pid_t pid, int status)
{
	uint32_t number = 0;

	pthread_mutex_lock(&e->life);
	for (struct space **link = &e->live; *link != NULL;
	     link = &(*link)->next_live) {
		struct space *s = *link;

		if (s->pid != pid)
			continue;
		*link = s->next_live;
		s->dead = true;
		s->wait_status = (uint32_t)status;
		space_mark_dead(s);
		number = s->number;
		break;
	}
	pthread_cond_broadcast(&e->changed);
	pthread_mutex_unlock(&e->life);
	if (number != 0)
		e->config.events.died(e->config.events.ctx, number,
			(uint32_t)status);
}

/* A stop of a thread whose slot is held: pass its signals on, swallow the
 * stops that tracing itself makes. */
static void tracee_stopped(pid_t tid, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;

	if (event != 0 || signal == SIGSTOP) {
		signal = 0;
	} else if (signal == SIGTRAP) {
		siginfo_t info;

		/* After exec, and nothing else that is not the cell's own. */
		if (ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) != 0
		    || info.si_code == SI_USER || info.si_code == SIGTRAP) {
			ptrace(PTRACE_SETOPTIONS, tid, NULL,
				PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE);
			signal = 0;
		}
	}
	ptrace(PTRACE_CONT, tid, NULL, (void *)(long)signal);
}

static void reap(struct engine_cell *e)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG | __WALL);

		if (pid <= 0)
			return;
		if (WIFSTOPPED(status))
			tracee_stopped(pid, status);
		else
			cell_ended(e, pid, status);
	}
}

_Noreturn void engine_cell_keep(struct engine *engine)
{
	struct engine_cell *e = (struct engine_cell *)engine;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGNAL_WORK);
	for (;;) {
		sigwaitinfo(&signals, NULL);
		take_request(e);
		reap(e);
	}
}
