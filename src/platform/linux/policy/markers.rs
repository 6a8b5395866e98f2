//! Versions of glibc that a linker demands though no symbol is bound to them: markers, set so that a
//! glibc that cannot do what the file asks of it refuses the file.
//!
//! A marker belongs to no number of glibc, since distributions bring it to older ones; the tables
//! of the tags say which tag has it. An older tag is one option of the linker or compiler away.
//!
//! Source: `ld(1)` of binutils 2.36 to 2.47, version definitions of glibc 2.36 to 2.43.

/// A marker, and how to do without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker {
    /// The version that is demanded of `libc.so.6`.
    pub version: &'static str,
    /// What makes linkers demand it.
    pub because: &'static str,
    /// What to do for a file that does not demand it: a sentence without a full stop.
    pub remedy: &'static str,
}

/// All that are known.
pub const MARKERS: [Marker; 4] = [
    Marker {
        version: "GLIBC_ABI_DT_RELR",
        because: "its relocations are packed (DT_RELR)",
        remedy: "link with -Wl,-z,nopack-relative-relocs",
    },
    Marker {
        version: "GLIBC_ABI_GNU2_TLS",
        because: "its thread-local variables are reached by TLS descriptors",
        remedy: "compile with -mtls-dialect=gnu",
    },
    Marker {
        version: "GLIBC_ABI_GNU_TLS",
        because: "it calls ___tls_get_addr",
        remedy: "link with -Wl,--no-gnu-tls-tag, or against the libc.so of an older glibc",
    },
    Marker {
        version: "GLIBC_ABI_DT_X86_64_PLT",
        because: "its procedure linkage table is marked (DT_X86_64_PLT)",
        remedy: "link with -Wl,-z,nomark-plt",
    },
];

/// The marker that is called `version`.
pub fn marker(version: &str) -> Option<&'static Marker> {
    MARKERS.iter().find(|marker| marker.version == version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::arch::Arch;
    use crate::platform::linux::policy::{Ladder, Since};
    use crate::tag::Libc;

    /// A marker of the tables without a remedy would be told as a riddle.
    #[test]
    fn every_marker_of_the_tables_has_a_remedy() {
        let ladders = Arch::ALL
            .into_iter()
            .filter_map(|arch| Ladder::builtin(Libc::Glibc, arch));
        let mut seen = std::collections::BTreeSet::new();
        for ladder in ladders {
            for (prefix, rest, _) in ladder.versions() {
                if rest.starts_with("ABI_") {
                    let version = format!("{prefix}_{rest}");
                    assert!(marker(&version).is_some(), "{version}");
                    seen.insert(version);
                }
            }
        }
        assert_eq!(seen.len(), MARKERS.len(), "{seen:?}");
        let x86_64 = Ladder::builtin(Libc::Glibc, Arch::X86_64).unwrap();
        let older = x86_64.rung("manylinux_2_42_x86_64").unwrap();
        assert!(matches!(
            x86_64.version("GLIBC_ABI_GNU2_TLS"),
            Some(Since::Rung(rung)) if rung > older
        ));
    }
}
