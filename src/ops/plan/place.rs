//! Where a plan's files are, and what every verb needs there.

use std::path::{Path, PathBuf};

use crate::audit::entry::CRAFT;
use crate::audit::{Entry, Outcome};
use crate::book;
use crate::clock;
use crate::config::model::{Config, Plans};
use crate::config::policy;
use crate::context::Context;
use crate::git::command::Git;
use crate::locate::{Location, locate};
use crate::ops::error::OpError;
use crate::ops::{audit, engine};
use crate::queue::Trigger;

/// The places of one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The working tree the command was started in.
    pub here: Location,
    /// The working tree whose `context/` has the book: the same, or the main one where the command was started in a
    /// phase's own working tree below `.para-worktrees/`.
    pub books: Location,
}

impl Place {
    /// The places for a command in `cwd`.
    ///
    /// # Errors
    /// Outside of any repository.
    pub fn find(cwd: &Path) -> Result<Self, OpError> {
        let here = locate(cwd).ok_or_else(|| {
            OpError::refused(format!("{} is in no git repository", cwd.display()))
                .remedy("make one with `git init`, or use -C to name another folder")
        })?;
        Ok(Self { books: book::place::books(&here), here })
    }

    /// The book's file.
    #[must_use]
    pub fn book(&self) -> PathBuf {
        self.file(book::FILE)
    }

    /// A file below the top of the books' working tree.
    #[must_use]
    pub fn file(&self, path: &str) -> PathBuf {
        self.books.worktree.join(path)
    }

    /// The configuration as it holds here.
    ///
    /// # Errors
    /// Where it is broken.
    pub fn config(&self, ctx: &Context) -> Result<Config, OpError> {
        Ok(policy::config_at(&ctx.layout, &self.books)?)
    }

    /// The settings of plans.
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub fn settings(&self, ctx: &Context) -> Result<Plans, OpError> {
        Ok(self.config(ctx)?.plans)
    }

    /// git in the books' working tree.
    #[must_use]
    pub fn git<'a>(&'a self, ctx: &'a Context, config: &Config) -> Git<'a> {
        engine::git_for(ctx, &self.books, config)
    }

    /// Writes into the journal that a verb was done.
    pub fn note(&self, ctx: &Context, verb: &str, what: &str, outcome: Outcome) {
        let entry = Entry::new(CRAFT, "plan", outcome)
            .item(self.books.worktree.to_string_lossy().into_owned())
            .reason(format!("{verb} {what}").trim())
            .trigger(Trigger::Manual.word());
        audit::note(ctx, entry);
    }
}

/// Now, as the book writes times: RFC 3339 to the second.
#[must_use]
pub fn now(ctx: &Context) -> String {
    clock::rfc3339(ctx.clock.now_ms())
}

/// Today (UTC), `YYYY-MM-DD`.
#[must_use]
pub fn today(ctx: &Context) -> String {
    now(ctx).get(..10).unwrap_or_default().to_owned()
}
