//! What C libraries have, and what they refuse.

pub(super) mod abi_marker;
pub(super) mod musl_glibc;
pub(super) mod musl_lacks;
pub(super) mod private_glibc;
pub(super) mod relr;
pub(super) mod tls;
pub(super) mod unversioned_glibc;
pub(super) mod version_never;
