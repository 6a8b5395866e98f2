//! JSON Schemas of what `--json` prints.

/// A document that has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// `audit show --json`.
    Show,
    /// `audit repair --json`.
    Repair,
    /// `audit tree --format json`.
    Tree,
    /// `audit policies --json`.
    Policies,
}

impl Document {
    /// Every document.
    pub const ALL: [Self; 4] = [Self::Show, Self::Repair, Self::Tree, Self::Policies];

    /// Its name, as `audit schema` takes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Show => "show",
            Self::Repair => "repair",
            Self::Tree => "tree",
            Self::Policies => "policies",
        }
    }

    /// The document of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }

    /// Its schema (JSON Schema 2020-12).
    pub fn text(self) -> &'static str {
        match self {
            Self::Show => include_str!("../../../docs/schema/show.json"),
            Self::Repair => include_str!("../../../docs/schema/repair.json"),
            Self::Tree => include_str!("../../../docs/schema/tree.json"),
            Self::Policies => include_str!("../../../docs/schema/policies.json"),
        }
    }
}
