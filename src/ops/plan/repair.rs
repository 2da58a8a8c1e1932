//! `craft plan repair`: a broken book, made anew from the plan files.

use crate::audit::Outcome;
use crate::book;
use crate::context::Context;
use crate::git::reads::Reads;
use crate::git::repository::Head;
use crate::ops::error::OpError;
use crate::ops::plan::{Place, place, store};
use crate::phase::book::Book;
use crate::phase::name::{ARCHIVES, PLANS, SUMMARIES};
use crate::phase::rebuild::{Found, PlanFile, rebuild};

/// What is wrong, and what it would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// What is wrong: line, column and words.
    pub fault: String,
    /// The text that is there; empty where there is none.
    pub before: String,
    /// What it would be, or is now.
    pub after: String,
    /// Where the broken text is kept, if it was written.
    pub kept: Option<String>,
}

/// Looks what a broken book would be, and with `write` writes it; `None` where nothing is wrong with it.
///
/// # Errors
/// No book and no plans to make one of; a text that no block can be put into; a file that cannot be written.
pub fn repair(ctx: &Context, place: &Place, write: bool) -> Result<Option<Repair>, OpError> {
    let _guard = write.then(|| store::lock(ctx, place)).transpose()?;
    let there = store::text(place, book::FILE)?;
    let fault = match there.as_deref().map(Book::parse) {
        Some(Ok(_)) => return Ok(None),
        Some(Err(fault)) => fault.to_string(),
        None => "there is no book".into(),
    };
    let mut plans = Vec::new();
    for path in store::list(place, PLANS)? {
        // What cannot be read says nothing but its name.
        let text = store::text(place, &path).ok().flatten().unwrap_or_default();
        plans.push(PlanFile { path, text });
    }
    if there.is_none() && plans.is_empty() {
        store::need(place)?;
    }
    let config = place.config(ctx)?;
    let git = place.git(ctx, &config);
    let branch = match Reads::open(&place.here, &git).head()? {
        Head::Branch { name, .. } => Some(name),
        Head::Detached { .. } => None,
    };
    let summaries = store::list(place, SUMMARIES)?;
    let found = Found {
        book: there.as_deref(),
        plans: &plans,
        summaries: &summaries,
        branch: branch.as_deref(),
        prefix: &config.plans.branch_prefix,
        now: &place::now(ctx),
    };
    let after = rebuild(&found).ok_or_else(|| {
        OpError::refused(format!("no block can be put into {}", book::FILE))
            .remedy("something in its prose is taken for the block; mend it by hand")
    })?;
    let mut repair = Repair { fault, before: there.clone().unwrap_or_default(), after, kept: None };
    if write {
        match &there {
            Some(was) => {
                repair.kept = Some(keep(ctx, place, was)?);
                store::replace(place, book::FILE, was, &repair.after)?;
            }
            None => drop(store::create(place, book::FILE, &repair.after)?),
        }
        place.note(ctx, "repair", "", Outcome::Success);
    }
    Ok(Some(repair))
}

/// Puts the broken text beside the books that were put away; its path.
fn keep(ctx: &Context, place: &Place, text: &str) -> Result<String, OpError> {
    let today = place::today(ctx);
    for number in 1..1000 {
        let more = if number == 1 { String::new() } else { format!("-{number}") };
        let path = format!("{ARCHIVES}/{today}-context-broken{more}.md");
        if store::create(place, &path, text)? || store::text(place, &path)?.as_deref() == Some(text) {
            return Ok(path);
        }
    }
    Err(OpError::refused(format!("{ARCHIVES} has a thousand broken books of {today}")).remedy("remove some"))
}
