"""Libraries of any size, made without a compiler that has to see their bytes."""

import functools
import hashlib
import re
import struct

from .programs import run
from .report import Failure

MIB = 1 << 20
LOAD, WRITABLE = 1, 2
PROGBITS, NOBITS = 1, 8


@functools.cache
def block():
    """A MiB that stands in large libraries over and over: a quarter is noise."""
    noise = b"".join(hashlib.sha256(number.to_bytes(4, "little")).digest() for number in range(8192))
    return noise + (b"the rest is of another kind, and short; " * 19661)[: MIB - len(noise)]


def byte_at(place):
    """The byte at a place of the array that a library holds."""
    return block()[place % MIB]


def graft(path, size):
    """The library that the wheel needs, with so many bytes in it."""
    source = "int graft(void) { return 7; }"
    if size:
        source += f"char held[{size}]; int held_at(unsigned long place) {{ return held[place]; }}"
    link(path, source, [f"-Wl,-soname,{path.name}"])
    if size:
        fill(path)


def extension(path, folder, size):
    """A library with so many bytes in it that needs `libgraft.so.1`."""
    source = f"""
        extern int graft(void);
        char held[{size}];
        void *PyInit__large(void) {{ return 0; }}
        int at(unsigned long place) {{ return graft() == 7 ? held[place] : -1000; }}
    """
    # By its file: the linker need not find it by another name.
    link(path, source, [folder / "libgraft.so.1"])
    fill(path)


def link(path, source, more):
    written = path.with_suffix(".c")
    written.write_text(source)
    run(["gcc", "-shared", "-fPIC", "-O1", "-o", path, written, "-Wl,--hash-style=gnu", *more])
    written.unlink()


def fill(path):
    """Gives the array `held` of a linked library its bytes: .bss, which is only told of, becomes part of the file."""
    data = bytearray(path.read_bytes())
    if data[:6] != b"\x7fELF\x02\x01":
        raise Failure("the libraries of this suite can only be made on a 64-bit little-endian machine")
    segment, address, start, length = bss_segment(data)
    place = start + struct.unpack_from("<Q", data, segment + 32)[0]
    added = start + length - place
    # What follows keeps its alignment.
    shift = -(-added // 64) * 64
    struct.pack_into("<Q", data, segment + 32, length)
    move_sections(data, address - start, place, shift)
    held = int(re.search(r"^(\w+) \w held$", run(["nm", "-D", path]).stdout, re.MULTILINE)[1], 16) - address + start
    with path.open("wb") as file:
        file.write(data[:place])
        file.write(bytes(held - place))
        written = held - place
        while written < added:
            written += file.write(block()[: added - written])
        file.write(bytes(shift - added))
        file.write(data[place:])


def bss_segment(data):
    """The program header of the segment that is longer than its part of the file: where it is, and what it says."""
    programs, (size, count) = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<HH", data, 54)
    for at in range(programs, programs + size * count, size):
        kind, flags, start, address, _, in_file, in_memory = struct.unpack_from("<IIQQQQQ", data, at)
        if kind == LOAD and flags & WRITABLE and in_file < in_memory:
            return at, address, start, in_memory
    raise Failure("the library has no .bss")


def move_sections(data, base, place, shift):
    """Section headers say where .bss is now, and what came after it."""
    headers = struct.unpack_from("<Q", data, 40)[0]
    size, count = struct.unpack_from("<HH", data, 58)
    for at in range(headers, headers + size * count, size):
        kind, _, address, offset = struct.unpack_from("<IQQQ", data, at + 4)
        if kind == NOBITS:
            struct.pack_into("<I", data, at + 4, PROGBITS)
            struct.pack_into("<Q", data, at + 24, address - base)
        elif offset >= place:
            struct.pack_into("<Q", data, at + 24, offset + shift)
    struct.pack_into("<Q", data, 40, headers + shift)


def blocks_of(path):
    """The content of a file, in blocks."""
    with path.open("rb") as file:
        while part := file.read(MIB):
            yield part
