/* SPDX-License-Identifier: MIT */
#include "vm/probe.h"

#include "common/spawn.h"
#include "vm/machine.h"
#include "vm/vms_priv.h"
#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ASK_MS 5000u /* one of many questions */
#define NAP_MS 100
#define EXEC "exec:"

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

const char *vm_health_name(enum vm_health health)
{
	static const char *const names[] = { N_("healthy"), N_("degraded"),
		N_("unhealthy"), N_("off") };

	return names[health];
}

int vm_probe_check(const char *probe, struct why *why)
{
	static const char *const schemes[] = { "tcp://", "http://",
		"https://" };

	if (begins(probe, EXEC "/"))
		return 0;
	for (size_t i = 0; i < 3; i++)
		if (begins(probe, schemes[i]) && probe[strlen(schemes[i])] &&
		    probe[strlen(schemes[i])] != '/' && !strchr(probe, ' '))
			return 0;
	return why_set(why, -EINVAL, "\"%.100s\" is no probe: tcp://HOST:PORT, "
		"http://HOST:PORT/PATH, https://HOST:PORT/PATH or exec:/PATH",
		probe);
}

/* ---- the application ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void curl_once(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* What it says is of no interest. */
static size_t swallow(char *data, size_t size, size_t count, void *ctx)
{
	return size * count;
}

static int ask_url(const char *probe, unsigned ms, struct why *why)
{
	char url[VMCONF_PROBE_MAX + 8], error[CURL_ERROR_SIZE] = "";
	bool tcp = begins(probe, "tcp://");
	CURLcode result;
	long status = 0;
	CURL *curl;

	pthread_once(&once, curl_once);
	curl = curl_easy_init();
	if (!curl)
		return why_set(why, -ENOMEM, "out of memory");
	snprintf(url, sizeof(url), "%s%.*s", tcp ? "http://" : "",
		(int)VMCONF_PROBE_MAX - 1, probe + (tcp ? strlen("tcp://") : 0));
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, (long)tcp);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)ms);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "coffer-probe");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, swallow);
	result = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	if (result != CURLE_OK)
		return why_set(why, -EHOSTUNREACH, "%s: %s", probe, error[0] ?
			error : curl_easy_strerror(result));
	if (!tcp && (status < 200 || status >= 400))
		return why_set(why, -EPROTO, "%s: the answer has status %ld",
			probe, status);
	return 0;
}

/* The first line of what it wrote to its standard error. */
static void first_line(int fd, char *line, size_t size)
{
	ssize_t n = pread(fd, line, size - 1, 0);

	line[n > 0 ? n : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
}

static int ask_program(const char *name, char *path, unsigned ms,
	struct why *why)
{
	char *argv[] = { path, (char *)name, NULL };
	struct pollfd wait = { .fd = -1, .events = POLLIN };
	char said[120];
	int r, status = 0, fd = memfd_create("probe", MFD_CLOEXEC);
	pid_t pid = fd < 0 ? -errno : spawn_child(path, argv, NULL, 0, fd);

	if (pid < 0) {
		if (fd >= 0)
			close(fd);
		return why_set(why, (int)pid, "cannot start %s: %s", path,
			strerror((int)-pid));
	}
	wait.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	do
		r = wait.fd < 0 ? 1 : poll(&wait, 1, (int)ms);
	while (r < 0 && errno == EINTR);
	if (!r)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	first_line(fd, said, sizeof(said));
	close(fd);
	if (wait.fd >= 0)
		close(wait.fd);
	if (!r)
		return why_set(why, -ETIMEDOUT, "%s did not end in %u ms",
			path, ms);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return why_set(why, -ENOEXEC, "%s cannot be executed", path);
	if (WIFSIGNALED(status))
		return why_set(why, -EIO, "%s was ended by signal %d", path,
			WTERMSIG(status));
	return status ? why_set(why, -EIO, "%s: status %d%s%s", path,
		WEXITSTATUS(status), said[0] ? ": " : "", said) : 0;
}

static int ask_application(const char *name, char *probe, unsigned ms,
	struct why *why)
{
	int r;

	if (!probe[0])
		return 0;
	r = vm_probe_check(probe, why);
	if (r)
		return r;
	return begins(probe, EXEC) ? ask_program(name, probe + strlen(EXEC),
		ms, why) : ask_url(probe, ms, why);
}

/* ---- the machine ---- */

/* The numbers come from its processor. */
static enum vm_health ask_machine(const char *name, unsigned ms,
	struct why *why)
{
	struct wire_enclave *items;
	struct machine machine;
	unsigned locked = 0;
	size_t count;

	if (machine_open_within(name, ms, &machine, why))
		return VM_UNHEALTHY;
	if (machine_list(&machine, &items, &count, why)) {
		machine_close(&machine);
		return VM_UNHEALTHY;
	}
	for (size_t i = 0; i < count; i++)
		locked += items[i].state == WIRE_STATE_TAMPERED;
	free(items);
	machine_close(&machine);
	if (locked)
		why_set(why, 0, locked == 1 ? N_("%u of its enclaves is "
			"locked, because an evicted page was changed") :
			N_("%u of its enclaves are locked, because an evicted "
			"page was changed"), locked);
	return locked ? VM_DEGRADED : VM_HEALTHY;
}

static void ask(struct vm *vm, unsigned ms, struct vm_probe *probe)
{
	struct why why = { "" };

	if (vm_is_damaged(vm)) {
		probe->health = VM_UNHEALTHY;
		probe->why = vm->damage;
		return;
	}
	switch (vm->power) {
	case VM_POWER_STOPPED:
	case VM_POWER_DEALLOCATED:
	case VM_POWER_IDLE:
		probe->health = VM_OFF;
		why_set(&probe->why, 0, "it is %s",
			why_words(vm_power_name(vm->power)));
		return;
	case VM_POWER_FAILED:
		probe->health = VM_UNHEALTHY;
		why_set(&probe->why, 0, "it should run, and does not; "
			"`coffer vm start %s` starts it again", vm->name);
		return;
	case VM_POWER_RUNNING:
		break;
	}
	probe->health = ask_machine(vm->name, ms, &probe->why);
	if (probe->health == VM_UNHEALTHY)
		return;
	if (ask_application(vm->name, vm->conf.probe, ms, &why)) {
		probe->health = VM_UNHEALTHY;
		probe->why = why;
	}
}

int vm_probe(struct vms *vms, const char *name, unsigned timeout_ms,
	struct vm_probe *probe, struct vm_refusal *refusal)
{
	double from = now_ms();
	struct why why;
	struct vm vm;
	int r;

	memset(probe, 0, sizeof(*probe));
	r = vm_load(vms, name, false, &vm, &why);
	if (r == -ENOENT)
		return vm_refuse_missing(refusal, name);
	if (r)
		return vm_refuse_why(refusal, r, &why);
	ask(&vm, timeout_ms, probe);
	vm_free(&vm);
	probe->ms = now_ms() - from;
	return 0;
}

int vm_probe_wait(struct vms *vms, const char *name, unsigned wait_ms,
	const volatile sig_atomic_t *cancel, struct vm_probe *probe,
	struct vm_refusal *refusal)
{
	const struct timespec nap = { 0, NAP_MS * 1000000l };
	double from = now_ms(), left;
	int r;

	for (;;) {
		left = from + wait_ms - now_ms();
		r = vm_probe(vms, name, left > 1000 && left < ASK_MS ?
			(unsigned)left : ASK_MS, probe, refusal);
		if (r || probe->health == VM_HEALTHY || (cancel && *cancel) ||
		    now_ms() + NAP_MS > from + wait_ms)
			break;
		nanosleep(&nap, NULL);
	}
	probe->ms = now_ms() - from;
	return r;
}
