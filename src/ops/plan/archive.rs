//! Putting the book away when all is done, and beginning a new one.

use std::path::Path;

use serde::Serialize;

use crate::audit::Outcome;
use crate::book;
use crate::book::fields::Status;
use crate::config::model::Config;
use crate::context::Context;
use crate::git::command::Git;
use crate::git::diff;
use crate::git::reads::Reads;
use crate::locate::locate;
use crate::ops::engine;
use crate::ops::error::OpError;
use crate::ops::plan::commit::{self, What};
use crate::ops::plan::documents::{Documents, PhaseDocument};
use crate::ops::plan::merged::{self, Main};
use crate::ops::plan::store::Held;
use crate::ops::plan::switch::Ways;
use crate::ops::plan::trees::{self, Health, Tree};
use crate::ops::plan::{Place, place, store};
use crate::phase::archive::{self, Carried};
use crate::phase::name::{ARCHIVES, PLANS, PlanName};
use crate::phase::state::{self, Stage};
use crate::phase::{book::Book, plan};
use crate::sync::quote;

/// What the new book begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// Fresh prose and the list of summaries.
    Usual,
    /// Nothing.
    Fresh,
    /// The prose and the list of summaries.
    Seed,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// What the new book begins with.
    pub begin: Begin,
    /// Whether it is put away although something is missing.
    pub force: bool,
    /// Whether it is committed.
    pub commit: bool,
}

/// What keeps a plan from being put away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Missing {
    /// The phase, if it is about one.
    pub phase: Option<u32>,
    /// What is missing.
    pub what: String,
    /// The command that mends it.
    pub command: String,
}

/// What was done. The answer of `craft plan archive --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Archived {
    /// 1.
    pub version: u32,
    /// The task.
    pub task: String,
    /// Where the book is now; `null` where something is missing and nothing was done.
    pub archive: Option<String>,
    /// What is missing; what was passed over, where it was put away by force.
    pub missing: Vec<Missing>,
    /// Plans that are marked as completed now.
    pub completed: Vec<String>,
    /// Working trees that were removed.
    pub removed: Vec<String>,
    /// Working trees that stay.
    pub kept: Vec<String>,
    /// The commit, where one was asked for and made.
    pub commit: Option<String>,
    /// What else should be known.
    pub warnings: Vec<String>,
    /// What to do next.
    pub next: Vec<String>,
}

/// Puts the book away.
///
/// # Errors
/// Where there is nothing to put away, git cannot tell, or a file cannot be written. What is missing is no error but
/// an answer without an archive.
pub fn archive(ctx: &Context, cwd: &Path, wish: Wish) -> Result<Archived, OpError> {
    let place = Place::find(cwd)?;
    let config = place.config(ctx)?;
    let held = store::hold(ctx, &place)?;
    let documents = Documents::load(&place, &held.book, &config.plans.branch_prefix)?;
    if state::stage(Some(&held.book)) == Stage::Idle {
        return Err(
            OpError::refused("there is nothing to put away: the book has no plan").remedy("craft plan new TASK")
        );
    }
    let git = place.git(ctx, &config);
    let reads = Reads::open(&place.books, &git);
    let mut work = Putting {
        ctx,
        place: &place,
        config: &config,
        git: &git,
        reads: &reads,
        known: "",
        missing: Vec::new(),
        warnings: Vec::new(),
    };
    let main = work.news();
    match &documents {
        Some(documents) if !documents.phases.is_empty() => work.phases(documents, &main),
        Some(_) => work.simple(&held.book),
        None => work.summarized(&held.book, &main),
    }
    let trees = work.trees(&held.book, documents.as_ref())?;
    let here = trees::on_branch(&reads).ok().flatten();
    if let (Ok(main), Some(here)) = (&main, &here)
        && !wish.force
        && work.missing.is_empty()
    {
        work.on_main(documents.as_ref(), &held.book, main, here);
    }
    let task = documents.as_ref().map_or_else(|| task_of(&held.book), |d| d.task().to_string());
    let mut done = Archived {
        version: 1,
        task,
        archive: None,
        missing: std::mem::take(&mut work.missing),
        completed: Vec::new(),
        removed: Vec::new(),
        kept: Vec::new(),
        commit: None,
        warnings: std::mem::take(&mut work.warnings),
        next: Vec::new(),
    };
    if !done.missing.is_empty() && !wish.force {
        place.note(ctx, "archive", &format!("{}: something is missing", done.task), Outcome::Skipped);
        return Ok(done);
    }
    if let (Ok(main), Some(branch)) = (&main, &here)
        && *branch != main.name
    {
        done.warnings.push(format!("HEAD is on {branch}, so {} does not know of this yet", main.name));
    }
    work.remove(&trees, wish, &mut done)?;
    if !done.missing.is_empty() && !wish.force {
        return Ok(done);
    }
    let title = documents.as_ref().map(|d| d.title.clone());
    put_away(ctx, &place, held, documents.as_ref(), title, wish, &mut done)?;
    Ok(done)
}

struct Putting<'a, 'g> {
    ctx: &'a Context,
    place: &'a Place,
    config: &'a Config,
    git: &'a Git<'g>,
    reads: &'a Reads<'a, 'g>,
    /// Behind what is not merged, where the remote could not be asked.
    known: &'static str,
    missing: Vec<Missing>,
    warnings: Vec<String>,
}

impl Putting<'_, '_> {
    fn lacks(&mut self, phase: Option<u32>, what: impl Into<String>, command: impl Into<String>) {
        self.missing.push(Missing { phase, what: what.into(), command: command.into() });
    }

    /// The main branch, as the remote has it now; where that cannot be asked, as it was last fetched.
    fn news(&mut self) -> Result<Main, OpError> {
        let main = merged::main(self.config, self.reads)?;
        let news = Ways { ctx: self.ctx, place: self.place, git: self.git, reads: self.reads }.fetch(&main)?;
        if let Some(remark) = news.remark(&main) {
            self.known = ", as of the last fetch";
            self.warnings.push(remark);
        }
        let main = merged::main(self.config, self.reads)?;
        if let (Some(local), Some(remote)) = (&main.local, &main.remote)
            && *local != main.tip
        {
            let name = &main.name;
            self.warnings.push(format!("{name} lacks commits that {remote}/{name} has: git pull --ff-only, on {name}"));
        }
        Ok(main)
    }

    fn phases(&mut self, documents: &Documents, main: &Result<Main, OpError>) {
        for phase in &documents.phases {
            let number = Some(phase.number);
            let summarize = format!("craft plan summarize --phase={}", phase.number);
            match phase.status {
                Status::Pending => {
                    self.lacks(number, "was not begun", format!("craft plan execute --phase={}", phase.number));
                    continue;
                }
                Status::InProgress => {
                    self.lacks(number, "is not completed", summarize);
                    continue;
                }
                Status::Completed => {}
            }
            let name = PlanName::read(&phase.path).filter(|n| n.phase == number);
            let summary = name.unwrap_or_else(|| documents.name.of_phase(phase.number)).summary();
            if !self.place.file(&summary).is_file() {
                self.lacks(number, format!("has no {summary}"), summarize);
            }
            self.merged(phase, main, format!("craft plan pr --phase={}", phase.number));
        }
    }

    fn merged(&mut self, phase: &PhaseDocument, main: &Result<Main, OpError>, command: String) {
        let number = Some(phase.number).filter(|n| *n > 0);
        match main.as_ref().map(|main| (main, merged::standing(self.place, self.git, self.reads, main, phase))) {
            Ok((_, Ok(standing))) if standing.merged.is_some() => {}
            Ok((main, Ok(_))) => {
                let what = format!("{} is not merged into {}{}", phase.branch, main.name, self.known);
                self.lacks(number, what, command);
            }
            Ok((_, Err(error))) => self.lacks(number, error.message, "craft plan status"),
            Err(error) => self.lacks(number, error.message.clone(), "craft plan status"),
        }
    }

    /// On a branch that is merged already, a new book would never get into the main branch but by a conflict.
    fn on_main(&mut self, documents: Option<&Documents>, book: &Book, main: &Main, here: &str) {
        let of_phase = documents.and_then(|d| d.phases.iter().find(|p| p.branch == here));
        if here == main.name || (of_phase.is_none() && documents.is_some()) {
            return;
        }
        if documents.is_none() && own_branch(book).as_deref() != Some(here) {
            return;
        }
        let pull = if main.remote.is_some() { " && git pull --ff-only" } else { "" };
        let what = format!("HEAD is on {here}, which is merged; the new book belongs on {}", main.name);
        self.lacks(None, what, format!("git switch {}{pull}", quote::word(&main.name)));
    }

    /// A simple plan that is still in the book is not summarized.
    fn simple(&mut self, book: &Book) {
        let fields = book.fields();
        for path in fields.active_context.iter().filter(|p| p.starts_with(PLANS)) {
            let command = match fields.execution_branch {
                Some(_) => "craft plan summarize".to_owned(),
                None => format!("craft plan execute --plan {}", quote::path(path.as_ref())),
            };
            self.lacks(None, format!("{path} is not summarized"), command);
        }
    }

    /// The simple plan that was summarized last: its summary, and its branch where it is still there.
    fn summarized(&mut self, book: &Book, main: &Result<Main, OpError>) {
        let Some(path) = book.fields().completed_summaries.last() else { return };
        if !self.place.file(path).is_file() {
            self.lacks(None, format!("there is no {path}"), "git log -- context/summaries");
        }
        let there = |branch: &String| self.reads.resolve(&format!("refs/heads/{branch}")).ok().flatten().is_some();
        let Some(branch) = own_branch(book).filter(there) else { return };
        // With `--no-branch` the originals work on the main branch itself.
        if main.as_ref().is_ok_and(|main| main.name == branch) {
            return;
        }
        let unit = PhaseDocument {
            number: 0,
            title: String::new(),
            status: Status::Completed,
            path: path.clone(),
            text: None,
            depends: Vec::new(),
            branch,
            worktree: None,
        };
        self.merged(&unit, main, "craft plan pr".into());
    }

    /// The working trees of the plan that would be removed; what keeps one is missing.
    fn trees(&mut self, book: &Book, documents: Option<&Documents>) -> Result<Vec<Tree>, OpError> {
        let phases = documents.iter().flat_map(|d| &d.phases);
        let mut recorded: Vec<_> = phases.filter_map(|p| Some((Some(p.number), p.worktree.clone()?))).collect();
        recorded.extend(book.fields().worktree_path.clone().map(|path| (None, path)));
        let found = trees::survey(self.place, self.reads, &recorded)?;
        let below = |tree: &Tree| {
            Path::new(&tree.path).starts_with(book::WORKTREES) && Path::new(&tree.path).components().count() == 2
        };
        // Those that nobody records are told of by `status`, and not ours to remove.
        let ours: Vec<_> = found.into_iter().filter(|t| t.health == Health::Active && t.linked && below(t)).collect();
        for tree in &ours {
            if let Some((what, command)) = self.keeps(tree)? {
                self.lacks(tree.phase, what, command);
            }
        }
        Ok(ours)
    }

    /// What keeps a working tree from being removed, and the command that shows or mends it.
    fn keeps(&self, tree: &Tree) -> Result<Option<(String, String)>, OpError> {
        let path = self.place.file(&tree.path);
        let quoted = quote::path(&path);
        if trees::same(&self.place.here.worktree, &path) {
            let command = format!("cd {}", quote::path(&self.place.books.worktree));
            return Ok(Some((format!("{} is where this was started", tree.path), command)));
        }
        if tree.locked {
            return Ok(Some((format!("{} is locked", tree.path), format!("git worktree unlock {quoted}"))));
        }
        let top = std::fs::canonicalize(self.place.file(book::WORKTREES));
        if top.ok() != std::fs::canonicalize(&path).ok().and_then(|p| p.parent().map(Path::to_owned))
            || self.place.file(book::WORKTREES).is_symlink()
        {
            let what = format!("{} is reached by a link, so nobody knows whose it is", tree.path);
            return Ok(Some((what, format!("git worktree remove {quoted}"))));
        }
        if tree.branch.is_none() {
            let what = format!("{} is on no branch, so its commits would be lost with it", tree.path);
            return Ok(Some((what, format!("git -C {quoted} switch -c NAME"))));
        }
        let Some(at) = locate(&path).filter(|at| at.common_dir == self.place.books.common_dir) else { return Ok(None) };
        let git = engine::git_for(self.ctx, &at, self.config);
        if !diff::uncommitted(&git)?.is_empty() {
            let what = format!("{} has changes that are not committed", tree.path);
            return Ok(Some((what, format!("git -C {quoted} status"))));
        }
        if let Some(first) = diff::unwatched(&git, &at.worktree)?.first() {
            let what = format!("{} has {first}, which git was told not to look at", tree.path);
            return Ok(Some((what, format!("git worktree remove {quoted}"))));
        }
        // git would remove them with the tree. Whole folders that are ignored are taken for what a build made.
        let ignored = diff::ignored(&git)?;
        Ok(ignored.first().map(|first| {
            let more = if ignored.len() > 1 { format!(" and {} more", ignored.len() - 1) } else { String::new() };
            let what = format!("{} has files that git ignores: {first}{more}", tree.path);
            (what, format!("git worktree remove {quoted}"))
        }))
    }

    /// Removes the working trees that nothing keeps; git itself refuses where something came up since.
    fn remove(&self, trees: &[Tree], wish: Wish, done: &mut Archived) -> Result<(), OpError> {
        for tree in trees {
            let path = self.place.file(&tree.path);
            let kept = match self.keeps(tree)? {
                Some(_) => true,
                None => match self.git.write(["worktree".as_ref(), "remove".as_ref(), path.as_os_str()]).run() {
                    Ok(_) => false,
                    Err(error) => {
                        let command = format!("git worktree remove {}", quote::path(&path));
                        done.missing.push(Missing { phase: tree.phase, what: error.to_string(), command });
                        if !wish.force {
                            return Ok(());
                        }
                        true
                    }
                },
            };
            if kept { &mut done.kept } else { &mut done.removed }.push(tree.path.clone());
        }
        // Others may lie on a disk that is not there now; git would forget them too.
        let folder = self.place.file(book::WORKTREES);
        let gone: Vec<_> = self.reads.worktrees()?.into_iter().filter(|l| l.prunable).collect();
        if !gone.is_empty() && gone.iter().all(|l| l.path.starts_with(&folder)) {
            self.git.write(["worktree", "prune"]).run()?;
        }
        Ok(())
    }
}

/// The archive is made first and the book replaced last: a run that was killed in between is finished by the next,
/// which finds the archive it made.
fn put_away(
    ctx: &Context,
    place: &Place,
    mut held: Held,
    documents: Option<&Documents>,
    title: Option<String>,
    wish: Wish,
    done: &mut Archived,
) -> Result<(), OpError> {
    let now = place::now(ctx);
    let book = &held.book;
    let kept = if done.missing.is_empty() { book.text().to_owned() } else { with_record(book, &done.missing, &now) };
    let path = keep(place, &kept, &now)?;
    let mut paths = vec![book::FILE.to_owned(), path.clone()];
    let phases = documents.iter().flat_map(|d| &d.phases);
    let mut plans: Vec<_> =
        phases.filter(|p| p.status == Status::Completed).map(|p| (p.path.as_str(), p.text.as_deref())).collect();
    if let Some(documents) = documents.filter(|d| done.missing.is_empty() && !d.phases.is_empty()) {
        plans.insert(0, (documents.path.as_str(), documents.text.as_deref()));
    }
    for (path, text) in plans {
        let Some(text) = text else { continue };
        let new = plan::with_field(text, "Status", "Completed");
        if new != text {
            store::replace(place, path, text, &new)?;
            done.completed.push(path.to_owned());
        }
        paths.push(path.to_owned());
    }
    let title = title.or_else(|| state::head(book).map(str::to_owned)).unwrap_or_else(|| done.task.clone());
    let carried = match wish.begin {
        Begin::Usual => Carried::Summaries,
        Begin::Fresh => Carried::Nothing,
        Begin::Seed => Carried::Prose(&title),
    };
    let new = archive::successor(book.prose(), &book.fields().completed_summaries, carried, &now);
    held.book = Book::parse(&new).map_err(|fault| store::broken(Path::new(book::FILE), &fault))?;
    held.write(place)?;
    drop(held);
    let forced = if done.missing.is_empty() { String::new() } else { format!(" by force: {}", told(&done.missing)) };
    place.note(ctx, "archive", &format!("{}{forced}", done.task), Outcome::Success);
    done.archive = Some(path);
    let message = format!("docs: Archive {}", done.task);
    if wish.commit {
        done.commit = commit::commit(ctx, &place.books, &What::Paths(paths), &message)?;
    } else {
        let paths: Vec<_> = paths.iter().map(|p| quote::path(p.as_ref())).collect();
        done.next.push(format!("git add -- {}", paths.join(" ")));
        done.next.push(format!("git commit -m {}", quote::word(&message)));
    }
    done.next.push("craft plan new TASK".into());
    Ok(())
}

/// Keeps the book under the first name that is free, or that a run which was killed gave it.
fn keep(place: &Place, text: &str, now: &str) -> Result<String, OpError> {
    for path in archive::names(now) {
        if store::create(place, &path, text)? || store::text(place, &path).is_ok_and(|t| t.as_deref() == Some(text)) {
            return Ok(path);
        }
    }
    Err(OpError::refused(format!("no name is free in {ARCHIVES}")))
}

/// The book with a line at the end of its prose that says what was passed over.
fn with_record(book: &Book, missing: &[Missing], now: &str) -> String {
    let mut book = book.clone();
    let end = book.prose().len();
    let day = now.get(..10).unwrap_or_default();
    let newline = book::markdown::newline(book.text());
    let gap = if book.prose().ends_with('\n') { "" } else { newline };
    book.splice_prose(end..end, &format!("{gap}_Archived by force on {day}: {}_{newline}{newline}", told(missing)));
    book.text().to_owned()
}

fn told(missing: &[Missing]) -> String {
    let each = missing.iter().map(|m| match m.phase {
        Some(number) => format!("phase {number} {}", m.what),
        None => m.what.clone(),
    });
    each.collect::<Vec<_>>().join("; ")
}

/// The branch of a simple plan that was summarized.
fn own_branch(book: &Book) -> Option<String> {
    plan::field(book.prose(), "Branch").map(|(value, _)| value.trim_matches('`').to_owned())
}

/// The task of a simple plan that was summarized.
fn task_of(book: &Book) -> String {
    let named =
        |name: &str| plan::field(book.prose(), name).and_then(|(value, _)| PlanName::read(value.trim_matches('`')));
    let last = book.fields().completed_summaries.last();
    let of_summary = || {
        let name = PlanName::read(&last?.replace("-summary.md", ".md"))?;
        Some(name.unit())
    };
    named("Plan").map(|n| n.unit()).or_else(of_summary).unwrap_or_else(|| "context".into())
}
