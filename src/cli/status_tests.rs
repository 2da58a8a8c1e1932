use insta::assert_snapshot;

use super::*;
use crate::config::model::Action;
use crate::state::{Attention, Statistics};

const NOW: u64 = 1_756_728_000_000;

fn look() -> Look {
    Look { home: Some("/home/ann".into()), now: NOW, ..Look::default() }
}

fn healthy() -> RepositoryStatus {
    RepositoryStatus {
        path: "/home/ann/work/app".into(),
        here: true,
        exists: true,
        enabled: true,
        remote: Some("origin".into()),
        remote_url: Some("git@example.org:ann/app.git".into()),
        branch: "main".into(),
        seen: Some(Seen {
            at: NOW - 120_000,
            fresh: true,
            phase: false,
            branch: "main".into(),
            upstream: "origin/main".into(),
            ahead: Some(0),
            behind: Some(0),
            dirty: Some(0),
        }),
        last_sync: Some(LastSync {
            timestamp: "2025-09-01T11:55:00Z".into(),
            kind: "session-end".into(),
            status: "success".into(),
            summary: "claude-craft: committed 3 files, pushed 2 commits to origin/main".into(),
            duration_ms: 812,
        }),
        ..RepositoryStatus::default()
    }
}

fn troubled() -> RepositoryStatus {
    RepositoryStatus {
        path: "/home/ann/My Notes".into(),
        here: false,
        paused: Some("5 syncs in a row failed".into()),
        consecutive_failures: 5,
        seen: Some(Seen {
            fresh: false,
            ahead: Some(2),
            behind: Some(1),
            dirty: None,
            branch: "draft".into(),
            ..healthy().seen.unwrap()
        }),
        waiting: vec![Waiting {
            action: Action::Push,
            trigger: Trigger::SessionEnd,
            requested: NOW - 12_000,
            attempts: 2,
            not_before: NOW + 300_000,
        }],
        attention: Some(Attention {
            kind: "conflict".into(),
            message: "both sides changed todo.md; nothing was merged, your commits are kept".into(),
            command: "git -C '/home/ann/My Notes' merge origin/main".into(),
            files: 1,
            since: NOW - 9_000,
        }),
        ..healthy()
    }
}

fn status(repositories: Vec<RepositoryStatus>) -> Status {
    let triggers = Occasions {
        session_start: Some(Action::Pull),
        session_end: Some(Action::Push),
        user_prompt: Some(Action::Sync),
        probability: 27,
    };
    Status {
        version: 1,
        at: NOW,
        enabled: Some(true),
        triggers,
        repositories,
        sessions: 1,
        statistics: Statistics { total_syncs: 42, conflicts: 1, ..Statistics::default() },
        ..Status::default()
    }
}

#[test]
fn what_is_well_is_told_briefly_and_what_is_not_with_its_command() {
    assert_snapshot!(render(&status(vec![healthy(), troubled()]), &look()), @"
    auto-sync is on (session start: pull, session end: push, one prompt in 27: sync)

    * ~/work/app
      branch     main with origin at git@example.org:ann/app.git
      state      level with origin/main, nothing uncommitted (seen 2 min ago)
      last sync  5 min ago at session end: committed 3 files, pushed 2 commits to origin/main

      ~/My Notes
      branch     main with origin at git@example.org:ann/app.git; HEAD is on draft
      state      2 ahead of origin/main, 1 behind, uncommitted files not counted (being looked at anew)
      last sync  5 min ago at session end: committed 3 files, pushed 2 commits to origin/main
      waiting    push, asked for by session end 12 s ago, tried 2 times, again in 5 min
      paused     5 syncs in a row failed
                 craft auto-sync enable '/home/ann/My Notes'
      needs you  both sides changed todo.md; nothing was merged, your commits are kept
                 git -C '/home/ann/My Notes' merge origin/main

    42 syncs so far, 1 in conflict; 1 session running
    ");
}

#[test]
fn the_readme_shows_a_status_as_it_is_printed() {
    let statistics = Statistics { total_syncs: 1, ..Statistics::default() };
    let shown = render(&Status { statistics, ..status(vec![healthy()]) }, &look());
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&format!("$ craft auto-sync status\n{shown}\n```")), "{shown}");
}

#[test]
fn a_narrow_terminal_wraps_sentences_and_never_cuts_a_command() {
    let look = Look { width: Some(44), ..look() };
    assert_snapshot!(render(&status(vec![troubled()]), &look), @"
    auto-sync is on (session start: pull,
    session end: push, one prompt in 27: sync)

      ~/My Notes
      branch     main with origin at
                 git@example.org:ann/app.git;
                 HEAD is on draft
      state      2 ahead of origin/main, 1
                 behind, uncommitted files not
                 counted (being looked at anew)
      last sync  5 min ago at session end:
                 committed 3 files, pushed 2
                 commits to origin/main
      waiting    push, asked for by session end
                 12 s ago, tried 2 times, again
                 in 5 min
      paused     5 syncs in a row failed
                 craft auto-sync enable '/home/ann/My Notes'
      needs you  both sides changed todo.md;
                 nothing was merged, your
                 commits are kept
                 git -C '/home/ann/My Notes' merge origin/main

    42 syncs so far, 1 in conflict; 1 session r…
    ");
}

#[test]
fn what_keeps_auto_sync_from_running_is_the_first_thing_told() {
    let broken = Status {
        enabled: None,
        problems: vec![
            "/home/ann/.claude/craft/config.json:3: `lock.timeoutSeconds` is \"x\"; allowed is a whole number".into(),
        ],
        ..Status::default()
    };
    assert_snapshot!(render(&broken, &look()), @r#"
    /home/ann/.claude/craft/config.json:3: `lock.timeoutSeconds` is "x"; allowed is a whole number
    auto-sync does nothing until this is mended; `craft auto-sync config edit` opens the file
    "#);
    let off =
        Status { enabled: Some(false), ..status(vec![RepositoryStatus { exists: false, seen: None, ..healthy() }]) };
    assert_snapshot!(render(&off, &look()), @"
    auto-sync is switched off for all repositories; `craft auto-sync enable` switches it on

    * ~/work/app
      gone       there is no such repository here any more
                 craft auto-sync disable /home/ann/work/app
      branch     main with origin at git@example.org:ann/app.git
      last sync  5 min ago at session end: committed 3 files, pushed 2 commits to origin/main

    42 syncs so far, 1 in conflict; 1 session running
    ");
    let empty =
        Status { disabled_by_environment: true, not_enrolled: Some("/home/ann/new".into()), ..status(Vec::new()) };
    assert_snapshot!(render(&empty, &look()), @"
    auto-sync is switched off here by CRAFT_DISABLE

    ~/new is not enrolled; `craft auto-sync enable` does that
    42 syncs so far, 1 in conflict; 1 session running
    ");
}

#[test]
fn colours_are_used_only_where_they_may_be() {
    let plain = render(&status(vec![troubled()]), &look());
    assert!(!plain.contains('\u{1b}'));
    let coloured = render(&status(vec![troubled()]), &Look { colour: true, ..look() });
    assert!(coloured.contains("\u{1b}[33m"));
    assert_eq!(console::strip_ansi_codes(&coloured), plain);
}

#[test]
fn what_a_repository_says_cannot_steer_the_terminal() {
    let mut hostile = healthy();
    hostile.branch = "main\u{1b}[2J".into();
    hostile.attention = Some(Attention {
        kind: "hook".into(),
        message: "no\u{1b}]0;x\u{7}".into(),
        command: "true\u{1b}[1m".into(),
        files: 0,
        since: 0,
    });
    assert!(!render(&status(vec![hostile]), &look()).contains('\u{1b}'));
}
