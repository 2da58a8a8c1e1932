//! Calling the git program: one prelude for every call.

use std::cell::{Cell, RefCell};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use super::environment::environment;
use super::fault::{Fault, classify};
use super::process::{self, Finished, Invocation, Running};
use crate::context::Context;
use crate::locate::Location;
use crate::permission::{Grant, of, on};
use crate::scan::redact::hush;
use crate::sync::step::Progress;

/// Settings that hold for every call, whatever the user's configuration says.
const PRELUDE: [&str; 8] = [
    // Maintenance takes long and locks; it is for the user's own git.
    "gc.auto=0",
    "maintenance.auto=false",
    // Submodules have their own state; they are never changed from here.
    "submodule.recurse=false",
    // Nobody is there to answer a credential helper's window.
    "credential.interactive=false",
    "core.askPass=",
    "color.ui=false",
    // One branch is sent, and nothing that was not asked for.
    "push.followTags=false",
    // A merge may never put work into a stash.
    "merge.autoStash=false",
];

/// Settings under which what git writes survives a power cut: git by itself syncs packs only, and a commit whose
/// loose objects or ref are empty files afterwards is a repository that somebody has to mend by hand.
const DURABLE: [&str; 2] = ["core.fsync=committed,index", "core.fsyncMethod=batch"];

/// Without the user's hooks, also those that hear of every ref: they are about the user's branches.
const HOOKLESS: [&str; 1] = ["core.hooksPath=/dev/null"];

/// Commands that talk to a remote; there is a function for each that is used.
const REACHING_OUT: [&str; 11] = [
    "push",
    "fetch",
    "pull",
    "ls-remote",
    "clone",
    "fetch-pack",
    "send-pack",
    "request-pull",
    "submodule",
    "lfs",
    "archive",
];

/// What a call may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Read. No lock is taken, not even to refresh the index.
    Read,
    /// Write index, objects or refs.
    Write,
    /// Talk to a remote.
    Network,
}

/// A call of git that did not end well.
#[derive(Debug, Clone, thiserror::Error)]
#[error("`git {command}` {}: {}", ended(finished), fault.text())]
pub struct GitError {
    /// The subcommand and its arguments, without the prelude.
    pub command: String,
    /// How it ended.
    pub finished: Finished,
    /// What that means.
    pub fault: Fault,
}

fn ended(finished: &Finished) -> String {
    match (finished.timed_out, finished.code, finished.signal) {
        (true, ..) => "took too long".into(),
        (_, Some(code), _) => format!("failed with {code}"),
        (_, _, Some(signal)) => format!("was ended by signal {signal}"),
        _ => "could not be started".into(),
    }
}

/// git, called for one working tree.
pub struct Git<'a> {
    program: &'a Path,
    folder: &'a Path,
    environment: Vec<(OsString, OsString)>,
    network_deadline: Duration,
    commit_deadline: Duration,
    /// Told the process id of every child that may write, so that a crash can be told from a rival.
    on_start: RefCell<Box<dyn FnMut(u32, Kind)>>,
    /// Whether one of them did not end by itself.
    stopped: Rc<Cell<bool>>,
    /// Whether what is written is synced.
    durable: Cell<bool>,
    /// Whether a partial clone may get what it lacks whenever a call needs it.
    lazy: Cell<bool>,
    /// Whether hooks of this repository run.
    hooks: Cell<bool>,
}

impl<'a> Git<'a> {
    /// git for the working tree at `at`.
    #[must_use]
    pub fn new(ctx: &'a Context, at: &'a Location, network: Duration, commit: Duration) -> Self {
        Self {
            program: &ctx.git,
            folder: &at.worktree,
            environment: environment(ctx),
            network_deadline: network,
            commit_deadline: commit,
            on_start: RefCell::new(Box::new(|_, _| {})),
            stopped: Rc::default(),
            durable: Cell::new(false),
            lazy: Cell::new(true),
            hooks: Cell::new(true),
        }
    }

    /// Sets who is told the process id of every child that may write.
    pub fn tell_starts(&self, hear: impl FnMut(u32, Kind) + 'static) {
        *self.on_start.borrow_mut() = Box::new(hear);
    }

    /// From now on no call gets by itself what a partial clone lacks (git 2.45 and later): nothing may be taken in.
    pub fn stay_here(&self) {
        self.lazy.set(false);
    }

    /// From now on, what calls write survives a power cut.
    pub fn be_durable(&self) {
        self.durable.set(true);
    }

    /// Whether it does.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        self.durable.get()
    }

    /// From now on no call runs a hook of this repository. Those of a remote run, also where it is a folder: git takes
    /// settings of a call out of the environment before it goes over there.
    pub fn leave_hooks_out(&self) {
        self.hooks.set(false);
    }

    /// Whether a git that may write was ended by a signal, its own deadline included: it may have left locks.
    #[must_use]
    pub fn had_to_be_stopped(&self) -> bool {
        self.stopped.get()
    }

    /// A call that only reads.
    pub fn read<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Call<'_, 'a> {
        self.call(Kind::Read, arguments)
    }

    /// A call that writes locally.
    pub fn write<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Call<'_, 'a> {
        self.call(Kind::Write, arguments)
    }

    /// `git push` with these arguments.
    pub fn push<P: on::Carried, S: AsRef<OsStr>>(
        &self,
        grant: Grant<P, of::Push>,
        arguments: impl IntoIterator<Item = S>,
    ) -> Call<'_, 'a> {
        self.network(grant, "push", arguments)
    }

    /// `git fetch` with these arguments.
    pub fn fetch<P: on::Carried, O: of::Fetches, S: AsRef<OsStr>>(
        &self,
        grant: Grant<P, O>,
        arguments: impl IntoIterator<Item = S>,
    ) -> Call<'_, 'a> {
        self.network(grant, "fetch", arguments)
    }

    /// `git ls-remote` with these arguments.
    pub fn ls_remote<P: on::Carried, O: of::Sees, S: AsRef<OsStr>>(
        &self,
        grant: Grant<P, O>,
        arguments: impl IntoIterator<Item = S>,
    ) -> Call<'_, 'a> {
        self.network(grant, "ls-remote", arguments)
    }

    fn network<P: on::Carried, O: of::Of, S: AsRef<OsStr>>(
        &self,
        _grant: Grant<P, O>,
        command: &str,
        arguments: impl IntoIterator<Item = S>,
    ) -> Call<'_, 'a> {
        let mut call = self.call(Kind::Network, arguments);
        call.arguments.insert(0, command.into());
        call
    }

    fn call<S: AsRef<OsStr>>(&self, kind: Kind, arguments: impl IntoIterator<Item = S>) -> Call<'_, 'a> {
        let arguments = process::words(arguments);
        let reaches_out = |word: &OsString| REACHING_OUT.iter().any(|name| word == name);
        debug_assert!(kind == Kind::Network || !arguments.first().is_some_and(reaches_out), "this needs a grant");
        Call { git: self, kind, arguments, input: Vec::new(), extra: Vec::new(), settings: Vec::new() }
    }
}

/// One call, being put together.
pub struct Call<'g, 'a> {
    git: &'g Git<'a>,
    kind: Kind,
    arguments: Vec<OsString>,
    input: Vec<u8>,
    extra: Vec<(OsString, OsString)>,
    settings: Vec<OsString>,
}

impl Call<'_, '_> {
    /// What git reads.
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = bytes.into();
        self
    }

    /// Another index than the working tree's.
    #[must_use]
    pub fn index(self, path: Option<&Path>) -> Self {
        match path {
            Some(path) => self.env("GIT_INDEX_FILE", path),
            None => self,
        }
    }

    /// A variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.extra.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// The ssh command of a network call, where it is ours to bound (see [`Reads::ssh`](super::reads::Reads::ssh)).
    #[must_use]
    pub fn ssh(self, command: Option<String>) -> Self {
        match command {
            Some(command) => self.env("GIT_SSH_COMMAND", command),
            None => self,
        }
    }

    /// A setting (`name=value`) for this call.
    #[must_use]
    pub fn setting(mut self, setting: impl Into<OsString>) -> Self {
        self.settings.push(setting.into());
        self
    }

    /// Runs git; any ending but exit code 0 is an error.
    ///
    /// # Errors
    /// See [`GitError`].
    pub fn run(self) -> Result<Finished, GitError> {
        self.run_watched(None)
    }

    /// Runs git and returns its standard output without the line feed at its end.
    ///
    /// # Errors
    /// See [`GitError`].
    pub fn line(self) -> Result<String, GitError> {
        let finished = self.run()?;
        Ok(String::from_utf8_lossy(&finished.stdout).trim_end_matches('\n').to_owned())
    }

    /// Runs git; exit code 1 is an answer (`None`), not an error.
    ///
    /// # Errors
    /// See [`GitError`].
    pub fn answer(self) -> Result<Option<String>, GitError> {
        match self.run() {
            Ok(finished) => Ok(Some(String::from_utf8_lossy(&finished.stdout).trim_end_matches('\n').to_owned())),
            Err(error) if error.finished.code == Some(1) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Runs git and passes its progress on.
    ///
    /// # Errors
    /// See [`GitError`].
    pub fn run_watched(self, progress: Option<&mut dyn FnMut(&Progress)>) -> Result<Finished, GitError> {
        self.start()?.finish(progress)
    }

    /// Starts git, to be waited for later.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn start(self) -> Result<Started, GitError> {
        let git = self.git;
        let durable: &[&str] = if git.durable.get() && self.kind != Kind::Read { &DURABLE } else { &[] };
        let hookless: &[&str] = if git.hooks.get() { &[] } else { &HOOKLESS };
        let fixed = PRELUDE.iter().chain(durable).chain(hookless);
        let mut arguments = Vec::new();
        for setting in fixed.map(|s| OsStr::new(*s)).chain(self.settings.iter().map(OsString::as_os_str)) {
            arguments.push(OsString::from("-c"));
            arguments.push(setting.to_owned());
        }
        arguments.extend(self.arguments.iter().cloned());
        let mut environment = git.environment.clone();
        if self.kind == Kind::Read {
            environment.push(("GIT_OPTIONAL_LOCKS".into(), "0".into()));
        }
        if !git.lazy.get() {
            environment.push(("GIT_NO_LAZY_FETCH".into(), "1".into()));
        }
        environment.extend(self.extra);
        let invocation = Invocation {
            program: git.program,
            arguments: &arguments,
            folder: git.folder,
            environment: &environment,
            input: &self.input,
            deadline: if self.kind == Kind::Network { git.network_deadline } else { git.commit_deadline },
        };
        let words: Vec<_> = self.arguments.iter().map(|a| a.to_string_lossy()).collect();
        let command = hush(&words.join(" "));
        match process::start(&invocation) {
            Ok(running) => {
                if self.kind != Kind::Read {
                    (git.on_start.borrow_mut())(running.id(), self.kind);
                }
                Ok(Started { kind: self.kind, command, running, stopped: Rc::clone(&git.stopped) })
            }
            Err(error) => {
                let text = format!("{}: {error}", git.program.display());
                let fault = match error.kind() {
                    std::io::ErrorKind::NotFound if git.folder.is_dir() => Fault::NoGit(text.clone()),
                    std::io::ErrorKind::StorageFull => Fault::DiskFull(text.clone()),
                    _ => Fault::Other(text.clone()),
                };
                Err(GitError { command, finished: Finished::never_started(text), fault })
            }
        }
    }
}

/// A git that runs. Dropping it ends it.
pub struct Started {
    kind: Kind,
    command: String,
    running: Running,
    stopped: Rc<Cell<bool>>,
}

impl Started {
    /// Waits for its end, but not much longer: nobody needs it any more.
    pub fn abandon(mut self, patience: Duration) {
        self.running.hurry(patience);
        let outcome = self.running.wait(None);
        note_stop(self.kind, &self.stopped, &outcome);
    }

    /// Waits for its end; any ending but exit code 0 is an error.
    ///
    /// # Errors
    /// See [`GitError`].
    pub fn finish(self, progress: Option<&mut dyn FnMut(&Progress)>) -> Result<Finished, GitError> {
        let outcome = match progress {
            Some(hear) => {
                let mut watch = |text: &str| {
                    if let Some(progress) = super::porcelain::progress(text) {
                        hear(&progress);
                    }
                };
                self.running.wait(Some(&mut watch))
            }
            None => self.running.wait(None),
        };
        note_stop(self.kind, &self.stopped, &outcome);
        match outcome {
            Ok(finished) if finished.code == Some(0) => Ok(finished),
            Ok(finished) => {
                let fault = classify(self.kind, &finished);
                Err(GitError { command: self.command, finished, fault })
            }
            Err(error) => {
                let text = format!("its output cannot be read: {error}");
                let fault = Fault::Other(text.clone());
                Err(GitError { command: self.command, finished: Finished::never_started(text), fault })
            }
        }
    }
}

fn note_stop(kind: Kind, stopped: &Cell<bool>, outcome: &std::io::Result<Finished>) {
    if kind != Kind::Read && outcome.as_ref().map_or(true, |f| f.timed_out || f.signal.is_some()) {
        stopped.set(true);
    }
}
