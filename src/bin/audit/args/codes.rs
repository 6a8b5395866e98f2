//! Codes of findings, as they are typed.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::ErrorKind;
use wheel_audit::report::codes;

/// Which codes are taken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Codes {
    /// Those that `--ignore` and `--error` speak of.
    Findings,
    /// Those of refusals too.
    All,
}

impl Codes {
    fn known(self) -> Vec<&'static str> {
        match self {
            Self::Findings => codes::all().collect(),
            Self::All => codes::entries().iter().map(|entry| entry.code).collect(),
        }
    }
}

/// Completions know them all; an error names the nearest.
impl TypedValueParser for Codes {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        let text = value.to_string_lossy();
        let known = self.known();
        if known.contains(&&*text) {
            return Ok(text.into_owned());
        }
        let near = codes::nearest(&text, known.iter().copied());
        let meant = near.map_or(String::new(), |code| format!("; {code} is one"));
        let of = arg.map(ToString::to_string).unwrap_or_default();
        let message = format!(
            "invalid value '{text}' for '{of}': no finding has that code{meant} (audit explain lists them)\n"
        );
        Err(command.clone().error(ErrorKind::ValueValidation, message))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.known().into_iter().map(PossibleValue::new)))
    }
}
