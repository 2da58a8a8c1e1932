//! git's own files of settings, and what it says of them outside of any work on a repository.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::environment::environment;
use super::process::{self, Invocation};
use crate::context::Context;
use crate::env;
use crate::scan::redact::hush;

/// How long a setting may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// git could not be asked, or said no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`git {command}` failed: {said}")]
pub struct SettingsError {
    /// What was asked.
    command: String,
    /// What it said.
    said: String,
}

/// Runs git in `folder`; what it printed. `None` where it ended with 1, which means that there is no such thing.
fn run(ctx: &Context, folder: &Path, arguments: &[&str]) -> Result<Option<String>, SettingsError> {
    let failed = |said: String| SettingsError {
        command: arguments.iter().take(3).copied().collect::<Vec<_>>().join(" "),
        said: hush(said.trim()),
    };
    let words: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let invocation = Invocation {
        program: &ctx.git,
        arguments: &words,
        folder,
        environment: &environment(ctx),
        input: b"",
        deadline: PATIENCE,
    };
    let finished = process::start(&invocation).and_then(|r| r.wait(None)).map_err(|e| failed(e.to_string()))?;
    match finished.code {
        Some(0) => Ok(Some(String::from_utf8_lossy(&finished.stdout).into_owned())),
        Some(1) => Ok(None),
        _ => Err(failed(finished.stderr)),
    }
}

/// The value of a setting as it holds in `folder`; `file` looks into that file only.
///
/// # Errors
/// Where git cannot be asked.
pub fn get(ctx: &Context, folder: &Path, file: Option<&Path>, key: &str) -> Result<Option<String>, SettingsError> {
    let name = file.map(|f| f.to_string_lossy().into_owned());
    let place: Vec<&str> = name.iter().flat_map(|f| ["--file", f.as_str()]).collect();
    let words = [&["config"], &place[..], &["--get", key]].concat();
    Ok(run(ctx, folder, &words)?.map(|value| value.strip_suffix('\n').unwrap_or(&value).to_owned()))
}

/// Sets a setting in `file`, which git makes where it is missing.
///
/// # Errors
/// Where git cannot write it.
pub fn set(ctx: &Context, file: &Path, key: &str, value: &str) -> Result<(), SettingsError> {
    run(ctx, Path::new("/"), &["config", "--file", &file.to_string_lossy(), "--replace-all", key, value]).map(drop)
}

/// Takes a setting out of `file`, if it is there, and its section where that is empty then.
///
/// # Errors
/// Where git cannot write it.
pub fn unset(ctx: &Context, file: &Path, key: &str) -> Result<(), SettingsError> {
    if get(ctx, Path::new("/"), Some(file), key)?.is_none() {
        return Ok(());
    }
    run(ctx, Path::new("/"), &["config", "--file", &file.to_string_lossy(), "--unset-all", key]).map(drop)
}

/// The value that the attributes of `folder`'s repository give to `attribute` of `path`, in git's words
/// (`unspecified` where none).
///
/// # Errors
/// Where git cannot be asked.
pub fn attribute(ctx: &Context, folder: &Path, attribute: &str, path: &str) -> Result<String, SettingsError> {
    let told = run(ctx, folder, &["check-attr", "-z", attribute, "--", path])?.unwrap_or_default();
    Ok(told.split('\0').nth(2).unwrap_or("unspecified").to_owned())
}

/// The same for a repository that has no attributes of its own: what the user says of all.
///
/// # Errors
/// As [`attribute`].
pub fn attribute_of_all(ctx: &Context, name: &str, path: &str) -> Result<String, SettingsError> {
    let failed = |e: std::io::Error| SettingsError { command: "init".into(), said: e.to_string() };
    let folder = tempfile::tempdir().map_err(failed)?;
    run(ctx, folder.path(), &["init", "--quiet", "--template="])?;
    attribute(ctx, folder.path(), name, path)
}

/// The file that `git config --global` writes (git-config(1), FILES). `None` where there is no place for one.
#[must_use]
pub fn global_file(ctx: &Context) -> Option<PathBuf> {
    if let Some(named) = ctx.env.path(env::GIT_CONFIG_GLOBAL) {
        return Some(named);
    }
    let home = ctx.env.path(env::HOME)?.join(".gitconfig");
    let other = folder(ctx).map(|f| f.join("config")).filter(|f| f.is_file());
    Some(other.filter(|_| !home.exists()).unwrap_or(home))
}

/// The user's attributes for all repositories (gitattributes(5), `core.attributesFile`). `None` where they are not in
/// one place.
///
/// # Errors
/// Where git cannot be asked.
pub fn global_attributes(ctx: &Context) -> Result<Option<PathBuf>, SettingsError> {
    let told = run(ctx, Path::new("/"), &["config", "--type=path", "--get", "core.attributesFile"])?;
    let named = told.map(|path| PathBuf::from(path.strip_suffix('\n').unwrap_or(&path)));
    // git takes a relative one below whichever folder it is in, so that none is that of all.
    named.map_or_else(
        || Ok(folder(ctx).map(|f| f.join("attributes"))),
        |path| Ok(Some(path).filter(|p| p.is_absolute())),
    )
}

/// git's folder of the user's settings.
fn folder(ctx: &Context) -> Option<PathBuf> {
    let base = ctx.env.path(env::XDG_CONFIG_HOME).filter(|p| p.is_absolute());
    base.or_else(|| ctx.env.path(env::HOME).map(|h| h.join(".config"))).map(|b| b.join("git"))
}
