//! Inflates a member in one piece: half as long as in a stream, for members that fit.
//!
//! libdeflate does not say how much input it took, and bytes after the end of a deflate
//! stream must not pass. So the stream is dressed as gzip with the CRC and size of the
//! headers for a trailer: the decoder then looks for the trailer where the stream ends.
//! It can end early only if the trailer's eight bytes are there too, which is searched for.
//!
//! Whatever fails here is read again by [`super::reader`], which knows why.

use std::io;

use libdeflater::Decompressor;

use crate::member::Member;
use crate::read::source::Source;
use crate::work::buffer::{Buffer, Held};

/// Magic, method, no flags, no time, no system.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
const TRAILER_LEN: usize = 8;

/// A decoder and its buffers, for one member after the other.
pub(crate) struct Whole {
    decoder: Decompressor,
    packed: Buffer,
    bytes: Buffer,
}

impl Default for Whole {
    fn default() -> Self {
        Self {
            decoder: Decompressor::new(),
            packed: Buffer::default(),
            bytes: Buffer::default(),
        }
    }
}

impl std::fmt::Debug for Whole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Whole").finish_non_exhaustive()
    }
}

impl Whole {
    /// How many bytes [`Whole::read`] holds for `member`.
    pub(crate) fn cost(member: &Member) -> u64 {
        member.size.saturating_add(member.compressed_size)
    }

    /// Gives up the buffers.
    pub(crate) fn clear(&mut self) {
        self.packed = Buffer::default();
        self.bytes = Buffer::default();
    }

    /// The bytes of `member` for longer than until the next call.
    pub(crate) fn into_bytes(
        mut self,
        source: &Source,
        member: &Member,
    ) -> io::Result<Option<Held>> {
        let len = self.read(source, member)?.map(<[u8]>::len);
        Ok(len.map(|len| self.bytes.hold(len)))
    }

    /// The bytes of `member`, which must be small enough to hold. `None` if anything at
    /// all is wrong with them.
    pub(crate) fn read(&mut self, source: &Source, member: &Member) -> io::Result<Option<&[u8]>> {
        let size = usize::try_from(member.size);
        let packed = usize::try_from(member.compressed_size);
        let (Ok(size), Ok(packed)) = (size, packed) else {
            return Ok(None);
        };
        if member.method == 0 {
            return self.read_stored(source, member, size);
        }
        // No deflate stream grows beyond this; do not allocate for a lie.
        if size / 1040 > packed {
            return Ok(None);
        }
        let Some(total) = packed.checked_add(GZIP_HEADER.len() + TRAILER_LEN) else {
            return Ok(None);
        };
        let (gzip, bytes) = (self.packed.room(total), self.bytes.room(size));
        let (header, rest) = gzip.split_at_mut(GZIP_HEADER.len());
        let (stream, trailer) = rest.split_at_mut(packed);
        source.read_exact_at(stream, member.data_offset)?;
        header.copy_from_slice(&GZIP_HEADER);
        let expected = trailer_of(member);
        trailer.copy_from_slice(&expected);
        let inflated = self.decoder.gzip_decompress(gzip, bytes);
        let deflate_and_trailer = gzip.get(GZIP_HEADER.len()..).unwrap_or_default();
        // The decoder held the CRC of what came out against the trailer.
        let sound = inflated.is_ok_and(|count| count == size)
            && memchr::memmem::find(deflate_and_trailer, &expected) == Some(packed);
        Ok(sound.then_some(bytes))
    }

    fn read_stored(
        &mut self,
        source: &Source,
        member: &Member,
        size: usize,
    ) -> io::Result<Option<&[u8]>> {
        let bytes = self.bytes.room(size);
        source.read_exact_at(bytes, member.data_offset)?;
        Ok((crc32fast::hash(bytes) == member.crc).then_some(bytes))
    }
}

/// CRC-32 and size modulo 2^32, as a gzip member ends.
fn trailer_of(member: &Member) -> [u8; TRAILER_LEN] {
    let size = member.size & u64::from(u32::MAX);
    (size << 32 | u64::from(member.crc)).to_le_bytes()
}
