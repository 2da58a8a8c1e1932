//! As much of Markdown (CommonMark 0.31) as a book needs: lines, fenced code, headings. Offsets are bytes of the text.

use std::ops::Range;

/// What a line is with regard to fenced code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Ordinary text.
    Outside,
    /// It opens a fence.
    Opens,
    /// It is code.
    Inside,
    /// It closes a fence.
    Closes,
}

/// A line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its first byte.
    pub start: usize,
    /// The byte after its line end.
    pub end: usize,
    /// Its text without the line end.
    pub text: &'a str,
    /// Where it stands.
    pub place: Place,
}

/// All lines of `text`. A line ends with a line feed, with or without a carriage return in front.
pub fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut fence: Option<(u8, usize)> = None;
    let mut at = 0;
    text.split_inclusive('\n').map(move |whole| {
        let start = at;
        at += whole.len();
        let line = whole.strip_suffix('\n').unwrap_or(whole);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let place = match fence {
            Some((mark, length)) if closes(line, mark, length) => {
                fence = None;
                Place::Closes
            }
            Some(_) => Place::Inside,
            None => match opens(line) {
                Some(found) => {
                    fence = Some(found);
                    Place::Opens
                }
                None => Place::Outside,
            },
        };
        Line { start, end: at, text: line, place }
    })
}

/// A line without up to three blanks in front; `None` where there are more.
fn unindented(line: &str) -> Option<&str> {
    let bare = line.trim_start_matches(' ');
    (line.len() - bare.len() <= 3).then_some(bare)
}

fn run(line: &str) -> Option<(u8, usize, &str)> {
    let bare = unindented(line)?;
    let mark = *bare.as_bytes().first().filter(|b| matches!(b, b'`' | b'~'))?;
    let length = bare.bytes().take_while(|b| *b == mark).count();
    (length >= 3).then(|| (mark, length, &bare[length..]))
}

fn opens(line: &str) -> Option<(u8, usize)> {
    let (mark, length, info) = run(line)?;
    (mark == b'~' || !info.contains('`')).then_some((mark, length))
}

fn closes(line: &str, mark: u8, length: usize) -> bool {
    run(line).is_some_and(|(m, l, rest)| m == mark && l >= length && rest.trim().is_empty())
}

/// A block of fenced code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence<'a> {
    /// What stands behind the opening marks, trimmed.
    pub info: &'a str,
    /// All of it, both marks included.
    pub outer: Range<usize>,
    /// The code.
    pub inner: Range<usize>,
    /// Whether it is closed; else it goes to the end of the text.
    pub closed: bool,
}

/// All fenced code of `text`.
#[must_use]
pub fn fences(text: &str) -> Vec<Fence<'_>> {
    let mut found: Vec<Fence<'_>> = Vec::new();
    for line in lines(text) {
        match (line.place, found.last_mut()) {
            (Place::Opens, _) => {
                let info = line.text.trim_start().trim_start_matches(['`', '~']).trim();
                found.push(Fence { info, outer: line.start..line.end, inner: line.end..line.end, closed: false });
            }
            (Place::Inside, Some(fence)) => {
                fence.inner.end = line.end;
                fence.outer.end = line.end;
            }
            (Place::Closes, Some(fence)) => {
                fence.outer.end = line.end;
                fence.closed = true;
            }
            _ => {}
        }
    }
    found
}

/// An ATX heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading<'a> {
    /// 1 to 6.
    pub level: usize,
    /// Its words.
    pub title: &'a str,
    /// The first byte of its line.
    pub start: usize,
    /// The byte after its line.
    pub end: usize,
}

/// All headings of `text` outside of code.
#[must_use]
pub fn headings(text: &str) -> Vec<Heading<'_>> {
    lines(text)
        .filter(|l| l.place == Place::Outside)
        .filter_map(|line| {
            let bare = unindented(line.text)?;
            let level = bare.bytes().take_while(|b| *b == b'#').count();
            let rest = &bare[level..];
            if !(1..=6).contains(&level) || !(rest.is_empty() || rest.starts_with([' ', '\t'])) {
                return None;
            }
            let title = rest.trim();
            let shorter = title.trim_end_matches('#');
            let title = if shorter.is_empty() || shorter.ends_with([' ', '\t']) { shorter.trim_end() } else { title };
            Some(Heading { level, title, start: line.start, end: line.end })
        })
        .collect()
}

/// What stands below the heading number `at` of `headings`: to the next heading of its level or above.
#[must_use]
pub fn body(text: &str, headings: &[Heading<'_>], at: usize) -> Range<usize> {
    let Some(heading) = headings.get(at) else { return 0..0 };
    let next = headings[at + 1..].iter().find(|h| h.level <= heading.level);
    heading.end..next.map_or(text.len(), |h| h.start)
}

/// The body of the first section whose title is `title`, whatever its case.
#[must_use]
pub fn section(text: &str, title: &str) -> Option<Range<usize>> {
    let all = headings(text);
    let at = all.iter().position(|h| h.title.eq_ignore_ascii_case(title))?;
    Some(body(text, &all, at))
}

/// What ends the first line of `text`.
#[must_use]
pub fn newline(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_in_code_and_hashes_without_a_blank_are_none() {
        let text = "# One ##\n#none\n```sh\n# code\n```\n~~~\n# code\n```\n~~~\n   ## Two\r\n    # indented\n## C#\n";
        let titles: Vec<_> = headings(text).into_iter().map(|h| (h.level, h.title)).collect();
        assert_eq!(titles, [(1, "One"), (2, "Two"), (2, "C#")]);
    }

    #[test]
    fn a_section_ends_at_the_next_heading_of_its_level_or_above() {
        let text = "# A\na\n## B\nb\n### C\nc\n## D\nd\n# E\n";
        let body = |title: &str| &text[section(text, title).unwrap()];
        assert_eq!(body("b"), "b\n### C\nc\n");
        assert_eq!(body("D"), "d\n");
        assert_eq!(section(text, "F"), None);
    }

    #[test]
    fn a_fence_ends_only_with_its_own_mark_and_no_shorter_one() {
        let text = "````json\n```\n{}\n````\n~~~\nopen\n";
        let found = fences(text);
        assert_eq!((found[0].info, &text[found[0].inner.clone()], found[0].closed), ("json", "```\n{}\n", true));
        assert_eq!((&text[found[1].inner.clone()], found[1].closed), ("open\n", false));
    }
}
