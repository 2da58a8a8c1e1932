//! Summarizing a phase or a simple plan: its summary, and what follows in book and plan.

use std::path::Path;

use serde::Serialize;

use crate::audit::Outcome;
use crate::book;
use crate::book::fields::Status;
use crate::book::todo::boxes;
use crate::config::model::Config;
use crate::context::Context;
use crate::git::diff;
use crate::git::reads::Reads;
use crate::locate::Location;
use crate::ops::engine;
use crate::ops::error::OpError;
use crate::ops::plan::commit::{self, What};
use crate::ops::plan::documents::{Documents, PhaseDocument};
use crate::ops::plan::merged::{self, Main};
use crate::ops::plan::store::Held;
use crate::ops::plan::{Place, place, store, trees, work};
use crate::phase::mark::{Unfilled, unfilled};
use crate::phase::name::PlanName;
use crate::phase::state;
use crate::phase::summary::{self, Change, Ending, Facts};
use crate::phase::{plan, state::Item};
use crate::sync::quote;

/// How many changed files are named in a warning.
const NAMED: usize = 5;

/// What was done. The answer of `craft plan summarize --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summarized {
    /// 1.
    pub version: u32,
    /// `task-phase-1`.
    pub unit: String,
    /// The phase, if it is one.
    pub phase: Option<u32>,
    /// Its branch.
    pub branch: String,
    /// The summary.
    pub summary: String,
    /// Whether it was written now; one that was there keeps its words.
    pub created: bool,
    /// What it is made of, where it was written now.
    pub counts: Option<Counts>,
    /// The places of it that wait for words.
    pub unfilled: Vec<Unfilled>,
    /// Changes of the work that are not committed.
    pub uncommitted: Vec<String>,
    /// The commit, where one was asked for and made.
    pub commit: Option<String>,
    /// What else should be known.
    pub warnings: Vec<String>,
    /// What to do next.
    pub next: Vec<String>,
}

/// What a summary is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// `Completed` or `Partial`.
    pub ending: Ending,
    /// Files that are new.
    pub created: usize,
    /// Files that were changed.
    pub modified: usize,
    /// Files with another name.
    pub renamed: usize,
    /// Files that are gone.
    pub deleted: usize,
    /// Commits.
    pub commits: usize,
    /// Test functions that were added.
    pub tests: usize,
    /// To-dos and success criteria that are open.
    pub open: usize,
}

/// What is summarized.
struct Unit<'a> {
    documents: &'a Documents,
    phase: Option<&'a PhaseDocument>,
    name: PlanName,
    branch: String,
    /// Path and text of its plan.
    plan: (&'a str, Option<&'a str>),
}

/// Summarizes a phase (the one under way where none is named), or the simple plan.
///
/// # Errors
/// Where there is no such phase, it was not begun, its branch is checked out nowhere, or git cannot tell what was done.
pub fn summarize(ctx: &Context, cwd: &Path, phase: Option<u32>, commits: bool) -> Result<Summarized, OpError> {
    let place = Place::find(cwd)?;
    let config = place.config(ctx)?;
    let held = store::hold(ctx, &place)?;
    let documents = Documents::load(&place, &held.book, &config.plans.branch_prefix)?;
    let git = place.git(ctx, &config);
    let reads = Reads::open(&place.books, &git);
    let Some(documents) = documents else { return again(ctx, &place, held, commits) };
    // A simple plan that was summarized, and another one that waits: the summary can still be committed.
    let waits = documents.phases.is_empty() && held.book.fields().execution_branch.is_none();
    if commits && phase.is_none() && waits && state::head(&held.book).is_some() {
        return again(ctx, &place, held, commits);
    }
    let unit = unit(ctx, &place, &config, &held, &documents, &reads, phase)?;
    let path = unit.name.summary();
    let at = trees::of_branch(&place, &reads, &unit.branch)?;
    let written = store::text(&place, &path)?;
    let done = unit.phase.is_some_and(|p| p.status == Status::Completed);
    let Some(at) = at.or_else(|| (done && written.is_some() && !commits).then(|| place.books.clone())) else {
        return Err(elsewhere(&reads, &unit.branch)?);
    };
    let mut warnings = Vec::new();
    let uncommitted = uncommitted(ctx, &config, &at)?;
    let mut counts = None;
    let text = match written {
        Some(text) => ended(&place, &path, text)?,
        None => {
            let main = merged::main(&config, &reads)?;
            let facts = facts(ctx, &unit, &held, &at, &main, &config, &mut warnings)?;
            let text = summary::render(&facts);
            counts = Some(count(&facts));
            if store::create(&place, &path, &text)? {
                text
            } else {
                counts = None;
                store::text(&place, &path)?.unwrap_or_default()
            }
        }
    };
    let commit = record(ctx, &place, held, &unit, &path, commits)?;
    let name = unit.name.unit();
    place.note(ctx, "summarize", &name, Outcome::Success);
    let mut done = Summarized {
        version: 1,
        unit: name,
        phase: unit.name.phase,
        branch: unit.branch,
        summary: path,
        created: counts.is_some(),
        counts,
        unfilled: unfilled(&text),
        uncommitted,
        commit: None,
        warnings,
        next: Vec::new(),
    };
    done.close(commit, commits);
    Ok(done)
}

impl Summarized {
    fn close(&mut self, commit: Option<String>, asked: bool) {
        if !self.uncommitted.is_empty() {
            let named: Vec<_> = self.uncommitted.iter().take(NAMED).map(String::as_str).collect();
            let more = self.uncommitted.len() - named.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            self.warnings.push(format!(
                "not committed, so not in the summary: {}{more}; commit with `git add -A && git commit`, remove the \
                 summary, and summarize again",
                named.join(", ")
            ));
        }
        if asked && commit.is_some() && !self.unfilled.is_empty() {
            self.warnings.push(format!("committed with places that wait for words in {}", self.summary));
        }
        let phase = self.phase.map(|n| format!(" --phase={n}")).unwrap_or_default();
        if !self.unfilled.is_empty() {
            self.next.push(format!("write what is marked in {}", self.summary));
        }
        if !asked || (commit.is_some() && !self.unfilled.is_empty()) {
            self.next.push(format!("craft plan summarize{phase} --commit"));
        } else {
            self.next.push(format!("craft plan pr{phase}"));
        }
        self.commit = commit;
    }
}

/// Which phase, or plan, is meant.
fn unit<'a>(
    ctx: &Context,
    place: &Place,
    config: &Config,
    held: &Held,
    documents: &'a Documents,
    reads: &Reads<'_, '_>,
    asked: Option<u32>,
) -> Result<Unit<'a>, OpError> {
    let simple = documents.phases.is_empty();
    if simple {
        if asked.is_some() {
            documents.phase(asked.unwrap_or_default())?;
        }
        let Some(branch) = held.book.fields().execution_branch.clone() else {
            return Err(OpError::refused(format!("{} was not begun", documents.path)).remedy("craft plan execute"));
        };
        let plan = (documents.path.as_str(), documents.text.as_deref());
        return Ok(Unit { documents, phase: None, name: documents.name.clone(), branch, plan });
    }
    let phase = match asked {
        Some(number) => documents.phase(number)?,
        None => {
            let git;
            let branch = if place.here == place.books {
                trees::on_branch(reads)?
            } else {
                git = engine::git_for(ctx, &place.here, config);
                trees::on_branch(&Reads::open(&place.here, &git))?
            };
            let under_way: Vec<_> = documents.phases.iter().filter(|p| p.status == Status::InProgress).collect();
            let checked_out = documents.phases.iter().find(|p| Some(&p.branch) == branch.as_ref());
            match (checked_out, under_way.as_slice()) {
                (Some(phase), _) => phase,
                (None, [phase]) => *phase,
                (None, []) => {
                    return Err(OpError::refused("no phase is under way")
                        .remedy("`craft plan status` shows which can begin; --phase=N names one"));
                }
                (None, several) => {
                    let several: Vec<_> = several.iter().map(|p| p.number.to_string()).collect();
                    return Err(OpError::usage(format!("phases {} are under way", several.join(", ")))
                        .remedy("name one: --phase=N"));
                }
            }
        }
    };
    if phase.status == Status::Pending {
        return Err(OpError::refused(format!("phase {} was not begun", phase.number))
            .remedy(format!("craft plan execute --phase={}", phase.number)));
    }
    // The name of its own plan tells the date; one that is named otherwise goes by the master's.
    let name = PlanName::read(&phase.path).filter(|n| n.phase == Some(phase.number));
    let name = name.unwrap_or_else(|| documents.name.of_phase(phase.number));
    let plan = (phase.path.as_str(), phase.text.as_deref());
    Ok(Unit { documents, phase: Some(phase), name, branch: phase.branch.clone(), plan })
}

/// A branch is not checked out, or is gone.
fn elsewhere(reads: &Reads<'_, '_>, branch: &str) -> Result<OpError, OpError> {
    let name = quote::path(branch.as_ref());
    if reads.resolve(&format!("refs/heads/{branch}"))?.is_some() {
        let error = OpError::refused(format!("{branch} is checked out in no working tree"));
        return Ok(error.remedy(format!("git switch {name}")));
    }
    let kept = merged::kept(reads, branch)?;
    let from = kept.unwrap_or_else(|| "COMMIT".to_owned());
    Ok(OpError::refused(format!("there is no branch {branch}")).remedy(format!("git switch -c {name} {from}")))
}

/// What changed in the working tree and is not committed, without the books.
fn uncommitted(ctx: &Context, config: &Config, at: &Location) -> Result<Vec<String>, OpError> {
    let git = engine::git_for(ctx, at, config);
    let ours = |path: &String| {
        let first = path.split('/').next().unwrap_or_default();
        first == book::FOLDER || first == book::WORKTREES
    };
    Ok(diff::uncommitted(&git)?.into_iter().filter(|path| !ours(path)).collect())
}

fn facts(
    ctx: &Context,
    unit: &Unit<'_>,
    held: &Held,
    at: &Location,
    main: &Main,
    config: &Config,
    warnings: &mut Vec<String>,
) -> Result<Facts, OpError> {
    let git = engine::git_for(ctx, at, config);
    let reads = Reads::open(at, &git);
    let tip = reads.resolve(&format!("refs/heads/{}", unit.branch))?;
    let Some(tip) = tip else {
        return Err(OpError::refused(format!("{} has no commit yet", unit.branch)).remedy("commit what was done"));
    };
    let done = work::gather(&git, &reads, &main.tip, &tip, &unit.name.unit())?;
    // What is kept of a branch tells later that it was merged, even where it is gone by then.
    if let Err(error) = merged::remember(&git, &unit.branch, &tip, None) {
        warnings.push(format!("{} is not remembered for when it is gone: {error}", unit.branch));
    }
    if done.files.is_empty() {
        warnings.push(format!("{} changes no file beside context/ that {} lacks", unit.branch, main.name));
    }
    let text = unit.plan.1.unwrap_or_default();
    if unit.plan.1.is_none() {
        warnings.push(format!("{} is not there, so objective and success criteria are left open", unit.plan.0));
    }
    let todos: Vec<Item> = state::todos(&held.book, unit.phase.map(|p| (p.number, p.status)), unit.plan.1);
    let following = unit
        .documents
        .phases
        .iter()
        .find(|p| p.status == Status::Pending && unit.phase.is_some_and(|own| p.number != own.number));
    Ok(Facts {
        name: unit.name.clone(),
        plan: unit.plan.0.to_owned(),
        title: unit.documents.title.clone(),
        date: place::today(ctx),
        branch: unit.branch.clone(),
        main: main.name.clone(),
        objective: plan::objective(text).filter(|o| unfilled(o).is_empty()),
        files: done.files,
        commits: done.commits,
        tests: done.tests,
        manifests: done.manifests,
        criteria: plan::criteria(text),
        open: todos.into_iter().filter(|(_, done)| !done).map(|(text, _)| text).collect(),
        next: following.map(PhaseDocument::heading),
    })
}

fn count(facts: &Facts) -> Counts {
    Counts {
        ending: facts.ending(),
        created: facts.count(Change::Created),
        modified: facts.count(Change::Modified),
        renamed: facts.count(Change::Renamed),
        deleted: facts.count(Change::Deleted),
        commits: facts.commits.1,
        tests: facts.tests_added(),
        open: facts.open.len() + facts.criteria.iter().filter(|c| !c.done).count(),
    }
}

/// Writes what follows from a summary: the plan first and the book last, so that a run that was killed in between is
/// finished by the next.
fn record(
    ctx: &Context,
    place: &Place,
    mut held: Held,
    unit: &Unit<'_>,
    summary: &str,
    commits: bool,
) -> Result<Option<String>, OpError> {
    let broken = |fault| store::broken(Path::new(book::FILE), &fault);
    let mut paths = vec![book::FILE.to_owned(), summary.to_owned()];
    if let Some(text) = unit.plan.1 {
        let new = plan::with_field(text, "Status", "Completed");
        if new != text {
            store::replace(place, unit.plan.0, text, &new)?;
        }
        paths.push(unit.plan.0.to_owned());
    }
    let before = held.book.text().to_owned();
    if let Some(phase) = unit.phase {
        held.book.set_status(phase.number, Status::Completed).map_err(broken)?;
        let fields = held.book.fields();
        let other = fields.under_way().map(|p| p.phase).last();
        let now = fields.phased_execution.as_ref().and_then(|p| p.current_phase);
        // Another phase that is under way stays the current one.
        if now == Some(phase.number) || other.is_none() {
            held.book.set_current(other).map_err(broken)?;
        }
    } else {
        let rest: Vec<_> = held.book.fields().active_context.iter().filter(|p| *p != unit.plan.0).cloned().collect();
        held.book.set_active(&rest).map_err(broken)?;
        held.book.drop_key(&[], "execution_branch").map_err(broken)?;
        held.book.drop_key(&[], "execution_started").map_err(broken)?;
    }
    held.book.add_summary(summary).map_err(broken)?;
    if held.book.text() != before {
        held.book.touch(&place::now(ctx)).map_err(broken)?;
    }
    held.write(place)?;
    drop(held);
    if !commits {
        return Ok(None);
    }
    commit::commit(ctx, &place.books, &What::Paths(paths), &message(&unit.name.unit()))
}

/// Whether all of it was done is counted again from the boxes of a summary that was there; its words stay.
fn ended(place: &Place, path: &str, text: String) -> Result<String, OpError> {
    let ours = [Ending::Completed, Ending::Partial].map(Ending::words);
    if !plan::field(&text, "Status").is_some_and(|(said, _)| ours.contains(&said)) {
        return Ok(text);
    }
    let ending = Ending::of(boxes(&text, &(0..text.len())).iter().all(|b| b.done));
    let new = plan::with_field(&text, "Status", ending.words());
    if new != text {
        store::replace(place, path, &text, &new)?;
    }
    Ok(new)
}

fn message(unit: &str) -> String {
    format!("docs: Summarize {unit}")
}

/// A simple plan that was summarized is in the book no more; a second run still tells what its summary lacks, and
/// commits.
fn again(ctx: &Context, place: &Place, held: Held, commits: bool) -> Result<Summarized, OpError> {
    let last = held.book.fields().completed_summaries.last().filter(|_| state::head(&held.book).is_some()).cloned();
    let (Some(path), branch) = (last, head_field(&held, "Branch")) else {
        return Err(OpError::refused("there is no plan to summarize").remedy("craft plan new TASK"));
    };
    let Some(text) = store::text(place, &path)? else {
        return Err(OpError::refused(format!("{path} is not there")).remedy("git log -- context/summaries finds it"));
    };
    let plan = plan::field(&text, "Plan").map(|(plan, _)| plan.to_owned());
    let text = ended(place, &path, text)?;
    let name = plan.as_deref().and_then(PlanName::read);
    let unit = name.map_or_else(|| path.clone(), |name| name.unit());
    drop(held);
    let commit = if commits {
        let mut paths = vec![book::FILE.to_owned(), path.clone()];
        paths.extend(plan.filter(|p| PlanName::read(p).is_some() && place.file(p).is_file()));
        commit::commit(ctx, &place.books, &What::Paths(paths), &message(&unit))?
    } else {
        None
    };
    place.note(ctx, "summarize", &unit, Outcome::Success);
    let mut done = Summarized {
        version: 1,
        unit,
        phase: None,
        branch,
        summary: path,
        created: false,
        counts: None,
        unfilled: unfilled(&text),
        uncommitted: Vec::new(),
        commit: None,
        warnings: Vec::new(),
        next: Vec::new(),
    };
    done.close(commit, commits);
    Ok(done)
}

/// A line `**Name:** value` of the book's head, without backticks; empty where there is none.
fn head_field(held: &Held, name: &str) -> String {
    let value = plan::field(held.book.prose(), name).map(|(value, _)| value.trim_matches('`').to_owned());
    value.unwrap_or_default()
}
