//! From what there is and what is looked at to a frame. All of it can be read without colours.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use crate::clock::Millis;
use crate::monitor::Dashboard;
use crate::monitor::rows::{self, Panel, Row, Tone};
use crate::monitor::text::title;
use crate::monitor::view::{HELP, Over, View};
use crate::monitor::words::{cut, fit, wrap};
use crate::plain;

/// Columns and rows without which nothing sensible can be shown.
const SMALLEST: (u16, u16) = (40, 12);
/// From this many columns on there are two rows of panels side by side.
const WIDE: u16 = 130;
/// Columns in front of a row: whether it is chosen.
const MARGIN: u16 = 2;

/// How things are coloured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Palette {
    /// Whether colours may be used.
    pub(super) colour: bool,
}

impl Palette {
    fn of(self, tone: Tone) -> Style {
        let colour = |colour| if self.colour { Style::new().fg(colour) } else { Style::new() };
        match tone {
            Tone::Plain => Style::new(),
            Tone::Faint => Style::new().add_modifier(Modifier::DIM),
            Tone::Warn => colour(Color::Yellow),
            Tone::Bad => colour(Color::Red).add_modifier(Modifier::BOLD),
        }
    }
}

/// Draws everything. `busy` is what is being done in the background.
pub(super) fn all(frame: &mut Frame<'_>, board: &Dashboard, view: &View, now: Millis, busy: &[&str], palette: Palette) {
    let area = frame.area();
    let mut page = Page { frame, board, view, now, palette };
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let (wide, high) = SMALLEST;
        let text = format!(
            "This terminal has {} by {} characters; the monitor needs {wide} by {high}. q quits.",
            area.width, area.height
        );
        for (index, line) in wrap(&text, usize::from(area.width)).iter().enumerate() {
            page.put(area, index, line, Style::new());
        }
        return;
    }
    page.put(area, 0, &title(now, usize::from(area.width)), Style::new().add_modifier(Modifier::BOLD));
    let mut top = 1;
    if let Some(problem) = board.problems.first() {
        let more = match board.problems.len() {
            1 => String::new(),
            many => format!(" (and {} more)", many - 1),
        };
        let room = usize::from(area.width).saturating_sub(more.len());
        let text = format!("{}{more}", cut(&format!("! {}", plain::line(problem)), room));
        page.put(area, 1, &text, palette.of(Tone::Bad));
        top = 2;
    }
    let body = Rect { y: area.y + top, height: area.height - top - 1, ..area };
    if area.width >= WIDE {
        let left = Rect { width: area.width / 2, ..body };
        let right = Rect { x: left.right() + 1, width: area.width - left.width - 1, ..body };
        page.column(left, &[Panel::Jobs, Panel::Repositories, Panel::Notifications]);
        page.column(right, &[Panel::Activity, Panel::Journal]);
    } else {
        page.column(body, &Panel::ALL);
    }
    page.last_line(Rect { y: area.bottom() - 1, height: 1, ..area }, busy);
    match &view.over {
        Over::Help => page.help(body),
        Over::Details { id, scrolled } => page.details(body, id, *scrolled),
        Over::Nothing | Over::Filter => {}
    }
}

struct Page<'a, 'b> {
    frame: &'a mut Frame<'b>,
    board: &'a Dashboard,
    view: &'a View,
    now: Millis,
    palette: Palette,
}

impl Page<'_, '_> {
    /// Writes a line of `area`; what does not fit is left out.
    fn put(&mut self, area: Rect, line: usize, text: &str, style: Style) {
        let Ok(line) = u16::try_from(line) else { return };
        if line < area.height {
            self.frame.buffer_mut().set_stringn(area.x, area.y + line, text, usize::from(area.width), style);
        }
    }

    fn column(&mut self, area: Rect, panels: &[Panel]) {
        let room = area.width.saturating_sub(MARGIN);
        let all: Vec<_> =
            panels.iter().map(|panel| self.view.rows(self.board, *panel, self.now, usize::from(room))).collect();
        let wants: Vec<_> = all.iter().map(|rows| rows.len().max(1)).collect();
        let focus = panels.iter().position(|panel| *panel == self.view.panel);
        let heights = heights(usize::from(area.height).saturating_sub(panels.len()), &wants, focus);
        let mut y = area.y;
        for ((panel, rows), height) in panels.iter().zip(&all).zip(heights) {
            let height = u16::try_from(height).unwrap_or(u16::MAX);
            self.heading(Rect { y, height: 1, ..area }, *panel, rows.len(), height);
            self.rows(Rect { y: y + 1, height, ..area }, *panel, rows);
            y += 1 + height;
        }
    }

    fn heading(&mut self, area: Rect, panel: Panel, rows: usize, height: u16) {
        let focused = panel == self.view.panel;
        let mark = if focused { '▶' } else { '─' };
        let name = format!("{mark} {} {} ", panel.index() + 1, panel.heading(self.board));
        let place = match rows > usize::from(height) {
            true => format!(" {}/{rows} ─", self.view.cursor(panel).at + 1),
            false => String::new(),
        };
        let width = usize::from(area.width);
        let name = cut(&name, width.saturating_sub(place.len()));
        let rule =
            "─".repeat(width.saturating_sub(console::measure_text_width(&name) + console::measure_text_width(&place)));
        let style = if focused { Style::new().add_modifier(Modifier::BOLD) } else { self.palette.of(Tone::Faint) };
        self.put(area, 0, &format!("{name}{rule}{place}"), style);
    }

    fn rows(&mut self, area: Rect, panel: Panel, rows: &[Row]) {
        if rows.is_empty() {
            let text =
                if self.view.filter.is_empty() { panel.nothing() } else { "nothing that the filter lets through" };
            self.put(area, 0, &format!("  {text}"), self.palette.of(Tone::Faint));
            return;
        }
        let cursor = self.view.cursor(panel).at;
        let height = usize::from(area.height);
        let first = (cursor + 1).saturating_sub(height);
        let width = usize::from(area.width.saturating_sub(MARGIN));
        for (line, (index, row)) in rows.iter().enumerate().skip(first).take(height).enumerate() {
            let chosen = panel == self.view.panel && index == cursor;
            let style = self.palette.of(row.tone);
            if chosen {
                let style = style.add_modifier(Modifier::REVERSED);
                self.put(area, line, &format!("> {}", fit(&row.text, width)), style);
            } else {
                self.put(area, line, &format!("  {}", row.text), style);
            }
        }
    }

    fn last_line(&mut self, area: Rect, busy: &[&str]) {
        let (text, tone) = match (&self.view.over, &self.view.message) {
            (Over::Filter, _) => {
                (format!("/{}_   Enter keeps it, Esc shows all again", plain::line(&self.view.filter)), Tone::Plain)
            }
            (_, Some(message)) => (message.text.clone(), message.tone),
            (_, None) if !busy.is_empty() => (format!("{} …", busy.join(", ")), Tone::Plain),
            (_, None) if !self.view.filter.is_empty() => {
                (format!("only rows with \"{}\"; Esc shows all again", plain::line(&self.view.filter)), Tone::Plain)
            }
            (_, None) => (keys(self.view.panel).to_owned(), Tone::Faint),
        };
        self.put(area, 0, &cut(&text, usize::from(area.width)), self.palette.of(tone));
    }

    fn help(&mut self, body: Rect) {
        let lines = HELP.iter().map(|(key, what)| format!("{} {what}", fit(key, 12)));
        self.boxed(body, "Keys", &lines.collect::<Vec<_>>(), 0, "any key closes");
    }

    fn details(&mut self, body: Rect, id: &str, scrolled: usize) {
        let Some(details) = rows::details(self.board, self.view.panel, id, self.now) else { return };
        let room = usize::from(body.width.saturating_sub(4));
        let lines: Vec<_> = details.lines.iter().flat_map(|line| wrapped(line, room)).collect();
        let end = match self.view.panel {
            Panel::Jobs => "r run  p pause  Esc close",
            Panel::Repositories => "s sync  Esc close",
            Panel::Notifications => "d dismiss  Esc close",
            _ => "Esc close",
        };
        self.boxed(body, &details.title, &lines, scrolled, end);
    }

    /// A box over the panels.
    fn boxed(&mut self, body: Rect, title: &str, lines: &[String], scrolled: usize, end: &str) {
        let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(body.height);
        let area = Rect { height, y: body.y + (body.height - height) / 2, ..body };
        let inner = usize::from(area.width.saturating_sub(2));
        let shown = usize::from(height.saturating_sub(2));
        let first = scrolled.min(lines.len().saturating_sub(shown));
        let bold = Style::new().add_modifier(Modifier::BOLD);
        let edge = |left: char, text: &str, right: char| {
            let text = cut(&format!(" {text} "), inner.saturating_sub(1));
            let rule = "─".repeat(inner.saturating_sub(1 + console::measure_text_width(&text)));
            format!("{left}─{text}{rule}{right}")
        };
        // What lies beneath goes, wide characters at the edge too.
        self.frame.render_widget(ratatui::widgets::Clear, area);
        self.put(area, 0, &edge('┌', title, '┐'), bold);
        for (index, line) in lines.iter().skip(first).take(shown).enumerate() {
            let text = format!("│ {} │", fit(line, inner.saturating_sub(2)));
            self.put(area, index + 1, &text, Style::new());
        }
        let more = if first + shown < lines.len() {
            format!("{} more below  ", lines.len() - first - shown)
        } else {
            String::new()
        };
        self.put(area, usize::from(height.saturating_sub(1)), &edge('└', &format!("{more}{end}"), '┘'), bold);
    }
}

/// A line of details broken to fit; what follows is moved in as far as the text of the first.
fn wrapped(line: &str, room: usize) -> Vec<String> {
    const NAME: usize = 15;
    let name: String = line.chars().take(NAME).collect();
    // A name is padded, and a text is not.
    let is_named = name.chars().count() == NAME && name.ends_with(' ') && room > 2 * NAME;
    if !is_named || console::measure_text_width(line) <= room {
        return wrap(line, room);
    }
    let rest: String = line.chars().skip(NAME).collect();
    let lines = wrap(&rest, room - NAME).into_iter().enumerate();
    lines.map(|(index, text)| format!("{}{text}", if index == 0 { name.clone() } else { " ".repeat(NAME) })).collect()
}

/// The keys that matter most in a panel.
fn keys(panel: Panel) -> &'static str {
    match panel {
        Panel::Jobs => "r run  p pause  Enter details  Tab next panel  / filter  ? help  q quit",
        Panel::Repositories => "s sync  Enter details  Tab next panel  / filter  ? help  q quit",
        Panel::Notifications => "Enter open  d dismiss  Tab next panel  / filter  ? help  q quit",
        Panel::Activity => "Tab next panel  / filter  ? help  q quit",
        Panel::Journal => "Enter details  Tab next panel  / filter  ? help  q quit",
    }
}

/// How `room` lines are shared: one for each panel, then what the chosen one wants, then one after the other; what is
/// left goes to the last.
fn heights(room: usize, wants: &[usize], focus: Option<usize>) -> Vec<usize> {
    let mut given: Vec<usize> = wants.iter().enumerate().map(|(index, _)| usize::from(index < room)).collect();
    let mut left = room - given.iter().sum::<usize>();
    let mut give = |index: usize, upto: usize, given: &mut Vec<usize>| {
        let more = upto.min(wants[index]).saturating_sub(given[index]).min(left);
        given[index] += more;
        left -= more;
    };
    // Two each where there is room, so that the chosen one does not take everything.
    for index in 0..wants.len() {
        give(index, 2, &mut given);
    }
    if let Some(focus) = focus {
        give(focus, usize::MAX, &mut given);
    }
    for upto in 3..=wants.iter().copied().max().unwrap_or(0).min(room) {
        for index in 0..wants.len() {
            give(index, upto, &mut given);
        }
    }
    if let Some(last) = given.last_mut() {
        *last += left;
    }
    given
}

#[cfg(test)]
#[path = "draw_tests.rs"]
mod tests;
