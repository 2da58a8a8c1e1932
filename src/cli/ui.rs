//! Where the words go: standard output and error, colours, width, times as people say them.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};

use console::{Style, Term, measure_text_width, truncate_str};

use super::error::CommandError;
use super::exit_code;
use crate::clock::{self, Millis, span};
use crate::context::Context;
use crate::env::{self, Env};
use crate::scan::redact::{hush, hush_json};
use crate::sync::tell;

/// How things are shown. A value, so that tests can ask for any.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// Whether colours may be used.
    pub colour: bool,
    /// Columns of the terminal; `None` where the output is no terminal and lines may be of any length.
    pub width: Option<usize>,
    /// The user's home folder, shown as `~`.
    pub home: Option<PathBuf>,
    /// Now, for relative times.
    pub now: Millis,
}

impl Look {
    /// How standard output wants it.
    #[must_use]
    pub fn of(ctx: &Context) -> Self {
        let term = Term::stdout();
        let features = term.features();
        let terminal = io::stdout().is_terminal();
        Self {
            colour: terminal && features.colors_supported() && ctx.env.get(env::NO_COLOR).is_none(),
            // Some terminals do not know their size.
            width: terminal.then(|| term.size_checked().map_or(80, |(_, columns)| usize::from(columns).max(20))),
            home: ctx.env.path(env::HOME),
            now: ctx.clock.now_ms(),
        }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.colour { style.force_styling(true).apply_to(text).to_string() } else { text.to_owned() }
    }

    /// For what a line is about.
    #[must_use]
    pub fn strong(&self, text: &str) -> String {
        self.paint(Style::new().bold(), text)
    }

    /// For what is beside the point.
    #[must_use]
    pub fn faint(&self, text: &str) -> String {
        self.paint(Style::new().dim(), text)
    }

    /// For what needs the user.
    #[must_use]
    pub fn alarm(&self, text: &str) -> String {
        self.paint(Style::new().yellow(), text)
    }

    /// For a line that is new.
    #[must_use]
    pub fn added(&self, text: &str) -> String {
        self.paint(Style::new().green(), text)
    }

    /// For a line that goes.
    #[must_use]
    pub fn taken(&self, text: &str) -> String {
        self.paint(Style::new().red(), text)
    }

    /// For errors.
    #[must_use]
    pub fn error(&self, text: &str) -> String {
        self.paint(Style::new().red().bold(), text)
    }

    /// `text`, cut to what is left of the line after `used` columns.
    #[must_use]
    pub fn cut(&self, text: &str, used: usize) -> String {
        match self.width {
            Some(width) => truncate_str(text, width.saturating_sub(used).max(8), "…").into_owned(),
            None => text.to_owned(),
        }
    }

    /// `text` broken between words into lines that fit after `used` columns.
    #[must_use]
    pub fn wrap(&self, text: &str, used: usize) -> Vec<String> {
        let room = self.width.map_or(usize::MAX, |w| w.saturating_sub(used).max(8));
        let mut lines: Vec<String> = Vec::new();
        for word in text.split(' ') {
            match lines.last_mut() {
                Some(line) if measure_text_width(line) + 1 + measure_text_width(word) <= room => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        lines
    }

    /// A path with `~` for the home folder.
    #[must_use]
    pub fn path(&self, path: &Path) -> String {
        let below_home = self.home.as_ref().and_then(|home| path.strip_prefix(home).ok());
        let text = match below_home {
            Some(rest) if rest.as_os_str().is_empty() => "~".into(),
            Some(rest) => format!("~/{}", rest.display()),
            None => path.display().to_string(),
        };
        tell::clean(&text)
    }

    /// A time as people say it: `2 min ago`, `in 5 min`.
    #[must_use]
    pub fn when(&self, then: Millis) -> String {
        if then > self.now {
            let ahead = then - self.now;
            return if ahead < 1000 { "now".into() } else { format!("in {}", span(ahead)) };
        }
        match self.now - then {
            ms if ms < 5_000 => "just now".into(),
            ms if ms < 14 * 86_400_000 => format!("{} ago", span(ms)),
            _ => format!("on {}", &clock::rfc3339(then)[..10]),
        }
    }

    /// The same for a time as our files hold it.
    #[must_use]
    pub fn when_text(&self, timestamp: &str) -> String {
        clock::parse_rfc3339(timestamp).map_or_else(|| timestamp.to_owned(), |then| self.when(then))
    }
}

/// Standard output and error. A reader that went away (`| head`) is no error and is told nothing more.
#[derive(Debug, Default)]
pub struct Ui {
    closed: bool,
    plain: bool,
    failure: Option<io::Error>,
}

impl Ui {
    /// For a reader that sees one stream and no terminal: errors go to standard output too, and
    /// nothing moves.
    #[must_use]
    pub fn plain() -> Self {
        Self { plain: true, ..Self::default() }
    }

    /// Whether this is [`plain`](Self::plain).
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// Writes to standard output; a newline is added. Whatever credential it holds is cut out.
    pub fn say(&mut self, text: &str) {
        let text = hush(text.strip_suffix('\n').unwrap_or(text));
        self.raw(format!("{text}\n").as_bytes());
    }

    /// Writes bytes to standard output.
    pub fn raw(&mut self, bytes: &[u8]) {
        if self.closed {
            return;
        }
        let mut out = io::stdout().lock();
        if let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) {
            self.closed = true;
            self.failure = (error.kind() != ErrorKind::BrokenPipe).then_some(error);
        }
    }

    /// Writes a value as JSON; credentials are cut out of its texts.
    pub fn json(&mut self, value: &impl serde::Serialize) {
        let hushed = serde_json::to_value(value).map(hush_json);
        match hushed.and_then(|value| serde_json::to_string_pretty(&value)) {
            Ok(text) => self.raw(format!("{text}\n").as_bytes()),
            Err(error) => self.failure = Some(error.into()),
        }
    }

    /// Writes a line to standard error; where that is closed nobody can be told.
    pub fn note(&mut self, text: &str) {
        if self.plain {
            self.say(text);
        } else {
            let _ = writeln!(io::stderr().lock(), "{}", hush(text));
        }
    }

    /// Whether anybody still reads.
    #[must_use]
    pub fn open(&self) -> bool {
        !self.closed
    }

    /// Tells of an error, and which code to end with.
    #[must_use]
    pub fn fail(&mut self, env: &Env, error: &CommandError) -> u8 {
        let colour = !self.plain
            && io::stderr().is_terminal()
            && Term::stderr().features().colors_supported()
            && env.get(env::NO_COLOR).is_none();
        let look = Look { colour, ..Look::default() };
        self.note(&format!("{} {}", look.error("error:"), tell::clean(&error.message)));
        if let Some(hint) = &error.hint {
            self.note(&format!("{} {}", look.strong("hint:"), tell::clean(hint)));
        }
        error.code
    }

    /// The code to end with: a result that could not be written was not delivered.
    #[must_use]
    pub fn finish(&mut self, code: u8) -> u8 {
        match self.failure.take() {
            Some(error) => {
                self.note(&format!("error: cannot write to standard output: {error}"));
                if code == exit_code::DONE { exit_code::FAILED } else { code }
            }
            None => code,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_tell_them() {
        let look = Look { now: 1_756_728_000_000, ..Look::default() };
        let ago = |seconds: u64| look.when(look.now - seconds * 1000);
        assert_eq!(ago(0), "just now");
        assert_eq!(ago(12), "12 s ago");
        assert_eq!(ago(119), "1 min ago");
        assert_eq!(ago(7_200), "2 h ago");
        assert_eq!(ago(86_400), "1 day ago");
        assert_eq!(ago(13 * 86_400), "13 days ago");
        assert_eq!(ago(31 * 86_400), "on 2025-08-01");
        assert_eq!(look.when(look.now + 300_000), "in 5 min");
        assert_eq!(look.when_text("2025-09-01T11:58:00Z"), "2 min ago");
        assert_eq!(look.when_text("yesterday"), "yesterday");
    }

    #[test]
    fn lines_fit_the_terminal_and_home_is_short() {
        let look = Look { width: Some(20), home: Some("/home/ann".into()), ..Look::default() };
        assert_eq!(look.cut("a line that is too long", 0), "a line that is too …");
        assert_eq!(look.wrap("both sides changed a.txt", 4), ["both sides", "changed a.txt"]);
        assert_eq!(Look::default().wrap("any length will do", 4), ["any length will do"]);
        assert_eq!(look.path(Path::new("/home/ann/work/app")), "~/work/app");
        assert_eq!(look.path(Path::new("/home/anna")), "/home/anna");
        assert_eq!(look.path(Path::new("/home/ann")), "~");
    }
}
