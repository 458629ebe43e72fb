#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""compile.py OEEDGER8R SOURCE CC CXX...: what is made from EDL files compiles
alone, as C and as C++ (with each CXX there is), for both sides, without a
warning; and one host can hold two EDL files that share functions."""
import os
import shutil
import subprocess
import sys
import tempfile

FLAGS = ["-Wall", "-Wextra", "-Werror", "-Wshadow"]
C_FLAGS = ["-Wmissing-prototypes", "-Wstrict-prototypes"]
SYSTEM = """enclave {
    from "openenclave/edl/syscall.edl" import *;
    from "openenclave/edl/core.edl" import *;
    from "openenclave/edl/sgx/platform.edl" import *;
};
"""
EMPTY = "enclave {\n};\n"
SHARED = """enclave {
    struct shared { [count=2] int *p; };
    enum { SHARED_ONE = 1 };
    trusted { public int shared_ecall([in] shared *p); };
    untrusted { void shared_ocall([in, out] shared *p); };
};
"""
OWN = """enclave {
    import "shared.edl"
    trusted { public void %s_own(); };
};
"""
# Both headers in one file, both sides of the link: nothing is defined twice.
HOST = """#include "one_u.h"
#include "two_u.h"
void shared_ocall(shared *p) { (void)p; }
int main(void)
{
    oe_enclave_t *e = 0;
    shared s = { 0 };
    int r = SHARED_ONE;
    oe_create_one_enclave("", OE_ENCLAVE_TYPE_AUTO, 0, 0, 0, &e);
    oe_create_two_enclave("", OE_ENCLAVE_TYPE_AUTO, 0, 0, 0, &e);
    return shared_ecall(e, &r, &s) != OE_OK || one_own(e) || two_own(e);
}
"""


def main():
    compiler, source = (os.path.abspath(p) for p in sys.argv[1:3])
    # Each is a command, perhaps with arguments.
    compilers = [(c.split(), C_FLAGS) for c in sys.argv[3:4]]
    compilers += [(c.split() + ["-x", "c++"], []) for c in sys.argv[4:]
                  if shutil.which(c.split()[0])]
    include = os.path.join(source, "include")
    search = ["--search-path", include, "--search-path",
              os.path.join(include, "openenclave/edl/sgx")]
    number = failures = 0
    with tempfile.TemporaryDirectory() as made:
        for name, text in (("system", SYSTEM), ("empty", EMPTY)):
            with open(os.path.join(made, name + ".edl"), "w",
                      encoding="utf-8") as file:
                file.write(text)
        # The host library's prototypes agree with the generated ones.
        with open(os.path.join(made, "agree.c"), "w",
                  encoding="utf-8") as file:
            file.write('#include "system_u.h"\n'
                       '#include "host/ocalls/ocalls.h"\n')
        tests = os.path.join(source, "tests")
        for path, options in (
                (os.path.join(made, "empty.edl"), []),
                (os.path.join(made, "system.edl"), []),
                (os.path.join(tests, "lang/golden/golden.edl"), []),
                (os.path.join(tests, "roundtrip/trip.edl"),
                 ["-DTRIP_DEFINED"]),
                (os.path.join(tests, "roundtrip/trip.edl"),
                 ["--use-prefix"])):
            folder = os.path.dirname(path)
            base = os.path.basename(path)[:-4]
            subprocess.run(
                [compiler, "-Wno-non-portable-type", "--search-path", folder]
                + search + ["--trusted-dir", made, "--untrusted-dir", made]
                + options + [path], check=True, stdout=subprocess.DEVNULL)
            made_files = [base + "_t.c", base + "_u.c"]
            if base == "system":
                made_files.append("agree.c")
            for file in made_files:
                for command, more in compilers:
                    if file == "agree.c" and "c++" in command:
                        continue
                    number += 1
                    result = subprocess.run(
                        command + FLAGS + more
                        + (["-c", "-O2", "-o", os.devnull]
                           if base == "golden" else ["-fsyntax-only"])
                        + ["-I" + include, "-I" + folder, "-I" + made,
                           "-I" + os.path.join(source, "src"),
                           os.path.join(made, file)],
                        capture_output=True, text=True, check=False)
                    good = result.returncode == 0
                    failures += not good
                    print(f"{'' if good else 'not '}ok {number} - "
                          f"{base}: {file} {' '.join(options + command)}")
                    for line in result.stderr.split("\n")[:30] * (not good):
                        print("#", line)
        for name, text in (("shared.edl", SHARED), ("one.edl", OWN % "one"),
                           ("two.edl", OWN % "two"), ("host.c", HOST)):
            with open(os.path.join(made, name), "w",
                      encoding="utf-8") as file:
                file.write(text)
        subprocess.run([compiler, "--untrusted", "one.edl", "two.edl"],
                       cwd=made, check=True, stdout=subprocess.DEVNULL)
        # What liboehost has stays open.
        result = subprocess.run(
            compilers[0][0] + ["-I" + include, "-Wall", "-Wextra", "-Werror",
                               "-Wl,--unresolved-symbols=ignore-all", "-o",
                               "host", "host.c", "one_u.c", "two_u.c"],
            cwd=made, capture_output=True, text=True, check=False)
        good = result.returncode == 0
        number += 1
        failures += not good
        print(f"{'' if good else 'not '}ok {number} - two EDL files in a host")
        for line in result.stderr.split("\n")[:30] * (not good):
            print("#", line)
    print(f"1..{number}")
    sys.exit(1 if failures or not number else 0)


main()
