//! Reading, changing and checking single settings by their dotted names.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;
use similar::TextDiff;

use super::config_file::{self, Document, EditError};
use super::{keys, notifications, permissions};
use crate::config::load::{self, ConfigError};
use crate::config::narrow::{self, Narrowing};
use crate::context::Context;
use crate::fs::atomic::{self, Durability};
use crate::fs::{FsError, IoContext, read_optional};
use crate::locate::Location;

/// A setting could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// There is no such setting.
    #[error("there is no setting `{key}`")]
    Unknown {
        /// What was asked for.
        key: String,
        /// Settings that are named like it.
        similar: Vec<String>,
    },
    /// The setting does not take such a value.
    #[error("`{field}` cannot be {found}; allowed is {allowed}")]
    NotAllowed {
        /// The setting.
        field: String,
        /// What was given.
        found: String,
        /// What may be given.
        allowed: String,
    },
    /// The configuration cannot be read or changed.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// It was changed by somebody else while the user edited a copy.
    #[error("the configuration was changed by another process in the meantime")]
    Overtaken,
    /// It would allow more, and was asked for from a shell of the client.
    #[error("only a person can allow more, and this was called from Claude Code's own shell")]
    NotAPerson,
}

impl From<ConfigError> for SettingsError {
    fn from(error: ConfigError) -> Self {
        Self::Edit(error.into())
    }
}

impl From<FsError> for SettingsError {
    fn from(error: FsError) -> Self {
        Self::Edit(error.into())
    }
}

/// What `set` did, or would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The setting.
    pub key: String,
    /// Its value before, the default where it stood nowhere.
    pub before: Value,
    /// Its value now.
    pub after: Value,
    /// The change of the file, as a unified diff; empty where there is none.
    pub diff: String,
}

/// The configuration as it holds, defaults filled in; or one setting of it.
///
/// # Errors
/// Where the file is broken or there is no such setting.
pub fn get(ctx: &Context, key: Option<&str>) -> Result<Value, SettingsError> {
    let config = load::load(&ctx.layout.config())?;
    let all = serde_json::to_value(config).unwrap_or_default();
    let Some(key) = key else { return Ok(all) };
    if let Some(value) = keys::get(&all, key) {
        return Ok(value.clone());
    }
    // A key that we do not know may still stand in the file.
    let document = Document::read(&ctx.layout)?;
    keys::get(&document.value, key).cloned().ok_or_else(|| unknown(key))
}

/// Sets one setting. `text` is JSON, or else a string; where the setting is a string it need not be
/// quoted, and where it is a list a string is a list of one. With `dry_run` nothing is written.
///
/// # Errors
/// Where there is no such setting, the value is not allowed, or the file is broken.
pub fn set(ctx: &Context, key: &str, text: &str, dry_run: bool) -> Result<Change, SettingsError> {
    let guard = if dry_run { None } else { Some(config_file::lock(ctx, "config set")?) };
    let mut document = Document::read(&ctx.layout)?;
    let former = document.config()?;
    let effective = serde_json::to_value(&former).unwrap_or_default();
    if !keys::known(key, &effective) {
        return Err(unknown(key));
    }
    let before = keys::get(&effective, key).cloned().unwrap_or_default();
    let after = value_of(text, &before);
    if !keys::put(&mut document.value, key, after.clone()) {
        return Err(unknown(key));
    }
    let config = document.config().map_err(|error| match error {
        // It was good before, so it is the new value; the line is one that nobody has written yet.
        EditError::Config(ConfigError::Field { field, found, allowed, .. }) => {
            SettingsError::NotAllowed { field, found, allowed }
        }
        other => other.into(),
    })?;
    if permissions::needs_a_person(ctx, &former, &config) {
        return Err(SettingsError::NotAPerson);
    }
    let diff = diff(document.path(), &document.before, &document.text()?);
    if let Some(guard) = &guard {
        document.save(guard)?;
        super::jobs::settings_changed(ctx);
        notifications::refresh(ctx);
    }
    Ok(Change { key: key.to_owned(), before, after, diff })
}

/// The text to give to an editor: the file as it is, even broken; the defaults where there is none.
///
/// # Errors
/// Where it cannot be read.
pub fn editable(ctx: &Context) -> Result<Vec<u8>, SettingsError> {
    match read_optional(&ctx.layout.config())? {
        Some(bytes) if !bytes.trim_ascii().is_empty() => Ok(bytes),
        _ => Ok(Document::read(&ctx.layout)?.text()?.into_bytes()),
    }
}

/// Takes over an edited text as it is, after checking it. `original` is what [`editable`] gave.
/// Whether anything changed.
///
/// # Errors
/// Where the text is no good configuration, or the file is no longer the one that was edited.
pub fn replace(ctx: &Context, original: &[u8], edited: &[u8]) -> Result<bool, SettingsError> {
    let config = load::parse(&ctx.layout.config(), edited)?;
    let _guard = config_file::lock(ctx, "config edit")?;
    if editable(ctx)? != original {
        return Err(SettingsError::Overtaken);
    }
    if edited == original {
        return Ok(false);
    }
    let former = load::parse(&ctx.layout.config(), original).unwrap_or_default();
    if permissions::needs_a_person(ctx, &former, &config) {
        return Err(SettingsError::NotAPerson);
    }
    atomic::store_linked(&ctx.layout.config(), edited)?;
    super::jobs::settings_changed(ctx);
    notifications::refresh(ctx);
    Ok(true)
}

/// Puts an edited text that cannot be taken over beside the configuration, so that the work is not lost.
///
/// # Errors
/// Where it cannot be written.
pub fn keep_aside(ctx: &Context, edited: &[u8]) -> Result<PathBuf, FsError> {
    let name = format!("config.edited-{}.json", crate::clock::compact(ctx.clock.now_ms()));
    let path = ctx.layout.craft().join(name);
    atomic::store(&path, edited, Durability::Full)?;
    Ok(path)
}

/// What a check of the configuration found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// The files that were read.
    pub files: Vec<PathBuf>,
    /// What makes hooks do nothing.
    pub errors: Vec<String>,
    /// What is ignored.
    pub warnings: Vec<String>,
}

/// Checks the user's configuration and, where there is one, that of the project at `at`.
///
/// # Errors
/// Where a file is there and cannot be read.
pub fn check(ctx: &Context, at: Option<&Location>) -> Result<Checked, FsError> {
    let mut found = Checked::default();
    let user = ctx.layout.config();
    if let Some(bytes) = read_optional(&user)? {
        match load::parse(&user, &bytes) {
            Err(error) => found.errors.push(error.to_string()),
            Ok(config) => {
                if config.notifications.desktop && !notifications::DESKTOP {
                    let text = "`notifications.desktop` has no effect: this craft was built without it";
                    found.warnings.push(format!("{}: {text}", user.display()));
                }
                if config.version.0 > load::VERSION {
                    let text = "written by a newer claude-craft: it is read as far as it is understood";
                    found.warnings.push(format!("{}: {text}", user.display()));
                }
                warn(&mut found, &user, &bytes, keys::unknown);
            }
        }
        found.files.push(user);
    }
    if let Some(at) = at {
        let project = at.worktree.join(narrow::FILE);
        if let Some(bytes) = read_optional(&project)? {
            match Narrowing::load(&at.worktree) {
                Err(error) => found.errors.push(error.to_string()),
                Ok(_) => warn(&mut found, &project, &bytes, keys::not_narrowing),
            }
            found.files.push(project);
        }
    }
    Ok(found)
}

fn warn(found: &mut Checked, path: &Path, bytes: &[u8], ignored: impl Fn(&Value) -> Vec<(String, String)>) {
    let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
    for (key, why) in ignored(&value) {
        found.warnings.push(format!("{}: `{key}` is ignored: {why}", path.display()));
    }
}

fn unknown(key: &str) -> SettingsError {
    SettingsError::Unknown { key: key.to_owned(), similar: keys::similar(key) }
}

/// The value a user means: JSON, else a string. A setting that is a string takes the words as they are.
fn value_of(text: &str, before: &Value) -> Value {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::String(string)) => Value::String(string),
        Ok(_) if before.is_string() => Value::String(text.to_owned()),
        Ok(value) => value,
        Err(_) if before.is_array() => Value::Array(vec![Value::String(text.to_owned())]),
        Err(_) => Value::String(text.to_owned()),
    }
}

fn diff(path: &Path, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let name = path.display().to_string();
    TextDiff::from_lines(before, after).unified_diff().header(&name, &format!("{name} (changed)")).to_string()
}

/// Reads a text that a user has edited.
///
/// # Errors
/// Where it cannot be read.
pub fn edited(path: &Path) -> Result<Vec<u8>, FsError> {
    std::fs::read(path).at("read", path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_json_or_else_a_string_and_a_text_setting_takes_words_as_they_are() {
        let cases = [
            ("9", json!(27), json!(9)),
            ("off", json!(true), json!("off")),
            ("false", json!(true), json!(false)),
            ("2024", json!("a text"), json!("2024")),
            ("\"quoted\"", json!("a text"), json!("quoted")),
            ("ann@example.org", json!([]), json!(["ann@example.org"])),
            ("[\"a\", \"b\"]", json!(["c"]), json!(["a", "b"])),
            ("[\"*.md\"]", json!([]), json!(["*.md"])),
            ("", json!("a text"), json!("")),
        ];
        for (text, before, after) in cases {
            assert_eq!(value_of(text, &before), after, "{text}");
        }
    }
}
