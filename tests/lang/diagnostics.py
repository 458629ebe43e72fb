#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""diagnostics.py OEEDGER8R SOURCE: every file of diagnostics/ is compiled and
has to print just what its own first lines say:

    // options: -Wall          options for this file
    // expect: error: ...      a line on stderr, in this order; an error line
                               means exit status 1, none status 0

At last every message in the compiler's source (folder SOURCE) has to have
been seen."""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "diagnostics")
# Seen by commands.py, or only when memory or disk run out.
ELSEWHERE = {"out of memory", "the generated file is too large",
             "cannot write '%s': %s", "cannot make the directory '%s': %s"}


def made_imports(folder):
    """Files that would be silly to keep."""
    with open(os.path.join(folder, "large.edl"), "w", encoding="utf-8") as f:
        f.write("enclave {\n" + " " * (1 << 20) + "};\n")
    for i in range(70):
        with open(os.path.join(folder, f"deep{i}.edl"), "w",
                  encoding="utf-8") as f:
            f.write('enclave {\n    import "deep%d.edl"\n};\n' % (i + 1))


def wanted(path):
    options, lines = [], []
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("// options: "):
                options = line[12:].split()
            elif line.startswith("// expect: "):
                lines.append(line[11:].rstrip("\n"))
            elif not line.startswith(("/* SPDX", "//")):
                break
    return options, lines


def run(compiler, name, options, made):
    result = subprocess.run(
        [compiler, "--search-path", "imports", "--search-path", made,
         "--trusted-dir", made, "--untrusted-dir", made] + options + [name],
        cwd=HERE, capture_output=True, text=True, errors="replace",
        check=False)
    return result.returncode, result.stderr.replace(made, "MADE").split("\n")[:-1]


def messages(source):
    """The format strings of diagnostics in the compiler's source."""
    call = re.compile(r'\b(?:edl_fail|edl_warn|bad)\s*\((.*?)\)\s*;', re.S)
    text = re.compile(r'"((?:[^"\\]|\\.)*)"')
    for name in sorted(os.listdir(source)):
        if not name.endswith(".c"):
            continue
        with open(os.path.join(source, name), encoding="utf-8") as file:
            content = file.read()
        for arguments in call.findall(content):
            # Strings beside each other are one; others are arguments.
            joined = re.sub(r'"\s*"', "", arguments)
            joined = re.sub(r'\bedl_text\(\s*\S+\s*', "", joined)
            found = text.findall(joined)
            if found and found[0] != "%s":
                yield name, found[0]


def main():
    compiler, source = (os.path.abspath(p) for p in sys.argv[1:3])
    number, failed, seen = 0, 0, []
    with tempfile.TemporaryDirectory() as made:
        made_imports(made)
        os.makedirs(os.path.join(HERE, "imports"), exist_ok=True)
        for name in sorted(n for n in os.listdir(HERE)
                           if n.endswith(".edl")):
            options, lines = wanted(os.path.join(HERE, name))
            status, printed = run(compiler, name, options, made)
            status_wanted = int(any(li.startswith("error:") for li in lines))
            seen += printed
            number += 1
            good = printed == lines and status == status_wanted
            print(f"{'' if good else 'not '}ok {number} - {name}")
            if not good:
                failed += 1
                print(f"# status {status}, wanted {status_wanted}")
                for line in printed:
                    print("# printed:", line)
                for line in lines:
                    print("# wanted: ", line)
    for name, form in messages(source):
        if form in ELSEWHERE:
            continue
        pattern = re.compile(re.sub(r"%[a-z0-9]+", ".*", re.escape(
            form.replace('\\"', '"')).replace(r"\%", "%")))
        number += 1
        good = any(pattern.search(line) for line in seen)
        failed += not good
        print(f"{'' if good else 'not '}ok {number} - {name}: {form}")
    print(f"1..{number}")
    sys.exit(1 if failed or not number else 0)


main()
