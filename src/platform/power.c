/* SPDX-License-Identifier: MIT */
/*
 * vm.conf is changed by who holds the lock of its machine, which commands hold
 * while they start and stop machines, too.  Who waits for us to end must not
 * be waited for: after some attempts it is left to him.
 */
#include "platform.h"

#include "common/log.h"
#include "common/paths.h"
#include "common/vmconf.h"
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define ATTEMPTS 100
#define ATTEMPT_NS 20000000

static int lock_machine(const struct platform *p)
{
	const struct timespec nap = { 0, ATTEMPT_NS };
	char path[PATH_MAX];
	int fd;

	if (paths_join(path, sizeof(path), p->state, "lock", NULL))
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	for (int i = 0; i < ATTEMPTS; i++) {
		if (!flock(fd, LOCK_EX | LOCK_NB))
			return fd;
		nanosleep(&nap, NULL);
	}
	close(fd);
	return -1;
}

/* With or without the lock. */
static int record(struct platform *p, enum vmconf_power from,
	enum vmconf_power to, struct why *why)
{
	struct vmconf conf = { .tags = NULL };
	char path[PATH_MAX];
	int r = paths_join(path, sizeof(path), p->state, "vm.conf", why);

	if (!r)
		r = vmconf_read(path, &conf, why);
	if (!r && conf.power == from) {
		conf.power = to;
		r = vmconf_write(path, &conf, why);
	}
	vmconf_free(&conf);
	return r;
}

void power_record_off(struct platform *p)
{
	struct why why = { "" };
	int lock;

	if (p->conf.power != VMCONF_ON)
		return;
	lock = lock_machine(p);
	if (lock < 0)
		return;
	if (record(p, VMCONF_ON, VMCONF_OFF, &why))
		log_error("not recorded as stopped: %s", why.text);
	close(lock);
}

int power_record_on(struct platform *p, struct why *why)
{
	int lock = lock_machine(p);
	int r = record(p, p->conf.power, VMCONF_ON, why);

	if (lock >= 0)
		close(lock);
	if (!r)
		p->conf.power = VMCONF_ON;
	return r;
}
