//! Lines and columns of a file.

use std::cell::OnceCell;
use std::ops::Range;

/// How far a line is looked at in front of what stands in it, and behind.
const NEAR: usize = 8192;

/// The lines of a file. It is only looked at once somebody asks: most files have no finding.
#[derive(Debug)]
pub struct Lines<'c> {
    content: &'c [u8],
    /// Where each line begins.
    starts: OnceCell<Vec<usize>>,
}

impl<'c> Lines<'c> {
    /// Of a file.
    #[must_use]
    pub fn new(content: &'c [u8]) -> Self {
        Self { content, starts: OnceCell::new() }
    }

    fn starts(&self) -> &[usize] {
        self.starts.get_or_init(|| {
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', self.content).map(|at| at + 1)).collect()
        })
    }

    /// The line and the column of byte `at`, both from 1; a column is a byte. What lies behind the end counts as
    /// the end.
    #[must_use]
    pub fn place(&self, at: usize) -> (usize, usize) {
        let at = at.min(self.content.len());
        let line = self.starts().partition_point(|start| *start <= at);
        let start = self.starts().get(line.saturating_sub(1)).copied().unwrap_or(0);
        (line, at - start + 1)
    }

    /// The whole line, or lines, in which `span` stands, without the last line end; of a line that goes on for long,
    /// what is near, so that a line with many findings is not gone over for each of them.
    #[must_use]
    pub fn around(&self, span: Range<usize>) -> &'c [u8] {
        let len = self.content.len();
        let from = span.start.min(len);
        // The line of the last byte, not of what is behind it.
        let to = span.end.saturating_sub(1).clamp(from, len);
        let (first, last) = (from.saturating_sub(NEAR), to.saturating_add(NEAR).min(len));
        let start = memchr::memrchr(b'\n', &self.content[first..from]).map_or(first, |at| first + at + 1);
        let end = memchr::memchr(b'\n', &self.content[to..last]).map_or(last, |at| to + at);
        let lines = &self.content[start..end];
        lines.strip_suffix(b"\r").unwrap_or(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one() {
        let lines = Lines::new(b"ab\n\ncd\r\nef");
        let expected =
            [(0, (1, 1)), (1, (1, 2)), (2, (1, 3)), (3, (2, 1)), (4, (3, 1)), (8, (4, 1)), (10, (4, 3)), (99, (4, 3))];
        for (at, place) in expected {
            assert_eq!(lines.place(at), place, "{at}");
        }
        assert_eq!(Lines::new(b"").place(0), (1, 1));
    }

    #[test]
    fn the_lines_around_a_span_are_whole() {
        let lines = Lines::new(b"ab\n\ncd\r\nef");
        for (span, text) in
            [(0..1, "ab"), (1..4, "ab\n"), (1..5, "ab\n\ncd"), (4..5, "cd"), (9..10, "ef"), (50..60, "ef")]
        {
            assert_eq!(lines.around(span.clone()), text.as_bytes(), "{span:?}");
        }
    }
}
