//! Between `elf-edit`, which knows no wheels, and `wheel-archive`, which knows no ELF files.

use std::io;
use std::sync::Arc;

use wheel_archive::{Edit, RandomAccess};

use crate::elf::{Image, Patch};

/// Bytes of an archive as an ELF image.
#[derive(Clone, Copy, Debug)]
pub struct AsImage<T>(pub T);

impl<T: RandomAccess> Image for AsImage<T> {
    fn size(&self) -> u64 {
        self.0.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, buffer)
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        self.0.as_bytes()
    }
}

/// An ELF image as bytes to pack.
#[derive(Clone, Copy, Debug)]
pub struct AsBytes<T>(pub T);

impl<T: Image> RandomAccess for AsBytes<T> {
    fn size(&self) -> u64 {
        self.0.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, buffer)
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        self.0.as_bytes()
    }
}

/// The edit of an ELF file, carried out while it is written.
#[derive(Clone, Debug)]
pub struct EditedBy(pub Arc<Patch>);

impl Edit for EditedBy {
    fn source_size(&self) -> u64 {
        self.0.source_size()
    }

    fn size(&self) -> u64 {
        self.0.size()
    }

    fn read_at(&self, source: &dyn RandomAccess, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.view(&AsImage(source)).read_at(offset, buffer)
    }
}
