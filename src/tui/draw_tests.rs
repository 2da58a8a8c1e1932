use insta::assert_snapshot;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::monitor::sample::{NOW, empty, hostile, ordinary, trouble};
use crate::monitor::view::{Key, update};

/// The view after some keys.
fn after(board: &Dashboard, keys: &[Key]) -> View {
    let begun = View::default().settled(board, NOW);
    keys.iter().fold(begun, |view, key| update(view, board, NOW, *key).0)
}

fn typed(text: &str) -> Vec<Key> {
    text.chars().map(Key::Char).collect()
}

fn terminal(board: &Dashboard, view: &View, size: (u16, u16), colour: bool) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    terminal.draw(|frame| all(frame, board, view, NOW, &[], Palette { colour })).unwrap();
    terminal
}

/// The screen as text.
fn screen(board: &Dashboard, keys: &[Key], size: (u16, u16)) -> String {
    terminal(board, &after(board, keys), size, true).backend().to_string()
}

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (160, 50);

#[test]
fn an_ordinary_day() {
    assert_snapshot!("ordinary-80x24", screen(&ordinary(), &[], SMALL));
    assert_snapshot!("ordinary-160x50", screen(&ordinary(), &typed("2"), LARGE));
}

#[test]
fn nothing_enrolled_and_nothing_at_all() {
    assert_snapshot!("empty-80x24", screen(&empty(), &[], SMALL));
    assert_snapshot!("empty-160x50", screen(&empty(), &[], LARGE));
}

#[test]
fn trouble_is_seen() {
    assert_snapshot!("trouble-80x24", screen(&trouble(), &typed("2"), SMALL));
    assert_snapshot!("trouble-160x50", screen(&trouble(), &typed("3"), LARGE));
}

#[test]
fn hostile_text_stays_text_and_in_its_place() {
    for size in [SMALL, LARGE] {
        let shown = screen(&hostile(), &typed("5"), size);
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown}");
        assert_eq!(shown.lines().count(), usize::from(size.1));
    }
    assert_snapshot!("hostile-80x24", screen(&hostile(), &typed("5"), SMALL));
    assert_snapshot!("hostile-details-80x24", screen(&hostile(), &[typed("3"), vec![Key::Enter]].concat(), SMALL));
}

#[test]
fn what_lies_over_the_panels() {
    assert_snapshot!("help-80x24", screen(&ordinary(), &typed("?"), SMALL));
    assert_snapshot!("filter-80x24", screen(&ordinary(), &typed("5/notes"), SMALL));
    assert_snapshot!("notification-80x24", screen(&ordinary(), &[typed("3"), vec![Key::Enter]].concat(), SMALL));
    assert_snapshot!("repository-80x24", screen(&trouble(), &[typed("2"), vec![Key::Enter]].concat(), SMALL));
}

#[test]
fn a_terminal_that_is_too_small_is_told_so_and_none_panics() {
    assert_snapshot!(screen(&ordinary(), &[], (30, 6)), @r#"
    "This terminal has 30 by 6     "
    "characters; the monitor needs "
    "40 by 12. q quits.            "
    "                              "
    "                              "
    "                              "
    "#);
    for width in [1, 2, 3, 39, 40, 41, 79, 129, 130, 131] {
        for height in [1, 2, 11, 12, 13, 14, 24] {
            for keys in ["", "?", "5/x", "3\n", "2\n"] {
                let keys = keys.chars().map(|c| if c == '\n' { Key::Enter } else { Key::Char(c) }).collect::<Vec<_>>();
                for board in [ordinary(), empty(), trouble(), hostile()] {
                    let _ = screen(&board, &keys, (width, height));
                }
            }
        }
    }
}

#[test]
fn without_colours_there_are_none_and_nothing_is_told_by_colour_alone() {
    let board = trouble();
    let view = after(&board, &typed("2"));
    let plain = terminal(&board, &view, SMALL, false);
    let colours = plain.backend().buffer().content.iter().filter(|c| c.fg != Color::Reset || c.bg != Color::Reset);
    assert_eq!(colours.count(), 0);
    assert_eq!(plain.backend().to_string(), terminal(&board, &view, SMALL, true).backend().to_string());
    // The chosen row and panel are marked, too.
    let shown = plain.backend().to_string();
    assert!(shown.contains("> notes") && shown.contains("▶ 2 Repositories"), "{shown}");
    let coloured = terminal(&board, &view, SMALL, true);
    assert!(coloured.backend().buffer().content.iter().any(|c| c.fg == Color::Red));
}

#[test]
fn lines_are_shared_fairly() {
    for (room, wants, focus, given) in [
        (17, vec![8, 4, 2, 3, 50], Some(0), vec![8, 3, 2, 2, 2]),
        (17, vec![8, 4, 2, 3, 50], Some(4), vec![2, 2, 2, 2, 9]),
        (17, vec![1, 1, 1, 1, 1], Some(1), vec![1, 1, 1, 1, 13]),
        (20, vec![5, 4, 2, 3, 50], None, vec![5, 4, 2, 3, 6]),
        (3, vec![8, 4, 2, 3, 50], Some(4), vec![1, 1, 1, 0, 0]),
        (5, vec![9, 9, 9, 9, 9], Some(2), vec![1, 1, 1, 1, 1]),
    ] {
        assert_eq!(heights(room, &wants, focus), given, "{room} {wants:?} {focus:?}");
        assert_eq!(given.iter().sum::<usize>(), room);
    }
}
