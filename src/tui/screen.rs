//! The terminal, taken and given back whatever happens.

use std::io::{self, Stdout};
use std::sync::Once;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::layout::Rect;

use super::draw::{self, Palette};
use crate::clock::Millis;
use crate::monitor::Dashboard;
use crate::monitor::view::View;

/// The terminal in our hands. Dropping it gives it back, and so does a panic.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    palette: Palette,
}

impl Screen {
    /// Takes the terminal.
    pub(super) fn enter(colour: bool) -> io::Result<Self> {
        static HOOK: Once = Once::new();
        // A panic of the release program runs no destructor.
        HOOK.call_once(|| {
            let former = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                give_back();
                former(panic);
            }));
        });
        take()?;
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout())).inspect_err(|_| give_back())?;
        Ok(Self { terminal, palette: Palette { colour } })
    }

    /// Draws.
    pub(super) fn draw(&mut self, board: &Dashboard, view: &View, now: Millis, busy: &[&str]) -> io::Result<()> {
        let palette = self.palette;
        self.terminal.draw(|frame| draw::all(frame, board, view, now, busy, palette)).map(drop)
    }

    /// Has everything drawn anew. (`Terminal::clear` asks the terminal where the cursor is; the answer would go to
    /// whoever reads keys.)
    pub(super) fn clear(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        self.terminal.resize(Rect { x: 0, y: 0, width: size.width, height: size.height })
    }

    /// Gives the terminal back while `work` runs.
    pub(super) fn suspended(&mut self, work: impl FnOnce()) -> io::Result<()> {
        give_back();
        work();
        take()?;
        self.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, Hide).inspect_err(|_| give_back())
}

/// A terminal that is gone cannot be given back.
fn give_back() {
    let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}
