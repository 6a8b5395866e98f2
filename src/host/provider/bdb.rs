//! The hash table of Berkeley DB in which rpm before 4.16 kept its headers.
//!
//! Headers are larger than a page, so each has a chain of pages of its own; the keys do not
//! matter here.
//!
//! Layout: `dbinc/db_page.h` of Berkeley DB 5.

use super::budget::Budget;
use super::rpm::{LONGEST_HEADER, Sink};
use crate::elf::Image;
use crate::host::file::FileImage;

const MAGIC: u32 = 0x0006_1561;
const PAGE_HEADER: usize = 26;
/// Page types.
const HASH_UNSORTED: u8 = 2;
const OVERFLOW: u8 = 7;
const HASH_META: u8 = 8;
const HASH: u8 = 13;
/// An item that has pages of its own.
const OFF_PAGE: u8 = 3;

struct Database<'a> {
    image: &'a FileImage,
    big_endian: bool,
    page_size: usize,
    last_page: u32,
}

/// Hands every header of the database to `sink`.
pub(super) fn headers(image: &FileImage, sink: &mut Sink<'_>) -> Option<()> {
    let database = Database::open(image)?;
    // Every page of a chain belongs to one item.
    let mut budget = Budget::new(image.size());
    for number in 0..=database.last_page {
        let page = database.page(number)?;
        if !matches!(page.get(25)?, &HASH_UNSORTED | &HASH) {
            continue;
        }
        let items = usize::from(database.half(&page, 20)?);
        // Keys and values alternate.
        for value in (1..items).step_by(2) {
            let slot = value.checked_mul(2)?.checked_add(PAGE_HEADER)?;
            let item = page.get(usize::from(database.half(&page, slot)?)..)?;
            if item.first() == Some(&OFF_PAGE) {
                let first = database.word(item, 4)?;
                let size = usize::try_from(database.word(item, 8)?).ok()?;
                sink(&database.chain(first, size, &mut budget)?);
            }
        }
    }
    Some(())
}

impl<'a> Database<'a> {
    fn open(image: &'a FileImage) -> Option<Self> {
        let mut meta = [0; 72];
        image.read_at(0, &mut meta).ok()?;
        let mut database = Self {
            image,
            big_endian: false,
            page_size: 0,
            last_page: 0,
        };
        if database.word(&meta, 12)? != MAGIC {
            database.big_endian = true;
            (database.word(&meta, 12)? == MAGIC).then_some(())?;
        }
        (*meta.get(25)? == HASH_META).then_some(())?;
        database.page_size = usize::try_from(database.word(&meta, 20)?).ok()?;
        (512..=65536).contains(&database.page_size).then_some(())?;
        database.last_page = database.word(&meta, 32)?;
        Some(database)
    }

    fn page(&self, number: u32) -> Option<Vec<u8>> {
        let offset = u64::from(number).checked_mul(self.page_size as u64)?;
        let mut page = vec![0; self.page_size];
        self.image.read_at(offset, &mut page).ok()?;
        Some(page)
    }

    /// The `size` bytes of an item whose pages start at `first`; none if they are too many.
    fn chain(&self, first: u32, size: usize, budget: &mut Budget) -> Option<Vec<u8>> {
        if size > LONGEST_HEADER {
            return Some(Vec::new());
        }
        let mut bytes = Vec::new();
        let mut next = first;
        while next != 0 && bytes.len() < size {
            budget.spend(self.page_size)?;
            let page = self.page(next)?;
            let len = usize::from(self.half(&page, 22)?);
            if *page.get(25)? != OVERFLOW || len == 0 {
                return None;
            }
            bytes.extend_from_slice(page.get(PAGE_HEADER..)?.get(..len)?);
            next = self.word(&page, 16)?;
        }
        bytes.truncate(size);
        Some(bytes)
    }

    fn word(&self, bytes: &[u8], at: usize) -> Option<u32> {
        let word = *bytes.get(at..)?.first_chunk::<4>()?;
        Some(if self.big_endian {
            u32::from_be_bytes(word)
        } else {
            u32::from_le_bytes(word)
        })
    }

    fn half(&self, bytes: &[u8], at: usize) -> Option<u16> {
        let half = *bytes.get(at..)?.first_chunk::<2>()?;
        Some(if self.big_endian {
            u16::from_be_bytes(half)
        } else {
            u16::from_le_bytes(half)
        })
    }
}
