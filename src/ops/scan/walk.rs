//! Which files a scan by hand looks at, and the look at each of them.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::ScanError;
use super::policy::Policy;
use super::sift::unscanned;
use crate::fs::IoContext;
use crate::git::command::Git;
use crate::git::porcelain;
use crate::scan::{Finding, Salt, Unscanned};

/// From this many files on a second thread helps.
const MANY: usize = 64;

/// The files below a place.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Absolute paths.
    pub(super) files: Vec<PathBuf>,
    /// What is passed over and worth a word, and why.
    pub(super) skipped: Vec<(PathBuf, &'static str)>,
}

/// What git does not ignore below `path`, which lies in the working tree at `top`.
pub(super) fn of_git(git: &Git<'_>, top: &Path, path: &Path, listing: &mut Listing) -> Result<(), ScanError> {
    let below = path.strip_prefix(top).unwrap_or(Path::new(""));
    let below = if below.as_os_str().is_empty() { Path::new(".") } else { below };
    let words = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "--"];
    let words = words.iter().map(|w| std::ffi::OsStr::new(*w)).chain([below.as_os_str()]);
    let listed = git.read(words).env("GIT_LITERAL_PATHSPECS", "1").run()?;
    for name in porcelain::paths(&listed.stdout) {
        if name.as_os_str().as_encoded_bytes().ends_with(b"/") {
            listing.skipped.push((name, "a repository of its own"));
            continue;
        }
        add(&top.join(name), listing);
    }
    Ok(())
}

/// Whether git ignores `path`.
pub(super) fn ignored(git: &Git<'_>, path: &Path) -> Result<bool, ScanError> {
    let words = [std::ffi::OsStr::new("check-ignore"), "--quiet".as_ref(), "--".as_ref(), path.as_os_str()];
    Ok(git.read(words).answer()?.is_some())
}

/// All files below `path`, but those of a git folder.
pub(super) fn of_folder(path: &Path, listing: &mut Listing) -> Result<(), ScanError> {
    let mut open = vec![path.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).at("read", &folder)? {
            let entry = entry.at("read", &folder)?;
            if entry.file_name() == ".git" {
                continue;
            }
            let path = entry.path();
            if entry.file_type().at("look at", &path)?.is_dir() { open.push(path) } else { add(&path, listing) }
        }
    }
    Ok(())
}

/// A file is looked at, a link is not followed, and whatever else has a name is told.
pub(super) fn add(path: &Path, listing: &mut Listing) {
    match std::fs::symlink_metadata(path) {
        Ok(meta) if meta.is_file() => listing.files.push(path.to_owned()),
        Ok(meta) if meta.is_symlink() => {}
        Ok(meta) if meta.is_dir() => listing.skipped.push((path.to_owned(), "a repository of its own")),
        Ok(_) => listing.skipped.push((path.to_owned(), "no ordinary file")),
        // Deleted, and git has not been told yet.
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        // It is looked at again, and then counts as one that could not be scanned.
        Err(_) => listing.files.push(path.to_owned()),
    }
}

/// Scans files, each under the name it is told by. The order of the findings is that of the files.
pub(super) fn scan(
    policy: &Policy,
    salt: &Salt,
    files: &[(PathBuf, String)],
    limit: u64,
    tick: &(dyn Fn(usize, usize) + Sync),
) -> Vec<Finding> {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        let mut found = Vec::new();
        while let Some((path, name)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            found.extend(look(policy, salt, path, name, limit));
            tick(done.fetch_add(1, Ordering::Relaxed) + 1, files.len());
        }
        found
    };
    let mut found = if files.len() < MANY {
        work()
    } else {
        std::thread::scope(|scope| {
            let other = scope.spawn(work);
            let mut found = work();
            // A thread that ended early looked at less than it took.
            found.extend(other.join().unwrap_or_else(|_| files.iter().map(|f| broken(salt, &f.1)).collect()));
            found
        })
    };
    found.sort_by(|a, b| (&a.path, a.line, a.column, &a.rule).cmp(&(&b.path, b.line, b.column, &b.rule)));
    found
}

fn broken(salt: &Salt, name: &str) -> Finding {
    unscanned(salt, name, "", &Unscanned::Unreadable("the scan broke off".into()))
}

fn look(policy: &Policy, salt: &Salt, path: &Path, name: &str, limit: u64) -> Vec<Finding> {
    match read(path, limit) {
        Ok(bytes) => {
            let scan = policy.scanner.scan(salt, name, &bytes);
            let mut found = scan.findings;
            found.extend(scan.unscanned.map(|why| unscanned(salt, name, "", &why)));
            found
        }
        Err(why) => vec![unscanned(salt, name, "", &why)],
    }
}

pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Unscanned> {
    let unreadable = |e: std::io::Error| Unscanned::Unreadable(e.to_string());
    // It was an ordinary file a moment ago; a pipe that took its place would be waited for.
    let file = crate::fs::private::options().read(true).open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    if size > limit {
        return Err(Unscanned::TooLarge { bytes: size, limit });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.take(limit + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let read = bytes.len() as u64;
    if read > limit { Err(Unscanned::TooLarge { bytes: read, limit }) } else { Ok(bytes) }
}
