//! A remote, its clones, and what must hold in them whatever happens.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use claude_craft::sync::outcome::{End, Refusal};
use git2::{ObjectType, Oid};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::Figures;
use super::plan::{Network, Plan, Run, Step};
use super::users::User;
use crate::common::{Entry, Forced, Ran, TestEnv, assert_whole, script, tree, write};

/// The clock of the first step; it stands still within a step, and a minute passes between two.
const BEGIN_MS: u64 = 1_790_000_000_000;
const MINUTE_MS: u64 = 60_000;
/// What a program gives back that SIGKILL ended.
const KILLED: i32 = 128 + 9;

type Tree = BTreeMap<PathBuf, Entry>;

/// One world. Whatever does not hold panics.
pub struct World<'a> {
    env: TestEnv,
    users: Vec<User>,
    remote: PathBuf,
    network: Network,
    /// Names of the steps at which the engine can be killed.
    kills: &'a [String],
    /// What lies in each clone after its user's last act.
    trees: Vec<Tree>,
    /// What each user means to have in the folder nobody else touches.
    own: Vec<Tree>,
    /// Clones in which something was killed, until the engine has run to its end there.
    wounded: BTreeSet<usize>,
    /// Clones that were taken back, and have not come forward again: what the user means to have shows then.
    undone: BTreeSet<usize>,
    /// Contents that are kept by a commit, and so must be for ever.
    saved: BTreeSet<Oid>,
    /// What was last seen at each branch of the remote.
    tips: BTreeMap<String, String>,
    now: u64,
    pub figures: Figures,
}

impl<'a> World<'a> {
    pub fn new(plan: &Plan, kills: &'a [String]) -> Self {
        let env = TestEnv::new();
        let policy = if plan.branch_policy { "branch" } else { "stop" };
        env.configure(json!({
            "conflict": {"policy": policy},
            // A session start that waits in vain, since its worker was killed, waits for a short time.
            "autoSync": {"triggers": {"sessionStart": {"budgetMs": 100}, "userPrompt": {"probability": 2}}},
        }));
        env.set("CRAFT_INTERNAL__SEED", plan.seed.to_string());
        env.git(env.root(), &["init", "-q", "--bare", "remote.git"]);
        let remote = env.path("remote.git");
        // git runs this for each shared file it checks out. Its parent is git, whose parent may be ours.
        let tear = env.path("tear.sh");
        script(
            &tear,
            &format!(
                "flag='{}'\nif [ -e \"$flag\" ]; then\n  n=$(cat \"$flag\")\n  if [ \"$n\" -le 0 ]; then\n    \
                 rm \"$flag\"\n    up=$(cut -d' ' -f4 /proc/$PPID/stat)\n    \
                 [ \"$(cat /proc/$up/comm)\" = craft ] || up=\n    kill -9 $up $PPID\n  fi\n  \
                 [ ! -e \"$flag\" ] || echo $((n - 1)) >\"$flag\"\nfi\nexec cat",
                env.path("tear").display()
            ),
        );
        let users: Vec<User> =
            (0..plan.clones).map(|number| User { number, repo: env.path(&format!("clone {number}")) }).collect();
        for user in &users {
            env.git(env.root(), &["clone", "-q", "remote.git", user.repo.to_str().unwrap()]);
            if user.number == 0 {
                write(user.repo.join("shared/plain.txt"), (0..30).map(|n| format!("{n}\n")).collect::<String>());
                user.commit(&env, 0);
                env.git(&user.repo, &["push", "-q", "-u", "origin", "main"]);
            }
            env.git(&user.repo, &["config", "filter.tear.smudge", tear.to_str().unwrap()]);
            for side in ["upload", "receive"] {
                let pack = env.path(&format!("{side}.sh"));
                let flag = env.path(&format!("{side}.hangs"));
                script(
                    &pack,
                    &format!("[ ! -e '{}' ] || exec sleep 1000\nexec git {side}-pack \"$@\"", flag.display()),
                );
                env.git(&user.repo, &["config", &format!("remote.origin.{side}pack"), pack.to_str().unwrap()]);
            }
            write(user.repo.join(".git/info/attributes"), "shared/** filter=tear\n");
            env.auto_sync(&user.repo, &["enable"]);
        }
        let trees = users.iter().map(|u| tree(&u.repo)).collect();
        let mut world = Self {
            own: vec![Tree::new(); users.len()],
            env,
            users,
            remote,
            network: Network::Fine,
            kills,
            trees,
            wounded: BTreeSet::new(),
            undone: BTreeSet::new(),
            saved: BTreeSet::new(),
            tips: BTreeMap::new(),
            now: BEGIN_MS,
            figures: Figures::default(),
        };
        world.check_remote();
        world
    }

    /// Where a clone lies.
    pub fn repo(&self, clone: usize) -> &Path {
        &self.users[clone].repo
    }

    /// Takes one step and looks whether all is well.
    pub fn step(&mut self, number: usize, step: &Step) {
        self.now += MINUTE_MS;
        self.env.set("CRAFT_INTERNAL__NOW_MS", self.now.to_string());
        self.figures.steps += 1;
        // 0 is what the world began with.
        let mark = number + 1;
        match step {
            Step::Edit { clone, spot, change } => {
                self.users[*clone].change(*spot, *change, mark);
                self.user_acted(*clone);
            }
            Step::Stage { clone, pick } => self.stage(*clone, *pick),
            Step::Commit { clone } => {
                // What a kill left half-written is not for a user to commit.
                if !self.wounded.contains(clone) {
                    self.users[*clone].commit(&self.env, mark);
                    self.user_acted(*clone);
                }
            }
            Step::Push { clone } => {
                self.env.git_try(&self.users[*clone].repo, &["push", "-q", "origin", "main"]);
            }
            Step::Sync { clone, run, kill } => self.sync(*clone, *run, *kill),
            Step::Tear { clone, after } => {
                write(self.env.path("tear"), after.to_string());
                let torn = self.force_that_may_die(*clone, "tear");
                self.figures.torn += usize::from(torn);
            }
            Step::Snap { clone, refs } => self.snap(*clone, refs),
            Step::Hang { clone, run, side } => self.hang(*clone, *run, side),
            Step::Undo { clone, kill } => self.undo(*clone, *kill),
            Step::Cut { clone, run, after, git_too } => self.cut(*clone, *run, *after, *git_too),
            Step::Together { runs, edits } => self.together(runs, edits, mark),
            Step::Settle { clone } => {
                if !self.wounded.contains(clone) && self.network != Network::Away {
                    self.settle(*clone, mark);
                }
            }
            Step::Network(network) => self.turn(*network),
            Step::Converge => self.converge(mark),
        }
        self.env.wait_until_quiet();
        self.check(number % 5 == 4 || matches!(step, Step::Converge));
    }

    fn user_acted(&mut self, clone: usize) {
        let user = &self.users[clone];
        self.trees[clone] = tree(&user.repo);
        self.own[clone] = part(&self.trees[clone], &user.own());
    }

    fn stage(&mut self, clone: usize, pick: usize) {
        if self.wounded.contains(&clone) {
            return;
        }
        let names: Vec<_> = self.trees[clone].keys().collect();
        if let Some(name) = names.get(pick % names.len().max(1)) {
            let path = format!(":(literal){}", name.to_str().unwrap());
            self.env.git(&self.users[clone].repo, &["add", "--", &path]);
        }
    }

    fn command(&self, clone: usize, run: Run) -> (std::process::Command, Vec<u8>) {
        let (dir, session) = (&self.users[clone].repo, format!("s{clone}"));
        let mut event = json!({"session_id": session, "transcript_path": "/dev/null", "cwd": dir});
        let (program, name) = match run {
            Run::Force(action) => {
                let mut command = self.env.command(env!("CARGO_BIN_EXE_craft"), dir);
                command.args(["auto-sync", "force", action, "--json"]);
                return (command, Vec::new());
            }
            Run::Start => (env!("CARGO_BIN_EXE_craft-session-start"), "SessionStart"),
            Run::End => (env!("CARGO_BIN_EXE_craft-session-end"), "SessionEnd"),
            Run::Prompt => (env!("CARGO_BIN_EXE_craft-prompt-sync"), "UserPromptSubmit"),
        };
        event["hook_event_name"] = name.into();
        match run {
            Run::Start => event["source"] = "startup".into(),
            Run::End => event["reason"] = "prompt_input_exit".into(),
            _ => event["prompt"] = "hello".into(),
        }
        let mut command = self.env.command(program, dir);
        command.env("CLAUDE_PID", std::process::id().to_string());
        (command, format!("{event}\n").into_bytes())
    }

    fn sync(&mut self, clone: usize, run: Run, kill: Option<usize>) {
        if let Some(kill) = kill {
            self.env.set("CRAFT_INTERNAL__KILL_AT", &self.kills[kill % self.kills.len()]);
        }
        let (command, input) = self.command(clone, run);
        let ran = self.env.run(command, &input);
        self.env.wait_until_quiet();
        self.env.unset("CRAFT_INTERNAL__KILL_AT");
        self.figures.syncs += 1;
        if !matches!(run, Run::Force(_)) {
            assert_eq!(ran.code, 0, "a hook never fails: {}", ran.stderr);
            // The worker may have met its end in any clone whose request still lay there.
            if kill.is_some() && !self.env.queued().is_empty() {
                self.figures.kills += 1;
                self.wounded.extend(0..self.users.len());
            }
        } else if ran.code == KILLED {
            assert!(kill.is_some(), "nobody killed it");
            self.figures.kills += 1;
            self.wounded.insert(clone);
        } else {
            self.ended(clone, ran);
        }
    }

    /// `force` ran to its end.
    fn ended(&mut self, clone: usize, ran: Ran) -> End {
        let forced = Forced::parse(ran);
        self.judge(&forced);
        self.wounded.remove(&clone);
        if forced.report.end == End::Done && self.undone.remove(&clone) {
            self.own[clone] = part(&tree(&self.users[clone].repo), &self.users[clone].own());
        }
        forced.report.end
    }

    /// `force` runs while what kills it waits, and takes the file `flag` away; whether it did.
    fn force_that_may_die(&mut self, clone: usize, flag: &str) -> bool {
        let ran = self.env.craft(&self.users[clone].repo, &["auto-sync", "force", "sync", "--json"]);
        self.env.wait_until_quiet();
        self.figures.syncs += 1;
        let struck = std::fs::remove_file(self.env.path(flag)).is_err();
        if ran.code == KILLED {
            assert!(struck, "nobody killed it");
            self.figures.kills += 1;
            self.wounded.insert(clone);
        } else {
            self.ended(clone, ran);
        }
        struck
    }

    /// A power cut at the moment in which git holds the locks of refs.
    fn snap(&mut self, clone: usize, refs: &str) {
        let flag = self.env.path("snap");
        write(&flag, "");
        let hook = self.users[clone].repo.join(".git/hooks/reference-transaction");
        script(
            &hook,
            &format!(
                "[ \"$1\" = prepared ] && [ -e '{0}' ] || exit 0\nwhile read -r old new ref; do\n  case $ref in {refs}*)\n    \
                 up=$(cut -d' ' -f4 /proc/$PPID/stat)\n    [ \"$(cat /proc/$up/comm)\" = craft ] || exit 0\n    \
                 rm '{0}' && kill -9 $up $PPID;;\n  esac\ndone",
                flag.display()
            ),
        );
        let snapped = self.force_that_may_die(clone, "snap");
        self.figures.snapped += usize::from(snapped);
        std::fs::remove_file(hook).unwrap();
    }

    /// A sync whose remote accepts and never answers comes to its end all the same.
    fn hang(&mut self, clone: usize, run: Run, side: &str) {
        self.env.configure(json!({"limits": {"networkSeconds": 1}}));
        let flag = self.env.path(&format!("{side}.hangs"));
        write(&flag, "");
        let before = std::mem::replace(&mut self.network, Network::Hangs);
        self.sync(clone, run, None);
        self.network = before;
        self.figures.hung += 1;
        std::fs::remove_file(flag).unwrap();
        self.env.configure(json!({"limits": {"networkSeconds": 120}}));
    }

    /// A user takes the last sync back; perhaps something dies in the middle of it.
    fn undo(&mut self, clone: usize, kill: Option<usize>) {
        if let Some(kill) = kill {
            self.env.set("CRAFT_INTERNAL__KILL_AT", &self.kills[kill % self.kills.len()]);
        }
        let ran = self.env.craft(&self.users[clone].repo, &["auto-sync", "undo"]);
        self.env.wait_until_quiet();
        self.env.unset("CRAFT_INTERNAL__KILL_AT");
        if ran.code == KILLED {
            assert!(kill.is_some(), "nobody killed it");
            self.figures.kills += 1;
            self.wounded.insert(clone);
        }
        self.figures.undone += usize::from(ran.code == 0);
        // Whatever came of it, what a killed one began is finished by the next.
        if matches!(ran.code, 0 | KILLED) || self.wounded.contains(&clone) {
            self.undone.insert(clone);
        }
    }

    /// Panics where a sync that nothing disturbed ended in a way that nothing here explains.
    fn judge(&mut self, forced: &Forced) {
        match &forced.report.end {
            End::Done => {}
            End::Conflict { .. } => self.figures.conflicts += 1,
            // A user took everything back to what it was before.
            End::Refused { kind: Refusal::AncestorTree, .. } => {}
            End::Offline { .. } | End::Failed { transient: true, .. } | End::Refused { .. }
                if self.network != Network::Fine => {}
            other => panic!("a sync ended with {other:?}\n{}", forced.stderr),
        }
    }

    /// Kills what runs on this machine. What runs in the remote is another machine's.
    fn cut(&mut self, clone: usize, run: Run, after: u64, git_too: bool) {
        let mut child = self.spawn(clone, run);
        std::thread::sleep(Duration::from_millis(after));
        let mut killed = false;
        for (pid, line) in self.env.processes() {
            let ours = line.split(' ').next().is_some_and(|program| program.ends_with("/craft"));
            let at = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
            // It may have ended by itself in the meantime.
            if (ours || git_too)
                && !at.starts_with(self.remote_now())
                && kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).is_ok()
            {
                killed = true;
            }
        }
        child.wait().unwrap();
        if killed {
            self.figures.kills += 1;
            self.wounded.extend(0..self.users.len());
        }
    }

    fn spawn(&mut self, clone: usize, run: Run) -> std::process::Child {
        let (mut command, input) = self.command(clone, run);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        // Who reads nothing may be gone by now.
        let _ = child.stdin.take().unwrap().write_all(&input);
        self.figures.syncs += 1;
        child
    }

    fn together(
        &mut self,
        runs: &[(usize, Run)],
        edits: &[(usize, super::plan::Spot, super::plan::Change)],
        mark: usize,
    ) {
        let running: Vec<_> = runs.iter().map(|(clone, run)| self.spawn(*clone, *run)).collect();
        for (n, (clone, spot, change)) in edits.iter().enumerate() {
            let user = &self.users[*clone];
            // A mark of its own: the steps are far fewer.
            user.change(*spot, *change, mark + (n + 1) * 10_000_000);
            let now = part(&tree(&user.repo), &user.own());
            self.trees[*clone].retain(|path, _| !path.starts_with(user.own()));
            self.trees[*clone].extend(now.clone());
            self.own[*clone] = now;
        }
        for mut child in running {
            assert!(child.wait().unwrap().code().is_some(), "nobody killed it");
        }
    }

    fn settle(&mut self, clone: usize, mark: usize) {
        self.users[clone].settle(&self.env, mark);
        self.user_acted(clone);
    }

    fn turn(&mut self, network: Network) {
        let away = self.env.path("remote.away");
        if away.exists() {
            std::fs::rename(&away, &self.remote).unwrap();
        }
        for hook in ["pre-receive", "post-receive"] {
            let _ = std::fs::remove_file(self.remote.join("hooks").join(hook));
        }
        match network {
            Network::Fine => {}
            Network::Away => std::fs::rename(&self.remote, &away).unwrap(),
            Network::Rejects => script(self.remote.join("hooks/pre-receive"), "echo no >&2; exit 1"),
            Network::DiesBefore => script(self.remote.join("hooks/pre-receive"), "kill -9 $PPID"),
            Network::Hangs => unreachable!("for one step only"),
            Network::DiesAfter => script(self.remote.join("hooks/post-receive"), "kill -9 $PPID"),
        }
        self.network = network;
    }

    /// Faults have stopped: two rounds of syncs, and all clones are the same.
    fn converge(&mut self, mark: usize) {
        self.turn(Network::Fine);
        for round in 0..2 {
            for clone in 0..self.users.len() {
                self.come_to_terms(clone, round, mark);
            }
        }
        let tip = self.env.git(&self.remote, &["rev-parse", "main"]);
        for user in &self.users {
            assert_eq!(self.env.git(&user.repo, &["rev-parse", "HEAD"]), tip, "clone {} is elsewhere", user.number);
            assert_eq!(self.env.git(&user.repo, &["status", "--porcelain"]), "", "clone {}", user.number);
        }
        for (user, own) in self.users.iter().zip(&self.own) {
            for other in &self.users {
                let there = part(&tree(&other.repo), &user.own());
                assert_same(&there, own, &format!("what {} wrote, in clone {}", user.number, other.number));
            }
        }
        // Requests whose worker was killed are done by the next.
        self.now += 24 * 60 * MINUTE_MS;
        self.env.set("CRAFT_INTERNAL__NOW_MS", self.now.to_string());
        for clone in 0..self.users.len() {
            let (command, input) = self.command(clone, Run::End);
            self.env.run(command, &input).ok();
            self.env.wait_for_worker(&self.users[clone].repo);
        }
        for clone in 0..self.users.len() {
            self.trees[clone] = tree(&self.users[clone].repo);
        }
        self.figures.agreements += 1;
    }

    /// Syncs one clone; its user answers what is asked.
    fn come_to_terms(&mut self, clone: usize, round: usize, mark: usize) {
        let mut accept: &[&str] = &[];
        for _ in 0..4 {
            let words = [&["auto-sync", "force", "sync", "--json"], accept].concat();
            let ran = self.env.craft(&self.users[clone].repo, &words);
            self.figures.syncs += 1;
            match self.ended(clone, ran) {
                End::Done => return,
                End::Conflict { .. } => {
                    assert_eq!(round, 0, "a conflict when nobody has changed anything");
                    self.settle(clone, mark);
                }
                _ => accept = &["--accept", "ancestor-tree"],
            }
        }
        panic!("clone {clone} does not come to an end");
    }

    fn check(&mut self, all: bool) {
        let mut kept: Option<BTreeSet<Oid>> = None;
        for clone in 0..self.users.len() {
            let now = tree(&self.users[clone].repo);
            let own = part(&now, &self.users[clone].own());
            if self.undone.contains(&clone) {
                self.own[clone].clone_from(&own);
            }
            assert_same(&own, &self.own[clone], &format!("clone {clone}: what only its user touches"));
            let here: BTreeSet<Oid> = now.values().map(id).collect();
            for (path, entry) in &self.trees[clone] {
                if !here.contains(&id(entry)) {
                    let kept = kept.get_or_insert_with(|| self.kept());
                    assert!(kept.contains(&id(entry)), "LOST: clone {clone}: {}: {entry:?}", path.display());
                }
            }
            self.trees[clone] = now;
            if all && !self.wounded.contains(&clone) {
                assert_whole(&self.env, &self.users[clone].repo);
            }
        }
        if all {
            let kept = self.kept();
            let lost: Vec<_> = self.saved.difference(&kept).collect();
            assert!(lost.is_empty(), "LOST: what commits kept once, now none does: {lost:?}");
            self.saved = kept;
            self.figures.kept = self.saved.len();
            self.check_remote();
        }
    }

    /// Every object that a ref of any repository keeps.
    fn kept(&self) -> BTreeSet<Oid> {
        let repos = self.users.iter().map(|u| u.repo.clone()).chain([self.remote_now()]);
        let listed = repos.map(|r| self.env.git(&r, &["rev-list", "--objects", "--no-object-names", "--all"]));
        listed.flat_map(|l| l.lines().map(|id| Oid::from_str(id).unwrap()).collect::<Vec<_>>()).collect()
    }

    /// Where the remote lies now.
    fn remote_now(&self) -> PathBuf {
        if self.network == Network::Away { self.env.path("remote.away") } else { self.remote.clone() }
    }

    /// The remote is sound, and its history only grew.
    fn check_remote(&mut self) {
        let remote = self.remote_now();
        let fsck = self.env.git_try(&remote, &["fsck", "--strict", "--no-dangling", "--no-progress"]);
        assert_eq!(fsck.code, 0, "fsck of the remote: {}{}", fsck.stdout, fsck.stderr);
        assert!(!remote.join("refs/heads/main.lock").exists(), "a lock on the remote");
        let listed = self.env.git(&remote, &["for-each-ref", "--format=%(refname) %(objectname)"]);
        let tips: BTreeMap<String, String> =
            listed.lines().filter_map(|l| l.split_once(' ')).map(|(n, i)| (n.to_owned(), i.to_owned())).collect();
        for (name, old) in &self.tips {
            let new = tips.get(name).unwrap_or_else(|| panic!("{name} was deleted on the remote"));
            let grew = self.env.git_try(&remote, &["merge-base", "--is-ancestor", old, new]);
            assert_eq!(grew.code, 0, "{name} of the remote went from {old} to {new}");
        }
        self.tips = tips;
    }
}

fn id(entry: &Entry) -> Oid {
    use std::os::unix::ffi::OsStrExt;
    let bytes = match entry {
        Entry::File { bytes, .. } => bytes.as_slice(),
        Entry::Link(target) => target.as_os_str().as_bytes(),
    };
    Oid::hash_object(ObjectType::Blob, bytes).unwrap()
}

fn part(tree: &Tree, folder: &Path) -> Tree {
    tree.iter().filter(|(path, _)| path.starts_with(folder)).map(|(p, e)| (p.clone(), e.clone())).collect()
}

#[track_caller]
fn assert_same(is: &Tree, wanted: &Tree, what: &str) {
    for (path, entry) in wanted {
        assert_eq!(is.get(path), Some(entry), "{what}: {}", path.display());
    }
    let more: Vec<_> = is.keys().filter(|p| !wanted.contains_key(*p)).collect();
    assert!(more.is_empty(), "{what}: came back: {more:?}");
}
