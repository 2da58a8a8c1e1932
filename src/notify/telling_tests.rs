use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::config::model::NotificationType as Kind;
use crate::notify::model::Draft;

const NOW: Millis = 1_756_728_000_000;
const HOUR: Millis = 3_600_000;

fn raise(book: &mut Book, key: &str, severity: Severity, told: bool) -> String {
    let draft = Draft {
        kind: Kind::Drift,
        severity,
        title: format!("{key} drifts"),
        message: String::new(),
        data: None,
        dedupe_key: key.into(),
        told,
    };
    book.raise(draft, NOW, || 0);
    book.notifications.last().unwrap().id.clone()
}

fn told(book: &mut Book, now: Millis) -> Vec<(Millis, bool, String)> {
    let announcement = announce(book, &Rules::default(), now);
    announcement.stages.into_iter().map(|s| (s.from, s.critical, s.line)).collect()
}

#[test]
fn however_many_there_are_it_is_one_line() {
    let mut book = Book::default();
    assert_eq!(told(&mut book, NOW), []);
    raise(&mut book, "a", Severity::Warning, false);
    let mut lines = vec![told(&mut book, NOW)[0].2.clone()];
    for n in 0..49 {
        raise(&mut book, &format!("b{n}"), Severity::Info, false);
    }
    let stages = told(&mut book, NOW);
    assert_eq!((stages.len(), stages[0].0, stages[0].1), (1, 0, false));
    lines.push(stages[0].2.clone());
    raise(&mut book, "c", Severity::Critical, true);
    let stages = told(&mut book, NOW);
    assert_eq!(stages.iter().map(|s| (s.0, s.1)).collect::<Vec<_>>(), [(0, false), (0, true)]);
    lines.push(stages[1].2.clone());
    book.notifications.retain(|n| n.severity == Severity::Critical);
    lines.push(told(&mut book, NOW)[0].2.clone());
    assert_snapshot!(lines.join("\n"), @r"
    claude-craft: notification: a drifts (craft notifications)
    claude-craft: 50 notifications: a drifts (craft notifications)
    claude-craft: critical: c drifts; and 50 other notifications (craft notifications)
    claude-craft: critical: c drifts (craft notifications)
    ");
}

#[test]
fn what_was_told_is_not_told_again_unless_it_is_critical_or_was_snoozed() {
    let mut book = Book::default();
    let a = raise(&mut book, "a", Severity::Info, false);
    assert_eq!(told(&mut book, NOW).len(), 1);
    settle(&mut book, &[Stage { from: 0, ..Stage::default() }]);
    assert!(!book.notifications[0].told, "the line is still there");
    assert_eq!(told(&mut book, NOW).len(), 1);
    settle(&mut book, &[]);
    assert!(book.notifications[0].told, "a hook took it");
    assert_eq!(told(&mut book, NOW), []);
    book.read(&a, NOW);
    book.snooze(&a, HOUR, NOW);
    let stages = told(&mut book, NOW);
    assert_eq!(stages.iter().map(|s| (s.0, s.1)).collect::<Vec<_>>(), [(NOW + HOUR, false)]);
    let pending = count(&book, &Rules::default(), NOW);
    assert_eq!([pending.at(NOW).pending, pending.at(NOW + HOUR).pending], [0, 1]);
    book.dismiss(&a, NOW);
    assert_eq!(told(&mut book, NOW), []);
    let c = raise(&mut book, "c", Severity::Critical, true);
    book.read(&c, NOW);
    settle(&mut book, &[]);
    assert_eq!(told(&mut book, NOW).len(), 1, "read is not put away");
    assert_eq!(count(&book, &Rules::default(), NOW).at(NOW), Count { from: 0, pending: 1, critical: 1 });
    book.snooze(&c, HOUR, NOW);
    assert_eq!(told(&mut book, NOW).iter().map(|s| (s.0, s.1)).collect::<Vec<_>>(), [(NOW + HOUR, true)]);
    assert_eq!(told(&mut book, NOW + HOUR)[0].0, 0);
    book.dismiss(&c, NOW);
    assert_eq!(told(&mut book, NOW), []);
    assert!(count(&book, &Rules::default(), NOW).is_empty());
}

#[test]
fn who_does_not_want_to_hear_does_not() {
    let off = Rules { enabled: false, ..Rules::default() };
    let muted = Rules { muted: vec![Kind::Drift], ..Rules::default() };
    let grave = Rules { min_severity: Severity::Critical, ..Rules::default() };
    for (rules, severity, heard) in [
        (&off, Severity::Critical, false),
        (&muted, Severity::Critical, false),
        (&grave, Severity::Warning, false),
        (&grave, Severity::Critical, true),
        (&Rules::default(), Severity::Info, true),
    ] {
        let mut book = Book::default();
        raise(&mut book, "a", severity, false);
        let stages = announce(&mut book, rules, NOW).stages.len();
        assert_eq!((stages == 1, !count(&book, rules, NOW).is_empty()), (heard, heard), "{rules:?} {severity:?}");
    }
}

#[test]
fn a_toast_is_for_what_matters_and_no_sync_has_told() {
    let newest = |book: &Book| count(book, &Rules::default(), NOW).newest.map(|n| n.title);
    let mut book = Book::default();
    raise(&mut book, "info", Severity::Info, false);
    raise(&mut book, "conflict", Severity::Warning, true);
    assert_eq!(newest(&book), None);
    let warning = raise(&mut book, "warning", Severity::Warning, false);
    assert_eq!(newest(&book).as_deref(), Some("warning drifts"));
    book.read(&warning, NOW);
    assert_eq!(newest(&book), None);
}

proptest! {
    /// One line of a kind for each moment, few of them, and none can steer a terminal.
    #[test]
    fn lines_are_single_and_harmless(titles in prop::collection::vec((any::<String>(), 0usize..3, 0u64..HOUR), 0..60)) {
        let mut book = Book::default();
        for (title, severity, snooze) in titles {
            let severity = crate::notify::model::SEVERITIES[severity];
            let id = raise(&mut book, &title, severity, false);
            if snooze % 2 == 0 {
                book.snooze(&id, snooze, NOW);
            }
        }
        let announcement = announce(&mut book, &Rules::default(), NOW);
        prop_assert!(announcement.stages.len() <= 2 * STAGES);
        let mut kinds: Vec<_> = announcement.stages.iter().map(|s| (s.from, s.critical)).collect();
        kinds.dedup();
        prop_assert_eq!(kinds.len(), announcement.stages.len());
        for stage in &announcement.stages {
            prop_assert_eq!(plain::line(&stage.line), stage.line.as_str());
            prop_assert!(stage.line.chars().count() < 220);
        }
        let before = book.clone();
        settle(&mut book, &announcement.stages);
        announce(&mut book, &Rules::default(), NOW);
        prop_assert_eq!(book, before, "what nobody took is offered again");
    }
}
