//! Text that came from elsewhere, as it may be shown: names of files and branches, subjects of commits, what
//! a git or a remote said. Whoever writes there must not steer a terminal or turn a sentence round.

/// Whether `c` is shown as an escape: control characters, and those that change the direction of writing
/// or end a line (Unicode's `Bidi_Control`, and the line and paragraph separators).
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `text` on one line: white space as blanks, what would steer as its number (`\u{1b}`).
#[must_use]
pub fn line(text: &str) -> String {
    shown(text, |c| matches!(c, '\n' | '\t' | '\r').then_some(" "))
}

/// A name: as [`line()`], and what is a line end or a tab in it is seen to be one, so that no two names look
/// the same.
#[must_use]
pub fn name(text: &str) -> String {
    shown(text, |c| match c {
        '\n' => Some("\\n"),
        '\t' => Some("\\t"),
        '\r' => Some("\\r"),
        _ => None,
    })
}

/// Several lines, which stay that.
#[must_use]
pub fn lines(text: &str) -> String {
    shown(text, |c| match c {
        '\n' => Some("\n"),
        '\t' => Some("\t"),
        '\r' => Some(""),
        _ => None,
    })
}

fn shown(text: &str, instead: impl Fn(char) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match instead(c) {
            Some(other) => out.push_str(other),
            None if steers(c) => out.extend(c.escape_unicode()),
            None => out.push(c),
        }
    }
    out
}

/// `text` with at most `most` characters, the last of them `…` where something was cut off.
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(std::iter::once('…')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_is_shown_as_its_number_and_the_rest_as_it_is() {
        let hostile = "é枝\u{1b}[2J\u{9b}\u{7f}\u{202e}\u{2066}\u{200f}\u{61c}\u{2028}\r\n";
        let escaped = "é枝\\u{1b}[2J\\u{9b}\\u{7f}\\u{202e}\\u{2066}\\u{200f}\\u{61c}\\u{2028}";
        assert_eq!(line(hostile), format!("{escaped}  "));
        assert_eq!(name(hostile), format!("{escaped}\\r\\n"));
        assert_eq!(lines(hostile), format!("{escaped}\n"));
        assert_eq!(line(&line(hostile)), line(hostile));
    }
}
