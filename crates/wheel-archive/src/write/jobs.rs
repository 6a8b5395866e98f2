//! The members of an archive that is to be written, in batches of bounded size.

use std::io;
use std::sync::Arc;

use rayon::iter::{IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _};

use super::archive_out::Header;
use super::deflate::{Encoder, Level};
use super::packing::{Origin, Packing};
use super::{Compression, Content, NewMember};
use crate::finding::Finding;
use crate::member::{Member, MemberId};
use crate::wheel::Wheel;

/// Bytes of the members of a batch, before they are compressed.
const BATCH: u64 = 48 << 20;
/// Larger members are never held as a whole.
pub(super) const LARGE: u64 = 32 << 20;

/// A member, and how it gets into the archive.
pub(super) struct Job<'a> {
    pub(super) member: &'a NewMember,
    pub(super) way: Way<'a>,
}

pub(super) enum Way<'a> {
    /// Compressed bytes of a member, as they are.
    Copy(&'a Member),
    /// Packed in a batch.
    Pack(Arc<Packing>),
    /// Read and compressed while it is written.
    Large(Arc<Packing>),
}

impl<'a> Job<'a> {
    pub(super) fn new(
        member: &'a NewMember,
        input: &'a Wheel,
        compression: Compression,
    ) -> Result<Self, Finding> {
        let level = Level::new(compression.level);
        let known = |id: MemberId| {
            let missing = || Finding::error("internal", "no such member").at(&member.path);
            input.members.get(id).ok_or_else(missing)
        };
        let origin = |id: MemberId| {
            let kept = input
                .kept(id)
                .map(|bytes| Origin::Shared(Arc::clone(bytes)));
            let read = |member: &Member| {
                Origin::Member(Arc::clone(input.source()), Box::new(member.clone()))
            };
            kept.map_or_else(|| known(id).map(read), Ok)
        };
        let packing = match &member.content {
            Content::Copy(id) => {
                let copied = known(*id)?;
                if compression.level.is_none() {
                    let way = Way::Copy(copied);
                    return Ok(Self { member, way });
                }
                Packing::new(origin(*id)?, None, copied.size, level).into()
            }
            Content::Bytes(bytes) => {
                let origin = Origin::Bytes(Arc::clone(bytes));
                Packing::new(origin, None, bytes.len() as u64, level).into()
            }
            Content::EditedMember(id, edit) => {
                let (edit, size) = (Some(Arc::clone(edit)), edit.size());
                Packing::new(origin(*id)?, edit, size, level).into()
            }
            Content::Packed(packed) => packed.packing(level),
        };
        let way = if packing.size() > LARGE {
            Way::Large(packing)
        } else {
            Way::Pack(packing)
        };
        Ok(Self { member, way })
    }

    /// Bytes held while the batch of the job is packed and written.
    fn cost(&self) -> u64 {
        match &self.way {
            Way::Copy(_) => 0,
            Way::Pack(packing) => packing.size(),
            Way::Large(_) => LARGE,
        }
    }

    /// Headers without sums and sizes.
    pub(super) fn header(&self) -> Header<'a> {
        Header {
            path: &self.member.path,
            executable: self.member.executable,
            modified: self.member.modified.clamped(),
            method: 0,
            crc: 0,
            compressed: 0,
            size: 0,
        }
    }

    pub(super) fn unreadable(&self, error: &io::Error) -> Finding {
        Finding::unreadable(error).at(&self.member.path)
    }
}

/// Cuts the jobs where the next would make a batch too large.
pub(super) fn batches<'j, 'a>(jobs: &'j [Job<'a>]) -> Vec<&'j [Job<'a>]> {
    let mut batches = Vec::new();
    let mut rest = jobs;
    while !rest.is_empty() {
        let mut cost = 0_u64;
        let fits = rest.iter().take_while(|job| {
            let empty = cost == 0;
            cost = cost.saturating_add(job.cost());
            empty || cost <= BATCH
        });
        let (batch, later) = rest.split_at(fits.count());
        batches.push(batch);
        rest = later;
    }
    batches
}

/// Packs what a batch has to pack, the largest first, on all cores.
pub(super) fn pack(batch: &[Job<'_>], level: Level) {
    let packings = batch.iter().filter_map(|job| match &job.way {
        Way::Pack(packing) => Some(packing.as_ref()),
        Way::Copy(_) | Way::Large(_) => None,
    });
    pack_all(packings.collect(), level);
}

/// Packs these, the largest first, on all cores.
pub(super) fn pack_all(mut packings: Vec<&Packing>, level: Level) {
    if packings.is_empty() {
        return;
    }
    packings.sort_by_key(|packing| std::cmp::Reverse(packing.size()));
    (0..rayon::current_num_threads())
        .into_par_iter()
        .with_max_len(1)
        .for_each(|_| {
            let mut encoder = Encoder::new(level);
            for packing in &packings {
                packing.work(&mut encoder);
            }
        });
}
