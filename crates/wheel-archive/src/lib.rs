//! Reads and writes Python wheels strictly and reproducibly.
//!
//! # Reading
//!
//! [`Wheel::open`] reads a wheel where it lies; nothing is unpacked. It checks that the file is one
//! archive and reads the same to every tool, that every member is what the headers and RECORD say,
//! and that names and metadata agree. What it returns has no error; warnings and notes are in
//! [`Wheel::findings`]. [`Refused`] has everything that is wrong, as far as the first stage that
//! finds an error: what comes later would be read from a file that is not what it seems.
//!
//! Members are inflated once, while the wheel is opened. An [`Examiner`] looks at them meanwhile, and
//! [`Wheel::open_with`] hands over what it made of them:
//!
//! ```
//! use wheel_archive::{Examined, Examiner, Member, OpenOptions, RandomAccess, Wheel};
//!
//! /// The lines of every Python file.
//! struct Lines;
//!
//! impl Examiner for Lines {
//!     type Value = usize;
//!
//!     fn wants(&self, member: &Member, _: &[u8]) -> bool {
//!         member.path.ends_with(".py")
//!     }
//!
//!     fn examine(&self, _: &Member, bytes: &dyn RandomAccess) -> Examined<usize> {
//!         let text = bytes.as_bytes().unwrap_or_default();
//!         Examined {
//!             value: Some(text.iter().filter(|byte| **byte == b'\n').count()),
//!             ..Examined::default()
//!         }
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/wheels");
//! # let path = format!("{folder}/greet-1.0-cp38-abi3-linux_x86_64.whl");
//! let (wheel, lines) = Wheel::open_with(path.as_ref(), &OpenOptions::default(), &Lines)?;
//! assert_eq!(wheel.name.distribution, "greet");
//! for (id, lines) in lines {
//!     println!("{}: {lines}", wheel.members[id].path);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`Wheel::reader`] streams a member again, [`Wheel::bytes`] gives its bytes at any offset,
//! [`Wheel::read`] those of a small one.
//!
//! # Writing
//!
//! [`write_wheel`] makes an archive of [`NewMember`]s, which are copied from an open wheel with their
//! compressed bytes ([`Content::Copy`]), new ([`Content::Bytes`]), or changed on the way ([`Edit`]),
//! and writes RECORD. The same members give the same bytes. [`check_written`] reads the result back,
//! and [`publish`] gives it its name when all is well:
//!
//! ```
//! use std::fs::File;
//! use std::path::Path;
//! use wheel_archive::{
//!     Compression, Content, Finding, NewMember, OpenOptions, RecordPlace, Wheel, Written,
//!     check_written, publish, write_wheel,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/wheels");
//! # let path = format!("{folder}/greet-1.0-cp38-abi3-linux_x86_64.whl");
//! # let out = tempfile::tempdir()?;
//! let wheel = Wheel::open(path.as_ref(), &OpenOptions::default())?;
//! let record = format!("{}/RECORD", wheel.dist_info.dir);
//! let record = wheel.find(&record).ok_or("no RECORD")?;
//! let members = wheel.members.iter().enumerate().filter(|(id, _)| *id != record);
//! let mut members: Vec<NewMember> = members
//!     .map(|(id, member)| NewMember {
//!         path: member.path.clone(),
//!         executable: member.executable,
//!         modified: member.modified,
//!         content: Content::Copy(id),
//!     })
//!     .collect();
//! let modified = wheel.members[record].modified;
//! members.push(NewMember {
//!     path: format!("{}/sboms/greet.cdx.json", wheel.dist_info.dir),
//!     executable: false,
//!     modified,
//!     content: Content::Bytes(b"{}".as_slice().into()),
//! });
//! let place = RecordPlace { path: wheel.members[record].path.clone(), modified };
//! let write = |file: &mut File| {
//!     write_wheel(file, &wheel, &members, &place, Compression { level: None })
//! };
//! let check = |path: &Path, written: &Vec<Written>| -> Result<(), Finding> {
//!     check_written(path, written, &()).map(|_| ())
//! };
//! let destination = out.path().join(wheel.name.to_string());
//! publish(&destination, write, check, |_| Ok(()))?;
//!
//! let again = Wheel::open(&destination, &OpenOptions::default())?;
//! assert_eq!(again.members.len(), wheel.members.len() + 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Names, tags and metadata
//!
//! [`WheelName`] parses and prints file names without loss; [`PlatformTag`] says which C library,
//! architecture and level a tag promises; [`Headers`] reads and edits `WHEEL` and `METADATA` as
//! Python's e-mail parser does, [`Record`] reads `RECORD`, [`installed`] says where an installer puts
//! a member.
//!
//! # Text from a wheel
//!
//! Names and headers are chosen by whoever made the wheel. [`Finding`] and [`Refused`] escape them
//! when they are printed; for all else there is [`escape()`].

mod finding;
mod framing;
mod member;
mod metadata;
mod read;
mod tag;
mod wheel;
mod work;
mod write;

pub use finding::escape::{escape, escape_bytes, unsafe_to_print};
pub use finding::{Finding, Refused, Severity};
pub use framing::check_path;
pub use member::{DistInfo, DosTime, Member, MemberId};
pub use metadata::dist_info::canonical as canonical_distribution;
pub use metadata::headers::Headers;
pub use metadata::json;
pub use metadata::layout::{Installed, data_key, installed};
pub use metadata::record::{Record, Seen, render as render_record};
pub use metadata::variant::isa_level as variant_isa_level;
pub use metadata::wheel_file::rewritten as rewritten_wheel_file;
pub use read::bytes::{RandomAccess, SharedBytes};
pub use read::digest::{Algorithm, Digester, Digests, hex};
pub use read::examiner::{Examined, Examiner, Opening};
pub use read::reader::Fault;
pub use read::source::Source;
pub use tag::pypi::accepts as pypi_accepts;
pub use tag::{
    Arch, ExtensionSuffix, IsaLevel, Libc, MAX_NAME, NameError, PlatformTag, Version, WheelName,
    normalized_name, same_version,
};
pub use wheel::{OpenOptions, Values, Wheel};
pub use work::budget::Budget;
pub use work::progress::{Progress, progress};
pub use write::publish::{Abandoned, Published, abandon, publish};
pub use write::{
    Compression, Content, Edit, NewMember, Packed, RecordPlace, Written, check_written, write_wheel,
};

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(test)]
fn open_for_test(path: &std::path::Path) -> Result<Wheel, Refused> {
    Wheel::open(path, &OpenOptions::default())
}
