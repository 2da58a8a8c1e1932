//! Bringing a snapshot back: HEAD's branch, index and working tree, exactly. No remote is touched.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::snapshot::{self, Kept, Meta};
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
    engine.begin_run()?;
    let outcome = go_back(&mut engine, id);
    engine.end_run();
    outcome
}

fn go_back(engine: &mut Engine<'_>, id: Option<&str>) -> Result<Undone, End> {
    let now = engine.keep_the_present()?;
    let found = snapshot::all(engine.git).map_err(|e| engine.end(&e))?;
    let at = engine.at;
    let here = at.worktree.display().to_string();
    let head = engine.head.clone().unwrap_or_default();
    let is_now =
        |m: &Meta| m.tree == now.worktree && m.index == now.index && m.head == head && m.branch == engine.branch;
    let chosen = match id {
        Some(id) => found.iter().find(|(s, _)| s.id == id),
        // A sync that was refused after its snapshot changed nothing, and there is nothing to undo.
        None => found.iter().find(|(s, m)| s.worktree == here && !is_now(m)),
    };
    let Some((chosen, meta)) = chosen else {
        engine.forget_the_present(&now);
        return Err(End::Refused {
            kind: Refusal::NotEnrolled,
            reason: match id {
                Some(id) => format!("there is no snapshot {id}"),
                None => "there is no snapshot that differs from what is here now".into(),
            },
            command: format!("craft auto-sync history {}", quote::path(&at.worktree)),
        });
    };
    engine.bring_back(&chosen.id, meta, &now)
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
    let now = engine.keep_the_present()?;
    let outcome = engine.bring_back(id, meta, &now).map(drop);
    engine.kept = None;
    engine.work = None;
    engine.head = None;
    engine.branch.clear();
    outcome.map_err(|end| engine.undo_interrupted(id, &end))
}

impl Engine<'_> {
    fn keep_the_present(&mut self) -> Result<Kept, End> {
        self.ready_for_undo()?;
        self.look()?;
        self.keep()?;
        self.kept.clone().ok_or(End::Failed { reason: "the present state could not be kept".into(), transient: false })
    }

    /// Removes the snapshot of an undo that did not come to be: it would only stand in the way of the
    /// next one.
    fn forget_the_present(&mut self, now: &Kept) {
        let _ = self.git.write(["update-ref", "-d", &format!("{}{}", snapshot::REFS, now.id)]).run();
        self.kept = None;
    }

    fn bring_back(&mut self, id: &str, meta: &Meta, now: &Kept) -> Result<Undone, End> {
        let files = match self.may_bring_back(meta, now) {
            Ok(files) => files,
            Err(end) => {
                self.forget_the_present(now);
                return Err(end);
            }
        };
        self.open_journal(journal::Kind::Undo, id)?;
        fail_point(self.ctx, "undo-begun");
        self.bring_tree_back(&now.worktree, meta).map_err(|e| self.end(&e))?;
        fail_point(self.ctx, "undo-made");
        self.close_journal();
        Ok(Undone {
            id: id.to_owned(),
            before: now.id.clone(),
            branch: meta.branch.clone(),
            head: meta.head.clone(),
            files,
        })
    }

    /// Whether nothing lies in the way; how many files will change.
    fn may_bring_back(&mut self, meta: &Meta, now: &Kept) -> Result<usize, End> {
        let here = quote::path(&self.at.worktree);
        let again = |reason: String, command: String| End::Refused { kind: Refusal::InProgress, reason, command };
        if self.branch != meta.branch {
            let reason = format!("the snapshot is of the branch {}, and {} is checked out", meta.branch, self.branch);
            return Err(again(reason, format!("git -C {here} switch {}", quote::word(&meta.branch))));
        }
        if meta.worktree != self.at.worktree.display().to_string() {
            let reason = format!("the snapshot is of the working tree {}", meta.worktree);
            return Err(again(reason, format!("craft auto-sync history {here}")));
        }
        let files = self.reads.changed_paths(&now.worktree, &meta.tree).map_err(|e| self.end(&e))?;
        self.incoming.clone_from(&files);
        let aside = |path: &Path| format!("mv {0} {0}.mine", quote::path(&self.at.worktree.join(path)));
        if let Some(path) = self.left_out_in_the_way() {
            return Err(again(format!("{} lies where the snapshot has a file", path.display()), aside(path)));
        }
        if let Some(path) = self.ignored_and_other(meta)? {
            let reason = format!("{}, which git ignores now, lies where the snapshot has a file", path.display());
            return Err(again(reason, aside(&path)));
        }
        Ok(files.len())
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
