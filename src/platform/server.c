/* SPDX-License-Identifier: MIT */
/*
 * The loop.  Each round takes at most one message of each client and does
 * one turn of one job, so nobody who asks much keeps the others waiting.
 *
 * A client lives as long as its process (pidfd), not as long as its socket:
 * a forked child that inherited the socket does not keep a dead parent's
 * enclaves.
 */
#include "platform/platform.h"

#include "common/events.h"
#include "common/log.h"
#include "common/msg.h"
#include "common/paths.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* How much longer than later ones the first client is waited for: who starts
 * a machine must reach it. */
#define FIRST_CLIENT_MS 3000
#define BUSY_MS 20 /* until the lock is tried again */

enum {
	POLL_SIGNALS, POLL_LISTENER, POLL_DOOR, POLL_EVENTS, POLL_QUOTING,
	POLL_METRICS,
	POLL_CLIENTS = POLL_METRICS + METRICS_FDS
};

struct server {
	struct platform *p;
	int listener, signals, lock;
	int idle_ms;
	int64_t idle_from; /* ms; meaningful with no client */
	struct pollfd wait[POLL_CLIENTS + 2 * PLATFORM_CLIENTS_MAX];
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

/* --- clients ------------------------------------------------------------ */

static int pidfd_of(int fd, pid_t pid)
{
	int pidfd = -1;
	socklen_t size = sizeof(pidfd);

	if (!getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size))
		return pidfd;
	return pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
}

/* One member must not take all the places. */
static bool is_many(const struct platform *p, const struct client *client)
{
	unsigned count = 0;

	if (client->role == ACCESS_OWNER)
		return false;
	for (const struct client *c = p->clients; c; c = c->next)
		count += c->uid == client->uid;
	return count >= PLATFORM_MEMBER_CLIENTS_MAX;
}

static void accept_one(struct server *s)
{
	struct platform *p = s->p;
	struct client *client;
	enum access_role role;
	struct ucred peer;
	int fd;

	fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			usleep(10000);
		return;
	}
	role = access_of(&p->access, fd, &peer);
	if (role == ACCESS_NONE) {
		log_peer("a process of another user (%u) was turned away",
			(unsigned)peer.uid);
		close(fd);
		return;
	}
	client = calloc(1, sizeof(*client));
	if (!client) {
		close(fd);
		return;
	}
	client->fd = fd;
	client->arena_fd = -1;
	client->pid = (uint32_t)peer.pid;
	client->pidfd = -1;
	client->uid = peer.uid;
	client->role = role;
	if (p->client_count >= PLATFORM_CLIENTS_MAX || is_many(p, client)) {
		reply_event(client, 0, -EUSERS, p->client_count >=
			PLATFORM_CLIENTS_MAX ?
			"the virtual machine serves no more processes" :
			"the virtual machine serves no more processes of "
			"this user");
		close(fd);
		free(client);
		return;
	}
	client->pidfd = pidfd_of(fd, peer.pid);
	client->service = peer.pid > 0 && peer.pid == p->quoting.pid;
	p->applications += !client->service;
	client->next = p->clients;
	p->clients = client;
	p->client_count++;
	log_debug("client %u: here", client->pid);
}

static void drop(struct server *s, struct client **link)
{
	struct platform *p = s->p;
	struct client *client = *link;
	struct enclave *e, *next;
	unsigned lost = 0;

	*link = client->next;
	p->client_count--;
	for (e = p->enclaves; e; e = next) {
		next = e->next;
		if (e->owner != client)
			continue;
		e->owner = NULL;
		lost++;
		enclave_remove(p, e, NULL);
	}
	log_debug("client %u: gone, with %u enclaves", client->pid, lost);
	close(client->fd);
	if (client->pidfd >= 0)
		close(client->pidfd);
	if (client->arena_fd >= 0)
		close(client->arena_fd);
	if (!client->service && !--p->applications)
		s->idle_from = now_ms();
	free(client);
}

static void reap_gone(struct server *s)
{
	struct client **link = &s->p->clients;

	while (*link) {
		if ((*link)->gone)
			drop(s, link);
		else
			link = &(*link)->next;
	}
}

static void serve_client(struct server *s, struct client *client)
{
	uint8_t message[WIRE_MESSAGE_MAX];
	unsigned fds = 1;
	int fd = -1;
	ssize_t n;

	n = msg_recv(client->fd, message, sizeof(message), &fd, &fds,
		MSG_DONTWAIT);
	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		if (n == -EMSGSIZE || n == -EPROTO)
			log_peer("client %u sent a message that is too large:"
				" dropped", client->pid);
		client->gone = true;
		return;
	}
	verbs_serve(s->p, client, message, (size_t)n, fds ? fd : -1);
}

/* --- the machine -------------------------------------------------------- */

static void tell_all(struct platform *p, const char *text)
{
	for (struct client *client = p->clients; client; client = client->next)
		reply_event(client, 0, -ENODEV, text);
}

/* The processor died: verbs that wait get their answer, everybody a word. */
static void processor_died(struct platform *p)
{
	struct enclave *e;
	struct why why = p->cpu.why;

	for (e = p->jobs; e; e = e->next_job)
		enclave_reply(e, &e->job, -ENODEV, &why);
	tell_all(p, why.text);
}

/* Events and replies come by different ways: one may be about an enclave
 * that had this number before.  So the processor is asked. */
static bool is_so(struct platform *p, const struct enclave *e,
	const struct door_event *event)
{
	struct door_enclave ask = { .h = { DOOR_STAT, sizeof(ask) },
		.enclave = e->number };
	struct door_stat_reply stat;

	if (processor_ask(&p->cpu, &ask, sizeof(ask), -1, &stat.r,
		sizeof(stat)) || stat.r.status != DOOR_OK)
		return false;
	return event->kind == DOOR_EVENT_TAMPERED ? stat.tampered :
		e->initialized && !stat.cell_pid && !stat.tampered;
}

static void enclave_lost(struct platform *p, struct enclave *e,
	const struct door_event *event)
{
	char text[WIRE_TEXT_MAX];
	/* A host says so at the mailboxes before it says so here. */
	bool asked = event->kind == DOOR_EVENT_CELL_DIED &&
		WIFEXITED(event->wait_status) &&
		!WEXITSTATUS(event->wait_status);

	if (event->kind == DOOR_EVENT_TAMPERED) {
		if (event->text[0])
			snprintf(text, sizeof(text), "the enclave is locked: "
				"%s", event->text);
		else
			snprintf(text, sizeof(text), "the enclave is locked: "
				"the evicted page at 0x%llx was tampered with",
				(unsigned long long)event->linaddr);
		e->tampered = true;
	} else {
		snprintf(text, sizeof(text), "%s", event->text[0] ?
			event->text : "the enclave's cell has died");
		p->lost += !asked;
	}
	e->lost = true;
	if (asked)
		log_debug("enclave %llu of process %u: its host has ended it",
			(unsigned long long)e->id, e->pid);
	else
		log_error("enclave %llu of process %u is lost: %s",
			(unsigned long long)e->id, e->pid, text);
	if (!asked)
		events_add(p->state, e->tampered ? EVENTS_TAMPERING :
			EVENTS_LOST, (struct event_detail[]){
				{ "enclave", NULL, (long long)e->id },
				{ "process", NULL, e->pid },
				{ "reason", event->text, 0 },
				{ NULL, NULL, 0 } },
			"enclave %llu of process %u: %s",
			(unsigned long long)e->id, e->pid, text);
	if (e->owner)
		reply_event(e->owner, e->handle, -ENODEV, text);
}

/* The end of a cell is news unless it was asked for, or has a better reason,
 * which an event of its own tells. */
static void serve_events(struct platform *p)
{
	struct door_event event;

	while (processor_event(&p->cpu, &event) == 1) {
		struct enclave *e = p->enclaves;

		if (event.kind != DOOR_EVENT_CELL_DIED &&
		    event.kind != DOOR_EVENT_TAMPERED)
			continue;
		while (e && !(e->created && e->number == event.enclave))
			e = e->next;
		if (!e || e->job.kind == JOB_REMOVE || e->tampered ||
		    (e->lost && event.kind == DOOR_EVENT_CELL_DIED) ||
		    !is_so(p, e, &event))
			continue;
		enclave_lost(p, e, &event);
	}
}

/* What our children left when they died is ours to reap; the children
 * themselves are watched elsewhere. */
static void reap_strays(struct platform *p)
{
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) ||
		    !info.si_pid || info.si_pid == p->cpu.pid ||
		    info.si_pid == p->quoting.pid)
			return;
		waitpid(info.si_pid, NULL, WNOHANG);
	}
}

/* A file of the machine's folder was renamed: vm.conf may be another one, and
 * say that we shall stay, or end. */
static void follow_power(struct server *s)
{
	struct platform *p = s->p;
	struct vmconf conf = { .tags = NULL };
	char path[PATH_MAX];

	if (paths_join(path, sizeof(path), p->state, "vm.conf", NULL) ||
	    vmconf_read(path, &conf, NULL))
		return;
	p->conf.power = conf.power;
	vmconf_free(&conf);
	if (platform_wanted(&p->conf))
		return;
	p->stop = true;
	why_set(&p->stop_why, 0, "the virtual machine %s was stopped", p->vm);
}

static void serve_signals(struct server *s)
{
	struct signalfd_siginfo info;

	if (read(s->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD) {
		reap_strays(s->p);
		return;
	}
	if (info.ssi_signo == SIGIO) {
		follow_power(s);
		return;
	}
	if (s->p->start)
		power_record_off(s->p);
	s->p->stop = true;
	why_set(&s->p->stop_why, 0, "cofferd was ended by signal %u",
		info.ssi_signo);
}

/* --- the end ------------------------------------------------------------ */

enum lock_result {
	LOCK_BUSY, /* somebody is starting a machine, or looking for it */
	LOCK_HELD, /* ours, and what it stands for is ours to remove */
	LOCK_STRAY, /* the runtime directory is gone or another one's */
};

static enum lock_result take_lock(struct server *s)
{
	char path[PATH_MAX];
	struct stat ours, named;

	if (flock(s->lock, LOCK_EX | LOCK_NB))
		return LOCK_BUSY;
	if (paths_join(path, sizeof(path), s->p->runtime, "lock", NULL) ||
	    fstat(s->lock, &ours) || stat(path, &named) ||
	    ours.st_ino != named.st_ino || ours.st_dev != named.st_dev)
		return LOCK_STRAY;
	return LOCK_HELD;
}

void server_remove_files(struct platform *p)
{
	char path[PATH_MAX];

	if (!paths_join(path, sizeof(path), p->runtime, "driver.sock", NULL))
		unlink(path);
	if (!paths_join(path, sizeof(path), p->runtime, "metrics.sock", NULL))
		unlink(path);
	if (!paths_join(path, sizeof(path), p->runtime, "lock", NULL))
		unlink(path);
	rmdir(p->runtime);
}

/* Idle for long enough?  Under the lock no new cofferd can start, and who
 * connected before is served.  Whose directory was removed cannot be found
 * any more, and ends as well. */
static bool may_end(struct server *s)
{
	struct pollfd wait = { .fd = s->listener, .events = POLLIN };

	if (take_lock(s) == LOCK_BUSY) {
		s->idle_from = now_ms() + BUSY_MS;
		return false;
	}
	if (poll(&wait, 1, 0) > 0) {
		flock(s->lock, LOCK_UN);
		return false;
	}
	why_set(&s->p->stop_why, 0, "no application for %d ms", s->idle_ms);
	return true;
}

/* Whether or not somebody uses it. */
static bool stays(const struct server *s)
{
	return s->idle_ms < 0 || s->p->conf.power == VMCONF_ON;
}

static int timeout(struct server *s)
{
	struct platform *p = s->p;
	int64_t left, most = metrics_timeout(p->metrics);

	if (p->jobs)
		return 0;
	if (p->applications || stays(s))
		return (int)most;
	left = s->idle_from + s->idle_ms - now_ms();
	if (most >= 0 && left > most)
		left = most;
	return left < 0 ? 0 : (int)left;
}

static int fill(struct server *s)
{
	struct platform *p = s->p;
	int n = POLL_CLIENTS;

	s->wait[POLL_SIGNALS] = (struct pollfd){ s->signals, POLLIN, 0 };
	s->wait[POLL_LISTENER] = (struct pollfd){ s->listener, POLLIN, 0 };
	s->wait[POLL_DOOR] = (struct pollfd){ p->cpu.door, 0, 0 };
	s->wait[POLL_EVENTS] = (struct pollfd){ p->cpu.events, POLLIN, 0 };
	s->wait[POLL_QUOTING] = (struct pollfd){ p->quoting.pidfd, POLLIN, 0 };
	metrics_fds(p->metrics, &s->wait[POLL_METRICS]);
	for (struct client *c = p->clients; c; c = c->next) {
		s->wait[n++] = (struct pollfd){ c->fd, POLLIN, 0 };
		s->wait[n++] = (struct pollfd){ c->pidfd, POLLIN, 0 };
	}
	return n;
}

static void round_of(struct server *s)
{
	struct platform *p = s->p;
	int i = POLL_CLIENTS, n = fill(s);

	if (poll(s->wait, (nfds_t)n, timeout(s)) < 0)
		return;
	if (s->wait[POLL_SIGNALS].revents)
		serve_signals(s);
	if (s->wait[POLL_DOOR].revents)
		processor_lost(&p->cpu);
	if (s->wait[POLL_EVENTS].revents)
		serve_events(p);
	if (s->wait[POLL_QUOTING].revents)
		quoting_ended(&p->quoting);
	/* New clients go to the head of the list: accept after this. */
	for (struct client *c = p->clients; c && !p->cpu.dead; c = c->next) {
		if (s->wait[i + 1].revents)
			c->gone = true;
		else if (s->wait[i].revents)
			serve_client(s, c);
		i += 2;
	}
	if (s->wait[POLL_LISTENER].revents)
		accept_one(s);
	if (!p->cpu.dead)
		metrics_run(p->metrics, &s->wait[POLL_METRICS]);
	if (!p->cpu.dead)
		enclave_work(p);
	reap_gone(s);
}

int server_run(struct platform *p, int listener, int signals, int lock,
	int idle_ms)
{
	static struct server s;

	s = (struct server){ .p = p, .listener = listener, .signals = signals,
		.lock = lock, .idle_ms = idle_ms,
		.idle_from = now_ms() + FIRST_CLIENT_MS };
	/* From here on changes are heard of; one before was missed. */
	fcntl(p->held, F_NOTIFY, DN_RENAME | DN_MULTISHOT);
	follow_power(&s);
	while (!p->stop && !p->cpu.dead) {
		round_of(&s);
		if (!p->applications && !p->jobs && !stays(&s) &&
		    now_ms() >= s.idle_from + s.idle_ms && !p->stop &&
		    !p->cpu.dead)
			p->stop = may_end(&s);
	}
	if (p->cpu.dead)
		processor_died(p);
	else if (p->client_count)
		tell_all(p, p->stop_why.text);
	log_info("ends: %s", p->cpu.dead ? p->cpu.why.text : p->stop_why.text);
	if (take_lock(&s) == LOCK_HELD)
		server_remove_files(p);
	close(listener);
	while (p->clients)
		drop(&s, &p->clients);
	while (p->enclaves)
		enclave_free(p, p->enclaves);
	return p->cpu.dead ? -ENODEV : 0;
}
