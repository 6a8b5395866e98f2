//! What Linux and its loaders call the architectures of platform tags, and how ELF headers encode
//! them.

use elf_edit::{Platform, em};
pub(crate) use wheel_archive::{Arch, IsaLevel};

/// An architecture as Linux has it.
pub(crate) trait LinuxArch: Copy {
    /// The architecture of an ELF header.
    ///
    /// # Errors
    /// Why no platform tag covers it, as a phrase.
    fn from_elf(platform: &Platform) -> Result<Self, String>;

    /// The file name of glibc's loader.
    fn glibc_loader(self) -> &'static str;

    /// The architecture as musl spells it, in `ld-musl-ARCH.so.1` and `ld-musl-ARCH.path`.
    fn musl_name(self) -> &'static str;

    /// The library that Linux puts into every process, by the soname in its own image.
    ///
    /// Source: `arch/*/kernel/vdso*` of Linux, and vdso(7).
    fn vdso(self) -> &'static str;
}

impl LinuxArch for Arch {
    fn from_elf(platform: &Platform) -> Result<Self, String> {
        match (platform.machine, platform.is_64, platform.big_endian) {
            (em::X86_64, true, false) => Ok(Self::X86_64),
            (em::I386, false, false) => Ok(Self::I686),
            (em::AARCH64, true, false) => Ok(Self::Aarch64),
            (em::ARM, false, false) => arm(platform),
            (em::PPC64, true, true) => Ok(Self::Ppc64),
            (em::PPC64, true, false) => Ok(Self::Ppc64le),
            (em::S390, true, true) => Ok(Self::S390x),
            (em::RISCV, true, false) => Ok(Self::Riscv64),
            (em::LOONGARCH, true, false) => Ok(Self::Loongarch64),
            (machine, is_64, big_endian) => Err(format!(
                "no platform tag for {}-bit {}-endian {}",
                if is_64 { 64 } else { 32 },
                if big_endian { "big" } else { "little" },
                machine_name(machine)
            )),
        }
    }

    fn glibc_loader(self) -> &'static str {
        match self {
            Self::X86_64 => "ld-linux-x86-64.so.2",
            Self::I686 => "ld-linux.so.2",
            Self::Aarch64 => "ld-linux-aarch64.so.1",
            Self::Armv7l => "ld-linux-armhf.so.3",
            Self::Ppc64 | Self::S390x => "ld64.so.1",
            Self::Ppc64le => "ld64.so.2",
            Self::Riscv64 => "ld-linux-riscv64-lp64d.so.1",
            Self::Loongarch64 => "ld-linux-loongarch-lp64d.so.1",
        }
    }

    fn musl_name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::I686 => "i386",
            Self::Aarch64 => "aarch64",
            Self::Armv7l => "armhf",
            Self::Ppc64 => "powerpc64",
            Self::Ppc64le => "powerpc64le",
            Self::S390x => "s390x",
            Self::Riscv64 => "riscv64",
            Self::Loongarch64 => "loongarch64",
        }
    }

    fn vdso(self) -> &'static str {
        match self {
            Self::I686 => "linux-gate.so.1",
            Self::Ppc64 | Self::Ppc64le | Self::S390x => "linux-vdso64.so.1",
            Self::X86_64 | Self::Aarch64 | Self::Armv7l | Self::Riscv64 | Self::Loongarch64 => {
                "linux-vdso.so.1"
            }
        }
    }
}

fn arm(platform: &Platform) -> Result<Arch, String> {
    if !platform.is_arm_eabi() {
        return Err("armv7l needs version 5 of the Arm EABI".to_owned());
    }
    if !platform.is_hard_float_arm() {
        return Err("armv7l needs the hard-float ABI".to_owned());
    }
    Ok(Arch::Armv7l)
}

/// A name for messages.
fn machine_name(machine: u16) -> String {
    let name = match machine {
        em::I386 => "x86",
        em::X86_64 => "x86-64",
        em::ARM => "Arm",
        em::AARCH64 => "AArch64",
        em::PPC64 => "PowerPC64",
        em::S390 => "S/390",
        em::RISCV => "RISC-V",
        em::LOONGARCH => "LoongArch",
        2 | 18 | 43 => "SPARC",
        8 | 10 => "MIPS",
        20 => "PowerPC",
        other => return format!("machine {other}"),
    };
    name.to_owned()
}

/// The level that `GNU_PROPERTY_X86_ISA_1_NEEDED` asks for.
///
/// # Errors
/// The bits, if none of them is that of a level.
pub(crate) fn isa_level(bits: u32) -> Result<IsaLevel, u32> {
    const BASELINE: u32 = 1;
    match bits {
        _ if bits & 8 != 0 => Ok(IsaLevel::V4),
        _ if bits & 4 != 0 => Ok(IsaLevel::V3),
        _ if bits & 2 != 0 => Ok(IsaLevel::V2),
        _ if bits & !BASELINE == 0 => Ok(IsaLevel::V1),
        _ => Err(bits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `e_machine`, class, byte order (`B` or `L`) and `e_flags`.
    fn of(machine: u16, class: u8, order: char, flags: u32) -> Result<Arch, String> {
        Arch::from_elf(&Platform {
            is_64: class == 64,
            big_endian: order == 'B',
            machine,
            osabi: 0,
            flags,
        })
    }

    #[test]
    fn elf_headers_name_an_architecture() {
        assert_eq!(of(62, 64, 'L', 0), Ok(Arch::X86_64));
        assert_eq!(of(3, 32, 'L', 0), Ok(Arch::I686));
        assert_eq!(of(183, 64, 'L', 0), Ok(Arch::Aarch64));
        assert_eq!(of(40, 32, 'L', 0x0500_0400), Ok(Arch::Armv7l));
        assert_eq!(of(21, 64, 'B', 1), Ok(Arch::Ppc64));
        assert_eq!(of(21, 64, 'L', 2), Ok(Arch::Ppc64le));
        assert_eq!(of(22, 64, 'B', 0), Ok(Arch::S390x));
        assert_eq!(of(243, 64, 'L', 5), Ok(Arch::Riscv64));
        assert_eq!(of(258, 64, 'L', 0x43), Ok(Arch::Loongarch64));
    }

    #[test]
    fn headers_without_a_tag_say_why() {
        let why = |machine, class, order, flags| of(machine, class, order, flags).unwrap_err();
        let soft = "armv7l needs the hard-float ABI";
        assert_eq!(why(40, 32, 'L', 0x0500_0200), soft);
        assert_eq!(why(40, 32, 'L', 0x0500_0000), soft);
        let eabi = "armv7l needs version 5 of the Arm EABI";
        assert_eq!(why(40, 32, 'L', 0x0400_0400), eabi);
        let none = |what| format!("no platform tag for {what}");
        assert_eq!(why(62, 32, 'L', 0), none("32-bit little-endian x86-64"));
        assert_eq!(why(183, 64, 'B', 0), none("64-bit big-endian AArch64"));
        assert_eq!(why(22, 32, 'B', 0), none("32-bit big-endian S/390"));
        assert_eq!(
            why(9999, 64, 'L', 0),
            none("64-bit little-endian machine 9999")
        );
    }

    #[test]
    fn the_highest_known_isa_bit_counts() {
        use IsaLevel::{V1, V2, V3, V4};
        let levels = [0, 1, 3, 7, 0xf, 0x12, 0x10, 0x11].map(isa_level);
        assert_eq!(
            levels[..6],
            [Ok(V1), Ok(V1), Ok(V2), Ok(V3), Ok(V4), Ok(V2)]
        );
        assert_eq!(levels[6..], [Err(0x10), Err(0x11)]);
    }
}
