#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make liboelibc.a: our objects first, then those of musl's libc.a that are
kept. Usage: archive.py AR OUT MUSL.a LEFT-OUT-LIST OBJECT...

The list names one member of musl's archive a line, without its suffix; `#`
begins a comment. A name that the archive does not have is an error: then it
is another version of musl than the list was made for.
"""
import os
import subprocess
import sys


def members(path):
    """(name, content) of each member, in order."""
    with open(path, 'rb') as f:
        data = f.read()
    if data[:8] != b'!<arch>\n':
        sys.exit(f'{path}: not an archive')
    at, names, found = 8, b'', []
    while at + 60 <= len(data):
        head = data[at:at + 60]
        name = head[:16].decode().rstrip()
        size = int(head[48:58])
        body = data[at + 60:at + 60 + size]
        at += 60 + size + (size & 1)
        if name in ('/', '/SYM64/'):
            continue
        if name == '//':
            names = body
            continue
        if name[0] == '/':
            start = int(name[1:])
            name = names[start:names.index(b'/', start)].decode()
        found.append((name.rstrip('/'), body))
    return found


def write(path, found):
    table, heads = b'', []
    for name, _ in found:
        heads.append(f'/{len(table)}')
        table += name.encode() + b'/\n'
    table += b'\n' * (len(table) & 1)

    def entry(name, body):
        head = f'{name:<16}{0:<12}{0:<6}{0:<6}{644:<8}{len(body):<10}`\n'
        return head.encode() + body + b'\n' * (len(body) & 1)

    with open(path, 'wb') as f:
        f.write(b'!<arch>\n')
        f.write(entry('//', table))
        for head, (_, body) in zip(heads, found):
            f.write(entry(head, body))


def main():
    ar, out, musl, listed = sys.argv[1:5]
    with open(listed) as f:
        left_out = set(f.read().split('\n'))
    left_out = {n.split('#')[0].strip() for n in left_out} - {''}
    kept, seen = [], set()
    for name, body in members(musl):
        stem = os.path.splitext(name)[0]
        seen.add(stem)
        if stem not in left_out:
            kept.append((name, body))
    if left_out - seen:
        sys.exit(f'{musl}: no member {sorted(left_out - seen)}')
    mine = []
    for path in sys.argv[5:]:
        with open(path, 'rb') as f:
            mine.append(('coffer_' + os.path.basename(path), f.read()))
    write(out, mine + kept)
    subprocess.run([ar, 's', out], check=True)


main()
