//! What `craft install` put where: `craft/install.json`. Uninstalling takes out exactly that.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::driver::MergeDriver;
use crate::clock::Millis;
use crate::context::Context;
use crate::fs::FsError;
use crate::fs::layout::fnv1a;
use crate::install::{Kind, Scope};
use crate::state::file::{Problem, StateFile, Versioned};

/// All installs of this user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Installs {
    /// Format version; 1.
    pub version: u32,
    /// One entry each.
    pub installs: Vec<Install>,
}

impl Versioned for Installs {
    const VERSION: u32 = 1;
}

/// One install.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Install {
    /// Which way.
    pub kind: Kind,
    /// For whom.
    pub scope: Scope,
    /// The version of claude-craft.
    pub craft: String,
    /// When it was last installed.
    pub at: Millis,
    /// The plugin's folder; for an install in settings the folder of the executables.
    pub folder: PathBuf,
    /// The project it is for; `None` for all of the user's.
    #[serde(default)]
    pub project: Option<PathBuf>,
    /// Files that were put there.
    #[serde(default)]
    pub files: Vec<Placed>,
    /// Folders that were made for them, outermost first.
    #[serde(default)]
    pub folders: Vec<PathBuf>,
    /// What git was told to ignore in this clone.
    #[serde(default)]
    pub excluded: Vec<PathBuf>,
    /// The settings file that holds the hooks.
    #[serde(default)]
    pub hooks_in: Option<PathBuf>,
    /// The settings file that holds the status line.
    #[serde(default)]
    pub status_line_in: Option<PathBuf>,
    /// The settings files as the client's own commands found and left them.
    #[serde(default)]
    pub by_client: Vec<ByClient>,
    /// What git was told of the merge driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge_driver: Option<MergeDriver>,
    /// Whether the user does not want it.
    #[serde(default)]
    pub no_merge_driver: bool,
    /// Whether it was carried through. One that was cut off is taken up by the next run.
    #[serde(default)]
    pub complete: bool,
}

impl Install {
    /// Where the executables are.
    #[must_use]
    pub fn bin(&self) -> PathBuf {
        match self.kind {
            Kind::Settings => self.folder.clone(),
            Kind::SkillsPlugin | Kind::Marketplace => self.folder.join("bin"),
        }
    }

    /// Whether `other` is the same install at an earlier or later time.
    #[must_use]
    pub fn same_place(&self, other: &Self) -> bool {
        (self.kind, self.scope, &self.project) == (other.kind, other.scope, &other.project)
    }
}

/// A file and what was written into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// The file.
    pub path: PathBuf,
    /// FNV-1a of its bytes, so that a file that somebody changed is not removed.
    pub hash: String,
}

/// A settings file that the client changed on our behalf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByClient {
    /// The file.
    pub path: PathBuf,
    /// Its text before; `None` where there was no file.
    pub before: Option<String>,
    /// Its text after.
    pub after: Option<String>,
}

/// The hash as it is recorded.
#[must_use]
pub fn hash(bytes: &[u8]) -> String {
    format!("{:016x}", fnv1a(bytes))
}

/// All recorded installs, and whether a newer program wrote the record. Changes nothing.
///
/// # Errors
/// Where the record cannot be read.
pub fn read(ctx: &Context) -> Result<(Vec<Install>, bool), FsError> {
    let loaded = StateFile::at(ctx.layout.installs()).peek::<Installs>()?;
    Ok((loaded.value.installs, matches!(loaded.problem, Some(Problem::Newer { .. }))))
}

/// Records `install` in place of an earlier one at the same place.
///
/// # Errors
/// Where the record cannot be written.
pub fn keep(ctx: &Context, install: &Install) -> Result<(), FsError> {
    change(ctx, |all| {
        all.retain(|i| !i.same_place(install));
        all.push(install.clone());
    })
}

/// Forgets `install`.
///
/// # Errors
/// Where the record cannot be written.
pub fn forget(ctx: &Context, install: &Install) -> Result<(), FsError> {
    change(ctx, |all| all.retain(|i| !i.same_place(install)))
}

fn change(ctx: &Context, change: impl FnOnce(&mut Vec<Install>)) -> Result<(), FsError> {
    let file = StateFile::at(ctx.layout.installs());
    // One that cannot be understood is put aside.
    let mut installs = file.load::<Installs>(ctx.clock.now_ms())?.value.installs;
    change(&mut installs);
    if installs.is_empty() {
        return crate::fs::remove_optional(file.path());
    }
    file.store(&Installs { version: Installs::VERSION, installs })
}

/// The text of a file for [`ByClient`]; `None` where there is none or it is no text.
#[must_use]
pub fn text_of(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}
