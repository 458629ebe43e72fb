/* SPDX-License-Identifier: MIT */
/*
 * Every command line there is.  tests/completion holds this against what
 * --help says: a command or an option that is missing here, or is here and
 * nowhere else, fails it.
 */
#include "complete.h"

#define POLICY " --policy FILE --mrsigner TEXT --mrenclave TEXT" \
	" --product NUMBER --svn NUMBER --debuggable --authority TEXT" \
	" --immutable"
#define SERVICE " --url TEXT --ca FILE --token FILE --json"

const struct complete_row complete_rows[] = {
	{ "coffer", "", "--version --system" },
	{ "coffer run", "APP", "--vm VM --size SIZE --epc-pages NUMBER"
		" --swap FILE --ptrace-slot" },
	{ "coffer shell", "VM", "" },
	{ "coffer enclaves", "", "--vm VM --json" },
	{ "coffer top", "", "--vm VM --interval NUMBER --once --json" },
	{ "coffer tamper", "flip|flip-meta|swap|replay|foreign|cut",
		"--enclave ENCLAVE --vm VM --page TEXT --wait NUMBER --others"
		" --json" },
	{ "coffer measure", "FILE", "--json --sgxs FILE" },
	{ "coffer doctor", "", "--vm VM --json" },
	{ "coffer gdb", "APP", "-p PID" },
	{ "coffer bench attest", "", "--json" },
	{ "coffer bench calls", "", "--json" },
	{ "coffer bench load", "", "--json" },
	{ "coffer bench vm", "", "--json" },
	{ "coffer bench paging", "", "--json --svg FILE" },
	{ "coffer bench portal", "", "--json" },
	{ "coffer bench scale", "", "--json" },
	{ "coffer bench serve", "", "--json" },
	{ "coffer quote", "", "--data TEXT --out FILE --target --json" },
	{ "coffer verify", "FILE", "--collateral DIR --cacert FILE"
		" *--root FILE --intel-root --at TEXT --allow-expired"
		" --refuse-debug --save DIR --json" },

	{ "coffer serve", "", "--config FILE *-o TEXT --port NUMBER"
		" --listen TEXT --http --state DIR --quiet"
		" --new-passphrase FILE --print-config --print-routes" },
	{ "coffer serve token", "", "--read-write --read-only --new"
		" --state DIR" },
	{ "coffer portal", "", "--read-only --open --state DIR" },
	{ "coffer key create", "TEXT", "--type KEYTYPE --size 128|192|256|"
		"2048|3072|4096 --curve P-256|P-384|P-521" POLICY SERVICE },
	{ "coffer key import", "TEXT", "--file FILE" POLICY SERVICE },
	{ "coffer key list", "KEY", "--deleted" SERVICE },
	{ "coffer key show", "KEY", "--version TEXT" SERVICE },
	{ "coffer key enable", "KEY", "--version TEXT" SERVICE },
	{ "coffer key disable", "KEY", "--version TEXT" SERVICE },
	{ "coffer key policy", "KEY", "--version TEXT" POLICY SERVICE },
	{ "coffer key rotate", "KEY", SERVICE },
	{ "coffer key delete", "KEY", SERVICE },
	{ "coffer key recover", "GONEKEY", SERVICE },
	{ "coffer key purge", "GONEKEY", SERVICE },
	{ "coffer key audit", "KEY", "-n NUMBER" SERVICE },
	{ "coffer key pin", "", "--type c" SERVICE },

	{ "coffer ca init", "", "--url TEXT" },
	{ "coffer ca show", "", "--json --pem" },
	{ "coffer ca export", "FILE", "--passphrase-file FILE" },
	{ "coffer ca import", "FILE", "--passphrase-file FILE --replace" },

	{ "coffer vm list", "", "--set SET --zone ZONE --domain DOMAIN"
		" --tag TAG --json" },
	{ "coffer vm show", "VM", "--json" },
	{ "coffer vm sizes", "", "--json" },
	{ "coffer vm create", "TEXT", "--size SIZE --zone ZONE --zones TEXT"
		" --count NUMBER *--tag TAG --probe TEXT --epc-pages NUMBER"
		" --swap FILE --ptrace-slot --stopped --on-demand --json" },
	{ "coffer vm delete", "VM ...", "--set SET --force --json" },
	{ "coffer vm start", "VM ...", "--set SET --all --json" },
	{ "coffer vm stop", "VM ...", "--set SET --all --deallocate"
		" --force --json" },
	{ "coffer vm restart", "VM ...", "--set SET --all --force --json" },
	{ "coffer vm probe", "VM ...", "--set SET --all --wait NUMBER --json" },
	{ "coffer vm maintenance", "", "--domain DOMAIN --zone ZONE --set SET"
		" --wait NUMBER --json" },
	{ "coffer vm resize", "VM SIZE", "--epc-pages NUMBER --json" },
	{ "coffer vm tag", "VM TAG ...", "--json" },
	{ "coffer vm quota", "FAMILY NUMBER", "--json" },
	{ "coffer vm events", "VM", "--follow --json" },
	{ "coffer vm limit", "VM", "--unit TEXT" },
	{ "coffer vm manufacture", "VM", "--all --json" },
	{ "coffer vm tcb show", "VM", "--json" },
	{ "coffer vm tcb set", "VM STATUS", "--pcesvn NUMBER --json" },
	{ "coffer vm tcb revoke", "VM", "--json" },
	{ "coffer vm tcb restore", "VM", "--json" },

	{ "coffer help", "COMMAND", "" },

	{ "oesign sign", "", "-e FILE --enclave-image FILE -c FILE"
		" --config-file FILE -o FILE --output-file FILE -k FILE"
		" --key-file FILE -d FILE --digest-signature FILE"
		" --digest-file FILE -x FILE --x509 FILE -n TEXT --engine TEXT"
		" -i TEXT --key-id TEXT -p FILE --load-path FILE" },
	{ "oesign digest", "", "-e FILE --enclave-image FILE -c FILE"
		" --config-file FILE -d FILE --digest-file FILE" },
	{ "oesign dump", "", "-e FILE --enclave-image FILE" },
	{ "oesign protect", "", "-e FILE --enclave-image FILE -k FILE"
		" --key-file FILE -K FILE --new-key-file FILE *-s TEXT"
		" *--section TEXT -g --keep-debug -o FILE --output-file FILE" },
	{ "oeedger8r", "FILE ...", "*--search-path DIR --use-prefix"
		" --header-only --untrusted --trusted --untrusted-dir DIR"
		" --trusted-dir DIR -Wall -Werror --experimental" },
	{ NULL, NULL, NULL },
};
