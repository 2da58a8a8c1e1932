//! `craft completions`: scripts for the shells.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::ui::Ui;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

/// Prints the script.
pub fn run(ui: &mut Ui, args: &Completions) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "craft", &mut script);
    ui.raw(&script);
    super::exit_code::DONE
}
