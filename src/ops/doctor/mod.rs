//! `craft doctor`: everything that must hold for the suite to work, one check each, with its remedy.
//!
//! Checks only read. What `--fix` does is safe to do unasked: it puts our own files back, and starts the
//! worker for work that waits.

mod beacon;
mod client;
mod machine;
mod work;

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::install::record::{self, Install};
use super::ours;
use crate::context::Context;
use crate::host::{Client, HostError};
use crate::install::Version;
use crate::locate::{Location, locate};

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// As it should be.
    Ok,
    /// It could not be looked at, or there is nothing to look at.
    Skipped,
    /// It works, but not as well as it could, or it cannot be told.
    Warning,
    /// It does not work.
    Broken,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// Its name, stable.
    pub id: &'static str,
    /// How it came out.
    pub state: State,
    /// What was found.
    pub text: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// What `--fix` would do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
}

/// Something that can be mended without asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Fix {
    /// Puts the files of an install back, as `craft install` would.
    Reinstall,
    /// Takes other users' access to our files and folders away.
    ClosePermissions {
        /// Files and folders.
        paths: Vec<PathBuf>,
    },
    /// Starts the worker for what waits in the queue, and for sessions that died.
    StartWorker,
}

impl Check {
    fn ok(id: &'static str, text: impl Into<String>) -> Self {
        Self { id, state: State::Ok, text: text.into(), remedy: None, fix: None }
    }

    fn skipped(id: &'static str, text: impl Into<String>) -> Self {
        Self { state: State::Skipped, ..Self::ok(id, text) }
    }

    fn warning(id: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: State::Warning, remedy: Some(remedy.into()), ..Self::ok(id, text) }
    }

    fn broken(id: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: State::Broken, remedy: Some(remedy.into()), ..Self::ok(id, text) }
    }

    fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }
}

/// What all checks look at, found out once.
struct Patient<'a> {
    ctx: &'a Context,
    /// The repository one stands in.
    here: Option<Location>,
    client: Result<Client, HostError>,
    version: Option<Version>,
    /// The installs that concern this place: the user's, and those of this project.
    installs: Vec<Install>,
    /// Why the record of them says less than it could.
    unread: Option<String>,
}

impl<'a> Patient<'a> {
    fn admit(ctx: &'a Context, cwd: &Path) -> Self {
        let client = Client::find(ctx);
        let here = locate(cwd);
        let concerns = |i: &Install| i.project.is_none() || i.project.as_deref() == here.as_ref().map(|l| &*l.worktree);
        let place = ctx.layout.installs();
        let (installs, unread) = match record::read(ctx) {
            Ok((all, false)) => (all, None),
            Ok((all, true)) => (all, Some(format!("{} was written by a newer claude-craft", place.display()))),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        let installs = installs.into_iter().filter(concerns).collect();
        let version = client.as_ref().ok().and_then(|c| c.version(ctx).ok());
        Self { ctx, here, client, version, installs, unread }
    }

    /// The settings files that a session here reads, the user's first.
    fn settings_files(&self) -> Vec<PathBuf> {
        let user = self.ctx.layout.root().join("settings.json");
        let project = self.here.iter().map(|l| l.worktree.join(".claude"));
        let in_project = project.flat_map(|p| [p.join("settings.json"), p.join("settings.local.json")]);
        let mut files = vec![user];
        files.extend(in_project);
        files.dedup();
        files
    }
}

/// Looks at everything, as a session that starts in `cwd` would find it.
#[must_use]
pub fn examine(ctx: &Context, cwd: &Path) -> Vec<Check> {
    let patient = Patient::admit(ctx, cwd);
    let mut checks = client::checks(&patient);
    checks.extend(machine::checks(&patient));
    checks.extend(work::checks(&patient));
    checks.extend(beacon::checks(&patient));
    checks
}

/// Mends what can be mended unasked. Gives the checks it mended, each with what could not be done.
#[must_use]
pub fn mend(ctx: &Context, cwd: &Path, checks: &[Check]) -> Vec<(&'static str, Result<(), String>)> {
    let mut done: Vec<(&Fix, Result<(), String>)> = Vec::new();
    let mut told = Vec::new();
    for check in checks {
        let Some(fix) = &check.fix else { continue };
        let outcome = match done.iter().find(|(f, _)| *f == fix) {
            Some((_, outcome)) => outcome.clone(),
            None => {
                let outcome = carry_out(ctx, cwd, fix);
                done.push((fix, outcome.clone()));
                outcome
            }
        };
        told.push((check.id, outcome));
    }
    told
}

fn carry_out(ctx: &Context, cwd: &Path, fix: &Fix) -> Result<(), String> {
    match fix {
        Fix::Reinstall => client::reinstall(ctx, cwd),
        Fix::ClosePermissions { paths } => ours::close(paths),
        Fix::StartWorker => crate::detach::start_worker(&ctx.env, true).map_err(|e| e.to_string()),
    }
}
