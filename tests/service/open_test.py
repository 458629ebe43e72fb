#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""open_test.py COFFER-SERVE: `coffer portal --open` with browsers of its own,
none of which is shown the token on its command line.  Prints a line `ok N -
what` for each thing seen."""
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time

from network_test import LONG, Service, demand, ok

BROWSER = r"""#!/usr/bin/env python3
import json, os, re, stat, sys, urllib.parse
urls = [found[0] for found in (re.search("file://.*", w) for w in sys.argv[1:])
        if found]
path = urllib.parse.unquote(urls[0][7:]) if urls else ""
seen = {"words": sys.argv[1:], "path": path, "umask": os.umask(0o77),
        "environment": dict(os.environ),
        "command": open("/proc/self/cmdline", "rb").read().decode(),
        "parent": open(f"/proc/{os.getppid()}/cmdline", "rb").read().decode()}
if path:
    seen["mode"] = stat.S_IMODE(os.stat(path).st_mode)
    seen["page"] = open(path, encoding="utf-8").read()
with open(os.environ["SEEN"] + ".new", "w", encoding="utf-8") as out:
    json.dump(seen, out)
os.rename(os.environ["SEEN"] + ".new", os.environ["SEEN"])
sys.exit(int(os.environ.get("ENDS", "0")))
"""


class World:
    """A service, and a folder with programs that take themselves for
    browsers."""

    def __init__(self, program):
        self.program = program
        self.service = Service(program)
        self.folder = tempfile.mkdtemp(prefix="coffer-open-")
        self.seen = self.folder + "/seen"
        self.browser = self.make("browser")
        self.serve = self.service.path("")

    def make(self, name):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(BROWSER)
        os.chmod(path, 0o755)
        return path

    def tokens(self):
        return [line.split()[1] for line in
                open(self.service.path("tokens"), encoding="ascii")]

    def pages(self):
        return [name for name in os.listdir(self.serve)
                if name.startswith("open-")]

    def portal(self, *words, browser=None, status=0, **environment):
        """What the browser has seen; where there is none, what was printed."""
        if os.path.exists(self.seen):
            os.unlink(self.seen)
        env = dict(os.environ, SEEN=self.seen, **environment)
        env.pop("BROWSER", None)
        if browser is not None:
            env["BROWSER"] = browser
        run = subprocess.run(
            [self.program, "portal", "--state", self.service.state, *words],
            env=env, capture_output=True, text=True, timeout=LONG,
            check=False, umask=0o027)
        demand(run.returncode == status, f"{run.returncode}: {run.stderr}")
        for token in self.tokens() if "--open" in words else []:
            demand(token not in run.stdout + run.stderr, "it was printed")
        if not os.path.exists(self.seen):
            return run.stdout + run.stderr
        with open(self.seen, encoding="utf-8") as text:
            return json.load(text)

    def end(self):
        self.service.end()
        shutil.rmtree(self.folder)


def hidden(world, seen, token):
    """What is on command lines and in the environment is for everybody."""
    for name in ("words", "command", "parent", "environment"):
        for secret in world.tokens():
            demand(secret not in json.dumps(seen[name]), f"in {name}")
    demand(f'url={world.service.url}/#token={token}"' in seen["page"],
           "the page leads elsewhere: " + seen["page"])
    demand(seen["mode"] == 0o600, f"{seen['mode']:o}")
    demand(stat.S_IMODE(os.stat(world.serve).st_mode) == 0o700, "its folder")
    demand("no-referrer" in seen["page"], "a referrer")


def opened(world):
    write, read = world.tokens()
    seen = world.portal("--open", browser=world.browser)
    hidden(world, seen, write)
    demand(len(seen["words"]) == 1, f"{seen['words']}")
    demand(seen["umask"] == 0o027, f"umask {seen['umask']:o}")
    hidden(world, world.portal("--open", "--read-only",
                               browser=world.browser), read)
    ok("a browser is shown a page of its owner's, and no token in its command")
    return seen["path"]


def removed(world, path):
    demand(os.path.exists(path), "the page went before it could be read again")
    end = time.monotonic() + LONG
    while world.pages():
        demand(time.monotonic() < end, f"still there: {world.pages()}")
        time.sleep(0.2)
    ok("the pages go when they have been read")


def several(world):
    other = world.make("other one")  # no shell cuts this one
    seen = world.portal(
        "--open", browser=f"{world.folder}/none:{world.browser} --new %s -x:"
        + other)
    demand(seen["words"][0] == "--new" and seen["words"][2] == "-x"
           and seen["words"][1].startswith("file://"), f"{seen['words']}")
    seen = world.portal("--open", browser=f"{world.browser} a --at=%s")
    demand(seen["words"][0] == "a" and
           re.match("--at=file:///.*html$", seen["words"][1]),
           f"{seen['words']}")
    shutil.copy(world.browser, world.folder + "/xdg-open")
    seen = world.portal("--open", PATH=world.folder + ":" + os.environ["PATH"])
    demand(seen["command"].split("\0")[1].endswith("xdg-open"), "xdg-open")
    ok("$BROWSER may be several, with arguments; without it xdg-open")


def none(world):
    before = set(world.pages())
    for browser, ends in (("/nonexistent", "0"), (world.browser, "3"),
                          (":::", "0"), ("  ", "0"),
                          ("$(touch x);`touch x`", "0")):
        world.portal("--open", browser=browser, status=1, ENDS=ends)
        demand(set(world.pages()) == before, "a page was left")
    text = world.portal("--open", browser="/nonexistent", status=1)
    demand("--open" in text, text)
    ok("without one it says what to do, and leaves nothing behind")


def killed(world):
    service = world.service
    demand(world.portal().startswith(service.url + "/#token="), "the address")
    service.child.kill()
    service.child.wait(LONG)
    demand(os.path.exists(service.path("url")), "the address has gone")
    for words in ((), ("--open",)):
        text = world.portal(*words, browser=world.browser, status=1)
        demand("coffer serve" in text and "token" not in text, text)
    world.service = Service(world.program, state=service.state)
    demand(world.portal().startswith(world.service.url), "the new address")
    world.service.end()
    world.portal(status=1)
    shutil.rmtree(service.state)
    shutil.rmtree(world.folder)
    ok("nobody is sent to where a service was that has been killed")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    world = World(os.path.abspath(sys.argv[1]))
    path = opened(world)
    several(world)
    none(world)
    removed(world, path)
    killed(world)


main()
