//! Files below the top of a working tree, without ever going through a symbolic link: each folder is opened from the one
//! above it. Files are moved so that nothing is ever written over.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use crate::beacon::fold::Content;
use crate::fs::{FsError, IoContext};

/// A larger file is not compared with anything, in bytes: as much as `beacon.maxMib` may allow.
pub(super) const LARGEST: u64 = 1024 << 20;
/// What a folder is opened with.
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A working tree, or another folder that is trusted itself. All paths are relative to it, with `/`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Disk<'a>(pub(super) &'a Path);

impl Disk<'_> {
    /// Where a path lies, for messages.
    pub(super) fn place(self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    /// What lies there; `None` where nothing does.
    ///
    /// # Errors
    /// Where it is no ordinary file, is too large, or lies behind a symbolic link.
    pub(super) fn read(self, path: &str) -> Result<Option<Content>, FsError> {
        let at = self.place(path);
        let Some((mut file, meta)) = self.open(path)? else { return Ok(None) };
        if meta.len() > LARGEST {
            return Err(io::Error::from(ErrorKind::FileTooLarge)).at("read", &at);
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).at("read", &at)?;
        Ok(Some(Content { executable: meta.permissions().mode() & 0o100 != 0, bytes }))
    }

    /// The permissions of a file; `None` where there is none.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(super) fn permissions(self, path: &str) -> Result<Option<u32>, FsError> {
        Ok(self.open(path)?.map(|(_, meta)| meta.permissions().mode() & 0o7777))
    }

    fn open(self, path: &str) -> Result<Option<(File, std::fs::Metadata)>, FsError> {
        let at = self.place(path);
        let Some((folder, name)) = self.parent(path, false)? else { return Ok(None) };
        // A pipe must not make this wait.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&folder, name, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            Err(e) => return Err(e.into()).at("read", &at),
        };
        let meta = file.metadata().at("read", &at)?;
        if !meta.is_file() {
            return Err(io::Error::other("it is no ordinary file")).at("read", &at);
        }
        Ok(Some((file, meta)))
    }

    /// Makes a file that is not there yet, with the folders above it, and syncs it. `permissions` are narrowed by the
    /// umask unless they are `exact`.
    ///
    /// # Errors
    /// Where there is one already, or it cannot be written.
    pub(super) fn create(self, path: &str, bytes: &[u8], permissions: u32, exact: bool) -> Result<(), FsError> {
        let at = self.place(path);
        let (folder, name) = self.made(path)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let made = rustix::fs::openat(&folder, name, flags, Mode::from_raw_mode(permissions));
        let mut file = File::from(made.map_err(io::Error::from).at("create", &at)?);
        file.write_all(bytes).at("write", &at)?;
        if exact {
            file.set_permissions(std::fs::Permissions::from_mode(permissions)).at("set the mode of", &at)?;
        }
        file.sync_all().at("write", &at)
    }

    /// Replaces a file of ours, which is synced first.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(super) fn replace(self, path: &str, bytes: &[u8], permissions: u32) -> Result<(), FsError> {
        let temporary = format!("{path}.new");
        self.remove(&temporary)?;
        self.create(&temporary, bytes, permissions, false)?;
        let (folder, name) = self.made(path)?;
        let (_, new) = temporary.rsplit_once('/').unwrap_or(("", &temporary));
        let renamed = rustix::fs::renameat(&folder, new, &folder, name);
        renamed.map_err(io::Error::from).at("replace", &self.place(path))?;
        let _ = rustix::fs::fsync(&folder);
        Ok(())
    }

    /// Removes a file; it is no error when there is none.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub(super) fn remove(self, path: &str) -> Result<(), FsError> {
        let Some((folder, name)) = self.parent(path, false)? else { return Ok(()) };
        match rustix::fs::unlinkat(&folder, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(e) => Err(e.into()).at("remove", &self.place(path)),
        }
    }

    /// Moves a file to a name that is free, in one step; folders are made. Whether it was: `false` where the name is
    /// taken, or the file is gone.
    ///
    /// # Errors
    /// Where it cannot be moved.
    pub(super) fn move_new(self, from: &str, to: &str) -> Result<bool, FsError> {
        let Some((old, name)) = self.parent(from, false)? else { return Ok(false) };
        let (new, new_name) = self.made(to)?;
        match rustix::fs::renameat_with(&old, name, &new, new_name, RenameFlags::NOREPLACE) {
            Ok(()) => Ok(true),
            Err(Errno::EXIST | Errno::NOENT) => Ok(false),
            Err(e) if unknown(e) => link_new(&old, name, &new, new_name).at("replace", &self.place(to)),
            Err(e) => Err(e.into()).at("replace", &self.place(to)),
        }
    }

    /// Lets two files change their places, in one step where the file system knows that. Whether they did: `false` where
    /// one is gone.
    ///
    /// # Errors
    /// Where they cannot.
    pub(super) fn exchange(self, one: &str, two: &str) -> Result<bool, FsError> {
        let Some((first, name)) = self.parent(one, false)? else { return Ok(false) };
        let Some((second, other)) = self.parent(two, false)? else { return Ok(false) };
        match rustix::fs::renameat_with(&first, name, &second, other, RenameFlags::EXCHANGE) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(e) if unknown(e) => self.exchange_slowly(one, two),
            Err(e) => Err(e.into()).at("replace", &self.place(two)),
        }
    }

    /// The same in three steps, by way of a third name. A crash in between leaves a file under that name, and none at
    /// `two`.
    pub(super) fn exchange_slowly(self, one: &str, two: &str) -> Result<bool, FsError> {
        let aside = aside(one);
        if !self.move_new(two, &aside)? {
            return Ok(false);
        }
        if !self.move_new(one, two)? {
            // Somebody made a new file of that name, or took ours.
            self.move_new(&aside, two)?;
            return Ok(false);
        }
        self.move_new(&aside, one)
    }

    /// Syncs the folder that a file is in, as far as the file system lets it be synced.
    pub(super) fn sync_folder_of(self, path: &str) {
        if let Ok(Some((folder, _))) = self.parent(path, false) {
            let _ = rustix::fs::fsync(&folder);
        }
    }

    /// The file system that a file is on, or would be.
    ///
    /// # Errors
    /// Where a folder cannot be read.
    pub(super) fn device(self, path: &str) -> Result<u64, FsError> {
        let top = rustix::fs::open(self.0, FOLDER & !OFlags::NOFOLLOW, Mode::empty());
        let mut folder = top.map_err(io::Error::from).at("read", self.0)?;
        for part in path.split('/') {
            match rustix::fs::openat(&folder, part, FOLDER, Mode::empty()) {
                Ok(next) => folder = next,
                Err(_) => break,
            }
        }
        Ok(rustix::fs::fstat(&folder).map_err(io::Error::from).at("read", self.0)?.st_dev)
    }

    /// Names in a folder; none where there is no such folder.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(super) fn list(self, folder: &str) -> Result<Vec<String>, FsError> {
        let Some((folder, _)) = self.parent(&format!("{folder}/x"), false)? else { return Ok(Vec::new()) };
        let found = names(&folder).at("read", self.0)?;
        let found = found.into_iter().map(|name| String::from_utf8_lossy(&name).into_owned());
        Ok(found.filter(|name| !matches!(name.as_str(), "." | "..")).collect())
    }

    /// Why a file cannot be written there; `None` where it can. It may lie there already.
    ///
    /// # Errors
    /// Where a folder cannot be read.
    pub(super) fn obstacle(self, path: &str) -> Result<Option<String>, FsError> {
        let top = rustix::fs::open(self.0, FOLDER & !OFlags::NOFOLLOW, Mode::empty());
        let mut folder = top.map_err(io::Error::from).at("read", self.0)?;
        let parts: Vec<&str> = path.split('/').collect();
        for (n, part) in parts.iter().enumerate() {
            let here = parts[..=n].join("/");
            let found = match rustix::fs::statat(&folder, *part, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(found) => found,
                Err(Errno::NOENT) => return Ok(None),
                Err(e) => return Err(e.into()).at("read", &self.place(&here)),
            };
            let is_last = n + 1 == parts.len();
            let why = match FileType::from_raw_mode(found.st_mode) {
                FileType::Symlink if is_last => Some("is a symbolic link here".to_owned()),
                FileType::Symlink => Some(format!("goes through {here:?}, which is a symbolic link here")),
                FileType::Directory if is_last => Some("is a folder here".to_owned()),
                FileType::RegularFile if is_last => u64::try_from(found.st_size)
                    .is_ok_and(|size| size > LARGEST)
                    .then(|| "is too large here to be compared".to_owned()),
                FileType::Directory => None,
                _ if is_last => Some("is no ordinary file here".to_owned()),
                _ => Some(format!("goes through {here:?}, which is a file here")),
            };
            if why.is_some() {
                return Ok(why);
            }
            // A file system without cases finds what has another name.
            if !names(&folder).at("read", &self.place(&here))?.iter().any(|name| name == part.as_bytes()) {
                return Ok(Some(format!("differs only in its case from what is here as {here:?}")));
            }
            if !is_last {
                folder = rustix::fs::openat(&folder, *part, FOLDER, Mode::empty())
                    .map_err(io::Error::from)
                    .at("read", &self.place(&here))?;
            }
        }
        Ok(None)
    }

    /// Why a file that [`obstacle`](Self::obstacle) says nothing of cannot be read or replaced all the same; `None` where
    /// it can.
    ///
    /// # Errors
    /// What [`concerns_all`].
    pub(super) fn forbidden(self, path: &str) -> Result<Option<String>, FsError> {
        let why = |error: FsError| {
            if concerns_all(&error) {
                Err(error)
            } else {
                Ok(Some(format!("cannot be written here: {}", error.source)))
            }
        };
        if let Err(error) = self.open(path) {
            return why(error);
        }
        let top = rustix::fs::open(self.0, FOLDER & !OFlags::NOFOLLOW, Mode::empty());
        let mut folder = top.map_err(io::Error::from).at("read", self.0)?;
        for part in path.rsplit_once('/').map_or("", |(folders, _)| folders).split('/') {
            match rustix::fs::openat(&folder, part, FOLDER, Mode::empty()) {
                Ok(next) => folder = next,
                Err(_) => break,
            }
        }
        match rustix::fs::accessat(&folder, ".", Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS) {
            Err(e) if !unknown(e) => why(FsError { doing: "write", path: self.place(path), source: e.into() }),
            _ => Ok(None),
        }
    }

    /// The folder a file is in, which is made where it is missing, and the file's name.
    fn made(self, path: &str) -> Result<(OwnedFd, &str), FsError> {
        self.parent(path, true)?.ok_or_else(|| io::Error::from(ErrorKind::NotFound)).at("create", &self.place(path))
    }

    /// The folder a file is in, and the file's name; `None` where there is no such folder.
    fn parent(self, path: &str, make: bool) -> Result<Option<(OwnedFd, &str)>, FsError> {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let top = rustix::fs::open(self.0, FOLDER & !OFlags::NOFOLLOW, Mode::empty());
        let mut folder = top.map_err(io::Error::from).at("read", self.0)?;
        for part in folders.split('/').filter(|p| !p.is_empty()) {
            let open = |folder: &OwnedFd| rustix::fs::openat(folder, part, FOLDER, Mode::empty());
            folder = match open(&folder) {
                Ok(next) => next,
                Err(Errno::NOENT) if !make => return Ok(None),
                Err(Errno::NOENT) => match rustix::fs::mkdirat(&folder, part, Mode::from_raw_mode(0o777)) {
                    Ok(()) | Err(Errno::EXIST) => {
                        let _ = rustix::fs::fsync(&folder);
                        open(&folder).map_err(io::Error::from).at("open", &self.place(path))?
                    }
                    Err(e) => return Err(e.into()).at("create", &self.place(path)),
                },
                // With NOFOLLOW and DIRECTORY, Linux says of a symbolic link that it is no folder.
                Err(Errno::NOTDIR | Errno::LOOP) => {
                    let what = io::Error::other("there is a file or a symbolic link where a folder should be");
                    return Err(what).at("open", &self.place(path));
                }
                Err(e) => return Err(e.into()).at("open", &self.place(path)),
            };
        }
        Ok(Some((folder, name)))
    }
}

/// Whether an error says something of the file system rather than of the one file: it is full, or broken.
pub(super) fn concerns_all(error: &FsError) -> bool {
    use ErrorKind::{OutOfMemory, QuotaExceeded, StorageFull};
    matches!(error.source.kind(), OutOfMemory | QuotaExceeded | StorageFull)
        || [Errno::IO, Errno::MFILE, Errno::NFILE].iter().any(|e| error.source.raw_os_error() == Some(e.raw_os_error()))
}

/// The third name of [`Disk::exchange_slowly`].
pub(super) fn aside(slot: &str) -> String {
    format!("{slot}.aside")
}

/// Whether the file system knows no such rename.
fn unknown(e: Errno) -> bool {
    matches!(e, Errno::INVAL | Errno::NOSYS | Errno::NOTSUP)
}

/// A rename to a free name, where the file system has none of its own: a link fails where the name is taken.
fn link_new(old: &OwnedFd, name: &str, new: &OwnedFd, new_name: &str) -> io::Result<bool> {
    match rustix::fs::linkat(old, name, new, new_name, AtFlags::empty()) {
        Ok(()) => {
            rustix::fs::unlinkat(old, name, AtFlags::empty())?;
            Ok(true)
        }
        Err(Errno::EXIST | Errno::NOENT) => Ok(false),
        // No hard links either: there is only to look first.
        Err(Errno::PERM | Errno::NOTSUP | Errno::NOSYS) => {
            match rustix::fs::statat(new, new_name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(_) => Ok(false),
                Err(Errno::NOENT) => Ok(rustix::fs::renameat(old, name, new, new_name).map(|()| true)?),
                Err(e) => Err(e.into()),
            }
        }
        Err(e) => Err(e.into()),
    }
}

/// Names in a folder.
fn names(folder: &OwnedFd) -> io::Result<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    for entry in rustix::fs::Dir::read_from(folder)? {
        found.push(entry?.file_name().to_bytes().to_vec());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &str) -> Option<Content> {
        Some(Content { executable: false, bytes: text.into() })
    }

    #[test]
    fn files_change_their_places_and_nothing_is_written_over() {
        let tmp = tempfile::tempdir().unwrap();
        let disk = Disk(tmp.path());
        disk.create("a/one", b"1", 0o644, false).unwrap();
        disk.create("b/two", b"2", 0o644, false).unwrap();
        for exchange in [Disk::exchange, Disk::exchange_slowly] {
            assert!(exchange(disk, "a/one", "b/two").unwrap());
            assert_eq!((disk.read("a/one").unwrap(), disk.read("b/two").unwrap()), (content("2"), content("1")));
            assert!(exchange(disk, "a/one", "b/two").unwrap());
            assert!(!exchange(disk, "a/one", "b/none").unwrap());
            assert!(!exchange(disk, "a/none", "b/two").unwrap());
            assert_eq!((disk.read("a/one").unwrap(), disk.read("b/two").unwrap()), (content("1"), content("2")));
        }
        assert!(!disk.move_new("a/one", "b/two").unwrap());
        let (a, b) = (disk.parent("a/x", false).unwrap().unwrap().0, disk.parent("b/x", false).unwrap().unwrap().0);
        assert!(!link_new(&a, "one", &b, "two").unwrap());
        assert!(link_new(&a, "one", &b, "three").unwrap());
        assert_eq!((disk.read("a/one").unwrap(), disk.read("b/three").unwrap()), (None, content("1")));
    }

    #[test]
    fn no_symbolic_link_is_followed() {
        let tmp = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let disk = Disk(tmp.path());
        std::os::unix::fs::symlink(outside.path(), tmp.path().join("out")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("x"), tmp.path().join("link")).unwrap();
        assert!(disk.create("out/x", b"1", 0o644, false).is_err());
        assert!(disk.create("link", b"1", 0o644, false).is_err());
        disk.create("here", b"1", 0o644, false).unwrap();
        assert!(disk.move_new("here", "out/x").is_err());
        assert!(disk.exchange("here", "out/x").is_err());
        assert!(disk.read("out/x").is_err() && disk.read("link").is_err() && disk.remove("out/x").is_err());
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
        assert!(disk.obstacle("out/x").unwrap().unwrap().contains("goes through \"out\""));
        assert!(disk.obstacle("link").unwrap().unwrap().contains("symbolic link"));
        assert!(disk.obstacle("here/x").unwrap().unwrap().contains("which is a file"));
        assert!(disk.obstacle("new/x").unwrap().is_none() && disk.obstacle("here").unwrap().is_none());
    }
}
