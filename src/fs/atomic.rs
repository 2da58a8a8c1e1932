//! Writing files so that a reader sees the old bytes or the new ones, and a crash loses neither.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::{FsError, IoContext, private};

static SERIAL: AtomicU32 = AtomicU32::new(0);

/// What has to survive a crash of the machine, beyond what every replacement has: a reader sees the old
/// bytes or the new ones, whatever happens to the processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The new bytes, from the moment the call returns: the file and its folder are synced.
    Full,
    /// The old bytes or the new ones, never a damaged file: the file is synced before it is renamed.
    Either,
    /// Nothing: for what can be found out again.
    None,
}

/// Replaces a file of the user's with `bytes`: temporary file in the same folder, fsync, rename, fsync of
/// the folder. Missing folders are made, a symlink is followed (people link their dotfiles), the mode of
/// an existing file is kept.
///
/// # Errors
/// Where any of it fails; the temporary file is removed and the old file is as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    replace_if(path, bytes, Durability::Full, || Ok(true)).map(drop)
}

/// Replaces a file of ours with `bytes`, as [`replace`] does, but for this user only: the file has mode
/// 0600, whatever it had before, missing folders are made with 0700, and a symlink is replaced. With only
/// as much syncing as `durability` needs: an fsync costs more than a process start.
///
/// # Errors
/// As [`replace`], and where what is there belongs to another user.
pub fn store(path: &Path, bytes: &[u8], durability: Durability) -> Result<(), FsError> {
    if let Ok(there) = fs::symlink_metadata(path) {
        private::owned(&there).at("use", path)?;
    } else {
        private::folder(parent(path))?;
    }
    let temporary = temporary_beside(path);
    write_new(&temporary, bytes, durability != Durability::None).and_then(|()| rename(&temporary, path)).inspect_err(
        |_| {
            let _ = fs::remove_file(&temporary);
        },
    )?;
    if durability == Durability::Full {
        sync_folder(parent(path));
    }
    Ok(())
}

/// As [`store`] with [`Durability::Full`] for the one file of ours that people link: a symlink is followed,
/// and what it leads to keeps its mode.
///
/// # Errors
/// As [`store`].
pub fn store_linked(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    if path.is_symlink() { replace(path, bytes) } else { store(path, bytes, Durability::Full) }
}

/// As [`replace`] for a file that others write as well: `still` is asked when the new file is
/// complete, last thing before the rename, and where it says no nothing is replaced. Whether it was.
///
/// # Errors
/// As [`replace`], and what `still` fails with.
pub fn replace_if(
    path: &Path,
    bytes: &[u8],
    durability: Durability,
    still: impl FnOnce() -> Result<bool, FsError>,
) -> Result<bool, FsError> {
    let target = resolve(path);
    let folder = parent(&target);
    fs::create_dir_all(folder).at("create", folder)?;
    let temporary = temporary_beside(&target);
    let written = write_new(&temporary, bytes, durability != Durability::None).and_then(|()| {
        if let Ok(meta) = fs::metadata(&target) {
            keep_owner(&temporary, &meta);
            fs::set_permissions(&temporary, meta.permissions()).at("set the mode of", &temporary)?;
        }
        let go = still()?;
        if go {
            rename(&temporary, &target)?;
        }
        Ok(go)
    });
    if !matches!(written, Ok(true)) {
        let _ = fs::remove_file(&temporary);
    }
    if written? {
        if durability == Durability::Full {
            sync_folder(folder);
        }
        return Ok(true);
    }
    Ok(false)
}

/// Gives a new file the owner and group of the one it is to replace, as far as this process may.
fn keep_owner(new: &Path, old: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt, chown};
    let Ok(meta) = fs::metadata(new) else { return };
    let owner = (meta.uid() != old.uid()).then_some(old.uid());
    let group = (meta.gid() != old.gid()).then_some(old.gid());
    if owner.is_some() || group.is_some() {
        let _ = chown(new, owner, group);
    }
}

/// Puts a file of ours in place with `mode`, new or over what is there: whoever runs or reads the old one
/// keeps it. A symlink is replaced, not followed.
///
/// # Errors
/// Where any of it fails; what was there is as it was.
pub fn place(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FsError> {
    let folder = parent(path);
    fs::create_dir_all(folder).at("create", folder)?;
    let temporary = temporary_beside(path);
    write_new(&temporary, bytes, true)
        .and_then(|()| fs::set_permissions(&temporary, Permissions::from_mode(mode)).at("set the mode of", &temporary))
        .and_then(|()| rename(&temporary, path))
        .inspect_err(|_| {
            let _ = fs::remove_file(&temporary);
        })
}

/// Makes a file of ours that did not exist, for this user only, complete from its first moment: temporary file, then a rename to
/// the new name (which costs next to nothing, unlike a rename over an existing file).
///
/// # Errors
/// Where the folder cannot be made or the file not written.
pub fn create(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    let temporary = temporary_beside(path);
    let mut outcome = write_new(&temporary, bytes, false);
    if matches!(&outcome, Err(e) if e.source.kind() == ErrorKind::NotFound) {
        private::folder(parent(path))?;
        outcome = write_new(&temporary, bytes, false);
    }
    outcome.and_then(|()| rename(&temporary, path)).inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}

/// Makes a file of ours, or replaces it, with what `fill` writes: temporary file, fsync, rename, fsync of the folder.
/// For what is too large to be held in memory.
///
/// # Errors
/// As [`store`], and what `fill` fails with.
pub fn stream(path: &Path, fill: &mut dyn FnMut(&mut File) -> std::io::Result<()>) -> Result<(), FsError> {
    streamed(path, fill, |temporary| rename(temporary, path))
}

/// As [`stream`], but only where there is no file of that name; otherwise that is the error, of the kind
/// [`ErrorKind::AlreadyExists`].
///
/// # Errors
/// As [`stream`].
pub fn stream_new(path: &Path, fill: &mut dyn FnMut(&mut File) -> std::io::Result<()>) -> Result<(), FsError> {
    // A link to a new name fails where the name is taken, at whatever moment that was.
    streamed(path, fill, |temporary| {
        fs::hard_link(temporary, path).at("create", path)?;
        fs::remove_file(temporary).at("remove", temporary)
    })
}

fn streamed(
    path: &Path,
    fill: &mut dyn FnMut(&mut File) -> std::io::Result<()>,
    place: impl FnOnce(&Path) -> Result<(), FsError>,
) -> Result<(), FsError> {
    let temporary = temporary_beside(path);
    let make = || OpenOptions::new().write(true).create_new(true).mode(private::FILE).open(&temporary);
    let filled = make().at("create", &temporary).and_then(|mut file| {
        fill(&mut file).at("write", path)?;
        file.sync_all().at("write", path)
    });
    filled.and_then(|()| place(&temporary)).inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })?;
    sync_folder(parent(path));
    Ok(())
}

/// Makes a file of the user's that did not exist, complete from its first moment; whether it was made. Missing folders
/// are made, and the modes are what the user's umask says.
///
/// # Errors
/// Where the folder cannot be made or the file not written.
pub fn place_new(path: &Path, bytes: &[u8]) -> Result<bool, FsError> {
    let folder = parent(path);
    fs::create_dir_all(folder).at("create", folder)?;
    let temporary = temporary_beside(path);
    let made = write_new(&temporary, bytes, true).and_then(|()| match fs::hard_link(&temporary, path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(e).at("create", path),
    });
    let _ = fs::remove_file(&temporary);
    let made = made?;
    if made {
        sync_folder(folder);
    }
    Ok(made)
}

/// Appends one line to a file of ours in a single `write`, so that lines of several processes never mix. The
/// file and missing folders are made, for this user only; a symlink is not followed.
///
/// # Errors
/// Where the folder cannot be made or the line not written, and where the file belongs to another user.
pub fn append_line(path: &Path, line: &str) -> Result<(), FsError> {
    let mut bytes = Vec::with_capacity(line.len() + 1);
    bytes.extend(line.bytes().map(|b| if b == b'\n' { b' ' } else { b }));
    bytes.push(b'\n');
    let mut file = private::open(path, private::options().append(true).create(true))?;
    private::close(&file, path)?;
    file.write_all(&bytes).at("append to", path)
}

/// Appends bytes to a file of the user's in a single `write`. The file and missing folders are made.
///
/// # Errors
/// As [`append_line`].
pub fn append(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    let open = || OpenOptions::new().append(true).create(true).open(path);
    let mut file = match open() {
        Err(e) if e.kind() == ErrorKind::NotFound => {
            fs::create_dir_all(parent(path)).at("create", parent(path))?;
            open().at("open", path)?
        }
        other => other.at("open", path)?,
    };
    file.write_all(bytes).at("append to", path)
}

/// Renames `from` to `to`. The only place in the crate that may.
///
/// # Errors
/// The system's answer, with the target's path.
#[expect(clippy::disallowed_methods, reason = "this module owns renames")]
pub fn rename(from: &Path, to: &Path) -> Result<(), FsError> {
    fs::rename(from, to).at("replace", to)
}

/// A name beside `path` that no other process uses.
#[must_use]
pub fn temporary_beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.{}.tmp", std::process::id(), SERIAL.fetch_add(1, Ordering::Relaxed)));
    path.with_file_name(name)
}

/// Removes what processes that were killed left of new files beside `path`. Only for who holds the lock
/// under which that file is written.
pub fn sweep(path: &Path) {
    let target = resolve(path);
    let name = target.file_name().unwrap_or_default();
    for entry in fs::read_dir(parent(&target)).into_iter().flatten().flatten() {
        if is_temporary_of(&entry.file_name(), name) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether `name` is one that [`temporary_beside`] gives for a file called `of`.
fn is_temporary_of(name: &OsStr, of: &OsStr) -> bool {
    let rest = name.as_encoded_bytes().strip_prefix(b".").and_then(|n| n.strip_prefix(of.as_encoded_bytes()));
    let number = rest.and_then(|r| r.strip_prefix(b".")).and_then(|r| r.strip_suffix(b".tmp"));
    number.is_some_and(|n| !n.is_empty() && n.iter().all(|b| b.is_ascii_digit() || *b == b'.'))
}

fn write_new(path: &Path, bytes: &[u8], durable: bool) -> Result<(), FsError> {
    // Only ever a new file: at a name that can be guessed, somebody may have put a link.
    let make = || OpenOptions::new().write(true).create_new(true).mode(private::FILE).open(path);
    let made = match make() {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            // A process of this number was killed here.
            fs::remove_file(path).at("remove", path)?;
            make()
        }
        other => other,
    };
    let mut file = made.at("create", path)?;
    file.write_all(bytes).at("write", path)?;
    if durable {
        // Errors of a delayed write are only told by fsync, never by close.
        file.sync_all().at("write", path)?;
    }
    Ok(())
}

fn sync_folder(folder: &Path) {
    // Not every filesystem lets a folder be synced; the rename itself has happened.
    if let Ok(handle) = File::open(folder) {
        let _ = handle.sync_all();
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn resolve(path: &Path) -> PathBuf {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.file_type().is_symlink() => fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
        _ => path.to_owned(),
    }
}
