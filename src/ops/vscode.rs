//! `craft vscode`: the seed's tasks and settings in a project's `.vscode/`, put in beside what is there.
//!
//! The files belong to the user and have comments: they are edited by cutting. What was put in is recorded, so that
//! [`remove`] takes out exactly that; where nobody has changed a file since, it gets its very bytes back.

mod edit;
mod pieces;
mod record;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use similar::TextDiff;

use self::edit::Edited;
use self::pieces::{FILES, Piece};
use self::record::{Exact, FileRecord, Record};
use crate::audit::entry::CRAFT;
use crate::audit::{Entry, Outcome};
use crate::context::Context;
use crate::fs::atomic::{self, Durability};
use crate::fs::{FsError, IoContext, read_optional, remove_optional};
use crate::json::document::{Document, Fault};
use crate::locate::Location;
use crate::ops::beacon::{hints, place};
use crate::ops::engine::fail_point;
use crate::ops::error::{Kind, OpError};
use crate::ops::{audit, config_file};
use crate::queue::Trigger;
use crate::state::file::{Problem, StateFile};

/// The folder, from the top of the working tree.
const FOLDER: &str = ".vscode";

/// What was done, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// Files that were changed, made or removed, with their diff.
    pub changed: Vec<(String, String)>,
    /// What was left alone, and why.
    pub left: Vec<String>,
    /// What is missing for it to work.
    pub remarks: Vec<String>,
}

/// Puts the tasks and settings in. A second call changes nothing; what stands under the same name already is left.
///
/// # Errors
/// Outside of a repository, where `.vscode` leads out of it, and where a file is no JSON with comments: nothing was
/// written then.
pub fn init(ctx: &Context, cwd: &Path, dry: bool) -> Result<Done, OpError> {
    let mut done = change(ctx, cwd, dry, "put in", |file, pieces, now, known| {
        let edited = edit::put_in(now.unwrap_or_default(), pieces)?;
        let text = if edited.puts.is_empty() { now.map(str::to_owned) } else { Some(edited.text.clone()) };
        Ok(Next { record: with_puts(known, now, &edited), text, left: named(file, edited.left) })
    })?;
    if !hints::has_ps_sync(ctx) {
        let way = hints::link_ps_sync().map(|link| format!(": `{link}`")).unwrap_or_default();
        done.remarks.push(format!("`{}`, which the tasks start, is in no folder of PATH{way}", hints::PS_SYNC));
    }
    if place::identity(ctx, &place::repository(cwd)?)?.is_none() {
        done.remarks.push("this working tree has no beacon yet; `craft beacon init` makes it one side of it".into());
    }
    if !done.changed.is_empty() {
        done.remarks.push("VS Code asks once whether tasks may run by themselves when the folder is opened".into());
    }
    Ok(done)
}

/// Takes out exactly what [`init`] put in; what was changed since stays.
///
/// # Errors
/// As [`init`].
pub fn remove(ctx: &Context, cwd: &Path, dry: bool) -> Result<Done, OpError> {
    change(ctx, cwd, dry, "taken out", |file, pieces, now, known| {
        let Some(text) = now else { return Ok(Next::default()) };
        if let Some(exact) = known.and_then(|k| k.exact.as_ref()).filter(|exact| exact.after == text) {
            return Ok(Next { text: exact.before.clone(), ..Next::default() });
        }
        let found = match known {
            Some(known) => known.puts.clone(),
            // Somebody else's clone put it in: who made what is around it is not known.
            None => edit::leaves(pieces),
        };
        let edited = edit::take_out(text, &found)?;
        let ours = known.is_some_and(|k| k.made) && edited.text.split_whitespace().collect::<String>() == "{}";
        Ok(Next { text: (!ours).then_some(edited.text), left: named(file, edited.left), record: None })
    })
}

/// What becomes of a file.
#[derive(Default)]
struct Next {
    /// Its text; `None` where it goes, or is not there and not made.
    text: Option<String>,
    /// What is recorded of it.
    record: Option<FileRecord>,
    /// What was left alone.
    left: Vec<String>,
}

/// What is recorded after `edited` was made of `now`.
fn with_puts(known: Option<&FileRecord>, now: Option<&str>, edited: &Edited) -> Option<FileRecord> {
    if edited.puts.is_empty() {
        return known.cloned();
    }
    let before = now.map(str::to_owned);
    let Some(known) = known else {
        let exact = Some(Exact { before: before.clone(), after: edited.text.clone() });
        return Some(FileRecord { made: before.is_none(), exact, puts: edited.puts.clone() });
    };
    let mut puts: Vec<_> = known.puts.iter().filter(|old| !edited.puts.contains(old)).cloned().collect();
    puts.extend(edited.puts.iter().cloned());
    // The bytes can be given back as long as nobody else has changed the file since.
    let first = known.exact.as_ref().filter(|e| now == Some(e.after.as_str()) || before == e.before);
    let exact = first.map(|e| Exact { before: e.before.clone(), after: edited.text.clone() });
    Some(FileRecord { made: known.made || before.is_none(), exact, puts })
}

fn named(file: &str, left: Vec<String>) -> Vec<String> {
    left.into_iter().map(|what| format!("{FOLDER}/{file}: {what}")).collect()
}

/// Decides of both files, and only then writes any.
fn change(
    ctx: &Context,
    cwd: &Path,
    dry: bool,
    did: &str,
    decide: impl Fn(&str, &[Piece], Option<&str>, Option<&FileRecord>) -> Result<Next, Fault>,
) -> Result<Done, OpError> {
    let at = place::repository(cwd)?;
    let folder = at.worktree.join(FOLDER);
    let _guard = if dry { None } else { Some(hold(ctx)?) };
    let store = StateFile::at(place::files(ctx, &at).vscode());
    let loaded = store.load::<Record>(ctx.clock.now_ms())?;
    if let Some(Problem::Newer { version }) = loaded.problem {
        let error = format!("{} has version {version} of a newer claude-craft", store.path().display());
        return Err(OpError::refused(error).remedy("nothing was changed; update this claude-craft"));
    }
    let before = loaded.value;
    inside(&at, &folder, true)?;
    let mut record = Record { version: 1, made_folder: before.made_folder || !folder.exists(), ..Record::default() };
    let (mut done, mut writes) = (Done::default(), Vec::new());
    for (file, pieces) in FILES {
        let path = folder.join(file);
        inside(&at, &path, false)?;
        let bytes = read_optional(&path)?;
        let broken = |fault: Fault| {
            OpError::usage(format!("{}:{fault}", path.display()))
                .remedy("it is as it was; mend that place and try again")
        };
        let now = bytes.as_deref().map(Document::utf8).transpose().map_err(broken)?;
        let next = decide(file, &pieces(), now, before.files.get(file)).map_err(broken)?;
        done.left.extend(next.left);
        record.files.extend(next.record.map(|r| (file.to_owned(), r)));
        if next.text.as_deref() != now {
            done.changed.push((format!("{FOLDER}/{file}"), diff(file, now, next.text.as_deref())));
            writes.push((path.clone(), bytes.clone(), next.text));
        }
    }
    if dry {
        return Ok(done);
    }
    let goes = record.files.is_empty();
    // First the note, then the deed: nothing is put in that nobody knows of.
    if !goes && record != before {
        store.store(&record)?;
        fail_point(ctx, "vscode-recorded");
    }
    for (path, old, new) in writes {
        put(&path, old.as_deref(), new.as_deref())?;
        fail_point(ctx, "vscode-put");
    }
    if goes {
        store.remove::<Record>()?;
        if before.made_folder {
            // Somebody else's file in it keeps it.
            let _ = fs::remove_dir(&folder);
        }
    }
    if !done.changed.is_empty() {
        let files: Vec<_> = done.changed.iter().map(|(file, _)| file.as_str()).collect();
        let entry = Entry::new(CRAFT, "vscode", Outcome::Success).item(at.worktree.display().to_string());
        audit::note(ctx, entry.reason(format!("{did}: {}", files.join(", "))).trigger(Trigger::Manual.word()));
    }
    Ok(done)
}

fn hold(ctx: &Context) -> Result<crate::fs::lock::LockGuard, OpError> {
    config_file::hold(ctx, &ctx.layout.settings_lock(), "vscode")?.map_err(|holder| {
        OpError::new(Kind::Busy, format!("{holder} is changing settings")).remedy("try again in a moment")
    })
}

/// Refuses what leads out of the working tree, and what is of another kind. It may be missing.
fn inside(at: &Location, path: &Path, folder: bool) -> Result<(), OpError> {
    match fs::symlink_metadata(path) {
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
        other => other.at("look at", path)?,
    };
    let refused = |what: &str| {
        OpError::refused(format!("{} {what}", path.display())).remedy("nothing was changed; see to it first")
    };
    let real = fs::canonicalize(path).map_err(|_| refused("is a link that leads nowhere"))?;
    if !real.starts_with(&at.worktree) || real.starts_with(&at.git_dir) || real.starts_with(&at.common_dir) {
        return Err(refused(&format!("leads out of the working tree, to {}", real.display())));
    }
    match (folder, real.is_dir(), real.is_file()) {
        (true, false, _) => Err(refused("is no folder")),
        (false, _, false) => Err(refused("is no ordinary file")),
        _ => Ok(()),
    }
}

/// Puts the new bytes in place of those that were read, unless somebody else was faster.
fn put(path: &Path, old: Option<&[u8]>, new: Option<&str>) -> Result<(), OpError> {
    let still = || Ok::<_, FsError>(read_optional(path)?.as_deref() == old);
    let put = match (old, new) {
        (None, Some(text)) => atomic::place_new(path, text.as_bytes())?,
        (Some(_), Some(text)) => atomic::replace_if(path, text.as_bytes(), Durability::Full, still)?,
        (_, None) => {
            let go = still()?;
            if go {
                remove_optional(&real(path))?;
            }
            go
        }
    };
    if put {
        return Ok(());
    }
    let message = format!("{} was changed by somebody else just now", path.display());
    Err(OpError::new(Kind::Busy, message).remedy("do the same again"))
}

fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn diff(file: &str, before: Option<&str>, after: Option<&str>) -> String {
    let (before, after) = (before.map(|b| (b, "a/")), after.map(|a| (a, "b/")));
    let name = |side: Option<(&str, &str)>| {
        side.map_or_else(|| "/dev/null".to_owned(), |(_, prefix)| format!("{prefix}{FOLDER}/{file}"))
    };
    let (old, new) = (before.map_or("", |(t, _)| t), after.map_or("", |(t, _)| t));
    TextDiff::from_lines(old, new).unified_diff().context_radius(3).header(&name(before), &name(after)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_since_it_was_read_is_neither_replaced_nor_taken_away() {
        let tmp = tempfile::tempdir().unwrap();
        let path = tmp.path().join("tasks.json");
        let theirs = "{ \"theirs\": 1 }";
        atomic::create(&path, theirs.as_bytes()).unwrap();
        for (old, new) in [(Some("{}"), Some("{ \"ours\": 1 }")), (None, Some("{}")), (Some("{}"), None)] {
            let error = put(&path, old.map(str::as_bytes), new).unwrap_err();
            assert!(error.kind == Kind::Busy && error.message.contains("tasks.json was changed"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), theirs);
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(put(&path, Some(b"{}"), Some("{}")).unwrap_err().kind, Kind::Busy, "it is not made anew");
        assert_eq!(fs::read_dir(tmp.path()).unwrap().count(), 0, "nothing is left beside it");
    }
}
