//! From messages that may be taken in to what shall become of each path, and what has to be changed for it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::apply::{self, Apply, Change, Former};
use super::check::Entry;
use super::pull::{Became, Taken};
use super::read;
use crate::beacon::applied::{Applied, Conflict, Version};
use crate::beacon::fold::{After, Before, Content, EXECUTABLE, Offer, THEIRS, fold};
use crate::beacon::path;
use crate::git::command::Git;
use crate::ops::error::OpError;

/// Paths whose versions are read by one call of git.
const AT_ONCE: usize = 16;

/// A message that is taken in.
pub(super) struct News {
    pub(super) seq: u64,
    pub(super) commit: String,
    /// Name of the environment that it is from.
    pub(super) from: String,
    pub(super) entries: Vec<Entry>,
    /// Whether it was held before.
    pub(super) held: bool,
    /// Paths of which a message behind it speaks that was taken in before it or sent from here, and whether a version in
    /// one of these was edited from its own.
    pub(super) overtaken: BTreeMap<String, bool>,
}

/// What shall become of a path.
pub(super) struct Fate {
    pub(super) path: String,
    /// Which messages speak of it, and which of their entries: the oldest first.
    offers: Vec<(usize, Entry)>,
    after: After,
    /// Where the copy of theirs lies; empty where there is none.
    copy: String,
    /// Where it goes if it is taken away.
    archive: String,
    /// A former copy of theirs that goes.
    former_copy: Option<String>,
    /// Whether the copy of theirs holds an edit of the user's, which gives way now, or gave way to a pull that was killed.
    edit: Option<Edit>,
    /// The message of which the file is told.
    told: usize,
}

/// An edit of the user's in a copy of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit {
    /// This pull replaces it.
    GivesWay,
    /// One that was killed has replaced it.
    GaveWay,
}

/// What shall become of all of them.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) fates: Vec<Fate>,
    pub(super) changes: Vec<Change>,
    /// What people should know.
    pub(super) remarks: Vec<String>,
}

impl Fate {
    fn new(path: &str, told: usize, offers: Vec<(usize, Entry)>, after: After) -> Self {
        let (copy, archive) = (String::new(), String::new());
        Self { path: path.to_owned(), offers, after, copy, archive, former_copy: None, edit: None, told }
    }

    /// The messages that speak of it.
    pub(super) fn messages(&self) -> impl Iterator<Item = usize> + '_ {
        self.offers.iter().map(|(n, _)| *n)
    }

    /// The paths that may be changed for it.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        [Some(self.path.as_str()), Some(self.copy.as_str()), self.former_copy.as_deref()].into_iter().flatten()
    }

    /// Where the copy of theirs lies; empty where there is none.
    pub(super) fn copy(&self) -> &str {
        &self.copy
    }

    /// The copy of theirs, where an edit of the user's in it gives way to a newer version.
    pub(super) fn edited_copy(&self) -> Option<(&str, Edit)> {
        Some((self.copy.as_str(), self.edit?))
    }

    /// For people.
    pub(super) fn taken(&self, news: &[News]) -> Taken {
        let seq = news[self.told].seq;
        let beside = match self.after.became {
            Became::Conflict => self.copy.clone(),
            Became::Archived => self.archive.clone(),
            _ => String::new(),
        };
        Taken { path: self.path.clone(), became: self.after.became, beside, seq }
    }

    /// Notes in `next` what both sides have now, and what is in conflict.
    pub(super) fn settle(&self, news: &[News], next: &mut Applied) {
        if self.after.became == Became::Older {
            return;
        }
        if let Some(n) = self.after.both {
            next.files.remove(&self.path);
            if let Some(version) = &self.offers[n].1.theirs {
                // A file and a folder of one name: what was there before is gone.
                let below = format!("{}/", self.path);
                let above: BTreeSet<&str> = path::above(&self.path).collect();
                next.files.retain(|path, _| !path.starts_with(&below) && !above.contains(path.as_str()));
                next.files.insert(self.path.clone(), version.clone());
            }
        }
        next.state.conflicts.retain(|conflict| conflict.path != self.path);
        if let Some(n) = self.after.open {
            let (message, entry) = &self.offers[n];
            let theirs = entry.theirs.as_ref();
            next.state.conflicts.push(Conflict {
                path: self.path.clone(),
                theirs: theirs.map(|v| v.blob.clone()),
                mode: theirs.map(|v| v.mode.clone()).unwrap_or_default(),
                beside: self.copy.clone(),
                from: news[*message].from.clone(),
                seq: news[*message].seq,
                late: news[*message].overtaken.contains_key(&self.path),
            });
        }
    }
}

/// Works out what becomes of each path. Nothing is changed.
///
/// # Errors
/// Where git or a file cannot be read.
pub(super) fn plan(
    apply: &Apply<'_>,
    known: &Applied,
    former: &BTreeMap<String, Former>,
    news: &[News],
) -> Result<Plan, OpError> {
    let mut by_path: BTreeMap<&str, Vec<(usize, Entry)>> = BTreeMap::new();
    for (n, message) in news.iter().enumerate() {
        for entry in &message.entries {
            by_path.entry(&entry.path).or_default().push((n, entry.clone()));
        }
    }
    let mut plan = Plan::default();
    let mut copies = BTreeSet::new();
    let by_path: Vec<_> = by_path.into_iter().collect();
    for some in by_path.chunks(AT_ONCE) {
        let open = |path: &str| known.state.conflicts.iter().find(|c| c.path == path);
        let mut ids = BTreeSet::new();
        for (path, offers) in some {
            ids.extend(known.files.get(*path).map(|v| v.blob.clone()));
            ids.extend(open(path).and_then(|c| c.theirs.clone()));
            for (_, entry) in offers {
                ids.extend(entry.theirs.as_ref().map(|v| v.blob.clone()));
                ids.extend(entry.base.clone());
            }
        }
        let blobs = Blobs::read(apply.git, ids)?;
        for (path, offers) in some {
            let (now, before) = apply.here(path, former)?;
            let both = known.files.get(*path).and_then(|v| blobs.version(&v.blob, &v.mode));
            let conflict = open(path);
            let told = offers.last().map_or(0, |(n, _)| *n);
            let is_over = |n: usize, entry: &Entry| {
                let open = news[n].held && conflict.is_some();
                let gone = before.is_none() || entry.theirs.is_none() || open;
                let same =
                    conflict.is_none() && entry.theirs.is_some() && entry.theirs.as_ref() == known.files.get(*path);
                (news[n].held && same) || news[n].overtaken.get(*path).is_some_and(|went_on| *went_on || gone)
            };
            let offers: Vec<_> = offers.iter().filter(|(n, entry)| !is_over(*n, entry)).cloned().collect();
            if offers.is_empty() {
                let after = After { became: Became::Older, ours: before, both: None, open: None };
                plan.fates.push(Fate::new(path, told, offers, after));
                continue;
            }
            let said: Vec<_> = offers
                .iter()
                .map(|(n, entry)| {
                    let theirs = entry.theirs.as_ref().and_then(|v| blobs.version(&v.blob, &v.mode));
                    // What mode the base had nobody says; it was that of what both had, or else theirs.
                    let mode = known.files.get(*path).or(entry.theirs.as_ref()).map_or("", |v| v.mode.as_str());
                    let mode = before.as_ref().filter(|_| mode.is_empty()).map_or(mode, |c| c.mode());
                    let base = entry.base.as_ref().and_then(|id| blobs.version(id, mode));
                    Offer { theirs, base, late: news[*n].overtaken.contains_key(*path), new: entry.new }
                })
                .collect();
            let after = fold(&Before { local: before.clone(), both, open: conflict.is_some() }, &said);
            let mut fate = Fate::new(path, told, offers, after);
            plan_copy(apply, former, &blobs, conflict, &said, &mut fate, &mut copies, &mut plan)?;
            let want = fate.after.ours.clone();
            if let (None, Some(there)) = (&want, &before) {
                let (to, already) = apply.archive_for(path, there)?;
                fate.archive.clone_from(&to);
                if now.is_none() && !already {
                    // It was taken away by a pull that was killed, and then from the archive by somebody else.
                    let want = Some(there.clone());
                    let archive = String::new();
                    plan.changes.push(Change { path: to, now: None, before: None, want, archive });
                } else if !already {
                    let change = Change { path: fate.path.clone(), now, before, want, archive: to };
                    plan.changes.push(change);
                    plan.fates.push(fate);
                    continue;
                }
            }
            if want != now || want != before {
                plan.changes.push(Change { path: fate.path.clone(), now, before, want, archive: String::new() });
            }
            plan.fates.push(fate);
        }
    }
    Ok(plan)
}

/// Where the copy of theirs goes, or that a former one goes away.
#[expect(clippy::too_many_arguments, reason = "one place calls it")]
fn plan_copy(
    apply: &Apply<'_>,
    former: &BTreeMap<String, Former>,
    blobs: &Blobs,
    conflict: Option<&Conflict>,
    said: &[Offer],
    fate: &mut Fate,
    copies: &mut BTreeSet<String>,
    plan: &mut Plan,
) -> Result<(), OpError> {
    let old = conflict.map(|c| c.beside.as_str()).filter(|beside| !beside.is_empty());
    let recorded = conflict.and_then(|c| c.theirs.as_ref().and_then(|id| blobs.version(id, &c.mode)));
    let theirs = fate.after.open.and_then(|n| said[n].theirs.clone());
    let Some(theirs) = theirs else {
        // What somebody has edited stays.
        if let Some(path) = old
            && apply.disk().obstacle(path)?.is_none()
        {
            let (now, before) = apply.here(path, former)?;
            if before.is_some() && before == recorded {
                fate.former_copy = Some(path.to_owned());
                plan.changes.push(Change { path: path.to_owned(), now, before, want: None, archive: String::new() });
            } else if before.is_some() {
                plan.remarks.push(kept(path));
            }
        }
        return Ok(());
    };
    let free = (1..).map(|n| beside(&fate.path, n));
    for path in old.map(str::to_owned).into_iter().chain(free) {
        if copies.contains(&path) || apply.disk().obstacle(&path)?.is_some() {
            continue;
        }
        let (now, before) = apply.here(&path, former)?;
        let usable = old == Some(path.as_str()) || before.as_ref().is_none_or(|there| *there == theirs);
        if usable {
            copies.insert(path.clone());
            fate.copy.clone_from(&path);
            let want = Some(theirs);
            if now != want || before != want {
                let is_edit = before.is_some() && before != want && before != recorded;
                fate.edit = is_edit.then_some(if now == want { Edit::GaveWay } else { Edit::GivesWay });
                plan.changes.push(Change { path, now, before, want, archive: String::new() });
            }
            break;
        }
    }
    Ok(())
}

/// What is said of a copy of theirs that somebody has edited, once its conflict is over.
pub(super) fn kept(copy: &str) -> String {
    format!("{copy:?} has edits of yours; it stays, as a file like any other")
}

/// The name of the `n`th copy of theirs beside a file.
pub(super) fn beside(path: &str, n: u32) -> String {
    let ending = if n == 1 { THEIRS.to_owned() } else { format!(".{n}{THEIRS}") };
    apply::with_ending(path, &ending)
}

/// Objects that were read.
pub(super) struct Blobs(BTreeMap<String, Vec<u8>>);

impl Blobs {
    pub(super) fn read(git: &Git<'_>, ids: impl IntoIterator<Item = String>) -> Result<Self, OpError> {
        let ids: Vec<_> = ids.into_iter().collect();
        let bodies = read::bodies(git, &ids)?;
        Ok(Self(ids.into_iter().zip(bodies).filter_map(|(id, bytes)| Some((id, bytes?))).collect()))
    }

    pub(super) fn version(&self, id: &str, mode: &str) -> Option<Rc<Content>> {
        let bytes = self.0.get(id)?.clone();
        Some(Rc::new(Content { executable: mode == EXECUTABLE, bytes }))
    }

    pub(super) fn of(&self, version: &Version) -> Option<Rc<Content>> {
        self.version(&version.blob, &version.mode)
    }
}
