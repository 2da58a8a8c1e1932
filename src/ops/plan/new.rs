//! `craft plan new`: the documents of a plan, and the book that names them.

use serde_json::{Value, json};

use crate::audit::Outcome;
use crate::book::fields::{Fields, Status};
use crate::context::Context;
use crate::json::document::Fault;
use crate::ops::error::{Kind, OpError};
use crate::ops::plan::{Place, place, store};
use crate::phase::book::Book;
use crate::phase::mark;
use crate::phase::name::{PLANS, PlanName, Task};
use crate::phase::outline::{self, Planned, outline};
use crate::phase::template::{self, Known};

/// What somebody wants.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What is to be done.
    pub task: &'a str,
    /// The titles of the phases; none for a simple plan.
    pub phases: &'a [String],
    /// `3:1,2`.
    pub depends: &'a [String],
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The plan.
    pub name: PlanName,
    /// Its title.
    pub title: String,
    /// Its phases.
    pub phases: Vec<Planned>,
    /// The files that were made, the book last.
    pub files: Vec<String>,
    /// How many places of them are to be written.
    pub unfilled: usize,
}

impl From<outline::Fault> for OpError {
    fn from(fault: outline::Fault) -> Self {
        Self::usage(fault.to_string())
            .remedy("for example: --phases \"Database Schema\" \"API Layer\" \"Frontend\" --depends 3:1,2")
    }
}

/// Makes a plan. Its documents come first and the book last, so that the book never names what is not there; where it
/// was ended in between, the same command goes on.
///
/// # Errors
/// Words that make no plan, a plan of that name, another plan that is under way; a file that cannot be written.
pub fn new(ctx: &Context, place: &Place, wanted: &Wanted<'_>) -> Result<Made, OpError> {
    let task = named(wanted.task)?;
    if wanted.phases.is_empty() && !wanted.depends.is_empty() {
        return Err(OpError::usage("--depends without phases").remedy("name them with --phases"));
    }
    let phases = outline(wanted.phases, wanted.depends)?;
    let name = PlanName::read(&format!("{}-{task}.md", place::today(ctx)))
        .ok_or_else(|| OpError::usage(format!("{task} is no name of a plan")))?;
    let title = titled(wanted.task, &task);

    let _guard = store::lock(ctx, place)?;
    let was = store::text(place, crate::book::FILE)?;
    let now = place::now(ctx);
    let book = store::read(place)?;
    let new_book = |fault: Fault| store::broken(&place.book(), &fault);
    let mut book = book.map_or_else(|| Book::parse(&template::book(&now)).map_err(new_book), Ok)?;
    free(book.fields(), &task, !phases.is_empty())?;
    let documents = documents(&name, &title, &phases);
    absent(place, &task, &documents)?;

    for (path, text) in &documents {
        store::create(place, path, text)?;
    }
    enter(&mut book, &name, &phases).and_then(|()| book.touch(&now)).map_err(new_book)?;
    match &was {
        Some(was) => store::replace(place, crate::book::FILE, was, book.text())?,
        None if store::create(place, crate::book::FILE, book.text())? => {}
        None => {
            return Err(OpError::new(Kind::Busy, format!("{} was made by somebody else just now", crate::book::FILE)));
        }
    }
    place.note(ctx, "new", task.as_str(), Outcome::Success);
    let unfilled = documents.iter().map(|(_, text)| mark::unfilled(text).len()).sum();
    let files = documents.into_iter().map(|(path, _)| path).chain([crate::book::FILE.to_owned()]).collect();
    Ok(Made { name, title, phases, files, unfilled })
}

fn named(text: &str) -> Result<Task, OpError> {
    let task = Task::from_words(text).ok_or_else(|| {
        OpError::usage("nothing is left of the task's name").remedy("use letters a-z and digits, as in `add-login`")
    })?;
    if PlanName::read(&format!("2025-01-01-{task}.md")).is_none_or(|name| name.phase.is_some()) {
        return Err(OpError::usage(format!("{task} would be taken for a phase of another plan"))
            .remedy("choose a name that does not end in `phase` and a number"));
    }
    Ok(task)
}

/// What was typed, if it is words; of a name, its words.
fn titled(text: &str, task: &Task) -> String {
    let typed = template::title(text).filter(|t| t.contains(' '));
    let Some(typed) = typed else { return task.title() };
    let mut chars = typed.chars();
    chars.next().map(|first| first.to_uppercase().to_string() + chars.as_str()).unwrap_or_default()
}

/// That no other plan is in the way.
fn free(fields: &Fields, task: &Task, phased: bool) -> Result<(), OpError> {
    if let Some(there) = fields.phased_execution.as_ref().filter(|p| !p.phases.is_empty() || !p.master_plan.is_empty())
    {
        return Err(OpError::refused(format!("{} is under way", there.master_plan))
            .remedy("`craft plan status` shows how it stands; `craft plan archive` puts it away when it is done"));
    }
    let plans = || fields.active_context.iter().filter(|p| p.starts_with(PLANS)).filter_map(|p| PlanName::read(p));
    if let Some(there) = plans().find(|name| name.task == *task) {
        return Err(exists(&there.plan(), task));
    }
    let branch = fields.execution_branch.as_deref().filter(|b| phased && !b.is_empty());
    match (branch, plans().next_back()) {
        (Some(branch), Some(plan)) => Err(OpError::refused(format!("{} is under way on {branch}", plan.plan()))
            .remedy("finish it with `craft plan summarize`, or give it phases with `craft plan convert --phases …`")),
        _ => Ok(()),
    }
}

/// That no document is in the way. Those that this very command made before it was ended are not.
fn absent(place: &Place, task: &Task, documents: &[(String, String)]) -> Result<(), OpError> {
    for path in store::list(place, PLANS)? {
        if PlanName::read(&path).is_none_or(|name| name.task != *task) {
            continue;
        }
        let ours = documents.iter().find(|(p, _)| *p == path);
        if ours.is_none_or(|(_, text)| store::text(place, &path).ok().flatten().as_ref() != Some(text)) {
            return Err(exists(&path, task));
        }
    }
    Ok(())
}

fn exists(path: &str, task: &Task) -> OpError {
    OpError::refused(format!("there is a plan of that name: {path}"))
        .remedy(format!("choose another name, for example `craft plan new {task}-2`"))
}

fn documents(name: &PlanName, title: &str, phases: &[Planned]) -> Vec<(String, String)> {
    if phases.is_empty() {
        return vec![(name.plan(), template::simple(title, &name.date))];
    }
    let master = (name.plan(), template::master(title, name, phases, &Known::default()));
    let parts = phases.iter().map(|p| (name.of_phase(p.number).plan(), template::phase(p, name, &[])));
    std::iter::once(master).chain(parts).collect()
}

/// Writes the plan into the book: with all its phases as files of the present work, beside what was there.
fn enter(book: &mut Book, name: &PlanName, phases: &[Planned]) -> Result<(), Fault> {
    let mut active = book.fields().active_context.clone();
    active.push(name.plan());
    active.extend(phases.iter().map(|p| name.of_phase(p.number).plan()));
    book.set_active(&active)?;
    if phases.is_empty() {
        return Ok(());
    }
    let list: Vec<_> = phases.iter().map(|p| phase(name, p.number, Status::Pending)).collect();
    book.put(&[], "phased_execution", &execution(name, &list, None))
}

/// The field `phased_execution`.
#[must_use]
pub fn execution(name: &PlanName, phases: &[Value], current: Option<u32>) -> Value {
    json!({"master_plan": name.plan(), "phases": phases, "current_phase": current})
}

/// A phase in it.
#[must_use]
pub fn phase(name: &PlanName, number: u32, status: Status) -> Value {
    json!({"phase": number, "plan": name.of_phase(number).plan(), "status": status.word()})
}
