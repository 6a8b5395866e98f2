//! The one table of an `SQLite` database that holds rpm's headers.
//!
//! Read only and in page order: no index, no journal. What a crashed rpm left in a
//! write-ahead log is not seen.
//!
//! Spec: <https://www.sqlite.org/fileformat2.html>

use std::collections::BTreeSet;

use super::budget::Budget;
use super::header::be32;
use super::rpm::{LONGEST_HEADER, Sink};
use crate::elf::Image;
use crate::host::file::FileImage;

struct Database<'a> {
    image: &'a FileImage,
    page_size: u64,
    /// Bytes of a page that hold data.
    usable: usize,
}

/// A row of a table, as the bytes of its record.
type Row = Vec<u8>;

/// Hands every header of the database to `sink`.
pub(super) fn headers(image: &FileImage, sink: &mut Sink<'_>) -> Option<()> {
    let database = Database::open(image)?;
    let mut root = None;
    database.table(1, &mut |row| {
        if let Some(page) = packages_table(row) {
            root = Some(page);
        }
    })?;
    // Columns: the row's number (kept elsewhere) and the header.
    database.table(root?, &mut |row| {
        if let Some(blob) = columns(row).and_then(|columns| columns.get(1).copied()) {
            sink(blob);
        }
    })
}

/// The first page of the table of packages, if this row of the schema is about it.
fn packages_table(row: &[u8]) -> Option<u32> {
    let columns = columns(row)?;
    let [kind, name, _, page, ..] = columns.as_slice() else {
        return None;
    };
    if *kind != b"table" || *name != b"Packages" {
        return None;
    }
    let page = page
        .iter()
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    u32::try_from(page).ok()
}

/// The bytes of each column of a record.
fn columns(row: &[u8]) -> Option<Vec<&[u8]>> {
    let (len, mut at) = varint(row, 0)?;
    let (types, mut data) = row.split_at_checked(usize::try_from(len).ok()?)?;
    let mut columns = Vec::new();
    while at < types.len() {
        let (kind, next) = varint(types, at)?;
        at = next;
        let size = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            // Even: bytes, odd: text.
            kind => kind.checked_sub(12)? / 2,
        };
        let (column, rest) = data.split_at_checked(usize::try_from(size).ok()?)?;
        columns.push(column);
        data = rest;
    }
    Some(columns)
}

/// A number in base 128, and where it ends.
fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut number = 0_u64;
    for (count, byte) in bytes.get(at..)?.iter().take(9).enumerate() {
        let end = at.checked_add(count)?.checked_add(1)?;
        if count == 8 {
            return Some((number << 8 | u64::from(*byte), end));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number, end));
        }
    }
    None
}

impl<'a> Database<'a> {
    fn open(image: &'a FileImage) -> Option<Self> {
        let mut header = [0; 100];
        image.read_at(0, &mut header).ok()?;
        if !header.starts_with(b"SQLite format 3\0") {
            return None;
        }
        let page_size = match u16::from_be_bytes([*header.get(16)?, *header.get(17)?]) {
            1 => 65536,
            size if size.is_power_of_two() && size >= 512 => u64::from(size),
            _ => return None,
        };
        let reserved = usize::from(*header.get(20)?);
        let usable = usize::try_from(page_size).ok()?.checked_sub(reserved)?;
        (usable >= 480).then_some(Self {
            image,
            page_size,
            usable,
        })
    }

    fn page(&self, number: u32) -> Option<Vec<u8>> {
        let offset = u64::from(number.checked_sub(1)?).checked_mul(self.page_size)?;
        let mut page = vec![0; usize::try_from(self.page_size).ok()?];
        self.image.read_at(offset, &mut page).ok()?;
        page.truncate(self.usable);
        Some(page)
    }

    /// Hands every row of the table at page `root` to `sink`.
    fn table(&self, root: u32, sink: &mut dyn FnMut(&[u8])) -> Option<()> {
        let mut seen = BTreeSet::new();
        let mut budget = Budget::new(self.image.size());
        let mut pending = vec![root];
        while let Some(number) = pending.pop() {
            if !seen.insert(number) {
                continue;
            }
            let page = self.page(number)?;
            let start = if number == 1 { 100 } else { 0 };
            let header = page.get(start..)?;
            let cells = u16::from_be_bytes([*header.get(3)?, *header.get(4)?]);
            let inner = match header.first()? {
                0x05 => true,
                0x0d => false,
                _ => return None,
            };
            let pointers = header.get(if inner { 12 } else { 8 }..)?;
            let pointers = pointers.chunks_exact(2).take(usize::from(cells));
            let cells = pointers.filter_map(|pointer| {
                let at: [u8; 2] = pointer.try_into().ok()?;
                Some(usize::from(u16::from_be_bytes(at)))
            });
            if inner {
                let last = be32(header, 8)?;
                let mut children: Vec<u32> = cells.filter_map(|at| be32(&page, at)).collect();
                children.push(last);
                pending.extend(children.iter().rev());
            } else {
                for at in cells {
                    sink(&self.row(&page, at, &mut budget)?);
                }
            }
        }
        Some(())
    }

    /// The row of a leaf's cell: its start is in the page, the rest may be in pages of its own.
    /// Empty if it is too long.
    fn row(&self, page: &[u8], cell: usize, budget: &mut Budget) -> Option<Row> {
        let (size, at) = varint(page, cell)?;
        let (_, at) = varint(page, at)?;
        let size = usize::try_from(size).ok()?;
        budget.spend(size)?;
        if size > LONGEST_HEADER {
            return Some(Vec::new());
        }
        let local = self.local(size)?;
        let start = page.get(at..)?.get(..local)?;
        let mut row = start.to_vec();
        if local == size {
            return Some(row);
        }
        let mut next = be32(page, at.checked_add(local)?)?;
        while row.len() < size {
            let page = self.page(next)?;
            let (link, content) = page.split_at_checked(4)?;
            let missing = size.checked_sub(row.len())?;
            row.extend_from_slice(content.get(..missing).unwrap_or(content));
            next = be32(link, 0)?;
        }
        Some(row)
    }

    /// How much of a row of `size` bytes is in the leaf itself.
    fn local(&self, size: usize) -> Option<usize> {
        let most = self.usable.checked_sub(35)?;
        if size <= most {
            return Some(size);
        }
        let least = (self.usable.checked_sub(12)?.checked_mul(32)? / 255).checked_sub(23)?;
        let per_page = self.usable.checked_sub(4)?;
        let surplus = size.checked_sub(least)?.checked_rem(per_page)?;
        let local = least.checked_add(surplus)?;
        Some(if local <= most { local } else { least })
    }
}
