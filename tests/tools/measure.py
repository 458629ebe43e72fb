#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""measure.py IMAGE [--list]: MRENCLAVE of an enclave image, worked out from
the file alone and from the description of the layout, sharing no code with
what it checks.  --list prints the pages instead: offset, flags, whether
measured, SHA-256 of the content."""
import hashlib
import os
import struct
import sys

PAGE = 4096
R, W, X = 1, 2, 4
REG, TCS = 0x200, 0x100
RELA_TYPES = {1, 6, 7, 8, 18}  # 64, GLOB_DAT, JUMP_SLOT, RELATIVE, TPOFF64


def up(value, to):
    return (value + to - 1) // to * to


class Elf:
    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            self.data = file.read()
        d = self.data
        assert d[:6] == b"\x7fELF\x02\x01"
        (self.type, self.machine, _, self.entry, phoff, shoff, _, _, phsize,
         phnum, shsize, shnum, shstrndx) = struct.unpack_from(
            "<HHIQQQIHHHHHH", d, 16)
        assert (self.type, self.machine) == (3, 62)
        self.segments = []
        for i in range(phnum):
            kind, flags, offset, vaddr, _, filesz, memsz, align = \
                struct.unpack_from("<IIQQQQQQ", d, phoff + i * phsize)
            self.segments.append((kind, flags, offset, vaddr, filesz, memsz,
                                  align))
        raw = [struct.unpack_from("<IIQQQQIIQQ", d, shoff + i * shsize)
               for i in range(shnum)]
        names = raw[shstrndx][4]
        self.sections = {}
        for s in raw[1:]:
            name = self.text(names + s[0])
            self.sections.setdefault(name, {
                "addr": s[3], "offset": s[4], "size": s[5], "align": s[8]})
        self.loads = [s for s in self.segments if s[0] == 1]
        high = max(s[3] + s[5] for s in self.loads)
        self.size = up(high, PAGE)
        self.image = bytearray(self.size)
        for _, _, offset, vaddr, filesz, _, _ in self.loads:
            self.image[vaddr:vaddr + filesz] = d[offset:offset + filesz]
        self.symbols = self.read_symbols()
        self.rva = 0

    def text(self, at):
        return self.data[at:self.data.index(b"\0", at)].decode()

    def section(self, name):
        s = self.sections.get(name)
        return self.data[s["offset"]:s["offset"] + s["size"]] if s else b""

    def read_symbols(self):
        table, out = self.section(".dynsym"), []
        strings = self.sections.get(".dynstr", {"offset": 0})["offset"]
        for at in range(0, len(table), 24):
            name, info, _, where, value, _ = struct.unpack_from("<IBBHQQ",
                                                                table, at)
            out.append((self.text(strings + name) if name else "", info,
                        where, value))
        return out

    def find(self, wanted):
        for name, _, where, value in self.symbols[1:]:
            if name == wanted:
                return value if where else None
        return None

    def relocations(self):
        raw = self.section(".rela.dyn")
        if raw:
            raw += self.section(".rela.plt")
        out = []
        for at in range(0, len(raw), 24):
            offset, info, addend = struct.unpack_from("<QQq", raw, at)
            assert info & 0xffffffff in RELA_TYPES, hex(info)
            if info & 0xffffffff == 18:
                addend = self.symbols[info >> 32][3]
            out.append([offset, info, addend])
        return out

    def needed(self):
        raw, found, strings = self.section(".dynamic"), None, None
        for at in range(0, len(raw), 16):
            tag, value = struct.unpack_from("<QQ", raw, at)
            if tag == 1:
                assert found is None
                found = value
            elif tag == 5:
                strings = value
        if not found:
            return None
        start = strings + found
        name = self.image[start:self.image.index(0, start)].decode()
        return os.path.join(os.path.dirname(self.path), name.split("/")[-1])


def link(a, b):
    out = []
    for offset, info, addend in a.relocations():
        kind, number = info & 0xffffffff, info >> 32
        offset += a.rva
        if kind == 8:
            addend += a.rva
        elif kind in (1, 6, 7):
            name, binding, _, _ = a.symbols[number]
            plus = addend if kind == 1 else 0
            info = number << 32 | 8
            if a.find(name) is not None:
                addend = a.rva + a.find(name) + plus
            elif b.find(name) is not None:
                addend = b.rva + b.find(name) + plus
            else:
                assert binding >> 4 == 2, name
        out.append([offset, info, addend])
    return out


def pages(path):
    """Yields (offset, secinfo flags, measured, content), in order, after
    the size of ELRANGE."""
    main = Elf(path)
    other = None
    relocations = main.relocations()
    if main.needed():
        other = Elf(main.needed())
        other.rva = main.size
        relocations = link(main, other) + link(other, main)
    raw = b"".join(struct.pack("<QQq", *r) for r in relocations)
    raw += bytes(up(len(raw), PAGE) - len(raw))
    info = main.sections[".oeinfo"]["addr"]
    header = struct.unpack_from("<IIQQQHHI", main.image, info)
    heap, stack, threads, flags = header[2], header[3], header[4], header[7]
    start = struct.unpack_from("<Q", main.image, info + 88)[0] \
        if flags & 2 else 0

    room, most = heap, threads
    growth = main.sections.get(".coffer.growth")
    if growth:
        assert growth["size"] == 24
        _, _, more_heap, more_threads = struct.unpack_from(
            "<IIQQ", main.image, growth["addr"])
        room, most = more_heap or heap, more_threads or threads
    assert room >= heap and most >= threads

    tdata = main.sections.get(".tdata", {"addr": 0, "size": 0})
    tbss = main.sections.get(".tbss", {"size": 0})
    align = max([1] + [s[6] for s in main.segments if s[0] == 7])
    tls = up(up(tdata["size"], align) + up(tbss["size"], align), PAGE) // PAGE

    reloc_rva = main.size + (other.size if other else 0)
    heap_rva = reloc_rva + len(raw)
    total = start + heap_rva + PAGE * (room + most * (stack + tls + 7))
    size = 8192
    while size < total:
        size *= 2
    yield size

    def patch(name, value):
        at = main.find(name)
        if at is not None:
            struct.pack_into("<Q", main.image, at, value)

    struct.pack_into("<QQQQQQ", main.image, info + 96, info, 1960, reloc_rva,
                     len(raw), heap_rva, size)
    main.image[info + 144:info + 1952] = bytes(1808)
    patch("_enclave_rva", main.find("_enclave_rva"))
    patch("_reloc_rva", reloc_rva)
    patch("_reloc_size", len(raw))
    if tdata["size"]:
        patch("_tdata_rva", tdata["addr"])
        patch("_tdata_size", tdata["size"])
        patch("_tdata_align", align)
    if tbss["size"]:
        patch("_tbss_size", tbss["size"])
        patch("_tbss_align", align)
    patch("_td_from_tcs_offset", (tls + 4) * PAGE)
    if other:
        at = main.find("_module_info")
        values = [other.rva]
        for name in (".init_array", ".fini_array"):
            s = other.sections.get(name)
            values += [other.rva + s["addr"], s["size"]] if s else [0, 0]
        struct.pack_into("<QQQQQ", main.image, at, *values)

    for elf in (main, other):
        for _, protect, _, vaddr, _, memsz, _ in elf.loads if elf else ():
            bits = ((protect & 4) and R) | ((protect & 2) and W) | \
                ((protect & 1) and X)
            at = vaddr // PAGE * PAGE
            while at < vaddr + memsz:
                yield (start + elf.rva + at, REG | bits, True,
                       bytes(elf.image[at:at + PAGE]))
                at += PAGE
    at = start + reloc_rva
    for i in range(0, len(raw), PAGE):
        yield at + i, REG | R, True, raw[i:i + PAGE]
    at = start + heap_rva
    for _ in range(heap):
        yield at, REG | R | W, False, bytes(PAGE)
        at += PAGE
    at += PAGE * (room - heap)
    for _ in range(threads):
        at += PAGE
        for _ in range(stack):
            yield at, REG | R | W, True, b"\xcc" * PAGE
            at += PAGE
        at += PAGE
        td = at + (4 + tls) * PAGE
        tcs = struct.pack("<QQQIIQQQQII", 0, 0, at + PAGE, 0, 2,
                          start + main.entry, 0, td, td, 0xffffffff,
                          0xffffffff)
        yield at, TCS, True, tcs + bytes(PAGE - len(tcs))
        for after in [1, 2] + list(range(4, 5 + tls)):
            yield at + after * PAGE, REG | R | W, True, bytes(PAGE)
        at = td + PAGE


def mrenclave(path):
    sequence = pages(path)
    size = next(sequence)
    value = hashlib.sha256(b"ECREATE\0" + struct.pack("<IQ", 1, size)
                           + bytes(44))
    for offset, flags, measured, content in sequence:
        value.update(b"EADD\0\0\0\0" + struct.pack("<QQ", offset, flags)
                     + bytes(40))
        for at in range(0, PAGE if measured else 0, 256):
            value.update(b"EEXTEND\0" + struct.pack("<Q", offset + at)
                         + bytes(48) + content[at:at + 256])
    return value.hexdigest()


def main():
    if len(sys.argv) == 3 and sys.argv[2] == "--list":
        sequence = pages(sys.argv[1])
        print(f"size {next(sequence):x}")
        for offset, flags, measured, content in sequence:
            print(f"{offset:x} {flags:x} {int(measured)} "
                  f"{hashlib.sha256(content).hexdigest()}")
    elif len(sys.argv) == 2:
        print(mrenclave(sys.argv[1]))
    else:
        sys.exit(__doc__)


main()
