//! What must hold for any bytes: the bodies of the fuzz targets, which `tests/fuzz_replay.rs`
//! runs over the seeds too.

#![expect(clippy::expect_used, reason = "a check that fails dies")]

use std::io::Write as _;
use std::ops::Range;
use std::path::PathBuf;

use elf_edit::verify;
use elf_edit::{self as elf, Edit, Loader, RpathEdit, RpathKind, Strip};
use elf_edit::{Header, pt};
use wheel_archive::{Headers, Record, WheelName};
use wheel_audit::Input;
use wheel_audit::{
    Advice, AuditOptions, Error, Host, HostOptions, OpenOptions, Wheel, audit, escape, report,
};

/// A check of any bytes; it panics where something does not hold.
pub(crate) type Check = fn(&[u8]);

/// Every check, by the name of its target and its corpus.
pub(crate) const ALL: [(&str, Check); 8] = [
    ("elf_facts", elf_facts),
    ("elf_patch", elf_patch),
    ("elf_verify", elf_verify),
    ("file_name", file_name),
    ("record", record),
    ("show", show),
    ("wheel_file", wheel_file),
    ("zip_reader", zip_reader),
];

/// Reading any bytes as an ELF file ends in facts or in an error.
pub(crate) fn elf_facts(bytes: &[u8]) {
    if let Ok(facts) = elf::facts(&bytes.to_vec()) {
        let _ = facts.imports().count();
        let _ = facts.defines_function("PyInit_x");
    }
    for loader in Loader::ALL {
        let Ok(mappings) = elf::mapped(&bytes.to_vec(), loader) else {
            continue;
        };
        let size = bytes.len() as u64;
        for mapping in &mappings {
            let len = mapping.place.end - mapping.place.start;
            let end = mapping.offset.map_or(0, |offset| offset + len);
            assert!(len > 0 && end <= size, "{mapping:?} of {size} bytes");
        }
        let mut pairs = mappings.windows(2);
        assert!(pairs.all(|pair| pair[0].place.end <= pair[1].place.start));
    }
}

/// An edit of any bytes is refused, or shows in the facts of the result and is then complete.
/// The first byte chooses the edit.
pub(crate) fn elf_patch(input: &[u8]) {
    let Some((choice, bytes)) = input.split_first() else {
        return;
    };
    let bytes = bytes.to_vec();
    let Ok(facts) = elf::facts(&bytes) else {
        return;
    };
    let request = request(*choice, &facts);
    let Ok(patch) = elf::plan(&bytes, &request) else {
        return;
    };
    let mut edited = Vec::new();
    let written = patch.write(&mut bytes.as_slice(), &mut edited);
    written.expect("memory can be read and written");
    assert_eq!(edited.len() as u64, patch.size());
    let after = elf::facts(&edited).expect("an edited file can be read");
    if let Some(soname) = &request.soname {
        assert_eq!(after.soname.as_ref(), Some(soname));
    }
    let again = elf::plan(&edited, &request).expect("an edited file can be edited");
    assert!(
        again.is_identity(),
        "the same edit again changes something: {request:?}"
    );
}

/// How many changed bytes an input of [`elf_verify`] describes at most.
const MOST_CHANGES: usize = 8;

/// The verifier takes an edited file, and refuses it once a byte is another that is none of
/// the edit's, or the file ends elsewhere. The first byte chooses the edit, the second how
/// many bytes change; each is four bytes of offset and one to combine with it. Then comes the
/// file. Whatever the edited file becomes, the verifier does not panic.
pub(crate) fn elf_verify(input: &[u8]) {
    let Some(([choice, count], rest)) = input.split_first_chunk() else {
        return;
    };
    let count = usize::from(*count) % (MOST_CHANGES + 1);
    let Some((changes, old)) = rest.split_at_checked(count * 5) else {
        return;
    };
    let old = old.to_vec();
    let Ok(facts) = elf::facts(&old) else {
        return;
    };
    let request = request(*choice, &facts);
    let Ok(patch) = elf::plan(&old, &request) else {
        return;
    };
    let mut edited = Vec::new();
    let written = patch.write(&mut old.as_slice(), &mut edited);
    written.expect("memory can be read and written");
    let verdict = verify(&old, &edited, &request);
    if verdict.is_err() && patch.is_identity() {
        // Where nothing was to be changed, nothing was looked at.
        return;
    }
    verdict.expect("an edited file passes");
    let mut damaged = edited.clone();
    let mut foreign = choice & 128 != 0;
    if foreign {
        damaged.push(1);
    }
    let kept = Kept::of(&old, &edited, &request);
    for change in changes.chunks_exact(5) {
        let offset = u32::from_le_bytes([change[0], change[1], change[2], change[3]]) as usize;
        let at = offset % damaged.len();
        damaged[at] ^= change[4];
    }
    for (at, byte) in edited.iter().enumerate() {
        foreign |= damaged[at] != *byte && kept.holds(at);
    }
    let verdict = verify(&old, &damaged, &request);
    assert!(
        !(foreign && verdict.is_ok()),
        "a change that is none of the edit's is not noticed: {request:?}"
    );
    if verdict.is_ok() {
        let seen = elf::facts(&damaged).expect("what passes can be read");
        let meant = elf::facts(&edited).expect("what passes can be read");
        assert_eq!(told(&seen), told(&meant));
    }
    if let Some(cut) = changes.first_chunk() {
        let len = u32::from_le_bytes(*cut) as usize % edited.len();
        let passes = verify(&old, &edited[..len].to_vec(), &request).is_ok();
        let lost = edited[len..].iter().any(|byte| *byte != 0);
        assert!(!(passes && lost), "a lost end is not noticed: {request:?}");
    }
}

/// What a loader goes by.
fn told(facts: &elf::Facts) -> String {
    let imports: Vec<_> = facts.imports().map(|i| (i.name, i.version)).collect();
    let names = (&facts.soname, &facts.needed, &facts.rpath, &facts.runpath);
    let versions = (&facts.version_needs, &facts.version_defs);
    format!("{names:?} {versions:?} {imports:?} {:?}", facts.stack_flags)
}

/// The bytes of an edited file that come from the old one and are not for the edit to change:
/// those of its segments, but for headers and the dynamic section. What stripping may change
/// in a segment, where other tools put section headers there, is left out.
struct Kept {
    ranges: Vec<Range<usize>>,
    others: Vec<Range<usize>>,
    same: Vec<bool>,
}

impl Kept {
    fn of(old: &[u8], new: &[u8], edit: &Edit) -> Self {
        let image = old.to_vec();
        let header = Header::read(&image).expect("read before");
        let segments = header.segments(&image).expect("read before");
        let range = |start: u64, len: u64| {
            let start = usize::try_from(start).unwrap_or(usize::MAX);
            start..start.saturating_add(usize::try_from(len).unwrap_or(usize::MAX))
        };
        let of_kind = |kind: u32| {
            let segments = segments.iter().filter(move |s| s.kind == kind);
            segments.map(|s| range(s.offset, s.filesz)).collect()
        };
        let mut others: Vec<Range<usize>> = of_kind(pt::DYNAMIC);
        others.push(0..64);
        // One header may come.
        others.push(range(header.phoff, 56 * (u64::from(header.phnum) + 1)));
        if edit.strip != Strip::None {
            others.push(0..old.len());
        }
        let same = old.iter().zip(new).map(|(one, other)| one == other);
        Self {
            ranges: of_kind(pt::LOAD),
            others,
            same: same.collect(),
        }
    }

    fn holds(&self, at: usize) -> bool {
        let inside = |ranges: &[Range<usize>]| ranges.iter().any(|range| range.contains(&at));
        let same = self.same.get(at).copied().unwrap_or(false);
        same && inside(&self.ranges) && !inside(&self.others)
    }
}

fn request(choice: u8, old: &elf::Facts) -> Edit {
    let mut edit = Edit::default();
    if choice & 1 != 0 {
        edit.soname = Some("libfuzz-1a2b3c4d.so.1".to_owned());
    }
    if choice & 2 != 0 {
        edit.rpath = RpathEdit::Set(RpathKind::Rpath, "$ORIGIN/../fuzz.libs".to_owned());
    }
    if choice & 4 != 0 {
        let renamed = |name: &String| (name.clone(), format!("{name}-renamed"));
        edit.replace_needed = old.needed.iter().map(renamed).collect();
    }
    if choice & 8 != 0 {
        edit.strip = Strip::All;
    }
    if choice & 16 != 0 {
        edit.rpath = RpathEdit::Remove;
    }
    edit.clear_execstack = choice & 32 != 0;
    edit
}

/// A wheel file name prints itself.
pub(crate) fn file_name(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(name) = text.parse::<WheelName>() {
        assert_eq!(name.to_string(), text);
        assert!(!name.expanded_tags().is_empty());
    }
}

/// RECORD: any bytes are rows or findings.
pub(crate) fn record(bytes: &[u8]) {
    if let Err(findings) = Record::parse(bytes, "fuzz-1.0.dist-info/RECORD", false) {
        assert!(!findings.is_empty());
    }
}

/// Email-style headers (WHEEL, METADATA): any bytes are headers and a body.
pub(crate) fn wheel_file(bytes: &[u8]) {
    let _ = Headers::parse(bytes);
}

/// Any bytes are a sound archive or refused with findings that can be printed.
pub(crate) fn zip_reader(bytes: &[u8]) {
    let options = OpenOptions {
        verify: true,
        fix_record: false,
        keep_elf_bytes: 1 << 20,
    };
    if let Err(error) = open(bytes, &options) {
        assert!(!error.findings.is_empty());
        let said = error.to_string().replace('\n', "");
        assert_eq!(escape(&said), said, "what is said can be printed");
    }
}

/// A whole judgement of a mutated wheel: hashes are not checked, so that mutations get past
/// them.
pub(crate) fn show(bytes: &[u8]) {
    let options = OpenOptions {
        verify: false,
        fix_record: true,
        keep_elf_bytes: 0,
    };
    let Ok(wheel) = open(bytes, &options) else {
        return;
    };
    let host = Host::new(HostOptions {
        no_host: true,
        ..HostOptions::default()
    });
    if let Ok(judgement) = audit(&wheel, &host, &AuditOptions::default()) {
        let input = Input::from(&wheel);
        let whole = report::Judgement {
            input: &input,
            audit: &judgement,
            findings: &judgement.findings,
        };
        let _ = report::json::show::judged(&whole);
        let layout = report::Layout {
            all: true,
            width: Some(80),
            color: true,
        };
        let _ = report::text::show::judged(&whole, layout, &Advice::default());
        let tree = report::tree::Tree::new(&whole, judgement.verdict.repaired).with_why("lib*");
        let _ = report::tree::text::render(&tree, layout);
        let _ = report::tree::dot::render(&tree, true);
        let _ = report::tree::mermaid::render(&tree, true);
    }
}

/// Opens `bytes` as a wheel of the name that all seeds have.
fn open(bytes: &[u8], options: &OpenOptions) -> Result<Wheel, Error> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path: PathBuf = folder.path().join("evil-1.0-cp311-cp311-linux_x86_64.whl");
    let mut file = std::fs::File::create(&path).expect("a file");
    file.write_all(bytes).expect("room on the disk");
    Wheel::open(&path, options)
}
