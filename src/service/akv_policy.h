/* SPDX-License-Identifier: MIT */
/*
 * Release policies: who a key may be released to, in Azure Key Vault's
 * grammar.
 *
 *   POLICY    = { "version": "1.0.0", "anyOf": [ AUTHORITY, … ] }
 *   AUTHORITY = { "authority": URL, "allOf" | "anyOf": [ CONDITION, … ] }
 *   CONDITION = { "claim": NAME, OPERATOR: VALUE }
 *             | { "allOf": [ CONDITION, … ] } | { "anyOf": [ CONDITION, … ] }
 *   OPERATOR  = equals | notEquals | less | lessOrEquals | greater
 *             | greaterOrEquals | exists
 *
 * A claim's name is a path: dots lead into objects, nothing leads into arrays.
 * VALUE is a string, a number or a truth value; of the four that order it is a
 * number, of exists a truth value.  A claim that is missing meets nothing but
 * "exists": false; one of another type than VALUE meets neither equals nor
 * notEquals.  A member that is none of these makes the whole policy invalid:
 * a misspelt condition must not be a condition less.
 */
#ifndef COFFER_SERVICE_AKV_POLICY_H
#define COFFER_SERVICE_AKV_POLICY_H

#include "common/why.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define AKV_POLICY_MAX 16384u /* bytes of text */
#define AKV_POLICY_CONDITIONS 256u /* in all */

/* The policy of a text (UTF-8, size bytes); the caller's to json_decref().
 * NULL with the place and the rule in why. */
json_t *akv_policy_parse(const char *text, size_t size, struct why *why);

/* Does a policy from akv_policy_parse() name this issuer? */
bool akv_policy_names(const json_t *policy, const char *issuer);

/* Is the policy met by the claims of a token whose signature is verified and
 * that comes from issuer?  0, or -EACCES with the first unmet condition of
 * the issuer's authorities in why. */
int akv_policy_met(const json_t *policy, const char *issuer,
	const json_t *claims, struct why *why);

/* The value at a dotted path, of claims; NULL: there is none. */
const json_t *akv_policy_claim(const json_t *claims, const char *path);

#endif
