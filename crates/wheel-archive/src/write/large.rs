//! Writes a member that is too large to hold compressed: piece after piece, those of one
//! group on all cores, while the next group is read.

use std::io;
use std::ops::Range;

use rayon::iter::{
    IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _,
};
use sha2::{Digest as _, Sha256};

use super::archive_out::{ArchiveOut, Header};
use super::deflate::{Encoder, Level, pieces, read_range};
use super::packing::Digest;
use crate::read::bytes::RandomAccess;

/// What went wrong: in reading the member, or in writing the archive.
#[derive(Debug)]
pub(super) enum Trouble {
    Input(io::Error),
    Output(io::Error),
}

/// A group of pieces, read.
struct Group<'a> {
    ranges: &'a [Range<u64>],
    bytes: Vec<Vec<u8>>,
}

/// Writes the bytes of `image` as the member that `header` describes, except for its
/// sums, sizes and method, which are put in.
pub(super) fn write_large(
    archive: &mut ArchiveOut<'_>,
    mut header: Header<'_>,
    image: &dyn RandomAccess,
    level: Level,
) -> Result<Digest, Trouble> {
    header.size = image.size();
    header.method = if level.stores() { 0 } else { 8 };
    archive.begin(&header).map_err(Trouble::Output)?;
    let (digest, compressed) = write_data(archive, image, level)?;
    header.compressed = compressed;
    header.crc = digest.crc;
    if !level.stores() && compressed >= header.size {
        archive.restart_data().map_err(Trouble::Output)?;
        let (_, stored) = write_data(archive, image, Level::new(Some(0)))?;
        header.method = 0;
        header.compressed = stored;
    }
    archive.amend(&header).map_err(Trouble::Output)?;
    archive.end(&header).map_err(Trouble::Output)?;
    Ok(digest)
}

fn write_data(
    archive: &mut ArchiveOut<'_>,
    image: &dyn RandomAccess,
    level: Level,
) -> Result<(Digest, u64), Trouble> {
    let ranges: Vec<Range<u64>> = pieces(image.size()).collect();
    let last = ranges.len().saturating_sub(1);
    // Enough that no core waits, and no more than 16 MiB of them each.
    let in_group = rayon::current_num_threads().clamp(2, 16).saturating_mul(2);
    let mut groups = ranges.chunks(in_group);
    let mut sums = (crc32fast::Hasher::new(), Sha256::new());
    let mut written = 0_u64;
    let mut current = groups.next().map(|ranges| read_group(image, ranges));
    let mut first = 0_usize;
    while let Some(group) = current.take() {
        let group = group.map_err(Trouble::Input)?;
        let next = groups.next();
        let (read, made) = rayon::join(
            || next.map(|ranges| read_group(image, ranges)),
            || {
                rayon::join(
                    || hash(&mut sums, &group),
                    || compress(&group, first, last, level),
                )
                .1
            },
        );
        for piece in made.map_err(Trouble::Input)? {
            archive.write(&piece).map_err(Trouble::Output)?;
            written = written.saturating_add(piece.len() as u64);
        }
        first = first.saturating_add(group.ranges.len());
        current = read;
    }
    let (crc, sha256) = sums;
    let digest = Digest {
        crc: crc.finalize(),
        sha256: sha256.finalize().into(),
    };
    Ok((digest, written))
}

fn read_group<'a>(image: &dyn RandomAccess, ranges: &'a [Range<u64>]) -> io::Result<Group<'a>> {
    let read = |range| {
        let mut buffer = Vec::new();
        read_range(image, range, &mut buffer)?;
        Ok(buffer)
    };
    let bytes = ranges.iter().map(read).collect::<io::Result<_>>()?;
    Ok(Group { ranges, bytes })
}

fn hash(sums: &mut (crc32fast::Hasher, Sha256), group: &Group<'_>) {
    for bytes in &group.bytes {
        sums.0.update(bytes);
        sums.1.update(bytes);
    }
}

fn compress(
    group: &Group<'_>,
    first: usize,
    last: usize,
    level: Level,
) -> io::Result<Vec<Vec<u8>>> {
    group
        .bytes
        .par_iter()
        .enumerate()
        .map_init(
            || Encoder::new(level),
            |encoder, (index, bytes)| {
                let is_last = first.saturating_add(index) == last;
                encoder.compress(bytes, is_last)
            },
        )
        .collect()
}
