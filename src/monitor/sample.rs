//! Dashboards for tests.

use super::model::{
    Activity, Attention, BySeverity, Counts, Dashboard, Durations, Health, Job, LastSync, Metrics, Notification,
    Notifications, Platform, Repository, Running, Scheduler, Severity, VERSION,
};
use crate::audit::{Actor, Changes, Entry, Outcome};
use crate::clock::Millis;

/// 2025-09-01T12:00:00Z.
pub(crate) const NOW: Millis = 1_756_728_000_000;
const MINUTE: Millis = 60_000;

/// An ordinary day.
pub(crate) fn ordinary() -> Dashboard {
    Dashboard {
        version: VERSION,
        generated_at: NOW,
        problems: Vec::new(),
        scheduler: Scheduler { enabled: true },
        jobs: vec![
            job("external-sync", 15, Some(12), Some("not-available")),
            Job { enabled: false, status: "disabled".into(), last_run: None, ..job("external-pull", 60, None, None) },
            Job { status: "running".into(), progress: Some(40), ..job("auto-sync-recovery", 15, Some(3), None) },
            Job { next_run: Some(NOW + 42_000), ..job("notification-cleanup", 1440, Some(1439), Some("success")) },
            job("log-rotation", 1440, Some(300), Some("success")),
        ],
        repositories: vec![
            repository("app", Health::Synced, Some((0, 0)), Some(0)),
            repository("notes", Health::Ahead, Some((2, 0)), Some(3)),
            Repository { last_sync: None, ..repository("site", Health::Syncing, Some((0, 4)), None) },
        ],
        running: vec![Running {
            what: "fetch origin/main".into(),
            worktree: Some("/home/ann/work/site".into()),
            job: None,
            percent: Some(63),
            since: NOW - 8_000,
        }],
        notifications: Notifications {
            total: 7,
            pending: 2,
            by_severity: BySeverity { info: 1, warning: 1, critical: 0 },
            recent: vec![
                notification("n2", Severity::Warning, "sync-failure", "the remote of notes refused a push", 3),
                Notification {
                    read_at: Some(NOW - MINUTE),
                    ..notification("n1", Severity::Info, "update", "claude-craft 0.2.0 is out", 1)
                },
            ],
        },
        activity: Activity {
            last24h: Counts { synced: 41, failed: 2, skipped: 9, denied: 1 },
            by_platform: vec![
                Platform {
                    platform: "craft".into(),
                    counts: Counts { synced: 12, skipped: 9, ..Counts::default() },
                    hours: [1; 24],
                },
                Platform {
                    platform: "git".into(),
                    counts: Counts { synced: 29, failed: 2, skipped: 0, denied: 1 },
                    hours: [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 6, 3, 1, 5, 8, 2, 0, 0, 0, 0, 0, 0, 1],
                },
            ],
        },
        metrics: Metrics {
            syncs: 32,
            duration_ms: Some(Durations { median: 812, p95: 4_310 }),
            failure_rate: Some(0.0625),
            conflict_rate: Some(0.0),
        },
        journal: vec![
            entry(
                2,
                "git",
                "push",
                Outcome::Success,
                "/home/ann/work/app",
                "claude-craft: pushed 2 commits to origin/main",
            ),
            entry(9, "git", "push", Outcome::Error, "/home/ann/work/notes", "the remote refused the push"),
            entry(12, "craft", "job", Outcome::Skipped, "external-sync", "not available"),
            entry(300, "github", "close", Outcome::Denied, "#12", "the preset read-only denies close"),
        ],
    }
}

/// Nothing at all.
pub(crate) fn empty() -> Dashboard {
    Dashboard { version: VERSION, generated_at: NOW, ..Dashboard::default() }
}

/// A day on which everything goes wrong.
pub(crate) fn trouble() -> Dashboard {
    let mut board = ordinary();
    board.problems = vec!["~/.claude/auto-sync-state.json cannot be understood".into(), "another".into()];
    board.jobs[0] = Job {
        status: "failed".into(),
        next_run: None,
        retry_count: 3,
        last_error: Some("the tracker cannot be reached: connection refused".into()),
        ..job("external-sync", 15, Some(12), Some("error"))
    };
    board.jobs[4].retry_count = 1;
    board.jobs[4].last_error = Some("no space left on the device".into());
    board.repositories = vec![
        Repository {
            attention: Some(Attention {
                message: "both sides changed todo.md; nothing was merged, your commits are kept".into(),
                command: "git -C /home/ann/work/notes merge origin/main".into(),
            }),
            ..repository("notes", Health::Conflict, Some((2, 1)), Some(0))
        },
        repository("app", Health::Offline, Some((1, 0)), Some(0)),
        Repository { branch: String::new(), ..repository("old", Health::Gone, None, None) },
        repository("wiki", Health::Blocked, Some((1, 0)), Some(12)),
    ];
    board.running.clear();
    board.notifications.by_severity.critical = 1;
    board.notifications.pending = 3;
    board
        .notifications
        .recent
        .insert(0, notification("n3", Severity::Critical, "conflict", "both sides changed todo.md in notes", 1));
    board
}

/// Text from elsewhere that would like to be more than text.
pub(crate) fn hostile() -> Dashboard {
    let evil = "\u{1b}[2J\u{202e}字字字字字字字字字字字字字字字字字字字字字字字字\nnext\u{7}";
    let mut board = ordinary();
    board.problems = vec![evil.into()];
    board.jobs = vec![Job {
        id: evil.into(),
        status: evil.into(),
        last_message: Some(evil.into()),
        ..job("x", 1, Some(1), None)
    }];
    board.repositories = vec![Repository {
        name: evil.into(),
        branch: evil.into(),
        last_sync: Some(LastSync { at: NOW, status: evil.into(), summary: evil.into(), duration_ms: 1 }),
        ..repository("x", Health::Ahead, Some((100_000, 100_000)), Some(1_000_000))
    }];
    board.running[0] = Running { what: evil.into(), worktree: None, ..board.running[0].clone() };
    board.notifications.recent = vec![Notification {
        message: format!("{evil}\n{}", "a-very-long-word".repeat(20)),
        ..notification("n1", Severity::Warning, "drift", evil, u64::MAX)
    }];
    board.activity.by_platform[0].platform = evil.into();
    board.journal =
        vec![Entry { platform: evil.into(), operation: evil.into(), ..entry(1, "", "", Outcome::Error, evil, evil) }];
    board
}

fn job(id: &str, minutes: u64, ago: Option<u64>, result: Option<&str>) -> Job {
    let last = ago.map(|ago| NOW - ago * MINUTE);
    Job {
        id: id.into(),
        kind: id.into(),
        status: "idle".into(),
        enabled: true,
        interval_ms: minutes * MINUTE,
        last_run: last,
        next_run: last.map(|last| last + minutes * MINUTE),
        last_result: result.map(str::to_owned),
        last_message: None,
        last_error: None,
        retry_count: 0,
        max_retries: 3,
        progress: None,
    }
}

fn repository(name: &str, health: Health, sides: Option<(usize, usize)>, dirty: Option<usize>) -> Repository {
    Repository {
        path: format!("/home/ann/work/{name}").into(),
        name: name.into(),
        branch: "main".into(),
        ahead: sides.map(|s| s.0),
        behind: sides.map(|s| s.1),
        dirty,
        last_sync: Some(LastSync {
            at: NOW - 5 * MINUTE,
            status: "success".into(),
            summary: "claude-craft: committed 3 files, pushed 2 commits to origin/main".into(),
            duration_ms: 812,
        }),
        health,
        attention: None,
    }
}

fn notification(id: &str, severity: Severity, kind: &str, title: &str, count: u64) -> Notification {
    Notification {
        id: id.into(),
        kind: kind.into(),
        severity,
        title: title.into(),
        message: "What happened, in a sentence or two.\nAnd what to type: craft auto-sync status".into(),
        count,
        created_at: NOW - 40 * MINUTE,
        read_at: None,
        snoozed_until: None,
    }
}

fn entry(ago: u64, platform: &str, operation: &str, result: Outcome, item: &str, reason: &str) -> Entry {
    Entry {
        timestamp: NOW - ago * MINUTE,
        actor: Actor {
            trigger: "session-end".into(),
            session: Some("s-1".into()),
            user: "ann".into(),
            host: "desk".into(),
        },
        duration_ms: Some(812),
        changes: Some(Changes { commits: 2, files: 3 }),
        ..Entry::new(platform, operation, result).item(item).reason(reason)
    }
}
