//! Commands that are to be typed next, as they have to be typed to do what is meant: in the folder and on the channel
//! that the command was called for. All that is proposed is written here, so that none forgets either.

use std::path::Path;

use crate::beacon::applied::Held;
use crate::context::Context;
use crate::ops::beacon::Place;
use crate::ops::beacon::authors::STRANGER;
use crate::plain;
use crate::scan::redact;
use crate::sync::quote;

/// Most characters of a path that came from elsewhere.
const SHOWN: usize = 200;
/// The program with the seed's verbs, which tasks of editors start.
pub const PS_SYNC: &str = "ps-sync";
/// What stands where files are to be put in.
const SOME: &str = "FILE";
/// What stands where the name of an environment is to be put in.
const SOMEBODY: &str = "NAME";

/// How commands are written for one place.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Hints {
    /// What `-C` was given, as one word of a shell.
    pub folder: Option<String>,
    /// The channel, where it is not the usual one.
    pub channel: Option<String>,
    /// Whose messages are accepted already.
    pub authors: Vec<String>,
    /// Whether nobody has said whom files are for.
    pub to_nobody: bool,
    /// How many files one message may have; 0 for any number.
    pub most_files: u64,
}

impl Hints {
    /// Those for a place.
    #[must_use]
    pub fn of(ctx: &Context, place: &Place) -> Self {
        Self {
            folder: ctx.folder.as_deref().map(quote::path),
            channel: Some(place.channel.to_string()).filter(|channel| *channel != place.identity.channel),
            authors: place.config.beacon.authors.clone(),
            to_nobody: place.recipients().is_empty(),
            most_files: place.config.beacon.max_files,
        }
    }

    /// Those for the usual channel of a working tree, whoever reads them and wherever.
    #[must_use]
    pub fn anywhere(worktree: &Path) -> Self {
        Self { folder: Some(quote::path(worktree)), ..Self::default() }
    }

    /// `craft`, for this folder.
    #[must_use]
    pub fn craft(&self, words: &str) -> String {
        let folder = self.folder.as_ref().map(|folder| format!(" -C {folder}")).unwrap_or_default();
        format!("craft{folder} {words}")
    }

    /// A verb of `craft beacon`, with what belongs to it.
    #[must_use]
    pub fn verb(&self, verb: &str) -> String {
        let channel = self.channel.as_ref().map(|channel| format!(" --channel {channel}")).unwrap_or_default();
        self.craft(&format!("beacon {verb}{channel}"))
    }

    /// What sends `file`, or all that was changed. Where nobody was named whom it is for, somebody has to be: one of
    /// `known`, where there is no other.
    #[must_use]
    pub fn push(&self, file: Option<&str>, known: &[String]) -> String {
        let file = file.map(|file| format!(" {}", word(file))).unwrap_or_default();
        let to = match known {
            _ if !self.to_nobody => String::new(),
            [one] => format!(" --to {}", quote::word(one)),
            _ => format!(" --to {SOMEBODY}"),
        };
        self.verb(&format!("push{file}{to}"))
    }

    /// What sends `count` files that were changed. Those that are too many for one message have to be named.
    #[must_use]
    pub fn push_all(&self, count: usize, known: &[String]) -> String {
        let many = self.most_files > 0 && count as u64 > self.most_files;
        self.push(many.then_some(SOME), known)
    }

    /// What shows a conflict.
    #[must_use]
    pub fn diff(&self, path: &str) -> String {
        self.verb(&format!("diff {}", word(path)))
    }

    /// What settles it, in one of three ways.
    #[must_use]
    pub fn resolve(&self, path: &str) -> String {
        self.verb(&format!("resolve {} --ours", word(path)))
    }

    /// Whether what was held because nobody knew its sender comes with the next pull, as they were accepted since.
    #[must_use]
    pub fn comes_now(&self, held: &Held) -> bool {
        held.why.strip_suffix(STRANGER).is_some_and(|address| self.has_author(address))
    }

    fn has_author(&self, address: &str) -> bool {
        self.authors.iter().any(|author| author.eq_ignore_ascii_case(address))
    }

    /// What accepts the first of those whose messages are held because nobody knows them.
    #[must_use]
    pub fn accept(&self, held: &[Held]) -> Option<String> {
        // The address comes from elsewhere, and stands in a command here: none but a plain one.
        let plain = |c: char| c.is_ascii_alphanumeric() || "@._+-".contains(c);
        let address = held
            .iter()
            .filter_map(|held| held.why.strip_suffix(STRANGER))
            .filter(|address| !self.has_author(address))
            .find(|address| address.contains('@') && !address.starts_with('-') && address.chars().all(plain))?;
        let value = if self.authors.is_empty() {
            address.to_owned()
        } else {
            let all: Vec<_> = self.authors.iter().map(String::as_str).chain([address]).collect();
            serde_json::json!(all).to_string()
        };
        Some(format!("craft auto-sync config set beacon.authors {}", quote::word(&value)))
    }
}

/// Whether `ps-sync` can be started by its name.
#[must_use]
pub fn has_ps_sync(ctx: &Context) -> bool {
    ctx.program(Path::new(PS_SYNC)).is_some()
}

/// What puts the one that lies beside this program into a folder that is on most people's `PATH`; `None` where none does.
#[must_use]
pub fn link_ps_sync() -> Option<String> {
    let beside = std::env::current_exe().ok().map(|p| p.with_file_name(PS_SYNC)).filter(|p| p.is_file());
    beside.map(|beside| format!("ln -sf {} ~/.local/bin/", quote::path(&beside)))
}

/// A path as one word of a shell, without what could steer a terminal.
fn word(path: &str) -> String {
    quote::word(&plain::cut(&plain::name(&redact::hush(path)), SHOWN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(why: &str) -> Vec<Held> {
        vec![Held { seq: 1, commit: "c".into(), why: why.into(), ..Held::default() }]
    }

    #[test]
    fn a_stranger_is_accepted_beside_those_who_are() {
        let mut hints = Hints::default();
        let stranger = held(&format!("ann@example.org{STRANGER}"));
        assert_eq!(
            hints.accept(&stranger).as_deref(),
            Some("craft auto-sync config set beacon.authors ann@example.org")
        );
        hints.authors = vec!["bob@example.org".into()];
        assert_eq!(
            hints.accept(&stranger).as_deref(),
            Some(r#"craft auto-sync config set beacon.authors '["bob@example.org","ann@example.org"]'"#)
        );
        hints.authors.push("Ann@example.org".into());
        assert_eq!((hints.accept(&stranger), hints.comes_now(&stranger[0])), (None, true));
        assert_eq!(hints.accept(&held("the message of ann@example.org is not signed")), None);
        for hostile in ["x@$(id)", "x@y'; id", "--help@x", "nobody", "x@y \u{1b}[2J"] {
            assert_eq!(hints.accept(&held(&format!("{hostile}{STRANGER}"))), None, "{hostile}");
        }
    }

    #[test]
    fn what_is_typed_next_is_for_the_same_folder_and_channel() {
        let hints = Hints { channel: Some("draft".into()), ..Hints::default() };
        assert_eq!(hints.verb("pull"), "craft beacon pull --channel draft");
        assert_eq!(hints.diff("a b.md"), "craft beacon diff 'a b.md' --channel draft");
        // A `#` is no comment where zsh is typed into, and a `|` starts a pipe.
        assert_eq!(hints.resolve("a b.md"), "craft beacon resolve 'a b.md' --ours --channel draft");
        assert_eq!(Hints::default().verb("pull"), "craft beacon pull");
        let away = Hints { folder: Some("'my app'".into()), ..hints };
        assert_eq!(away.verb("queue send"), "craft -C 'my app' beacon queue send --channel draft");
        assert_eq!(Hints::anywhere(Path::new("/a b")).verb("pull"), "craft -C '/a b' beacon pull");
    }

    #[test]
    fn a_push_for_nobody_is_not_proposed() {
        let known = ["Code".to_owned()];
        assert_eq!(Hints::default().push(None, &known), "craft beacon push");
        let hints = Hints { to_nobody: true, ..Hints::default() };
        assert_eq!(hints.push(None, &[]), "craft beacon push --to NAME");
        assert_eq!(hints.push(Some("a b.md"), &known), "craft beacon push 'a b.md' --to Code");
        let few = Hints { most_files: 2, ..Hints::default() };
        assert_eq!([2, 3].map(|n| few.push_all(n, &[])), ["craft beacon push", "craft beacon push FILE"]);
    }
}
