use std::fs;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::*;
use crate::clock::ManualClock;
use crate::config::model::Action;
use crate::fs::atomic;
use crate::hook::answer::{Answer, Delivered};
use crate::queue::Trigger;

/// An enrolled repository and a folder in place of `~/.claude`.
struct World {
    _tmp: tempfile::TempDir,
    layout: Layout,
    repository: PathBuf,
    env: Env,
    clock: ManualClock,
    dice: Dice,
}

/// What a hook did to the outside.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    printed: Value,
    /// `starter_stays` of each start of the worker.
    started: Vec<bool>,
}

impl World {
    fn new(auto_sync: &Value) -> Self {
        let tmp = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(tmp.path()).unwrap();
        let (layout, repository) = (Layout::at(top.join("claude")), top.join("r"));
        atomic::create(&repository.join(".git/HEAD"), b"ref: refs/heads/main\n").unwrap();
        let env = Env::from_pairs([("CLAUDE_CONFIG_DIR", layout.root())]);
        let clock = ManualClock::at(1_000_000_000);
        let world = Self { _tmp: tmp, layout, repository, env, clock, dice: Dice::seeded(1) };
        world.configure(auto_sync);
        world
    }

    fn configure(&self, auto_sync: &Value) {
        let enrolled = json!({"path": self.repository, "commonDir": self.repository.join(".git"), "branch": "main"});
        let config = json!({"autoSync": auto_sync, "repositories": [enrolled]});
        atomic::replace(&self.layout.config(), config.to_string().as_bytes()).unwrap();
    }

    fn files(&self) -> RepoFiles {
        self.layout.repo(&repo_key(&self.repository.join(".git")))
    }

    fn queued(&self) -> Vec<Request> {
        queue::list(&self.layout).unwrap()
    }

    fn sessions(&self) -> Vec<String> {
        session::list(&self.layout).unwrap().into_iter().map(|s| s.id).collect()
    }

    fn waits(&self, user: &str) {
        notice::add(&self.files().notices(), &Notice { user: user.into(), model: String::new() }).unwrap();
    }

    fn announces(&self, line: &str, critical: bool) {
        let stages = vec![announcement::Stage { from: 0, line: line.into(), critical }];
        let text = json!(announcement::Announcement { version: 1, stages }).to_string();
        atomic::store(&self.layout.announcement(), text.as_bytes(), atomic::Durability::None).unwrap();
    }

    fn run(&mut self, hook: fn(&mut Hook<'_, ManualClock>), event: &Value) -> Seen {
        self.run_with(hook, event, Vec::new(), |_| Ok(()))
    }

    fn run_with(
        &mut self,
        hook: fn(&mut Hook<'_, ManualClock>),
        event: &Value,
        mut stdout: impl Write + AsRef<[u8]>,
        worker: impl Fn(&Layout) -> io::Result<()>,
    ) -> Seen {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(event.to_string().as_bytes()).unwrap();
        let mut started = Vec::new();
        let layout = self.layout.clone();
        hook(&mut Hook {
            env: &self.env,
            clock: &self.clock,
            dice: &mut self.dice,
            stdin: &mut File::from(OwnedFd::from(reader)),
            stdout: &mut stdout,
            held: None,
            start_worker: &mut |_, stays| {
                started.push(stays);
                worker(&layout)
            },
        });
        let text = stdout.as_ref();
        let printed = if text.is_empty() { Value::Null } else { serde_json::from_slice(text).unwrap() };
        Seen { printed, started }
    }

    fn event(&self, name: &str, more: &Value) -> Value {
        let mut event = json!({"session_id": "s1", "transcript_path": "/t.jsonl", "cwd": self.repository,
            "hook_event_name": name});
        crate::config::load::merge_patch(&mut event, more);
        event
    }

    fn start(&self, source: &str) -> Value {
        self.event("SessionStart", &json!({"source": source, "model": "m"}))
    }

    fn end(&self) -> Value {
        self.event("SessionEnd", &json!({"reason": "other"}))
    }

    fn prompt(&self, prompt: &str) -> Value {
        self.event("UserPromptSubmit", &json!({"prompt": prompt, "permission_mode": "default"}))
    }
}

/// A worker that answers before the hook looks.
fn answering(layout: &Layout) -> io::Result<()> {
    let answer = Answer::new(vec![Notice { user: "pulled".into(), model: "a.rs changed".into() }]);
    for request in queue::list(layout).unwrap() {
        assert_eq!(answer::deliver(layout, &request.id, &answer), Delivered::ToHook);
    }
    Ok(())
}

fn always() -> Value {
    json!({"triggers": {"userPrompt": {"probability": 1}, "sessionStart": {"budgetMs": 0}}})
}

#[test]
fn a_start_asks_for_a_pull_and_tells_the_answer_with_what_was_waiting() {
    let mut world = World::new(&json!({"triggers": {"sessionStart": {"budgetMs": 60_000}}}));
    world.waits("pushed 2 commits");
    let seen = world.run_with(session_start, &world.start("startup"), Vec::new(), answering);
    let printed = json!({"systemMessage": "pushed 2 commits\npulled",
        "hookSpecificOutput": {"hookEventName": "SessionStart", "additionalContext": "a.rs changed"}});
    assert_eq!(seen, Seen { printed, started: vec![true] });
    let queued = world.queued();
    assert_eq!(queued.len(), 1, "the worker removes it, not the hook");
    assert_eq!(
        (queued[0].trigger, queued[0].action, queued[0].wants_answer),
        (Trigger::SessionStart, Action::Pull, true)
    );
    assert_eq!(queued[0].worktree, world.repository);
    assert_eq!(world.sessions(), ["s1"]);
    assert_eq!(tick::read(&world.files().pull_tick()), world.clock.now_ms());
    assert_eq!(fs::read_dir(world.layout.answers()).unwrap().count(), 0);
}

#[test]
fn a_start_that_may_not_wait_does_not() {
    let mut world = World::new(&always());
    let seen = world.run_with(session_start, &world.start("startup"), Vec::new(), |_| Ok(()));
    assert_eq!(seen, Seen { printed: Value::Null, started: vec![false] });
    assert!(!world.queued()[0].wants_answer);
}

#[test]
fn a_start_whose_budget_is_spent_leaves_the_answer_to_the_next_prompt() {
    let mut world = World::new(&json!({"triggers": {"sessionStart": {"budgetMs": 1}}}));
    let seen = world.run(session_start, &world.start("startup"));
    assert_eq!(seen, Seen { printed: Value::Null, started: vec![true] });
    let late = answer::deliver(&world.layout, &world.queued()[0].id, &Answer::default());
    assert_eq!(late, Delivered::TooLate);
}

#[test]
fn a_worker_that_cannot_be_started_is_not_waited_for_and_the_request_stays() {
    let mut world = World::new(&json!({"triggers": {"sessionStart": {"budgetMs": 60_000}}}));
    let no_worker = |_: &Layout| Err(io::Error::from(io::ErrorKind::NotFound));
    let seen = world.run_with(session_start, &world.start("startup"), Vec::new(), no_worker);
    assert_eq!(seen.printed, Value::Null);
    assert_eq!(world.queued().len(), 1);
    assert!(fs::read_to_string(world.layout.diagnostics()).unwrap().contains("cannot start the worker"));
}

#[test]
fn the_model_is_told_nothing_where_that_is_switched_off() {
    let start = json!({"budgetMs": 60_000, "additionalContext": false});
    let mut world = World::new(&json!({"triggers": {"sessionStart": start}}));
    let seen = world.run_with(session_start, &world.start("startup"), Vec::new(), answering);
    assert_eq!(seen.printed, json!({"systemMessage": "pulled"}));
}

#[test]
fn a_start_that_pulls_nothing_still_takes_up_what_others_left_behind() {
    let mut world = World::new(&json!({"triggers": {"sessionStart": {"enabled": false}}}));
    assert_eq!(world.run(session_start, &world.start("startup")).started, [false]);
    assert!(world.queued().is_empty());
    world.configure(&json!({"enabled": false}));
    assert_eq!(world.run(session_start, &world.start("startup")), Seen::default());
}

#[test]
fn a_conversation_cleared_soon_after_a_pull_registers_its_session_and_asks_for_nothing() {
    let mut world = World::new(&always());
    world.run(session_start, &world.start("startup"));
    world.clock.advance(59_999);
    let mut cleared = world.start("clear");
    cleared["session_id"] = "s2".into();
    assert_eq!(world.run(session_start, &cleared), Seen::default());
    assert_eq!(world.queued().len(), 1);
    assert_eq!(world.sessions().len(), 2);
    world.clock.advance(1);
    assert_eq!(world.run(session_start, &cleared).started, [false]);
    assert_eq!(world.run(session_start, &world.start("resume")).started, [false], "a resumed session always pulls");
}

#[test]
fn an_end_asks_for_a_push_forgets_the_session_and_prints_nothing() {
    let mut world = World::new(&always());
    world.run(session_start, &world.start("startup"));
    world.waits("told at the next start");
    let seen = world.run_with(session_end, &world.end(), Vec::new(), |layout| {
        assert_eq!(queue::list(layout).unwrap().len(), 2, "the request is on disk before the worker looks");
        Ok(())
    });
    assert_eq!(seen, Seen { printed: Value::Null, started: vec![false] });
    let request = &world.queued()[1];
    assert_eq!(
        (request.trigger, request.action, request.session.as_deref()),
        (Trigger::SessionEnd, Action::Push, Some("s1"))
    );
    assert!(world.sessions().is_empty());
    let start = world.start("startup");
    assert_eq!(world.run(session_start, &start).printed, json!({"systemMessage": "told at the next start"}));
}

#[test]
fn an_end_that_cannot_be_queued_keeps_the_session_to_be_recovered() {
    let mut world = World::new(&always());
    world.run(session_start, &world.start("startup"));
    fs::remove_dir_all(world.layout.queue()).unwrap();
    atomic::create(&world.layout.queue(), b"in the way").unwrap();
    assert_eq!(world.run(session_end, &world.end()), Seen::default());
    assert_eq!(world.sessions(), ["s1"]);
}

#[test]
fn an_end_that_is_switched_off_still_forgets_the_session() {
    for off in [json!({"triggers": {"sessionEnd": {"enabled": false}}}), json!({"enabled": false})] {
        let mut world = World::new(&always());
        world.run(session_start, &world.start("startup"));
        world.configure(&off);
        assert_eq!(world.run(session_end, &world.end()), Seen::default());
        assert!(world.sessions().is_empty());
        assert_eq!(world.queued().len(), 1);
    }
}

#[test]
fn a_prompt_syncs_when_the_dice_say_so_and_not_again_within_the_debounce() {
    let mut world = World::new(&always());
    let prompt = world.prompt("hello");
    assert_eq!(world.run(prompt_sync, &prompt), Seen { printed: Value::Null, started: vec![false] });
    assert_eq!((world.queued()[0].trigger, world.queued()[0].action), (Trigger::UserPrompt, Action::Sync));
    world.clock.advance(4999);
    assert_eq!(world.run(prompt_sync, &prompt), Seen::default());
    world.clock.advance(1);
    assert_eq!(world.run(prompt_sync, &prompt).started, [false]);
}

#[test]
fn a_prompt_is_told_what_waits_but_a_command_of_ours_and_a_subagent_are_not() {
    let mut world = World::new(&json!({"triggers": {"userPrompt": {"enabled": false}}}));
    world.waits("conflict in a.rs");
    let mut subagent = world.prompt("hello");
    subagent["agent_id"] = "a1".into();
    assert_eq!(world.run(prompt_sync, &subagent), Seen::default());
    assert_eq!(world.run(prompt_sync, &world.prompt("  /craft auto-sync status")), Seen::default());
    let seen = world.run(prompt_sync, &world.prompt("hello"));
    assert_eq!(seen, Seen { printed: json!({"systemMessage": "conflict in a.rs"}), started: vec![] });
    assert_eq!(world.run(prompt_sync, &world.prompt("hello")), Seen::default(), "told once");
}

#[test]
fn a_notification_is_told_once_at_a_prompt_of_its_own_and_only_to_whom_it_is_for() {
    let mut world = World::new(&json!({"triggers": {"userPrompt": {"enabled": false}}}));
    world.announces("2 notifications", false);
    let mut subagent = world.prompt("hello");
    subagent["agent_id"] = "a1".into();
    assert_eq!(world.run(prompt_sync, &subagent), Seen::default());
    assert_eq!(world.run(prompt_sync, &world.prompt("/craft notifications")), Seen::default());
    assert_eq!(world.run(session_end, &world.end()).printed, Value::Null);
    world.waits("pulled");
    let said = |seen: Seen| seen.printed["systemMessage"].as_str().map(str::to_owned);
    assert_eq!(said(world.run(prompt_sync, &world.prompt("hello"))).unwrap(), "pulled", "one thing at a prompt");
    assert_eq!(said(world.run(prompt_sync, &world.prompt("hello"))).unwrap(), "2 notifications");
    assert_eq!(world.run(prompt_sync, &world.prompt("hello")), Seen::default(), "told once");
    world.announces("grave\nmatter", true);
    for _ in 0..3 {
        assert_eq!(said(world.run(prompt_sync, &world.prompt("hello"))).unwrap(), "grave matter");
        assert_eq!(said(world.run(session_start, &world.start("clear"))).unwrap(), "grave matter");
    }
    let enrolled = json!({"path": world.repository, "commonDir": world.repository.join(".git"), "branch": "main"});
    let config = json!({"notifications": {"enabled": false}, "repositories": [enrolled]});
    atomic::replace(&world.layout.config(), config.to_string().as_bytes()).unwrap();
    assert_eq!(world.run(prompt_sync, &world.prompt("hello")).printed, Value::Null);
}

#[test]
fn what_cannot_be_printed_is_kept() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl AsRef<[u8]> for Closed {
        fn as_ref(&self) -> &[u8] {
            b""
        }
    }
    let mut world = World::new(&json!({}));
    world.waits("conflict in a.rs");
    world.announces("1 notification", false);
    for said in ["conflict in a.rs", "1 notification"] {
        world.run_with(prompt_sync, &world.prompt("hello"), Closed, |_| Ok(()));
        let seen = world.run(prompt_sync, &world.prompt("hello"));
        assert_eq!(seen.printed, json!({"systemMessage": said}));
    }
}

#[test]
fn a_broken_configuration_is_told_once_and_nothing_is_done() {
    let mut world = World::new(&always());
    atomic::replace(&world.repository.join(".claude/craft.json"), b"{\"autoSync\": 7}").unwrap();
    let seen = world.run(session_start, &world.start("startup"));
    assert!(seen.printed["systemMessage"].as_str().unwrap().contains("craft.json:1"), "{seen:?}");
    assert_eq!(world.run(session_start, &world.start("startup")), Seen::default());

    fs::remove_file(world.repository.join(".claude/craft.json")).unwrap();
    atomic::replace(&world.layout.config(), b"{\"repositories\": [").unwrap();
    assert_eq!(world.run(prompt_sync, &world.prompt("x")), Seen::default());
    assert_eq!(world.run(session_end, &world.end()), Seen::default());
    let seen = world.run(session_start, &world.start("startup"));
    assert!(seen.printed["systemMessage"].as_str().unwrap().contains("config.json:1"), "{seen:?}");
    assert!(world.queued().is_empty() && world.sessions().is_empty());
    assert!(fs::read_to_string(world.layout.diagnostics()).unwrap().contains("config.json:1"));
}

#[test]
fn where_the_project_switches_off_nothing_happens() {
    let mut world = World::new(&always());
    atomic::create(&world.repository.join(".claude/craft.json"), b"{\"autoSync\": {\"enabled\": false}}").unwrap();
    world.waits("kept");
    assert_eq!(world.run(session_start, &world.start("startup")), Seen::default());
    assert_eq!(world.run(prompt_sync, &world.prompt("x")), Seen::default());
    assert_eq!(world.run(session_end, &world.end()), Seen::default());
    assert!(world.queued().is_empty() && world.sessions().is_empty());
}

#[test]
fn the_one_switch_for_all_leaves_everything_as_it_is() {
    let mut world = World::new(&always());
    world.env =
        Env::from_pairs([("CLAUDE_CONFIG_DIR", world.layout.root().as_os_str()), ("CRAFT_DISABLE", "1".as_ref())]);
    assert_eq!(world.run(session_start, &world.start("startup")), Seen::default());
    assert_eq!(world.run(prompt_sync, &world.prompt("x")), Seen::default());
    assert_eq!(world.run(session_end, &world.end()), Seen::default());
    assert_eq!(fs::read_dir(world.layout.craft()).unwrap().count(), 1, "only the configuration");
}
