//! `craft plan convert`: phases for a plan that has none, in the middle of the work too.

use serde_json::Value;

use crate::audit::Outcome;
use crate::book::fields::{Fields, Status};
use crate::context::Context;
use crate::json::document::Fault;
use crate::ops::error::OpError;
use crate::ops::plan::{Place, new, place, store};
use crate::phase::book::{Book, Head};
use crate::phase::name::{PLANS, PlanName};
use crate::phase::outline::{Planned, outline};
use crate::phase::plan::{self, Step};
use crate::phase::{convert, template};

/// The heading below which the book keeps what it said before.
const EARLIER: &str = "Before the Phases";

/// What somebody wants.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The titles of the phases.
    pub phases: &'a [String],
    /// `3:1,2`.
    pub depends: &'a [String],
    /// The plan, where there are several: its path, the end of it, or its task.
    pub plan: Option<&'a str>,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// The plan.
    pub name: PlanName,
    /// The phases, each with its steps.
    pub phases: Vec<(Planned, Vec<Step>)>,
    /// Whether the first phase is under way, since the plan was.
    pub under_way: bool,
    /// The branch the plan was executed on, now that of the first phase.
    pub branch: Option<String>,
    /// The files that were written, the book last.
    pub files: Vec<String>,
}

/// Makes a phased plan of a simple one. The phases' documents come first, then the master plan, the book last; where it
/// was ended in between, the same command goes on.
///
/// # Errors
/// No simple plan, or several; documents in the way; phases that make no plan; a file that cannot be written.
pub fn convert(ctx: &Context, place: &Place, wanted: &Wanted<'_>) -> Result<Converted, OpError> {
    let phases = outline(wanted.phases, wanted.depends)?;
    let mut held = store::hold(ctx, place)?;
    let path = chosen(held.book.fields(), wanted.plan)?;
    let name = PlanName::read(&path).ok_or_else(|| OpError::usage(format!("{path} is not the name of a plan")))?;
    if name.plan() != path || name.phase.is_some() {
        return Err(OpError::usage(format!("{path} cannot have phases: they would be called after another file"))
            .remedy(format!("rename it to {}, in the book too", name.master().plan())));
    }
    let text = store::text(place, &path)?.ok_or_else(|| {
        OpError::refused(format!("there is no {path}"))
            .remedy("bring it back, or take it out of the book's active_context")
    })?;

    let ours = is_of_book(&held.book, &path);
    let boxes = held.book.list(None).filter(|_| ours).map(|l| l.todos).unwrap_or_default();
    let list: Vec<_> = boxes.iter().map(|t| Step { text: t.text.to_owned(), done: t.done }).collect();
    let branch = held.book.fields().execution_branch.clone().filter(|b| ours && !b.is_empty());
    let started = held.book.fields().execution_started.is_some() || !list.is_empty();
    let under_way = branch.is_some() || (ours && started);
    let steps = convert::together(&list, &plan::steps(&text));
    let parts: Vec<_> = phases.iter().cloned().zip(convert::dealt(&steps, phases.len())).collect();

    let mut files = Vec::new();
    for (phase, steps) in &parts {
        let (path, new) = (name.of_phase(phase.number).plan(), template::phase(phase, &name, steps));
        if !store::create(place, &path, &new)? && !made_before(place, &path, phase, &name)? {
            return Err(OpError::refused(format!("{path} is in the way")).remedy("rename it, and do the same again"));
        }
        files.push(path);
    }
    let master = convert::master(&text, &name, &phases);
    if master != text {
        store::replace(place, &path, &text, &master)?;
    }
    files.insert(0, path);
    let title = plan::title(&master).map_or_else(|| name.task.title(), str::to_owned);
    let done = Converted { name, phases: parts, under_way, branch, files };
    done.enter(&mut held.book, &title)
        .and_then(|()| held.book.touch(&place::now(ctx)))
        .map_err(|fault| store::broken(&place.book(), &fault))?;
    held.write(place)?;
    place.note(ctx, "convert", done.name.task.as_str(), Outcome::Success);
    Ok(Converted { files: done.files.iter().cloned().chain([crate::book::FILE.to_owned()]).collect(), ..done })
}

/// The simple plan that is meant.
fn chosen(fields: &Fields, wanted: Option<&str>) -> Result<String, OpError> {
    if let Some(there) = fields.phased_execution.as_ref().filter(|p| !p.phases.is_empty()) {
        return Err(OpError::refused(format!("{} has phases already", there.master_plan))
            .remedy("`craft plan graph` shows them"));
    }
    let plans = fields.active_context.iter().filter(|p| p.starts_with(PLANS) && PlanName::read(p).is_some());
    let meant = |path: &&String| {
        wanted.is_none_or(|w| {
            path.as_str() == w
                || path.ends_with(&format!("/{w}"))
                || PlanName::read(path).is_some_and(|n| n.task.as_str() == w)
        })
    };
    let plans: Vec<_> = plans.collect();
    let list = plans.iter().map(|p| p.as_str()).collect::<Vec<_>>().join(", ");
    match plans.iter().copied().filter(meant).collect::<Vec<_>>().as_slice() {
        [one] => Ok((*one).clone()),
        [] if plans.is_empty() => {
            Err(OpError::refused("no plan is under way").remedy("`craft plan new TASK --phases …` makes one"))
        }
        [] => Err(OpError::usage("the book names no such plan").remedy(format!("it names {list}"))),
        _ => Err(OpError::usage("there are several plans").remedy(format!("choose one with --plan: {list}"))),
    }
}

/// Whether the book's head and list are about the plan `path`: it says so, or there is no other.
fn is_of_book(book: &Book, path: &str) -> bool {
    match plan::field(book.prose(), "Plan") {
        Some((said, _)) => said.trim_matches('`') == path,
        None => book.fields().active_context.iter().filter(|p| p.starts_with(PLANS)).count() == 1,
    }
}

/// Whether the document is one that this command made before it was ended.
fn made_before(place: &Place, path: &str, phase: &Planned, name: &PlanName) -> Result<bool, OpError> {
    let text = store::text(place, path)?.unwrap_or_default();
    let parent = plan::field(&text, "Parent Plan").is_some_and(|(p, _)| p.trim_matches('`') == name.plan());
    let title = plan::title(&text).and_then(plan::numbered);
    Ok(parent && title == Some((phase.number, phase.title.as_str())))
}

impl Converted {
    fn enter(&self, book: &mut Book, title: &str) -> Result<(), Fault> {
        let (name, plan) = (&self.name, self.name.plan());
        let mut active: Vec<_> = book.fields().active_context.iter().filter(|p| **p != plan).cloned().collect();
        active.push(plan.clone());
        let shown = if self.under_way { 1 } else { self.phases.len() };
        active.extend(self.phases.iter().take(shown).map(|(p, _)| name.of_phase(p.number).plan()));
        let worktree = book.fields().worktree_path.clone().filter(|_| self.under_way);
        let mut list = Vec::new();
        for (phase, _) in &self.phases {
            let first = self.under_way && phase.number == 1;
            let mut entry = new::phase(name, phase.number, if first { Status::InProgress } else { Status::Pending });
            if first {
                let more = [("branch", self.branch.as_ref()), ("worktree_path", worktree.as_ref())];
                for (key, value) in more.into_iter().filter_map(|(key, value)| Some((key, value?))) {
                    entry[key] = value.as_str().into();
                }
            }
            list.push(entry);
        }
        if let (true, Some((phase, steps))) = (self.under_way, self.phases.first()) {
            let branch = self.branch.iter().map(|b| ("Branch".to_owned(), format!("`{b}`")));
            let files = [("Master Plan", plan), ("Phase Plan", name.of_phase(1).plan())];
            let head = Head {
                title: format!("{title} - Phase 1: {}", phase.title),
                phase: Some(1),
                lines: branch.chain(files.map(|(name, path)| (name.to_owned(), path))).collect(),
                todos: steps.iter().map(|s| (s.text.clone(), s.done)).collect(),
            };
            book.begin(&head, EARLIER, false);
        }
        if worktree.is_some() {
            book.put(&[], "worktree_path", &Value::Null)?;
        }
        book.set_active(&active)?;
        book.put(&[], "phased_execution", &new::execution(name, &list, self.under_way.then_some(1)))
    }
}
