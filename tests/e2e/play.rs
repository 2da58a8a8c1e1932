//! The stage of a scenario: a bare remote, two machines, the client and the stub it talks to.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::client::{Client, Seat};
use crate::common::{Pair, TestEnv};
use crate::install::{Kind, install};
use crate::stub_api::Stub;
use crate::terminal::wait_until;

/// One machine with the clone `a` of a remote in which sessions run. In `b` somebody works by hand.
pub struct Play {
    pub pair: Pair,
    pub stub: Stub,
    pub client: Client,
}

/// A second machine: another home, another clone of the same remote.
pub struct Second {
    pub env: TestEnv,
    pub clone: PathBuf,
}

impl Deref for Play {
    type Target = Pair;

    fn deref(&self) -> &Pair {
        &self.pair
    }
}

impl Play {
    /// The suite is installed as most people have it, and the clone is enrolled.
    pub fn ready() -> Self {
        let play = Self::installed(Client::current(), Pair::new(), Kind::Fitting);
        play.auto_sync(&play.a, &["enable"]);
        play
    }

    /// The suite is installed in the given way.
    pub fn installed(client: Client, pair: Pair, kind: Kind) -> Self {
        let play = Self { pair, stub: Stub::start(), client };
        install(play.seat(), kind);
        calm(&play);
        play
    }

    /// The place at the first machine.
    pub fn seat(&self) -> Seat<'_> {
        Seat::take(&self.pair, &self.client, &self.stub)
    }

    /// A second machine on which all is installed and enrolled too.
    pub fn second(&self) -> Second {
        let env = TestEnv::new();
        let clone = env.path("clone");
        env.git(env.root(), &["clone", "-q", self.remote.to_str().unwrap(), clone.to_str().unwrap()]);
        install(Seat::take(&env, &self.client, &self.stub), Kind::Fitting);
        calm(&env);
        env.auto_sync(&clone, &["enable"]);
        Second { env, clone }
    }

    /// The place at the second machine.
    pub fn seat_at<'a>(&'a self, second: &'a Second) -> Seat<'a> {
        Seat::take(&second.env, &self.client, &self.stub)
    }

    /// The syncs of the first machine so far: trigger, action and how each ended.
    pub fn syncs(&self) -> Vec<(String, String)> {
        let log = std::fs::read_to_string(self.craft_dir().join("log/journal.jsonl")).unwrap_or_default();
        let lines = log.lines().map(|l| serde_json::from_str::<Value>(l).unwrap());
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let reports = lines.map(|l| l["context"]["report"].clone()).filter(|r| !r.is_null());
        reports.map(|r| (text(&r["trigger"]), text(&r["end"]["status"]))).collect()
    }

    /// Syncs of one trigger that were done.
    pub fn done(&self, trigger: &str) -> usize {
        self.syncs().iter().filter(|(t, end)| t == trigger && end == "done").count()
    }

    /// Waits until `n` syncs of a trigger are done.
    #[track_caller]
    pub fn wait_for_syncs(&self, trigger: &str, n: usize) {
        wait_until(&format!("{n} syncs of {trigger} are done"), || self.done(trigger) >= n);
    }

    /// Whether the first machine's clone is enrolled and switched off.
    pub fn is_disabled(&self) -> bool {
        let config: Value = serde_json::from_slice(&crate::common::read(self.craft_dir().join("config.json"))).unwrap();
        config["repositories"][0]["disabled"] == true
    }

    /// How many sessions are registered as running.
    pub fn sessions(&self) -> usize {
        std::fs::read_dir(self.craft_dir().join("sessions")).map_or(0, Iterator::count)
    }

    /// Waits until a file is on the remote's `main`.
    #[track_caller]
    pub fn wait_for_remote(&self, name: &str) {
        wait_until(&format!("{name} is on the remote"), || {
            self.git_try(&self.remote, &["cat-file", "-e", &format!("main:{name}")]).code == 0
        });
    }

    /// Panics unless nothing of a session is left over: no process, no request, no lock, a whole clone.
    #[track_caller]
    pub fn settled(&self, clone: &Path) {
        self.wait_for_worker(clone);
        crate::common::assert_whole(&self.pair, clone);
        let log = self.diagnostics();
        assert!(!log.contains("panicked"), "{log}");
    }
}

/// What must not depend on the machine on which this is tested, nor on luck: a session start waits for its
/// pull however slow that is, and no prompt syncs unless a scenario wants it to.
fn calm(env: &TestEnv) {
    let triggers = json!({"sessionStart": {"budgetMs": 9000}, "userPrompt": {"probability": 1_000_000}});
    env.configure(json!({"autoSync": {"triggers": triggers}}));
}

impl Drop for Play {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- client {}\n--- state\n{:#}", self.client.version, self.state_file());
        }
    }
}
