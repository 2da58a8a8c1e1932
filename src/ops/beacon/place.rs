//! Which side of a beacon a working tree is, and where everything of it lies.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::audit::{Entry, Outcome};
use crate::beacon::manifest::Party;
use crate::beacon::name::{self, Name};
use crate::config::model::Config;
use crate::config::policy;
use crate::context::Context;
use crate::fs::IoContext;
use crate::fs::layout::{RepoFiles, repo_key};
use crate::fs::lock::{self, LockGuard};
use crate::git::command::Git;
use crate::git::reads::Reads;
use crate::locate::{Location, locate};
use crate::ops::beacon::{moved, unattended};
use crate::ops::error::{Kind, OpError};
use crate::ops::{audit, engine, enroll, sync};
use crate::permission::{Grant, of, on};
use crate::plain;
use crate::queue::Trigger;
use crate::state::beacon::Identity;
use crate::state::file::{StateFile, Versioned};

/// How long another command may be at the beacon of this working tree.
const PATIENCE: Duration = Duration::from_secs(30);

impl Versioned for Identity {
    const VERSION: u32 = 1;
}

/// One side of a beacon.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The working tree.
    pub at: Location,
    /// The configuration as it holds there.
    pub config: Config,
    /// Which side it is.
    pub identity: Identity,
    /// The channel of this command.
    pub channel: Name,
    /// What started this: it is written into the journal.
    pub trigger: Trigger,
    /// Whether nobody stands by and it is tried again and again: what fails in the same way is in the journal once.
    pub unattended: bool,
}

impl Place {
    /// The beacon for a command in `cwd`; `channel` instead of the usual one.
    ///
    /// # Errors
    /// Outside of any repository, and where `craft beacon init` was not called yet.
    pub fn find(ctx: &Context, cwd: &Path, channel: Option<&str>, trigger: Trigger) -> Result<Self, OpError> {
        let at = repository(cwd)?;
        moved::take_over(ctx, &at)?;
        match Self::at(ctx, &at, channel, trigger)? {
            Some(place) => Ok(place),
            None => {
                let error = OpError::refused(format!("{} has no beacon yet", at.worktree.display()));
                let init = "`craft beacon init` makes this working tree one side of it";
                Err(match moved::elsewhere(ctx, &at) {
                    // A copy, or the place that something was taken over from while it was not there.
                    Some((name, there)) => {
                        error.remedy(format!("{init}, another one than {name}, which is {there} now"))
                    }
                    None => error.remedy(init),
                })
            }
        }
    }

    /// The same for a working tree; `None` where it has no beacon.
    ///
    /// # Errors
    /// Where configuration or identity are broken, or the channel is no name.
    pub fn at(ctx: &Context, at: &Location, channel: Option<&str>, trigger: Trigger) -> Result<Option<Self>, OpError> {
        let Some(identity) = identity(ctx, at)? else { return Ok(None) };
        let config = policy::config_at(&ctx.layout, at)?;
        let name = channel.unwrap_or(&identity.channel);
        let channel = Name::parse(name)
            .map_err(|e| OpError::usage(format!("{} is no name of a channel: {e}", plain::name(name))))?;
        Ok(Some(Self { at: at.clone(), config, identity, channel, trigger, unattended: trigger == Trigger::Job }))
    }

    /// This side, as messages name it.
    #[must_use]
    pub fn me(&self, ctx: &Context) -> Party {
        let Identity { id, name, .. } = self.identity.clone();
        Party { id, name, host: ctx.host.clone(), ..Party::default() }
    }

    /// Whom messages are for unless a command says otherwise; empty where nobody has said.
    #[must_use]
    pub fn recipients(&self) -> Vec<String> {
        match self.identity.to.as_slice() {
            [] => name::other(&self.identity.name).map(str::to_owned).into_iter().collect(),
            to => to.to_vec(),
        }
    }

    /// Whether it is the channel that is meant where none is named: hooks and status lines tell of that one only.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        self.identity.channel == self.channel.as_str()
    }

    /// The files kept for this working tree.
    #[must_use]
    pub fn files(&self, ctx: &Context) -> RepoFiles {
        files(ctx, &self.at)
    }

    /// git in this working tree, whose writes survive a power cut unless the user wants it otherwise. No hook of the
    /// user's runs: all refs that it moves are ours.
    #[must_use]
    pub fn git<'a>(&'a self, ctx: &'a Context) -> Git<'a> {
        let git = engine::git_for(ctx, &self.at, &self.config);
        engine::sync_writes(&git, &Reads::open(&self.at, &git));
        git.leave_hooks_out();
        git
    }

    /// Where the remote's ref was last seen.
    #[must_use]
    pub fn seen(&self) -> String {
        self.local("seen")
    }

    /// What was seen before that, where somebody has set the channel back since.
    #[must_use]
    pub fn former(&self) -> String {
        self.local("former")
    }

    /// What was taken in.
    #[must_use]
    pub fn applied(&self) -> String {
        self.local("applied")
    }

    /// Messages that wait to go out.
    #[must_use]
    pub fn queue(&self) -> String {
        self.local("queue")
    }

    /// What of the working tree was replaced, by time.
    #[must_use]
    pub fn backups(&self) -> String {
        self.local("backup")
    }

    /// The id keeps linked working trees of one repository apart, which share their refs.
    fn local(&self, what: &str) -> String {
        format!("refs/craft/beacon/{}/{}/{what}", self.identity.id, self.channel)
    }

    /// Asks the permission gate for one call.
    ///
    /// # Errors
    /// Where it says no.
    pub fn leave<O: of::Of>(&self, ctx: &Context) -> Result<Grant<on::Beacon, O>, OpError> {
        let item = self.channel.to_string();
        unattended::pass(ctx, self, &item).map_err(Into::into)
    }

    /// Keeps every other command from sending from here; `None` where one does and goes on with it. Whoever sends may wait
    /// for the remote for long, so this is taken before [`Place::lock`] and never while that is held.
    ///
    /// # Errors
    /// The lock cannot be made.
    pub fn line(&self, ctx: &Context) -> Result<Option<LockGuard>, OpError> {
        let path = self.files(ctx).beacon_send_lock();
        Ok(lock::exclusive_within(&path, &sync::me(ctx, "beacon"), PATIENCE)?)
    }

    /// Keeps every other command away from what is kept of the beacon of this working tree, and from its files. Nobody
    /// holds it while the remote is asked or a message is signed.
    ///
    /// # Errors
    /// Busy, or the lock cannot be made.
    pub fn lock(&self, ctx: &Context) -> Result<LockGuard, OpError> {
        let path = self.files(ctx).beacon_lock();
        let guard = lock::exclusive_within(&path, &sync::me(ctx, "beacon"), PATIENCE)?;
        guard.ok_or_else(|| {
            OpError::new(Kind::Busy, "another command is at the beacon here").remedy("try again in a moment")
        })
    }

    /// Writes into the journal what was done.
    pub fn note(&self, ctx: &Context, operation: &str, outcome: Outcome, reason: &str) {
        if self.unattended && outcome == Outcome::Error {
            if !unattended::is_new(ctx, self, operation, reason) {
                return;
            }
        } else if self.unattended {
            unattended::went_well(ctx, self, operation);
        }
        let entry = Entry::new("beacon", operation, outcome)
            .item(format!("{} in {}", self.channel, self.at.worktree.display()))
            .reason(reason.to_owned())
            .trigger(self.trigger.word());
        audit::note(ctx, entry);
    }
}

/// The repository of a folder.
///
/// # Errors
/// Outside of any.
pub fn repository(cwd: &Path) -> Result<Location, OpError> {
    locate(cwd).ok_or_else(|| match enroll::bare(cwd) {
        Some(bare) => OpError::refused(format!("{} is a bare repository, without a working tree", bare.display()))
            .remedy("do it in a clone of it; it carries the messages of all of them"),
        None => OpError::refused(format!("{} is in no git repository", cwd.display()))
            .remedy("make one with `git init`, or use -C to name another folder"),
    })
}

/// The files kept for a working tree: each linked one has its own, since each is a side of its own.
#[must_use]
pub fn files(ctx: &Context, at: &Location) -> RepoFiles {
    ctx.layout.repo(&repo_key(&at.git_dir))
}

/// Every side of a beacon that this user has, by the key of its files. One whose file cannot be understood has no id.
///
/// # Errors
/// Where the folder cannot be listed.
pub fn sides(ctx: &Context) -> Result<Vec<(String, Identity)>, OpError> {
    let folder = ctx.layout.repos();
    let mut keys: Vec<_> = match fs::read_dir(&folder) {
        Ok(entries) => entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        other => {
            other.at("list", &folder)?;
            Vec::new()
        }
    };
    keys.retain(|key| ctx.layout.repo(key).beacon().exists());
    keys.sort();
    let side = |key: String| {
        let loaded = StateFile::at(ctx.layout.repo(&key).beacon()).peek::<Identity>();
        (key, loaded.map(|loaded| loaded.value).unwrap_or_default())
    };
    Ok(keys.into_iter().map(side).collect())
}

/// Which side a working tree is; `None` where it is none.
///
/// # Errors
/// Where that cannot be read.
pub fn identity(ctx: &Context, at: &Location) -> Result<Option<Identity>, OpError> {
    let loaded = StateFile::at(files(ctx, at).beacon()).load::<Identity>(ctx.clock.now_ms())?;
    Ok(Some(loaded.value).filter(|identity| !identity.id.is_empty()))
}
