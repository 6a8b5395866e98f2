//! Python extensions: what makes a shared object a module that Python imports.
//!
//! Python imports a file by the name of a function in it. Each of these is a way to be imported:
//! `PyModExport_spam` (PEP 793), `PyInit_spam`, and for Python 2 `initspam`.
//!
//! Specs: <https://docs.python.org/3/c-api/extension-modules.html>, <https://peps.python.org/pep-0793/>,
//! <https://peps.python.org/pep-0489/#export-hook-name>

use crate::elf::Facts;
use crate::wheel::ElfMember;

/// What stands before a module's name in Python 3, if the name is ASCII, and what if it is not.
const HOOKS: [(&str, &str); 2] = [("PyInit_", "PyInitU_"), ("PyModExport_", "PyModExportU_")];
/// In Python 2; the second is that of cffi for `PyPy`.
const OLD_HOOKS: [&str; 2] = ["init", "_cffi_pypyinit_"];

/// The major version of Python whose import function the file defines; `None` for what no Python
/// imports.
pub(crate) fn python_extension(elf: &ElfMember) -> Option<u8> {
    hook(&elf.facts, module_name(&elf.path))
}

/// The module that a file's name promises. The module of `spam/__init__.abi3.so` is `spam`.
pub(crate) fn module_name(path: &str) -> &str {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    match file.split('.').next().unwrap_or(file) {
        "__init__" => folder.rsplit('/').next().unwrap_or(folder),
        module => module,
    }
}

fn hook(facts: &Facts, module: &str) -> Option<u8> {
    let defines = |prefix: &str, name: &str| facts.defines_function(&format!("{prefix}{name}"));
    let new = if module.is_ascii() {
        HOOKS.iter().any(|(plain, _)| defines(plain, module))
    } else {
        let encoded = punycode(module)?.replace('-', "_");
        HOOKS.iter().any(|(_, other)| defines(other, &encoded))
    };
    if new {
        return Some(3);
    }
    let old = OLD_HOOKS.iter().any(|prefix| defines(prefix, module));
    old.then_some(2)
}

const BASE: u32 = 36;
const TMIN: u32 = 1;
const TMAX: u32 = 26;

/// Punycode: the ASCII characters of `text`, `-`, and where the others belong. `None` for texts of
/// absurd length.
///
/// Spec: <https://www.rfc-editor.org/rfc/rfc3492#section-6.3>
fn punycode(text: &str) -> Option<String> {
    let mut encoded: String = text.chars().filter(char::is_ascii).collect();
    let ascii = u32::try_from(encoded.len()).ok()?;
    if ascii > 0 {
        encoded.push('-');
    }
    let (mut delta, mut bias, mut handled) = (0_u32, 72_u32, ascii);
    let mut others: Vec<u32> = text
        .chars()
        .filter(|c| !c.is_ascii())
        .map(u32::from)
        .collect();
    others.sort_unstable();
    others.dedup();
    let mut next = 128_u32;
    for code in others {
        let skipped = code.checked_sub(next)?;
        delta = delta.checked_add(skipped.checked_mul(handled.checked_add(1)?)?)?;
        for character in text.chars().map(u32::from) {
            if character < code {
                delta = delta.checked_add(1)?;
            } else if character == code {
                put_number(&mut encoded, delta, bias)?;
                let first = handled == ascii;
                handled = handled.checked_add(1)?;
                bias = adapted(delta, handled, first)?;
                delta = 0;
            }
        }
        delta = delta.checked_add(1)?;
        next = code.checked_add(1)?;
    }
    Some(encoded)
}

/// A number in digits of varying weight, least significant first.
fn put_number(encoded: &mut String, number: u32, bias: u32) -> Option<()> {
    let mut rest = number;
    let mut place = BASE;
    loop {
        let threshold = place.saturating_sub(bias).clamp(TMIN, TMAX);
        if rest < threshold {
            encoded.push(char::from_digit(rest, BASE).map(letters_first)?);
            return Some(());
        }
        let over = rest.checked_sub(threshold)?;
        let weight = BASE.checked_sub(threshold)?;
        let digit = threshold.checked_add(over.checked_rem(weight)?)?;
        encoded.push(char::from_digit(digit, BASE).map(letters_first)?);
        rest = over.checked_div(weight)?;
        place = place.checked_add(BASE)?;
    }
}

/// Punycode counts `a` to `z`, then `0` to `9`; the standard library the other way round.
fn letters_first(digit: char) -> char {
    const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let value = digit
        .to_digit(BASE)
        .and_then(|value| usize::try_from(value).ok());
    value
        .and_then(|value| DIGITS.get(value))
        .map_or(digit, |byte| char::from(*byte))
}

fn adapted(delta: u32, handled: u32, first: bool) -> Option<u32> {
    let damp = if first { 700 } else { 2 };
    let mut delta = delta / damp;
    delta = delta.checked_add(delta.checked_div(handled)?)?;
    let mut bias = 0_u32;
    while delta > ((BASE - TMIN) * TMAX) / 2 {
        delta /= BASE - TMIN;
        bias = bias.checked_add(BASE)?;
    }
    let more = (BASE - TMIN + 1).checked_mul(delta)? / delta.checked_add(38)?;
    bias.checked_add(more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::facts;
    use elf_synth::Synth;

    #[test]
    fn names_that_are_not_ascii_are_encoded() {
        let cases = [
            ("lančmít", "lanmt-2sa6t"),
            ("ňadro", "adro-u2a"),
            ("スパム", "zck5b2b"),
            ("é", "9ca"),
            ("abcé", "abc-dma"),
        ];
        for (name, encoded) in cases {
            assert_eq!(punycode(name).as_deref(), Some(encoded), "{name}");
        }
    }

    #[test]
    fn a_module_is_what_python_would_import() {
        let cases = [
            ("pkg/spam.abi3.so", "PyInit_spam", Some(3)),
            (
                "pkg/spam.cpython-315-x86_64-linux-gnu.so",
                "PyModExport_spam",
                Some(3),
            ),
            ("spam.so", "initspam", Some(2)),
            ("spam.so", "_cffi_pypyinit_spam", Some(2)),
            ("spam.so", "PyInit_eggs", None),
            ("spam.so", "PyModExportU_spam", None),
            ("lančmít.so", "PyInitU_lanmt_2sa6t", Some(3)),
            ("lančmít.so", "PyModExportU_lanmt_2sa6t", Some(3)),
            ("lančmít.so", "PyInit_lančmít", None),
            ("スパム.abi3t.so", "PyInitU_zck5b2b", Some(3)),
            // Python asks a package for the hook of the package's name.
            ("pkg/spam/__init__.abi3.so", "PyInit_spam", Some(3)),
            ("pkg/spam/__init__.abi3.so", "PyModExport_spam", Some(3)),
            ("pkg/libspam.so", "PyInit_spam", None),
        ];
        for (path, function, expected) in cases {
            let image = Synth::new(true, false).function(function).build();
            let facts = facts(&image).unwrap();
            assert_eq!(
                hook(&facts, module_name(path)),
                expected,
                "{path} {function}"
            );
        }
    }
}
