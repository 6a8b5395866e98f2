//! Wheels with a variant label in their name, and `variant.json`, which says what the label means.
//!
//! The specification is a draft, so nothing here refuses a wheel: no installer in use picks wheels
//! by it. What is told would make one that does pick the wrong wheel, or none.
//!
//! Spec: <https://peps.python.org/pep-0825/>, its schema 0.1.1

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::finding::Finding;
use crate::finding::tally::some_of;
use crate::metadata::json::{self, Unique};
use crate::tag::IsaLevel;
use crate::tag::WheelName;
use crate::tag::name::is_variant_label;

/// The file in the `.dist-info` folder.
pub(crate) const FILE: &str = "variant.json";
/// The label of the wheel that runs where no other does.
const NULL: &str = "null";
const CODE: &str = "variant-json";

/// Unknown keys are let through: earlier drafts have some.
#[derive(Deserialize)]
struct Document {
    #[serde(rename = "$schema")]
    schema: Option<String>,
    #[serde(rename = "default-priorities")]
    priorities: Priorities,
    variants: Unique<Properties>,
}

#[derive(Deserialize)]
struct Priorities {
    namespace: Vec<String>,
}

/// Namespace → feature → values.
type Properties = Unique<Unique<Vec<String>>>;

/// What is wrong with `text`, the `variant.json` of a wheel; `None`: it has none. `path` is where
/// the file is, or would be.
pub(crate) fn check(name: &WheelName, text: Option<&[u8]>, path: &str) -> Vec<Finding> {
    let told = |message: String| Finding::warning(CODE, message).at(path);
    match (&name.variant, text) {
        (None, None) => Vec::new(),
        (Some(label), None) => {
            let message = format!(
                "the file name has the variant label `{label}`, and there is no variant.json to say what it stands for"
            );
            let help =
                "build it again with a tool that knows variants, or take the label out of the name";
            vec![told(message).help(help)]
        }
        (None, Some(_)) => {
            let message = "there is a variant.json, but the file name has no variant label: \
                           installers take the wheel for one that runs on every machine of its tags";
            let help = "give the file its label back, behind the platform tag";
            vec![told(message.to_owned()).help(help)]
        }
        (Some(label), Some(text)) => match json::read::<Document>(text) {
            Ok(document) => document.faults(label).into_iter().map(told).collect(),
            Err(bad) if bad.key.is_empty() => vec![told(bad.reason)],
            Err(bad) => vec![told(format!("`{}`: {}", bad.key, bad.reason))],
        },
    }
}

/// The level of x86-64 that the wheel with this `variant.json` asks of the machine, if it says so:
/// its installer has seen to it that the machine has it.
pub fn isa_level(name: &WheelName, text: Option<&[u8]>) -> Option<IsaLevel> {
    let label = name.variant.as_ref()?;
    let document: Document = json::read(text?).ok()?;
    let levels = document
        .variants
        .0
        .get(label)?
        .0
        .get("x86_64")?
        .0
        .get("level")?;
    let level = |text: &String| format!("x86_64_{text}").parse().ok();
    // One of the values is enough for the machine, so no more than the lowest is promised.
    levels.iter().map(level).min()?
}

impl Document {
    fn faults(&self, label: &str) -> Vec<String> {
        let mut faults = Vec::new();
        if self.schema.is_none() {
            faults.push("`$schema` is missing: it names the version of the format".to_owned());
        }
        let variants = &self.variants.0;
        let Some(properties) = variants.get(label) else {
            let others = some_of(variants.keys().map(String::as_str));
            let others = if variants.is_empty() {
                "no variant"
            } else {
                &others
            };
            faults.push(format!(
                "`variants` describes {others}, and the file name says `{label}`"
            ));
            return faults;
        };
        if variants.len() > 1 {
            let others = variants.keys().map(String::as_str);
            let others = some_of(others.filter(|other| *other != label));
            faults.push(format!(
                "`variants` describes {others} too: a wheel is one variant"
            ));
        }
        if label == NULL && !properties.0.is_empty() {
            faults.push(format!(
                "the label `{NULL}` is for the wheel without properties, and this one has some"
            ));
        }
        faults.extend(self.properties(&properties.0));
        faults
    }

    fn properties(&self, properties: &BTreeMap<String, Unique<Vec<String>>>) -> Vec<String> {
        let mut faults = Vec::new();
        let ordered: BTreeSet<&String> = self.priorities.namespace.iter().collect();
        let unordered = properties.keys().filter(|own| !ordered.contains(own));
        let unordered: Vec<&str> = unordered.map(String::as_str).collect();
        if !unordered.is_empty() {
            faults.push(format!(
                "`default-priorities.namespace` lacks {}",
                some_of(unordered)
            ));
        }
        let features = properties.iter().flat_map(|(namespace, features)| {
            let features = features.0.iter();
            features.map(move |(feature, values)| (namespace, feature, values))
        });
        for (namespace, feature, values) in features {
            let property = format!("{namespace} :: {feature}");
            if !is_word(namespace) || !is_word(feature) {
                faults.push(format!(
                    "`{property}`: namespaces and features hold a-z, 0-9 and _"
                ));
            }
            if let Some(value) = values.iter().find(|value| !is_variant_label(value)) {
                faults.push(format!(
                    "`{property} :: {value}`: values hold a-z, 0-9, _ and ."
                ));
            }
            if values.is_empty() {
                faults.push(format!("`{property}` has no value"));
            }
        }
        faults
    }
}

fn is_word(text: &str) -> bool {
    is_variant_label(text) && !text.contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "evil-1.0.dist-info/variant.json";

    fn name(label: &str) -> WheelName {
        format!("evil-1.0-cp311-cp311-linux_x86_64{label}.whl")
            .parse()
            .unwrap()
    }

    fn text(variants: &str) -> String {
        format!(
            r#"{{"$schema": "https://example.org/v0.1.1.json",
                "default-priorities": {{"namespace": ["x86_64", "blas"]}}, "variants": {variants}}}"#
        )
    }

    const V3: &str = r#"{"v3_blas": {"x86_64": {"level": ["v3"]}, "blas": {"of": ["mkl"]}}}"#;

    #[test]
    fn label_and_file_come_together() {
        let good = text(V3);
        assert_eq!(check(&name("-v3_blas"), Some(good.as_bytes()), PATH), []);
        assert_eq!(
            check(
                &name("-null"),
                Some(text(r#"{"null": {}}"#).as_bytes()),
                PATH
            ),
            []
        );
        assert_eq!(check(&name(""), None, PATH), []);
        let cases: [(&str, Option<&str>, &str); 2] = [
            ("-v3_blas", None, "there is no variant.json"),
            ("", Some(&good), "has no variant label"),
        ];
        for (label, text, words) in cases {
            let found = check(&name(label), text.map(str::as_bytes), PATH);
            assert!(found[0].message.contains(words), "{found:?}");
            assert_eq!((found[0].code, found.len()), ("variant-json", 1));
        }
    }

    #[test]
    fn what_the_file_says_is_held_against_the_label() {
        let no_schema = text(V3).replace("$schema", "schema");
        let cases = [
            (
                text(r#"{"other": {}}"#),
                "describes `other`, and the file name says `v3_blas`",
            ),
            (text("{}"), "describes no variant"),
            (
                text(&V3.replace("}}}", "}}, \"v4\": {}}")),
                "describes `v4` too",
            ),
            (
                text(r#"{"v3_blas": {"gpu": {"of": ["x"]}}}"#),
                "lacks `gpu`",
            ),
            (
                text(r#"{"v3_blas": {"blas": {"Of": ["x"]}}}"#),
                "`blas :: Of`",
            ),
            (
                text(r#"{"v3_blas": {"blas": {"of": ["x y"]}}}"#),
                "`blas :: of :: x y`",
            ),
            (text(r#"{"v3_blas": {"blas": {"of": []}}}"#), "has no value"),
            (
                text(r#"{"v3_blas": {"blas": {"of": "x"}}}"#),
                "`variants.v3_blas.blas.of`: invalid type",
            ),
            (
                text(r#"{"v3_blas": {}, "v3_blas": {}}"#),
                "`v3_blas` is there twice",
            ),
            (no_schema, "`$schema` is missing"),
            ("[]".to_owned(), "invalid"),
            ("{}".to_owned(), "missing field `default-priorities`"),
            ("\u{0}".to_owned(), "expected value"),
        ];
        for (text, words) in cases {
            let found = check(&name("-v3_blas"), Some(text.as_bytes()), PATH);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].message.contains(words), "{words}: {found:?}");
        }
        let null = text(r#"{"null": {"blas": {"of": ["x"]}}}"#);
        let found = check(&name("-null"), Some(null.as_bytes()), PATH);
        assert!(found[0].message.contains("without properties"), "{found:?}");
    }

    #[test]
    fn the_level_of_the_machine_is_the_lowest_that_is_listed() {
        let level = |values: &str| {
            let text = text(&V3.replace(r#"["v3"]"#, values));
            isa_level(&name("-v3_blas"), Some(text.as_bytes()))
        };
        assert_eq!(level(r#"["v3"]"#), Some(IsaLevel::V3));
        assert_eq!(level(r#"["v4", "v2"]"#), Some(IsaLevel::V2));
        assert_eq!(level(r#"["v3", "v9"]"#), None);
        assert_eq!(level("[]"), None);
        assert_eq!(isa_level(&name(""), Some(text(V3).as_bytes())), None);
        assert_eq!(isa_level(&name("-other"), Some(text(V3).as_bytes())), None);
    }
}
