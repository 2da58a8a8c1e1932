//! `craft beacon diff` and `resolve`: files in which both sides changed the same.

use std::rc::Rc;

use similar::TextDiff;

use super::apply::{Apply, Change};
use super::planning::{self, Blobs};
use super::{applied, copies, folders, push, queue, status};
use crate::audit::Outcome;
use crate::beacon::applied::{Applied, Conflict, Version};
use crate::beacon::fold::Content;
use crate::beacon::path;
use crate::context::Context;
use crate::git::command::Git;
use crate::ops::beacon::Place;
use crate::ops::beacon::disk::Disk;
use crate::ops::beacon::hints::Hints;
use crate::ops::engine;
use crate::ops::error::{Kind, OpError};
use crate::plain;

/// How a conflict is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum With {
    /// What is here stays.
    Ours,
    /// Theirs takes its place; what was here is kept by a backup.
    Theirs,
    /// What is here now was put together by hand.
    Merged,
}

/// Two versions of a file, as lines of a unified diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// Its path.
    pub path: String,
    /// What the two sides of the diff are, for people.
    pub sides: (String, String),
    /// The unified diff; empty where both are the same, `None` where one is no text.
    pub text: Option<String>,
}

/// Conflicts that nobody has settled.
///
/// # Errors
/// Where that cannot be read.
pub fn conflicts(ctx: &Context, place: &Place) -> Result<Vec<Conflict>, OpError> {
    Ok(applied::read(place, &place.git(ctx))?.state.conflicts)
}

/// For `path`, or all conflicts and all that was changed here: what is here against theirs, or against what both had.
///
/// # Errors
/// Where a file cannot be read, or `path` is none of the beacon's.
pub fn diff(ctx: &Context, place: &Place, path: Option<&str>) -> Result<Vec<Diff>, OpError> {
    let git = place.git(ctx);
    let known = applied::read(place, &git)?;
    let mut paths: Vec<String> = match path {
        Some(path) => {
            path::check(path, &place.config.beacon.folders).map_err(|bad| OpError {
                remedy: folders::allow(place, path, &bad),
                ..OpError::usage(bad.to_string())
            })?;
            vec![path.to_owned()]
        }
        None => {
            let (changed, gone) = push::changed(ctx, place)?;
            let open = known.state.conflicts.iter().map(|c| c.path.clone());
            open.chain(changed).chain(gone).collect()
        }
    };
    paths.sort();
    paths.dedup();
    paths.into_iter().map(|path| one(place, &git, &known, path)).collect()
}

fn one(place: &Place, git: &Git<'_>, known: &Applied, path: String) -> Result<Diff, OpError> {
    let here = Disk(&place.at.worktree).read(&path)?;
    let conflict = known.state.conflicts.iter().find(|c| c.path == path);
    let version = match conflict {
        Some(conflict) => conflict.theirs.clone().map(|blob| Version { blob, mode: conflict.mode.clone() }),
        None => known.files.get(&path).cloned(),
    };
    let other = match &version {
        Some(version) => Some(theirs(git, version)?.bytes),
        None => None,
    };
    let here = here.map(|c| c.bytes);
    let (sides, old, new) = match conflict {
        Some(conflict) => (("here".to_owned(), format!("theirs, from {}", conflict.from)), here, other),
        None => (("as last sent or taken in".to_owned(), "here".to_owned()), other, here),
    };
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    let text = match (String::from_utf8(old), String::from_utf8(new)) {
        (Ok(old), Ok(new)) if !old.contains('\0') && !new.contains('\0') => Some(
            TextDiff::from_lines(&old, &new)
                .unified_diff()
                .header(&format!("{path} ({})", sides.0), &format!("{path} ({})", sides.1))
                .to_string(),
        ),
        _ => None,
    };
    Ok(Diff { path, sides, text })
}

fn theirs(git: &Git<'_>, version: &Version) -> Result<Content, OpError> {
    let blobs = Blobs::read(git, [version.blob.clone()])?;
    let content = blobs.of(version).map(|c| (*c).clone());
    content.ok_or_else(|| {
        OpError::refused(format!("the bytes {} are not here any more", version.blob)).remedy("have them sent once more")
    })
}

/// What came of settling a conflict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// Where the former bytes are kept, where any were replaced: a ref.
    pub backup: Option<String>,
    /// What people should know.
    pub remarks: Vec<String>,
}

/// Settles a conflict. The copy of theirs goes, unless somebody has edited it; what was replaced is kept by a backup.
///
/// # Errors
/// Where `path` has none, or still has conflict markers (`Merged`).
pub fn resolve(ctx: &Context, place: &Place, path: &str, with: With) -> Result<Settled, OpError> {
    let _lock = place.lock(ctx)?;
    let mut remarks = Vec::new();
    let settled = settle(ctx, place, path, with, &mut remarks);
    match &settled {
        Ok(_) => place.note(ctx, "resolve", Outcome::Success, &format!("{} settled", plain::name(path))),
        Err(error) => place.note(ctx, "resolve", Outcome::Error, &error.message),
    }
    for remark in &remarks {
        place.note(ctx, "resolve", Outcome::Success, &plain::line(remark));
    }
    let backup = settled?;
    // Whoever looks next finds out as well.
    let _ = status::keep(ctx, place, None);
    Ok(Settled { backup, remarks })
}

/// The backup, where there is one.
fn settle(
    ctx: &Context,
    place: &Place,
    path: &str,
    with: With,
    remarks: &mut Vec<String>,
) -> Result<Option<String>, OpError> {
    let git = place.git(ctx);
    let known = applied::read(place, &git)?;
    let Some(conflict) = known.state.conflicts.iter().find(|c| c.path == path).cloned() else {
        return Err(OpError::refused(format!("{} has no conflict", plain::name(path)))
            .remedy(format!("`{}` lists those there are", Hints::of(ctx, place).verb("diff"))));
    };
    let step = |name: &str| engine::fail_point(ctx, &format!("beacon-resolve-{name}"));
    let apply = Apply { ctx, place, git: &git, step: &step };
    let busy = |what: String| OpError::new(Kind::Busy, what);
    let former = apply.recover(known.commit.as_deref(), false, remarks)?;
    if former.keys().any(|p| *p != conflict.path && *p != conflict.beside) {
        return Err(busy("a pull was killed in the middle".into())
            .remedy(format!("`{}` ends it", Hints::of(ctx, place).verb("pull"))));
    }
    for path in [&conflict.path, &conflict.beside].into_iter().filter(|p| !p.is_empty()) {
        if let Some(why) = apply.disk().obstacle(path)? {
            return Err(OpError::refused(format!("{} {why}", plain::name(path))).remedy("put it out of the way"));
        }
    }
    let version = conflict.theirs.clone().map(|blob| Version { blob, mode: conflict.mode.clone() });
    let mut changes = Vec::new();
    let (now, before) = apply.here(path, &former)?;
    match with {
        With::Ours => {}
        With::Merged => {
            // One that was forgotten counts, while a push looks for whole ones.
            let marker = |line: &[u8]| line.starts_with(b"<<<<<<< ") || line.starts_with(b">>>>>>> ");
            if now.as_ref().is_some_and(|c| c.bytes.split(|b| *b == b'\n').any(marker)) {
                return Err(OpError::new(Kind::Conflict, format!("{} has conflict markers", plain::name(path)))
                    .remedy("take them out, then call this once more"));
            }
        }
        With::Theirs => {
            let want = match &version {
                Some(version) => Some(Rc::new(theirs(&git, version)?)),
                None => None,
            };
            let archive = match (&want, &before) {
                (None, Some(there)) => Some(apply.archive_for(path, there)?).filter(|(_, already)| !already),
                _ => None,
            };
            let archive = archive.map(|(to, _)| to).unwrap_or_default();
            changes.push(Change { path: path.to_owned(), now, before, want, archive });
        }
    }
    let beside = conflict.beside;
    if !beside.is_empty() {
        let (now, before) = apply.here(&beside, &former)?;
        let copy = version.as_ref().and_then(|version| theirs(&git, version).ok());
        if before.is_some() && before.as_deref() != copy.as_ref() {
            remarks.push(planning::kept(&beside));
        } else {
            changes.push(Change { path: beside, now, before, want: None, archive: String::new() });
        }
    }
    changes.retain(|c| c.now != c.want || c.before != c.want);
    let outcome = apply.run(&changes, &former, known.commit.as_deref())?;
    remarks.extend(outcome.remarks);
    step("moved");
    if let Some(why) = outcome.failed.into_values().next() {
        return Err(OpError::refused(why));
    }
    if let Some(path) = outcome.left.first() {
        return Err(busy(format!("{} was edited just now", plain::name(path))).remedy("try again"));
    }
    let mut next = known.clone();
    next.state.conflicts.retain(|c| c.path != path);
    // Both sides are known to have theirs from now on: what is here is a change to it. Unless they went on since.
    match version {
        _ if conflict.late => {}
        Some(version) => drop(next.files.insert(path.to_owned(), version)),
        None => drop(next.files.remove(path)),
    }
    // What was sent of it before the conflict was known, and did not go out, is settled as well: the next push sends
    // what is here now. Before the conflict goes, or it would go out after all where this is killed.
    queue::without(place, &git, path)?;
    step("unqueued");
    applied::write(place, &git, &mut next)?;
    step("applied");
    apply.finish()?;
    remarks.extend(copies::show(place, &git, &known, &next));
    Ok(outcome.backup)
}
