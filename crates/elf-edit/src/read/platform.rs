//! What a processor and its ABI must agree on.

use object::elf::{
    self, EF_ARM_ABI_FLOAT_HARD, EF_ARM_ABI_FLOAT_SOFT, EF_ARM_EABI_VER5, EF_ARM_EABIMASK,
};

use crate::abi::em;

/// What must match for two files to load into one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Platform {
    /// `true` for `ELFCLASS64`.
    pub is_64: bool,
    /// `true` for `ELFDATA2MSB`.
    pub big_endian: bool,
    /// `e_machine`.
    pub machine: u16,
    /// `EI_OSABI`.
    pub osabi: u8,
    /// `e_flags`: ARM float ABI, ppc64 ABI version, RISC-V float ABI.
    pub flags: u32,
}

impl Platform {
    /// Whether a loader takes a file of platform `other` into a process of this one: class,
    /// byte order and machine are the same, `EI_OSABI` is (`NONE` and `GNU` count as one), and
    /// the ABIs that `e_flags` states do not differ.
    pub fn is_compatible(&self, other: &Self) -> bool {
        let osabi = |platform: &Self| match elf::OsAbi(platform.osabi) {
            elf::ELFOSABI_GNU => elf::ELFOSABI_NONE,
            osabi => osabi,
        };
        self.is_64 == other.is_64
            && self.big_endian == other.big_endian
            && self.machine == other.machine
            && osabi(self) == osabi(other)
            && flags_agree(self.machine, self.flags, other.flags)
    }

    /// Whether this is 32-bit Arm of the present EABI (version 5), whatever its float ABI.
    pub fn is_arm_eabi(&self) -> bool {
        self.machine == em::ARM && self.flags & EF_ARM_EABIMASK == EF_ARM_EABI_VER5.0
    }

    /// Whether this is 32-bit Arm whose floating-point arguments go in registers of their own.
    pub fn is_hard_float_arm(&self) -> bool {
        self.machine == em::ARM && self.flags & EF_ARM_ABI_FLOAT_HARD != 0
    }

    /// Whether this is 32-bit Arm of the present EABI, and its flags leave open how
    /// floating-point arguments are passed, as old releases of mold do. Loaders take it.
    pub fn leaves_float_abi_open(&self) -> bool {
        let stated = self.flags & (EF_ARM_ABI_FLOAT_SOFT | EF_ARM_ABI_FLOAT_HARD);
        self.is_arm_eabi() && stated == 0
    }
}

/// Whether two files of this machine that have these `e_flags` load into one process: the
/// ABIs for floating-point arguments agree, and on ppc64 the versions of the ABI.
fn flags_agree(machine: u16, one: u32, other: u32) -> bool {
    // Zero in the field of Arm and ppc64 says nothing.
    let stated = |mask| one & mask == 0 || other & mask == 0 || one & mask == other & mask;
    match machine {
        em::ARM => stated(EF_ARM_ABI_FLOAT_SOFT | EF_ARM_ABI_FLOAT_HARD),
        em::PPC64 => stated(0x3),
        em::RISCV => one & 0x6 == other & 0x6,
        em::LOONGARCH => stated(0x7),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_state_another_abi_differ() {
        assert!(!flags_agree(em::ARM, 0x0500_0400, 0x0500_0200));
        assert!(flags_agree(em::ARM, 0x0500_0400, 0x0500_0000));
        assert!(!flags_agree(em::PPC64, 1, 2));
        assert!(flags_agree(em::PPC64, 2, 0));
        assert!(!flags_agree(em::RISCV, 0x5, 0x1));
        assert!(flags_agree(em::RISCV, 0x5, 0x4));
        assert!(flags_agree(em::X86_64, 0, 9));
    }
}
