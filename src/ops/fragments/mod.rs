//! Putting settings fragments into the client's settings files and taking them out again.
//!
//! What was put in is recorded, so that removal takes out exactly that; where nobody else has changed
//! the file since, removal gives back the very bytes. (`ops::settings` is about our own configuration.)

mod decide;
pub mod error;
pub mod record;
mod write;

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

pub use self::error::{Double, FragmentsError};
use self::record::{FileRecord, Record};
use crate::clock::Millis;
use crate::context::Context;
use crate::fs::read_optional;
pub use crate::install::Scope;
use crate::json::document::Document;
use crate::locate::locate;
use crate::settings::fragment::{self, Values};
use crate::settings::merge::{Entry, entries_of};
use crate::settings::ours;

/// What a settings file would become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its text; empty where there is no file.
    pub before: String,
    /// Its text then; empty where it would be removed.
    pub after: String,
}

/// What putting fragments in did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Applied {
    /// Whether the file is another now.
    pub changed: bool,
    /// The settings file.
    pub file: PathBuf,
    /// The copy of what it was before.
    pub backup: Option<PathBuf>,
    /// What the client may pass over, whoever wrote it: `line:column: what`.
    pub warnings: Vec<String>,
}

/// What taking fragments out did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Removed {
    /// Whether the file is another now.
    pub changed: bool,
    /// Whether it is what it was before anything was put in, byte for byte.
    pub exact: bool,
    /// Whether it is gone, as it was made by us and held nothing else.
    pub deleted_file: bool,
    /// The settings file.
    pub file: PathBuf,
    /// The copy of what it was before.
    pub backup: Option<PathBuf>,
    /// The fragments that were in it.
    pub fragments: Vec<String>,
}

/// How a fragment stands in a settings file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "state", content = "reason")]
pub enum Standing {
    /// Putting it in again would change nothing.
    Current,
    /// It would: the fragment is newer, or somebody has changed or removed what was put in.
    Differs,
    /// The file cannot be used.
    Broken(String),
}

/// A fragment and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub summary: &'static str,
    /// The settings files it was put into, and how it stands there.
    pub places: Vec<(PathBuf, Standing)>,
}

/// A settings file as it was found.
struct Scene<'a> {
    file: &'a Path,
    /// `None` where there is no file.
    bytes: Option<&'a [u8]>,
    /// It is a link to the file that is meant.
    link: bool,
    /// There is not even its folder.
    no_folder: bool,
    /// What was kept of it before our first change.
    original: Option<&'a [u8]>,
    record: Option<&'a FileRecord>,
    now: Millis,
}

/// The settings file of a scope, for the project that `cwd` is in: the repository's top, or `cwd` itself.
#[must_use]
pub fn file_of(ctx: &Context, cwd: &Path, scope: Scope) -> PathBuf {
    let project = || locate(cwd).map_or_else(|| cwd.to_owned(), |at| at.worktree).join(".claude");
    match scope {
        Scope::User => ctx.layout.root().join("settings.json"),
        Scope::Project => project().join("settings.json"),
        Scope::Local => project().join("settings.local.json"),
    }
}

/// What [`apply`] would do.
///
/// # Errors
/// As [`apply`].
pub fn preview(ctx: &Context, file: &Path, names: &[&str], values: &Values) -> Result<Change, FragmentsError> {
    previewed(ctx, file, |scene| decide::apply(scene, names, values))
}

/// What [`remove`] would do.
///
/// # Errors
/// As [`remove`].
pub fn preview_remove(ctx: &Context, file: &Path, names: &[&str]) -> Result<Change, FragmentsError> {
    previewed(ctx, file, |scene| decide::remove(scene, names))
}

/// Puts fragments into a settings file, or brings those that are there up to date.
///
/// # Errors
/// Where the file, or what stands in it, does not allow it; it is as it was then.
pub fn apply(ctx: &Context, file: &Path, names: &[&str], values: &Values) -> Result<Applied, FragmentsError> {
    apply_with(ctx, file, names, values, &mut |_| {})
}

/// Takes fragments out of a settings file, and brings back what they took the place of. A fragment that
/// is not in it is no error.
///
/// # Errors
/// Where the file does not allow it; it is as it was then.
pub fn remove(ctx: &Context, file: &Path, names: &[&str]) -> Result<Removed, FragmentsError> {
    remove_with(ctx, file, names, &mut |_| {})
}

/// All settings files that fragments were put into, and which.
///
/// # Errors
/// Where the record cannot be read.
pub fn applied(ctx: &Context) -> Result<Vec<(PathBuf, Vec<String>)>, FragmentsError> {
    let record = Record::peek(ctx)?;
    Ok(record.paths().map(|(path, file)| (path, file.fragments.keys().cloned().collect())).collect())
}

/// The status line that ours took the place of, to be run with it in `folder`: of the settings there that
/// weigh most, the project's before the user's. What another project had is not shown here. One small file
/// is read.
///
/// # Errors
/// Where the record cannot be read.
pub fn former_status_line(ctx: &Context, folder: &Path) -> Result<Option<Value>, FragmentsError> {
    let record = Record::peek(ctx)?;
    let former = |file: &FileRecord| {
        file.fragments.values().flat_map(|f| &f.entries).find_map(|entry| match entry {
            Entry::Single { path, former: Some(text), .. } if *path == ["statusLine"] => {
                serde_json::from_str(text).ok()
            }
            _ => None,
        })
    };
    let scopes = [Scope::Local, Scope::Project, Scope::User];
    Ok(scopes.iter().find_map(|scope| record.of(&file_of(ctx, folder, *scope)).and_then(former)))
}

/// All fragments, and where they are.
///
/// # Errors
/// Where the record cannot be read.
pub fn list(ctx: &Context, values: &Values) -> Result<Vec<Listed>, FragmentsError> {
    let applied = applied(ctx)?;
    let standing = |file: &Path, name: &str| match preview(ctx, file, &[name], values) {
        Ok(change) if change.before == change.after => Standing::Current,
        Ok(_) => Standing::Differs,
        Err(error) => Standing::Broken(error.to_string()),
    };
    let places = |name: &str| {
        let there = applied.iter().filter(|(_, names)| names.iter().any(|n| n == name));
        there.map(|(file, _)| (file.clone(), standing(file, name))).collect()
    };
    Ok(fragment::ALL.iter().map(|f| Listed { name: f.name, summary: f.summary, places: places(f.name) }).collect())
}

/// The first place in another settings file from which hooks of ours run as well: the other scopes' for
/// `cwd`, and for the user's file all that something was put into. An installation as a plugin has to be
/// looked for by whoever knows of it.
///
/// # Errors
/// Where there is one, or a settings file cannot be read. One that is broken runs nothing.
pub fn doubled(ctx: &Context, cwd: &Path, file: &Path, names: &[&str], values: &Values) -> Result<(), FragmentsError> {
    let mut hooks = false;
    for name in names {
        let entries = entries_of(&fragment::find(name)?.filled(values)?);
        hooks |= entries.iter().any(|e| matches!(e, Entry::Hook { .. }));
    }
    if !hooks {
        return Ok(());
    }
    let mut others: Vec<_> = [Scope::User, Scope::Project, Scope::Local].map(|s| file_of(ctx, cwd, s)).into();
    if others[0] == file {
        others.extend(applied(ctx)?.into_iter().map(|(path, _)| path));
    }
    let same = |path: &Path| path == file || std::fs::canonicalize(path).ok() == std::fs::canonicalize(file).ok();
    for other in others.into_iter().filter(|o| o.is_file() && !same(o)) {
        let bytes = read_optional(&other)?.unwrap_or_default();
        let found = Document::from_bytes(&bytes).map(|doc| ours::hooks(&doc.value())).unwrap_or_default();
        if let Some(first) = found.into_iter().next() {
            let double = Double { file: other, place: first.place(), command: first.command };
            return Err(FragmentsError::Doubled(double));
        }
    }
    Ok(())
}

/// Whether the hook executables are in `values.bin`.
///
/// # Errors
/// Which is not.
pub fn programs(values: &Values) -> Result<(), FragmentsError> {
    let missing = ours::HOOKS.iter().map(|name| values.bin.join(name)).find(|path| !path.is_file());
    missing.map_or(Ok(()), |path| Err(FragmentsError::NoProgram { path }))
}

fn previewed(
    ctx: &Context,
    file: &Path,
    decide: impl FnOnce(&Scene<'_>) -> Result<decide::Plan, FragmentsError>,
) -> Result<Change, FragmentsError> {
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    write::look(ctx, file, &Record::peek(ctx)?, |scene| {
        let plan = decide(scene)?;
        Ok(Change { before: text(scene.bytes), after: text(plan.bytes.as_deref()) })
    })
}

fn apply_with(
    ctx: &Context,
    file: &Path,
    names: &[&str],
    values: &Values,
    seam: &mut dyn FnMut(write::Moment),
) -> Result<Applied, FragmentsError> {
    let done = write::change(ctx, file, |scene| decide::apply(scene, names, values), seam)?;
    Ok(Applied {
        changed: done.changed,
        file: file.to_owned(),
        backup: done.backup,
        warnings: done.plan.warnings.iter().map(ToString::to_string).collect(),
    })
}

fn remove_with(
    ctx: &Context,
    file: &Path,
    names: &[&str],
    seam: &mut dyn FnMut(write::Moment),
) -> Result<Removed, FragmentsError> {
    let there = Record::peek(ctx)?.of(file).map(|f| f.fragments.keys().cloned().collect()).unwrap_or_else(Vec::new);
    let done = write::change(ctx, file, |scene| decide::remove(scene, names), seam)?;
    Ok(Removed {
        changed: done.changed,
        exact: done.plan.exact,
        deleted_file: done.changed && done.plan.bytes.is_none(),
        file: file.to_owned(),
        backup: done.backup,
        fragments: there.into_iter().filter(|n| names.contains(&n.as_str())).collect(),
    })
}

#[cfg(test)]
mod tests;
