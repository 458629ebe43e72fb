/* SPDX-License-Identifier: MIT */
#include "process.h"
#include "support/world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES_MAX 64u
#define RUN_MILLISECONDS 90000u

static struct process *g_processes[PROCESSES_MAX];

/* In the new process. */
static void become(char *const argv[], int out, int error)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (out >= 0)
		dup2(out, 1);
	if (error >= 0)
		dup2(error, 2);
	signal(SIGPIPE, SIG_DFL);
	execv(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static bool start(struct process *p, char *const argv[], int out, int error)
{
	size_t i = 0;

	while (i < PROCESSES_MAX && g_processes[i])
		i++;
	*p = (struct process){ 0 };
	fflush(stdout);
	p->pid = i < PROCESSES_MAX ? fork() : -1;
	if (!p->pid)
		become(argv, out, error);
	if (p->pid < 0) {
		fprintf(stderr, "%s does not start\n", argv[0]);
		p->pid = 0;
		return false;
	}
	g_processes[i] = p;
	return true;
}

static int open_for(const char *path)
{
	return path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
		0600) : -1;
}

bool process_start(struct process *p, char *const argv[], const char *out,
	const char *log)
{
	int to = open_for(out), error = open_for(log);
	bool good = start(p, argv, to, error);

	if (to >= 0)
		close(to);
	if (error >= 0)
		close(error);
	return good;
}

void processes_look(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < PROCESSES_MAX; i++)
			if (g_processes[i] && g_processes[i]->pid == pid) {
				g_processes[i]->ended = true;
				g_processes[i]->status = status;
				g_processes[i] = NULL;
			}
}

bool process_runs(struct process *p)
{
	processes_look();
	return p->pid && !p->ended;
}

bool process_wait(struct process *p, unsigned milliseconds)
{
	unsigned long long end = world_clock() + milliseconds;

	while (process_runs(p) && world_clock() < end)
		world_nap(10);
	return !process_runs(p);
}

void process_stop(struct process *p, unsigned milliseconds)
{
	if (!process_runs(p))
		return;
	kill(p->pid, SIGTERM);
	if (process_wait(p, milliseconds))
		return;
	kill(p->pid, SIGKILL);
	process_wait(p, RUN_MILLISECONDS);
}

int process_run(char *const argv[], char *said, size_t size,
	void (*idle)(void *context), void *context)
{
	unsigned long long end = world_clock() + RUN_MILLISECONDS;
	int fd = memfd_create("said", MFD_CLOEXEC);
	struct process p;
	ssize_t n = 0;

	if (fd < 0 || !start(&p, argv, fd, fd))
		return -1;
	while (!process_wait(&p, 20) && world_clock() < end)
		if (idle)
			idle(context);
	process_stop(&p, 1000);
	if (said) {
		n = pread(fd, said, size - 1, 0);
		said[n < 0 ? 0 : n] = 0;
	}
	close(fd);
	return WIFEXITED(p.status) ? WEXITSTATUS(p.status) : -1;
}
