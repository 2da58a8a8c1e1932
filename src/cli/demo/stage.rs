//! What the audience sees: headed scenes, commands as they are typed, indented output, claims.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the command line speaks through these")]

use std::path::Path;
use std::process::ExitCode;

use console::style;

/// Prints, and remembers which claims did not hold.
#[derive(Debug, Default)]
pub(super) struct Stage {
    scene: usize,
    held: usize,
    failed: Vec<String>,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// What comes before the first scene.
    pub(super) fn opening(&self, text: &str) {
        println!("{text}");
    }

    /// A new scene.
    pub(super) fn scene(&mut self, title: &str) {
        self.scene += 1;
        println!("\n{}\n", style(format!("{}. {title}", self.scene)).bold());
    }

    /// A sentence between two commands.
    pub(super) fn tell(&self, text: &str) {
        println!("  {text}");
    }

    /// A command, as it is typed on a machine.
    pub(super) fn command(&self, machine: &str, command: &str) {
        println!("  {} {}", style(format!("{machine} $")).cyan(), style(command).bold());
    }

    /// Something the client does on a machine.
    pub(super) fn event(&self, machine: &str, event: &str, program: &str) {
        println!("  {} {event} {}", style(format!("{machine} *")).cyan(), style(format!("({program})")).dim());
    }

    /// What a program said, with a word in front that says to whom.
    pub(super) fn said(&self, to: &str, text: &str) {
        let mut lines = text.trim_end().lines();
        println!("      {} {}", style(format!("{to}:")).yellow(), lines.next().unwrap_or_default());
        let indent = to.chars().count() + 8;
        for line in lines {
            println!("{:indent$}{line}", "");
        }
    }

    /// What a program printed.
    pub(super) fn output(&self, text: &str) {
        for line in text.trim_end().lines() {
            println!("      {line}");
        }
    }

    /// A claim, and whether it holds.
    pub(super) fn check(&mut self, claim: &str, holds: bool) {
        if holds {
            self.held += 1;
            println!("  {} {claim}", style("ok").green());
        } else {
            println!("  {} {claim}", style("NOT TRUE:").red().bold());
            self.failed.push(format!("scene {}: {claim}", self.scene));
        }
    }

    /// The demo could not go on.
    pub(super) fn broken(&mut self, why: &str) {
        self.failed.push(why.to_owned());
    }

    /// The folder stays.
    pub(super) fn kept(&self, folder: &Path) {
        println!("\nKept: {}", folder.display());
    }

    /// The last words, and the exit code they mean.
    pub(super) fn close(self) -> ExitCode {
        if self.failed.is_empty() {
            println!("\n{} {} scenes, {} claims checked.", style("All as told:").green().bold(), self.scene, self.held);
            return ExitCode::SUCCESS;
        }
        eprintln!("\n{}", style("The demo failed:").red().bold());
        for failure in &self.failed {
            eprintln!("  {failure}");
        }
        ExitCode::FAILURE
    }
}
