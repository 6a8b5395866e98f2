//! CPU architectures, as wheels name them and as ELF headers encode them.

use std::fmt;

/// A CPU architecture that platform tags know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Arch {
    /// AMD64.
    X86_64,
    /// 32-bit x86.
    I686,
    /// 64-bit Arm.
    Aarch64,
    /// 32-bit Arm with the hard-float ABI.
    Armv7l,
    /// 64-bit PowerPC, big-endian.
    Ppc64,
    /// 64-bit PowerPC, little-endian.
    Ppc64le,
    /// IBM Z.
    S390x,
    /// 64-bit RISC-V.
    Riscv64,
    /// 64-bit `LoongArch`.
    Loongarch64,
}

impl Arch {
    /// Every architecture, in a fixed order.
    pub const ALL: [Self; 9] = [
        Self::X86_64,
        Self::I686,
        Self::Aarch64,
        Self::Armv7l,
        Self::Ppc64,
        Self::Ppc64le,
        Self::S390x,
        Self::Riscv64,
        Self::Loongarch64,
    ];

    /// The suffix of Linux platform tags, such as `x86_64`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::I686 => "i686",
            Self::Aarch64 => "aarch64",
            Self::Armv7l => "armv7l",
            Self::Ppc64 => "ppc64",
            Self::Ppc64le => "ppc64le",
            Self::S390x => "s390x",
            Self::Riscv64 => "riscv64",
            Self::Loongarch64 => "loongarch64",
        }
    }

    /// The architecture that [`Arch::as_str`] names.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|arch| arch.as_str() == name)
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A micro-architecture level of x86-64 (psABI), also a suffix of platform tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IsaLevel {
    /// The x86-64 baseline.
    V1,
    /// `x86_64_v2`.
    V2,
    /// `x86_64_v3`.
    V3,
    /// `x86_64_v4`.
    V4,
}
