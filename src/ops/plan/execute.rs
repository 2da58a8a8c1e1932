//! Beginning a phase: its branch from the newest main branch, its to-dos in the book, a commit of both.
//!
//! Every step can be done again: a command that was killed is finished by the same command.

mod arrive;
mod look;
mod record;

use serde::Serialize;

use crate::book::fields::Status;
use crate::config::model::Config;
use crate::context::Context;
use crate::git::command::Git;
use crate::git::reads::Reads;
use crate::json::document::Fault;
use crate::ops::engine::{self, fail_point};
use crate::ops::error::OpError;
use crate::ops::plan::Place;
use crate::ops::plan::merged;
use crate::ops::plan::needs::{Asking, branch_of};
use crate::ops::plan::store;
use crate::ops::plan::switch::{News, Ways};
use crate::phase::book::Book;
use crate::phase::plan;
use crate::sync::quote;

/// What is done with changes that are not committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dirty {
    /// Nothing is begun.
    #[default]
    Stop,
    /// They go into a stash.
    Stash,
    /// They are taken along, as `git switch` does.
    Carry,
}

/// What is done with a branch that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Existing {
    /// Nothing is begun.
    #[default]
    Stop,
    /// Work goes on there.
    Continue,
    /// Another one is made, with `-2` behind its name.
    New,
}

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The phase, where somebody says.
    pub phase: Option<u32>,
    /// The plan, where somebody says.
    pub plan: Option<String>,
    /// Whether it begins although something before it is not completed and merged.
    pub force: bool,
    /// Whether it gets a working tree of its own.
    pub worktree: bool,
    /// Changes that are not committed.
    pub dirty: Dirty,
    /// A branch that exists.
    pub existing: Existing,
}

/// A to-do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Todo {
    /// Its number.
    pub number: usize,
    /// Whether it is done.
    pub done: bool,
    /// What is to be done.
    pub text: String,
}

/// What has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Executed {
    /// `task-phase-1`.
    pub unit: String,
    /// `Implement User Authentication - Phase 1: Database`.
    pub title: String,
    /// The phase; none of a simple plan.
    pub phase: Option<u32>,
    /// The branch.
    pub branch: String,
    /// Whether it was made by this command.
    pub created: bool,
    /// The main branch.
    pub main: String,
    /// The commit the branch was made from, where that is known.
    pub base: Option<String>,
    /// The commit of the book, where one was made.
    pub commit: Option<String>,
    /// The linked working tree.
    pub worktree: Option<String>,
    /// The to-dos.
    pub todos: Vec<Todo>,
    /// What else is worth a word.
    pub remarks: Vec<String>,
    /// What to type next.
    pub next: Vec<String>,
}

/// The book cannot be edited; never in practice.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(super) fn unwritable(fault: Fault) -> OpError {
    store::broken(std::path::Path::new(crate::book::FILE), &fault)
}

/// Begins a phase, or the simple plan.
///
/// # Errors
/// What keeps it from beginning; no change of the user's is lost then.
pub fn execute(ctx: &Context, place: &Place, options: &Options) -> Result<Executed, OpError> {
    let config = place.config(ctx)?;
    let _held = store::lock(ctx, place)?;
    if let Some(name) = engine::under_way(&place.books) {
        return Err(OpError::refused(format!("{name} is under way in {}", place.books.worktree.display()))
            .remedy(format!("git -C {} status", quote::path(&place.books.worktree))));
    }
    let git = place.git(ctx, &config);
    let reads = Reads::open(&place.books, &git);
    let ways = Ways { ctx, place, git: &git, reads: &reads };
    let mut run = Run { ctx, place, config: &config, git: &git, reads: &reads, ways, options, remarks: Vec::new() };
    run.finish_what_was_killed()?;
    run.go()
}

struct Run<'r> {
    ctx: &'r Context,
    place: &'r Place,
    config: &'r Config,
    git: &'r Git<'r>,
    reads: &'r Reads<'r, 'r>,
    ways: Ways<'r>,
    options: &'r Options,
    remarks: Vec<String>,
}

/// What is to be begun.
struct Unit {
    phase: Option<u32>,
    name: String,
    branch: String,
    text: Option<String>,
    path: String,
}

impl Run<'_> {
    fn go(&mut self) -> Result<Executed, OpError> {
        let here = branch_of(self.reads)?;
        let (book, documents) = self.documents(None)?;
        let own = documents
            .phases
            .iter()
            .find(|p| Some(&p.branch) == here.as_ref() && self.options.phase.is_none_or(|number| number == p.number));
        let under_way = own.is_some_and(|p| p.status == Status::InProgress)
            || (documents.phases.is_empty()
                && book.fields().execution_branch.is_some()
                && book.fields().execution_branch == here);
        let own = own.map(|p| p.number);
        let offline = if under_way { None } else { self.news()? };
        let main = merged::main(self.config, self.reads)?;
        let (_, documents) = self.documents(Some(&main))?;
        let asking = Asking {
            place: self.place,
            git: self.git,
            reads: self.reads,
            main: &main,
            documents: &documents,
            offline: offline.as_deref(),
        };
        let phase = match (documents.phases.is_empty(), self.options.phase) {
            (true, None) => None,
            (_, Some(number)) => Some(documents.phase(number)?.number),
            (false, None) => Some(asking.choose(own)?),
        };
        let mut unit = self.unit(&documents, &book, phase)?;
        let mut forced = None;
        if let Some(phase) = phase.and_then(|n| documents.phase(n).ok()) {
            if phase.status == Status::Completed {
                return Err(OpError::refused(format!("phase {} is completed", phase.number))
                    .remedy(format!("to do it again: craft plan rollback --phase={}", phase.number)));
            }
            if !under_way && let Some(error) = asking.unmet(phase)? {
                if !self.options.force {
                    return Err(error);
                }
                self.remarks.push(format!("begun by force: {}", error.message));
                forced = Some(error.message);
            }
        }
        let text = match &unit.text {
            Some(text) => Some(text.clone()),
            None => self.text_at(&main.tip, &unit.path)?,
        };
        let text = text.ok_or_else(|| {
            OpError::refused(format!("{} is missing", unit.path)).remedy("write it, or bring it back from git")
        })?;
        let steps = plan::steps(&text);
        if steps.is_empty() {
            return Err(OpError::refused(format!("{} has no steps to make to-dos of", unit.path))
                .remedy("write them below \"## Detailed Implementation Steps\", one a line: - [ ] …"));
        }
        let way = if under_way {
            Way { created: false, worktree: None, linked: None }
        } else {
            self.get_there(&main, &mut unit)?
        };
        if under_way {
            self.remarks.push(format!("{} is under way already", unit.name));
        }
        self.begin(&main, &unit, &steps, &way, forced.as_deref())
    }

    /// What the main branch is now at, as far as can be told; why it could not be asked.
    fn news(&mut self) -> Result<Option<String>, OpError> {
        let main = merged::main(self.config, self.reads)?;
        let news = self.ways.fetch(&main)?;
        fail_point(self.ctx, "plan-fetched");
        self.remarks.extend(news.remark(&main));
        Ok(match news {
            News::Offline(why) => Some(why),
            News::Known | News::Denied(_) => None,
        })
    }
}

/// How the branch was come to.
struct Way {
    created: bool,
    worktree: Option<String>,
    linked: Option<crate::locate::Location>,
}

/// The documents of the plan that a book names.
fn paths_of(book: &Book) -> Vec<String> {
    let fields = book.fields();
    let phased = fields.phased_execution.iter();
    let phased = phased.flat_map(|p| std::iter::once(&p.master_plan).chain(p.phases.iter().map(|p| &p.plan)));
    let mut paths: Vec<String> = phased.chain(&fields.active_context).filter(|p| !p.is_empty()).cloned().collect();
    paths.sort();
    paths.dedup();
    paths
}
