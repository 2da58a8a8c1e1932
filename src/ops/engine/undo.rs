//! Bringing a snapshot back: HEAD's branch, index and working tree, exactly. No remote is touched.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::snapshot::{self, Meta};
use super::stage::Scope;
use super::{Engine, Job, REFLOG_ACTION, fail_point, journal};
use crate::context::Context;
use crate::git::command::GitError;
use crate::git::repository::Head;
use crate::locate::Location;
use crate::ops::history::Undone;
use crate::sync::outcome::{End, Refusal};
use crate::sync::quote;

/// Brings the snapshot `id` back, the newest of this working tree where none is given. The caller
/// holds the repository's lock.
///
/// # Errors
/// How it ended instead.
pub fn undo(ctx: &Context, at: &Location, job: &Job<'_>, id: Option<&str>) -> Result<Undone, End> {
    let git = super::git_for(ctx, at, job.config);
    let mut silent = crate::sync::step::Silent;
    let mut engine = Engine::new(ctx, at, job, &git, &mut silent);
    engine.recover()?;
    let found = snapshot::all(&git).map_err(|e| engine.end(&e))?;
    let here = at.worktree.display().to_string();
    let chosen = match id {
        Some(id) => found.iter().find(|(s, _)| s.id == id),
        None => found.iter().find(|(s, _)| s.worktree == here),
    };
    let Some((chosen, meta)) = chosen else {
        return Err(End::Refused {
            kind: Refusal::NotEnrolled,
            reason: match id {
                Some(id) => format!("there is no snapshot {id}"),
                None => "there is no snapshot of this working tree".into(),
            },
            command: format!("craft auto-sync history {}", quote::path(&at.worktree)),
        });
    };
    engine.bring_back(&chosen.id, meta)
}

/// Finishes an undo that was interrupted.
pub(super) fn finish(engine: &mut Engine<'_>, id: &str) -> Result<(), End> {
    let found = snapshot::all(engine.git).map_err(|e| engine.end(&e))?;
    let Some((_, meta)) = found.iter().find(|(s, _)| s.id == id) else { return Ok(()) };
    match engine.reads.head().map_err(|e| engine.end(&e))? {
        Head::Branch { name, .. } if name == meta.branch => {}
        // The user went elsewhere since; what is there now is theirs.
        _ => return Ok(()),
    }
    let outcome = engine.bring_back(id, meta).map(drop);
    engine.kept = None;
    engine.work = None;
    engine.head = None;
    engine.branch.clear();
    outcome.map_err(|end| engine.undo_interrupted(id, &end))
}

impl Engine<'_> {
    fn bring_back(&mut self, id: &str, meta: &Meta) -> Result<Undone, End> {
        let here = quote::path(&self.at.worktree);
        let again = |reason: String, command: String| End::Refused { kind: Refusal::InProgress, reason, command };
        self.ready_for_undo()?;
        if self.branch != meta.branch {
            let reason = format!("the snapshot is of the branch {}, and {} is checked out", meta.branch, self.branch);
            return Err(again(reason, format!("git -C {here} switch {}", quote::word(&meta.branch))));
        }
        if meta.worktree != self.at.worktree.display().to_string() {
            let reason = format!("the snapshot is of the working tree {}", meta.worktree);
            return Err(again(reason, format!("craft auto-sync history {here}")));
        }
        self.look()?;
        self.keep()?;
        let Some(now) = self.kept.clone() else {
            return Err(End::Failed { reason: "the present state could not be kept".into(), transient: false });
        };
        let files = self.reads.changed_paths(&now.worktree, &meta.tree).map_err(|e| self.end(&e))?;
        self.incoming.clone_from(&files);
        let obstacle = match self.left_out_in_the_way() {
            Some(path) => Some((path.to_owned(), "lies")),
            None => self.ignored_and_other(meta)?.map(|path| (path, "is ignored by git now and lies")),
        };
        if let Some((path, lies)) = obstacle {
            // Nothing was changed: the next undo means the snapshot this one meant, not this one's own.
            let _ = self.git.write(["update-ref", "-d", &format!("{}{}", snapshot::REFS, now.id)]).run();
            self.kept = None;
            let reason = format!("{} {lies} where the snapshot has a file", path.display());
            return Err(again(reason, format!("mv {0} {0}.mine", quote::path(&self.at.worktree.join(path)))));
        }
        self.open_journal(journal::Kind::Undo, id)?;
        fail_point(self.ctx, "undo-begun");
        self.bring_tree_back(&now.worktree, meta).map_err(|e| self.end(&e))?;
        self.close_journal();
        Ok(Undone {
            id: id.to_owned(),
            before: now.id,
            branch: meta.branch.clone(),
            head: meta.head.clone(),
            files: files.len(),
        })
    }

    /// A file that git ignores by now, that the snapshot would overwrite, and that holds something else:
    /// no snapshot has it.
    fn ignored_and_other(&self, meta: &Meta) -> Result<Option<PathBuf>, End> {
        for path in self.ignored_in_the_way()? {
            let mut object = OsString::from(format!("{}:", meta.tree));
            object.push(&path);
            let kept = self.git.read([OsStr::new("rev-parse"), OsStr::new("--verify"), &object]).line();
            let now = self.git.read([OsStr::new("hash-object"), OsStr::new("--"), path.as_os_str()]).line();
            if !matches!((&kept, &now), (Ok(kept), Ok(now)) if kept == now) {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    fn bring_tree_back(&mut self, now: &str, meta: &Meta) -> Result<(), GitError> {
        // The index first says what the files are, so that git may overwrite them (they are in the
        // snapshot that was just taken); then both go to the kept tree in one step of git's own.
        self.patiently(|e| e.stage(None, Scope::Snapshot))?;
        fail_point(self.ctx, "undo-staged");
        self.patiently(|e| e.git.write(["read-tree", "-m", "-u", now, &meta.tree]).run().map(drop))?;
        fail_point(self.ctx, "undo-tree");
        let branch = format!("refs/heads/{}", meta.branch);
        if meta.head.is_empty() {
            self.git.write(["update-ref", "-d", &branch]).run()?;
        } else {
            let reason = format!("{REFLOG_ACTION}: undo");
            self.git.write(["update-ref", "-m", &reason, &branch, &meta.head]).run()?;
        }
        fail_point(self.ctx, "undo-head");
        self.patiently(|e| e.git.write(["read-tree", "-m", &meta.index]).run().map(drop))
    }
}
