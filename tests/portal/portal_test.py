#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""portal_test.py BINDIR HOST ENCLAVE: the portal's interface from outside, on
machines that run.  HOST and ENCLAVE are those of tests/system/paging.  Prints a
line `ok N - what` for each thing seen."""
import atexit
import base64
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

LIMIT = 90  # seconds that anything may take on a slow machine
VERSION = "api-version=2024-07-01"
number = 0


def ok(what):
    global number
    number += 1
    print(f"ok {number} - {what}", flush=True)


def demand(condition, what):
    if not condition:
        raise AssertionError(what)


def until(what, question):
    """Asks until the answer is something, and gives it."""
    end = time.monotonic() + LIMIT
    while True:
        answer = question()
        if answer:
            return answer
        demand(time.monotonic() < end, f"waited in vain until {what}")
        time.sleep(0.1)


class World:
    """A state directory, its service, and clients of it."""

    def __init__(self, bindir):
        self.folder = tempfile.mkdtemp(prefix="coffer-portal-")
        self.bindir = bindir
        self.env = dict(os.environ, COFFER_BINDIR=bindir,
                        COFFER_STATE_DIR=self.folder + "/state",
                        COFFER_RUNTIME_DIR=self.folder + "/run",
                        COFFER_IDLE_SECONDS="1")
        for name in ("state", "run"):
            os.mkdir(f"{self.folder}/{name}", 0o700)
        self.log = open(self.folder + "/log", "a+b")
        self.child = None
        atexit.register(self.clean)
        self.start()

    def start(self):
        self.child = subprocess.Popen(
            [self.bindir + "/coffer-serve", "--port", "0"], env=self.env,
            stdout=subprocess.PIPE, stderr=self.log)
        self.url = self.child.stdout.readline().decode().strip()
        demand(self.url, "the service did not start: " + self.text())
        self.port = int(self.url.rsplit(":", 1)[1])
        self.tls = ssl.create_default_context(
            cafile=self.folder + "/state/serve/tls/ca.pem")
        self.write = self.coffer("serve", "token").strip()
        self.read = self.coffer("serve", "token", "--read-only").strip()
        self.subscription = self.ask("GET", "/portal/info")[1]["subscription"]

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        demand(self.child.wait(LIMIT) == 0, "the service ended badly")
        self.child = None

    def text(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def clean(self):
        if self.child:
            self.child.kill()
            self.child.wait()
        subprocess.run([self.bindir + "/coffer", "vm", "delete", "--force"]
                       + self.machines(), env=self.env, timeout=LIMIT,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def machines(self):
        try:
            return [name for name in os.listdir(self.folder + "/state/vm")
                    if not name.startswith(".")]
        except FileNotFoundError:
            return []

    def coffer(self, *words, status=0):
        run = subprocess.run([self.bindir + "/coffer", *words], env=self.env,
                             timeout=LIMIT, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, check=False)
        demand(run.returncode == status, f"coffer {words}: {run.returncode} "
               f"{run.stdout} {run.stderr}")
        return run.stdout if status == 0 else run.stderr

    def connect(self):
        sock = socket.create_connection(("127.0.0.1", self.port),
                                        timeout=LIMIT)
        return self.tls.wrap_socket(sock, server_hostname="localhost")

    def ask(self, method, path, body=None, token="", headers=None):
        """(status, JSON or None, headers)"""
        line = http.client.HTTPSConnection("localhost", self.port,
                                           timeout=LIMIT, context=self.tls)
        all_headers = dict(headers or {})
        if token is not None:
            all_headers["Authorization"] = "Bearer " + (token or self.write)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body)
            all_headers.setdefault("Content-Type", "application/json")
        line.request(method, path, body, all_headers)
        answer = line.getresponse()
        data = answer.read()
        line.close()
        try:
            value = json.loads(data)
        except ValueError:
            value = None
        return answer.status, value, answer.headers

    def raw(self, data):
        """The status of what bytes get; 0: the connection is closed."""
        with self.connect() as sock:
            try:
                sock.sendall(data)
            except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
                pass
            reply = b""
            try:
                while b"\r\n" not in reply:
                    part = sock.recv(4096)
                    if not part:
                        break
                    reply += part
            except (ConnectionResetError, ssl.SSLError):
                pass
        words = reply.split(b" ")
        return int(words[1]) if len(words) > 1 else 0

    def vm(self, name, rest="", group="web"):
        return (f"/subscriptions/{self.subscription}/resourceGroups/{group}"
                "/providers/Microsoft.Compute/virtualMachines/"
                f"{name}{rest}{'&' if '?' in rest else '?'}{VERSION}")

    def done(self, headers):
        """What became of the operation that an answer tells of."""
        path = headers["Azure-AsyncOperation"].split(str(self.port), 1)[1]

        def ended():
            status, op, _ = self.ask("GET", path)
            demand(status == 200, f"operation: {status} {op}")
            return op["status"] != "InProgress" and op

        return until("an operation has ended", ended)

    def live(self, name=None):
        status, value, _ = self.ask("GET", "/portal/live", token=self.read)
        demand(status == 200, f"live: {status} {value}")
        if name is None:
            return value
        return next((m for m in value["machines"] if m["name"] == name), None)


class Host:
    """An application whose enclave works in more memory than there is."""

    def __init__(self, world, program, enclave, vm):
        self.child = subprocess.Popen(
            [program, enclave], env=dict(world.env, COFFER_VM=vm),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        atexit.register(self.child.kill)
        self.expect("loaded")

    def expect(self, word):
        for line in self.child.stdout:
            if line.startswith(word):
                return line[len(word):].strip()
        raise AssertionError(f"no {word}: the application has ended")

    def say(self, line, word):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()
        return self.expect(word)

    def end(self):
        self.child.stdin.close()
        self.child.stdout.read()
        self.child.wait(LIMIT)


# --- tokens -----------------------------------------------------------------

def tokens(world):
    path = world.folder + "/state/serve/tokens"
    demand(os.stat(path).st_mode & 0o777 == 0o600, "others can read tokens")
    demand(world.write != world.read, "the tokens are alike")
    for token, status in ((None, 401), ("wrong", 401), (world.read, 200),
                          (world.write, 200)):
        is_status, answer, _ = world.ask("GET", "/portal/info", token=token)
        demand(is_status == status, f"{token}: {is_status}")
        if status == 200:
            demand(answer["right"] == ("read-only" if token == world.read
                                       else "read-write"), str(answer))
    for name in ("admin.token", "user.token", "release.token"):
        with open(f"{world.folder}/state/serve/{name}") as file:
            other = file.read().strip()
        demand(world.ask("GET", "/portal/info", token=other)[0] == 401,
               f"{name} opens the portal")
    demand(world.ask("GET", "/keys?api-version=7.4")[0] == 401,
           "the portal's token opens the key service")
    ok("tokens: two, private, for the portal alone")

    old = world.write, world.read
    fresh = world.coffer("serve", "token", "--read-write", "--new").strip()
    demand(fresh not in old, "no new token")
    demand(world.ask("GET", "/portal/info", token=old[0])[0] == 401,
           "the old token counts")
    demand(world.ask("GET", "/portal/info", token=old[1])[0] == 200,
           "the other token is gone")
    world.write = fresh
    world.coffer("serve", "token", "--new")
    for token in (fresh, old[1]):
        demand(world.ask("GET", "/portal/info", token=token)[0] == 401,
               "an old token counts")
    world.write = world.coffer("serve", "token").strip()
    world.read = world.coffer("serve", "token", "--read-only").strip()
    demand(world.ask("GET", "/portal/info")[0] == 200, "the new one does not")
    ok("new tokens count at once, old ones no more")

    demand(world.coffer("portal") == f"{world.url}/#token={world.write}\n",
           "another address")
    demand(world.coffer("portal", "--read-only") ==
           f"{world.url}/#token={world.read}\n", "another address")
    world.coffer("serve", "token", "--read-only", "--read-write", status=2)
    world.coffer("portal", "--new", status=2)
    ok("coffer portal prints the address")


# --- strangers --------------------------------------------------------------

def strangers(world):
    good = f"Host: localhost\r\nAuthorization: Bearer {world.write}\r\n"
    head = "GET /portal/info HTTP/1.1\r\n"
    close = "Connection: close\r\n\r\n"
    demand(world.raw((head + good + close).encode()) == 200, "a good request")
    for what, data in (
            ("no host", head + good.split("\r\n", 1)[1] + close),
            ("two hosts", head + good + "Host: localhost\r\n" + close),
            ("another host", head + good.replace("localhost", "evil.example")
             + close),
            ("two tokens", head + good + "Authorization: Bearer x\r\n"
             + close),
            ("another site", head + good + "Sec-Fetch-Site: cross-site\r\n"
             + close),
            ("another origin", head + good + "Origin: https://evil.example"
             "\r\n" + close),
            ("no origin", head + good + "Origin: null\r\n" + close),
            ("a token in the address", "GET /portal/info?token="
             f"{world.write} HTTP/1.1\r\nHost: localhost\r\n" + close),
            ("a token in a cookie", head + "Host: localhost\r\nCookie: token="
             f"{world.write}\r\n" + close),
            ("a preflight", "OPTIONS /portal/info HTTP/1.1\r\n" + good +
             "Origin: https://evil.example\r\n"
             "Access-Control-Request-Method: GET\r\n" + close)):
        status = world.raw(data.encode())
        demand(status in (400, 401, 403, 405, 421), f"{what}: {status}")
    ok("foreign names, sites, doubled headers, tokens in other places")

    for path in ("/page/../serve.db", "/page/..%2fserve.db", "//portal/info",
                 "/portal//info", "/portal/./info", "/portal/x/../info",
                 "/portal/%2e%2e/info", "/portal/info%00", "/portal/info/",
                 "/portal/info\\", "/page/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
                 "/../../etc/passwd", "/page/app.js%2f..", "/.git/config",
                 "/portal/machines/..", "/portal/machines/%2e%2e",
                 "/portal/machines/a%2f..%2fb", "/tokens", "/serve/tokens",
                 "/page/tokens", "http://localhost/portal/info",
                 "/portal/keys/" + "a" * 9000):
        status = world.raw(f"GET {path} HTTP/1.1\r\n{good}{close}".encode())
        demand(status in (0, 400, 404, 414), f"{path}: {status}")
    ok("tricks with paths")

    head = f"POST /portal/quote HTTP/1.1\r\n{good}" \
        "Content-Type: application/octet-stream\r\nConnection: close\r\n"
    demand(world.raw((head + "Content-Length: 99999999\r\n\r\n").encode())
           == 413, "a large body, announced")
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    demand(world.raw((head + "Transfer-Encoding: chunked\r\n\r\n").encode()
                     + chunk * 20 + b"0\r\n\r\n") in (0, 413),
           "a large body, in chunks")
    status, answer, _ = world.ask("PUT", world.vm("big"), b" " * 70000,
                                  headers={"Content-Type":
                                           "application/json"})
    demand(status == 413, f"a large order: {status} {answer}")
    status, _, _ = world.ask("PUT", world.vm("deep"),
                             b'{"tags":' * 100 + b"1" + b"}" * 100,
                             headers={"Content-Type": "application/json"})
    demand(status == 400, f"a deep order: {status}")
    demand(world.ask("GET", "/portal/info")[0] == 200, "it has not survived")
    ok("bodies that are too large, or too deep")


def pages(world):
    status, _, headers = world.ask("GET", "/", token=None)
    policy = headers["Content-Security-Policy"]
    demand(status == 200 and "default-src 'none'" in policy and
           "unsafe" not in policy and "http" not in policy, policy)
    demand(headers["X-Content-Type-Options"] == "nosniff", "sniffing")
    etag = headers["ETag"]
    status, _, _ = world.ask("GET", "/", token=None,
                             headers={"If-None-Match": etag})
    demand(status == 304, f"known: {status}")
    ok("the page needs no token, and may load nothing foreign")


# --- machines ---------------------------------------------------------------

ORDER = {"location": "coffer-local", "properties": {
    "hardwareProfile": {"vmSize": "Standard_DC1s_v3"}}}


def many_at_once(world):
    names = [f"many-{i}" for i in range(4)]
    results = {}

    def create(name):
        status, answer, headers = world.ask("PUT", world.vm(name), ORDER)
        results[name] = (status, answer)
        if status == 201 and "Azure-AsyncOperation" in headers:
            results[name] = (status, world.done(headers)["status"])

    threads = [threading.Thread(target=create, args=(n,)) for n in names]
    for thread in threads:
        thread.start()
    # Meanwhile everything else is answered.
    looks = 0
    while any(thread.is_alive() for thread in threads):
        world.live()
        demand(world.ask("GET", "/portal/info")[0] == 200, "not answered")
        looks += 1
        time.sleep(0.05)
    for thread in threads:
        thread.join()
    demand(all(r[0] == 201 for r in results.values()), str(results))
    for name in names:
        until(f"{name} runs", lambda n=name: (world.live(n) or {}).get(
            "power") == "running")
    ok(f"four machines are made at once, {looks} looks meanwhile")

    _, _, first = world.ask("POST", world.vm(names[0], "/restart"))
    second, answer, _ = world.ask("POST", world.vm(names[0], "/restart"))
    demand(second == 202 or (second == 409 and answer["error"]["code"] ==
                             "Conflict"), f"{second} {answer}")
    demand(world.done(first)["status"] == "Succeeded", "no restart")
    ok("one operation is at a machine at a time")

    def remove(name):
        """Until the operation before it has ended it is refused."""
        status, _, headers = world.ask("DELETE", world.vm(name))
        return status == 202 and world.done(headers)

    for name in names:
        op = until(f"{name} goes", lambda n=name: remove(n))
        demand(op["status"] == "Succeeded", str(op))
        demand(world.ask("DELETE", world.vm(name))[0] == 204, "still there")
    demand(not world.machines(), str(world.machines()))
    ok("they are deleted, once each")


def live(world, program, enclave):
    world.coffer("vm", "create", "live", "--epc-pages", "1024")
    until("it is seen to run",
          lambda: (world.live("live") or {}).get("power") == "running")
    host = Host(world, program, enclave, "live")
    demand(host.say("fill 2000 1", "filled") == "OE_OK 0", "no pages")
    host.say("run", "running")
    until("paging is seen", lambda: world.live("live")["page_ins"] > 0 and
          world.live("live")["page_outs"] > 0)
    seen = world.live("live")
    demand(seen["epc_pages"] == 1024 and 0 < seen["epc_used"] <= 1024 and
           seen["enclaves"] == 1 and seen["swap_pages"] > 0, str(seen))
    total = world.live()["total"]
    demand(total["running"] == 1 and total["enclaves"] == 1, str(total))
    status, one, _ = world.ask("GET", "/portal/machines/live",
                               token=world.read)
    demand(status == 200, str(one))
    e, = one["enclave_list"]
    demand(e["state"] == "running" and len(e["mrenclave"]) == 64 and
           e["resident"] > 0 and e["evicted"] > 0 and e["pid"] ==
           host.child.pid and e["totals"]["page_ins"] > 0, str(e))
    ok(f"live: {seen['page_ins']:.0f} pages a second come and go")

    looks = [world.live()["look"] for _ in range(20)]
    demand(looks == sorted(looks) and looks[-1] - looks[0] < 20, str(looks))
    ok("everybody is shown the same look")

    world.coffer("tamper", "flip", "--vm", "live", "--wait", "60",
                 "--enclave", str(e["id"]))
    until("tampering is seen", lambda: world.live("live")["tampered"] == 1)
    _, one, _ = world.ask("GET", "/portal/machines/live")
    demand(any(e["state"] == "tampered" for e in one["enclave_list"]),
           str(one["enclave_list"]))
    host.end()


    def tampering():
        _, events, _ = world.ask("GET", "/portal/machines/live/events")
        names = [e["event"] for e in events["events"]]
        demand("created" in names, str(events))
        return events if "tampering" in names else None

    events = until("tampering is an event", tampering)
    details = {e["event"]: e.get("details") for e in events["events"]}
    demand(details["created"] == {"size": one["size"]}, str(events))
    demand(details["started"] == {
        "power": "on", "driver": one["driver_pid"],
        "processor": one["processor_pid"]}, str(events))
    demand(details["tampering"]["enclave"] == e["id"] and
           details["tampering"]["process"] == host.child.pid, str(events))
    _, later, _ = world.ask("GET", "/portal/machines/live/events?after="
                            + events["after"])
    demand(not any(e["event"] == "created" for e in later["events"]),
           str(later))
    ok("tampering is seen, and an event; events since are listed")


def silent(world):
    _, one, _ = world.ask("GET", "/portal/machines/live")
    pid = one["driver_pid"]
    demand(pid, str(one))
    os.kill(pid, signal.SIGSTOP)
    try:
        until("a driver is seen to be silent",
              lambda: world.live("live")["power"] == "failed")
    finally:
        os.kill(pid, signal.SIGCONT)
    until("it is seen again",
          lambda: world.live("live")["power"] == "running")
    ok("a driver that does not answer stops nobody else's look")


def fleeting(world, program, enclave):
    host = Host(world, program, enclave, "fleeting")
    until("it is seen to run",
          lambda: (world.live("fleeting") or {}).get("power") == "running")
    host.end()
    until("it is idle",
          lambda: world.live("fleeting")["power"] == "idle")
    ok("looking keeps no machine running")


def quotes(world):
    quote = world.folder + "/quote"
    world.coffer("quote", "--out", quote)
    with open(quote, "rb") as file:
        data = file.read()
    status, good, _ = world.ask(
        "POST", "/portal/quote", data, token=world.read,
        headers={"Content-Type": "application/octet-stream"})
    demand(status == 200 and good["verdict"]["status"] == "OK" and
           good["verdict"]["root"] == "software", str(good)[:400])
    demand([c["role"] for c in good["chain"]] ==
           ["machine", "intermediate", "root"], str(good["chain"]))
    changed = bytearray(data)
    changed[112] ^= 1
    status, bad, _ = world.ask("POST", "/portal/quote", {
        "quote": base64.b64encode(bytes(changed)).decode()})
    demand(status == 200 and bad["verdict"]["severity"] == "refused" and
           not bad["verdict"]["genuine"], str(bad)[:400])
    ok("a quote is verified, a changed one refused")


def ends(world):
    """The service may be ended in the middle of making a machine."""
    threading.Thread(target=lambda: attempt(world), daemon=True).start()
    time.sleep(0.05)
    world.stop()
    world.coffer("portal", status=1)
    world.start()
    names = os.listdir(world.folder + "/state/vm")
    demand(not [n for n in names if n.startswith(".new-")], str(names))
    if "ending" in names:
        demand(world.ask("GET", world.vm("ending"))[0] == 200, "half made")
    world.stop()
    ok("the service ends while a machine is made, and starts again")


def attempt(world):
    try:
        world.ask("PUT", world.vm("ending"), ORDER)
    except (OSError, http.client.HTTPException):
        pass


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    world = World(sys.argv[1])
    tokens(world)
    strangers(world)
    pages(world)
    many_at_once(world)
    live(world, sys.argv[2], sys.argv[3])
    silent(world)
    fleeting(world, sys.argv[2], sys.argv[3])
    if os.path.exists(sys.argv[1] + "/coffer-quoting"):
        quotes(world)
    ends(world)


main()
