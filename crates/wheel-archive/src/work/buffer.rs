//! Room for large members, used again where it can be.
//!
//! The first touch of a page costs about as much as inflating into it, so large buffers ask the system
//! for huge pages: figures in `docs/performance.md`, Page faults.

use memmap2::MmapMut;

/// A buffer of this size has a mapping of its own, which is a multiple of it: the huge pages of most machines.
const HUGE: usize = 2 << 20;

/// Room that grows when asked to, and forgets what was in it.
#[derive(Debug)]
pub(crate) struct Buffer(Room);

#[derive(Debug)]
enum Room {
    Small(Vec<u8>),
    Mapped(MmapMut),
}

impl Default for Buffer {
    fn default() -> Self {
        Self(Room::Small(Vec::new()))
    }
}

impl Buffer {
    /// Room for `len` bytes; what they are says nothing.
    pub(crate) fn room(&mut self, len: usize) -> &mut [u8] {
        if self.all().len() < len {
            *self = Self::new(len);
        }
        let all: &mut [u8] = match &mut self.0 {
            Room::Small(bytes) => bytes,
            Room::Mapped(map) => map,
        };
        all.get_mut(..len).unwrap_or_default()
    }

    fn new(len: usize) -> Self {
        let mapped = len.checked_next_multiple_of(HUGE).filter(|_| len >= HUGE);
        if let Some(map) = mapped.and_then(|size| MmapMut::map_anon(size).ok()) {
            // Where there are none, small pages do.
            #[cfg(target_os = "linux")]
            let _ = map.advise(memmap2::Advice::HugePage);
            return Self(Room::Mapped(map));
        }
        Self(Room::Small(vec![0; len]))
    }

    fn all(&self) -> &[u8] {
        match &self.0 {
            Room::Small(bytes) => bytes,
            Room::Mapped(map) => map,
        }
    }

    /// Takes the first `len` bytes, as they are, out of use.
    pub(crate) fn hold(self, len: usize) -> Held {
        Held { buffer: self, len }
    }
}

/// Bytes that stay.
#[derive(Debug)]
pub(crate) struct Held {
    buffer: Buffer,
    len: usize,
}

impl Held {
    pub(crate) fn copy_of(bytes: &[u8]) -> Self {
        let mut buffer = Buffer::default();
        buffer.room(bytes.len()).copy_from_slice(bytes);
        buffer.hold(bytes.len())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.buffer.all().get(..self.len).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_as_large_as_asked_and_kept() {
        let mut buffer = Buffer::default();
        for len in [0, 1, HUGE - 1, HUGE, 3 * HUGE + 5, 7, HUGE + 1] {
            let room = buffer.room(len);
            assert_eq!(room.len(), len);
            room.fill(7);
        }
        // The largest is used again.
        assert_eq!(buffer.all().len(), 4 * HUGE);
        let held = buffer.hold(HUGE + 1);
        assert_eq!(held.bytes(), vec![7; HUGE + 1]);
    }
}
