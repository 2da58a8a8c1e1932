//! Boxes to tick (task list items of GitHub Flavored Markdown).

use std::ops::Range;

use super::markdown::{Place, body, headings, lines};

/// The title of the section that holds a book's to-dos, in lower case; more may follow (`: Phase 2`).
const TITLE: &str = "to-do list";

/// A line with a box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Todo<'a> {
    /// Counted from 1 within its list.
    pub number: usize,
    /// Whether the box is ticked.
    pub done: bool,
    /// What stands behind the box, trimmed.
    pub text: &'a str,
    /// The byte between the brackets.
    pub mark: usize,
    /// Its line, the line end included.
    pub line: Range<usize>,
}

/// All boxes of `text` within `range`, outside of code.
#[must_use]
pub fn boxes<'a>(text: &'a str, range: &Range<usize>) -> Vec<Todo<'a>> {
    let inside = lines(text).filter(|l| l.place == Place::Outside && l.start >= range.start && l.end <= range.end);
    let found = inside.filter_map(|line| {
        let (mark, done) = mark(line.text)?;
        let text = line.text[mark + 2..].trim();
        Some(Todo { number: 0, done, text, mark: line.start + mark, line: line.start..line.end })
    });
    let mut all: Vec<_> = found.collect();
    for (at, todo) in all.iter_mut().enumerate() {
        todo.number = at + 1;
    }
    all
}

/// Where the byte between the brackets is, and whether it is a tick.
fn mark(line: &str) -> Option<(usize, bool)> {
    let bare = line.trim_start();
    let rest = bare.strip_prefix(['-', '*', '+']).or_else(|| {
        let digits = bare.len() - bare.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        (1..=9).contains(&digits).then(|| bare[digits..].strip_prefix(['.', ')'])).flatten()
    })?;
    let behind = rest.trim_start();
    let inside = behind.strip_prefix('[').filter(|_| behind.len() < rest.len())?;
    let done = match inside.as_bytes().first()? {
        b' ' => false,
        b'x' | b'X' => true,
        _ => return None,
    };
    let after = inside[1..].strip_prefix(']')?;
    (after.is_empty() || after.starts_with([' ', '\t'])).then(|| (line.len() - inside.len(), done))
}

/// The list of to-dos of a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<'a> {
    /// The phase its title names; `None` for the one of the present work.
    pub phase: Option<u32>,
    /// What stands below its title.
    pub body: Range<usize>,
    /// Its boxes.
    pub todos: Vec<Todo<'a>>,
}

/// All lists of the prose of a book (`end` is where it ends): sections `## To-Do List`, or `## To-Do List: Phase 2` where
/// several phases are under way. Those of earlier work stand deeper, and are none.
#[must_use]
pub fn lists(text: &str, end: usize) -> Vec<List<'_>> {
    let prose = &text[..end];
    let all = headings(prose);
    // Looked for once: a hostile text is nothing but titles of lists.
    let found = boxes(text, &(0..end));
    let ours = all.iter().enumerate().filter_map(|(at, heading)| {
        let phase = titled(heading.title)?;
        if heading.level > 2 {
            return None;
        }
        let body = body(prose, &all, at);
        let first = found.partition_point(|t| t.line.start < body.start);
        let last = found.partition_point(|t| t.line.end <= body.end);
        let mut todos = found.get(first..last).unwrap_or_default().to_vec();
        for (at, todo) in todos.iter_mut().enumerate() {
            todo.number = at + 1;
        }
        Some(List { phase, body, todos })
    });
    ours.collect()
}

/// Those of `lists` that are the phase's, where the one without a name is that of the phase `unnamed`.
pub fn of_phase<'l, 't>(
    lists: &'l [List<'t>],
    unnamed: Option<u32>,
    phase: u32,
) -> impl Iterator<Item = &'l List<'t>> + use<'l, 't> {
    lists.iter().filter(move |l| l.phase.or(unnamed) == Some(phase))
}

/// Whether a section with the title `title` is a list of to-dos, and the phase it names, if it does.
#[must_use]
pub fn titled(title: &str) -> Option<Option<u32>> {
    let title = title.to_ascii_lowercase();
    let named = title.strip_prefix(TITLE)?.trim_start_matches([':', ' ', '(']).trim_start_matches("phase ");
    let digits: String = named.chars().take_while(char::is_ascii_digit).collect();
    Some(digits.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_those_of_lists_and_not_of_code_or_links() {
        let text = "- [ ] one\n* [x] two\n12) [X] three\r\n  + [ ]\n- [a] no\n-[ ] no\n- [ ]no\n```\n- [ ] code\n```\n\
                    - [link](x)\n[ ] no\n";
        let found: Vec<_> = boxes(text, &(0..text.len())).into_iter().map(|t| (t.number, t.done, t.text)).collect();
        assert_eq!(found, [(1, false, "one"), (2, true, "two"), (3, true, "three"), (4, false, "")]);
        assert!(boxes(text, &(0..text.len())).iter().all(|t| matches!(text.as_bytes()[t.mark], b' ' | b'x' | b'X')));
    }

    #[test]
    fn the_lists_of_several_phases_are_told_apart_and_earlier_ones_left_out() {
        let text =
            "# W\n## To-Do List\n- [ ] a\n## To-Do List: Phase 2\n- [x] b\n## Phase 1: X\n### To-Do List\n- [x] c\n";
        let found = lists(text, text.len());
        let seen: Vec<_> = found.iter().map(|l| (l.phase, l.todos[0].text)).collect();
        assert_eq!(seen, [(None, "a"), (Some(2), "b")]);
    }
}
