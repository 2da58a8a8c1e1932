//! What hooks have to tell of notifications, in `craft/announcement.json`: lines that were put together when the
//! notifications changed, so that a hook needs one `open`, which fails where there is nothing to tell.
//!
//! Who takes the file away tells what is in it, and what is no longer in it was told. A critical line is not taken:
//! it stays until the notifications change.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::file::Versioned;
use crate::clock::Millis;
use crate::fs::{FsError, IoContext, atomic, private};
use crate::plain;

/// No snooze is longer. What is to be told later than this was snoozed before the clock was set back.
pub const MAX_SNOOZE: Millis = 30 * 86_400_000;
/// Characters of a line at most.
const LINE: usize = 240;
/// Bytes that are read at most; a handful of lines has far fewer.
const MOST: u64 = 1 << 16;

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Announcement {
    /// Format version; 1.
    pub version: u32,
    /// What is to be told, the earliest first.
    pub stages: Vec<Stage>,
}

/// One line, from a moment on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Stage {
    /// Not to be told before; 0 is at once. Later is when a snooze ends. No two lines of a kind have the same.
    pub from: Millis,
    /// What to tell.
    pub line: String,
    /// Told at each occasion; another line is told once.
    pub critical: bool,
}

impl Default for Announcement {
    fn default() -> Self {
        Self { version: Self::VERSION, stages: Vec::new() }
    }
}

impl Versioned for Announcement {
    const VERSION: u32 = 1;
}

impl Announcement {
    /// What is to be told at `now`: the last critical line that is due, or else the first line that is.
    #[must_use]
    pub fn due(&self, now: Millis) -> Option<&Stage> {
        let due = |s: &&Stage| !ahead(s.from, now);
        let critical = self.stages.iter().rev().filter(due).find(|s| s.critical);
        critical.or_else(|| self.stages.iter().find(due))
    }
}

/// Whether `until` is still to come. More than [`MAX_SNOOZE`] ahead it is a mistake of the clock.
#[must_use]
pub fn ahead(until: Millis, now: Millis) -> bool {
    until > now && until - now <= MAX_SNOOZE
}

/// Something to tell. It has to be [`told`](Self::told) or [`put back`](Self::put_back).
#[derive(Debug)]
pub struct Taken {
    /// The line, harmless to a terminal.
    pub line: String,
    claim: Option<Claim>,
}

/// The file under a name that only this process knows, and what has to stand in its place afterwards.
#[derive(Debug)]
struct Claim {
    path: PathBuf,
    mine: PathBuf,
    rest: Announcement,
}

/// What is to be told now. A line that is told once is given to one process only.
///
/// # Errors
/// Where the file is there and cannot be read, or is another user's.
pub fn take(path: &Path, now: Millis) -> Result<Option<Taken>, FsError> {
    let Some(seen) = read(path)? else { return Ok(None) };
    match seen.due(now) {
        None => return Ok(None),
        Some(stage) if stage.critical => return Ok(Some(Taken { line: shown(&stage.line), claim: None })),
        Some(_) => {}
    }
    // Read once more after it is ours: it may have been replaced in between, and what is told must be what is taken.
    let Some((mine, claimed)) = claim(path)? else { return Ok(None) };
    let claimed = claimed.unwrap_or_default();
    match claimed.due(now).cloned() {
        Some(stage) if !stage.critical => {
            let rest = claimed.stages.into_iter().filter(|s| *s != stage).collect();
            let rest = Announcement { stages: rest, ..Announcement::default() };
            let claim = Claim { path: path.to_owned(), mine, rest };
            Ok(Some(Taken { line: shown(&stage.line), claim: Some(claim) }))
        }
        other => {
            give_back(&mine, path)?;
            Ok(other.map(|stage| Taken { line: shown(&stage.line), claim: None }))
        }
    }
}

/// Takes the file away from all hooks, for who is about to write another one. `None` where it is gone: what it held
/// was told, or is being told at this moment.
///
/// # Errors
/// Where it is there and cannot be read or taken.
pub fn withdraw(path: &Path) -> Result<Option<Announcement>, FsError> {
    let Some((mine, claimed)) = claim(path)? else { return Ok(None) };
    fs::remove_file(&mine).at("remove", &mine)?;
    Ok(claimed)
}

/// Reads the file; `None` where there is none, and where it cannot be understood.
///
/// # Errors
/// Where it is there and cannot be read, or is another user's.
pub fn read(path: &Path) -> Result<Option<Announcement>, FsError> {
    let file = match private::options().read(true).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e).at("open", path),
    };
    private::owned(&file.metadata().at("read", path)?).at("use", path)?;
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes).at("read", path)?;
    let understood = serde_json::from_slice::<Announcement>(&bytes).ok();
    Ok(understood.filter(|a| a.version <= Announcement::VERSION))
}

impl Taken {
    /// It was told: what is left to tell later takes the file's place.
    ///
    /// # Errors
    /// Where the files cannot be written.
    pub fn told(self) -> Result<(), FsError> {
        let Some(Claim { path, mine, rest }) = self.claim else { return Ok(()) };
        if rest.stages.is_empty() {
            return fs::remove_file(&mine).at("remove", &mine);
        }
        let text = serde_json::to_vec(&rest).map_err(std::io::Error::other).at("write", &mine)?;
        atomic::store(&mine, &text, atomic::Durability::None)?;
        give_back(&mine, &path)
    }

    /// It could not be told: somebody else shall.
    ///
    /// # Errors
    /// Where the file cannot be put back.
    pub fn put_back(self) -> Result<(), FsError> {
        self.claim.map_or(Ok(()), |claim| give_back(&claim.mine, &claim.path))
    }
}

/// Renames the file to a name of this process's own: of several that try, one succeeds.
fn claim(path: &Path) -> Result<Option<(PathBuf, Option<Announcement>)>, FsError> {
    let mine = atomic::temporary_beside(path);
    match atomic::rename(path, &mine) {
        Ok(()) => {}
        Err(e) if e.source.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    }
    let claimed = read(&mine)?;
    Ok(Some((mine, claimed)))
}

/// Gives a claimed file its name back, unless a newer one has it by now.
fn give_back(mine: &Path, path: &Path) -> Result<(), FsError> {
    let linked = match fs::hard_link(mine, path) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(e).at("replace", path),
        _ => Ok(()),
    };
    let _ = fs::remove_file(mine);
    linked
}

/// The line as it may be shown, whoever wrote the file: one line, no escapes, not too long.
fn shown(line: &str) -> String {
    let line = plain::line(line);
    let line = line.trim();
    if line.chars().count() <= LINE {
        return line.to_owned();
    }
    line.chars().take(LINE - 1).chain(std::iter::once('…')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(from: Millis, line: &str, critical: bool) -> Stage {
        Stage { from, line: line.into(), critical }
    }

    fn store(path: &Path, stages: &[Stage]) {
        let text = serde_json::to_vec(&Announcement { stages: stages.to_vec(), ..Announcement::default() }).unwrap();
        atomic::store(path, &text, atomic::Durability::None).unwrap();
    }

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let tmp = tempfile::tempdir().unwrap();
        let path = tmp.path().join("craft/announcement.json");
        (tmp, path)
    }

    fn line(path: &Path, now: Millis) -> Option<String> {
        take(path, now).unwrap().map(|taken| {
            let line = taken.line.clone();
            taken.told().unwrap();
            line
        })
    }

    #[test]
    fn a_line_is_told_once_and_a_critical_one_until_it_changes() {
        let (_tmp, path) = folder();
        assert_eq!(line(&path, 0), None);
        store(&path, &[stage(0, "one", false)]);
        assert_eq!([line(&path, 5), line(&path, 5)], [Some("one".into()), None]);
        assert!(!path.exists());

        store(&path, &[stage(0, "one", false), stage(0, "grave", true)]);
        assert_eq!([line(&path, 5), line(&path, 5)].map(Option::unwrap), ["grave", "grave"]);
        assert_eq!(withdraw(&path).unwrap().unwrap().stages.len(), 2, "the other line waits");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 0, "nothing is left lying about");
    }

    #[test]
    fn what_is_snoozed_comes_at_its_time_and_what_cannot_be_told_is_put_back() {
        let (_tmp, path) = folder();
        store(&path, &[stage(0, "now", false), stage(100, "later", false), stage(200, "grave", true)]);
        let taken = take(&path, 50).unwrap().unwrap();
        assert!(take(&path, 50).unwrap().is_none(), "it is given to one process only");
        taken.put_back().unwrap();
        assert_eq!(line(&path, 50).as_deref(), Some("now"));
        assert_eq!(line(&path, 50), None);
        assert_eq!(line(&path, 100).as_deref(), Some("later"));
        assert_eq!([line(&path, 200), line(&path, 201)].map(Option::unwrap), ["grave", "grave"]);
        store(&path, &[stage(MAX_SNOOZE + 1_001, "jumped", false)]);
        assert_eq!(line(&path, 1_000).as_deref(), Some("jumped"), "the clock was set back");
    }

    #[test]
    fn what_is_put_back_gives_way_to_what_is_newer() {
        let (_tmp, path) = folder();
        store(&path, &[stage(0, "old", false)]);
        let taken = take(&path, 0).unwrap().unwrap();
        store(&path, &[stage(0, "new", false)]);
        taken.put_back().unwrap();
        assert_eq!(line(&path, 0).as_deref(), Some("new"));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 0);
    }

    #[test]
    fn of_many_that_race_one_tells() {
        let (_tmp, path) = folder();
        for _ in 0..50 {
            store(&path, &[stage(0, "once", false), stage(9, "later", false)]);
            let told = std::thread::scope(|scope| {
                let all: Vec<_> = (0..4).map(|_| scope.spawn(|| line(&path, 0))).collect();
                all.into_iter().filter_map(|t| t.join().unwrap()).count()
            });
            assert_eq!(told, 1);
            assert_eq!(line(&path, 9).as_deref(), Some("later"));
        }
    }

    #[test]
    fn whoever_wrote_it_it_is_one_harmless_line() {
        let (_tmp, path) = folder();
        let hostile = format!("a\u{1b}[2J\nb\u{202e}{}", "x".repeat(10_000));
        store(&path, &[stage(0, &hostile, true)]);
        let found = line(&path, 0).unwrap();
        assert!(found.starts_with("a\\u{1b}[2J b\\u{202e}x") && found.chars().count() == LINE, "{found}");
        for damaged in ["", "{", "[]", "{\"version\": 2, \"stages\": [{\"line\": \"x\"}]}", "{\"stages\": 7}"] {
            atomic::store(&path, damaged.as_bytes(), atomic::Durability::None).unwrap();
            assert_eq!(line(&path, 0), None, "{damaged}");
            assert!(path.exists());
        }
    }
}
