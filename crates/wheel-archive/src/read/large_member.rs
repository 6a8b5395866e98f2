//! A member too large to hold: read where questions point, inflated again where the answer is
//! gone, in bounded memory.
//!
//! What is asked of a large file lies in a few places, such as the headers and symbol tables of a
//! library. Blocks around those are kept. A block that is asked for later is found by inflating on
//! from the current place, or from the start if it has gone by.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crate::member::Member;
use crate::read::bytes::RandomAccess;
use crate::read::reader::{MemberReader, Scratch, fill};
use crate::read::source::Source;

/// The unit in which bytes are kept.
const BLOCK: u64 = 256 << 10;

/// The bytes of one member, at any offset.
pub(crate) struct LargeMember {
    size: u64,
    state: Mutex<State>,
}

struct State {
    source: Arc<Source>,
    member: Member,
    reader: MemberReader<Arc<Source>>,
    /// By block number.
    blocks: BTreeMap<u64, Box<[u8]>>,
    /// Numbers of blocks in the order of their coming; the oldest goes first.
    age: VecDeque<u64>,
    /// How many blocks may be kept.
    room: usize,
}

impl LargeMember {
    /// One of which up to `room` bytes are kept. Nothing is read yet.
    pub(crate) fn new(source: &Arc<Source>, member: &Member, room: u64) -> Self {
        let reader = MemberReader::new(Arc::clone(source), member, Scratch::default());
        Self {
            size: member.size,
            state: Mutex::new(State {
                source: Arc::clone(source),
                member: member.clone(),
                reader,
                blocks: BTreeMap::new(),
                age: VecDeque::new(),
                room: usize::try_from(room / BLOCK).unwrap_or(usize::MAX).max(4),
            }),
        }
    }

    /// Reads the whole member, which checks it, and keeps what lies in `ranges` of its first block.
    pub(crate) fn drain(
        &self,
        ranges: impl FnOnce(&[u8]) -> Vec<Range<u64>>,
        sink: &mut dyn FnMut(&[u8]),
    ) -> io::Result<()> {
        let mut ranges = Some(ranges);
        let mut state = self.lock();
        let mut wanted: Vec<Range<u64>> = Vec::new();
        loop {
            let start = state.reader.position();
            let Some(block) = state.next_block()? else {
                return Ok(());
            };
            sink(&block);
            if start == 0 {
                wanted = ranges.take().map_or_else(Vec::new, |ranges| ranges(&block));
            }
            let end = start.saturating_add(BLOCK);
            let is_wanted = wanted
                .iter()
                .any(|range| range.start < end && start < range.end);
            // Half of the room goes to the start of the file, where symbol tables are.
            if is_wanted || state.blocks.len() < state.room / 2 {
                state.keep(start / BLOCK, block);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The next block of the stream; its last one may be short.
    fn next_block(&mut self) -> io::Result<Option<Box<[u8]>>> {
        let mut block = vec![0; usize::try_from(BLOCK).unwrap_or(0)];
        let count = fill(&mut self.reader, &mut block)?;
        block.truncate(count);
        Ok((count > 0).then(|| block.into_boxed_slice()))
    }

    fn keep(&mut self, number: u64, block: Box<[u8]>) {
        if self.blocks.len() >= self.room
            && let Some(oldest) = self.age.pop_front()
        {
            self.blocks.remove(&oldest);
        }
        if self.blocks.insert(number, block).is_none() {
            self.age.push_back(number);
        }
    }

    fn rewind(&mut self) {
        self.reader = MemberReader::new(Arc::clone(&self.source), &self.member, Scratch::default());
    }

    /// Copies block `number`, found or read again, to where it belongs in `buffer`.
    fn copy_block(&mut self, number: u64, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        if let Some(block) = self.blocks.get(&number) {
            return copy_overlap(block, number, offset, buffer);
        }
        if self.reader.position() > number.saturating_mul(BLOCK) {
            self.rewind();
        }
        loop {
            let at = self.reader.position() / BLOCK;
            let Some(block) = self.next_block()? else {
                return Err(io::ErrorKind::UnexpectedEof.into());
            };
            if at == number {
                copy_overlap(&block, number, offset, buffer)?;
                self.keep(number, block);
                return Ok(());
            }
            if self.blocks.len() < self.room {
                self.keep(at, block);
            }
        }
    }
}

fn copy_overlap(block: &[u8], number: u64, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    let short = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let block_start = number.saturating_mul(BLOCK);
    let start = offset.max(block_start);
    let stop = offset.saturating_add(buffer.len() as u64);
    let end = stop.min(block_start.saturating_add(BLOCK));
    let range = |base: u64| -> Option<Range<usize>> {
        let from = usize::try_from(start.checked_sub(base)?).ok()?;
        Some(from..usize::try_from(end.checked_sub(base)?).ok()?)
    };
    let from = range(block_start).and_then(|range| block.get(range));
    let to = range(offset).and_then(|range| buffer.get_mut(range));
    let (from, to) = from.zip(to).ok_or_else(short)?;
    to.copy_from_slice(from);
    Ok(())
}

impl RandomAccess for LargeMember {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let stop = offset.checked_add(buffer.len() as u64);
        let Some(stop) = stop.filter(|stop| *stop <= self.size) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        if buffer.is_empty() {
            return Ok(());
        }
        let mut state = self.lock();
        for number in offset / BLOCK..=stop.saturating_sub(1) / BLOCK {
            state.copy_block(number, offset, buffer)?;
        }
        Ok(())
    }
}

impl fmt::Debug for LargeMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LargeMember")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}
