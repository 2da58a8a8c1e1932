//! Setting a phase back to pending. Its branch, its commits and its working tree stay.

use serde::Serialize;
use serde_json::json;

use crate::audit::Outcome;
use crate::book::fields::Status;
use crate::context::Context;
use crate::git::reads::Reads;
use crate::ops::error::OpError;
use crate::ops::plan::documents::Documents;
use crate::ops::plan::execute::unwritable;
use crate::ops::plan::needs::branch_of;
use crate::ops::plan::place::now;
use crate::ops::plan::{Place, merged, store};
use crate::phase::{plan, state};
use crate::sync::quote;

/// What was set back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RolledBack {
    /// The phase.
    pub phase: u32,
    /// `task-phase-1`.
    pub unit: String,
    /// How it stood.
    pub was: Status,
    /// Its branch, which stays.
    pub branch: String,
    /// Its working tree, which stays.
    pub worktree: Option<String>,
    /// What to type next.
    pub next: Vec<String>,
}

/// Sets a phase back.
///
/// # Errors
/// Where a phase that depends on it has begun.
pub fn rollback(ctx: &Context, place: &Place, number: u32, reason: Option<&str>) -> Result<RolledBack, OpError> {
    let config = place.config(ctx)?;
    let mut held = store::hold(ctx, place)?;
    let documents = Documents::load(place, &held.book, &config.plans.branch_prefix)?
        .ok_or_else(|| OpError::refused("there is no active plan").remedy("`craft plan new TASK` makes one"))?;
    let phase = documents.phase(number)?.clone();
    let later = documents.phases.iter().find(|p| p.depends.contains(&number) && p.status != Status::Pending);
    if let Some(later) = later {
        let how = if later.status == Status::Completed { "completed" } else { "under way" };
        return Err(OpError::refused(format!("phase {} depends on phase {number} and is {how}", later.number))
            .remedy(format!("set it back first: craft plan rollback --phase={}", later.number)));
    }
    if phase.status == Status::Pending {
        return Err(OpError::refused(format!("phase {number} is pending already"))
            .remedy(format!("craft plan execute --phase={number}")));
    }
    let now = now(ctx);
    let book = &mut held.book;
    let record = json!({"time": now, "was": phase.status.word(), "reason": reason});
    book.put_in_phase(number, "rolled_back", &record).map_err(unwritable)?;
    book.set_status(number, Status::Pending).map_err(unwritable)?;
    if book.fields().phased_execution.as_ref().is_some_and(|p| p.current_phase == Some(number)) {
        let other = book.fields().under_way().map(|p| p.phase).last();
        book.set_current(other).map_err(unwritable)?;
    }
    book.touch(&now).map_err(unwritable)?;
    if let Some(text) = &phase.text {
        let told = plan::with_field(text, "Status", "Pending");
        if told != *text {
            store::replace(place, &phase.path, text, &told)?;
        }
    }
    held.write(place)?;
    let unit = documents.name.of_phase(number).unit();
    let why = reason.map(|r| format!(": {r}")).unwrap_or_default();
    place.note(ctx, "rollback", &format!("{unit}{why}"), Outcome::Success);
    let git = place.git(ctx, &config);
    let reads = Reads::open(&place.books, &git);
    let mut next = vec![format!("git commit -m \"chore: Roll back {unit}\" -- context")];
    if branch_of(&reads)?.as_ref() == Some(&phase.branch)
        && let Ok(main) = merged::main(&config, &reads)
    {
        next.push(format!("git switch {}", quote::word(&main.name)));
    }
    next.push(state::go_on(number, phase.worktree.as_ref().is_some_and(|path| place.file(path).is_dir())));
    Ok(RolledBack { phase: number, unit, was: phase.status, branch: phase.branch, worktree: phase.worktree, next })
}
