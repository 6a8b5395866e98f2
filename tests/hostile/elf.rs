//! ELF files that a loader refuses, or reads otherwise than a tool would.

use elf_edit::dt;
use elf_synth::Synthetic;

use crate::craft::judge::{Case, End, hold};
use crate::craft::wheel::{Maker, extension, synth};

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const MALFORMED: &[&str] = &["elf-malformed"];

fn made(id: &str, end: End, codes: &[&'static str], fault: impl FnOnce(&mut Synthetic)) -> Case {
    let mut file = synth(&[]).needed("libc.so.6").make();
    fault(&mut file);
    ended(id, end, codes, file.bytes)
}

fn ended(id: &str, end: End, codes: &[&'static str], bytes: Vec<u8>) -> Case {
    let maker = Maker::with_extension(bytes);
    match end {
        End::Refused => Case::refused(id, &maker, codes),
        End::Done => Case::told(id, &maker, codes),
        End::Any => Case {
            show: End::Any,
            ..Case::told(id, &maker, codes)
        }
        .repair(End::Any),
    }
}

#[test]
fn files_that_are_cut() {
    let whole = extension(&[]);
    let lengths = [4, 5, 16, 40, 63, 64, 100, 200, 300, 400];
    let cases = lengths.map(|length| {
        let bytes = whole[..length].to_vec();
        ended(&format!("cut-{length}"), End::Refused, MALFORMED, bytes)
    });
    hold(&cases);
    // As data, with a name that nothing loads, it is only told.
    let data = Maker::default().file("evil/data.bin", b"\x7fELF");
    let empty = Maker::default().file("evil/empty.so", "");
    let text = Maker::default().file("evil/text.so", "INPUT(libx.so)");
    hold(&[
        Case::told("magic-as-data", &data, MALFORMED),
        Case::sound("empty-library", &empty),
        Case::sound("linker-script", &text),
    ]);
}

#[test]
fn headers() {
    let byte = |id: &str, end: End, at: u64, value: u8| {
        made(
            id,
            end,
            if end == End::Refused { MALFORMED } else { &[] },
            move |file| file.put(at, &[value]),
        )
    };
    let word = |id: &str, end: End, at: u64, value: u64| {
        made(
            id,
            end,
            if end == End::Refused { MALFORMED } else { &[] },
            move |file| file.put_word(at, value),
        )
    };
    let half = |id: &str, end: End, at: u64, value: u16| {
        made(
            id,
            end,
            if end == End::Refused { MALFORMED } else { &[] },
            move |file| file.put_u16(at, value),
        )
    };
    let refused = End::Refused;
    let cases = [
        byte("class-0", refused, 4, 0),
        byte("class-3", refused, 4, 3),
        byte("class-32", End::Any, 4, 1),
        byte("order-0", refused, 5, 0),
        byte("order-3", refused, 5, 3),
        // Read so, it is for a machine that no tag knows, and the wheel has no other.
        made("order-big", refused, &["not-platform"], |file| {
            file.put(5, &[2]);
        }),
        word("segments-past-end", refused, 32, 1 << 40),
        word("segments-at-the-limit", refused, 32, u64::MAX - 8),
        word("sections-past-end", End::Any, 40, 1 << 40),
        word("sections-overflow", End::Any, 40, u64::MAX - 63),
        half("many-segments", refused, 56, 0xffff),
        half("segment-size-0", refused, 54, 0),
        half("segment-size-57", refused, 54, 57),
        half("section-size-0", End::Any, 58, 0),
        half("section-names", End::Any, 62, 0xfff0),
        half("many-sections", End::Any, 60, 0xffff),
        half("no-segments", End::Any, 56, 0),
    ];
    hold(&cases);
}

#[test]
fn segments_and_dynamic_entries() {
    let segment = |id: &str, end: End, kind: u32, fault: fn(&mut elf_synth::Segment)| {
        made(
            id,
            end,
            if end == End::Refused { MALFORMED } else { &[] },
            move |file| file.edit_segment(kind, fault),
        )
    };
    let entry = |id: &str, tag: i64, value: u64| {
        made(id, End::Refused, MALFORMED, move |file| {
            file.set_dynamic(tag, value)
        })
    };
    let cases = [
        segment("dynamic-past-end", End::Refused, PT_DYNAMIC, |segment| {
            segment.offset = 1 << 50
        }),
        segment("dynamic-huge", End::Any, PT_DYNAMIC, |segment| {
            segment.filesz = 1 << 62
        }),
        segment("dynamic-unaligned", End::Any, PT_DYNAMIC, |segment| {
            segment.offset += 1
        }),
        segment("load-past-end", End::Refused, PT_LOAD, |segment| {
            segment.filesz = 1 << 40
        }),
        segment("load-overflow", End::Any, PT_LOAD, |segment| {
            segment.memsz = u64::MAX
        }),
        segment("load-align", End::Any, PT_LOAD, |segment| segment.align = 3),
        segment("load-align-huge", End::Any, PT_LOAD, |segment| {
            segment.align = 1 << 63
        }),
        entry("strings-outside", dt::STRTAB, 1 << 45),
        entry("strings-overflow", dt::STRTAB, u64::MAX),
        entry("strings-empty", dt::STRSZ, 0),
        entry("needed-outside", dt::NEEDED, 1 << 31),
        entry("needed-overflow", dt::NEEDED, u64::MAX),
    ];
    hold(&cases);
}

#[test]
fn two_dynamic_segments() {
    let mut program = synth(&[]);
    program.stack = Some(6);
    let mut file = program.make();
    // The header of the stack becomes a second PT_DYNAMIC.
    let stack = file.program_header(0x6474_e551);
    let dynamic = file.program_header(PT_DYNAMIC);
    let at = usize::try_from(dynamic).unwrap();
    let header = file.bytes[at..at + 56].to_vec();
    file.put(stack, &header);
    hold(&[ended("two", End::Refused, &["elf-ambiguous"], file.bytes)]);
}

#[test]
fn version_tables() {
    let cases = [
        made("loop", End::Any, &[], |file| {
            let at = file.place("verneed");
            file.put_u16(at + 2, 0xffff);
            file.put_u32(at + 16 + 12, 0xffff_fff0);
        }),
        made("self", End::Any, &[], |file| {
            let at = file.place("verneed");
            file.put_u32(at + 12, 0);
            file.put_u32(at + 8, 0);
        }),
        made("far", End::Refused, MALFORMED, |file| {
            let at = file.place("verneed");
            file.put_u32(at + 8, 0x7fff_ffff);
        }),
        made("name-outside", End::Refused, MALFORMED, |file| {
            let at = file.place("verneed");
            file.put_u32(at + 4, 0x7fff_ffff);
        }),
        made("count-huge", End::Any, &[], |file| {
            file.set_dynamic(dt::VERNEEDNUM, 1 << 60)
        }),
        made("table-outside", End::Refused, MALFORMED, |file| {
            file.set_dynamic(dt::VERNEED, 1 << 45)
        }),
        made("symbols-outside", End::Refused, MALFORMED, |file| {
            file.set_dynamic(dt::SYMTAB, 1 << 45)
        }),
    ];
    hold(&cases);
}

#[test]
fn names_of_needed_libraries() {
    let needs = |id: &str, names: &[&[u8]]| {
        let mut file = synth(&[]).needed("libc.so.6");
        for name in names {
            file = file.needed(name);
        }
        (id.to_owned(), Maker::with_extension(file.build()))
    };
    let missing = |id: &str, names: &[&[u8]], codes: &[&'static str]| {
        let (id, maker) = needs(id, names);
        Case::told(&id, &maker, codes).repair(End::Refused)
    };
    let cases = [
        missing(
            "parent",
            &[b"../../../../../../../../etc/passwd"],
            &["needed-path"],
        ),
        missing("absolute", &[b"/etc/passwd"], &["needed-path"]),
        missing("relative", &[b"lib/libx.so"], &["needed-path"]),
        missing("newline", &[b"libx\nINFO: all good.so"], &[]),
        missing("escape", &[b"lib\x1b]0;pwn\x07\x1b[2J.so"], &[]),
        missing("bidi", &["lib\u{202e}os.so".as_bytes()], &[]),
        missing("at", &[b"@passwd.so"], &[]),
        missing("dash", &[b"-rf"], &[]),
        missing("dot", &[b"."], &[]),
        missing("dots", &[b".."], &[]),
        missing("space", &[b" "], &[]),
        missing("dollar", &[b"$(reboot)"], &[]),
        missing("token", &[b"$ORIGIN"], &[]),
        missing("percent", &[b"%s%n"], &[]),
        missing("long", &["x".repeat(3000).as_bytes()], &[]),
    ];
    hold(&cases);
    let (id, maker) = needs("empty", &[b""]);
    hold(&[Case::refused(&id, &maker, MALFORMED)]);
    let names: Vec<String> = (0..10_000)
        .map(|number| format!("lib{number}.so"))
        .collect();
    let names: Vec<&[u8]> = names.iter().map(String::as_bytes).collect();
    hold(&[missing("ten-thousand", &names, &[])]);
}

#[test]
fn a_long_name_of_a_needed_library() {
    let file = synth(&[]).needed("x".repeat(5000)).build();
    hold(&[ended("too-long", End::Refused, MALFORMED, file)]);
}

#[test]
fn what_loads_more_than_it_needs() {
    const FILTER: i64 = 0x7fff_ffff;
    const AUXILIARY: i64 = 0x7fff_fffd;
    const AUDIT: i64 = 0x6fff_fefc;
    const DEPAUDIT: i64 = 0x6fff_fefb;
    let cases = [
        ("filter", FILTER),
        ("auxiliary", AUXILIARY),
        ("audit", AUDIT),
        ("depaudit", DEPAUDIT),
    ]
    .map(|(id, tag)| {
        let file = synth(&[]).needed("libc.so.6").string(tag, "libhidden.so.1");
        let maker = Maker::with_extension(file.build());
        Case::told(id, &maker, &["elf-loads-also"]).repair(End::Refused)
    });
    hold(&cases);
}

#[test]
fn kinds_and_flags() {
    let kind = |id: &str, kind: u16| {
        let mut file = synth(&[]).needed("libc.so.6");
        file.kind = kind;
        let maker = Maker::default().file(format!("evil/{id}"), file.build());
        Case::told(id, &maker, &[])
    };
    hold(&[
        kind("object.o", 1),
        kind("core.1", 4),
        kind("odd", 0xfe00),
        kind("none", 0),
    ]);
    let mut stack = synth(&[]).needed("libc.so.6");
    stack.stack = Some(7);
    let mut bare = synth(&[]).needed("libc.so.6");
    bare.sections = false;
    let mut trailing = synth(&[]).needed("libc.so.6");
    trailing.overlay = b"payload".to_vec();
    let mut still = synth(&[]);
    still.dynamic = false;
    hold(&[
        Case::told(
            "stack",
            &Maker::with_extension(stack.build()),
            &["execstack"],
        ),
        Case::sound("no-sections", &Maker::with_extension(bare.build())),
        Case::sound("payload", &Maker::with_extension(trailing.build())),
        Case::told("static", &Maker::with_extension(still.build()), &[]).repair(End::Any),
    ]);
}

/// A name, section headers or RECORD cannot hide what the loader sees.
#[test]
fn nothing_hides_a_newer_version() {
    let mut newer = synth(&[])
        .needed("libc.so.6")
        .needs("libc.so.6", &["GLIBC_2.36"])
        .import("arc4random", Some("GLIBC_2.36"));
    newer.sections = false;
    let hidden = Maker::default().file("evil/notes.txt", newer.build());
    let (_folder, path) = write(&hidden);
    let output = crate::craft::judge::audit("show")
        .arg("--json")
        .arg(path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("\"overall_tag\":\"manylinux_2_36_x86_64\""),
        "{text}"
    );
}

fn write(maker: &Maker) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(&maker.name);
    std::fs::write(&path, maker.build()).unwrap();
    (folder, path)
}

#[test]
fn a_name_that_is_not_utf8() {
    let file = synth(&[]).needed(b"lib\xff\xfe.so").build();
    hold(&[ended("not-utf8", End::Refused, MALFORMED, file)]);
}
