use proptest::prelude::*;

use super::*;
use crate::notify::model::Kind;

const NOW: Millis = 1_756_728_000_000;

fn draft(key: &str, severity: Severity) -> Draft {
    Draft {
        kind: Kind::Drift,
        severity,
        title: format!("{key} drifts"),
        message: "look".into(),
        data: None,
        dedupe_key: key.into(),
        told: false,
    }
}

fn raise(book: &mut Book, key: &str, severity: Severity, now: Millis) -> String {
    match book.raise(draft(key, severity), now, || 7) {
        Raised::New(id) | Raised::Worse(id) | Raised::Again(id) => id,
    }
}

#[test]
fn the_same_trouble_raises_the_count_until_it_is_put_away() {
    let mut book = Book::default();
    let first = raise(&mut book, "a", Severity::Info, NOW);
    assert_eq!(first, "notif-mf12hs00-7");
    let again = book.raise(Draft { title: "again".into(), ..draft("a", Severity::Info) }, NOW + 5, || 0);
    assert_eq!(again, Raised::Again(first.clone()));
    let one = &book.notifications[0];
    assert_eq!((one.count, one.title.as_str(), one.created_at, one.updated_at), (2, "again", NOW, NOW + 5));
    assert_eq!(book.raise(draft("b", Severity::Info), NOW, || 7), Raised::New("notif-mf12hs00-8".into()));
    assert!(book.dismiss(&first, NOW));
    assert!(!book.dismiss(&first, NOW + 1), "it is put away already");
    assert_ne!(raise(&mut book, "a", Severity::Info, NOW + 9), first);
    assert_eq!(book.notifications.len(), 3);
    raise(&mut book, "", Severity::Info, NOW);
    raise(&mut book, "", Severity::Info, NOW);
    assert_eq!(book.notifications.len(), 5, "what has no key is always new");
}

#[test]
fn what_matters_more_than_before_is_told_anew_and_never_matters_less() {
    let mut book = Book::default();
    let id = raise(&mut book, "a", Severity::Warning, NOW);
    book.read(&id, NOW);
    book.snooze(&id, 1_000_000, NOW);
    book.notifications[0].told = true;
    assert_eq!(book.raise(draft("a", Severity::Info), NOW, || 0), Raised::Again(id.clone()));
    assert_eq!((book.notifications[0].severity, book.notifications[0].told), (Severity::Warning, true));
    assert!(asleep(&book.notifications[0], NOW), "a snooze outlasts the same trouble");
    assert_eq!(book.raise(draft("a", Severity::Critical), NOW, || 0), Raised::Worse(id));
    let n = &book.notifications[0];
    assert_eq!((n.told, n.read_at, n.snoozed_until), (false, None, None));
}

#[test]
fn read_is_not_put_away_and_put_away_is_read() {
    let mut book = Book::default();
    let (a, b) = (raise(&mut book, "a", Severity::Info, NOW), raise(&mut book, "b", Severity::Info, NOW));
    assert!(book.read(&a, NOW + 1) && !book.read(&a, NOW + 2));
    let times = |book: &Book, id: &str| {
        let n = book.find(id).unwrap();
        (n.read_at, n.dismissed_at, n.passed)
    };
    assert_eq!(times(&book, &a), (Some(NOW + 1), None, false));
    book.dismiss(&a, NOW + 3);
    assert_eq!(times(&book, &a), (Some(NOW + 1), Some(NOW + 3), false));
    assert!(book.holds("b") && !book.holds("a") && !book.holds("c"));
    assert_eq!(book.resolve("b", NOW + 4), std::slice::from_ref(&b));
    assert_eq!(times(&book, &b), (Some(NOW + 4), Some(NOW + 4), true));
    assert!(book.resolve("b", NOW + 5).is_empty());
    assert!(!book.snooze(&b, 9, NOW), "what is put away cannot be snoozed");
}

#[test]
fn a_snooze_ends_also_when_the_clock_was_set_back() {
    let mut book = Book::default();
    let id = raise(&mut book, "a", Severity::Info, NOW);
    assert!(book.snooze(&id, u64::MAX, NOW));
    let n = &book.notifications[0];
    assert_eq!(n.snoozed_until, Some(NOW + MAX_SNOOZE));
    for (now, sleeps) in
        [(NOW, true), (NOW + MAX_SNOOZE - 1, true), (NOW + MAX_SNOOZE, false), (NOW - 1, false), (0, false)]
    {
        assert_eq!(asleep(n, now), sleeps, "{now}");
    }
}

#[test]
fn ids_are_found_by_a_beginning_that_fits_one() {
    let mut book = Book::default();
    let a = raise(&mut book, "a", Severity::Info, NOW);
    let b = raise(&mut book, "b", Severity::Info, NOW);
    for given in [a.as_str(), &a["notif-".len()..]] {
        assert_eq!(book.find(given).unwrap().id, a);
    }
    assert_eq!(book.find("notif-mf").unwrap_err(), NoSuch::Ambiguous { id: "notif-mf".into(), count: 2 });
    assert_eq!(book.find("").unwrap_err(), NoSuch::Ambiguous { id: String::new(), count: 2 });
    assert_eq!(book.find("x").unwrap_err(), NoSuch::Unknown("x".into()));
    book.notifications.retain(|n| n.id == b);
    assert_eq!(book.find("mf").unwrap().id, b);
    assert!(book.find("").is_err(), "nothing is not the beginning of the only one");
}

#[test]
fn what_is_old_goes_but_never_after_a_jump_of_the_clock_or_while_it_is_critical() {
    let mut book = Book { last_cleaned: NOW, ..Book::default() };
    let ids: Vec<_> =
        [("a", Severity::Info), ("b", Severity::Warning), ("c", Severity::Critical), ("d", Severity::Critical)]
            .map(|(key, severity)| raise(&mut book, key, severity, NOW))
            .into();
    book.dismiss(&ids[3], NOW);
    assert_eq!(book.cleanup(30, NOW + 30 * DAY), 0);
    raise(&mut book, "b", Severity::Warning, NOW + 10 * DAY);
    assert_eq!(book.cleanup(30, NOW + 30 * DAY + 1), 2, "the old one and the critical one that is put away");
    assert_eq!(book.notifications.iter().map(|n| n.dedupe_key.as_str()).collect::<Vec<_>>(), ["b", "c"]);
    let jumped = NOW + 1_000 * DAY;
    assert_eq!(book.cleanup(30, jumped), 0, "the clock has jumped");
    assert_eq!(book.cleanup(30, NOW + 31 * DAY), 0, "and back");
    assert_eq!(book.cleanup(30, NOW + 32 * DAY), 0);
    assert_eq!(book.cleanup(30, NOW + 41 * DAY), 1);
    assert_eq!(book.cleanup(u64::MAX, NOW + 42 * DAY), 0);
}

#[test]
fn the_least_goes_where_there_is_no_room() {
    let mut book = Book::default();
    for n in 0..MOST as u64 {
        let severity = [Severity::Info, Severity::Warning, Severity::Critical][(n % 3) as usize];
        raise(&mut book, &format!("{n}"), severity, NOW + n);
    }
    let away = book.notifications[2].id.clone();
    book.dismiss(&away, NOW);
    raise(&mut book, "x", Severity::Info, NOW - 1);
    assert!(book.find(&away).is_err(), "what is put away goes first");
    raise(&mut book, "y", Severity::Info, NOW - 2);
    assert!(!book.holds("x") && book.holds("y"), "then the oldest of those that matter least, but not the new one");
    assert_eq!(book.notifications.len(), MOST);
}

#[test]
fn what_is_kept_holds_no_credential_and_is_bounded() {
    let mut book = Book::default();
    let url = "https://ann:hunter2hunter2@example.org/x";
    let hostile = Draft {
        title: format!("a\u{1b}[2J\n{url} {}", "t".repeat(9_000)),
        message: format!("{url}\u{202e}\n{}", "m".repeat(9_000)),
        data: Some(serde_json::json!({"url": url})),
        dedupe_key: format!("{url}{}", "k".repeat(9_000)),
        ..draft("", Severity::Info)
    };
    book.raise(hostile.clone(), NOW, || 0);
    book.raise(Draft { data: Some(Value::String("d".repeat(9_000))), ..hostile }, NOW, || 0);
    let [n] = book.notifications.as_slice() else { panic!("{book:?}") };
    assert!(n.title.starts_with("a\\u{1b}[2J https://example.org/x ttt"), "{}", n.title);
    assert_eq!((n.title.chars().count(), n.message.chars().count(), n.data.as_ref()), (TITLE, MESSAGE, None));
    assert!(!serde_json::to_string(&book).unwrap().contains("hunter2"));
    assert!(n.dedupe_key.len() <= KEY);
}

proptest! {
    /// Whatever is done, one trouble that is not put away is there once, what is put away is read, and there is room.
    #[test]
    fn any_order_of_things_keeps_the_book_in_order(steps in prop::collection::vec((0u8..6, 0u8..4, 0u64..40 * DAY), 0..200)) {
        let mut book = Book::default();
        let mut raised = 0;
        for (what, which, time) in steps {
            let now = NOW + time;
            let key = format!("k{which}");
            let id = book.notifications.get(which as usize).map(|n| n.id.clone()).unwrap_or_default();
            match what {
                0 | 1 => {
                    raise(&mut book, &key, [Severity::Info, Severity::Critical][which as usize % 2], now);
                    raised += 1;
                }
                2 => drop(book.dismiss(&id, now)),
                3 => drop(book.snooze(&id, time, now)),
                4 => drop(book.resolve(&key, now)),
                _ => drop(book.read(&id, now)),
            }
            let mut open: Vec<_> = book.notifications.iter().filter(|n| n.dismissed_at.is_none()).map(|n| &n.dedupe_key).collect();
            let all = open.len();
            open.sort();
            open.dedup();
            prop_assert_eq!(open.len(), all);
            prop_assert_eq!(book.notifications.iter().map(|n| n.count).sum::<u64>(), raised);
            for n in &book.notifications {
                prop_assert!(n.dismissed_at.is_none() || (n.read_at.is_some() && n.snoozed_until.is_none()));
                prop_assert!(book.find(&n.id).is_ok());
            }
        }
        let text = serde_json::to_string(&book).unwrap();
        prop_assert_eq!(serde_json::from_str::<Book>(&text).unwrap(), book);
    }
}
