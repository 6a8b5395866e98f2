//! A file in memory, page by page, as one loader maps it.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

mod loaders;

use std::ops::Range;

use crate::abi::pt;
use crate::error::ElfError;
use crate::image::{Image, bytes_at};
use crate::read::header::{Header, Segment};

pub use loaders::Loader;
pub(crate) use loaders::{Mapped, views};

/// How much is compared at a time.
const WINDOW: u64 = 64 * 1024;

/// Where bytes of memory come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// The file, from this offset on.
    File(u64),
    /// Nowhere: they are zeros.
    Zero,
}

/// Bytes of memory that have one origin.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    place: Range<u64>,
    origin: Origin,
}

impl Run {
    /// The part of it in `place`; `None` if there is none.
    fn part(&self, place: &Range<u64>) -> Option<Self> {
        let start = self.place.start.max(place.start);
        let end = self.place.end.min(place.end);
        let into = start.checked_sub(self.place.start)?;
        let origin = match self.origin {
            Origin::File(offset) => Origin::File(offset.checked_add(into)?),
            Origin::Zero => Origin::Zero,
        };
        let place = start..end;
        (start < end).then_some(Self { place, origin })
    }
}

/// Addresses that a loader maps, and where their bytes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The addresses, as the file has them: before the loader adds where it put the file.
    pub place: Range<u64>,
    /// The file offset of the first byte; `None` for zeros.
    pub offset: Option<u64>,
}

/// What `loader` puts into memory for the ELF file in `image`, in the smallest pages of its
/// machine: ascending, without overlap. What no mapping holds cannot be read.
///
/// # Errors
/// [`ElfError::Malformed`] for headers that loaders refuse.
pub fn mapped(image: &dyn Image, loader: Loader) -> Result<Vec<Mapping>, ElfError> {
    let header = Header::read(image)?;
    let loads = header.segments(image)?;
    let loads: Vec<Segment> = loads
        .into_iter()
        .filter(|segment| segment.kind == pt::LOAD)
        .collect();
    let memory = loader.smallest(&loads, header.machine, image.size());
    let mappings = memory.runs.into_iter().map(|run| Mapping {
        place: run.place,
        offset: match run.origin {
            Origin::File(offset) => Some(offset),
            Origin::Zero => None,
        },
    });
    Ok(mappings.collect())
}

/// What is in memory after a file was mapped. Addresses are those of the file; what is in no run
/// cannot be read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    /// In ascending order, without overlap.
    runs: Vec<Run>,
}

impl Memory {
    /// Maps bytes of a file over whatever is at `place`. Past the end of a file of `size` bytes
    /// there are zeros up to the end of its last page, and nothing behind that.
    fn map_file(&mut self, place: Range<u64>, offset: u64, size: u64, page: u64) {
        let len = place.end.saturating_sub(place.start);
        let in_file = size.saturating_sub(offset).min(len);
        let file_end = place.start.saturating_add(in_file);
        let last_page = up(size, page).saturating_sub(offset).min(len);
        let zeros_end = place.start.saturating_add(last_page);
        self.put(place.clone(), None);
        self.put(place.start..file_end, Some(Origin::File(offset)));
        self.put(file_end..zeros_end.max(file_end), Some(Origin::Zero));
    }

    /// Makes `place` zeros.
    fn zero(&mut self, place: Range<u64>) {
        self.put(place, Some(Origin::Zero));
    }

    /// Puts bytes, or nothing, over what is at `place`. Segments come in ascending order, so that
    /// only the last runs are concerned.
    fn put(&mut self, place: Range<u64>, origin: Option<Origin>) {
        if place.is_empty() {
            return;
        }
        let mut above = Vec::new();
        while let Some(last) = self.runs.pop_if(|last| last.place.end > place.start) {
            above.extend(last.part(&(place.end..u64::MAX)));
            if let Some(below) = last.part(&(0..place.start)) {
                self.runs.push(below);
                break;
            }
        }
        let run = origin.map(|origin| Run { place, origin });
        for run in run.into_iter().chain(above.into_iter().rev()) {
            self.append(run);
        }
    }

    /// Appends a run, as part of the last one if it goes on where that ends.
    fn append(&mut self, run: Run) {
        if let Some(last) = self.runs.last_mut()
            && last.place.end == run.place.start
        {
            let goes_on = match (last.origin, run.origin) {
                (Origin::Zero, Origin::Zero) => true,
                (Origin::File(first), Origin::File(second)) => {
                    let len = last.place.end.saturating_sub(last.place.start);
                    first.checked_add(len) == Some(second)
                }
                _ => false,
            };
            if goes_on {
                last.place.end = run.place.end;
                return;
            }
        }
        self.runs.push(run);
    }

    /// The run that holds `vaddr`.
    fn run_at(&self, vaddr: u64) -> Option<&Run> {
        let after = self.runs.partition_point(|run| run.place.start <= vaddr);
        let run = self.runs.get(after.checked_sub(1)?)?;
        run.place.contains(&vaddr).then_some(run)
    }

    /// The file offset of the byte at `vaddr`, and how many bytes of the file follow it in
    /// memory, itself included.
    pub(crate) fn span_from(&self, vaddr: u64) -> Option<(u64, u64)> {
        let run = self.run_at(vaddr)?;
        match run.part(&(vaddr..run.place.end))?.origin {
            Origin::File(offset) => Some((offset, run.place.end.checked_sub(vaddr)?)),
            Origin::Zero => None,
        }
    }

    /// Whether the byte at `vaddr` is a zero that the file does not have.
    pub(crate) fn is_zero_filled(&self, vaddr: u64) -> bool {
        let run = self.run_at(vaddr);
        run.is_some_and(|run| run.origin == Origin::Zero)
    }

    /// The places where `other` has its bytes from elsewhere, and is mapped or this is.
    fn unlike(&self, other: &Self) -> Vec<Range<u64>> {
        let mut edges: Vec<u64> = self
            .runs
            .iter()
            .chain(&other.runs)
            .flat_map(|run| [run.place.start, run.place.end])
            .collect();
        edges.sort_unstable();
        edges.dedup();
        let mut unlike: Vec<Range<u64>> = Vec::new();
        for pair in edges.windows(2) {
            let &[start, end] = pair else { continue };
            let own = self.run_at(start).and_then(|run| run.part(&(start..end)));
            let others = other.run_at(start).and_then(|run| run.part(&(start..end)));
            if own == others {
                continue;
            }
            match unlike.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ => unlike.push(start..end),
            }
        }
        unlike
    }

    /// The first address in `place`, of which something is mapped everywhere in one of both, at
    /// which `other` has another byte of `image`.
    ///
    /// # Errors
    /// Those of the image.
    fn first_difference(
        &self,
        other: &Self,
        place: Range<u64>,
        image: &dyn Image,
    ) -> Result<Option<u64>, ElfError> {
        let mut at = place.start;
        while at < place.end {
            let rest = at..place.end.min(at.saturating_add(WINDOW));
            let part = |memory: &Self| memory.run_at(at).and_then(|run| run.part(&rest));
            let (Some(own), Some(others)) = (part(self), part(other)) else {
                return Ok(Some(at));
            };
            let end = own.place.end.min(others.place.end);
            let len = end.saturating_sub(at);
            let (own, others) = (bytes(&own, len, image)?, bytes(&others, len, image)?);
            let mut pairs = own.iter().zip(&others);
            if let Some(into) = pairs.position(|(own, others)| own != others) {
                let into = u64::try_from(into).unwrap_or_default();
                return Ok(Some(at.saturating_add(into)));
            }
            at = end;
        }
        Ok(None)
    }
}

fn bytes(run: &Run, len: u64, image: &dyn Image) -> Result<Vec<u8>, ElfError> {
    match run.origin {
        Origin::File(offset) => Ok(bytes_at(image, offset, len, "mapped bytes")?.into_owned()),
        Origin::Zero => Ok(vec![0; usize::try_from(len).unwrap_or_default()]),
    }
}

/// `value` rounded down to a multiple of `page`.
fn down(value: u64, page: u64) -> u64 {
    value.saturating_sub(value.checked_rem(page).unwrap_or_default())
}

/// `value` rounded up to a multiple of `page`.
fn up(value: u64, page: u64) -> u64 {
    value.checked_next_multiple_of(page).unwrap_or(u64::MAX)
}
