//! Enrolling a repository, and switching it off. Nothing happens by itself in a repository that is
//! not enrolled; what is pinned here is compared at every sync.

use std::path::{Path, PathBuf};

use globset::Glob;
use serde::Serialize;
use serde_json::Value;

use super::config_file::{self, Document, EditError};
use crate::clock;
use crate::config::model::{AutoSync, Config, Repository as Enrolled};
use crate::context::Context;
use crate::fs::lock::LockGuard;
use crate::fs::{FsError, IoContext};
use crate::git::command::GitError;
use crate::git::reads::Reads;
use crate::git::repository::Head;
use crate::locate::{Location, locate};
use crate::notify::trouble;
use crate::ops::{engine, notifications};
use crate::scan::redact::holds_credential;
use crate::state::{State, StateFile};
use crate::sync::gate::Globs;

/// What the user may choose at enrolment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnableOptions {
    /// The branch, or a glob for several; else the present one.
    pub branch: Option<String>,
    /// The remote; else the one the branch follows, `origin`, or the only one.
    pub remote: Option<String>,
    /// Whether a branch that the remote does not have may be published; else as it was, or not.
    pub publish: Option<bool>,
}

/// What `enable` did.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Enabling {
    /// The repository as it is enrolled now.
    pub repository: Enrolled,
    /// As it was enrolled before.
    pub before: Option<Enrolled>,
    /// Whether the global switch was off and is on again.
    pub switched_on: bool,
    /// The occasions, as they hold for this repository.
    pub auto_sync: AutoSync,
    /// Remotes there are, where none could be chosen among them.
    pub undecided: Vec<String>,
}

/// What `disable` did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "scope")]
pub enum Disabling {
    /// One repository rests.
    Repository {
        /// Its working tree.
        path: PathBuf,
        /// Whether it rested before.
        already: bool,
    },
    /// All repositories rest.
    All {
        /// Whether they rested before.
        already: bool,
    },
}

/// Why a repository could not be enrolled or switched off.
#[derive(Debug, thiserror::Error)]
pub enum EnrollError {
    /// There is no repository.
    #[error("{} is not inside a git repository", path.display())]
    NoRepository {
        /// Where was looked.
        path: PathBuf,
    },
    /// There is one without a working tree.
    #[error("{} is a bare repository; only one with a working tree can be synced", path.display())]
    Bare {
        /// Where it is.
        path: PathBuf,
    },
    /// HEAD is on no branch and none was named.
    #[error("HEAD of {} is on no branch", path.display())]
    Detached {
        /// The working tree.
        path: PathBuf,
    },
    /// The remote does not exist.
    #[error("there is no remote {name:?} in {}", path.display())]
    NoSuchRemote {
        /// The name that was asked for.
        name: String,
        /// The working tree.
        path: PathBuf,
        /// The remotes there are.
        there: Vec<String>,
    },
    /// The name of the branch is a credential, or holds one.
    #[error("the name of the branch holds a credential, and would be written down in many places")]
    SecretBranch,
    /// The branch is no glob.
    #[error("{glob:?} is no branch name and no glob: {reason}")]
    BadGlob {
        /// What was given.
        glob: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The repository is not enrolled.
    #[error("{} is not enrolled", path.display())]
    NotEnrolled {
        /// Where was looked.
        path: PathBuf,
    },
    /// The repository cannot be read.
    #[error(transparent)]
    Read(#[from] Box<GitError>),
    /// The configuration cannot be changed.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The state cannot be changed.
    #[error(transparent)]
    State(#[from] FsError),
}

/// Enrols the repository that `path` is in, or enrols it anew: the pins are set to what is there now,
/// overrides stay, and what kept automatic sync from running is forgotten.
///
/// # Errors
/// See [`EnrollError`]; nothing is changed then.
pub fn enable(ctx: &Context, path: &Path, options: &EnableOptions) -> Result<Enabling, EnrollError> {
    let at = locate(path).ok_or_else(|| missing(path))?;
    let pins = pin(ctx, &at, options)?;

    let guard = config_file::lock(ctx, "enable")?;
    let mut document = Document::read(&ctx.layout)?;
    let config = document.config()?;
    let before = find(&config, &at).cloned();
    let publish = options.publish.unwrap_or(before.as_ref().is_some_and(|b| b.publish));
    let enrolled = clock::rfc3339(ctx.clock.now_ms());
    let repository = Enrolled { publish, enrolled, ..pins.repository };
    put(&mut document, &repository);
    let switched_on = !config.auto_sync.enabled;
    if switched_on {
        document.value["autoSync"]["enabled"] = Value::Bool(true);
    }
    let config = document.save(&guard)?;
    forget_troubles(ctx, &at, &guard)?;

    let repository = find(&config, &at).cloned().unwrap_or(repository);
    let here = crate::config::load::effective(&config, &repository).unwrap_or(config);
    Ok(Enabling { repository, before, switched_on, auto_sync: here.auto_sync, undecided: pins.undecided })
}

/// Switches automatic sync of one repository off; its enrolment and overrides stay.
///
/// # Errors
/// See [`EnrollError`].
pub fn disable(ctx: &Context, path: &Path) -> Result<Disabling, EnrollError> {
    let guard = config_file::lock(ctx, "disable")?;
    let mut document = Document::read(&ctx.layout)?;
    let config = document.config()?;
    // A folder that is gone can still be switched off by the name it was enrolled under.
    let found = match locate(path) {
        Some(at) => find(&config, &at),
        None => config.repositories.iter().find(|r| r.path == path),
    };
    let found = found.ok_or_else(|| EnrollError::NotEnrolled { path: path.to_owned() })?.clone();
    put(&mut document, &Enrolled { disabled: true, ..found.clone() });
    document.save(&guard)?;
    let repository = found.common_dir.to_string_lossy();
    trouble::ALL.iter().for_each(|t| notifications::resolve(ctx, &trouble::key(&repository, *t)));
    Ok(Disabling::Repository { path: found.path, already: found.disabled })
}

/// Switches automatic sync of all repositories off.
///
/// # Errors
/// See [`EnrollError`].
pub fn disable_all(ctx: &Context) -> Result<Disabling, EnrollError> {
    let guard = config_file::lock(ctx, "disable")?;
    let mut document = Document::read(&ctx.layout)?;
    let already = !document.config()?.auto_sync.enabled;
    document.value["autoSync"]["enabled"] = Value::Bool(false);
    document.save(&guard)?;
    Ok(Disabling::All { already })
}

/// The enrolment of the repository at `at`, which all its linked worktrees share.
#[must_use]
pub fn find<'a>(config: &'a Config, at: &Location) -> Option<&'a Enrolled> {
    config.repositories.iter().find(|r| r.common_dir == at.common_dir)
}

struct Pins {
    repository: Enrolled,
    undecided: Vec<String>,
}

fn pin(ctx: &Context, at: &Location, options: &EnableOptions) -> Result<Pins, EnrollError> {
    if let Some(glob) = &options.branch {
        check_glob(glob)?;
    }
    let git = engine::git_for(ctx, at, &Config::default());
    let git = Reads::open(at, &git);
    let current = match git.head().map_err(Box::new)? {
        Head::Branch { name, .. } => Some(name),
        Head::Detached { .. } => None,
    };
    let branch = options.branch.clone().or_else(|| current.clone());
    let branch = branch.ok_or_else(|| EnrollError::Detached { path: at.worktree.clone() })?;
    if holds_credential(&branch) {
        return Err(EnrollError::SecretBranch);
    }
    let followed = if is_glob(&branch) { current } else { Some(branch.clone()) };
    let followed = followed.and_then(|b| git.upstream(&b).ok().flatten());
    let upstream = followed.as_ref().map(|u| u.remote.clone());
    let mut remotes = git.remotes().map_err(Box::new)?;
    // git itself makes no such names, and a command of git that somebody copies would take one for an option.
    remotes.retain(|name| !name.starts_with('-'));
    let has = |name: &str| remotes.iter().any(|r| r == name);
    let remote = match &options.remote {
        Some(name) if has(name) => Some(name.clone()),
        Some(name) => {
            let name = name.clone();
            return Err(EnrollError::NoSuchRemote { name, path: at.worktree.clone(), there: remotes });
        }
        None => upstream
            .filter(|r| has(r))
            .or_else(|| has("origin").then(|| "origin".to_owned()))
            .or_else(|| (remotes.len() == 1).then(|| remotes[0].clone())),
    };
    let urls = match &remote {
        Some(name) => git.remote_urls(name).map_err(Box::new)?,
        None => None,
    };
    let undecided = if remote.is_none() { remotes } else { Vec::new() };
    let repository = Enrolled {
        path: at.worktree.clone(),
        common_dir: at.common_dir.clone(),
        remote_url: urls.as_ref().map(|u| u.fetch.clone()),
        push_url: urls.and_then(|u| u.push),
        upstream: followed.filter(|u| remote.as_ref() == Some(&u.remote) && !is_glob(&branch)).map(|u| u.branch),
        remote,
        branch,
        publish: false,
        disabled: false,
        enrolled: String::new(),
        overrides: std::collections::BTreeMap::new(),
    };
    Ok(Pins { repository, undecided })
}

/// Writes the pins of `repository` into its entry, or adds one. Overrides, and what we do not know,
/// are left as they stand.
fn put(document: &mut Document, repository: &Enrolled) {
    let Ok(Value::Object(fields)) = serde_json::to_value(repository) else { return };
    let Some(list) = document.repositories_mut() else { return };
    let common_dir = fields.get("commonDir").cloned();
    let entry = list.iter_mut().find(|e| e.get("commonDir") == common_dir.as_ref());
    let Some(Value::Object(entry)) = entry else {
        list.push(Value::Object(fields));
        return;
    };
    // These are not written where they say nothing, so an old value must go.
    for optional in ["pushUrl", "upstream", "disabled"] {
        if !fields.contains_key(optional) {
            entry.shift_remove(optional);
        }
    }
    entry.extend(fields);
}

/// Ends pause, backoff and what waited for the user: enrolling anew is how they say "try again".
fn forget_troubles(ctx: &Context, at: &Location, _proof: &LockGuard) -> Result<(), FsError> {
    let file = StateFile::at(ctx.layout.state());
    let mut loaded = file.load::<State>(ctx.clock.now_ms())?;
    let key = at.common_dir.to_string_lossy();
    let Some(repository) = loaded.value.repositories.get_mut(key.as_ref()) else { return Ok(()) };
    if loaded.problem.is_some() {
        return Ok(());
    }
    let before = repository.clone();
    repository.paused = None;
    repository.attention = None;
    repository.consecutive_failures = 0;
    repository.not_before = 0;
    let follows = trouble::follows(&key, &at.worktree, &before, repository, false);
    file.store(&loaded.value)?;
    notifications::follow(ctx, follows);
    Ok(())
}

fn check_glob(glob: &str) -> Result<(), EnrollError> {
    let bad = |reason: String| EnrollError::BadGlob { glob: glob.to_owned(), reason };
    if glob.is_empty() {
        return Err(bad("it is empty".into()));
    }
    Glob::new(glob).map(drop).map_err(|e| bad(e.kind().to_string()))
}

/// Whether `branch` is the one, or one of those, that was enrolled as `pinned`.
#[must_use]
pub fn fits(pinned: &str, branch: &str) -> bool {
    pinned == branch
        || (is_glob(pinned) && Globs::new(&[pinned.to_owned()]).is_ok_and(|g| g.matches(Path::new(branch))))
}

/// Whether the name of a branch stands for several.
#[must_use]
pub fn is_glob(branch: &str) -> bool {
    branch.contains(['*', '?', '[', '{'])
}

fn missing(path: &Path) -> EnrollError {
    let path = std::fs::canonicalize(path).at("find", path).unwrap_or_else(|_| path.to_owned());
    match bare(&path) {
        Some(found) => EnrollError::Bare { path: found.to_owned() },
        None => EnrollError::NoRepository { path },
    }
}

/// The bare repository that a folder lies in; `None` where it lies in none.
#[must_use]
pub fn bare(path: &Path) -> Option<&Path> {
    let looks = |p: &&Path| ["HEAD", "objects", "refs"].iter().all(|name| p.join(name).exists());
    // Inside the `.git` folder of an ordinary repository is no bare one.
    path.ancestors().find(looks).filter(|found| found.file_name().is_none_or(|n| n != ".git"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_enrolled_by_its_whole_name_or_by_a_glob() {
        for (pinned, branch) in [("main", "main"), ("*", "x/y"), ("feature/*", "feature/a"), ("v[0-9]", "v1")] {
            assert!(fits(pinned, branch), "{pinned} {branch}");
        }
        for (pinned, branch) in [("main", "x/main"), ("main", "mainly"), ("feature/*", "fix/a"), ("v[0-9", "v1")] {
            assert!(!fits(pinned, branch), "{pinned} {branch}");
        }
    }
}
