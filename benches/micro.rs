//! The parts of a run, one core: facts of ELF files, planned edits, RECORD.
//!
//! `cargo bench --bench micro [-- FILE...]`; without files, shared libraries of this machine.
//! Deflating and inflating: `cargo bench --bench archive`.
#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::expect_used,
    reason = "a measure, not a tool"
)]

mod corpus;

use std::hint::black_box;
use std::ops::Range;
use std::time::{Duration, Instant};

use elf_edit::plan;
use elf_edit::{Edit, RpathEdit, RpathKind, facts};
use wheel_archive::{Record, Seen, render_record};

/// How many libraries, so many that the small ones tell.
const FILES: usize = 200;
/// Of the libraries of this machine, in bytes.
const SIZES: Range<u64> = 0..12_000_000;
const ROWS: usize = 20_000;
/// A part is repeated for as long, and the fastest round counts.
const PATIENCE: Duration = Duration::from_secs(2);

fn main() {
    let files = measured();
    let bytes: usize = files.iter().map(Vec::len).sum();
    println!("{} ELF files, {:.1} MB", files.len(), bytes as f64 / 1e6);
    report("facts of an ELF file", files.len(), || {
        for file in &files {
            black_box(facts(file).expect("was read before"));
        }
    });
    let edits: Vec<Edit> = files.iter().map(Vec::as_slice).map(renamed).collect();
    let plans = || files.iter().zip(&edits);
    report("plan of an edit, verified", files.len(), || {
        for (file, edit) in plans() {
            let _ = black_box(plan(file, edit));
        }
    });
    let patches: Vec<_> = plans()
        .filter_map(|(file, edit)| Some((file, plan(file, edit).ok()?)))
        .collect();
    report("edited file, written to memory", patches.len(), || {
        for (file, patch) in &patches {
            let mut out = Vec::with_capacity(file.len() + (64 << 10));
            patch
                .write(&mut file.as_slice(), &mut out)
                .expect("memory takes it");
            black_box(out);
        }
    });
    record();
}

fn record() {
    let paths: Vec<String> = (0..ROWS)
        .map(|number| format!("package/module_{}/file_{number}.py", number % 100))
        .collect();
    let digest = [0x5a; 32];
    let path = "package-1.0.dist-info/RECORD";
    let write = || {
        render_record(
            paths.iter().map(|path| (path.as_str(), &digest, 1234)),
            path,
        )
    };
    let text = write();
    println!("RECORD of {ROWS} rows, {:.1} MB", text.len() as f64 / 1e6);
    report("row of RECORD, written", ROWS, || drop(black_box(write())));
    report("row of RECORD, read", ROWS, || {
        let _ = black_box(Record::parse(&text, path, false));
    });
    let (parsed, _) = Record::parse(&text, path, false).expect("was written well");
    let seen = |path| Seen {
        path,
        size: 1234,
        sha256: Some(&digest),
        other: None,
    };
    let mut members: Vec<Seen<'_>> = paths.iter().map(|path| seen(path.as_str())).collect();
    members.push(seen(path));
    report("row of RECORD, compared", ROWS, || {
        let findings = black_box(parsed.compare(&members));
        assert!(findings.is_empty(), "{findings:?}");
    });
}

/// What a repair does to a file: a new name for the first library that it needs, and a search path.
fn renamed(file: &[u8]) -> Edit {
    let needed = facts(&file).expect("was read before").needed;
    let names = needed.first().map(|name| {
        let hashed = name.replacen(".so", "-0123abcd.so", 1);
        (name.clone(), hashed)
    });
    Edit {
        rpath: RpathEdit::Set(RpathKind::Rpath, "$ORIGIN/../package.libs".to_owned()),
        replace_needed: names.into_iter().collect(),
        ..Edit::default()
    }
}

fn report(what: &str, items: usize, mut work: impl FnMut()) {
    let begin = Instant::now();
    let mut best = Duration::MAX;
    while begin.elapsed() < PATIENCE {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed());
    }
    let each = best.as_secs_f64() * 1e6 / items as f64;
    println!("{what:32} {each:9.2} µs");
}

fn measured() -> Vec<Vec<u8>> {
    corpus::files(SIZES)
        .filter(|file| facts(file).is_ok_and(|facts| facts.dynamic))
        .take(FILES)
        .collect()
}
