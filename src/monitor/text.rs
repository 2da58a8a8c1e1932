//! The same as text: for a pipe, and for the client.

use super::model::Dashboard;
use super::rows::{Panel, Row, Tone, rows};
use super::words::{cut, fit};
use crate::clock::{Millis, rfc3339};
use crate::plain;

/// Rows of a panel at most; of how many more there are, one line tells.
const SHOWN: usize = 10;

/// The dashboard in lines of at most `width` columns.
#[must_use]
pub fn lines(board: &Dashboard, now: Millis, width: usize) -> Vec<Row> {
    let heading = |text: String| Row { id: String::new(), text, tone: Tone::Plain };
    let mut lines = vec![heading(title(now, width))];
    for problem in &board.problems {
        lines.push(Row {
            id: String::new(),
            text: cut(&format!("! {}", plain::line(problem)), width),
            tone: Tone::Bad,
        });
    }
    for panel in Panel::ALL {
        lines.push(heading(String::new()));
        lines.push(heading(cut(&panel.heading(board), width)));
        let mut all = rows(board, panel, now, width.saturating_sub(2), "");
        let more = all.len().saturating_sub(SHOWN);
        all.truncate(SHOWN);
        if all.is_empty() {
            all.push(Row { text: cut(panel.nothing(), width.saturating_sub(2)), tone: Tone::Faint, ..Row::default() });
        }
        if more > 0 {
            all.push(Row { text: format!("… and {more} more"), tone: Tone::Faint, ..Row::default() });
        }
        lines.extend(all.into_iter().map(|row| Row { text: format!("  {}", row.text), ..row }));
    }
    lines
}

/// The first line.
#[must_use]
pub fn title(now: Millis, width: usize) -> String {
    let time = rfc3339(now);
    let time = format!("{} {} UTC", &time[..10], &time[11..16]);
    let name = "craft monitor";
    if width < name.len() + time.len() + 1 {
        return cut(name, width);
    }
    format!("{}{time}", fit(name, width - time.len()))
}

#[cfg(test)]
mod tests {
    use console::measure_text_width;
    use insta::assert_snapshot;

    use super::*;
    use crate::monitor::sample::{NOW, empty, hostile, ordinary, trouble};

    fn shown(board: &Dashboard, width: usize) -> String {
        let lines = lines(board, NOW, width);
        for line in &lines {
            assert!(measure_text_width(&line.text) <= width, "{:?} is wider than {width}", line.text);
        }
        lines.into_iter().map(|row| row.text).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_day_as_text() {
        assert_snapshot!(shown(&ordinary(), 80));
    }

    #[test]
    fn the_readme_shows_such_a_day() {
        let readme = include_str!("../../README.md");
        let block = readme.split("```text\n$ craft monitor --once\n").nth(1).and_then(|t| t.split("```").next());
        assert_eq!(block.unwrap_or_default().trim_end(), shown(&ordinary(), 80));
    }

    #[test]
    fn what_needs_the_user_is_in_the_text() {
        assert_snapshot!(shown(&trouble(), 80));
    }

    #[test]
    fn nothing_is_said_as_such() {
        assert_snapshot!(shown(&empty(), 40));
    }

    #[test]
    fn no_line_is_too_wide_and_none_steers_the_terminal() {
        for width in [30, 79, 200] {
            let text = shown(&hostile(), width);
            assert!(!text.contains('\u{1b}') && !text.contains('\u{7}') && !text.contains('\u{202e}'));
        }
    }

    #[test]
    fn of_many_rows_ten_are_shown_and_the_others_counted() {
        let mut board = ordinary();
        board.journal = (0..25).map(|n| board.journal[n % 4].clone()).collect();
        let text = shown(&board, 80);
        assert_eq!(text.lines().last(), Some("  … and 15 more"));
    }
}
