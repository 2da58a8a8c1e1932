//! A bare remote and two clones of it, and what tests do with them.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use claude_craft::sync::outcome::{End, LeftOut, Refusal, Report};

use super::{State, TestEnv, assert_whole, script, write};

/// What `one.txt`, `two.txt` and `three.txt` hold at first: lines far enough apart for merges.
const LINES: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n";

/// A remote, the clone `a` in which syncs run, and the clone `b` of somebody else.
pub struct Pair {
    env: TestEnv,
    pub remote: PathBuf,
    pub a: PathBuf,
    pub b: PathBuf,
}

impl Deref for Pair {
    type Target = TestEnv;

    fn deref(&self) -> &TestEnv {
        &self.env
    }
}

/// What `craft auto-sync force --json` answered.
#[derive(Debug)]
pub struct Forced {
    pub code: i32,
    pub report: Report,
    pub stderr: String,
}

#[derive(serde::Deserialize)]
struct Reports {
    reports: Vec<Report>,
}

impl Pair {
    /// Three files on `main`, everywhere the same. Nothing is enrolled.
    pub fn new() -> Self {
        Self::with(&[], &[])
    }

    /// The same, with arguments of their own for `git init` and `git clone`.
    pub fn with(init: &[&str], clone: &[&str]) -> Self {
        let env = TestEnv::new();
        let (remote, a, b) = (env.path("remote.git"), env.path("a"), env.path("b"));
        env.git(env.root(), &[&["init", "-q", "--bare"], init, &["remote.git"]].concat());
        env.git(env.root(), &["clone", "-q", "remote.git", "b"]);
        for name in ["one.txt", "two.txt", "three.txt"] {
            write(b.join(name), LINES);
        }
        env.git(&b, &["add", "-A"]);
        env.git(&b, &["commit", "-qm", "first"]);
        env.git(&b, &["push", "-q", "-u", "origin", "main"]);
        env.git(env.root(), &[&["clone", "-q"], clone, &[remote.to_str().unwrap(), "a"]].concat());
        Self { env, remote, a, b }
    }

    /// The same as [`new`](Self::new), with `a` enrolled.
    pub fn enrolled() -> Self {
        let pair = Self::new();
        pair.auto_sync(&pair.a, &["enable"]);
        pair
    }

    /// Both sides have moved, `a` is dirty in an incoming file and has a new one.
    pub fn busy() -> Self {
        let pair = Self::enrolled();
        pair.edit(&pair.a, "one.txt", 1, "mine");
        pair.commit(&pair.a, "by hand");
        pair.edit(&pair.a, "two.txt", 1, "mine");
        write(pair.a.join("new.txt"), "new\n");
        pair.edit(&pair.b, "two.txt", 12, "theirs");
        std::fs::remove_file(pair.b.join("three.txt")).unwrap();
        pair.b_pushes("theirs.txt", "theirs\n");
        pair
    }

    /// The same as [`enrolled`](Self::enrolled), but `a` reaches the remote through a stand-in for ssh.
    /// While there is a file `ssh-says` in the test's folder, it prints that to stderr and fails.
    pub fn over_ssh() -> Self {
        let pair = Self::new();
        script(
            pair.path("ssh.sh"),
            &format!(
                "if [ -e '{0}' ]; then cat '{0}' >&2; exit 255; fi\n\
                 for last; do :; done\nexec sh -c \"$last\"",
                pair.path("ssh-says").display()
            ),
        );
        pair.git(&pair.a, &["config", "core.sshCommand", pair.path("ssh.sh").to_str().unwrap()]);
        pair.git(&pair.a, &["config", "ssh.variant", "ssh"]);
        let url = format!("ssh://host.example{}", pair.remote.display());
        pair.git(&pair.a, &["remote", "set-url", "origin", &url]);
        pair.auto_sync(&pair.a, &["enable"]);
        pair
    }

    /// What the stand-in for ssh says from now on; nothing, and it works.
    pub fn ssh_says(&self, text: Option<&str>) {
        match text {
            Some(text) => write(self.path("ssh-says"), text),
            None => std::fs::remove_file(self.path("ssh-says")).unwrap(),
        }
    }

    /// Replaces one of the numbered lines of a file in `clone`.
    pub fn edit(&self, clone: &Path, name: &str, line: u32, text: &str) {
        let path = clone.join(name);
        let old = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
        let new: String = old
            .lines()
            .enumerate()
            .map(|(i, l)| if i + 1 == line as usize { format!("{text}\n") } else { format!("{l}\n") })
            .collect();
        assert_ne!(old, new, "the edit changes nothing");
        std::fs::write(path, new).unwrap();
    }

    /// Commits all in `clone`; the commit.
    #[track_caller]
    pub fn commit(&self, clone: &Path, subject: &str) -> String {
        self.git(clone, &["add", "-A"]);
        self.git(clone, &["commit", "-qm", subject]);
        self.rev(clone, "HEAD")
    }

    /// The other side writes a file, commits and pushes; the commit.
    #[track_caller]
    pub fn b_pushes(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        write(self.b.join(name), bytes);
        self.b_pushes_all(&format!("b: {name}"))
    }

    /// As [`b_pushes`](Self::b_pushes), where the other side has to pull first.
    #[track_caller]
    pub fn b_pushes_after_pull(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        self.git(&self.b, &["pull", "-q", "--no-rebase"]);
        self.b_pushes(name, bytes)
    }

    /// The other side commits and pushes what it has; the commit.
    #[track_caller]
    pub fn b_pushes_all(&self, subject: &str) -> String {
        let commit = self.commit(&self.b, subject);
        self.git(&self.b, &["push", "-q", "origin", "HEAD"]);
        commit
    }

    /// The commit a name stands for.
    #[track_caller]
    pub fn rev(&self, repo: &Path, name: &str) -> String {
        self.git(repo, &["rev-parse", "--verify", &format!("{name}^{{commit}}")])
    }

    /// The commit `main` of the remote is at.
    #[track_caller]
    pub fn remote_tip(&self) -> String {
        self.rev(&self.remote, "refs/heads/main")
    }

    /// All refs of the remote.
    pub fn remote_refs(&self) -> String {
        self.git(&self.remote, &["for-each-ref", "--format=%(refname) %(objectname)"])
    }

    /// Subjects on the remote's `main`, newest first.
    pub fn remote_log(&self) -> Vec<String> {
        self.git(&self.remote, &["log", "--format=%s", "main"]).lines().map(str::to_owned).collect()
    }

    /// The files of the remote's `main` with their content.
    pub fn remote_tree(&self) -> BTreeMap<String, String> {
        let names = self.git(&self.remote, &["ls-tree", "-r", "-z", "--name-only", "main"]);
        let names = names.split('\0').filter(|n| !n.is_empty());
        names.map(|n| (n.to_owned(), self.remote_file(n))).collect()
    }

    /// A file of the remote's `main`.
    #[track_caller]
    pub fn remote_file(&self, name: &str) -> String {
        let mut command = self.command("git", &self.remote);
        command.args(["cat-file", "blob", &format!("main:{name}")]);
        self.run(command, b"").ok().stdout
    }

    /// The working tree of `a` as git sees it: one line a changed file, none where it is clean.
    pub fn changes(&self) -> String {
        self.git(&self.a, &["status", "--porcelain"])
    }

    /// Snapshots in `a`: ref names.
    pub fn snapshots(&self) -> Vec<String> {
        let refs = self.git(&self.a, &["for-each-ref", "--format=%(refname)", "refs/craft/backup"]);
        refs.lines().map(str::to_owned).collect()
    }

    /// `craft auto-sync force ACTION` in `a`.
    #[track_caller]
    pub fn force(&self, action: &str) -> Forced {
        self.force_in(&self.a, action)
    }

    /// `craft auto-sync force ACTION` in `dir`. Whatever comes of it, exit code and report agree.
    #[track_caller]
    pub fn force_in(&self, dir: &Path, action: &str) -> Forced {
        let ran = self.craft(dir, &["auto-sync", "force", action, "--json"]);
        Forced::parse(ran)
    }

    /// The state of `a`.
    pub fn state(&self) -> State {
        State::of(self, &self.a)
    }

    /// Panics unless `a` is whole.
    #[track_caller]
    pub fn whole(&self) {
        assert_whole(self, &self.a);
    }
}

impl Forced {
    /// Reads the answer of `force --json`.
    #[track_caller]
    pub fn parse(ran: super::Ran) -> Self {
        let said = |e| panic!("{e}: exit {}\n{}\n{}", ran.code, ran.stdout, ran.stderr);
        let Reports { reports } = serde_json::from_str(&ran.stdout).unwrap_or_else(said);
        let [report] = <[Report; 1]>::try_from(reports).expect("one repository, one report");
        let wanted = match &report.end {
            End::Done => 0,
            End::Conflict { .. } => 3,
            End::Refused { kind, .. } if kind.by_gate() => 4,
            End::Busy { .. } => 5,
            End::Offline { .. } | End::Failed { transient: true, .. } => 6,
            End::Refused { .. } | End::Failed { .. } => 1,
        };
        assert_eq!(ran.code, wanted, "the exit code for {:?}", report.end);
        Self { code: ran.code, report, stderr: ran.stderr }
    }

    /// Panics unless all was done.
    #[track_caller]
    pub fn done(self) -> Report {
        assert_eq!(self.report.end, End::Done, "{:#?}\n{}", self.report, self.stderr);
        self.report
    }

    /// Panics unless it was refused for this reason; the reason in words.
    #[track_caller]
    pub fn refused(&self, wanted: Refusal) -> String {
        match &self.report.end {
            End::Refused { kind, reason, .. } if *kind == wanted => reason.clone(),
            other => panic!("not refused as {wanted:?} but {other:?}\n{}", self.stderr),
        }
    }

    /// Panics unless it was a conflict; the files.
    #[track_caller]
    pub fn conflict(&self) -> Vec<String> {
        match &self.report.end {
            End::Conflict { files, .. } => files.clone(),
            other => panic!("no conflict but {other:?}\n{}", self.stderr),
        }
    }

    /// Panics unless it was a failure that may pass by itself.
    #[track_caller]
    pub fn transient(&self) -> String {
        match &self.report.end {
            End::Failed { reason, transient: true } => reason.clone(),
            other => panic!("no transient failure but {other:?}\n{}", self.stderr),
        }
    }

    /// Panics unless the remote could not be reached.
    #[track_caller]
    pub fn offline(&self) -> String {
        match &self.report.end {
            End::Offline { reason } => reason.clone(),
            other => panic!("not offline but {other:?}\n{}", self.stderr),
        }
    }

    /// Why `path` was left out, where it was.
    pub fn left_out(&self, path: &str) -> Option<&LeftOut> {
        self.report.left_out.iter().find(|l| l.path.trim_end_matches('/') == path)
    }
}
