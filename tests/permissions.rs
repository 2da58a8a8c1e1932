//! The permission gate, with real remotes: what is not allowed is left and written down, nothing is lost, and the
//! dry check says what the real one does.

use claude_craft::sync::outcome::Refusal;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::common::{Pair, State, script, write};

fn allow(pair: &Pair, git: Value) {
    pair.configure(json!({"permissions": {"git": git}}));
}

/// What the journal says was denied: operation and reason.
fn denied(pair: &Pair) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(pair.craft_dir().join("log/journal.jsonl")).unwrap_or_default();
    let lines = text.lines().map(|l| serde_json::from_str::<Value>(l).unwrap());
    lines
        .filter(|l| l["result"] == "denied")
        .map(|l| {
            assert_eq!((&l["platform"], &l["item"]), (&json!("git"), &json!(pair.a)));
            (l["operation"].as_str().unwrap().to_owned(), l["reason"].as_str().unwrap().to_owned())
        })
        .collect()
}

#[test]
fn what_may_not_be_sent_is_committed_and_stays_here() {
    let pair = Pair::enrolled();
    allow(&pair, json!({"overrides": {"push": false}}));
    write(pair.a.join("mine.txt"), "mine\n");
    pair.b_pushes("theirs.txt", "theirs\n");
    let tip = pair.remote_tip();
    let report = pair.force("sync").done();
    assert_eq!(
        report.remarks,
        ["push on git is not allowed: `permissions.git.overrides.push` is false; nothing is sent"]
    );
    assert_eq!(pair.remote_tip(), tip);
    assert_eq!(pair.changes(), "");
    assert!(pair.a.join("theirs.txt").exists(), "what may be taken in is");
    assert_eq!(denied(&pair), [("push".into(), "`permissions.git.overrides.push` is false".into())]);

    let status = pair.auto_sync(&pair.a, &["status"]).stdout;
    assert!(status.contains("\n  permitted  no push; `craft permissions` shows why\n"), "{status}");

    // An end of a session has nothing to ask the remote for, and does not.
    write(pair.a.join("mine.txt"), "more\n");
    pair.git(&pair.a, &["remote", "set-url", "--push", "origin", pair.remote.to_str().unwrap()]);
    let report = pair.force("push").done();
    assert_eq!((report.committed.is_some(), report.pushed), (true, None));
    assert_eq!(pair.remote_tip(), tip);
    pair.whole();

    allow(&pair, json!({"overrides": {"push": true}}));
    pair.force("push").done();
    assert_eq!(pair.remote_tip(), pair.rev(&pair.a, "HEAD"));
}

#[test]
fn a_conflict_is_not_settled_by_a_push_that_may_not_look_at_the_other_side() {
    let pair = Pair::enrolled();
    pair.edit(&pair.b, "one.txt", 1, "theirs");
    pair.b_pushes_all("theirs");
    pair.edit(&pair.a, "one.txt", 1, "mine");
    assert_eq!(pair.force("sync").code, 3);
    let open = || pair.craft(&pair.a, &["notifications"]).ok().stdout.contains("both sides changed one.txt");
    let needs = || pair.auto_sync(&pair.a, &["status"]).stdout.contains("needs you");
    allow(&pair, json!({"overrides": {"push": false}}));
    pair.force("push").done();
    assert!(open() && needs());

    pair.git(&pair.a, &["merge", "-q", "-s", "ours", "-m", "mine", "origin/main"]);
    pair.force("pull").done();
    assert!(!open() && !needs());
}

#[test]
fn what_may_not_be_taken_in_is_not_even_fetched() {
    let pair = Pair::enrolled();
    let before = State::of(&pair, &pair.a);
    let tracked = pair.rev(&pair.a, "origin/main");
    pair.b_pushes("theirs.txt", "theirs\n");
    allow(&pair, json!({"preset": "none"}));
    let report = pair.force("pull").done();
    assert_eq!(report.remarks, ["pull on git is not allowed: git is none by preset; nothing is taken in"]);
    assert_eq!((State::of(&pair, &pair.a), pair.rev(&pair.a, "origin/main")), (before, tracked));

    write(pair.a.join("mine.txt"), "mine\n");
    let tip = pair.remote_tip();
    let report = pair.force("sync").done();
    assert!(report.committed.is_some() && report.pushed.is_none() && report.pulled.is_none());
    assert_eq!((pair.remote_tip(), pair.changes()), (tip, String::new()));
    let operations: Vec<_> = denied(&pair).into_iter().map(|(operation, _)| operation).collect();
    assert_eq!(operations, ["pull", "push", "pull"]);
    pair.whole();
}

#[test]
fn who_only_sends_does_so_until_the_other_side_has_moved() {
    let pair = Pair::enrolled();
    allow(&pair, json!({"preset": "push-only"}));
    write(pair.a.join("mine.txt"), "1\n");
    let report = pair.force("push").done();
    assert_eq!((report.remarks, pair.remote_tip()), (vec![], pair.rev(&pair.a, "HEAD")));

    let theirs = pair.b_pushes_after_pull("theirs.txt", "theirs\n");
    write(pair.a.join("mine.txt"), "2\n");
    let report = pair.force("push").done();
    assert_eq!(
        report.remarks,
        [
            "pull on git is not allowed: git is push-only by preset; origin/main has commits that are not here, so nothing can be sent"
        ]
    );
    assert_eq!((pair.remote_tip(), pair.changes()), (theirs, String::new()));
    assert!(!pair.a.join("theirs.txt").exists());
    pair.whole();
}

#[test]
fn strict_makes_it_an_error_once_the_rest_is_done() {
    let pair = Pair::enrolled();
    pair.configure(json!({"permissions": {"strict": true, "git": {"overrides": {"push": false}}}}));
    write(pair.a.join("mine.txt"), "mine\n");
    let forced = pair.force("sync");
    assert_eq!(forced.code, 4);
    assert_eq!(pair.changes(), "", "what may be done is done");
    let reason = forced.refused(Refusal::Permission);
    assert_eq!(reason, "push on git is not allowed: `permissions.git.overrides.push` is false");
    pair.force("pull").done();
    pair.whole();
}

#[test]
fn what_was_taken_back_a_moment_ago_counts() {
    let pair = Pair::enrolled();
    // The user's hook takes the leave back between the sync's beginning and its push.
    let craft = env!("CARGO_BIN_EXE_craft");
    script(pair.a.join(".git/hooks/post-commit"), &format!("'{craft}' permissions set git push no >/dev/null"));
    write(pair.a.join("mine.txt"), "mine\n");
    let tip = pair.remote_tip();
    let reason = pair.force("sync").refused(Refusal::Permission);
    assert_eq!(reason, "push on git is not allowed: `permissions.git.overrides.push` is false");
    assert_eq!((pair.remote_tip(), denied(&pair).len()), (tip, 1));
    pair.whole();
}

#[test]
fn a_rehearsal_says_the_same_and_writes_nothing_down() {
    let pair = Pair::enrolled();
    allow(&pair, json!({"overrides": {"push": false}}));
    write(pair.a.join("mine.txt"), "mine\n");
    let ran = pair.craft(&pair.a, &["auto-sync", "force", "push", "--dry-run"]).ok();
    assert_snapshot!(ran.stdout, @r"
    1. keep a snapshot of HEAD, index and working tree
    2. commit 1 file
       mine.txt
    ");
    assert_eq!(denied(&pair), []);
}

#[test]
fn a_project_takes_leave_away_and_never_gives_it() {
    let pair = Pair::enrolled();
    allow(&pair, json!({"overrides": {"pull": false}}));
    write(
        pair.a.join(".claude/craft.json"),
        r#"{"permissions": {"git": {"overrides": {"push": false, "pull": true}}}}"#,
    );
    let check = |operation: &str| pair.craft(&pair.a, &["permissions", "check", "git", operation]).code;
    assert_eq!((check("push"), check("pull"), check("read")), (4, 4, 0));
    // Elsewhere the project has no say.
    let elsewhere = pair.craft(pair.root(), &["permissions", "check", "git", "push"]);
    assert_eq!(elsewhere.code, 0);
}

#[test]
fn the_table_and_the_checks_are_those_of_the_gate() {
    let pair = Pair::enrolled();
    let say = |args: &[&str]| {
        let ran = pair.craft(&pair.a, &[&["permissions"], args].concat());
        format!("{}{}", ran.stdout, ran.stderr).replace(pair.root().to_str().unwrap(), "…")
    };
    assert_snapshot!(say(&[]), @r#"
    what is allowed in …/a
                        git         beacon      github      jira        ado
      read              yes         yes         yes         yes         yes
      update-status     -           -           no          no          no
      upsert-internal   -           -           no          no          no
      upsert-external   -           -           no          no          no
      close             -           -           no          no          no
      delete            -           -           no          no          no
      push              yes         yes         no          no          no
      pull              yes         yes         yes         yes         yes

    what is not allowed is left, and written into the journal
    "#);
    assert_snapshot!(say(&["set", "github", "bidirectional"]), @r#"
    update-status on github: yes, was no
    upsert-internal on github: yes, was no
    upsert-external on github: yes, was no
    close on github: yes, was no
    push on github: yes, was no
    "#);
    assert_snapshot!(say(&["set", "github", "close", "internal"]), @"close on github: internal, was yes");
    assert_snapshot!(say(&["set", "github", "close", "internal"]), @"as before");
    assert_snapshot!(say(&["set", "--here", "git", "push", "no"]), @"push on git: no, was yes");
    assert_snapshot!(say(&["show"]), @r#"
    what is allowed in …/a
                        git         beacon      github      jira        ado
      read              yes         yes         yes         yes         yes
      update-status     -           -           yes         no          no
      upsert-internal   -           -           yes         no          no
      upsert-external   -           -           yes         no          no
      close             -           -           internal    no          no
      delete            -           -           no          no          no
      push              no          yes         yes         no          no
      pull              yes         yes         yes         yes         yes

    what is not allowed is left, and written into the journal
    "#);
    assert_snapshot!(say(&["check", "github", "close", "--origin", "external"]), @r#"close on github is not allowed: `permissions.github.overrides.close` is "internal""#);
    assert_snapshot!(say(&["check", "jira", "read"]), @"read on jira is allowed: jira is read-only by default");
    assert_snapshot!(say(&["set", "github", "shut"]), @r#"
    error: `shut` is neither a preset nor an operation
    hint: presets: none, read-only, push-only, bidirectional, full-control, default; operations: read, update-status, upsert-internal, upsert-external, close, delete, push, pull
    "#);
    assert_snapshot!(say(&["set", "github", "close"]), @r#"
    error: `close` needs an answer
    hint: yes, no, internal, external or default
    "#);
    assert_snapshot!(say(&["set", "github", "close", "perhaps"]), @r#"
    error: `perhaps` is no answer
    hint: yes, no, internal, external or default
    "#);
    assert_snapshot!(say(&["set", "git", "close", "yes"]), @r"
    error: there is no close on git
    hint: there is read, push and pull
    ");

    // What is set for one repository is not for the others, and comes off again.
    let elsewhere = pair.craft(pair.root(), &["permissions", "check", "git", "push"]);
    assert_eq!(elsewhere.code, 0);
    assert_snapshot!(say(&["set", "--here", "git", "push", "default"]), @"push on git: yes, was no");
    let config: Value = serde_json::from_slice(&std::fs::read(pair.craft_dir().join("config.json")).unwrap()).unwrap();
    assert_eq!(config["repositories"][0]["overrides"]["permissions"], json!({}));
}

#[test]
fn who_is_no_person_can_take_leave_away_and_not_give_it() {
    let pair = Pair::enrolled();
    pair.set("CLAUDECODE", "1");
    let set = |args: &[&str]| pair.craft(&pair.a, &[&["permissions", "set"], args].concat());
    let ran = set(&["github", "full-control"]);
    assert_eq!(ran.code, 4);
    assert_snapshot!(ran.stderr, @"
    error: only a person can allow more, and this was called from Claude Code's own shell
    hint: do it in a terminal of your own
    ");
    assert_eq!(set(&["github", "none"]).code, 0);
    assert_eq!(set(&["github", "read-only"]).code, 4, "not even what it has taken away itself");
    assert_eq!(pair.craft(&pair.a, &["permissions", "check", "github", "read"]).code, 4);
    let config = |key: &str, value: &str| pair.craft(&pair.a, &["auto-sync", "config", "set", key, value]).code;
    assert_eq!(config("permissions.github.preset", "full-control"), 4, "nor by another way");
    assert_eq!(config("permissions.jira", r#"{"overrides": {"delete": true}}"#), 4);
    assert_eq!(config("permissions.git.overrides.push", "false"), 0);
    assert_eq!(config("permissions.git.overrides.push", "true"), 4);
    assert_eq!(config("limits.snapshotDays", "8"), 0, "what is no permission is as before");
}

#[test]
fn the_permissions_of_a_predecessor_are_taken_over() {
    let pair = Pair::enrolled();
    let file = pair.path("specweave.json");
    write(
        &file,
        json!({"sync": {"settings": {"canUpsertInternalItems": true},
            "orchestration": {"permissions": {"jira": {"canRead": true, "canUpdateStatus": true}}}}})
        .to_string(),
    );
    let import = |more: &[&str]| {
        let words = [&["permissions", "import", "specweave.json"], more].concat();
        let ran = pair.craft(pair.root(), &words);
        format!("{}{}", ran.stdout, ran.stderr)
    };
    let would = import(&["--dry-run"]);
    assert_snapshot!(would, @r#"
    upsert-internal on github: yes, was no
    push on github: yes, was no
    update-status on jira: yes, was no
    close on jira: yes, was no
    push on jira: yes, was no
    upsert-internal on ado: yes, was no
    push on ado: yes, was no
    nothing was changed: this was a dry run
    "#);
    assert_eq!(pair.craft(&pair.a, &["permissions", "check", "jira", "close"]).code, 4, "nothing was written");
    assert_eq!(import(&[]), would.replace("nothing was changed: this was a dry run\n", ""));
    let said = pair.craft(pair.root(), &["logs", "--operation", "permissions"]).ok().stdout;
    let named = "all: upsert-internal on github: yes, was no; push on github: yes, was no; \
                 update-status on jira: yes, was no; and 4 more";
    assert!(said.contains(named), "{said}");
    let (shown, asked) =
        (pair.craft(&pair.a, &["permissions", "show", "--json"]), pair.craft(&pair.a, &["permissions", "--json"]));
    assert_eq!(shown.ok().stdout, asked.ok().stdout);
    assert_eq!(pair.craft(&pair.a, &["permissions", "check", "jira", "close"]).code, 0);
    assert_snapshot!(import(&[]), @"nothing has changed");
    write(&file, "{\"sync\": {}}");
    assert_snapshot!(import(&[]).replace(pair.root().to_str().unwrap(), "…"), @r#"
    error: …/specweave.json: there are no permissions in it: no `sync.settings`, `sync.orchestration.permissions`, `sync.permissions` or `sync.syncDirection`
    hint: nothing was changed
    "#);
}

#[test]
fn a_configuration_that_cannot_be_understood_allows_nothing() {
    let pair = Pair::enrolled();
    write(pair.craft_dir().join("config.json"), "{\"permissions\": {\"git\": {\"preset\": \"all\"}}}");
    let ran = pair.craft(&pair.a, &["permissions", "check", "git", "read"]);
    assert_eq!(ran.code, 4);
    assert_snapshot!(ran.stdout, @"read on git is not allowed: the configuration cannot be understood, see `craft auto-sync config check`");
}
