//! Scripts that stand in for ELF executables of `.data/scripts`.
//!
//! Scripts go to a folder with no fixed way to site-packages, so `$ORIGIN` cannot reach grafts
//! from there. The executable moves into site-packages, and a script that finds it takes its
//! place. It must work for every scheme: a venv, `--user`, `--prefix`, `--target`, and
//! Debian's patched layout.

use std::fmt::Write as _;

/// The text of the script that runs `member` (a path relative to site-packages).
///
/// Folders are tried in this order: those beside the script itself (`--prefix`, `--target`,
/// venvs), then those of the interpreter's own schemes, then `sys.path`.
pub(crate) fn script(member: &str) -> String {
    let quoted = python_string(member);
    format!(
        r#"#!python
import os
import sys
import sysconfig


def candidates():
    bin_dir = os.path.dirname(os.path.abspath(__file__))
    prefix = os.path.dirname(bin_dir)
    version = "python%d.%d" % sys.version_info[:2]
    for lib in (sysconfig.get_config_var("platlibdir") or "lib", "lib", "lib64"):
        yield os.path.join(prefix, lib, version, "site-packages")
        yield os.path.join(prefix, lib, version, "dist-packages")
        yield os.path.join(prefix, lib, "python%d" % sys.version_info[0], "dist-packages")
    yield prefix
    for scheme in sysconfig.get_scheme_names():
        try:
            yield sysconfig.get_path("platlib", scheme)
        except (KeyError, AttributeError):
            pass
    for folder in sys.path:
        yield folder


def main():
    for folder in candidates():
        program = os.path.join(folder, *{quoted}.split("/"))
        if os.path.isfile(program):
            os.execv(program, sys.argv)
    sys.exit("%s: cannot find %s in any site-packages folder" % (sys.argv[0], {quoted}))


if __name__ == "__main__":
    main()
"#
    )
}

/// A Python string literal; names come from the wheel.
fn python_string(text: &str) -> String {
    let mut literal = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                literal.push('\\');
                literal.push(character);
            }
            c if c.is_ascii() && !c.is_ascii_control() => literal.push(c),
            c => {
                let _ = write!(literal, "\\U{:08x}", u32::from(c));
            }
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_the_literal() {
        assert_eq!(
            python_string("a\"b\\c\né"),
            "\"a\\\"b\\\\c\\U0000000a\\U000000e9\""
        );
    }

    #[test]
    fn installers_put_their_interpreter_in() {
        assert!(script("x.scripts/tool").starts_with("#!python\n"));
    }
}
