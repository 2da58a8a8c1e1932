//! What git is told of the merge driver: texts.

use std::path::Path;

use crate::book;
use crate::sync::quote;

/// The name of the driver.
pub const DRIVER: &str = "craft-book";
/// What git calls it in messages.
pub const TITLE: &str = "the book of a plan, by fields and to-dos (claude-craft)";
/// The setting with its command.
pub const COMMAND_KEY: &str = "merge.craft-book.driver";
/// The setting with its title.
pub const TITLE_KEY: &str = "merge.craft-book.name";

/// The line of attributes: the book at the top of a working tree, and no other file of that name.
#[must_use]
pub fn line() -> String {
    format!("/{} merge={DRIVER}", book::FILE)
}

/// The command, as git hands it to `sh`. Where our program is missing or fails, git's own merge does it: by itself git
/// would take the exit code of a missing program for a conflict, and leave our side without a marker in it.
#[must_use]
pub fn command(craft: &Path) -> String {
    // git puts its own in for a percent sign.
    let craft = quote::path(craft).replace('%', "%%");
    format!(
        "{craft} merge-book %O %A %B --marker-size %L --path %P --labels %S %X %Y; r=$?; test $r -le 1 && exit $r; \
         git merge-file --marker-size=%L -L ours -L base -L theirs %A %O %B || exit 1"
    )
}

/// Whether a command is of this kind, whichever program it names.
#[must_use]
pub fn is_ours(command: &str) -> bool {
    command.contains(" merge-book %O %A %B ")
}

/// `text` with our line at its end, and whether the line before had to be ended.
#[must_use]
pub fn with_line(text: &[u8]) -> (Vec<u8>, bool) {
    let ends = !text.is_empty() && !text.ends_with(b"\n");
    let mut out = text.to_vec();
    if ends {
        out.push(b'\n');
    }
    out.extend(format!("{}\n", line()).into_bytes());
    (out, ends)
}

/// `text` without our line; where `ended`, and nothing follows it, without the line end in front of it.
#[must_use]
pub fn without_line(text: &[u8], ended: bool) -> Vec<u8> {
    let line = line();
    let ours = |l: &&[u8]| l.trim_ascii_end() == line.as_bytes();
    let last = text.split_inclusive(|b| *b == b'\n').next_back().is_some_and(|l| ours(&l));
    let mut out = text.split_inclusive(|b| *b == b'\n').filter(|l| !ours(l)).collect::<Vec<_>>().concat();
    if ended && last && out.ends_with(b"\n") {
        out.pop();
    }
    out
}

/// Whether our line is in `text`.
#[must_use]
pub fn has_line(text: &[u8]) -> bool {
    text.split(|b| *b == b'\n').any(|l| l.trim_ascii_end() == line().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_put_in_comes_out_again_and_leaves_the_bytes_that_were_there() {
        for text in [&b""[..], b"*.x -text\n", b"*.x -text", b"# a\r\n\n\n", b"\xff\n"] {
            let (with, ended) = with_line(text);
            assert!(has_line(&with) && !has_line(text));
            assert_eq!(without_line(&with, ended), text);
            let more = [&with[..], b"*.y text\n"].concat();
            assert!(!has_line(&without_line(&more, ended)));
            assert!(without_line(&more, ended).ends_with(b"\n*.y text\n") || text.is_empty());
        }
    }

    #[test]
    fn a_path_with_quotes_and_percent_signs_is_one_word() {
        let command = command(Path::new("/h/it's 5%O/craft"));
        assert!(command.starts_with("'/h/it'\\''s 5%%O/craft' merge-book %O %A %B "), "{command}");
        assert!(is_ours(&command));
    }
}
