//! Which messages of the queue may go out now. One that may not keeps back only what comes after it and is about the same
//! files: the order of those is theirs.

use std::collections::{BTreeMap, BTreeSet};

use super::{Drain, Stop};
use crate::beacon::manifest::File;
use crate::beacon::path::{folded, is_below};
use crate::ops::beacon::chain::Link;
use crate::ops::beacon::guard::{self, Load};
use crate::ops::beacon::hints::Hints;
use crate::ops::beacon::push::unsettled;
use crate::ops::beacon::queue::{self, Item};
use crate::ops::beacon::unread;
use crate::ops::error::{Kind, OpError};
use crate::plain;

impl Drain<'_> {
    /// The messages that may go out, and why the first of the others may not. `unread` was not taken in yet.
    pub(super) fn sorted(&mut self, unread: &[Link]) -> Result<(Vec<Item>, Option<OpError>), Stop> {
        let new = |item: &&Item| !self.scanned.contains(&item.queued.message.id);
        let new: Vec<Item> = self.items.iter().filter(new).cloned().collect();
        // Of one scan of all and one of each the first costs less, and finds nothing as a rule.
        let apart = match self.scan(&new) {
            Ok(()) => false,
            Err(error) if is_finding(&error) => true,
            Err(error) => return Err(Stop::Failed(error)),
        };
        let hints = Hints::of(self.ctx, &self.place);
        let open: BTreeSet<String> = self.applied.state.conflicts.iter().map(|c| folded(&c.path)).collect();
        let (mut kept, mut going, mut why) = (BTreeSet::new(), Vec::new(), None);
        let mut known: BTreeMap<String, Option<String>> = BTreeMap::new();
        for item in &self.items {
            let files = &item.queued.message.files;
            let mut error = files.iter().find(|f| open.contains(&folded(&f.path))).map(|f| unsettled(&hints, &f.path));
            let has = |path: &String| match known.get(path) {
                Some(blob) => blob.clone(),
                None => self.applied.files.get(path).map(|v| v.blob.clone()),
            };
            let late = |f: &&File| f.deleted && has(&f.path).is_some_and(|blob| f.base.as_ref() != Some(&blob));
            error = error.or_else(|| files.iter().find(late).map(|f| came_back(&hints, item, &f.path)));
            error = error.or_else(|| unread::clash(files.iter().map(|f| f.path.as_str()), unread, &hints));
            let versions = queue::sent(&self.place, self.git, item)?;
            known.extend(files.iter().map(|f| (f.path.clone(), versions.get(&f.path).map(|v| v.blob.clone()))));
            let behind = files.iter().any(|f| is_about(&kept, &folded(&f.path)));
            if error.is_none() && !behind && apart && new.contains(item) {
                error = match self.scan(std::slice::from_ref(item)) {
                    Ok(()) => None,
                    Err(error) if is_finding(&error) => Some(dropped(&hints, item, error)),
                    Err(error) => return Err(Stop::Failed(error)),
                };
            }
            if error.is_some() || behind {
                kept.extend(files.iter().map(|f| folded(&f.path)));
                why = why.or(error);
            } else {
                going.push(item.clone());
            }
        }
        self.scanned.extend(going.iter().map(|item| item.queued.message.id.clone()));
        Ok((going, why))
    }

    /// What was queued another day is scanned by today's rules.
    fn scan(&self, items: &[Item]) -> Result<(), OpError> {
        let mut load = Load::default();
        for item in items {
            let files = queue::sent(&self.place, self.git, item)?;
            load.files.extend(files.into_iter().map(|(path, v)| (path, v.blob)));
            load.words.push(format!("{}\n{}", item.queued.message.note, item.queued.message.action));
        }
        if load.words.is_empty() {
            return Ok(());
        }
        guard::pass(self.ctx, &self.place, self.git, &load).map(drop)
    }
}

/// Whether a path is one of these, or cannot be beside one of them: a file in the place of a folder.
fn is_about(paths: &BTreeSet<String>, path: &str) -> bool {
    paths.iter().any(|other| other == path || is_below(path, other) || is_below(other, path))
}

/// Whether something was found, and not that nobody could look.
fn is_finding(error: &OpError) -> bool {
    error.kind == Kind::Gate && error.remedy.is_some()
}

/// What was to be taken away, and was then changed by the other side: a pull has put their version here.
fn came_back(hints: &Hints, item: &Item, path: &str) -> OpError {
    let (path, id) = (plain::name(path), &item.queued.message.id);
    let error = format!("{path} was changed by the other side before they heard that it is to be taken away");
    OpError::new(Kind::Conflict, error).remedy(format!(
        "`{}` takes the message back; to offer it all the same, remove {path} and name it to `{}`",
        hints.verb(&format!("queue drop {id}")),
        hints.verb("push")
    ))
}

/// The queue has a copy of its own: to mend the file is not enough.
fn dropped(hints: &Hints, item: &Item, error: OpError) -> OpError {
    let what = error.message.strip_suffix(", so nothing was sent").unwrap_or(&error.message);
    let way = error.remedy.unwrap_or_default();
    let id = &item.queued.message.id;
    OpError::new(error.kind, format!("{what}, so the message {id} waits")).remedy(format!(
        "`{}` takes it out of the queue, and its files stay; there {way}",
        hints.verb(&format!("queue drop {id}"))
    ))
}
