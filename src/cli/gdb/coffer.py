# SPDX-License-Identifier: MIT
"""For gdb: enclaves that may be debugged.

An enclave's code runs in a process of its own, the cell.  The host library
calls coffer_debug_created() when a debug enclave is there and
coffer_debug_ending() before it goes (coffer/debug.h); at the first the cell
is attached as one more inferior, with the symbols of its image, at the second
it is detached.  All inferiors run and stop together.

What a cell keeps where comes from layout.py, which is made with Coffer; what
the enclave's runtime keeps comes from the image's own debug information."""
import os
import re
import struct
import sys

import gdb
import gdb.FrameDecorator
import gdb.unwinder

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import coffer_layout as at  # noqa: E402

MAGIC = 0x4742444352464643
VERSION = 1
# What a cell handles itself: page faults, ENCLU, system calls, interrupts.
CELL_SIGNALS = "SIGSEGV SIGILL SIGBUS SIGFPE SIGSYS SIGURG"
# Of SA_SIGINFO's ucontext_t, as general registers follow one another in it.
CONTEXT_REGISTERS = ("r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
                     "rdi", "rsi", "rbp", "rbx", "rdx", "rax", "rcx", "rsp",
                     "rip")
CONTEXT_STACK = 16  # its uc_stack
CONTEXT_GREGS = 40
SSA_REGISTERS = ("rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                 "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15")
# What core_ocall_exit of the runtime leaves on the stack, lowest first,
# behind two words.
OCALL_REGISTERS = ("r15", "r14", "r13", "r12", "rbx", "rbp", "rip")
# Functions of liboehost between an ecall and the enclave.
GATE = ("enter", "gate_host_enter", "visit", "post", "wait_for_answer",
        "sleep_on", "futex", "syscall", "sched_yield")
CALL = "enclave_call"

cells = {}  # Cell by inferior number
hooks = []


def say(text):
    print("[coffer: %s]" % text)


def speaks_mi():
    """Is gdb driven by another program, which needs all that it says?"""
    try:
        with open("/proc/self/cmdline", "rb") as file:
            words = file.read().decode(errors="replace").split("\0")
    except OSError:
        return False
    return any(re.match(r"-?-i(nterpreter)?=mi", w) for w in words)


class Quiet:
    """Without what gdb would say, or ask.  It says some things past every
    redirection of its own, so the descriptors go elsewhere."""

    def __enter__(self):
        self.confirm = gdb.parameter("confirm")
        gdb.execute("set confirm off", to_string=True)
        self.kept = []
        if speaks_mi():
            return
        gdb.flush()
        sink = os.open(os.devnull, os.O_WRONLY)
        for fd in (1, 2):
            self.kept.append((fd, os.dup(fd)))
            os.dup2(sink, fd)
        os.close(sink)

    def __exit__(self, *_):
        gdb.flush()
        gdb.flush(gdb.STDERR)
        for fd, kept in self.kept:
            os.dup2(kept, fd)
            os.close(kept)
        gdb.execute("set confirm %s" % ("on" if self.confirm else "off"),
                    to_string=True)


def quietly(*commands):
    with Quiet():
        for command in commands:
            gdb.execute(command)


def word(inferior, address):
    return struct.unpack("<Q", inferior.read_memory(address, 8).tobytes())[0]


def half(inferior, address):
    return struct.unpack("<I", inferior.read_memory(address, 4).tobytes())[0]


def register(frame, name):
    return int(frame.read_register(name)) & 0xffffffffffffffff


class Visit:
    """One logical processor of a cell: its TCS and what it is doing."""

    def __init__(self, cell, index):
        self.cell, self.index = cell, index
        inferior = cell.inferior()
        self.area = at.CELL_AREAS + index * at.CELL_AREA_SIZE
        tcs = at.CELL_CONTROL + at.CONTROL_TCS + index * at.TCS_SIZE
        counters = (at.CELL_CONTROL + at.CONTROL_COUNTERS
                    + index * at.COUNTERS_SIZE)
        self.tid = half(inferior, counters + at.COUNTERS_TID)
        self.tcs = word(inferior, tcs + at.TCS_LINADDR)
        self.td = word(inferior, tcs + at.TCS_FSBASE)
        self.running = half(inferior, self.area + at.THREAD_RUNNING) == 1
        self.cssa = half(inferior, self.area + at.THREAD_CSSA)
        self.ossa = word(inferior, self.area + at.THREAD_OSSA)
        self.frame_size = half(inferior,
                               at.CELL_CONTROL + at.CONTROL_FRAME_SIZE)

    def gpr(self, frame):
        """Address of GPRSGX in a frame of the SSA."""
        return self.ossa + (frame + 1) * self.frame_size - at.GPR_SIZE

    def interrupted(self):
        """Registers in the last SSA frame, or None."""
        if self.cssa == 0:
            return None
        gpr = self.gpr(self.cssa - 1)
        inferior = self.cell.inferior()
        found = {name: word(inferior, gpr + 8 * i)
                 for i, name in enumerate(SSA_REGISTERS)}
        found["rip"] = word(inferior, gpr + at.GPR_RFLAGS + 8)
        return found

    def ocall(self):
        """Registers that an ocall comes back to, or None."""
        try:
            td = gdb.lookup_type("struct td")
            last = [f for f in td.fields() if f.name == "last_sp"]
        except gdb.error:
            return None  # another runtime, or no debug information
        if not last:
            return None
        inferior = self.cell.inferior()
        sp = word(inferior, self.td + last[0].bitpos // 8)
        if not self.cell.holds(sp):
            return None
        found = {name: word(inferior, sp + 16 + 8 * i)
                 for i, name in enumerate(OCALL_REGISTERS)}
        found["rsp"] = sp + 16 + 8 * len(OCALL_REGISTERS)
        return found

    def handled(self, sp):
        """Registers of the enclave's code that a signal interrupted, while
        the cell's handler runs on the alternate stack at sp, or None."""
        stack = self.area + at.AREA_ALTSTACK
        size = at.CELL_AREA_SIZE - at.AREA_ALTSTACK
        inferior = self.cell.inferior()
        if not stack <= sp < stack + size:
            return None
        memory = inferior.read_memory(sp, stack + size - sp).tobytes()
        words = struct.unpack("<%dQ" % (len(memory) // 8),
                              memory[:len(memory) // 8 * 8])
        first = CONTEXT_GREGS // 8 - CONTEXT_STACK // 8
        for i in range(len(words) - first - len(CONTEXT_REGISTERS)):
            if words[i] != stack or words[i + 2] != size:
                continue
            found = dict(zip(CONTEXT_REGISTERS, words[i + first:]))
            if self.cell.holds(found["rip"]):
                return found
        return None

    def stopped_at(self, sp):
        """Registers of the enclave's code on this thread, which now executes
        the cell's own code with this stack pointer, or None."""
        return (self.handled(sp) if self.running else
                self.interrupted() or self.ocall())

    def host_stack(self):
        """Where the host's stack was at the last entry."""
        frame = self.cssa if self.running else max(self.cssa - 1, 0)
        return word(self.cell.inferior(), self.gpr(frame) + at.GPR_URSP)

    def busy(self):
        """Is there enclave code to go back to?"""
        return self.running or self.cssa > 0 or self.ocall() is not None


class Cell:
    """A cell that is attached: one enclave."""

    def __init__(self, number, host, pid, path, base, size):
        self.number, self.host, self.pid = number, host.num, pid
        self.host_pid = host.pid
        self.path, self.base, self.size = path, base, size

    def inferior(self):
        for inferior in gdb.inferiors():
            if inferior.num == self.number:
                return inferior
        raise gdb.GdbError("the enclave's process is gone")

    def holds(self, address):
        return self.base <= address < self.base + self.size

    def own_code(self, pc):
        """Is this the cell's own program, not the enclave's?"""
        if at.CELL_IMAGE <= pc < at.CELL_IMAGE_END:
            return True
        start = word(self.inferior(), at.CELL_CONTROL + at.CONTROL_TRAMPOLINE)
        return start <= pc < start + at.TRAMPOLINE_SIZE

    def visit(self, thread):
        """The Visit of one of its threads, or None."""
        inferior = self.inferior()
        for index in range(at.CELL_TCS_MAX):
            tid = half(inferior, at.CELL_CONTROL + at.CONTROL_COUNTERS
                       + index * at.COUNTERS_SIZE + at.COUNTERS_TID)
            if tid == 0:
                return None
            if tid == thread.ptid[1]:
                return Visit(self, index)
        return None

    def name(self):
        return os.path.basename(self.path)


def here():
    """The cell of the selected inferior, or None."""
    return cells.get(gdb.selected_inferior().num)


class Unwinder(gdb.unwinder.Unwinder):
    """From the cell's own code to the enclave's: behind a thread that waits
    at its mailbox there is what it was doing when it left the enclave."""

    class Id:
        def __init__(self, sp, pc):
            self.sp, self.pc = sp, pc

    def __init__(self):
        super().__init__("coffer")

    def __call__(self, pending):
        cell = here()
        if cell is None:
            return None
        try:
            identity = self.Id(pending.read_register("rsp"),
                               pending.read_register("rip"))
            pc, sp = register(pending, "rip"), register(pending, "rsp")
            index = (sp - at.CELL_AREAS) // at.CELL_AREA_SIZE
            if not cell.own_code(pc) or not 0 <= index < at.CELL_TCS_MAX:
                return None
            found = Visit(cell, index).stopped_at(sp)
        except (gdb.error, gdb.MemoryError, gdb.GdbError):
            return None
        if found is None:
            return None
        info = pending.create_unwind_info(identity)
        kind = pending.architecture().integer_type(64, False)
        for name, value in found.items():
            info.add_saved_register(
                name, gdb.Value(struct.pack("<Q", value), kind))
        return info


class OwnFrame(gdb.FrameDecorator.FrameDecorator):
    def function(self):
        return "(the cell's own code)"

    def frame_args(self):
        return None


class LeftFrame(gdb.FrameDecorator.FrameDecorator):
    """A frame that an exception or interrupt left.  gdb takes it for a
    caller's, whose call is in front of pc."""

    def __init__(self, base):
        super().__init__(base)
        frame = base.inferior_frame()
        self.pc = frame.pc()
        block = frame.architecture() and gdb.block_for_pc(self.pc)
        while block and not block.function:
            block = block.superblock
        self.name = block.function.name if block else None
        self.moved = self.name is not None and self.name != frame.name()

    def function(self):
        return self.name if self.moved else super().function()

    def frame_args(self):
        return None if self.moved else super().frame_args()

    def line(self):
        return gdb.find_pc_line(self.pc).line or super().line()


class Filter:
    """Names frames of a cell's own code, and ends where nothing is behind
    them."""

    def __init__(self):
        self.name, self.priority, self.enabled = "coffer", 100, True
        gdb.frame_filters[self.name] = self

    def filter(self, frames):
        return self.named(frames) if here() is not None else frames

    def named(self, frames):
        cell, own = here(), False
        for decorated in frames:
            pc = decorated.inferior_frame().pc()
            if not cell.own_code(pc):
                if own and not cell.holds(pc):
                    return
                visit = cell.visit(gdb.selected_thread()) if own else None
                left = visit and (visit.running or visit.cssa > 0)
                yield LeftFrame(decorated) if left else decorated
                own = False
            elif not own:
                own = True
                yield OwnFrame(decorated)


# ---- enclaves come and go ----

def read_entry(value):
    """struct coffer_debug_enclave, by address: fields, or None."""
    inferior = gdb.selected_inferior()
    raw = inferior.read_memory(value, 48).tobytes()
    magic, version, pid, following, path, base, size = struct.unpack(
        "<QIiQQQQ", raw)
    if magic != MAGIC or version != VERSION:
        return None
    text = bytearray()
    while len(text) < 4096:
        byte = inferior.read_memory(path + len(text), 1).tobytes()
        if byte == b"\0":
            break
        text += byte
    return {"pid": pid, "next": following, "base": base, "size": size,
            "path": text.decode(errors="surrogateescape")}


def quote(path):
    return "'%s'" % path.replace("'", "'\\''")


def attach(entry):
    """Attaches the cell of an enclave of the selected inferior."""
    host, thread = gdb.selected_inferior(), gdb.selected_thread()
    if any(c.pid == entry["pid"] for c in cells.values()):
        return
    if entry["pid"] == 0:
        say("%s: no process is known that executes it" % entry["path"])
        return
    error = None
    quietly("add-inferior")
    number = max(i.num for i in gdb.inferiors())
    try:
        quietly("inferior %d" % number, "attach %d" % entry["pid"])
    except gdb.error as e:
        error = str(e)
    else:
        cell = Cell(number, host, entry["pid"], entry["path"],
                    entry["base"], entry["size"])
        cells[number] = cell
        try:
            quietly("add-symbol-file %s -o 0x%x"
                    % (quote(cell.path), cell.base))
        except gdb.error as e:
            error = str(e)
        for one in gdb.selected_inferior().threads():
            visit = cell.visit(one)
            one.name = ("%s tcs %d" % (cell.name(), visit.index)
                        if visit is not None else cell.name())
    thread.switch()
    if number not in cells:
        quietly("remove-inferiors %d" % number)
    if number not in cells:
        say("%s: cannot attach to process %d: %s"
            % (entry["path"], entry["pid"], error))
        return
    say("enclave %s at 0x%x: process %d is inferior %d%s"
        % (cell.name(), cell.base, cell.pid, number,
           ", without symbols: %s" % error if error else ""))


def detach(cell):
    """Lets a cell go; the selected thread stays unless it is the cell's."""
    thread = gdb.selected_thread()
    if cells.pop(cell.number, None) is None:
        return
    numbers = [i.num for i in gdb.inferiors()]
    if gdb.selected_inferior().num == cell.number:
        thread = None
        quietly("inferior %d" % (cell.host if cell.host in numbers
                                 else numbers[0]))
    if cell.number in numbers:
        if any(i.num == cell.number and i.pid for i in gdb.inferiors()):
            try:
                quietly("detach inferiors %d" % cell.number)
            except gdb.error:  # it has ended, and gdb was not told yet
                quietly("kill inferiors %d" % cell.number)
        quietly("remove-inferiors %d" % cell.number)
    if thread is not None and thread.is_valid():
        thread.switch()


def sweep(_=None):
    """Cells whose host has ended, or that have ended themselves."""
    alive = {i.num: i.pid for i in gdb.inferiors()}
    for cell in list(cells.values()):
        if (alive.get(cell.host) != cell.host_pid
                or not alive.get(cell.number)):
            try:
                detach(cell)
            except gdb.error:
                pass


def before_end():
    """Of the selected inferior: its cells end with it, and gdb would trip
    over processes that it believes stopped."""
    sweep()
    number = gdb.selected_inferior().num
    for cell in list(cells.values()):
        if number in (cell.host, cell.number):
            detach(cell)


class Hook(gdb.Breakpoint):
    """A function of coffer/debug.h, which takes an entry first."""

    def __init__(self, function, action):
        super().__init__(function, internal=True)
        self.silent = True
        self.commands = "python coffer_hook(%r)" % action


def hook(action):
    entry = read_entry(register(gdb.selected_frame(), "rdi"))
    if entry is not None and action == "created":
        sweep()
        attach(entry)
    elif entry is not None:
        for cell in list(cells.values()):
            if cell.pid == entry["pid"]:
                detach(cell)
    # Here, not in the breakpoint's commands: those end with an attach.
    gdb.execute("continue")


def ended(_):
    """A process has ended: was it one whose enclaves could not be seen?"""
    if any(h.pending for h in hooks) and gdb.selected_inferior().num == 1:
        say("no symbols of liboehost were found: enclaves of this program "
            "are not seen.  strip -g leaves those that are needed")


class Fault(gdb.Breakpoint):
    """An enclave's exception that nothing in it took: the debugger's turn."""

    def __init__(self):
        super().__init__("coffer_debug_fault", internal=True)

    def stop(self):
        frame = gdb.selected_frame()
        say("an exception that the enclave does not handle: vector %d, "
            "address 0x%x; `coffer bt` shows where"
            % (register(frame, "rdx") & 0xffffffff, register(frame, "rcx")))
        return True


def scan():
    """Enclaves that a process had before it was attached."""
    try:
        address = int(gdb.parse_and_eval(
            "*(unsigned long *) &coffer_debug_enclaves"))
    except gdb.error:
        raise gdb.GdbError("this process has no liboehost, or one without "
                           "symbols") from None
    for _ in range(100000):
        if address == 0:
            return
        entry = read_entry(address)
        if entry is None:
            raise gdb.GdbError("the list of enclaves is not one")
        address = entry["next"]
        attach(entry)


# ---- backtraces ----

def mapping(pid, address):
    """The mapping of a process that has this address, or None."""
    try:
        with open("/proc/%d/maps" % pid, encoding="utf-8",
                  errors="replace") as maps:
            for line in maps:
                start, _, end = line.split()[0].partition("-")
                if int(start, 16) <= address < int(end, 16):
                    return int(start, 16), int(end, 16)
    except OSError:
        pass
    return None


def frames_of(thread):
    """The lines of a thread's backtrace, without their numbers, and for
    each the function's name."""
    thread.switch()
    gdb.execute("frame 0", to_string=True)
    lines = []
    for line in gdb.execute("backtrace", to_string=True).splitlines():
        if line.startswith("#"):
            lines.append(line.split(None, 1)[1])
        elif lines and line.startswith(" "):
            lines[-1] += "\n" + line
    return lines


def function_of(line):
    words = line.split()
    if words[0].startswith("0x"):
        words = words[2:]
    return re.sub(r"^_+(GI_)?", "", words[0]) if words else ""


def visits_of(host, thread):
    """(Visit, its thread) of the enclaves that a host thread is in, innermost
    first."""
    sp = register(gdb.newest_frame(), "rsp")
    stack = mapping(host.pid, sp)
    found = []
    for cell in list(cells.values()):
        if cell.host != host.num:
            continue
        for one in cell.inferior().threads():
            one.switch()
            visit = cell.visit(one)
            if visit is None or not visit.busy():
                continue
            where = visit.host_stack()
            if stack and stack[0] <= where < stack[1]:
                found.append((where, visit, one))
    thread.switch()
    found.sort(key=lambda f: f[0])
    return [(visit, one) for _, visit, one in found]


def host_thread(visit):
    """The thread of the host that a visit came from, or None."""
    where = visit.host_stack()
    for inferior in gdb.inferiors():
        if inferior.num != visit.cell.host or not inferior.pid:
            continue
        stack = mapping(inferior.pid, where)
        for thread in inferior.threads():
            thread.switch()
            sp = register(gdb.newest_frame(), "rsp")
            if stack and stack[0] <= sp < stack[1]:
                return thread
    return None


def enclave_lines(visit, thread):
    lines = [line for line in frames_of(thread)
             if "(the cell's own code)" not in line]
    return ["-- %s, TCS %d: thread %d.%d" % (
        visit.cell.name(), visit.index, visit.cell.number, thread.num)] + lines


def whole_backtrace():
    """Of the selected thread: host and enclave frames in one list."""
    cell, thread = here(), gdb.selected_thread()
    if cell is not None:
        visit = cell.visit(thread)
        if visit is None:
            raise gdb.GdbError("this thread belongs to no TCS")
        outer = host_thread(visit)
        if outer is None:
            return enclave_lines(visit, thread)
        outer.switch()
        thread = outer
    host = gdb.selected_inferior()
    visits = visits_of(host, thread)
    lines = frames_of(thread)
    title = "-- host: thread %d.%d" % (host.num, thread.num)
    out = []
    for line in lines:
        if function_of(line) == CALL and visits:
            while out and function_of(out[-1]) in GATE:
                out.pop()
            if out:
                out.insert(host_from(out), title)
            out += enclave_lines(*visits.pop(0)) + [title]
        out.append(line)
    if not any(line.startswith("--") for line in out):
        out.insert(0, title)
    for visit, one in visits:  # the host has no symbols to put them between
        out += enclave_lines(visit, one)
    return out


def host_from(out):
    """Where the host's frames at the end of a list begin."""
    titles = [i for i, line in enumerate(out) if line.startswith("--")]
    return titles[-1] + 1 if titles else 0


class Coffer(gdb.Command):
    """Enclaves of Coffer: `coffer bt`, `coffer enclaves`, `coffer scan`."""

    def __init__(self):
        super().__init__("coffer", gdb.COMMAND_STACK, prefix=True)


class Backtrace(gdb.Command):
    """coffer bt: the selected thread's frames, from the enclave into its host
    or from the host into the enclaves that it is in."""

    def __init__(self):
        super().__init__("coffer bt", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        thread = gdb.selected_thread()
        if thread is None:
            raise gdb.GdbError("no thread")
        frame = gdb.selected_frame()
        try:
            number = 0
            lines = whole_backtrace()
        finally:
            thread.switch()
            frame.select()
        for line in lines:
            if line.startswith("--"):
                print(line)
            else:
                print("#%-3d %s" % (number, line))
                number += 1


class Enclaves(gdb.Command):
    """coffer enclaves: the debug enclaves that are attached."""

    def __init__(self):
        super().__init__("coffer enclaves", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        if not cells:
            print("No debug enclave.")
        for cell in cells.values():
            print("inferior %d: process %d, of inferior %d, 0x%x to 0x%x, %s"
                  % (cell.number, cell.pid, cell.host, cell.base,
                     cell.base + cell.size, cell.path))


class Scan(gdb.Command):
    """coffer scan: attach the debug enclaves that the selected process has."""

    def __init__(self):
        super().__init__("coffer scan", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        scan()


def begin():
    gdb.execute("set schedule-multiple on", to_string=True)
    gdb.execute("set breakpoint pending on", to_string=True)
    # The copy of an instruction would be stepped at the program's entry, in
    # the cell's own code, where the cell takes no signal and no fault.
    gdb.execute("set displaced-stepping off", to_string=True)
    gdb.execute("handle %s nostop noprint pass" % CELL_SIGNALS, to_string=True)
    sys.modules["__main__"].coffer_hook = hook
    sys.modules["__main__"].coffer_before_end = before_end
    for command in ("run", "start", "starti", "kill"):
        gdb.execute("define hook-%s\npython coffer_before_end()\nend"
                    % command, to_string=True)
    gdb.unwinder.register_unwinder(None, Unwinder(), replace=True)
    Filter()
    with Quiet():
        hooks.append(Hook("coffer_debug_created", "created"))
        hooks.append(Hook("coffer_debug_ending", "ending"))
        Fault()
    gdb.events.before_prompt.connect(sweep)
    gdb.events.exited.connect(ended)
    for command in (Coffer, Backtrace, Enclaves, Scan):
        command()


begin()
