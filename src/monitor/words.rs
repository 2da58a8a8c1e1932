//! Times, shares and bars as people read them, and texts that fit.

use console::{measure_text_width, truncate_str};

use crate::clock::{Millis, span};

/// `then` as people say it: `3 min ago`, `in 5 min`. Seconds are told only of what is ahead, since only that has to
/// be drawn anew each second.
#[must_use]
pub fn when(then: Millis, now: Millis) -> String {
    match (then.saturating_sub(now), now.saturating_sub(then)) {
        (0, ago) if ago < 60_000 => "just now".to_owned(),
        (0, ago) => format!("{} ago", span(ago)),
        (ahead, _) => format!("in {}", span(ahead.max(1000))),
    }
}

/// A duration: `812 ms`, `1.2 s`, `4 min`.
#[must_use]
pub fn duration(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        _ => span(ms),
    }
}

/// A share from 0 to 1 in percent; one that is not nothing is never told as 0.
#[must_use]
pub fn share(share: f64) -> String {
    match share * 100.0 {
        percent if percent > 0.0 && percent < 1.0 => "<1%".to_owned(),
        percent => format!("{percent:.0}%"),
    }
}

/// One block a value, as high as the value beside the largest; a blank line for nothing at all.
#[must_use]
pub fn spark(values: &[u64]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    let block = |value: u64| match value {
        0 => '·',
        // Rounded up, so that one of many is still seen.
        value => BLOCKS[usize::try_from((value * 8).div_ceil(most)).unwrap_or(8).clamp(1, 8) - 1],
    };
    values.iter().map(|value| block(*value)).collect()
}

/// `text` in exactly `width` columns: cut with `…`, or padded.
#[must_use]
pub fn fit(text: &str, width: usize) -> String {
    let cut = cut(text, width);
    let gap = width.saturating_sub(measure_text_width(&cut));
    format!("{cut}{}", " ".repeat(gap))
}

/// `text` in at most `width` columns.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    truncate_str(text, width, if width == 0 { "" } else { "…" }).into_owned()
}

/// `text` broken between words into lines of at most `width` columns; a word that is too long is cut into pieces.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(2);
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            let mut rest = word;
            if !line.is_empty() && measure_text_width(&line) + 1 + measure_text_width(rest) > width {
                lines.push(std::mem::take(&mut line));
            }
            while measure_text_width(rest) > width {
                let head = truncate_str(rest, width, "").into_owned();
                // A character that is wider than the line goes all the same.
                let taken = head.len().max(rest.chars().next().map_or(1, char::len_utf8));
                lines.push(rest[..taken].to_owned());
                rest = &rest[taken..];
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(rest);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_shares_are_short() {
        let now = 10_000_000;
        for (then, text) in [
            (now, "just now"),
            (now - 59_999, "just now"),
            (now - 60_000, "1 min ago"),
            (now - 7_200_000, "2 h ago"),
            (now + 1, "in 1 s"),
            (now + 59_000, "in 59 s"),
            (now + 300_000, "in 5 min"),
        ] {
            assert_eq!(when(then, now), text);
        }
        assert_eq!([5, 812, 1_250, 59_999, 240_000].map(duration), ["5 ms", "812 ms", "1.2 s", "59.9 s", "4 min"]);
        assert_eq!([0.0, 0.001, 0.25, 1.0].map(share), ["0%", "<1%", "25%", "100%"]);
    }

    #[test]
    fn a_bar_shows_one_of_many() {
        assert_eq!(spark(&[0, 1, 100, 50]), "·▁█▄");
        assert_eq!(spark(&[0, 0]), "··");
        assert_eq!(spark(&[7]), "█");
    }

    #[test]
    fn texts_fit_by_columns_not_by_characters() {
        assert_eq!(fit("字字字", 5), "字字…");
        assert_eq!(fit("字", 4), "字  ");
        assert_eq!(fit("abc", 0), "");
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("字字字字字", 4), ["字字", "字字", "字"]);
        assert_eq!(wrap("a\nb", 9), ["a", "b"]);
    }
}
