//! Where every file of the suite lies. The only module that joins their names.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use crate::env::{self, Env};

/// The folder of a beacon in a working tree; nothing that a message brings may go there.
pub const SYNC: &str = ".claude/sync";
/// In [`SYNC`]: the text of an idle beacon, as the issue on GitHub has it.
pub const SYNC_TEMPLATE: &str = "beacon-template.md";
/// In [`SYNC`]: what the end of the channel says, as it was last seen.
pub const SYNC_MANIFEST: &str = "manifest.json";
/// In [`SYNC`]: files on their way into the working tree.
pub const SYNC_STAGE: &str = ".stage";
/// In [`SYNC`]: files that the other side took away.
pub const SYNC_ARCHIVE: &str = "archive";

/// The folders below `$CLAUDE_CONFIG_DIR` or `~/.claude`. `docs/formats.md` describes each file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The layout for this user; `None` where neither `CLAUDE_CONFIG_DIR` nor `HOME` is set.
    #[must_use]
    pub fn from_env(env: &Env) -> Option<Self> {
        let root = env.path(env::CLAUDE_CONFIG_DIR).or_else(|| env.path(env::HOME).map(|h| h.join(".claude")))?;
        Some(Self { root })
    }

    /// A layout below `root`, which takes the place of `~/.claude`.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// `~/.claude` itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Our own folder.
    #[must_use]
    pub fn craft(&self) -> PathBuf {
        self.root.join("craft")
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.root.join("craft/config.json")
    }

    /// Last syncs and statistics; the name is the seed document's.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.root.join("auto-sync-state.json")
    }

    /// Guards [`state`](Self::state) and [`config`](Self::config) against two writers at once.
    #[must_use]
    pub fn state_lock(&self) -> PathBuf {
        self.root.join("craft/state.lock")
    }

    /// Requests that wait for a worker, one file each.
    #[must_use]
    pub fn queue(&self) -> PathBuf {
        self.root.join("craft/queue")
    }

    /// The worker's answer to the request `id`, for the hook that waits for it.
    #[must_use]
    pub fn answer(&self, id: &str) -> PathBuf {
        self.answers().join(format!("{id}.json"))
    }

    /// All answers.
    #[must_use]
    pub fn answers(&self) -> PathBuf {
        self.root.join("craft/answers")
    }

    /// What was last said to be wrong with the configuration file `broken`, so that it is said once.
    #[must_use]
    pub fn complaint(&self, broken: &Path) -> PathBuf {
        let name = format!("{:016x}", fnv1a(broken.as_os_str().as_encoded_bytes()));
        self.root.join("craft/complaints").join(name)
    }

    /// The version of the git program, as last asked.
    #[must_use]
    pub fn git_version(&self) -> PathBuf {
        self.root.join("craft/git.json")
    }

    /// When the hook for `event` last ran, and which executable that was.
    #[must_use]
    pub fn heartbeat(&self, event: &str) -> PathBuf {
        self.craft().join(format!("heartbeat-{event}.json"))
    }

    /// What `craft install` put where.
    #[must_use]
    pub fn installs(&self) -> PathBuf {
        self.root.join("craft/install.json")
    }

    /// Copies of files of ours that somebody had changed when they were replaced.
    #[must_use]
    pub fn replaced(&self) -> PathBuf {
        self.root.join("craft/replaced")
    }

    /// Lets one install or uninstall run at a time.
    #[must_use]
    pub fn install_lock(&self) -> PathBuf {
        self.root.join("craft/install.lock")
    }

    /// The executables of an install that has no plugin folder.
    #[must_use]
    pub fn bin(&self) -> PathBuf {
        self.root.join("craft/bin")
    }

    /// The marketplace that `craft install --as marketplace` makes for the client.
    #[must_use]
    pub fn marketplace(&self) -> PathBuf {
        self.root.join("craft/marketplace")
    }

    /// Running sessions, one file each.
    #[must_use]
    pub fn sessions(&self) -> PathBuf {
        self.root.join("craft/sessions")
    }

    /// What hooks and the worker have to say to whoever debugs them.
    #[must_use]
    pub fn diagnostics(&self) -> PathBuf {
        self.root.join("craft/log/craft.log")
    }

    /// What was put into which settings file of the client.
    #[must_use]
    pub fn settings_record(&self) -> PathBuf {
        self.root.join("craft/settings/applied.json")
    }

    /// Guards settings files and their record against two writers of ours at once.
    #[must_use]
    pub fn settings_lock(&self) -> PathBuf {
        self.root.join("craft/settings/lock")
    }

    /// The settings file with `key` (see [`path_key`]) as it was before anything was put in.
    #[must_use]
    pub fn settings_original(&self, key: &str) -> PathBuf {
        self.root.join("craft/settings/originals").join(key)
    }

    /// Settings files as they were before each of the last changes.
    #[must_use]
    pub fn settings_backups(&self) -> PathBuf {
        self.root.join("craft/settings/backups")
    }

    /// The random bytes in fingerprints of what is in no repository.
    #[must_use]
    pub fn scan_salt(&self) -> PathBuf {
        self.root.join("craft/scan-salt")
    }

    /// The journal: one line for everything that was done.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.root.join("craft/log/journal.jsonl")
    }

    /// Files of the journal that were turned over.
    #[must_use]
    pub fn journal_archive(&self) -> PathBuf {
        self.root.join("craft/log/journal")
    }

    /// Where the journal ends: its last line's number and hash. Its lock too.
    #[must_use]
    pub fn journal_head(&self) -> PathBuf {
        self.root.join("craft/log/journal.head")
    }

    /// How long hooks held a session, until the worker writes it into the journal.
    #[must_use]
    pub fn held(&self) -> PathBuf {
        self.root.join("craft/held.jsonl")
    }

    /// The recurring jobs.
    #[must_use]
    pub fn schedule(&self) -> PathBuf {
        self.root.join("craft/schedule.json")
    }

    /// Guards [`schedule`](Self::schedule).
    #[must_use]
    pub fn schedule_lock(&self) -> PathBuf {
        self.root.join("craft/schedule.lock")
    }

    /// When the next job is due: 8 bytes, little-endian milliseconds.
    #[must_use]
    pub fn due(&self) -> PathBuf {
        self.root.join("craft/jobs.due")
    }

    /// What the job `id` said.
    #[must_use]
    pub fn job_log(&self, id: &str) -> PathBuf {
        self.root.join("craft/log/jobs").join(format!("{id}.log"))
    }

    /// How far running work is, one file each.
    #[must_use]
    pub fn progress(&self) -> PathBuf {
        self.root.join("craft/progress")
    }

    /// The notifications.
    #[must_use]
    pub fn notifications(&self) -> PathBuf {
        self.root.join("craft/notifications.json")
    }

    /// Guards [`notifications`](Self::notifications).
    #[must_use]
    pub fn notifications_lock(&self) -> PathBuf {
        self.root.join("craft/notifications.lock")
    }

    /// What the next hook has to tell of notifications, in one line.
    #[must_use]
    pub fn announcement(&self) -> PathBuf {
        self.root.join("craft/announcement.json")
    }

    /// How many notifications wait to be read, for who only counts them.
    #[must_use]
    pub fn pending(&self) -> PathBuf {
        self.root.join("craft/pending.json")
    }

    /// Until when trackers want to be left alone.
    #[must_use]
    pub fn pauses(&self) -> PathBuf {
        self.root.join("craft/pauses.json")
    }

    /// Guards [`pauses`](Self::pauses).
    #[must_use]
    pub fn pauses_lock(&self) -> PathBuf {
        self.root.join("craft/pauses.lock")
    }

    /// The folder with one folder for each repository.
    #[must_use]
    pub fn repos(&self) -> PathBuf {
        self.root.join("craft/repos")
    }

    /// What is known of the repository with `key` (see [`repo_key`]).
    #[must_use]
    pub fn repo(&self, key: &str) -> RepoFiles {
        RepoFiles { dir: self.repos().join(key) }
    }
}

/// The files kept for one repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoFiles {
    dir: PathBuf,
}

impl RepoFiles {
    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// When a prompt was last looked at: 8 bytes, little-endian milliseconds, written in place.
    #[must_use]
    pub fn prompt_tick(&self) -> PathBuf {
        self.dir.join("prompt.tick")
    }

    /// When a pull was last asked for, in the same form.
    #[must_use]
    pub fn pull_tick(&self) -> PathBuf {
        self.dir.join("pull.tick")
    }

    /// When old snapshots were last removed, in the same form.
    #[must_use]
    pub fn prune_tick(&self) -> PathBuf {
        self.dir.join("prune.tick")
    }

    /// When `status` last asked for a new look, in the same form.
    #[must_use]
    pub fn observe_tick(&self) -> PathBuf {
        self.dir.join("observe.tick")
    }

    /// Held by whoever changes the book of a plan.
    #[must_use]
    pub fn plan_lock(&self) -> PathBuf {
        self.dir.join("plan.lock")
    }

    /// Which side of a beacon this working tree is.
    #[must_use]
    pub fn beacon(&self) -> PathBuf {
        self.dir.join("beacon.json")
    }

    /// Held by whoever changes what is kept of the beacon here, or its files.
    #[must_use]
    pub fn beacon_lock(&self) -> PathBuf {
        self.dir.join("beacon.lock")
    }

    /// Held by the one who sends messages of the beacon here.
    #[must_use]
    pub fn beacon_send_lock(&self) -> PathBuf {
        self.dir.join("beacon-send.lock")
    }

    /// What was last found waiting, for hooks and status lines.
    #[must_use]
    pub fn beacon_waiting(&self) -> PathBuf {
        self.dir.join("beacon-waiting.json")
    }

    /// Held by the one `craft beacon watch` of this channel and working tree.
    #[must_use]
    pub fn beacon_watch_lock(&self, channel: &str) -> PathBuf {
        self.dir.join(format!("beacon-watch-{channel}.lock"))
    }

    /// Held while what was found waiting is put in place.
    #[must_use]
    pub fn beacon_waiting_lock(&self) -> PathBuf {
        self.dir.join("beacon-waiting.lock")
    }

    /// Why what nobody stands by could not be done, as far as that was told.
    #[must_use]
    pub fn beacon_told(&self) -> PathBuf {
        self.dir.join("beacon-told.json")
    }

    /// When the beacon's remote was last looked at without being asked to: 8 bytes, little-endian milliseconds.
    #[must_use]
    pub fn beacon_tick(&self) -> PathBuf {
        self.dir.join("beacon.tick")
    }

    /// When the end of the channel was last fetched although the bell was silent, in the same form.
    #[must_use]
    pub fn beacon_fetch_tick(&self) -> PathBuf {
        self.dir.join("beacon-fetch.tick")
    }

    /// When the beacon's remote was last reached, in the same form.
    #[must_use]
    pub fn beacon_reached_tick(&self) -> PathBuf {
        self.dir.join("beacon-reached.tick")
    }

    /// What `craft vscode init` put into the project's `.vscode/`.
    #[must_use]
    pub fn vscode(&self) -> PathBuf {
        self.dir.join("vscode.json")
    }

    /// What is known of the beacon's issue on GitHub.
    #[must_use]
    pub fn beacon_bell(&self) -> PathBuf {
        self.dir.join("beacon-bell.json")
    }

    /// Held by whoever asks for that issue or changes it.
    #[must_use]
    pub fn beacon_bell_lock(&self) -> PathBuf {
        self.dir.join("beacon-bell.lock")
    }

    /// What the next hook of this repository has to tell.
    #[must_use]
    pub fn notices(&self) -> PathBuf {
        self.dir.join("notices.jsonl")
    }

    /// The cached status.
    #[must_use]
    pub fn status(&self) -> PathBuf {
        self.dir.join("status.json")
    }

    /// The random bytes in this repository's fingerprints.
    #[must_use]
    pub fn scan_salt(&self) -> PathBuf {
        self.dir.join("scan-salt")
    }

    /// Which objects were scanned and hold nothing.
    #[must_use]
    pub fn scanned(&self) -> PathBuf {
        self.dir.join("scanned")
    }

    /// What the last scan that found something found.
    #[must_use]
    pub fn findings(&self) -> PathBuf {
        self.dir.join("findings.json")
    }

    /// Findings that somebody let pass.
    #[must_use]
    pub fn scan_exceptions(&self) -> PathBuf {
        self.dir.join("scan-exceptions.json")
    }
}

/// The name of a repository's folder: the last readable part of its path and a hash of the whole, so
/// that people recognise it and no two repositories share one. `common_dir` is the git common
/// directory, so all linked worktrees of a repository share one key.
#[must_use]
pub fn repo_key(common_dir: &Path) -> String {
    let readable = common_dir.components().rev().map(Component::as_os_str).find(|c| *c != ".git");
    key(readable.unwrap_or_default(), common_dir)
}

/// The same for a file: its name, readable, and a hash of its path.
#[must_use]
pub fn path_key(file: &Path) -> String {
    key(file.file_name().unwrap_or_default(), file)
}

fn key(readable: &OsStr, whole: &Path) -> String {
    let readable: String = readable
        .to_string_lossy()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' })
        .take(40)
        .collect();
    format!("{readable}-{:016x}", fnv1a(whole.as_os_str().as_encoded_bytes()))
}

/// FNV-1a, 64 bits: a hash that is the same in every build, which std's hashers do not promise.
#[must_use]
pub fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_readable_and_distinct() {
        assert_eq!(
            repo_key(Path::new("/home/ann/My Project/.git")),
            "My-Project-1e96b8f1c3bfb9c5"
                .replace("1e96b8f1c3bfb9c5", &format!("{:016x}", fnv1a(b"/home/ann/My Project/.git")))
        );
        assert_ne!(repo_key(Path::new("/a/x/.git")), repo_key(Path::new("/b/x/.git")));
    }

    #[test]
    fn the_hash_is_the_published_fnv1a() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn claude_config_dir_moves_everything() {
        let env = Env::from_pairs([("HOME", "/h"), ("CLAUDE_CONFIG_DIR", "/c")]);
        assert_eq!(Layout::from_env(&env).unwrap().state(), Path::new("/c/auto-sync-state.json"));
        let env = Env::from_pairs([("HOME", "/h")]);
        assert_eq!(Layout::from_env(&env).unwrap().config(), Path::new("/h/.claude/craft/config.json"));
    }
}
