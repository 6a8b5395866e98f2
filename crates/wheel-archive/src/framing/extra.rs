//! Extra fields. Only the zip64 sizes and the other spelling of the name are looked at.
//!
//! Spec: APPNOTE 4.5, 4.6.9.

use std::collections::BTreeSet;

use super::fields::Fields;
use crate::finding::Finding;

/// Header id of the zip64 sizes.
pub(super) const ZIP64: u16 = 0x0001;
/// Header id of Info-ZIP's Unicode path.
const UNICODE_PATH: u16 = 0x7075;

/// What an extra block holds that matters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extra<'a> {
    zip64: Option<&'a [u8]>,
    unicode_path: Option<&'a [u8]>,
    /// Bytes behind the last field, too few for another.
    tail: usize,
    /// A field without a meaning here that is there twice.
    twice: Option<u16>,
}

/// The fields that a zip64 extra field stands in for, as read from the header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) size: u64,
    pub(super) compressed: u64,
    /// Only in the central directory.
    pub(super) offset: Option<u64>,
    /// Only in the central directory.
    pub(super) disk: Option<u32>,
}

/// What a header and its zip64 extra field say together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resolved {
    pub(super) sizes: Sizes,
    /// Whether the extra field says again what the header says itself.
    pub(super) repeats: bool,
}

/// A 32-bit field of this value says: see the zip64 extra field.
pub(super) const SENTINEL: u64 = 0xffff_ffff;
const DISK_SENTINEL: u32 = 0xffff;

impl<'a> Extra<'a> {
    /// Splits a block into its fields. What is left behind them is shorter than any field, so that no
    /// reader takes it for one.
    pub(super) fn parse(block: &'a [u8]) -> Result<Self, String> {
        const HEADER: usize = 4;
        let mut extra = Self::default();
        let mut known = BTreeSet::new();
        let mut fields = Fields(block);
        while let (true, Some(id), Some(len)) =
            (fields.0.len() >= HEADER, fields.u16(), fields.u16())
        {
            let Some(value) = fields.bytes(usize::from(len)) else {
                return Err(format!("extra field 0x{id:04x} runs past its block"));
            };
            let new = known.insert(id);
            match id {
                ZIP64 | UNICODE_PATH if !new => {
                    let what = if id == ZIP64 { "zip64 " } else { "" };
                    return Err(format!("duplicate {what}extra field 0x{id:04x}"));
                }
                ZIP64 => extra.zip64 = Some(value),
                UNICODE_PATH => extra.unicode_path = Some(value),
                _ if !new => extra.twice = Some(id),
                _ => {}
            }
        }
        extra.tail = fields.0.len();
        Ok(extra)
    }

    /// What is odd about the block of the header called `which`, and changes nothing.
    pub(super) fn oddities(&self, which: &str) -> impl Iterator<Item = Finding> {
        let tail = (self.tail > 0).then(|| {
            let message = format!(
                "{} bytes behind the extra fields of the {which} belong to none, which PyPI refuses; \
                 repair drops them",
                self.tail
            );
            Finding::note("zip-extra-tail", message)
        });
        let twice = self.twice.map(|id| {
            let message = format!(
                "the {which} holds extra field 0x{id:04x} twice, which uv refuses; repair drops it"
            );
            Finding::note("zip-extra-twice", message)
        });
        tail.into_iter().chain(twice)
    }

    /// Whether an Info-ZIP Unicode path names anything but `name`.
    pub(super) fn renames(&self, name: &[u8]) -> bool {
        // One byte of version and four of CRC go before the path.
        self.unicode_path
            .is_some_and(|value| value.get(5..) != Some(name))
    }

    /// Whether PyPI refuses the length of the zip64 field of a member with this compression.
    ///
    /// Source: <https://github.com/pypi/warehouse/blob/main/warehouse/utils/zipfiles.py>
    pub(super) fn pypi_refuses(&self, method: u16) -> bool {
        const DEFLATED: u16 = 8;
        match self.zip64.map(<[u8]>::len) {
            None | Some(0 | 16 | 24 | 28) => false,
            Some(8) => method == DEFLATED,
            Some(_) => true,
        }
    }

    /// Puts the 64-bit values where the header holds sentinels.
    ///
    /// Readers take the field in two ways: its values one after the other for what the header asks of it,
    /// or each at the place of its own. Both must come to the same: it holds what is asked for and
    /// nothing else, or everything in order, as the header has it.
    pub(super) fn resolve(&self, said: Sizes) -> Result<Resolved, String> {
        let mut sizes = said;
        let Some(value) = self.zip64 else {
            let repeats = false;
            return Ok(Resolved { sizes, repeats });
        };
        let mut fields = Fields(value);
        let mut take = |field: &mut u64| match *field {
            SENTINEL => fields.u64().map(|value| *field = value),
            _ => Some(()),
        };
        let mut complete = take(&mut sizes.size).and_then(|()| take(&mut sizes.compressed));
        if let Some(offset) = &mut sizes.offset {
            complete = complete.and_then(|()| take(offset));
        }
        if sizes.disk == Some(DISK_SENTINEL) {
            let disk = fields.u32();
            complete = complete.and(disk.map(|_| ()));
            sizes.disk = disk;
        }
        let repeats = !fields.0.is_empty();
        match complete {
            None => Err("the zip64 extra field is too short".to_owned()),
            Some(()) if repeats && !sizes.begin_with(value) => Err(
                "the zip64 extra field holds values that the header does not refer to, and not its own"
                    .to_owned(),
            ),
            Some(()) => Ok(Resolved { sizes, repeats }),
        }
    }
}

impl Sizes {
    /// Whether `value` lists these fields, or the first of them, in the order of the specification.
    fn begin_with(&self, value: &[u8]) -> bool {
        let longs = [Some(self.size), Some(self.compressed), self.offset];
        let longs = longs.into_iter().flatten().map(u64::to_le_bytes);
        let mut rest = value;
        for long in longs {
            match rest.strip_prefix(&long) {
                Some(after) => rest = after,
                None => return rest.is_empty(),
            }
        }
        rest.is_empty() || self.disk.is_some_and(|disk| rest == disk.to_le_bytes())
    }
}

/// A zip64 extra field that says what its header says.
pub(super) fn repeated_zip64(which: &str) -> Finding {
    let message = format!(
        "the zip64 extra field of the {which} repeats values that the header holds itself; repair drops it"
    );
    Finding::note("zip-zip64-repeats", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(id: u16, value: &[u8]) -> Vec<u8> {
        let len = u16::try_from(value.len()).unwrap();
        [&id.to_le_bytes()[..], &len.to_le_bytes(), value].concat()
    }

    fn sizes(size: u64, compressed: u64, offset: u64) -> Sizes {
        Sizes {
            size,
            compressed,
            offset: Some(offset),
            disk: Some(0),
        }
    }

    #[test]
    fn blocks_are_filled_exactly() {
        assert!(Extra::parse(&[]).is_ok());
        assert!(Extra::parse(&field(0x5455, b"12345")).is_ok());
        let odd = |block: &[u8]| {
            Extra::parse(block)
                .unwrap()
                .oddities("local header")
                .count()
        };
        assert_eq!(odd(&field(0x5455, b"12345")), 0);
        assert_eq!(odd(&[field(0x5455, b"12345"), vec![1, 0, 0]].concat()), 1);
        assert_eq!(odd(&field(0x5455, b"").repeat(3)), 1);
        let mut long = field(0x5455, b"12345");
        long[2] = 200;
        assert!(Extra::parse(&long).unwrap_err().contains("runs past"));
        let twice = [field(1, &[0; 8]), field(1, &[0; 8])].concat();
        assert!(Extra::parse(&twice).unwrap_err().contains("duplicate"));
    }

    #[test]
    fn zip64_values_answer_sentinels_one_for_one() {
        let values = [5_u64.to_le_bytes(), 4_u64.to_le_bytes()].concat();
        let both = field(1, &values);
        let extra = Extra::parse(&both).unwrap();
        let read = extra.resolve(sizes(SENTINEL, SENTINEL, 7)).unwrap();
        assert!(!read.repeats);
        let read = read.sizes;
        assert_eq!((read.size, read.compressed, read.offset), (5, 4, Some(7)));
        assert!(extra.resolve(sizes(SENTINEL, 9, 7)).is_err());
        assert!(extra.resolve(sizes(1, 9, 7)).is_err());
        assert!(extra.resolve(sizes(SENTINEL, SENTINEL, SENTINEL)).is_err());
        let offset_only = field(1, &9_u64.to_le_bytes());
        let extra = Extra::parse(&offset_only).unwrap();
        let read = extra.resolve(sizes(1, 2, SENTINEL)).unwrap().sizes;
        assert_eq!((read.size, read.compressed, read.offset), (1, 2, Some(9)));
    }

    #[test]
    fn zip64_values_may_repeat_what_the_header_says() {
        let all: Vec<u8> = [5_u64, 4, 7]
            .into_iter()
            .flat_map(u64::to_le_bytes)
            .collect();
        let with_disk = [&all[..], &[0; 4]].concat();
        let repeats = |value: &[u8], said: Sizes| {
            let field = field(1, value);
            let resolved = Extra::parse(&field).unwrap().resolve(said);
            resolved.map(|resolved| resolved.repeats).ok()
        };
        let local = |size, compressed| Sizes {
            offset: None,
            disk: None,
            ..sizes(size, compressed, 0)
        };
        for length in [8, 16, 24] {
            assert_eq!(
                repeats(&all[..length], sizes(5, 4, 7)),
                Some(true),
                "{length}"
            );
            assert_eq!(repeats(&all[..length], sizes(6, 4, 7)), None, "{length}");
        }
        assert_eq!(repeats(&with_disk, sizes(5, 4, 7)), Some(true));
        assert_eq!(
            repeats(
                &with_disk,
                Sizes {
                    disk: Some(1),
                    ..sizes(5, 4, 7)
                }
            ),
            None
        );
        assert_eq!(repeats(&all[..16], local(5, 4)), Some(true));
        assert_eq!(repeats(&all[..16], local(5, 3)), None);
        assert_eq!(repeats(&all, local(5, 4)), None);
        assert_eq!(repeats(&all[..12], local(5, 4)), None);
        // The first value is the size that is asked for; the second repeats.
        assert_eq!(repeats(&all[..16], local(SENTINEL, 4)), Some(true));
        assert_eq!(repeats(&all[..16], local(SENTINEL, 9)), None);
        // One reader takes the first value for the compressed size, another the second.
        assert_eq!(repeats(&all[..16], local(5, SENTINEL)), None);
        let alike: Vec<u8> = [5_u64, 5].into_iter().flat_map(u64::to_le_bytes).collect();
        assert_eq!(repeats(&alike, local(5, SENTINEL)), Some(true));
    }

    #[test]
    fn another_unicode_path_is_seen() {
        let same = field(0x7075, b"\x01crc_a.py");
        assert!(!Extra::parse(&same).unwrap().renames(b"a.py"));
        assert!(Extra::parse(&same).unwrap().renames(b"b.py"));
        let cut = field(0x7075, b"\x01cr");
        assert!(Extra::parse(&cut).unwrap().renames(b"a.py"));
    }
}
