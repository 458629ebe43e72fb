/* SPDX-License-Identifier: MIT */
/*
 * The grammar of maa_policy.h by recursive descent.  What can be known
 * without claims is checked here: names, types of literals, which action may
 * stand where, what belongs to which version.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "maa_policy_priv.h"

struct parser {
	struct maa_policy *policy;
	struct maa_lexer lexer;
	struct maa_token token;
	size_t rules;
	unsigned calls;		/* functions that are open */
	/* Of the rule at work. */
	struct maa_condition conditions[MAA_CONDITIONS_MOST];
	size_t condition_count;
	struct why *why;
};

static int next(struct parser *parser)
{
	return maa_lex(&parser->lexer, &parser->token);
}

static bool is(const struct parser *parser, const char *sign)
{
	return parser->token.kind == MAA_SIGN &&
	       strcmp(parser->token.text, sign) == 0;
}

static bool is_name(const struct parser *parser, const char *name)
{
	return parser->token.kind == MAA_NAME &&
	       strcmp(parser->token.text, name) == 0;
}

static int wrong(struct parser *parser, const char *expected)
{
	const struct maa_token *token = &parser->token;

	if (token->kind == MAA_END)
		return maa_wrong(parser->why, token->place, "%s is missing; "
				 "the policy ends here", expected);
	return maa_wrong(parser->why, token->place, "%s is missing before "
			 "%s%.40s%s", expected,
			 token->kind == MAA_TEXT ? "\"" : "", token->text,
			 token->kind == MAA_TEXT ? "\"" : "");
}

static int take(struct parser *parser, const char *sign)
{
	if (!is(parser, sign))
		return wrong(parser, sign);
	return next(parser);
}

static void *make(struct parser *parser, size_t size)
{
	void *p = pool_alloc(&parser->policy->pool, size);

	if (!p)
		why_set(parser->why, -ENOMEM, "no memory for a policy");
	return p;
}

static int needs_minor(struct parser *parser, unsigned minor,
		       const char *what)
{
	if (parser->policy->minor >= minor)
		return 0;
	return maa_wrong(parser->why, parser->token.place, "%s need version "
			 "1.%u, and this policy says 1.%u", what, minor,
			 parser->policy->minor);
}

static int parse_property(struct parser *parser, enum maa_property *property)
{
	static const char *const names[] = { "type", "value", "valueType",
		"issuer" };

	for (size_t i = 0; i < 4; i++)
		if (is_name(parser, names[i])) {
			*property = (enum maa_property)i;
			return next(parser);
		}
	return wrong(parser, "type, value, valueType or issuer");
}

/* Which condition of this rule has a name; condition_count: none. */
static size_t named(const struct parser *parser, const char *name)
{
	size_t i = 0;

	while (i < parser->condition_count &&
	       (!parser->conditions[i].name ||
		strcmp(parser->conditions[i].name, name) != 0))
		i++;
	return i;
}

static int find_condition(struct parser *parser,
			  const struct maa_token *name, size_t *condition)
{
	*condition = named(parser, name->text);
	if (*condition < parser->condition_count)
		return 0;
	return maa_wrong(parser->why, name->place, "no condition before this "
			 "is named %.40s", name->text);
}

static int parse_expression(struct parser *parser,
			    struct maa_expression **out);

static int parse_call(struct parser *parser, struct maa_expression *call,
		      const struct maa_token *name)
{
	size_t count = 0, arity;
	int r;

	call->kind = MAA_CALL;
	call->function = maa_function_find(name->text);
	if (!call->function)
		return maa_wrong(parser->why, name->place, "there is no "
				 "function %.40s", name->text);
	parser->token.place = name->place;
	if ((r = needs_minor(parser, 2, "functions")) < 0)
		return r;
	if (++parser->calls > MAA_CALLS_MOST)
		return maa_wrong(parser->why, name->place, "functions are "
				 "nested deeper than %d", MAA_CALLS_MOST);
	arity = maa_function_arity(call->function);
	if ((r = next(parser)) < 0)
		return r;
	while (!is(parser, ")")) {
		struct maa_expression *argument;

		if (count && (r = take(parser, ",")) < 0)
			return r;
		if ((r = parse_expression(parser, &argument)) < 0)
			return r;
		if (count < 2)
			call->arguments[count] = argument;
		count++;
	}
	if (count != arity)
		return maa_wrong(parser->why, name->place, "%s takes %zu "
				 "argument%s, not %zu", name->text, arity,
				 arity == 1 ? "" : "s", count);
	parser->calls--;
	return next(parser);
}

static int parse_expression(struct parser *parser,
			    struct maa_expression **out)
{
	struct maa_expression *expression = make(parser, sizeof(*expression));
	struct maa_token token = parser->token;
	int r;

	if (!expression)
		return -ENOMEM;
	*out = expression;
	expression->place = token.place;
	if (token.kind == MAA_TEXT) {
		expression->value = (struct maa_value){ .kind = MAA_STRING,
			.text = token.text };
		return next(parser);
	}
	if (token.kind == MAA_NUMBER) {
		expression->value = (struct maa_value){ .kind = MAA_INTEGER,
			.number = token.number };
		return next(parser);
	}
	if (token.kind != MAA_NAME)
		return wrong(parser, "a value");
	if ((r = next(parser)) < 0)
		return r;
	if (is(parser, "("))
		return parse_call(parser, expression, &token);
	if (is(parser, ".")) {
		expression->kind = MAA_REFERENCE;
		if ((r = find_condition(parser, &token,
					&expression->condition)) < 0 ||
		    (r = next(parser)) < 0)
			return r;
		return parse_property(parser, &expression->property);
	}
	if (strcmp(token.text, "true") != 0 &&
	    strcmp(token.text, "false") != 0)
		return maa_wrong(parser->why, token.place, "%.40s is no "
				 "value; strings stand in quotes, claims are "
				 "named as in c.value", token.text);
	expression->value = (struct maa_value){ .kind = MAA_BOOLEAN,
		.number = token.text[0] == 't' };
	return 0;
}

static int parse_operator(struct parser *parser, enum maa_operator *operator)
{
	static const struct {
		const char *sign;
		enum maa_operator operator;
	} rows[] = {
		{ "==", MAA_EQ }, { "=", MAA_EQ }, { "!=", MAA_NE },
		{ "<", MAA_LT }, { "<=", MAA_LE }, { ">", MAA_GT },
		{ ">=", MAA_GE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (is(parser, rows[i].sign)) {
			*operator = rows[i].operator;
			return next(parser);
		}
	return wrong(parser, "==, !=, <, <=, > or >=");
}

/* The claim's properties have types, and so have operators. */
static int check_test(struct parser *parser, const struct maa_test *test)
{
	const struct maa_expression *right = test->right;
	bool literal = right->kind == MAA_LITERAL;
	bool ordered = test->operator != MAA_EQ && test->operator != MAA_NE;

	if (ordered && test->property != MAA_P_VALUE)
		return maa_wrong(parser->why, test->place, "only values are "
				 "ordered; here == and != are possible");
	if (ordered && literal && right->value.kind != MAA_INTEGER)
		return maa_wrong(parser->why, right->place, "only integers "
				 "are ordered; a %s takes == and !=",
				 maa_kind_name(right->value.kind));
	if (test->property == MAA_P_VALUE || !literal)
		return 0;
	if (right->value.kind != MAA_STRING)
		return maa_wrong(parser->why, right->place, "type, valueType "
				 "and issuer are strings");
	if (test->property == MAA_P_VALUE_TYPE) {
		for (int i = MAA_STRING; i <= MAA_BOOLEAN; i++)
			if (strcmp(right->value.text,
				   maa_kind_name((enum maa_kind)i)) == 0)
				return 0;
		return maa_wrong(parser->why, right->place, "a valueType is "
				 "String, Integer or Boolean");
	}
	if (test->property == MAA_P_ISSUER) {
		for (int i = MAA_SERVICE; i <= MAA_CUSTOM; i++)
			if (strcmp(right->value.text,
				   maa_issuer_name((enum maa_issuer)i)) == 0)
				return 0;
		return maa_wrong(parser->why, right->place, "an issuer is "
				 "AttestationService, AttestationPolicy or "
				 "CustomClaim");
	}
	return 0;
}

static int parse_tests(struct parser *parser,
		       struct maa_condition *condition)
{
	struct maa_test tests[MAA_TESTS_MOST];
	size_t count = 0;
	int r = take(parser, "[");

	while (r == 0) {
		struct maa_test *test = &tests[count];

		if (count == MAA_TESTS_MOST)
			return maa_wrong(parser->why, parser->token.place,
					 "more than %d tests in a condition",
					 MAA_TESTS_MOST);
		memset(test, 0, sizeof(*test));
		test->place = parser->token.place;
		if ((r = parse_property(parser, &test->property)) < 0 ||
		    (r = parse_operator(parser, &test->operator)) < 0 ||
		    (r = parse_expression(parser, &test->right)) < 0 ||
		    (r = check_test(parser, test)) < 0)
			return r;
		count++;
		if (!is(parser, ","))
			break;
		r = next(parser);
	}
	if (r < 0)
		return r;
	condition->tests = make(parser, count * sizeof(*tests));
	if (!condition->tests)
		return -ENOMEM;
	memcpy(condition->tests, tests, count * sizeof(*tests));
	condition->test_count = count;
	return take(parser, "]");
}

static int parse_condition(struct parser *parser)
{
	struct maa_condition condition = { .name = NULL };
	int r;

	if (parser->condition_count == MAA_CONDITIONS_MOST)
		return maa_wrong(parser->why, parser->token.place, "more than "
				 "%d conditions in a rule",
				 MAA_CONDITIONS_MOST);
	if (is(parser, "!")) {
		if ((r = needs_minor(parser, 2, "conditions with !")) < 0 ||
		    (r = next(parser)) < 0)
			return r;
		condition.absent = true;
		if (parser->token.kind == MAA_NAME)
			return maa_wrong(parser->why, parser->token.place,
					 "a condition with ! finds no claim "
					 "that could have a name");
	} else if (parser->token.kind == MAA_NAME) {
		condition.name = parser->token.text;
		if (named(parser, condition.name) < parser->condition_count)
			return maa_wrong(parser->why, parser->token.place,
					 "two conditions of a rule are named "
					 "%.40s", condition.name);
		if ((r = next(parser)) < 0 || (r = take(parser, ":")) < 0)
			return r;
	}
	r = parse_tests(parser, &condition);
	if (r == 0)
		parser->conditions[parser->condition_count++] = condition;
	return r;
}

/* type = …, value = …: what add, issue and issueproperty make. */
static int parse_made_claim(struct parser *parser, struct maa_rule *rule)
{
	struct maa_expression **slots[] = { &rule->type, &rule->value,
		&rule->value_type };
	static const char *const names[] = { "type", "value", "valueType" };
	int r;

	for (;;) {
		struct maa_place place = parser->token.place;
		enum maa_property property;

		if ((r = parse_property(parser, &property)) < 0)
			return r;
		if (property == MAA_P_ISSUER)
			return maa_wrong(parser->why, place, "the issuer of a "
					 "policy's claims is always "
					 "AttestationPolicy");
		if (*slots[property])
			return maa_wrong(parser->why, place, "%s is given "
					 "twice", names[property]);
		if (is(parser, "=="))
			r = next(parser);
		else
			r = take(parser, "=");
		if (r < 0 ||
		    (r = parse_expression(parser, slots[property])) < 0)
			return r;
		if (property != MAA_P_VALUE &&
		    (*slots[property])->kind == MAA_LITERAL &&
		    (*slots[property])->value.kind != MAA_STRING)
			return maa_wrong(parser->why,
					 (*slots[property])->place,
					 "a %s is a string", names[property]);
		if (!is(parser, ","))
			break;
		if ((r = next(parser)) < 0)
			return r;
	}
	if (!rule->type || !rule->value)
		return wrong(parser, rule->type ? "value =" : "type =");
	return 0;
}

static int parse_claim(struct parser *parser, struct maa_rule *rule)
{
	int r;

	if (!is_name(parser, "claim"))
		return parse_made_claim(parser, rule);
	rule->whole = true;
	if ((r = next(parser)) < 0)
		return r;
	r = is(parser, "==") ? next(parser) : take(parser, "=");
	if (r < 0)
		return r;
	if (parser->token.kind != MAA_NAME)
		return wrong(parser, "the name of a condition");
	if ((r = find_condition(parser, &parser->token, &rule->condition)) < 0)
		return r;
	return next(parser);
}

static int parse_action(struct parser *parser, struct maa_rule *rule,
			enum maa_section section)
{
	static const struct {
		const char *name;
		enum maa_verb verb;
		bool in[MAA_SECTIONS];
		const char *where;
	} rows[] = {
		{ "permit", MAA_PERMIT, { false, true, false },
		  "authorizationrules" },
		{ "deny", MAA_DENY, { false, true, false },
		  "authorizationrules" },
		{ "add", MAA_ADD, { false, true, true },
		  "authorizationrules and issuancerules" },
		{ "issue", MAA_ISSUE, { false, false, true },
		  "issuancerules" },
		{ "issueproperty", MAA_ISSUE_PROPERTY, { true, false, true },
		  "issuancerules and configurationrules" },
	};
	size_t i = 0, count = sizeof(rows) / sizeof(*rows);
	int r;

	while (i < count && !is_name(parser, rows[i].name))
		i++;
	if (i == count)
		return wrong(parser, "permit, deny, add, issue or "
			     "issueproperty");
	rule->place = parser->token.place;
	rule->verb = rows[i].verb;
	if (!rows[i].in[section])
		return maa_wrong(parser->why, rule->place, "%s stands in %s "
				 "only", rows[i].name, rows[i].where);
	if ((r = next(parser)) < 0 || (r = take(parser, "(")) < 0)
		return r;
	if (rule->verb != MAA_PERMIT && rule->verb != MAA_DENY &&
	    (r = parse_claim(parser, rule)) < 0)
		return r;
	return take(parser, ")");
}

static int parse_rule(struct parser *parser, enum maa_section section,
		      struct maa_rule **out)
{
	struct maa_rule *rule = make(parser, sizeof(*rule));
	int r;

	if (!rule)
		return -ENOMEM;
	if (++parser->rules > MAA_RULES_MOST)
		return maa_wrong(parser->why, parser->token.place, "more than "
				 "%d rules", MAA_RULES_MOST);
	parser->condition_count = 0;
	while (!is(parser, "=>")) {
		if (parser->condition_count) {
			if (!is(parser, "&&"))
				return wrong(parser, "=> or &&");
			if ((r = next(parser)) < 0)
				return r;
		}
		if ((r = parse_condition(parser)) < 0)
			return r;
	}
	if ((r = next(parser)) < 0 ||
	    (r = parse_action(parser, rule, section)) < 0)
		return r;
	rule->condition_count = parser->condition_count;
	rule->conditions = make(parser, rule->condition_count *
				sizeof(*rule->conditions));
	if (!rule->conditions)
		return -ENOMEM;
	memcpy(rule->conditions, parser->conditions,
	       rule->condition_count * sizeof(*rule->conditions));
	*out = rule;
	return is(parser, ";") ? next(parser) : 0;
}

static int parse_section(struct parser *parser, enum maa_section section)
{
	struct maa_rule **end = &parser->policy->rules[section];
	int r;

	if ((r = next(parser)) < 0 || (r = take(parser, "{")) < 0)
		return r;
	while (!is(parser, "}")) {
		if (parser->token.kind == MAA_END)
			return wrong(parser, "}");
		if ((r = parse_rule(parser, section, end)) < 0)
			return r;
		end = &(*end)->next;
	}
	if ((r = next(parser)) < 0)
		return r;
	return is(parser, ";") ? next(parser) : 0;
}

static int parse_version(struct parser *parser)
{
	struct maa_place place = parser->token.place;
	const char *minor;
	int r;

	if (parser->token.kind != MAA_NAME ||
	    strcasecmp(parser->token.text, "version") != 0)
		return wrong(parser, "version = 1.0;");
	if ((r = next(parser)) < 0 || (r = take(parser, "=")) < 0)
		return r;
	if (parser->token.kind != MAA_NUMBER)
		return wrong(parser, "a version such as 1.0");
	place = parser->token.place;
	if (strcmp(parser->token.text, "1") != 0)
		return maa_wrong(parser->why, place, "versions 1.0, 1.1 and "
				 "1.2 are known");
	if ((r = next(parser)) < 0 || (r = take(parser, ".")) < 0)
		return r;
	minor = parser->token.text;
	if (parser->token.kind != MAA_NUMBER || strlen(minor) != 1 ||
	    minor[0] < '0' || minor[0] > '2')
		return maa_wrong(parser->why, place, "versions 1.0, 1.1 and "
				 "1.2 are known");
	parser->policy->minor = (unsigned)(minor[0] - '0');
	if ((r = next(parser)) < 0)
		return r;
	return take(parser, ";");
}

static int parse_policy(struct parser *parser)
{
	static const char *const names[] = { "configurationrules",
		"authorizationrules", "issuancerules" };
	bool seen[MAA_SECTIONS] = { false };
	int r;

	if ((r = next(parser)) < 0 || (r = parse_version(parser)) < 0)
		return r;
	while (parser->token.kind != MAA_END) {
		size_t i = 0;

		while (i < MAA_SECTIONS &&
		       (parser->token.kind != MAA_NAME ||
			strcasecmp(parser->token.text, names[i]) != 0))
			i++;
		if (i == MAA_SECTIONS)
			return wrong(parser, seen[MAA_AUTHORIZATION] ?
				     "issuancerules" : "authorizationrules");
		for (size_t j = i; j < MAA_SECTIONS; j++)
			if (seen[j])
				return maa_wrong(parser->why,
					parser->token.place, i == j ?
					"there are two sections %s" :
					"%s has to stand before the sections "
					"above", names[i]);
		if (i == MAA_CONFIGURATION &&
		    (r = needs_minor(parser, 1, names[i])) < 0)
			return r;
		seen[i] = true;
		if ((r = parse_section(parser, (enum maa_section)i)) < 0)
			return r;
	}
	return seen[MAA_AUTHORIZATION] ? 0 :
	       wrong(parser, "authorizationrules");
}

struct maa_policy *maa_policy_new(const char *text, size_t size,
				  struct why *why)
{
	struct parser *parser = NULL;
	struct maa_policy *policy;
	json_t *checked;
	int r = -ENOMEM;

	if (size > MAA_POLICY_MOST) {
		why_set(why, -E2BIG, "a policy of %zu bytes; at most %d are "
			"taken", size, MAA_POLICY_MOST);
		return NULL;
	}
	checked = json_stringn(text, size);
	json_decref(checked);
	if (!checked) {
		why_set(why, -EINVAL, "the policy is not UTF-8");
		return NULL;
	}
	policy = calloc(1, sizeof(*policy));
	parser = calloc(1, sizeof(*parser));
	if (policy && parser) {
		pool_init(&policy->pool, MAA_MEMORY_MOST);
		parser->policy = policy;
		parser->why = why;
		parser->lexer = (struct maa_lexer){ .pool = &policy->pool,
			.at = text, .end = text + size, .place = { 1, 1 },
			.why = why };
		/* A byte order mark, as some editors leave it. */
		if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
			parser->lexer.at += 3;
		r = parse_policy(parser);
	} else {
		why_set(why, -ENOMEM, "no memory for a policy");
	}
	free(parser);
	if (r == 0)
		return policy;
	maa_policy_free(policy);
	return NULL;
}

void maa_policy_free(struct maa_policy *policy)
{
	if (!policy)
		return;
	pool_free(&policy->pool);
	free(policy);
}

unsigned maa_policy_minor(const struct maa_policy *policy)
{
	return policy->minor;
}
