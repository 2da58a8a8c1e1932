//! Which sessions run: one file each, so that work of a client that died is found.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::fs::layout::{Layout, fnv1a};
use crate::fs::{FsError, IoContext, atomic, private, remove_optional};
use crate::locate::Location;
use crate::queue;

/// A session of the client in an enrolled repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Format version; 1.
    pub version: u32,
    /// The host's id of it.
    pub id: String,
    /// Process id of the client.
    pub pid: u32,
    /// When that process began, as the kernel counts it, so that a reused number is noticed;
    /// 0 where it is not known.
    pub pid_started: u64,
    /// The machine.
    pub host: String,
    /// Where it works.
    pub worktree: PathBuf,
    /// Its git folder.
    pub git_dir: PathBuf,
    /// The repository's common git folder.
    pub common_dir: PathBuf,
    /// When it was registered.
    pub started: Millis,
}

impl Session {
    /// Where it works.
    #[must_use]
    pub fn location(&self) -> Location {
        Location { worktree: self.worktree.clone(), git_dir: self.git_dir.clone(), common_dir: self.common_dir.clone() }
    }

    /// Whether its client lives. A session of another machine counts as alive: we cannot tell.
    #[must_use]
    pub fn alive(&self, host: &str) -> bool {
        self.host != host || process_lives(self.pid, self.pid_started)
    }
}

/// Registers a session, in place of an earlier record of the same id.
///
/// # Errors
/// Where the file cannot be written, and where the folder of ours belongs to another user.
pub fn register(layout: &Layout, session: &Session) -> Result<(), FsError> {
    private::check(&layout.craft())?;
    let path = file(layout, &session.id);
    let text = serde_json::to_vec(session).map_err(std::io::Error::other).at("write", &path)?;
    atomic::create(&path, &text)
}

/// Whether a session of that id is registered. One look at the filesystem.
#[must_use]
pub fn known(layout: &Layout, id: &str) -> bool {
    file(layout, id).exists()
}

/// Forgets a session.
///
/// # Errors
/// Where the file is there and cannot be removed.
pub fn forget(layout: &Layout, id: &str) -> Result<(), FsError> {
    remove_optional(&file(layout, id))
}

/// All registered sessions.
///
/// # Errors
/// Where the folder cannot be listed.
pub fn list(layout: &Layout) -> Result<Vec<Session>, FsError> {
    let paths = queue::files(&layout.sessions())?;
    Ok(paths.iter().filter_map(|p| serde_json::from_slice(&std::fs::read(p).ok()?).ok()).collect())
}

/// The name of this machine; empty where it is not known.
#[must_use]
pub fn host_name() -> String {
    crate::sys::host_name()
}

/// When a process began, in clock ticks since boot (`/proc/<pid>/stat`, field 22); 0 if that is not
/// known, or if it has ended and only nobody has waited for it yet. In a container the first process
/// may never do that.
#[must_use]
pub fn process_started(pid: u32) -> u64 {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return 0 };
    // The command's name stands in brackets and may itself hold brackets and blanks.
    let Some((_, rest)) = stat.rsplit_once(')') else { return 0 };
    let mut fields = rest.split_whitespace();
    if matches!(fields.next(), Some("Z" | "X")) {
        return 0;
    }
    fields.nth(18).and_then(|began| began.parse().ok()).unwrap_or(0)
}

/// Whether a process of this machine lives that began at `started` (see [`process_started`]; 0 where that is not
/// known).
#[must_use]
pub fn process_lives(pid: u32, started: u64) -> bool {
    process_exists(pid) && (started == 0 || process_started(pid) == started)
}

fn process_exists(pid: u32) -> bool {
    if Path::new("/proc/self").exists() {
        return Path::new(&format!("/proc/{pid}")).exists();
    }
    crate::sys::process_exists(pid)
}

fn file(layout: &Layout, id: &str) -> PathBuf {
    // The id comes from outside: it must never be able to leave the folder.
    let safe: String =
        id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).take(64).collect();
    let name = if safe == id && !id.is_empty() { safe } else { format!("{safe}-{:016x}", fnv1a(id.as_bytes())) };
    layout.sessions().join(format!("{name}.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(id: &str) -> Session {
        Session {
            version: 1,
            id: id.into(),
            pid: std::process::id(),
            pid_started: process_started(std::process::id()),
            host: "here".into(),
            worktree: "/r".into(),
            git_dir: "/r/.git".into(),
            common_dir: "/r/.git".into(),
            started: 1,
        }
    }

    #[test]
    fn a_session_is_alive_while_its_very_process_lives() {
        let me = session("s");
        assert!(me.alive("here"));
        assert!(!Session { pid_started: me.pid_started + 1, ..me.clone() }.alive("here"), "the number was reused");
        assert!(!Session { pid: 4_194_305, ..me.clone() }.alive("here"));
        assert!(Session { pid: 4_194_305, ..me }.alive("elsewhere"));
    }

    #[test]
    #[cfg(target_os = "linux")]
    #[expect(clippy::disallowed_methods, reason = "a process of its own that ends")]
    fn a_client_that_ended_is_dead_even_while_nobody_has_waited_for_it() {
        let mut child = std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let client = Session { pid: child.id(), pid_started: process_started(child.id()), ..session("s") };
        assert!(client.alive("here"));
        drop(child.stdin.take());
        let stat = format!("/proc/{}/stat", child.id());
        while !std::fs::read_to_string(&stat).unwrap().contains(") Z ") {
            std::thread::yield_now();
        }
        let alive = client.alive("here");
        child.wait().unwrap();
        assert!(!alive);
    }

    #[test]
    fn an_id_from_outside_cannot_leave_the_folder() {
        let tmp = tempfile::tempdir().unwrap();
        let layout = Layout::at(tmp.path());
        for id in ["../../etc/passwd", "a/b", "plain-1", ""] {
            register(&layout, &session(id)).unwrap();
        }
        let mut ids: Vec<_> = list(&layout).unwrap().into_iter().map(|s| s.id).collect();
        ids.sort();
        assert_eq!(ids, ["", "../../etc/passwd", "a/b", "plain-1"]);
        forget(&layout, "../../etc/passwd").unwrap();
        forget(&layout, "never").unwrap();
        assert_eq!(list(&layout).unwrap().len(), 3);
    }
}
