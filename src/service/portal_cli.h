/* SPDX-License-Identifier: MIT */
/*
 * What coffer-serve does besides serving: `coffer serve token` and `coffer
 * portal`, on the same state directory.
 */
#ifndef COFFER_SERVICE_PORTAL_CLI_H
#define COFFER_SERVICE_PORTAL_CLI_H

/* argv[0] is "token" or "portal".  The exit status; -1: it is neither. */
int portal_cli(int argc, char **argv);

#endif
