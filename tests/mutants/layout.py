"""The tables of an ELF file, as places in its bytes that can be read and written; for both classes and byte orders."""

import struct

# Of each record its fields, as (name, size on 32 bits, size on 64 bits), in the order of each class.
PROGRAM_64 = [("type", 4), ("flags", 4), ("offset", 8), ("vaddr", 8), ("paddr", 8), ("filesz", 8), ("memsz", 8), ("align", 8)]
PROGRAM_32 = [("type", 4), ("offset", 4), ("vaddr", 4), ("paddr", 4), ("filesz", 4), ("memsz", 4), ("flags", 4), ("align", 4)]
SECTION_64 = [("name", 4), ("type", 4), ("flags", 8), ("addr", 8), ("offset", 8), ("size", 8), ("link", 4), ("info", 4), ("align", 8), ("entsize", 8)]
SECTION_32 = [(name, 4) for name, _ in SECTION_64]
CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}

LOAD, DYNAMIC, INTERP, NOTE = 1, 2, 3, 4
NULL, NEEDED, STRTAB, SYMTAB, SONAME, RPATH, RUNPATH = 0, 1, 5, 6, 14, 15, 29
HASH, GNU_HASH, VERSYM, VERNEED, VERDEF = 4, 0x6FFFFEF5, 0x6FFFFFF0, 0x6FFFFFFE, 0x6FFFFFFC


class Record:
    """One record of a table: fields are read and written by name, in the file's bytes."""

    def __init__(self, elf, at, fields):
        self.elf, self.at, self.fields = elf, at, fields
        self.size = sum(size for _, size in fields)

    def place(self, wanted):
        at = self.at
        for name, size in self.fields:
            if name == wanted:
                return at, size
            at += size
        raise KeyError(wanted)

    def __getitem__(self, name):
        return self.elf.read(*self.place(name))

    def __setitem__(self, name, value):
        self.elf.write(*self.place(name), value)

    @property
    def bytes(self):
        return bytes(self.elf.data[self.at : self.at + self.size])

    @bytes.setter
    def bytes(self, new):
        self.elf.data[self.at : self.at + self.size] = new


class Elf:
    """A file whose tables may already be wrong: what lies outside of it reads as 0, and is not written."""

    def __init__(self, data):
        self.data = bytearray(data)
        self.wide = self.data[4] == 2
        self.order = "<" if self.data[5] == 1 else ">"
        self.word = 8 if self.wide else 4

    def read(self, at, size):
        if at < 0 or at + size > len(self.data):
            return 0
        return struct.unpack_from(self.order + CODES[size], self.data, at)[0]

    def write(self, at, size, value):
        if 0 <= at and at + size <= len(self.data):
            struct.pack_into(self.order + CODES[size], self.data, at, value & ((1 << 8 * size) - 1))

    def header(self, name):
        """The place of a field of the file's header."""
        wide = {"phoff": (32, 8), "shoff": (40, 8), "phnum": (56, 2), "shnum": (60, 2), "shstrndx": (62, 2)}
        narrow = {"phoff": (28, 4), "shoff": (32, 4), "phnum": (44, 2), "shnum": (48, 2), "shstrndx": (50, 2)}
        return (wide if self.wide else narrow)[name]

    def table(self, start, count, fields):
        size = sum(size for _, size in fields)
        return [Record(self, at, fields) for at in range(start, start + size * count, size) if at + size <= len(self.data)]

    @property
    def programs(self):
        fields = PROGRAM_64 if self.wide else PROGRAM_32
        return self.table(self.read(*self.header("phoff")), self.read(*self.header("phnum")), fields)

    @property
    def sections(self):
        fields = SECTION_64 if self.wide else SECTION_32
        return self.table(self.read(*self.header("shoff")), self.read(*self.header("shnum")), fields)

    @property
    def dynamic(self):
        """The entries, to the end of the segment: spare ones too."""
        for program in self.programs:
            if program["type"] == DYNAMIC:
                count = min(program["filesz"] // (2 * self.word), 200)
                return self.table(program["offset"], count, [("tag", self.word), ("value", self.word)])
        return []

    def offset(self, address):
        """Where in the file an address is, or None."""
        for program in self.programs:
            if program["type"] == LOAD and 0 <= address - program["vaddr"] < program["filesz"]:
                return program["offset"] + address - program["vaddr"]
        return None

    def found(self, tag):
        """Where in the file the table of a dynamic entry is, or None."""
        values = [entry["value"] for entry in self.dynamic if entry["tag"] == tag]
        return self.offset(values[0]) if values else None
