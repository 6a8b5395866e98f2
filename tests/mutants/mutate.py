"""Changes to an ELF file: each one lies about something that a loader or a reader of section headers believes."""

import layout
from layout import DYNAMIC, INTERP, LOAD, NOTE, NULL

PAGE = 0x1000
STRINGS = (layout.NEEDED, layout.SONAME, layout.RPATH, layout.RUNPATH)


def near(rng, value):
    """Another number, mostly one that is hard to tell from the right one."""
    kind = rng.randrange(8)
    if kind == 0:
        return rng.choice([0, 1, 2**16, 2**31, 2**32 - 1, 2**63, 2**64 - 1])
    if kind == 1:
        return value ^ (1 << rng.randrange(48))
    step = rng.choice([1, 2, 4, 8, 16, 24, 64, PAGE, 2 * PAGE, 16 * PAGE])
    return value + step if rng.random() < 0.5 else value - step


def program_size(rng, elf):
    program = rng.choice(elf.programs)
    field = rng.choice(["filesz", "memsz"])
    page_end = -(-(program["vaddr"] + program[field]) // PAGE) * PAGE - program["vaddr"]
    program[field] = rng.choice([0, page_end, program["filesz"], program["memsz"], near(rng, program[field]), near(rng, program[field])])


def program_place(rng, elf):
    program = rng.choice(elf.programs)
    if rng.random() < 0.5:
        moved = rng.choice([-PAGE, PAGE, 16 * PAGE])
        for field in rng.sample(["offset", "vaddr"], rng.choice([1, 2])):
            program[field] = program[field] + moved
    else:
        field = rng.choice(["offset", "vaddr", "paddr", "align"])
        program[field] = near(rng, program[field])


def program_flags(rng, elf):
    rng.choice(elf.programs)["flags"] = rng.choice([0, 1, 2, 3, 4, 5, 6, 7, rng.getrandbits(32)])


def program_order(rng, elf):
    one, other = rng.sample(elf.programs, 2)
    one.bytes, other.bytes = other.bytes, one.bytes


def program_twice(rng, elf):
    one, other = rng.sample(elf.programs, 2)
    other.bytes = one.bytes


def program_kind(rng, elf):
    rng.choice(elf.programs)["type"] = rng.choice([0, LOAD, DYNAMIC, INTERP, NOTE, 6, 7, 0x6474E552, 0x6474E553, rng.getrandbits(32)])


def empty_load(rng, elf):
    """A segment without bytes: loaders map the page that it is in."""
    spare = [program for program in elf.programs if program["type"] not in (LOAD, DYNAMIC)]
    loads = [program for program in elf.programs if program["type"] == LOAD]
    if not spare or not loads:
        return
    program, load = rng.choice(spare), rng.choice(loads)
    inside = rng.choice([0, load["filesz"], load["memsz"], rng.randrange(load["memsz"] % (1 << 40) + 1)])
    program["type"], program["flags"], program["align"] = LOAD, rng.choice([4, 5, 6]), PAGE
    program["offset"], program["vaddr"] = load["offset"] + inside, load["vaddr"] + inside
    program["filesz"], program["memsz"] = 0, rng.choice([0, 0, 1, 8, PAGE])
    if rng.random() < 0.7:
        by_address(elf)


def by_address(elf):
    """Segments in the order that loaders want: what is moved is the contents, not the places."""
    loads = [program for program in elf.programs if program["type"] == LOAD]
    contents = [program.bytes for program in sorted(loads, key=lambda program: program["vaddr"])]
    for program, new in zip(loads, contents):
        program.bytes = new


def page_tail(rng, elf):
    """Bytes behind a segment's part of the file, which its last page brings along."""
    program = rng.choice([program for program in elf.programs if program["type"] == LOAD] or elf.programs)
    end = program["offset"] + program["filesz"]
    for at in range(end, min(-(-end // PAGE) * PAGE, len(elf.data))):
        if elf.data[at] == 0:
            elf.data[at] = rng.randrange(256)


def program_count(rng, elf):
    place = elf.header("phnum")
    elf.write(*place, max(0, elf.read(*place) + rng.choice([-2, -1, 1, 2])))


def entry_order(rng, elf):
    one, other = rng.sample(elf.dynamic, 2)
    one.bytes, other.bytes = other.bytes, one.bytes


def entry_twice(rng, elf):
    """One entry where another or a spare one was."""
    spare = [entry for entry in elf.dynamic if entry["tag"] == NULL][:1]
    rng.choice(spare or elf.dynamic).bytes = rng.choice(elf.dynamic).bytes


def entry_value(rng, elf):
    entry = rng.choice(elf.dynamic)
    entry["value"] = near(rng, entry["value"])


def entry_tag(rng, elf):
    known = [entry["tag"] for entry in elf.dynamic] + [*STRINGS, 24, 30, 0x6FFFFFFB, 0x7FFFFFFD, 0x7FFFFFFF, NULL]
    rng.choice(elf.dynamic)["tag"] = rng.choice(known)


def entry_text(rng, elf):
    """A name or a search path that begins elsewhere in the string table."""
    entries = [entry for entry in elf.dynamic if entry["tag"] in STRINGS]
    if entries:
        entry = rng.choice(entries)
        entry["value"] = rng.choice([entry["value"] + rng.randrange(1, 12), rng.choice(entries)["value"], 0, near(rng, entry["value"])])


def text(rng, elf):
    """Other bytes in a name or a search path."""
    entries = [entry for entry in elf.dynamic if entry["tag"] in STRINGS]
    start = elf.found(layout.STRTAB)
    if entries and start is not None:
        at = start + rng.choice(entries)["value"]
        for place in range(at, min(at + 40, len(elf.data))):
            if elf.data[place] and rng.random() < 0.1:
                elf.data[place] = rng.choice(b"/$:.O {}\n\t\x00\x1b\x80\xffab")


def table(tag, length):
    """A change to the first bytes of the table that a dynamic entry leads to."""

    def changed(rng, elf):
        start = elf.found(tag)
        if start is not None:
            size = rng.choice([2, 4])
            at = start + rng.randrange(0, length, size)
            elf.write(at, size, rng.choice([0, 1, near(rng, elf.read(at, size)), rng.getrandbits(8 * size)]))

    changed.__name__ = f"table_{tag:x}"
    return changed


def sections_gone(rng, elf):
    for name in rng.choice([["shoff"], ["shnum"], ["shstrndx"], ["shoff", "shnum", "shstrndx"]]):
        elf.write(*elf.header(name), rng.choice([0, 0, near(rng, elf.read(*elf.header(name)))]))


def section_lies(rng, elf):
    if elf.sections:
        section = rng.choice(elf.sections)
        field = rng.choice([name for name, _ in section.fields])
        section[field] = rng.choice([0, near(rng, section[field]), rng.choice(elf.sections)[field]])


def noise(rng, elf):
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        elf.data[rng.randrange(len(elf.data))] ^= 1 << rng.randrange(8)


def noise_in_front(rng, elf):
    for _ in range(rng.choice([1, 1, 2])):
        elf.data[rng.randrange(min(0x400, len(elf.data)))] = rng.choice([0, 1, 255, rng.randrange(256)])


def shorter(rng, elf):
    del elf.data[len(elf.data) - rng.choice([1, 64, rng.randrange(1, len(elf.data))]) :]


def longer(rng, elf):
    elf.data += rng.randbytes(rng.choice([1, 8, 100, 5000]))


MUTATIONS = [
    program_size, program_size, program_place, program_flags, program_order, program_twice, program_kind,
    empty_load, empty_load, page_tail, page_tail, program_count,
    entry_order, entry_order, entry_twice, entry_value, entry_tag, entry_text, text, text,
    table(layout.VERNEED, 64), table(layout.VERDEF, 64), table(layout.VERSYM, 64), table(layout.SYMTAB, 240),
    table(layout.GNU_HASH, 64), table(layout.HASH, 64),
    sections_gone, section_lies, section_lies, noise, noise, noise_in_front, shorter, longer,
]  # fmt: skip


def mutated(rng, data, times):
    """The file after so many changes, and their names. What a change finds nothing for stays as it is."""
    elf, names = layout.Elf(data), []
    for _ in range(times):
        mutation = rng.choice(MUTATIONS)
        try:
            mutation(rng, elf)
        except (ValueError, IndexError):
            continue  # an earlier change left too little of a table
        names.append(mutation.__name__)
    return bytes(elf.data), names
