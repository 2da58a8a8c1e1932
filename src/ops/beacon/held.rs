//! Messages that were held: where they stand in the channel by now, which are dropped for good, and what was taken in
//! that was sent after them.

use std::collections::{BTreeMap, BTreeSet};

use super::check::Checks;
use super::incoming::Judge;
use crate::beacon::applied::{Held, State};
use crate::beacon::manifest::File;
use crate::context::Context;
use crate::git::command::Git;
use crate::git::reads::Reads;
use crate::ops::beacon::chain::{self, Link};
use crate::ops::beacon::hints::Hints;
use crate::ops::beacon::{Place, applied};
use crate::ops::error::OpError;

/// Commits that one look backwards reads.
const AT_ONCE: usize = 1000;
/// Fewer characters of a commit's id name none.
const SHORTEST: usize = 4;
/// So many characters of a commit's id are shown where its number is not enough.
const SHOWN: usize = 10;

/// Messages that were held, looked up in the channel.
#[derive(Default)]
pub(super) struct Recalled {
    /// What is still there, the oldest first.
    pub(super) links: Vec<(Held, Link)>,
    /// What is not there any more.
    pub(super) gone: Vec<Held>,
    /// The commits from the oldest of them on, in the order of the channel.
    walk: Vec<String>,
    /// Messages that were dropped for good.
    dropped: Vec<Held>,
}

/// Looks all of them up at once: anybody who can push may cause any number of them. `dropped` are those that were dropped
/// just now.
///
/// # Errors
/// Where git cannot read the channel.
pub(super) fn recall(
    place: &Place,
    git: &Git<'_>,
    state: &State,
    dropped: &[Held],
    end: &str,
) -> Result<Recalled, OpError> {
    let held = &state.held;
    if held.is_empty() {
        return Ok(Recalled::default());
    }
    let mut missing: BTreeSet<&str> = held.iter().map(|h| h.commit.as_str()).collect();
    let mut walk: Vec<String> = Vec::new();
    let mut next = Some(end.to_owned());
    while let Some(from) = next.take() {
        for (commit, _) in Reads::open(&place.at, git).first_parents(&from, AT_ONCE + 1)? {
            if missing.is_empty() || walk.last() == Some(&commit) {
                continue;
            }
            missing.remove(commit.as_str());
            walk.push(commit);
        }
        next = walk.last().filter(|last| !missing.is_empty() && **last != from).cloned();
    }
    walk.reverse();
    let reads = Reads::open(&place.at, git);
    let at: BTreeMap<&str, usize> = walk.iter().enumerate().map(|(n, commit)| (commit.as_str(), n)).collect();
    // Where somebody merged, it may stand beside the chain.
    let there = |commit: &str| at.contains_key(commit) || reads.is_ancestor(commit, end).unwrap_or(false);
    let (mut found, gone): (Vec<_>, Vec<_>) = held.iter().cloned().partition(|h| there(&h.commit));
    found.sort_by_key(|h| at.get(h.commit.as_str()).copied());
    let commits: Vec<_> = found.iter().map(|h| h.commit.clone()).collect();
    let links = found.into_iter().zip(chain::read(place, git, &commits)?).collect();
    let dropped = state.dropped.iter().chain(dropped).cloned().collect();
    Ok(Recalled { links, gone, walk, dropped })
}

/// Files of which messages speak that were taken in, or sent from here, with where these stand among the others.
pub(super) struct Later(Vec<(usize, File)>);

impl Recalled {
    /// What was taken in of the channel from the oldest of them on. `new` are the commits that are looked at just now.
    ///
    /// # Errors
    /// Where git cannot read them.
    pub(super) fn later(
        &self,
        place: &Place,
        git: &Git<'_>,
        judge: &mut Judge<'_>,
        new: &BTreeSet<String>,
    ) -> Result<Later, OpError> {
        let all = self.links.iter().map(|(held, _)| held).chain(&self.dropped);
        let left: BTreeMap<&str, &Held> = all.map(|held| (held.commit.as_str(), held)).collect();
        let known =
            |commit: &&String| !new.contains(*commit) && left.get(commit.as_str()).is_none_or(|h| h.is_partly());
        let (numbers, commits): (Vec<_>, Vec<_>) =
            self.walk.iter().enumerate().filter(|(_, commit)| known(commit)).map(|(n, c)| (n, c.clone())).unzip();
        let mut files = Vec::new();
        for (n, link) in numbers.into_iter().zip(chain::read(place, git, &commits)?) {
            let Some(message) = link.message().filter(|m| m.is_for(&judge.me) || m.from.id == judge.me.id) else {
                continue;
            };
            if judge.authors.accept(&link.author)?.is_ok() {
                let left = left.get(link.commit.as_str()).map_or(&[][..], |h| &h.paths);
                files.extend(message.files.iter().filter(|f| !left.contains(&f.path)).map(|f| (n, f.clone())));
            }
        }
        Ok(Later(files))
    }

    /// Where a commit stands; the first where that is not known.
    pub(super) fn position(&self, commit: &str) -> usize {
        self.walk.iter().position(|c| c == commit).unwrap_or_default()
    }
}

impl Later {
    /// What was sent from here, among commits that are looked at just now, in which messages for this side speak of it as
    /// well. Where a message was not accepted yet, nothing has kept a push of the same file back.
    ///
    /// # Errors
    /// Where git cannot say who the user is.
    pub(super) fn sent(links: &[(Option<&Held>, Link)], judge: &mut Judge<'_>) -> Result<Self, OpError> {
        let messages: Vec<_> =
            links.iter().enumerate().filter_map(|(n, (_, link))| Some((n, &link.author, link.message()?))).collect();
        let coming = messages.iter().filter(|(_, _, m)| m.is_for(&judge.me)).flat_map(|(_, _, m)| &m.files);
        let coming: BTreeSet<&str> = coming.map(|file| file.path.as_str()).collect();
        let mut files = Vec::new();
        for (n, author, message) in messages.iter().filter(|(_, _, m)| m.from.id == judge.me.id) {
            let both: Vec<_> = message.files.iter().filter(|f| coming.contains(f.path.as_str())).collect();
            if !both.is_empty() && judge.authors.accept(author)?.is_ok() {
                files.extend(both.into_iter().map(|file| (*n, file.clone())));
            }
        }
        Ok(Self(files))
    }

    /// Whether a message behind `position` speaks of a path: then whether a version in one of them was edited from
    /// `blob`.
    pub(super) fn of(&self, position: usize, path: &str, blob: Option<&str>) -> Option<bool> {
        let mut later = self.0.iter().filter(|(n, file)| *n > position && file.path == path).peekable();
        later.peek()?;
        Some(later.any(|(_, file)| {
            file.base.as_deref().zip(blob).is_some_and(|(base, blob)| base.eq_ignore_ascii_case(blob))
        }))
    }
}

/// Those of the messages that were held which a pull would take in now, the oldest first.
///
/// # Errors
/// Where git or a folder cannot be read.
pub(super) fn acceptable(
    ctx: &Context,
    place: &Place,
    git: &Git<'_>,
    state: &State,
    end: &str,
) -> Result<Vec<Link>, OpError> {
    let recalled = recall(place, git, state, &[], end)?;
    let (mut judge, mut checks) = (Judge::new(ctx, place, git), Checks::new(place, git));
    let mut found = Vec::new();
    for (held, mut link) in recalled.links {
        let accepted = match judge.verdict(&link)? {
            Some(Ok(message)) => checks.message(&link.commit, message)?.is_ok(),
            _ => false,
        };
        if !accepted {
            continue;
        }
        if let Some(message) = link.manifest.as_mut().ok().and_then(|manifest| manifest.message.as_mut()) {
            message.files.retain(|file| !held.is_partly() || held.paths.contains(&file.path));
        }
        found.push(link);
    }
    Ok(found)
}

/// Whether there is one of these.
///
/// # Errors
/// As [`acceptable`].
pub(super) fn comes_now(ctx: &Context, place: &Place, git: &Git<'_>) -> Result<bool, OpError> {
    let state = applied::read(place, git)?.state;
    let end = if state.held.is_empty() { None } else { chain::seen(place, git)? };
    match end.as_ref().and_then(|end| end.commit().ok()) {
        Some(end) => Ok(!acceptable(ctx, place, git, &state, end)?.is_empty()),
        None => Ok(false),
    }
}

/// Messages that somebody wants to be rid of: by number, or by the beginning of the commit's id.
pub(super) struct Unwanted<'w>(Vec<(&'w str, Vec<Held>)>);

impl<'w> Unwanted<'w> {
    pub(super) fn new(words: &'w [String]) -> Self {
        Self(words.iter().map(|word| (word.as_str(), Vec::new())).collect())
    }

    /// Takes those out of `held` that are meant.
    pub(super) fn take(&mut self, held: &mut Vec<Held>) -> Vec<Held> {
        let meant = held.extract_if(.., |held| {
            let by = self.0.iter_mut().filter(|(word, _)| is_meant(word, held));
            by.map(|(_, found)| found.push(held.clone())).count() > 0
        });
        meant.collect()
    }

    /// # Errors
    /// Where a word means none of them, or several.
    pub(super) fn check(&self, hints: &Hints) -> Result<(), OpError> {
        for (word, found) in &self.0 {
            match &found[..] {
                [_] => {}
                [] => {
                    return Err(OpError::usage(format!("no message {word} is held"))
                        .remedy(format!("`{}` names those that are", hints.verb("pull"))));
                }
                [first, ..] => {
                    let all: Vec<_> = found.iter().map(|h| format!("{} ({})", short(&h.commit), h.why)).collect();
                    return Err(OpError::usage(format!("{word} may mean any of {}", all.join(", "))).remedy(format!(
                        "name it by its commit, as `{}`",
                        hints.verb(&format!("pull --skip {}", short(&first.commit)))
                    )));
                }
            }
        }
        Ok(())
    }
}

fn is_meant(word: &str, held: &Held) -> bool {
    let is_id = word.len() >= SHORTEST && word.chars().all(|c| c.is_ascii_hexdigit());
    word.parse() == Ok(held.seq) || (is_id && held.commit.starts_with(&word.to_ascii_lowercase()))
}

/// As much of a commit's id as is shown.
#[must_use]
pub fn short(commit: &str) -> &str {
    commit.get(..SHOWN).unwrap_or(commit)
}
