/* SPDX-License-Identifier: MIT */
/*
 * Running a policy.  The incoming claims grow as rules add to them; claims
 * are never taken away, so what a condition found is a list of indices.
 * Texts of results are in the policy, in the given claims, or in the pool.
 */
#include <errno.h>
#include <string.h>

#include "maa_policy_priv.h"

enum { TEXT_STEP = 512 };	/* bytes that are compared in a step */

size_t maa_cost(const struct maa_value *value)
{
	return value->kind == MAA_STRING ?
	       1 + strlen(value->text) / TEXT_STEP : 1;
}

int maa_spend(struct maa_run *run, size_t steps)
{
	if (steps > run->steps)
		return why_set(run->why, -E2BIG, "the policy takes too long: "
			       "more than %d steps", MAA_STEPS_MOST);
	run->steps -= steps;
	return 0;
}

static int no_memory(struct maa_run *run)
{
	return why_set(run->why, -ENOMEM, "the policy needs more than %d "
		       "bytes of memory", MAA_MEMORY_MOST);
}

static int keep(struct maa_run *run, struct maa_claims *claims,
		const struct maa_claim *claim)
{
	int r = maa_claims_add(claims, run->pool, claim);

	if (r == -E2BIG)
		return why_set(run->why, r, "the policy makes more than %d "
			       "claims", MAA_CLAIMS_MOST);
	return r < 0 ? no_memory(run) : 0;
}

static struct maa_value property_of(const struct maa_claim *claim,
				    enum maa_property property)
{
	struct maa_value value = { .kind = MAA_STRING };

	switch (property) {
	case MAA_P_TYPE:
		value.text = claim->type;
		break;
	case MAA_P_VALUE:
		return claim->value;
	case MAA_P_VALUE_TYPE:
		value.text = maa_kind_name(claim->value.kind);
		break;
	case MAA_P_ISSUER:
		value.text = maa_issuer_name(claim->issuer);
		break;
	}
	return value;
}

static int evaluate(struct maa_run *run,
		    const struct maa_expression *expression,
		    struct maa_set *set)
{
	struct maa_set arguments[2] = { { NULL, 0 }, { NULL, 0 } };
	size_t condition = expression->condition, count;
	int r;

	if ((r = maa_spend(run, 1)) < 0)
		return r;
	switch (expression->kind) {
	case MAA_LITERAL:
		set->at = (struct maa_value *)&expression->value;
		set->count = 1;
		return 0;
	case MAA_REFERENCE:
		count = run->found[condition].count;
		if ((r = maa_spend(run, count)) < 0)
			return r;
		set->at = pool_alloc(run->pool, count * sizeof(*set->at));
		if (!set->at)
			return no_memory(run);
		set->count = count;
		for (size_t i = 0; i < count; i++)
			set->at[i] = property_of(
				&run->incoming.at[run->found[condition].at[i]],
				expression->property);
		return 0;
	case MAA_CALL:
		for (size_t i = 0; i < 2 && expression->arguments[i]; i++)
			if ((r = evaluate(run, expression->arguments[i],
					  &arguments[i])) < 0)
				return r;
		return maa_function_call(run, expression, arguments, set);
	}
	return -EINVAL;
}

static bool compare(const struct maa_value *left, enum maa_operator operator,
		    const struct maa_value *right)
{
	int64_t a = left->number, b = right->number;

	if (operator == MAA_EQ || operator == MAA_NE)
		return maa_value_equal(left, right) == (operator == MAA_EQ);
	if (left->kind != MAA_INTEGER || right->kind != MAA_INTEGER)
		return false;
	switch (operator) {
	case MAA_LT:
		return a < b;
	case MAA_LE:
		return a <= b;
	case MAA_GT:
		return a > b;
	default:
		return a >= b;
	}
}

/* Does a test hold for a claim?  1, 0 or negative. */
static int test_claim(struct maa_run *run, const struct maa_test *test,
		      const struct maa_set *right,
		      const struct maa_claim *claim)
{
	struct maa_value left = property_of(claim, test->property);
	int r = maa_spend(run, (1 + right->count) * maa_cost(&left));

	if (r < 0)
		return r;
	for (size_t i = 0; i < right->count; i++)
		if (compare(&left, test->operator, &right->at[i]))
			return 1;
	return 0;
}

/* Which claims does a condition find?  1 if it holds. */
static int find(struct maa_run *run, const struct maa_condition *condition,
		size_t which)
{
	struct maa_set rights[MAA_TESTS_MOST];
	size_t *found, count = 0;
	int r;

	for (size_t i = 0; i < condition->test_count; i++)
		if ((r = evaluate(run, condition->tests[i].right,
				  &rights[i])) < 0)
			return r;
	found = pool_alloc(run->pool, run->incoming.count * sizeof(*found));
	if (!found)
		return no_memory(run);
	for (size_t c = 0; c < run->incoming.count; c++) {
		r = 1;
		for (size_t i = 0; r == 1 && i < condition->test_count; i++)
			r = test_claim(run, &condition->tests[i], &rights[i],
				       &run->incoming.at[c]);
		if (r < 0)
			return r;
		if (r)
			found[count++] = c;
	}
	run->found[which].at = found;
	run->found[which].count = count;
	return (count > 0) != condition->absent;
}

/* Names that say what the service has found out; a policy may pass them on
 * as they are and not with another value. */
static bool is_reserved(const char *type)
{
	static const char *const names[] = { "iss", "iat", "exp", "nbf", "jti",
		"nonce", "x-ms-ver", "x-ms-attestation-type", "x-ms-policy",
		"x-ms-policy-hash", "x-ms-policy-signer", "x-ms-runtime",
		"x-ms-inittime", "ver", "policy_hash", "maa-policyHash",
		"policy_signer", "rp_data", "maa-ehd", "aas-ehd",
		"maa-attestationcollateral" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(type, names[i]) == 0)
			return true;
	return strncmp(type, "x-ms-sgx-", 9) == 0 ||
	       strncmp(type, "x-coffer-", 9) == 0;
}

static bool holds(const struct maa_claims *claims,
		  const struct maa_claim *claim, bool of_service)
{
	for (size_t i = 0; i < claims->count; i++)
		if (strcmp(claims->at[i].type, claim->type) == 0 &&
		    (!of_service || claims->at[i].issuer == MAA_SERVICE) &&
		    maa_value_equal(&claims->at[i].value, &claim->value))
			return true;
	return false;
}

/* One claim of an action; is_new: it is not among the incoming ones. */
static int act(struct maa_run *run, const struct maa_rule *rule,
	       const struct maa_claim *claim, bool is_new)
{
	struct maa_claims *out = rule->verb == MAA_ISSUE ?
		&run->outcome->issued : &run->outcome->properties;
	int r = 0;

	if (rule->verb != MAA_ADD &&
	    (r = maa_spend(run, (run->incoming.count + out->count) *
			   maa_cost(&claim->value))) < 0)
		return r;
	if (rule->verb != MAA_ADD && claim->value.read_only)
		return maa_wrong(run->why, rule->place, "the claim %.60s may "
				 "be tested, but not issued", claim->type);
	if (rule->verb == MAA_ISSUE && is_reserved(claim->type) &&
	    !holds(&run->incoming, claim, true))
		return maa_wrong(run->why, rule->place, "%.60s is the "
				 "service's own claim, and this is not its "
				 "value", claim->type);
	if (is_new)
		r = keep(run, &run->incoming, claim);
	if (r == 0 && rule->verb != MAA_ADD && !holds(out, claim, false))
		r = keep(run, out, claim);
	return r;
}

static int act_whole(struct maa_run *run, const struct maa_rule *rule)
{
	size_t condition = rule->condition;
	int r = 0;

	for (size_t i = 0; r == 0 && i < run->found[condition].count; i++) {
		struct maa_claim claim =
			run->incoming.at[run->found[condition].at[i]];

		r = act(run, rule, &claim, false);
	}
	return r;
}

/* valueType = … has to say what the value is. */
static int check_value_type(struct maa_run *run, const struct maa_rule *rule,
			    const struct maa_value *value)
{
	struct maa_set set;
	int r;

	if (!rule->value_type)
		return 0;
	if ((r = evaluate(run, rule->value_type, &set)) < 0)
		return r;
	for (size_t i = 0; i < set.count; i++)
		if (set.at[i].kind == MAA_STRING &&
		    strcmp(set.at[i].text, maa_kind_name(value->kind)) == 0)
			return 0;
	return maa_wrong(run->why, rule->value_type->place, "the value is of "
			 "type %s", maa_kind_name(value->kind));
}

static int act_made(struct maa_run *run, const struct maa_rule *rule)
{
	struct maa_set types, values;
	bool paired;
	int r;

	if ((r = evaluate(run, rule->type, &types)) < 0 ||
	    (r = evaluate(run, rule->value, &values)) < 0)
		return r;
	/* type = c.type, value = c.value: claim by claim. */
	paired = rule->type->kind == MAA_REFERENCE &&
		 rule->value->kind == MAA_REFERENCE &&
		 rule->type->condition == rule->value->condition;
	if (!paired && types.count != 1)
		return maa_wrong(run->why, rule->type->place, "a claim has "
				 "one type, and these are %zu", types.count);
	for (size_t i = 0; r == 0 && i < values.count; i++) {
		const struct maa_value *type = &types.at[paired ? i : 0];
		struct maa_claim claim = { .type = type->text,
			.value = values.at[i], .issuer = MAA_POLICY };

		if (type->kind != MAA_STRING || !type->text[0])
			return maa_wrong(run->why, rule->type->place, "a "
					 "claim's type is a string that is "
					 "not empty");
		if ((r = check_value_type(run, rule, &claim.value)) == 0)
			r = act(run, rule, &claim, true);
	}
	return r;
}

static int run_rule(struct maa_run *run, const struct maa_rule *rule)
{
	for (size_t i = 0; i < rule->condition_count; i++) {
		int r = find(run, &rule->conditions[i], i);

		if (r <= 0)
			return r;
	}
	switch (rule->verb) {
	case MAA_PERMIT:
		if (run->outcome->decision == MAA_NOT_PERMITTED)
			run->outcome->decision = MAA_PERMITTED;
		return 0;
	case MAA_DENY:
		if (run->outcome->decision != MAA_DENIED)
			run->outcome->denied_line = rule->place.line;
		run->outcome->decision = MAA_DENIED;
		return 0;
	default:
		return rule->whole ? act_whole(run, rule) :
		       act_made(run, rule);
	}
}

static int run_section(struct maa_run *run, const struct maa_policy *policy,
		       enum maa_section section)
{
	int r = 0;

	for (const struct maa_rule *rule = policy->rules[section];
	     rule && r == 0; rule = rule->next)
		r = run_rule(run, rule);
	return r;
}

static int begin(struct maa_run *run, const struct maa_policy *policy,
		 const struct maa_claims *claims, struct maa_outcome *outcome)
{
	int r = 0;

	memset(outcome, 0, sizeof(*outcome));
	run->outcome = outcome;
	for (size_t i = 0; r == 0 && i < claims->count; i++)
		r = keep(run, &run->incoming, &claims->at[i]);
	if (r == 0)
		r = run_section(run, policy, MAA_CONFIGURATION);
	outcome->configuration = outcome->properties;
	outcome->properties = (struct maa_claims){ NULL, 0, 0 };
	return r;
}

int maa_policy_configure(const struct maa_policy *policy,
			 const struct maa_claims *claims, struct pool *pool,
			 struct maa_outcome *outcome, struct why *why)
{
	struct maa_run run = { .pool = pool, .steps = MAA_STEPS_MOST,
		.why = why };

	return begin(&run, policy, claims, outcome);
}

int maa_policy_run(const struct maa_policy *policy,
		   const struct maa_claims *claims, struct pool *pool,
		   struct maa_outcome *outcome, struct why *why)
{
	struct maa_run run = { .pool = pool, .steps = MAA_STEPS_MOST,
		.why = why };
	int r = begin(&run, policy, claims, outcome);

	if (r == 0)
		r = run_section(&run, policy, MAA_AUTHORIZATION);
	if (r == 0 && outcome->decision == MAA_PERMITTED)
		r = run_section(&run, policy, MAA_ISSUANCE);
	if (r < 0)
		outcome->decision = MAA_NOT_PERMITTED;
	return r;
}
