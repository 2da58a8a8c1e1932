//! What a configuration allows: a preset for each platform, and what differs from it.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::model::{Operation, Origin, Platform, Preset};

/// The section `permissions`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Permissions {
    /// Whether what is not allowed is an error. Otherwise it is logged and left.
    pub strict: bool,
    /// The git remotes of enrolled repositories.
    pub git: Rules,
    /// Beacons.
    pub beacon: Rules,
    /// GitHub's issues.
    pub github: Rules,
    /// Jira.
    pub jira: Rules,
    /// Azure DevOps.
    pub ado: Rules,
}

/// What is allowed on one platform.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Rules {
    /// The set to begin with; `null` is the platform's own ([`Platform::preset`]).
    pub preset: Option<Preset>,
    /// What differs from it.
    pub overrides: BTreeMap<Operation, Allow>,
}

/// Whether an operation is allowed: for none, all, or only items that were born here or there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allow {
    /// `false`
    No,
    /// `true`
    Yes,
    /// `"internal"` or `"external"`
    Only(Origin),
}

impl Allow {
    /// The word used on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Only(origin) => origin.word(),
        }
    }
}

impl Permissions {
    /// Takes away what `other` does not allow where it says anything.
    pub fn narrow(&mut self, other: &Self) {
        self.strict |= other.strict;
        for platform in Platform::ALL {
            let said = other.rules(platform);
            for operation in Operation::ALL {
                if said.preset.is_none() && !said.overrides.contains_key(&operation) {
                    continue;
                }
                let both = self.allow(platform, operation).and(other.allow(platform, operation));
                if both != self.allow(platform, operation) {
                    self.rules_mut(platform).overrides.insert(operation, both);
                }
            }
        }
    }

    /// The rules of a platform.
    #[must_use]
    pub fn rules(&self, platform: Platform) -> &Rules {
        match platform {
            Platform::Git => &self.git,
            Platform::Beacon => &self.beacon,
            Platform::Github => &self.github,
            Platform::Jira => &self.jira,
            Platform::Ado => &self.ado,
        }
    }

    /// The same, to be changed.
    pub fn rules_mut(&mut self, platform: Platform) -> &mut Rules {
        match platform {
            Platform::Git => &mut self.git,
            Platform::Beacon => &mut self.beacon,
            Platform::Github => &mut self.github,
            Platform::Jira => &mut self.jira,
            Platform::Ado => &mut self.ado,
        }
    }
}

impl Serialize for Allow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::No => serializer.serialize_bool(false),
            Self::Yes => serializer.serialize_bool(true),
            Self::Only(origin) => serializer.serialize_str(origin.word()),
        }
    }
}

impl<'de> Deserialize<'de> for Allow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Allow;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("true, false, \"internal\" or \"external\"")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Allow, E> {
                Ok(if value { Allow::Yes } else { Allow::No })
            }

            fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Allow, E> {
                Origin::ALL
                    .into_iter()
                    .find(|o| o.word() == value)
                    .map(Allow::Only)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(value), &self))
            }
        }
        deserializer.deserialize_any(Visitor).map_err(D::Error::custom)
    }
}
