#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""measure_reference.py DRIVER: MRENCLAVE computed a second time, with
nothing but hashlib and the manual's blocks, against src/sgx/measure."""
import hashlib
import random
import struct
import subprocess
import sys

TCS = 0x100


class Reference:
    def __init__(self, frame, size):
        self.hash = hashlib.sha256()
        self.blocks = 0
        self.put(b"ECREATE\0" + struct.pack("<IQ", frame, size))

    def put(self, data):
        data += bytes(-len(data) % 64)
        self.hash.update(data)
        self.blocks += len(data) // 64

    def eadd(self, offset, flags):
        if flags >> 8 == 1:
            flags &= ~7
        self.put(b"EADD\0\0\0\0" + struct.pack("<QQ", offset, flags))

    def eextend(self, offset, chunk):
        self.put(b"EEXTEND\0" + struct.pack("<Q", offset))
        self.put(chunk)

    def page(self, offset, flags, page):
        self.eadd(offset, flags)
        for i in range(0, 4096, 256):
            self.eextend(offset + i, page[i:i + 256])

    def line(self):
        return f"{self.hash.hexdigest()} {self.blocks}"


def enclave(rng):
    """A random build: the script for the driver, and the right answer."""
    frame, size = rng.randint(1, 9), 1 << rng.randint(13, 40)
    reference = Reference(frame, size)
    script = [f"ecreate {frame} {size}"]
    for _ in range(rng.randint(0, 12)):
        offset = rng.randrange(0, 1 << 36, 4096)
        flags = rng.choice([0x201, 0x203, 0x205, 0x207, 0x200, TCS, TCS | 3])
        kind = rng.randint(0, 2)
        if kind == 0:
            count = rng.choice([0, 1, 2, 63, 64, 65, 128, 200])
            script.append(f"eadd {offset} {flags} {count}")
            for i in range(count):
                reference.eadd(offset + i * 4096, flags)
        elif kind == 1:
            chunk = rng.randbytes(256)
            script.append(f"eextend {offset} {chunk.hex()}")
            reference.eextend(offset, chunk)
        else:
            page = rng.randbytes(4096)
            script.append(f"page {offset} {flags} {page.hex()}")
            reference.page(offset, flags, page)
    return script + ["final"], reference.line()


def main():
    rng = random.Random(20260101)
    builds = [enclave(rng) for _ in range(300)]
    script = "\n".join(line for steps, _ in builds for line in steps) + "\n"
    answers = subprocess.run(sys.argv[1], input=script, text=True, check=True,
                             capture_output=True).stdout.split("\n")[:-1]
    wrong = sum(answer != right
                for answer, (_, right) in zip(answers, builds))
    print(f"{len(answers)} measurements, {wrong} differ")
    sys.exit(0 if len(answers) == len(builds) and not wrong else 1)


main()
