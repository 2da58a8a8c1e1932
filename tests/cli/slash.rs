//! `craft slash`: words that come from a prompt.

use std::io::Write;
use std::process::Stdio;

use insta::assert_snapshot;

use super::Home;

fn slash(home: &Home, arguments: &[&str]) -> String {
    let arguments: Vec<_> = ["slash"].iter().chain(arguments).copied().collect();
    let output = home.craft("app", &arguments).output().unwrap();
    assert!(output.stderr.is_empty(), "all is on one stream: {}", home.show(&output));
    home.show(&output)
}

/// Words on standard input, as a command file hands them over.
fn handed_over(home: &Home, arguments: &[&str], input: &[u8]) -> String {
    let arguments: Vec<_> = ["slash", "--stdin"].iter().chain(arguments).copied().collect();
    let mut child = home
        .craft("app", &arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Who is handed too much does not read it all.
    let _ = child.stdin.take().unwrap().write_all(input);
    home.show(&child.wait_with_output().unwrap())
}

#[test]
fn the_four_commands_of_the_seed_do_what_they_say() {
    let home = Home::new();
    home.repository("app");
    home.git("app", &["push", "-q", "-u", "origin", "main"]);
    assert_snapshot!(slash(&home, &["--", "auto-sync enable"]), @"
    auto-sync is on for [TMP]/app
      branch   main
      remote   origin at ../remote.git
    session start pulls, session end commits and pushes to origin/main at ../remote.git, one prompt in 27 syncs
    exit 0
    ");
    assert_snapshot!(slash(&home, &["--", "auto-sync force"]), @"
    claude-craft: nothing to do, main is in step with origin/main
    exit 0
    ");
    assert_snapshot!(slash(&home, &["auto-sync", "disable"]), @"
    auto-sync is off for [TMP]/app; `craft auto-sync enable` switches it on again
    exit 0
    ");
    assert_snapshot!(handed_over(&home, &["auto-sync"], b"status\n"), @"
    auto-sync is on (session start: pull, session end: push, one prompt in 27: sync)

    * [TMP]/app
      off        switched off for this repository
                 craft auto-sync enable [TMP]/app
      branch     main with origin at ../remote.git
      state      level with origin/main, nothing uncommitted (seen just now)
      last sync  just now by hand: nothing to do, main is in step with origin/main

    1 sync so far; 0 sessions running
    exit 0
    ");
}

#[test]
fn without_words_there_is_help_and_the_status() {
    let home = Home::new();
    home.shell_of_a_repository("app");
    assert_snapshot!(slash(&home, &[]), @"
    keeps enrolled repositories in step with the work
      /craft auto-sync             the same as `auto-sync status`
      /craft auto-sync enable      enrol this repository, or switch it on again
      /craft auto-sync disable     switch it off; `--all` for every one
      /craft auto-sync status      what is enrolled, how it stands, what needs you
      /craft auto-sync force       sync now: `force pull`, `force push`, or both
      /craft auto-sync history     the snapshots that were kept
      /craft auto-sync undo        bring a snapshot back
      /craft auto-sync log         the last syncs, and how they ended
      /craft auto-sync config get  show the settings; `config set KEY VALUE` changes one
      /craft scan                  look for credentials in the working tree; `scan --outgoing` in what would be sent
      /craft plan                  how the phased plan stands, and what comes next
      /craft plan graph            its phases and what they depend on
      /craft beacon                what waits from the other environment, and what was changed here
      /craft beacon pull           take in what waits
      /craft beacon push           send what was changed; `-m TEXT` says what it is about
      /craft monitor               jobs, repositories, notifications and what was done in the last 24 hours
      /craft permissions           what may leave this machine; `permissions check github close` asks the gate
      /craft jobs                  recurring jobs: how each stands, and when it runs next
      /craft jobs enable           let jobs run by themselves; `jobs disable` ends that
      /craft jobs pause            let a job rest; `jobs resume` ends that, `jobs interval` sets how often it runs
      /craft jobs reset            let a job run again that has failed too often
      /craft jobs run              run a job now; it may take a while
      /craft jobs logs             what a job said
      /craft notifications         what waits to be looked at; `show ID`, `dismiss ID`, `snooze ID 2h`
      /craft logs                  what was done in the last 24 hours; `logs -n 10 --result error` the last failures
      /craft metrics               how often syncs run, how long they take, how often they fail
      /craft doctor                whether everything is in order; `--fix` mends what can be mended

    auto-sync is on (session start: pull, session end: push, one prompt in 27: sync)

    [TMP]/app is not enrolled; `craft auto-sync enable` does that
    0 syncs so far; 0 sessions running
    exit 0
    ");
    let help = slash(&home, &["--", "help"]);
    assert_eq!(handed_over(&home, &["auto-sync"], b"help\n"), help);
    assert!(slash(&home, &["--", ""]).starts_with(help.strip_suffix("exit 0").unwrap()));
}

#[test]
fn what_is_not_for_a_prompt_is_refused_with_the_code_of_wrong_usage() {
    let home = Home::new();
    home.shell_of_a_repository("app");
    assert_snapshot!(slash(&home, &["--", "auto-sync config edit"]), @"
    error: `craft auto-sync config edit` is for a terminal
    hint: `/craft help` shows what a slash command can do
    exit 2
    ");
    assert_snapshot!(slash(&home, &["--", "auto-sync status --watch"]), @"
    error: --watch makes no sense in a slash command
    hint: leave it out, or use a terminal
    exit 2
    ");
    assert_snapshot!(slash(&home, &["--", "-C / auto-sync status"]), @"
    error: -C makes no sense in a slash command
    hint: leave it out, or use a terminal
    exit 2
    ");
    assert_snapshot!(slash(&home, &["--", "worker"]), @"
    error: `craft worker` is for a terminal
    hint: `/craft help` shows what a slash command can do
    exit 2
    ");
    assert_snapshot!(slash(&home, &["--", "status"]), @"
    error: there is no `/craft status`
    hint: did you mean `/craft auto-sync status`?
    exit 2
    ");
    assert_snapshot!(slash(&home, &["--", "auto-sync status --nonsense"]), @"
    error: unexpected argument '--nonsense' found

    Usage: craft auto-sync status [OPTIONS]

    For more information, try '--help'.
    exit 2
    ");
}

#[test]
fn no_word_is_ever_run_put_in_or_printed_raw() {
    let home = Home::new();
    home.shell_of_a_repository("app");
    let mark = home.path("pwned");
    let touch = format!("touch {}", mark.display());
    for words in [
        format!("auto-sync status; {touch}"),
        format!("auto-sync $({touch})"),
        format!("auto-sync `{touch}`"),
        format!("auto-sync status\n{touch}"),
        format!("auto-sync status | {touch}"),
        format!("auto-sync \"$({touch})\""),
        format!("$({touch})"),
        format!("auto-sync force --accept $({touch})"),
    ] {
        for shown in [slash(&home, &["--", &words]), handed_over(&home, &["auto-sync"], words.as_bytes())] {
            assert!(shown.ends_with("exit 2"), "{words:?}: {shown}");
        }
        assert!(!mark.exists(), "{words:?}");
    }
    assert!(slash(&home, &["--", "auto-sync config get $HOME"]).contains("$HOME"), "nothing is put in");
    for bytes in [&b"status\x1b[2J"[..], b"\x00", b"status \x9b", b"\xff\xfe", b"'", b"\\", &vec![b'a'; 100 << 10]] {
        let shown = handed_over(&home, &["auto-sync"], bytes);
        assert!(shown.ends_with("exit 2"), "{shown}");
        assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
        assert!(handed_over(&home, &["--exit-zero", "auto-sync"], bytes).ends_with("exit 0"));
    }
    let turned = slash(&home, &["--", "auto-sync sta\u{202e}tus"]);
    assert!(!turned.contains('\u{202e}'), "{turned:?}");
}
