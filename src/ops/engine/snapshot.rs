//! Snapshots: HEAD, index and working tree as they were before a sync changed anything, kept as a
//! commit under `refs/craft/backup/`. Never a stash: a stash takes work out of the tree first and
//! loses it when it is interrupted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::stage::{Scope, io_error};
use super::{Engine, fail_point};
use crate::clock::{self, Millis};
use crate::git::command::{Call, Git, GitError};
use crate::ops::history::Snapshot;
use crate::queue::Trigger;
use crate::sync::outcome::End;

/// Where snapshots lie.
pub const REFS: &str = "refs/craft/backup/";
/// So many snapshots of each working tree stay, however old they are.
const KEPT: usize = 10;
/// First line of a snapshot's message.
const SUBJECT: &str = "craft: snapshot before a sync";

/// A snapshot that was just taken.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) id: String,
    /// HEAD's commit then.
    pub(super) head: Option<String>,
    /// The tree of the index as it was.
    pub(super) index: String,
    /// The tree of the working tree as it was.
    pub(super) worktree: String,
    /// Whether nobody has looked at the working tree again since.
    pub(super) current: bool,
}

/// What a snapshot's message says of it, as one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Meta {
    pub(super) version: u32,
    pub(super) taken: Millis,
    pub(super) trigger: Trigger,
    pub(super) worktree: String,
    pub(super) branch: String,
    pub(super) head: String,
    pub(super) index: String,
    pub(super) tree: String,
    pub(super) dirty: usize,
}

impl Engine<'_> {
    /// Takes the snapshot of this sync, once.
    pub(super) fn keep(&mut self) -> Result<(), End> {
        if self.kept.is_some() {
            return Ok(());
        }
        if self.work.is_none() {
            self.look()?;
        }
        let kept = self.patiently(Self::take).map_err(|e| self.end(&e))?;
        fail_point(self.ctx, "snapshot");
        self.kept = Some(kept);
        Ok(())
    }

    fn take(&mut self) -> Result<Kept, GitError> {
        let dirty = self.work.as_ref().is_some_and(|w| !w.clean());
        let (index, worktree) = match (&self.head, dirty) {
            (Some(head), false) => {
                let tree = self.reads.tree_of(head)?;
                (tree.clone(), tree)
            }
            (head, _) => {
                let staged = self.work.as_ref().is_none_or(super::changes::Work::staged);
                let unstaged = head.clone().filter(|_| !staged);
                let copy = self.copy_index().map_err(|e| io_error("copy the index", &e))?;
                let index = match unstaged {
                    Some(head) => self.reads.tree_of(&head)?,
                    None => self.write_tree(copy.path())?,
                };
                self.stage(Some(copy.path()), Scope::Snapshot)?;
                let worktree = self.write_tree(copy.path())?;
                (index, worktree)
            }
        };
        let taken = self.ctx.clock.now_ms();
        let id = format!("{}-{:08x}", clock::compact(taken), self.dice.token());
        let meta = Meta {
            version: 1,
            taken,
            trigger: self.job.trigger,
            worktree: self.at.worktree.display().to_string(),
            branch: self.branch.clone(),
            head: self.head.clone().unwrap_or_default(),
            index: index.clone(),
            tree: worktree.clone(),
            dirty: self.work.as_ref().map_or(0, super::changes::Work::len),
        };
        let meta = serde_json::to_string(&meta).unwrap_or_default();
        let head: Vec<&str> = self.head.iter().flat_map(|h| ["-p", h.as_str()]).collect();
        let mut parents = head.clone();
        let staged;
        // Where the index is HEAD's, or the working tree's, its tree is kept alive by theirs.
        if self.work.as_ref().is_some_and(super::changes::Work::staged) {
            staged =
                ours(self.git.write(["commit-tree", &index].into_iter().chain(head)).input("craft: index")).line()?;
            parents.extend(["-p", staged.as_str()]);
        }
        let message = format!("{SUBJECT}\n\n{meta}\n");
        let commit =
            ours(self.git.write(["commit-tree", &worktree].into_iter().chain(parents)).input(message)).line()?;
        fail_point(self.ctx, "snapshot-made");
        self.git.write(["update-ref", &format!("{REFS}{id}"), &commit, ""]).run()?;
        Ok(Kept { id, head: self.head.clone(), index, worktree, current: true })
    }
}

/// Snapshots are ours: they need no identity of the user's, and are never signed.
fn ours<'g, 'a>(call: Call<'g, 'a>) -> Call<'g, 'a> {
    call.setting("commit.gpgSign=false")
        .env("GIT_AUTHOR_NAME", "claude-craft")
        .env("GIT_AUTHOR_EMAIL", "craft@localhost")
        .env("GIT_COMMITTER_NAME", "claude-craft")
        .env("GIT_COMMITTER_EMAIL", "craft@localhost")
}

/// All snapshots of a repository, newest first, with what their messages say.
pub(super) fn all(git: &Git<'_>) -> Result<Vec<(Snapshot, Meta)>, GitError> {
    let format = "--format=%(refname)%00%(objectname)%00%(contents:body)%00";
    let text = git.read(["for-each-ref", format, REFS]).line()?;
    let mut fields = text.split('\0').map(|f| f.trim_start_matches('\n'));
    let mut found = Vec::new();
    while let (Some(name), Some(commit), Some(body)) = (fields.next(), fields.next(), fields.next()) {
        let Some(id) = name.strip_prefix(REFS) else { continue };
        let Ok(meta) = serde_json::from_str::<Meta>(body.trim()) else { continue };
        let snapshot = Snapshot {
            id: id.to_owned(),
            commit: commit.to_owned(),
            taken: meta.taken,
            trigger: meta.trigger,
            worktree: meta.worktree.clone(),
            branch: meta.branch.clone(),
            head: meta.head.clone(),
            dirty: meta.dirty,
        };
        found.push((snapshot, meta));
    }
    // The names only tell seconds, and of two in one second the later is the newest.
    found.sort_by(|(a, _), (b, _)| (b.taken, &b.id).cmp(&(a.taken, &a.id)));
    Ok(found)
}

/// All snapshots of a repository, newest first.
///
/// # Errors
/// Where git fails.
pub fn list(git: &Git<'_>) -> Result<Vec<Snapshot>, GitError> {
    Ok(all(git)?.into_iter().map(|(snapshot, _)| snapshot).collect())
}

/// Removes snapshots taken before `oldest`, but not the newest of each working tree: the clock may be wrong, and
/// age alone must not take the last line away. How many.
///
/// # Errors
/// Where git fails.
pub(super) fn prune(git: &Git<'_>, oldest: Millis) -> Result<usize, GitError> {
    let mut kept: BTreeMap<String, usize> = BTreeMap::new();
    let old: Vec<_> = all(git)?
        .into_iter()
        .map(|(s, _)| s)
        .filter(|s| {
            let newer = kept.entry(s.worktree.clone()).or_default();
            *newer += 1;
            *newer > KEPT && s.taken < oldest
        })
        .collect();
    if old.is_empty() {
        return Ok(0);
    }
    let lines: Vec<_> = old.iter().map(|s| format!("delete {REFS}{} {}\n", s.id, s.commit)).collect();
    let input = lines.concat();
    git.write(["update-ref", "--stdin"]).input(input).run()?;
    Ok(old.len())
}
