//! Quoting for commands that people copy into a shell.

use std::path::Path;

/// `path` as one word of a POSIX shell; as it is where it needs no quotes.
#[must_use]
pub fn path(path: &Path) -> String {
    word(&path.to_string_lossy())
}

/// `text` as one word of a POSIX shell.
#[must_use]
pub fn word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+@:,%=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_quotes_gets_them() {
        assert_eq!(word("/home/ann/x.y"), "/home/ann/x.y");
        assert_eq!(word("it's $HOME"), "'it'\\''s $HOME'");
        assert_eq!(word(""), "''");
    }
}
