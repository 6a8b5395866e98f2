//! Wheel file names.
//!
//! Spec: <https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-name-convention>

use std::fmt;
use std::str::FromStr;

use super::platform::PlatformTag;

/// `{distribution}-{version}(-{build})?-{python}-{abi}-{platform}.whl`, every part kept as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelName {
    /// As written, not normalised.
    pub distribution: String,
    /// As written; a valid PEP 440 version.
    pub version: String,
    /// Digits first, as `1abc`.
    pub build: Option<String>,
    /// `cp311` …, in order.
    pub python: Vec<String>,
    /// `abi3` …, in order.
    pub abi: Vec<String>,
    /// `linux_x86_64` …, in order.
    pub platform: Vec<PlatformTag>,
}

/// Why a file name is not a wheel's.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct NameError(pub String);

impl WheelName {
    /// Every `python-abi-platform` tag that the name stands for, sorted.
    pub fn expanded_tags(&self) -> Vec<String> {
        Vec::new()
    }
}

impl FromStr for WheelName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Err(NameError(text.to_owned()))
    }
}

impl fmt::Display for WheelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.distribution)
    }
}
