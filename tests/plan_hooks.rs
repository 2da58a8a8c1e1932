//! The hooks of phased plans as the client runs them: real executables, real files.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use claude_craft::fs::lock::{self, Holder};
use serde_json::{Value, json};

use crate::common::{Pair, TestEnv, read, write};

const BOOK: &str = include_str!("fixtures/para/seed-executing.md");
const FIRST: &str = "Plan \"Implement User Authentication\": phase 1 of 3 (\"Database Schema & Migrations\") is under way \
                     on para/implement-user-authentication-phase-1, 0 of 5 to-dos done. Next: \"Create users table \
                     migration\". `craft plan status` has the rest.";

/// A repository with a book that nobody enrolled.
fn stranger() -> (TestEnv, std::path::PathBuf) {
    let env = TestEnv::new();
    let top = env.path("r");
    env.git(env.root(), &["init", "-q", "r"]);
    write(top.join("context/context.md"), BOOK);
    (env, top)
}

fn start(dir: &Path, source: &str) -> Value {
    json!({"session_id": "s", "transcript_path": "/dev/null", "cwd": dir, "hook_event_name": "SessionStart",
        "source": source, "model": "m"})
}

/// What the model is told at a session's start.
#[track_caller]
fn told(env: &TestEnv, dir: &Path) -> Option<String> {
    let answer = env.hook(&start(dir, "startup"));
    answer["hookSpecificOutput"]["additionalContext"].as_str().map(str::to_owned)
}

/// The model has answered; what the user is told.
#[track_caller]
fn answered(env: &TestEnv, dir: &Path, answer: &str) -> Option<String> {
    let said = env.hook(&json!({"session_id": "s", "transcript_path": "/dev/null", "cwd": dir,
        "hook_event_name": "Stop", "permission_mode": "default", "stop_hook_active": false,
        "last_assistant_message": answer, "background_tasks": [], "session_crons": []}));
    assert_eq!(said.get("decision"), None, "nothing keeps Claude from stopping");
    assert_eq!(said.get("hookSpecificOutput"), None);
    said["systemMessage"].as_str().map(str::to_owned)
}

fn book(dir: &Path) -> String {
    String::from_utf8(read(dir.join("context/context.md"))).unwrap()
}

#[test]
fn a_session_is_told_how_the_plan_stands_however_it_begins() {
    let (env, top) = stranger();
    for source in ["startup", "resume", "clear", "compact"] {
        let wanted = json!({"hookSpecificOutput": {"hookEventName": "SessionStart", "additionalContext": FIRST}});
        assert_eq!(env.hook(&start(&top, source)), wanted, "{source}");
    }
    std::fs::create_dir_all(top.join("src/deep")).unwrap();
    assert_eq!(told(&env, &top.join("src/deep")).as_deref(), Some(FIRST));
    let mut subagent = start(&top, "startup");
    subagent["agent_id"] = "a1".into();
    assert_eq!(env.hook(&subagent), Value::Null);
    env.set("CRAFT_DISABLE", "1");
    assert_eq!(told(&env, &top), None);
    env.unset("CRAFT_DISABLE");
    env.configure(json!({"plans": {"sessionContext": false}}));
    assert_eq!(told(&env, &top), None);
    write(env.craft_dir().join("config.json"), "{");
    assert_eq!(told(&env, &top), None, "a broken configuration may say no");
}

#[test]
fn an_enrolled_repository_tells_the_plan_with_what_arrived() {
    let pair = Pair::enrolled();
    write(pair.b.join("context/context.md"), BOOK);
    pair.b_pushes("CLAUDE.md", "theirs\n");
    let context = told(&pair, &pair.a).unwrap();
    let (sync, plan) = context.rsplit_once('\n').expect("both");
    assert!(sync.contains("CLAUDE.md") && plan == FIRST, "the book came with the pull: {context}");
    pair.wait_for_worker(&pair.a);
    pair.configure(json!({"autoSync": {"enabled": false}}));
    assert_eq!(told(&pair, &pair.a).as_deref(), Some(FIRST), "though auto-sync is off");
    pair.configure(json!({"plans": {"sessionContext": false}}));
    assert_eq!(told(&pair, &pair.a), None);
}

#[test]
fn whatever_lies_at_the_books_place_the_hook_answers_soundly_and_reads_nothing_from_outside() {
    let (env, top) = stranger();
    let file = top.join("context/context.md");
    let put = |bytes: &[u8]| write(&file, bytes);
    put(&BOOK.as_bytes()[..900]);
    assert!(told(&env, &top).unwrap().starts_with("context/context.md:"), "a broken book is told with its line");
    put(&[BOOK.as_bytes(), b"\xff\xfe\x00"].concat());
    assert_eq!(told(&env, &top).as_deref(), Some(FIRST));
    put(BOOK.replace("Create users", "a\\u0000\u{1b}]0;x\u{7}\"}\n").as_bytes());
    let odd = told(&env, &top).unwrap();
    assert!(!odd.chars().any(char::is_control), "{odd:?}");
    put(&vec![b'#'; (1 << 20) + 1]);
    assert_eq!(told(&env, &top), None);
    put(b"# Notes of somebody\n");
    assert_eq!(told(&env, &top), None, "a file of that name need not be a book");

    write(env.path("secret.md"), BOOK);
    for target in [env.path("secret.md").as_path(), Path::new("/dev/zero"), Path::new("gone")] {
        std::fs::remove_file(&file).unwrap();
        symlink(target, &file).unwrap();
        assert_eq!(told(&env, &top), None, "{}", target.display());
        let said = answered(&env, &top, "para: done 1").unwrap();
        assert!(said.contains("no ordinary file"), "{said}");
    }
    assert_eq!(read(env.path("secret.md")), BOOK.as_bytes());
    std::fs::remove_file(&file).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, &file, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert_eq!(told(&env, &top), None, "nobody waits for a pipe");
    assert!(answered(&env, &top, "para: done 1").is_some());
}

#[test]
fn an_answer_that_says_so_ticks_the_boxes_and_nothing_else() {
    let (env, top) = stranger();
    let file = top.join("context/context.md");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let said = answered(&env, &top, "All good.\n\npara: done 3\n");
    assert_eq!(said.as_deref(), Some("craft: ticked to-do 3 \"Add indexes for performance\" of phase 1, 1 of 5 done"));
    let stamp = |text: &str| text.lines().find(|l| l.contains("last_updated")).unwrap().to_owned();
    let after = book(&top);
    let wanted = BOOK.replace("- [ ] Add indexes", "- [x] Add indexes").replace(&stamp(BOOK), &stamp(&after));
    assert_eq!(after, wanted);
    assert_ne!(stamp(&after), stamp(BOOK));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(std::fs::read_dir(top.join("context")).unwrap().count(), 1, "nothing is left beside it");
    assert_eq!(answered(&env, &top, "para: done 3"), None, "it was ticked before");
    assert_eq!(book(&top), after);
    let said = answered(&env, &top, "PARA: done 1, 2\r\npara: done phase 1: 4");
    assert_eq!(said.as_deref(), Some("craft: ticked to-dos 1, 2, 4 of phase 1, 4 of 5 done"));
}

#[test]
fn without_such_a_line_nothing_is_looked_at_or_written() {
    let (env, top) = stranger();
    let near = [
        "I finished to-do 3.",
        "`para: done 3`",
        "- para: done 3",
        "Then say para: done 3",
        "```\npara: done 3\n```\n",
        "para: done three",
        "",
    ];
    for answer in near {
        assert_eq!(answered(&env, &top, answer), None, "{answer:?}");
    }
    env.configure(json!({"plans": {"stopMarkers": false}}));
    assert_eq!(answered(&env, &top, "para: done 3"), None);
    env.configure(json!({"plans": {"stopMarkers": true}}));
    let subagent = json!({"session_id": "s", "cwd": top, "hook_event_name": "Stop", "agent_id": "a1",
        "last_assistant_message": "para: done 3"});
    assert_eq!(env.hook(&subagent), Value::Null);
    let old = json!({"session_id": "s", "cwd": top, "hook_event_name": "Stop", "stop_hook_active": true});
    assert_eq!(env.hook(&old), Value::Null, "a client that does not tell the answer");
    assert_eq!(book(&top), BOOK);
    assert!(!env.craft_dir().join("repos").exists());
    let beat: Value = serde_json::from_slice(&read(env.craft_dir().join("heartbeat-Stop.json"))).unwrap();
    assert!(beat["program"].as_str().unwrap().ends_with("craft-stop"));
    std::fs::remove_dir_all(top.join("context")).unwrap();
    assert_eq!(answered(&env, &top, "para: done 3"), None, "a repository without a plan");
    assert!(!env.craft_dir().join("repos").exists());
}

#[test]
fn what_is_in_doubt_is_told_and_not_ticked() {
    let (env, top) = stranger();
    let refused = |answer: &str| answered(&env, &top, answer).unwrap();
    assert_eq!(refused("para: done 1\npara: done 9"), "craft: nothing was ticked: there is no to-do 9; the list has 5");
    assert!(refused("para: done phase 3: 1").ends_with("has no to-dos of phase 3"));
    assert_eq!(book(&top), BOOK);
    let both = BOOK
        .replacen("\"pending\"", "\"in_progress\"", 1)
        .replace("## Progress", "## To-Do List: Phase 2\n\n- [ ] b\n\n## Progress");
    write(top.join("context/context.md"), &both);
    assert!(refused("para: done 1").contains("para: done phase 1: 3"));
    assert_eq!(book(&top), both);
    assert!(refused("para: done phase 2: 1").contains("\"b\" of phase 2, 1 of 1 done"));
}

#[test]
fn a_book_that_somebody_else_writes_is_left_alone() {
    let (env, top) = stranger();
    assert!(answered(&env, &top, "para: done 1").is_some());
    let was = book(&top);
    let repos = env.craft_dir().join("repos");
    let repo = std::fs::read_dir(repos).unwrap().next().unwrap().unwrap().path();
    let holder = Holder { pid: std::process::id(), host: "h".into(), started: 1, purpose: "plan".into() };
    let guard = lock::try_exclusive(&repo.join("plan.lock"), &holder).unwrap().expect("free");
    assert_eq!(answered(&env, &top, "para: done 2"), None);
    assert_eq!(book(&top), was);
    drop(guard);
    assert!(answered(&env, &top, "para: done 2").is_some());
}

#[test]
fn a_phases_own_working_tree_uses_the_main_trees_book() {
    let (env, top) = stranger();
    env.git(&top, &["commit", "-q", "--allow-empty", "-m", "one"]);
    env.git(&top, &["worktree", "add", "-q", "-b", "para/x", ".para-worktrees/x"]);
    env.git(&top, &["worktree", "add", "-q", "-b", "other", "../other"]);
    let (phase, other) = (top.join(".para-worktrees/x"), env.path("other"));
    assert_eq!(told(&env, &phase).as_deref(), Some(FIRST));
    assert_eq!(told(&env, &other), None, "a working tree of somebody's own has its own book");
    assert!(answered(&env, &phase, "para: done 1").is_some());
    assert!(book(&top).contains("- [x] Create users"));
    assert_eq!(env.craft(&phase, &["brief"]).ok().stdout.trim(), "phase 1/3 · 1/5");
}

#[test]
fn status_lines_show_the_plan_and_watch_its_book_enrolled_or_not() {
    let (env, top) = stranger();
    assert_eq!(env.craft(&top, &["brief"]).ok().stdout.trim(), "phase 1/3 · 0/5");
    assert_eq!(env.craft(&top, &["statusline"]).ok().stdout.trim(), "phase 1/3 · 0/5");
    let answer = env.craft(&top, &["brief", "--json"]).ok().stdout;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["status"], "phase 1/3 · 0/5");
    let watched = |answer: &Value| {
        let files = answer["watch"].as_array().unwrap();
        files.iter().any(|f| f.as_str().unwrap().ends_with("/context/context.md"))
    };
    assert!(watched(&answer));
    std::fs::remove_dir_all(top.join("context")).unwrap();
    let answer: Value = serde_json::from_str(&env.craft(&top, &["brief", "--json"]).ok().stdout).unwrap();
    assert!(answer["status"].is_null() && watched(&answer), "one that appears is noticed");

    let pair = Pair::enrolled();
    write(pair.a.join("context/context.md"), BOOK);
    let words = pair.craft(&pair.a, &["brief"]).ok().stdout;
    assert!(words.trim().ends_with(" · phase 1/3 · 0/5"), "{words}");
}
