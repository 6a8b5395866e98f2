//! ELF files, and what platform tags call the processors that they are for.

pub(crate) mod arch;
pub(crate) mod soname;

pub use elf_edit::*;

use crate::elf::arch::{Arch, IsaLevel, LinuxArch as _, isa_level};

/// What platform tags ask of an ELF file.
pub trait Tagged {
    /// The architecture in tags. A file for Arm that does not state its ABI for floating-point
    /// arguments has the one of the loader that it names.
    ///
    /// # Errors
    /// Why there is none, as a phrase (`armv7l needs the hard-float ABI` …).
    fn arch(&self) -> Result<Arch, String>;

    /// The level of x86-64 that it asks for (`GNU_PROPERTY_X86_ISA_1_NEEDED`); `Err` for bits
    /// that no level names.
    fn isa_needed(&self) -> Option<Result<IsaLevel, u32>>;
}

impl Tagged for Facts {
    fn arch(&self) -> Result<Arch, String> {
        let arch = Arch::from_elf(&self.platform);
        if arch.is_err() && self.platform.leaves_float_abi_open() && names_hard_float_loader(self) {
            return Ok(Arch::Armv7l);
        }
        arch
    }

    fn isa_needed(&self) -> Option<Result<IsaLevel, u32>> {
        self.x86_isa_needed.map(isa_level)
    }
}

/// The code of a finding about a file that cannot be read.
pub fn code_of(error: &ElfError) -> &'static str {
    match error {
        ElfError::Ambiguous(_) => "elf-ambiguous",
        _ => "elf-malformed",
    }
}

/// Whether it names a loader for which there is one ABI only.
fn names_hard_float_loader(facts: &Facts) -> bool {
    let interpreter = facts.interpreter.iter();
    let names = interpreter.filter_map(|path| path.rsplit('/').next());
    let mut names = names.chain(facts.needed.iter().map(String::as_str));
    names.any(|name| matches!(name, "ld-linux-armhf.so.3" | "ld-musl-armhf.so.1"))
}

#[cfg(test)]
mod tests {
    use elf_synth::Synth;

    use super::*;

    #[test]
    fn a_loader_tells_the_float_abi_that_flags_leave_open() {
        let arch = |flags, loader: &str| {
            let mut synth = Synth::new(false, false).needed("libfoo.so.1");
            (synth.machine, synth.flags) = (40, flags);
            synth.interpreter = Some(loader.as_bytes().to_vec());
            facts(&synth.build()).unwrap().arch().ok()
        };
        let hard = Some(Arch::Armv7l);
        assert_eq!(arch(0x0500_0000, "/lib/ld-linux-armhf.so.3"), hard);
        assert_eq!(arch(0x0500_0000, "/lib/ld-musl-armhf.so.1"), hard);
        assert_eq!(arch(0x0500_0000, "/lib/ld-linux.so.3"), None);
        assert_eq!(arch(0x0500_0200, "/lib/ld-linux-armhf.so.3"), None);
        let mut library = Synth::new(false, false).needed("ld-linux-armhf.so.3");
        (library.machine, library.flags) = (40, 0x0500_0000);
        assert_eq!(facts(&library.build()).unwrap().arch().ok(), hard);
    }
}
