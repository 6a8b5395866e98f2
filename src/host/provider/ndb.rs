//! rpm's own container, which SUSE uses: slots that point to headers.
//!
//! Layout: `lib/backend/ndb/rpmpkg.c` of rpm.

use super::budget::Budget;
use super::header::le32;
use super::rpm::{LONGEST_HEADER, Sink};
use crate::elf::Image;
use crate::host::file::FileImage;

const MAGIC: &[u8] = b"RpmP";
const SLOT: &[u8] = b"Slot";
const BLOB: &[u8] = b"BlbS";
const PAGE: u64 = 4096;
const SLOT_SIZE: usize = 16;
/// Offsets count units of this many bytes.
const BLOCK: u64 = 16;
const MOST_SLOT_PAGES: u64 = 4096;

/// Hands every header of the database to `sink`.
pub(super) fn headers(image: &FileImage, sink: &mut Sink<'_>) -> Option<()> {
    let mut header = [0; 32];
    image.read_at(0, &mut header).ok()?;
    header.starts_with(MAGIC).then_some(())?;
    let pages = u64::from(le32(&header, 12)?);
    (1..=MOST_SLOT_PAGES).contains(&pages).then_some(())?;
    let mut slots = vec![0; usize::try_from(pages.checked_mul(PAGE)?).ok()?];
    image.read_at(0, &mut slots).ok()?;
    let mut budget = Budget::new(image.size());
    // The header takes the place of two slots.
    for slot in slots.chunks_exact(SLOT_SIZE).skip(2) {
        let block = le32(slot, 8)?;
        if !slot.starts_with(SLOT) || block == 0 {
            continue;
        }
        let at = u64::from(block).checked_mul(BLOCK)?;
        sink(&blob(image, slot, at, &mut budget)?);
    }
    Some(())
}

/// The header that a slot leads to; empty if it is too long.
fn blob(image: &FileImage, slot: &[u8], at: u64, budget: &mut Budget) -> Option<Vec<u8>> {
    let mut head = [0; 16];
    image.read_at(at, &mut head).ok()?;
    let same_package = slot.get(4..8) == head.get(4..8);
    (head.starts_with(BLOB) && same_package).then_some(())?;
    let len = usize::try_from(le32(&head, 12)?).ok()?;
    budget.spend(len.checked_add(head.len())?)?;
    if len > LONGEST_HEADER {
        return Some(Vec::new());
    }
    let mut bytes = vec![0; len];
    image.read_at(at.checked_add(16)?, &mut bytes).ok()?;
    Some(bytes)
}
