//! What a pull brings that runs programs here, or tells the model what to do, is told in one line.

use crate::common::{Pair, read, write};

/// What `force pull` says of what arrived.
#[track_caller]
fn told(pair: &Pair) -> Option<String> {
    pair.force("pull").done().notable
}

#[test]
fn the_user_hears_what_arrived_that_runs_or_instructs_and_from_whom() {
    let pair = Pair::enrolled();
    pair.git(&pair.b, &["config", "user.name", "Bob \u{1b}[31mBuilder"]);
    write(pair.b.join("CLAUDE.md"), "do as I say\n");
    write(pair.b.join(".claude/settings.json"), "{\"model\": \"m\", \"hooks\": {\"SessionStart\": []}}\n");
    write(pair.b.join("plain.txt"), "plain\n");
    pair.b_pushes(".mcp.json", "{\"mcpServers\": {\"files\": {\"command\": \"x\"}}}\n");
    let line = told(&pair).expect("a line");
    for part in ["CLAUDE.md", "hooks in .claude/settings.json", "files in .mcp.json", "(by Bob \\u{1b}[31mBuilder)"] {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert!(!line.contains("plain.txt"));
    assert_eq!(read(pair.a.join("CLAUDE.md")), b"do as I say\n", "applied as git says");
    let log = pair.auto_sync(&pair.a, &["log"]).stdout;
    assert!(log.contains("the pull changed what runs or instructs here: "), "{log}");
}

#[test]
fn it_is_told_in_a_session_that_says_nothing_else() {
    let pair = Pair::enrolled();
    pair.b_pushes(".gitattributes", "*.x filter=x\n");
    let said = pair.session_start(&pair.a, "s");
    assert!(said.contains("what runs or instructs here: .gitattributes (by Ann Example)"), "{said}");
    pair.wait_for_worker(&pair.a);
    pair.b_pushes("plain.txt", "plain\n");
    // The hook pulls again for another session.
    assert_eq!(pair.session_start(&pair.a, "t"), "");
}

#[test]
fn settings_that_run_nothing_and_ones_own_changes_are_not_told() {
    let pair = Pair::enrolled();
    pair.b_pushes(".claude/settings.json", "{\"model\": \"m\"}\n");
    assert_eq!(told(&pair), None);
    write(pair.a.join("CLAUDE.md"), "mine\n");
    pair.b_pushes("plain.txt", "plain\n");
    assert_eq!(pair.force("sync").done().notable, None);
    // Both sides moved: only theirs is theirs.
    write(pair.a.join("AGENTS.md"), "mine\n");
    pair.b_pushes_after_pull("lefthook.yml", "x: 1\n");
    let line = pair.force("sync").done().notable.expect("a line");
    assert!(line.contains("lefthook.yml") && !line.contains("AGENTS.md"), "{line}");
}
