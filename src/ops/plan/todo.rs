//! The to-dos of what is under way: listed, ticked, and committed with what was done.

use serde::Serialize;

use crate::audit::Outcome;
use crate::book::fields::Status;
use crate::context::Context;
use crate::git::reads::Reads;
use crate::ops::engine;
use crate::ops::error::{Kind, OpError};
use crate::ops::plan::commit::{self, What};
use crate::ops::plan::documents::Documents;
use crate::ops::plan::execute::{Todo, unwritable};
use crate::ops::plan::needs::{branch_of, meant};
use crate::ops::plan::place::now;
use crate::ops::plan::{Place, merged, store};
use crate::phase::book::Book;
use crate::phase::state::{self, Stage};

/// The types of conventional commits.
pub const TYPES: [&str; 11] =
    ["feat", "fix", "refactor", "test", "docs", "chore", "perf", "build", "ci", "style", "revert"];

/// The to-dos.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Todos {
    /// The phase; none of a simple plan.
    pub phase: Option<u32>,
    /// How many are done.
    pub done: usize,
    /// All of them.
    pub todos: Vec<Todo>,
    /// Those that this command changed.
    pub changed: Vec<usize>,
    /// The commit, where one was made.
    pub commit: Option<String>,
    /// What to type next.
    pub next: Vec<String>,
}

/// A change of boxes.
#[derive(Debug, Clone)]
pub struct Change<'c> {
    /// Their numbers.
    pub numbers: &'c [usize],
    /// Whether they are done.
    pub done: bool,
    /// The phase, where somebody says.
    pub phase: Option<u32>,
    /// The message of a commit.
    pub commit: Option<&'c str>,
}

/// The to-dos as they are.
///
/// # Errors
/// Where it is not clear of which phase.
pub fn list(ctx: &Context, place: &Place, phase: Option<u32>) -> Result<Todos, OpError> {
    let book = store::need(place)?;
    let (phase, _) = which(ctx, place, &book, phase)?;
    todos(&book, phase)
}

/// Ticks boxes or takes ticks away, and commits what was done.
///
/// # Errors
/// Where there is no such box, the message is none of a conventional commit, or the commit fails: then the boxes are
/// as they were.
pub fn change(ctx: &Context, place: &Place, change: &Change<'_>) -> Result<Todos, OpError> {
    if let Some(message) = change.commit {
        conventional(message)?;
    }
    let mut held = store::hold(ctx, place)?;
    let (phase, branch) = which(ctx, place, &held.book, change.phase)?;
    let was = held.book.text().to_owned();
    let mut changed = Vec::new();
    for number in change.numbers {
        let ticked = held
            .book
            .tick(phase, *number, change.done)
            .map_err(|e| OpError::usage(e.to_string()).remedy("`craft plan todo list` shows their numbers"))?;
        if ticked {
            changed.push(*number);
        }
    }
    if !changed.is_empty() {
        held.book.touch(&now(ctx)).map_err(unwritable)?;
    }
    held.write(place)?;
    let mut commit = None;
    if let Some(message) = change.commit {
        engine::fail_point(ctx, "plan-ticked");
        let book = if place.here == place.books { vec![crate::book::FILE.to_owned()] } else { Vec::new() };
        let made = commit::commit(ctx, &place.here, &What::Work(book), message).and_then(|made| {
            made.ok_or_else(|| {
                OpError::refused(format!("there is nothing to commit in {}", place.here.worktree.display()))
                    .remedy("the same without --commit only ticks")
            })
        });
        commit = Some(made.map_err(|error| take_back(place, held.book.text(), &was, error))?);
        if let (Some(branch), Some(tip)) = (&branch, &commit) {
            let git = engine::git_for(ctx, &place.here, &place.config(ctx)?);
            // It only helps to know the work once the branch is gone.
            let _ = merged::remember(&git, branch, tip, None);
        }
    }
    let verb = if change.done { "todo done" } else { "todo undo" };
    let words: Vec<_> = change.numbers.iter().map(usize::to_string).collect();
    place.note(ctx, verb, &words.join(" "), Outcome::Success);
    let mut todos = todos(&held.book, phase)?;
    todos.changed = changed;
    todos.commit = commit;
    Ok(todos)
}

fn take_back(place: &Place, is: &str, was: &str, mut error: OpError) -> OpError {
    if is == was {
        return error;
    }
    match store::replace(place, crate::book::FILE, is, was) {
        Ok(()) => error.message.push_str(" (the to-dos are as they were)"),
        Err(other) => {
            error.message = format!("{}; and the to-dos could not be set back: {other}", error.message);
        }
    }
    error
}

/// The phase that is meant, and its branch.
fn which(
    ctx: &Context,
    place: &Place,
    book: &Book,
    told: Option<u32>,
) -> Result<(Option<u32>, Option<String>), OpError> {
    let config = place.config(ctx)?;
    let prefix = &config.plans.branch_prefix;
    let git = engine::git_for(ctx, &place.here, &config);
    let branch = branch_of(&Reads::open(&place.here, &git))?;
    let Some(documents) = Documents::load(place, book, prefix)? else { return Ok((None, None)) };
    let phase = meant(&documents, told, branch.as_deref(), Status::InProgress)?;
    let own = match phase {
        Some(number) => documents.phase(number)?.branch.clone(),
        None => documents.name.branch(prefix),
    };
    Ok((phase, branch.filter(|branch| *branch == own)))
}

fn todos(book: &Book, phase: Option<u32>) -> Result<Todos, OpError> {
    let Some(list) = book.list(phase) else {
        if state::stage(Some(book)) == Stage::Idle {
            return Err(OpError::refused("no plan is under way").remedy("craft plan new TASK"));
        }
        let of = phase.map_or_else(String::new, |n| format!(" for phase {n}"));
        let way = phase.map_or_else(|| "craft plan execute".to_owned(), |n| format!("craft plan execute --phase={n}"));
        return Err(OpError::refused(format!("{} has no list of to-dos{of}", crate::book::FILE)).remedy(way));
    };
    let todos: Vec<Todo> =
        list.todos.iter().map(|t| Todo { number: t.number, done: t.done, text: t.text.to_owned() }).collect();
    let of = phase.map(|n| format!(" --phase={n}")).unwrap_or_default();
    let next = match todos.iter().find(|t| !t.done) {
        Some(todo) => format!("craft plan todo done {}{of}", todo.number),
        None => format!("craft plan summarize{of}"),
    };
    let done = todos.iter().filter(|t| t.done).count();
    Ok(Todos { phase, done, todos, changed: Vec::new(), commit: None, next: vec![next] })
}

/// The type of a conventional commit (`feat`), where `message` is one: `type: words`, `type(scope)!: words`.
#[must_use]
pub fn type_of(message: &str) -> Option<&'static str> {
    let (head, words) = message.lines().next()?.split_once(": ")?;
    let head = head.strip_suffix('!').unwrap_or(head);
    let kind = match head.split_once('(') {
        Some((kind, scope)) => {
            let scope = scope.strip_suffix(')')?;
            (!scope.is_empty() && !scope.contains(['(', ')', ' '])).then_some(kind)?
        }
        None => head,
    };
    TYPES.into_iter().find(|t| *t == kind).filter(|_| !words.trim().is_empty())
}

fn conventional(message: &str) -> Result<(), OpError> {
    if type_of(message).is_some() {
        return Ok(());
    }
    Err(OpError::new(
        Kind::Usage,
        format!("`{}` is no message of a conventional commit", message.lines().next().unwrap_or_default()),
    )
    .remedy(format!("begin it with its type: \"feat: …\"; there is {}", TYPES.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_begins_with_its_type() {
        for (message, kind) in [
            ("feat: Add users table", Some("feat")),
            ("fix(api)!: No", Some("fix")),
            ("test!: x\n\nmore", Some("test")),
            ("feat:x", None),
            ("feat: ", None),
            ("Feat: x", None),
            ("fix(): x", None),
            ("fix(a: x", None),
            ("wip: x", None),
            ("Add it", None),
            ("", None),
        ] {
            assert_eq!(type_of(message), kind, "{message:?}");
        }
    }
}
