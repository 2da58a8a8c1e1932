//! What is looked at, and what a key does. Pure: whoever draws hands over keys and carries out what comes of them.

use std::path::PathBuf;

use super::model::Dashboard;
use super::rows::{self, Panel, Row, Tone};
use crate::clock::Millis;

/// What is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// The panel whose rows the keys move in.
    pub panel: Panel,
    /// The chosen row of each panel.
    pub cursors: [Cursor; 5],
    /// Only rows that hold this are shown.
    pub filter: String,
    /// What lies over the panels.
    pub over: Over,
    /// The last line.
    pub message: Option<Message>,
}

/// A row that is chosen. It is known by its id, so that it stays chosen when others come and go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The row's id; empty where there is no row.
    pub id: String,
    /// Where it stood, for when it is gone.
    pub at: usize,
}

/// What lies over the panels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Over {
    /// Nothing.
    #[default]
    Nothing,
    /// The keys.
    Help,
    /// The filter is being typed.
    Filter,
    /// All that is known of a row, scrolled down by some lines.
    Details {
        /// The row's id.
        id: String,
        /// Lines above the first that is shown.
        scrolled: usize,
    },
}

/// What the last line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What happened.
    pub text: String,
    /// How it is coloured.
    pub tone: Tone,
}

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// Arrows, and what moves further.
    Up,
    /// See [`Up`](Self::Up).
    Down,
    /// See [`Up`](Self::Up).
    Left,
    /// See [`Up`](Self::Up).
    Right,
    /// See [`Up`](Self::Up).
    PageUp,
    /// See [`Up`](Self::Up).
    PageDown,
    /// See [`Up`](Self::Up).
    Home,
    /// See [`Up`](Self::Up).
    End,
    /// To the next panel.
    Tab,
    /// To the one before.
    BackTab,
    /// Open what is chosen.
    Enter,
    /// Close what is open.
    Esc,
    /// Takes a character back.
    Backspace,
    /// Ctrl and a letter.
    Ctrl(char),
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Run a job now.
    RunJob(String),
    /// Let a job rest.
    PauseJob(String),
    /// Let a job run by itself again.
    ResumeJob(String),
    /// Sync the repository at this place.
    ForceSync(PathBuf),
    /// Note that a notification was read.
    Read(String),
    /// Put a notification away.
    Dismiss(String),
    /// Have a worker count changed files.
    Look,
}

/// What follows from a key for the world outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Do this.
    Do(Deed),
    /// Stop, as Ctrl-Z does.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// End.
    Quit,
}

/// The keys, as the help shows them.
pub const HELP: [(&str, &str); 12] = [
    ("Tab, 1-5", "go to a panel"),
    ("↑ ↓ j k", "go to a row; PgUp, PgDn, Home, End go further"),
    ("Enter", "open a notification, or all that is known of a row"),
    ("r", "run the chosen job now"),
    ("p", "pause the chosen job, or let it run again"),
    ("s", "sync the chosen repository now"),
    ("d", "dismiss the chosen notification"),
    ("/", "show only rows that hold a text; Esc shows all again"),
    ("Esc", "close what is open"),
    ("Ctrl-L", "draw everything anew"),
    ("?", "this help"),
    ("q, Ctrl-C", "quit; work that was begun goes on"),
];

/// How many rows PgUp and PgDn go.
const PAGE: usize = 10;

impl View {
    /// The rows of `panel` that the filter lets through.
    #[must_use]
    pub fn rows(&self, board: &Dashboard, panel: Panel, now: Millis, width: usize) -> Vec<Row> {
        rows::rows(board, panel, now, width, &self.filter)
    }

    /// The cursor of `panel`.
    #[must_use]
    pub fn cursor(&self, panel: Panel) -> &Cursor {
        &self.cursors[panel.index()]
    }

    /// The same view of what there is now: who was chosen stays chosen, and where it is gone, who took its place is.
    #[must_use]
    pub fn settled(mut self, board: &Dashboard, now: Millis) -> Self {
        for panel in Panel::ALL {
            let rows = self.rows(board, panel, now, usize::MAX);
            let cursor = &mut self.cursors[panel.index()];
            // Who looks at the newest of the journal goes on to do so; nothing can be done to one of its entries.
            let newest = panel == Panel::Journal && cursor.at == 0;
            let found = rows.iter().position(|row| row.id == cursor.id && !newest);
            cursor.at = found.unwrap_or_else(|| cursor.at.min(rows.len().saturating_sub(1)));
            cursor.id = rows.get(cursor.at).map(|row| row.id.clone()).unwrap_or_default();
        }
        if let Over::Details { id, .. } = &self.over
            && rows::details(board, self.panel, id, now).is_none()
        {
            self.over = Over::Nothing;
        }
        self
    }

    /// Says something in the last line.
    pub fn say(&mut self, text: impl Into<String>, tone: Tone) {
        self.message = Some(Message { text: text.into(), tone });
    }

    fn go(&mut self, panel: Panel) {
        self.panel = panel;
    }

    fn step(&mut self, by: isize) {
        let cursor = &mut self.cursors[self.panel.index()];
        cursor.at = cursor.at.saturating_add_signed(by);
        // By its place from now on.
        cursor.id.clear();
    }
}

/// What `key` makes of `view`, and what follows for the world outside. `view` is one that is
/// [settled](View::settled) on `board`; so is the answer.
#[must_use]
pub fn update(mut view: View, board: &Dashboard, now: Millis, key: Key) -> (View, Option<Command>) {
    let command = match key {
        Key::Ctrl('c') => Some(Command::Quit),
        Key::Ctrl('z') => Some(Command::Suspend),
        Key::Ctrl('l') => Some(Command::Redraw),
        key => {
            view.message = None;
            match &view.over {
                Over::Filter => type_filter(&mut view, key),
                Over::Help => {
                    let quit = key == Key::Char('q');
                    view.over = Over::Nothing;
                    quit.then_some(Command::Quit)
                }
                Over::Details { .. } => details(&mut view, board, key),
                Over::Nothing => panels(&mut view, board, now, key),
            }
        }
    };
    (view.settled(board, now), command)
}

fn type_filter(view: &mut View, key: Key) -> Option<Command> {
    match key {
        Key::Char(c) => view.filter.push(c),
        Key::Backspace => drop(view.filter.pop()),
        Key::Esc => {
            view.filter.clear();
            view.over = Over::Nothing;
        }
        Key::Enter => view.over = Over::Nothing,
        Key::Up => view.step(-1),
        Key::Down => view.step(1),
        _ => {}
    }
    None
}

fn details(view: &mut View, board: &Dashboard, key: Key) -> Option<Command> {
    let Over::Details { scrolled, .. } = &mut view.over else { return None };
    match key {
        Key::Char('q') => return Some(Command::Quit),
        Key::Esc | Key::Enter => view.over = Over::Nothing,
        Key::Up | Key::Char('k') => *scrolled = scrolled.saturating_sub(1),
        Key::Down | Key::Char('j') => *scrolled += 1,
        Key::PageUp => *scrolled = scrolled.saturating_sub(PAGE),
        Key::PageDown => *scrolled += PAGE,
        Key::Home => *scrolled = 0,
        Key::Char('?') => view.over = Over::Help,
        Key::Char('d') => {
            let command = act(view, board, 'd');
            view.over = Over::Nothing;
            return command;
        }
        Key::Char(c @ ('r' | 'p' | 's')) => return act(view, board, c),
        _ => {}
    }
    None
}

fn panels(view: &mut View, board: &Dashboard, now: Millis, key: Key) -> Option<Command> {
    let here = view.panel.index();
    let count = Panel::ALL.len();
    match key {
        Key::Char('q') => return Some(Command::Quit),
        Key::Char('?') => view.over = Over::Help,
        Key::Char('/') => view.over = Over::Filter,
        Key::Char(c @ '1'..='5') => view.go(Panel::ALL[c as usize - '1' as usize]),
        Key::Tab | Key::Right => view.go(Panel::ALL[(here + 1) % count]),
        Key::BackTab | Key::Left => view.go(Panel::ALL[(here + count - 1) % count]),
        Key::Up | Key::Char('k') => view.step(-1),
        Key::Down | Key::Char('j') => view.step(1),
        Key::PageUp => view.step(-PAGE.cast_signed()),
        Key::PageDown => view.step(PAGE.cast_signed()),
        Key::Home => view.step(isize::MIN),
        Key::End => view.step(isize::MAX),
        Key::Esc => view.filter.clear(),
        Key::Enter => return open(view, board, now),
        Key::Char(c @ ('r' | 'p' | 's' | 'd')) => return act(view, board, c),
        Key::Char(c) => view.say(format!("{c:?} does nothing; ? shows the keys"), Tone::Faint),
        Key::Backspace | Key::Ctrl(_) => {}
    }
    None
}

fn open(view: &mut View, board: &Dashboard, now: Millis) -> Option<Command> {
    let id = view.cursor(view.panel).id.clone();
    if rows::details(board, view.panel, &id, now).is_none() {
        view.say("there is no more to tell", Tone::Faint);
        return None;
    }
    let unread = board.notifications.recent.iter().any(|n| n.id == id && n.read_at.is_none());
    view.over = Over::Details { id: id.clone(), scrolled: 0 };
    (view.panel == Panel::Notifications && unread).then_some(Command::Do(Deed::Read(id)))
}

/// The keys that do something to the chosen row; one that does not fit says so.
fn act(view: &mut View, board: &Dashboard, key: char) -> Option<Command> {
    let (panel, what) = match key {
        's' => (Panel::Repositories, "a repository"),
        'd' => (Panel::Notifications, "a notification"),
        _ => (Panel::Jobs, "a job"),
    };
    let id = view.cursor(panel).id.clone();
    if view.panel != panel {
        let number = panel.index() + 1;
        view.say(format!("{key} is for {what}: choose one with {number}"), Tone::Warn);
        return None;
    }
    let command = match key {
        's' => board
            .repositories
            .iter()
            .find(|r| r.path.to_string_lossy() == id)
            .map(|r| Command::Do(Deed::ForceSync(r.path.clone()))),
        'd' => board.notifications.recent.iter().find(|n| n.id == id).map(|n| Command::Do(Deed::Dismiss(n.id.clone()))),
        _ => board.jobs.iter().find(|j| j.id == id).map(|job| match (key, job.enabled) {
            ('r', _) => Command::Do(Deed::RunJob(job.kind.clone())),
            (_, true) => Command::Do(Deed::PauseJob(job.kind.clone())),
            (_, false) => Command::Do(Deed::ResumeJob(job.kind.clone())),
        }),
    };
    if command.is_none() {
        view.say(format!("there is no such row: {key} is for {what}"), Tone::Warn);
    }
    command
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
