//! Changing a settings file that the client itself rewrites whenever it likes, by reading, changing and
//! writing it without a lock. Neither its change nor ours may be lost.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::decide::Plan;
use super::record::{FileRecord, Record};
use super::{FragmentsError, Scene};
use crate::clock;
use crate::context::Context;
use crate::fs::atomic::{self, Durability};
use crate::fs::layout::path_key;
use crate::fs::{FsError, IoContext, read_optional, remove_optional};
use crate::ops::config_file;
use crate::ops::exclude::keep_out_of_git;

/// So often is begun anew when somebody else changes the file at the same time.
const ROUNDS: usize = 10;
/// So many copies of each settings file are kept.
const BACKUPS: usize = 5;

/// Where another process could come in between; tests do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// The new file is complete; next is the last look at the old one.
    BeforeRename,
    /// The new file is in its place; next is the look whether it still is.
    AfterRename,
}

/// What a change did.
#[derive(Debug)]
pub(super) struct Changed {
    /// What was decided.
    pub plan: Plan,
    /// Whether the file's bytes are others now.
    pub changed: bool,
    /// The copy of what was there before.
    pub backup: Option<PathBuf>,
}

/// The file as it is, for a look that changes nothing.
pub(super) fn look<T>(
    ctx: &Context,
    file: &Path,
    record: &Record,
    with: impl FnOnce(&Scene<'_>) -> Result<T, FragmentsError>,
) -> Result<T, FragmentsError> {
    check_place(file)?;
    let bytes = read_optional(file)?;
    let original = read_optional(&ctx.layout.settings_original(&path_key(file)))?;
    with(&Scene {
        file,
        bytes: bytes.as_deref(),
        link: file.is_symlink(),
        no_folder: file.parent().is_some_and(|p| !p.exists()),
        original: original.as_deref(),
        record: record.of(file),
        now: ctx.clock.now_ms(),
    })
}

/// Changes the file as `decide` says.
pub(super) fn change(
    ctx: &Context,
    file: &Path,
    decide: impl Fn(&Scene<'_>) -> Result<Plan, FragmentsError>,
    seam: &mut dyn FnMut(Moment),
) -> Result<Changed, FragmentsError> {
    let _guard = config_file::hold(ctx, &ctx.layout.settings_lock(), "settings")?
        .map_err(|holder| FragmentsError::Busy { holder })?;
    atomic::sweep(file);
    let mut record = Record::load(ctx, ctx.clock.now_ms())?;
    let (mut backup, mut written) = (None, false);
    for _ in 0..ROUNDS {
        let (plan, found) = look(ctx, file, &record, |scene| Ok((decide(scene)?, scene.bytes.map(<[u8]>::to_vec))))?;
        if plan.bytes == found {
            note(ctx, &mut record, file, &plan.record)?;
            return Ok(Changed { plan, changed: written, backup });
        }
        backup = keep_copy(ctx, file, found.as_deref())?.or(backup);
        let before = record.clone();
        let put = prepare(ctx, file, found.as_deref(), &plan, &mut record)
            .and_then(|()| Ok(put(file, found.as_deref(), plan.bytes.as_deref(), seam)?));
        if !matches!(put, Ok(true)) {
            restore(ctx, &mut record, before, file)?;
        }
        if !put? {
            continue;
        }
        written = true;
        seam(Moment::AfterRename);
        // Who read the old file before the rename and wrote it after has undone ours.
        if read_optional(file)? == plan.bytes {
            note(ctx, &mut record, file, &plan.record)?;
            if plan.bytes.is_none()
                && plan.record.made_folder
                && let Some(folder) = file.parent()
            {
                // Somebody else's file in it keeps it.
                let _ = fs::remove_dir(folder);
            }
            return Ok(Changed { plan, changed: true, backup });
        }
    }
    Err(FragmentsError::Contended { path: file.to_owned() })
}

/// Writes down all that is needed for the way back. First the note, then the deed: a crash between the
/// two leaves nothing in the file that nobody knows of, and no value of the user's that nobody has kept.
fn prepare(
    ctx: &Context,
    file: &Path,
    found: Option<&[u8]>,
    plan: &Plan,
    record: &mut Record,
) -> Result<(), FragmentsError> {
    if !plan.note_first {
        return Ok(());
    }
    match found {
        Some(bytes) if record.of(file).is_none() => {
            atomic::store(&ctx.layout.settings_original(&path_key(file)), bytes, Durability::Full)?;
        }
        Some(_) => {}
        None => exclude(file)?,
    }
    note(ctx, record, file, &plan.record)
}

/// Takes a note back whose deed was not done.
fn restore(ctx: &Context, record: &mut Record, before: Record, file: &Path) -> Result<(), FragmentsError> {
    if *record != before {
        *record = before;
        record.store(ctx)?;
    }
    if record.of(file).is_none() {
        remove_optional(&ctx.layout.settings_original(&path_key(file)))?;
    }
    Ok(())
}

/// Puts the new bytes in place of those that were found; whether those were still there.
fn put(file: &Path, found: Option<&[u8]>, new: Option<&[u8]>, seam: &mut dyn FnMut(Moment)) -> Result<bool, FsError> {
    let still = |seam: &mut dyn FnMut(Moment)| {
        seam(Moment::BeforeRename);
        Ok(read_optional(file)?.as_deref() == found)
    };
    match new {
        Some(bytes) => atomic::replace_if(file, bytes, Durability::Full, || still(seam)),
        None => {
            let go = still(seam)?;
            if go {
                remove_optional(&real(file)?)?;
            }
            Ok(go)
        }
    }
}

/// Writes the record where it says something else now.
fn note(ctx: &Context, record: &mut Record, file: &Path, new: &FileRecord) -> Result<(), FragmentsError> {
    let before = record.clone();
    record.set(file, new.clone());
    if *record != before {
        record.store(ctx)?;
    }
    if record.of(file).is_none() {
        remove_optional(&ctx.layout.settings_original(&path_key(file)))?;
    }
    Ok(())
}

/// Where a link leads, or the path itself.
fn real(file: &Path) -> Result<PathBuf, FsError> {
    match fs::canonicalize(file) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(file.to_owned()),
        other => other.at("follow", file),
    }
}

/// Refuses what must not be written to. The file may be missing.
fn check_place(file: &Path) -> Result<(), FragmentsError> {
    let path = || file.to_owned();
    let link = match fs::symlink_metadata(file) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        other => other.at("look at", file)?,
    };
    if link.is_symlink() && fs::metadata(file).is_err_and(|e| e.kind() == ErrorKind::NotFound) {
        let target = fs::read_link(file).at("read the link", file)?;
        return Err(FragmentsError::Dangling { path: path(), target });
    }
    let meta = fs::metadata(file).at("look at", file)?;
    if !meta.is_file() {
        return Err(FragmentsError::NoFile { path: path(), folder: meta.is_dir() });
    }
    let me = rustix::process::geteuid();
    if !me.is_root() && meta.uid() != me.as_raw() {
        return Err(FragmentsError::Foreign { path: path(), owner: meta.uid() });
    }
    // A rename would get round it, but whoever made the file read-only meant it.
    if meta.mode() & 0o222 == 0 {
        return Err(FragmentsError::ReadOnly { path: path() });
    }
    Ok(())
}

/// Keeps a copy of what is about to be replaced, and the last few only.
fn keep_copy(ctx: &Context, file: &Path, bytes: Option<&[u8]>) -> Result<Option<PathBuf>, FsError> {
    let Some(bytes) = bytes else { return Ok(None) };
    let folder = ctx.layout.settings_backups();
    let key = format!("{}.", path_key(file));
    let stamp = clock::compact(ctx.clock.now_ms());
    let mut serial = 1;
    let mut path = folder.join(format!("{key}{stamp}-{serial:02}"));
    while path.exists() {
        serial += 1;
        path = folder.join(format!("{key}{stamp}-{serial:02}"));
    }
    atomic::create(&path, bytes)?;
    let mut all: Vec<_> = fs::read_dir(&folder)
        .at("list", &folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(&key)))
        .collect();
    all.sort();
    let surplus = all.len().saturating_sub(BACKUPS);
    all.iter().filter(|p| **p != path).take(surplus).try_for_each(|p| remove_optional(p))?;
    Ok(Some(path))
}

/// A new `settings.local.json` is one person's. The client has git ignore it only where it makes the
/// file itself, and a sync of ours would commit it.
fn exclude(file: &Path) -> Result<(), FsError> {
    if file.ends_with(".claude/settings.local.json") { keep_out_of_git(file).map(drop) } else { Ok(()) }
}
