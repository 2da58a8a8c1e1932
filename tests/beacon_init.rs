//! `craft beacon init`, and the program with the seed's verbs.

use insta::assert_snapshot;
use serde_json::Value;

use super::common::{Pair, Ran, read, write};

const TEMPLATE: &str = "---\nLAST_UPDATE: None\nTIMESTAMP: None\nDIRECTION: None\nFILES_UPDATED: None\n\
                        ACTION: Waiting for updates\nSTATUS: IDLE\n---\n\n\
                        This ticket serves as a notification beacon between Claude Desktop and Claude Code.\n\
                        DO NOT DELETE OR CLOSE THIS TICKET.\n";

fn init(pair: &Pair, args: &[&str]) -> Ran {
    // Whether the programs are on PATH, and where they lie, is this machine's.
    let mut ran = pair.craft(&pair.a, &[&["beacon", "init"], args].concat());
    ran.stdout = ran.stdout.lines().filter(|l| !l.contains("ps-sync")).map(|l| format!("{l}\n")).collect();
    ran
}

fn identity(pair: &Pair) -> Value {
    let repos = pair.craft_dir().join("repos");
    let found = std::fs::read_dir(repos).unwrap().map(|e| e.unwrap().path().join("beacon.json")).find(|p| p.is_file());
    serde_json::from_slice(&read(found.unwrap())).unwrap()
}

#[test]
fn a_side_gets_the_seeds_folders_and_a_second_call_changes_only_what_it_says() {
    let pair = Pair::new();
    assert_snapshot!(init(&pair, &[]).ok().stdout, @r"
    this working tree is Code; its files are for Desktop, on channel main
      made   .claude
      made   .claude/planning
      made   .claude/planning/session-notes
      made   .claude/implementation
      made   .claude/sync
      made   .claude/sync/beacon-template.md
      made   .claude/sync/manifest.json
    note: nothing looks for messages by itself yet: `craft jobs enable`, then `craft jobs resume beacon-watch`; or `craft beacon watch` in a terminal
    next: craft beacon status
    ");
    let template = pair.a.join(".claude/sync/beacon-template.md");
    assert_eq!(read(&template), TEMPLATE.as_bytes());
    let manifest: Value = serde_json::from_slice(&read(pair.a.join(".claude/sync/manifest.json"))).unwrap();
    let idle = serde_json::json!({"version": 1, "channel": "main", "seq": 0, "sent": {}, "received": {}});
    assert_eq!(manifest, idle);
    // What is one person's stays out of git; the template is everybody's.
    for name in [".stage/x", "archive/2025-10-06/x"] {
        write(pair.a.join(".claude/sync").join(name), "x");
    }
    assert_eq!(pair.git(&pair.a, &["status", "--porcelain", "-uall"]), "?? .claude/sync/beacon-template.md");
    let first = identity(&pair);
    assert_eq!(first["id"].as_str().unwrap().len(), 16);

    write(&template, "mine\n");
    let again = init(&pair, &["--as", "lab", "--to", "Desktop", "--to", "*", "--channel", "night"]).ok();
    assert!(again.stdout.starts_with(
        "this working tree is lab, and was Code until now; its files are for Desktop, everybody, on channel night\nnote: "
    ));
    assert_eq!(read(&template), b"mine\n", "a template of the user's stays");
    let second = identity(&pair);
    assert_eq!((&second["id"], &second["name"], &second["channel"]), (&first["id"], &"lab".into(), &"night".into()));
    init(&pair, &[]).ok();
    assert_eq!(identity(&pair), second, "what is not said stays");
}

#[test]
fn what_is_missing_is_named_with_the_command_that_mends_it() {
    let pair = Pair::new();
    pair.git(&pair.a, &["remote", "remove", "origin"]);
    pair.git(&pair.a, &["config", "--global", "--unset", "user.email"]);
    pair.configure(serde_json::json!({"beacon": {"github": {"enabled": true}}, "scheduler": {"enabled": true}}));
    assert_snapshot!(init(&pair, &["--as", "lab"]).ok().stdout, @r"
    this working tree is lab; its files are for nobody yet, on channel main
      made   .claude
      made   .claude/planning
      made   .claude/planning/session-notes
      made   .claude/implementation
      made   .claude/sync
      made   .claude/sync/beacon-template.md
      made   .claude/sync/manifest.json
    note: there is no remote that could carry messages: `git remote add origin URL`
    note: git does not know who you are, and others accept no message then: `git config user.email ADDRESS`
    note: nobody is named whom files of lab are for: `craft beacon init --to NAME`
    note: the bell on GitHub may not be rung: `craft permissions set github upsert-internal internal`
    next: craft beacon status
    ");
    for (args, why) in [
        (["--as", "a/b"], "a/b is no name of an environment"),
        (["--to", "../x"], "../x is no name of an environment"),
        (["--channel", "x y"], "x y is no name of a channel"),
    ] {
        let ran = init(&pair, &args);
        assert!(ran.code == 2 && ran.stderr.contains(why), "{} {}", ran.code, ran.stderr);
    }
    let outside = pair.craft(pair.root(), &["beacon", "init"]);
    assert!(outside.code == 1 && outside.stderr.contains("is in no git repository"), "{}", outside.stderr);
    pair.git(pair.root(), &["init", "-q", "--bare", "bare.git"]);
    let bare = pair.craft(&pair.path("bare.git/refs"), &["beacon", "init"]);
    assert!(bare.code == 1 && bare.stderr.contains("bare.git is a bare repository"), "{}", bare.stderr);
}

#[test]
fn no_folder_is_made_through_a_link() {
    let pair = Pair::new();
    std::fs::create_dir(pair.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(pair.path("elsewhere"), pair.a.join(".claude")).unwrap();
    let ran = init(&pair, &[]);
    assert!(ran.code == 1 && ran.stderr.contains(".claude is no folder"), "{}", ran.stderr);
    assert_eq!(std::fs::read_dir(pair.path("elsewhere")).unwrap().count(), 0);
}

#[test]
fn prompts_are_moved_by_git_where_it_tracks_them_and_nothing_is_overwritten() {
    let pair = Pair::new();
    let prompts = pair.a.join(".claude/prompts");
    for name in ["tracked.md", "changed.md", "taken.md", "*.md", "notes.txt"] {
        write(prompts.join(name), format!("{name}\n"));
    }
    write(pair.a.join(".claude/planning/taken.md"), "mine\n");
    pair.commit(&pair.a, "prompts");
    write(prompts.join("changed.md"), "changed since\n");
    write(prompts.join("new.md"), "new\n");
    write(prompts.join("new-taken.md"), "theirs\n");
    write(pair.a.join(".claude/planning/new-taken.md"), "mine too\n");
    std::os::unix::fs::symlink("new.md", prompts.join("link.md")).unwrap();
    // Ended between the two names of a file, it goes on.
    write(prompts.join("half.md"), "half\n");
    std::fs::hard_link(prompts.join("half.md"), pair.a.join(".claude/planning/half.md")).unwrap();

    let said = init(&pair, &["--migrate-prompts"]).ok().stdout;
    let lines: Vec<_> = said.lines().filter(|l| l.contains("prompts/")).collect();
    assert_snapshot!(lines.join("\n"), @r"
      moved  .claude/prompts/*.md to .claude/planning/*.md
      moved  .claude/prompts/changed.md to .claude/planning/changed.md
      moved  .claude/prompts/half.md to .claude/planning/half.md
      moved  .claude/prompts/new.md to .claude/planning/new.md
      moved  .claude/prompts/tracked.md to .claude/planning/tracked.md
      left   .claude/prompts/link.md: it is no ordinary file
      left   .claude/prompts/new-taken.md: .claude/planning/new-taken.md is there already
      left   .claude/prompts/taken.md: .claude/planning/taken.md is there already
    ");
    let text = |path: &str| String::from_utf8(read(pair.a.join(path))).unwrap();
    assert_eq!(text(".claude/planning/changed.md"), "changed since\n");
    assert_eq!(text(".claude/planning/taken.md"), "mine\n");
    assert_eq!(text(".claude/planning/new-taken.md"), "mine too\n");
    assert_eq!(text(".claude/prompts/new-taken.md"), "theirs\n");
    assert!(!prompts.join("half.md").exists() && !prompts.join("new.md").exists());
    assert_snapshot!(pair.git(&pair.a, &["status", "--porcelain", "--", ".claude/planning", ".claude/prompts"]), @r"
    R  .claude/prompts/*.md -> .claude/planning/*.md
    RM .claude/prompts/changed.md -> .claude/planning/changed.md
    R  .claude/prompts/tracked.md -> .claude/planning/tracked.md
    ?? .claude/planning/half.md
    ?? .claude/planning/new-taken.md
    ?? .claude/planning/new.md
    ?? .claude/prompts/link.md
    ?? .claude/prompts/new-taken.md
    ");
    let again = init(&pair, &["--migrate-prompts"]).ok().stdout;
    assert!(!again.contains("moved"), "{again}");
}

#[test]
fn ps_sync_has_the_seeds_usage_and_hands_on_what_it_is_told() {
    let pair = Pair::new();
    let run = |args: &[&str]| {
        let mut command = pair.command(env!("CARGO_BIN_EXE_ps-sync"), &pair.a);
        command.args(args);
        pair.run(command, b"")
    };
    for args in [&[][..], &["sing"], &["--help"]] {
        let ran = run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, "Usage: ps-sync [status|pull|push|watch]\n"), "{args:?}");
    }
    let ran = run(&["status", "--json"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("has no beacon yet") && ran.stderr.contains("craft beacon init"), "{}", ran.stderr);
    assert!(run(&["init", "--as", "Desktop"]).ok().stdout.contains("this working tree is Desktop"));
    assert_eq!(run(&["resolve", "x"]).code, 2, "the exit code is that of craft");

    // A link into a folder on PATH finds the craft beside the program it leads to.
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_ps-sync"), pair.path("ps-sync")).unwrap();
    let mut command = pair.command(pair.path("ps-sync"), &pair.a);
    command.args(["init"]);
    assert!(pair.run(command, b"").ok().stdout.contains("is Desktop already"));
}
