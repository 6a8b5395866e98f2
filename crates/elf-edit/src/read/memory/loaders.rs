//! How each loader maps a file.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::cell::Cell;
use std::ops::Range;

use super::{Memory, down, up};
use crate::abi::{PF_W, em};
use crate::error::ElfError;
use crate::image::Image;
use crate::read::header::Segment;

/// The loader of a C library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Loader {
    /// That of glibc: `elf/dl-load.c` and `elf/dl-map-segments.h`.
    Glibc,
    /// That of musl: `ldso/dynlink.c`, `map_library`.
    Musl,
    /// That of Android: bionic's `linker/linker_phdr.cpp`, `LoadSegments`.
    Bionic,
}

impl Loader {
    /// Every loader, in a fixed order.
    pub const ALL: [Self; 3] = [Self::Glibc, Self::Musl, Self::Bionic];

    /// As it maps a file in the smallest pages of `machine`.
    pub(crate) fn smallest(self, loads: &[Segment], machine: u16, size: u64) -> Memory {
        let page = page_sizes(machine).first().copied().unwrap_or(0x1000);
        self.map(loads, size, page)
    }

    fn map(self, loads: &[Segment], size: u64, page: u64) -> Memory {
        match self {
            Self::Glibc => glibc(loads, size, page),
            Self::Musl => musl(loads, size, page),
            Self::Bionic => bionic(loads, size, page),
        }
    }
}

/// A file as glibc maps it in the smallest pages of its machine, and where other loaders, or
/// larger pages, put other bytes.
pub(crate) struct Mapped {
    /// What is read.
    pub(crate) memory: Memory,
    others: Vec<Other>,
}

struct Other {
    loader: Loader,
    memory: Memory,
    unlike: Vec<Range<u64>>,
    /// The first byte that was read and is another there.
    found: Cell<Option<u64>>,
}

/// Maps a file of `size` bytes for `machine` as each loader does.
pub(crate) fn views(loads: &[Segment], machine: u16, size: u64) -> Mapped {
    let pages = page_sizes(machine);
    let smallest = pages.first().copied().unwrap_or(0x1000);
    let memory = Loader::Glibc.map(loads, size, smallest);
    let mut others = Vec::new();
    for loader in Loader::ALL {
        for page in pages.iter().filter(|page| fits(loads, **page, smallest)) {
            let other = loader.map(loads, size, *page);
            let unlike = memory.unlike(&other);
            if !unlike.is_empty() {
                others.push(Other {
                    loader,
                    memory: other,
                    unlike,
                    found: Cell::new(None),
                });
            }
        }
    }
    Mapped { memory, others }
}

impl Mapped {
    /// Counts `len` bytes at `vaddr` as read.
    ///
    /// # Errors
    /// Those of the image.
    pub(crate) fn count_read(
        &self,
        vaddr: u64,
        len: u64,
        image: &dyn Image,
    ) -> Result<(), ElfError> {
        let end = vaddr.saturating_add(len);
        for other in self
            .others
            .iter()
            .filter(|other| other.found.get().is_none())
        {
            let first = other.unlike.partition_point(|place| place.end <= vaddr);
            for place in other.unlike.get(first..).unwrap_or_default() {
                if place.start >= end {
                    break;
                }
                let place = place.start.max(vaddr)..place.end.min(end);
                let found = self.memory.first_difference(&other.memory, place, image)?;
                if found.is_some() {
                    other.found.set(found);
                    break;
                }
            }
        }
        Ok(())
    }

    /// The first byte that was read and is another one for `loader`, by its address.
    pub(crate) fn difference(&self, loader: Loader) -> Option<u64> {
        let others = self.others.iter().filter(|other| other.loader == loader);
        others.filter_map(|other| other.found.get()).min()
    }
}

/// Sizes of pages that Linux has on a machine, smallest first.
fn page_sizes(machine: u16) -> &'static [u64] {
    match machine {
        em::AARCH64 | em::LOONGARCH | em::MIPS => &[0x1000, 0x4000, 0x1_0000],
        em::PPC | em::PPC64 => &[0x1000, 0x1_0000],
        _ => &[0x1000],
    }
}

/// Whether the segments are aligned for such pages: where they are not, glibc refuses the file.
fn fits(loads: &[Segment], page: u64, smallest: u64) -> bool {
    page == smallest || loads.iter().all(|load| load.align >= page)
}

/// Each segment's pages come from the file. What memory has beyond the file's bytes is zeroed,
/// in the segment's last page too, whether it can be written or not; the rest of that page is
/// the file's.
fn glibc(loads: &[Segment], size: u64, page: u64) -> Memory {
    let mut memory = Memory::default();
    for load in loads {
        let data_end = load.vaddr.saturating_add(load.filesz);
        let end = load.vaddr.saturating_add(load.memsz);
        let mapped = down(load.vaddr, page)..up(data_end, page);
        memory.map_file(mapped, down(load.offset, page), size, page);
        if end > data_end {
            let zeros = up(data_end, page);
            memory.zero(data_end..zeros.min(end));
            memory.zero(zeros..up(end, page));
        }
    }
    memory
}

/// The whole range is mapped from the file at once, as the first segment says; then every other
/// segment over that, as long as it is in memory. Only what can be written is zeroed, to the end
/// of its last page.
fn musl(loads: &[Segment], size: u64, page: u64) -> Memory {
    let mut memory = Memory::default();
    let Some(first) = loads.iter().min_by_key(|load| load.vaddr) else {
        return memory;
    };
    let start = down(first.vaddr, page);
    let ends = loads
        .iter()
        .map(|load| load.vaddr.saturating_add(load.memsz));
    let end = up(ends.max().unwrap_or_default(), page);
    memory.map_file(start..end, down(first.offset, page), size, page);
    for load in loads {
        let own = down(load.vaddr, page);
        let own_end = up(load.vaddr.saturating_add(load.memsz), page);
        if own != start {
            memory.map_file(own..own_end, down(load.offset, page), size, page);
        }
        if load.memsz > load.filesz && load.flags & PF_W != 0 {
            let data_end = load.vaddr.saturating_add(load.filesz);
            memory.zero(data_end..up(data_end, page));
            memory.zero(up(data_end, page)..own_end);
        }
    }
    memory
}

/// Each segment's pages come from the file. The last page of one that can be written is zeroed
/// behind the file's bytes, even where nothing follows them; further pages are zeros.
fn bionic(loads: &[Segment], size: u64, page: u64) -> Memory {
    let mut memory = Memory::default();
    for load in loads {
        let start = down(load.vaddr, page);
        let offset = down(load.offset, page);
        let len = load
            .offset
            .saturating_add(load.filesz)
            .saturating_sub(offset);
        let data_end = load.vaddr.saturating_add(load.filesz);
        memory.map_file(
            start..start.saturating_add(up(len, page)),
            offset,
            size,
            page,
        );
        let page_end = up(data_end, page);
        if load.flags & PF_W != 0 {
            memory.zero(data_end..page_end);
        }
        memory.zero(page_end..up(load.vaddr.saturating_add(load.memsz), page));
    }
    memory
}
