//! A CycloneDX document that names every graft and where it came from.
//!
//! No clock, no serial number, no folders of the build machine's user: the same grafts give the
//! same bytes. Spec: <https://cyclonedx.org/docs/1.4/json/>; its place in a wheel: PEP 770.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::repair::{Graft, Plan, graft::purl::Purl};
use crate::tag::WheelName;
use crate::wheel::hex;

/// Where the documents go, inside `.dist-info`.
pub(crate) const FOLDER: &str = "sboms";

/// The document for `plan`, or `None` if nothing is grafted. `edited` holds the SHA-256 of
/// each graft as it is in the wheel, by member path.
pub(crate) fn document(plan: &Plan, edited: &BTreeMap<&str, [u8; 32]>) -> Option<Vec<u8>> {
    if plan.grafts.is_empty() {
        return None;
    }
    let wheel_ref = wheel_purl(&plan.name);
    let components: Vec<Value> = plan
        .grafts
        .iter()
        .map(|graft| component(graft, edited.get(graft.member.as_str())))
        .collect();
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.4",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": wheel_ref,
                "name": plan.name.distribution,
                "version": plan.name.version,
                "purl": wheel_ref,
            },
            "tools": [{ "name": "wheel-audit", "version": env!("CARGO_PKG_VERSION") }],
            "properties": renamed(plan),
        },
        "components": components,
        "dependencies": dependencies(plan, &wheel_ref),
    });
    let mut text = serde_json::to_vec_pretty(&document).ok()?;
    text.push(b'\n');
    Some(text)
}

/// The member that each name now stands for.
fn renamed(plan: &Plan) -> Vec<Value> {
    let renamed = plan.renamed().into_iter();
    renamed
        .map(|(name, member)| property("renamed", &format!("{name}={member}")))
        .collect()
}

fn property(name: &str, value: &str) -> Value {
    json!({ "name": format!("wheel-audit:{name}"), "value": value })
}

fn dependencies(plan: &Plan, wheel_ref: &str) -> Vec<Value> {
    let all: Vec<&str> = plan
        .grafts
        .iter()
        .map(|graft| graft.member.as_str())
        .collect();
    let wheel = json!({ "ref": wheel_ref, "dependsOn": all });
    let grafts = plan.grafts.iter().map(|graft| {
        let needs = graft.needs.iter().map(String::as_str);
        let needs: Vec<&str> = needs.filter(|need| all.contains(need)).collect();
        if needs.is_empty() {
            json!({ "ref": graft.member })
        } else {
            json!({ "ref": graft.member, "dependsOn": needs })
        }
    });
    std::iter::once(wheel).chain(grafts).collect()
}

fn component(graft: &Graft, edited: Option<&[u8; 32]>) -> Value {
    let facts = &graft.library.facts;
    let mut entry = Map::new();
    let mut put = |key: &str, value: Value| {
        entry.insert(key.to_owned(), value);
    };
    put("type", json!("library"));
    put("bom-ref", json!(graft.member));
    match &graft.package {
        Some(package) => {
            put("name", json!(package.name));
            put("version", json!(package.version));
            put("purl", json!(package.purl));
            if !package.licenses.is_empty() {
                let names = package.licenses.iter();
                let licenses = names.map(|name| json!({ "license": { "name": name } }));
                put("licenses", licenses.collect());
            }
        }
        None => put("name", json!(graft.plain_name())),
    }
    if let Some(sha256) = edited {
        put(
            "hashes",
            json!([{ "alg": "SHA-256", "content": hex(sha256) }]),
        );
    }
    let mut properties = vec![property("member", &graft.member)];
    properties.extend(
        graft
            .sonames
            .iter()
            .map(|soname| property("soname", soname)),
    );
    properties.push(property("source-path", &graft.source_path));
    properties.push(property("source-sha256", &hex(&graft.sha256)));
    if let Some(build_id) = &facts.build_id {
        properties.push(property("build-id", &hex(build_id)));
    }
    if let Some(note) = &facts.package_note {
        properties.push(property("package-note", note));
    }
    put("properties", Value::Array(properties));
    Value::Object(entry)
}

fn wheel_purl(name: &WheelName) -> String {
    let purl = Purl {
        kind: "pypi",
        namespace: "",
        name: &name.distribution.to_lowercase().replace(['_', '.'], "-"),
        version: &name.version,
        qualifiers: &[("file_name", &name.to_string())],
    };
    purl.to_string()
}
