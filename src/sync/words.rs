//! Taking a text apart into words, as a POSIX shell reads its quotes, and doing nothing else of what a
//! shell does: no variable, no command, no pattern, no home folder is ever put in for anything.

/// Longer texts than this, in bytes, are no command.
pub const LONGEST: usize = 8192;

/// Why a text cannot be taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoWords {
    /// It is longer than [`LONGEST`].
    #[error("that is longer than {LONGEST} bytes; no command is")]
    TooLong,
    /// It holds a character that no command needs and that could steer a terminal.
    #[error("there is a control character in it")]
    Control,
    /// A quote was opened and not closed.
    #[error("a quote {0} is not closed")]
    Unclosed(char),
    /// A backslash stands at the end and quotes nothing.
    #[error("nothing follows the backslash at the end")]
    Dangling,
}

/// The words of `text`. Blanks separate, line ends too; `'…'` is taken as it stands, in `"…"` a backslash
/// makes `"` and itself plain, elsewhere a backslash makes any character plain. `$`, `` ` ``, `;`, `|`,
/// `*`, `~`, `#` and the like are letters.
///
/// # Errors
/// See [`NoWords`].
pub fn split(text: &str) -> Result<Vec<String>, NoWords> {
    if text.len() > LONGEST {
        return Err(NoWords::TooLong);
    }
    if text.chars().any(|c| c.is_control() && !is_blank(c)) {
        return Err(NoWords::Control);
    }
    let mut words = Vec::new();
    // An empty word in quotes is a word, so "none yet" is not the same as "empty".
    let mut word: Option<String> = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            c if is_blank(c) => words.extend(word.take()),
            '\'' | '"' => quoted(c, &mut rest, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(rest.next().ok_or(NoWords::Dangling)?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

fn quoted(quote: char, rest: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), NoWords> {
    while let Some(c) = rest.next() {
        match c {
            c if c == quote => return Ok(()),
            '\\' if quote == '"' => match rest.next().ok_or(NoWords::Unclosed(quote))? {
                plain @ ('"' | '\\') => word.push(plain),
                other => word.extend(['\\', other]),
            },
            c => word.push(c),
        }
    }
    Err(NoWords::Unclosed(quote))
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sync::quote;

    #[test]
    fn quotes_are_read_as_a_shell_reads_them() {
        for (text, expected) in [
            ("", &[] as &[&str]),
            (" \t\n ", &[]),
            ("auto-sync  status\n", &["auto-sync", "status"]),
            ("enable '/a b' \"it's\"", &["enable", "/a b", "it's"]),
            ("a'b c'd", &["ab cd"]),
            ("'' \"\"", &["", ""]),
            (r#""a\"b\\c\d""#, &[r#"a"b\c\d"#]),
            (r"a\ b \'c '\n'", &["a b", "'c", r"\n"]),
            ("größe 東京", &["größe", "東京"]),
        ] {
            assert_eq!(split(text).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn nothing_is_put_in_for_anything() {
        for word in ["$HOME", "$(id)", "`id`", "*", "~", "a;b", "a|b", "a&&b", ">x", "#x", "${x:-y}", "!!", "{a,b}"] {
            assert_eq!(split(word).unwrap(), [word]);
            assert_eq!(split(&format!("\"{word}\"")).unwrap(), [word]);
        }
    }

    #[test]
    fn what_is_no_command_has_a_reason() {
        assert_eq!(split("it's"), Err(NoWords::Unclosed('\'')));
        assert_eq!(split("\"a"), Err(NoWords::Unclosed('"')));
        assert_eq!(split("\"a\\"), Err(NoWords::Unclosed('"')));
        assert_eq!(split("a\\"), Err(NoWords::Dangling));
        for c in ['\0', '\u{1b}', '\u{7f}', '\u{9b}', '\u{8}'] {
            assert_eq!(split(&format!("status {c}")), Err(NoWords::Control), "{c:?}");
        }
        assert_eq!(split(&"a".repeat(LONGEST + 1)), Err(NoWords::TooLong));
        assert_eq!(split(&"é".repeat(100 << 10)), Err(NoWords::TooLong));
    }

    proptest! {
        #[test]
        fn any_text_is_taken_apart_or_refused(text in any::<String>()) {
            let _ = split(&text);
        }

        #[test]
        fn what_our_own_quotes_put_together_comes_apart_again(words in prop::collection::vec("[ -~é東]{0,8}", 0..6)) {
            let text = words.iter().map(|w| quote::word(w)).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(split(&text).unwrap(), words);
        }
    }
}
