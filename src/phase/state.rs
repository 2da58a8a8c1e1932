//! How a plan stands, and what to type next.

use crate::book::fields::Status;
use crate::book::markdown::{body, headings};
use crate::book::todo::boxes;
use crate::phase::book::Book;
use crate::phase::plan::{self, numbered};

/// How the work stands as a whole (the originals' words).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// There is no book.
    None,
    /// There is a book, and no plan in it.
    Idle,
    /// There is a plan, and nothing of it was begun.
    Planning,
    /// A simple plan, or a phase of one, is under way.
    Executing,
    /// Nothing is under way, and what was last is summarized.
    Summarized,
}

impl Stage {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Idle => "idle",
            Self::Planning => "planning",
            Self::Executing => "executing",
            Self::Summarized => "summarized",
        }
    }
}

/// The stage of a book; `None` where there is none.
#[must_use]
pub fn stage(book: Option<&Book>) -> Stage {
    let Some(book) = book else { return Stage::None };
    let fields = book.fields();
    let phases = fields.phased_execution.as_ref().map(|p| &p.phases);
    let plans = fields.active_context.iter().any(|p| p.starts_with(super::name::PLANS));
    match phases {
        Some(phases) if phases.iter().any(|p| p.status == Status::InProgress) => Stage::Executing,
        Some(phases) if phases.iter().any(|p| p.status == Status::Completed) => Stage::Summarized,
        Some(_) => Stage::Planning,
        None if plans && fields.execution_branch.is_some() => Stage::Executing,
        None if plans => Stage::Planning,
        // A simple plan that is summarized is in the book no more; its prose still is.
        None if head(book).is_some() => Stage::Summarized,
        None => Stage::Idle,
    }
}

/// The book's own head, in front of all sections: what stands behind `Executing:`.
#[must_use]
pub fn head(book: &Book) -> Option<&str> {
    let prose = book.prose();
    let end = headings(prose).iter().find(|h| h.level > 1).map_or(prose.len(), |h| h.start);
    crate::book::markdown::lines(&prose[..end]).find_map(|l| l.text.strip_prefix("Executing:").map(str::trim))
}

/// A to-do with its box.
pub type Item = (String, bool);

/// The to-dos of a phase: those of its list in the book, else, of a phase of earlier, of the list below its heading, else
/// the steps of its plan. Without a number, those of the present work.
#[must_use]
pub fn todos(book: &Book, phase: Option<(u32, Status)>, plan: Option<&str>) -> Vec<Item> {
    let owned = |list: Vec<crate::book::todo::Todo<'_>>| -> Vec<Item> {
        list.into_iter().map(|t| (t.text.to_owned(), t.done)).collect()
    };
    let steps = || plan.map(plan::steps).unwrap_or_default().into_iter().map(|s| (s.text, s.done)).collect();
    let Some((number, status)) = phase else {
        return book.list(None).map_or_else(steps, |list| owned(list.todos));
    };
    let ours = |list: &crate::book::todo::List<'_>| {
        list.phase == Some(number) || status == Status::InProgress || book.unnamed_phase() == Some(number)
    };
    if status != Status::Pending {
        if let Some(list) = book.list(Some(number)).filter(ours) {
            return owned(list.todos);
        }
        if let Some(found) = earlier(book.prose(), number) {
            return found;
        }
    }
    steps()
}

/// The boxes below a heading of earlier work, `## Phase 1: …`.
fn earlier(prose: &str, number: u32) -> Option<Vec<Item>> {
    let all = headings(prose);
    let at = all.iter().position(|h| h.level > 1 && numbered(h.title).is_some_and(|(n, _)| n == number))?;
    let range = body(prose, &all, at);
    // Phases before that one stand below a heading of their own within it.
    let next = all[at + 1..].iter().find(|h| range.contains(&h.start) && numbered(h.title).is_some());
    let found = boxes(prose, &(range.start..next.map_or(range.end, |h| h.start)));
    (!found.is_empty()).then(|| found.into_iter().map(|t| (t.text.to_owned(), t.done)).collect())
}

/// How much of a phase is done, in whole percent. One that is summarized is done, whatever was left.
#[must_use]
pub fn percent(status: Status, done: usize, total: usize) -> usize {
    match status {
        Status::Completed => 100,
        _ => (done * 100).checked_div(total).unwrap_or(0),
    }
}

/// How much of a plan is done: each phase counts the same.
#[must_use]
pub fn overall(phases: &[usize]) -> usize {
    phases.iter().sum::<usize>().checked_div(phases.len()).unwrap_or(0)
}

/// A phase, as far as the next command depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// Its number.
    pub number: u32,
    /// How it stands.
    pub status: Status,
    /// Whether it is merged.
    pub merged: bool,
    /// Whether what it depends on is completed and merged.
    pub may_begin: bool,
    /// Its first to-do that is not done.
    pub open: Option<usize>,
    /// Whether there is a branch of it already, as of one that was rolled back.
    pub branch: bool,
    /// Whether it has a working tree of its own.
    pub worktree: bool,
}

/// The command that goes on with a phase whose branch is there already. A branch in a working tree of its own can be
/// checked out nowhere else.
#[must_use]
pub fn go_on(number: u32, worktree: bool) -> String {
    let how = if worktree { "--worktree" } else { "--existing continue" };
    format!("craft plan execute --phase={number} {how}")
}

/// What the next command depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View<'a> {
    /// Whether the book cannot be read.
    pub broken: bool,
    /// The stage.
    pub stage: Stage,
    /// The phases; of a simple plan that is under way one with number 0.
    pub phases: &'a [Unit],
    /// The simple plans, where there are several.
    pub plans: &'a [String],
    /// The phase whose branch is checked out, or the one that the book calls the current one.
    pub current: Option<u32>,
}

/// The next command to type.
#[must_use]
pub fn next(view: &View<'_>) -> String {
    if view.broken {
        return "craft plan repair".into();
    }
    let phased = view.phases.iter().any(|p| p.number > 0);
    let mut under_way: Vec<_> = view.phases.iter().filter(|p| p.status == Status::InProgress).collect();
    under_way.sort_by_key(|p| (Some(p.number) != view.current, p.number));
    match view.stage {
        Stage::None => "craft plan init".into(),
        Stage::Idle => "craft plan new TASK".into(),
        Stage::Planning if !phased => match view.plans {
            [_, .., last] => format!("craft plan execute --plan {}", crate::sync::quote::path(last.as_ref())),
            _ => "craft plan execute".into(),
        },
        _ if !under_way.is_empty() => {
            let unit = under_way[0];
            let several = if under_way.len() > 1 { format!(" --phase={}", unit.number) } else { String::new() };
            match unit.open {
                Some(number) => format!("craft plan todo done {number}{several}"),
                None if unit.number > 0 => format!("craft plan summarize --phase={}", unit.number),
                None => "craft plan summarize".into(),
            }
        }
        _ if !phased => "craft plan archive".into(),
        _ => {
            let first = |wanted: &dyn Fn(&&Unit) -> bool| view.phases.iter().find(wanted).map(|p| p.number);
            let unmerged = first(&|p| p.status == Status::Completed && !p.merged);
            let ready = view.phases.iter().find(|p| p.status == Status::Pending && p.may_begin);
            let waiting = first(&|p| p.status == Status::Pending);
            match (unmerged, ready, waiting) {
                (Some(number), ..) => format!("craft plan pr --phase={number}"),
                (None, Some(unit), _) if unit.branch => go_on(unit.number, unit.worktree),
                (None, Some(unit), _) => format!("craft plan execute --phase={}", unit.number),
                // They wait for each other.
                (None, None, Some(_)) => "craft plan graph".into(),
                (None, None, None) => "craft plan archive".into(),
            }
        }
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
