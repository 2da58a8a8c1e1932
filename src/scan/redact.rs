//! Text that somebody else wrote, without the credentials in it: what a git, a hook or a server said, names,
//! subjects of commits. All such text goes through [`hush`] before it is kept or shown.

use std::sync::OnceLock;

use serde_json::Value;

use super::assign;
use super::finding::{Finding, Salt, Severity};
use super::gitleaks::UserRules;
use super::provider;
use super::scanner::Scanner;

/// Stands where nothing of a line could be shown.
const WITHHELD: &str = "(not shown: it holds a credential)";
/// Stands behind what is shown of a line that was cut.
const CUT: &str = " (the rest is not shown)";

/// No rule calls a value critical that is shorter, in bytes, together with what stands right beside it.
const SHORTEST: usize = 8;

/// `text` without the user-info of URLs, and cut off in each line where a credential begins. Where that begins is
/// certain, and where it ends is not; so the rest of its line goes with it.
#[must_use]
pub fn hush(text: &str) -> String {
    let text = without_user_info(text);
    let found = credentials(&text);
    if found.is_empty() {
        return text;
    }
    let text = cut(&text, &found);
    if credentials(&text).is_empty() { text } else { WITHHELD.to_owned() }
}

/// Whether [`hush`] may change `text`, or any part of it. `false` is certain, and costs a fraction of hushing.
#[must_use]
pub fn may_change(text: &str) -> bool {
    text.contains("://") || may_hold(text)
}

/// Whether a text holds a credential, so that it is shown only in part.
#[must_use]
pub fn holds_credential(text: &str) -> bool {
    !credentials(text).is_empty()
}

/// A JSON document in which every text, and every name of a field, was [`hush`]ed.
#[must_use]
pub fn hush_json(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(hush(&text)),
        Value::Array(list) => Value::Array(list.into_iter().map(hush_json).collect()),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(k, v)| (hush(&k), hush_json(v))).collect()),
        other => other,
    }
}

/// Takes `user:password@` out of every URL in `text`. The user name of an ssh URL is no secret and belongs to the
/// address.
#[must_use]
pub fn without_credentials(text: &str) -> String {
    each_authority(text, |scheme, authority, _| match authority.rsplit_once('@') {
        Some((user, host)) if is_ssh(scheme) => format!("{}@{host}", user.split(':').next().unwrap_or(user)),
        Some((_, host)) => host.to_owned(),
        None => authority.to_owned(),
    })
}

/// As [`without_credentials`], for text that is only shown: a password with a `/` in it makes no valid URL, and
/// goes too.
fn without_user_info(text: &str) -> String {
    if !text.contains("://") {
        return text.to_owned();
    }
    let text = each_authority(text, |_, authority, rest| {
        let port = authority.rsplit_once(':').map(|(_, port)| port);
        let odd = !authority.contains('@') && port.is_some_and(|p| p.bytes().any(|b| !b.is_ascii_digit()));
        let ends = |c: char| c.is_whitespace() || c == '\'' || c == '"';
        let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
        // What stands behind the authority stays where it is: only the part that looks like user-info is masked.
        if odd && word.contains('@') { "…".to_owned() } else { authority.to_owned() }
    });
    without_credentials(&mask_tails(&text))
}

/// Takes what is left of a broken user-info, which begins with the mark that [`without_user_info`] put in.
fn mask_tails(text: &str) -> String {
    text.split_inclusive(char::is_whitespace)
        .map(|word| match (word.find("://…"), word.rfind('@')) {
            (Some(at), Some(end)) if end > at => format!("{}{}", &word[..at + 3], &word[end + 1..]),
            _ => word.to_owned(),
        })
        .collect()
}

/// `text` with the authority of each URL replaced by what `change` makes of scheme, authority and what follows.
fn each_authority(text: &str, change: impl Fn(&str, &str, &str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let ends = |c: char| c == '/' || c.is_whitespace() || c == '\'' || c == '"';
        let (authority, tail) = after.split_at(after.find(ends).unwrap_or(after.len()));
        out.push_str(&change(before, authority, tail));
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn is_ssh(before: &str) -> bool {
    before.ends_with("ssh://")
}

/// The credentials in a text, by the built-in rules.
fn credentials(text: &str) -> Vec<Finding> {
    if !may_hold(text) {
        return Vec::new();
    }
    static SCANNER: OnceLock<Scanner> = OnceLock::new();
    let scanner = SCANNER.get_or_init(|| Scanner::new(UserRules::default()));
    let mut found = scanner.scan(&Salt::new([0; 16]), "text", text.as_bytes()).findings;
    found.retain(|f| f.severity == Severity::Critical);
    found
}

/// Whether it is worth making the rules ready, which takes longer than all else that a short command does: a word
/// that names a credential, a command that takes one, or a word as long and mixed as a token. Ids of commits and
/// snapshots are none.
fn may_hold(text: &str) -> bool {
    if !text.split_ascii_whitespace().any(|word| word.len() >= SHORTEST) {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    let says = |word: &str| lower.contains(&word.to_ascii_lowercase());
    const MARKS: [&str; 7] = ["-----", "putty-", "eyj", "insert into", "mailgun", "contribsys", "linode"];
    // What we say ourselves is full of sessions; a credential they are only in capitals.
    let passing = |word: &str| matches!(word, "session" | "cookie") && !text.contains(&word.to_ascii_uppercase());
    // A URL without user-info has nothing but its words.
    let url = lower.contains('@') && [":/", ":\\/"].iter().any(|mark| lower.contains(mark));
    if url
        || assign::KEYWORDS.iter().chain(&MARKS).any(|w| says(w) && !passing(w))
        || provider::command_words().any(says)
    {
        return true;
    }
    let part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+' | b'~' | b'%' | b'$');
    text.as_bytes().split(|b| !part(*b)).any(|word| {
        let id = word.iter().all(|b| b.is_ascii_hexdigit() || matches!(b, b'-' | b'T' | b'Z'));
        let mixed = word.iter().any(u8::is_ascii_digit) && word.iter().any(u8::is_ascii_alphabetic);
        word.len() >= 16 && !id && (mixed || word.len() >= 30)
    })
}

fn cut(text: &str, found: &[Finding]) -> String {
    let mut lines = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let number = index + 1;
        let begins = found.iter().filter(|f| f.line <= number && number <= f.end_line.max(f.line));
        let first = begins.min_by_key(|f| if f.line < number { 0 } else { f.column });
        lines.push(match first {
            None => line.to_owned(),
            // It goes on from a line above, or is the text as a whole.
            Some(f) if f.line < number || f.column == 0 => WITHHELD.to_owned(),
            Some(f) => {
                let at = (0..f.column).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
                format!("{}{}{CUT}", &line[..at], f.mask)
            }
        });
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AKIAQ3EGRTXKWN5DLM7P";

    #[test]
    fn what_programs_mostly_say_needs_no_rules() {
        for plain in [
            "main with origin at /home/ann/work/project/remote.git",
            "auto-sync is on (session start: pull, session end: push, one prompt in 27: sync)",
            "main with origin at https://host.org/team/project.git",
            "committed 3 files; pushed 2 commits to origin/main",
            "snapshot 20261121T175532Z-50aafe96 of 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
        ] {
            assert!(!may_hold(plain), "{plain}");
        }
        for worth in
            [KEY, "curl -u ann:hunter22 https", "DB_PASSWORD=abcdefgh", "redis://:hunter22@h", "mysql -uroot -pabcdefg"]
        {
            assert!(may_hold(worth), "{worth}");
        }
    }

    #[test]
    fn what_is_passed_on_holds_no_credential() {
        let text = format!("remote: see é {KEY}, and more\nno push");
        let shown = hush(&text);
        assert_eq!(shown, "remote: see é AKIA… (the rest is not shown)\nno push");
        assert_eq!(hush("a sentence stays as it is"), "a sentence stays as it is");
        let value = serde_json::json!({"list": [format!("x {KEY}")], "n": 1, KEY: true});
        assert!(!hush_json(value).to_string().contains(&KEY[4..]));
    }

    #[test]
    fn user_info_goes_from_every_url_however_broken() {
        let table = [
            ("'https://ann:s3cret@x.org/r/': no", "'https://x.org/r/': no"),
            ("ssh://git:pw@h/x and http://u@h", "ssh://git@h/x and http://h"),
            ("git@github.com:o/r.git", "git@github.com:o/r.git"),
            ("https://x.org:8443/@scope/p", "https://x.org:8443/@scope/p"),
            ("at 'https://ann:s3/cret@x.org/r/': Port", "at 'https://x.org/r/': Port"),
            ("ftp://a:b@h/ https://c:d/e@h/z", "ftp://h/ https://h/z"),
        ];
        for (text, expected) in table {
            assert_eq!(hush(text), expected, "{text}");
        }
        // Addresses that are compared keep all that is no user-info.
        assert_eq!(without_credentials("https://evil/@x/p"), "https://evil/@x/p");
    }
}
