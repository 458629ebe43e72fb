/* SPDX-License-Identifier: MIT */
/* The policy language: each operator, action, function and version; where
 * each error is said to be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/maa_policy.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define V0 "version=1.0;"
#define V2 "version=1.2;"
#define PERMIT "authorizationrules{=>permit();};"

/* What every policy here is run on. */
static void given(struct maa_claims *claims, struct pool *pool)
{
	struct maa_claim claim = { .type = "from-client",
		.value = { .kind = MAA_STRING, .text = "c" },
		.issuer = MAA_CUSTOM };

	memset(claims, 0, sizeof(*claims));
	assert_int_equal(maa_claims_string(claims, pool, "signer", "abc"), 0);
	assert_int_equal(maa_claims_integer(claims, pool, "svn", 5), 0);
	assert_int_equal(maa_claims_boolean(claims, pool, "debug", false), 0);
	assert_int_equal(maa_claims_boolean(claims, pool, "kss", true), 0);
	assert_int_equal(maa_claims_string(claims, pool, "n", "abc"), 0);
	assert_int_equal(maa_claims_integer(claims, pool, "n", 7), 0);
	assert_int_equal(maa_claims_string(claims, pool, "json",
		"{\"a\":[1,\"x\",true,null],\"o\":{},\"f\":1.5,\"z\":null}"),
		0);
	assert_int_equal(maa_claims_string(claims, pool,
					   "x-ms-sgx-mrsigner", "0a"), 0);
	assert_int_equal(maa_claims_add(claims, pool, &claim), 0);
	claim.type = "secret";
	claim.value.text = "[true]";
	claim.value.read_only = true;
	claim.issuer = MAA_SERVICE;
	assert_int_equal(maa_claims_add(claims, pool, &claim), 0);
}

/* Claims as "type=value,…": strings in quotes. */
static void print_claims(const struct maa_claims *claims, char *out)
{
	*out = '\0';
	for (size_t i = 0; i < claims->count; i++) {
		const struct maa_claim *claim = &claims->at[i];

		out += sprintf(out, "%s%s=", i ? "," : "", claim->type);
		if (claim->value.kind == MAA_STRING)
			out += sprintf(out, "\"%s\"", claim->value.text);
		else if (claim->value.kind == MAA_BOOLEAN)
			out += sprintf(out, "%s", claim->value.number ?
				       "true" : "false");
		else
			out += sprintf(out, "%lld",
				       (long long)claim->value.number);
	}
}

struct result {
	int error;
	enum maa_decision decision;
	unsigned denied_line;
	char issued[4096], properties[256], configuration[256];
	struct why why;
};

static void run(const char *text, struct result *result)
{
	struct maa_outcome outcome;
	struct maa_claims claims;
	struct maa_policy *policy;
	struct pool pool;

	memset(result, 0, sizeof(*result));
	pool_init(&pool, MAA_MEMORY_MOST);
	given(&claims, &pool);
	policy = maa_policy_new(text, strlen(text), &result->why);
	result->error = -EINVAL;
	if (policy) {
		result->error = maa_policy_run(policy, &claims, &pool,
					       &outcome, &result->why);
		result->decision = outcome.decision;
		result->denied_line = outcome.denied_line;
		print_claims(&outcome.issued, result->issued);
		print_claims(&outcome.properties, result->properties);
		print_claims(&outcome.configuration, result->configuration);
	}
	maa_policy_free(policy);
	pool_free(&pool);
}

/* Does a condition hold? */
static bool holds(const char *version, const char *conditions)
{
	struct result result;
	char text[2048];

	snprintf(text, sizeof(text), "version=%s;authorizationrules{%s"
		 "=>permit();};", version, conditions);
	run(text, &result);
	if (result.error)
		fail_msg("%s: %s", conditions, result.why.text);
	return result.decision == MAA_PERMITTED;
}

static void operators_compare(void **state)
{
	static const struct {
		const char *condition;
		bool holds;
	} rows[] = {
		{ "[type==\"svn\"]", true },
		{ "[type=\"svn\"]", true },
		{ "[type==\"SVN\"]", false },
		{ "[type!=\"svn\"]", true },
		{ "[type==\"svn\", value==5]", true },
		{ "[type==\"svn\", value=5]", true },
		{ "[type==\"svn\", value!=5]", false },
		{ "[type==\"svn\", value!=4]", true },
		{ "[type==\"svn\", value<6]", true },
		{ "[type==\"svn\", value<5]", false },
		{ "[type==\"svn\", value<=5]", true },
		{ "[type==\"svn\", value<=4]", false },
		{ "[type==\"svn\", value>4]", true },
		{ "[type==\"svn\", value>5]", false },
		{ "[type==\"svn\", value>=5]", true },
		{ "[type==\"svn\", value>=6]", false },
		{ "[type==\"svn\", value==0x5]", true },
		{ "[type==\"svn\", value>-1]", true },
		{ "[type==\"svn\", value==\"5\"]", false },
		{ "[type==\"svn\", value!=\"5\"]", true },
		{ "[type==\"signer\", value==\"abc\"]", true },
		{ "[type==\"signer\", value==\"ABC\"]", false },
		{ "[type==\"signer\", value!=\"abd\"]", true },
		{ "[type==\"signer\", value<5]", false },
		{ "[type==\"debug\", value==false]", true },
		{ "[type==\"debug\", value==true]", false },
		{ "[type==\"debug\", value!=true]", true },
		{ "[type==\"debug\", value==0]", false },
		{ "[type==\"svn\", valueType==\"Integer\"]", true },
		{ "[type==\"svn\", valueType==\"String\"]", false },
		{ "[type==\"kss\", valueType==\"Boolean\"]", true },
		{ "[type==\"svn\", issuer==\"AttestationService\"]", true },
		{ "[type==\"svn\", issuer!=\"AttestationService\"]", false },
		{ "[issuer==\"CustomClaim\"]", true },
		{ "[issuer==\"AttestationPolicy\"]", false },
		{ "[type==\"n\", value==7]", true },
		{ "[type==\"n\", value==\"abc\"]", true },
		{ "[type==\"svn\"]&&[type==\"kss\"]", true },
		{ "[type==\"svn\"]&&[type==\"none\"]", false },
		{ "c:[type==\"signer\"]&&[type==\"n\",value==c.value]", true },
		{ "c:[type==\"svn\"]&&[type==\"n\",value==c.value]", false },
		{ "c:[type==\"svn\"]&&[type==\"n\",value>c.value]", true },
		{ "c:[type==\"n\"]&&[type==\"signer\",value==c.value]", true },
		{ "c:[type==\"n\"]&&[type==\"svn\",value==c.value]", false },
		{ "c:[value==5]&&[type==c.type]", true },
		{ "c:[type==\"svn\"]&&[issuer!=c.issuer]", true },
		{ "c:[type==\"svn\"]&&[type==\"kss\","
		  "valueType==c.valueType]", false },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (holds("1.0", rows[i].condition) != rows[i].holds)
			fail_msg("%s", rows[i].condition);
}

static void absence_is_a_condition_of_1_2(void **state)
{
	assert_true(holds("1.2", "![type==\"none\"]"));
	assert_false(holds("1.2", "![type==\"svn\"]"));
	assert_true(holds("1.2", "[type==\"svn\"] && ![type==\"svn\", "
			  "value==6]"));
	assert_true(holds("1.2", "c:[type==\"svn\"] && ![type==\"signer\", "
			  "value==c.value]"));
}

static void a_deny_outweighs_every_permit(void **state)
{
	static const struct {
		const char *rules;
		enum maa_decision decision;
		unsigned line;
	} rows[] = {
		{ "", MAA_NOT_PERMITTED, 0 },
		{ "=>permit();", MAA_PERMITTED, 0 },
		{ "=>permit()", MAA_PERMITTED, 0 },
		{ "[type==\"none\"]=>permit();", MAA_NOT_PERMITTED, 0 },
		{ "=>permit();\n=>deny();", MAA_DENIED, 2 },
		{ "=>deny();\n=>permit();", MAA_DENIED, 1 },
		{ "=>permit();[type==\"none\"]=>deny();", MAA_PERMITTED, 0 },
		{ "=>add(type=\"none\",value=1);[type==\"none\"]=>permit();",
		  MAA_PERMITTED, 0 },
		{ "=>add(type=\"x\",value=1);[type==\"x\",issuer=="
		  "\"AttestationPolicy\"]=>permit();", MAA_PERMITTED, 0 },
		{ "=>add(type=\"x\",value=1);[type==\"x\",issuer=="
		  "\"AttestationService\"]=>permit();",
		  MAA_NOT_PERMITTED, 0 },
	};
	struct result result;
	char text[1024];

	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text), V0 "authorizationrules{%s};"
			 "issuancerules{=>issue(type=\"out\",value=1);};",
			 rows[i].rules);
		run(text, &result);
		assert_int_equal(result.error, 0);
		assert_int_equal(result.decision, rows[i].decision);
		assert_int_equal(result.denied_line, rows[i].line);
		assert_string_equal(result.issued, result.decision ==
				    MAA_PERMITTED ? "out=1" : "");
	}
}

struct issuing {
	const char *rules, *issued;
};

static void check_issued(const char *version, const struct issuing *rows,
			 size_t count)
{
	struct result result;
	char text[2048];

	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "version=%s;" PERMIT
			 "issuancerules{%s};", version, rows[i].rules);
		run(text, &result);
		if (result.error || strcmp(result.issued, rows[i].issued) != 0)
			fail_msg("%s: %s%s", rows[i].rules, result.issued,
				 result.why.text);
	}
}

static void rules_issue_claims(void **state)
{
	static const struct issuing rows[] = {
		{ "", "" },
		{ "=>issue(type=\"a\",value=\"b\");", "a=\"b\"" },
		{ "=>issue(type=\"a\",value=-2)", "a=-2" },
		{ "=>issue(value=true,type=\"a\");", "a=true" },
		{ "=>issue(type==\"a\",value==1);", "a=1" },
		{ "=>issue(type=\"a\",value=1,valueType=\"Integer\");",
		  "a=1" },
		{ "=>issue(type=\"a\\\"\\\\\",value=1);", "a\"\\=1" },
		{ "c:[type==\"svn\"]=>issue(type=\"a\",value=c.value);",
		  "a=5" },
		{ "c:[type==\"svn\"]=>issue(claim=c);", "svn=5" },
		{ "c:[type==\"n\"]=>issue(claim=c);", "n=\"abc\",n=7" },
		{ "c:[type==\"n\"]=>issue(type=\"a\",value=c.value);",
		  "a=\"abc\",a=7" },
		{ "c:[type==\"svn\"]=>issue(type=\"a\",value=c.valueType);",
		  "a=\"Integer\"" },
		{ "c:[issuer==\"CustomClaim\"]=>issue(type=c.type,"
		  "value=c.issuer);", "from-client=\"CustomClaim\"" },
		{ "c:[type==\"n\"]=>issue(type=c.type,value=c.value);",
		  "n=\"abc\",n=7" },
		/* The same claim twice is one. */
		{ "=>issue(type=\"a\",value=1);=>issue(type=\"a\",value=1);",
		  "a=1" },
		/* Issued claims are incoming ones for the next rules. */
		{ "=>issue(type=\"a\",value=1);c:[type==\"a\",value==1,"
		  "issuer==\"AttestationPolicy\"]=>issue(type=\"b\","
		  "value=c.value);", "a=1,b=1" },
		{ "=>add(type=\"a\",value=1);", "" },
		{ "=>add(type=\"a\",value=1);c:[type==\"a\"]=>"
		  "issue(claim=c);", "a=1" },
		{ "[type==\"none\"]=>issue(type=\"a\",value=1);", "" },
		/* Reserved names pass as they are. */
		{ "c:[type==\"x-ms-sgx-mrsigner\"]=>issue(claim=c);",
		  "x-ms-sgx-mrsigner=\"0a\"" },
		{ "=>issue(type=\"x-ms-sgx-mrsigner\",value=\"0a\");",
		  "x-ms-sgx-mrsigner=\"0a\"" },
		{ "// x }\n/* ; } */=>issue(/**/type=\"a\",value=1);//\n",
		  "a=1" },
	};

	check_issued("1.0", rows, COUNT(rows));
}

static void functions_of_1_2(void **state)
{
	static const struct issuing rows[] = {
		{ "c:[type==\"json\"]=>issue(type=\"a\",value="
		  "JmesPath(c.value,\"a[1]\"));", "a=\"\"x\"\"" },
		{ "=>issue(type=\"a\",value=JmesPath(\"{\\\"foo\\\": "
		  "[1, 2]}\",\"foo\"));", "a=\"[1,2]\"" },
		{ "=>issue(type=\"a\",value=JmesPath(\"{}\",\"foo\"));",
		  "a=\"null\"" },
		{ "c:[type==\"json\"]=>issue(type=\"a\",value="
		  "JsonToClaimValue(JmesPath(c.value,\"a[0]\")));", "a=1" },
		{ "c:[type==\"json\"]=>issue(type=\"a\",value="
		  "JsonToClaimValue(JmesPath(c.value,\"a\")));",
		  "a=1,a=\"x\",a=true" },
		{ "=>issue(type=\"a\",value=JsonToClaimValue(\"100\"));",
		  "a=100" },
		{ "=>issue(type=\"a\",value=JsonToClaimValue(\"false\"));",
		  "a=false" },
		{ "=>issue(type=\"a\",value=JsonToClaimValue(\"\\\"s\\\"\"));",
		  "a=\"s\"" },
		{ "=>issue(type=\"a\",value=JsonToClaimValue(\"null\"));",
		  "" },
		{ "=>issue(type=\"a\",value=JsonToClaimValue(\"[]\"));", "" },
		{ "=>issue(type=\"a\",value=AppendString(\"x\",\"y\"));",
		  "a=\"xy\"" },
		{ "c:[type==\"signer\"]=>issue(type=AppendString(\"my-\","
		  "c.type),value=AppendString(c.value,\"\"));",
		  "my-signer=\"abc\"" },
		{ "c:[type==\"kss\"]=>issue(type=\"a\",value="
		  "NegateBool(c.value));", "a=false" },
		{ "=>issue(type=\"a\",value=NegateBool(NegateBool(true)));",
		  "a=true" },
		{ "c:[type==\"signer\"]&&d:[type==\"n\"]=>issue(type=\"a\","
		  "value=IsSubsetOf(c.value,d.value));", "a=true" },
		{ "c:[type==\"n\"]&&d:[type==\"signer\"]=>issue(type=\"a\","
		  "value=IsSubsetOf(c.value,d.value));", "a=false" },
		{ "=>issue(type=\"a\",value=IsSubsetOf(JsonToClaimValue("
		  "\"[]\"),1));", "a=true" },
		{ "c:[type==\"n\"]=>issue(type=\"a\",value="
		  "ContainsOnlyValue(c.value,7));", "a=false" },
		{ "c:[type==\"svn\"]=>issue(type=\"a\",value="
		  "ContainsOnlyValue(c.value,5));", "a=true" },
		{ "=>issue(type=\"a\",value=ContainsOnlyValue("
		  "JsonToClaimValue(\"[]\"),5));", "a=false" },
		{ "=>issue(type=\"a\",value=ContainsOnlyValue("
		  "JsonToClaimValue(\"[1,1]\"),1));", "a=true" },
		{ "[type==\"svn\",value==JsonToClaimValue(\"[4,5]\")]=>"
		  "issue(type=\"a\",value=1);", "a=1" },
		{ "![type==\"a\"]=>issue(type=\"a\",value=1);"
		  "![type==\"a\"]=>issue(type=\"a\",value=2);", "a=1" },
		/* What is read only may be tested, and what was found out
		 * so may be issued. */
		{ "c:[type==\"secret\"]=>issue(type=\"a\",value="
		  "ContainsOnlyValue(c.value,\"[true]\"));", "a=true" },
		{ "c:[type==\"secret\"]=>add(type=\"a\",value=c.value);", "" },
	};

	check_issued("1.2", rows, COUNT(rows));
}

static void properties_are_no_claims(void **state)
{
	struct result result;

	run("version=1.1;configurationrules{=>issueproperty(type="
	    "\"x-ms-sgx-tcbidentifier\",value=\"azuredefault\");};" PERMIT
	    "issuancerules{=>issueproperty(type=\"omit_x5c\",value=true);"
	    "=>issue(type=\"a\",value=1);};", &result);
	assert_int_equal(result.error, 0);
	assert_string_equal(result.configuration,
			    "x-ms-sgx-tcbidentifier=\"azuredefault\"");
	assert_string_equal(result.properties, "omit_x5c=true");
	assert_string_equal(result.issued, "a=1");
}

static void rules_that_cannot_be_run_say_why(void **state)
{
	static const struct {
		const char *rules, *says;
	} rows[] = {
		{ "=>issue(type=\"x-ms-sgx-mrsigner\",value=\"0b\");",
		  "line 1, column 61: x-ms-sgx-mrsigner is the service's" },
		{ "=>issue(type=\"exp\",value=1);", "service's own claim" },
		{ "=>add(type=\"x-coffer-root\",value=\"intel\");c:[type=="
		  "\"x-coffer-root\"]=>issue(claim=c);",
		  "service's own claim" },
		{ "=>issue(type=\"x-ms-runtime\",value=1);",
		  "service's own claim" },
		{ "c:[type==\"secret\"]=>issue(claim=c);",
		  "may be tested, but not issued" },
		{ "c:[type==\"secret\"]=>issue(type=\"a\",value=JmesPath("
		  "c.value,\"[0]\"));", "may be tested, but not issued" },
		{ "c:[type==\"secret\"]=>issue(type=\"a\",value="
		  "JsonToClaimValue(JmesPath(c.value,\"[0]\")));",
		  "may be tested, but not issued" },
		{ "c:[type==\"secret\"]=>issueproperty(type=\"a\",value="
		  "AppendString(\"\",c.value));",
		  "may be tested, but not issued" },
		{ "c:[type==\"n\"]=>issue(type=c.type,value=1);",
		  "a claim has one type, and these are 2" },
		{ "c:[type==\"svn\"]=>issue(type=\"a\",value=c.value,"
		  "valueType=\"String\");", "the value is of type Integer" },
		{ "=>issue(type=\"\",value=1);", "is not empty" },
		{ "=>add(type=\"a\",value=JmesPath(1,\"a\"));",
		  "JmesPath takes one string" },
		{ "=>add(type=\"a\",value=JmesPath(\"x\",\"a\"));",
		  "no JSON" },
		{ "=>add(type=\"a\",value=JmesPath(\"{}\",\"a[\"));",
		  "JmesPath: byte 3 of the query" },
		{ "=>add(type=\"a\",value=JmesPath(\"{}\",\"abs(@)\"));",
		  "abs cannot take argument 1, of type object" },
		{ "=>add(type=\"a\",value=JsonToClaimValue(\"abc\"));",
		  "no JSON" },
		{ "=>add(type=\"a\",value=JsonToClaimValue(5));",
		  "takes one string" },
		{ "=>add(type=\"a\",value=JsonToClaimValue(\"1.5\"));",
		  "fraction" },
		{ "=>add(type=\"a\",value=JsonToClaimValue(\"{}\"));",
		  "takes no object" },
		{ "=>add(type=\"a\",value=JsonToClaimValue(\"[[1]]\"));",
		  "takes no object, and no list" },
		{ "=>add(type=\"a\",value=AppendString(\"a\",1));",
		  "takes two strings" },
		{ "=>add(type=\"a\",value=NegateBool(\"true\"));",
		  "takes one boolean" },
		{ "=>add(type=\"a\",value=ContainsOnlyValue(1,"
		  "JsonToClaimValue(\"[1,2]\")));", "takes one value" },
	};
	struct result result;
	char text[1024];

	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text), V2 PERMIT "issuancerules{%s};",
			 rows[i].rules);
		run(text, &result);
		if (result.error != -EINVAL ||
		    result.decision == MAA_PERMITTED ||
		    !strstr(result.why.text, rows[i].says))
			fail_msg("%s: %s", rows[i].rules, result.why.text);
	}
}

static void errors_have_places(void **state)
{
	static const struct {
		const char *policy, *says;
	} rows[] = {
		{ "", "line 1, column 1: version = 1.0; is missing; the "
		  "policy ends here" },
		{ "authorizationrules{};", "line 1, column 1: version = 1.0; "
		  "is missing before authorizationrules" },
		{ "version 1.0;", "column 9: = is missing before 1" },
		{ "version=2.0;", "column 9: versions 1.0, 1.1 and 1.2" },
		{ "version=1.3;", "column 9: versions 1.0, 1.1 and 1.2" },
		{ "version=1.00;", "column 9: versions 1.0, 1.1 and 1.2" },
		{ "version=1.0", "column 12: ; is missing; the policy ends" },
		{ V0, "authorizationrules is missing" },
		{ V0 "issuancerules{};", "authorizationrules is missing" },
		{ V0 "rules{};", "column 13: authorizationrules is missing "
		  "before rules" },
		{ V0 PERMIT PERMIT, "there are two sections "
		  "authorizationrules" },
		{ "version=1.1;" PERMIT "configurationrules{};",
		  "configurationrules has to stand before" },
		{ V0 "configurationrules{};" PERMIT,
		  "configurationrules need version 1.1, and this policy "
		  "says 1.0" },
		{ V0 "authorizationrules{=>permit();",
		  "} is missing; the policy ends here" },
		{ V0 "\nauthorizationrules\n{\n  [typ==\"a\"]=>permit();\n};",
		  "line 4, column 4: type, value, valueType or issuer is "
		  "missing before typ" },
		{ V0 "authorizationrules{[type~\"a\"]=>permit();}",
		  "\"~\" means nothing here" },
		{ V0 "authorizationrules{[type \"a\"]=>permit();}",
		  "==, !=, <, <=, > or >= is missing before \"a\"" },
		{ V0 "authorizationrules{[]=>permit();}",
		  "type, value, valueType or issuer is missing before ]" },
		{ V0 "authorizationrules{[type==a]=>permit();}",
		  "column 39: a is no value" },
		{ V0 "authorizationrules{[type==]=>permit();}",
		  "a value is missing before ]" },
		{ V0 "authorizationrules{[type==\"a\" =>permit();}",
		  "] is missing before =>" },
		{ V0 "authorizationrules{[type==\"a\"] permit();}",
		  "=> or && is missing before permit" },
		{ V0 "authorizationrules{[type==\"a\"]=>allow();}",
		  "permit, deny, add, issue or issueproperty is missing "
		  "before allow" },
		{ V0 "authorizationrules{[type==\"a\"]=>permit;}",
		  "( is missing before ;" },
		{ V0 "authorizationrules{=>issue(type=\"a\",value=1);}",
		  "issue stands in issuancerules only" },
		{ V0 PERMIT "issuancerules{=>permit();}",
		  "permit stands in authorizationrules only" },
		{ V0 PERMIT "issuancerules{=>deny();}",
		  "deny stands in authorizationrules only" },
		{ V0 "authorizationrules{=>issueproperty(type=\"a\","
		  "value=1);}", "issueproperty stands in" },
		{ "version=1.1;configurationrules{=>add(type=\"a\","
		  "value=1);}", "add stands in" },
		{ V0 "authorizationrules{[type<\"a\"]=>permit();}",
		  "only values are ordered" },
		{ V0 "authorizationrules{[value<\"a\"]=>permit();}",
		  "only integers are ordered; a String takes" },
		{ V0 "authorizationrules{[value>=true]=>permit();}",
		  "a Boolean takes" },
		{ V0 "authorizationrules{[type==1]=>permit();}",
		  "type, valueType and issuer are strings" },
		{ V0 "authorizationrules{[valueType==\"Int\"]=>permit();}",
		  "a valueType is String, Integer or Boolean" },
		{ V0 "authorizationrules{[issuer==\"me\"]=>permit();}",
		  "an issuer is AttestationService" },
		{ V0 "authorizationrules{c:[type==\"a\"]&&c:[type==\"b\"]=>"
		  "permit();}", "two conditions of a rule are named c" },
		{ V0 "authorizationrules{[type==c.value]=>permit();}",
		  "no condition before this is named c" },
		{ V0 PERMIT "issuancerules{c:[type==\"a\"]=>issue("
		  "claim=d);}", "no condition before this is named d" },
		{ V0 PERMIT "issuancerules{=>issue(type=\"a\");}",
		  "value = is missing before )" },
		{ V0 PERMIT "issuancerules{=>issue(value=1);}",
		  "type = is missing before )" },
		{ V0 PERMIT "issuancerules{=>issue();}", "is missing" },
		{ V0 PERMIT "issuancerules{=>issue(type=\"a\",type=\"b\");}",
		  "type is given twice" },
		{ V0 PERMIT "issuancerules{=>issue(type=1,value=1);}",
		  "a type is a string" },
		{ V0 PERMIT "issuancerules{=>issue(type=\"a\",value=1,"
		  "issuer=\"AttestationService\");}",
		  "the issuer of a policy's claims is always" },
		{ V0 PERMIT "issuancerules{![type==\"a\"]=>issue(type=\"a\","
		  "value=1);}", "conditions with ! need version 1.2" },
		{ V0 PERMIT "issuancerules{=>issue(type=\"a\",value="
		  "NegateBool(true));}", "functions need version 1.2" },
		{ "version=1.1;" PERMIT "issuancerules{=>issue(type=\"a\","
		  "value=NegateBool(true));}", "functions need version 1.2, "
		  "and this policy says 1.1" },
		{ V2 PERMIT "issuancerules{=>issue(type=\"a\",value="
		  "Negate(true));}", "there is no function Negate" },
		{ V2 PERMIT "issuancerules{=>issue(type=\"a\",value="
		  "NegateBool(true,false));}",
		  "NegateBool takes 1 argument, not 2" },
		{ V2 PERMIT "issuancerules{=>issue(type=\"a\",value="
		  "JmesPath(\"a\"));}", "JmesPath takes 2 arguments, not 1" },
		{ V2 PERMIT "issuancerules{!c:[type==\"a\"]=>issue(type="
		  "\"a\",value=1);}", "a condition with ! finds no claim" },
		{ V0 "authorizationrules{[type==\"a]=>permit();\n};",
		  "column 39: a string without closing quotes" },
		{ V0 "authorizationrules{[type==\"a\\n\"]=>permit();};",
		  "column 41: \\ stands before" },
		{ V0 "authorizationrules{/* =>permit();};",
		  "column 32: a comment that does not end" },
		{ V0 "authorizationrules{[type==\xe2\x80\x9d" "a\"]};",
		  "typographic quotes" },
		{ V0 "authorizationrules{[value==99999999999999999999]};",
		  "an integer of more than 64 bits" },
		{ V0 "authorizationrules{[value==0x]};", "no integer: 0x" },
		{ V0 "authorizationrules{[value==12ab]};",
		  "no integer: 12ab" },
		{ V0 PERMIT "}", "issuancerules is missing before }" },
		{ V0 "authorizationrules{\xff};", "not UTF-8" },
	};
	struct result result;

	for (size_t i = 0; i < COUNT(rows); i++) {
		run(rows[i].policy, &result);
		if (result.error != -EINVAL ||
		    !strstr(result.why.text, rows[i].says))
			fail_msg("%s: %s, not %s", rows[i].policy,
				 result.why.text, rows[i].says);
	}
}

/* Spellings that Azure's documentation uses. */
static void other_spellings_are_taken(void **state)
{
	struct result result;

	run("\xef\xbb\xbfVersion= 1.0 ;\r\nAuthorizationRules\r\n{\r\n\t"
	    "c:[type==\"debug\"] => permit()\r\n}\r\n\r\nissuancerules {\n"
	    " c:[type=\"svn\", issuer==\"AttestationService\"]=> issue("
	    "claim=c)\n c:[type=\"kss\"]=> issue(claim=c)\n}", &result);
	assert_string_equal(result.why.text, "");
	assert_int_equal(result.decision, MAA_PERMITTED);
	assert_string_equal(result.issued, "svn=5,kss=true");
}

static void work_is_bounded(void **state)
{
	static char text[MAA_POLICY_MOST + 100];
	struct result result;
	char *out;

	out = text + sprintf(text, V0 PERMIT "issuancerules{");
	for (int i = 0; i < 1001; i++)
		out += sprintf(out, "=>add(type=\"a\",value=%d);", i);
	sprintf(out, "};");
	run(text, &result);
	assert_non_null(strstr(result.why.text, "more than 1000 rules"));

	/* Each rule doubles the claims. */
	out = text + sprintf(text, V0 PERMIT "issuancerules{");
	for (int i = 0; i < 40; i++)
		out += sprintf(out, "c:[type!=\"\"]=>add(type=\"a\","
			       "value=c.value);");
	sprintf(out, "};");
	run(text, &result);
	assert_int_equal(result.error, -E2BIG);
	assert_non_null(strstr(result.why.text, "more than 2000 claims"));

	/* Each rule compares all with all. */
	out = text + sprintf(text, V0 "authorizationrules{");
	for (int i = 0; i < 7; i++)
		out += sprintf(out, "c:[type!=\"\"]=>add(type=\"a\","
			       "value=c.value);");
	for (int i = 0; i < 20; i++)
		out += sprintf(out, "c:[type!=\"\"]&&[value>c.value,"
			       "type==\"none\"]=>permit();");
	sprintf(out, "};");
	run(text, &result);
	assert_int_equal(result.error, -E2BIG);
	assert_non_null(strstr(result.why.text, "takes too long"));

	/* A string that doubles. */
	out = text + sprintf(text, V2 "authorizationrules{=>add(type=\"a0\","
			     "value=\"xxxxxxxx\");");
	for (int i = 0; i < 40; i++)
		out += sprintf(out, "c:[type==\"a%d\"]=>add(type=\"a%d\","
			       "value=AppendString(c.value,c.value));", i,
			       i + 1);
	sprintf(out, "};");
	run(text, &result);
	assert_true(result.error == -ENOMEM || result.error == -E2BIG);

	out = text + sprintf(text, V2 "authorizationrules{[value==");
	for (int i = 0; i < 17; i++)
		out += sprintf(out, "NegateBool(");
	run(text, &result);
	assert_non_null(strstr(result.why.text, "nested deeper than 16"));

	memset(text, ' ', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	run(text, &result);
	assert_non_null(strstr(result.why.text, "at most"));
}

/* A rule that adds a long text, of spaces or letters and a 1, as claim a0. */
static char *add_long(char *out, char filling, size_t size)
{
	out += sprintf(out, "=>add(type=\"a0\",value=\"");
	memset(out, filling, size);
	return out + size + sprintf(out + size, "1\");");
}

/* Reading and comparing long texts is work as well. */
static void long_texts_are_work(void **state)
{
	static char text[MAA_POLICY_MOST];
	struct result result;
	char *out;

	out = add_long(text + sprintf(text, V2 "authorizationrules{"), ' ',
		       60000);
	for (int i = 0; i < 100; i++) {
		out += sprintf(out, "c:[type==\"a0\"]&&[type==\"a0\"");
		for (int j = 0; j < 15; j++)
			out += sprintf(out,
				       ",value!=JsonToClaimValue(c.value)");
		out += sprintf(out, "]=>permit();");
	}
	sprintf(out, "};");
	run(text, &result);
	assert_int_equal(result.error, -E2BIG);

	/* A hundred texts that begin alike, all compared with all. */
	out = add_long(text + sprintf(text, V2 "authorizationrules{"), 'x',
		       60000);
	for (int i = 0; i < 100; i++)
		out += sprintf(out, "c:[type==\"a%d\"]=>add(type=\"a%d\","
			       "value=AppendString(c.value,\"1\"));", i, i + 1);
	for (int i = 0; i < 30; i++)
		out += sprintf(out, "c:[valueType==\"String\"]&&[value=="
			       "c.value,type==\"none\"]=>permit();");
	sprintf(out, "};");
	run(text, &result);
	assert_int_equal(result.error, -E2BIG);

	out = add_long(text + sprintf(text, V2 "authorizationrules{"), 'x',
		       30000);
	for (int i = 0; i < 100; i++)
		out += sprintf(out, "c:[type==\"a%d\"]=>add(type=\"a%d\","
			       "value=AppendString(c.value,\"1\"));", i, i + 1);
	for (int i = 0; i < 10; i++)
		out += sprintf(out, "c:[valueType==\"String\"]&&[value=="
			       "IsSubsetOf(c.value,c.value)]=>permit();");
	for (int i = 0; i < 10; i++)
		out += sprintf(out, "c:[valueType==\"String\"]&&d:[type==\"a0"
			       "\"]&&[value==ContainsOnlyValue(c.value,"
			       "d.value)]=>permit();");
	sprintf(out, "};");
	run(text, &result);
	assert_int_equal(result.error, -E2BIG);

	/* A few are no more than they seem. */
	out = add_long(text + sprintf(text, V2 PERMIT "issuancerules{"), 'x',
		       60000);
	out += sprintf(out, "c:[type==\"a0\"]&&[value==c.value]=>"
		       "issue(type=\"b\",value=true);};");
	run(text, &result);
	assert_string_equal(result.why.text, "");
	assert_string_equal(result.issued, "b=true");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operators_compare),
		cmocka_unit_test(absence_is_a_condition_of_1_2),
		cmocka_unit_test(a_deny_outweighs_every_permit),
		cmocka_unit_test(rules_issue_claims),
		cmocka_unit_test(functions_of_1_2),
		cmocka_unit_test(properties_are_no_claims),
		cmocka_unit_test(rules_that_cannot_be_run_say_why),
		cmocka_unit_test(errors_have_places),
		cmocka_unit_test(other_spellings_are_taken),
		cmocka_unit_test(work_is_bounded),
		cmocka_unit_test(long_texts_are_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
