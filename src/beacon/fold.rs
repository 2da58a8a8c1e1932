//! What becomes of one path: what lies here, what both sides last had, and what messages say of it, one after another.
//! Values only; files are the business of whoever asks.

use std::rc::Rc;

use super::path::folded;
use crate::phase::merge::text::{self, Marks};

/// A version of a file with its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Whether it may be run: git's mode `100755`.
    pub executable: bool,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Content {
    /// git's mode.
    #[must_use]
    pub fn mode(&self) -> &'static str {
        if self.executable { EXECUTABLE } else { ORDINARY }
    }
}

/// git's mode of a file that may be run.
pub const EXECUTABLE: &str = "100755";
/// git's mode of any other file.
pub const ORDINARY: &str = "100644";
/// How the name of a copy of theirs ends, which lies beside a file in conflict.
pub const THEIRS: &str = ".theirs";

/// Whether a path is that of such a copy, on a file system without cases too. None is ever sent.
#[must_use]
pub fn is_theirs(path: &str) -> bool {
    folded(path).ends_with(THEIRS)
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Became {
    /// It is new here.
    Created,
    /// It was as they knew it, and is theirs now.
    Updated,
    /// Both sides had changed it; both changes are in it now.
    Merged,
    /// It was the same already.
    Same,
    /// Both sides had changed the same: ours is as it was, theirs lies beside it.
    Conflict,
    /// They took it away; ours was as they knew it and is in the archive folder now.
    Archived,
    /// They took it away; ours was changed since, and stays.
    Kept,
    /// A later version of theirs was taken in before it: nothing was done.
    Older,
}

/// How a path stands before the messages.
#[derive(Debug, Clone, Default)]
pub struct Before {
    /// What lies here.
    pub local: Option<Rc<Content>>,
    /// What both sides last had.
    pub both: Option<Rc<Content>>,
    /// Whether there is a conflict that nobody has settled.
    pub open: bool,
}

/// What one message says of the path.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    /// Their version; `None` where they took it away.
    pub theirs: Option<Rc<Content>>,
    /// The version it was edited from, where it is here.
    pub base: Option<Rc<Content>>,
    /// Whether it comes after others of the path that were sent after it, from here or by others, because it was held or
    /// not accepted yet: what both sides last had is newer, and stays that.
    pub late: bool,
    /// Whether its sender says that it is new: that they knew no version of it. What both sides last had is no ancestor of
    /// theirs then, and does not give way to it.
    pub new: bool,
}

/// How it stands after them.
#[derive(Debug, Clone)]
pub struct After {
    /// In a word.
    pub became: Became,
    /// What shall lie here.
    pub ours: Option<Rc<Content>>,
    /// The offer whose version both sides have now; `None` where it is the one from before.
    pub both: Option<usize>,
    /// The offer whose version is in conflict with ours.
    pub open: Option<usize>,
}

/// Folds the offers for one path into it, the oldest first.
///
/// A version is merged three-way with what lies here, from the version that its sender says it was edited from; where
/// that is not here, or a conflict is open, from what both sides last had; what is new to them, from nothing. What was
/// removed here comes back where they went on with it: a file too many can be removed again. Whatever cannot be merged,
/// and a removal of what was changed here, is a conflict, and a later version may settle it.
#[must_use]
pub fn fold(before: &Before, offers: &[Offer]) -> After {
    let (mut ours, mut known) = (before.local.clone(), before.both.clone());
    let (mut both, mut open, mut merged) = (None, None, false);
    for (n, offer) in offers.iter().enumerate() {
        let pending = open.is_some() || (before.open && both.is_none());
        // A version that ours is in conflict with is no ancestor of ours.
        let base = offer.base.clone().filter(|_| !pending).or_else(|| {
            known.clone().filter(|known| !offer.late && (!offer.new || offer.theirs.as_ref() == Some(known)))
        });
        let next = match (&offer.theirs, &ours) {
            (None, None) => Some(None),
            (None, Some(here)) => (base.as_ref() == Some(here)).then_some(None),
            // They say again what both had and we removed.
            (Some(theirs), None) if known.as_ref() == Some(theirs) => Some(None),
            (Some(theirs), None) => Some(Some(theirs.clone())),
            (Some(theirs), Some(here)) => merge(base.as_deref(), here, theirs).map(|made| {
                merged |= made != **theirs;
                Some(if made == **here { here.clone() } else { Rc::new(made) })
            }),
        };
        match next {
            Some(next) => {
                ours = next;
                open = None;
                if !offer.late {
                    known.clone_from(&offer.theirs);
                    both = Some(n);
                }
            }
            None => open = Some(n),
        }
    }
    let last = open.or(both).and_then(|n| offers[n].theirs.as_ref());
    let became = match (&before.local, &ours) {
        _ if open.is_some() => {
            if last.is_some() {
                Became::Conflict
            } else {
                Became::Kept
            }
        }
        (None, Some(_)) => Became::Created,
        (Some(_), None) => Became::Archived,
        (None, None) => Became::Same,
        (Some(before), Some(after)) if both.is_none() && before == after => Became::Same,
        (Some(_), Some(_)) if merged && last != ours.as_ref() => Became::Merged,
        (Some(before), Some(after)) if before == after => Became::Same,
        (Some(_), Some(_)) => Became::Updated,
    };
    After { became, ours, both, open }
}

/// Ours with their change in it; `None` where both changed the same, or that cannot be told.
fn merge(base: Option<&Content>, ours: &Content, theirs: &Content) -> Option<Content> {
    let Some(base) = base else {
        return (ours.bytes == theirs.bytes).then(|| theirs.clone());
    };
    let executable = if ours.executable == base.executable { theirs.executable } else { ours.executable };
    let (bytes, clean) = text::merge(&base.bytes, &ours.bytes, &theirs.bytes, &Marks::default())?;
    clean.then_some(Content { executable, bytes })
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
