//! Which file a JSON document is about.

use std::path::Path;

use serde::Serialize;

use crate::audit::{Audit, Input};
use crate::tag::{Libc, PlatformTag, WheelName, normalized_name};
use crate::wheel::hex;
use crate::wheel::{Wheel, sha256_of};

/// What the path and the file name say.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Named {
    /// As the caller gave it.
    path: String,
    /// In the one spelling that compares equal for all; `None` for what is no wheel's name.
    project: Option<String>,
    /// As the file name has it.
    version_of_project: Option<String>,
    /// `linux`, `android`, `macos`, `ios`, `windows` or `none`.
    platform: &'static str,
}

/// The same, and the bytes that were looked at.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Identity {
    #[serde(flatten)]
    named: Named,
    /// Of the file, in hex; `None` for a folder and for what cannot be read.
    sha256: Option<String>,
    /// Of the file in bytes.
    size: Option<u64>,
}

impl Named {
    pub(super) fn of(path: &Path) -> Self {
        let name = path.file_name().map(|name| name.to_string_lossy());
        let name: Option<WheelName> = name.and_then(|name| name.parse().ok());
        Self {
            path: path.display().to_string(),
            project: name
                .as_ref()
                .map(|name| normalized_name(&name.distribution)),
            platform: name.as_ref().map_or("none", platform),
            version_of_project: name.map(|name| name.version),
        }
    }

    /// Where the name leaves the platform open, the files tell.
    pub(super) fn judged(path: &Path, audit: &Audit) -> Self {
        let platform = match audit.libc {
            Libc::Android => "android",
            Libc::Glibc | Libc::Musl => "linux",
        };
        Self {
            platform,
            ..Self::of(path)
        }
    }
}

impl Identity {
    /// Of something that was judged. Reads the file once more, from its beginning to its end.
    pub(super) fn judged(input: &Input<'_>, audit: &Audit) -> Self {
        Self::with(Named::judged(input.path, audit), input.wheel, input.path)
    }

    /// Of something that was not.
    pub(super) fn of(path: &Path) -> Self {
        Self::with(Named::of(path), None, path)
    }

    fn with(named: Named, wheel: Option<&Wheel>, path: &Path) -> Self {
        let (size, sha256) = match wheel {
            Some(wheel) => (Some(wheel.file_size()), wheel.sha256().ok()),
            None => sha256_of(path).ok().unzip(),
        };
        Self {
            named,
            sha256: sha256.as_ref().map(|hash| hex(hash)),
            size,
        }
    }
}

/// The system that the tags of a name are for.
fn platform(name: &WheelName) -> &'static str {
    const OTHERS: [(&str, &str); 3] = [("macosx_", "macos"), ("ios_", "ios"), ("win", "windows")];
    let of = |tag: &PlatformTag| match tag.libc() {
        Some(Libc::Android) => Some("android"),
        Some(Libc::Glibc | Libc::Musl) => Some("linux"),
        None if tag.is_linux() => Some("linux"),
        None => {
            let mut others = OTHERS.iter();
            let found = others.find(|(prefix, _)| tag.as_str().starts_with(prefix));
            found.map(|(_, platform)| *platform)
        }
    };
    name.platform.iter().find_map(of).unwrap_or("none")
}

#[cfg(test)]
mod tests {
    use super::Named;

    #[test]
    fn names_tell_project_version_and_platform() {
        for (tags, platform) in [
            (
                "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64",
                "linux",
            ),
            ("cp311-cp311-linux_armv6l", "linux"),
            ("py3-none-musllinux_1_2_aarch64", "linux"),
            ("cp313-cp313-android_24_arm64_v8a", "android"),
            ("cp313-cp313-macosx_11_0_arm64", "macos"),
            ("cp313-cp313-ios_13_0_arm64_iphoneos", "ios"),
            ("cp313-cp313-win_amd64", "windows"),
            ("cp313-cp313-win32", "windows"),
            ("cp312-cp312-pyodide_2024_0_wasm32", "none"),
            ("py3-none-any", "none"),
        ] {
            let path = format!("dist/Foo.Bar_baz-1.0.post1-{tags}.whl");
            let named = Named::of(path.as_ref());
            assert_eq!(named.path, path);
            assert_eq!(named.project.as_deref(), Some("foo-bar-baz"));
            assert_eq!(named.version_of_project.as_deref(), Some("1.0.post1"));
            assert_eq!(named.platform, platform, "{tags}");
        }
        let named = Named::of("libfoo.so.1".as_ref());
        assert_eq!((named.project, named.platform), (None, "none"));
    }
}
