//! The worker's answer to a hook that waits, and who decides that the wait is over.
//!
//! One file name decides. The worker gives it to its finished answer by a hard link, the hook that
//! gives up makes an empty file of that name, and the system lets only the first of the two succeed.
//! So an answer is told by the hook or kept for the next prompt, never both and never neither.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::fs::layout::Layout;
use crate::fs::{FsError, IoContext, atomic, private, remove_optional};
use crate::state::notice::Notice;
use crate::sys;

/// After this long nobody waits for an answer any more (a hook waits a minute at most).
pub const STALE: Millis = 3_600_000;

/// What the worker has to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Format version; 1.
    pub version: u32,
    /// What to tell; may be nothing.
    #[serde(default)]
    pub notices: Vec<Notice>,
}

impl Answer {
    /// An answer of this version.
    #[must_use]
    pub fn new(notices: Vec<Notice>) -> Self {
        Self { version: 1, notices }
    }
}

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// The hook tells it.
    ToHook,
    /// Nobody waits: the worker must keep it as notices.
    TooLate,
}

/// Worker: answers the request `id`. Where anything goes wrong it is too late, so that nothing is lost.
#[must_use]
pub fn deliver(layout: &Layout, id: &str, answer: &Answer) -> Delivered {
    if !waits(id) {
        return Delivered::TooLate;
    }
    let path = layout.answer(id);
    let ready = path.with_extension("ready");
    let Ok(text) = serde_json::to_vec(answer) else { return Delivered::TooLate };
    let linked = atomic::create(&ready, &text).is_ok() && fs::hard_link(&ready, &path).is_ok();
    let _ = fs::remove_file(&ready);
    if linked { Delivered::ToHook } else { Delivered::TooLate }
}

/// Hook: takes the answer to `id` away, if it is there.
#[must_use]
pub fn take(layout: &Layout, id: &str) -> Option<Answer> {
    let path = layout.answer(id);
    let answer = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
    let _ = fs::remove_file(&path);
    Some(answer)
}

/// Hook: waits no longer for the answer to `id`. The answer, if it came at the last moment; otherwise
/// the worker will be told that it is too late.
#[must_use]
pub fn give_up(layout: &Layout, id: &str) -> Option<Answer> {
    let path = layout.answer(id);
    match make_new(&path) {
        Err(e) if e.kind() == ErrorKind::NotFound => {
            let made = private::folder(path.parent()?).map_err(|e| e.source).and_then(|()| make_new(&path));
            if made.is_ok() { None } else { take(layout, id) }
        }
        Err(_) => take(layout, id),
        Ok(()) => None,
    }
}

/// Worker: removes answers that nobody took for an hour, and what was left by hooks that gave up.
///
/// # Errors
/// Where the folder cannot be listed or a file not removed.
pub fn prune(layout: &Layout, now: Millis) -> Result<(), FsError> {
    let folder = layout.answers();
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e).at("list", &folder),
    };
    for entry in entries.filter_map(Result::ok) {
        // The time of the request, which its id begins with: the clock that wrote it is the one that is
        // compared with, which a filesystem's need not be.
        let name = entry.file_name();
        let requested = name.to_str().and_then(|n| n.split('-').next()?.parse::<Millis>().ok()).unwrap_or(0);
        if requested.saturating_add(STALE) < now {
            remove_optional(&entry.path())?;
        }
    }
    Ok(())
}

/// Whether the process that made the request lives; its id is the second part of the request's. A
/// hook that was killed, or that went on long ago while its request was tried again, left no word.
fn waits(id: &str) -> bool {
    id.split('-').nth(1).and_then(|pid| pid.parse().ok()).is_some_and(sys::process_exists)
}

fn make_new(path: &Path) -> std::io::Result<()> {
    private::options().write(true).create_new(true).open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    fn layout() -> (tempfile::TempDir, Layout) {
        let tmp = tempfile::tempdir().unwrap();
        let layout = Layout::at(tmp.path());
        (tmp, layout)
    }

    fn id(pid: u32, token: u32) -> String {
        format!("{:013}-{pid}-{token:08x}", 1)
    }

    fn answer() -> Answer {
        Answer::new(vec![Notice { user: "u".into(), model: "m".into() }])
    }

    #[test]
    fn an_answer_in_time_is_taken_once_even_at_the_last_moment() {
        let (_tmp, layout) = layout();
        let id = id(std::process::id(), 1);
        assert_eq!(take(&layout, &id), None);
        assert_eq!(deliver(&layout, &id, &answer()), Delivered::ToHook);
        assert_eq!(give_up(&layout, &id), Some(answer()));
        assert_eq!(take(&layout, &id), None);
        assert_eq!(fs::read_dir(layout.answers()).unwrap().count(), 0, "nothing is left");
    }

    #[test]
    fn a_hook_that_gave_up_makes_the_worker_keep_the_answer() {
        let (_tmp, layout) = layout();
        let id = id(std::process::id(), 1);
        assert_eq!(give_up(&layout, &id), None);
        assert_eq!(take(&layout, &id), None);
        assert_eq!(deliver(&layout, &id, &answer()), Delivered::TooLate);
        assert_eq!(deliver(&layout, &id, &answer()), Delivered::TooLate, "also when it is tried again");
        assert_eq!(take(&layout, &id), None);
    }

    #[test]
    fn a_hook_that_was_killed_makes_the_worker_keep_the_answer() {
        let (_tmp, layout) = layout();
        assert_eq!(deliver(&layout, &id(4_194_305, 1), &answer()), Delivered::TooLate);
        assert_eq!(deliver(&layout, "odd", &answer()), Delivered::TooLate);
    }

    #[test]
    fn when_both_act_at_once_exactly_one_has_the_answer() {
        let (_tmp, layout) = layout();
        let barrier = Barrier::new(2);
        for round in 0..200 {
            let id = id(std::process::id(), round);
            let (delivered, taken) = std::thread::scope(|scope| {
                let worker = scope.spawn(|| {
                    barrier.wait();
                    deliver(&layout, &id, &answer())
                });
                barrier.wait();
                let taken = give_up(&layout, &id);
                (worker.join().unwrap(), taken)
            });
            assert_eq!(delivered == Delivered::ToHook, taken.is_some(), "round {round}");
        }
    }

    #[test]
    fn what_nobody_took_goes_after_an_hour() {
        let (_tmp, layout) = layout();
        prune(&layout, 0).unwrap();
        let id = id(std::process::id(), 1);
        assert_eq!(deliver(&layout, &id, &answer()), Delivered::ToHook);
        // The id says that it was asked for at 1.
        prune(&layout, 1 + STALE).unwrap();
        assert!(layout.answer(&id).exists());
        prune(&layout, 2 + STALE).unwrap();
        assert!(!layout.answer(&id).exists());
    }
}
