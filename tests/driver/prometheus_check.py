#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""prometheus_check FILE: is it Prometheus text, format 0.0.4, as strictly as
promtool looks at it?  HELP and TYPE once and before the samples, samples of a
family together, none twice, counters end in _total, numbers are numbers.
Prints the samples, sorted."""
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{((?:{LABEL})(?:,{LABEL})*)\}})? (\S+)$")


def check(text):
    if not text.endswith("\n"):
        yield "no newline at the end"
    helped, types, closed, seen, family = set(), {}, set(), set(), None
    for number, line in enumerate(text.splitlines(), 1):
        comment = re.match(rf"# (HELP|TYPE) ({NAME}) (.+)$", line)
        if comment:
            kind, name, rest = comment.groups()
            if kind == "HELP":
                if name in helped:
                    yield f"{number}: HELP of {name} twice"
                helped.add(name)
            else:
                if name in types:
                    yield f"{number}: TYPE of {name} twice"
                if rest not in ("counter", "gauge"):
                    yield f"{number}: type {rest}"
                if (rest == "counter") != name.endswith("_total"):
                    yield f"{number}: {name} is a {rest}"
                types[name] = rest
            continue
        sample = SAMPLE.match(line)
        if not sample:
            yield f"{number}: no sample: {line}"
            continue
        name, labels, value = sample.groups()
        if name != family:
            closed.add(family)
            family = name
        if name in closed:
            yield f"{number}: {name} is not together"
        if name not in helped or name not in types:
            yield f"{number}: {name} without HELP and TYPE before"
        if (name, labels) in seen:
            yield f"{number}: {name} {labels} twice"
        seen.add((name, labels))
        if float(value) < 0:
            yield f"{number}: {value}"
    if not seen:
        yield "no samples"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    problems = list(check(text))
    for problem in problems:
        print("problem:", problem)
    for line in sorted(text.splitlines()):
        if not line.startswith("#"):
            print(line)
    sys.exit(bool(problems))


main()
