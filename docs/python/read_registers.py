#!/usr/bin/env python3
"""Reads the registers of a card, real or virtual, through the files of the XDMA driver.

    mkdir /tmp/card
    satkit virtual-card --dir /tmp/card          # in another terminal
    python3 docs/python/read_registers.py /tmp/card

For a real card the directory is /dev. Nothing but Python is needed. The names and the places of the registers come from
docs/reference/registers.md, which is generated from the register map. It has run with virtual cards only.
"""

import argparse
import os
import re
import sys
from pathlib import Path

REFERENCE = Path(__file__).parent.parent / "reference" / "registers.md"
ROW = re.compile(r"^\| `(0x[0-9a-f]+)` \| `(\w+)` \|", re.MULTILINE)
MAGIC = re.compile(r"`IDENTITY_MAGIC` holds (0x[0-9a-f]+)")


def read_register(file, offset):
    """One register. The driver moves exactly 4 bytes a call, whatever is asked for, in the host's byte order."""
    word = os.pread(file, 4, offset)
    if len(word) != 4:
        raise OSError(f"{len(word)} bytes instead of 4 at {offset:#x}")
    return int.from_bytes(word, sys.byteorder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dir", type=Path, help="/dev, or where a virtual card is mounted")
    parser.add_argument("--index", type=int, default=0, help="N of xdmaN_user")
    arguments = parser.parse_args()
    reference = REFERENCE.read_text()

    info = arguments.dir / f"xdma{arguments.index}_info"
    backend = info.read_text().splitlines()[0] if info.exists() else "backend=real"
    # O_RDWR, as the driver's files are opened; unbuffered, as a buffer would read ahead.
    file = os.open(arguments.dir / f"xdma{arguments.index}_user", os.O_RDWR)
    try:
        values = {name: read_register(file, int(offset, 16)) for offset, name in ROW.findall(reference)}
    finally:
        os.close(file)

    print(backend)
    for name, value in values.items():
        print(f"{name:20} {value:#010x}")
    if values["IDENTITY_MAGIC"] != int(MAGIC.search(reference).group(1), 16):
        sys.exit("this is not a satkit core")


if __name__ == "__main__":
    main()
