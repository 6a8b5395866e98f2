"""What PyPI asks of an upload, held against a wheel in one pass from its first byte to its last.

Written from the published rules; it shares no code with the program under test, nor with zipfile. PyPI's
rules are those of https://github.com/pypi/warehouse/tree/main/warehouse/forklift and of
https://blog.pypi.org/posts/2025-08-07-wheel-archive-confusion-attacks/.
"""

import configparser
import email
import mmap
import re
import struct
import tarfile
import zlib

from .report import Failure

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
END64, LOCATOR = b"PK\x06\x06", b"PK\x06\x07"
MIB = 1 << 20
ZIP64, UNICODE_PATH = 1, 0x7075
SENTINEL = 0xFFFFFFFF
# Flags: UTF-8 names, what deflate was asked for, and what PyPI or zipfile refuses: a data descriptor, encryption, patches.
UTF8, DEFLATE_LEVEL, REFUSED = 0x800, 0x6, 0x8 | 0x1 | 0x40 | 0x20
# Larger members are checked piece by piece, and not kept.
KEPT = 16 * MIB

ARCHES = "x86_64|i686|aarch64|armv7l|ppc64le|s390x|riscv64"
PLATFORMS = re.compile(
    "any|linux_armv[67]l|manylinux(1|2010)_(x86_64|i686)|manylinux2014_(x86_64|i686|aarch64|armv7l|ppc64|ppc64le|s390x)"
    rf"|manylinux_\d+_\d+_({ARCHES}|ppc64)|musllinux_\d+_\d+_({ARCHES})"
    r"|android_\d+_(armeabi_v7a|arm64_v8a|x86|x86_64)"
)


def refuse(reason):
    raise Failure(f"PyPI would refuse the wheel: {reason}")


class Pass:
    """The bytes of an archive, taken one record after the other."""

    def __init__(self, data):
        self.data, self.at = data, 0
        self.odd = []

    def may_not_repair(self, holds, what):
        """What PyPI takes, and a repair does not write."""
        if holds:
            self.odd.append(what)

    def take(self, length):
        part = self.data[self.at : self.at + length]
        if len(part) != length:
            refuse("it is cut short")
        self.at += length
        return part

    def fields(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))


def printable(raw):
    """A name, decoded."""
    if any(byte < 0x20 or byte == 0x7F for byte in raw):
        refuse(f"{raw!r} is not printable")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        refuse(f"{raw!r} is not UTF-8")


def name_of(one, length, flags):
    raw = one.take(length)
    name = printable(raw)
    # Without the flag, zipfile reads another name than the local header has.
    if not flags & UTF8 and not raw.isascii():
        refuse(f"{name}: the UTF-8 flag is missing")
    one.may_not_repair(flags & UTF8 and raw.isascii(), f"{name}: the UTF-8 flag for ASCII")
    return name


def zip64_of(one, length, name):
    """The zip64 field among the extra fields; None without one."""
    extra, seen = one.take(length), {}
    while extra:
        if len(extra) < 4:
            refuse(f"{name}: an extra field is cut")
        kind, length = struct.unpack("<HH", extra[:4])
        value, extra = extra[4 : 4 + length], extra[4 + length :]
        if len(value) != length:
            refuse(f"{name}: an extra field runs past its block")
        if kind in seen and kind in (ZIP64, UNICODE_PATH):
            refuse(f"{name}: extra field {kind:#x} twice")
        seen[kind] = value
        one.may_not_repair(kind != ZIP64, f"{name}: extra field {kind:#x}")
    printable(seen.get(UNICODE_PATH, b"")[5:])
    return seen.get(ZIP64)


def local_sizes(field, size, packed, method, name):
    """Size and packed size as PyPI takes them: by their places in the field, the packed one also where the header says it."""
    if field is None:
        return size, packed
    if len(field) not in (0, 8, 16, 24, 28) or (len(field) == 8 and method):
        refuse(f"{name}: a zip64 field of {len(field)} bytes")
    if not field and SENTINEL in (size, packed):
        refuse(f"{name}: an empty zip64 field")
    longs = struct.unpack(f"<{min(len(field), 16) // 8}Q", field[:16])
    if longs:
        size, packed = longs[0] if size == SENTINEL else size, longs[-1]
    return size, packed


def central_values(one, field, values, name):
    """Sizes and offset as zipfile takes them: the field's values one after the other, for the sentinels of the header."""
    longs, field = [], field or b""
    for value in values:
        if value == SENTINEL:
            if len(field) < 8:
                refuse(f"{name}: the zip64 field holds less than is asked for")
            value, field = struct.unpack("<Q", field[:8])[0], field[8:]
        longs.append(value)
    one.may_not_repair(field, f"{name}: the zip64 field holds more than is asked for")
    return longs


def stored(one, packed, name):
    """The content of a member that is not compressed, in pieces."""
    end = one.at + packed
    while one.at < end:
        yield one.take(min(MIB, end - one.at))


def inflated(one, packed, name):
    """The content of a compressed member, in pieces."""
    stream = zlib.decompressobj(-15)
    for left in stored(one, packed, name):
        piece = None
        while piece is None or len(piece) == MIB:
            piece = stream.decompress(left, MIB)
            left = stream.unconsumed_tail
            yield piece
    if not stream.eof or stream.unused_data:
        refuse(f"{name}: the compressed data does not end where it should")


def content_of(one, name, method, packed, size, crc):
    """What follows the header of a member; nothing if it is large."""
    seen, length, kept = 0, 0, []
    for piece in (inflated if method else stored)(one, packed, name):
        seen, length = zlib.crc32(piece, seen), length + len(piece)
        if size <= KEPT:
            kept.append(piece)
    if length != size or seen != crc:
        refuse(f"{name}: its data is not what the header says")
    return b"".join(kept)


def local(one):
    """A member after the signature of its local header: name, what the header says, content."""
    start = one.at - 4
    _, flags, method, _, crc, packed, size, length, extra = one.fields("HHHIIIIHH")
    name = name_of(one, length, flags)
    field, said = zip64_of(one, extra, name), (size, packed)
    size, packed = local_sizes(field, *said, method, name)
    one.may_not_repair(field is not None and SENTINEL not in said, f"{name}: a zip64 field that nothing asks for")
    if flags & REFUSED or method not in (0, 8):
        refuse(f"{name}: flags {flags:#x}, method {method}")
    one.may_not_repair(flags & ~(UTF8 | DEFLATE_LEVEL), f"{name}: flags {flags:#x}")
    content = content_of(one, name, method, packed, size, crc)
    return name, (flags, method, crc, packed, size, start), content


def central(one):
    """An entry after its signature: name, and what it says, in the form of a local header's."""
    _, _, flags, method, _, crc, packed, size, length, extra, comment, disk, _, _, offset = one.fields("HHHHIIIIHHHHHII")
    name = name_of(one, length, flags)
    size, packed, offset = central_values(one, zip64_of(one, extra, name), (size, packed, offset), name)
    if comment:
        refuse(f"{name}: a comment")
    one.may_not_repair(disk, f"{name}: another disk")
    return name, (flags, method, crc, packed, size, offset)


def end(one, signature, start, size, count):
    """The end records; the last of them ends the file."""
    long = None
    if signature == END64:
        at = one.at - 4
        length, _, _, disk, start_disk, here, count64, size64, start64 = one.fields("QHHIIQQQQ")
        if length != 44 or disk or start_disk or here != count64:
            refuse("the zip64 end record")
        long = (count64, size64, start64)
        if one.take(4) != LOCATOR or one.fields("IQI") != (0, at, 1):
            refuse("the zip64 locator")
        signature = one.take(4)
    if signature != END:
        refuse(f"an unknown record {signature!r}")
    disk, start_disk, here, in_all, said_size, said_start, comment = one.fields("HHHHIIH")
    said = [(in_all, 0xFFFF), (said_size, SENTINEL), (said_start, SENTINEL)]
    for (value, sentinel), longer, true in zip(said, long or (None,) * 3, (count, size, start)):
        if (longer if value == sentinel and long else value) != true or (long and longer != true):
            refuse(f"the end record says {value}, not {true}")
    if disk or start_disk or here != in_all:
        refuse("the end record names disks")
    one.take(comment)
    one.may_not_repair(comment, "a comment of the archive")
    if one.at != len(one.data):
        refuse(f"{len(one.data) - one.at} bytes follow the archive")


def members(one):
    """{name: content} and the size of all content; every byte of the archive belongs to a record that is as it must be.

    Of members over KEPT the content is empty.
    """
    locals_, contents = {}, {}
    signature = one.take(4)
    while signature == LOCAL:
        name, says, content = local(one)
        if name in locals_:
            refuse(f"{name} is there twice")
        locals_[name], contents[name] = says, content
        signature = one.take(4)
    start = one.at - 4
    listed = {}
    while signature == CENTRAL:
        name, says = central(one)
        if name in listed:
            refuse(f"{name} is listed twice")
        listed[name] = says
        size = one.at - start
        signature = one.take(4)
    if listed != locals_:
        refuse("the local headers and the central directory say different things")
    if not listed:
        refuse("there are no members")
    end(one, signature, start, size, len(listed))
    return contents, sum(says[4] for says in listed.values())


def check_metadata(path, contents):
    stem = "-".join(path.name.split("-")[:2])
    folder = f"{stem}.dist-info"
    for file in ("WHEEL", "METADATA", "RECORD"):
        if f"{folder}/{file}" not in contents:
            refuse(f"{folder}/{file} is not there")
    metadata = email.message_from_bytes(contents[f"{folder}/METADATA"])
    # PyPI wants this spelling itself in the file name; that is up to who built the wheel.
    def normal(name):
        return re.sub(r"[-_.]+", "_", name).lower()

    if normal(stem.split("-")[0]) != normal(metadata["Name"]):
        refuse(f"the file name is not that of {metadata['Name']}")
    version = tuple(int(part) for part in metadata["Metadata-Version"].split("."))
    for licence in metadata.get_all("License-File", []) if version >= (2, 4) else []:
        if f"{folder}/licenses/{licence}" not in contents:
            refuse(f"License-File {licence} is not there")
    points = contents.get(f"{folder}/entry_points.txt")
    if points is not None:
        parser = configparser.RawConfigParser(delimiters="=")
        parser.optionxform = str
        parser.read_string(points.decode("utf-8"))
        for section in {"console_scripts", "gui_scripts"} & set(parser.sections()):
            for script in parser[section]:
                if not re.fullmatch(r"[\w.-]+", script):
                    refuse(f"{script} is not the name of a script")


def check(path, limits=True):
    """Fails with the first rule of PyPI's that a wheel breaks; its `limits` of size are left out if asked.

    Gives what PyPI takes, and a repair never writes.
    """
    if tarfile.is_tarfile(path):
        refuse("it is a tar archive too")
    for platform in path.name.removesuffix(".whl").split("-")[-1].split("."):
        if not PLATFORMS.fullmatch(platform):
            refuse(f"the platform tag {platform}")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        one = Pass(data)
        contents, inflated = members(one)
    size = path.stat().st_size
    if limits and (size > 100 * MIB or (inflated > 64 * MIB and inflated > 50 * size)):
        refuse(f"{size} bytes that inflate to {inflated}")
    check_metadata(path, contents)
    return one.odd
