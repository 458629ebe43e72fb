/* SPDX-License-Identifier: MIT */
/*
 * What `coffer doctor` finds out: a list of checks, each with a state, a
 * reason, and by what it was found.  A check says "on" only when the attempt
 * to get around it was made here and failed.
 */
#ifndef COFFER_CLI_DOCTOR_H
#define COFFER_CLI_DOCTOR_H

#include "platform/wire.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum doctor_state {
	DOCTOR_ON, /* tried here: holds */
	DOCTOR_OFF, /* tried here: does not hold, or is not there */
	DOCTOR_PARTLY, /* holds for some; why says for which */
	DOCTOR_UNKNOWN, /* could not be tried; why says why not */
	DOCTOR_INFO, /* a fact, neither good nor bad */
};

struct doctor {
	json_t *checks; /* array of {id, group, state, why} */
	bool json;
	const char *group; /* of the checks that follow */
	unsigned int broken; /* protections found off that must be on */
};

/* Starts a group of checks; the title is printed above them. */
void doctor_group(struct doctor *doctor, const char *id, const char *title);

/* Adds a check and prints its line. */
void doctor_say(struct doctor *doctor, const char *id, enum doctor_state state,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same for a protection that is promised on every machine: if it is off,
 * the command fails. */
void doctor_promise(struct doctor *doctor, const char *id,
	enum doctor_state state, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* ---- Of the box (doctor_host.c): needs no enclave. ---- */
void doctor_host(struct doctor *doctor);

/* ---- Of the machine (doctor_cpuid.c), which runs. ---- */
void doctor_cpuid(struct doctor *doctor, const struct wire_info *info);

/* ---- Of a running enclave (doctor_pry.c). ---- */
struct doctor_target {
	struct wire_info machine;
	pid_t cell, processor, driver;
	uint64_t address; /* of a secret in the enclave */
	uint8_t secret[32];
	uint32_t cpu_flags; /* DOOR_CPU_*: what the processor says of itself */
};
void doctor_pry(struct doctor *doctor, const struct doctor_target *target);

/* ---- Of images (doctor_forge.c): needs a machine. ---- */
void doctor_forge(struct doctor *doctor);

#endif
