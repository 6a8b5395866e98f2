//! Compresses the members that a repair changes or adds.
//!
//! libdeflate, because it is faster than what can stream and makes smaller output than
//! Python's zlib at the same level (figures: `docs/performance.md`, Encoder). A large
//! member is cut into pieces of a fixed size, which go to all cores; what comes out
//! depends on the bytes and the level alone.

use std::io;
use std::ops::Range;

use libdeflater::{CompressionLvl, Compressor};

use super::deflate_end::open_end;
use crate::read::bytes::RandomAccess;
use crate::work::buffer::Buffer;
use crate::work::progress;

/// Bytes of a piece. The window that each piece does without costs 0.03 % of the size, and
/// finding its end ([`open_end`]) a tenth of the time: `docs/performance.md`, Encoder.
pub(crate) const PIECE: u64 = 4 << 20;

/// zlib's default, and the first of libdeflate's at which no library that was measured
/// is larger than zlib makes it.
const DEFAULT_LEVEL: u8 = 6;

/// How new data is compressed: 0 stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level(u8);

impl Level {
    /// The level that was asked for, or the default.
    pub(crate) fn new(asked: Option<u8>) -> Self {
        Self(asked.unwrap_or(DEFAULT_LEVEL).min(9))
    }

    pub(crate) fn stores(self) -> bool {
        self.0 == 0
    }
}

/// The ranges that a member of `size` bytes is cut into; the last is up to half as long again.
pub(crate) fn pieces(size: u64) -> impl Iterator<Item = Range<u64>> {
    // A remainder of up to half a piece joins the last one.
    let count = (size.saturating_add(PIECE / 2).saturating_sub(1) / PIECE).max(1);
    (0..count).map(move |index| {
        let start = index.saturating_mul(PIECE);
        let next = index.saturating_add(1);
        start..if next == count {
            size
        } else {
            next.saturating_mul(PIECE)
        }
    })
}

/// An encoder and its buffers, for one piece after the other.
pub(crate) struct Encoder {
    level: Level,
    compressor: Compressor,
    input: Buffer,
    output: Buffer,
}

impl Encoder {
    pub(crate) fn new(level: Level) -> Self {
        let level_of = |level| CompressionLvl::new(i32::from(level)).unwrap_or_default();
        Self {
            level,
            compressor: Compressor::new(level_of(level.0)),
            input: Buffer::default(),
            output: Buffer::default(),
        }
    }

    /// A piece of a deflate stream that holds `range` of `image`; pieces that are not the
    /// last one can be followed by the next. A level of 0 gives the bytes as they are.
    pub(crate) fn piece(
        &mut self,
        image: &dyn RandomAccess,
        range: &Range<u64>,
        last: bool,
    ) -> io::Result<Vec<u8>> {
        if let Some(bytes) = image.as_bytes() {
            let range = usize::try_from(range.start)
                .ok()
                .zip(usize::try_from(range.end).ok());
            let bytes = range.and_then(|(start, end)| bytes.get(start..end));
            return self.compress(bytes.ok_or(io::ErrorKind::UnexpectedEof)?, last);
        }
        let mut input = std::mem::take(&mut self.input);
        let len = usize::try_from(range.end.saturating_sub(range.start));
        let room = input.room(len.map_err(io::Error::other)?);
        image.read_at(range.start, room)?;
        let piece = self.compress(room, last);
        self.input = input;
        piece
    }

    /// The same for bytes at hand.
    pub(crate) fn compress(&mut self, bytes: &[u8], last: bool) -> io::Result<Vec<u8>> {
        if self.level.stores() {
            return Ok(bytes.to_vec());
        }
        let bound = self.compressor.deflate_compress_bound(bytes.len());
        let output = self.output.room(bound);
        let len = self
            .compressor
            .deflate_compress(bytes, output)
            .map_err(io::Error::other)?;
        progress::compressed(bytes.len());
        let mut piece = output.get(..len).unwrap_or_default().to_vec();
        if !last {
            open_end(&mut piece).map_err(io::Error::other)?;
        }
        Ok(piece)
    }
}

/// Reads `range` of `image` into `buffer`, which then has exactly those bytes.
pub(crate) fn read_range(
    image: &dyn RandomAccess,
    range: &Range<u64>,
    buffer: &mut Vec<u8>,
) -> io::Result<()> {
    let len = range.end.saturating_sub(range.start);
    let len = usize::try_from(len).map_err(io::Error::other)?;
    buffer.resize(len, 0);
    image.read_at(range.start, buffer)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::DeflateDecoder;

    use super::*;

    /// Bytes that compress as code does: some noise, some repetition, some runs.
    fn sample(len: usize, seed: u64) -> Vec<u8> {
        let mut state = seed;
        let mut bytes = Vec::with_capacity(len + 64);
        while bytes.len() < len {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let noise = state.to_le_bytes();
            match noise[7] % 8 {
                0..3 => bytes.extend(&noise[4..7]),
                3..6 if bytes.len() > 4096 => {
                    let back = 1 + usize::from(noise[5]) * 16;
                    let from = bytes.len() - back;
                    let count = 4 + usize::from(noise[6]) / 8;
                    bytes.extend_from_within(from..from + count.min(back));
                }
                6 => bytes.extend(std::iter::repeat_n(noise[4], 40)),
                _ => bytes.extend(b"mov %rax, "),
            }
        }
        bytes.truncate(len);
        bytes
    }

    fn inflate(stream: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        DeflateDecoder::new(stream).read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn pieces_cover_every_size_once() {
        let sizes = [
            0,
            1,
            PIECE - 1,
            PIECE,
            PIECE + 1,
            PIECE * 3 / 2,
            PIECE * 3 / 2 + 1,
        ];
        for size in sizes
            .into_iter()
            .chain([PIECE * 2, PIECE * 5 / 2, 100 * PIECE + 7])
        {
            let mut end = 0;
            for piece in pieces(size) {
                assert_eq!(piece.start, end, "{size}");
                assert!(piece.end - piece.start <= PIECE * 3 / 2, "{size}");
                end = piece.end;
            }
            assert_eq!(end, size);
        }
        assert_eq!(pieces(PIECE * 3 / 2).count(), 1);
    }

    #[test]
    fn pieces_end_to_end_are_one_stream() {
        for level in 1..=9 {
            let mut encoder = Encoder::new(Level::new(Some(level)));
            for (case, bytes) in [
                vec![sample(300_000, 1), sample(70_000, 2), sample(3, 3)],
                vec![
                    vec![0; 100_000],
                    Vec::new(),
                    b"a".to_vec(),
                    sample(9_000, 4),
                ],
                vec![b"x".repeat(10), b"yz".repeat(100), Vec::new()],
            ]
            .into_iter()
            .enumerate()
            {
                let mut stream = Vec::new();
                for (index, piece) in bytes.iter().enumerate() {
                    let last = index + 1 == bytes.len();
                    stream.extend(encoder.compress(piece, last).unwrap());
                }
                assert_eq!(
                    inflate(&stream),
                    bytes.concat(),
                    "level {level} case {case}"
                );
            }
        }
    }

    #[test]
    fn incompressible_and_long_runs_can_be_followed() {
        let mut encoder = Encoder::new(Level::new(None));
        let mut state = 7_u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .take(400_000)
        .collect();
        let parts = [noise, vec![7; 1 << 20], sample(1 << 20, 9)];
        let mut stream = Vec::new();
        for part in &parts {
            stream.extend(encoder.compress(part, false).unwrap());
        }
        stream.extend(encoder.compress(b"end", true).unwrap());
        assert_eq!(inflate(&stream), [parts.concat(), b"end".to_vec()].concat());
    }

    /// The output must be the same on every machine, and change only when the encoder is
    /// changed on purpose.
    #[test]
    fn golden_bytes() {
        let bytes = sample(1 << 20, 42);
        let checksums: Vec<u32> = (1..=9)
            .map(|level| {
                let mut encoder = Encoder::new(Level::new(Some(level)));
                crc32fast::hash(&encoder.compress(&bytes, false).unwrap())
            })
            .collect();
        let golden = [
            3_599_390_393,
            2_596_178_886,
            996_713_940,
            1_117_589_695,
            967_554_306,
            807_379_457,
            2_326_905_038,
            288_472_146,
            853_338_460,
        ];
        assert_eq!(checksums, golden);
    }
}
