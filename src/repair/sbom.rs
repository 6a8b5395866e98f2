//! A CycloneDX document that names every graft and where it came from.
//!
//! No clock, no serial number, no folders of the build machine's user: the same grafts give the
//! same bytes. Spec: <https://cyclonedx.org/docs/1.4/json/>; its place in a wheel: PEP 770.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Plan;
use crate::tag::WheelName;

/// Where the document goes, inside `.dist-info`.
pub const PLACE: &str = "sboms/wheel-audit.cdx.json";

/// The document for `plan`, or `None` if nothing is grafted.
pub fn document(plan: &Plan) -> Option<Vec<u8>> {
    if plan.grafts.is_empty() {
        return None;
    }
    let wheel_ref = wheel_purl(&plan.name);
    let root = json!({
        "type": "library",
        "bom-ref": wheel_ref,
        "name": plan.name.distribution,
        "version": plan.name.version,
        "purl": wheel_ref,
    });
    let mut components = vec![root.clone()];
    components.extend(plan.grafts.iter().map(component));
    let refs: Vec<Value> = plan
        .grafts
        .iter()
        .map(|graft| json!(graft.member))
        .collect();
    let mut dependencies = vec![json!({ "ref": wheel_ref, "dependsOn": refs })];
    dependencies.extend(
        plan.grafts
            .iter()
            .map(|graft| json!({ "ref": graft.member })),
    );
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.4",
        "version": 1,
        "metadata": {
            "component": root,
            "tools": [{ "name": "wheel-audit", "version": env!("CARGO_PKG_VERSION") }],
        },
        "components": components,
        "dependencies": dependencies,
    });
    let mut text = serde_json::to_vec_pretty(&document).ok()?;
    text.push(b'\n');
    Some(text)
}

fn component(graft: &super::Graft) -> Value {
    let file = graft
        .library
        .real_path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    json!({
        "type": "library",
        "bom-ref": graft.member,
        "name": file,
        "hashes": [{ "alg": "SHA-256", "content": hex(&graft.sha256) }],
        "properties": [
            { "name": "wheel-audit:member", "value": graft.member },
            { "name": "wheel-audit:sonames", "value": graft.sonames.join(" ") },
        ],
    })
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn wheel_purl(name: &WheelName) -> String {
    format!(
        "pkg:pypi/{}@{}?file_name={}",
        percent(&name.distribution),
        percent(&name.version),
        percent(&name.to_string())
    )
}

/// Percent-encodes what the purl specification does not allow plainly.
fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_~".contains(&byte);
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if plain(byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
