//! The permissions of SpecWeave's `config.json`, taken over.
//!
//! Its versions have said it in several ways, of which the more exact wins: `sync.orchestration.permissions` (or
//! `sync.permissions`) for each platform, with `canRead`, `canUpdateStatus`, `canUpsert` and `canDelete` or the name
//! of a preset; `sync.settings` with `canUpsertInternalItems`, `canUpdateExternalItems` and `canUpdateStatus` for
//! all; and the oldest, `sync.syncDirection`.

use serde_json::Value;

use super::model::{Operation, Platform, Preset};
use super::rules::{Allow, Permissions, Rules};

/// Why nothing can be taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForeignError {
    /// The text is no JSON.
    #[error("line {line}, column {column}: this is no valid JSON")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// None of the known fields is there.
    #[error(
        "there are no permissions in it: no `sync.settings`, `sync.orchestration.permissions`, `sync.permissions` or `sync.syncDirection`"
    )]
    Nothing,
    /// A field holds what it must not.
    #[error("`{field}` is {found}; allowed is {allowed}")]
    Field {
        /// The field, dotted.
        field: String,
        /// What stands there.
        found: String,
        /// What may stand there.
        allowed: &'static str,
    },
}

/// The trackers, by the names they have there.
const TRACKERS: [Platform; 3] = [Platform::Github, Platform::Jira, Platform::Ado];

/// What such a file allows on each tracker that it speaks of.
///
/// # Errors
/// See [`ForeignError`].
pub fn read(bytes: &[u8]) -> Result<Vec<(Platform, Rules)>, ForeignError> {
    let file: Value =
        serde_json::from_slice(bytes).map_err(|e| ForeignError::Syntax { line: e.line(), column: e.column() })?;
    // Its own file has all below `sync`; people copy that object alone too.
    let sync = file.get("sync").unwrap_or(&file);
    let prefix = if file.get("sync").is_some() { "sync." } else { "" };
    let mut common = direction(sync, prefix)?;
    if let Some(settings) = sync.get("settings") {
        common = Some(settings_of(settings, &format!("{prefix}settings"))?.or(common).unwrap_or_default());
    }
    let mut found = Vec::new();
    for platform in TRACKERS {
        let below = [
            (sync.get("orchestration").and_then(|o| o.get("permissions")), "orchestration.permissions"),
            (sync.get("permissions"), "permissions"),
        ];
        let mut own = None;
        for (section, name) in below {
            let Some(value) = section.and_then(|s| s.get(platform.word())) else { continue };
            own = Some(platform_of(value, &format!("{prefix}{name}.{}", platform.word()))?);
            break;
        }
        if let Some(rules) = own.or_else(|| common.clone()) {
            found.push((platform, rules));
        }
    }
    if found.is_empty() { Err(ForeignError::Nothing) } else { Ok(found) }
}

/// Puts what was read into place.
pub fn apply(permissions: &mut Permissions, found: &[(Platform, Rules)]) {
    for (platform, rules) in found {
        *permissions.rules_mut(*platform) = rules.clone();
    }
}

/// `bidirectional`, `export` or `to-external`, `import` or `from-external`.
fn direction(sync: &Value, prefix: &str) -> Result<Option<Rules>, ForeignError> {
    let Some(value) = sync.get("syncDirection") else { return Ok(None) };
    let flags = match value.as_str() {
        Some("bidirectional") => [true, true, true],
        Some("export" | "to-external") => [true, true, false],
        Some("import" | "from-external") => [false, false, true],
        _ => {
            return Err(ForeignError::Field {
                field: format!("{prefix}syncDirection"),
                found: shown(value),
                allowed: "bidirectional, export, to-external, import or from-external",
            });
        }
    };
    Ok(Some(of_settings(flags)))
}

/// `canUpsertInternalItems`, `canUpdateExternalItems`, `canUpdateStatus`; all default to false there.
fn settings_of(settings: &Value, at: &str) -> Result<Option<Rules>, ForeignError> {
    const NAMES: [&str; 3] = ["canUpsertInternalItems", "canUpdateExternalItems", "canUpdateStatus"];
    if NAMES.iter().all(|name| settings.get(name).is_none()) {
        return Ok(None);
    }
    let mut flags = [false; 3];
    for (flag, name) in flags.iter_mut().zip(NAMES) {
        *flag = boolean(settings, name, at, false)?;
    }
    Ok(Some(of_settings(flags)))
}

fn of_settings([internal, external, status]: [bool; 3]) -> Rules {
    let mut rules = Rules { preset: Some(Preset::ReadOnly), ..Rules::default() };
    let allowed = [
        (Operation::UpsertInternal, internal),
        (Operation::UpsertExternal, external),
        (Operation::UpdateStatus, status),
        // There, an item is closed by its status.
        (Operation::Close, status),
        (Operation::Push, internal || external || status),
    ];
    rules.overrides.extend(allowed.into_iter().filter(|(_, yes)| *yes).map(|(o, _)| (o, Allow::Yes)));
    rules
}

/// The name of a preset; an object with `preset` and `overrides`; or the four switches, `canRead` on and the
/// others off by default.
fn platform_of(value: &Value, at: &str) -> Result<Rules, ForeignError> {
    if let Some(name) = value.as_str() {
        return preset(name, at);
    }
    let Some(_) = value.as_object() else {
        return Err(ForeignError::Field { field: at.into(), found: shown(value), allowed: "an object or a preset" });
    };
    let base = match value.get("preset") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(preset(name, &format!("{at}.preset"))?),
        Some(other) => {
            let field = format!("{at}.preset");
            return Err(ForeignError::Field { field, found: shown(other), allowed: PRESETS });
        }
    };
    let (switches, at) = match value.get("overrides") {
        Some(overrides) => (overrides, format!("{at}.overrides")),
        None => (value, at.to_owned()),
    };
    let mut rules = base.unwrap_or(Rules { preset: Some(Preset::ReadOnly), ..Rules::default() });
    let named: [(&str, &[Operation]); 4] = [
        ("canRead", &[Operation::Read, Operation::Pull]),
        ("canUpdateStatus", &[Operation::UpdateStatus, Operation::Close]),
        ("canUpsert", &[Operation::UpsertInternal, Operation::UpsertExternal]),
        ("canDelete", &[Operation::Delete]),
    ];
    let from = rules.preset.unwrap_or(Preset::ReadOnly);
    for (name, operations) in named {
        let yes = boolean(switches, name, &at, from.allows(operations[0]))?;
        for operation in operations.iter().filter(|o| from.allows(**o) != yes) {
            rules.overrides.insert(*operation, if yes { Allow::Yes } else { Allow::No });
        }
    }
    let sends = |o: Operation| rules.overrides.get(&o).map_or(from.allows(o), |a| *a == Allow::Yes);
    let push = sends(Operation::UpdateStatus) || sends(Operation::UpsertInternal);
    if push != from.allows(Operation::Push) {
        rules.overrides.insert(Operation::Push, if push { Allow::Yes } else { Allow::No });
    }
    Ok(rules)
}

const PRESETS: &str = "read-only, push-only, bidirectional or full-control";

fn preset(name: &str, at: &str) -> Result<Rules, ForeignError> {
    let found = Preset::ALL.into_iter().find(|p| *p != Preset::None && p.word() == name);
    let wrong = || ForeignError::Field { field: at.into(), found: format!("{name:?}"), allowed: PRESETS };
    Ok(Rules { preset: Some(found.ok_or_else(wrong)?), ..Rules::default() })
}

fn boolean(object: &Value, name: &str, at: &str, default: bool) -> Result<bool, ForeignError> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(default),
        Some(Value::Bool(value)) => Ok(*value),
        Some(other) => {
            Err(ForeignError::Field { field: format!("{at}.{name}"), found: shown(other), allowed: "true or false" })
        }
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 40 { text.chars().take(39).chain(['…']).collect() } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn allowed(file: &Value, platform: Platform) -> Vec<&'static str> {
        let found = read(file.to_string().as_bytes()).unwrap();
        let mut permissions = Permissions::default();
        apply(&mut permissions, &found);
        let yes = |o: &Operation| permissions.allow(platform, *o) == Allow::Yes;
        Operation::ALL.into_iter().filter(yes).map(Operation::word).collect()
    }

    #[test]
    fn the_three_settings_hold_for_every_tracker() {
        let file = json!({"sync": {"settings": {"canUpsertInternalItems": true, "canUpdateStatus": false}}});
        for platform in TRACKERS {
            assert_eq!(allowed(&file, platform), ["read", "upsert-internal", "push", "pull"]);
        }
        let file = json!({"sync": {"settings": {"canUpdateStatus": true}}});
        assert_eq!(allowed(&file, Platform::Jira), ["read", "update-status", "close", "push", "pull"]);
        let file = json!({"settings": {"canUpdateExternalItems": true}});
        assert_eq!(allowed(&file, Platform::Ado), ["read", "upsert-external", "push", "pull"]);
    }

    #[test]
    fn the_switches_of_a_platform_win_over_the_settings_for_all() {
        let file = json!({"sync": {
            "settings": {"canUpdateStatus": true},
            "orchestration": {"permissions": {"github": {"canRead": true, "canUpsert": true}, "jira": {"canRead": false}}},
        }});
        assert_eq!(allowed(&file, Platform::Github), ["read", "upsert-internal", "upsert-external", "push", "pull"]);
        assert_eq!(allowed(&file, Platform::Jira), [""; 0]);
        assert_eq!(allowed(&file, Platform::Ado), ["read", "update-status", "close", "push", "pull"]);
    }

    #[test]
    fn presets_and_the_oldest_form_are_understood() {
        let file = json!({"sync": {"permissions": {"github": "full-control",
            "ado": {"preset": "bidirectional", "overrides": {"canDelete": true, "canUpdateStatus": false}}}}});
        assert_eq!(allowed(&file, Platform::Github).len(), 8);
        assert_eq!(
            allowed(&file, Platform::Ado),
            ["read", "upsert-internal", "upsert-external", "delete", "push", "pull"]
        );
        for (word, wanted) in [
            (
                "bidirectional",
                &["read", "update-status", "upsert-internal", "upsert-external", "close", "push", "pull"][..],
            ),
            ("export", &["read", "upsert-internal", "upsert-external", "push", "pull"]),
            ("from-external", &["read", "update-status", "close", "push", "pull"]),
        ] {
            assert_eq!(allowed(&json!({"sync": {"syncDirection": word}}), Platform::Github), wanted, "{word}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_nothing_is_guessed() {
        let error = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error("{\n \"sync\": }"), "line 2, column 10: this is no valid JSON");
        assert!(error("{\"sync\": {}}").starts_with("there are no permissions in it"));
        assert_eq!(
            error("{\"sync\": {\"settings\": {\"canUpdateStatus\": \"yes\"}}}"),
            "`sync.settings.canUpdateStatus` is \"yes\"; allowed is true or false"
        );
        assert_eq!(
            error("{\"permissions\": {\"jira\": \"admin\"}}"),
            "`permissions.jira` is \"admin\"; allowed is read-only, push-only, bidirectional or full-control"
        );
        assert!(error("{\"sync\": {\"syncDirection\": 3}}").starts_with("`sync.syncDirection` is 3"));
    }
}
