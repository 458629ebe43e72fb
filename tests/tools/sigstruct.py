#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sigstruct.py IMAGE [FIELD]: verifies the SIGSTRUCT in a signed enclave
image with plain integers and hashlib, sharing no code with the signer, and
prints its fields, NAME=VALUE (or the value of one field)."""
import hashlib
import struct
import sys

DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def section(data, wanted):
    shoff, = struct.unpack_from("<Q", data, 40)
    size, count, names = struct.unpack_from("<HHH", data, 58)
    at = struct.unpack_from("<Q", data, shoff + names * size + 24)[0]
    for i in range(count):
        name, = struct.unpack_from("<I", data, shoff + i * size)
        start = at + name
        if data[start:data.index(b"\0", start)] == wanted:
            return struct.unpack_from("<Q", data, shoff + i * size + 24)[0]
    sys.exit("no section " + wanted.decode())


def little(raw):
    return int.from_bytes(raw, "little")


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    at = section(data, b".oeinfo") + 144
    s = data[at:at + 1808]
    m, sig = little(s[128:512]), little(s[516:900])
    digest = hashlib.sha256(s[:128] + s[900:1028]).digest()
    padded = b"\0\1" + b"\xff" * (384 - 3 - 51) + b"\0" + DIGEST_INFO + digest
    checks = {
        "header": s[:16].hex() == "06000000e10000000000010000000000",
        "header2": s[24:40].hex() == "01010000600000006000000001000000",
        "vendor": s[16:20] == bytes(4),
        "swdefined": s[40:44] == bytes(4),
        "reserved": not any(s[44:128]) and not any(s[1028:1040])
            and not any(s[910:912]) and not any(s[992:1008]),
        "exponent": little(s[512:516]) == 3,
        "modulus": m.bit_length() == 3072 and m % 2 == 1,
        "signature": sig < m
            and pow(sig, 3, m) == int.from_bytes(padded, "big"),
        "q1": little(s[1040:1424]) == sig * sig // m,
        "q2": little(s[1424:1808]) == sig * (sig * sig % m) // m,
    }
    bad = [name for name, good in checks.items() if not good]
    fields = {
        "date": s[20:24][::-1].hex(),
        "miscselect": s[900:904][::-1].hex(),
        "miscmask": s[904:908][::-1].hex(),
        "family_id": s[912:928].hex(),
        "attributes": s[928:936][::-1].hex(),
        "xfrm": s[936:944][::-1].hex(),
        "attributes_mask": s[944:952][::-1].hex(),
        "xfrm_mask": s[952:960][::-1].hex(),
        "mrenclave": s[960:992].hex(),
        "ext_prod_id": s[1008:1024].hex(),
        "prod_id": str(little(s[1024:1026])),
        "svn": str(little(s[1026:1028])),
        "mrsigner": hashlib.sha256(s[128:512]).hexdigest(),
        "digest": digest.hex(),
    }
    if bad:
        sys.exit("wrong: " + ", ".join(bad))
    if len(sys.argv) == 3:
        print(fields[sys.argv[2]])
    else:
        for name, value in fields.items():
            print(f"{name}={value}")


main()
