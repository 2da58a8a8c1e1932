//! Answers of plan commands, line by line.

use crate::cli::ui::Look;
use crate::sync::tell;

/// Lines that are wrapped and made safe to print.
pub struct Lines<'a> {
    look: &'a Look,
    lines: Vec<String>,
}

impl<'a> Lines<'a> {
    /// None yet.
    pub fn new(look: &'a Look) -> Self {
        Self { look, lines: Vec::new() }
    }

    /// A line.
    pub fn line(&mut self, text: &str) {
        self.lines.extend(self.look.wrap(&tell::clean(text), 0));
    }

    /// A line that needs the user.
    pub fn alarm(&mut self, text: &str) {
        for line in self.look.wrap(&tell::clean(text), 0) {
            self.lines.push(self.look.alarm(&line));
        }
    }

    /// A line that was made safe already.
    pub fn raw(&mut self, text: String) {
        self.lines.push(text);
    }

    /// A command, or what else comes next. Never wrapped, so that it can be copied.
    pub fn next(&mut self, command: &str) {
        self.lines.push(format!("{} {}", self.look.faint("next:"), self.look.strong(&tell::clean(command))));
    }

    /// All of it, with warnings and what comes next at the end.
    pub fn end(mut self, warnings: &[String], next: &[String]) -> String {
        for warning in warnings {
            self.alarm(&format!("warning: {warning}"));
        }
        for command in next {
            self.next(command);
        }
        self.lines.join("\n")
    }
}
