//! `craft plan init`: the book. The folders beside it come with their first file: git keeps no empty folder, so a
//! clone would be without them in any case. `.gitignore` is left alone, since a change of it would be in the way of the
//! first phase; the first working tree below `.para-worktrees/` is kept out of git by this clone's own list.

use crate::audit::Outcome;
use crate::book;
use crate::context::Context;
use crate::ops::error::OpError;
use crate::ops::plan::{Place, place, store};
use crate::phase::template;

/// What was made, and what was there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Made {
    /// Files that were made.
    pub made: Vec<String>,
    /// Files that stay as they were.
    pub kept: Vec<String>,
}

/// Makes the book where there is none.
///
/// # Errors
/// Where it cannot be made, or leads out of the repository.
pub fn init(ctx: &Context, place: &Place) -> Result<Made, OpError> {
    let _guard = store::lock(ctx, place)?;
    let mut made = Made::default();
    if store::create(place, book::FILE, &template::book(&place::now(ctx)))? {
        made.made.push(book::FILE.to_owned());
        place.note(ctx, "init", "", Outcome::Success);
    } else {
        made.kept.push(book::FILE.to_owned());
    }
    Ok(made)
}
