//! `craft scan`: what somebody wants looked at. The working tree's own rules and comments count, since it is its
//! user who asks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::allow::config_at;
use super::sift::{Comments, Item, Sieve, Sifted, list};
use super::walk::{self, Listing};
use super::{Policy, ScanError, Source, found, salt};
use crate::config::model::Config;
use crate::context::Context;
use crate::git::command::Git;
use crate::git::objects;
use crate::git::reads::Reads;
use crate::git::repository::Head;
use crate::locate::{Location, locate};
use crate::ops::engine;
use crate::scan::Salt;
use crate::sync::outcome::{Spotted, UNSCANNED};

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Files and folders; none is all of the working tree that git does not ignore.
    Paths(Vec<PathBuf>),
    /// What is in the index and not in HEAD.
    Staged,
    /// Commits that the remote does not have.
    Outgoing,
    /// All commits that any ref leads to, but snapshots.
    History,
}

/// How it is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// One more report of gitleaks whose findings are known.
    pub baseline: Option<PathBuf>,
    /// Tell also what is allowed, ignored or known.
    pub no_excuses: bool,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What was found, excused or not.
    pub found: Vec<Spotted>,
    /// How many files or objects were looked at.
    pub files: usize,
    /// What was passed over, and why.
    pub skipped: Vec<(PathBuf, &'static str)>,
    /// What is wrong with rules and exceptions.
    pub remarks: Vec<String>,
    /// Which rules it was looked at with.
    pub rules: String,
    /// The repository it is about.
    pub at: Option<Location>,
}

/// Why nothing was scanned.
#[derive(Debug, thiserror::Error)]
pub enum HandError {
    /// It needs a repository, and there is none.
    #[error("{} is not inside a git repository", .0.display())]
    NoRepository(PathBuf),
    /// A path that was named is not there.
    #[error("there is no {}", .0.display())]
    NoPath(PathBuf),
    /// There is nothing that could be compared with.
    #[error("{} has no remote, so nothing goes out", .0.display())]
    NoRemote(PathBuf),
    /// The scan could not run.
    #[error(transparent)]
    Scan(#[from] ScanError),
}

/// Scans. `tick` hears how many of how many files are done, from any thread.
///
/// # Errors
/// See [`HandError`].
pub fn scan(
    ctx: &Context,
    cwd: &Path,
    scope: &Scope,
    options: &Options,
    tick: &(dyn Fn(usize, usize) + Sync),
) -> Result<Outcome, HandError> {
    let place = match scope {
        Scope::Paths(paths) => paths.first().map_or(cwd, PathBuf::as_path),
        _ => cwd,
    };
    let at = locate(place);
    let config = config_at(ctx, at.as_ref());
    let top = at.as_ref().map_or(cwd, |at| at.worktree.as_path());
    let mut policy = Policy::read(ctx, at.as_ref(), &Source::Folder(top), &config.security)?;
    if let Some(path) = &options.baseline {
        policy = policy.with_baseline(&cwd.join(path))?;
    }
    let mut outcome = Outcome { remarks: std::mem::take(&mut policy.remarks), ..Outcome::default() };
    let salt = match &at {
        Some(at) => salt::of_repository(ctx, at),
        None => salt::of_user(ctx),
    };
    let salt = salt.unwrap_or_else(|error| {
        outcome.remarks.push(format!("fingerprints hold for this run only: {error}"));
        salt::passing(ctx)
    });
    let hand = Hand { ctx, cwd, config: &config, policy: &policy, salt, excuses: !options.no_excuses };
    match (scope, &at) {
        (Scope::Paths(paths), None) if paths.is_empty() => return Err(HandError::NoRepository(cwd.to_owned())),
        (Scope::Paths(paths), at) => hand.files(at.as_ref(), paths, tick, &mut outcome)?,
        (_, None) => return Err(HandError::NoRepository(cwd.to_owned())),
        (scope, Some(at)) => hand.objects(at, scope, &mut outcome)?,
    }
    if let Some(at) = &at {
        let blocking: Vec<_> = outcome.found.iter().filter(|s| s.finding.blocks()).cloned().collect();
        if !blocking.is_empty() {
            found::keep(ctx, at, &blocking);
        }
    }
    outcome.rules = policy.scanner.version().to_owned();
    outcome.at = at;
    Ok(outcome)
}

/// All that is found in a repository now: in its working tree, in its index, and in what goes out.
pub(super) fn everything_now(ctx: &Context, at: &Location) -> Result<Vec<Spotted>, ScanError> {
    let mut all = Vec::new();
    for scope in [Scope::Paths(Vec::new()), Scope::Staged, Scope::Outgoing] {
        match scan(ctx, &at.worktree, &scope, &Options { no_excuses: true, ..Options::default() }, &|_, _| {}) {
            Ok(outcome) => all.extend(outcome.found),
            Err(HandError::Scan(error)) => return Err(error),
            Err(_) => {}
        }
    }
    Ok(all)
}

struct Hand<'h> {
    ctx: &'h Context,
    cwd: &'h Path,
    config: &'h Config,
    policy: &'h Policy,
    salt: Salt,
    excuses: bool,
}

impl Hand<'_> {
    fn files(
        &self,
        at: Option<&Location>,
        paths: &[PathBuf],
        tick: &(dyn Fn(usize, usize) + Sync),
        outcome: &mut Outcome,
    ) -> Result<(), HandError> {
        let mut listing = Listing::default();
        let git = at.map(|at| engine::git_for(self.ctx, at, self.config));
        match (at, &git) {
            (Some(at), Some(git)) if paths.is_empty() => walk::of_git(git, &at.worktree, &at.worktree, &mut listing)?,
            _ => {}
        }
        for path in paths {
            let meta = std::fs::symlink_metadata(path).map_err(|_| HandError::NoPath(path.clone()))?;
            if !meta.is_dir() {
                walk::add(path, &mut listing);
                continue;
            }
            let ours = at.zip(git.as_ref()).filter(|(at, _)| path.starts_with(&at.worktree));
            match ours {
                Some((at, git)) if path == &at.worktree || !walk::ignored(git, path)? => {
                    walk::of_git(git, &at.worktree, path, &mut listing)?;
                }
                _ => walk::of_folder(path, &mut listing)?,
            }
        }
        let top = at.map_or(self.cwd, |at| at.worktree.as_path());
        let name = |path: &Path| path.strip_prefix(top).unwrap_or(path).to_string_lossy().into_owned();
        let mut files: Vec<_> = listing.files.into_iter().map(|path| (path.clone(), name(&path))).collect();
        files.sort();
        files.dedup();
        let limit = self.config.security.scan_max_mib.saturating_mul(1 << 20);
        let findings = walk::scan(self.policy, &self.salt, &files, limit, tick);
        outcome.files = files.len();
        outcome.skipped = listing.skipped.into_iter().map(|(path, why)| (PathBuf::from(name(&path)), why)).collect();
        outcome.found = findings.into_iter().map(|finding| Spotted { finding, commit: None }).collect();
        for spotted in &mut outcome.found {
            let finding = &mut spotted.finding;
            if finding.rule == UNSCANNED
                && let Some(git) = &git
                // The fingerprint that it would have as an object, so that it can be let pass for a commit.
                && let Ok(id) = git.read(["hash-object", "--", finding.path.as_str()]).line()
            {
                finding.fingerprint = self.salt.fingerprint(UNSCANNED, &finding.path, id.as_bytes());
            }
            finding.excuse = match finding.excuse.take() {
                _ if !self.excuses => None,
                Some(excuse) => Some(excuse),
                None => self.policy.exceptions.excuse(finding, None),
            };
        }
        Ok(())
    }

    fn objects(&self, at: &Location, scope: &Scope, outcome: &mut Outcome) -> Result<(), HandError> {
        let git = engine::git_for(self.ctx, at, self.config);
        let reads = Reads::open(at, &git);
        let items = match scope {
            Scope::Outgoing => {
                let remote = self.remote(at, &reads)?.ok_or_else(|| HandError::NoRemote(at.worktree.clone()))?;
                let remotes = format!("--remotes={remote}");
                let words = ["--reverse", "HEAD", "--not", remotes.as_str()];
                commits_with_changes(&git, if born(&reads)? { &words } else { &[] })?
            }
            Scope::History => {
                // Snapshots hold what is left out of commits for its name, and are never sent.
                let words = ["--reverse", "--exclude=refs/craft/*", "--all"];
                let mut items = commits_with_changes(&git, &words)?;
                let mut seen = BTreeSet::new();
                items.retain(|i| seen.insert(i.id.clone()));
                items
            }
            _ => {
                let head = match reads.head().map_err(ScanError::from)? {
                    Head::Branch { commit, .. } => commit,
                    Head::Detached { commit } => Some(commit),
                };
                list(&objects::staged(&git, head.as_deref()).map_err(ScanError::from)?, None)
            }
        };
        outcome.files = items.iter().map(|i| &i.id).collect::<BTreeSet<_>>().len();
        let limit = self.config.security.scan_max_mib;
        let mut sieve = Sieve::new(self.ctx, at, &git, self.policy, self.salt.clone(), limit, Comments::Count);
        sieve.excuses = self.excuses;
        let Sifted { found, count, .. } = sieve.sift(items, None)?;
        if count > found.len() {
            outcome.remarks.push(format!("{} more findings are not listed", count - found.len()));
        }
        outcome.found = found;
        Ok(())
    }

    /// The remote that commits of the present branch go to.
    fn remote(&self, at: &Location, reads: &Reads<'_, '_>) -> Result<Option<String>, ScanError> {
        let pinned = crate::ops::enroll::find(self.config, at).and_then(|r| r.remote.clone());
        if pinned.is_some() {
            return Ok(pinned);
        }
        if let Head::Branch { name, .. } = reads.head()?
            && let Some(upstream) = reads.upstream(&name)?
        {
            return Ok(Some(upstream.remote));
        }
        let remotes = reads.remotes()?;
        Ok(remotes.iter().find(|r| *r == "origin").or_else(|| remotes.first().filter(|_| remotes.len() == 1)).cloned())
    }
}

fn born(reads: &Reads<'_, '_>) -> Result<bool, ScanError> {
    Ok(!matches!(reads.head()?, Head::Branch { commit: None, .. }))
}

/// What commits bring, and their messages.
fn commits_with_changes(git: &Git<'_>, words: &[&str]) -> Result<Vec<Item>, ScanError> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let commits = objects::commits(git, words)?;
    let mut items = Vec::new();
    objects::changes::<ScanError>(git, &commits, |commit, differences| {
        items.extend(list(&differences, Some(commit)));
        Ok(())
    })?;
    items.extend(commits.iter().map(|commit| Item::message_of(commit)));
    Ok(items)
}
