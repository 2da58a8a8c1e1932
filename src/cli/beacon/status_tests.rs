use insta::assert_snapshot;

use super::*;
use crate::ops::beacon::bell::Heard as Bell;
use crate::ops::beacon::pull::Heard;
use crate::ops::beacon::send::Queued;
use crate::state::beacon::Waiting;

const NOW: u64 = 1_759_743_000_000;

fn look() -> Look {
    Look { now: NOW, ..Look::default() }
}

fn waits() -> Standing {
    Standing {
        checked_at: Some(NOW - 300_000),
        waiting: Waiting {
            messages: 2,
            files: vec![".claude/planning/act-2-planning.md".into(), ".claude/planning/promptsync-progress.md".into()],
            file_count: 23,
            from: vec!["Desktop".into()],
            ..Waiting::default()
        },
        messages: vec![
            Heard {
                seq: 3,
                from: "Desktop on desk".into(),
                note: "Session 3 - Added Act 2".into(),
                time: "2025-10-06T09:28:00Z".into(),
            },
            Heard { seq: 4, from: "Desktop".into(), note: "run\u{1b}[2J\n`rm`".into(), time: "now".into() },
        ],
        ..Standing::default()
    }
}

#[test]
fn an_idle_beacon_says_the_seeds_word_and_nothing_else() {
    assert_snapshot!(render(&Standing::default(), &Hints::default(), &look()), @"IDLE");
    assert_eq!(code(&Standing::default()), 0);
}

#[test]
fn what_waits_is_told_with_files_sender_age_and_the_command() {
    assert_snapshot!(render(&waits(), &Hints::default(), &look()), @r#"
    UPDATE_AVAILABLE: 23 files in 2 messages from Desktop, 2 min ago
      .claude/planning/act-2-planning.md
      .claude/planning/promptsync-progress.md
      and 21 more
      Desktop on desk says "Session 3 - Added Act 2"
      Desktop says "run\u{1b}[2J `rm`"
    next: craft beacon pull
    "#);
    assert_eq!(code(&waits()), 1);
    let told = data(&waits(), "Code", "main", &Hints::default());
    assert_eq!(told["status"], "UPDATE_AVAILABLE");
    assert_eq!(told["waiting"]["messages"][0]["seq"], 3);
    assert_eq!(told["next"][0], "craft beacon pull");
}

#[test]
fn whatever_needs_somebody_has_a_line() {
    let standing = Standing {
        checked_at: Some(NOW - 300_000),
        waiting: Waiting { queued_since: NOW - 60_000, queued: 1, ..Waiting::default() },
        messages: Vec::new(),
        changed: vec![".claude/implementation/new.md".into()],
        gone: vec![".claude/planning/gone.md".into()],
        queued: vec![Queued { commit: "c".into(), message: crate::beacon::manifest::Message::default() }],
        conflicts: vec![
            Conflict {
                path: ".claude/planning/a b.md".into(),
                beside: ".claude/planning/a b.md.theirs".into(),
                ..Conflict::default()
            },
            Conflict { path: ".claude/planning/c.md".into(), ..Conflict::default() },
        ],
        held: vec![
            Held { seq: 5, commit: "c".into(), why: "eve@example.org is nobody's we know".into(), ..Held::default() },
            Held { seq: 0, commit: "d".into(), why: "the manifest says no version".into(), ..Held::default() },
        ],
        unread: vec!["Desktop".into(), "*".into()],
        left: vec![(".claude/implementation".into(), "is a symbolic link".into())],
        offline: Some("could not resolve host".into()),
        remedy: Some("see that `git fetch origin` works".into()),
        bell: Some(Bell {
            number: 12,
            url: "https://github.example/ann/app/issues/12".into(),
            remarks: vec!["it was closed; opened again".into()],
            ..Bell::default()
        }),
        ..Standing::default()
    };
    assert_snapshot!(render(&standing, &Hints::default(), &look()), @r"
    IDLE
    AHEAD: 1 file changed here, not sent
      .claude/implementation/new.md
    AHEAD: 1 message queued here, 1 min ago
    gone here, and not told to anybody: 1 file
      .claude/planning/gone.md
    to offer that it be taken away: craft beacon push .claude/planning/gone.md
    not read: .claude/implementation is a symbolic link
    CONFLICT: .claude/planning/a b.md; theirs is .claude/planning/a b.md.theirs
    CONFLICT: .claude/planning/c.md; they took it away
    HELD: message 5 is not taken in: eve@example.org is nobody's we know
    HELD: a message (d) is not taken in: the manifest says no version
      `craft beacon pull --skip 5` drops message 5 for good
    sent, and not taken in yet by Desktop, everybody
    OFFLINE: could not resolve host; this is what was known 5 min ago
      see that `git fetch origin` works
    bell: issue 12 https://github.example/ann/app/issues/12
    bell: it was closed; opened again
    next: craft beacon diff '.claude/planning/a b.md'
    then one of --ours, --theirs, --merged: craft beacon resolve '.claude/planning/a b.md' --ours
    next: craft beacon push
    ");
    assert_eq!(code(&standing), 3);
    let held = Standing { conflicts: Vec::new(), ..standing };
    assert_eq!(code(&held), 4);
    assert_eq!(code(&Standing { held: Vec::new(), ..held }), 6);
}
