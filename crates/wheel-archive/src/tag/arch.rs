//! CPU architectures, as platform tags name them.

use std::fmt;
use std::str::FromStr;

/// A CPU architecture that platform tags know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

    /// How the triplet of an extension's file name calls it: by Debian's multiarch name, or as
    /// `config.guess` does.
    pub(super) fn from_triplet(name: &str) -> Option<Self> {
        match name {
            "i386" | "i486" | "i586" => Some(Self::I686),
            "arm" | "armv7" => Some(Self::Armv7l),
            "powerpc64" => Some(Self::Ppc64),
            "powerpc64le" => Some(Self::Ppc64le),
            name => Self::from_name(name),
        }
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

impl IsaLevel {
    /// Every level, lowest first.
    pub const ALL: [Self; 4] = [Self::V1, Self::V2, Self::V3, Self::V4];

    /// What a platform tag appends to `x86_64`: `""`, `"_v2"`, `"_v3"`, `"_v4"`.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::V1 => "",
            Self::V2 => "_v2",
            Self::V3 => "_v3",
            Self::V4 => "_v4",
        }
    }
}

/// As in platform tags: `x86_64`, `x86_64_v2` …
impl fmt::Display for IsaLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "x86_64{}", self.suffix())
    }
}

/// The reverse of `Display`.
impl FromStr for IsaLevel {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let suffix = text.strip_prefix("x86_64").ok_or(())?;
        let mut levels = Self::ALL.into_iter();
        levels.find(|level| level.suffix() == suffix).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for arch in Arch::ALL {
            assert_eq!(Arch::from_name(arch.as_str()), Some(arch));
        }
        for level in IsaLevel::ALL {
            assert_eq!(level.to_string().parse(), Ok(level));
        }
        assert_eq!("x86_64_v5".parse::<IsaLevel>(), Err(()));
        assert_eq!("i686".parse::<IsaLevel>(), Err(()));
    }
}
