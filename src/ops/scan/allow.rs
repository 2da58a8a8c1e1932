//! Findings that a person let pass, and when, and why. Never a value.

use serde::{Deserialize, Serialize};

use super::{found, hand};
use crate::audit::synced;
use crate::clock;
use crate::config::model::{Action, Config};
use crate::config::policy;
use crate::context::Context;
use crate::env;
use crate::fs::FsError;
use crate::fs::layout::repo_key;
use crate::fs::lock::{self, LockGuard};
use crate::locate::Location;
use crate::ops::{audit, sync};
use crate::scan::redact::hush;
use crate::state::file::{Problem, StateFile, Versioned};
use crate::sync::outcome::{End, Spotted};

/// How long to wait for another process that changes the file.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// One finding that does not count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Allowed {
    /// Its fingerprint.
    pub fingerprint: String,
    /// The rule.
    pub rule: String,
    /// The file.
    pub path: String,
    /// The line it stood in.
    pub line: usize,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: String,
    /// When, RFC 3339.
    pub at: String,
}

/// `scan-exceptions.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Exceptions {
    version: u32,
    exceptions: Vec<Allowed>,
}

impl Versioned for Exceptions {
    const VERSION: u32 = 1;
}

/// Why a finding could not be let pass, or be taken back.
#[derive(Debug, thiserror::Error)]
pub enum AllowError {
    /// The command runs inside Claude Code.
    #[error("an exception is a person's decision, and this shell is Claude Code's own")]
    NotAPerson,
    /// No finding has this fingerprint.
    #[error("no finding has the fingerprint {0}")]
    Unknown(String),
    /// Nothing was let pass under this fingerprint.
    #[error("nothing was allowed under the fingerprint {0}")]
    NotAllowed(String),
    /// Another process changes the file.
    #[error("another process is changing the exceptions")]
    Busy,
    /// A newer program wrote the file.
    #[error("the exceptions have version {0} of a newer craft")]
    Newer(u32),
    /// Something that is looked for could not be looked at.
    #[error("no finding that is known has this fingerprint, and looking for it failed: {0}")]
    Scan(#[from] super::ScanError),
    /// The file cannot be changed.
    #[error(transparent)]
    Fs(#[from] FsError),
}

fn file(ctx: &Context, at: &Location) -> StateFile {
    StateFile::at(ctx.layout.repo(&repo_key(&at.common_dir)).scan_exceptions())
}

/// What may pass; nothing where that cannot be read, which is told.
pub(super) fn list(ctx: &Context, at: &Location, remarks: &mut Vec<String>) -> Vec<Allowed> {
    match file(ctx, at).peek::<Exceptions>() {
        Ok(loaded) => {
            if matches!(loaded.problem, Some(Problem::Corrupt { .. })) {
                remarks.push("what was allowed cannot be understood, so nothing is".into());
            }
            loaded.value.exceptions
        }
        Err(error) => {
            remarks.push(format!("nothing is allowed: {error}"));
            Vec::new()
        }
    }
}

/// What may pass in a repository.
#[must_use]
pub fn all(ctx: &Context, at: &Location) -> (Vec<Allowed>, Vec<String>) {
    let mut remarks = Vec::new();
    (list(ctx, at, &mut remarks), remarks)
}

/// Lets the finding with `fingerprint` pass from now on: one of those that stopped a sync last, or that a scan now
/// finds.
///
/// # Errors
/// See [`AllowError`].
pub fn allow(ctx: &Context, at: &Location, fingerprint: &str, reason: &str) -> Result<Allowed, AllowError> {
    a_person(ctx)?;
    let spotted = find(ctx, at, fingerprint)?;
    let allowed = Allowed {
        fingerprint: fingerprint.to_owned(),
        rule: spotted.finding.rule,
        path: hush(&spotted.finding.path),
        line: spotted.finding.line,
        reason: hush(reason),
        by: ctx.user().to_owned(),
        at: clock::rfc3339(ctx.clock.now_ms()),
    };
    change(ctx, at, |list| {
        list.retain(|a| a.fingerprint != fingerprint);
        list.push(allowed.clone());
        Ok(())
    })?;
    journal(ctx, at, &format!("allowed {}", told(&allowed)));
    Ok(allowed)
}

/// Takes an exception back.
///
/// # Errors
/// See [`AllowError`].
pub fn disallow(ctx: &Context, at: &Location, fingerprint: &str) -> Result<Allowed, AllowError> {
    let taken = change(ctx, at, |list| {
        let found = list.iter().position(|a| a.fingerprint == fingerprint);
        found.map(|index| list.remove(index)).ok_or_else(|| AllowError::NotAllowed(fingerprint.to_owned()))
    })?;
    journal(ctx, at, &format!("no longer allowed: {}", told(&taken)));
    Ok(taken)
}

/// Claude Code's own shells have this variable, and what they run was typed by nobody.
fn a_person(ctx: &Context) -> Result<(), AllowError> {
    if ctx.env.get(env::CLAUDECODE).is_some() { Err(AllowError::NotAPerson) } else { Ok(()) }
}

fn find(ctx: &Context, at: &Location, fingerprint: &str) -> Result<Spotted, AllowError> {
    let with = |list: Vec<Spotted>| list.into_iter().find(|s| s.finding.fingerprint == fingerprint);
    if let Some(spotted) = with(found::last(ctx, at)) {
        return Ok(spotted);
    }
    let now = hand::everything_now(ctx, at)?;
    with(now).ok_or_else(|| AllowError::Unknown(fingerprint.to_owned()))
}

fn change<T>(
    ctx: &Context,
    at: &Location,
    edit: impl FnOnce(&mut Vec<Allowed>) -> Result<T, AllowError>,
) -> Result<T, AllowError> {
    let _guard: LockGuard = lock::exclusive_within(&ctx.layout.state_lock(), &sync::me(ctx, "scan allow"), PATIENCE)?
        .ok_or(AllowError::Busy)?;
    let file = file(ctx, at);
    let mut loaded = file.load::<Exceptions>(ctx.clock.now_ms())?;
    if let Some(Problem::Newer { version }) = loaded.problem {
        return Err(AllowError::Newer(version));
    }
    let result = edit(&mut loaded.value.exceptions)?;
    loaded.value.version = 1;
    file.store(&loaded.value)?;
    Ok(result)
}

fn told(allowed: &Allowed) -> String {
    let Allowed { rule, path, line, fingerprint, reason, .. } = allowed;
    let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    format!("{rule} in {path}:{line} ({fingerprint}){why}")
}

/// The journal has what was decided beside what was synced.
fn journal(ctx: &Context, at: &Location, note: &str) {
    let report = sync::not_begun(ctx, at, Action::Observe, End::Done);
    let report = crate::sync::outcome::Report { note: Some(note.to_owned()), ..report }.hushed();
    audit::note(ctx, synced::entry(&report));
}

/// The configuration that holds at a place, or the default where it is not enrolled.
pub(super) fn config_at(ctx: &Context, at: Option<&Location>) -> Config {
    let user = || crate::config::load::load(&ctx.layout.config()).unwrap_or_default();
    match at {
        Some(at) => policy::at(&ctx.layout, at).ok().flatten().map_or_else(user, |p| p.config),
        None => user(),
    }
}
