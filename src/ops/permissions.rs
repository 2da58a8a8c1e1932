//! Looking at permissions and changing them.

use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};

use super::config_file::{self, Document, EditError};
use crate::audit::entry::CRAFT;
use crate::audit::{Entry, Outcome};
use crate::config::model::Config;
use crate::config::policy;
use crate::config::{ConfigError, load};
use crate::context::Context;
use crate::env;
use crate::fs::{FsError, read_optional};
use crate::locate::Location;
use crate::ops::audit;
use crate::permission::foreign::{self, ForeignError};
use crate::permission::{Allow, Operation, Permissions, Platform, Preset, Rules};
use crate::queue::Trigger;

/// Permissions could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum PermissionsError {
    /// The configuration cannot be read or changed.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The repository is not enrolled, so it has no overrides.
    #[error("{path} is not enrolled, so nothing can be set for it alone")]
    NotEnrolled {
        /// The working tree.
        path: String,
    },
    /// A file to import cannot be used.
    #[error("{path}: {error}")]
    Foreign {
        /// The file.
        path: String,
        /// What is wrong with it.
        error: ForeignError,
    },
    /// A file to import is not there.
    #[error("{path} is not there")]
    Missing {
        /// The file.
        path: String,
    },
    /// A model may not give itself more than it has.
    #[error("only a person can allow more, and this was called from Claude Code's own shell")]
    NotAPerson,
}

impl From<ConfigError> for PermissionsError {
    fn from(error: ConfigError) -> Self {
        Self::Edit(error.into())
    }
}

impl From<FsError> for PermissionsError {
    fn from(error: FsError) -> Self {
        Self::Edit(error.into())
    }
}

/// What holds somewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// What is allowed, all told.
    pub permissions: Permissions,
    /// Whether that is for one repository, rather than for all.
    pub here: bool,
}

/// A change of one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Another preset; `None` is the platform's own. Overrides go.
    Preset(Option<Preset>),
    /// Another answer for one operation; `None` is the preset's.
    Operation(Operation, Option<Allow>),
}

/// So many changes are named in the journal's reason; all of them are in its context.
const SAID: usize = 3;

/// One operation that is answered otherwise than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Where.
    pub platform: Platform,
    /// What.
    pub operation: Operation,
    /// The answer before.
    pub before: Allow,
    /// The answer now.
    pub after: Allow,
}

impl Difference {
    /// It in words: `push on git: no, was yes`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { platform, operation, before, after } = self;
        format!("{} on {}: {}, was {}", operation.word(), platform.word(), after.word(), before.word())
    }
}

/// What holds at `at`, or for all where it is not enrolled or none is given.
///
/// # Errors
/// A broken configuration.
pub fn show(ctx: &Context, at: Option<&Location>) -> Result<Shown, PermissionsError> {
    if let Some(policy) = at.map(|at| policy::at(&ctx.layout, at)).transpose()?.flatten() {
        return Ok(Shown { permissions: policy.config.permissions, here: true });
    }
    Ok(Shown { permissions: load(&ctx.layout.config())?.permissions, here: false })
}

/// Changes what is allowed on a platform: for all, or for the repository at `at` alone. What is answered otherwise
/// now, before a project narrows it.
///
/// # Errors
/// See [`PermissionsError`].
pub fn set(
    ctx: &Context,
    at: Option<&Location>,
    platform: Platform,
    change: &Change,
) -> Result<Vec<Difference>, PermissionsError> {
    edit(ctx, at, |permissions| {
        let rules = permissions.rules_mut(platform);
        match change {
            Change::Preset(preset) => *rules = Rules { preset: *preset, ..Rules::default() },
            Change::Operation(operation, Some(allow)) => drop(rules.overrides.insert(*operation, *allow)),
            Change::Operation(operation, None) => drop(rules.overrides.remove(operation)),
        }
    })
}

/// Takes the permissions of SpecWeave's configuration over. With `dry_run` nothing is written.
///
/// # Errors
/// See [`PermissionsError`].
pub fn import(ctx: &Context, file: &Path, dry_run: bool) -> Result<Vec<Difference>, PermissionsError> {
    let path = file.display().to_string();
    let bytes = read_optional(file)?.ok_or_else(|| PermissionsError::Missing { path: path.clone() })?;
    let found = foreign::read(&bytes).map_err(|error| PermissionsError::Foreign { path, error })?;
    if dry_run {
        let before = load(&ctx.layout.config())?.permissions;
        let mut after = before.clone();
        foreign::apply(&mut after, &found);
        return Ok(differences(&before, &after));
    }
    edit(ctx, None, |permissions| foreign::apply(permissions, &found))
}

fn edit(
    ctx: &Context,
    at: Option<&Location>,
    change: impl FnOnce(&mut Permissions),
) -> Result<Vec<Difference>, PermissionsError> {
    let guard = config_file::lock(ctx, "permissions")?;
    let mut document = Document::read(&ctx.layout)?;
    let config = document.config()?;
    let common = config.permissions.clone();
    let (before, index) = match at {
        None => (common.clone(), None),
        Some(at) => {
            let found = config.repositories.iter().enumerate().find(|(_, r)| r.common_dir == at.common_dir);
            let Some((index, repository)) = found else {
                return Err(PermissionsError::NotEnrolled { path: at.worktree.display().to_string() });
            };
            let here = load::effective(&config, repository).map_err(|fault| fault.at(document.path(), b""))?;
            (here.permissions, Some(index))
        }
    };
    let mut after = before.clone();
    change(&mut after);
    let differences = differences(&before, &after);
    if differences.iter().any(widens) && ctx.env.get(env::CLAUDECODE).is_some() {
        return Err(PermissionsError::NotAPerson);
    }
    let value = serde_json::to_value(&after).unwrap_or_default();
    match index {
        None => {
            // What was read as a configuration is an object.
            if let Some(document) = document.value.as_object_mut() {
                document.insert("permissions".into(), value);
            }
        }
        Some(index) => {
            // A merge patch over what holds for all: what is the same need not be said, and what is not there
            // has to be taken out.
            let patch = patch(&serde_json::to_value(&common).unwrap_or_default(), &value);
            let entry = document.repositories_mut().and_then(|list| list.get_mut(index));
            let Some(entry) = entry.and_then(Value::as_object_mut) else { return Ok(Vec::new()) };
            let overrides = entry.entry("overrides").or_insert_with(|| Value::Object(Map::new()));
            if let Some(overrides) = overrides.as_object_mut() {
                overrides.insert("permissions".into(), patch);
            }
        }
    }
    document.save(&guard)?;
    if !differences.is_empty() {
        let entry = Entry::new(CRAFT, "permissions", Outcome::Success).trigger(Trigger::Manual.word());
        let item = at.map_or_else(|| "all".to_owned(), |at| at.worktree.display().to_string());
        let said: Vec<_> = differences.iter().take(SAID).map(Difference::sentence).collect();
        let more = differences.len() - said.len();
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        let reason = format!("{}{more}", said.join("; "));
        audit::note(ctx, entry.item(item).reason(reason).with("changed", &differences));
    }
    Ok(differences)
}

/// Whether a changed configuration allows more than it did, for all or in one repository, and nobody is there who
/// could want that.
pub(super) fn needs_a_person(ctx: &Context, before: &Config, after: &Config) -> bool {
    let here = |config: &Config, common_dir: &Path| {
        let repository = config.repositories.iter().find(|r| r.common_dir == common_dir);
        // What cannot be understood allows nothing.
        repository
            .and_then(|r| load::effective(config, r).ok())
            .map_or_else(|| config.permissions.clone(), |c| c.permissions)
    };
    let more = |before: &Permissions, after: &Permissions| differences(before, after).iter().any(widens);
    ctx.env.get(env::CLAUDECODE).is_some()
        && (more(&before.permissions, &after.permissions)
            || after.repositories.iter().map(|r| &r.common_dir).any(|dir| more(&here(before, dir), &here(after, dir))))
}

/// Whether an operation may be done now for some items for which it might not before.
fn widens(difference: &Difference) -> bool {
    difference.before.and(difference.after) != difference.after
}

fn differences(before: &Permissions, after: &Permissions) -> Vec<Difference> {
    let mut found = Vec::new();
    for platform in Platform::ALL {
        for operation in Operation::ALL.into_iter().filter(|o| platform.knows(*o)) {
            let (before, after) = (before.allow(platform, operation), after.allow(platform, operation));
            if before != after {
                found.push(Difference { platform, operation, before, after });
            }
        }
    }
    found
}

/// The merge patch (RFC 7396) that turns `from` into `to`. A `null` of `to` cannot be said in one, and stands for a
/// field's default, which is what a field that was taken out has.
fn patch(from: &Value, to: &Value) -> Value {
    let (Value::Object(from), Value::Object(to)) = (from, to) else { return to.clone() };
    let mut patch = Map::new();
    for (key, old) in from {
        match to.get(key) {
            None => drop(patch.insert(key.clone(), Value::Null)),
            Some(new) if new != old => drop(patch.insert(key.clone(), self::patch(old, new))),
            Some(_) => {}
        }
    }
    for (key, new) in to.iter().filter(|(key, _)| !from.contains_key(*key)) {
        patch.insert(key.clone(), new.clone());
    }
    Value::Object(patch)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::load::merge_patch;
    use crate::permission::Origin;

    #[test]
    fn a_patch_leads_from_one_to_the_other() {
        let (mut from, mut to) = (Permissions::default(), Permissions::default());
        from.github.overrides.insert(Operation::Close, Allow::Yes);
        from.jira.preset = Some(Preset::FullControl);
        to.github.overrides.insert(Operation::Push, Allow::Only(Origin::Internal));
        to.git.preset = Some(Preset::PushOnly);
        let (from, to) = (json!(from), json!(to));
        let patch = patch(&from, &to);
        assert_eq!(
            patch,
            json!({"git": {"preset": "push-only"}, "jira": {"preset": null},
                "github": {"overrides": {"close": null, "push": "internal"}}})
        );
        let mut merged = from;
        merge_patch(&mut merged, &patch);
        let merged: Permissions = serde_json::from_value(merged).unwrap();
        assert_eq!(json!(merged), to);
    }

    #[test]
    fn only_what_allows_more_widens() {
        use Allow::{No, Only, Yes};
        let widens = |before, after| {
            widens(&Difference { platform: Platform::Jira, operation: Operation::Close, before, after })
        };
        let (here, there) = (Only(Origin::Internal), Only(Origin::External));
        for (before, after) in [(No, Yes), (No, here), (here, Yes), (here, there), (there, here)] {
            assert!(widens(before, after), "{before:?} {after:?}");
        }
        for (before, after) in [(Yes, No), (Yes, here), (here, No), (there, No)] {
            assert!(!widens(before, after), "{before:?} {after:?}");
        }
    }
}
