//! What is in a wheel: its members, and its metadata folder.

mod dos_time;

pub use dos_time::DosTime;

/// Index of a member in [`crate::Wheel::members`].
pub type MemberId = usize;

/// A regular file of the archive (directories are dropped).
#[derive(Clone, Debug)]
pub struct Member {
    /// Slash-separated, relative, plain: no `.`, `..` or empty parts.
    pub path: String,
    /// Whether any executable bit is set.
    pub executable: bool,
    /// When it was last changed.
    pub modified: DosTime,
    /// Stored (0) or deflated (8).
    pub method: u16,
    /// CRC-32 of the inflated bytes.
    pub crc: u32,
    /// Size in the archive, in bytes.
    pub compressed_size: u64,
    /// Inflated size in bytes.
    pub size: u64,
    /// Offset of the compressed bytes in the archive.
    pub data_offset: u64,
    /// SHA-256 of the inflated bytes; `None` if the wheel was opened without `verify`.
    pub sha256: Option<[u8; 32]>,
}

/// The `.dist-info` folder.
#[derive(Clone, Debug)]
pub struct DistInfo {
    /// Its name as spelled in the archive, without a slash.
    pub dir: String,
    /// `WHEEL`, as bytes.
    pub wheel: Vec<u8>,
    /// `METADATA`, as bytes.
    pub metadata: Vec<u8>,
    /// `variant.json`, as bytes, if there is one.
    pub variant: Option<Vec<u8>>,
}
