/* SPDX-License-Identifier: MIT */
/*
 * Attestation policies: the language of Azure Attestation, versions 1.0,
 * 1.1 and 1.2.
 *
 *	policy     = "version" "=" number "." number ";"
 *	             [ "configurationrules" rules ]          (1.1)
 *	             "authorizationrules" rules
 *	             [ "issuancerules" rules ]
 *	rules      = "{" { rule [";"] } "}" [";"]
 *	rule       = [ condition { "&&" condition } ] "=>" action
 *	condition  = [ name ":" ] "[" test { "," test } "]"
 *	           | "!" "[" test { "," test } "]"           (1.2)
 *	test       = property operator expression
 *	property   = "type" | "value" | "valueType" | "issuer"
 *	operator   = "==" | "=" | "!=" | "<" | "<=" | ">" | ">="
 *	expression = string | integer | "true" | "false" | name "." property
 *	           | function "(" expression { "," expression } ")"   (1.2)
 *	action     = "permit" "(" ")" | "deny" "(" ")"       authorization
 *	           | "add" "(" claim ")"          authorization and issuance
 *	           | "issue" "(" claim ")"                   issuance
 *	           | "issueproperty" "(" claim ")"  issuance and configuration
 *	claim      = "claim" "=" name
 *	           | "type" "=" expression "," "value" "=" expression
 *	             [ "," "valueType" "=" expression ]      in any order
 *
 * Strings stand in straight double quotes on one line; \" and \\ are the
 * escapes.  Integers are 64 bits, decimal or 0x….  Comments: // to the end
 * of the line, and the C form.  The names of sections may be in any case.
 *
 * A claim has a type (a string), a value (string, integer or boolean) and an
 * issuer.  A condition holds if there is a claim that all its tests hold
 * for; its name then means all such claims.  So name.value may be several
 * values: a test against several holds if it holds for one of them, and a
 * claim made of several becomes several claims.  Values of different types
 * are different, and in no order.
 *
 * Authorization rules run in their order, all of them.  One deny() refuses,
 * wherever it stands; without any permit() attestation is refused as well.
 * Then the issuance rules run.
 */
#ifndef COFFER_SERVICE_MAA_POLICY_H
#define COFFER_SERVICE_MAA_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/why.h"
#include "pool.h"

enum {
	MAA_POLICY_MOST = 128 * 1024,	/* bytes of text */
	MAA_RULES_MOST = 1000,
	MAA_CONDITIONS_MOST = 16,	/* of one rule */
	MAA_TESTS_MOST = 16,		/* of one condition */
	MAA_CALLS_MOST = 16,		/* functions within functions */
	MAA_CLAIMS_MOST = 2000,
	MAA_STEPS_MOST = 2000000,	/* of an evaluation */
	MAA_MEMORY_MOST = 8 << 20,	/* bytes, of an evaluation */
};

enum maa_kind { MAA_STRING, MAA_INTEGER, MAA_BOOLEAN };
enum maa_issuer { MAA_SERVICE, MAA_POLICY, MAA_CUSTOM };

/* "String", "Integer", "Boolean"; "AttestationService", … */
const char *maa_kind_name(enum maa_kind kind);
const char *maa_issuer_name(enum maa_issuer issuer);

struct maa_value {
	enum maa_kind kind;
	bool read_only;		/* may be tested, may not be issued */
	int64_t number;		/* of MAA_INTEGER; 0 or 1 of MAA_BOOLEAN */
	const char *text;	/* of MAA_STRING */
};

struct maa_claim {
	const char *type;
	struct maa_value value;
	enum maa_issuer issuer;
};

struct maa_claims {
	struct maa_claim *at;	/* in a pool */
	size_t count, room;
};

bool maa_value_equal(const struct maa_value *a, const struct maa_value *b);

/* Appends a claim; its texts are not copied.  0, -ENOMEM, -E2BIG. */
int maa_claims_add(struct maa_claims *claims, struct pool *pool,
		   const struct maa_claim *claim);

/* For those who give claims to a policy: issuer MAA_SERVICE. */
int maa_claims_string(struct maa_claims *claims, struct pool *pool,
		      const char *type, const char *text);
int maa_claims_integer(struct maa_claims *claims, struct pool *pool,
		       const char *type, int64_t number);
int maa_claims_boolean(struct maa_claims *claims, struct pool *pool,
		       const char *type, bool value);

struct maa_policy;

/* Reads a policy of size bytes of UTF-8, which may be freed afterwards.
 * maa_policy_free() it.  NULL with *why: "line 3, column 7: …". */
struct maa_policy *maa_policy_new(const char *text, size_t size,
				  struct why *why);
void maa_policy_free(struct maa_policy *policy);
unsigned maa_policy_minor(const struct maa_policy *policy);

enum maa_decision {
	MAA_NOT_PERMITTED,	/* no rule permitted */
	MAA_DENIED,
	MAA_PERMITTED,
};

struct maa_outcome {
	enum maa_decision decision;
	unsigned denied_line;	/* of the rule that denied */
	/* Of the configuration rules; set whatever the decision is. */
	struct maa_claims configuration;
	/* Set if permitted. */
	struct maa_claims issued, properties;
};

/*
 * Runs the policy on claims, which stay as they are.  What the outcome
 * points to lives in pool, in claims and in the policy.  0, or -EINVAL with
 * *why when a function had a wrong argument, or a rule issues what it may
 * not; -E2BIG when it takes too long; -ENOMEM.
 */
int maa_policy_run(const struct maa_policy *policy,
		   const struct maa_claims *claims, struct pool *pool,
		   struct maa_outcome *outcome, struct why *why);

/* The configuration rules alone: outcome has decision MAA_NOT_PERMITTED. */
int maa_policy_configure(const struct maa_policy *policy,
			 const struct maa_claims *claims, struct pool *pool,
			 struct maa_outcome *outcome, struct why *why);

#endif
