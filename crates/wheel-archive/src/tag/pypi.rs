//! Which platform tags PyPI takes.
//!
//! Source: <https://github.com/pypi/warehouse/blob/main/warehouse/forklift/legacy.py>

use super::platform::PlatformTag;

const PLAIN: [&str; 11] = [
    "any",
    "win32",
    "win_amd64",
    "win_arm64",
    "win_ia64",
    "manylinux1_x86_64",
    "manylinux1_i686",
    "manylinux2010_x86_64",
    "manylinux2010_i686",
    "linux_armv6l",
    "linux_armv7l",
];
const MANYLINUX_2014: [&str; 7] = [
    "x86_64", "i686", "aarch64", "armv7l", "ppc64", "ppc64le", "s390x",
];
const LINUX: [&str; 7] = [
    "x86_64", "i686", "aarch64", "armv7l", "ppc64le", "s390x", "riscv64",
];
const MACOS: [&str; 11] = [
    "ppc",
    "ppc64",
    "i386",
    "x86_64",
    "arm64",
    "intel",
    "fat",
    "fat3",
    "fat64",
    "universal",
    "universal2",
];
const MACOS_SINCE_11: [&str; 6] = ["11", "12", "13", "14", "15", "26"];
const IOS: [&str; 3] = [
    "arm64_iphoneos",
    "arm64_iphonesimulator",
    "x86_64_iphonesimulator",
];
const ANDROID: [&str; 4] = ["armeabi_v7a", "arm64_v8a", "x86", "x86_64"];

/// Whether PyPI accepts an upload with this platform tag.
pub fn accepts(tag: &PlatformTag) -> bool {
    let text = tag.as_str();
    if PLAIN.contains(&text) {
        return true;
    }
    let Some((family, rest)) = text.split_once('_') else {
        return false;
    };
    match family {
        "manylinux2014" => MANYLINUX_2014.contains(&rest),
        "manylinux" => {
            versioned(rest).is_some_and(|(_, _, arch)| LINUX.contains(&arch) || arch == "ppc64")
        }
        "musllinux" => versioned(rest).is_some_and(|(_, _, arch)| LINUX.contains(&arch)),
        "macosx" => versioned(rest).is_some_and(|(major, minor, arch)| {
            let known = major == "10" || MACOS_SINCE_11.contains(&major) && minor == "0";
            known && MACOS.contains(&arch)
        }),
        "ios" => versioned(rest).is_some_and(|(_, _, arch)| IOS.contains(&arch)),
        "android" => rest
            .split_once('_')
            .is_some_and(|(level, abi)| is_number(level) && ANDROID.contains(&abi)),
        "pyemscripten" => versioned(rest).is_some_and(|(_, _, arch)| arch == "wasm32"),
        _ => false,
    }
}

/// `x_y_arch`.
fn versioned(text: &str) -> Option<(&str, &str, &str)> {
    let mut parts = text.splitn(3, '_');
    let (major, minor, arch) = (parts.next()?, parts.next()?, parts.next()?);
    (is_number(major) && is_number(minor)).then_some((major, minor, arch))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_and_refused_tags() {
        let accepted = [
            "any",
            "win32",
            "win_arm64",
            "manylinux1_i686",
            "manylinux2014_ppc64",
            "linux_armv6l",
            "linux_armv7l",
            "manylinux_2_17_x86_64",
            "manylinux_2_39_riscv64",
            "manylinux_2_17_ppc64",
            "musllinux_1_2_armv7l",
            "macosx_10_9_intel",
            "macosx_11_0_arm64",
            "macosx_26_0_arm64",
            "ios_13_0_arm64_iphonesimulator",
            "android_24_arm64_v8a",
            "android_21_x86",
            "pyemscripten_2025_0_wasm32",
        ];
        let refused = [
            "linux_x86_64",
            "linux_aarch64",
            "manylinux1_aarch64",
            "manylinux2010_s390x",
            "manylinux2014_riscv64",
            "manylinux_2_36_loongarch64",
            "musllinux_1_2_loongarch64",
            "musllinux_1_2_ppc64",
            "manylinux_2_17_x86_64_v3",
            "macosx_11_1_arm64",
            "macosx_16_0_arm64",
            "macosx_10_9_vax",
            "android_24_aarch64",
            "manylinux_2_x86_64",
            "manylinux_2__x86_64",
            "win_mips",
            "",
            "manylinux",
            "pyemscripten_2025_0_wasm64",
        ];
        for tag in accepted {
            assert!(accepts(&PlatformTag::new(tag)), "{tag}");
        }
        for tag in refused {
            assert!(!accepts(&PlatformTag::new(tag)), "{tag}");
        }
    }
}
