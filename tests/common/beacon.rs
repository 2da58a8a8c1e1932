//! Sides of a beacon: clones of one bare remote, called through the library, each with a context of its own.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use claude_craft::beacon::manifest::{self, Manifest, Message};
use claude_craft::clock::rfc3339;
use claude_craft::context::Context;
use claude_craft::env::Env;
use claude_craft::locate::locate;
use claude_craft::ops::beacon::push::{Ask, Pushed};
use claude_craft::ops::beacon::{Place, applied, place, push};
use claude_craft::ops::error::OpError;
use claude_craft::queue::Trigger;
use claude_craft::state::beacon::Identity;
use claude_craft::state::file::StateFile;
use serde_json::Value;

use super::{TestEnv, write};

/// The usual channel's ref on the remote.
const CHANNEL: &str = "refs/craft/beacons/main";

/// A bare remote with one commit, and whatever sides a test adds.
pub struct Sides {
    env: TestEnv,
    pub remote: PathBuf,
}

impl Deref for Sides {
    type Target = TestEnv;

    fn deref(&self) -> &TestEnv {
        &self.env
    }
}

impl Sides {
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// The same, with arguments of its own for `git init`.
    pub fn with(init: &[&str]) -> Self {
        let env = TestEnv::new();
        let remote = env.path("remote.git");
        env.git(env.root(), &[&["init", "-q", "--bare"], init, &["remote.git"]].concat());
        env.git(env.root(), &["clone", "-q", "remote.git", "first"]);
        write(env.path("first/readme.md"), "hello\n");
        env.git(&env.path("first"), &["add", "-A"]);
        env.git(&env.path("first"), &["commit", "-qm", "first"]);
        env.git(&env.path("first"), &["push", "-q", "-u", "origin", "main"]);
        Self { env, remote }
    }

    /// A new clone in a folder `at`, as the side `name`.
    pub fn side(&self, at: &str, name: &str) -> PathBuf {
        self.git(self.root(), &["clone", "-q", self.remote.to_str().unwrap(), at]);
        let clone = self.path(at);
        self.join(&clone, name);
        clone
    }

    /// Makes a working tree the side `name`.
    pub fn join(&self, clone: &Path, name: &str) {
        let (ctx, at) = (self.context(), locate(clone).unwrap());
        let mut dice = ctx.dice();
        let identity = Identity {
            version: 1,
            id: format!("{:08x}{:08x}", dice.token(), dice.token()),
            name: name.into(),
            channel: "main".into(),
            worktree: at.worktree.clone(),
            ..Identity::default()
        };
        StateFile::at(place::files(&ctx, &at).beacon()).store(&identity).unwrap();
    }

    /// A context that sees this test's folder only.
    pub fn context(&self) -> Context {
        let command = self.command("true", self.root());
        Context::new(Env::from_pairs(command.get_envs().filter_map(|(n, v)| Some((n, v?))))).unwrap()
    }

    pub fn place(&self, ctx: &Context, clone: &Path) -> Place {
        Place::find(ctx, clone, None, Trigger::Manual).unwrap()
    }

    /// `push` of these files; of all that was changed where there are none.
    pub fn push(&self, clone: &Path, files: &[&str]) -> Result<Pushed, OpError> {
        let files = files.iter().map(|f| (*f).to_owned()).collect();
        self.push_as(clone, &Ask { files, ..Ask::default() })
    }

    pub fn push_as(&self, clone: &Path, ask: &Ask) -> Result<Pushed, OpError> {
        let ctx = self.context();
        push::push(&ctx, &self.place(&ctx, clone), ask)
    }

    /// Writes `name` below the planning folder and sends it; the number of its message.
    #[track_caller]
    pub fn sends(&self, clone: &Path, name: &str, text: &str) -> u64 {
        let path = format!(".claude/planning/{name}");
        write(clone.join(&path), text);
        let pushed = self.push(clone, &[&path]).unwrap();
        assert_eq!(pushed.sent.waits, None);
        pushed.sent.messages.last().unwrap().0
    }

    /// Has `clone` know the channel up to its end, as a pull leaves it that had nothing to write.
    pub fn takes_in(&self, clone: &Path, seq: u64) {
        let ctx = self.context();
        let place = self.place(&ctx, clone);
        let git = place.git(&ctx);
        let mut applied = applied::read(&place, &git).unwrap();
        applied.state.position = Some(self.git(&self.remote, &["rev-parse", CHANNEL]));
        applied.state.seq = seq;
        applied::write(&place, &git, &mut applied).unwrap();
    }

    /// What the commits of a channel on the remote say, the oldest first.
    pub fn chain(&self, reference: &str) -> Vec<Manifest> {
        let commits = self.git(&self.remote, &["rev-list", "--reverse", "--first-parent", reference]);
        commits.lines().map(|c| self.manifest(c)).collect()
    }

    fn manifest(&self, commit: &str) -> Manifest {
        manifest::parse(self.git(&self.remote, &["cat-file", "blob", &format!("{commit}:manifest.json")]).as_bytes())
            .unwrap()
    }

    /// The messages among them.
    pub fn messages(&self) -> Vec<Message> {
        self.chain(CHANNEL).into_iter().filter_map(|m| m.message).collect()
    }

    /// What a git in the remote that reads `input` prints.
    pub fn fed(&self, words: &[&str], input: &[u8]) -> String {
        let mut command = self.command("git", &self.remote);
        command.args(words);
        self.run(command, input).ok().stdout.trim().to_owned()
    }

    /// Puts a commit onto the channel whose manifest is the last one that can be understood, changed.
    pub fn puts(&self, change: impl FnOnce(&mut Value)) {
        self.puts_by("ann@example.org", change);
    }

    /// The same, by the committer with this address.
    pub fn puts_by(&self, email: &str, change: impl FnOnce(&mut Value)) {
        let mut manifest = serde_json::from_str(&self.at_the_end("manifest.json")).unwrap_or_else(|_| {
            let before = self.git(&self.remote, &["cat-file", "blob", &format!("{CHANNEL}~1:manifest.json")]);
            serde_json::from_str(&before).unwrap()
        });
        change(&mut manifest);
        let blob = self.fed(&["hash-object", "-w", "--stdin"], &serde_json::to_vec(&manifest).unwrap());
        let tree = self.fed(&["mktree"], format!("100644 blob {blob}\tmanifest.json\n").as_bytes());
        let email = format!("user.email={email}");
        let commit = self.git(&self.remote, &["-c", &email, "commit-tree", &tree, "-p", CHANNEL, "-m", "x"]);
        self.git(&self.remote, &["update-ref", CHANNEL, &commit]);
    }

    /// A file of the end of the channel.
    pub fn at_the_end(&self, path: &str) -> String {
        let mut command = self.command("git", &self.remote);
        command.args(["cat-file", "blob", &format!("{CHANNEL}:{path}")]);
        self.run(command, b"").ok().stdout
    }
}

/// Whether two times as text are in order.
pub fn is_time(text: &str) -> bool {
    text.len() == rfc3339(0).len() && text.ends_with('Z')
}
