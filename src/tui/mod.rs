//! The screen of `craft monitor`. What is shown is decided in [`monitor`](crate::monitor); here it is drawn, keys are
//! read, and files are watched. Nothing runs on a timer but what counts down.

mod draw;
mod screen;
mod watch;

use std::collections::BTreeSet;
use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use ratatui::crossterm::event::{self, KeyCode, KeyEventKind, KeyModifiers};

use self::screen::Screen;
use self::watch::Watch;
use crate::context::Context;
use crate::env::{self, Env};
use crate::monitor::rows::{Tone, live, stays};
use crate::monitor::view::{Command, Deed, Key, View, update};
use crate::ops::monitor::{Collected, Kept, act, collect_again};
use crate::plain;
use crate::sys;

/// What the loop waits for.
enum Event {
    Key(Key),
    /// The terminal has another size.
    Resized,
    /// A file that is watched has changed.
    Changed,
    /// Something was done, or was not.
    Done(Deed, Result<String, String>),
    /// Somebody wants it to end.
    End,
}

/// Shows the dashboard until the user has enough.
///
/// # Errors
/// Where the terminal cannot be used.
pub fn run(ctx: &Context) -> io::Result<()> {
    // Before there are other threads, which inherit it.
    let signals = sys::hold_endings_back()?;
    let (tx, rx) = mpsc::channel();
    let mut screen = Screen::enter(ctx.env.get(env::NO_COLOR).is_none())?;
    {
        let tx = tx.clone();
        std::thread::spawn(move || {
            let _ = signals.next();
            let _ = tx.send(Event::End);
        });
    }
    {
        let tx = tx.clone();
        std::thread::spawn(move || read_keys(&tx));
    }
    let watch = Watch::new({
        let tx = tx.clone();
        move || drop(tx.send(Event::Changed))
    });
    Monitor::new(ctx, watch, tx).run(&mut screen, &rx)
}

/// Hands on what is typed until nobody listens or the terminal is gone.
fn read_keys(tx: &Sender<Event>) {
    loop {
        let sent = match event::read() {
            Ok(event::Event::Key(key)) if key.kind != KeyEventKind::Release => match key_of(key.code, key.modifiers) {
                Some(key) => tx.send(Event::Key(key)),
                None => continue,
            },
            Ok(event::Event::Resize(..)) => tx.send(Event::Resized),
            Ok(_) => continue,
            Err(_) => tx.send(Event::End),
        };
        if sent.is_err() {
            return;
        }
    }
}

fn key_of(code: KeyCode, modifiers: KeyModifiers) -> Option<Key> {
    Some(match code {
        KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => Key::Ctrl(c.to_ascii_lowercase()),
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Backspace => Key::Backspace,
        _ => return None,
    })
}

struct Monitor<'a> {
    ctx: &'a Context,
    watch: Watch,
    tx: Sender<Event>,
    collected: Collected,
    /// What need not be read again.
    kept: Kept,
    view: View,
    /// What is being done, as it is told.
    busy: BTreeSet<String>,
    looking: bool,
}

impl<'a> Monitor<'a> {
    fn new(ctx: &'a Context, watch: Watch, tx: Sender<Event>) -> Self {
        let collected = Collected::default();
        let kept = Kept::default();
        Self { ctx, watch, tx, collected, kept, view: View::default(), busy: BTreeSet::new(), looking: false }
    }

    fn run(mut self, screen: &mut Screen, events: &Receiver<Event>) -> io::Result<()> {
        self.refresh();
        loop {
            let now = self.ctx.clock.now_ms();
            let busy: Vec<_> = self.busy.iter().map(String::as_str).collect();
            screen.draw(&self.collected.board, &self.view, now, &busy)?;
            let mut stale = false;
            match events.recv_timeout(self.patience()) {
                Ok(event) => {
                    let mut next = Some(event);
                    // All that has come by now is taken together, and drawn once.
                    while let Some(event) = next {
                        if matches!(event, Event::Changed) {
                            stale = true;
                        } else if self.take(event, screen)? {
                            return Ok(());
                        }
                        next = events.try_recv().ok();
                    }
                }
                // At the minute what has grown old goes; and work that was killed changes no file.
                Err(RecvTimeoutError::Timeout) => {
                    stale = self.ctx.clock.now_ms() / 60_000 != now / 60_000 || self.counts();
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            if stale {
                self.refresh();
            }
        }
    }

    /// How long nothing changes by itself.
    fn patience(&self) -> Duration {
        let counted = Duration::from_millis(stays(&self.collected.board, self.ctx.clock.now_ms()).max(50));
        self.watch.poll_every().map_or(counted, |every| counted.min(every))
    }

    fn counts(&self) -> bool {
        self.watch.poll_every().is_some() || live(&self.collected.board)
    }

    /// Reads everything anew.
    fn refresh(&mut self) {
        self.collected = collect_again(self.ctx, &mut self.kept);
        if let Some(trouble) = self.watch.follow(&self.collected.watch) {
            self.collected.board.problems.push(trouble);
        }
        let view = std::mem::take(&mut self.view);
        self.view = view.settled(&self.collected.board, self.ctx.clock.now_ms());
        if !self.collected.moved.is_empty() && !self.looking {
            self.looking = true;
            self.start(Deed::Look);
        }
    }

    /// Whether it is the last event.
    fn take(&mut self, event: Event, screen: &mut Screen) -> io::Result<bool> {
        match event {
            Event::Key(key) => {
                let now = self.ctx.clock.now_ms();
                let (view, command) = update(std::mem::take(&mut self.view), &self.collected.board, now, key);
                self.view = view;
                match command {
                    Some(Command::Quit) => return Ok(true),
                    Some(Command::Redraw) => screen.clear()?,
                    Some(Command::Suspend) => {
                        screen.suspended(sys::stop_self)?;
                        self.refresh();
                    }
                    Some(Command::Do(deed)) => self.start(deed),
                    None => {}
                }
            }
            Event::Done(deed, result) => self.done(&deed, &result),
            Event::Resized | Event::Changed => {}
            Event::End => return Ok(true),
        }
        Ok(false)
    }

    /// Begins something in the background.
    fn start(&mut self, deed: Deed) {
        if let Some(name) = name(&deed)
            && !self.busy.insert(name.clone())
        {
            self.view.say(format!("{name} is under way already"), Tone::Warn);
            return;
        }
        let (tx, env) = (self.tx.clone(), self.ctx.env.clone());
        std::thread::spawn(move || {
            let result = in_background(env, &deed);
            let _ = tx.send(Event::Done(deed, result));
        });
    }

    fn done(&mut self, deed: &Deed, result: &Result<String, String>) {
        if *deed == Deed::Look {
            // Whether it was done is seen by what it wrote. What fails is not asked for again at once.
            self.looking = result.is_err();
            return;
        }
        let name = name(deed);
        if let Some(name) = &name {
            self.busy.remove(name);
        }
        let (text, tone) = match (deed, result) {
            (Deed::Read(_), Ok(_)) => return,
            // What commands say of a job begins with its name.
            (Deed::RunJob(job), Ok(said)) if said.starts_with(job.as_str()) => (plain::line(said), Tone::Plain),
            (Deed::RunJob(job), Err(why)) if why.starts_with(job.as_str()) => (plain::line(why), Tone::Bad),
            // They name commands, but here there is a key.
            (Deed::PauseJob(job), Ok(_)) => (format!("{job} rests; p lets it run again"), Tone::Plain),
            (Deed::ResumeJob(_) | Deed::Dismiss(_), Ok(said)) => (plain::line(said), Tone::Plain),
            (_, Ok(said)) => (format!("{}{}", prefix(name.as_deref()), plain::line(said)), Tone::Plain),
            (_, Err(why)) => (format!("{}failed: {}", prefix(name.as_deref()), plain::line(why)), Tone::Bad),
        };
        self.view.say(text, tone);
    }
}

fn prefix(name: Option<&str>) -> String {
    name.map(|name| format!("{name}: ")).unwrap_or_default()
}

fn in_background(env: Env, deed: &Deed) -> Result<String, String> {
    let ctx = Context::new(env).map_err(|e| e.to_string())?;
    act(&ctx, deed)
}

/// What the last line calls it; `None` for what is done without a word.
fn name(deed: &Deed) -> Option<String> {
    Some(match deed {
        Deed::RunJob(job) => format!("run {}", plain::line(job)),
        Deed::PauseJob(job) => format!("pause {}", plain::line(job)),
        Deed::ResumeJob(job) => format!("resume {}", plain::line(job)),
        Deed::ForceSync(path) => {
            format!("sync {}", plain::name(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy()))
        }
        Deed::Dismiss(_) => "dismiss".to_owned(),
        Deed::Read(_) => "open".to_owned(),
        Deed::Look => return None,
    })
}
