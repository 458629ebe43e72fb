#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make one static library of objects and of other static libraries.
Usage: archive.py AR OUT LEFT-OUT-LIST FILE...

OUT gets the FILEs that are objects first, then the members of those that are
archives. LEFT-OUT-LIST names one member of the first archive a line, without
its suffix, that OUT does not get; `#` begins a comment. A name that the
archive does not have is an error: then it is another version of the library
than the list was made for.
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
    ar, out, listed = sys.argv[1:4]
    with open(listed) as f:
        left_out = set(line.split('#')[0].strip() for line in f) - {''}
    objects = [p for p in sys.argv[4:] if not p.endswith('.a')]
    archives = [p for p in sys.argv[4:] if p.endswith('.a')]
    found = []
    for path in objects:
        with open(path, 'rb') as f:
            found.append(('coffer_' + os.path.basename(path), f.read()))
    for path in archives:
        seen = set()
        for name, body in members(path):
            stem = name.split('.')[0]
            seen.add(stem)
            if path != archives[0] or stem not in left_out:
                found.append((name, body))
        if path == archives[0] and left_out - seen:
            sys.exit(f'{path}: no member {sorted(left_out - seen)}')
    write(out, found)
    subprocess.run([ar, 's', out], check=True)


main()
