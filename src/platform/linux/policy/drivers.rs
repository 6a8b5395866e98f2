//! Libraries that belong to the machine's drivers, and lists of libraries that other wheels bring.
//!
//! A driver's library must match the kernel module and the hardware: a copy of the build
//! machine's works only there. Repairs leave such libraries outside unless told otherwise. `libGLU` and
//! `libGLEW` are ordinary libraries and not listed.
//!
//! The tables are `policy/drivers.json` (what they belong to → patterns) and `policy/presets.json`
//! (name of a preset → patterns).

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::fnmatch::Pattern;

/// Libraries that must come from the machine.
#[derive(Clone, Debug)]
pub struct Driver {
    /// What they belong to, such as `NVIDIA driver`.
    pub of: String,
    /// What their sonames match.
    pub patterns: Vec<Pattern>,
}

/// A named list of `--exclude` patterns: libraries that another wheel brings.
#[derive(Clone, Debug)]
pub struct Preset {
    /// Such as `cuda`.
    pub name: String,
    /// What the sonames match.
    pub patterns: Vec<String>,
}

type Lists = BTreeMap<String, Vec<String>>;

// A test holds that both tables parse.
fn lists(text: &str) -> Lists {
    serde_json::from_str(text).unwrap_or_default()
}

/// All drivers, by name.
pub fn drivers() -> &'static [Driver] {
    static DRIVERS: OnceLock<Vec<Driver>> = OnceLock::new();
    DRIVERS.get_or_init(|| {
        let lists = lists(include_str!("../../../../policy/drivers.json"));
        let drivers = lists.into_iter().map(|(of, patterns)| Driver {
            of,
            patterns: patterns.into_iter().map(Pattern::new).collect(),
        });
        drivers.collect()
    })
}

/// The driver that `soname` belongs to.
pub fn driver_of(soname: &str) -> Option<&'static Driver> {
    drivers().iter().find(|driver| {
        driver
            .patterns
            .iter()
            .any(|pattern| pattern.matches(soname))
    })
}

/// All presets, by name.
pub fn presets() -> &'static [Preset] {
    static PRESETS: OnceLock<Vec<Preset>> = OnceLock::new();
    PRESETS.get_or_init(|| {
        let lists = lists(include_str!("../../../../policy/presets.json"));
        let presets = lists
            .into_iter()
            .map(|(name, patterns)| Preset { name, patterns });
        presets.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tables_parse() {
        assert!(drivers().len() >= 5);
        let names: Vec<&str> = presets()
            .iter()
            .map(|preset| preset.name.as_str())
            .collect();
        assert_eq!(names, ["cuda", "rocm", "torch"]);
        for preset in presets() {
            let mut sorted = preset.patterns.clone();
            sorted.dedup();
            assert_eq!(sorted, preset.patterns, "{}", preset.name);
        }
    }

    #[test]
    fn drivers_are_told_from_what_uses_them() {
        let cases = [
            ("libcuda.so.1", true),
            ("libnvidia-ml.so.1", true),
            ("libEGL.so.1", true),
            ("libGL.so.1", true),
            ("libGLX_nvidia.so.0", true),
            ("libGLdispatch.so.0", true),
            ("libOpenGL.so.0", true),
            ("libvulkan.so.1", true),
            ("libOpenCL.so.1", true),
            ("libcudart.so.12", false),
            ("libGLU.so.1", false),
            ("libGLEW.so.2.2", false),
            ("libglib-2.0.so.0", false),
            ("libz.so.1", false),
        ];
        for (soname, expected) in cases {
            assert_eq!(driver_of(soname).is_some(), expected, "{soname}");
        }
    }
}
