//! Putting files in place, as one transaction: all is written beside first, what will be replaced is kept by a backup,
//! then each file is swapped in by a rename, and what that displaced is looked at. What was edited meanwhile goes back
//! to its place.
//!
//! Whoever is killed leaves a plan in the stage: what each path had before and what it should get. The next call takes
//! what already has its new bytes for what it was before, and so comes to the same end as one that was never killed.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::disk::{self, Disk};
use super::{backup, make, read};
use crate::beacon::applied::Version;
use crate::beacon::fold::Content;
use crate::clock;
use crate::context::Context;
use crate::digest::sha256;
use crate::fs::{FsError, layout};
use crate::git::command::Git;
use crate::ops::beacon::Place;
use crate::ops::error::OpError;
use crate::ops::exclude;

/// Where files are written first: on the file system of the folders they go to.
pub(super) const STAGE: &str = ".claude/sync/.stage";
/// Where files go that the other side took away.
pub(super) const ARCHIVE: &str = ".claude/sync/archive";
/// What is under way.
const PLAN: &str = ".claude/sync/.stage/plan.json";
/// Files of one name in a day's archive.
const MOST: u32 = 1000;
/// Longest name of a file in bytes (NAME_MAX).
const NAME: usize = 255;

/// What shall become of a path.
#[derive(Debug, Clone)]
pub(super) struct Change {
    /// The path.
    pub(super) path: String,
    /// What lies there. Nothing else is ever replaced.
    pub(super) now: Option<Rc<Content>>,
    /// What lay there before a pull that was killed; else what lies there now.
    pub(super) before: Option<Rc<Content>>,
    /// What shall lie there.
    pub(super) want: Option<Rc<Content>>,
    /// Where it goes if nothing shall; empty where it need not be kept.
    pub(super) archive: String,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Paths that were edited meanwhile, and are as they were.
    pub(super) left: BTreeSet<String>,
    /// Of these, why a path could not be written where it was not edited.
    pub(super) failed: BTreeMap<String, String>,
    /// Where the former bytes are.
    pub(super) backup: Option<String>,
    /// What people should know.
    pub(super) remarks: Vec<String>,
}

/// What lay at a path before a pull that was killed.
#[derive(Debug, Clone)]
pub(super) struct Former {
    content: Option<Rc<Content>>,
    mark: Option<Mark>,
}

/// Why a path was not changed.
enum Stop {
    /// For a reason of its own.
    Path(FsError),
    /// For one that all others have as well.
    All(OpError),
}

impl From<FsError> for Stop {
    fn from(error: FsError) -> Self {
        if disk::concerns_all(&error) { Self::All(error.into()) } else { Self::Path(error) }
    }
}

impl From<OpError> for Stop {
    fn from(error: OpError) -> Self {
        Self::All(error)
    }
}

/// The plan, as it lies in the stage.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Plan {
    version: u32,
    /// What the names of its slots begin with. Each run has slots of its own: what a run that was killed has staged by
    /// then must not be taken for what a former one displaced.
    run: String,
    /// The channel it is of.
    channel: String,
    /// The applied commit that it was made on: once another one is there, it was carried out.
    applied: Option<String>,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Step {
    path: String,
    before: Option<Mark>,
    want: Option<Mark>,
}

/// A version of a file, without its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Mark {
    sha256: String,
    executable: bool,
    /// git's object id, where it is kept as one.
    #[serde(skip_serializing_if = "String::is_empty")]
    blob: String,
}

impl Mark {
    fn of(content: &Content) -> Self {
        Self { sha256: sha256(&content.bytes), executable: content.executable, blob: String::new() }
    }

    fn is(&self, content: &Content) -> bool {
        self.executable == content.executable && self.sha256 == sha256(&content.bytes)
    }
}

fn is(mark: Option<&Mark>, content: Option<&Content>) -> bool {
    match (mark, content) {
        (Some(mark), Some(content)) => mark.is(content),
        (None, None) => true,
        _ => false,
    }
}

/// Files of a working tree, to be changed together.
pub(super) struct Apply<'a> {
    pub(super) ctx: &'a Context,
    pub(super) place: &'a Place,
    pub(super) git: &'a Git<'a>,
    /// Told each step that was passed: tests let the process die there, or edit a file.
    pub(super) step: &'a dyn Fn(&str),
}

impl Apply<'_> {
    pub(super) fn disk(&self) -> Disk<'_> {
        Disk(&self.place.at.worktree)
    }

    /// What a pull that was killed has changed already: what lay there before, by path. What was edited since is in its
    /// place again then, unless `dry`.
    ///
    /// # Errors
    /// Where that cannot be told, or the beacon's own folder is not what it should be.
    pub(super) fn recover(
        &self,
        applied: Option<&str>,
        dry: bool,
        remarks: &mut Vec<String>,
    ) -> Result<BTreeMap<String, Former>, OpError> {
        let disk = self.disk();
        for path in [PLAN, &format!("{ARCHIVE}/.any"), &format!("{}/{}", layout::SYNC, layout::SYNC_MANIFEST)] {
            if let Some(why) = disk.obstacle(path)? {
                let at = self.place.at.worktree.display();
                return Err(OpError::refused(format!("{at}: {path:?} {why}"))
                    .remedy("put it out of the way; the beacon keeps its own files there"));
            }
        }
        let mut former = BTreeMap::new();
        let Some(plan) = self.plan()? else { return Ok(former) };
        let interrupted = plan.channel == self.place.channel.as_str() && plan.applied.as_deref() == applied;
        for (n, step) in plan.steps.iter().enumerate() {
            if !dry {
                self.put_back(&slot(&plan.run, n), step, remarks)?;
            }
            let now = disk.read(&step.path).unwrap_or_default();
            if !interrupted || !is(step.want.as_ref(), now.as_ref()) {
                continue;
            }
            let content = match &step.before {
                None => None,
                Some(mark) => {
                    let bytes = read::bodies(self.git, std::slice::from_ref(&mark.blob))?.pop().flatten();
                    // Without the former bytes there is nothing to go by but what lies here.
                    let Some(bytes) = bytes.filter(|b| sha256(b) == mark.sha256) else { continue };
                    Some(Rc::new(Content { executable: mark.executable, bytes }))
                }
            };
            former.insert(step.path.clone(), Former { content, mark: step.before.clone() });
        }
        Ok(former)
    }

    fn plan(&self) -> Result<Option<Plan>, OpError> {
        let Some(text) = self.disk().read(PLAN)? else { return Ok(None) };
        // It is put there whole, before anything else is changed; so a broken one was damaged since.
        serde_json::from_slice(&text.bytes).map(Some).map_err(|e| {
            let at = self.disk().place(PLAN);
            OpError::refused(format!("{} is broken: {e}", at.display()))
                .remedy(format!("look for edits of yours in {STAGE}, then remove that folder"))
        })
    }

    /// What a swap that was cut short displaced: the user's own bytes go back to their place.
    fn put_back(&self, slot: &str, step: &Step, remarks: &mut Vec<String>) -> Result<(), OpError> {
        let disk = self.disk();
        let aside = disk::aside(slot);
        if disk.permissions(&aside).ok().flatten().is_some() && !disk.move_new(&aside, &step.path)? {
            disk.move_new(&aside, slot)?;
        }
        let displaced = match disk.read(slot) {
            Ok(None) => return Ok(()),
            Ok(Some(displaced)) => Some(displaced),
            Err(_) => None,
        };
        let known = |mark: &Option<Mark>| displaced.as_ref().is_some_and(|d| is(mark.as_ref(), Some(d)));
        if known(&step.want) || known(&step.before) {
            return Ok(());
        }
        let now = disk.read(&step.path).unwrap_or_default();
        if is(step.want.as_ref(), now.as_ref()) && step.want.is_some() && disk.exchange(slot, &step.path)? {
            return Ok(());
        }
        self.rescue(slot, &step.path, remarks)
    }

    /// Bytes that nobody expected, and that have no place any more, go to the archive.
    fn rescue(&self, slot: &str, path: &str, remarks: &mut Vec<String>) -> Result<(), OpError> {
        for n in 1..=MOST {
            let to = numbered(&format!("{ARCHIVE}/{}/{path}", self.today()), n);
            if self.disk().obstacle(&to)?.is_none() && self.disk().permissions(&to)?.is_none() {
                if self.disk().move_new(slot, &to)? {
                    remarks.push(format!("an edit of {path:?} that came in between is in {to:?}"));
                    return Ok(());
                }
                if self.disk().permissions(slot).is_ok_and(|there| there.is_none()) {
                    return Ok(());
                }
            }
        }
        Err(self.no_room(path))
    }

    fn no_room(&self, path: &str) -> OpError {
        let at = self.disk().place(ARCHIVE);
        OpError::refused(format!("{} has no room for {path:?}", at.display())).remedy("put its files elsewhere")
    }

    /// What lies at a path, and what lay there before a pull that was killed.
    ///
    /// # Errors
    /// Where it cannot be read.
    #[expect(clippy::type_complexity, reason = "now, and before")]
    pub(super) fn here(
        &self,
        path: &str,
        former: &BTreeMap<String, Former>,
    ) -> Result<(Option<Rc<Content>>, Option<Rc<Content>>), OpError> {
        let now = self.disk().read(path)?.map(Rc::new);
        let before = former.get(path).map_or_else(|| now.clone(), |f| f.content.clone());
        Ok((now, before))
    }

    /// Where a file goes that is taken away, and whether it lies there already, byte for byte.
    ///
    /// # Errors
    /// Where the archive cannot be read.
    pub(super) fn archive_for(&self, path: &str, content: &Content) -> Result<(String, bool), OpError> {
        let base = format!("{ARCHIVE}/{}/{path}", self.today());
        for n in 1..=MOST {
            let to = numbered(&base, n);
            if self.disk().obstacle(&to)?.is_some() {
                continue;
            }
            match self.disk().read(&to)? {
                None => return Ok((to, false)),
                Some(there) if there == *content => return Ok((to, true)),
                Some(_) => {}
            }
        }
        Err(self.no_room(path))
    }

    fn today(&self) -> String {
        clock::rfc3339(self.ctx.clock.now_ms()).chars().take(10).collect()
    }

    /// Makes the changes. The applied ref is the caller's to move, and [`finish`](Self::finish) to be called then.
    ///
    /// # Errors
    /// Where a file or git fails: a second call goes on from there.
    pub(super) fn run(
        &self,
        changes: &[Change],
        former: &BTreeMap<String, Former>,
        applied: Option<&str>,
    ) -> Result<Outcome, OpError> {
        let mut outcome = Outcome::default();
        let disk = self.disk();
        for own in [STAGE, ARCHIVE] {
            exclude::keep_out_of_git(&disk.place(own))?;
        }
        // What a former one left is known by now; the plan of it stays until there is another.
        self.empty(false)?;
        let run = format!("{:08x}", self.ctx.dice().token());
        let slot = |n| slot(&run, n);
        for (n, change) in changes.iter().enumerate().filter(|(_, c)| c.now != c.want) {
            let Some(want) = &change.want else { continue };
            let there = if change.now.is_some() { disk.permissions(&change.path)? } else { None };
            let fresh = if want.executable { 0o777 } else { 0o666 };
            let exact = there.map(|mode| if want.executable { mode | (mode & 0o444) >> 2 } else { mode & !0o111 });
            disk.create(&slot(n), &want.bytes, exact.unwrap_or(fresh), exact.is_some())?;
        }
        (self.step)("staged");
        let kept = self.keep(changes, &mut outcome)?;
        (self.step)("kept");
        let steps = changes.iter().map(|change| {
            let before = match former.get(&change.path) {
                Some(former) => former.mark.clone(),
                None => change.before.as_ref().map(|content| {
                    let blob = kept.get(&change.path).map(|v| v.blob.clone()).unwrap_or_default();
                    Mark { blob, ..Mark::of(content) }
                }),
            };
            Step { path: change.path.clone(), before, want: change.want.as_deref().map(Mark::of) }
        });
        let plan = Plan {
            version: 1,
            run: run.clone(),
            channel: self.place.channel.to_string(),
            applied: applied.map(str::to_owned),
            steps: steps.collect(),
        };
        let text = serde_json::to_vec(&plan).map_err(|e| OpError::refused(e.to_string()))?;
        disk.replace(PLAN, &text, 0o600)?;
        (self.step)("planned");
        let mut moved = Vec::new();
        for (n, change) in changes.iter().enumerate().filter(|(_, c)| c.now != c.want) {
            if self.swap(n, &slot(n), change, &mut outcome)? {
                moved.push((n, change));
            } else {
                outcome.left.insert(change.path.clone());
            }
            (self.step)(&format!("moved-{n}"));
        }
        for (n, change) in moved {
            // Somebody may have had the file open, and write into it still.
            let displaced = disk.read(&slot(n)).unwrap_or_default();
            if displaced.is_some() && displaced.as_ref() != change.now.as_deref() {
                self.rescue(&slot(n), &change.path, &mut outcome.remarks)?;
            }
            disk.sync_folder_of(&change.path);
            if !change.archive.is_empty() {
                disk.sync_folder_of(&change.archive);
            }
        }
        Ok(outcome)
    }

    /// Keeps what will be replaced: as objects, and these by a backup.
    fn keep(&self, changes: &[Change], outcome: &mut Outcome) -> Result<BTreeMap<String, Version>, OpError> {
        let (mut paths, mut copies) = (Vec::new(), Vec::new());
        for (n, change) in changes.iter().enumerate().filter(|(_, c)| c.now != c.want) {
            if let Some(now) = &change.now {
                let copy = format!("{STAGE}/{n}.kept");
                self.disk().create(&copy, &now.bytes, 0o600, true)?;
                copies.push(copy);
                paths.push((change.path.clone(), now.mode().to_owned()));
            }
        }
        if paths.is_empty() {
            return Ok(BTreeMap::new());
        }
        let ids = make::files(self.git, &copies)?;
        let kept: BTreeMap<_, _> =
            paths.into_iter().zip(ids).map(|((path, mode), blob)| (path, Version { blob, mode })).collect();
        outcome.backup = Some(backup::take(self.ctx, self.place, self.git, &kept)?);
        Ok(kept)
    }

    /// Changes one path. Whether it was as it was expected, and could be written: what cannot is one path's trouble, and
    /// no reason to keep all others from arriving.
    fn swap(&self, n: usize, slot: &str, change: &Change, outcome: &mut Outcome) -> Result<bool, OpError> {
        self.try_swap(n, slot, change, outcome).or_else(|error| match error {
            Stop::Path(error) => {
                // The stage goes away when all others are done, and must hold nothing of the user's by then.
                let mark = |content: &Option<Rc<Content>>| content.as_deref().map(Mark::of);
                let step = Step { path: change.path.clone(), before: mark(&change.now), want: mark(&change.want) };
                self.put_back(slot, &step, &mut outcome.remarks)?;
                outcome.failed.insert(change.path.clone(), error.to_string());
                Ok(false)
            }
            Stop::All(error) => Err(error),
        })
    }

    fn try_swap(&self, n: usize, slot: &str, change: &Change, outcome: &mut Outcome) -> Result<bool, Stop> {
        let disk = self.disk();
        let Some(now) = change.now.as_deref() else {
            return Ok(disk.move_new(slot, &change.path)?);
        };
        let is_expected = |path: &str| disk.read(path).is_ok_and(|there| there.as_ref() == Some(now));
        if !is_expected(&change.path) {
            return Ok(false);
        }
        (self.step)(&format!("before-{n}"));
        if change.want.is_none() {
            let to = if change.archive.is_empty() { slot } else { &change.archive };
            if !disk.move_new(&change.path, to)? {
                return Ok(false);
            }
            (self.step)(&format!("taken-{n}"));
            if is_expected(to) {
                return Ok(true);
            }
            if !disk.move_new(to, &change.path)? && change.archive.is_empty() {
                self.rescue(to, &change.path, &mut outcome.remarks)?;
            }
            return Ok(false);
        }
        if !disk.exchange(slot, &change.path)? {
            return Ok(false);
        }
        (self.step)(&format!("taken-{n}"));
        if is_expected(slot) {
            return Ok(true);
        }
        let back = disk.exchange(slot, &change.path)?;
        let ours = disk.read(slot).is_ok_and(|there| there.as_ref() == change.want.as_deref());
        if !back || !ours {
            // A second edit came in just then. It has the place now.
            self.rescue(slot, &change.path, &mut outcome.remarks)?;
        }
        Ok(false)
    }

    /// Takes the stage away.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub(super) fn finish(&self) -> Result<(), OpError> {
        if self.disk().permissions(PLAN)?.is_none() && self.disk().list(STAGE)?.is_empty() {
            let _ = std::fs::remove_dir(self.disk().place(STAGE));
            return Ok(());
        }
        self.empty(true)?;
        let _ = std::fs::remove_dir(self.disk().place(STAGE));
        Ok(())
    }

    fn empty(&self, all: bool) -> Result<(), OpError> {
        for name in self.disk().list(STAGE)? {
            let path = format!("{STAGE}/{name}");
            if path != PLAN {
                self.disk().remove(&path)?;
            }
        }
        if all {
            self.disk().remove(PLAN)?;
        }
        Ok(())
    }
}

fn slot(run: &str, n: usize) -> String {
    format!("{STAGE}/{run}-{n}")
}

/// A path with a number before which no other file of that name is; 1 is the path itself. Names stay short enough.
pub(super) fn numbered(path: &str, n: u32) -> String {
    with_ending(path, &if n == 1 { String::new() } else { format!(".{n}") })
}

/// A path with something added to its name, which is cut where it would be too long.
pub(super) fn with_ending(path: &str, ending: &str) -> String {
    let (folder, name) = path.rsplit_once('/').map_or((None, path), |(folder, name)| (Some(folder), name));
    let mut name = name.to_owned();
    while name.len() + ending.len() > NAME && name.pop().is_some() {}
    match folder {
        Some(folder) => format!("{folder}/{name}{ending}"),
        None => format!("{name}{ending}"),
    }
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;
