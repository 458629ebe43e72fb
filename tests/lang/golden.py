#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""golden.py OEEDGER8R: the files made from golden/golden.edl have to be those
that are kept there. After a change that is meant, run it with GOLDEN_UPDATE=1
and read the difference."""
import difflib
import os
import subprocess
import sys
import tempfile

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden")
NAMES = ["golden_args.h", "golden_t.h", "golden_t.c", "golden_u.h",
         "golden_u.c"]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def main():
    compiler = os.path.abspath(sys.argv[1])
    failed = 0
    with tempfile.TemporaryDirectory() as made:
        subprocess.run([compiler, "--trusted-dir", made, "--untrusted-dir",
                        made, "golden.edl"], cwd=HERE, check=True,
                       stdout=subprocess.DEVNULL)
        for number, name in enumerate(NAMES, 1):
            # The licence is that of the tree, not of generated code.
            new = "/* SPDX-License-Identifier: MIT */\n" + read(
                os.path.join(made, name))
            kept = os.path.join(HERE, name)
            if os.environ.get("GOLDEN_UPDATE"):
                with open(kept, "w", encoding="utf-8") as file:
                    file.write(new)
            old = read(kept)
            print(f"{'' if old == new else 'not '}ok {number} - {name}")
            if old != new:
                failed += 1
                for line in difflib.unified_diff(
                        old.splitlines(), new.splitlines(), "kept", "made",
                        lineterm=""):
                    print("#", line)
    print(f"1..{len(NAMES)}")
    sys.exit(1 if failed else 0)


main()
