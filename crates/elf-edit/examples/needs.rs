//! Prints what an ELF file needs: `cargo run -p elf-edit --example needs -- FILE`.
#![allow(clippy::print_stdout, reason = "a command")]

use std::error::Error;

use elf_edit::facts;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: needs FILE")?;
    let facts = facts(&std::fs::read(path)?)?;
    for library in &facts.needed {
        println!("{library}");
        let needs = facts.version_needs.iter();
        for need in needs.filter(|need| need.library == *library) {
            for version in &need.versions {
                println!(
                    "    {}{}",
                    version.name,
                    if version.weak { " (weak)" } else { "" }
                );
            }
        }
    }
    for (tag, path) in [("RPATH", &facts.rpath), ("RUNPATH", &facts.runpath)] {
        if let Some(path) = path {
            println!("{tag} {path}");
        }
    }
    Ok(())
}
