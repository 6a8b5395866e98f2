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

    def take(self, length):
        part = self.data[self.at : self.at + length]
        if len(part) != length:
            refuse("it is cut short")
        self.at += length
        return part

    def fields(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))


def name_of(raw, flags):
    if any(byte < 0x20 or byte == 0x7F for byte in raw):
        refuse(f"{raw!r} is not printable")
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        refuse(f"{raw!r} is not UTF-8")
    if bool(flags & 0x800) == raw.isascii():
        refuse(f"{name}: the UTF-8 flag is wrong")
    return name


def long_values(extra, short, method, name):
    """The sizes (and offset) with 64-bit ones in the place of sentinels."""
    seen, longer = set(), b""
    while extra:
        if len(extra) < 4:
            refuse(f"{name}: an extra field is cut")
        kind, length = struct.unpack("<HH", extra[:4])
        value, extra = extra[4 : 4 + length], extra[4 + length :]
        if len(value) != length:
            refuse(f"{name}: an extra field runs past its block")
        if kind in seen:
            refuse(f"{name}: extra field {kind:#x} twice")
        seen.add(kind)
        if kind != 1:
            refuse(f"{name}: extra field {kind:#x}, where a repair writes none")
        if length not in (0, 8, 16, 24, 28) or (length == 8 and method == 8):
            refuse(f"{name}: a zip64 field of {length} bytes")
        longer = value
    values = []
    for value in short:
        if value == 0xFFFFFFFF and longer:
            value, longer = struct.unpack("<Q", longer[:8])[0], longer[8:]
        values.append(value)
    if longer:
        refuse(f"{name}: the zip64 field holds more than is asked for")
    return values


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
    name = name_of(one.take(length), flags)
    size, packed = long_values(one.take(extra), (size, packed), method, name)
    if flags & ~0x806 or method not in (0, 8):
        refuse(f"{name}: flags {flags:#x}, method {method}")
    content = content_of(one, name, method, packed, size, crc)
    return name, (flags, method, crc, packed, size, start), content


def central(one):
    """An entry after its signature: name, and what it says, in the form of a local header's."""
    _, _, flags, method, _, crc, packed, size, length, extra, comment, disk, _, _, offset = one.fields("HHHHIIIIHHHHHII")
    name = name_of(one.take(length), flags)
    size, packed, offset = long_values(one.take(extra), (size, packed, offset), method, name)
    if comment or disk:
        refuse(f"{name}: a comment or another disk")
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
    said = [(in_all, 0xFFFF), (said_size, 0xFFFFFFFF), (said_start, 0xFFFFFFFF)]
    for (value, sentinel), longer, true in zip(said, long or (None,) * 3, (count, size, start)):
        if (longer if value == sentinel and long else value) != true or (long and longer != true):
            refuse(f"the end record says {value}, not {true}")
    if disk or start_disk or here != in_all or comment:
        refuse("the end record names disks, or has a comment")
    if one.at != len(one.data):
        refuse(f"{len(one.data) - one.at} bytes follow the archive")


def members(data):
    """{name: content} and the size of all content; every byte of the archive belongs to a record that is as it must be.

    Of members over KEPT the content is empty.
    """
    one = Pass(data)
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
    """Fails with the first rule of PyPI's that a wheel breaks; its `limits` of size are left out if asked."""
    if tarfile.is_tarfile(path):
        refuse("it is a tar archive too")
    for platform in path.name.removesuffix(".whl").split("-")[-1].split("."):
        if not PLATFORMS.fullmatch(platform):
            refuse(f"the platform tag {platform}")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        contents, inflated = members(data)
    size = path.stat().st_size
    if limits and (size > 100 * MIB or (inflated > 64 * MIB and inflated > 50 * size)):
        refuse(f"{size} bytes that inflate to {inflated}")
    check_metadata(path, contents)
