#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""commands.py OEEDGER8R: options, exit statuses, texts and output files."""
import os
import subprocess
import sys
import tempfile

PLAIN = "enclave {\n    trusted { public void %s(); };\n};\n"
number = failures = 0


def check(name, good, detail=""):
    global number, failures
    number += 1
    failures += not good
    print(f"{'' if good else 'not '}ok {number} - {name}")
    if not good:
        print("#", repr(detail))


def files(folder):
    return sorted(n for n in os.listdir(folder)
                  if n.endswith((".c", ".h")))


def main():
    compiler = os.path.abspath(sys.argv[1])

    def run(*options, cwd):
        r = subprocess.run([compiler] + list(options), cwd=cwd, text=True,
                           capture_output=True, check=False)
        return r.returncode, r.stdout, r.stderr

    with tempfile.TemporaryDirectory() as top:
        def fresh(**contents):
            folder = tempfile.mkdtemp(dir=top)
            for name, text in contents.items():
                path = os.path.join(folder, name.replace("__", "/") + ".edl")
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
            return folder

        d = fresh(a=PLAIN % "f")
        status, out, err = run(cwd=d)
        check("no arguments: usage, status 1",
              status == 1 and out.startswith("usage:") and not err, out)
        status, out, err = run("--help", cwd=d)
        check("--help: usage, status 1",
              status == 1 and out.startswith("usage:") and not err, out)
        for option in ("--nonsense", "-x", "-Wnonsense", "-Wno-nonsense",
                       "-Werror=nonsense", "-D"):
            status, out, err = run(option, "a.edl", cwd=d)
            check(f"{option}: status 255", status == 255
                  and err.startswith("error: ") and "usage:" in err, err)
        status, out, err = run("--trusted", cwd=d)
        check("no file: status 255", status == 255
              and err.startswith("error: missing edl filename"), err)
        for option in ("--trusted-dir", "--untrusted-dir", "--search-path"):
            status, out, err = run("a.edl", option, cwd=d)
            check(f"{option} without value: status 1", status == 1
                  and err.startswith("error: missing directory name after "
                                     + option), err)
        status, out, err = run("none.edl", cwd=d)
        check("absent file: status 1", status == 1 and err ==
              "error: file not found within search paths: none.edl\n", err)
        check("nothing was made so far", files(d) == [], files(d))

        status, out, err = run("a.edl", cwd=d)
        check("success", status == 0 and not err and out ==
              "Generating edge routine, for the Open Enclave SDK.\n"
              "Processing a.edl.\nSuccess.\n", out + err)
        check("both sides", files(d) == ["a_args.h", "a_t.c", "a_t.h",
                                         "a_u.c", "a_u.h"], files(d))
        for options, made in (
                (["--trusted"], ["a_args.h", "a_t.c", "a_t.h"]),
                (["--untrusted"], ["a_args.h", "a_u.c", "a_u.h"]),
                (["--trusted", "--header-only"], ["a_args.h", "a_t.h"]),
                (["--untrusted", "--header-only"], ["a_args.h", "a_u.h"]),
                (["--header-only"], ["a_args.h", "a_t.h", "a_u.h"]),
                (["--experimental", "--trusted", "--untrusted"],
                 ["a_args.h", "a_t.c", "a_t.h", "a_u.c", "a_u.h"])):
            d = fresh(a=PLAIN % "f")
            status, out, err = run(*options, "a.edl", cwd=d)
            check(" ".join(options), status == 0 and files(d) == made,
                  files(d))

        d = fresh(a=PLAIN % "f", b=PLAIN % "g")
        status, out, err = run(
            "--trusted-dir", "x/y/t", "--untrusted-dir", "u/", "a.edl",
            "b.edl", cwd=d)
        check("directories are made, several files",
              status == 0 and files(d) == []
              and files(d + "/x/y/t") == ["a_args.h", "a_t.c", "a_t.h",
                                          "b_args.h", "b_t.c", "b_t.h"]
              and files(d + "/u") == ["a_args.h", "a_u.c", "a_u.h",
                                      "b_args.h", "b_u.c", "b_u.h"], err)
        status, out, err = run("--trusted-dir", "a.edl", "b.edl", cwd=d)
        check("a file in the way of a directory", status == 1
              and err.startswith("error: cannot "), err)
        if os.path.exists("/dev/full"):
            os.symlink("/dev/full", d + "/a_t.c")
            status, out, err = run("--trusted", "a.edl", cwd=d)
            check("a full disk", status == 1 and err.startswith(
                "error: cannot write './a_t.c': "), err)

        d = fresh(a=PLAIN % "f")
        run("a.edl", cwd=d)
        plain = open(d + "/a_u.h", encoding="utf-8").read()
        run("--use-prefix", "a.edl", cwd=d)
        prefixed = open(d + "/a_u.h", encoding="utf-8").read()
        code = open(d + "/a_u.c", encoding="utf-8").read()
        check("--use-prefix", "oe_result_t f(" in plain
              and "oe_result_t a_f(" in prefixed
              and "OE_WEAK_ALIAS(a_a_f, a_f);" in code, prefixed)

        d = fresh(a='enclave {\n    import "c.edl"\n    #ifdef X\n'
                    '    trusted { public void with_x(); };\n    #else\n'
                    '    trusted { public void without_x(); };\n    #endif\n'
                    '};\n',
                  one__c=PLAIN % "from_one", two__c=PLAIN % "from_two")
        status, out, err = run("--search-path", "none", "--search-path",
                               "one", "--search-path", "two", "-DX",
                               "a.edl", cwd=d)
        head = open(d + "/a_t.h", encoding="utf-8").read()
        check("-D and the first search path that has the file",
              "from_one" in head and "from_two" not in head
              and "with_x" in head and "without_x" not in head
              and "Processing one/c.edl.\n" in out, head)
        status, out, err = run("--search-path", "two", "a.edl", cwd=d)
        head = open(d + "/a_t.h", encoding="utf-8").read()
        check("without -D", "from_two" in head and "without_x" in head, head)
        with open(d + "/c.edl", "w", encoding="utf-8") as file:
            file.write(PLAIN % "from_here")
        run("--search-path", "two", "a.edl", cwd=d)
        head = open(d + "/a_t.h", encoding="utf-8").read()
        check("a path as written comes first", "from_here" in head, head)

        d = fresh(a='enclave {\n    from "b.edl" import g, o;\n'
                    '    import "c.edl"\n    import "b2.edl"\n'
                    '    trusted { public void f(); };\n};\n',
                  b='enclave {\n    include "b.h"\n    enum e { one };\n'
                    '    trusted { public void h(); public void g(); };\n'
                    '    untrusted { void o(); void unused(); };\n};\n',
                  b2='enclave { import "c.edl" };\n',
                  c='enclave { from "b.edl" import g;\n'
                    '    trusted { public void k(); };\n};\n')
        status, out, err = run("a.edl", cwd=d)
        code = open(d + "/a_t.c", encoding="utf-8").read()
        arguments = open(d + "/a_args.h", encoding="utf-8").read()
        check("ids: own functions, then imported ones in order",
              "a_fcn_id_f = 0," in code and "a_fcn_id_g = 1," in code
              and "a_fcn_id_k = 2," in code and "a_fcn_id_o = 0," in code
              and "a_fcn_id_trusted_call_id_max = OE_ENUM_MAX" in code
              and "a_fcn_id_untrusted_call_max = OE_ENUM_MAX" in code, code)
        check("a selective import leaves the rest out, but brings types",
              "unused" not in code and "ecall_h" not in code
              and "typedef enum e" in arguments
              and '#include "b.h"' in arguments, arguments)
        check("each file is read once", out.count("Processing") == 4, out)
    print(f"1..{number}")
    sys.exit(1 if failures else 0)


main()
