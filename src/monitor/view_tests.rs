use super::*;
use crate::monitor::sample::{NOW, empty, ordinary};

fn after(board: &Dashboard, keys: &str) -> (View, Option<Command>) {
    let begun = (View::default().settled(board, NOW), None);
    keys.chars().fold(begun, |(view, _), c| {
        let key = match c {
            '⏎' => Key::Enter,
            '⎋' => Key::Esc,
            '⇥' => Key::Tab,
            '⇤' => Key::BackTab,
            '↓' => Key::Down,
            '↑' => Key::Up,
            '←' => Key::Backspace,
            '⤓' => Key::End,
            '⤒' => Key::Home,
            '⇟' => Key::PageDown,
            '©' => Key::Ctrl('c'),
            '⌁' => Key::Ctrl('z'),
            c => Key::Char(c),
        };
        update(view, board, NOW, key)
    })
}

#[test]
fn keys_lead_to_commands() {
    let board = ordinary();
    let job = |name: &str| name.to_owned();
    let site = || Command::Do(Deed::ForceSync("/home/ann/work/site".into()));
    for (keys, command) in [
        ("r", Some(Command::Do(Deed::RunJob(job("external-sync"))))),
        ("jr", Some(Command::Do(Deed::RunJob(job("external-pull"))))),
        ("p", Some(Command::Do(Deed::PauseJob(job("external-sync"))))),
        ("↓p", Some(Command::Do(Deed::ResumeJob(job("external-pull"))))),
        ("2⤓s", Some(site())),
        ("⇥jjs", Some(site())),
        ("⇥jjjjjjjs", Some(site())),
        ("2⤓⏎s", Some(site())),
        ("2/site⏎s", Some(site())),
        ("2/sites", None),
        ("3⏎", Some(Command::Do(Deed::Read("n2".into())))),
        ("3j⏎", None),
        ("3d", Some(Command::Do(Deed::Dismiss("n2".into())))),
        ("3jkjd", Some(Command::Do(Deed::Dismiss("n1".into())))),
        ("3⏎d", Some(Command::Do(Deed::Dismiss("n2".into())))),
        ("⇤⇤⇤d", Some(Command::Do(Deed::Dismiss("n2".into())))),
        ("q", Some(Command::Quit)),
        ("?q", Some(Command::Quit)),
        ("3⏎q", Some(Command::Quit)),
        ("/q", None),
        ("/©", Some(Command::Quit)),
        ("?©", Some(Command::Quit)),
        ("⌁", Some(Command::Suspend)),
    ] {
        assert_eq!(after(&board, keys).1, command, "{keys}");
    }
}

#[test]
fn a_key_that_does_not_fit_says_so_and_does_nothing() {
    let board = ordinary();
    for (keys, said) in [
        ("s", "s is for a repository: choose one with 2"),
        ("2r", "r is for a job: choose one with 1"),
        ("2p", "p is for a job: choose one with 1"),
        ("d", "d is for a notification: choose one with 3"),
        ("x", "'x' does nothing; ? shows the keys"),
        ("4⏎", "there is no more to tell"),
        ("1/zzz⏎r", "there is no such row: r is for a job"),
    ] {
        let (view, command) = after(&board, keys);
        assert_eq!((view.message.map(|m| m.text).as_deref(), command), (Some(said), None), "{keys}");
    }
    for keys in ["r", "p", "2s", "3d", "3⏎", "5⏎", "⇟⤓⤒"] {
        assert_eq!(after(&empty(), keys).1, None, "{keys}");
    }
}

#[test]
fn the_filter_shows_what_holds_it_in_any_panel_and_escape_shows_all_again() {
    let board = ordinary();
    let shown = |keys: &str, panel| {
        let view = after(&board, keys).0;
        view.rows(&board, panel, NOW, 80).into_iter().map(|row| row.text).collect::<Vec<_>>()
    };
    assert_eq!(shown("/NOTES", Panel::Journal).len(), 1);
    assert_eq!(shown("/notesx←", Panel::Repositories).len(), 1);
    // By what is not in the row too: the whole path.
    assert_eq!(shown("/work/app", Panel::Repositories).len(), 1);
    assert_eq!(shown("/notes⏎", Panel::Journal).len(), 1);
    assert_eq!(shown("/notes⎋", Panel::Journal).len(), 4);
    assert_eq!(shown("/notes⏎⎋", Panel::Journal).len(), 4);
    assert_eq!(shown("/notes⏎/←", Panel::Journal).len(), 1, "it is changed, not begun anew");
}

#[test]
fn who_is_chosen_stays_chosen_when_others_come_and_go() {
    let mut board = ordinary();
    let (view, _) = after(&board, "3j");
    assert_eq!(view.cursor(Panel::Notifications).id, "n1");
    // One more comes while somebody reaches for `d`.
    let more = board.notifications.recent[0].clone();
    board.notifications.recent.insert(0, crate::monitor::model::Notification { id: "n0".into(), ..more });
    let view = view.settled(&board, NOW);
    assert_eq!(*view.cursor(Panel::Notifications), Cursor { id: "n1".into(), at: 2 });
    assert_eq!(update(view.clone(), &board, NOW, Key::Char('d')).1, Some(Command::Do(Deed::Dismiss("n1".into()))));
    board.notifications.recent.remove(0);
    let first = board.notifications.recent.remove(0);
    let view = view.settled(&board, NOW);
    assert_eq!(*view.cursor(Panel::Notifications), Cursor { id: "n1".into(), at: 0 });
    // It goes itself: its neighbour is chosen, not nothing.
    board.notifications.recent = vec![first];
    let view = view.settled(&board, NOW);
    assert_eq!(view.cursor(Panel::Notifications).id, "n2");
    board.notifications.recent.clear();
    assert_eq!(view.settled(&board, NOW).cursor(Panel::Notifications).id, "");
}

#[test]
fn who_looks_at_the_newest_of_the_journal_goes_on_to_do_so() {
    let mut board = ordinary();
    let (top, second) = (after(&board, "5").0, after(&board, "5j").0);
    let chosen = second.cursor(Panel::Journal).id.clone();
    let newer = crate::audit::Entry { timestamp: NOW, ..board.journal[0].clone() };
    board.journal.insert(0, newer);
    assert_eq!(top.settled(&board, NOW).cursor(Panel::Journal).at, 0);
    assert_eq!(*second.settled(&board, NOW).cursor(Panel::Journal), Cursor { id: chosen, at: 2 });
}

#[test]
fn what_is_open_closes_when_it_is_gone() {
    let mut board = ordinary();
    let (view, _) = after(&board, "3⏎");
    assert!(matches!(&view.over, Over::Details { id, .. } if id == "n2"));
    assert_eq!(after(&board, "3⏎⎋").0.over, Over::Nothing);
    board.notifications.recent.remove(0);
    assert_eq!(view.settled(&board, NOW).over, Over::Nothing);
}

#[test]
fn every_key_of_the_help_is_one_and_every_key_is_in_the_help() {
    let help = HELP.map(|(keys, _)| keys).join(" ");
    for key in ["Tab", "1-5", "j", "k", "Enter", "r", "p", "s", "d", "/", "Esc", "?", "q", "Ctrl-C"] {
        assert!(help.contains(key), "{key}");
    }
}

#[test]
fn only_what_counts_is_drawn_each_second() {
    let quiet = |change: &dyn Fn(&mut Dashboard)| {
        let mut board = ordinary();
        board.running.clear();
        board.repositories.truncate(2);
        board.jobs.retain(|job| job.id != "notification-cleanup");
        change(&mut board);
        rows::stays(&board, NOW + 20_250)
    };
    assert_eq!(quiet(&|_| {}), 39_750);
    assert_eq!(quiet(&|board| board.running = ordinary().running), 750);
    assert_eq!(quiet(&|board| board.jobs[0].next_run = Some(NOW + 60_000)), 750);
    assert_eq!(quiet(&|board| board.jobs[0].next_run = Some(NOW + 20_000)), 39_750, "it is due, and says so");
    assert_eq!(quiet(&|board| board.repositories[0].health = crate::monitor::model::Health::Syncing), 750);
    let off = |board: &mut Dashboard| {
        board.scheduler.enabled = false;
        board.jobs[0].next_run = Some(NOW + 60_000);
    };
    assert_eq!(quiet(&off), 39_750);
}
