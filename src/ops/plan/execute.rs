//! Beginning a phase: its branch from the newest main branch, its to-dos in the book, a commit of both.
//!
//! Every step can be done again: a command that was killed is finished by the same command.

use serde::Serialize;

use crate::audit::Outcome;
use crate::book::fields::Status;
use crate::config::model::Config;
use crate::context::Context;
use crate::git::command::Git;
use crate::git::reads::Reads;
use crate::json::document::Fault;
use crate::ops::engine::{self, fail_point};
use crate::ops::plan::begin::Beginning;
use crate::ops::plan::commit::{self, What};
use crate::ops::plan::documents::Documents;
use crate::ops::plan::merged::{self, Main};
use crate::ops::plan::needs::{Asking, branch_of};
use crate::ops::plan::place::now;
use crate::ops::plan::store;
use crate::ops::plan::switch::{News, Ways};
use crate::ops::plan::{Place, PlanError};
use crate::phase::book::Book;
use crate::phase::carry::carry;
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
pub(super) fn unwritable(fault: Fault) -> PlanError {
    PlanError::broken(std::path::Path::new(crate::book::FILE), &fault)
}

/// Begins a phase, or the simple plan.
///
/// # Errors
/// What keeps it from beginning; no change of the user's is lost then.
pub fn execute(ctx: &Context, place: &Place, options: &Options) -> Result<Executed, PlanError> {
    let config = place.config(ctx)?;
    let _held = store::lock(ctx, place)?;
    if let Some(name) = engine::under_way(&place.books) {
        return Err(PlanError::refused(format!("{name} is under way in {}", place.books.worktree.display()))
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
    fn go(&mut self) -> Result<Executed, PlanError> {
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
                return Err(PlanError::refused(format!("phase {} is completed", phase.number))
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
            PlanError::refused(format!("{} is missing", unit.path)).remedy("write it, or bring it back from git")
        })?;
        let steps = plan::steps(&text);
        if steps.is_empty() {
            return Err(PlanError::refused(format!("{} has no steps to make to-dos of", unit.path))
                .remedy("add a section \"## Implementation Steps\" with one item a line: - [ ] …"));
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
    fn news(&mut self) -> Result<Option<String>, PlanError> {
        let main = merged::main(self.config, self.reads)?;
        let news = self.ways.fetch(&main)?;
        fail_point(self.ctx, "plan-fetched");
        let remote = main.remote.as_deref().unwrap_or("the remote");
        Ok(match news {
            News::Known => None,
            News::Offline(why) => {
                self.remarks.push(format!("{remote} could not be reached, so what was last fetched counts: {why}"));
                Some(why)
            }
            News::Denied(why) => {
                self.remarks.push(format!("{why}; so what was last fetched counts"));
                None
            }
        })
    }

    /// The book and the documents; with `main`, as all that is known of the phases has them: what the main branch's
    /// book says, and those on the branches of the phases.
    fn documents(&self, main: Option<&Main>) -> Result<(Book, Documents), PlanError> {
        let book = match (store::read(self.place)?, main) {
            (Some(book), _) => book,
            (None, Some(main)) => match merged::book_at(self.reads, &main.tip)? {
                Some(book) => book,
                None => store::need(self.place)?,
            },
            (None, None) => match merged::main(self.config, self.reads) {
                Ok(main) => merged::book_at(self.reads, &main.tip)?.map_or_else(|| store::need(self.place), Ok)?,
                Err(_) => store::need(self.place)?,
            },
        };
        let mut view = book.clone();
        let documents = self.load(&view)?;
        let Some(main) = main else { return Ok((book, documents)) };
        let mut commits = vec![main.tip.clone()];
        for phase in &documents.phases {
            commits.extend(merged::tip(self.reads, main, &phase.branch)?);
        }
        let plan = |b: &Book| b.fields().phased_execution.as_ref().map(|p| p.master_plan.clone());
        for commit in commits {
            if let Some(other) = merged::book_at(self.reads, &commit)?.filter(|other| plan(other) == plan(&view)) {
                view = carry(&view, &other).map_err(unwritable)?;
            }
        }
        let seen = if documents.phases.is_empty() { documents } else { self.load(&view)? };
        Ok((book, seen))
    }

    fn load(&self, book: &Book) -> Result<Documents, PlanError> {
        let prefix = &self.config.plans.branch_prefix;
        let fields = book.fields();
        let simple = fields.phased_execution.is_none();
        let mut book = book.clone();
        if let Some(path) = &self.options.plan {
            let path = path.trim_start_matches("./").to_owned();
            let phased = fields.phased_execution.as_ref();
            let known = phased.is_some_and(|p| p.master_plan == path || p.phases.iter().any(|p| p.plan == path));
            if simple && store::text(self.place, &path)?.is_some() {
                book.set_active(&[path]).map_err(unwritable)?;
            } else if !known {
                return Err(PlanError::usage(format!("{path} is no plan of this book"))
                    .remedy("`craft plan status` shows what is under way"));
            }
        } else if simple {
            let plans = fields.active_context.iter().filter(|p| p.starts_with(crate::phase::name::PLANS));
            let plans: Vec<_> = plans.map(String::as_str).collect();
            if plans.len() > 1 {
                return Err(PlanError::usage(format!("which plan? {}", plans.join(", ")))
                    .remedy(format!("name one: --plan {}", quote::word(plans[0]))));
            }
        }
        Documents::load(self.place, &book, prefix)?
            .ok_or_else(|| PlanError::refused("there is no active plan").remedy("`craft plan new TASK` makes one"))
    }

    fn unit(&self, documents: &Documents, book: &Book, phase: Option<u32>) -> Result<Unit, PlanError> {
        let prefix = &self.config.plans.branch_prefix;
        let unit = match phase {
            Some(number) => {
                let phase = documents.phase(number)?;
                Unit {
                    phase: Some(number),
                    name: documents.name.of_phase(number).unit(),
                    branch: phase.branch.clone(),
                    text: phase.text.clone(),
                    path: phase.path.clone(),
                }
            }
            None => {
                let usual = documents.name.branch(prefix);
                let named = book.fields().execution_branch.clone().filter(|b| is_of(b, &usual));
                Unit {
                    phase: None,
                    name: documents.name.unit(),
                    branch: named.unwrap_or(usual),
                    text: documents.text.clone(),
                    path: documents.path.clone(),
                }
            }
        };
        if self.git.read(["check-ref-format", "--branch", &unit.branch]).run().is_err() {
            return Err(PlanError::usage(format!("`{}` cannot be the name of a branch", unit.branch))
                .remedy("rename the plan's file, or set plans.branchPrefix"));
        }
        Ok(unit)
    }

    fn text_at(&self, commit: &str, path: &str) -> Result<Option<String>, PlanError> {
        Ok(self.reads.file(commit, path)?.and_then(|bytes| String::from_utf8(bytes).ok()))
    }

    /// A command that was killed between its switch and its commit left the note of where it came from: what the tree
    /// lacks of the books is brought from there.
    fn finish_what_was_killed(&mut self) -> Result<(), PlanError> {
        let Some(branch) = branch_of(self.reads)? else { return Ok(()) };
        let Some(from) = self.ways.came_from(&branch)? else { return Ok(()) };
        let Some(text) = self.text_at(&from, crate::book::FILE)? else { return Ok(()) };
        let Ok(before) = Book::parse(&text) else { return Ok(()) };
        let mut documents = Vec::new();
        for path in paths_of(&before) {
            documents.extend(self.text_at(&from, &path)?.map(|text| (path, text)));
        }
        self.bring_along(&before, &documents)
    }

    /// Puts into the tree what it lacks of the books that were there before.
    fn bring_along(&self, before: &Book, documents: &[(String, String)]) -> Result<(), PlanError> {
        for (path, text) in documents {
            store::create(self.place, path, text)?;
        }
        fail_point(self.ctx, "plan-documents");
        match store::read(self.place)? {
            None => {
                store::create(self.place, crate::book::FILE, before.text())?;
            }
            Some(there) => {
                let both = carry(before, &there).map_err(unwritable)?;
                if both.text() != there.text() {
                    store::replace(self.place, crate::book::FILE, there.text(), both.text())?;
                }
            }
        }
        fail_point(self.ctx, "plan-carried");
        Ok(())
    }

    /// Gets to the branch of the unit.
    fn get_there(&mut self, main: &Main, unit: &mut Unit) -> Result<Way, PlanError> {
        if main.diverged {
            let remote = main.remote.as_deref().unwrap_or("origin");
            let name = quote::word(&main.name);
            return Err(PlanError::refused(format!("{0} and {remote}/{0} have come apart", main.name))
                .remedy(format!("git switch {name} && git pull --rebase {} {name}", quote::word(remote))));
        }
        let here = branch_of(self.reads)?;
        if here.as_ref() == Some(&unit.branch) && !self.options.worktree {
            self.remarks.push(format!("{} is checked out already", unit.branch));
            return Ok(Way { created: false, worktree: None, linked: None });
        }
        let local = self.reads.resolve(&format!("refs/heads/{}", unit.branch))?;
        let there = merged::tip(self.reads, main, &unit.branch)?;
        let linked = self.options.worktree && self.linked_already(unit);
        if there.is_some() && !linked && self.options.existing == Existing::Stop {
            let again = self.again(unit);
            return Err(PlanError::refused(format!("the branch {} exists already", unit.branch)).remedy(format!(
                "`{again} --existing continue` goes on there, `{again} --existing new` makes {}",
                self.free(main, &unit.branch)?
            )));
        }
        let new = there.is_none() || (self.options.existing == Existing::New && !linked);
        if there.is_some() && new {
            unit.branch = self.free(main, &unit.branch)?;
        }
        let base = new.then_some(main.tip.as_str());
        let place = self.place;
        commit::locked(self.ctx, &place.books, self.config, || {
            let linked = if self.options.worktree {
                self.ways.forward_here(main, &mut self.remarks)?;
                Some(self.ways.worktree(&unit.branch, base)?)
            } else {
                let follows = match (&main.remote, new || local.is_some()) {
                    (Some(remote), false) => Some(format!("{remote}/{}", unit.branch)),
                    _ => None,
                };
                self.switch(unit, base, follows.as_deref())?;
                self.ways.forward(main, &mut self.remarks)?;
                None
            };
            if let Some(base) = base {
                self.remember(unit, base, Some(base));
            }
            Ok(Way { created: new, worktree: linked.as_ref().map(|l| l.0.clone()), linked: linked.map(|l| l.1) })
        })
    }

    fn switch(&mut self, unit: &Unit, base: Option<&str>, follows: Option<&str>) -> Result<(), PlanError> {
        let book = store::read(self.place)?;
        let mut documents = Vec::new();
        for path in book.iter().flat_map(paths_of) {
            documents.extend(store::text(self.place, &path)?.map(|text| (path, text)));
        }
        let again = self.again(unit);
        let stash = self.ways.settle_dirt(self.options.dirty, &again, &unit.name, &mut self.remarks)?;
        fail_point(self.ctx, "plan-stashed");
        if let Err(mut error) = self.ways.switch(&unit.branch, base, follows) {
            if stash.is_some() {
                self.remarks.pop();
                if self.git.write(["stash", "pop", "--quiet", "--index"]).run().is_err() {
                    error.message.push_str("; what was put aside is in the newest stash: git stash pop --index");
                }
            }
            return Err(error);
        }
        match book {
            Some(book) => self.bring_along(&book, &documents),
            None => Ok(()),
        }
    }

    /// The command that does the same again.
    fn again(&self, unit: &Unit) -> String {
        let phase = unit.phase.map(|n| format!(" --phase={n}")).unwrap_or_default();
        let worktree = if self.options.worktree { " --worktree" } else { "" };
        format!("craft plan execute{phase}{worktree}")
    }

    /// Whether the unit's linked working tree was made by a command that was killed.
    fn linked_already(&self, unit: &Unit) -> bool {
        let name = unit.branch.rsplit('/').next().unwrap_or_default();
        self.place.file(&format!("{}/{name}/.git", crate::book::WORKTREES)).exists()
    }

    /// The first name `branch-2`, `branch-3`, … that is free.
    fn free(&self, main: &Main, branch: &str) -> Result<String, PlanError> {
        let (stem, from) = match branch.rsplit_once('-') {
            // A name that ends in a number of ours goes on counting; that of a phase does not.
            Some((stem, number)) if !stem.ends_with("-phase") => match number.parse::<u32>() {
                Ok(number) => (stem, number + 1),
                Err(_) => (branch, 2),
            },
            _ => (branch, 2),
        };
        for number in from..from + 1000 {
            let name = format!("{stem}-{number}");
            if merged::tip(self.reads, main, &name)?.is_none() {
                return Ok(name);
            }
        }
        Err(PlanError::refused(format!("there are too many branches {stem}-…")))
    }

    fn begin(
        &mut self,
        main: &Main,
        unit: &Unit,
        steps: &[plan::Step],
        way: &Way,
        forced: Option<&str>,
    ) -> Result<Executed, PlanError> {
        let was = store::need(self.place)?;
        let documents = self.load(&was)?;
        let now = now(self.ctx);
        let beginning = Beginning {
            documents: &documents,
            phase: unit.phase,
            branch: &unit.branch,
            steps,
            worktree: way.worktree.as_deref(),
            forced,
            fresh: way.created,
            now: &now,
        };
        let mut book = was.clone();
        beginning.write(&mut book).map_err(unwritable)?;
        if let Some(text) = store::text(self.place, &unit.path)? {
            let told = plan::with_field(&text, "Status", "In Progress");
            if told != text {
                store::replace(self.place, &unit.path, &text, &told)?;
            }
        }
        if book.text() != was.text() {
            store::replace(self.place, crate::book::FILE, was.text(), book.text())?;
        }
        fail_point(self.ctx, "plan-book");
        if let Some(reason) = forced {
            self.ways.note_forced(&unit.name, reason);
        }
        let commit = self.commit(unit, way, &book)?;
        fail_point(self.ctx, "plan-committed");
        let base = merged::base(self.reads, &unit.branch)?;
        if let Some(tip) = merged::tip(self.reads, main, &unit.branch)? {
            // Where the note of what it came from was not written any more.
            let made_from = base.is_none() && way.worktree.is_none() && commit.is_some();
            let bases = if made_from { self.reads.merge_bases(&tip, &main.tip)? } else { Vec::new() };
            self.remember(unit, &tip, bases.first().map(String::as_str));
        }
        self.ways.arrived(&unit.branch)?;
        self.place.note(self.ctx, "execute", &unit.name, Outcome::Success);
        let list = book.list(unit.phase);
        let todos: Vec<Todo> = list
            .iter()
            .flat_map(|l| &l.todos)
            .map(|t| Todo { number: t.number, done: t.done, text: t.text.to_owned() })
            .collect();
        Ok(Executed {
            unit: unit.name.clone(),
            title: beginning.title(),
            phase: unit.phase,
            branch: unit.branch.clone(),
            created: way.created,
            main: main.name.clone(),
            base: merged::base(self.reads, &unit.branch)?,
            commit,
            worktree: way.worktree.clone(),
            remarks: std::mem::take(&mut self.remarks),
            next: next(unit, way, &todos),
            todos,
        })
    }

    /// Without the note the main branch's own book tells what was merged, so that nothing depends on it.
    fn remember(&mut self, unit: &Unit, tip: &str, base: Option<&str>) {
        if let Err(error) = merged::remember(self.git, &unit.branch, tip, base) {
            self.remarks.push(format!("where {} is could not be noted: {}", unit.branch, error.fault.text()));
        }
    }

    /// Commits the beginning, unless that was done before.
    fn commit(&self, unit: &Unit, way: &Way, book: &Book) -> Result<Option<String>, PlanError> {
        let message = format!("chore: Initialize execution context for {}", unit.name);
        if let Some(linked) = &way.linked {
            let tip = self.reads.resolve(&format!("refs/heads/{}", unit.branch))?;
            if tip != merged::base(self.reads, &unit.branch)? {
                return Ok(None);
            }
            return commit::commit(self.ctx, linked, &What::Nothing, &message);
        }
        let recorded = match unit.phase.and_then(|n| book.fields().phase(n)) {
            Some(phase) => phase.worktree_path.is_some(),
            None => book.fields().worktree_path.is_some(),
        };
        let head = self.reads.resolve(&format!("refs/heads/{}", unit.branch))?;
        let there = match &head {
            Some(head) => merged::book_at(self.reads, head)?,
            None => None,
        };
        let begun = there.is_some_and(|there| match unit.phase {
            Some(number) => there.fields().phase(number).is_some_and(|p| p.status == Status::InProgress),
            None => there.fields().execution_branch.as_ref() == Some(&unit.branch),
        });
        if begun || recorded {
            return Ok(None);
        }
        let paths = [crate::book::FILE.to_owned()].into_iter().chain(paths_of(book)).chain([unit.path.clone()]);
        commit::commit(self.ctx, &self.place.books, &What::Paths(paths.collect()), &message)
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

/// Whether `branch` is `usual`, or one made beside it: `usual-2`.
fn is_of(branch: &str, usual: &str) -> bool {
    branch.strip_prefix(usual).is_some_and(|rest| {
        rest.is_empty() || rest.strip_prefix('-').is_some_and(|n| n.parse::<u32>().is_ok_and(|n| n > 1))
    })
}

fn next(unit: &Unit, way: &Way, todos: &[Todo]) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(path) = &way.worktree {
        lines.push(format!("cd {}", quote::word(path)));
    }
    let phase = unit.phase.map(|n| format!(" --phase={n}")).unwrap_or_default();
    lines.push(match todos.iter().find(|t| !t.done) {
        Some(todo) => format!("craft plan todo done {}{phase} --commit \"feat: …\"", todo.number),
        None => format!("craft plan summarize{phase}"),
    });
    lines
}
