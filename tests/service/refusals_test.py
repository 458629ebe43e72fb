#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""refusals_test.py COFFER-SERVE: the portal's interface as an attacker sees it
from the network: requests that say twice how long they are, tokens where none
belong, other names and methods, a file of tokens that is none of ours, tokens
that change meanwhile.  Prints a line `ok N - what` for each thing seen."""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading

from network_test import LONG, Service, alive, demand, ok, read_all

ASKED = b"GET /portal/info HTTP/1.1\r\n"
POSTED = b"POST /portal/quote HTTP/1.1\r\n"
HOST = b"Host: localhost\r\n"


def answers(service, data, end=b""):
    """The statuses of all answers until the service closes, after a last
    request that makes it close."""
    with service.connect() as sock:
        try:
            sock.sendall(data + end)
        except (BrokenPipeError, ConnectionResetError):
            pass
        reply = read_all(sock)
    return [int(code) for code in
            re.findall(rb"HTTP/1\.[01] (\d+) [A-Z][^\r]*\r\nDate", reply)]


class World:
    def __init__(self, program):
        self.program = program
        self.service = Service(program)
        self.write, self.read = self.tokens()
        self.bearer = b"Authorization: Bearer " + self.write + b"\r\n"
        self.last = (ASKED + HOST + self.bearer
                     + b"Connection: close\r\n\r\n")

    def tokens(self):
        return [line.split()[1].encode() for line in open(
            self.service.path("tokens"), encoding="ascii")]

    def one(self, line, headers, body=b""):
        """The status of one request; what follows it must be one too."""
        found = answers(self.service, line + headers + b"\r\n" + body,
                        self.last)
        demand(found, f"no answer to {line + headers}")
        return found[0]


def hidden_requests(world):
    """Behind a head whose body ends at two places a second request: it is not
    answered, whichever end counts."""
    inner = ASKED + HOST + world.bearer + b"\r\n"
    size = b"%d" % len(inner)
    heads = (
        b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: " + size + b"\r\n",
        b"Content-Length: 0\r\nContent-Length: " + size + b"\r\n",
        b"Content-Length: 0\r\nContent-Length: 0\r\n",
        b"Content-Length: 0, 0\r\n", b"Content-Length: +0\r\n",
        b"Content-Length: 0x0\r\n", b"Content-Length: -1\r\n",
        b"Content-Length: 0 0\r\n", b"Content-Length:\r\n",
        b"Content-Length : 0\r\n", b"Content-Length\t: 0\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    )
    for line in POSTED, ASKED:
        for head in heads:
            for body in b"", b"0\r\n\r\n":
                found = answers(world.service, line + HOST + world.bearer
                                + head + b"\r\n" + body + inner, world.last)
                # libmicrohttpd's own refusals have their head twice.
                demand(found and set(found) <= {400, 413, 415, 501},
                       f"{line} {head} {body}: {found}")
    for chunk in (b"-1\r\n", b"zz\r\n", b"ffffffffffffffff0\r\n", b"0x0\r\n",
                  b"5\r\nabcdefgh\r\n"):
        found = answers(world.service, POSTED + HOST + world.bearer
                        + b"Transfer-Encoding: chunked\r\n\r\n" + chunk,
                        b"\r\n\r\n")
        demand(found and set(found) <= {400, 413, 415}, f"{chunk}: {found}")
    alive(world.service)
    ok("requests hidden in others by two lengths")


def twice(world):
    wrong = b"Authorization: Bearer x\r\n"
    rows = (
        (HOST + wrong + world.bearer, 400), (HOST + world.bearer + wrong, 400),
        (HOST + world.bearer + world.bearer, 400),
        (b"Host: evil\r\n" + HOST + world.bearer, 400),
        (HOST + b"Host: evil\r\n" + world.bearer, 400),
        (HOST + world.bearer + b"Origin: https://localhost\r\n"
         b"Origin: https://evil\r\n", 400),
        (HOST + world.bearer + b"Sec-Fetch-Site: none\r\n"
         b"Sec-Fetch-Site: cross-site\r\n", 400),
        (b"Ho st: x\r\n" + HOST + world.bearer, 400),
        (b"X@Y: x\r\n" + HOST + world.bearer, 400),
        (HOST + b"X: a\rb\r\n" + world.bearer, 400),
    )
    for headers, wanted in rows:
        found = answers(world.service, ASKED + headers + b"\r\n")
        demand(found == [wanted], f"{headers}: {found}")
    ok("headers that are there twice, or are none")


def elsewhere(world):
    """A token anywhere but in Authorization: Bearer."""
    token = world.write
    for line, headers in (
            (b"GET /portal/info?token=" + token + b"&access_token=" + token
             + b" HTTP/1.1\r\n", b""),
            (ASKED, b"Cookie: token=" + token + b"\r\n"),
            (ASKED, b"Authorization: Basic " + token + b"\r\n"),
            (ASKED, b"Authorization: " + token + b"\r\n"),
            (ASKED, b"Authorization: Bearer\r\n"),
            (ASKED, b"Authorization: Bearer " + token + b"=\r\n"),
            (ASKED, b"Authorization: Bearer " + token + b", Bearer x\r\n"),
            (ASKED, b"Authorization: Bearer " + token.lower() + b"\r\n"),
            (ASKED, b"Authorization: Bearer " + token[:-1] + b"\r\n"),
            (ASKED, b"Proxy-Authorization: Bearer " + token + b"\r\n"),
            (ASKED, b"X-Authorization: Bearer " + token + b"\r\n"),
            (ASKED, b"user-token: " + token + b"\r\nadmin-token: " + token
             + b"\r\n")):
        demand(world.one(line, HOST + headers) == 401, f"{line} {headers}")
    # In what comes behind a body, when everything has been decided.
    found = answers(world.service, POSTED + HOST
                    + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"
                    + world.bearer + b"\r\n", world.last)
    demand(found == [401, 200], f"trailers: {found}")
    found = answers(world.service, POSTED + b"Host: evil\r\n" + world.bearer
                    + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + HOST
                    + b"\r\n", world.last)
    demand(found == [421, 200], f"a Host in trailers: {found}")
    ok("tokens where none belong")


def methods(world):
    for method in (b"OPTIONS", b"TRACE", b"PUT", b"DELETE", b"PATCH", b"get",
                   b"PROPFIND", b"GETX"):
        status = world.one(method + b" /portal/info HTTP/1.1\r\n",
                           HOST + world.bearer)
        demand(status == 405, f"{method}: {status}")
    for line in (b"CONNECT localhost:22 HTTP/1.1\r\n",
                 b"OPTIONS * HTTP/1.1\r\n",
                 b"GET http://localhost/portal/info HTTP/1.1\r\n",
                 b"GET http://evil/portal/info HTTP/1.1\r\n",
                 b"GET portal/info HTTP/1.1\r\n"):
        status = world.one(line, HOST + world.bearer)
        demand(status == 400, f"{line}: {status}")
    override = b"X-HTTP-Method-Override: GET\r\nX-HTTP-Method: GET\r\n"
    status = world.one(b"POST /portal/info HTTP/1.1\r\n",
                       HOST + world.bearer + override)
    demand(status == 405, f"another method by a header: {status}")
    demand(world.one(b"HEAD /portal/info HTTP/1.1\r\n", HOST) == 401, "HEAD")
    demand(world.one(b"HEAD /portal/info HTTP/1.1\r\n", HOST + world.bearer)
           == 200, "HEAD with a token")
    # A body where none belongs is not the next request.
    for method in b"GET", b"HEAD":
        found = answers(world.service, method + b" /portal/info HTTP/1.1\r\n"
                        + HOST + world.bearer + b"Content-Length: %d\r\n\r\n"
                        % len(world.last) + world.last, world.last)
        demand(found == [413, 200], f"{method} with a body: {found}")
    ok("methods and forms of a target that there are not")


def names(world):
    """A foreign name that was made to point here, as in DNS rebinding."""
    for host in (b"evil.example", b"localhost.evil.example", b"127.0.0.1.nip",
                 b"localhost@evil", b"localhost:80:80", b"localhost:99999999",
                 b"[::1", b"[::1]x", b"2130706433", b"0x7f.1", b"127.1",
                 b"local host", b"localhost,evil", b"localhost/evil"):
        for line in ASKED, b"GET / HTTP/1.1\r\n", POSTED:
            status = world.one(line, b"Host: " + host + b"\r\n"
                               + world.bearer)
            demand(status == 421, f"{host}: {status}")
    demand(answers(world.service, b"GET /portal/info HTTP/1.0\r\n"
                   + world.bearer + b"\r\n") == [421], "no Host")
    ok("names that are none of the service's")


def paths(world):
    for path in (b"//portal/info", b"/portal//info", b"/portal/./info",
                 b"/portal/info/", b"/portal/info/..", b"/./portal/info",
                 b"/portal/x/../info", b"/portal/%2e%2e/info",
                 b"/portal%2finfo", b"/portal%2Finfo", b"/portal/info%00",
                 b"/portal/inf%6", b"/portal/inf%%6f", b"/portal/info;x",
                 b"/portal/info#x", b"/portal/info%23", b"/portal\\info",
                 b"/portal/info%20", b"/portal/info%0d%0aX:", b"/%70ortal//",
                 b"/..%2f..%2f..%2fetc%2fpasswd", b"/portal/%c0%ae%c0%ae/",
                 b"/subscriptions/../portal/info", b"/portal/keys/..%2f..",
                 b"/portal/info?" + b"x=1&" * 100, b"/portal/" + b"a" * 9000,
                 b"/portal/machines/..", b"/portal/machines/.gone-x",
                 b"/portal/machines/%2e%2e%2fserve/events"):
        status = world.one(b"GET " + path + b" HTTP/1.1\r\n",
                           HOST + world.bearer)
        demand(status in (400, 404, 414), f"{path[:60]}: {status}")
    demand(world.one(b"GET /portal/%69nfo HTTP/1.1\r\n", HOST + world.bearer)
           == 200, "what is escaped without need")
    ok("paths with dots, slashes, escapes and too much")


def status_of(world, token):
    return world.one(ASKED, HOST + b"Authorization: Bearer " + token + b"\r\n")


def the_file(world):
    """A file of tokens that others may have written, or can read."""
    path = world.service.path("tokens")
    good = open(path, "rb").read()
    elsewhere_ = os.path.join(world.service.state, "tokens")

    def plain(mode=0o600, data=good):
        with open(path, "wb") as out:
            out.write(data)
        os.chmod(path, mode)

    def link():
        shutil.copy(elsewhere_, elsewhere_ + "-copy")
        os.chmod(elsewhere_ + "-copy", 0o600)
        os.symlink(elsewhere_ + "-copy", path)

    with open(elsewhere_, "wb") as out:
        out.write(good)
    bad = [lambda m=m: plain(m) for m in (0o644, 0o640, 0o604, 0o660, 0o602)]
    bad += [link, lambda: os.mkfifo(path, 0o600), lambda: os.mkdir(path),
            lambda: plain(data=good + b"\0"), lambda: plain(data=good * 2),
            lambda: plain(data=b""), lambda: plain(data=b"\n" * 70000),
            lambda: plain(data=good.replace(b"\n", b"\r\n"))]
    if os.geteuid() == 0:
        bad.append(lambda: (plain(), os.chown(path, 12345, 12345)))
    for number, make in enumerate(bad):
        os.unlink(path)
        make()
        for token in world.write, world.read, b"":
            status = status_of(world, token)
            demand(status == 401, f"file {number}: {status}")
        if os.path.isdir(path):
            os.rmdir(path)
        else:
            os.unlink(path)
        plain()
        demand(status_of(world, world.write) == 200, "the good one again")
    ok("files of tokens that others can read or have made")


def rotation(world):
    """While clients ask, tokens change: old ones end, nothing breaks."""
    seen, stop = [], threading.Event()

    def client():
        while not stop.is_set():
            seen.append(status_of(world, world.write))

    clients = [threading.Thread(target=client, daemon=True) for _ in range(3)]
    for one in clients:
        one.start()
    old = []
    for _ in range(15):
        subprocess.run([world.program, "token", "--new", "--state",
                        world.service.state], check=True, timeout=LONG,
                       stdout=subprocess.DEVNULL)
        old.append(world.write)
        fresh = world.tokens()
        demand(status_of(world, fresh[0]) == 200, "the new token")
        demand(status_of(world, fresh[1]) == 200, "the new one for reading")
        demand(status_of(world, old[-1]) == 401, "the old token")
        world.write, world.read = fresh
        world.bearer = b"Authorization: Bearer " + world.write + b"\r\n"
    stop.set()
    for one in clients:
        one.join(LONG)
    demand(set(seen) <= {200, 401} and 200 in seen, f"{set(seen)}")
    for token in old:
        demand(status_of(world, token) == 401, "an old token")
    ok(f"tokens changed 15 times under {len(seen)} requests")


def a_crowd(world):
    """Many who do not get in, and one who does."""
    socks = []
    for number in range(300):
        sock = world.service.connect()
        sock.sendall((ASKED + HOST + b"Authorization: Bearer x\r\n\r\n",
                      POSTED + HOST + b"Content-Length: 9\r\n\r\n123",
                      ASKED[:10])[number % 3])
        socks.append(sock)
    status = status_of(world, world.write)
    demand(status == 200, f"{status}")
    for sock in socks[::3]:
        demand(sock.recv(12) == b"HTTP/1.1 401", "no 401")
    for sock in socks:
        sock.close()
    alive(world.service)
    ok("300 who are not let in, and one who is")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    world = World(os.path.abspath(sys.argv[1]))
    try:
        for attack in (hidden_requests, twice, elsewhere, methods, names,
                       paths, the_file, rotation, a_crowd):
            attack(world)
    except BaseException:
        world.service.child.kill()
        print(world.service.text()[-3000:], file=sys.stderr)
        raise
    world.service.end()


main()
