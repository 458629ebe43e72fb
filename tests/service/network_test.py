#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""network_test.py COFFER-SERVE: clients that lie, stall and flood, against a
service of its own.  Prints a line `ok N - what` for each thing seen."""
import atexit
import errno
import fcntl
import json
import os
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

PATIENCE = 3  # seconds, request_seconds of a service that is to lose it
LONG = 120  # seconds that nothing takes on a machine that moves at all
number = 0


def ok(what):
    global number
    number += 1
    print(f"ok {number} - {what}", flush=True)


def demand(condition, what):
    if not condition:
        raise AssertionError(what)


class Service:
    """A coffer-serve with a state of its own."""

    def __init__(self, program, *options, http=True, state=None,
                 patience=LONG):
        self.own = state is None
        self.state = state or tempfile.mkdtemp(prefix="coffer-service-")
        self.log = open(os.path.join(self.state, "log"), "a+b")
        arguments = [program, "--port", "0", "--state", self.state,
                     "-o", f"request_seconds={patience}"]
        if http:
            arguments.append("--http")
        for option in options:
            arguments += ["-o", option]
        self.child = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=self.log)
        atexit.register(self.child.kill)  # after a failure
        self.url = self.child.stdout.readline().decode().strip()
        demand(self.url, "the service did not start: " + self.text())
        self.port = int(self.url.rsplit(":", 1)[1])

    def path(self, name):
        return os.path.join(self.state, "serve", name)

    def text(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=LONG)

    def end(self):
        self.child.send_signal(signal.SIGTERM)
        status = self.child.wait(LONG)
        self.log.close()
        if self.own:
            shutil.rmtree(self.state)
        demand(status == 0, f"the service ended with {status}")


def read_all(sock, most=1 << 20):
    """What comes until the other side closes or is silent for long."""
    data = b""
    try:
        while len(data) < most:
            part = sock.recv(65536)
            if not part:
                break
            data += part
    except (ConnectionResetError, socket.timeout):
        pass
    return data


def ask(service, data, close=True):
    """Sends bytes, gives (status, headers, body) of the first answer; status
    0 when the connection was closed without one."""
    with service.connect() as sock:
        try:
            sock.sendall(data)
            if close:
                sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            # The service may have answered, and closed, before all was sent.
            if error.errno not in (errno.EPIPE, errno.ECONNRESET,
                                   errno.ENOTCONN):
                raise
        reply = read_all(sock)
    return parse(reply)


def read_answer(sock):
    """One answer, of which more may follow."""
    data = b""
    while True:
        head, end, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: *(\d+)", head.lower())
        if end and length and len(body) >= int(length[1]):
            return data
        part = sock.recv(65536)
        if not part:
            return data
        data += part


def parse(reply):
    head, _, body = reply.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    found = re.match(r"HTTP/1\.[01] (\d+)", lines[0])
    if not found:
        return 0, {}, b""
    headers = {name.lower(): value for name, value in
               (line.split(": ", 1) for line in lines[1:] if ": " in line)}
    return int(found[1]), headers, body


def get(service, path="/nothing", extra=""):
    return ask(service, f"GET {path} HTTP/1.1\r\nHost: x\r\n{extra}"
               "Connection: close\r\n\r\n".encode("latin-1"))


def alive(service):
    demand(service.child.poll() is None, "the service has died:\n"
           + service.text())
    status, body, end = 0, b"", time.monotonic() + LONG
    # Connections that were just closed may still count for a moment.
    while not status and time.monotonic() < end:
        status, _, body = get(service)
    demand(status == 404, f"the service answers {status}")
    demand(json.loads(body)["error"]["code"], "an error without a code")


def sound(status, body):
    demand(400 <= status < 500, f"status {status}")
    demand(json.loads(body)["error"]["message"], "an error without words")


# --- what clients do --------------------------------------------------------

def broken_requests(service):
    for data in (b"\0", b"\xff" * 5000, b"\r\n" * 3000, b"GET\r\n\r\n",
                 b"GET / HTTP/9.9\r\n\r\n", b"GET /\0 HTTP/1.1\r\n\r\n",
                 b"A" * 100000, b"GET " + b"/" * 200000,
                 b"POST /rng HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
                 b"POST /rng HTTP/1.1\r\nContent-Length: 5, 6\r\n\r\nabcde",
                 b"POST /rng HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                 b"zz\r\nabc", b"GET / HTTP/1.1\r\n: x\r\n\r\n",
                 b"GET / HTTP/1.1\r\nX\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"):
        status, _, _ = ask(service, data)
        demand(status == 0 or 400 <= status < 600, f"{data[:40]}: {status}")
    alive(service)
    ok("requests that are none")


def large_heads(service):
    status, _, body = get(service, "/" + "a" * 9000)
    demand(status == 414, f"long URL: {status}")
    sound(status, body)
    status, _, body = get(service, extra="".join(
        f"X-{i}: y\r\n" for i in range(100)))
    demand(status == 431, f"many headers: {status}")
    sound(status, body)
    status, _, body = get(service, extra="X: " + "y" * 40000 + "\r\n")
    demand(status == 431, f"large header: {status}")
    sound(status, body)
    alive(service)
    ok("long URLs, many and large headers")


def large_bodies(service):
    head = "POST /rng HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    status, _, body = ask(service, (head + "Content-Length: 999999999999\r\n"
                                    "\r\n").encode(), close=False)
    demand(status == 413, f"announced: {status}")
    sound(status, body)
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    status, _, body = ask(service, (head + "Transfer-Encoding: chunked\r\n"
                                    "\r\n").encode() + chunk * 40
                          + b"0\r\n\r\n")
    demand(status == 413, f"in chunks: {status}")
    sound(status, body)
    alive(service)
    ok("bodies that are too large, announced and not")


def unsent(sock):
    """Bytes that the other side has not read."""
    data = fcntl.ioctl(sock, 0x5411, b"\0" * 4)  # SIOCOUTQ
    return int.from_bytes(data, sys.byteorder)


def truncated(service):
    for sent in (0, 1, 99):
        with service.connect() as sock:
            sock.sendall(b"POST /rng HTTP/1.1\r\nHost: x\r\nContent-Length: "
                         b"100\r\n\r\n" + b"x" * sent)
    with service.connect() as sock:
        sock.sendall(b"POST /rng HT")
    alive(service)
    ok("uploads that break off")


def slow(service, what, head, drip):
    """A byte now and then keeps nobody's connection open.  On a machine that
    stands still for a while the clock says nothing: so three tries."""
    for _ in range(3):
        took = drip_into(service, head, drip)
        if took < PATIENCE + 5:
            break
    demand(took < PATIENCE + 5, f"{what}: still open after {took:.1f} s")
    alive(service)
    ok(f"{what}: closed after {took:.1f} s")


def drip_into(service, head, drip):
    """Seconds until the connection was closed."""
    begin = time.monotonic()
    with service.connect() as sock:
        sock.settimeout(0.3)
        try:
            sock.sendall(head)
            while time.monotonic() - begin < PATIENCE + 10:
                try:
                    sock.sendall(drip)
                    if len(drip) == 1 and sock.recv(1000) == b"":
                        break
                except socket.timeout:
                    continue
        except (BrokenPipeError, ConnectionResetError):
            pass
    return time.monotonic() - begin


def many_idle(service):
    socks = [service.connect() for _ in range(200)]
    alive(service)
    for sock in socks:
        sock.close()
    ok("200 connections that say nothing")


def too_many(program):
    service = Service(program, "connections_per_client=20",
                      "connections=100")
    socks = [service.connect() for _ in range(60)]
    waiting, end = set(socks), time.monotonic() + LONG / 2
    while len(waiting) > 20 and time.monotonic() < end:
        for sock in select.select(list(waiting), [], [], 1)[0]:
            try:
                demand(sock.recv(1) == b"", "an answer to nothing")
            except ConnectionResetError:
                pass
            waiting.remove(sock)
    refused = 60 - len(waiting)
    demand(refused == 40, f"{refused} of 60 were refused")
    for sock in socks:
        sock.close()
    alive(service)
    service.end()
    ok(f"{refused} of 60 connections from one address refused at 20")


def too_often(program):
    service = Service(program, "limit_loopback=yes",
                      "requests_per_second=20")
    # A machine that stands still for long enough sees no flood: so again.
    for _ in range(5):
        limited, took = flood(service)
        if took < 1.0:
            break
        time.sleep(1.1)
    demand(10 <= len(limited) < 60, f"{len(limited)} of 60 were limited")
    demand(all("retry-after" in h for _, h, _ in limited), "no Retry-After")
    for status, _, body in limited:
        sound(status, body)
    time.sleep(1.1)
    alive(service)
    service.end()
    ok(f"{len(limited)} of 60 requests limited at 20 a second, none later")


def flood(service):
    """Sixty requests at once: the answers that are 429, and the seconds that
    it took."""
    begin = time.monotonic()
    with service.connect() as sock:
        sock.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n" * 59
                     + b"GET /nothing HTTP/1.1\r\nHost: x\r\n"
                     b"Connection: close\r\n\r\n")
        replies = read_all(sock).split(b"HTTP/1.1 ")[1:]
    demand(len(replies) == 60, f"{len(replies)} answers")
    answers = [parse(b"HTTP/1.1 " + reply) for reply in replies]
    return [(s, h, b) for s, h, b in answers if s == 429], \
        time.monotonic() - begin


def too_much_at_once(program):
    service = Service(program, "body_bytes_at_once=1048576")
    head = (b"PUT /keys/a?api-version=7.4 HTTP/1.1\r\nHost: x\r\n"
            b"Content-Length: 60000\r\n\r\n")
    # All are to be there before the first ends, which a busy service may
    # have to be given time for.
    for seconds in (0.5, 2, 8, 30):
        socks = [service.connect() for _ in range(30)]
        for sock in socks:
            sock.sendall(head + b"x" * 59999)
        time.sleep(seconds)
        statuses = set()
        for sock in socks:
            sock.sendall(b"x")
            status, _, body = parse(read_answer(sock))
            statuses.add(status)
            demand(json.loads(body)["error"]["message"],
                   "an error without words")
            sock.close()
        if 503 in statuses:
            break
    demand(503 in statuses and len(statuses) > 1, f"{statuses}")
    alive(service)
    service.end()
    ok("bodies that are too many together: 503")


def dropped_is_not_held(program):
    """What a body has beyond its route's limit is dropped, and nobody else
    does without."""
    service = Service(program, "body_bytes_at_once=1048576")
    head = (b"POST /rng?api-version=7.4 HTTP/1.1\r\nHost: x\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n")
    with service.connect() as greedy:
        greedy.sendall(head + b"f4000\r\n" + b"x" * 0xf4000 + b"\r\n")
        until = time.monotonic() + LONG
        while unsent(greedy) and time.monotonic() < until:
            time.sleep(0.01)
        for _ in range(20):
            status, _, body = ask(service, (
                "POST /rng?api-version=7.4 HTTP/1.1\r\nHost: x\r\n"
                "Connection: close\r\nContent-Length: 60000\r\n\r\n"
                + "x" * 60000).encode())
            demand(status == 401, f"beside what is dropped: {status}")
        greedy.sendall(b"0\r\n\r\n")
        status, _, _ = parse(read_answer(greedy))
        demand(status == 413, f"what is dropped: {status}")
    alive(service)
    service.end()
    ok("a body that is dropped takes nobody's place")


def tls(program):
    service = Service(program, http=False, patience=PATIENCE)
    context = ssl.create_default_context(cafile=service.path("tls/ca.pem"))
    for name in ("localhost", "127.0.0.1"):
        with service.connect() as sock, \
                context.wrap_socket(sock, server_hostname=name) as secure:
            demand(secure.version() in ("TLSv1.2", "TLSv1.3"),
                   secure.version())
            secure.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\n"
                           b"Connection: close\r\n\r\n")
            status, _, body = parse(read_all(secure))
            demand(status == 404, f"over TLS: {status}")
            sound(status, body)
    try:
        with service.connect() as sock:
            ssl.create_default_context().wrap_socket(
                sock, server_hostname="localhost")
        raise AssertionError("a client without our CA connected")
    except ssl.SSLError:
        pass
    # Plain HTTP and noise at the TLS port; a handshake that stalls.
    for data in (b"GET / HTTP/1.1\r\n\r\n", os.urandom(3000), b"\x16\x03\x01"):
        with service.connect() as sock:
            sock.sendall(data)
            begin = time.monotonic()
            read_all(sock)
            took = time.monotonic() - begin
            demand(took < LONG, f"open for {took:.1f} s")
    with service.connect() as sock, \
            context.wrap_socket(sock, server_hostname="localhost") as secure:
        secure.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
        demand(secure.recv(9) == b"HTTP/1.1 ", "no answer")
    service.end()
    ok("TLS: our CA only; noise and stalled handshakes are closed")


def secrets(program):
    service = Service(program)
    token = open(service.path("admin.token"), encoding="ascii").read().strip()
    get(service, "/keys?api-version=7.4&secret=HIDDEN-1",
        f"Authorization: Bearer {token}\r\nX-Secret: HIDDEN-2\r\n")
    get(service, "/HIDDEN-3")
    ask(service, b"POST /rng?api-version=7.4 HTTP/1.1\r\nHost: x\r\n"
        b"Content-Type: application/json\r\nContent-Length: 12\r\n"
        b"Connection: close\r\n\r\n\"HIDDEN-4---")
    log = service.text()
    demand(log.count("\n") >= 4, "nothing was logged")
    demand("HIDDEN" not in log and token not in log,
           "the log tells what a client sent:\n" + log)
    service.end()
    ok("the log holds nothing that clients sent")


def life(program):
    service = Service(program)
    demand(open(service.path("url"), encoding="ascii").read().strip()
           == service.url, "url")
    second = subprocess.run(
        [program, "--port", "0", "--http", "--state", service.state],
        capture_output=True, timeout=LONG, check=False)
    demand(second.returncode == 1 and b"another coffer-serve" in
           second.stderr, "a second service on the same state")
    taken = subprocess.run(
        [program, "--port", str(service.port), "--http", "--state",
         service.state + "-2"], capture_output=True, timeout=LONG, check=False)
    shutil.rmtree(service.state + "-2")
    demand(taken.returncode == 1 and b"--port" in taken.stderr,
           "a port that is taken: " + taken.stderr.decode())
    outside = subprocess.run(
        [program, "--port", "0", "--http", "--listen", "0.0.0.0", "--state",
         service.state + "-3"], capture_output=True, timeout=LONG, check=False)
    shutil.rmtree(service.state + "-3")
    demand(outside.returncode == 1 and b"loopback" in outside.stderr,
           "plain HTTP for everybody")
    held = service.connect()
    held.sendall(b"POST /rng HTTP/1.1\r\nContent-Length: 10\r\n\r\n")
    url = service.path("url")
    service.own = False
    service.end()
    demand(not os.path.exists(url), "url is still there")
    held.close()
    for _ in range(10):
        again = Service(program, state=service.state)
        nobody = again.connect()
        nobody.sendall(b"POST /rng HTTP/1.1\r\n\r\n")  # without a Host
        again.end()
        nobody.close()
    again = Service(program, state=service.state)
    alive(again)
    again.end()
    shutil.rmtree(service.state)
    ok("starts once, ends cleanly with a request on the way, starts again")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    program = os.path.abspath(sys.argv[1])
    service = Service(program)
    try:
        alive(service)
        broken_requests(service)
        large_heads(service)
        large_bodies(service)
        truncated(service)
        many_idle(service)
    except BaseException:
        service.child.kill()
        print(service.text()[-3000:], file=sys.stderr)
        raise
    service.end()
    service = Service(program, patience=PATIENCE)
    try:
        slow(service, "a head, byte by byte", b"GET /nothing HTTP/1.1\r\n",
             b"X")
        slow(service, "a body, byte by byte", b"POST /rng HTTP/1.1\r\n"
             b"Host: x\r\nContent-Length: 1000\r\n\r\n", b"x")
        slow(service, "a client that does not read",
             b"", b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)
    except BaseException:
        service.child.kill()
        print(service.text()[-3000:], file=sys.stderr)
        raise
    service.end()
    too_many(program)
    too_often(program)
    too_much_at_once(program)
    dropped_is_not_held(program)
    tls(program)
    secrets(program)
    life(program)


if __name__ == "__main__":
    main()
