//! Packed relocations (`DT_RELR`), and the version by which a file asks glibc for them.

use crate::facts::Facts;

impl Facts {
    /// Whether the loader has packed relocations to apply and the file does not require
    /// `GLIBC_ABI_DT_RELR`. A static program relocates itself, and so does glibc.
    pub fn has_unmarked_relr(&self) -> bool {
        let mut versions = self.version_needs.iter().flat_map(|need| &need.versions);
        let marked = versions.any(|version| version.name == "GLIBC_ABI_DT_RELR");
        let glibcs = self.version_defs.iter().any(|name| name == "GLIBC_PRIVATE");
        let alone = self.interpreter.is_none() && self.is_pie();
        let relr = self.packed.is_some_and(|(entry, _)| entry == "DT_RELR");
        relr && !marked && !glibcs && !alone
    }

    /// Whether every glibc that knows `DT_RELR` refuses the file for want of the marker: it asks only
    /// if the file requires versions of anything and needs the C library (`elf/dl-version.c`).
    pub fn is_refused_for_relr(&self) -> bool {
        let needs_libc = self.needed.iter().any(|name| name.starts_with("libc.so."));
        self.has_unmarked_relr() && needs_libc && !self.version_needs.is_empty()
    }
}
