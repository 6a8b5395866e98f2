//! A stored member, read where it is in the archive.

use std::io;
use std::sync::Arc;

use crate::member::Member;
use crate::read::bytes::RandomAccess;
use crate::read::source::Source;

/// The bytes of one stored member.
#[derive(Debug)]
pub(crate) struct StoredMember {
    source: Arc<Source>,
    offset: u64,
    size: u64,
}

impl StoredMember {
    pub(crate) fn new(source: &Arc<Source>, member: &Member) -> Self {
        Self {
            source: Arc::clone(source),
            offset: member.data_offset,
            size: member.size,
        }
    }
}

impl RandomAccess for StoredMember {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let stop = offset.checked_add(buffer.len() as u64);
        let start = self.offset.checked_add(offset);
        match (start, stop) {
            (Some(start), Some(stop)) if stop <= self.size => {
                self.source.read_exact_at(buffer, start)
            }
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}
