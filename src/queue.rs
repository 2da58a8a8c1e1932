//! Requests for a sync, one file each, that outlive whoever made them.
//!
//! A request is made with a new unique name, never edited in place, and removed only when its work
//! is done and recorded. A crash anywhere leaves it for the next worker.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::config::model::Action;
use crate::dice::Dice;
use crate::fs::atomic::{self, Durability};
use crate::fs::layout::Layout;
use crate::fs::{FsError, IoContext, private, remove_optional};
use crate::locate::Location;

/// What made a sync happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// A session started.
    SessionStart,
    /// A session ended.
    SessionEnd,
    /// A prompt was submitted and the dice fell so.
    UserPrompt,
    /// Somebody typed `craft auto-sync force`.
    Manual,
    /// A session died without its end.
    Recovery,
    /// A recurring job, or what a worker does beside a sync.
    Job,
}

impl Trigger {
    /// The word used in files and messages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SessionStart => "session-start",
            Self::SessionEnd => "session-end",
            Self::UserPrompt => "user-prompt",
            Self::Manual => "manual",
            Self::Recovery => "recovery",
            Self::Job => "job",
        }
    }
}

/// One wish for a sync of one working tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// Format version; 1.
    pub version: u32,
    /// Unique; also the name of the file and of the answer.
    pub id: String,
    /// What made it.
    pub trigger: Trigger,
    /// What to do.
    pub action: Action,
    /// The working tree.
    pub worktree: PathBuf,
    /// Its git folder.
    pub git_dir: PathBuf,
    /// The git folder shared by all working trees of the repository.
    pub common_dir: PathBuf,
    /// The session, where one made it.
    #[serde(default)]
    pub session: Option<String>,
    /// When it was made.
    pub requested: Millis,
    /// How often it was tried and put back.
    #[serde(default)]
    pub attempts: u32,
    /// Not to be tried before this time (backoff); 0 is at once.
    #[serde(default)]
    pub not_before: Millis,
    /// Whether a hook waits for an answer.
    #[serde(default)]
    pub wants_answer: bool,
}

impl Request {
    /// A new request, made now.
    pub fn new(
        at: &Location,
        trigger: Trigger,
        action: Action,
        session: Option<String>,
        now: Millis,
        dice: &mut Dice,
    ) -> Self {
        Self {
            version: 1,
            id: format!("{now:013}-{}-{:08x}", std::process::id(), dice.token()),
            trigger,
            action,
            worktree: at.worktree.clone(),
            git_dir: at.git_dir.clone(),
            common_dir: at.common_dir.clone(),
            session,
            requested: now,
            attempts: 0,
            not_before: 0,
            wants_answer: false,
        }
    }

    /// Where it is about.
    #[must_use]
    pub fn location(&self) -> Location {
        Location { worktree: self.worktree.clone(), git_dir: self.git_dir.clone(), common_dir: self.common_dir.clone() }
    }
}

/// Puts a request into the queue: one new file.
///
/// # Errors
/// Where the file cannot be written, and where the folder of ours belongs to another user.
pub fn push(layout: &Layout, request: &Request) -> Result<(), FsError> {
    private::check(&layout.craft())?;
    let path = file(layout, &request.id);
    let text = serde_json::to_vec(request).map_err(std::io::Error::other).at("write", &path)?;
    atomic::create(&path, &text)
}

/// All requests, oldest first. A file that is no request, and one that is named otherwise than by its id (it
/// could be neither put back nor removed), is put aside with the ending `.bad`.
///
/// # Errors
/// Where the folder cannot be listed.
pub fn list(layout: &Layout) -> Result<Vec<Request>, FsError> {
    let folder = layout.queue();
    let mut requests = Vec::new();
    for path in files(&folder)? {
        match std::fs::read(&path).map(|bytes| serde_json::from_slice::<Request>(&bytes)) {
            Ok(Ok(request)) if path == file(layout, &request.id) => requests.push(request),
            Ok(_) => {
                let _ = atomic::rename(&path, &path.with_extension("bad"));
            }
            // Taken by another worker in the meantime.
            Err(_) => {}
        }
    }
    requests.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(requests)
}

/// Puts a request back with another count of attempts and another time.
///
/// # Errors
/// Where the file cannot be written.
pub fn put_back(layout: &Layout, request: &Request) -> Result<(), FsError> {
    let path = file(layout, &request.id);
    let text = serde_json::to_vec(request).map_err(std::io::Error::other).at("write", &path)?;
    atomic::store(&path, &text, Durability::Full)
}

/// Removes a request whose work is done and recorded.
///
/// # Errors
/// Where the file is there and cannot be removed.
pub fn remove(layout: &Layout, id: &str) -> Result<(), FsError> {
    remove_optional(&file(layout, id))
}

fn file(layout: &Layout, id: &str) -> PathBuf {
    layout.queue().join(format!("{id}.json"))
}

/// The `*.json` files of a folder; none where there is no such folder.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, FsError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e).at("list", folder),
    };
    let paths = entries.filter_map(Result::ok).map(|e| e.path());
    Ok(paths.filter(|p| p.extension().is_some_and(|e| e == "json")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(now: Millis, dice: &mut Dice) -> Request {
        let at = Location { worktree: "/r".into(), git_dir: "/r/.git".into(), common_dir: "/r/.git".into() };
        Request::new(&at, Trigger::SessionEnd, Action::Push, Some("s".into()), now, dice)
    }

    #[test]
    fn requests_come_back_oldest_first_and_rubbish_is_put_aside() {
        let tmp = tempfile::tempdir().unwrap();
        let layout = Layout::at(tmp.path());
        let mut dice = Dice::seeded(1);
        assert!(list(&layout).unwrap().is_empty());
        let (late, early) = (request(2_000, &mut dice), request(1_000, &mut dice));
        push(&layout, &late).unwrap();
        push(&layout, &early).unwrap();
        atomic::create(&layout.queue().join("0.json"), b"{").unwrap();
        assert_eq!(list(&layout).unwrap(), [early.clone(), late.clone()]);
        assert!(layout.queue().join("0.bad").exists());
        for (name, id) in [("1", "2".to_owned()), ("2", format!("../queue/{}", late.id)), ("3", String::new())] {
            let text = serde_json::to_vec(&Request { id, ..late.clone() }).unwrap();
            atomic::create(&layout.queue().join(format!("{name}.json")), &text).unwrap();
            assert_eq!(list(&layout).unwrap(), [early.clone(), late.clone()], "a file answers for its own name only");
            assert!(layout.queue().join(format!("{name}.bad")).exists());
        }

        let again = Request { attempts: 1, ..early };
        put_back(&layout, &again).unwrap();
        remove(&layout, &late.id).unwrap();
        remove(&layout, &late.id).unwrap();
        assert_eq!(list(&layout).unwrap(), [again]);
    }
}
