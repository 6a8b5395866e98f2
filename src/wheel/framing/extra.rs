//! Extra fields. Only the zip64 sizes and the other spelling of the name are looked at.
//!
//! Spec: APPNOTE 4.5, 4.6.9.

use super::fields::Fields;

/// Header id of the zip64 sizes.
pub(super) const ZIP64: u16 = 0x0001;
/// Header id of Info-ZIP's Unicode path.
const UNICODE_PATH: u16 = 0x7075;

/// What an extra block holds that matters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extra<'a> {
    zip64: Option<&'a [u8]>,
    unicode_path: Option<&'a [u8]>,
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

/// A 32-bit field of this value says: see the zip64 extra field.
pub(super) const SENTINEL: u64 = 0xffff_ffff;
const DISK_SENTINEL: u32 = 0xffff;

impl<'a> Extra<'a> {
    /// Splits a block into its fields; they must fill it exactly.
    pub(super) fn parse(block: &'a [u8]) -> Result<Self, String> {
        let mut extra = Self::default();
        let mut fields = Fields(block);
        while !fields.0.is_empty() {
            let (Some(id), Some(len)) = (fields.u16(), fields.u16()) else {
                return Err("an extra field is cut short".to_owned());
            };
            let Some(value) = fields.bytes(usize::from(len)) else {
                return Err(format!("extra field 0x{id:04x} runs past its block"));
            };
            let slot = match id {
                ZIP64 => &mut extra.zip64,
                UNICODE_PATH => &mut extra.unicode_path,
                _ => continue,
            };
            if slot.replace(value).is_some() {
                let what = if id == ZIP64 { "zip64 " } else { "" };
                return Err(format!("duplicate {what}extra field 0x{id:04x}"));
            }
        }
        Ok(extra)
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

    /// Puts the 64-bit values where the header holds sentinels. The extra field must hold
    /// those values and no others.
    pub(super) fn resolve(&self, mut sizes: Sizes) -> Result<Sizes, String> {
        let Some(value) = self.zip64 else {
            return Ok(sizes);
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
        match (complete, fields.0.is_empty()) {
            (None, _) => Err("the zip64 extra field is too short".to_owned()),
            (Some(()), false) => Err(
                "the zip64 extra field holds values that the header does not refer to".to_owned(),
            ),
            (Some(()), true) => Ok(sizes),
        }
    }
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
        let cut = [field(0x5455, b"12345"), vec![1, 0, 0]].concat();
        assert!(Extra::parse(&cut).unwrap_err().contains("cut short"));
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
        assert_eq!((read.size, read.compressed, read.offset), (5, 4, Some(7)));
        assert!(extra.resolve(sizes(SENTINEL, 9, 7)).is_err());
        assert!(extra.resolve(sizes(1, 9, 7)).is_err());
        assert!(extra.resolve(sizes(SENTINEL, SENTINEL, SENTINEL)).is_err());
        let offset_only = field(1, &9_u64.to_le_bytes());
        let extra = Extra::parse(&offset_only).unwrap();
        let read = extra.resolve(sizes(1, 2, SENTINEL)).unwrap();
        assert_eq!((read.size, read.compressed, read.offset), (1, 2, Some(9)));
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
