/* SPDX-License-Identifier: MIT */
#include "service/maa.h"

/* Everything genuine may have a token; the old names of claims come along,
 * as with Azure's default. */
const char maa_default_policy[] =
	"version= 1.1;\n"
	"configurationrules\n"
	"{\n"
	"\t=> issueproperty(type=\"x-ms-sgx-tcbidentifier\", "
	"value=\"azuredefault\");\n"
	"};\n"
	"authorizationrules\n"
	"{\n"
	"\t=> permit();\n"
	"};\n"
	"issuancerules\n"
	"{\n"
	"\tc:[type==\"x-ms-sgx-is-debuggable\"] => "
	"issue(type=\"is-debuggable\", value=c.value);\n"
	"\tc:[type==\"x-ms-sgx-mrsigner\"] => "
	"issue(type=\"sgx-mrsigner\", value=c.value);\n"
	"\tc:[type==\"x-ms-sgx-mrenclave\"] => "
	"issue(type=\"sgx-mrenclave\", value=c.value);\n"
	"\tc:[type==\"x-ms-sgx-product-id\"] => "
	"issue(type=\"product-id\", value=c.value);\n"
	"\tc:[type==\"x-ms-sgx-svn\"] => "
	"issue(type=\"svn\", value=c.value);\n"
	"\tc:[type==\"x-ms-attestation-type\"] => "
	"issue(type=\"tee\", value=c.value);\n"
	"};\n";
