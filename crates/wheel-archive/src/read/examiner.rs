//! What a caller wants of members while they are read, so that each is inflated once.

use std::ops::Range;

use super::bytes::RandomAccess;
use crate::finding::Finding;
use crate::member::{DistInfo, Member, MemberId};
use crate::tag::WheelName;

/// Looks at members while a wheel is opened: the only time that all of them are inflated.
///
/// It is asked from several threads, in any order; what it says of a member must not depend on
/// the others.
pub trait Examiner: Sync {
    /// What is kept of a member.
    type Value: Send;

    /// Whether a member that begins with `start` (four bytes, or all that it has) is to be
    /// examined.
    fn wants(&self, member: &Member, start: &[u8]) -> bool;

    /// What [`Examiner::examine`] will look at in a member too large to hold, of which `start` is
    /// the first part: those ranges are kept in memory while it is read, as far as there is room.
    /// What is asked for besides is inflated again.
    fn ranges(&self, start: &[u8]) -> Vec<Range<u64>> {
        let _ = start;
        Vec::new()
    }

    /// Looks at a member that [`Examiner::wants`] has picked, and whose data is what its headers
    /// say, if the wheel is verified.
    fn examine(&self, member: &Member, bytes: &dyn RandomAccess) -> Examined<Self::Value>;

    /// What is wrong with all together, once every member has been read. An error refuses the
    /// wheel.
    fn conclude(&self, opening: &Opening<'_>, values: &[(MemberId, Self::Value)]) -> Vec<Finding> {
        let _ = (opening, values);
        Vec::new()
    }
}

/// A wheel that is being opened, all of its members read.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// Its file name.
    pub name: &'a WheelName,
    /// Regular files, in archive order.
    pub members: &'a [Member],
    /// The metadata folder.
    pub dist_info: &'a DistInfo,
}

/// What an [`Examiner`] made of one member.
#[derive(Clone, Debug)]
pub struct Examined<T> {
    /// What is kept of it.
    pub value: Option<T>,
    /// Whether its bytes are kept too, if there is room ([`crate::OpenOptions::keep_bytes`]).
    pub keep_bytes: bool,
    /// What is wrong with it; an error refuses the wheel.
    pub finding: Option<Finding>,
}

impl<T> Default for Examined<T> {
    fn default() -> Self {
        Self {
            value: None,
            keep_bytes: false,
            finding: None,
        }
    }
}

/// Looks at nothing.
impl Examiner for () {
    type Value = ();

    fn wants(&self, _: &Member, _: &[u8]) -> bool {
        false
    }

    fn examine(&self, _: &Member, _: &dyn RandomAccess) -> Examined<()> {
        Examined::default()
    }
}
