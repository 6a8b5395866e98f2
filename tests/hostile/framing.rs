//! What surrounds and frames the members: end records, the central directory, gaps.

use crate::craft::judge::{Case, End, hold};
use crate::craft::wheel::Maker;
use crate::craft::zip::{Archive, Descriptor, End64, Entry, deflate, extra, zip64_extra};

fn framed(id: &str, codes: &[&'static str], fault: impl FnOnce(&mut Archive)) -> Case {
    let bytes = Maker::default().archive().with(fault).build();
    Case::file(id, bytes, End::Refused, codes)
}

fn fine(id: &str, codes: &[&'static str], fault: impl FnOnce(&mut Archive)) -> Case {
    let bytes = Maker::default().archive().with(fault).build();
    Case::file(id, bytes, End::Done, codes)
}

/// A wheel with one more member that has `fault`.
fn member(id: &str, codes: &[&'static str], fault: impl FnOnce(&mut Entry)) -> Case {
    let entry = Entry::new("evil/a.py", "abcdef").with(fault);
    Case::refused(id, &Maker::default().entry(entry), codes)
}

fn member_told(id: &str, codes: &[&'static str], fault: impl FnOnce(&mut Entry)) -> Case {
    let entry = Entry::new("evil/a.py", "abcdef").with(fault);
    Case::told(id, &Maker::default().entry(entry), codes)
}

/// The same of what is only odd, and is a note.
fn member_noted(id: &str, notes: &[&'static str], fault: impl FnOnce(&mut Entry)) -> Case {
    member_told(id, &[], fault).noted(notes)
}

#[test]
fn what_is_not_one_archive() {
    let plain = Maker::default().build();
    let other = Maker::default().file("evil/other.py", "1").build();
    let half = plain[..plain.len() / 2].to_vec();
    let no_end = plain[..plain.len() - 1].to_vec();
    let cases = [
        Case::file("empty-file", Vec::new(), End::Refused, &["zip-not-a-zip"]),
        Case::file(
            "text",
            b"PK but not".to_vec(),
            End::Refused,
            &["zip-not-a-zip"],
        ),
        Case::file("truncated", half, End::Refused, &["zip-not-a-zip"]),
        Case::file("end-cut", no_end, End::Refused, &["zip-not-a-zip"]),
        Case::file(
            "only-end",
            Archive::default().build(),
            End::Refused,
            &["zip-empty"],
        ),
        Case::file("nul", vec![0; 4096], End::Refused, &["zip-not-a-zip"]),
        Case::file(
            "two-archives",
            [plain.clone(), other.clone()].concat(),
            End::Refused,
            &["zip-gap"],
        ),
        framed("prefix", &["zip-prefix"], |archive| {
            archive.prefix = b"#!/bin/sh\nexit 1\n".to_vec();
        }),
        framed("prefix-not-counted", &["zip-gap"], |archive| {
            archive.uncounted_prefix = vec![b'A'; 300];
        }),
        framed("suffix", &["zip-trailing-data"], |archive| {
            archive.suffix = b"EXTRA".to_vec();
        }),
        framed("one-byte-after", &["zip-trailing-data"], |archive| {
            archive.suffix = b"\n".to_vec();
        }),
        fine("nul-after", &["zip-trailing-nul"], |archive| {
            archive.suffix = vec![0; 64];
        }),
        framed("nul-then-data-after", &["zip-trailing-data"], |archive| {
            archive.suffix = [vec![0; 64], b"x".to_vec()].concat();
        }),
        framed("gap", &["zip-gap"], |archive| {
            archive.gap = b"HIDDEN".to_vec()
        }),
        framed("gap-of-nul", &["zip-gap"], |archive| {
            archive.gap = vec![0; 4]
        }),
        framed("gap-after-directory", &["zip-gap"], |archive| {
            archive.gap_after = vec![0; 3];
        }),
        framed("padding", &["zip-gap"], |archive| {
            archive.padding = vec![0; 2]
        }),
        fine("comment", &[], |archive| {
            archive.comment = b"hello".to_vec()
        }),
        framed("archive-in-comment", &["zip-second-end"], |archive| {
            archive.comment.clone_from(&other);
        }),
        framed("end-in-comment", &["zip-second-end"], |archive| {
            archive.comment = Archive::default().build();
        }),
        framed("signature-in-comment", &["zip-second-end"], |archive| {
            archive.comment = b"hello PK\x05\x06".to_vec();
        }),
        framed("comment-too-short", &["zip-trailing-data"], |archive| {
            archive.comment = b"hello".to_vec();
            archive.end.comment_len = Some(2);
        }),
        framed("comment-too-long", &["zip-not-a-zip"], |archive| {
            archive.comment = b"hello".to_vec();
            archive.end.comment_len = Some(9);
        }),
    ];
    hold(&cases);
}

#[test]
fn end_records() {
    let count = u16::try_from(Maker::default().entries().len()).unwrap();
    let cases = [
        framed("count-low", &["zip-count"], |archive| {
            archive.end.count = Some(count - 1);
            archive.end.on_disk = Some(count - 1);
        }),
        framed("count-high", &["zip-count"], |archive| {
            archive.end.count = Some(count + 1);
            archive.end.on_disk = Some(count + 1);
        }),
        framed("count-huge", &["zip-count"], |archive| {
            archive.end.count = Some(u16::MAX - 1);
            archive.end.on_disk = Some(u16::MAX - 1);
        }),
        framed("counts-differ", &["zip-count"], |archive| {
            archive.end.on_disk = Some(count - 1);
        }),
        framed("disk", &["zip-multi-disk"], |archive| archive.end.disk = 1),
        framed("start-disk", &["zip-multi-disk"], |archive| {
            archive.end.start_disk = 1
        }),
        framed("offset-past-end", &["zip-bounds"], |archive| {
            archive.end.offset = Some(0x7fff_fff0);
        }),
        framed("offset-low", &["zip-gap"], |archive| {
            archive.end.offset = Some(3)
        }),
        framed("size-low", &["zip-gap"], |archive| {
            archive.end.size = Some(46)
        }),
        framed("size-high", &["zip-bounds"], |archive| {
            archive.end.size = Some(0x7fff_ffff)
        }),
        framed("sentinels-without-zip64", &["zip-bounds"], |archive| {
            archive.end.size = Some(u32::MAX);
            archive.end.offset = Some(u32::MAX);
        }),
    ];
    hold(&cases);
}

fn long(id: &str, codes: &[&'static str], fault: impl FnOnce(&mut End64)) -> Case {
    framed(id, codes, |archive| {
        let mut end64 = End64::default();
        fault(&mut end64);
        archive.zip64 = Some(end64);
    })
}

#[test]
fn zip64_end_records() {
    let cases = [
        fine("zip64", &[], |archive| {
            archive.zip64 = Some(End64::default())
        }),
        fine("zip64-and-comment", &[], |archive| {
            archive.zip64 = Some(End64::default());
            archive.comment = b"hello".to_vec();
        }),
        fine("zip64-said-twice-alike", &[], |archive| {
            archive.zip64 = Some(End64::default());
            let count = u16::try_from(archive.entries.len()).unwrap();
            archive.end.count = Some(count);
            archive.end.on_disk = Some(count);
        }),
        long("extensible", &["zip-zip64"], |end64| {
            end64.extensible = vec![0; 20]
        }),
        long("extensible-unsaid", &["zip-zip64"], |end64| {
            end64.extensible = b"PK\x05\x06".to_vec();
            end64.length = Some(44);
        }),
        long("located-elsewhere", &["zip-zip64"], |end64| {
            end64.located = Some(4)
        }),
        long("located-past-end", &["zip-zip64"], |end64| {
            end64.located = Some(u64::MAX)
        }),
        long("length-huge", &["zip-zip64"], |end64| {
            end64.length = Some(u64::MAX)
        }),
        long("length-small", &["zip-zip64"], |end64| {
            end64.length = Some(2)
        }),
        long("disks", &["zip-zip64"], |end64| end64.disks = Some(2)),
        fine("no-disks", &[], |archive| {
            archive.zip64 = Some(End64 {
                disks: Some(0),
                ..End64::default()
            });
        }),
        long("disk", &["zip-multi-disk"], |end64| end64.disk = 1),
        long("version", &["zip-zip64"], |end64| end64.version = Some(64)),
        long("count-huge", &["zip-count"], |end64| {
            end64.count = Some(u64::MAX)
        }),
        long("count-high", &["zip-count"], |end64| end64.count = Some(6)),
        long("size-huge", &["zip-bounds"], |end64| {
            end64.size = Some(u64::MAX)
        }),
        long("offset-huge", &["zip-bounds"], |end64| {
            end64.offset = Some(u64::MAX)
        }),
        framed("zip64-said-twice-otherwise", &["zip-zip64"], |archive| {
            archive.zip64 = Some(End64::default());
            archive.end.count = Some(1);
            archive.end.on_disk = Some(1);
        }),
    ];
    hold(&cases);
}

#[test]
fn said_twice_must_be_said_alike() {
    let local = "zip-local-header";
    let cases = [
        member("local-name", &[local], |entry| {
            entry.local.name = Some(b"evil/b.py".to_vec());
        }),
        member("local-size", &[local], |entry| entry.local.size = Some(3)),
        member("local-compressed", &[local], |entry| {
            entry.local.compressed = Some(3)
        }),
        member("local-crc", &[local], |entry| entry.local.crc = Some(1)),
        member("local-crc-zero", &[local], |entry| {
            entry.local.crc = Some(0)
        }),
        member("local-method", &[local], |entry| {
            entry.local.method = Some(0)
        }),
        member("local-encrypted", &[local], |entry| {
            entry.local.flags = Some(1)
        }),
        member("local-descriptor-flag", &[local], |entry| {
            entry.local.flags = Some(8)
        }),
        member("central-descriptor-flag", &[local], |entry| {
            entry.central.flags = Some(8)
        }),
        member_told("local-utf8", &["zip-local-flags"], |entry| {
            entry.local.flags = Some(0x800);
        }),
        member("no-local", &[local], |entry| {
            entry.has_local = false;
            entry.offset = Some(0x00ff_ffff);
        }),
        member("into-another", &[local], |entry| {
            entry.has_local = false;
            entry.offset = Some(0);
        }),
        member("offset-one-off", &[local], |entry| entry.offset = Some(1)),
        member("unlisted", &["zip-gap"], |entry| entry.has_central = false),
    ];
    hold(&cases);
}

#[test]
fn descriptors() {
    let all = |id: &str, end: End, codes: &[&'static str], kind: Descriptor| {
        let entries = Maker::default()
            .entries()
            .into_iter()
            .map(|entry| entry.with(|entry| entry.descriptor = kind.clone()));
        Case::file(id, Archive::of(entries).build(), end, codes)
    };
    let told = &["zip-descriptor"];
    let wrong = "zip-descriptor-mismatch";
    let cases = [
        all("signed", End::Done, told, Descriptor::Signed),
        all("plain", End::Done, told, Descriptor::Plain),
        all("long", End::Done, told, Descriptor::Long),
        all(
            "missing",
            End::Refused,
            &[wrong],
            Descriptor::Bytes(Vec::new()),
        ),
        all(
            "cut",
            End::Refused,
            &[wrong],
            Descriptor::Bytes(b"PK\x07\x08".to_vec()),
        ),
        all(
            "zeros",
            End::Refused,
            &[wrong],
            Descriptor::Bytes(vec![0; 12]),
        ),
        member("wrong-crc", &[wrong], |entry| {
            entry.descriptor = Descriptor::Bytes([&b"PK\x07\x08"[..], &[9; 12]].concat());
        }),
        member("more-after-it", &["zip-gap"], |entry| {
            entry.descriptor = Descriptor::Bytes(vec![0; 40]);
        }),
        member_told("sizes-before-it-too", &["zip-descriptor"], |entry| {
            entry.descriptor = Descriptor::Signed;
            entry.local.crc = Some(crc32fast::hash(b"abcdef"));
            entry.local.size = Some(6);
            entry.local.compressed = Some(u32::try_from(deflate(b"abcdef").len()).unwrap());
        }),
        member("other-sizes-before-it", &["zip-local-header"], |entry| {
            entry.descriptor = Descriptor::Signed;
            entry.local.size = Some(7);
        }),
    ];
    hold(&cases);
}

#[test]
fn features_that_wheels_do_not_have() {
    let method = |method: u16| {
        member(&format!("method-{method}"), &["zip-method"], move |entry| {
            entry.method = method;
        })
    };
    let both = |id: &str, codes: &[&'static str], flags: u16| {
        member(id, codes, move |entry| {
            entry.local.flags = Some(flags);
            entry.central.flags = Some(flags);
        })
    };
    let mut cases: Vec<Case> = [1, 6, 9, 12, 14, 20, 93, 95, 97, 98, 99, 0xffff]
        .map(method)
        .into();
    cases.extend([
        both("encrypted", &["zip-encrypted"], 1),
        both("encrypted-strongly", &["zip-encrypted"], 0x41),
        both("masked", &["zip-encrypted"], 0x2000),
        both("patched-data", &["zip-flags"], 0x20),
        both("deflate-of-another-kind", &["zip-flags"], 0x10),
        member_noted("unused-flags", &["zip-flags"], |entry| {
            entry.local.flags = Some(0xc780);
            entry.central.flags = Some(0xc780);
        }),
        member_noted("level-flags-of-one-header", &["zip-local-flags"], |entry| {
            entry.local.flags = Some(2);
        }),
        member("version", &["zip-version"], |entry| {
            entry.central.version = Some(64);
            entry.local.version = Some(64);
        }),
        member("version-of-one-header", &["zip-version"], |entry| {
            entry.local.version = Some(255);
        }),
        member_noted("version-of-lzma", &["zip-version"], |entry| {
            entry.central.version = Some(63);
            entry.local.version = Some(0x033f);
        }),
        member_told("system-in-the-version", &[], |entry| {
            entry.central.version = Some(0x0314);
            entry.local.version = Some(0x0314);
        }),
        member("disk", &["zip-multi-disk"], |entry| entry.disk = 1),
        member_told("level-flags", &[], |entry| {
            entry.local.flags = Some(6);
            entry.central.flags = Some(6);
        }),
        member_told("entry-comment", &[], |entry| {
            entry.comment = b"note".to_vec()
        }),
    ]);
    hold(&cases);
}

#[test]
fn extra_fields() {
    let both = |id: &str, end: End, codes: &[&'static str], extra: Vec<u8>| {
        let entry = Entry::new("evil/a.py", "abcdef").with(|entry| {
            entry.local.extra.clone_from(&extra);
            entry.central.extra = extra;
        });
        let maker = Maker::default().entry(entry);
        match end {
            End::Done => Case::told(id, &maker, codes),
            _ => Case::refused(id, &maker, codes),
        }
    };
    let refused = End::Refused;
    let name = |path: &[u8]| extra(0x7075, &[&[1, 0, 0, 0, 0], path].concat());
    let dates = extra(0x5455, &[1, 0, 0, 0, 0]);
    let ids = extra(0x7875, b"\x01\x04\0\0\0\0\x04\0\0\0\0");
    let cases = [
        both(
            "dates-and-ids",
            End::Done,
            &[],
            [dates.clone(), ids].concat(),
        ),
        both("tail", End::Done, &[], b"UT\xff".to_vec()).noted(&["zip-extra-tail"]),
        both(
            "padded",
            End::Done,
            &[],
            [dates.clone(), vec![0; 3]].concat(),
        )
        .noted(&["zip-extra-tail"]),
        both("dates-twice", End::Done, &[], dates.repeat(2)).noted(&["zip-extra-twice"]),
        both(
            "runs-past",
            refused,
            &["zip-extra"],
            b"UT\xff\x03xx".to_vec(),
        ),
        both(
            "twice-zip64",
            refused,
            &["zip-extra"],
            [zip64_extra(&[]), zip64_extra(&[])].concat(),
        ),
        both(
            "zip64-unasked",
            refused,
            &["zip-zip64"],
            zip64_extra(&[6, 7]),
        ),
        both("zip64-odd", refused, &["zip-zip64"], extra(1, &[0; 5])),
        both("renamed", refused, &["zip-extra-name"], name(b"evil/b.py")),
        both(
            "renamed-cut",
            refused,
            &["zip-extra-name"],
            extra(0x7075, &[1]),
        ),
        both(
            "twice-named",
            refused,
            &["zip-extra"],
            [name(b"evil/a.py"), name(b"evil/a.py")].concat(),
        ),
        both("named-alike", End::Done, &[], name(b"evil/a.py")),
        member("local-only-renamed", &["zip-extra"], |entry| {
            entry.local.extra = extra(0x7075, b"\x01\0\0\0\0evil/b.py");
        }),
        member_told("local-only-dates", &[], |entry| {
            entry.local.extra = dates.clone()
        }),
        member_told("zip64-asked", &[], |entry| {
            let packed = u64::try_from(deflate(b"abcdef").len()).unwrap();
            for says in [&mut entry.local, &mut entry.central] {
                says.size = Some(u32::MAX);
                says.compressed = Some(u32::MAX);
                says.extra = zip64_extra(&[6, packed]);
            }
        }),
        member("zip64-asked-not-given", &["zip-bounds"], |entry| {
            for says in [&mut entry.local, &mut entry.central] {
                says.size = Some(u32::MAX);
                says.compressed = Some(u32::MAX);
            }
        }),
        member("zip64-size-huge", &["zip-bounds"], |entry| {
            for says in [&mut entry.local, &mut entry.central] {
                says.size = Some(u32::MAX);
                says.compressed = Some(u32::MAX);
                says.extra = zip64_extra(&[u64::MAX, u64::MAX]);
            }
        }),
    ];
    hold(&cases);
}

/// A zip64 field that says what the header says is odd; one that says anything else is two archives.
#[test]
fn zip64_values_that_repeat_the_header() {
    let packed = u64::try_from(deflate(b"abcdef").len()).unwrap();
    let told = &["zip-zip64-repeats"];
    let local = |id: &str, codes: &[&'static str], values: &[u64]| {
        member_noted(id, codes, |entry| entry.local.extra = zip64_extra(values))
    };
    let wrong = |id: &str, values: &[u64]| {
        member(id, &["zip-extra"], |entry| {
            entry.local.extra = zip64_extra(values)
        })
    };
    let central = |id: &str, values: &[u64]| {
        member_noted(id, told, |entry| entry.central.extra = zip64_extra(values))
    };
    let entries = Maker::default().entries().into_iter().map(|entry| {
        let sizes = [entry.content.len() as u64, entry.packed().len() as u64];
        entry.with(|entry| entry.local.extra = zip64_extra(&sizes))
    });
    let cases = [
        Case::file("every-member", Archive::of(entries).build(), End::Done, &[]).noted(told),
        local("local", told, &[6, packed]),
        local("local-size", &["zip-zip64-repeats", "pypi-zip64"], &[6]),
        central("central", &[6, packed]),
        central("central-size", &[6]),
        wrong("other-size", &[7, packed]),
        wrong("other-compressed", &[6, packed + 1]),
        wrong("swapped", &[packed, 6]),
        wrong("zeros", &[0, 0]),
        wrong("offset-in-local-header", &[6, packed, 0]),
        member("central-other-offset", &["zip-zip64"], |entry| {
            entry.central.extra = zip64_extra(&[6, packed, 1]);
        }),
        member("central-other-size", &["zip-zip64"], |entry| {
            entry.central.extra = zip64_extra(&[5]);
        }),
        member("central-past-its-values", &["zip-zip64"], |entry| {
            entry.central.extra = zip64_extra(&[6, packed, 0, 0, 0]);
        }),
        member_noted("one-asked-and-one-repeated", told, |entry| {
            entry.local.size = Some(u32::MAX);
            entry.local.extra = zip64_extra(&[6, packed]);
        }),
        // To one reader the compressed size is the first value, to another the second.
        member("asked-behind-another", &["zip-extra"], |entry| {
            entry.local.compressed = Some(u32::MAX);
            entry.local.extra = zip64_extra(&[6, packed]);
        }),
        member_told("zeros-before-a-descriptor", &["zip-descriptor"], |entry| {
            entry.descriptor = Descriptor::Long;
            entry.local.extra = zip64_extra(&[0, 0]);
        })
        .noted(told),
    ];
    hold(&cases);
}

#[test]
fn data_that_is_not_what_the_headers_say() {
    let big = vec![0; 8 << 20];
    let cases = [
        member("crc", &["zip-crc"], |entry| {
            entry.local.crc = Some(7);
            entry.central.crc = Some(7);
        }),
        member("stored-crc", &["zip-crc"], |entry| {
            entry.method = 0;
            entry.raw = Some(b"abcdeX".to_vec());
        }),
        member("stored-sizes", &["zip-size"], |entry| {
            entry.method = 0;
            entry.raw = Some(b"abcdefgh".to_vec());
        }),
        member("deflate-cut", &["zip-deflate"], |entry| {
            let mut raw = deflate(&b"abc".repeat(999));
            raw.truncate(raw.len() - 4);
            entry.content = b"abc".repeat(999);
            entry.raw = Some(raw);
        }),
        member("deflate-noise", &["zip-deflate"], |entry| {
            entry.raw = Some(vec![0xff; 40])
        }),
        member("deflate-empty", &["zip-deflate"], |entry| {
            entry.raw = Some(Vec::new())
        }),
        member("deflate-trailing", &["zip-deflate"], |entry| {
            entry.raw = Some([deflate(b"abcdef"), b"hidden".to_vec()].concat());
        }),
        member("deflate-trailing-byte", &["zip-deflate"], |entry| {
            entry.raw = Some([deflate(b"abcdef"), vec![0]].concat());
        }),
        member("deflate-twice", &["zip-deflate"], |entry| {
            entry.raw = Some([deflate(b"abcdef"), deflate(b"abcdef")].concat());
        }),
        member("larger", &["zip-size"], |entry| {
            entry.raw = Some(deflate(&big));
            for says in [&mut entry.local, &mut entry.central] {
                says.size = Some(100);
                says.crc = Some(crc32fast::hash(&big));
            }
        }),
        member("smaller", &["zip-size"], |entry| {
            for says in [&mut entry.local, &mut entry.central] {
                says.size = Some(0xf800_0000);
            }
        }),
        member("empty-deflated-with-size", &["zip-size"], |entry| {
            entry.raw = Some(deflate(b""));
            entry.content = b"abcdef".to_vec();
        }),
        member("compressed-past-end", &["zip-bounds"], |entry| {
            for says in [&mut entry.local, &mut entry.central] {
                says.compressed = Some(0xffff_fffe);
                says.size = Some(0xffff_fffe);
            }
        }),
        member("compressed-into-the-next", &["zip-overlap"], |entry| {
            let longer = u32::try_from(deflate(b"abcdef").len()).unwrap() + 5;
            for says in [&mut entry.local, &mut entry.central] {
                says.compressed = Some(longer);
            }
        }),
    ];
    hold(&cases);
}

/// Members that share one compressed body ("quoted" local headers in it, or a plain overlap).
#[test]
fn overlapping_bombs() {
    let inner = Entry::new("evil/inner.bin", vec![0; 1 << 20]);
    let mut quoted = Archive::of([inner.clone()]).build();
    let end = quoted.windows(4).position(|window| window == b"PK\x01\x02");
    quoted.truncate(end.unwrap());
    let outer = Entry::new("evil/outer.bin", &quoted).with(|entry| entry.method = 0);
    let offset = 30 + u32::try_from(outer.name.len()).unwrap();
    let alias = inner.clone().with(|entry| {
        entry.has_local = false;
        entry.offset = Some(offset);
    });
    let quoting = Maker::of([outer, alias]).build();
    let many = (0..32).map(|number| {
        inner.clone().with(|entry| {
            entry.has_local = number == 0;
            entry.offset = Some(0);
        })
    });
    let shared = Maker::of(many).build();
    let cases = [
        Case::file("quoted", quoting, End::Refused, &["zip-overlap"]),
        Case::file("shared", shared, End::Refused, &["zip-duplicate-name"]),
    ];
    hold(&cases);
}

#[test]
fn a_high_ratio_is_told_not_refused() {
    let zeros = Entry::new("evil/zeros.bin", vec![0; 70 << 20]);
    let case = Case::told("ratio", &Maker::default().entry(zeros), &["pypi-ratio"]);
    hold(&[case]);
}

#[test]
fn many_members() {
    let files =
        (0..70_000).map(|number| Entry::new(format!("evil/{}/{number}.txt", number / 999), "x"));
    let mut maker = Maker::default();
    maker.files.extend(files);
    let bytes = maker
        .archive()
        .with(|archive| archive.zip64 = Some(End64::default()))
        .build();
    hold(&[Case::file("many", bytes, End::Done, &[])]);
}

#[test]
fn dates_modes_and_systems() {
    let every = |id: &str, fault: &dyn Fn(&mut Entry)| {
        let entries = Maker::default().entries().into_iter();
        let entries = entries.map(|entry| entry.with(|entry| fault(entry)));
        Case::file(id, Archive::of(entries).build(), End::Done, &[])
    };
    let cases = [
        every("date-zero", &|entry| (entry.date, entry.time) = (0, 0)),
        every("date-invalid", &|entry| {
            (entry.date, entry.time) = (0xffff, 0xffff)
        }),
        every("mode-zero", &|entry| entry.mode = 0),
        every("mode-no-bits", &|entry| entry.mode = 0o100_000),
        every("mode-all-bits", &|entry| entry.mode = 0o107_777),
        every("dos", &|entry| (entry.made_by, entry.mode) = (20, 0)),
        every("macos", &|entry| entry.made_by = 0x1314),
        every("no-type", &|entry| entry.mode = 0o644),
    ];
    hold(&cases);
}

#[test]
fn types() {
    let kind = |id: &str, code: &'static str, mode: u16| {
        member(id, &[code], move |entry| entry.mode = mode)
    };
    let directory = |id: &str, end: End, fault: &dyn Fn(&mut Entry)| {
        let entry = Entry::new("evil/sub/", "").with(|entry| {
            entry.mode = 0o040_755;
            entry.dos_attributes = 0x10;
            fault(entry);
        });
        let maker = Maker::default().with(|maker| maker.files.insert(0, entry));
        match end {
            End::Done => Case::sound(id, &maker),
            _ => Case::refused(id, &maker, &["zip-type"]),
        }
    };
    let cases = [
        kind("symlink", "zip-symlink", 0o120_777),
        kind("fifo", "zip-type", 0o010_644),
        kind("character-device", "zip-type", 0o020_644),
        kind("block-device", "zip-type", 0o060_644),
        kind("socket", "zip-type", 0o140_755),
        kind("directory-by-mode", "zip-type", 0o040_755),
        member("symlink-from-windows", &["zip-symlink"], |entry| {
            entry.mode = 0o120_777;
            entry.made_by = 20;
        }),
        directory("directory", End::Done, &|_| {}),
        directory("directory-deflated", End::Done, &|entry| entry.method = 8),
        directory("directory-data", End::Refused, &|entry| {
            entry.content = b"hidden".to_vec();
            entry.method = 0;
        }),
        directory("directory-is-a-file", End::Done, &|entry| {
            entry.mode = 0o100_644
        }),
    ];
    hold(&cases);
}
